/* After a single deletion: what was deleted is still sealed in data backups under the person's key
 * of that category. The key is replaced, what remains of the category sealed anew under the next,
 * and the old one destroyed; then no copy of the data opens any more. What remains is noted, so
 * that a restore of such a copy still has it (carry.h).
 *
 * It is done a few categories a tick, so that emptying a history costs one replacement, not one for
 * each entry. Which ones wait is kept in the store: a crash forgets none. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "carry.h"

enum { REKEYS_AT_ONCE = 64, CARRIED_AT_ONCE = 4 << 20 };

struct status rekey_wait(struct vault *v, uint64_t owner, uint8_t category) {
    v->rekeys_wait = true;
    return store_put(v->store, STORE_REKEYS, owner, category, SLICE(""));
}

/* Those of several people have their own keys, wrapped for each: they wait once the wraps go. */
struct status rekey_mark(struct vault *v, const struct selection *which) {
    for (uint64_t id = selection_next(which, 0); id != 0; id = selection_next(which, id)) {
        uint32_t at = 0;
        const struct segment *s = columns_at(&v->columns, id, &at);
        bool own_key = s != NULL && segment_bit(s, PLANES_FLAG, SHARED_BIT, at);
        if (s != NULL && !own_key) {
            TRY(rekey_wait(v, s->rows[at].owner, s->rows[at].category));
        }
    }
    return STATUS_OK;
}

struct waiting {
    uint64_t owners[REKEYS_AT_ONCE];
    uint64_t categories[REKEYS_AT_ONCE];
    size_t count;
};

static struct status collect(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct waiting *w = arg;
    (void)bytes;
    if (w->count == REKEYS_AT_ONCE) {
        return FAIL(E_TOO_MANY);
    }
    w->owners[w->count] = owner;
    w->categories[w->count++] = id;
    return STATUS_OK;
}

/* From one key of a category to the next. */
struct change {
    struct vault *v;
    uint64_t owner;
    uint8_t category;
    const struct seal_key *old; /* NULL: it is gone */
    const struct seal_key *fresh;
    struct carry *carry;  /* what is noted on the way; NULL: nothing */
    struct slice carried; /* of a restore: what opens records that `old` does not */
};

/* What stays as long as the account, and what a legal hold keeps. */
static bool carries(const struct change *c, const struct segment *s, uint32_t at, uint64_t id) {
    return c->carry != NULL && (s->rows[at].expires == 0 || record_held(c->v, id));
}

static struct status open_row(const struct change *c, const struct vault_meta *meta,
                              struct buf *plain) {
    struct status opened =
        c->old == NULL ? FAIL(E_SEAL_OPEN) : record_payload_with(c->v, c->old, meta, plain);
    struct seal_key alone CLEANUP(seal_key_done);
    alone = (struct seal_key){.bytes = {0}};
    for (unsigned n = 0; opened.code == E_SEAL_OPEN && carry_find(c->carried, meta->id, n, &alone);
         n++) {
        opened = record_payload_alone(c->v, &alone, meta, plain);
    }
    return opened;
}

/* A record that is its owner's alone. */
static struct status reseal(const struct change *c, const struct segment *s, uint32_t at,
                            uint64_t id) {
    struct vault_meta meta;
    struct buf plain CLEANUP(buf_done);
    struct seal_key alone CLEANUP(seal_key_done);
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    alone = (struct seal_key){.bytes = {0}};
    if (!columns_get(&c->v->columns, id, &meta)) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(open_row(c, &meta, &plain));
    if (carries(c, s, at, id)) {
        TRY(record_alone(c->v, c->old, &meta, &alone));
        TRY(carry_add(c->carry, id, &alone));
    }
    return record_payload_put(c->v, c->fresh, &meta, buf_slice(&plain));
}

/* The person's copy of the key of a record that several share. */
static struct status rewrap(const struct change *c, const struct segment *s, uint32_t at,
                            uint64_t id) {
    struct seal_key key CLEANUP(seal_key_done);
    key = (struct seal_key){.bytes = {0}};
    struct status opened = c->old == NULL
                               ? FAIL(E_SEAL_OPEN)
                               : wrap_open_with(c->v, c->old, c->owner, c->category, id, &key);
    if (opened.code == E_SEAL_OPEN && carry_find(c->carried, id, 0, &key)) {
        opened = STATUS_OK;
    }
    TRY(opened);
    TRY(carries(c, s, at, id) ? carry_add(c->carry, id, &key) : STATUS_OK);
    return wrap_put_with(c->v, c->fresh, c->owner, c->category, id, &key);
}

static struct status collect_concerned(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    (void)owner;
    (void)bytes;
    return selection_add(arg, id);
}

/* The person's records of the category, and others' whose keys are wrapped for them under it. A
 * restore leaves what does not open to restore_check. */
static struct status change_all(const struct change *c) {
    struct vault_query query = {.owner = c->owner, .category = (uint8_t)(c->category + 1)};
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(columns_select(&c->v->columns, &query, 0, true, &which));
    TRY(store_each(c->v->store, STORE_CONCERNED, c->owner, 0, collect_concerned, &which));
    for (uint64_t id = selection_next(&which, 0); id != 0; id = selection_next(&which, id)) {
        uint32_t at = 0;
        const struct segment *s = columns_at(&c->v->columns, id, &at);
        if (s == NULL || s->rows[at].category != c->category) {
            continue;
        }
        bool shared = segment_bit(s, PLANES_FLAG, SHARED_BIT, at);
        struct status status = shared ? rewrap(c, s, at, id) : reseal(c, s, at, id);
        bool leave = c->carry == NULL && restore_lost(status);
        TRY(leave ? STATUS_OK : status);
    }
    return STATUS_OK;
}

/* Of the row alone: of somebody who was erased, nothing but what a legal hold keeps may be left.
 * E_STORE_MISSING */
static struct status ref_of(struct vault *v, uint64_t owner, uint8_t category,
                            struct key_ref *ret) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, KEY_REF_LEN);
    TRY(state_get(v, STORE_KEYS, owner, category + 1u, &row));
    TRY(row.len == KEY_REF_LEN ? STATUS_OK : FAIL(E_VAULT_CORRUPT));
    *ret = key_ref_get(row.ptr);
    return STATUS_OK;
}

static struct status ref_change(struct vault *v, uint64_t owner, uint8_t category,
                                struct key_ref ref) {
    uint8_t bytes[KEY_REF_LEN];
    key_ref_put(ref, bytes);
    person_forget(v, owner);
    return state_put(v, STORE_KEYS, owner, category + 1u, slice_of(bytes, sizeof bytes));
}

static struct status replace(struct vault *v, uint64_t owner, uint8_t category, struct buf *dead) {
    struct key_ref was;
    struct key_ref ref;
    struct status found = ref_of(v, owner, category, &was);
    if (found.code == E_STORE_MISSING) {
        return STATUS_OK;
    }
    TRY(found);
    struct seal_key old CLEANUP(seal_key_done);
    struct seal_key fresh CLEANUP(seal_key_done);
    struct carry carry CLEANUP(carry_done);
    old = fresh = (struct seal_key){.bytes = {0}};
    carry_init(&carry);
    TRY(keyring_key(v->keys, was, &old));
    TRY(key_take(v, KEY_SUBJECT, &ref));
    TRY(keyring_key(v->keys, ref, &fresh));
    struct change change = {v, owner, category, &old, &fresh, &carry, SLICE("")};
    TRY(carry_begin(v, &carry, owner, category, was, &old));
    TRY(change_all(&change));
    TRY(carry_end(v, &carry, owner, category, ref, &fresh));
    TRY(ref_change(v, owner, category, ref));
    return buf_add(dead, slice_of(&was, sizeof was));
}

static struct status replace_one(struct vault *v, uint64_t owner, uint64_t category,
                                 struct buf *dead) {
    TRY(replace(v, owner, (uint8_t)category, dead));
    return store_delete(v->store, STORE_REKEYS, owner, category);
}

/* No more at once than the tightening log takes in one piece. */
static struct status replace_each(struct vault *v, const struct waiting *waiting, struct buf *dead,
                                  bool *ret_more) {
    for (size_t i = 0; i < waiting->count; i++) {
        if (v->pending.tight.len > CARRIED_AT_ONCE) {
            *ret_more = true;
            break;
        }
        TRY(replace_one(v, waiting->owners[i], waiting->categories[i], dead));
    }
    return STATUS_OK;
}

/* One commit and one destruction for all of them: each is synced. */
static struct status replace_some(struct vault *v, bool *ret_more) {
    struct waiting waiting = {.count = 0};
    struct status status = store_scan(v->store, STORE_REKEYS, 0, collect, &waiting);
    *ret_more = status.code == E_TOO_MANY;
    if (failed(status) && !*ret_more) {
        return status;
    }
    if (waiting.count == 0) {
        return STATUS_OK;
    }
    struct buf dead CLEANUP(buf_done);
    buf_init(&dead, 4096);
    TRY(op_begin(v));
    TRY(op_end(v, replace_each(v, &waiting, &dead, ret_more)));
    status = keys_destroy(v, &dead);
    if (failed(status)) {
        vault_stop(v);
    }
    return status;
}

struct status rekey_tick(struct vault *v) {
    bool more = false;
    if (v->rekeys_wait) {
        TRY(replace_some(v, &more));
        v->rekeys_wait = more;
    }
    return STATUS_OK;
}

struct status rekey_all(struct vault *v) {
    bool more = true;
    while (more) {
        TRY(replace_some(v, &more));
    }
    v->rekeys_wait = false;
    return STATUS_OK;
}

/* Restoring ----------------------------------------------------------------------------- */

static struct status see_frames(struct vault *v, uint64_t from) {
    uint64_t ignored = 0;
    return tight_replay(v, from, carry_seen, &ignored);
}

/* The key that the backup names is replaced by the one that came last. */
static struct status revive(struct vault *v, uint64_t owner, uint8_t category) {
    struct key_ref was;
    struct key_ref ref;
    struct seal_key old CLEANUP(seal_key_done);
    struct seal_key fresh CLEANUP(seal_key_done);
    struct buf list CLEANUP(buf_done);
    old = fresh = (struct seal_key){.bytes = {0}};
    buf_init_secret(&list, STATE_MAX);
    TRY(carry_open_seen(v, owner, category, &ref, &fresh, &list));
    TRY(ref_of(v, owner, category, &was));
    struct status there = keyring_key(v->keys, was, &old);
    TRY(restore_lost(there) ? STATUS_OK : there);
    struct change change = {v,      owner, category,        failed(there) ? NULL : &old,
                            &fresh, NULL,  buf_slice(&list)};
    TRY(change_all(&change));
    return ref_change(v, owner, category, ref);
}

/* Of a category that the backup does not have there is nothing to be had. */
static struct status revive_one(struct vault *v, uint64_t owner, uint8_t category) {
    struct status revived = revive(v, owner, category);
    TRY(revived.code == E_STORE_MISSING ? STATUS_OK : revived);
    return carry_take_seen(v, owner, category, !failed(revived));
}

static struct status revive_some(struct vault *v, const uint64_t *pairs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        TRY(revive_one(v, pairs[2 * i], (uint8_t)pairs[2 * i + 1]));
    }
    return STATUS_OK;
}

struct status rekey_restore(struct vault *v, uint64_t from) {
    struct buf pairs CLEANUP(buf_done);
    buf_init(&pairs, (size_t)1 << 31);
    TRY(op_begin(v));
    TRY(op_end(v, see_frames(v, from)));
    TRY(carry_each_seen(v, &pairs));
    const uint64_t *each = (const uint64_t *)(const void *)pairs.ptr;
    size_t count = pairs.len / (2 * sizeof *each);
    for (size_t i = 0; i < count; i += REKEYS_AT_ONCE) {
        size_t some = count - i < REKEYS_AT_ONCE ? count - i : REKEYS_AT_ONCE;
        TRY(op_begin(v));
        TRY(op_end(v, revive_some(v, each + 2 * i, some)));
    }
    return STATUS_OK;
}
