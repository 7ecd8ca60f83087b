/* tests/support: the layer that loses power keeps what was synced and nothing else for sure; and
 * loses the rest in every way that it says. A kinder layer would let every other test pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "faulty.h"
#include "power.h"

enum { SEEDS = 200 };

static void put(const struct os_fs *fs, const char *path, uint64_t at, struct slice bytes,
                bool sync) {
    struct os_file *f = NULL;
    assert_int_equal(os_open(fs, path, OS_READ | OS_WRITE | OS_CREATE, &f).code, OK);
    assert_int_equal(os_write_at(fs, f, at, bytes).code, OK);
    if (sync) {
        assert_int_equal(os_sync(fs, f).code, OK);
    }
    os_close(fs, &f);
}

static void get(const struct os_fs *fs, const char *path, struct buf *b) {
    buf_clear(b);
    assert_int_equal(os_read_file(fs, path, b).code, OK);
}

static bool there(const struct os_fs *fs, const char *path) {
    bool exists = false;
    assert_int_equal(os_exists(fs, path, &exists).code, OK);
    return exists;
}

static void test_synced_is_kept(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct buf b CLEANUP(buf_done);
        struct power *power = power_new(seed);
        buf_init(&b, 4096);
        put(power_fs(power), "a", 0, SLICE("kept"), true);
        assert_int_equal(os_sync_dir(power_fs(power), ".").code, OK);
        power_restart(power);
        get(power_fs(power), "a", &b);
        assert_true(slice_eq(buf_slice(&b), SLICE("kept")));
        power_free(&power);
    }
}

/* Two writes of two sectors each: whole, absent, torn, and the second without the first all come
 * up. */
static void test_unsynced_is_lost_in_every_way(void **state) {
    (void)state;
    static uint8_t ones[1024];
    unsigned seen[16] = {0};
    memset(ones, '1', sizeof ones);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct buf b CLEANUP(buf_done);
        struct power *power = power_new(seed);
        static uint8_t zeros[2048];
        buf_init(&b, 4096);
        put(power_fs(power), "a", 0, slice_of(zeros, sizeof zeros), true);
        assert_int_equal(os_sync_dir(power_fs(power), ".").code, OK);
        put(power_fs(power), "a", 0, slice_of(ones, sizeof ones), false);
        put(power_fs(power), "a", 1024, slice_of(ones, sizeof ones), false);
        power_restart(power);
        get(power_fs(power), "a", &b);
        assert_int_equal(b.len, 2048);
        unsigned sectors = 0;
        for (unsigned i = 0; i < 4; i++) {
            sectors |= b.ptr[512 * i] == '1' ? 1u << i : 0;
            assert_int_equal(b.ptr[512 * i], b.ptr[512 * i + 511]);
        }
        seen[sectors]++;
        power_free(&power);
    }
    assert_true(seen[0] > 0 && seen[15] > 0);
    assert_true(seen[3] > 0 && seen[12] > 0);
    assert_true(seen[1] + seen[2] + seen[4] + seen[8] > 0);
}

static void test_names_need_their_directory(void **state) {
    (void)state;
    unsigned born = 0;
    unsigned renamed = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct power *power = power_new(seed);
        const struct os_fs *fs = power_fs(power);
        put(fs, "a", 0, SLICE("x"), true);
        assert_int_equal(os_rename(fs, "a", "b").code, OK);
        assert_true(there(fs, "b"));
        power_restart(power);
        /* Names keep their order: never both, and the new one only after the old. */
        assert_false(there(fs, "a") && there(fs, "b"));
        born += there(fs, "a");
        renamed += there(fs, "b");
        power_free(&power);
    }
    assert_true(born > 0 && renamed > 0 && born + renamed < SEEDS);
}

static void test_nothing_works_without_power(void **state) {
    (void)state;
    struct power *power = power_new(1);
    const struct os_fs *fs = power_fs(power);
    struct os_file *f = NULL;
    put(fs, "a", 0, SLICE("x"), false);
    power_cut_at(power, 2);
    assert_int_equal(os_sync_dir(fs, ".").code, OK);
    assert_int_equal(os_sync_dir(fs, ".").code, E_IO);
    assert_true(power_is_cut(power));
    assert_int_equal(os_open(fs, "a", OS_READ, &f).code, E_IO);
    assert_int_equal(os_remove(fs, "a").code, E_IO);
    power_restart(power);
    assert_int_equal(os_open(fs, "a", OS_READ, &f).code, OK);
    os_close(fs, &f);
    power_free(&power);
}

/* After a failed sync what was written can be read, and a second sync says yes; only a fresh look
 * tells the truth. */
static void test_a_failed_sync_leaves_a_ghost(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    struct power *power = power_new(1);
    const struct os_fs *fs = power_fs(power);
    struct os_file *f = NULL;
    uint8_t byte = 0;
    buf_init(&b, 64);
    put(fs, "a", 0, SLICE("old"), true);
    assert_int_equal(os_open(fs, "a", OS_READ | OS_WRITE, &f).code, OK);
    power_fail_sync_at(power, 1);
    assert_int_equal(os_write_at(fs, f, 0, SLICE("new")).code, OK);
    assert_int_equal(os_sync(fs, f).code, E_IO);
    assert_int_equal(os_sync(fs, f).code, OK);
    os_close(fs, &f);
    get(fs, "a", &b);
    assert_true(slice_eq(buf_slice(&b), SLICE("new")));
    assert_int_equal(os_open(fs, "a", OS_READ | OS_FRESH, &f).code, OK);
    assert_int_equal(os_read_exactly(fs, f, 0, &byte, 1).code, OK);
    assert_int_equal(byte, 'o');
    os_close(fs, &f);
    power_free(&power);
}

static void test_a_clone_has_its_own_end(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    struct power *power = power_new(1);
    buf_init(&b, 64);
    put(power_fs(power), "a", 0, SLICE("old"), true);
    struct power *twin = power_clone(power, 2);
    put(power_fs(twin), "a", 0, SLICE("new"), true);
    get(power_fs(power), "a", &b);
    assert_true(slice_eq(buf_slice(&b), SLICE("old")));
    get(power_fs(twin), "a", &b);
    assert_true(slice_eq(buf_slice(&b), SLICE("new")));
    power_free(&twin);
    power_free(&power);
}

static void test_the_chosen_call_fails(void **state) {
    (void)state;
    struct power *power = power_new(1);
    struct faulty faulty;
    faulty_init(&faulty, power_fs(power));
    for (int forever = 0; forever < 2; forever++) {
        faulty_fail_at(&faulty, 2, forever == 1);
        assert_int_equal(os_sync_dir(&faulty.fs, ".").code, OK);
        assert_int_equal(os_sync_dir(&faulty.fs, ".").code, E_IO);
        assert_int_equal(os_sync_dir(&faulty.fs, ".").code, forever == 1 ? E_IO : OK);
        assert_int_equal(faulty.failures, forever == 1 ? 2 : 1);
    }
    power_free(&power);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synced_is_kept),
        cmocka_unit_test(test_unsynced_is_lost_in_every_way),
        cmocka_unit_test(test_names_need_their_directory),
        cmocka_unit_test(test_nothing_works_without_power),
        cmocka_unit_test(test_a_failed_sync_leaves_a_ghost),
        cmocka_unit_test(test_a_clone_has_its_own_end),
        cmocka_unit_test(test_the_chosen_call_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
