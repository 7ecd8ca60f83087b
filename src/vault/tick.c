/* What time brings: retention, holds, birthdays, generations of the root key, the journal,
 * checkpoints. A few milliseconds of work a call. */
#include "inside.h"

enum {
    SWEEP_AT_ONCE = 4096,
    PUBLISH_MS = 1000, /* leaves wait at most so long for a checkpoint */
    REST_MS = 1000,    /* the longest that a tick asks not to be called */
    TRIM_PAGES = 512,
    TRIM_MS = 500, /* between two steps of giving space back */
    SAVED_AT_ONCE = 8,
    SYNC_MS = 500, /* a commit of a lazy vault waits at most so long for the disk, and a tick */
};

/* However many of the oldest are held, the others' turn comes. */
static struct status select_expired(struct vault *v, int64_t now_s, struct selection *which) {
    struct vault_query query = {.expires_by_s = now_s, .limit = SWEEP_AT_ONCE};
    uint64_t found = SWEEP_AT_ONCE;
    while (which->records == 0 && found == SWEEP_AT_ONCE) {
        uint64_t held = 0;
        selection_done(which);
        TRY(columns_select(&v->columns, &query, now_s, true, which));
        found = which->records;
        query.after = selection_last(which);
        keep_held(v, which, &held);
    }
    return STATUS_OK;
}

/* Retention is kept to the second when reading; here the bytes go. */
static struct status sweep(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    int64_t earliest_s = columns_earliest_expiry(&v->columns);
    if (earliest_s == INT64_MAX) {
        return STATUS_OK;
    }
    if (earliest_s > now_ms / 1000) {
        *io_next_ms = earliest_s * 1000 < *io_next_ms ? earliest_s * 1000 : *io_next_ms;
        return STATUS_OK;
    }
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    struct doomed doomed CLEANUP(doomed_done);
    doomed_init(&doomed);
    TRY(select_expired(v, now_ms / 1000, &which));
    if (which.records == 0) {
        return STATUS_OK;
    }
    struct vault_use use = {.operation = LAW_OPERATION_ERASE};
    TRY(op_begin(v));
    TRY(op_end(v, records_delete(v, &use, &which, LEAF_EXPIRY, VAULT_CAUSE_EXPIRED, &doomed)));
    *io_next_ms = now_ms;
    return doomed_destroy(v, &doomed);
}

static struct status publish(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    if (v->unpublished.len == 0) {
        v->publish_at_ms = 0;
        return STATUS_OK;
    }
    if (v->publish_at_ms == 0) {
        v->publish_at_ms = now_ms + PUBLISH_MS;
    }
    if (now_ms >= v->publish_at_ms) {
        v->publish_at_ms = 0;
        return log_publish(v);
    }
    *io_next_ms = v->publish_at_ms < *io_next_ms ? v->publish_at_ms : *io_next_ms;
    return STATUS_OK;
}

/* After a write that failed nothing more is served, as everywhere. */
static struct status trim(struct vault *v, int64_t now_ms) {
    if (now_ms < v->trim_at_ms) {
        return STATUS_OK;
    }
    v->trim_at_ms = now_ms + TRIM_MS;
    struct status status = store_trim(v->store, TRIM_PAGES);
    if (failed(status)) {
        vault_stop(v);
    }
    return status;
}

static struct status sync_waiting(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    if (v->unsynced_ms == 0) {
        return STATUS_OK;
    }
    int64_t due_ms = v->unsynced_ms + SYNC_MS;
    if (now_ms >= due_ms) {
        return vault_sync(v);
    }
    *io_next_ms = due_ms < *io_next_ms ? due_ms : *io_next_ms;
    return STATUS_OK;
}

static struct status rekey(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    TRY(rekey_tick(v));
    *io_next_ms = v->rekeys_wait ? now_ms : *io_next_ms; /* more of them: at once */
    return STATUS_OK;
}

static struct status rotate(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    (void)io_next_ms;
    return rotation_tick(v, now_ms);
}

static struct status save(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    (void)io_next_ms;
    TRY(segments_save(v, SAVED_AT_ONCE, false));
    return trim(v, now_ms);
}

/* Rows that are gone still stand in the store's journal, and in its file until the journal is
 * brought back: sealed, and no key opens them; but what is gone should be gone. */
static struct status settle(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    (void)io_next_ms;
    if (v->settle_at_ms == 0 || now_ms < v->settle_at_ms) {
        return STATUS_OK;
    }
    v->settle_at_ms = 0;
    struct status status = store_settle(v->store);
    if (failed(status)) {
        vault_stop(v);
    }
    return status;
}

typedef struct status part_fn(struct vault *v, int64_t now_ms, int64_t *io_next_ms);
static part_fn *const parts[] = {
    sync_waiting, feed_tick, sweep, holds_tick, rekey, rotate, access_tick, publish, save, settle,
};

/* A part that fails, time after time perhaps, does not keep the others from their turn. */
struct status vault_tick(struct vault *v, int64_t *ret_next_ms) {
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    int64_t now_ms = vault_now_ms(v);
    int64_t next_ms = now_ms + REST_MS;
    struct status first = STATUS_OK;
    people_trim(v);
    for (size_t i = 0; i < ARRAY_LEN(parts) && !v->stopped; i++) {
        struct status done = parts[i](v, now_ms, &next_ms);
        first = failed(first) ? first : done;
    }
    *ret_next_ms = next_ms;
    return first;
}
