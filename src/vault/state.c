/* Rows of the vault's own, sealed under a key of the keyring: flipped bytes are noticed, and a copy
 * of the data without the keyring tells nothing. */
#include "base/bytes.h"
#include "inside.h"

enum { COUNTERS_LEN = 10 * 8 };

struct status state_key_load(struct vault *v) {
    struct seal_hash tag;
    TRY(keyring_tag(v->keys, SLICE("ward vault"), SLICE("state key"), &tag));
    for (size_t i = 0; i < SEAL_KEY_LEN; i++) {
        v->state_key.bytes[i] = tag.bytes[i];
    }
    return STATUS_OK;
}

static struct seal_place place_of(enum store_space space, uint64_t owner, uint64_t id) {
    return (struct seal_place){
        .what = SEAL_STATE, .owner = owner, .category = (uint32_t)space, .id = id};
}

struct status state_put(struct vault *v, enum store_space space, uint64_t owner, uint64_t id,
                        struct slice plain) {
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, STATE_MAX + RECORD_OVERHEAD);
    struct seal_place place = place_of(space, owner, id);
    TRY(record_seal_buf(&v->state_key, &place, plain, &sealed));
    return store_put(v->store, space, owner, id, buf_slice(&sealed));
}

struct status state_open(struct vault *v, enum store_space space, uint64_t owner, uint64_t id,
                         struct slice sealed, struct buf *ret_plain) {
    struct seal_place place = place_of(space, owner, id);
    struct status status = record_open_buf(&v->state_key, &place, sealed, ret_plain);
    return status.code == E_SEAL_OPEN ? FAIL(E_VAULT_CORRUPT) : status;
}

struct status state_get(struct vault *v, enum store_space space, uint64_t owner, uint64_t id,
                        struct buf *ret_plain) {
    struct slice sealed;
    TRY(store_view(v->store, space, owner, id, &sealed));
    return state_open(v, space, owner, id, sealed, ret_plain);
}

struct status counters_write(const struct counters *c, struct buf *out) {
    TRY(buf_add_be64(out, c->next_id));
    TRY(buf_add_be64(out, c->next_subject));
    TRY(buf_add_be64(out, c->feed_floor));
    TRY(buf_add_be64(out, c->permits));
    TRY(buf_add_be64(out, c->denials));
    TRY(buf_add_be64(out, c->subjects));
    TRY(buf_add_be64(out, c->erased));
    TRY(buf_add_be64(out, c->leaves));
    TRY(buf_add_be64(out, c->keys));
    return buf_add_be64(out, c->records);
}

struct status counters_read(struct slice *rest, struct counters *ret) {
    if (rest->len < COUNTERS_LEN) {
        return FAIL(E_VAULT_CORRUPT);
    }
    const uint8_t *from = rest->ptr;
    *ret = (struct counters){
        .next_id = bytes_be64(from),
        .next_subject = bytes_be64(from + 8),
        .feed_floor = bytes_be64(from + 16),
        .permits = bytes_be64(from + 24),
        .denials = bytes_be64(from + 32),
        .subjects = bytes_be64(from + 40),
        .erased = bytes_be64(from + 48),
        .leaves = bytes_be64(from + 56),
        .keys = bytes_be64(from + 64),
        .records = bytes_be64(from + 72),
    };
    *rest = slice_from(*rest, COUNTERS_LEN);
    return STATUS_OK;
}
