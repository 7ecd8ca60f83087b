/* clips: arguments in, answers out, by the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "values.h"

static struct arena arena;
static struct api_value *args;
static const char *wrong;

static uint16_t join(const char *body) {
    const struct api_op *op = api_op_find(API_ACCOUNT_JOIN);
    struct values_source from = {
        .body = slice_str(body), .given_name = SLICE("device"), .given_value = SLICE("mark")};
    arena_done(&arena);
    arena_init(&arena, 1 << 20);
    args = api_record(&arena, op->args);
    return values_read(op->args, &from, &arena, args, &wrong).code;
}

#define REST                                                                                       \
    "\"mail\":\"a@b.c\",\"password\":\"p\",\"birth_date\":\"2000-01-02\",\"country\":\"NL\","      \
    "\"region\":\"\",\"language\":\"nl\",\"notice\":\"v\""

static void test_body(void **state) {
    (void)state;
    assert_int_equal(join("{\"name\":\"z\\u00eb\"," REST "}"), OK);
    assert_true(slice_eq(args[ARG_ACCOUNT_JOIN_NAME].bytes, SLICE("z\xc3\xab")));
    assert_true(slice_eq(args[ARG_ACCOUNT_JOIN_DEVICE].bytes, SLICE("mark")));
    assert_true(slice_eq(args[ARG_ACCOUNT_JOIN_BIRTH_DATE].bytes, SLICE("2000-01-02")));
}

static void test_body_refused(void **state) {
    (void)state;
    assert_int_equal(join("{" REST "}"), E_HTTP_ARGUMENT);
    assert_string_equal(wrong, "name");
    assert_int_equal(join("{\"name\":5," REST "}"), E_JSON_TYPE);
    assert_string_equal(wrong, "name");
    assert_int_equal(join("{\"name\":null," REST "}"), E_JSON_TYPE);
    assert_int_equal(join("{\"name\":\"z\",\"more\":1," REST "}"), E_HTTP_ARGUMENT);
    assert_int_equal(join("{\"name\":\"z\",\"name\":\"y\"," REST "}"), E_JSON_DUPLICATE);
    /* the mark of the browser is the front's to give */
    assert_int_equal(join("{\"name\":\"z\",\"device\":\"mine\"," REST "}"), E_HTTP_ARGUMENT);
    assert_int_equal(join("{\"name\":\"z\"," REST "} x"), E_JSON_TRAILING);
    assert_int_equal(join("[]"), E_JSON_TYPE);
    assert_int_not_equal(join("{\"name\":\"z\""), OK);
    assert_int_not_equal(join(""), OK);
}

static uint16_t page(const char *cursor, const char *limit) {
    const struct api_op *op = api_op_find(API_FEED_PAGE);
    struct http_arg query[2];
    struct values_source from = {.query = query};
    if (cursor != NULL) {
        query[from.query_count++] = (struct http_arg){SLICE("cursor"), slice_str(cursor)};
    }
    if (limit != NULL) {
        query[from.query_count++] = (struct http_arg){SLICE("limit"), slice_str(limit)};
    }
    arena_done(&arena);
    arena_init(&arena, 1 << 20);
    args = api_record(&arena, op->args);
    return values_read(op->args, &from, &arena, args, &wrong).code;
}

static void test_query(void **state) {
    (void)state;
    assert_int_equal(page("18446744073709551615", "10"), OK);
    assert_true(args[ARG_FEED_PAGE_CURSOR].n == UINT64_MAX);
    assert_int_equal(page(NULL, NULL), OK);
    assert_int_equal(page("18446744073709551616", NULL), E_HTTP_ARGUMENT);
    assert_string_equal(wrong, "cursor");
    assert_int_equal(page("-1", NULL), E_HTTP_ARGUMENT);
    assert_int_equal(page(NULL, "4294967296"), E_HTTP_ARGUMENT);
    assert_int_equal(page(NULL, "4294967295"), OK);
}

static void test_list_of_records(void **state) {
    (void)state;
    const struct api_op *op = api_op_find(API_GUARDIAN_ACCEPT);
    const struct http_arg param = {SLICE("token"), SLICE("abc")};
    struct values_source from = {.params = &param, .param_count = 1};
    from.body = SLICE(
        "{\"signed_name\":\"A\",\"declares\":true,\"decisions\":["
        "{\"purpose\":\"p\",\"state\":\"given\"},{\"state\":\"refused\",\"purpose\":\"q\"}]}");
    arena_done(&arena);
    arena_init(&arena, 1 << 20);
    args = api_record(&arena, op->args);
    assert_int_equal(values_read(op->args, &from, &arena, args, &wrong).code, OK);
    assert_int_equal(args[ARG_GUARDIAN_ACCEPT_DECISIONS].list.count, 2);
    assert_true(args[ARG_GUARDIAN_ACCEPT_DECLARES].yes);
    from.body =
        SLICE("{\"signed_name\":\"A\",\"declares\":true,\"decisions\":[{\"purpose\":\"p\"}]}");
    assert_int_equal(values_read(op->args, &from, &arena, args, &wrong).code, E_HTTP_ARGUMENT);
    assert_string_equal(wrong, "decisions");
    /* what stands in the path cannot be said a second time in the body */
    from.body = SLICE("{\"token\":\"x\",\"signed_name\":\"A\",\"declares\":true,\"decisions\":[]}");
    assert_int_equal(values_read(op->args, &from, &arena, args, &wrong).code, E_HTTP_ARGUMENT);
    assert_string_equal(wrong, "token");
}

static const char *written(uint16_t number, struct api_value *values) {
    static char text[4096];
    struct buf out CLEANUP(buf_done);
    struct json_writer w;
    buf_init(&out, sizeof text - 1);
    json_put_open(&w, &out);
    values_write(api_op_find(number)->answer, values, &w);
    assert_int_equal(json_put_done(&w).code, OK);
    memcpy(text, out.ptr, out.len);
    text[out.len] = 0;
    return text;
}

static void test_no_secret_is_written(void **state) {
    (void)state;
    struct api_value v[ANS_ACCOUNT_LOGIN__COUNT] = {0};
    v[ANS_ACCOUNT_LOGIN_STATE] = api_text("active");
    v[ANS_ACCOUNT_LOGIN_SESSION] = api_text("hidden");
    assert_string_equal(written(API_ACCOUNT_LOGIN, v), "{\"state\":\"active\"}");
}

static void test_numbers_written(void **state) {
    (void)state;
    struct api_value v[ANS_CLIP_BEGIN__COUNT] = {api_n(UINT64_MAX)};
    assert_string_equal(written(API_CLIP_BEGIN, v), "{\"clip\":\"18446744073709551615\"}");
    struct api_value n[ANS_CLIP_DELETE__COUNT] = {api_n(7)};
    assert_string_equal(written(API_CLIP_DELETE, n), "{\"receipt\":7}");
}

static int end(void **state) {
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_body_refused),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_list_of_records),
        cmocka_unit_test(test_no_secret_is_written),
        cmocka_unit_test(test_numbers_written),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
