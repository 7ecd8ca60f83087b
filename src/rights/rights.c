/* Tables of rights. A row is a right; what is not written in it does not exist. The rows are GDPR
 * Art. 7(3), 13 to 22 and 77, read against the grounds of Art. 6(1); the Data Privacy Vocabulary's
 * mapping of grounds to rights agrees. Where the Regulation leaves room, the row says that it is a
 * reading. */
#include "rights/rights.h"

#define A  (1u << LAW_BASIS_CONSENT)
#define B  (1u << LAW_BASIS_CONTRACT)
#define C  (1u << LAW_BASIS_LEGAL_OBLIGATION)
#define D  (1u << LAW_BASIS_VITAL_INTERESTS)
#define E  (1u << LAW_BASIS_PUBLIC_TASK)
#define F  (1u << LAW_BASIS_LEGITIMATE_INTERESTS)
#define UK (1u << LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS)
#define ALL (A | B | C | D | E | F | UK)

/* A recognised legitimate interest is a ground of the United Kingdom alone (UK GDPR
 * Art. 6(1)(ea)); its rights are read as those of a legitimate interest. */
static const struct right_info rows[RIGHTS] = {
    [RIGHT_WITHDRAWAL] = {"7(3)", "Withdraw consent", A, 0, "consent can be withdrawn at any time"},
    [RIGHT_INFORMED] = {"13", "Be told when data are collected", ALL, UK, "whatever the ground"},
    [RIGHT_INFORMED_ELSEWHERE] = {"14", "Be told of data from elsewhere", ALL, C | UK,
     "whatever the ground; not where the law itself lays the obtaining down (Art. 14(5)(c))"},
    [RIGHT_ACCESS] = {"15", "See the data", ALL, UK, "whatever the ground"},
    [RIGHT_RECTIFICATION] = {"16", "Have the data corrected", ALL, UK, "whatever the ground"},
    [RIGHT_ERASURE] = {"17", "Have the data erased", A | B | D | F | UK, UK,
     "not where a legal obligation or a public task requires them (Art. 17(3)(b))"},
    [RIGHT_RESTRICTION] = {"18", "Have the use restricted", ALL, UK, "whatever the ground"},
    [RIGHT_RECIPIENTS] = {"19", "Have recipients told of corrections and erasure", ALL, C | E | UK,
     "follows Art. 16, 17 and 18; what cannot be erased is still corrected and restricted"},
    [RIGHT_PORTABILITY] = {"20", "Take the data along", A | B, 0,
     "consent or contract, by automated means (Art. 20(1)(a))"},
    [RIGHT_OBJECTION] = {"21", "Object", E | F | UK, UK,
     "public task or legitimate interests (Art. 21(1)); direct marketing always (Art. 21(2))"},
    [RIGHT_NO_MACHINE] = {"22", "Not be decided on by a machine alone", A | B | D | E | F | UK,
     A | B | C | UK,
     "a contract, a law or explicit consent can allow it (Art. 22(2)); for a contract and consent "
     "the human, one's point of view and the contest remain (Art. 22(3))"},
    [RIGHT_COMPLAINT] = {"77", "Complain to an authority", ALL, UK, "whatever the ground"},
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

const struct right_info *rights_info(enum right right) {
    return &rows[right < RIGHTS ? right : 0];
}

const char *rights_basis_article(enum law_basis basis) {
    static const char *const articles[] = {
        [LAW_BASIS_NONE] = "",
        [LAW_BASIS_CONSENT] = "6(1)(a)",
        [LAW_BASIS_CONTRACT] = "6(1)(b)",
        [LAW_BASIS_LEGAL_OBLIGATION] = "6(1)(c)",
        [LAW_BASIS_VITAL_INTERESTS] = "6(1)(d)",
        [LAW_BASIS_PUBLIC_TASK] = "6(1)(e)",
        [LAW_BASIS_LEGITIMATE_INTERESTS] = "6(1)(f)",
        [LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS] = "6(1)(ea)",
    };
    return articles[basis];
}

bool rights_exists(enum right right, enum law_basis basis) {
    if (right >= RIGHTS || basis == LAW_BASIS_NONE ||
        basis > LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS) {
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
