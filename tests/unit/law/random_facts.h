/* Random facts that crowd around the edges of the law: ages at every limit, dates on which laws
 * change, countries that tables name. Seeded, so that a failure can be repeated. */
#ifndef WARD_TESTS_LAW_RANDOM_FACTS_H
#define WARD_TESTS_LAW_RANDOM_FACTS_H

#include "law/facts.h"

struct rng {
    uint64_t state;
};

static inline uint32_t rng_next(struct rng *r) {
    r->state = r->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(r->state >> 33);
}

static inline const char *pick(struct rng *r, const char *const *list, size_t count) {
    return list[rng_next(r) % count];
}
#define PICK(r, ...)                                                                               \
    pick((r), (const char *const[]){__VA_ARGS__},                                                  \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static inline const char *random_country(struct rng *r) {
    return PICK(r, "NL", "DE", "FR", "BE", "DK", "IE", "GB", "US", "CN", "BR", "IN", "KR", "JP",
                "CA", "AU", "CH", "TR", "ZA", "IS", "NO", "NG", "AT", "ES", "LT", "RU");
}

static inline const char *random_text(struct rng *r, enum law_fact fact) {
    switch (law_fact_info(fact)->kind) {
    case LAW_KIND_COUNTRY:
        return random_country(r);
    case LAW_KIND_REGION:
        return PICK(r, "US-IL", "US-CA", "US-TX", "CA-QC", "CA-ON");
    case LAW_KIND_LANGUAGE:
        return PICK(r, "nl", "en", "de-AT", "fr-CA", "NL-be");
    case LAW_KIND_DATE:
        return PICK(r, "2012-02-29", "2010-11-21", "2010-11-22", "2013-11-21", "2008-11-22",
                    "1990-05-05", "2014-01-01", "2020-12-31");
    case LAW_KIND_TIME:
        return PICK(r, "2026-11-21T12:00:00Z", "2018-05-24T23:59:59Z", "2018-05-25T00:00:00Z",
                    "2023-12-31T23:30:00-05:00", "2024-01-01T00:00:00+01:00",
                    "2025-06-19T00:00:00Z", "2026-01-02T12:00:00Z", "2021-06-27T12:00:00Z",
                    "2028-02-29T01:00:00Z", "2020-12-31T12:00:00Z", "2027-05-13T00:00:00Z");
    default:
        return PICK(r, "recommend", "ads-personalised", "keep-history", "clip", "watch-history",
                    "acme");
    }
}

static inline void random_fact(struct rng *r, struct law_facts *f, enum law_fact fact) {
    const struct law_fact_info *info = law_fact_info(fact);
    struct status s;
    if (info->kind == LAW_KIND_INT) {
        static const int ages[] = {0, 8, 12, 13, 14, 15, 16, 17, 18, 19, 30, 130};
        s = law_facts_set_int(f, fact, ages[rng_next(r) % ARRAY_LEN(ages)]);
    } else if (info->kind == LAW_KIND_BOOL) {
        s = law_facts_set_bool(f, fact, rng_next(r) % 2 == 0);
    } else if (info->kind == LAW_KIND_ENUM) {
        s = law_facts_set_text(f, fact, slice_str(info->values[rng_next(r) % info->value_count]));
    } else {
        s = law_facts_set_text(f, fact, slice_str(random_text(r, fact)));
    }
    (void)s; /* what is refused stays as it was */
}

/* May contradict itself: settling then fails, and the caller goes on to the next. */
static inline void random_facts(struct rng *r, struct law_facts *f) {
    uint32_t density = 1 + rng_next(r) % 4;
    law_facts_init(f);
    for (int i = 0; i < LAW_FACTS; i++) {
        bool needed = i == LAW_OPERATION || i == LAW_PURPOSE_ID || i == LAW_CATEGORY_ID;
        bool rare = i == LAW_SUBJECT_REGION || i == LAW_SUBJECT_BIRTH_DATE;
        if (needed || rng_next(r) % (rare ? 8 : 4) < density * (rare ? 1 : 1)) {
            random_fact(r, f, (enum law_fact)i);
        }
    }
}

#endif
