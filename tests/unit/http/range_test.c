/* http: byte ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "http/range.h"

static void asks(const char *field, uint64_t size, uint64_t from, uint64_t bytes, bool partial) {
    struct http_range r;
    assert_int_equal(http_range_parse(slice_str(field), size, &r).code, OK);
    assert_int_equal(r.from, from);
    assert_int_equal(r.bytes, bytes);
    assert_int_equal(r.partial, partial);
}

static void test_ranges(void **state) {
    (void)state;
    struct http_range r;
    asks("bytes=0-", 100, 0, 100, true);
    asks("bytes=0-0", 100, 0, 1, true);
    asks("bytes=99-", 100, 99, 1, true);
    asks("bytes=10-19", 100, 10, 10, true);
    asks("bytes=10-1000", 100, 10, 90, true);
    asks("bytes=-30", 100, 70, 30, true);
    asks("bytes=-300", 100, 0, 100, true);
    /* what is no single range of bytes asks for everything */
    asks("", 100, 0, 100, false);
    asks("bytes=20-10", 100, 0, 100, false);
    asks("bytes=0-1,5-6", 100, 0, 100, false);
    asks("items=0-1", 100, 0, 100, false);
    asks("bytes=a-b", 100, 0, 100, false);
    asks("bytes=--5", 100, 0, 100, false);
    asks("bytes=5", 100, 0, 100, false);
    asks("bytes=99999999999999999999-", 100, 0, 100, false);
    assert_int_equal(http_range_parse((struct slice){NULL, 0}, 7, &r).code, OK);
    assert_false(r.partial);
    assert_int_equal(http_range_parse(SLICE("bytes=100-"), 100, &r).code, E_HTTP_RANGE);
    assert_int_equal(http_range_parse(SLICE("bytes=0-"), 0, &r).code, E_HTTP_RANGE);
    assert_int_equal(http_range_parse(SLICE("bytes=-0"), 100, &r).code, E_HTTP_RANGE);
}

/* Every pair of numbers yields a range inside the size, or none. */
static void test_never_outside(void **state) {
    (void)state;
    for (unsigned size = 0; size < 12; size++) {
        for (unsigned from = 0; from < 14; from++) {
            for (unsigned to = 0; to < 14; to++) {
                char field[32];
                struct http_range r;
                snprintf(field, sizeof field, "bytes=%u-%u", from, to);
                if (http_range_parse(slice_str(field), size, &r).code == OK) {
                    assert_true(r.from + r.bytes <= size);
                    assert_true(!r.partial || r.bytes > 0);
                }
            }
        }
    }
}

static void test_content_range(void **state) {
    (void)state;
    uint64_t from = 0;
    assert_int_equal(http_content_range_parse(SLICE("bytes 5-9/10"), 5, &from).code, OK);
    assert_int_equal(from, 5);
    assert_int_equal(http_content_range_parse(SLICE("bytes 5-9/*"), 5, &from).code, OK);
    static const char *const bad[] = {"",
                                      "bytes 5-9",
                                      "bytes 5-9/9",
                                      "bytes 5-10/20",
                                      "bytes 9-5/10",
                                      "bytes -5/10",
                                      "bytes a-b/c",
                                      "5-9/10"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(http_content_range_parse(slice_str(bad[i]), 5, &from).code,
                         E_HTTP_CONTENT_RANGE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_never_outside),
        cmocka_unit_test(test_content_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
