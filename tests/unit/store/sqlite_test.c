/* What a store of SQLite can get wrong by itself: pages, its log and the mark beside it,
 * extensions. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sqlite_kind.h"

/* What SQLite alone does not see: leaf pages that say that they have fewer rows. */
static void a_leaf_does_not_lose_rows(void **state) {
    struct bench *b = *state;
    put_many(b);
    ASSERT_OK(store_settle(b->s));
    store_close(&b->s);
    struct image whole = image_take(b->place, "");
    size_t leaves = 0;
    for (size_t page = 4096; page < whole.len; page += 4096) {
        uint8_t *count = whole.bytes + page + 4;
        if (whole.bytes[page] != 10 || *count == 0) {
            continue;
        }
        uint8_t was = *count;
        *count &= (uint8_t)(*count - 1);
        image_lay(&whole);
        assert_false(all_there_or_refused(b));
        *count = was;
        leaves++;
    }
    assert_true(leaves > 5);
    image_lay(&whole);
    image_drop(&whole);
}

static void pages_keep_their_places(void **state) {
    struct bench *b = *state;
    put_many(b);
    ASSERT_OK(store_settle(b->s));
    store_close(&b->s);
    struct image whole = image_take(b->place, "");
    uint8_t *last = whole.bytes + whole.len - 4096;
    memcpy(last, last - 4096, 4096);
    image_lay(&whole);
    assert_false(all_there_or_refused(b));
    whole.len -= 4096;
    image_lay(&whole);
    assert_false(all_there_or_refused(b)); /* cut off */
    image_drop(&whole);
}

/* The store as a killed process leaves it, with `rows` committed one by one. */
static void leave_unclean(struct bench *b, struct image *data, struct image *log,
                          struct image *mark) {
    put_many(b);
    ASSERT_OK(store_settle(b->s));
    for (uint64_t id = 1; id <= 5; id++) {
        put(b->s, MANY + id, 1, "committed");
    }
    *data = image_take(b->place, "");
    *log = image_take(b->place, "-wal");
    *mark = image_take(b->place, "-wal-mark");
    store_close(&b->s);
}

static void lay_all(const struct image *data, const struct image *log, const struct image *mark) {
    image_lay(data);
    image_lay(log);
    image_lay(mark);
}

static void assert_committed(struct bench *b) {
    reopen(b);
    for (uint64_t id = 1; id <= 5; id++) {
        assert_row(b->s, MANY + id, 1, "committed");
    }
    store_close(&b->s);
}

static void a_flipped_log_does_not_forget(void **state) {
    struct bench *b = *state;
    struct image data;
    struct image log;
    struct image mark;
    leave_unclean(b, &data, &log, &mark);
    struct store_options options = {.path = b->place};
    for (size_t at = 0; at < log.len; at += at < 64 ? 1 : 97) {
        log.bytes[at] ^= (uint8_t)(1u << at % 8);
        lay_all(&data, &log, &mark);
        ASSERT_IS(store_open(&options, &b->s), E_STORE_CORRUPT);
        ASSERT_IS(store_open(&options, &b->s), E_STORE_CORRUPT); /* the first took nothing away */
        log.bytes[at] ^= (uint8_t)(1u << at % 8);
        image_lay(&log);
    }
    assert_committed(b);
    image_drop(&data);
    image_drop(&log);
    image_drop(&mark);
}

static void a_shorter_log_is_refused(void **state) {
    struct bench *b = *state;
    struct image data;
    struct image log;
    struct image mark;
    leave_unclean(b, &data, &log, &mark);
    struct store_options options = {.path = b->place};
    size_t whole = log.len;
    for (log.len = 0; log.len < whole; log.len += 1000) {
        lay_all(&data, &log, &mark);
        ASSERT_IS(store_open(&options, &b->s), E_STORE_CORRUPT);
    }
    unlink(log.path);
    ASSERT_IS(store_open(&options, &b->s), E_STORE_CORRUPT);
    /* A mark that nobody can read takes nothing away from what is there. */
    log.len = whole;
    for (size_t at = 0; at < mark.len; at++) {
        mark.bytes[at] ^= 4;
        lay_all(&data, &log, &mark);
        assert_committed(b);
        mark.bytes[at] ^= 4;
    }
    image_drop(&data);
    image_drop(&log);
    image_drop(&mark);
}

/* What a power loss tears off the end was not synced, and no damage. */
static void a_torn_end_is_no_damage(void **state) {
    struct bench *b = *state;
    struct image data;
    struct image log;
    struct image mark;
    leave_unclean(b, &data, &log, &mark);
    size_t whole = log.len;
    log.bytes = realloc(log.bytes, whole + 9000);
    memset(log.bytes + whole, 0x5a, 9000);
    for (log.len = whole; log.len < whole + 9000; log.len += 1700) {
        lay_all(&data, &log, &mark);
        assert_committed(b);
    }
    image_drop(&data);
    image_drop(&log);
    image_drop(&mark);
}

/* The log is filled, brought into the file and begun anew, by itself and when asked; whenever the
 * process is killed, what it leaves opens. */
static void a_log_that_begins_anew_opens(void **state) {
    struct bench *b = *state;
    static char big[200000];
    memset(big, 'x', sizeof big);
    for (uint64_t round = 1; round <= 200; round++) {
        ASSERT_OK(store_put(b->s, STORE_RECORDS, 1, round % 9, slice_of(big, sizeof big - round)));
        ASSERT_OK(round % 120 == 0 ? store_settle(b->s) : STATUS_OK);
        if (round % 5 != 0 && round % 120 != 1) {
            continue;
        }
        store_kind.copy_as_killed(b->place, b->beside);
        struct store *other = open_beside(b);
        struct slice row;
        ASSERT_OK(store_view(other, STORE_RECORDS, 1, round % 9, &row));
        assert_int_equal(row.len, sizeof big - round);
        store_close(&other);
    }
}

/* A transaction larger than the cache is written twice in places; what a killed process leaves of
 * it is whole, with and without a sync. */
static void a_spilled_transaction_outlives_the_process(void **state) {
    struct bench *b = *state;
    char big[4000];
    store_close(&b->s);
    struct store_options options = {.path = b->place, .cache_bytes = 64 << 10, .lazy = true};
    ASSERT_OK(store_open(&options, &b->s));
    ASSERT_OK(store_begin(b->s));
    for (int round = 0; round < 3; round++) {
        memset(big, 'a' + round, sizeof big);
        for (uint64_t id = 1; id <= 100; id++) {
            ASSERT_OK(store_put(b->s, STORE_RECORDS, id, id, slice_of(big, sizeof big)));
        }
    }
    ASSERT_OK(store_commit(b->s));
    store_kind.copy_as_killed(b->place, b->beside);
    struct store *other = open_beside(b);
    for (uint64_t id = 1; id <= 100; id++) {
        struct slice row;
        ASSERT_OK(store_view(other, STORE_RECORDS, id, id, &row));
        assert_true(slice_eq(row, slice_of(big, sizeof big)));
    }
    store_close(&other);
}

static sqlite3 *opened_last;

static int note_opened(sqlite3 *db, const char **error, const struct sqlite3_api_routines *api) {
    (void)error;
    (void)api;
    opened_last = db;
    return SQLITE_OK;
}

/* What the disk did not keep is noticed before anybody relies on it. */
static void a_copy_that_does_not_read_back_is_refused(void **state) {
    struct bench *b = *state;
    put_many(b);
    struct store_copy *copy = NULL;
    ASSERT_OK(store_copy_begin(b->s, b->beside, &copy));
    bool done = false;
    uint64_t bytes = 0;
    while (!done) {
        ASSERT_OK(store_copy_step(copy, &bytes, &done));
    }
    ASSERT_OK(store_copy_finish(copy, &done));
    assert_true(done);
    FILE *f = fopen(b->beside, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -2048, SEEK_END), 0);
    assert_int_equal(fputc('!', f), '!');
    assert_int_equal(fclose(f), 0);
    struct status status = STATUS_OK;
    for (done = false; !done && !failed(status);) {
        status = store_copy_check(copy, &done);
    }
    ASSERT_IS(status, E_STORE_CORRUPT);
    store_copy_end(&copy);
    put(b->s, 1, 9999, "goes on");
}

static void no_extension_is_loaded(void **state) {
    struct bench *b = *state;
    store_close(&b->s);
    sqlite3_auto_extension((void (*)(void))note_opened);
    reopen(b);
    sqlite3_cancel_auto_extension((void (*)(void))note_opened);
    int on = 1;
    assert_int_equal(sqlite3_db_config(opened_last, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1, &on),
                     SQLITE_OK);
    assert_int_equal(on, 0);
    char *error = NULL;
    assert_int_equal(
        sqlite3_exec(opened_last, "SELECT load_extension('libm.so.6', 'cos')", NULL, NULL, &error),
        SQLITE_ERROR);
    assert_string_equal(error, "not authorized");
    sqlite3_free(error);
    error = NULL;
    assert_int_equal(sqlite3_load_extension(opened_last, "libm.so.6", "cos", &error), SQLITE_ERROR);
    assert_string_equal(error, "not authorized");
    sqlite3_free(error);
    /* Were it allowed, there would still be none to find. */
    sqlite3_db_config(opened_last, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, &on);
    assert_int_equal(sqlite3_load_extension(opened_last, "libm.so.6", "cos", &error), SQLITE_ERROR);
    sqlite3_free(error);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_leaf_does_not_lose_rows),
        TEST(pages_keep_their_places),
        TEST(a_flipped_log_does_not_forget),
        TEST(a_shorter_log_is_refused),
        TEST(a_torn_end_is_no_damage),
        TEST(a_log_that_begins_anew_opens),
        TEST(a_spilled_transaction_outlives_the_process),
        TEST(a_copy_that_does_not_read_back_is_refused),
        TEST(no_extension_is_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
