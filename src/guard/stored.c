/* Payloads of records and of kept state: one version byte, then the fields of api/STORED.json. */
#include "internal.h"

enum { STORED_VERSION = 1, STORED_MAX_BYTES = 65536 };

struct status stored_write(enum api_stored what, const struct api_value *values, struct buf *out) {
    TRY(buf_add_byte(out, STORED_VERSION));
    return api_encode(api_shape_stored(what), values, out);
}

struct status stored_read(enum api_stored what, struct slice bytes, struct arena *a,
                          struct api_value **ret_values) {
    if (bytes.len < 1 || bytes.ptr[0] != STORED_VERSION) {
        return FAIL(E_VAULT_FORMAT);
    }
    struct slice copy;
    TRY(arena_copy(a, slice_from(bytes, 1), &copy));
    return api_decode(api_shape_stored(what), copy, a, ret_values);
}

struct status kept_put(struct guard *g, uint64_t owner, enum kept_kind kind, uint64_t id,
                       enum api_stored what, const struct api_value *values) {
    struct buf plain CLEANUP(buf_done) = {0};
    buf_init_secret(&plain, STORED_MAX_BYTES);
    TRY(stored_write(what, values, &plain));
    return vault_keep(g->vault, owner, (uint8_t)kind, id, buf_slice(&plain));
}

struct status kept_get(struct guard *g, uint64_t owner, enum kept_kind kind, uint64_t id,
                       enum api_stored what, struct arena *a, struct api_value **ret_values) {
    struct buf plain CLEANUP(buf_done) = {0};
    buf_init_secret(&plain, STORED_MAX_BYTES);
    TRY(vault_kept(g->vault, owner, (uint8_t)kind, id, &plain));
    return stored_read(what, buf_slice(&plain), a, ret_values);
}
