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
    struct vault_query query = {.expires_by_s = now_ms / 1000, .limit = SWEEP_AT_ONCE};
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    struct doomed doomed CLEANUP(doomed_done);
    doomed_init(&doomed);
    TRY(columns_select(&v->columns, &query, now_ms / 1000, true, &which));
    uint64_t held = 0;
    keep_held(v, &which, &held);
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

struct status vault_tick(struct vault *v, int64_t *ret_next_ms) {
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    int64_t now_ms = vault_now_ms(v);
    int64_t next_ms = now_ms + REST_MS;
    people_trim(v);
    TRY(sync_waiting(v, now_ms, &next_ms));
    TRY(feed_tick(v, now_ms, &next_ms));
    TRY(sweep(v, now_ms, &next_ms));
    TRY(holds_tick(v, now_ms, &next_ms));
    TRY(rekey_tick(v));
    next_ms = v->rekeys_wait ? now_ms : next_ms; /* more of them: at once */
    TRY(rotation_tick(v, now_ms));
    TRY(access_tick(v, now_ms, &next_ms));
    TRY(publish(v, now_ms, &next_ms));
    TRY(segments_save(v, SAVED_AT_ONCE, false));
    TRY(trim(v, now_ms));
    *ret_next_ms = next_ms;
    return STATUS_OK;
}
