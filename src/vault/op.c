/* Transactions over store and memory: one op, or a batch of them behind one sync. */
#include "inside.h"

struct status pending_init(struct vault *v) {
    buf_init(&v->pending.leaves, DELTA_MAX);
    buf_init(&v->pending.tight, DELTA_MAX);
    buf_init_secret(&v->pending.auditor, OPENING_ROW_MAX);
    buf_init(&v->pending.deltas, DELTA_MAX);
    buf_init(&v->unpublished, DELTA_MAX);
    return STATUS_OK;
}

struct status vault_ready(const struct vault *v) {
    return v->stopped ? FAIL(E_VAULT_STOPPED) : STATUS_OK;
}

void vault_stop(struct vault *v) {
    v->stopped = true;
}

static void remember(struct vault *v) {
    v->marks = (struct marks){
        .leaves = v->pending.leaves.len,
        .tight = v->pending.tight.len,
        .auditor = v->pending.auditor.len,
        .deltas = v->pending.deltas.len,
        .counters = v->counters,
    };
    for (int kind = NAME_PURPOSE; kind < NAME_KINDS; kind++) {
        v->marks.names[kind] = v->names[kind].count;
    }
}

/* permits and denials count what was answered, also where the op was undone. */
static void forget_since_mark(struct vault *v) {
    uint64_t permits = v->counters.permits;
    uint64_t denials = v->counters.denials;
    v->pending.leaves.len = v->marks.leaves;
    v->pending.tight.len = v->marks.tight;
    v->pending.auditor.len = v->marks.auditor;
    v->pending.deltas.len = v->marks.deltas;
    v->period = 0; /* its key may have been made by what is undone */
    v->counters = v->marks.counters;
    v->counters.permits = permits;
    v->counters.denials = denials;
}

struct status op_begin(struct vault *v) {
    TRY(vault_ready(v));
    if (v->in_op) {
        panic("vault: an op within an op");
    }
    people_trim(v);
    TRY(v->in_batch ? store_part_begin(v->store) : store_begin(v->store));
    remember(v);
    v->touched_count = 0;
    v->in_op = true;
    return STATUS_OK;
}

static struct status write_pending(struct vault *v) {
    TRY(log_commit_rows(v));
    TRY(openings_commit(v));
    return segments_commit(v);
}

enum { TIGHT_WAITS_MAX = 1 << 20 }; /* bytes of tightenings that wait for the disk */

static bool may_wait(const struct vault *v) {
    return v->lazy && !v->must_sync && v->pending.tight.len <= TIGHT_WAITS_MAX;
}

/* The rows first: the tightening log must never know more than they do. */
static struct status sync_all(struct vault *v) {
    v->unsynced_ms = 0;
    TRY(store_sync(v->store));
    return tight_committed(v);
}

/* Memory has changed already: when the store does not follow, nothing more is served. */
static struct status commit(struct vault *v) {
    bool waits = may_wait(v);
    struct status status = write_pending(v);
    if (failed(status)) {
        store_rollback(v->store);
    } else {
        status = store_commit(v->store);
    }
    v->must_sync = false;
    if (!failed(status) && !waits) {
        status = sync_all(v);
    } else if (v->unsynced_ms == 0) {
        v->unsynced_ms = vault_now_ms(v);
    }
    if (!failed(status)) {
        status = log_committed(v);
    }
    if (failed(status)) {
        vault_stop(v);
    }
    return status;
}

struct status vault_sync(struct vault *v) {
    if (v->unsynced_ms == 0) {
        return STATUS_OK;
    }
    struct status status = v->in_op || v->in_batch ? FAIL(E_BATCH) : sync_all(v);
    if (failed(status)) {
        vault_stop(v);
    }
    return status;
}

static struct status undo(struct vault *v, struct status why) {
    forget_since_mark(v);
    names_undo(v);
    people_forget_touched(v);
    if (!v->in_batch) {
        store_rollback(v->store);
        return why;
    }
    struct status undone = store_part_undo(v->store);
    if (failed(undone)) {
        vault_stop(v);
    }
    return why;
}

struct status op_end_lazy(struct vault *v, struct status status) {
    v->in_op = false;
    if (failed(status)) {
        return undo(v, status);
    }
    if (!v->in_batch) {
        return commit(v);
    }
    status = store_part_end(v->store);
    if (failed(status)) {
        vault_stop(v);
    }
    return status;
}

struct status op_end(struct vault *v, struct status status) {
    v->must_sync |= !failed(status);
    return op_end_lazy(v, status);
}

struct status vault_begin_batch(struct vault *v) {
    TRY(vault_ready(v));
    if (v->in_batch || v->in_op) {
        return FAIL(E_BATCH);
    }
    people_trim(v);
    TRY(store_begin(v->store));
    v->in_batch = true;
    return STATUS_OK;
}

struct status vault_commit_batch(struct vault *v) {
    TRY(vault_ready(v));
    if (!v->in_batch || v->in_op) {
        return FAIL(E_BATCH);
    }
    v->in_batch = false;
    TRY(commit(v));
    return access_flush(v);
}
