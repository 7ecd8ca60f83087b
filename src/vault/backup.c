/* Backups while the vault serves: a consistent copy of the store, the blobs, the keyring's copy,
 * and a manifest that says what belongs together. What was written is read back before it is called
 * a backup. */
#include <string.h>

#include "base/bytes.h"
#include "carry.h"
#include "copy.h"
#include "manifest.h"
#include "said.h"

enum { BLOBS_MAX = 64 << 20 };

static struct status collect_name(void *arg, const char *name, bool is_dir) {
    struct buf *names = arg;
    if (is_dir || strlen(name) != 16) {
        return STATUS_OK;
    }
    return buf_add(names, slice_of(name, 17));
}

static bool arriving(const struct vault *v, const char *name) {
    uint8_t bytes[8];
    uint32_t at = 0;
    if (failed(hex_decode(slice_of(name, 16), bytes, sizeof bytes))) {
        return true;
    }
    const struct segment *s = columns_at(&v->columns, bytes_be64(bytes), &at);
    return s == NULL || segment_bit(s, PLANES_FLAG, UNFINISHED_BIT, at);
}

static struct status copy_blobs(struct vault *v, const char *to_dir) {
    struct buf names CLEANUP(buf_done);
    buf_init(&names, BLOBS_MAX);
    char from_dir[OS_PATH_MAX];
    TRY(vault_path(v->data_dir, "blobs", from_dir));
    TRY(os_mkdir(v->fs, to_dir, false));
    TRY(os_list(v->fs, from_dir, collect_name, &names));
    for (size_t at = 0; at + 17 <= names.len; at += 17) {
        const char *name = (const char *)names.ptr + at;
        char from[OS_PATH_MAX];
        char to[OS_PATH_MAX];
        TRY(vault_path(from_dir, name, from));
        TRY(vault_path(to_dir, name, to));
        TRY(arriving(v, name) ? STATUS_OK : file_copy(v->fs, from, to));
    }
    return os_sync_dir(v->fs, to_dir);
}

static struct status log_backup(struct vault *v, struct slice method) {
    struct said said = {.at_ms = vault_now_ms(v), .method = method};
    said_actor(&said, NULL);
    TRY(carry_mark(v));
    return said_log(v, LEAF_BACKUP, NULL, &said, NULL);
}

static struct status make_manifest(struct vault *v, const char *dir, const char *store_path) {
    struct manifest m = {.leaves = v->counters.leaves, .tight_offset = v->tight_offset};
    TRY(file_digest(v->fs, store_path, &m.store, &m.store_size));
    struct buf text CLEANUP(buf_done);
    buf_init(&text, MANIFEST_MAX);
    TRY(manifest_write(&v->state_key, &m, &text));
    TRY(os_replace_file(v->fs, dir, "manifest", 0, buf_slice(&text)));
    struct buf again CLEANUP(buf_done);
    buf_init(&again, MANIFEST_MAX);
    char path[OS_PATH_MAX];
    TRY(vault_path(dir, "manifest", path));
    TRY(os_read_file(v->fs, path, &again));
    struct manifest read;
    return manifest_read(&v->state_key, buf_slice(&again), &read);
}

static struct status write_backup(struct vault *v, const char *dir) {
    char store_path[OS_PATH_MAX];
    char blobs[OS_PATH_MAX];
    char keyring[OS_PATH_MAX];
    TRY(vault_path(dir, "store.db", store_path));
    TRY(vault_path(dir, "blobs", blobs));
    TRY(vault_path(dir, "keyring", keyring));
    TRY(store_copy(v->store, store_path));
    TRY(copy_blobs(v, blobs));
    TRY(keyring_copy(v->keys, keyring));
    TRY(make_manifest(v, dir, store_path));
    return os_sync_all(v->fs, dir);
}

struct status vault_backup(struct vault *v, const char *dir) {
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    struct status made = os_mkdir(v->fs, dir, false);
    if (made.code == E_FILE_EXISTS) {
        return FAIL(E_BACKUP_EXISTS);
    }
    TRY(made);
    TRY(rekey_all(v)); /* or the keyring's copy would still open what was deleted */
    TRY(op_begin(v));
    TRY(op_end(v, log_backup(v, SLICE(""))));
    TRY(log_publish(v));
    return write_backup(v, dir);
}

struct status vault_escrow(struct vault *v, struct buf *out) {
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    TRY(op_begin(v));
    TRY(op_end(v, log_backup(v, SLICE("escrow"))));
    return keyring_escrow(v->keys, out);
}

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
    bool due = now_ms - v->rotated_ms >= ROTATE_DAYS * INT64_C(86400000);
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
