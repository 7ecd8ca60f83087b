/* wire/json: what is accepted, what is refused and why, against jansson as an oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "wire/json.h"

static uint16_t check_text(struct slice text) {
    struct json_reader r;
    json_open(&r, text);
    struct status s = json_skip(&r);
    return failed(s) ? s.code : json_end(&r).code;
}

static uint16_t check_str(const char *text) {
    return check_text(slice_str(text));
}

static void test_accepted(void **state) {
    (void)state;
    const char *good[] = {"null",
                          " true ",
                          "\t\r\n false",
                          "0",
                          "-0",
                          "-1.5e+10",
                          "1E400",
                          "\"\"",
                          "[]",
                          "{}",
                          "[[],{}]",
                          "{\"a\":{\"a\":[1,2,{\"a\":null}]},\"b\":1}",
                          "\"\\u00e9\\ud83d\\ude00\"",
                          "\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"",
                          "[1 , 2]",
                          "{\"\":0}",
                          "9223372036854775808"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(check_str(good[i]), OK);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint16_t code;
    } bad[] = {
        {"", E_JSON_SYNTAX},
        {" ", E_JSON_SYNTAX},
        {"nul", E_JSON_SYNTAX},
        {"True", E_JSON_SYNTAX},
        {"NaN", E_JSON_SYNTAX},
        {"01", E_JSON_SYNTAX},
        {"-", E_JSON_SYNTAX},
        {"+1", E_JSON_SYNTAX},
        {".5", E_JSON_SYNTAX},
        {"1.", E_JSON_SYNTAX},
        {"1e", E_JSON_SYNTAX},
        {"0x10", E_JSON_TRAILING},
        {"[1,]", E_JSON_SYNTAX},
        {"[,1]", E_JSON_SYNTAX},
        {"[1 2]", E_JSON_SYNTAX},
        {"[1}", E_JSON_SYNTAX},
        {"[", E_JSON_SYNTAX},
        {"{\"a\":1,}", E_JSON_SYNTAX},
        {"{\"a\" 1}", E_JSON_SYNTAX},
        {"{a:1}", E_JSON_SYNTAX},
        {"{1:1}", E_JSON_SYNTAX},
        {"{\"a\":}", E_JSON_SYNTAX},
        {"{\"a\"}", E_JSON_SYNTAX},
        {"{'a':1}", E_JSON_SYNTAX},
        {"\"a", E_JSON_SYNTAX},
        {"1 2", E_JSON_TRAILING},
        {"{} x", E_JSON_TRAILING},
        {"truefalse", E_JSON_TRAILING},
        {"\xef\xbb\xbf{}", E_JSON_SYNTAX},
        {"1//", E_JSON_TRAILING},
        {"\"\x01\"", E_JSON_STRING},
        {"\"\n\"", E_JSON_STRING},
        {"\"\\x41\"", E_JSON_STRING},
        {"\"\\u12g4\"", E_JSON_STRING},
        {"\"\\u0000\"", E_JSON_STRING},
        {"\"\\ud800\"", E_JSON_STRING},
        {"\"\\udc00\"", E_JSON_STRING},
        {"\"\\ud800\\u0041\"", E_JSON_STRING},
        {"\"\\ud800\\ud800\"", E_JSON_STRING},
        {"\"\xed\xa0\x80\"", E_JSON_STRING},
        {"\"\xc0\x80\"", E_JSON_STRING},
        {"\"\xf5\x80\x80\x80\"", E_JSON_STRING},
        {"\"12345678\xff\"", E_JSON_STRING},
        {"{\"a\":1,\"a\":1}", E_JSON_DUPLICATE},
        {"{\"a\":1,\"b\":{\"c\":2},\"\\u0061\":1}", E_JSON_DUPLICATE},
        {"{\"a long key to hash\":1,\"a long key\\u0020to hash\":1}", E_JSON_DUPLICATE},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint16_t code = check_str(bad[i].text);
        if (code != bad[i].code) {
            print_error("%s: %s\n", bad[i].text, error_info(code)->name);
        }
        assert_int_equal(code, bad[i].code);
    }
    assert_int_equal(check_text(slice_of("1\0", 2)), E_JSON_TRAILING);
    assert_int_equal(check_text(slice_of(NULL, 0)), E_JSON_SYNTAX);
}

/* Keys that look alike in length, first and last bytes are told apart all the same. */
static void test_like_keys(void **state) {
    (void)state;
    assert_int_equal(check_str("{\"12345678a12345678\":1,\"12345678b12345678\":2}"), OK);
    assert_int_equal(check_str("{\"a\":1,\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":1}]}"), OK);
}

static void fill(struct buf *b, const char *text, int times) {
    for (int i = 0; i < times; i++) {
        assert_int_equal(buf_add_str(b, text).code, OK);
    }
}

static uint16_t check_depth(int depth) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 1 << 20);
    fill(&b, "[", depth);
    fill(&b, "]", depth);
    return check_text(buf_slice(&b));
}

static uint16_t check_keys(int count) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 1 << 20);
    for (int i = 0; i < count; i++) {
        assert_int_equal(buf_add_format(&b, "%c\"%d\":0", i == 0 ? '{' : ',', i).code, OK);
    }
    fill(&b, "}", 1);
    return check_text(buf_slice(&b));
}

static uint16_t check_key_bytes(int count, const char *letter) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 1 << 20);
    fill(&b, "{\"", 1);
    fill(&b, letter, count);
    fill(&b, "\":0}", 1);
    return check_text(buf_slice(&b));
}

static uint16_t check_number_bytes(int count) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 1 << 20);
    fill(&b, "7", count);
    return check_text(buf_slice(&b));
}

static uint16_t check_text_bytes(size_t count) {
    uint8_t *text = mem_alloc(count);
    assert_non_null(text);
    memset(text, ' ', count);
    text[0] = '1';
    uint16_t code = check_text(slice_of(text, count));
    mem_free(text);
    return code;
}

static void test_limits(void **state) {
    (void)state;
    assert_int_equal(check_depth(JSON_MAX_DEPTH - 1), OK);
    assert_int_equal(check_depth(JSON_MAX_DEPTH), OK);
    assert_int_equal(check_depth(JSON_MAX_DEPTH + 1), E_JSON_DEPTH);
    assert_int_equal(check_keys(JSON_MAX_KEYS - 1), OK);
    assert_int_equal(check_keys(JSON_MAX_KEYS), OK);
    assert_int_equal(check_keys(JSON_MAX_KEYS + 1), E_JSON_DEPTH);
    assert_int_equal(check_key_bytes(JSON_MAX_KEY_BYTES - 1, "k"), OK);
    assert_int_equal(check_key_bytes(JSON_MAX_KEY_BYTES, "k"), OK);
    assert_int_equal(check_key_bytes(JSON_MAX_KEY_BYTES, "\\u006b"), OK);
    assert_int_equal(check_key_bytes(JSON_MAX_KEY_BYTES + 1, "k"), E_TOO_LARGE);
    assert_int_equal(check_key_bytes(JSON_MAX_KEY_BYTES + 1, "\\n"), E_TOO_LARGE);
    assert_int_equal(check_number_bytes(JSON_MAX_NUMBER_BYTES - 1), OK);
    assert_int_equal(check_number_bytes(JSON_MAX_NUMBER_BYTES), OK);
    assert_int_equal(check_number_bytes(JSON_MAX_NUMBER_BYTES + 1), E_TOO_LARGE);
    assert_int_equal(check_text_bytes(JSON_MAX_TEXT_BYTES - 1), OK);
    assert_int_equal(check_text_bytes(JSON_MAX_TEXT_BYTES), OK);
    assert_int_equal(check_text_bytes((size_t)JSON_MAX_TEXT_BYTES + 1), E_TOO_LARGE);
}

static uint16_t read_int(const char *text, int64_t min, int64_t max, int64_t *ret) {
    struct json_reader r;
    json_open(&r, slice_str(text));
    struct status s = json_get_int(&r, min, max, ret);
    return failed(s) ? s.code : json_end(&r).code;
}

static void test_integers(void **state) {
    (void)state;
    int64_t n = 77;
    const char *not_whole[] = {"12.0", "1e1", "-0", "\"12\"", "true", "null", "[]", "1E0"};
    for (size_t i = 0; i < ARRAY_LEN(not_whole); i++) {
        assert_int_equal(read_int(not_whole[i], 0, 130, &n), E_JSON_TYPE);
    }
    assert_int_equal(read_int("01", 0, 130, &n), E_JSON_SYNTAX);
    assert_int_equal(read_int("131", 0, 130, &n), E_NUMBER);
    assert_int_equal(read_int("-1", 0, 130, &n), E_NUMBER);
    assert_int_equal(read_int("9223372036854775808", INT64_MIN, INT64_MAX, &n), E_NUMBER);
    assert_int_equal(read_int("-9223372036854775809", INT64_MIN, INT64_MAX, &n), E_NUMBER);
    assert_int_equal(n, 77);
    assert_int_equal(read_int("-9223372036854775808", INT64_MIN, INT64_MAX, &n), OK);
    assert_true(n == INT64_MIN);
    assert_int_equal(read_int("9223372036854775807", INT64_MIN, INT64_MAX, &n), OK);
    assert_true(n == INT64_MAX);
    assert_int_equal(read_int(" 130 ", 0, 130, &n), OK);
    assert_int_equal(n, 130);
}

static void test_strings(void **state) {
    (void)state;
    struct json_reader r;
    uint8_t room[8];
    struct slice s;
    json_open(&r, SLICE("[\"plain\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u20ac\\ud83d\\ude00\"]"));
    bool more;
    assert_int_equal(json_get_array(&r).code, OK);
    assert_int_equal(json_next_item(&r, &more).code, OK);
    assert_int_equal(json_get_string(&r, NULL, 0, &s).code, OK);
    assert_true(slice_eq(s, SLICE("plain")));
    assert_int_equal(json_next_item(&r, &more).code, OK);
    assert_int_equal(json_get_string(&r, room, sizeof room, &s).code, OK);
    assert_true(slice_eq(s, SLICE("\"\\/\b\f\n\r\t")));
    assert_int_equal(json_next_item(&r, &more).code, OK);
    assert_int_equal(json_get_string(&r, room, 6, &s).code, E_TOO_LARGE);
    assert_int_equal(json_next_item(&r, &more).code, E_TOO_LARGE);
    assert_int_equal(json_end(&r).code, E_TOO_LARGE);
}

static void test_string_copies(void **state) {
    (void)state;
    struct json_reader r;
    struct arena a CLEANUP(arena_done);
    struct slice s;
    arena_init(&a, 64);
    json_open(&r, SLICE("\"\\u00e9t\xc3\xa9\""));
    assert_int_equal(json_copy_string(&r, &a, &s).code, OK);
    assert_true(slice_eq(s, SLICE("\xc3\xa9t\xc3\xa9")));
    struct slice long_text =
        SLICE("\"0123456789012345678901234567890123456789012345678901234567890\"");
    json_open(&r, long_text);
    assert_int_equal(json_copy_string(&r, &a, &s).code, E_MEMORY);
}

static void test_cursor(void **state) {
    (void)state;
    struct json_reader r;
    struct slice key;
    struct slice text;
    bool more;
    bool yes = false;
    json_open(&r, SLICE(" {\"a\" : [1, {\"x\":2}] , \"b\":true } "));
    assert_int_equal(json_peek(&r), JSON_TYPE_OBJECT);
    assert_int_equal(json_get_object(&r).code, OK);
    assert_int_equal(json_next_key(&r, &more, &key).code, OK);
    assert_true(more && slice_eq(key, SLICE("a")));
    assert_int_equal(json_peek(&r), JSON_TYPE_ARRAY);
    assert_int_equal(json_skip_text(&r, &text).code, OK);
    assert_true(slice_eq(text, SLICE("[1, {\"x\":2}]")));
    assert_int_equal(json_next_key(&r, &more, &key).code, OK);
    assert_int_equal(json_get_bool(&r, &yes).code, OK);
    assert_true(yes);
    assert_int_equal(json_next_key(&r, &more, &key).code, OK);
    assert_false(more);
    assert_int_equal(json_end(&r).code, OK);
    assert_int_equal(json_peek(&r), JSON_TYPE_NOTHING);
}

static void test_a_value_left_unread_is_an_error(void **state) {
    (void)state;
    struct json_reader r;
    struct slice key;
    bool more;
    json_open(&r, SLICE("{\"a\":1,\"b\":2}"));
    assert_int_equal(json_get_object(&r).code, OK);
    assert_int_equal(json_next_key(&r, &more, &key).code, OK);
    assert_int_equal(json_next_key(&r, &more, &key).code, E_JSON_SYNTAX);
    assert_int_equal(json_offset(&r), 5);
    json_open(&r, SLICE("[1]"));
    assert_int_equal(json_get_array(&r).code, OK);
    assert_int_equal(json_next_key(&r, &more, &key).code, E_JSON_SYNTAX);
}

static void test_writer(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    struct json_writer w;
    buf_init(&b, 4096);
    json_put_open(&w, &b);
    assert_int_equal(json_put_done(&w).code, E_JSON_SYNTAX);
    json_put_object(&w);
    json_put_key(&w, SLICE("a\"b"));
    json_put_array(&w);
    json_put_int(&w, -5);
    json_put_null(&w);
    json_put_bool(&w, true);
    json_put_object(&w);
    json_put_close(&w);
    json_put_close(&w);
    json_put_key(&w, SLICE("s"));
    json_put_string(&w, SLICE("\x01\b\t\n\x0b\f\r\x1f\"\\/\x7f\xc3\xa9"));
    json_put_close(&w);
    assert_int_equal(json_put_done(&w).code, OK);
    const char *want = "{\"a\\\"b\":[-5,null,true,{}],"
                       "\"s\":\"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\x7f\xc3\xa9\"}";
    assert_true(slice_eq(buf_slice(&b), slice_str(want)));
    assert_int_equal(check_text(buf_slice(&b)), OK);
}

static void test_writer_refuses(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    struct json_writer w;
    buf_init(&b, 8);
    json_put_open(&w, &b);
    json_put_string(&w, SLICE("\xff"));
    assert_int_equal(json_put_done(&w).code, E_ENCODING);
    json_put_open(&w, &b);
    json_put_string(&w, SLICE("more than eight"));
    assert_int_equal(json_put_done(&w).code, E_TOO_LARGE);
    buf_clear(&b);
    json_put_open(&w, &b);
    json_put_object(&w);
    json_put_int(&w, 1); /* without a key */
    assert_int_equal(json_put_done(&w).code, E_JSON_SYNTAX);
    json_put_open(&w, &b);
    json_put_null(&w);
    json_put_null(&w); /* two values */
    assert_int_equal(json_put_done(&w).code, E_JSON_SYNTAX);
    json_put_open(&w, &b);
    json_put_close(&w);
    assert_int_equal(json_put_done(&w).code, E_JSON_SYNTAX);
}

/* jansson's answer. It reads numbers into doubles and stops at one that does not fit, where it has
 * no opinion on the rest. */
static bool oracle(struct slice text, bool *ret_accepts) {
    json_error_t error;
    json_t *value = json_loadb((const char *)text.ptr, text.len,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL,
                               &error);
    json_decref(value);
    *ret_accepts = value != NULL;
    return value != NULL || json_error_code(&error) != json_error_numeric_overflow;
}

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static const char *const seeds[] = {
    "{\"at\":\"2026-11-21T12:00:00Z\",\"subject\":{\"age\":12,\"country\":\"NL\"},\"n\":[1,-2.5e3]"
    "}",
    "[true,false,null,\"\\u00e9\\ud83d\\ude00\\n\",{\"a\":{\"b\":{\"c\":[]}}},0,-0,1E+2]",
    "{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"b\":\"x\\\"y\\\\z\\/"
    "\",\"ab\":\"\",\"ba\":1}",
    "  [ \"12345678901234567890\" , { } , [ [ ] ] ]  ",
};

static size_t mutate(uint64_t *random, const char *seed, uint8_t *text) {
    static const char marks[] = "{}[]\",:\\u0-+.eE19 \n\x01\x80\xc3\xed\xff"
                                "dtnab";
    size_t len = strlen(seed);
    memcpy(text, seed, len);
    for (uint64_t edits = 1 + next_random(random) % 3; edits > 0 && len > 0; edits--) {
        size_t at = next_random(random) % len;
        uint8_t mark = (uint8_t)marks[next_random(random) % (sizeof marks - 1)];
        switch (next_random(random) % 4) {
        case 0:
            text[at] = mark;
            break;
        case 1:
            memmove(text + at, text + at + 1, --len - at);
            break;
        case 2:
            memmove(text + at + 1, text + at, len++ - at);
            text[at] = mark;
            break;
        default:
            len = at;
        }
    }
    return len;
}

static void test_agrees_with_jansson(void **state) {
    (void)state;
    uint64_t random = 20261121;
    uint8_t text[256];
    size_t accepted = 0;
    for (int i = 0; i < 60000; i++) {
        struct slice s = slice_of(text, mutate(&random, seeds[i % ARRAY_LEN(seeds)], text));
        bool ours = check_text(s) == OK;
        bool theirs;
        if (!oracle(s, &theirs)) {
            continue;
        }
        if (ours != theirs) {
            print_error("differs (ours %d): %.*s\n", ours, SLICE_ARG(s));
        }
        assert_int_equal(ours, theirs);
        accepted += ours;
    }
    /* Both sides of the edge were walked. */
    assert_true(accepted > 2000 && accepted < 58000);
}

/* What jansson decodes and what the reader decodes are the same bytes. */
static void test_decodes_as_jansson(void **state) {
    (void)state;
    uint64_t random = 7;
    uint8_t text[256];
    uint8_t room[256];
    size_t compared = 0;
    for (int i = 0; i < 40000; i++) {
        size_t len =
            mutate(&random, "\"a\\u00e9\\ud83d\\ude00\\n\\\\\xc3\xa9xyz\\u20ac tail\"", text);
        struct json_reader r;
        struct slice ours;
        json_open(&r, slice_of(text, len));
        if (failed(json_get_string(&r, room, sizeof room, &ours)) || failed(json_end(&r))) {
            continue;
        }
        json_t *value = json_loadb((const char *)text, len, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        struct slice theirs = slice_of(json_string_value(value), json_string_length(value));
        assert_true(slice_eq(ours, theirs));
        json_decref(value);
        compared++;
    }
    assert_true(compared > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_like_keys),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_string_copies),
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_a_value_left_unread_is_an_error),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_writer_refuses),
        cmocka_unit_test(test_agrees_with_jansson),
        cmocka_unit_test(test_decodes_as_jansson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
