/* Tables of rights. A row is a right; what is not written in it does not exist. */
#include "rights/rights.h"

#define ON(basis) (1u << LAW_BASIS_##basis)
#define EVERY     ((1u << (LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS + 1)) - 1)

static const struct {
    struct slice name;
    struct slice article;
    unsigned bases;
} rows[RIGHTS] = {
    [RIGHT_ACCESS] = {SLICE_INIT("access"), SLICE_INIT("15"), EVERY},
    [RIGHT_RECTIFICATION] = {SLICE_INIT("rectification"), SLICE_INIT("16"), EVERY},
    /* Art. 17(3)(b): not where a legal obligation or a public task demands the processing. */
    [RIGHT_ERASURE] = {SLICE_INIT("erasure"), SLICE_INIT("17"),
                       EVERY & ~(ON(LEGAL_OBLIGATION) | ON(PUBLIC_TASK))},
    [RIGHT_RESTRICTION] = {SLICE_INIT("restriction"), SLICE_INIT("18"), EVERY},
    /* Art. 20(1)(a). */
    [RIGHT_PORTABILITY] = {SLICE_INIT("portability"), SLICE_INIT("20"),
                           ON(NONE) | ON(CONSENT) | ON(CONTRACT)},
    /* Art. 21(1). */
    [RIGHT_OBJECTION] = {SLICE_INIT("objection"), SLICE_INIT("21"),
                         ON(NONE) | ON(PUBLIC_TASK) | ON(LEGITIMATE_INTERESTS) |
                             ON(RECOGNISED_LEGITIMATE_INTERESTS)},
    [RIGHT_WITHDRAWAL] = {SLICE_INIT("withdrawal"), SLICE_INIT("7(3)"), ON(NONE) | ON(CONSENT)},
};

/* Every refusal that the law knows, and no other. */
static const struct {
    enum right right;
    enum refusal refusal;
    struct slice article;
} refusals[] = {
    {RIGHT_ACCESS, REFUSAL_UNFOUNDED, SLICE_INIT("12(5)(b)")},
    {RIGHT_ACCESS, REFUSAL_UNIDENTIFIED, SLICE_INIT("12(2)")},
    {RIGHT_ACCESS, REFUSAL_OTHERS, SLICE_INIT("15(4)")},
    {RIGHT_RECTIFICATION, REFUSAL_UNFOUNDED, SLICE_INIT("12(5)(b)")},
    {RIGHT_RECTIFICATION, REFUSAL_UNIDENTIFIED, SLICE_INIT("12(2)")},
    {RIGHT_ERASURE, REFUSAL_UNFOUNDED, SLICE_INIT("12(5)(b)")},
    {RIGHT_ERASURE, REFUSAL_UNIDENTIFIED, SLICE_INIT("12(2)")},
    {RIGHT_ERASURE, REFUSAL_EXPRESSION, SLICE_INIT("17(3)(a)")},
    {RIGHT_ERASURE, REFUSAL_OBLIGATION, SLICE_INIT("17(3)(b)")},
    {RIGHT_ERASURE, REFUSAL_PUBLIC_HEALTH, SLICE_INIT("17(3)(c)")},
    {RIGHT_ERASURE, REFUSAL_ARCHIVING, SLICE_INIT("17(3)(d)")},
    {RIGHT_ERASURE, REFUSAL_CLAIMS, SLICE_INIT("17(3)(e)")},
    {RIGHT_RESTRICTION, REFUSAL_UNFOUNDED, SLICE_INIT("12(5)(b)")},
    {RIGHT_RESTRICTION, REFUSAL_UNIDENTIFIED, SLICE_INIT("12(2)")},
    {RIGHT_PORTABILITY, REFUSAL_UNFOUNDED, SLICE_INIT("12(5)(b)")},
    {RIGHT_PORTABILITY, REFUSAL_UNIDENTIFIED, SLICE_INIT("12(2)")},
    {RIGHT_PORTABILITY, REFUSAL_OTHERS, SLICE_INIT("20(4)")},
    {RIGHT_OBJECTION, REFUSAL_UNFOUNDED, SLICE_INIT("12(5)(b)")},
    {RIGHT_OBJECTION, REFUSAL_UNIDENTIFIED, SLICE_INIT("12(2)")},
    {RIGHT_OBJECTION, REFUSAL_CLAIMS, SLICE_INIT("21(1)")},
    {RIGHT_OBJECTION, REFUSAL_COMPELLING, SLICE_INIT("21(1)")},
};

struct slice rights_name(enum right right) {
    return right < RIGHTS ? rows[right].name : SLICE("");
}

struct slice rights_article(enum right right) {
    return right < RIGHTS ? rows[right].article : SLICE("");
}

bool rights_exists(enum right right, enum law_basis basis) {
    if (right >= RIGHTS || basis > LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS) {
        return right < RIGHTS;
    }
    return (rows[right].bases >> basis & 1) != 0;
}

struct slice rights_refusal_article(enum right right, enum refusal refusal) {
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (refusals[i].right == right && refusals[i].refusal == refusal) {
            return refusals[i].article;
        }
    }
    return SLICE("");
}

bool rights_may_refuse(enum right right, enum refusal refusal) {
    return rights_refusal_article(right, refusal).len > 0;
}

struct date rights_due(struct date received, bool extended) {
    struct civil day = date_to_civil(received);
    int32_t month = day.month - 1 + (extended ? 3 : 1);
    struct civil first = {
        .year = day.year + month / 12, .month = (uint8_t)(month % 12 + 1), .day = 1};
    struct civil next = {
        .year = first.year + first.month / 12, .month = (uint8_t)(first.month % 12 + 1), .day = 1};
    int32_t start = date_from_civil(first).days;
    int32_t length = date_from_civil(next).days - start;
    int32_t within = day.day < length ? day.day : length;
    return (struct date){.days = start + within - 1};
}
