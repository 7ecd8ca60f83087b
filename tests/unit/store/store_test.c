/* What every store must keep (store/store.h), whatever stands behind it: these cases see nothing
 * but the header and the table of kind.h. What one store alone can get wrong is tested beside it.
 */
#include <string.h>

#include "base/mem.h"
#include "store_bench.h"

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

static void owners_of_a_range_go_together(void **state) {
    struct bench *b = *state;
    for (uint64_t owner = 1; owner <= 6; owner++) {
        put(b->s, owner, 0, "first");
        put(b->s, owner, INT64_MAX, "last");
    }
    put(b->s, INT64_MAX, INT64_MAX, "far");
    ASSERT_OK(store_delete_owners(b->s, STORE_RECORDS, 4, 4));
    ASSERT_OK(store_delete_owners(b->s, STORE_RECORDS, 2, 4));
    ASSERT_OK(store_delete_range(b->s, STORE_RECORDS, 5, 1, UINT64_MAX));
    struct seen left = {.count = 0};
    ASSERT_OK(store_scan(b->s, STORE_RECORDS, 0, see, &left));
    static const uint64_t owners[] = {1, 1, 4, 4, 5, 6, 6, INT64_MAX};
    assert_int_equal(left.count, ARRAY_LEN(owners));
    assert_memory_equal(left.owners, owners, sizeof owners);
    ASSERT_OK(store_delete_owners(b->s, STORE_RECORDS, 2, UINT64_MAX));
    struct seen first = {.count = 0};
    ASSERT_OK(store_scan(b->s, STORE_RECORDS, 0, see, &first));
    assert_int_equal(first.count, 2);
}

static size_t rows_of(struct store *s, uint64_t owner) {
    size_t count = 0;
    ASSERT_OK(store_each(s, STORE_RECORDS, owner, 0, count_one, &count));
    return count;
}

/* Asks in every way for owners who have no row. */
static void ask_in_vain(struct store *s, uint64_t first, uint64_t below) {
    for (uint64_t owner = first; owner < below; owner++) {
        assert_int_equal(rows_of(s, owner), 0);
        assert_missing(s, owner, 1);
        ASSERT_OK(store_delete(s, STORE_RECORDS, owner, 1));
        ASSERT_OK(store_delete_owner(s, STORE_RECORDS, owner));
    }
    ASSERT_OK(store_delete_owners(s, STORE_RECORDS, first, below));
}

static void who_had_nothing_may_come(void **state) {
    struct bench *b = *state;
    put(b->s, 2, 1, "before");
    put(b->s, 8, 1, "behind");
    for (uint64_t owner = 3; owner < 8; owner++) {
        ask_in_vain(b->s, owner, 8);
        put(b->s, owner, 1, "comes");
        assert_row(b->s, owner, 1, "comes");
        assert_int_equal(rows_of(b->s, owner), 1);
        ask_in_vain(b->s, owner + 1, 8);
        assert_row(b->s, 2, 1, "before");
        assert_row(b->s, 8, 1, "behind");
    }
    ASSERT_OK(store_delete_owners(b->s, STORE_RECORDS, 3, 8));
    ask_in_vain(b->s, 3, 8);
    ask_in_vain(b->s, 9, 12);
    put(b->s, INT64_MAX, 1, "far");
    assert_row(b->s, INT64_MAX, 1, "far");
    assert_int_equal(rows_of(b->s, INT64_MAX), 1);
}

/* What a walk from the middle of an owner's rows does not meet may stand before it. */
static void nothing_behind_is_not_nothing(void **state) {
    struct bench *b = *state;
    put(b->s, 5, 1, "here");
    size_t behind = 0;
    ASSERT_OK(store_each(b->s, STORE_RECORDS, 5, 2, count_one, &behind));
    assert_int_equal(behind, 0);
    assert_row(b->s, 5, 1, "here");
    assert_int_equal(rows_of(b->s, 5), 1);
}

static void what_is_undone_is_there_again(void **state) {
    struct bench *b = *state;
    put(b->s, 5, 1, "stays");
    ASSERT_OK(store_begin(b->s));
    ASSERT_OK(store_delete_owner(b->s, STORE_RECORDS, 5));
    ask_in_vain(b->s, 4, 7);
    store_rollback(b->s);
    assert_row(b->s, 5, 1, "stays");
    assert_int_equal(rows_of(b->s, 5), 1);
    ASSERT_OK(store_begin(b->s));
    ASSERT_OK(store_part_begin(b->s));
    ASSERT_OK(store_delete_owner(b->s, STORE_RECORDS, 5));
    ask_in_vain(b->s, 4, 7);
    ASSERT_OK(store_part_undo(b->s));
    assert_row(b->s, 5, 1, "stays");
    ASSERT_OK(store_delete_owners(b->s, STORE_RECORDS, 4, 7));
    ASSERT_OK(store_commit(b->s));
    assert_missing(b->s, 5, 1);
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
    uint64_t full = store_kind.bytes(b->place);
    assert_true(full > 50 * sizeof row);
    ASSERT_OK(store_delete_owner(b->s, STORE_RECORDS, 1));
    ASSERT_OK(store_trim(b->s, 100));
    ASSERT_OK(store_settle(b->s));
    uint64_t less = store_kind.bytes(b->place);
    assert_true(less < full && less > full / 2);
    ASSERT_OK(store_trim(b->s, 0));
    ASSERT_OK(store_settle(b->s));
    assert_true(store_kind.bytes(b->place) < full / 10);
    struct slice bytes;
    ASSERT_OK(store_view(b->s, STORE_KEYS, 1, 1, &bytes));
    assert_true(slice_eq(bytes, SLICE("stays")));
    ASSERT_OK(store_check(b->s));
}

static void what_is_no_store_is_refused(void **state) {
    struct bench *b = *state;
    store_close(&b->s);
    store_kind.spoil(b->place);
    struct store_options options = {.path = b->place};
    ASSERT_IS(store_open(&options, &b->s), E_STORE_FOREIGN);
    assert_null(b->s);
}

static void a_second_process_is_refused(void **state) {
    struct bench *b = *state;
    put(b->s, 1, 1, "here");
    struct store *other = NULL;
    struct store_options options = {.path = b->place};
    ASSERT_IS(store_open(&options, &other), E_STORE_BUSY);
    assert_row(b->s, 1, 1, "here");
}

static void a_missing_store_is_not_made_unless_asked(void **state) {
    struct bench *b = *state;
    struct store *other = NULL;
    struct store_options options = {.path = store_kind.nowhere, .must_exist = true};
    assert_true(failed(store_open(&options, &other)));
    assert_null(other);
    (void)b;
}

/* A row of more than a page, so that it stands in several. */
static void what_is_deleted_is_wiped(void **state) {
    struct bench *b = *state;
    char big[9000];
    memset(big, 'x', sizeof big);
    memcpy(big + 5000, "CANARY-IN-PAGE", 14);
    ASSERT_OK(store_put(b->s, STORE_RECORDS, 1, 1, slice_of(big, sizeof big)));
    ASSERT_OK(store_settle(b->s));
    assert_true(store_kind.holds(b->place, "CANARY-IN-PAGE"));
    ASSERT_OK(store_delete(b->s, STORE_RECORDS, 1, 1));
    ASSERT_OK(store_settle(b->s));
    assert_false(store_kind.holds(b->place, "CANARY-IN-PAGE"));
}

static void what_is_overwritten_is_wiped(void **state) {
    struct bench *b = *state;
    put(b->s, 1, 1, "CANARY-OF-BEFORE");
    ASSERT_OK(store_settle(b->s));
    assert_true(store_kind.holds(b->place, "CANARY-OF-BEFORE"));
    put(b->s, 1, 1, "after");
    ASSERT_OK(store_settle(b->s));
    assert_false(store_kind.holds(b->place, "CANARY-OF-BEFORE"));
    assert_row(b->s, 1, 1, "after");
}

static struct store_copy *begin_copy(struct bench *b) {
    struct store_copy *copy = NULL;
    ASSERT_OK(store_copy_begin(b->s, b->beside, &copy));
    return copy;
}

static void end_copy(struct store_copy **copy) {
    bool done = false;
    ASSERT_OK(store_copy_finish(*copy, &done));
    assert_true(done);
    for (done = false; !done;) {
        ASSERT_OK(store_copy_check(*copy, &done));
    }
    store_copy_end(copy);
    assert_null(*copy);
}

static void a_copy_is_whole_and_apart(void **state) {
    struct bench *b = *state;
    for (uint64_t id = 1; id < 500; id++) {
        put(b->s, id % 7, id, "row");
    }
    bool near = false;
    uint64_t bytes = 0;
    struct store_copy *copy = begin_copy(b);
    while (!near) {
        ASSERT_OK(store_copy_step(copy, &bytes, &near));
    }
    end_copy(&copy);
    put(b->s, 1, 9999, "later");
    struct store *other = open_beside(b);
    assert_row(other, 3, 3, "row");
    assert_missing(other, 1, 9999);
    ASSERT_OK(store_check(other));
    store_close(&other);
}

enum { ROUNDS = 400, ROUND_ROWS = 24, LONG = 1500 };

static void put_long(struct store *s, uint64_t owner, uint64_t id, char what) {
    char text[LONG];
    memset(text, what, sizeof text);
    ASSERT_OK(store_put(s, STORE_RECORDS, owner, id, slice_of(text, sizeof text)));
}

static void fill(struct store *s, uint64_t rows, uint64_t owners) {
    ASSERT_OK(store_begin(s));
    for (uint64_t id = 1; id <= rows; id++) {
        put_long(s, 1 + id % owners, id, 'o');
    }
    ASSERT_OK(store_commit(s));
}

/* Rows before and behind the page that is copied next come, change and go; the file grows and
 * shrinks; the log is brought back into it; a transaction is undone. */
static void disturb(struct bench *b, uint64_t round) {
    ASSERT_OK(store_begin(b->s));
    for (uint64_t i = 0; i < ROUND_ROWS; i++) {
        put_long(b->s, 1 + (round * 7 + i) % 40, 1 + i, (char)('a' + round % 26));
    }
    put_long(b->s, 1000 + round, 1, 'n');
    if (round % 5 == 0) {
        ASSERT_OK(store_delete_owner(b->s, STORE_RECORDS, 41 + round));
    }
    ASSERT_OK(store_commit(b->s));
    ASSERT_OK(store_begin(b->s));
    put_long(b->s, 5000, 1, 'u');
    store_rollback(b->s);
    ASSERT_OK(round % 11 == 0 ? store_trim(b->s, 64) : STATUS_OK);
    ASSERT_OK(round % 13 == 0 ? store_settle(b->s) : STATUS_OK);
}

static struct status note_row(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    uint64_t head[3] = {owner, id, bytes.len};
    TRY(buf_add(arg, slice_of(head, sizeof head)));
    return buf_add(arg, bytes);
}

static struct buf contents_of(struct store *s) {
    struct buf rows;
    buf_init(&rows, 256 << 20);
    for (int space = 1; space < STORE_SPACES; space++) {
        ASSERT_OK(store_scan(s, (enum store_space)space, 0, note_row, &rows));
    }
    return rows;
}

/* What was committed up to its end is in it, what came after not, and nothing else; and it goes
 * forward, however much is written meanwhile. */
static void a_copy_is_of_the_moment_it_ends_at(void **state) {
    struct bench *b = *state;
    fill(b->s, 6000, 1000);
    struct store_copy *copy = begin_copy(b);
    bool near = false;
    uint64_t steps = 0;
    for (uint64_t before = 0, bytes = 0; !near; before = bytes, steps++) {
        ASSERT_OK(store_copy_step(copy, &bytes, &near));
        assert_true(bytes >= before && steps < ROUNDS);
        disturb(b, steps);
    }
    assert_true(steps > 10);
    struct buf then = contents_of(b->s);
    end_copy(&copy);
    disturb(b, ROUNDS);
    reopen(b);
    struct store *other = open_beside(b);
    ASSERT_OK(store_check(other));
    struct buf copied = contents_of(other);
    assert_true(slice_eq(buf_slice(&copied), buf_slice(&then)));
    buf_done(&copied);
    buf_done(&then);
    store_close(&other);
}

/* A store that shrank below what was copied already is cut to its size. */
static void a_copy_shrinks_with_its_store(void **state) {
    struct bench *b = *state;
    fill(b->s, 4000, 4000);
    struct store_copy *copy = begin_copy(b);
    bool near = false;
    uint64_t bytes = 0;
    while (bytes < 4 << 20) {
        ASSERT_OK(store_copy_step(copy, &bytes, &near));
    }
    ASSERT_OK(store_begin(b->s));
    for (uint64_t owner = 1; owner < 4000; owner++) {
        ASSERT_OK(store_delete_owner(b->s, STORE_RECORDS, owner));
    }
    ASSERT_OK(store_commit(b->s));
    ASSERT_OK(store_trim(b->s, 0));
    ASSERT_OK(store_copy_step(copy, &bytes, &near));
    assert_true(near);
    end_copy(&copy);
    assert_true(store_kind.bytes(b->beside) < 1 << 20);
}

/* With and without a sync of each commit. */
static void commits_outlive_the_process(void **state) {
    struct bench *b = *state;
    for (int lazy = 0; lazy < 2; lazy++) {
        store_close(&b->s);
        struct store_options options = {.path = b->place, .lazy = lazy == 1};
        ASSERT_OK(store_open(&options, &b->s));
        for (uint64_t id = 1; id <= 20; id++) {
            ASSERT_OK(store_begin(b->s));
            put(b->s, 1, id, "committed");
            put(b->s, 2, id, "with it");
            ASSERT_OK(store_commit(b->s));
        }
        ASSERT_OK(store_begin(b->s));
        put(b->s, 3, 1, "not committed");
        store_kind.copy_as_killed(b->place, b->beside);
        store_rollback(b->s);
        struct store *other = open_beside(b);
        for (uint64_t id = 1; id <= 20; id++) {
            assert_row(other, 1, id, "committed");
            assert_row(other, 2, id, "with it");
        }
        assert_missing(other, 3, 1);
        ASSERT_OK(store_check(other));
        store_close(&other);
    }
}

/* After a sync, in the store itself as well. */
static void a_lazy_store_is_synced_when_asked(void **state) {
    struct bench *b = *state;
    store_close(&b->s);
    struct store_options options = {.path = b->place, .lazy = true};
    ASSERT_OK(store_open(&options, &b->s));
    put(b->s, 1, 1, "kept");
    ASSERT_OK(store_sync(b->s));
    reopen(b);
    assert_row(b->s, 1, 1, "kept");
    ASSERT_OK(store_sync(b->s)); /* of one that is not lazy: nothing */
}

static void harm_is_noticed(void **state) {
    struct bench *b = *state;
    put_many(b);
    ASSERT_OK(store_settle(b->s));
    store_close(&b->s);
    size_t noticed = 0;
    for (size_t n = 0; store_kind.harm(b->place, n); n++) {
        noticed += !all_there_or_refused(b);
        store_kind.mend(b->place);
    }
    assert_true(noticed > 100);
    assert_true(all_there_or_refused(b));
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

/* Nor is what could not be looked at for want of memory told as damage. */
static void a_check_without_memory_finds_no_damage(void **state) {
    struct bench *b = *state;
    put_many(b);
    reopen(b); /* with nothing of it in memory */
    uint64_t failures = 1;
    for (uint64_t n = 1; failures > 0 && n < 5000; n++) {
        mem_fail_at(n, false);
        struct status status = store_check(b->s);
        failures = mem_failures();
        mem_fail_at(0, false);
        assert_true(status.code == OK || status.code == E_MEMORY);
        reopen(b);
    }
    assert_int_equal(failures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(rows_are_kept_and_replaced),
        TEST(a_rollback_leaves_nothing),
        TEST(a_part_is_undone_alone),
        TEST(walks_are_in_order),
        TEST(the_last_below_is_found),
        TEST(walks_may_nest),
        TEST(deletes_take_what_they_name),
        TEST(owners_of_a_range_go_together),
        TEST(who_had_nothing_may_come),
        TEST(nothing_behind_is_not_nothing),
        TEST(what_is_undone_is_there_again),
        TEST(space_of_what_is_gone_goes_back),
        TEST(what_is_no_store_is_refused),
        TEST(a_second_process_is_refused),
        TEST(a_missing_store_is_not_made_unless_asked),
        TEST(what_is_deleted_is_wiped),
        TEST(what_is_overwritten_is_wiped),
        TEST(a_copy_is_whole_and_apart),
        TEST(a_copy_is_of_the_moment_it_ends_at),
        TEST(a_copy_shrinks_with_its_store),
        TEST(commits_outlive_the_process),
        TEST(a_lazy_store_is_synced_when_asked),
        TEST(harm_is_noticed),
        TEST(allocations_may_fail),
        TEST(a_check_without_memory_finds_no_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
