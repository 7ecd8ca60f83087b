/* The rows that an erasure takes away: of records, of a person, and of what concerns others. */
#include <string.h>

#include "base/mem.h"
#include "said.h"

void doomed_init(struct doomed *d) {
    buf_init(&d->keys, (size_t)1 << 30);
    buf_init(&d->files, (size_t)1 << 30);
}

void doomed_done(struct doomed *d) {
    buf_done(&d->keys);
    buf_done(&d->files);
}

/* Keys that cannot be destroyed must not be forgotten: the vault stops, and the next open sweeps.
 */
struct status doomed_destroy(struct vault *v, const struct doomed *d) {
    struct status status = keys_destroy(v, &d->keys);
    if (failed(status)) {
        vault_stop(v);
        return status;
    }
    for (size_t at = 0; at < d->files.len; at += sizeof(uint64_t)) {
        uint64_t id = 0;
        memcpy(&id, d->files.ptr + at, sizeof id);
        TRY(blob_remove_file(v, id));
    }
    v->settle_at_ms = v->settle_at_ms == 0 ? vault_now_ms(v) + SETTLE_MS : v->settle_at_ms;
    return STATUS_OK;
}

static struct status blob_rows(struct vault *v, uint64_t id, struct doomed *doomed) {
    struct buf bytes CLEANUP(buf_done);
    buf_init(&bytes, KEY_REF_LEN);
    struct status found = state_get(v, STORE_BLOBS, 0, id, &bytes);
    if (found.code == E_STORE_MISSING) {
        return STATUS_OK;
    }
    TRY(found);
    if (bytes.len != KEY_REF_LEN) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct key_ref ref = key_ref_get(bytes.ptr);
    TRY(buf_add(&doomed->keys, slice_of(&ref, sizeof ref)));
    TRY(buf_add(&doomed->files, slice_of(&id, sizeof id)));
    return key_row_drop(v, STORE_BLOBS, 0, id);
}

static struct status collect_id(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct buf *ids = arg;
    (void)owner;
    (void)bytes;
    return buf_add(ids, slice_of(&id, sizeof id));
}

static uint64_t id_at(const struct buf *ids, size_t i) {
    uint64_t id = 0;
    memcpy(&id, ids->ptr + i * sizeof id, sizeof id);
    return id;
}

/* The wraps are in older backups as well, so the keys that open them are replaced. */
static struct status wrap_rows(struct vault *v, uint64_t id, uint8_t category) {
    struct buf people CLEANUP(buf_done);
    buf_init(&people, 4096);
    TRY(store_each(v->store, STORE_WRAPS, id, 0, collect_id, &people));
    for (size_t i = 0; i < people.len / sizeof(uint64_t); i++) {
        TRY(rekey_wait(v, id_at(&people, i), category));
        TRY(store_delete(v->store, STORE_CONCERNED, id_at(&people, i), id));
    }
    return store_delete_owner(v->store, STORE_WRAPS, id);
}

static struct status record_rows(struct vault *v, const struct segment *s, uint32_t at, uint64_t id,
                                 struct doomed *doomed) {
    if (segment_bit(s, PLANES_FLAG, BLOB_BIT, at)) {
        TRY(blob_rows(v, id, doomed));
    }
    if (segment_bit(s, PLANES_FLAG, SHARED_BIT, at)) {
        TRY(wrap_rows(v, id, s->rows[at].category));
    }
    return store_delete(v->store, STORE_RECORDS, s->rows[at].owner, id);
}

struct status records_erase(struct vault *v, const struct selection *which, struct doomed *doomed) {
    for (uint64_t id = selection_next(which, 0); id != 0; id = selection_next(which, id)) {
        uint32_t at = 0;
        const struct segment *s = columns_at(&v->columns, id, &at);
        if (s != NULL) {
            TRY(record_rows(v, s, at, id, doomed));
        }
    }
    if (which->records == 0) {
        return STATUS_OK;
    }
    TRY(access_gone(v, which));
    TRY(delta_drop(&v->pending.deltas, which));
    columns_drop(&v->columns, which, segments_delta(v));
    return STATUS_OK;
}

/* Hand over ----------------------------------------------------------------------------- */

/* Whom of the others it goes to: the first who is still here, with their copy of its key. A copy
 * whose key is gone is one that its holder has erased since (a restore comes by it). */
static struct status heir_of(struct vault *v, const struct vault_meta *meta, struct person **ret,
                             struct seal_key *ret_key) {
    for (size_t i = 0; i < VAULT_OTHERS_MAX && meta->others[i] != 0; i++) {
        struct person *other = NULL;
        struct status found = person_get(v, meta->others[i], &other);
        if (!failed(found)) {
            found = wrap_open(v, other, meta->category, meta->id, ret_key);
        }
        bool none = found.code == E_NO_SUBJECT || found.code == E_KEY_GONE;
        if (none || (v->replaying && restore_lost(found))) {
            continue;
        }
        TRY(found);
        *ret = other;
        return STATUS_OK;
    }
    *ret = NULL;
    return STATUS_OK;
}

/* The same record under another owner: opened with the heir's copy of its key, sealed for its new
 * place. Nothing of the old owner is left in row or columns. */
static struct status hand_over(struct vault *v, const struct vault_meta *old, struct person *heir,
                               const struct seal_key *key) {
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    TRY(record_payload_with(v, key, old, &plain));
    struct vault_meta meta = *old;
    meta.owner = heir->subject.id;
    meta.others[0] = 0;
    TRY(store_delete(v->store, STORE_RECORDS, old->owner, old->id));
    TRY(record_reseal(v, heir, &meta, 1, buf_slice(&plain)));
    TRY(store_delete(v->store, STORE_WRAPS, old->id, old->owner));
    TRY(store_delete(v->store, STORE_CONCERNED, meta.owner, old->id));
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(selection_add(&which, old->id));
    TRY(columns_reserve(&v->columns, &meta));
    TRY(delta_drop(&v->pending.deltas, &which));
    TRY(delta_put(&v->pending.deltas, &meta));
    TRY(feed_records(v, &which, VAULT_CAUSE_CHANGED)); /* the heir's is told anew */
    columns_drop(&v->columns, &which, segments_delta(v));
    columns_put(&v->columns, &meta, segments_delta(v));
    return STATUS_OK;
}

static struct status settle_record(struct vault *v, uint64_t id, struct selection *gone,
                                   uint64_t *io_kept) {
    struct vault_meta meta;
    if (!columns_get(&v->columns, id, &meta) || (meta.flags & VAULT_HELD) != 0) {
        return STATUS_OK;
    }
    unsigned stays = VAULT_SHARED | VAULT_STAYS;
    struct person *heir = NULL;
    struct seal_key key CLEANUP(seal_key_done);
    key = (struct seal_key){.bytes = {0}};
    bool may_stay = (meta.flags & stays) == stays && (meta.flags & VAULT_BLOB) == 0;
    if (may_stay) {
        TRY(record_others(v, &meta));
        TRY(heir_of(v, &meta, &heir, &key));
    }
    if (heir == NULL) {
        return selection_add(gone, id);
    }
    (*io_kept)++;
    return hand_over(v, &meta, heir, &key);
}

struct status records_hand_over(struct vault *v, uint64_t subject, struct selection *gone,
                                uint64_t *ret_kept) {
    uint64_t id = columns_newest(&v->columns, subject, 0);
    while (id != 0) {
        uint64_t older = columns_newest(&v->columns, subject, id);
        TRY(settle_record(v, id, gone, ret_kept));
        id = older;
    }
    return STATUS_OK;
}

/* The key of what was held, when nothing else is under it any more. */
static struct status held_key_goes(struct vault *v, uint64_t owner, uint8_t category,
                                   struct doomed *doomed) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, KEY_REF_LEN);
    struct status found = state_get(v, STORE_KEYS, owner, category + 1u, &row);
    if (found.code == E_STORE_MISSING) {
        return STATUS_OK;
    }
    TRY(found);
    TRY(row.len == KEY_REF_LEN ? STATUS_OK : FAIL(E_VAULT_CORRUPT));
    struct key_ref ref = key_ref_get(row.ptr);
    TRY(buf_add(&doomed->keys, slice_of(&ref, sizeof ref)));
    TRY(store_delete(v->store, STORE_REKEYS, owner, category));
    TRY(store_delete(v->store, STORE_CARRIED, owner, category + 1u));
    return key_row_drop(v, STORE_KEYS, owner, category + 1u);
}

static struct status released_goes(struct vault *v, const struct vault_meta *meta,
                                   const struct selection *gone, struct doomed *doomed) {
    struct said said = {.category = vault_category_name(v, meta->category),
                        .count = 1,
                        .at_ms = vault_now_ms(v),
                        .ground = SLICE("erased before, and kept by a legal hold until now")};
    said_actor(&said, NULL);
    TRY(said_log(v, LEAF_DELETION, NULL, &said, NULL));
    TRY(tighten_ids(v, gone));
    TRY(feed_records(v, gone, VAULT_CAUSE_ERASED));
    TRY(rekey_mark(v, gone));
    return records_erase(v, gone, doomed);
}

struct status record_release(struct vault *v, uint64_t id, struct doomed *doomed) {
    struct vault_meta meta;
    struct person *owner = NULL;
    struct selection gone CLEANUP(selection_done);
    selection_init(&gone);
    if (!columns_get(&v->columns, id, &meta)) {
        return STATUS_OK;
    }
    struct status found = person_get(v, meta.owner, &owner);
    bool left = found.code == E_NO_SUBJECT;
    TRY(left ? STATUS_OK : found);
    uint64_t kept = 0;
    bool last = held_of(v, meta.owner, meta.category).records <= 1; /* this one still counts */
    TRY(left ? settle_record(v, id, &gone, &kept) : selection_add(&gone, id));
    TRY(left && last ? held_key_goes(v, meta.owner, meta.category, doomed) : STATUS_OK);
    return gone.records == 0 ? STATUS_OK : released_goes(v, &meta, &gone, doomed);
}

struct status records_leave(struct vault *v, uint64_t subject, uint64_t category,
                            uint64_t *io_kept) {
    struct buf ids CLEANUP(buf_done);
    buf_init(&ids, DELTA_MAX);
    TRY(store_each(v->store, STORE_CONCERNED, subject, 0, collect_id, &ids));
    for (size_t i = 0; i < ids.len / sizeof(uint64_t); i++) {
        uint64_t id = id_at(&ids, i);
        uint32_t at = 0;
        const struct segment *s = columns_at(&v->columns, id, &at);
        if (category == VAULT_ALL || (s != NULL && s->rows[at].category == category)) {
            TRY(store_delete(v->store, STORE_WRAPS, id, subject));
            TRY(store_delete(v->store, STORE_CONCERNED, subject, id));
            (*io_kept)++;
        }
    }
    return STATUS_OK;
}

/* The person ---------------------------------------------------------------------------- */

static struct status ward_rows(struct vault *v, uint64_t child) {
    struct buf guardians CLEANUP(buf_done);
    buf_init(&guardians, 4096);
    TRY(store_each(v->store, STORE_GUARDIANS, child, 0, collect_id, &guardians));
    for (size_t i = 0; i < guardians.len / sizeof(uint64_t); i++) {
        TRY(store_delete(v->store, STORE_WARDS, id_at(&guardians, i), child));
    }
    return store_delete_owner(v->store, STORE_GUARDIANS, child);
}

/* At once, unless a hold keeps some. */
static struct status key_rows(struct vault *v, uint64_t subject, const struct outliving *held) {
    struct buf numbers CLEANUP(buf_done);
    buf_init(&numbers, 4096);
    TRY(store_each(v->store, STORE_KEYS, subject, 0, collect_id, &numbers));
    size_t count = numbers.len / sizeof(uint64_t);
    if (held->records == 0) {
        v->counters.keys -= count;
        TRY(store_delete_owner(v->store, STORE_KEYS, subject));
        return store_delete_owner(v->store, STORE_CARRIED, subject);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t number = id_at(&numbers, i);
        bool stays = number != PERSON_KEY && outlives(held, number - 1);
        TRY(stays ? STATUS_OK : key_row_drop(v, STORE_KEYS, subject, number));
        TRY(stays ? STATUS_OK : store_delete(v->store, STORE_CARRIED, subject, number));
    }
    return STATUS_OK;
}

struct status person_rows_erase(struct vault *v, uint64_t subject, const struct outliving *held) {
    static const enum store_space spaces[] = {
        STORE_CONSENTS, STORE_TAGGED, STORE_OPENINGS, STORE_SUBJECTS, STORE_HOLDS, STORE_REKEYS,
    };
    TRY(ward_rows(v, subject));
    TRY(kept_erase(v, subject));
    TRY(key_rows(v, subject, held));
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
        TRY(store_delete_owner(v->store, spaces[i], subject));
    }
    return held->records > 0 ? STATUS_OK : store_delete_owner(v->store, STORE_RECORDS, subject);
}
