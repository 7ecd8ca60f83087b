/* Generations of the root key: a new one by time or on request, and a new root key. */
#include "base/bytes.h"
#include "said.h"

static struct status rotated_save(struct vault *v, int64_t at_ms) {
    uint8_t bytes[8];
    bytes_put_be64(bytes, (uint64_t)at_ms);
    return state_put(v, STORE_META, 0, META_ROTATED, slice_of(bytes, sizeof bytes));
}

static struct status log_rotation(struct vault *v) {
    struct said said = {.at_ms = vault_now_ms(v)};
    said_actor(&said, NULL);
    TRY(rotated_save(v, said.at_ms));
    return said_log(v, LEAF_ROTATION, NULL, &said, NULL);
}

struct status vault_rotate(struct vault *v) {
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    if (v->backup != NULL) {
        return FAIL(E_BACKUP_RUNS); /* its copy of the keyring would open nothing */
    }
    TRY(rekey_all(v));
    struct status rotated = keyring_rotate(v->keys);
    if (failed(rotated)) {
        vault_stop(v);
        return rotated;
    }
    TRY(op_begin(v));
    TRY(op_end(v, log_rotation(v)));
    v->rotated_ms = 0;
    return STATUS_OK;
}

/* When the generation began; from now on where that is not known, or was said by a clock that went
 * wrong. */
static struct status rotated_load(struct vault *v, int64_t now_ms) {
    struct buf bytes CLEANUP(buf_done);
    buf_init(&bytes, 8);
    struct status found = state_get(v, STORE_META, 0, META_ROTATED, &bytes);
    if (failed(found) && found.code != E_STORE_MISSING) {
        return found;
    }
    v->rotated_ms = bytes.len == 8 ? (int64_t)bytes_be64(bytes.ptr) : INT64_MAX;
    if (v->rotated_ms <= now_ms) {
        return STATUS_OK;
    }
    TRY(op_begin(v));
    TRY(op_end(v, rotated_save(v, now_ms)));
    v->rotated_ms = now_ms;
    return STATUS_OK;
}

struct status rotation_tick(struct vault *v, int64_t now_ms) {
    if (v->rotated_ms == 0 || v->rotated_ms > now_ms) {
        TRY(rotated_load(v, now_ms));
    }
    bool due = v->backup == NULL && now_ms - v->rotated_ms >= ROTATE_DAYS * INT64_C(86400000);
    return due ? vault_rotate(v) : STATUS_OK;
}

static struct status change_root(const struct vault_options *options, const struct seal_key *root,
                                 struct vault **ret_vault) {
    struct vault_options changed = *options;
    changed.root = root;
    struct status opened = vault_open(options, ret_vault);
    if (opened.code == E_ROOT_KEY) {
        return vault_open(&changed, ret_vault); /* as far as this it had come */
    }
    TRY(opened);
    return keyring_change_root((*ret_vault)->keys, root);
}

struct status vault_change_root(const struct vault_options *options, const struct seal_key *root) {
    char path[OS_PATH_MAX];
    bool there = false;
    TRY(vault_path(options->keys_dir, "keyring", path));
    TRY(os_exists(options->fs, path, &there));
    TRY(there ? STATUS_OK : FAIL(E_FILE_MISSING));
    struct vault *v = NULL;
    struct status status = change_root(options, root, &v);
    if (!failed(status)) {
        status = vault_rotate(v);
    }
    vault_close(&v);
    return status;
}
