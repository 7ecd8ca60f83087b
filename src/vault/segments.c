/* Columns in the store: a row per segment, and a row of deltas per transaction that says what
 * changed since. Segments are saved a few at a time when the deltas have grown; a delta goes when
 * no segment needs it any more. */
#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"

enum { DELTAS_KEPT_MIN = 256 * 1024, DELTAS_KEPT_PER_RECORD = 8, DELTA_ROW = DELTA_MAX + 64 };

static struct status load_segment(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct vault *v = arg;
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, STATE_MAX);
    TRY(state_open(v, STORE_SEGMENTS, owner, id, sealed, &plain));
    if (id > RECORD_ID_MAX >> SEGMENT_BITS) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(segment_read(&v->columns, v->counters.next_subject, (uint32_t)id, buf_slice(&plain)));
    if (id < v->columns.count && v->columns.segments[id] != NULL) {
        v->columns.segments[id]->dirty_since = 0;
    }
    return STATUS_OK;
}

static struct status load_delta(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct vault *v = arg;
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, DELTA_ROW);
    TRY(state_open(v, STORE_DELTAS, owner, id, sealed, &plain));
    uint64_t next = v->delta_seq + 1;
    if (v->delta_first == 0 ? id > next : id != next) {
        return FAIL(E_VAULT_CORRUPT); /* one is missing */
    }
    struct slice rest = buf_slice(&plain);
    TRY(counters_read(&rest, &v->counters));
    TRY(delta_replay(&v->columns, v->counters.next_subject, id, rest));
    v->delta_seq = id;
    v->delta_first = v->delta_first == 0 ? id : v->delta_first;
    v->delta_bytes += plain.len;
    return STATUS_OK;
}

static struct status load_counters(struct vault *v) {
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, STATE_MAX);
    TRY(state_get(v, STORE_META, 0, META_COUNTERS, &plain));
    struct slice rest = buf_slice(&plain);
    TRY(counters_read(&rest, &v->counters));
    if (rest.len != 8) {
        return FAIL(E_VAULT_CORRUPT);
    }
    v->delta_seq = bytes_be64(rest.ptr);
    return STATUS_OK;
}

struct status segments_load(struct vault *v) {
    TRY(load_counters(v));
    TRY(store_each(v->store, STORE_SEGMENTS, 0, 0, load_segment, v));
    uint64_t saved_through = v->delta_seq;
    TRY(store_each(v->store, STORE_DELTAS, 0, 0, load_delta, v));
    if (v->delta_seq < saved_through || v->columns.alive != v->counters.records) {
        return FAIL(E_VAULT_CORRUPT);
    }
    v->written = v->counters;
    return STATUS_OK;
}

struct status counters_save(struct vault *v) {
    v->counters.records = v->columns.alive;
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, 128);
    TRY(counters_write(&v->counters, &plain));
    TRY(buf_add_be64(&plain, v->delta_seq));
    return state_put(v, STORE_META, 0, META_COUNTERS, buf_slice(&plain));
}

struct status segments_commit(struct vault *v) {
    const struct counters *old = &v->written;
    bool counted = old->next_id != v->counters.next_id ||
                   old->next_subject != v->counters.next_subject ||
                   old->leaves != v->counters.leaves || old->subjects != v->counters.subjects ||
                   old->keys != v->counters.keys;
    struct buf *deltas = &v->pending.deltas;
    if (deltas->len == 0 && !counted) {
        return STATUS_OK;
    }
    struct buf row CLEANUP(buf_done);
    buf_init(&row, DELTA_ROW);
    v->counters.records = v->columns.alive;
    TRY(counters_write(&v->counters, &row));
    TRY(buf_add(&row, buf_slice(deltas)));
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, DELTA_ROW + RECORD_OVERHEAD);
    struct seal_place place = {
        .what = SEAL_STATE, .category = STORE_DELTAS, .id = v->delta_seq + 1};
    TRY(record_seal_buf(&v->state_key, &place, buf_slice(&row), &sealed));
    TRY(store_put(v->store, STORE_DELTAS, 0, v->delta_seq + 1, buf_slice(&sealed)));
    v->delta_seq++;
    v->delta_first = v->delta_first == 0 ? v->delta_seq : v->delta_first;
    v->delta_bytes += row.len;
    v->written = v->counters;
    buf_clear(deltas);
    return STATUS_OK;
}

static bool is_last(const struct vault *v, const struct segment *s) {
    return s->number >= v->counters.next_id >> SEGMENT_BITS;
}

static struct status save_segment(struct vault *v, struct segment *s) {
    s->saved_through = v->delta_seq;
    if (s->alive_count == 0 && !is_last(v, s)) {
        return store_delete(v->store, STORE_SEGMENTS, 0, s->number);
    }
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, STATE_MAX);
    TRY(segment_write(s, &plain));
    return state_put(v, STORE_SEGMENTS, 0, s->number, buf_slice(&plain));
}

static uint64_t oldest_needed(const struct vault *v) {
    uint64_t oldest = v->delta_seq + 1;
    for (size_t i = 0; i < v->columns.count; i++) {
        const struct segment *s = v->columns.segments[i];
        bool needs = s != NULL && s->dirty_since != 0 && s->saved_through < v->delta_seq;
        if (needs && s->dirty_since < oldest) {
            oldest = s->dirty_since;
        }
    }
    return oldest;
}

static struct status save_some(struct vault *v, size_t most) {
    size_t saved = 0;
    for (size_t i = 0; i < v->columns.count && saved < most; i++) {
        struct segment *s = v->columns.segments[i];
        if (s != NULL && s->dirty_since != 0) {
            TRY(save_segment(v, s));
            saved++;
        }
    }
    uint64_t oldest = oldest_needed(v);
    TRY(store_delete_range(v->store, STORE_DELTAS, 0, 0, oldest));
    return counters_save(v);
}

/* What was saved is clean; a segment whose records are all gone is dropped. */
static void settle_saved(struct vault *v) {
    for (size_t i = 0; i < v->columns.count; i++) {
        struct segment *s = v->columns.segments[i];
        if (s == NULL || s->saved_through != v->delta_seq) {
            continue;
        }
        s->dirty_since = 0;
        if (s->alive_count == 0 && !is_last(v, s)) {
            columns_release(&v->columns, (uint32_t)i);
        }
    }
    uint64_t oldest = oldest_needed(v);
    if (oldest > v->delta_seq) {
        v->delta_first = 0;
        v->delta_bytes = 0;
        return;
    }
    uint64_t kept = v->delta_seq - oldest + 1;
    uint64_t all = v->delta_seq - v->delta_first + 1;
    v->delta_bytes = v->delta_bytes / all * kept;
    v->delta_first = oldest;
}

struct status segments_save(struct vault *v, size_t most, bool force) {
    uint64_t threshold = v->columns.alive * DELTAS_KEPT_PER_RECORD;
    threshold = threshold < DELTAS_KEPT_MIN ? DELTAS_KEPT_MIN : threshold;
    if (v->in_batch || v->delta_first == 0 || (!force && v->delta_bytes < threshold)) {
        return STATUS_OK;
    }
    TRY(store_begin(v->store));
    struct status status = save_some(v, most);
    if (failed(status)) {
        store_rollback(v->store);
    } else {
        status = store_commit(v->store);
    }
    if (failed(status)) {
        vault_stop(v);
        return status;
    }
    settle_saved(v);
    return STATUS_OK;
}
