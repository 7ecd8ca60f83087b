/* http: cookies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "http/cookie.h"

static void finds(const char *field, const char *want) {
    struct slice v;
    assert_int_equal(http_cookie_find(slice_str(field), SLICE("ward"), &v).code, OK);
    if (want == NULL) {
        assert_null(v.ptr);
        return;
    }
    assert_true(slice_eq(v, slice_str(want)));
}

static void test_find(void **state) {
    (void)state;
    struct slice v;
    finds("ward=abc", "abc");
    finds("a=b; ward=abc; ward_device=x", "abc");
    finds("a=b;ward=abc", "abc");
    finds("ward_device=x; xward=y; ward", NULL);
    finds("ward=", "");
    finds("", NULL);
    assert_int_equal(http_cookie_find((struct slice){NULL, 0}, SLICE("ward"), &v).code, OK);
    assert_null(v.ptr);
}

static void test_refused(void **state) {
    (void)state;
    struct slice v;
    assert_int_equal(http_cookie_find(SLICE("ward=a; ward=b"), SLICE("ward"), &v).code,
                     E_HTTP_COOKIE);
    assert_int_equal(
        http_cookie_find(SLICE("a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a"), SLICE("ward"), &v).code, OK);
    assert_int_equal(
        http_cookie_find(SLICE("a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a"), SLICE("ward"), &v).code,
        E_HTTP_COOKIE);
}

static void test_token(void **state) {
    (void)state;
    assert_true(http_cookie_is_token(SLICE("aZ09-_"), 6));
    assert_false(http_cookie_is_token(SLICE("aZ09-_"), 5));
    assert_false(http_cookie_is_token(SLICE(""), 5));
    assert_false(http_cookie_is_token(SLICE("a b"), 5));
    assert_false(http_cookie_is_token(SLICE("a\""), 5));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
