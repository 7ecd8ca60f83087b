/* clips: which operation a path names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "routes.h"

static struct routes *routes;
static struct arena arena;
static struct http_target target;
static struct route_found found;

static const char *find(enum http_method method, const char *path) {
    arena_done(&arena);
    arena_init(&arena, 65536);
    assert_int_equal(http_target_parse(slice_str(path), &arena, &target).code, OK);
    assert_int_equal(routes_find(routes, method, &target, &arena, &found).code, OK);
    return found.op == NULL ? "" : found.op->name;
}

static void test_found(void **state) {
    (void)state;
    assert_string_equal(find(HTTP_GET, "/api/service"), "service.info");
    assert_string_equal(find(HTTP_HEAD, "/api/service"), "service.info");
    assert_string_equal(find(HTTP_POST, "/api/clips"), "clip.begin");
    assert_string_equal(find(HTTP_GET, "/api/clips/12"), "clip.status");
    assert_int_equal(found.param_count, 1);
    assert_true(slice_eq(found.params[0].name, SLICE("clip")));
    assert_true(slice_eq(found.params[0].value, SLICE("12")));
    assert_string_equal(find(HTTP_DELETE, "/api/clips/12"), "clip.delete");
    assert_string_equal(find(HTTP_GET, "/api/me/clips"), "clip.mine");
}

/* The word wins over the part in braces. */
static void test_literal_wins(void **state) {
    (void)state;
    assert_string_equal(find(HTTP_POST, "/api/guardian/invite"), "guardian.invite");
    assert_string_equal(find(HTTP_POST, "/api/guardian/invitf"), "guardian.accept");
}

static void test_other_methods(void **state) {
    (void)state;
    assert_string_equal(find(HTTP_PUT, "/api/clips/12"), "");
    assert_true(found.other_method);
    assert_true(slice_eq(found.allow, SLICE("GET, HEAD, DELETE")));
    assert_string_equal(find(HTTP_OTHER, "/api/login"), "");
    assert_true(slice_eq(found.allow, SLICE("POST")));
}

static void test_missing(void **state) {
    (void)state;
    static const char *const paths[] = {
        "/api", "/api/", "/api/service/", "/api/nothing", "/api/clips/12/more", "/service"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_string_equal(find(HTTP_GET, paths[i]), "");
        assert_false(found.other_method);
    }
}

/* Every route of the tables is found by its own path. */
static void test_all(void **state) {
    (void)state;
    size_t count;
    const struct api_op *ops = api_ops(&count);
    for (size_t i = 0; i < count; i++) {
        char path[200] = {0};
        enum http_method m = HTTP_GET;
        if (ops[i].method == NULL) {
            continue;
        }
        m = ops[i].method[0] == 'P' ? HTTP_POST : ops[i].method[0] == 'D' ? HTTP_DELETE : m;
        /* "{clip}" itself stands for a value */
        strncpy(path, ops[i].path, sizeof path - 1);
        assert_string_equal(find(m, path), ops[i].name);
    }
}

static int begin(void **state) {
    (void)state;
    return routes_new(&routes).code;
}

static int end(void **state) {
    (void)state;
    routes_free(&routes);
    arena_done(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),         cmocka_unit_test(test_literal_wins),
        cmocka_unit_test(test_other_methods), cmocka_unit_test(test_missing),
        cmocka_unit_test(test_all),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
