/* Which key seals what: a person's keys by category, made ahead in pools, swept when no row names
 * them. Slot before row at birth; intent, slot, row at death. */
#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"

enum { KEYS_STEP = 4 };

struct status key_take(struct vault *v, enum key_kind kind, struct key_ref *ret) {
    size_t which = kind == KEY_BLOB ? 1 : 0;
    if (kind != KEY_BLOB && kind != KEY_SUBJECT) {
        return keyring_create_many(v->keys, kind, 1, ret);
    }
    if (v->pool_count[which] == 0) {
        TRY(keyring_create_many(v->keys, kind, KEY_POOL, v->pool[which]));
        v->pool_count[which] = KEY_POOL;
    }
    *ret = v->pool[which][--v->pool_count[which]];
    return STATUS_OK;
}

static const struct person_key *find_key(const struct person *p, uint32_t number) {
    for (size_t i = 0; i < p->key_count; i++) {
        if (p->keys[i].number == number) {
            return &p->keys[i];
        }
    }
    return NULL;
}

struct person_key *person_key_find(struct person *p, uint32_t number) {
    for (size_t i = 0; i < p->key_count; i++) {
        if (p->keys[i].number == number) {
            return &p->keys[i];
        }
    }
    return NULL;
}

struct status person_key_add(struct person *p, uint32_t number, struct key_ref ref) {
    if (p->key_count % KEYS_STEP == 0) {
        struct person_key *keys =
            mem_resize(p->keys, (size_t)p->key_count + KEYS_STEP, sizeof *keys);
        if (keys == NULL) {
            return FAIL(E_MEMORY);
        }
        p->keys = keys;
    }
    p->keys[p->key_count++] = (struct person_key){.number = number, .ref = ref};
    return STATUS_OK;
}

struct status person_key_get(struct vault *v, const struct person *p, uint32_t number,
                             struct seal_key *ret) {
    const struct person_key *key = find_key(p, number);
    return key == NULL ? FAIL(E_KEY_GONE) : keyring_key(v->keys, key->ref, ret);
}

struct status key_row_add(struct vault *v, enum store_space space, uint64_t owner, uint64_t id,
                          struct key_ref ref) {
    uint8_t bytes[KEY_REF_LEN];
    key_ref_put(ref, bytes);
    TRY(state_put(v, space, owner, id, slice_of(bytes, sizeof bytes)));
    v->counters.keys++;
    return STATUS_OK;
}

struct status key_row_drop(struct vault *v, enum store_space space, uint64_t owner, uint64_t id) {
    struct slice row;
    struct status found = store_view(v->store, space, owner, id, &row);
    if (failed(found)) {
        return found.code == E_STORE_MISSING ? STATUS_OK : found;
    }
    TRY(store_delete(v->store, space, owner, id));
    v->counters.keys--;
    return STATUS_OK;
}

static struct status count_row(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    uint64_t *count = arg;
    (void)owner;
    (void)id;
    (void)bytes;
    ++*count;
    return STATUS_OK;
}

struct status person_key_make(struct vault *v, struct person *p, uint32_t number,
                              struct seal_key *ret) {
    const struct person_key *key = find_key(p, number);
    if (key != NULL) {
        return keyring_key(v->keys, key->ref, ret);
    }
    struct key_ref ref;
    TRY(key_take(v, KEY_SUBJECT, &ref));
    person_touch(v, p);
    TRY(person_key_add(p, number, ref));
    TRY(key_row_add(v, STORE_KEYS, p->subject.id, number, ref));
    return keyring_key(v->keys, ref, ret);
}

uint64_t period_of(int64_t at_ms) {
    return leaf_hour(at_ms) / PERIOD_HOURS;
}

static struct status make_period_key(struct vault *v, uint64_t period, struct seal_key *ret) {
    struct key_ref ref;
    TRY(key_take(v, KEY_PERIOD, &ref));
    TRY(key_row_add(v, STORE_KEYS, 0, period, ref));
    return keyring_key(v->keys, ref, ret);
}

static struct status period_key_of(struct vault *v, const struct buf *ref, struct seal_key *ret) {
    return ref->len == KEY_REF_LEN ? keyring_key(v->keys, key_ref_get(ref->ptr), ret)
                                   : FAIL(E_VAULT_CORRUPT);
}

struct status period_key(struct vault *v, int64_t at_ms, struct seal_key *ret) {
    uint64_t period = period_of(at_ms);
    if (v->period != period) {
        struct buf ref CLEANUP(buf_done);
        buf_init(&ref, KEY_REF_LEN);
        struct status found = state_get(v, STORE_KEYS, 0, period, &ref);
        TRY(found.code == E_STORE_MISSING ? make_period_key(v, period, &v->period_key)
            : failed(found)               ? found
                                          : period_key_of(v, &ref, &v->period_key));
        v->period = period;
    }
    *ret = v->period_key;
    return STATUS_OK;
}

struct key_walk {
    struct vault *v;
    period_key_fn *each;
    void *arg;
};

static struct status walk_key(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    const struct key_walk *walk = arg;
    struct buf ref CLEANUP(buf_done);
    struct seal_key key CLEANUP(seal_key_done) = {.bytes = {0}};
    buf_init(&ref, KEY_REF_LEN);
    TRY(state_open(walk->v, STORE_KEYS, owner, id, sealed, &ref));
    TRY(period_key_of(walk->v, &ref, &key));
    return walk->each(walk->arg, &key);
}

struct status period_keys(struct vault *v, period_key_fn *each, void *arg) {
    struct key_walk walk = {v, each, arg};
    return store_each(v->store, STORE_KEYS, 0, 0, walk_key, &walk);
}

/* Which slots rows name, as a bitmap. */
struct sweep {
    struct vault *v;
    uint64_t *named;
    size_t words;
    uint64_t rows;
    struct buf dead; /* struct key_ref each */
};

static struct status name_slot(struct sweep *sweep, struct slice ref) {
    if (ref.len < KEY_REF_LEN) {
        return FAIL(E_VAULT_CORRUPT);
    }
    uint64_t slot = key_ref_get(ref.ptr).slot;
    if (slot / 64 < sweep->words) {
        sweep->named[slot / 64] |= UINT64_C(1) << (slot % 64);
    }
    return STATUS_OK;
}

static struct status name_row(struct sweep *sweep, enum store_space space, uint64_t owner,
                              uint64_t id, struct slice sealed) {
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, STATE_MAX);
    TRY(state_open(sweep->v, space, owner, id, sealed, &plain));
    sweep->rows++;
    return name_slot(sweep, buf_slice(&plain));
}

static struct status name_key_row(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    return name_row(arg, STORE_KEYS, owner, id, sealed);
}

static struct status name_blob_row(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    return name_row(arg, STORE_BLOBS, owner, id, sealed);
}

static struct status collect_dead(void *arg, struct key_ref ref, enum key_kind kind) {
    struct sweep *sweep = arg;
    bool ours = kind == KEY_SUBJECT || kind == KEY_BLOB || kind == KEY_PERIOD;
    bool named =
        ref.slot / 64 < sweep->words && (sweep->named[ref.slot / 64] >> (ref.slot % 64) & 1) != 0;
    if (!ours || named) {
        return STATUS_OK;
    }
    return buf_add(&sweep->dead, slice_of(&ref, sizeof ref));
}

/* A row that is gone names no key: before any is destroyed for that, all rows must be there. */
static struct status sweep_with(struct vault *v, struct sweep *sweep) {
    uint64_t people = 0;
    TRY(store_scan(v->store, STORE_SUBJECTS, 0, count_row, &people));
    TRY(store_scan(v->store, STORE_KEYS, 0, name_key_row, sweep));
    TRY(store_scan(v->store, STORE_BLOBS, 0, name_blob_row, sweep));
    if (people != v->counters.subjects || sweep->rows != v->counters.keys) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(keyring_each(v->keys, collect_dead, sweep));
    return keys_destroy(v, &sweep->dead);
}

struct status keys_sweep(struct vault *v) {
    struct sweep sweep = {.v = v, .words = (size_t)keyring_stats(v->keys).slots / 64 + 1};
    sweep.named = mem_array(sweep.words, sizeof *sweep.named);
    if (sweep.named == NULL) {
        return FAIL(E_MEMORY);
    }
    buf_init(&sweep.dead, (size_t)1 << 31);
    struct status status = sweep_with(v, &sweep);
    buf_done(&sweep.dead);
    mem_free(sweep.named);
    return status;
}

struct status keys_destroy(struct vault *v, const struct buf *keys) {
    size_t count = keys->len / sizeof(struct key_ref);
    if (count == 0 || v->tentative || v->replaying) {
        return STATUS_OK; /* no row names them: swept when these data are in their place */
    }
    return keyring_destroy_many(v->keys, (const struct key_ref *)(const void *)keys->ptr, count);
}
