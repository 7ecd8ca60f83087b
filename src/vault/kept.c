/* The guard's own small state: sealed, its owner's, gone with the owner. */
#include "inside.h"

enum { OWNER_SHIFT = 8 };

static uint64_t row_owner(uint64_t owner, uint8_t kind) {
    return owner << OWNER_SHIFT | kind;
}

static struct status key_of(struct vault *v, uint64_t owner, struct seal_key *ret) {
    if (owner == 0) {
        *ret = v->state_key;
        return STATUS_OK;
    }
    struct person *p = NULL;
    TRY(person_get(v, owner, &p));
    return person_key_get(v, p, PERSON_KEY, ret);
}

static struct seal_place place_of(uint64_t owner, uint8_t kind, uint64_t id) {
    return (struct seal_place){
        .what = SEAL_STATE, .owner = row_owner(owner, kind), .category = STORE_KEPT, .id = id};
}

static struct status keep(struct vault *v, uint64_t owner, uint8_t kind, uint64_t id,
                          struct slice plain) {
    struct seal_key key CLEANUP(seal_key_done);
    TRY(key_of(v, owner, &key));
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, STATE_MAX);
    struct seal_place place = place_of(owner, kind, id);
    TRY(record_seal_buf(&key, &place, plain, &sealed));
    return store_put(v->store, STORE_KEPT, row_owner(owner, kind), id, buf_slice(&sealed));
}

struct status vault_keep(struct vault *v, uint64_t owner, uint8_t kind, uint64_t id,
                         struct slice plain) {
    TRY(op_begin(v));
    return op_end(v, keep(v, owner, kind, id, plain));
}

static struct status open_row(const struct seal_key *key, uint64_t owner, uint8_t kind, uint64_t id,
                              struct slice sealed, struct buf *plain) {
    struct seal_place place = place_of(owner, kind, id);
    struct status status = record_open_buf(key, &place, sealed, plain);
    return status.code == E_SEAL_OPEN ? FAIL(E_VAULT_CORRUPT) : status;
}

struct status vault_kept(struct vault *v, uint64_t owner, uint8_t kind, uint64_t id,
                         struct buf *ret_plain) {
    TRY(vault_ready(v));
    struct seal_key key CLEANUP(seal_key_done);
    TRY(key_of(v, owner, &key));
    struct slice sealed;
    struct status found = store_view(v->store, STORE_KEPT, row_owner(owner, kind), id, &sealed);
    if (found.code == E_STORE_MISSING) {
        return FAIL(E_NO_RECORD);
    }
    TRY(found);
    return open_row(&key, owner, kind, id, sealed, ret_plain);
}

/* A session that ended does not begin again, and an invitation that was used is no second one. */
static struct status unkeep(struct vault *v, uint64_t owner, uint8_t kind, uint64_t id) {
    struct slice row;
    struct status found = store_view(v->store, STORE_KEPT, row_owner(owner, kind), id, &row);
    if (found.code == E_STORE_MISSING) {
        return STATUS_OK;
    }
    TRY(found);
    struct tightening tight = {.kind = TIGHT_KEPT, .subject = owner, .what = kind, .value = id};
    TRY(log_tighten(v, &tight));
    return store_delete(v->store, STORE_KEPT, row_owner(owner, kind), id);
}

struct status vault_unkeep(struct vault *v, uint64_t owner, uint8_t kind, uint64_t id) {
    TRY(op_begin(v));
    return op_end(v, unkeep(v, owner, kind, id));
}

struct status kept_erase(struct vault *v, uint64_t owner) {
    return store_delete_owners(v->store, STORE_KEPT, row_owner(owner, 0), row_owner(owner + 1, 0));
}

struct kept_walk {
    const struct seal_key *key;
    uint64_t owner;
    uint8_t kind;
    vault_kept_fn *each;
    void *arg;
};

static struct status hand_kept(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct kept_walk *walk = arg;
    (void)owner;
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, STATE_MAX);
    TRY(open_row(walk->key, walk->owner, walk->kind, id, sealed, &plain));
    return walk->each(walk->arg, walk->owner, id, buf_slice(&plain));
}

struct status vault_each_kept(struct vault *v, uint64_t owner, uint8_t kind, uint64_t from,
                              vault_kept_fn *each, void *arg) {
    TRY(vault_ready(v));
    struct seal_key key CLEANUP(seal_key_done);
    TRY(key_of(v, owner, &key));
    struct kept_walk walk = {.key = &key, .owner = owner, .kind = kind, .each = each, .arg = arg};
    return store_each(v->store, STORE_KEPT, row_owner(owner, kind), from, hand_kept, &walk);
}
