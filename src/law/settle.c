/* Facts before the rules read them (docs/LAW.md section 4). Part of the deciding half: pure, no
 * clock, no allocation. Must never read an absence otherwise than the vocabulary's table says. */
#include <string.h>

#include "law/facts.h"
#include "table.h"

/* A birth date wins, unless nothing at all is said to be known about the age. */
static bool settle_age(struct law_facts *f) {
    if (law_facts_given(f, LAW_SUBJECT_AGE_SOURCE) &&
        f->subject_age_source == LAW_SUBJECT_AGE_SOURCE_NONE) {
        law_facts_clear(f, LAW_SUBJECT_AGE);
        f->subject_age = LAW_AGE_UNKNOWN;
        return true;
    }
    if (!law_facts_given(f, LAW_SUBJECT_BIRTH_DATE)) {
        f->subject_age = law_facts_given(f, LAW_SUBJECT_AGE) ? f->subject_age : LAW_AGE_UNKNOWN;
        return true;
    }
    int32_t years =
        f->subject_birth_date.days > f->today.days ? -1 : date_age(f->subject_birth_date, f->today);
    f->subject_age = (int16_t)years;
    return years >= 0 && years <= LAW_MAX_AGE;
}

/* The age on the day of the consent. Of an age alone, the least that it can have been. */
static int16_t age_at_consent(const struct law_facts *f) {
    if (f->subject_age == LAW_AGE_UNKNOWN) {
        return LAW_AGE_UNKNOWN;
    }
    struct date on = moment_date(f->consent_at);
    struct date birth = law_facts_given(f, LAW_SUBJECT_BIRTH_DATE)
                            ? f->subject_birth_date
                            : date_add_years(f->today, -f->subject_age);
    int32_t years = date_age(birth, on);
    return (int16_t)(years < 0 ? 0 : years);
}

static void settle_consent(struct law_facts *f) {
    if (!law_facts_given(f, LAW_CONSENT_AT)) {
        f->consent_at = f->at;
    } else if (f->consent_at.unix_ms > f->at.unix_ms) {
        f->consent_state = LAW_CONSENT_STATE_NONE;
    }
    f->consent_age = age_at_consent(f);
}

/* When an age will be another, if nothing else changes. An age without a birth date: the least age
 * at the consent falls on the day after an anniversary of the consent; the anniversary itself is
 * early enough, today's is tomorrow. */
static int32_t ages_change(const struct law_facts *f) {
    if (f->subject_age == LAW_AGE_UNKNOWN) {
        return INT32_MAX;
    }
    if (law_facts_given(f, LAW_SUBJECT_BIRTH_DATE)) {
        return date_next_birthday(f->subject_birth_date, f->today).days;
    }
    if (!law_facts_given(f, LAW_CONSENT_AT)) {
        return INT32_MAX;
    }
    struct date eve = {f->today.days - 1};
    int32_t next = date_next_birthday(moment_date(f->consent_at), eve).days;
    return next > f->today.days ? next : f->today.days + 1;
}

static bool settle_region(struct law_facts *f) {
    if (!law_facts_given(f, LAW_SUBJECT_REGION)) {
        return true;
    }
    uint8_t country = law_region_country(f->subject_region);
    if (!law_facts_given(f, LAW_SUBJECT_COUNTRY)) {
        f->subject_country = country;
        law_facts_mark(f, LAW_SUBJECT_COUNTRY);
    }
    return f->subject_country == country;
}

/* Fields whose absence is a value, or a zero that no value has. */
static void fill_absent(struct law_facts *f) {
    for (int i = 0; i < LAW_FACTS; i++) {
        const struct law_fact_info *info = &law_fact_table[i];
        if (law_facts_given(f, (enum law_fact)i)) {
            continue;
        }
        uint8_t *at = (uint8_t *)f + info->offset;
        if (info->kind == LAW_KIND_BOOL || info->kind == LAW_KIND_ENUM ||
            info->kind == LAW_KIND_COUNTRY) {
            *at = info->absent == LAW_ABSENT_VALUE ? info->value : 0;
        } else if (info->kind == LAW_KIND_REGION || info->kind == LAW_KIND_LANGUAGE) {
            memset(at, 0, sizeof(uint32_t));
        } else if (info->kind == LAW_KIND_NAME) {
            memset(at, 0, sizeof(struct slice));
        }
    }
}

static uint16_t groups_given(const struct law_facts *f) {
    uint16_t groups = 0;
    for (int i = 0; i < LAW_FACTS; i++) {
        if (law_fact_table[i].group != LAW_NO_GROUP && law_facts_given(f, (enum law_fact)i)) {
            groups = (uint16_t)(groups | 1u << law_fact_table[i].group);
        }
    }
    return groups;
}

static struct status missing(const struct law_facts *f, enum law_fact *ret_offending) {
    static const uint8_t needed[] = {LAW_OPERATION, LAW_PURPOSE_ID, LAW_CATEGORY_ID};
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (!law_facts_given(f, needed[i])) {
            *ret_offending = needed[i];
            return FAIL(FACT_MISSING);
        }
    }
    if (f->operation == LAW_OPERATION_DISCLOSE && (f->groups >> LAW_GROUP_RECIPIENT & 1) == 0) {
        *ret_offending = LAW_RECIPIENT_ID;
        return FAIL(FACT_MISSING);
    }
    return STATUS_OK;
}

struct status law_facts_settle(struct law_facts *f, int64_t now_unix_ms,
                               enum law_fact *ret_offending) {
    if (f->settled != 0) {
        return STATUS_OK;
    }
    f->groups = groups_given(f);
    *ret_offending = LAW_NO_FACT;
    TRY(missing(f, ret_offending));
    if (!law_facts_given(f, LAW_AT)) {
        f->at = (struct moment){now_unix_ms, 0};
    }
    f->today = moment_date(f->at);
    if (!settle_age(f)) {
        *ret_offending = LAW_SUBJECT_BIRTH_DATE;
        return FAIL(FACT_VALUE);
    }
    if (!settle_region(f)) {
        *ret_offending = LAW_SUBJECT_REGION;
        return FAIL(FACT_CONTRADICTS);
    }
    fill_absent(f);
    settle_consent(f);
    f->ages_change = ages_change(f);
    f->settled = 1;
    return STATUS_OK;
}
