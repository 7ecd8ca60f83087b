/* http: paths and queries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "http/target.h"

static struct arena arena;
static struct http_target target;

static uint16_t parse(const char *raw) {
    arena_done(&arena);
    arena_init(&arena, 65536);
    return http_target_parse(slice_str(raw), &arena, &target).code;
}

static void is(struct slice s, const char *want) {
    assert_true(slice_eq(s, slice_str(want)));
}

static void test_split(void **state) {
    (void)state;
    assert_int_equal(parse("/"), OK);
    assert_int_equal(target.segment_count, 0);
    assert_int_equal(parse("/api/clips/18446744073709551615/bytes?offset=7&q=a+b%26%C3%A9&e="), OK);
    assert_int_equal(target.segment_count, 4);
    is(target.segments[2], "18446744073709551615");
    is(target.raw_path, "/api/clips/18446744073709551615/bytes");
    assert_int_equal(target.arg_count, 3);
    is(target.args[0].value, "7");
    is(target.args[1].value, "a b&\xc3\xa9");
    is(target.args[2].value, "");
    assert_int_equal(parse("/caf%c3%A9/"), OK);
    is(target.segments[0], "caf\xc3\xa9");
    assert_true(target.trailing_slash);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *raw;
        uint16_t code;
    } rows[] = {
        {"/a/../b", E_HTTP_TRAVERSAL},
        {"/..", E_HTTP_TRAVERSAL},
        {"/a/%2e%2E/b", E_HTTP_TRAVERSAL},
        {"/./a", E_HTTP_TRAVERSAL},
        {"//a", E_HTTP_TRAVERSAL},
        {"/a//", E_HTTP_TRAVERSAL},
        {"/a%2fb", E_HTTP_TRAVERSAL},
        {"/a%5Cb", E_HTTP_TRAVERSAL},
        {"/a\\b", E_HTTP_TRAVERSAL},
        {"/a%00", E_HTTP_PERCENT},
        {"/a%0a", E_HTTP_PERCENT},
        {"/%", E_HTTP_PERCENT},
        {"/%4", E_HTTP_PERCENT},
        {"/%g0", E_HTTP_PERCENT},
        {"/%ff", E_HTTP_PERCENT},
        {"/%c0%af", E_HTTP_PERCENT},
        {"/a?b=%", E_HTTP_PERCENT},
        {"/a?b=1&b=2", E_HTTP_QUERY},
        {"/a?=1", E_HTTP_QUERY},
        {"/a?b=1&", E_HTTP_QUERY},
        {"/1/2/3/4/5/6/7/8/9/10/11/12/13", E_HTTP_TARGET_LONG},
        {"a", E_HTTP_REQUEST_LINE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (parse(rows[i].raw) != rows[i].code) {
            print_error("%s\n", rows[i].raw);
        }
        assert_int_equal(parse(rows[i].raw), rows[i].code);
    }
    assert_int_equal(parse("/1/2/3/4/5/6/7/8/9/10/11/12"), OK);
}

static int done(void **state) {
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
