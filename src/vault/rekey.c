/* After a single deletion: what was deleted is still sealed in data backups under the person's key
 * of that category. The key is replaced, what remains of the category sealed anew under the next,
 * and the old one destroyed; then no copy of the data opens any more.
 *
 * It is done a few categories a tick, so that emptying a history costs one replacement, not one for
 * each entry. Which ones wait is kept in the store: a crash forgets none. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"

enum { REKEYS_AT_ONCE = 64 };

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

/* One record from the old key to the new. */
static struct status reseal(struct vault *v, const struct seal_key *old,
                            const struct seal_key *fresh, uint64_t id) {
    struct vault_meta meta;
    if (!columns_get(&v->columns, id, &meta)) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    TRY(record_payload_with(v, old, &meta, &plain));
    return record_payload_put(v, fresh, &meta, buf_slice(&plain));
}

static struct status reseal_all(struct vault *v, uint64_t owner, uint8_t category,
                                const struct seal_key *old, const struct seal_key *fresh) {
    struct vault_query query = {.owner = owner, .category = (uint8_t)(category + 1)};
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(columns_select(&v->columns, &query, 0, true, &which));
    for (uint64_t id = selection_next(&which, 0); id != 0; id = selection_next(&which, id)) {
        uint32_t at = 0;
        const struct segment *s = columns_at(&v->columns, id, &at);
        bool shared = segment_bit(s, PLANES_FLAG, SHARED_BIT, at);
        TRY(shared ? rewrap(v, owner, category, id, old, fresh) : reseal(v, old, fresh, id));
    }
    return STATUS_OK;
}

static struct status collect_concerned(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    (void)owner;
    (void)bytes;
    return selection_add(arg, id);
}

/* Keys of others' records that are wrapped for the person under this category's key. */
static struct status rewrap_concerned(struct vault *v, uint64_t person, uint8_t category,
                                      const struct seal_key *old, const struct seal_key *fresh) {
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(store_each(v->store, STORE_CONCERNED, person, 0, collect_concerned, &which));
    for (uint64_t id = selection_next(&which, 0); id != 0; id = selection_next(&which, id)) {
        uint32_t at = 0;
        const struct segment *s = columns_at(&v->columns, id, &at);
        if (s != NULL && s->rows[at].category == category) {
            TRY(rewrap(v, person, category, id, old, fresh));
        }
    }
    return STATUS_OK;
}

/* Of the row alone: of somebody who was erased, nothing but what a legal hold keeps may be left. */
static struct status replace(struct vault *v, uint64_t owner, uint8_t category, struct buf *dead) {
    struct buf row CLEANUP(buf_done);
    buf_init(&row, KEY_REF_LEN);
    struct status found = state_get(v, STORE_KEYS, owner, category + 1u, &row);
    if (found.code == E_STORE_MISSING) {
        return STATUS_OK;
    }
    TRY(found);
    TRY(row.len == KEY_REF_LEN ? STATUS_OK : FAIL(E_VAULT_CORRUPT));
    struct seal_key old CLEANUP(seal_key_done);
    struct seal_key fresh CLEANUP(seal_key_done);
    old = fresh = (struct seal_key){.bytes = {0}};
    struct key_ref was = key_ref_get(row.ptr);
    struct key_ref ref;
    TRY(keyring_key(v->keys, was, &old));
    TRY(key_take(v, KEY_SUBJECT, &ref));
    TRY(keyring_key(v->keys, ref, &fresh));
    TRY(reseal_all(v, owner, category, &old, &fresh));
    TRY(rewrap_concerned(v, owner, category, &old, &fresh));
    uint8_t bytes[KEY_REF_LEN];
    key_ref_put(ref, bytes);
    TRY(state_put(v, STORE_KEYS, owner, category + 1u, slice_of(bytes, sizeof bytes)));
    person_forget(v, owner);
    return buf_add(dead, slice_of(&was, sizeof was));
}

static struct status replace_one(struct vault *v, uint64_t owner, uint64_t category,
                                 struct buf *dead) {
    TRY(replace(v, owner, (uint8_t)category, dead));
    return store_delete(v->store, STORE_REKEYS, owner, category);
}

static struct status replace_each(struct vault *v, const struct waiting *waiting,
                                  struct buf *dead) {
    for (size_t i = 0; i < waiting->count; i++) {
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
    TRY(op_end(v, replace_each(v, &waiting, &dead)));
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
