/* law: the packs of the repository load, and all their cases hold. */
#include "packs.h"

static void test_packs_hold(void **state) {
    (void)state;
    struct packs p;
    struct law_report report CLEANUP(law_report_done);
    struct law_set *set CLEANUP(law_set_free) = NULL;
    packs_open(&p);
    law_report_init(&report);
    struct status s = law_set_load(p.sources, p.count, &report, &set);
    if (!failed(s)) {
        s = law_set_check(set, 0, &report);
    }
    if (failed(s)) {
        report_print(&report, LAW_WARNING);
    }
    packs_close(&p);
    assert_int_equal(s.code, OK);
    assert_true(law_set_count(set) >= 1);
    assert_true(report.cases > 0);
    assert_int_equal(report.cases, report.cases_passed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packs_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
