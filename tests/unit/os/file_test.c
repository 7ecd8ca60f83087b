/* os: the machine's files behind the file layer, and the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "os/file.h"

static char dir[64];

static const char *in_dir(const char *name) {
    static char path[4][128];
    static unsigned turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static int make_dir(void **state) {
    (void)state;
    strcpy(dir, "/tmp/ward-os-XXXXXX");
    return mkdtemp(dir) == NULL;
}

static struct status remove_each(void *arg, const char *name, bool is_dir) {
    (void)arg;
    (void)is_dir;
    return os_remove(os_fs_real(), in_dir(name));
}

static int remove_dir(void **state) {
    (void)state;
    const struct os_fs *fs = os_fs_real();
    return failed(os_list(fs, dir, remove_each, NULL)) || failed(os_remove(fs, dir));
}

static void test_what_is_written_is_read(void **state) {
    (void)state;
    const struct os_fs *fs = os_fs_real();
    struct os_file *f = NULL;
    uint8_t bytes[8];
    size_t got = 0;
    uint64_t size = 0;
    assert_int_equal(os_open(fs, in_dir("a"), OS_READ | OS_WRITE | OS_CREATE, &f).code, OK);
    assert_int_equal(os_write_at(fs, f, 3, SLICE("abc")).code, OK);
    assert_int_equal(os_sync(fs, f).code, OK);
    assert_int_equal(os_read_at(fs, f, 0, bytes, sizeof bytes, &got).code, OK);
    assert_int_equal(got, 6);
    assert_memory_equal(bytes, "\0\0\0abc", 6);
    assert_int_equal(os_read_exactly(fs, f, 0, bytes, 7).code, E_IO);
    assert_int_equal(os_truncate(fs, f, 4).code, OK);
    assert_int_equal(os_size(fs, f, &size).code, OK);
    assert_int_equal(size, 4);
    os_close(fs, &f);
    assert_null(f);
}

static void test_a_lock_is_for_one(void **state) {
    (void)state;
    const struct os_fs *fs = os_fs_real();
    struct os_file *one = NULL;
    struct os_file *two = NULL;
    unsigned how = OS_READ | OS_WRITE | OS_CREATE | OS_LOCK;
    assert_int_equal(os_open(fs, in_dir("lock"), how, &one).code, OK);
    assert_int_equal(os_write_at(fs, one, 0, SLICE("kept")).code, OK);
    assert_int_equal(os_open(fs, in_dir("lock"), how | OS_EMPTY, &two).code, E_FILE_BUSY);
    assert_null(two);
    uint64_t size = 0;
    assert_int_equal(os_size(fs, one, &size).code, OK);
    assert_int_equal(size, 4);
    os_close(fs, &one);
    assert_int_equal(os_open(fs, in_dir("lock"), how, &two).code, OK);
    os_close(fs, &two);
}

static void test_errors_have_names(void **state) {
    (void)state;
    const struct os_fs *fs = os_fs_real();
    struct os_file *f = NULL;
    assert_int_equal(os_open(fs, in_dir("none"), OS_READ, &f).code, E_FILE_MISSING);
    assert_int_equal(os_open(fs, in_dir("new"), OS_WRITE | OS_CREATE | OS_NEW, &f).code, OK);
    os_close(fs, &f);
    assert_int_equal(os_open(fs, in_dir("new"), OS_WRITE | OS_CREATE | OS_NEW, &f).code,
                     E_FILE_EXISTS);
    assert_int_equal(os_mkdir(fs, in_dir("new"), false).code, E_FILE_EXISTS);
    assert_int_equal(os_remove(fs, in_dir("none")).code, E_FILE_MISSING);
    char endless[OS_PATH_MAX + 1];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = 0;
    assert_int_equal(os_open(fs, endless, OS_READ, &f).code, E_TOO_LARGE);
}

static void test_a_file_is_replaced_whole(void **state) {
    (void)state;
    const struct os_fs *fs = os_fs_real();
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 16);
    assert_int_equal(os_replace_file(fs, dir, "r", 0, SLICE("first")).code, OK);
    assert_int_equal(os_replace_file(fs, dir, "r", 0, SLICE("2nd")).code, OK);
    assert_int_equal(os_read_file(fs, in_dir("r"), &b).code, OK);
    assert_true(slice_eq(buf_slice(&b), SLICE("2nd")));
    bool exists = true;
    assert_int_equal(os_exists(fs, in_dir("r.new"), &exists).code, OK);
    assert_false(exists);
    assert_int_equal(os_exists(fs, dir, &exists).code, OK);
    assert_true(exists);
    assert_int_equal(os_replace_file(fs, dir, "r", 0, SLICE("more than sixteen")).code, OK);
    buf_clear(&b);
    assert_int_equal(os_read_file(fs, in_dir("r"), &b).code, E_TOO_LARGE);
}

static void test_a_fresh_file_holds_what_was_written(void **state) {
    (void)state;
    const struct os_fs *fs = os_fs_real();
    struct os_file *f = NULL;
    uint8_t bytes[4];
    assert_int_equal(os_replace_file(fs, dir, "fresh", OS_PUBLIC, SLICE("text")).code, OK);
    unsigned how = OS_READ | OS_WRITE | OS_LOCK | OS_FRESH;
    assert_int_equal(os_open(fs, in_dir("fresh"), how, &f).code, OK);
    assert_int_equal(os_read_exactly(fs, f, 0, bytes, sizeof bytes).code, OK);
    assert_memory_equal(bytes, "text", sizeof bytes);
    os_close(fs, &f);
    assert_int_equal(os_sync_all(fs, dir).code, OK);
}

static void test_a_fake_clock_stands_still(void **state) {
    (void)state;
    struct os_fake_clock fake = {.now_ms = 1000};
    struct os_clock clock = os_clock_fake(&fake);
    fake.now_ms += 60 * 1000;
    assert_int_equal(os_now_ms(&clock), 61000);
    struct os_clock real = os_clock_real();
    assert_true(os_now_ms(&real) > INT64_C(1700000000000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_a_lock_is_for_one),
        cmocka_unit_test(test_errors_have_names),
        cmocka_unit_test(test_a_file_is_replaced_whole),
        cmocka_unit_test(test_a_fresh_file_holds_what_was_written),
        cmocka_unit_test(test_a_fake_clock_stands_still),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
