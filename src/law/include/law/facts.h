/* The facts that a decision is taken on: one flat struct, filled by readers, settled once, then
 * only read.
 *
 *   struct law_facts f;
 *   law_facts_init(&f);
 *   TRY(law_facts_set_text(&f, LAW_OPERATION, SLICE("use")));
 *   TRY(law_facts_set_int(&f, LAW_SUBJECT_AGE, 12));
 *   enum law_fact offending;
 *   TRY(law_facts_settle(&f, now_unix_ms, &offending));
 *
 * law/vocabulary.h is made from law/vocabulary.txt: struct law_facts has a field for each fact,
 * dots written as underscores. A field counts only when its bit in `given` is set. Who fills
 * fields directly (f.operation = LAW_OPERATION_USE) calls law_facts_mark. Labels are slices of
 * text that the caller keeps alive as long as the facts. */
#ifndef WARD_LAW_FACTS_H
#define WARD_LAW_FACTS_H

#include "base/buf.h"
#include "law/vocabulary.h"

enum law_kind {
    LAW_KIND_BOOL,     /* uint8_t, 0 or 1 */
    LAW_KIND_ENUM,     /* uint8_t, index of the value */
    LAW_KIND_COUNTRY,  /* uint8_t, law_country_find; 0 is nowhere */
    LAW_KIND_INT,      /* int16_t */
    LAW_KIND_REGION,   /* uint32_t, law_region_parse; 0 is none */
    LAW_KIND_LANGUAGE, /* uint32_t, the primary tag in lower case, law_language_parse; 0 is none */
    LAW_KIND_DATE,     /* struct date */
    LAW_KIND_TIME,     /* struct moment */
    LAW_KIND_NAME,     /* struct slice: 1 to LAW_MAX_LABEL_BYTES of UTF-8 without controls */
};

enum law_absent {
    LAW_ABSENT_ERROR,
    LAW_ABSENT_NOW,
    LAW_ABSENT_VALUE,
    LAW_ABSENT_CHILD,
    LAW_ABSENT_NOWHERE,
    LAW_ABSENT_ANY_REGION,
    LAW_ABSENT_UNKNOWN,
    LAW_ABSENT_AT,
    LAW_ABSENT_NONE,
};

/* A row of the vocabulary. */
struct law_fact_info {
    struct slice name;
    uint16_t offset; /* in struct law_facts */
    uint8_t kind;    /* enum law_kind */
    uint8_t absent;  /* enum law_absent */
    uint8_t value;   /* of LAW_ABSENT_VALUE */
    uint8_t group;   /* enum law_group, or LAW_NO_GROUP */
    int16_t low;
    int16_t high;
    const char *const *values; /* of enums and bools */
    uint8_t value_count;
    const char *dpv; /* term of the Data Privacy Vocabulary, or "-" */
    const char *meaning;
};

/* The row of a fact, LAW_CONSENT_AGE included; fact must be one. */
const struct law_fact_info *law_fact_info(enum law_fact fact);
/* The fact of that name, or LAW_NO_FACT. `consent.age` is found only where asked for. */
enum law_fact law_fact_find(struct slice name);
enum law_fact law_fact_find_any(struct slice name);
/* Whether the name is that of a group, as `subject` is. */
enum law_group law_group_find(struct slice name);
struct slice law_group_name(enum law_group group);

/* No fact given. */
void law_facts_init(struct law_facts *f);
static inline void law_facts_mark(struct law_facts *f, enum law_fact fact) {
    f->given[fact >> 6] |= UINT64_C(1) << (fact & 63);
}
static inline void law_facts_clear(struct law_facts *f, enum law_fact fact) {
    f->given[fact >> 6] &= ~(UINT64_C(1) << (fact & 63));
}
static inline bool law_facts_given(const struct law_facts *f, enum law_fact fact) {
    return (f->given[fact >> 6] >> (fact & 63) & 1) != 0;
}

/* Sets a fact; on an error f is as before. FACT_TYPE: the fact is not written so. FACT_VALUE:
 * outside its values. set_text takes enums, countries, regions, languages, dates, times and
 * labels; labels are not copied. set_written takes any fact as packs and command lines write it. */
MUST_USE struct status law_facts_set_text(struct law_facts *f, enum law_fact fact, struct slice v);
MUST_USE struct status law_facts_set_int(struct law_facts *f, enum law_fact fact, int64_t v);
MUST_USE struct status law_facts_set_bool(struct law_facts *f, enum law_fact fact, bool v);
MUST_USE struct status law_facts_set_written(struct law_facts *f, enum law_fact fact,
                                             struct slice v);
/* The value as packs write it, or `unknown`; of given or of settled facts. */
MUST_USE struct status law_facts_format(const struct law_facts *f, enum law_fact fact,
                                        struct buf *out);

/* docs/LAW.md section 4: checks, reckons the ages, fills in what is absent. Pure. After an error
 * ret_offending names the fact to blame, or LAW_NO_FACT, and f must not be decided on:
 * FACT_MISSING, FACT_VALUE, FACT_CONTRADICTS. Settling settled facts does nothing. */
MUST_USE struct status law_facts_settle(struct law_facts *f, int64_t now_unix_ms,
                                        enum law_fact *ret_offending);

/* ISO 3166-1 alpha-2, capitals: 1 to LAW_COUNTRIES, in the order of the codes; 0: no such country.
 */
enum { LAW_COUNTRIES = 249 };
uint8_t law_country_find(struct slice code);
struct slice law_country_code(uint8_t country);
/* `US-IL`: a country, a dash, one to three capitals or digits; 0: no region. */
uint32_t law_region_parse(struct slice text);
static inline uint8_t law_region_country(uint32_t region) {
    return (uint8_t)(region >> 16);
}
/* BCP 47: the primary tag, two or three letters; 0: malformed. */
uint32_t law_language_parse(struct slice tag);
bool law_label_valid(struct slice label);

#endif
