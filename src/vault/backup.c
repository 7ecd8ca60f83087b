/* Backups while the vault serves, a few milliseconds at a time: blobs, the store page by page (what
 * is committed meanwhile goes into the copy as well), and then, with nothing in between, what must
 * be of one moment: the store's last pages, which blobs there are, the keyring's copy, and how far
 * ledger and tightening log reach. Everything is read back; only then a manifest says that it is a
 * backup. One that fails is removed, and harms nothing else.
 *
 * Blobs never change: those of the moment are copied before it or after it. One that is deleted
 * before it is taken out again. One that is deleted after it, before it could be copied, is left
 * out: the tightening log says that it is gone. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "carry.h"
#include "copy.h"
#include "manifest.h"
#include "said.h"

enum {
    BLOBS_BYTES = 1 << 30, /* of what is known of copied blobs */
    LOOKED_AT_ONCE = 128,  /* blobs whose sizes are asked, or that are listed */
    REMOVED_AT_ONCE = 8,
};

struct copied_blob {
    uint64_t id;
    uint64_t size;
    struct seal_hash digest;
};

struct backup {
    char dir[OS_PATH_MAX];
    size_t part;            /* that is being done */
    struct status failure;  /* why it is being removed; OK: it is not */
    struct selection blobs; /* that it shall hold: of its beginning, then of the moment */
    struct selection tried; /* that were copied, or were gone before they could be */
    uint64_t at;            /* the blob that is being seen to; 0: none yet */
    size_t listed;          /* bytes of `copied` whose blobs are in the manifest, or removed */
    struct buf copied;      /* struct copied_blob each */
    struct copying file;
    struct store_copy *store;
    uint64_t store_bytes; /* copied */
    struct buf manifest;
    uint64_t moved; /* bytes of files that are done */
    uint64_t expected;
    uint64_t records;
};

/* Blobs --------------------------------------------------------------------------------- */

static struct status path_of(const struct backup *b, const char *name, char ret[OS_PATH_MAX]) {
    return vault_path(b->dir, name, ret);
}

static struct status path_of_blob(const struct backup *b, uint64_t id, char ret[OS_PATH_MAX]) {
    char name[BLOB_NAME];
    blob_name(id, name);
    return path_of(b, name, ret);
}

/* Those that have all their bytes. */
static struct status select_blobs(const struct vault *v, struct selection *out) {
    struct selection arriving CLEANUP(selection_done);
    struct vault_query blobs = {.flags = VAULT_BLOB};
    struct vault_query unfinished = {.flags = VAULT_BLOB | VAULT_UNFINISHED};
    selection_init(&arriving);
    selection_done(out);
    TRY(columns_select(&v->columns, &blobs, 0, true, out));
    TRY(columns_select(&v->columns, &unfinished, 0, true, &arriving));
    for (uint64_t id = selection_next(&arriving, 0); id != 0; id = selection_next(&arriving, id)) {
        selection_remove(out, id);
    }
    return STATUS_OK;
}

static struct status size_of(const struct os_fs *fs, const char *path, uint64_t *io_sum) {
    struct os_file *file = NULL;
    uint64_t size = 0;
    struct status opened = os_open(fs, path, OS_READ, &file);
    if (opened.code == E_FILE_MISSING) {
        return STATUS_OK;
    }
    TRY(opened);
    struct status status = os_size(fs, file, &size);
    os_close(fs, &file);
    *io_sum += size;
    return status;
}

/* Parts: each does a little of itself a call ------------------------------------------------ */

static struct status prepare(struct vault *v, struct backup *b, bool *ret_over) {
    char path[OS_PATH_MAX];
    TRY(path_of(b, "blobs", path));
    TRY(os_mkdir(v->fs, path, false));
    TRY(dir_sync_above(v->fs, b->dir));
    TRY(select_blobs(v, &b->blobs));
    TRY(vault_path(v->data_dir, "store.db", path));
    TRY(size_of(v->fs, path, &b->expected));
    TRY(vault_path(v->keys_dir, "keyring", path));
    *ret_over = true;
    return size_of(v->fs, path, &b->expected);
}

static struct status measure(struct vault *v, struct backup *b, bool *ret_over) {
    for (size_t i = 0; i < LOOKED_AT_ONCE && !*ret_over; i++) {
        char path[OS_PATH_MAX];
        b->at = selection_next(&b->blobs, b->at);
        *ret_over = b->at == 0;
        if (!*ret_over) {
            TRY(blob_path(v, b->at, path));
            TRY(size_of(v->fs, path, &b->expected));
        }
    }
    return STATUS_OK;
}

static void file_end(struct backup *b) {
    copying_end(&b->file);
    b->moved += b->file.moved;
    b->file.moved = 0;
}

/* Of one whose file is gone nothing is copied: with its record, or by damage. */
static struct status begin_blob(struct vault *v, struct backup *b) {
    char path[OS_PATH_MAX];
    struct os_file *from = NULL;
    TRY(selection_add(&b->tried, b->at));
    TRY(blob_path(v, b->at, path));
    struct status opened = os_open(v->fs, path, OS_READ, &from);
    if (opened.code == E_FILE_MISSING) {
        return STATUS_OK;
    }
    TRY(opened);
    struct status named = path_of_blob(b, b->at, path);
    if (failed(named)) {
        os_close(v->fs, &from);
        return named;
    }
    return copying_begin(&b->file, v->fs, from, path);
}

static struct status copy_blob(struct backup *b) {
    bool done = false;
    TRY(copying_step(&b->file, &done));
    if (!done) {
        return STATUS_OK;
    }
    struct copied_blob blob = {b->at, b->file.size, b->file.digest};
    file_end(b);
    return buf_add(&b->copied, slice_of(&blob, sizeof blob));
}

static struct status copy_blobs(struct vault *v, struct backup *b, bool *ret_over) {
    if (b->file.to != NULL) {
        return copy_blob(b);
    }
    do {
        b->at = selection_next(&b->blobs, b->at);
    } while (b->at != 0 && selection_has(&b->tried, b->at));
    *ret_over = b->at == 0;
    return *ret_over ? STATUS_OK : begin_blob(v, b);
}

static struct status log_backup(struct vault *v, struct slice method) {
    struct said said = {.at_ms = vault_now_ms(v), .method = method};
    said_actor(&said, NULL);
    TRY(carry_mark(v));
    return said_log(v, LEAF_BACKUP, NULL, &said, NULL);
}

/* Keys of what was deleted are replaced before, or the keyring's copy would still open it. When the
 * store's copy has not come to its end, all of this is done again. */
static struct status take_moment(struct vault *v, struct backup *b, bool *ret_over) {
    char keyring[OS_PATH_MAX];
    TRY(rekey_tick(v));
    if (v->rekeys_wait) {
        return STATUS_OK;
    }
    TRY(op_begin(v));
    TRY(op_end(v, log_backup(v, SLICE(""))));
    TRY(log_publish(v));
    bool finished = false;
    TRY(store_copy_finish(b->store, &finished));
    if (!finished) {
        return STATUS_OK;
    }
    TRY(manifest_begin(v->counters.leaves, v->tight_offset, &b->manifest));
    TRY(select_blobs(v, &b->blobs));
    b->records = v->columns.alive;
    TRY(path_of(b, "keyring", keyring));
    *ret_over = true;
    return keyring_copy(v->keys, keyring);
}

static struct status copy_store(struct vault *v, struct backup *b, bool *ret_over) {
    char path[OS_PATH_MAX];
    bool near = false;
    if (b->store == NULL) {
        TRY(path_of(b, "store.db", path));
        return store_copy_begin(v->store, path, &b->store);
    }
    TRY(store_copy_step(b->store, &b->store_bytes, &near));
    return near ? take_moment(v, b, ret_over) : STATUS_OK;
}

static struct status check_store(struct vault *v, struct backup *b, bool *ret_over) {
    (void)v;
    struct status read = store_copy_check(b->store, ret_over);
    if (*ret_over) {
        store_copy_end(&b->store);
    }
    return read.code == E_STORE_CORRUPT ? FAIL(E_BACKUP) : read;
}

/* A file that another room wrote, as it reads back. */
static struct status read_file(struct vault *v, struct backup *b, const char *name,
                               bool *ret_over) {
    struct manifest_file file = {.size = 0};
    char path[OS_PATH_MAX];
    if (b->file.to == NULL) {
        TRY(path_of(b, name, path));
        return copying_begin_reading(&b->file, v->fs, path);
    }
    TRY(copying_step(&b->file, ret_over));
    if (!*ret_over) {
        return STATUS_OK;
    }
    file_end(b);
    memcpy(file.name, name, strlen(name));
    file.size = b->file.size;
    file.digest = b->file.digest;
    return manifest_add(&file, &b->manifest);
}

static struct status read_store(struct vault *v, struct backup *b, bool *ret_over) {
    return read_file(v, b, "store.db", ret_over);
}

static struct status read_keyring(struct vault *v, struct backup *b, bool *ret_over) {
    return read_file(v, b, "keyring", ret_over);
}

static struct status list_blob(struct vault *v, struct backup *b, const struct copied_blob *blob) {
    struct manifest_file file = {.size = blob->size, .digest = blob->digest};
    char path[OS_PATH_MAX];
    blob_name(blob->id, file.name);
    if (selection_has(&b->blobs, blob->id)) {
        return manifest_add(&file, &b->manifest);
    }
    TRY(path_of(b, file.name, path));
    return os_remove(v->fs, path);
}

static struct status list_blobs(struct vault *v, struct backup *b, bool *ret_over) {
    char path[OS_PATH_MAX];
    struct copied_blob blob;
    for (size_t i = 0; i < LOOKED_AT_ONCE && b->listed < b->copied.len; i++) {
        memcpy(&blob, b->copied.ptr + b->listed, sizeof blob);
        b->listed += sizeof blob;
        TRY(list_blob(v, b, &blob));
    }
    if (b->listed < b->copied.len) {
        return STATUS_OK;
    }
    *ret_over = true;
    TRY(path_of(b, "blobs", path));
    return os_sync_dir(v->fs, path);
}

static struct status write_manifest(struct vault *v, struct backup *b, bool *ret_over) {
    struct buf again CLEANUP(buf_done);
    char path[OS_PATH_MAX];
    buf_init(&again, MANIFEST_MAX);
    TRY(manifest_end(&v->state_key, &b->manifest));
    TRY(os_replace_file(v->fs, b->dir, "manifest", 0, buf_slice(&b->manifest)));
    TRY(path_of(b, "manifest", path));
    TRY(os_read_file(v->fs, path, &again));
    *ret_over = true;
    return manifest_check(&v->state_key, buf_slice(&again));
}

typedef struct status part_fn(struct vault *v, struct backup *b, bool *ret_over);
static part_fn *const parts[] = {
    prepare,     measure,    copy_blobs,   copy_store, copy_blobs,
    check_store, read_store, read_keyring, list_blobs, write_manifest,
};

/* Its end --------------------------------------------------------------------------------- */

static void backup_free(struct vault *v) {
    struct backup *b = v->backup;
    file_end(b);
    store_copy_end(&b->store);
    selection_done(&b->blobs);
    selection_done(&b->tried);
    buf_done(&b->copied);
    buf_done(&b->manifest);
    mem_free(b);
    v->backup = NULL;
}

/* Without its manifest it is no backup, whatever else is left of it. */
static void drop_path(const struct vault *v, const char *path) {
    struct status ignored = os_remove(v->fs, path);
    (void)ignored;
}

static void drop(const struct vault *v, const struct backup *b, const char *name) {
    char path[OS_PATH_MAX];
    if (!failed(path_of(b, name, path))) {
        drop_path(v, path);
    }
}

static void give_up(const struct vault *v, struct backup *b, struct status why) {
    static const char *const names[] = {"manifest", "manifest.new", "store.db", "keyring"};
    b->failure = why;
    b->at = 0;
    file_end(b);
    store_copy_end(&b->store);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        drop(v, b, names[i]);
    }
}

/* True when all is done that can be. */
static bool remove_some(const struct vault *v, struct backup *b) {
    for (size_t i = 0; i < REMOVED_AT_ONCE; i++) {
        char name[BLOB_NAME];
        b->at = selection_next(&b->tried, b->at);
        if (b->at == 0) {
            drop(v, b, "blobs");
            drop_path(v, b->dir);
            return true;
        }
        blob_name(b->at, name);
        drop(v, b, name);
    }
    return false;
}

void backup_close(struct vault *v) {
    struct backup *b = v->backup;
    if (b == NULL) {
        return;
    }
    if (!v->stopped) {
        give_up(v, b, FAIL(E_VAULT_STOPPED));
        while (!remove_some(v, b)) {
        }
    }
    backup_free(v);
}

/* What others call --------------------------------------------------------------------------- */

struct status vault_backup_begin(struct vault *v, const char *dir) {
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    if (v->backup != NULL) {
        return FAIL(E_BACKUP_RUNS);
    }
    size_t len = strlen(dir);
    struct backup *b = mem_alloc(sizeof *b);
    struct status made = b == NULL            ? FAIL(E_MEMORY)
                         : len >= OS_PATH_MAX ? FAIL(E_TOO_LARGE)
                                              : os_mkdir(v->fs, dir, false);
    if (failed(made)) {
        mem_free(b);
        return made.code == E_FILE_EXISTS ? FAIL(E_BACKUP_EXISTS) : made;
    }
    memcpy(b->dir, dir, len);
    selection_init(&b->blobs);
    selection_init(&b->tried);
    buf_init(&b->copied, BLOBS_BYTES);
    buf_init(&b->manifest, MANIFEST_MAX);
    v->backup = b;
    return STATUS_OK;
}

static struct status end(struct vault *v, bool *ret_done) {
    struct status status = v->backup->failure;
    backup_free(v);
    *ret_done = !failed(status);
    return status;
}

struct status vault_backup_step(struct vault *v, bool *ret_done) {
    struct backup *b = v->backup;
    *ret_done = b == NULL;
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    if (b == NULL) {
        return STATUS_OK;
    }
    if (failed(b->failure)) {
        return remove_some(v, b) ? end(v, ret_done) : STATUS_OK;
    }
    bool over = false;
    struct status status = parts[b->part](v, b, &over);
    if (failed(status)) {
        give_up(v, b, status);
        return v->stopped ? end(v, ret_done) : STATUS_OK;
    }
    b->part += over;
    return b->part == ARRAY_LEN(parts) ? end(v, ret_done) : STATUS_OK;
}

struct status vault_backup(struct vault *v, const char *dir) {
    TRY(vault_backup_begin(v, dir));
    for (bool done = false; !done;) {
        TRY(vault_backup_step(v, &done));
    }
    return STATUS_OK;
}

struct vault_backup_progress vault_backup_progress(const struct vault *v) {
    const struct backup *b = v->backup;
    if (b == NULL) {
        return (struct vault_backup_progress){.runs = false};
    }
    uint64_t done = (b->moved + b->file.moved + b->store_bytes) / 2; /* written, and read back */
    return (struct vault_backup_progress){.runs = true,
                                          .done_bytes = done,
                                          .total_bytes = done > b->expected ? done : b->expected,
                                          .records = b->records};
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
