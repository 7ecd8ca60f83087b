/* law: a specialised procedure always answers as the general one, whatever was known. */
#include "packs.h"
#include "random_facts.h"

#include "base/mem.h"
#include "law/map.h"

static struct packs packs;
static struct law_set *set;

static int open_packs(void **state) {
    (void)state;
    struct law_report report CLEANUP(law_report_done);
    law_report_init(&report);
    packs_open(&packs);
    struct status s = law_set_load(packs.sources, packs.count, &report, &set);
    if (failed(s)) {
        report_print(&report, LAW_ERROR);
    }
    return s.code;
}

static int close_packs(void **state) {
    (void)state;
    law_set_free(&set);
    packs_close(&packs);
    return 0;
}

static bool settled_random(struct rng *r, struct law_facts *f) {
    enum law_fact offending;
    random_facts(r, f);
    return !failed(law_facts_settle(f, 1795262400000, &offending));
}

/* What a purpose and a category of a data map make known. */
static bool of_the_map(int fact) {
    enum law_group group = law_fact_info((enum law_fact)fact)->group;
    return group == LAW_GROUP_PURPOSE || group == LAW_GROUP_CATEGORY ||
           group == LAW_GROUP_CONTROLLER || fact == LAW_OPERATION || fact == LAW_BASIS;
}

static void choose_known(struct rng *r, uint64_t known[2]) {
    uint32_t kind = rng_next(r) % 3;
    known[0] = known[1] = 0;
    for (int i = 0; i < LAW_FACTS; i++) {
        if (kind == 0 ? of_the_map(i) : kind == 1 ? rng_next(r) % 2 == 0 : rng_next(r) % 8 == 0) {
            known[i >> 6] |= UINT64_C(1) << (i & 63);
        }
    }
}

/* Facts that agree with what was known: everything unknown is drawn again. */
static void redraw(struct rng *r, const uint64_t known[2], const struct law_facts *given,
                   struct law_facts *f) {
    struct law_facts other;
    random_facts(r, &other);
    *f = *given;
    for (int i = 0; i < LAW_FACTS; i++) {
        const struct law_fact_info *info = law_fact_info((enum law_fact)i);
        static const size_t widths[] = {[LAW_KIND_BOOL] = 1,
                                        [LAW_KIND_ENUM] = 1,
                                        [LAW_KIND_COUNTRY] = 1,
                                        [LAW_KIND_INT] = 2,
                                        [LAW_KIND_REGION] = 4,
                                        [LAW_KIND_LANGUAGE] = 4,
                                        [LAW_KIND_DATE] = 4,
                                        [LAW_KIND_TIME] = sizeof(struct moment),
                                        [LAW_KIND_NAME] = sizeof(struct slice)};
        if ((known[i >> 6] >> (i & 63) & 1) != 0) {
            continue;
        }
        memcpy((uint8_t *)f + info->offset, (uint8_t *)&other + info->offset, widths[info->kind]);
        law_facts_clear(f, (enum law_fact)i);
        if (law_facts_given(&other, (enum law_fact)i)) {
            law_facts_mark(f, (enum law_fact)i);
        }
    }
}

static void compare(const struct law_special *special, uint64_t laws, const struct law_facts *f) {
    struct law_answer general;
    struct law_answer quick;
    assert_int_equal(law_decide(set, laws, f, &general).code, OK);
    assert_int_equal(law_decide_special(special, f, &quick).code, OK);
    if (memcmp(&general, &quick, sizeof general) != 0) {
        struct buf b CLEANUP(buf_done);
        buf_init(&b, 1 << 20);
        assert_false(failed(law_answer_format(set, &general, &b)));
        assert_false(failed(buf_add_str(&b, "\n")));
        assert_false(failed(law_answer_format(set, &quick, &b)));
        print_error("%.*s\n", SLICE_ARG(buf_slice(&b)));
    }
    assert_memory_equal(&general, &quick, sizeof general);
}

static void test_special_is_general(void **state) {
    (void)state;
    struct rng r = {20261121};
    size_t compared = 0;
    size_t permits = 0;
    for (int i = 0; i < 60; i++) {
        struct law_facts given;
        struct law_facts base;
        struct law_special *special CLEANUP(law_special_free) = NULL;
        uint64_t known[2];
        uint64_t laws = rng_next(&r) % 4 == 0 ? rng_next(&r) : law_set_mask(set, i % 2 == 0);
        enum law_fact offending;
        random_facts(&r, &given);
        base = given;
        if (failed(law_facts_settle(&base, 1795262400000, &offending))) {
            continue;
        }
        choose_known(&r, known);
        assert_int_equal(law_specialise(set, laws, &base, known, &special).code, OK);
        compare(special, laws, &base);
        for (int k = 0; k < 200; k++) {
            struct law_facts f;
            redraw(&r, known, &given, &f);
            if (k % 10 == 0) {
                random_facts(&r, &f); /* it was not made for these */
            } else if (k % 3 == 0) {
                f.at = given.at;
                f.given[0] = (f.given[0] & ~UINT64_C(1)) | (given.given[0] & 1);
            }
            if (!failed(law_facts_settle(&f, 1795262400000, &offending))) {
                struct law_answer a;
                compare(special, laws, &f);
                assert_int_equal(law_decide(set, laws, &f, &a).code, OK);
                permits += a.permit;
                compared++;
            }
        }
    }
    assert_true(compared > 3000);
    assert_true(permits > 20);
}

/* For one pair of the data map: nothing is left to the general procedure, and it answers the same
 * for whomever else it is asked. */
static void check_pair(struct rng *r, const struct law_map *map, int purpose, int category) {
    uint8_t operations = law_map_operations(map, purpose, category);
    enum law_operation operation = (enum law_operation)__builtin_ctz(operations);
    struct law_special *special CLEANUP(law_special_free) = NULL;
    uint64_t laws = law_set_mask(set, true);
    uint64_t known[2];
    law_map_known(map, purpose, known);
    for (int i = 0; i < 200; i++) {
        struct law_facts f;
        struct law_facts now;
        enum law_fact offending;
        random_facts(r, &f);
        law_facts_init(&now);
        f.at = now.at;
        law_facts_clear(&f, LAW_AT);
        law_facts_clear(&f, LAW_SUBJECT_BIRTH_DATE);
        assert_int_equal(law_map_fill(map, purpose, category, operation, -1, &f).code, OK);
        if (failed(law_map_settle(map, purpose, &f, 1795262400000, &offending))) {
            continue;
        }
        if (special == NULL) {
            assert_int_equal(law_specialise(set, laws, &f, known, &special).code, OK);
            assert_true(law_special_flat(special));
        }
        compare(special, laws, &f);
    }
    assert_non_null(special);
}

static void test_the_data_map_is_flat(void **state) {
    (void)state;
    struct rng r = {7};
    size_t len;
    size_t pairs = 0;
    char *text = read_whole(WARD_SOURCE "/datamap/clips.map", &len);
    struct law_source source = {SLICE("clips.map"), slice_of(text, len)};
    struct law_report report CLEANUP(law_report_done);
    struct law_map *map CLEANUP(law_map_free) = NULL;
    law_report_init(&report);
    assert_int_equal(law_map_load(&source, &report, &map).code, OK);
    for (size_t p = 0; p < law_map_purposes(map); p++) {
        for (size_t c = 0; c < law_map_categories(map); c++) {
            if (law_map_operations(map, (int)p, (int)c) != 0) {
                check_pair(&r, map, (int)p, (int)c);
                pairs++;
            }
        }
    }
    assert_true(pairs > 30);
    free(text);
}

static void test_unsettled_facts_are_refused(void **state) {
    (void)state;
    struct rng r = {7};
    struct law_facts f;
    struct law_facts raw;
    struct law_answer a;
    struct law_special *special CLEANUP(law_special_free) = NULL;
    uint64_t known[2] = {0, 0};
    while (!settled_random(&r, &f)) {
    }
    assert_int_equal(law_specialise(set, law_set_mask(set, true), &f, known, &special).code, OK);
    law_facts_init(&raw);
    memset(&a, 0xFF, sizeof a);
    assert_int_equal(law_decide(set, 1, &raw, &a).code, FACT_UNSETTLED);
    assert_int_equal(a.permit, 0);
    memset(&a, 0xFF, sizeof a);
    assert_int_equal(law_decide_special(special, &raw, &a).code, FACT_UNSETTLED);
    assert_int_equal(a.permit, 0);
}

static void test_explaining_agrees(void **state) {
    (void)state;
    struct rng r = {99};
    for (int i = 0; i < 2000; i++) {
        struct law_facts f;
        struct law_answer a;
        struct law_explanation *list;
        size_t count;
        struct arena arena CLEANUP(arena_done);
        arena_init(&arena, 1 << 20);
        if (!settled_random(&r, &f)) {
            continue;
        }
        uint64_t laws = law_set_mask(set, true);
        assert_int_equal(law_decide(set, laws, &f, &a).code, OK);
        assert_int_equal(law_explain(set, laws, &f, &arena, &list, &count).code, OK);
        uint32_t needs = 0;
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(list[k].verdict == LAW_AGAINST, a.permit == 0);
            needs |= list[k].needs;
            if (list[k].verdict != LAW_OWED) {
                assert_true(law_answer_met(set, &a, list[k].law, list[k].article));
            }
        }
        assert_int_equal(needs, a.needs);
        assert_true(a.permit != 0 || count > 0);
    }
}

/* Each allocation fails in turn: an error, and nothing half made. */
static void test_memory_runs_out(void **state) {
    (void)state;
    struct rng r = {3};
    struct law_facts f;
    uint64_t known[2] = {UINT64_C(1) << LAW_OPERATION, 0};
    struct status s = FAIL(E_MEMORY);
    while (!settled_random(&r, &f)) {
    }
    for (uint64_t n = 1; failed(s); n += 1 + n / 8) {
        struct law_special *special CLEANUP(law_special_free) = NULL;
        mem_fail_at(n, n % 2 == 0);
        s = law_specialise(set, law_set_mask(set, true), &f, known, &special);
        mem_fail_at(0, false);
        assert_true(s.code == OK || s.code == E_MEMORY);
        assert_true((special != NULL) == (s.code == OK));
        assert_true(n < 100000);
    }
    for (uint64_t n = 1; n < 3; n++) {
        struct law_report report CLEANUP(law_report_done);
        law_report_init(&report);
        mem_fail_at(n, true);
        s = law_set_check(set, 0, &report);
        mem_fail_at(0, false);
        assert_int_equal(s.code, E_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_special_is_general),
        cmocka_unit_test(test_the_data_map_is_flat),
        cmocka_unit_test(test_unsettled_facts_are_refused),
        cmocka_unit_test(test_explaining_agrees),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, open_packs, close_packs);
}
