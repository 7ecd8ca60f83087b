/* What every store must keep: run against the one behind store.h. A second store is another open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/store.h"

#define ASSERT_OK(expr)      assert_int_equal((expr).code, OK)
#define ASSERT_IS(expr, err) assert_int_equal((expr).code, (err))

struct bench {
    char dir[64];
    char path[96];
    struct store *s;
};

static void reopen(struct bench *b) {
    store_close(&b->s);
    struct store_options options = {.path = b->path, .cache_bytes = 1 << 20};
    ASSERT_OK(store_open(&options, &b->s));
}

static int begin(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    strcpy(b->dir, "/tmp/ward-store-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->path, sizeof b->path, "%s/store.db", b->dir);
    ASSERT_OK(store_init());
    reopen(b);
    *state = b;
    return 0;
}

static int end(void **state) {
    struct bench *b = *state;
    char command[128];
    store_close(&b->s);
    const char *names[] = {"store.db", "store.db-wal", "store.db-shm", "store.db-wal-mark",
                           "copy.db"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(command, sizeof command, "%s/%s", b->dir, names[i]);
        unlink(command);
    }
    rmdir(b->dir);
    free(b);
    return 0;
}

static void put(struct store *s, uint64_t owner, uint64_t id, const char *text) {
    ASSERT_OK(store_put(s, STORE_RECORDS, owner, id, slice_str(text)));
}

static void assert_row(struct store *s, uint64_t owner, uint64_t id, const char *text) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 4096);
    ASSERT_OK(store_get(s, STORE_RECORDS, owner, id, &b));
    assert_true(slice_eq(buf_slice(&b), slice_str(text)));
}

static void assert_missing(struct store *s, uint64_t owner, uint64_t id) {
    struct slice bytes;
    ASSERT_IS(store_view(s, STORE_RECORDS, owner, id, &bytes), E_STORE_MISSING);
}

static void rows_are_kept_and_replaced(void **state) {
    struct bench *b = *state;
    ASSERT_OK(store_begin(b->s));
    put(b->s, 7, 1, "first");
    put(b->s, 7, 1, "second");
    put(b->s, 7, 2, "");
    put(b->s, INT64_MAX, INT64_MAX, "far");
    ASSERT_OK(store_commit(b->s));
    reopen(b);
    assert_row(b->s, 7, 1, "second");
    assert_row(b->s, 7, 2, "");
    assert_row(b->s, INT64_MAX, INT64_MAX, "far");
    assert_missing(b->s, 7, 3);
    struct slice bytes;
    ASSERT_IS(store_view(b->s, STORE_SUBJECTS, 7, 1, &bytes), E_STORE_MISSING);
    ASSERT_IS(store_put(b->s, STORE_RECORDS, (uint64_t)INT64_MAX + 1, 1, SLICE("x")), E_NUMBER);
}

static void a_rollback_leaves_nothing(void **state) {
    struct bench *b = *state;
    put(b->s, 1, 1, "stays");
    ASSERT_OK(store_begin(b->s));
    put(b->s, 1, 1, "goes");
    put(b->s, 1, 2, "goes");
    store_rollback(b->s);
    assert_row(b->s, 1, 1, "stays");
    assert_missing(b->s, 1, 2);
    ASSERT_OK(store_begin(b->s));
    put(b->s, 1, 3, "not committed");
    reopen(b);
    assert_missing(b->s, 1, 3);
}

static void a_part_is_undone_alone(void **state) {
    struct bench *b = *state;
    ASSERT_OK(store_begin(b->s));
    put(b->s, 1, 1, "one");
    ASSERT_OK(store_part_begin(b->s));
    put(b->s, 1, 1, "changed");
    put(b->s, 1, 2, "two");
    ASSERT_OK(store_part_undo(b->s));
    ASSERT_OK(store_part_begin(b->s));
    put(b->s, 1, 3, "three");
    ASSERT_OK(store_part_end(b->s));
    ASSERT_OK(store_commit(b->s));
    assert_row(b->s, 1, 1, "one");
    assert_missing(b->s, 1, 2);
    assert_row(b->s, 1, 3, "three");
}

struct seen {
    uint64_t owners[16];
    uint64_t ids[16];
    size_t count;
    size_t fail_at;
};

static struct status see(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct seen *seen = arg;
    (void)bytes;
    seen->owners[seen->count] = owner;
    seen->ids[seen->count++] = id;
    return seen->count == seen->fail_at ? FAIL(E_HELD) : STATUS_OK;
}

static void walks_are_in_order(void **state) {
    struct bench *b = *state;
    put(b->s, 2, 9, "");
    put(b->s, 1, 5, "");
    put(b->s, 2, 3, "");
    put(b->s, 1, 500, "");
    struct seen one = {.count = 0};
    ASSERT_OK(store_each(b->s, STORE_RECORDS, 1, 5, see, &one));
    assert_int_equal(one.count, 2);
    assert_int_equal(one.ids[0], 5);
    assert_int_equal(one.ids[1], 500);
    struct seen all = {.count = 0};
    ASSERT_OK(store_scan(b->s, STORE_RECORDS, 0, see, &all));
    assert_int_equal(all.count, 4);
    assert_int_equal(all.owners[2], 2);
    assert_int_equal(all.ids[2], 3);
    struct seen ended = {.fail_at = 2};
    ASSERT_IS(store_scan(b->s, STORE_RECORDS, 0, see, &ended), E_HELD);
    assert_int_equal(ended.count, 2);
    struct seen later = {.count = 0};
    ASSERT_OK(store_scan(b->s, STORE_RECORDS, 2, see, &later));
    assert_int_equal(later.count, 2);
}

struct nested {
    struct store *s;
    size_t inner;
};

static struct status count_one(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    (void)owner;
    (void)id;
    (void)bytes;
    ++*(size_t *)arg;
    return STATUS_OK;
}

static void the_last_below_is_found(void **state) {
    struct bench *b = *state;
    uint64_t id = 77;
    put(b->s, 1, 0, "growing");
    put(b->s, 1, 4, "four");
    put(b->s, 1, 9, "nine");
    put(b->s, 2, 5, "another's");
    ASSERT_OK(store_last(b->s, STORE_RECORDS, 1, INT64_MAX, &id));
    assert_int_equal(id, 9);
    ASSERT_OK(store_last(b->s, STORE_RECORDS, 1, 9, &id));
    assert_int_equal(id, 4);
    ASSERT_OK(store_last(b->s, STORE_RECORDS, 1, 4, &id));
    assert_int_equal(id, 0);
    ASSERT_IS(store_last(b->s, STORE_RECORDS, 1, 0, &id), E_STORE_MISSING);
    ASSERT_IS(store_last(b->s, STORE_RECORDS, 3, 9, &id), E_STORE_MISSING);
    ASSERT_IS(store_last(b->s, STORE_RECORDS, 1, (uint64_t)INT64_MAX + 1, &id), E_NUMBER);
    assert_int_equal(id, 0);
}

static struct status walk_within(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct nested *nested = arg;
    (void)owner;
    (void)id;
    (void)bytes;
    return store_scan(nested->s, STORE_RECORDS, 0, count_one, &nested->inner);
}

static void walks_may_nest(void **state) {
    struct bench *b = *state;
    put(b->s, 1, 1, "");
    put(b->s, 1, 2, "");
    put(b->s, 2, 1, "");
    struct nested nested = {.s = b->s};
    ASSERT_OK(store_scan(b->s, STORE_RECORDS, 0, walk_within, &nested));
    assert_int_equal(nested.inner, 9);
}

static void deletes_take_what_they_name(void **state) {
    struct bench *b = *state;
    for (uint64_t id = 1; id <= 5; id++) {
        put(b->s, 1, id, "a");
        put(b->s, 2, id, "b");
    }
    ASSERT_OK(store_delete(b->s, STORE_RECORDS, 1, 2));
    ASSERT_OK(store_delete(b->s, STORE_RECORDS, 1, 99));
    ASSERT_OK(store_delete_range(b->s, STORE_RECORDS, 1, 4, UINT64_MAX));
    ASSERT_OK(store_delete_owner(b->s, STORE_RECORDS, 2));
    struct seen left = {.count = 0};
    ASSERT_OK(store_scan(b->s, STORE_RECORDS, 0, see, &left));
    assert_int_equal(left.count, 2);
    assert_int_equal(left.ids[0], 1);
    assert_int_equal(left.ids[1], 3);
}

static uint64_t file_bytes(const char *path) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long bytes = ftell(f);
    fclose(f);
    return (uint64_t)bytes;
}

static void space_of_what_is_gone_goes_back(void **state) {
    struct bench *b = *state;
    static uint8_t row[100000];
    ASSERT_OK(store_begin(b->s));
    for (uint64_t id = 1; id <= 50; id++) {
        ASSERT_OK(store_put(b->s, STORE_RECORDS, 1, id, slice_of(row, sizeof row)));
    }
    ASSERT_OK(store_put(b->s, STORE_KEYS, 1, 1, SLICE("stays")));
    ASSERT_OK(store_commit(b->s));
    ASSERT_OK(store_settle(b->s));
    uint64_t full = file_bytes(b->path);
    assert_true(full > 50 * sizeof row);
    ASSERT_OK(store_delete_owner(b->s, STORE_RECORDS, 1));
    ASSERT_OK(store_trim(b->s, 100));
    ASSERT_OK(store_settle(b->s));
    uint64_t less = file_bytes(b->path);
    assert_true(less < full && less > full / 2);
    ASSERT_OK(store_trim(b->s, 0));
    ASSERT_OK(store_settle(b->s));
    assert_true(file_bytes(b->path) < full / 10);
    struct slice bytes;
    ASSERT_OK(store_view(b->s, STORE_KEYS, 1, 1, &bytes));
    assert_true(slice_eq(bytes, SLICE("stays")));
    ASSERT_OK(store_check(b->s));
}

static void a_foreign_file_is_refused(void **state) {
    struct bench *b = *state;
    store_close(&b->s);
    FILE *f = fopen(b->path, "wb");
    fputs("this is somebody's letter, and no store of anybody at all, not even a small one", f);
    fclose(f);
    struct store_options options = {.path = b->path};
    ASSERT_IS(store_open(&options, &b->s), E_STORE_FOREIGN);
    assert_null(b->s);
}

static void a_second_process_is_refused(void **state) {
    struct bench *b = *state;
    put(b->s, 1, 1, "here");
    struct store *other = NULL;
    struct store_options options = {.path = b->path};
    ASSERT_IS(store_open(&options, &other), E_STORE_BUSY);
    assert_row(b->s, 1, 1, "here");
}

static void a_missing_store_is_not_made_unless_asked(void **state) {
    struct bench *b = *state;
    struct store *other = NULL;
    struct store_options options = {.path = "/tmp/ward-no-such-dir/x.db", .must_exist = true};
    assert_true(failed(store_open(&options, &other)));
    assert_null(other);
    (void)b;
}

static bool file_holds(const char *path, const char *needle) {
    struct stat info;
    if (stat(path, &info) != 0) {
        return false;
    }
    char *text = malloc((size_t)info.st_size + 1);
    FILE *f = fopen(path, "rb");
    size_t len = fread(text, 1, (size_t)info.st_size, f);
    fclose(f);
    bool found = memmem(text, len, needle, strlen(needle)) != NULL;
    free(text);
    return found;
}

static void freed_pages_are_wiped(void **state) {
    struct bench *b = *state;
    char big[9000];
    memset(big, 'x', sizeof big);
    memcpy(big + 5000, "CANARY-IN-PAGE", 14);
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", b->path);
    ASSERT_OK(store_put(b->s, STORE_RECORDS, 1, 1, slice_of(big, sizeof big)));
    ASSERT_OK(store_settle(b->s));
    assert_true(file_holds(b->path, "CANARY-IN-PAGE"));
    ASSERT_OK(store_delete(b->s, STORE_RECORDS, 1, 1));
    ASSERT_OK(store_settle(b->s));
    assert_false(file_holds(b->path, "CANARY-IN-PAGE"));
    assert_false(file_holds(wal, "CANARY-IN-PAGE"));
}

static void a_copy_is_whole_and_apart(void **state) {
    struct bench *b = *state;
    for (uint64_t id = 1; id < 500; id++) {
        put(b->s, id % 7, id, "row");
    }
    char copy[128];
    snprintf(copy, sizeof copy, "%s/copy.db", b->dir);
    ASSERT_OK(store_copy(b->s, copy));
    put(b->s, 1, 9999, "later");
    struct store *other = NULL;
    struct store_options options = {.path = copy, .must_exist = true};
    ASSERT_OK(store_open(&options, &other));
    assert_row(other, 3, 3, "row");
    assert_missing(other, 1, 9999);
    ASSERT_OK(store_check(other));
    store_close(&other);
}

/* A file's bytes, to be put back after each harm. */
struct image {
    char path[128];
    uint8_t *bytes;
    size_t len;
};

static struct image take(const struct bench *b, const char *after) {
    struct image i;
    struct stat info;
    snprintf(i.path, sizeof i.path, "%s%s", b->path, after);
    assert_int_equal(stat(i.path, &info), 0);
    i.len = (size_t)info.st_size;
    i.bytes = malloc(i.len + 1);
    FILE *f = fopen(i.path, "rb");
    assert_int_equal(fread(i.bytes, 1, i.len, f), i.len);
    fclose(f);
    return i;
}

static void lay(const struct image *i) {
    FILE *f = fopen(i->path, "wb");
    assert_int_equal(fwrite(i->bytes, 1, i->len, f), i->len);
    fclose(f);
}

static void drop(struct image *i) {
    free(i->bytes);
}

enum { MANY = 400 };
static const char row_text[] = "a row of some length, so that there are many pages of them";

static void put_many(struct bench *b) {
    ASSERT_OK(store_begin(b->s));
    for (uint64_t id = 1; id <= MANY; id++) {
        put(b->s, id, id, row_text);
    }
    ASSERT_OK(store_commit(b->s));
}

/* Every row as it was, or a refusal: never one less, never other words. */
static bool all_there_or_refused(struct bench *b) {
    struct store_options options = {.path = b->path};
    struct status status = store_open(&options, &b->s);
    struct buf row CLEANUP(buf_done);
    buf_init(&row, 4096);
    for (uint64_t id = 1; id <= MANY && !failed(status); id++) {
        buf_clear(&row);
        status = store_get(b->s, STORE_RECORDS, id, id, &row);
        assert_true(failed(status) || slice_eq(buf_slice(&row), slice_str(row_text)));
    }
    store_close(&b->s);
    if (failed(status)) {
        ASSERT_IS(status, E_STORE_CORRUPT);
    }
    return !failed(status);
}

static void flipped_pages_are_noticed(void **state) {
    struct bench *b = *state;
    put_many(b);
    ASSERT_OK(store_settle(b->s));
    store_close(&b->s);
    struct image whole = take(b, "");
    size_t noticed = 0;
    for (size_t at = 0; at < whole.len; at += at < 4096 ? 3 : 61) {
        whole.bytes[at] ^= (uint8_t)(1u << at % 8);
        lay(&whole);
        noticed += !all_there_or_refused(b);
        whole.bytes[at] ^= (uint8_t)(1u << at % 8);
    }
    assert_true(noticed > 100);
    lay(&whole);
    assert_true(all_there_or_refused(b));
    drop(&whole);
}

/* What SQLite alone does not see: leaf pages that say that they have fewer rows. */
static void a_leaf_does_not_lose_rows(void **state) {
    struct bench *b = *state;
    put_many(b);
    ASSERT_OK(store_settle(b->s));
    store_close(&b->s);
    struct image whole = take(b, "");
    size_t leaves = 0;
    for (size_t page = 4096; page < whole.len; page += 4096) {
        uint8_t *count = whole.bytes + page + 4;
        if (whole.bytes[page] != 10 || *count == 0) {
            continue;
        }
        uint8_t was = *count;
        *count &= (uint8_t)(*count - 1);
        lay(&whole);
        assert_false(all_there_or_refused(b));
        *count = was;
        leaves++;
    }
    assert_true(leaves > 5);
    lay(&whole);
    drop(&whole);
}

static void pages_keep_their_places(void **state) {
    struct bench *b = *state;
    put_many(b);
    ASSERT_OK(store_settle(b->s));
    store_close(&b->s);
    struct image whole = take(b, "");
    uint8_t *last = whole.bytes + whole.len - 4096;
    memcpy(last, last - 4096, 4096);
    lay(&whole);
    assert_false(all_there_or_refused(b));
    whole.len -= 4096;
    lay(&whole);
    assert_false(all_there_or_refused(b)); /* cut off */
    drop(&whole);
}

/* The store as a killed process leaves it, with `rows` committed one by one. */
static void leave_unclean(struct bench *b, struct image *data, struct image *log,
                          struct image *mark) {
    put_many(b);
    ASSERT_OK(store_settle(b->s));
    for (uint64_t id = 1; id <= 5; id++) {
        put(b->s, MANY + id, 1, "committed");
    }
    *data = take(b, "");
    *log = take(b, "-wal");
    *mark = take(b, "-wal-mark");
    store_close(&b->s);
}

static void lay_all(const struct image *data, const struct image *log, const struct image *mark) {
    lay(data);
    lay(log);
    lay(mark);
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
    struct store_options options = {.path = b->path};
    for (size_t at = 0; at < log.len; at += at < 64 ? 1 : 97) {
        log.bytes[at] ^= (uint8_t)(1u << at % 8);
        lay_all(&data, &log, &mark);
        ASSERT_IS(store_open(&options, &b->s), E_STORE_CORRUPT);
        ASSERT_IS(store_open(&options, &b->s), E_STORE_CORRUPT); /* the first took nothing away */
        log.bytes[at] ^= (uint8_t)(1u << at % 8);
        lay(&log);
    }
    assert_committed(b);
    drop(&data);
    drop(&log);
    drop(&mark);
}

static void a_shorter_log_is_refused(void **state) {
    struct bench *b = *state;
    struct image data;
    struct image log;
    struct image mark;
    leave_unclean(b, &data, &log, &mark);
    struct store_options options = {.path = b->path};
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
    drop(&data);
    drop(&log);
    drop(&mark);
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
    drop(&data);
    drop(&log);
    drop(&mark);
}

/* As a kill would leave it at this moment, in another place. */
static void copy_file(const struct bench *b, const char *after) {
    struct image i = take(b, after);
    snprintf(i.path, sizeof i.path, "%s/copy.db%s", b->dir, after);
    lay(&i);
    drop(&i);
}

/* The log is filled, brought into the file and begun anew, by itself and when asked; whenever the
 * process is killed, what it leaves opens. */
static void a_log_that_begins_anew_opens(void **state) {
    struct bench *b = *state;
    static char big[200000];
    char copy[128];
    memset(big, 'x', sizeof big);
    snprintf(copy, sizeof copy, "%s/copy.db", b->dir);
    for (uint64_t round = 1; round <= 200; round++) {
        ASSERT_OK(store_put(b->s, STORE_RECORDS, 1, round % 9, slice_of(big, sizeof big - round)));
        ASSERT_OK(round % 120 == 0 ? store_settle(b->s) : STATUS_OK);
        if (round % 5 != 0 && round % 120 != 1) {
            continue;
        }
        copy_file(b, "");
        copy_file(b, "-wal");
        copy_file(b, "-wal-mark");
        struct store *other = NULL;
        struct store_options options = {.path = copy, .must_exist = true};
        ASSERT_OK(store_open(&options, &other));
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
    char copy[128];
    char big[4000];
    snprintf(copy, sizeof copy, "%s/copy.db", b->dir);
    store_close(&b->s);
    struct store_options options = {.path = b->path, .cache_bytes = 64 << 10, .lazy = true};
    ASSERT_OK(store_open(&options, &b->s));
    ASSERT_OK(store_begin(b->s));
    for (int round = 0; round < 3; round++) {
        memset(big, 'a' + round, sizeof big);
        for (uint64_t id = 1; id <= 100; id++) {
            ASSERT_OK(store_put(b->s, STORE_RECORDS, id, id, slice_of(big, sizeof big)));
        }
    }
    ASSERT_OK(store_commit(b->s));
    copy_file(b, "");
    copy_file(b, "-wal");
    struct store *other = NULL;
    struct store_options again = {.path = copy, .must_exist = true};
    ASSERT_OK(store_open(&again, &other));
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

/* Each allocation fails in turn: an error or a success, never a half. */
static void allocations_may_fail(void **state) {
    struct bench *b = *state;
    put(b->s, 1, 1, "before");
    bool finished = false;
    for (uint64_t n = 1; !finished && n < 2000; n++) {
        mem_fail_at(n, false);
        struct status status = store_begin(b->s);
        if (!failed(status)) {
            status = store_put(b->s, STORE_RECORDS, 1, n + 1, SLICE("during"));
            if (failed(status)) {
                store_rollback(b->s);
            } else {
                status = store_commit(b->s);
            }
        }
        finished = mem_failures() == 0;
        mem_fail_at(0, false);
        if (failed(status)) {
            assert_int_equal(status.code, E_MEMORY);
            assert_missing(b->s, 1, n + 1);
        } else {
            assert_row(b->s, 1, n + 1, "during");
        }
        assert_row(b->s, 1, 1, "before");
    }
    assert_true(finished);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(rows_are_kept_and_replaced),
        TEST(a_rollback_leaves_nothing),
        TEST(a_part_is_undone_alone),
        TEST(walks_are_in_order),
        TEST(walks_may_nest),
        TEST(the_last_below_is_found),
        TEST(deletes_take_what_they_name),
        TEST(space_of_what_is_gone_goes_back),
        TEST(a_foreign_file_is_refused),
        TEST(a_second_process_is_refused),
        TEST(a_missing_store_is_not_made_unless_asked),
        TEST(freed_pages_are_wiped),
        TEST(a_copy_is_whole_and_apart),
        TEST(flipped_pages_are_noticed),
        TEST(a_leaf_does_not_lose_rows),
        TEST(pages_keep_their_places),
        TEST(a_flipped_log_does_not_forget),
        TEST(a_shorter_log_is_refused),
        TEST(a_torn_end_is_no_damage),
        TEST(a_log_that_begins_anew_opens),
        TEST(a_spilled_transaction_outlives_the_process),
        TEST(no_extension_is_loaded),
        TEST(allocations_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
