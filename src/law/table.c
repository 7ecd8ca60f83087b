/* The table of facts, made from the vocabulary. Data only; part of the deciding half. */
#include "table.h"

#define VALUES(field, ...) static const char *const law_values_##field[] = {__VA_ARGS__};
LAW_VOCABULARY_VALUES(VALUES)

#define FACT(text, id, field, type, least, most, if_absent, is, in_group, list, count, term,       \
             means)                                                                                \
    [id] = {.name = SLICE_INIT(text),                                                              \
            .offset = (uint16_t)offsetof(struct law_facts, field),                                 \
            .kind = type,                                                                          \
            .absent = if_absent,                                                                   \
            .value = is,                                                                           \
            .group = in_group,                                                                     \
            .low = least,                                                                          \
            .high = most,                                                                          \
            .values = list,                                                                        \
            .value_count = count,                                                                  \
            .dpv = term,                                                                           \
            .meaning = means},

const struct law_fact_info law_fact_table[LAW_FACTS + 1] = {
    LAW_VOCABULARY(FACT)[LAW_CONSENT_AGE] = {
        .name = SLICE_INIT("consent.age"),
        .offset = (uint16_t)offsetof(struct law_facts, consent_age),
        .kind = LAW_KIND_INT,
        .absent = LAW_ABSENT_CHILD,
        .group = LAW_NO_GROUP,
        .low = 0,
        .high = LAW_MAX_AGE,
        .dpv = "-",
        .meaning = "the age of the person when the consent was given; computed, never given"}};
