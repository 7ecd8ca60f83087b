/* http: the strict check of a request's head. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "http/head.h"

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: ward.example:8080\r\n"

struct row {
    const char *name;
    const char *bytes;
    size_t len;
    uint16_t code;
};
#define ROW(text, code)                                                                            \
    { text, text, sizeof text - 1, code }

static const struct row refused[] = {
    /* the eight that a lax reader takes */
    ROW(LINE HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", E_HTTP_BOTH_LENGTHS),
    ROW(LINE HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", E_HTTP_LENGTH_REPEATED),
    ROW(LINE "Accept: */*\r\n\r\n", E_HTTP_NO_HOST),
    ROW(LINE HOST "Content-Length: +5\r\n\r\n", E_HTTP_LENGTH),
    ROW(LINE "Host : ward\r\n\r\n", E_HTTP_FIELD),
    ROW("GET / HTTP/1.1\nHost: ward\n\n", E_HTTP_BARE_LF),
    ROW(LINE HOST "X-A: b\0c\r\n\r\n", E_HTTP_NUL),
    ROW(LINE HOST "X-A: b\r\n c\r\n\r\n", E_HTTP_FOLDED),
    /* and more of their kind */
    ROW(LINE HOST "Transfer-Encoding: chunked\r\n\r\n", E_HTTP_TRANSFER_ENCODING),
    ROW(LINE HOST "Content-Length: 5, 5\r\n\r\n", E_HTTP_LENGTH),
    ROW(LINE HOST "Content-Length: 0x5\r\n\r\n", E_HTTP_LENGTH),
    ROW(LINE HOST "Content-Length: 99999999999999999999\r\n\r\n", E_HTTP_LENGTH),
    ROW(LINE HOST "Content-Length: 268435457\r\n\r\n", E_HTTP_BODY_LARGE),
    ROW(LINE HOST HOST "\r\n", E_HTTP_HOST),
    ROW(LINE "Host:\r\n\r\n", E_HTTP_HOST),
    ROW(LINE "Host: a/b\r\n\r\n", E_HTTP_HOST),
    ROW(LINE HOST "X-A: b\rc\r\n\r\n", E_HTTP_BARE_LF),
    ROW(LINE HOST "X-A: b\r\0\r\n\r\n", E_HTTP_NUL),
    ROW(LINE HOST "X-A\r\n\r\n", E_HTTP_FIELD),
    ROW(LINE HOST ": b\r\n\r\n", E_HTTP_FIELD),
    ROW(LINE HOST "X-A: \x01\r\n\r\n", E_HTTP_FIELD),
    ROW(LINE " " HOST "\r\n", E_HTTP_FOLDED),
    ROW("\r\n" LINE HOST "\r\n", E_HTTP_REQUEST_LINE),
    ROW("GET  / HTTP/1.1\r\n" HOST "\r\n", E_HTTP_REQUEST_LINE),
    ROW("GET / HTTP/1.1 \r\n" HOST "\r\n", E_HTTP_REQUEST_LINE),
    ROW("GET http://ward/ HTTP/1.1\r\n" HOST "\r\n", E_HTTP_REQUEST_LINE),
    ROW("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", E_HTTP_REQUEST_LINE),
    ROW("GET /a#b HTTP/1.1\r\n" HOST "\r\n", E_HTTP_REQUEST_LINE),
    ROW("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", E_HTTP_REQUEST_LINE),
    ROW("G(T / HTTP/1.1\r\n" HOST "\r\n", E_HTTP_REQUEST_LINE),
    ROW("GETGETGETGETGETGET / HTTP/1.1\r\n" HOST "\r\n", E_HTTP_REQUEST_LINE),
    ROW("GET / HTTP/1.0\r\n" HOST "\r\n", E_HTTP_VERSION),
    ROW("GET / HTTP/2.0\r\n" HOST "\r\n", E_HTTP_VERSION),
    ROW("GET /\r\n\r\n", E_HTTP_REQUEST_LINE),
    ROW("\x16\x03\x01\x00\xa5", E_HTTP_NUL),
};

static void test_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct http_framing f = {0};
        struct status s = http_head_check(slice_of(refused[i].bytes, refused[i].len), &f);
        if (s.code != refused[i].code) {
            print_error("%s: %d instead of %d\n", refused[i].name, s.code, refused[i].code);
        }
        assert_int_equal(s.code, refused[i].code);
    }
}

static void test_taken_at_every_length(void **state) {
    (void)state;
    static const char head[] = "POST /api/join?a=%20 HTTP/1.1\r\n" HOST
                               "content-length:  17 \r\nX-Empty:\r\nX-Utf: \xc3\xa9\r\n\r\nbody";
    size_t whole = sizeof head - 1 - 4;
    for (size_t n = 0; n < sizeof head; n++) {
        struct http_framing f = {.head_bytes = 99};
        assert_int_equal(http_head_check(slice_of(head, n), &f).code, OK);
        assert_int_equal(f.head_bytes, n < whole ? 0 : whole);
        assert_int_equal(f.body_bytes, n < whole ? 0 : 17);
    }
}

static struct status check_filled(const char *before, size_t count, const char *after) {
    static char bytes[HTTP_MAX_HEAD_BYTES * 2];
    struct http_framing f;
    size_t at = strlen(before);
    memcpy(bytes, before, at);
    memset(bytes + at, 'a', count);
    at += count;
    memcpy(bytes + at, after, strlen(after));
    return http_head_check(slice_of(bytes, at + strlen(after)), &f);
}

static void test_limits(void **state) {
    (void)state;
    static const char end[] = " HTTP/1.1\r\n" HOST "\r\n";
    assert_int_equal(check_filled("GET /", HTTP_MAX_TARGET_BYTES - 2, end).code, OK);
    assert_int_equal(check_filled("GET /", HTTP_MAX_TARGET_BYTES - 1, end).code, OK);
    assert_int_equal(check_filled("GET /", HTTP_MAX_TARGET_BYTES, end).code, E_HTTP_TARGET_LONG);
    /* a line that never ends is refused before it fills the memory of a whole head */
    assert_int_equal(check_filled("GET /", 4096, "").code, E_HTTP_TARGET_LONG);
    static const char field[] = LINE HOST "X-A: ";
    size_t room = HTTP_MAX_FIELD_BYTES - 5;
    assert_int_equal(check_filled(field, room, "\r\n\r\n").code, OK);
    assert_int_equal(check_filled(field, room + 1, "\r\n\r\n").code, E_HTTP_FIELDS_LARGE);
    assert_int_equal(check_filled(field, HTTP_MAX_HEAD_BYTES, "").code, E_HTTP_FIELDS_LARGE);
}

static void test_field_count(void **state) {
    (void)state;
    char bytes[4096] = LINE HOST;
    for (unsigned i = 1; i < HTTP_MAX_FIELDS; i++) {
        memcpy(bytes + strlen(bytes), "A: b\r\n", 7);
    }
    size_t len = strlen(bytes);
    struct http_framing f;
    memcpy(bytes + len, "\r\n", 3);
    assert_int_equal(http_head_check(slice_of(bytes, len + 2), &f).code, OK);
    memcpy(bytes + len, "A: b\r\n\r\n", 9);
    assert_int_equal(http_head_check(slice_of(bytes, len + 8), &f).code, E_HTTP_FIELDS_MANY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_taken_at_every_length),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_field_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
