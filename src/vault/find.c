/* Many records at once: found in columns, decided per person, handed out, changed or erased. */
#include "base/mem.h"
#include "said.h"

/* Records of anybody that concern a person besides their owner. */
struct concerned {
    struct vault *v;
    struct selection *sel;
};

static struct status add_concerned(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct concerned *c = arg;
    (void)owner;
    (void)bytes;
    return selection_add(c->sel, id);
}

static struct status select_other(struct vault *v, const struct vault_query *q, bool expired_too,
                                  struct selection *out) {
    struct selection all CLEANUP(selection_done);
    selection_init(&all);
    struct concerned c = {.v = v, .sel = &all};
    TRY(store_each(v->store, STORE_CONCERNED, q->other, q->after + 1, add_concerned, &c));
    for (uint64_t id = selection_next(&all, 0); id != 0; id = selection_next(&all, id)) {
        struct vault_query one = *q;
        one.id = id;
        bool full = q->limit != 0 && out->records >= q->limit;
        if (!full) {
            TRY(columns_select(&v->columns, &one, vault_now_s(v), expired_too, out));
        }
    }
    return STATUS_OK;
}

struct status find_select(struct vault *v, const struct vault_query *q, bool expired_too,
                          struct selection *out) {
    if (q->other != 0 && q->id == 0) {
        return select_other(v, q, expired_too, out);
    }
    return columns_select(&v->columns, q, vault_now_s(v), expired_too, out);
}

/* One decision, noted; a person who is being erased has no records any more. */
static struct status decide_at(struct vault *v, const struct vault_use *use,
                               struct access_many *many, const struct segment *s, uint32_t at,
                               bool *ret_permit) {
    struct person *owner = NULL;
    bool permit = false;
    struct status found = person_get(v, s->rows[at].owner, &owner);
    if (!failed(found)) {
        struct record_facts facts;
        record_facts_of(s, at, use->purpose, &facts);
        int64_t until_ms = 0;
        TRY(decide_fast(v, use, s->rows[at].category, owner, &facts, many->use.at_ms, &permit,
                        &until_ms));
    } else if (found.code != E_NO_SUBJECT) {
        return found;
    }
    *ret_permit = permit;
    return access_note_in(v, many, owner, s, at, permit);
}

static struct status split_segment(struct vault *v, const struct vault_use *use,
                                   struct access_many *many, struct picked *item,
                                   struct picked *denied) {
    const struct segment *s = v->columns.segments[item->segment];
    uint32_t at = 0;
    for (struct picks p = picks_of(item); picks_next(&p, &at);) {
        bool permit = false;
        TRY(decide_at(v, use, many, s, at, &permit));
        if (!permit) {
            picked_clear(item, at);
            picked_set(denied, at);
        }
    }
    return STATUS_OK;
}

/* Moves what the law denies from one selection to the other. */
static struct status split(struct vault *v, const struct vault_use *use, struct access_many *many,
                           struct selection *which, struct selection *denied) {
    for (size_t i = 0; i < which->count; i++) {
        people_trim(v);
        struct picked no;
        no.segment = which->items[i].segment;
        no.used = 0;
        TRY(split_segment(v, use, many, &which->items[i], &no));
        which->records -= picked_count(&no);
        TRY(selection_take(denied, &no));
    }
    return STATUS_OK;
}

static uint64_t last_of(const struct selection *a, const struct selection *b) {
    uint64_t x = selection_last(a);
    uint64_t y = selection_last(b);
    return x > y ? x : y;
}

/* Selects, decides and records. The caller ends both selections. */
static struct status find(struct vault *v, const struct vault_use *use, const struct vault_query *q,
                          bool expired_too, struct selection *permitted, struct selection *denied,
                          struct vault_found *ret) {
    TRY(vault_ready(v));
    people_trim(v);
    TRY(find_select(v, q, expired_too, permitted));
    struct access_many many;
    access_many_begin(v, use, &many);
    TRY(split(v, use, &many, permitted, denied));
    TRY(access_many_end(v, &many, permitted, denied));
    *ret = (struct vault_found){.permitted = permitted->records,
                                .denied = denied->records,
                                .last_id = last_of(permitted, denied)};
    return STATUS_OK;
}

/* plain NULL: metadata only. */
static struct status hand(struct vault *v, const struct segment *s, uint32_t at, struct buf *plain,
                          vault_record_fn *each, void *arg) {
    struct vault_meta meta;
    segment_meta(s, at, &meta);
    if (plain == NULL) {
        return each(arg, &meta, SLICE(""));
    }
    buf_clear(plain);
    TRY(record_open_payload(v, s, at, meta.id, plain));
    return each(arg, &meta, buf_slice(plain));
}

static struct status hand_all(struct vault *v, const struct selection *which, bool open,
                              vault_record_fn *each, void *arg) {
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    for (size_t i = 0; i < which->count; i++) {
        const struct segment *s = v->columns.segments[which->items[i].segment];
        uint32_t at = 0;
        for (struct picks p = picks_of(&which->items[i]); picks_next(&p, &at);) {
            TRY(hand(v, s, at, open ? &plain : NULL, each, arg));
        }
    }
    return STATUS_OK;
}

static struct status find_and_hand(struct vault *v, const struct vault_use *use,
                                   const struct vault_query *q, bool open, vault_record_fn *each,
                                   void *arg, struct vault_found *ret_found) {
    struct selection permitted CLEANUP(selection_done);
    struct selection denied CLEANUP(selection_done);
    selection_init(&permitted);
    selection_init(&denied);
    struct vault_found found;
    TRY(find(v, use, q, false, &permitted, &denied, &found));
    TRY(hand_all(v, &permitted, open, each, arg));
    *ret_found = found;
    return STATUS_OK;
}

struct status vault_find(struct vault *v, const struct vault_use *use,
                         const struct vault_query *query, vault_record_fn *each, void *arg,
                         struct vault_found *ret_found) {
    return find_and_hand(v, use, query, true, each, arg, ret_found);
}

struct status vault_find_meta(struct vault *v, const struct vault_use *use,
                              const struct vault_query *query, vault_record_fn *each, void *arg,
                              struct vault_found *ret_found) {
    return find_and_hand(v, use, query, false, each, arg, ret_found);
}

struct status vault_count(struct vault *v, const struct vault_query *query, uint64_t *ret_count) {
    TRY(vault_ready(v));
    if (query->other == 0) {
        *ret_count = columns_count(&v->columns, query, vault_now_s(v));
        return STATUS_OK;
    }
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(find_select(v, query, false, &which));
    *ret_count = which.records;
    return STATUS_OK;
}

/* Newest first -------------------------------------------------------------------------- */

static struct status pick_newest(struct vault *v, const struct vault_use *use,
                                 struct access_many *many, uint64_t owner, uint8_t category,
                                 uint64_t below, size_t max, struct selection *permitted,
                                 struct selection *denied) {
    int64_t now_s = vault_now_s(v);
    uint64_t id = columns_newest(&v->columns, owner, below);
    for (; id != 0 && permitted->records < max; id = columns_newest(&v->columns, owner, id)) {
        uint32_t at = 0;
        const struct segment *s = columns_at(&v->columns, id, &at);
        bool wanted =
            s != NULL && s->rows[at].category == category && !segment_expired(s, at, now_s);
        if (wanted) {
            bool permit = false;
            TRY(decide_at(v, use, many, s, at, &permit));
            TRY(selection_add(permit ? permitted : denied, id));
        }
    }
    return STATUS_OK;
}

/* The selection ascends; a walk down the owner's list hands it out the other way round. */
static struct status hand_newest(struct vault *v, uint64_t owner, uint64_t below,
                                 const struct selection *which, vault_record_fn *each, void *arg,
                                 uint64_t *ret_last) {
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    uint64_t left = which->records;
    uint64_t id = columns_newest(&v->columns, owner, below);
    for (; id != 0 && left > 0; id = columns_newest(&v->columns, owner, id)) {
        if (selection_next(which, id - 1) == id) {
            uint32_t at = 0;
            const struct segment *s = columns_at(&v->columns, id, &at);
            if (s == NULL) {
                panic("vault: a record went while it was read");
            }
            TRY(hand(v, s, at, &plain, each, arg));
            *ret_last = id;
            left--;
        }
    }
    return STATUS_OK;
}

struct status vault_newest(struct vault *v, const struct vault_use *use, uint64_t owner,
                           uint8_t category, uint64_t below, size_t max, vault_record_fn *each,
                           void *arg, struct vault_found *ret_found) {
    struct selection permitted CLEANUP(selection_done);
    struct selection denied CLEANUP(selection_done);
    selection_init(&permitted);
    selection_init(&denied);
    TRY(vault_ready(v));
    people_trim(v);
    struct access_many many;
    access_many_begin(v, use, &many);
    TRY(pick_newest(v, use, &many, owner, category, below, max, &permitted, &denied));
    TRY(access_many_end(v, &many, &permitted, &denied));
    struct vault_found found = {.permitted = permitted.records, .denied = denied.records};
    TRY(hand_newest(v, owner, below, &permitted, each, arg, &found.last_id));
    *ret_found = found;
    return STATUS_OK;
}

/* Changing ------------------------------------------------------------------------------ */

static struct status log_many(struct vault *v, enum leaf_kind kind, const struct vault_use *use,
                              struct slice method, uint64_t count) {
    struct said said = {.purpose = vault_purpose_name(v, use->purpose),
                        .count = count,
                        .at_ms = vault_now_ms(v),
                        .method = method};
    said_actor(&said, use->actor);
    return said_log(v, kind, NULL, &said, NULL);
}

/* Retention is the data map's to lengthen: what is later is cut, record by record only where the
 * change asks for a new end. */
static struct status check_expiry(const struct vault *v, const struct selection *which,
                                  const struct vault_change *change) {
    for (size_t i = 0; change->expires_s != 0 && i < which->count; i++) {
        const struct segment *s = v->columns.segments[which->items[i].segment];
        uint32_t at = 0;
        for (struct picks p = picks_of(&which->items[i]); picks_next(&p, &at);) {
            const struct row *row = &s->rows[at];
            if (map_expiry(v, row->category, row->collected, change->expires_s) !=
                change->expires_s) {
                return FAIL(E_TIME);
            }
        }
    }
    return STATUS_OK;
}

struct status records_change(struct vault *v, const struct selection *which,
                             const struct vault_change *change, enum vault_cause cause) {
    TRY(columns_reserve_change(&v->columns, which, change));
    TRY(delta_change(&v->pending.deltas, which, change));
    TRY(feed_records(v, which, cause));
    columns_change(&v->columns, which, change, segments_delta(v));
    return STATUS_OK;
}

/* What of it takes something away. A new end may be a later one; only a restore knows from when. */
static struct vault_change tightening_part(const struct vault_change *change) {
    return (struct vault_change){
        .purposes_remove = change->purposes_remove & ~change->purposes_add,
        .objections_add = change->objections_add,
        .shares_remove = change->shares_remove & ~change->shares_add,
        .flags_add = change->flags_add & VAULT_UNLAWFUL,
        .flags_remove = change->flags_remove & ~change->flags_add & VAULT_DECISION,
        .access_list = change->access_list,
        .expires_s = change->expires_s,
    };
}

static struct status tighten_change(struct vault *v, const struct selection *which,
                                    const struct vault_change *change) {
    struct vault_change part = tightening_part(change);
    bool tightens = (part.purposes_remove | part.objections_add | part.shares_remove) != 0 ||
                    (part.flags_add | part.flags_remove | part.access_list) != 0 ||
                    part.expires_s != 0;
    if (!tightens) {
        return STATUS_OK;
    }
    struct buf bytes CLEANUP(buf_done);
    buf_init(&bytes, DELTA_MAX);
    TRY(delta_change(&bytes, which, &part));
    struct tightening tight = {.kind = TIGHT_CHANGE, .ids = buf_slice(&bytes)};
    return log_tighten(v, &tight);
}

static struct status change_all(struct vault *v, const struct vault_use *use,
                                const struct selection *which, const struct vault_change *change) {
    if (which->records == 0) {
        return STATUS_OK;
    }
    TRY(check_expiry(v, which, change));
    TRY(log_many(v, LEAF_WRITE_BATCH, use, SLICE("metadata"), which->records));
    TRY(tighten_change(v, which, change));
    return records_change(v, which, change, VAULT_CAUSE_CHANGED);
}

struct status vault_change(struct vault *v, const struct vault_use *use,
                           const struct vault_query *query, const struct vault_change *change,
                           struct vault_found *ret_found) {
    unsigned settable = VAULT_DECISION | VAULT_UNLAWFUL;
    if (((change->flags_add | change->flags_remove) & ~settable) != 0) {
        return FAIL(E_NUMBER);
    }
    struct selection permitted CLEANUP(selection_done);
    struct selection denied CLEANUP(selection_done);
    selection_init(&permitted);
    selection_init(&denied);
    struct vault_found found;
    TRY(find(v, use, query, false, &permitted, &denied, &found));
    TRY(op_begin(v));
    TRY(op_end_lazy(v, change_all(v, use, &permitted, change)));
    *ret_found = found;
    return STATUS_OK;
}

/* Deleting ------------------------------------------------------------------------------ */

void keep_held(const struct vault *v, struct selection *which, uint64_t *ret_held) {
    *ret_held = 0;
    for (uint64_t id = selection_next(which, 0); id != 0; id = selection_next(which, id)) {
        if (record_held(v, id)) {
            selection_remove(which, id);
            (*ret_held)++;
        }
    }
}

/* The tightening log names them all, so that no restored backup brings them back. */
struct status tighten_ids(struct vault *v, const struct selection *which) {
    struct buf ids CLEANUP(buf_done);
    buf_init(&ids, DELTA_MAX);
    TRY(selection_write(which, &ids));
    struct tightening tight = {.kind = TIGHT_DELETE, .ids = buf_slice(&ids)};
    return log_tighten(v, &tight);
}

struct status records_delete(struct vault *v, const struct vault_use *use,
                             const struct selection *which, enum leaf_kind kind,
                             enum vault_cause cause, struct doomed *doomed) {
    if (which->records == 0) {
        return STATUS_OK;
    }
    TRY(log_many(v, kind, use, SLICE(""), which->records));
    TRY(tighten_ids(v, which));
    TRY(feed_records(v, which, cause));
    TRY(rekey_mark(v, which));
    return records_erase(v, which, doomed);
}

static struct status delete_selected(struct vault *v, const struct vault_use *use,
                                     struct selection *which, struct vault_found *ret_found) {
    struct doomed doomed CLEANUP(doomed_done);
    doomed_init(&doomed);
    struct vault_found found = {.permitted = 0};
    keep_held(v, which, &found.denied);
    found.permitted = which->records;
    found.last_id = last_of(which, which);
    TRY(op_begin(v));
    struct status deleted =
        records_delete(v, use, which, LEAF_DELETION, VAULT_CAUSE_ERASED, &doomed);
    bool more_goes = doomed.keys.len > 0 || doomed.files.len > 0;
    TRY(more_goes ? op_end(v, deleted) : op_end_lazy(v, deleted));
    TRY(doomed_destroy(v, &doomed));
    *ret_found = found;
    return STATUS_OK;
}

struct status vault_delete(struct vault *v, const struct vault_use *use,
                           const struct vault_query *query, struct vault_found *ret_found) {
    TRY(vault_ready(v));
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(find_select(v, query, true, &which));
    return delete_selected(v, use, &which, ret_found);
}

struct status vault_delete_ids(struct vault *v, const struct vault_use *use, const uint64_t *ids,
                               size_t count, struct vault_found *ret_found) {
    TRY(vault_ready(v));
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    for (size_t i = 0; i < count; i++) {
        uint32_t at = 0;
        if (columns_at(&v->columns, ids[i], &at) != NULL) {
            TRY(selection_add(&which, ids[i]));
        }
    }
    return delete_selected(v, use, &which, ret_found);
}
