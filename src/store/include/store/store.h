/* The store: rows of bytes, found by space, owner and id, changed in transactions. Narrow on
 * purpose: whatever keeps these promises (tests/unit/store/store_test.c) can stand behind the
 * vault.
 *
 *   struct store *s = NULL;
 *   TRY(store_open(&options, &s));
 *   TRY(store_begin(s));
 *   TRY(store_put(s, STORE_RECORDS, owner, id, sealed));
 *   TRY(store_commit(s));                                  -- durable when it returned success
 *   store_close(&s);
 *
 * Promises: a transaction happens whole or not at all, also in a crash and in a power loss; after
 * a commit returned success it is there for ever; what is deleted or overwritten is wiped from the
 * pages it stood in. Owners and ids are below 2^63. Rows of one owner stand together, in order of
 * id. One process and one thread at a time. It knows nothing of what the bytes mean.
 *
 * Errors of every call: E_STORE, E_STORE_CORRUPT, E_MEMORY, E_IO, E_DISK_FULL. */
#ifndef WARD_STORE_STORE_H
#define WARD_STORE_STORE_H

#include "base/buf.h"

enum {
    STORE_VALUE_MAX = 64 << 20, /* bytes of one row */
    STORE_CACHE_BYTES = 64 << 20,
};

/* Kinds of rows. Numbers are stable: they name tables. */
enum store_space {
    STORE_META = 1,
    STORE_NAMES = 2,
    STORE_SUBJECTS = 3,
    STORE_CONSENTS = 4,
    STORE_GUARDIANS = 5,
    STORE_WARDS = 6,
    STORE_KEYS = 7,
    STORE_TAGS = 8,
    STORE_KEPT = 9,
    STORE_RECORDS = 10,
    STORE_WRAPS = 11,
    STORE_CONCERNED = 12,
    STORE_BLOBS = 13,
    STORE_SEGMENTS = 14,
    STORE_DELTAS = 15,
    STORE_LEAVES = 16,
    STORE_OPENINGS = 17,
    STORE_BATCHES = 18,
    STORE_HOLDS = 19,
    STORE_FEED = 20,
    STORE_ERASURES = 21,
    STORE_TAGGED = 22,
    STORE_REKEYS = 23,
    STORE_CARRIED = 24,
    STORE_SPACES = 25, /* one more than the last */
};

struct store;

struct store_options {
    const char *path;
    size_t cache_bytes; /* 0: STORE_CACHE_BYTES */
    const char *vfs;    /* by which way the store reaches its files, for tests; NULL: its own */
    bool must_exist;    /* else it is made */
    bool lazy; /* a commit is durable after store_sync; until then a power loss may take the last
                  ones away, each whole and in order, and the end of a process takes none */
};

/* Once per process, before the first store. Routes the database's memory through base/mem.h, so
 * that it can fail in tests. Again: nothing. */
MUST_USE struct status store_init(void);
/* E_STORE_FOREIGN for a file that no store of this version wrote, E_STORE_BUSY when another process
 * has it, E_FILE_MISSING with must_exist. */
MUST_USE struct status store_open(const struct store_options *options, struct store **ret_store);
/* Rolls back what is open. Accepts NULL, nulls it. */
void store_close(struct store **store);

MUST_USE struct status store_begin(struct store *s);
/* After an error nothing of the transaction happened. */
MUST_USE struct status store_commit(struct store *s);
/* Everything committed is durable when it returned success. Of a lazy store; else it is already. */
MUST_USE struct status store_sync(struct store *s);
void store_rollback(struct store *s);
/* A part of a transaction that can be undone alone. Does not nest. */
MUST_USE struct status store_part_begin(struct store *s);
MUST_USE struct status store_part_end(struct store *s);
MUST_USE struct status store_part_undo(struct store *s);

/* Makes or replaces the row. */
MUST_USE struct status store_put(struct store *s, enum store_space space, uint64_t owner,
                                 uint64_t id, struct slice bytes);
/* At the end of `out`. E_STORE_MISSING. */
MUST_USE struct status store_get(struct store *s, enum store_space space, uint64_t owner,
                                 uint64_t id, struct buf *out);
/* Without copying: *ret_bytes is valid until the next call on the store. E_STORE_MISSING. */
MUST_USE struct status store_view(struct store *s, enum store_space space, uint64_t owner,
                                  uint64_t id, struct slice *ret_bytes);
/* The owner's last row with id < below. E_STORE_MISSING. */
MUST_USE struct status store_last(struct store *s, enum store_space space, uint64_t owner,
                                  uint64_t below, uint64_t *ret_id);
/* No error when there is none. */
MUST_USE struct status store_delete(struct store *s, enum store_space space, uint64_t owner,
                                    uint64_t id);
/* All rows of the owners with from <= owner < below. */
MUST_USE struct status store_delete_owners(struct store *s, enum store_space space, uint64_t from,
                                           uint64_t below);
MUST_USE static inline struct status store_delete_owner(struct store *s, enum store_space space,
                                                        uint64_t owner) {
    return store_delete_owners(s, space, owner, owner + 1);
}
/* All rows of the owner with from <= id < below. */
MUST_USE struct status store_delete_range(struct store *s, enum store_space space, uint64_t owner,
                                          uint64_t from, uint64_t below);

/* Rows in order of id, or of owner and id. `each` may read but not change the space; bytes live
 * during the call. An error of `each` ends it and is returned. */
typedef struct status store_each_fn(void *arg, uint64_t owner, uint64_t id, struct slice bytes);
MUST_USE struct status store_each(struct store *s, enum store_space space, uint64_t owner,
                                  uint64_t from, store_each_fn *each, void *arg);
MUST_USE struct status store_scan(struct store *s, enum store_space space, uint64_t from_owner,
                                  store_each_fn *each, void *arg);

/* A consistent copy of everything committed, into a new file, a few milliseconds a call, while the
 * store goes on between the calls. What is committed before the end is in it, after the end not.
 * All of them outside of a transaction; one copy of a store at a time. An error ends the copy, and
 * is none of the store's unless it could not be read.
 *
 *   TRY(store_copy_begin(s, "copy.db", &copy));
 *   while (!near) { TRY(store_copy_step(copy, &bytes, &near)); }     -- other calls in between
 *   TRY(store_copy_finish(copy, &finished));                         -- false: step again
 *   while (!sound) { TRY(store_copy_check(copy, &sound)); }
 *   store_copy_end(&copy); */
struct store_copy;
MUST_USE struct status store_copy_begin(struct store *s, const char *to_path,
                                        struct store_copy **ret_copy);
/* *ret_near: what is left goes with the end. *ret_copied_bytes: so far. */
MUST_USE struct status store_copy_step(struct store_copy *c, uint64_t *ret_copied_bytes,
                                       bool *ret_near);
/* The copy is of this moment. False where more is left than it looked like. */
MUST_USE struct status store_copy_finish(struct store_copy *c, bool *ret_finished);
/* After the end: syncs the copy and reads every row of it back, in order. E_STORE_CORRUPT. */
MUST_USE struct status store_copy_check(struct store_copy *c, bool *ret_sound);
/* Before the store is closed. Leaves the file, also where it is not whole. Accepts NULL, nulls it.
 */
void store_copy_end(struct store_copy **copy);
/* Reads every page and checks how they hang together: E_STORE_CORRUPT. */
MUST_USE struct status store_check(struct store *s);
/* Gives the pages of what was deleted back to the file system, so many at most (0: all), once they
 * are more than a small part of the file. Outside of a transaction. */
MUST_USE struct status store_trim(struct store *s, unsigned most_pages);
/* Brings the journal back into the file and empties it. Outside of a transaction. */
MUST_USE struct status store_settle(struct store *s);

#endif
