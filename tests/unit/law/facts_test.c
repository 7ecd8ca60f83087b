/* law: facts are typed, checked and settled as docs/LAW.md section 4 says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "law/facts.h"
#include "law/limits.h"

static void set(struct law_facts *f, const char *fact, const char *value) {
    enum law_fact id = law_fact_find(slice_str(fact));
    assert_int_not_equal(id, LAW_NO_FACT);
    assert_int_equal(law_facts_set_written(f, id, slice_str(value)).code, OK);
}

static struct law_facts base_facts(void) {
    struct law_facts f;
    law_facts_init(&f);
    set(&f, "at", "2026-11-21T12:00:00Z");
    set(&f, "operation", "use");
    set(&f, "purpose.id", "recommend");
    set(&f, "category.id", "watch-history");
    return f;
}

static enum law_fact settle(struct law_facts *f, uint16_t code) {
    enum law_fact offending = LAW_NO_FACT;
    assert_int_equal(law_facts_settle(f, 0, &offending).code, code);
    return offending;
}

static void test_every_name_is_found(void **state) {
    (void)state;
    for (int i = 0; i < LAW_FACTS; i++) {
        assert_int_equal(law_fact_find(law_fact_info((enum law_fact)i)->name), i);
    }
    assert_int_equal(law_fact_find(SLICE("consent.age")), LAW_NO_FACT);
    assert_int_equal(law_fact_find_any(SLICE("consent.age")), LAW_CONSENT_AGE);
    assert_int_equal(law_fact_find(SLICE("subject")), LAW_NO_FACT);
    assert_int_equal(law_group_find(SLICE("subject")), LAW_GROUP_SUBJECT);
    assert_int_equal(law_group_find(SLICE("subjects")), LAW_NO_GROUP);
}

static void test_countries(void **state) {
    (void)state;
    for (uint8_t i = 1; i <= LAW_COUNTRIES; i++) {
        assert_int_equal(law_country_find(law_country_code(i)), i);
    }
    const char *bad[] = {"", "N", "nl", "NLD", "XX", "XK", "UK", "EU"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(law_country_find(slice_str(bad[i])), 0);
    }
}

static void test_regions_and_languages(void **state) {
    (void)state;
    assert_int_not_equal(law_region_parse(SLICE("US-IL")), 0);
    assert_int_not_equal(law_region_parse(SLICE("GB-E")), law_region_parse(SLICE("GB-ENG")));
    assert_int_equal(law_region_country(law_region_parse(SLICE("US-IL"))),
                     law_country_find(SLICE("US")));
    const char *bad[] = {"US",    "US-",    "US-ILLI", "US_IL",  "us-IL", "US-il",
                         "XX-IL", "US-I L", "US-ZZ",   "US-ILX", "US-I",  "CA-QB"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(law_region_parse(slice_str(bad[i])), 0);
    }
    assert_int_equal(law_language_parse(SLICE("nl-BE")), law_language_parse(SLICE("NL")));
    assert_int_not_equal(law_language_parse(SLICE("nl")), law_language_parse(SLICE("nld")));
    const char *no[] = {"", "n", "nl-", "nl_BE", "n1", "dutch", "nl-ninecharsx", "-nl"};
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        assert_int_equal(law_language_parse(slice_str(no[i])), 0);
    }
}

static void test_types_and_values_are_checked(void **state) {
    (void)state;
    struct law_facts f = base_facts();
    struct law_facts before = f;
    assert_int_equal(law_facts_set_text(&f, LAW_SUBJECT_AGE, SLICE("12")).code, FACT_TYPE);
    assert_int_equal(law_facts_set_int(&f, LAW_SUBJECT_AGE, 131).code, FACT_VALUE);
    assert_int_equal(law_facts_set_int(&f, LAW_SUBJECT_AGE, -1).code, FACT_VALUE);
    assert_int_equal(law_facts_set_int(&f, LAW_SUBJECT_COUNTRY, 1).code, FACT_TYPE);
    assert_int_equal(law_facts_set_bool(&f, LAW_BASIS, true).code, FACT_TYPE);
    assert_int_equal(law_facts_set_text(&f, LAW_BASIS, SLICE("Consent")).code, FACT_VALUE);
    assert_int_equal(law_facts_set_text(&f, LAW_OBJECTED, SLICE("true")).code, FACT_TYPE);
    assert_int_equal(law_facts_set_text(&f, LAW_AT, SLICE("2026-11-21")).code, FACT_VALUE);
    assert_int_equal(law_facts_set_text(&f, LAW_PURPOSE_ID, SLICE("")).code, FACT_VALUE);
    assert_int_equal(law_facts_set_text(&f, LAW_PURPOSE_ID, SLICE("a\nb")).code, FACT_VALUE);
    assert_int_equal(law_facts_set_int(&f, LAW_CONSENT_AGE, 30).code, FACT_UNKNOWN);
    assert_int_equal(law_facts_set_text(&f, LAW_NO_FACT, SLICE("x")).code, FACT_UNKNOWN);
    assert_memory_equal(&f, &before, sizeof f);
    assert_int_equal(law_facts_set_int(&f, LAW_SUBJECT_AGE, 130).code, OK);
    assert_int_equal(law_facts_set_int(&f, LAW_SUBJECT_AGE, 0).code, OK);
}

static void test_labels_have_a_limit(void **state) {
    (void)state;
    uint8_t label[LAW_MAX_LABEL_BYTES + 1];
    memset(label, 'x', sizeof label);
    for (size_t n = LAW_MAX_LABEL_BYTES - 1; n <= LAW_MAX_LABEL_BYTES + 1; n++) {
        struct law_facts f = base_facts();
        assert_int_equal(law_facts_set_text(&f, LAW_PURPOSE_ID, slice_of(label, n)).code,
                         n <= LAW_MAX_LABEL_BYTES ? OK : FACT_VALUE);
    }
}

static void test_what_must_be_there(void **state) {
    (void)state;
    static const enum law_fact needed[] = {LAW_OPERATION, LAW_PURPOSE_ID, LAW_CATEGORY_ID};
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        struct law_facts f = base_facts();
        law_facts_clear(&f, needed[i]);
        assert_int_equal(settle(&f, FACT_MISSING), needed[i]);
        assert_int_equal(f.settled, 0);
    }
    struct law_facts f = base_facts();
    set(&f, "operation", "disclose");
    assert_int_equal(settle(&f, FACT_MISSING), LAW_RECIPIENT_ID);
    set(&f, "recipient.contract", "false");
    settle(&f, OK);
}

static void test_ages(void **state) {
    (void)state;
    static const struct {
        const char *at, *birth, *age, *source, *consent_at;
        int years, then;
    } cases[] = {
        {"2026-11-21T12:00:00Z", NULL, NULL, NULL, NULL, -1, -1},
        {"2026-11-21T12:00:00Z", NULL, "12", "none", NULL, -1, -1},
        {"2026-11-21T12:00:00Z", "2000-01-01", NULL, "none", NULL, -1, -1},
        {"2026-11-21T12:00:00Z", "2010-11-21", "40", NULL, NULL, 16, 16},
        {"2026-11-21T12:00:00Z", "2010-11-22", NULL, NULL, NULL, 15, 15},
        {"2025-02-28T12:00:00Z", "2012-02-29", NULL, NULL, NULL, 12, 12},
        {"2025-03-01T12:00:00Z", "2012-02-29", NULL, NULL, NULL, 13, 13},
        {"2028-02-29T12:00:00Z", "2012-02-29", NULL, NULL, NULL, 16, 16},
        {"2026-11-21T23:30:00-05:00", "2010-11-22", NULL, NULL, NULL, 15, 15},
        {"2026-11-22T00:30:00+05:00", "2010-11-22", NULL, NULL, NULL, 16, 16},
        {"2026-11-21T12:00:00Z", NULL, "16", NULL, "2026-11-20T12:00:00Z", 16, 15},
        {"2026-11-21T12:00:00Z", NULL, "16", NULL, "2026-11-21T01:00:00Z", 16, 16},
        {"2026-11-21T12:00:00Z", NULL, "3", NULL, "2010-01-01T00:00:00Z", 3, 0},
        {"2026-11-21T12:00:00Z", "2010-11-21", NULL, NULL, "2025-11-20T00:00:00Z", 16, 14},
        {"2026-11-21T12:00:00Z", "2010-11-21", NULL, NULL, "2001-11-20T00:00:00Z", 16, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct law_facts f = base_facts();
        set(&f, "at", cases[i].at);
        if (cases[i].birth != NULL) {
            set(&f, "subject.birth_date", cases[i].birth);
        }
        if (cases[i].age != NULL) {
            set(&f, "subject.age", cases[i].age);
        }
        if (cases[i].source != NULL) {
            set(&f, "subject.age_source", cases[i].source);
        }
        if (cases[i].consent_at != NULL) {
            set(&f, "consent.at", cases[i].consent_at);
        }
        settle(&f, OK);
        assert_int_equal(f.subject_age, cases[i].years);
        assert_int_equal(f.consent_age, cases[i].then);
    }
}

static void test_impossible_births(void **state) {
    (void)state;
    struct law_facts f = base_facts();
    set(&f, "subject.birth_date", "2026-11-22");
    assert_int_equal(settle(&f, FACT_VALUE), LAW_SUBJECT_BIRTH_DATE);
    set(&f, "subject.birth_date", "1895-11-21");
    assert_int_equal(settle(&f, FACT_VALUE), LAW_SUBJECT_BIRTH_DATE);
    set(&f, "subject.birth_date", "1895-11-22");
    settle(&f, OK);
    assert_int_equal(f.subject_age, 130);
}

static void test_absence_protects(void **state) {
    (void)state;
    struct law_facts f = base_facts();
    settle(&f, OK);
    assert_int_equal(f.controller_directed_to_children, 1);
    assert_int_equal(f.controller_size, LAW_CONTROLLER_SIZE_LARGE);
    assert_int_equal(f.recipient_role, LAW_RECIPIENT_ROLE_CONTROLLER);
    assert_int_equal(f.consent_state, LAW_CONSENT_STATE_NONE);
    assert_int_equal(f.subject_country, 0);
    assert_int_equal(f.notice_shown, 0);
    assert_int_equal(f.groups >> LAW_GROUP_RECORD & 1, 0);
}

static void test_region_and_future_consent(void **state) {
    (void)state;
    struct law_facts f = base_facts();
    set(&f, "subject.region", "US-IL");
    set(&f, "consent.state", "given");
    set(&f, "consent.at", "2026-11-21T12:00:01Z");
    settle(&f, OK);
    assert_int_equal(f.subject_country, law_country_find(SLICE("US")));
    assert_int_equal(f.consent_state, LAW_CONSENT_STATE_NONE);
    struct law_facts g = base_facts();
    set(&g, "subject.region", "US-IL");
    set(&g, "subject.country", "NL");
    assert_int_equal(settle(&g, FACT_CONTRADICTS), LAW_SUBJECT_REGION);
}

static void expect_text(const struct law_facts *f, enum law_fact fact, const char *text) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 256);
    assert_int_equal(law_facts_format(f, fact, &b).code, OK);
    assert_true(slice_eq(buf_slice(&b), slice_str(text)));
}

static void test_facts_are_written_as_they_are_read(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"at", "2026-11-21T12:00:00Z"},
                                          {"subject.region", "US-IL"},
                                          {"subject.age", "12"},
                                          {"subject.birth_date", "2012-02-29"},
                                          {"subject.language", "nl"},
                                          {"objected", "true"},
                                          {"guardian.method", "video-call"},
                                          {"recipient.country", "ZW"},
                                          {"recipient.id", "acme"}};
    struct law_facts f = base_facts();
    expect_text(&f, LAW_SUBJECT_AGE, "unknown");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        set(&f, rows[i][0], rows[i][1]);
        expect_text(&f, law_fact_find(slice_str(rows[i][0])), rows[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name_is_found),
        cmocka_unit_test(test_countries),
        cmocka_unit_test(test_regions_and_languages),
        cmocka_unit_test(test_types_and_values_are_checked),
        cmocka_unit_test(test_labels_have_a_limit),
        cmocka_unit_test(test_what_must_be_there),
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_impossible_births),
        cmocka_unit_test(test_absence_protects),
        cmocka_unit_test(test_region_and_future_consent),
        cmocka_unit_test(test_facts_are_written_as_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
