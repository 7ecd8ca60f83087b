/* The map of the projections against a plain list, through growth and removals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "index.h"

enum { KEYS = 500, STEPS = 20000 };

static void it_agrees_with_a_list(void **state) {
    (void)state;
    struct index x = {0};
    uint64_t want[KEYS] = {0};
    uint32_t dice = 1;
    for (uint32_t step = 1; step <= STEPS; step++) {
        dice = dice * 1664525u + 1013904223u;
        uint64_t key = (dice >> 8) % KEYS;
        if ((dice >> 28) < 6) {
            index_remove(&x, key, key / 7);
            want[key] = 0;
        } else {
            assert_int_equal(index_put(&x, key, key / 7, step).code, OK);
            want[key] = step;
        }
    }
    size_t count = 0;
    for (uint64_t key = 0; key < KEYS; key++) {
        uint64_t got = 0;
        assert_int_equal(index_get(&x, key, key / 7, &got), want[key] != 0);
        assert_int_equal(got, want[key]);
        assert_false(index_get(&x, key, key / 7 + 1000, &got));
        count += want[key] != 0 ? 1 : 0;
    }
    assert_int_equal(x.count, count);
    index_clear(&x);
    assert_int_equal(x.count, 0);
    index_done(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_agrees_with_a_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
