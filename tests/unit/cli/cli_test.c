/* cli: options are understood wholly or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char *value;
static bool flag;
static const struct cli_option options[] = {{.name = "value", .value = &value},
                                            {.name = "flag", .flag = &flag}};
static char room[4][64];
static char *argv[4];
static int argc;

static void give(const char *a, const char *b, const char *c) {
    const char *words[] = {"command", a, b, c};
    value = NULL;
    flag = false;
    argc = 0;
    for (size_t i = 0; i < ARRAY_LEN(words) && words[i] != NULL; i++) {
        memcpy(room[argc], words[i], strlen(words[i]) + 1);
        argv[argc] = room[argc];
        argc++;
    }
}

static bool parse(int max_operands, int *ret_operands) {
    return cli_parse(argc, argv, options, ARRAY_LEN(options), max_operands, ret_operands);
}

static void test_understood(void **state) {
    (void)state;
    int operands = -1;
    give("--value", "x", "--flag");
    assert_true(parse(0, &operands));
    assert_int_equal(operands, 0);
    assert_string_equal(value, "x");
    assert_true(flag);
    give("--value=--flag", "a", "-");
    assert_true(parse(2, &operands));
    assert_int_equal(operands, 2);
    assert_string_equal(value, "--flag");
    assert_string_equal(argv[1], "a");
    assert_string_equal(argv[2], "-");
    assert_false(flag);
    give("--", "--flag", NULL);
    assert_true(parse(1, &operands));
    assert_int_equal(operands, 1);
    assert_false(flag);
}

static void test_refused(void **state) {
    (void)state;
    static const char *const wrong[][3] = {
        {"--valu", "x", NULL}, {"--flag=1", NULL, NULL}, {"--value", NULL, NULL},
        {"-f", NULL, NULL},    {"a", "b", NULL},         {"--", "a", "b"},
        {"--=x", NULL, NULL},
    };
    int operands = -1;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        give(wrong[i][0], wrong[i][1], wrong[i][2]);
        assert_false(parse(1, &operands));
        assert_int_equal(operands, -1);
    }
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const names[] = {"decide", "check", "law", "erase"};
    assert_string_equal(cli_nearest(SLICE("decid"), names, 4), "decide");
    assert_string_equal(cli_nearest(SLICE("chekc"), names, 4), "check");
    assert_string_equal(cli_nearest(SLICE("erease"), names, 4), "erase");
    assert_null(cli_nearest(SLICE("zzzzzzz"), names, 4));
    char endless[4096];
    memset(endless, 'd', sizeof endless);
    assert_null(cli_nearest(slice_of(endless, sizeof endless), names, 4));
}

/* What is refused is also said, and here there is nobody to read it. */
static int heard = -1;

static int hush(void **state) {
    (void)state;
    int null = open("/dev/null", O_WRONLY);
    heard = dup(STDERR_FILENO);
    return null < 0 || heard < 0 || dup2(null, STDERR_FILENO) < 0 || close(null) != 0;
}

static int hear(void **state) {
    (void)state;
    return dup2(heard, STDERR_FILENO) < 0 || close(heard) != 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_understood),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test_setup_teardown(test_refused, hush, hear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
