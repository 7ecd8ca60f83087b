/* cli: what a text of law looks at, and where its borders are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "diff_space.h"

static const char before[] = "law a \"A 99\"\n"
                             "  from    2020-05-01\n"
                             "\n"
                             "table ages by country   # 55\n"
                             "  *   16\n"
                             "  NL  16  from 2021-01-01\n"
                             "\n"
                             "rule 1 \"consent.bundled\"\n"
                             "  when    subject.age < ages(subject.country)\n"
                             "  require consent.giver is guardian\n"
                             "\n"
                             "rule 2 \"two\"\n"
                             "  when    subject.region is US-IL\n"
                             "  forbid\n"
                             "\n"
                             "case \"a child\"\n"
                             "  given   subject.age 77, objected true\n";

static struct arena arena;
static struct space space;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 64 << 20);
    space_init(&space, &arena);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_done(&arena);
    return 0;
}

static const struct space_axis *axis(enum law_fact fact) {
    for (size_t i = 0; i < space.axis_count; i++) {
        if (space.axes[i].fact == fact) {
            return &space.axes[i];
        }
    }
    return NULL;
}

static bool offers(const struct space_axis *a, const char *value) {
    for (size_t i = 0; i < a->count; i++) {
        if (a->values[i].ptr != NULL && slice_eq(a->values[i], slice_str(value))) {
            return true;
        }
    }
    return false;
}

static void read_both(const char *text, const char *other) {
    assert_int_equal(space_read(&space, slice_str(text), slice_str(other)).code, OK);
    assert_int_equal(space_finish(&space, 1795262400000).code, OK);
}

static void test_facts_and_borders(void **state) {
    (void)state;
    read_both(before, before);
    assert_non_null(axis(LAW_SUBJECT_AGE));
    assert_true(offers(axis(LAW_SUBJECT_AGE), "15"));
    assert_true(offers(axis(LAW_SUBJECT_AGE), "16"));
    assert_true(offers(axis(LAW_SUBJECT_AGE), "17"));
    assert_true(offers(axis(LAW_SUBJECT_COUNTRY), "NL"));
    assert_true(offers(axis(LAW_SUBJECT_COUNTRY), "US"));
    assert_true(offers(axis(LAW_SUBJECT_REGION), "US-IL"));
    assert_true(offers(axis(LAW_AT), "2020-12-31T12:00:00Z"));
    assert_true(offers(axis(LAW_AT), "2021-01-01T12:00:00Z"));
    assert_true(offers(axis(LAW_AT), "2026-11-21T12:00:00Z"));
    assert_true(offers(axis(LAW_CONSENT_GIVER), "both"));
    /* The first way to give a fact is not to give it, where that may be. */
    assert_null(axis(LAW_SUBJECT_AGE)->values[0].ptr);
    assert_true(axis(LAW_OPERATION)->needed);
}

static void test_strings_comments_and_cases_are_not_law(void **state) {
    (void)state;
    read_both(before, before);
    assert_null(axis(LAW_CONSENT_BUNDLED));
    assert_null(axis(LAW_OBJECTED));
    assert_false(offers(axis(LAW_SUBJECT_AGE), "55"));
    assert_false(offers(axis(LAW_SUBJECT_AGE), "77"));
    assert_false(offers(axis(LAW_SUBJECT_AGE), "99"));
}

static void test_what_changed_is_hot(void **state) {
    (void)state;
    char after[sizeof before];
    memcpy(after, before, sizeof before);
    char *changed = strstr(after, "is guardian");
    memcpy(changed, "is not self", 11);
    read_both(after, before);
    assert_true(axis(LAW_CONSENT_GIVER)->hot_count > 0);
    assert_int_equal(axis(LAW_SUBJECT_REGION)->hot_count, 0);
}

static void test_points_are_all_different_facts(void **state) {
    (void)state;
    static const char small[] = "law a \"A\"\n  from 2020-05-01\n\nrule 1 \"x\"\n  when objected\n"
                                "  forbid\n";
    read_both(small, small);
    uint64_t points = space_points(&space);
    assert_true(points > 50 && points < 5000);
    uint16_t seen[5000][LAW_FACTS];
    memset(seen, 0, sizeof seen);
    for (uint64_t i = 0; i < points; i++) {
        struct law_facts f;
        space_point(&space, i, seen[i]);
        space_facts(&space, seen[i], &f);
        assert_true(law_facts_given(&f, LAW_OPERATION));
        for (uint64_t j = i > 40 ? i - 40 : 0; j < i; j++) {
            assert_memory_not_equal(seen[i], seen[j], sizeof seen[i]);
        }
    }
}

static void test_drawn_points_are_facts(void **state) {
    (void)state;
    uint16_t choice[LAW_FACTS];
    uint16_t again[LAW_FACTS];
    struct law_facts f;
    size_t given = 0;
    read_both(before, before);
    for (uint64_t seed = 0; seed < 2000; seed++) {
        memset(choice, 0, sizeof choice);
        memset(again, 0, sizeof again);
        space_draw(&space, seed, choice);
        space_draw(&space, seed, again);
        assert_memory_equal(choice, again, sizeof choice);
        space_facts(&space, choice, &f);
        assert_true(law_facts_given(&f, LAW_PURPOSE_ID));
        given += law_facts_given(&f, LAW_SUBJECT_AGE);
    }
    assert_true(given > 300 && given < 1700);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_facts_and_borders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings_comments_and_cases_are_not_law, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_changed_is_hot, setup, teardown),
        cmocka_unit_test_setup_teardown(test_points_are_all_different_facts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drawn_points_are_facts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
