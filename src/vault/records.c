/* Single records: put, read, rewrite. Decided, recorded, sealed. */
#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"

enum { VERSION_BYTES = 4, ROW_MAX = VAULT_PAYLOAD_MAX + RECORD_OVERHEAD + VERSION_BYTES };

static struct seal_place place_of(const struct vault_meta *meta, uint32_t version) {
    return (struct seal_place){.what = SEAL_RECORD,
                               .owner = meta->owner,
                               .category = meta->category,
                               .id = meta->id,
                               .version = version};
}

static struct seal_place wrap_place(uint64_t person, uint8_t category, uint64_t id) {
    return (struct seal_place){.what = SEAL_WRAP, .owner = person, .category = category, .id = id};
}

/* The row: be32 version, sealed payload. Until the next call on the store. */
static struct status row_view(struct vault *v, const struct vault_meta *meta, struct slice *ret) {
    struct status found = store_view(v->store, STORE_RECORDS, meta->owner, meta->id, ret);
    bool there = !failed(found) && ret->len >= VERSION_BYTES;
    return there || (failed(found) && found.code != E_STORE_MISSING) ? found
                                                                     : FAIL(E_VAULT_CORRUPT);
}

/* Written again it keeps the key that opens it alone, which a restore may have to go by. */
static struct status payload_write(struct vault *v, const struct seal_key *key,
                                   const struct vault_meta *meta, uint32_t version,
                                   struct slice payload) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, ROW_MAX);
    TRY(buf_reserve(&row, VERSION_BYTES + payload.len + RECORD_OVERHEAD));
    TRY(buf_add_be32(&row, version));
    struct seal_place place = place_of(meta, version);
    struct slice before = SLICE_INIT("");
    TRY(version == 1 ? STATUS_OK : row_view(v, meta, &before));
    TRY(version == 1
            ? record_seal_buf(key, &place, payload, &row)
            : record_seal_again_buf(key, &place, slice_from(before, VERSION_BYTES), payload, &row));
    return store_put(v->store, STORE_RECORDS, meta->owner, meta->id, buf_slice(&row));
}

struct status wrap_put_with(struct vault *v, const struct seal_key *key, uint64_t person,
                            uint8_t category, uint64_t id, const struct seal_key *record_key) {
    uint8_t wrapped[RECORD_WRAPPED_KEY_LEN];
    struct seal_place place = wrap_place(person, category, id);
    record_wrap_key(key, &place, record_key, wrapped);
    return store_put(v->store, STORE_WRAPS, id, person, slice_of(wrapped, sizeof wrapped));
}

struct status wrap_open_with(struct vault *v, const struct seal_key *key, uint64_t person,
                             uint8_t category, uint64_t id, struct seal_key *ret) {
    struct slice wrapped;
    struct status found = store_view(v->store, STORE_WRAPS, id, person, &wrapped);
    if (found.code == E_STORE_MISSING ||
        (!failed(found) && wrapped.len != RECORD_WRAPPED_KEY_LEN)) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(found);
    struct seal_place place = wrap_place(person, category, id);
    return record_unwrap_key(key, &place, wrapped.ptr, ret);
}

struct status wrap_put(struct vault *v, struct person *p, uint8_t category, uint64_t id,
                       const struct seal_key *record_key) {
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_make(v, p, category + 1u, &key));
    return wrap_put_with(v, &key, p->subject.id, category, id, record_key);
}

struct status wrap_open(struct vault *v, const struct person *p, uint8_t category, uint64_t id,
                        struct seal_key *ret) {
    struct seal_key key CLEANUP(seal_key_done);
    TRY(person_key_get(v, p, category + 1u, &key));
    return wrap_open_with(v, &key, p->subject.id, category, id, ret);
}

/* A record of several people has its own key, wrapped for each. */
static struct status share_key(struct vault *v, struct person *owner, const struct vault_meta *meta,
                               struct seal_key *ret) {
    *ret = seal_key_random();
    TRY(wrap_put(v, owner, meta->category, meta->id, ret));
    for (size_t i = 0; i < VAULT_OTHERS_MAX && meta->others[i] != 0; i++) {
        struct person *other = NULL;
        TRY(person_get(v, meta->others[i], &other));
        TRY(wrap_put(v, other, meta->category, meta->id, ret));
        TRY(store_put(v->store, STORE_CONCERNED, meta->others[i], meta->id, SLICE("")));
    }
    return STATUS_OK;
}

static struct status key_for_new(struct vault *v, struct person *owner,
                                 const struct vault_meta *meta, struct seal_key *ret) {
    if ((meta->flags & VAULT_SHARED) != 0) {
        return share_key(v, owner, meta, ret);
    }
    return person_key_make(v, owner, meta->category + 1u, ret);
}

static struct status key_of(struct vault *v, const struct person *owner, uint8_t category,
                            uint64_t id, bool shared, struct seal_key *ret) {
    if (shared) {
        return wrap_open(v, owner, category, id, ret);
    }
    return person_key_get(v, owner, category + 1u, ret);
}

/* What the caller left open. */
static struct status complete(struct vault *v, const struct vault_use *use,
                              const struct vault_meta *given, struct vault_meta *ret) {
    *ret = *given;
    ret->collected_for = use->purpose;
    bool shared = given->others[0] != 0;
    unsigned settable = VAULT_DECISION | VAULT_BLOB | VAULT_UNFINISHED | VAULT_STAYS;
    ret->flags = (uint16_t)((given->flags & settable) | (shared ? VAULT_SHARED : 0));
    for (size_t i = 0; i < VAULT_OTHERS_MAX; i++) {
        if (given->others[i] != 0 && given->others[i] == given->owner) {
            return FAIL(E_NUMBER);
        }
    }
    ret->collected_s = given->collected_s == 0 ? vault_now_s(v) : given->collected_s;
    uint64_t allowed = map_purposes(v, given->category);
    ret->purposes = given->purposes == 0 ? allowed : given->purposes & allowed;
    ret->expires_s = map_expiry(v, given->category, ret->collected_s, given->expires_s);
    return STATUS_OK;
}

static struct status write_new(struct vault *v, struct person *owner, const struct vault_meta *meta,
                               struct slice payload) {
    struct seal_key key CLEANUP(seal_key_done);
    TRY(key_for_new(v, owner, meta, &key));
    TRY(payload_write(v, &key, meta, 1, payload));
    TRY(columns_reserve(&v->columns, meta));
    TRY(delta_put(&v->pending.deltas, meta));
    columns_put(&v->columns, meta, segments_delta(v));
    return STATUS_OK;
}

/* Inside an op. */
struct status record_put(struct vault *v, const struct vault_use *use,
                         const struct vault_meta *meta, struct slice payload,
                         struct vault_meta *ret_meta, struct vault_answer *ret_answer) {
    if (payload.len > VAULT_PAYLOAD_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    struct person *owner = NULL;
    TRY(person_get(v, meta->owner, &owner));
    TRY(decide(v, use, meta->category, owner, NULL, ret_answer));
    TRY(answer_status(ret_answer));
    struct vault_meta full;
    TRY(complete(v, use, meta, &full));
    full.id = v->counters.next_id;
    if (full.id > RECORD_ID_MAX) {
        return FAIL(E_TOO_MANY);
    }
    TRY(write_new(v, owner, &full, payload));
    v->counters.next_id++;
    *ret_meta = full;
    return STATUS_OK;
}

/* Notes a permit or a denial, and keeps the first failure. */
struct status noted(struct vault *v, const struct vault_use *use, uint8_t category,
                    uint64_t subject, uint64_t record, const struct vault_answer *answer,
                    struct status status) {
    bool decided = !failed(status) || status.code == E_DENIED || status.code == E_UNDECLARED;
    if (!decided) {
        return status;
    }
    struct status note = access_note(v, use, category, subject, record, answer);
    return failed(status) ? status : note;
}

static void hand_answer(const struct vault_answer *answer, struct vault_answer *ret) {
    if (ret != NULL) {
        *ret = *answer;
    }
}

struct status vault_put(struct vault *v, const struct vault_use *use, const struct vault_meta *meta,
                        struct slice payload, uint64_t *ret_id, struct vault_answer *ret_answer) {
    struct vault_answer answer = {.permit = false};
    struct vault_meta full = {.id = 0};
    TRY(op_begin(v));
    struct status status = op_end_lazy(v, record_put(v, use, meta, payload, &full, &answer));
    hand_answer(&answer, ret_answer);
    TRY(noted(v, use, meta->category, meta->owner, full.id, &answer, status));
    *ret_id = full.id;
    return STATUS_OK;
}

/* Reading ------------------------------------------------------------------------------- */

struct status record_payload_with(struct vault *v, const struct seal_key *key,
                                  const struct vault_meta *meta, struct buf *ret_plain) {
    struct slice row;
    TRY(row_view(v, meta, &row));
    struct seal_place place = place_of(meta, bytes_be32(row.ptr));
    return record_open_buf(key, &place, slice_from(row, VERSION_BYTES), ret_plain);
}

struct status record_alone(struct vault *v, const struct seal_key *key,
                           const struct vault_meta *meta, struct seal_key *ret_alone) {
    struct slice row;
    TRY(row_view(v, meta, &row));
    return record_key_alone(key, slice_from(row, VERSION_BYTES), ret_alone);
}

struct status record_payload_alone(struct vault *v, const struct seal_key *alone,
                                   const struct vault_meta *meta, struct buf *ret_plain) {
    struct slice row;
    TRY(row_view(v, meta, &row));
    struct seal_place place = place_of(meta, bytes_be32(row.ptr));
    return record_open_alone_buf(alone, &place, slice_from(row, VERSION_BYTES), ret_plain);
}

struct status record_open_payload(struct vault *v, const struct segment *s, uint32_t at,
                                  uint64_t id, struct buf *ret_plain) {
    struct person *owner = NULL;
    TRY(person_get(v, s->rows[at].owner, &owner));
    struct seal_key key CLEANUP(seal_key_done);
    bool shared = segment_bit(s, PLANES_FLAG, SHARED_BIT, at);
    TRY(key_of(v, owner, s->rows[at].category, id, shared, &key));
    struct vault_meta meta = {
        .id = id, .owner = s->rows[at].owner, .category = s->rows[at].category};
    return record_payload_with(v, &key, &meta, ret_plain);
}

/* There, not expired, and of a living person. */
struct status record_at(struct vault *v, uint64_t id, struct segment **ret, uint32_t *ret_at) {
    struct segment *s = columns_at(&v->columns, id, ret_at);
    if (s == NULL || segment_expired(s, *ret_at, vault_now_s(v))) {
        return FAIL(E_NO_RECORD);
    }
    *ret = s;
    return STATUS_OK;
}

static struct status list_other(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct vault_meta *meta = arg;
    (void)owner;
    (void)bytes;
    for (size_t i = 0; i < VAULT_OTHERS_MAX && id != meta->owner; i++) {
        if (meta->others[i] == 0) {
            meta->others[i] = id;
            break;
        }
    }
    return STATUS_OK;
}

struct status record_others(struct vault *v, struct vault_meta *meta) {
    if ((meta->flags & VAULT_SHARED) == 0) {
        return STATUS_OK;
    }
    return store_each(v->store, STORE_WRAPS, meta->id, 0, list_other, meta);
}

static struct status decide_record(struct vault *v, const struct vault_use *use,
                                   const struct segment *s, uint32_t at, struct vault_answer *ret) {
    struct person *owner = NULL;
    struct status found = person_get(v, s->rows[at].owner, &owner);
    if (found.code == E_NO_SUBJECT) {
        return FAIL(E_NO_RECORD);
    }
    TRY(found);
    struct record_facts facts;
    record_facts_of(s, at, use->purpose, &facts);
    TRY(decide(v, use, s->rows[at].category, owner, &facts, ret));
    return answer_status(ret);
}

/* Decides and records. On success the record stands at *ret, *ret_at. */
struct status record_permit(struct vault *v, const struct vault_use *use, uint64_t id,
                            struct segment **ret, uint32_t *ret_at,
                            struct vault_answer *ret_answer) {
    struct vault_answer answer = {.permit = false};
    TRY(vault_ready(v));
    people_trim(v);
    TRY(record_at(v, id, ret, ret_at));
    struct status status = decide_record(v, use, *ret, *ret_at, &answer);
    hand_answer(&answer, ret_answer);
    return noted(v, use, (*ret)->rows[*ret_at].category, (*ret)->rows[*ret_at].owner, id, &answer,
                 status);
}

/* Whom it was disclosed to is known from then on (GDPR Art. 15(1)(c), 19). */
static struct status add_share(struct vault *v, uint64_t id, uint8_t recipient) {
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(selection_add(&which, id));
    struct vault_change change = {.shares_add = UINT64_C(1) << recipient};
    TRY(columns_reserve_change(&v->columns, &which, &change));
    TRY(delta_change(&v->pending.deltas, &which, &change));
    columns_change(&v->columns, &which, &change, segments_delta(v));
    return STATUS_OK;
}

static struct status note_share(struct vault *v, const struct vault_use *use,
                                const struct segment *s, uint32_t at, uint64_t id) {
    bool discloses = use->operation == LAW_OPERATION_DISCLOSE && use->recipient != 0;
    if (!discloses || segment_bit(s, PLANES_SHARE, use->recipient - 1u, at)) {
        return STATUS_OK;
    }
    TRY(op_begin(v));
    return op_end_lazy(v, add_share(v, id, (uint8_t)(use->recipient - 1)));
}

struct status vault_read(struct vault *v, const struct vault_use *use, uint64_t id,
                         struct buf *ret_plain, struct vault_meta *ret_meta,
                         struct vault_answer *ret_answer) {
    struct segment *s = NULL;
    uint32_t at = 0;
    TRY(record_permit(v, use, id, &s, &at, ret_answer));
    TRY(note_share(v, use, s, at, id));
    TRY(record_open_payload(v, s, at, id, ret_plain));
    if (ret_meta != NULL) {
        struct vault_meta meta = {.id = 0};
        columns_get(&v->columns, id, &meta);
        TRY(record_others(v, &meta));
        *ret_meta = meta;
    }
    return STATUS_OK;
}

/* Rewriting ----------------------------------------------------------------------------- */

static struct status version_of(struct vault *v, const struct vault_meta *meta, uint32_t *ret) {
    struct slice row;
    TRY(row_view(v, meta, &row));
    *ret = bytes_be32(row.ptr);
    return STATUS_OK;
}

struct status record_payload_put(struct vault *v, const struct seal_key *key,
                                 const struct vault_meta *meta, struct slice payload) {
    uint32_t version = 0;
    TRY(version_of(v, meta, &version));
    return payload_write(v, key, meta, version + 1, payload);
}

struct status record_reseal(struct vault *v, struct person *owner, const struct vault_meta *meta,
                            uint32_t version, struct slice payload) {
    struct seal_key key CLEANUP(seal_key_done);
    bool shared = (meta->flags & VAULT_SHARED) != 0;
    TRY(key_of(v, owner, meta->category, meta->id, shared, &key));
    return payload_write(v, &key, meta, version, payload);
}

static struct status rewrite(struct vault *v, uint64_t id, struct slice payload) {
    struct vault_meta meta;
    if (!columns_get(&v->columns, id, &meta)) {
        return FAIL(E_NO_RECORD);
    }
    struct person *owner = NULL;
    TRY(person_get(v, meta.owner, &owner));
    uint32_t version = 0;
    TRY(version_of(v, &meta, &version));
    TRY(record_reseal(v, owner, &meta, version + 1, payload));
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(selection_add(&which, id));
    struct vault_change said_anew = {.flags_remove = VAULT_WITHHELD};
    return (meta.flags & VAULT_WITHHELD) != 0
               ? records_change(v, &which, &said_anew, VAULT_CAUSE_CHANGED)
               : feed_records(v, &which, VAULT_CAUSE_CHANGED);
}

static struct status may_rewrite(struct vault *v, const struct vault_use *use, uint64_t id,
                                 struct slice payload, struct vault_answer *ret_answer) {
    if (payload.len > VAULT_PAYLOAD_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    struct segment *s = NULL;
    uint32_t at = 0;
    return record_permit(v, use, id, &s, &at, ret_answer);
}

struct status vault_rewrite(struct vault *v, const struct vault_use *use, uint64_t id,
                            struct slice payload, struct vault_answer *ret_answer) {
    TRY(may_rewrite(v, use, id, payload, ret_answer));
    TRY(op_begin(v));
    return op_end_lazy(v, rewrite(v, id, payload));
}

static struct status narrow(struct vault *v, uint64_t id, struct slice payload) {
    TRY(rewrite(v, id, payload));
    struct tightening tight = {.kind = TIGHT_REWRITE, .what = id};
    return log_tighten(v, &tight);
}

struct status vault_narrow(struct vault *v, const struct vault_use *use, uint64_t id,
                           struct slice payload, struct vault_answer *ret_answer) {
    TRY(may_rewrite(v, use, id, payload, ret_answer));
    TRY(op_begin(v));
    return op_end(v, narrow(v, id, payload));
}
