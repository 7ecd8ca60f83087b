/* seal: blobs are read from anywhere, and only as what they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "faulty.h"
#include "power.h"
#include "seal/blob.h"
#include "vectors.h"

static const struct seal_place home = {.what = SEAL_BLOB, .owner = 7, .category = 2, .id = 9};
static const size_t sizes[] = {
    0, 1, BLOB_CHUNK - 1, BLOB_CHUNK, BLOB_CHUNK + 1, 2 * BLOB_CHUNK, 3 * BLOB_CHUNK + 17};

static struct seal_key key;
static struct power *power;
static const struct os_fs *fs;
static uint8_t *plain;

static int start(void **state) {
    (void)state;
    plain = malloc(4 * BLOB_CHUNK);
    for (size_t i = 0; i < 4 * BLOB_CHUNK; i++) {
        plain[i] = (uint8_t)(i * 7 + i / 251);
    }
    for (size_t i = 0; i < sizeof key.bytes; i++) {
        key.bytes[i] = (uint8_t)i;
    }
    return failed(seal_init());
}

static int finish(void **state) {
    (void)state;
    free(plain);
    return 0;
}

static int fresh(void **state) {
    (void)state;
    power = power_new(1);
    fs = power_fs(power);
    return 0;
}

static int clear(void **state) {
    (void)state;
    power_free(&power);
    return 0;
}

static struct status write_blob(const struct os_fs *on, const char *path,
                                const struct seal_place *place, size_t size, size_t step) {
    struct blob_writer w;
    uint64_t written = 0;
    TRY(blob_writer_begin(&w, on, path, &key, place));
    struct status s = STATUS_OK;
    for (size_t at = 0; at < size && !failed(s); at += step) {
        s = blob_writer_add(&w, slice_of(plain + at, size - at < step ? size - at : step));
    }
    if (!failed(s)) {
        s = blob_writer_end(&w, &written);
    }
    blob_writer_done(&w);
    if (!failed(s) && written != size) {
        s = FAIL(E_UNKNOWN);
    }
    return s;
}

static struct status read_blob(const struct os_fs *on, const char *path,
                               const struct seal_place *place, uint64_t at, size_t len,
                               uint8_t *to) {
    struct blob_reader r;
    TRY(blob_reader_begin(&r, on, path, &key, place));
    struct status s = blob_reader_read(&r, at, to, len);
    blob_reader_done(&r);
    return s;
}

static void test_every_size_round_trips(void **state) {
    (void)state;
    uint8_t *again = malloc(4 * BLOB_CHUNK);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char path[] = "blob0";
        path[4] = (char)('0' + i);
        assert_int_equal(write_blob(fs, path, &home, sizes[i], 10000).code, OK);
        assert_int_equal(read_blob(fs, path, &home, 0, sizes[i], again).code, OK);
        assert_memory_equal(plain, again, sizes[i]);
        assert_int_equal(read_blob(fs, path, &home, 0, sizes[i] + 1, again).code, E_RANGE);
        uint64_t back = 0;
        assert_int_equal(blob_plain_size(blob_sealed_size(sizes[i]), &back).code, OK);
        assert_int_equal(back, sizes[i]);
    }
    free(again);
}

static void test_reads_from_any_offset(void **state) {
    (void)state;
    enum { SIZE = 3 * BLOB_CHUNK + 17 };
    struct blob_reader r;
    uint8_t *got = malloc(SIZE);
    assert_int_equal(write_blob(fs, "b", &home, SIZE, SIZE).code, OK);
    assert_int_equal(blob_reader_begin(&r, fs, "b", &key, &home).code, OK);
    for (uint64_t at = 0; at < SIZE; at += 7919) {
        size_t len = (size_t)(at * 31 % (SIZE - at));
        assert_int_equal(blob_reader_read(&r, at, got, len).code, OK);
        assert_memory_equal(plain + at, got, len);
    }
    assert_int_equal(blob_reader_read(&r, UINT64_MAX, got, 2).code, E_RANGE);
    blob_reader_done(&r);
    free(got);
}

static void expect_refused(const char *path, const struct seal_place *place) {
    uint8_t byte;
    struct status s = read_blob(fs, path, place, 0, 1, &byte);
    assert_true(s.code == E_SEAL_OPEN || s.code == E_BLOB_TRUNCATED);
}

static void copy_file(const char *from, const char *to, size_t keep, struct buf *content) {
    struct os_file *f = NULL;
    buf_clear(content);
    assert_int_equal(os_read_file(fs, from, content).code, OK);
    assert_int_equal(os_open(fs, to, OS_WRITE | OS_CREATE | OS_EMPTY, &f).code, OK);
    assert_int_equal(os_write_at(fs, f, 0, slice_sub(buf_slice(content), 0, keep)).code, OK);
    os_close(fs, &f);
}

static void test_cut_anywhere_is_noticed(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 1 << 20);
    assert_int_equal(write_blob(fs, "b", &home, 2 * BLOB_CHUNK + 5, 4096).code, OK);
    size_t whole = (size_t)blob_sealed_size(2 * BLOB_CHUNK + 5);
    size_t cuts[] = {0,
                     7,
                     8,
                     47,
                     48,
                     49,
                     BLOB_HEADER_LEN + BLOB_SEALED_CHUNK,
                     BLOB_HEADER_LEN + 2 * BLOB_SEALED_CHUNK,
                     whole - 45,
                     whole - 1};
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        copy_file("b", "cut", cuts[i], &b);
        expect_refused("cut", &home);
    }
    copy_file("b", "cut", whole, &b);
    uint8_t byte;
    assert_int_equal(read_blob(fs, "cut", &home, 0, 1, &byte).code, OK);
}

static void test_reordered_and_mixed_is_noticed(void **state) {
    (void)state;
    struct buf a CLEANUP(buf_done);
    struct buf b CLEANUP(buf_done);
    struct seal_place other = home;
    struct os_file *f = NULL;
    uint8_t byte;
    other.id = 10;
    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    assert_int_equal(write_blob(fs, "a", &home, 3 * BLOB_CHUNK, 9999).code, OK);
    assert_int_equal(write_blob(fs, "b", &other, 3 * BLOB_CHUNK, 9999).code, OK);
    assert_int_equal(os_read_file(fs, "a", &a).code, OK);
    assert_int_equal(os_read_file(fs, "b", &b).code, OK);
    struct slice second =
        slice_sub(buf_slice(&a), BLOB_HEADER_LEN + BLOB_SEALED_CHUNK, BLOB_SEALED_CHUNK);
    struct slice foreign = slice_sub(buf_slice(&b), BLOB_HEADER_LEN, BLOB_SEALED_CHUNK);
    assert_int_equal(os_open(fs, "a", OS_WRITE, &f).code, OK);
    assert_int_equal(os_write_at(fs, f, BLOB_HEADER_LEN, second).code, OK);
    assert_int_equal(read_blob(fs, "a", &home, 0, 1, &byte).code, E_SEAL_OPEN);
    assert_int_equal(read_blob(fs, "a", &home, BLOB_CHUNK, 1, &byte).code, OK);
    assert_int_equal(os_write_at(fs, f, BLOB_HEADER_LEN, foreign).code, OK);
    assert_int_equal(read_blob(fs, "a", &home, 0, 1, &byte).code, E_SEAL_OPEN);
    os_close(fs, &f);
}

static void test_moved_does_not_open(void **state) {
    (void)state;
    struct seal_place moved[] = {home, home, home};
    moved[0].owner++;
    moved[1].category++;
    moved[2].id++;
    assert_int_equal(write_blob(fs, "b", &home, 100, 100).code, OK);
    for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
        expect_refused("b", &moved[i]);
    }
}

static void test_vector_opens(void **state) {
    (void)state;
    struct buf sealed CLEANUP(buf_done);
    uint8_t got[16];
    buf_init(&sealed, 4096);
    vector_get("seal.txt", "blob.last", &sealed);
    assert_int_equal(blob_chunk_open(&key, &home, 1, true, buf_slice(&sealed), got).code, OK);
    assert_memory_equal(got, "the end", 7);
    assert_int_equal(blob_chunk_open(&key, &home, 1, false, buf_slice(&sealed), got).code,
                     E_SEAL_OPEN);
    assert_int_equal(blob_chunk_open(&key, &home, 0, true, buf_slice(&sealed), got).code,
                     E_SEAL_OPEN);
}

/* Whatever fails, an error comes back, nothing leaks, and no half blob passes for a whole one. */
static void test_every_failure_is_an_error(void **state) {
    (void)state;
    struct faulty faulty;
    uint8_t byte;
    faulty_init(&faulty, fs);
    for (uint64_t n = 1;; n++) {
        faulty_fail_at(&faulty, n, n % 2 == 0);
        struct status s = write_blob(&faulty.fs, "b", &home, 2 * BLOB_CHUNK + 1, 30000);
        if (!failed(s)) {
            s = read_blob(&faulty.fs, "b", &home, BLOB_CHUNK, 1, &byte);
        }
        faulty_fail_at(&faulty, 0, false);
        bool done = !failed(s);
        struct status removed = os_remove(fs, "b");
        assert_true(removed.code == OK || removed.code == E_FILE_MISSING);
        if (done) {
            assert_true(n > 5);
            break;
        }
    }
    for (uint64_t n = 1; n <= 4; n++) {
        mem_fail_at(n, false);
        struct status s = write_blob(fs, "b", &home, 10, 10);
        if (!failed(s)) {
            s = read_blob(fs, "b", &home, 0, 1, &byte);
        }
        mem_fail_at(0, false);
        assert_int_equal(s.code, E_MEMORY);
        struct status removed = os_remove(fs, "b");
        assert_true(removed.code == OK || removed.code == E_FILE_MISSING);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_size_round_trips, fresh, clear),
        cmocka_unit_test_setup_teardown(test_reads_from_any_offset, fresh, clear),
        cmocka_unit_test_setup_teardown(test_cut_anywhere_is_noticed, fresh, clear),
        cmocka_unit_test_setup_teardown(test_reordered_and_mixed_is_noticed, fresh, clear),
        cmocka_unit_test_setup_teardown(test_moved_does_not_open, fresh, clear),
        cmocka_unit_test_setup_teardown(test_vector_opens, fresh, clear),
        cmocka_unit_test_setup_teardown(test_every_failure_is_an_error, fresh, clear),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
