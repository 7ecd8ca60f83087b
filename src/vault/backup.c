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

static struct status copy_blob(struct vault *v, const char *from_dir, const char *to_dir,
                               const char *name, struct buf *manifest) {
    char from[OS_PATH_MAX];
    char to[OS_PATH_MAX];
    struct manifest_file file = {.name = "blobs/"};
    memcpy(file.name + strlen(file.name), name, 16);
    TRY(vault_path(from_dir, name, from));
    TRY(vault_path(to_dir, name, to));
    TRY(file_copy(v->fs, from, to, &file.digest, &file.size));
    return manifest_add(&file, manifest);
}

static struct status copy_blobs(struct vault *v, const char *dir, struct buf *manifest) {
    struct buf names CLEANUP(buf_done);
    buf_init(&names, BLOBS_MAX);
    char from_dir[OS_PATH_MAX];
    char to_dir[OS_PATH_MAX];
    TRY(vault_path(v->data_dir, "blobs", from_dir));
    TRY(vault_path(dir, "blobs", to_dir));
    TRY(os_mkdir(v->fs, to_dir, false));
    TRY(os_list(v->fs, from_dir, collect_name, &names));
    for (size_t at = 0; at + 17 <= names.len; at += 17) {
        const char *name = (const char *)names.ptr + at;
        TRY(arriving(v, name) ? STATUS_OK : copy_blob(v, from_dir, to_dir, name, manifest));
    }
    return os_sync_dir(v->fs, to_dir);
}

static struct status log_backup(struct vault *v, struct slice method) {
    struct said said = {.at_ms = vault_now_ms(v), .method = method};
    said_actor(&said, NULL);
    TRY(carry_mark(v));
    return said_log(v, LEAF_BACKUP, NULL, &said, NULL);
}

/* A file that another room wrote, as it reads back. */
static struct status add_file(struct vault *v, const char *path, const char *name,
                              struct buf *manifest) {
    struct manifest_file file = {.size = 0};
    memcpy(file.name, name, strlen(name));
    TRY(file_digest(v->fs, path, &file.digest, &file.size));
    return manifest_add(&file, manifest);
}

static struct status write_manifest(struct vault *v, const char *dir, struct buf *manifest) {
    struct buf again CLEANUP(buf_done);
    char path[OS_PATH_MAX];
    buf_init(&again, MANIFEST_MAX);
    TRY(manifest_end(&v->state_key, manifest));
    TRY(os_replace_file(v->fs, dir, "manifest", 0, buf_slice(manifest)));
    TRY(vault_path(dir, "manifest", path));
    TRY(os_read_file(v->fs, path, &again));
    return manifest_check(&v->state_key, buf_slice(&again));
}

static struct status write_backup(struct vault *v, const char *dir) {
    struct buf manifest CLEANUP(buf_done);
    char store[OS_PATH_MAX];
    char keyring[OS_PATH_MAX];
    buf_init(&manifest, MANIFEST_MAX);
    TRY(vault_path(dir, "store.db", store));
    TRY(vault_path(dir, "keyring", keyring));
    TRY(manifest_begin(v->counters.leaves, v->tight_offset, &manifest));
    TRY(store_copy(v->store, store));
    TRY(add_file(v, store, "store.db", &manifest));
    TRY(copy_blobs(v, dir, &manifest));
    TRY(keyring_copy(v->keys, keyring));
    TRY(add_file(v, keyring, "keyring", &manifest));
    TRY(write_manifest(v, dir, &manifest));
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
