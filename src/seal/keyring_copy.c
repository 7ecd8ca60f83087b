/* The keyring: making it, copying it, and making it anew from a copy. Must never overwrite a
 * keyring or a generation file, and never take a damaged copy for a good one. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "keyring_impl.h"

enum { COPY_FORMAT = 1, COPY_HEAD_LEN = 64, AT_FORMAT = 8, AT_GENERATION = 12, AT_ID = 16 };
enum { AT_SLOTS = 32 };

static const uint8_t copy_magic[8] = {'W', 'A', 'R', 'D', 'K', 'C', 'P', 'Y'};

static void directory_of(const char *path, char ret_dir[OS_PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (n == 0 || n >= OS_PATH_MAX) {
        memcpy(ret_dir, ".", 2);
        return;
    }
    memcpy(ret_dir, path, n);
    ret_dir[n] = 0;
}

static struct status beside(const char *path, char ret_path[OS_PATH_MAX]) {
    int n = snprintf(ret_path, OS_PATH_MAX, "%s.new", path);
    return n < 0 || n >= OS_PATH_MAX ? FAIL(E_TOO_LARGE) : STATUS_OK;
}

static struct status write_new(const struct os_fs *fs, const char *path, struct slice bytes) {
    char dir[OS_PATH_MAX];
    struct os_file *f = NULL;
    directory_of(path, dir);
    TRY(os_open(fs, path, OS_WRITE | OS_CREATE | OS_EMPTY, &f));
    struct status s = os_write_at(fs, f, 0, bytes);
    if (!failed(s)) {
        s = os_sync(fs, f);
    }
    os_close(fs, &f);
    TRY(s);
    return os_sync_dir(fs, dir);
}

static struct status rename_durably(const struct os_fs *fs, const char *from, const char *to) {
    char dir[OS_PATH_MAX];
    directory_of(to, dir);
    TRY(os_rename(fs, from, to));
    return os_sync_dir(fs, dir);
}

static void first_slot(struct generations *g, uint64_t index, enum key_kind kind,
                       uint8_t ret[SLOT_LEN]) {
    struct seal_key key CLEANUP(seal_key_done) = seal_key_random();
    const struct generation *current = generations_current(g);
    struct slot slot = {
        .state = SLOT_LIVING, .kind = kind, .birth = 1, .generation = current->number};
    slot_wrap(&current->wrap, index, &slot, &key);
    slot_put(&slot, index, ret);
}

static struct status load_generations(const struct keyring_options *o, const char *path,
                                      struct generations *ret) {
    struct os_file *f = NULL;
    TRY(os_open(o->fs, path, OS_READ | OS_WRITE | OS_FRESH, &f));
    struct status s = generations_load(o->fs, f, o->root, ret);
    os_close(o->fs, &f);
    return s;
}

/* What a crash between the two renames left behind is finished, if it is that. */
static struct status finish_create(const struct keyring_options *o, const char *keyring_new) {
    uint8_t header[HEADER_LEN];
    uint8_t id[KEYRING_ID_LEN];
    struct os_file *f = NULL;
    struct generations g;
    struct status s = os_open(o->fs, keyring_new, OS_READ | OS_WRITE | OS_FRESH, &f);
    if (s.code == E_FILE_MISSING) {
        return FAIL(E_FILE_EXISTS);
    }
    TRY(s);
    s = os_read_exactly(o->fs, f, 0, header, sizeof header);
    os_close(o->fs, &f);
    TRY(s);
    TRY(keyring_header_get(header, id));
    TRY(load_generations(o, o->generation_path, &g));
    bool same = memcmp(id, g.id, KEYRING_ID_LEN) == 0;
    mem_wipe(&g, sizeof g);
    return same ? rename_durably(o->fs, keyring_new, o->path) : FAIL(E_FILE_EXISTS);
}

static struct status create_both(const struct keyring_options *o, const char *keyring_new,
                                 const char *generation_new) {
    uint8_t id[KEYRING_ID_LEN];
    uint8_t generation_bytes[GENERATION_FILE_LEN];
    uint8_t keyring_bytes[HEADER_LEN + FIXED_SLOTS * SLOT_LEN];
    struct generations g;
    seal_random(id, sizeof id);
    generations_first(id, o->root, generation_bytes);
    TRY(write_new(o->fs, generation_new, slice_of(generation_bytes, sizeof generation_bytes)));
    TRY(load_generations(o, generation_new, &g));
    keyring_header_put(id, keyring_bytes);
    first_slot(&g, SECRET_SLOT, KEY_SECRET, keyring_bytes + slot_offset(SECRET_SLOT));
    first_slot(&g, SIGNING_SLOT, KEY_SIGNING, keyring_bytes + slot_offset(SIGNING_SLOT));
    mem_wipe(&g, sizeof g);
    TRY(write_new(o->fs, keyring_new, slice_of(keyring_bytes, sizeof keyring_bytes)));
    TRY(rename_durably(o->fs, generation_new, o->generation_path));
    return rename_durably(o->fs, keyring_new, o->path);
}

struct status keyring_create(const struct keyring_options *options) {
    char keyring_new[OS_PATH_MAX];
    char generation_new[OS_PATH_MAX];
    bool exists = false;
    TRY(beside(options->path, keyring_new));
    TRY(beside(options->generation_path, generation_new));
    TRY(os_exists(options->fs, options->path, &exists));
    if (exists) {
        return FAIL(E_FILE_EXISTS);
    }
    /* A generation file without a keyring may be all that is needed to restore one. */
    TRY(os_exists(options->fs, options->generation_path, &exists));
    if (exists) {
        return finish_create(options, keyring_new);
    }
    return create_both(options, keyring_new, generation_new);
}

struct copy_head {
    uint32_t generation;
    uint8_t id[KEYRING_ID_LEN];
    uint64_t slots;
};

static void copy_head_put(const struct copy_head *h, uint8_t ret[COPY_HEAD_LEN]) {
    memset(ret, 0, COPY_HEAD_LEN);
    memcpy(ret, copy_magic, sizeof copy_magic);
    ret[AT_FORMAT] = COPY_FORMAT;
    bytes_put_be32(ret + AT_GENERATION, h->generation);
    memcpy(ret + AT_ID, h->id, KEYRING_ID_LEN);
    bytes_put_be64(ret + AT_SLOTS, h->slots);
}

static struct status copy_head_get(const uint8_t bytes[COPY_HEAD_LEN], uint64_t file_size,
                                   struct copy_head *ret) {
    if (memcmp(bytes, copy_magic, sizeof copy_magic) != 0 || bytes[AT_FORMAT] != COPY_FORMAT) {
        return FAIL(E_KEYRING_FORMAT);
    }
    ret->generation = bytes_be32(bytes + AT_GENERATION);
    memcpy(ret->id, bytes + AT_ID, KEYRING_ID_LEN);
    ret->slots = bytes_be64(bytes + AT_SLOTS);
    if (ret->slots > KEYRING_SLOTS_MAX ||
        file_size != COPY_HEAD_LEN + ret->slots * SLOT_LEN + SEAL_HASH_LEN) {
        return FAIL(E_KEYRING_CORRUPT);
    }
    return STATUS_OK;
}

/* The keyed hash over a copy, in pieces. */
struct copy_hash {
    crypto_generichash_state state;
};

static void copy_hash_begin(struct copy_hash *h, const struct generation *g,
                            const uint8_t head[COPY_HEAD_LEN]) {
    struct seal_key key CLEANUP(seal_key_done) =
        seal_derive(&g->key, SLICE("ward keyring copy v1"), slice_of(NULL, 0));
    crypto_generichash_init(&h->state, key.bytes, sizeof key.bytes, SEAL_HASH_LEN);
    crypto_generichash_update(&h->state, head, COPY_HEAD_LEN);
}

static struct seal_hash copy_hash_end(struct copy_hash *h) {
    struct seal_hash sum;
    crypto_generichash_final(&h->state, sum.bytes, sizeof sum.bytes);
    mem_wipe(h, sizeof *h);
    return sum;
}

/* Slots from one file to another, hashed on the way. */
struct transfer {
    const struct os_fs *fs;
    struct os_file *from;
    uint64_t from_offset;
    struct os_file *to;
    uint64_t to_offset;
    uint64_t slots;
    struct copy_hash *hash;
};

static struct status transfer_slots(const struct transfer *t) {
    uint8_t *window = mem_alloc(WINDOW_LEN);
    struct status s = window == NULL ? FAIL(E_MEMORY) : STATUS_OK;
    for (uint64_t at = 0; at < t->slots && !failed(s); at += WINDOW_SLOTS) {
        uint64_t n = t->slots - at < WINDOW_SLOTS ? t->slots - at : WINDOW_SLOTS;
        struct slice bytes = slice_of(window, (size_t)n * SLOT_LEN);
        s = os_read_exactly(t->fs, t->from, t->from_offset + at * SLOT_LEN, window, bytes.len);
        if (!failed(s)) {
            crypto_generichash_update(&t->hash->state, bytes.ptr, bytes.len);
            s = os_write_at(t->fs, t->to, t->to_offset + at * SLOT_LEN, bytes);
        }
    }
    window_free(window);
    return s;
}

static struct status write_copy(struct keyring *k, struct os_file *to) {
    const struct generation *g = generations_current(&k->secrets->generations);
    struct copy_head head = {.generation = g->number, .slots = k->slots};
    memcpy(head.id, k->id, KEYRING_ID_LEN);
    uint8_t head_bytes[COPY_HEAD_LEN];
    copy_head_put(&head, head_bytes);
    struct copy_hash hash;
    copy_hash_begin(&hash, g, head_bytes);
    struct transfer t = {.fs = k->fs,
                         .from = k->file,
                         .from_offset = HEADER_LEN,
                         .to = to,
                         .to_offset = COPY_HEAD_LEN,
                         .slots = k->slots,
                         .hash = &hash};
    TRY(os_write_at(k->fs, to, 0, slice_of(head_bytes, sizeof head_bytes)));
    TRY(transfer_slots(&t));
    struct seal_hash sum = copy_hash_end(&hash);
    TRY(os_write_at(k->fs, to, COPY_HEAD_LEN + k->slots * SLOT_LEN,
                    slice_of(sum.bytes, sizeof sum.bytes)));
    return os_sync(k->fs, to);
}

struct status keyring_sync_directory_of(const struct os_fs *fs, const char *path) {
    char dir[OS_PATH_MAX];
    directory_of(path, dir);
    return os_sync_dir(fs, dir);
}

static struct status copy_locked(struct keyring *k, const char *to_path) {
    struct os_file *to = NULL;
    /* A rotation that failed halfway would leave keys of two generations in the copy. */
    pthread_mutex_lock(&k->lock);
    struct status s = keyring_finish_rotation(k);
    pthread_mutex_unlock(&k->lock);
    TRY(s);
    TRY(os_open(k->fs, to_path, OS_WRITE | OS_CREATE | OS_NEW, &to));
    s = write_copy(k, to);
    os_close(k->fs, &to);
    TRY(s);
    return keyring_sync_directory_of(k->fs, to_path);
}

struct status keyring_copy(struct keyring *k, const char *to_path) {
    pthread_mutex_lock(&k->writer);
    struct status s = copy_locked(k, to_path);
    pthread_mutex_unlock(&k->writer);
    return s;
}

struct status keyring_escrow(struct keyring *k, struct buf *out) {
    uint8_t bytes[GENERATION_FILE_LEN];
    pthread_mutex_lock(&k->writer);
    struct status s = os_read_exactly(k->fs, k->generation_file, 0, bytes, sizeof bytes);
    pthread_mutex_unlock(&k->writer);
    return failed(s) ? s : buf_add(out, slice_of(bytes, sizeof bytes));
}

uint32_t keyring_generation(struct keyring *k) {
    pthread_mutex_lock(&k->lock);
    uint32_t number = generations_current(&k->secrets->generations)->number;
    pthread_mutex_unlock(&k->lock);
    return number;
}

static struct status check_copy_generation(struct generations *g, const struct copy_head *head,
                                           const struct generation **ret) {
    if (memcmp(g->id, head->id, KEYRING_ID_LEN) != 0) {
        return FAIL(E_ROOT_KEY);
    }
    *ret = generations_find(g, head->generation);
    if (*ret != NULL) {
        return STATUS_OK;
    }
    bool older = head->generation < generations_current(g)->number;
    return FAIL(older ? E_GENERATION_GONE : E_GENERATION_CORRUPT);
}

static struct status write_restored(const struct os_fs *fs, struct os_file *from,
                                    const struct copy_head *head, const uint8_t *head_bytes,
                                    const struct generation *g, struct os_file *to) {
    uint8_t header[HEADER_LEN];
    struct seal_hash stored;
    struct copy_hash hash;
    copy_hash_begin(&hash, g, head_bytes);
    struct transfer t = {.fs = fs,
                         .from = from,
                         .from_offset = COPY_HEAD_LEN,
                         .to = to,
                         .to_offset = HEADER_LEN,
                         .slots = head->slots,
                         .hash = &hash};
    keyring_header_put(head->id, header);
    TRY(os_write_at(fs, to, 0, slice_of(header, sizeof header)));
    TRY(transfer_slots(&t));
    struct seal_hash sum = copy_hash_end(&hash);
    TRY(os_read_exactly(fs, from, COPY_HEAD_LEN + head->slots * SLOT_LEN, stored.bytes,
                        sizeof stored.bytes));
    if (!seal_hash_equal(&sum, &stored)) {
        return FAIL(E_KEYRING_CORRUPT);
    }
    return os_sync(fs, to);
}

static struct status restore_from(const struct keyring_options *o, struct os_file *from,
                                  struct generations *g) {
    uint8_t head_bytes[COPY_HEAD_LEN];
    char path_new[OS_PATH_MAX];
    struct copy_head head;
    const struct generation *generation = NULL;
    struct os_file *to = NULL;
    uint64_t size = 0;
    TRY(os_size(o->fs, from, &size));
    if (size < COPY_HEAD_LEN) {
        return FAIL(E_KEYRING_FORMAT);
    }
    TRY(os_read_exactly(o->fs, from, 0, head_bytes, sizeof head_bytes));
    TRY(copy_head_get(head_bytes, size, &head));
    TRY(check_copy_generation(g, &head, &generation));
    TRY(beside(o->path, path_new));
    TRY(os_open(o->fs, path_new, OS_WRITE | OS_CREATE | OS_EMPTY, &to));
    struct status s = write_restored(o->fs, from, &head, head_bytes, generation, to);
    os_close(o->fs, &to);
    TRY(s);
    return rename_durably(o->fs, path_new, o->path);
}

struct status keyring_restore(const struct keyring_options *options, const char *copy_path) {
    bool exists = false;
    struct os_file *from = NULL;
    struct generations g;
    TRY(os_exists(options->fs, options->path, &exists));
    if (exists) {
        return FAIL(E_FILE_EXISTS);
    }
    TRY(load_generations(options, options->generation_path, &g));
    struct status s = os_open(options->fs, copy_path, OS_READ, &from);
    if (!failed(s)) {
        s = restore_from(options, from, &g);
    }
    os_close(options->fs, &from);
    mem_wipe(&g, sizeof g);
    return s;
}
