/* Which right exists under which ground, when it is due, and what alone refuses it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rights/rights.h"

static void rights_depend_on_the_ground(void **state) {
    (void)state;
    assert_true(rights_exists(RIGHT_ACCESS, LAW_BASIS_LEGAL_OBLIGATION));
    assert_true(rights_exists(RIGHT_ERASURE, LAW_BASIS_CONSENT));
    assert_true(rights_exists(RIGHT_ERASURE, LAW_BASIS_LEGITIMATE_INTERESTS));
    assert_false(rights_exists(RIGHT_ERASURE, LAW_BASIS_LEGAL_OBLIGATION));
    assert_false(rights_exists(RIGHT_ERASURE, LAW_BASIS_PUBLIC_TASK));
    assert_true(rights_exists(RIGHT_PORTABILITY, LAW_BASIS_CONTRACT));
    assert_false(rights_exists(RIGHT_PORTABILITY, LAW_BASIS_LEGITIMATE_INTERESTS));
    assert_true(rights_exists(RIGHT_OBJECTION, LAW_BASIS_LEGITIMATE_INTERESTS));
    assert_false(rights_exists(RIGHT_OBJECTION, LAW_BASIS_CONSENT));
    assert_true(rights_exists(RIGHT_WITHDRAWAL, LAW_BASIS_CONSENT));
    assert_false(rights_exists(RIGHT_WITHDRAWAL, LAW_BASIS_CONTRACT));
    for (int right = 0; right < RIGHTS; right++) {
        assert_true(rights_exists((enum right)right, (enum law_basis)99));
        assert_true(rights_exists((enum right)right, LAW_BASIS_NONE));
        assert_true(rights_info((enum right)right)->article[0] != '\0');
        assert_true(rights_info((enum right)right)->title[0] != '\0');
    }
    assert_false(rights_exists(RIGHTS, LAW_BASIS_CONSENT));
}

static void only_the_laws_refusals_count(void **state) {
    (void)state;
    assert_true(slice_eq(rights_refusal_article(RIGHT_ERASURE, REFUSAL_CLAIMS), SLICE("17(3)(e)")));
    assert_true(rights_may_refuse(RIGHT_ACCESS, REFUSAL_OTHERS));
    assert_false(rights_may_refuse(RIGHT_ACCESS, REFUSAL_CLAIMS));
    for (int refusal = 0; refusal < REFUSALS; refusal++) {
        assert_false(rights_may_refuse(RIGHT_WITHDRAWAL, (enum refusal)refusal));
    }
}

static void assert_due(const char *received, bool extended, const char *due) {
    struct date from;
    struct date wanted;
    assert_int_equal(date_parse(slice_str(received), &from).code, OK);
    assert_int_equal(date_parse(slice_str(due), &wanted).code, OK);
    assert_int_equal(rights_due(from, extended).days, wanted.days);
}

static void a_month_is_a_month(void **state) {
    (void)state;
    assert_due("2026-11-21", false, "2026-12-21");
    assert_due("2026-11-21", true, "2027-02-21");
    assert_due("2026-12-31", false, "2027-01-31");
    assert_due("2027-01-31", false, "2027-02-28");
    assert_due("2028-01-31", false, "2028-02-29");
    assert_due("2026-11-30", true, "2027-02-28");
    assert_due("2026-03-31", false, "2026-04-30");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_depend_on_the_ground),
        cmocka_unit_test(only_the_laws_refusals_count),
        cmocka_unit_test(a_month_is_a_month),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
