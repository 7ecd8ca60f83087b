/* law: the data map declares, fills in facts, and names the ground for each person. */
#include "packs.h"

#include "base/mem.h"
#include "law/map.h"

static struct law_map *load(const char *text, struct law_report *report) {
    struct law_source source = {SLICE("test.map"), slice_str(text)};
    struct law_map *map = NULL;
    struct status s = law_map_load(&source, report, &map);
    if (failed(s)) {
        report_print(report, LAW_ERROR);
    }
    assert_int_equal(s.code, OK);
    return map;
}

static const char small[] = "map m \"M\"\n"
                            "  name \"N\"\n"
                            "  contact \"c\"\n"
                            "  country NL\n"
                            "category a \"A\"\n"
                            "  keep 30 days\n"
                            "  is special, precise_location\n"
                            "  exception i\n"
                            "category b \"B\"\n"
                            "  keep account\n"
                            "  title nl \"Bé\"\n"
                            "purpose p \"P\"\n"
                            "  is profiling, account\n"
                            "  basis contract when subject.age >= 18\n"
                            "  basis consent when subject.age < 13\n"
                            "  basis vital-interests when subject.age < 5\n"
                            "  basis legitimate-interests\n"
                            "  necessary \"because\"\n"
                            "  uses a for use, disclose\n"
                            "  uses a, b for store\n"
                            "recipient r \"R\"\n"
                            "  role processor\n"
                            "  country US\n"
                            "  is contract, assessed\n"
                            "  framework eu-us-dpf\n"
                            "  instrument scc\n"
                            "  receives a for p\n";

static void test_what_is_declared(void **state) {
    (void)state;
    struct law_report report CLEANUP(law_report_done);
    law_report_init(&report);
    struct law_map *map CLEANUP(law_map_free) = load(small, &report);
    assert_int_equal(law_map_find_purpose(map, SLICE("p")), 0);
    assert_int_equal(law_map_find_category(map, SLICE("b")), 1);
    assert_int_equal(law_map_find_category(map, SLICE("c")), -1);
    assert_true(law_map_declares(map, 0, 0, LAW_OPERATION_USE));
    assert_true(law_map_declares(map, 0, 0, LAW_OPERATION_STORE));
    assert_true(law_map_declares(map, 0, 1, LAW_OPERATION_STORE));
    assert_false(law_map_declares(map, 0, 1, LAW_OPERATION_USE));
    assert_false(law_map_declares(map, 0, 0, LAW_OPERATION_PUBLISH));
    assert_false(law_map_declares(map, -1, 0, LAW_OPERATION_USE));
    assert_false(law_map_declares(map, 0, 7, LAW_OPERATION_USE));
    assert_true(law_map_receives(map, 0, 0, 0));
    assert_false(law_map_receives(map, 0, 0, 1));
    assert_int_equal(law_map_category(map, 0)->days, 30);
    assert_int_equal(law_map_category(map, 1)->retention, LAW_KEEP_ACCOUNT);
    const struct law_map_category *b = law_map_category(map, 1);
    assert_true(slice_eq(law_map_words(b->words, b->words_count, LAW_WORDS_TITLE,
                                       law_language_parse(SLICE("nl")), b->title),
                         SLICE("Bé")));
    assert_true(slice_eq(law_map_words(b->words, b->words_count, LAW_WORDS_TITLE,
                                       law_language_parse(SLICE("fr")), b->title),
                         SLICE("B")));
}

static void test_facts_are_filled(void **state) {
    (void)state;
    struct law_report report CLEANUP(law_report_done);
    law_report_init(&report);
    struct law_map *map CLEANUP(law_map_free) = load(small, &report);
    struct law_facts f;
    struct law_facts before;
    law_facts_init(&f);
    before = f;
    assert_int_equal(law_map_fill(map, 0, 1, LAW_OPERATION_USE, -1, &f).code, MAP_UNDECLARED);
    assert_int_equal(law_map_fill(map, 0, 1, LAW_OPERATION_STORE, 0, &f).code, MAP_UNDECLARED);
    assert_memory_equal(&f, &before, sizeof f);
    assert_int_equal(law_map_fill(map, 0, 0, LAW_OPERATION_DISCLOSE, 0, &f).code, OK);
    assert_int_equal(f.purpose_profiling, 1);
    assert_int_equal(f.purpose_advertising, 0);
    assert_int_equal(f.purpose_necessary, 1);
    assert_int_equal(f.account, 1);
    assert_int_equal(f.category_special, 1);
    assert_int_equal(f.category_biometric, 0);
    assert_int_equal(f.category_exception, LAW_CATEGORY_EXCEPTION_I);
    assert_int_equal(f.recipient_country, law_country_find(SLICE("US")));
    assert_int_equal(f.recipient_contract, 1);
    assert_int_equal(f.transfer_instrument, LAW_TRANSFER_INSTRUMENT_SCC);
    assert_int_equal(f.controller_size, LAW_CONTROLLER_SIZE_LARGE);
    assert_int_equal(f.controller_directed_to_children, 1);
    assert_true(law_facts_given(&f, LAW_PURPOSE_ADVERTISING));
}

static void test_ground_of_a_person(void **state) {
    (void)state;
    static const struct {
        int age;
        uint8_t basis;
    } cases[] = {
        {30, LAW_BASIS_CONTRACT}, {18, LAW_BASIS_CONTRACT}, {17, LAW_BASIS_LEGITIMATE_INTERESTS},
        {12, LAW_BASIS_CONSENT},  {4, LAW_BASIS_NONE}, /* two grounds hold */
        {-1, LAW_BASIS_NONE}};
    struct law_report report CLEANUP(law_report_done);
    law_report_init(&report);
    struct law_map *map CLEANUP(law_map_free) = load(small, &report);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct law_facts f;
        enum law_fact offending;
        law_facts_init(&f);
        assert_int_equal(law_map_fill(map, 0, 0, LAW_OPERATION_USE, -1, &f).code, OK);
        if (cases[i].age >= 0) {
            assert_int_equal(law_facts_set_int(&f, LAW_SUBJECT_AGE, cases[i].age).code, OK);
        }
        assert_int_equal(law_map_settle(map, 0, &f, 0, &offending).code, OK);
        assert_int_equal(f.basis, cases[i].basis);
    }
    uint64_t known[2];
    law_map_known(map, 0, known);
    assert_true(known[0] >> LAW_PURPOSE_PROFILING & 1);
    assert_false(known[0] >> LAW_BASIS & 1);
    assert_false(known[0] >> LAW_OPERATION & 1);
}

/* Each mistake is told once, where it stands, with the remedy. */
static void test_mistakes(void **state) {
    (void)state;
    static const char head[] = "map m \"M\"\n  name \"N\"\n  contact \"c\"\n  country NL\n"
                               "category a \"A\"\n  keep 30 days\n";
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"category a \"A\"\n  keep account\n", "`a` is declared twice"},
        {"category b \"B\"\n", "this block has no `keep`"},
        {"category b \"B\"\n  keep long\n", "expected `N days`"},
        {"category b \"B\"\n  keep 30 days\n  is speciel\n", "`speciel` is no trait here"},
        {"purpose p \"P\"\n  uses a for use\n", "this block has no `basis`"},
        {"purpose p \"P\"\n  basis consent\n", "this block has no `uses`"},
        {"purpose p \"P\"\n  basis contract\n  uses a for use\n", "rests on a ground other"},
        {"purpose p \"P\"\n  basis consnt\n  uses a for use\n", "`consnt` is no value here"},
        {"purpose p \"P\"\n  basis none\n  uses a for use\n", "`none` is no ground"},
        {"purpose p \"P\"\n  basis consent\n  uses aa for use\n", "`aa` is no category"},
        {"purpose p \"P\"\n  basis consent\n  uses a for us\n", "`us` is no value here"},
        {"purpose p \"P\"\n  basis consent when subject.aeg < 1\n  uses a for use\n",
         "`subject.aeg` is no fact"},
        {"purpose p \"P\"\n  basis consent\n  basis consent\n  uses a for use\n",
         "two grounds without a condition"},
        {"purpose p \"P\"\n  basis consent\n  uses a for use\n"
         "recipient r \"R\"\n  role processor\n  receives a for p\n",
         "`p` does not disclose `a`"},
        {"map n \"N\"\n", "a second `map`"},
        {"purpos p \"P\"\n", "`purpos` is no block of a map"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[1000];
        struct law_report report CLEANUP(law_report_done);
        struct law_map *map = NULL;
        law_report_init(&report);
        (void)snprintf(text, sizeof text, "%s%s", head, cases[i].text);
        struct law_source source = {SLICE("test.map"), slice_str(text)};
        assert_int_equal(law_map_load(&source, &report, &map).code, MAP_INVALID);
        assert_null(map);
        bool found = false;
        for (size_t k = 0; k < report.count; k++) {
            found |= memmem(report.items[k].message.ptr, report.items[k].message.len,
                            cases[i].message, strlen(cases[i].message)) != NULL;
        }
        if (!found) {
            print_error("missing: %s\n", cases[i].message);
            report_print(&report, LAW_NOTE);
        }
        assert_true(found);
    }
}

static void test_the_map_of_the_service(void **state) {
    (void)state;
    size_t len;
    char *text = read_whole(WARD_SOURCE "/datamap/clips.map", &len);
    struct law_report report CLEANUP(law_report_done);
    law_report_init(&report);
    struct law_map *map CLEANUP(law_map_free) = load(text, &report);
    free(text);
    assert_int_equal(report.warnings, 0);
    assert_true(law_map_purposes(map) >= 15);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    struct law_source source = {SLICE("test.map"), {(const uint8_t *)small, sizeof small - 1}};
    struct status s = FAIL(E_MEMORY);
    for (uint64_t n = 1; failed(s); n++) {
        struct law_report report CLEANUP(law_report_done);
        struct law_map *map CLEANUP(law_map_free) = NULL;
        law_report_init(&report);
        mem_fail_at(n, n % 2 == 0);
        s = law_map_load(&source, &report, &map);
        mem_fail_at(0, false);
        assert_true(s.code == OK || s.code == E_MEMORY);
        assert_true((map != NULL) == (s.code == OK));
        assert_true(n < 10000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_declared),       cmocka_unit_test(test_facts_are_filled),
        cmocka_unit_test(test_ground_of_a_person),     cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_the_map_of_the_service), cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
