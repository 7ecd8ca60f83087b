/* The keyring: opening it, and handing out keys. Must never hand out a key that was destroyed, nor
 * one that is not exactly what was wrapped at its slot. */
#include "keyring_impl.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "crc.h"

static const uint8_t magic[8] = {'W', 'A', 'R', 'D', 'K', 'E', 'Y', 'S'};

enum { AT_FORMAT = 8, AT_SLOT_LEN = 12, AT_ID = 16, AT_CHECK = HEADER_LEN - 4 };

void keyring_header_put(const uint8_t id[KEYRING_ID_LEN], uint8_t ret[HEADER_LEN]) {
    memset(ret, 0, HEADER_LEN);
    memcpy(ret, magic, sizeof magic);
    ret[AT_FORMAT] = HEADER_FORMAT;
    bytes_put_be32(ret + AT_SLOT_LEN, SLOT_LEN);
    memcpy(ret + AT_ID, id, KEYRING_ID_LEN);
    bytes_put_be32(ret + AT_CHECK, crc32c(0, slice_of(ret, AT_CHECK)));
}

struct status keyring_header_get(const uint8_t bytes[HEADER_LEN], uint8_t ret_id[KEYRING_ID_LEN]) {
    if (memcmp(bytes, magic, sizeof magic) != 0 || bytes[AT_FORMAT] != HEADER_FORMAT) {
        return FAIL(E_KEYRING_FORMAT);
    }
    if (bytes_be32(bytes + AT_CHECK) != crc32c(0, slice_of(bytes, AT_CHECK)) ||
        bytes_be32(bytes + AT_SLOT_LEN) != SLOT_LEN) {
        return FAIL(E_KEYRING_CORRUPT);
    }
    memcpy(ret_id, bytes + AT_ID, KEYRING_ID_LEN);
    return STATUS_OK;
}

void key_ref_put(struct key_ref ref, uint8_t ret_bytes[KEY_REF_LEN]) {
    bytes_put_be64(ret_bytes, ref.slot);
    bytes_put_be32(ret_bytes + 8, ref.birth);
}

struct key_ref key_ref_get(const uint8_t bytes[KEY_REF_LEN]) {
    return (struct key_ref){.slot = bytes_be64(bytes), .birth = bytes_be32(bytes + 8)};
}

bool key_ref_equal(struct key_ref a, struct key_ref b) {
    return a.slot == b.slot && a.birth == b.birth;
}

static struct status grow_list(uint32_t **list, size_t room) {
    uint32_t *grown = mem_resize(*list, room, sizeof **list);
    if (grown == NULL) {
        return FAIL(E_MEMORY);
    }
    *list = grown;
    return STATUS_OK;
}

struct status keyring_grow(struct keyring *k, size_t slots) {
    if (slots > KEYRING_SLOTS_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    if (slots <= k->room) {
        return STATUS_OK;
    }
    size_t room = slots + slots / 2 + WINDOW_SLOTS;
    TRY(grow_list(&k->marks, room));
    TRY(grow_list(&k->free_slots, room));
    k->room = room;
    return STATUS_OK;
}

struct status keyring_read_slot(struct keyring *k, uint64_t slot, struct slot *ret_slot) {
    uint8_t bytes[SLOT_LEN];
    TRY(os_read_exactly(k->fs, k->file, slot_offset(slot), bytes, sizeof bytes));
    return slot_get(bytes, slot, ret_slot);
}

struct status keyring_unwrap(struct keyring *k, uint64_t index, const struct slot *slot,
                             struct seal_key *ret_key) {
    const struct generation *g = generations_find(&k->secrets->generations, slot->generation);
    if (g == NULL) {
        return FAIL(E_GENERATION_CORRUPT);
    }
    return slot_unwrap(&g->wrap, index, slot, ret_key);
}

/* Takes note of one slot found on the disk. */
static struct status note_slot(struct keyring *k, const uint8_t *bytes, size_t index) {
    struct slot slot;
    TRY(slot_get(bytes, index, &slot));
    enum slot_mark what = MARK_FREE;
    if (slot.birth > BIRTH_MAX) {
        return FAIL(E_KEYRING_CORRUPT);
    }
    if (slot.state == SLOT_LIVING) {
        if (generations_find(&k->secrets->generations, slot.generation) == NULL) {
            return FAIL(E_GENERATION_CORRUPT);
        }
        what = MARK_LIVING;
        k->living++;
    } else if (slot.birth == BIRTH_MAX) {
        what = MARK_RETIRED;
    } else {
        k->free_slots[k->free_count++] = (uint32_t)index;
    }
    k->marks[index] = mark_make(slot.birth, what);
    return STATUS_OK;
}

static struct status scan(struct keyring *k, uint8_t *window) {
    for (size_t at = 0; at < k->slots; at += WINDOW_SLOTS) {
        size_t n = k->slots - at < WINDOW_SLOTS ? k->slots - at : WINDOW_SLOTS;
        TRY(os_read_exactly(k->fs, k->file, slot_offset(at), window, n * SLOT_LEN));
        for (size_t i = 0; i < n; i++) {
            TRY(note_slot(k, window + i * SLOT_LEN, at + i));
        }
    }
    return STATUS_OK;
}

static struct status scan_all(struct keyring *k) {
    uint8_t header[HEADER_LEN];
    uint64_t size = 0;
    TRY(os_size(k->fs, k->file, &size));
    if (size < HEADER_LEN) {
        return FAIL(E_KEYRING_FORMAT);
    }
    TRY(os_read_exactly(k->fs, k->file, 0, header, sizeof header));
    TRY(keyring_header_get(header, k->id));
    if (memcmp(k->id, k->secrets->generations.id, KEYRING_ID_LEN) != 0) {
        return FAIL(E_ROOT_KEY);
    }
    /* A last slot that is not whole was being born when the power went. */
    uint64_t slots = (size - HEADER_LEN) / SLOT_LEN;
    TRY(keyring_grow(k, slots > KEYRING_SLOTS_MAX ? SIZE_MAX : (size_t)slots));
    k->slots = (size_t)slots;
    uint8_t *window = mem_alloc(WINDOW_LEN);
    if (window == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status s = scan(k, window);
    window_free(window);
    return s;
}

static struct status load_fixed(struct keyring *k, uint64_t index, enum key_kind kind,
                                struct seal_key *ret_key) {
    struct slot slot;
    if (index >= k->slots || mark_of(k->marks[index]) != MARK_LIVING) {
        return FAIL(E_KEYRING_CORRUPT);
    }
    TRY(keyring_read_slot(k, index, &slot));
    return slot.kind == kind ? keyring_unwrap(k, index, &slot, ret_key) : FAIL(E_KEYRING_CORRUPT);
}

/* What is found is acted on, so it must be what the disk holds, also after a process that was
 * killed between a write and its sync, and after a sync that failed. */
static struct status open_files(struct keyring *k, const struct keyring_options *o) {
    unsigned how = OS_READ | OS_WRITE | OS_FRESH;
    TRY(os_open(o->fs, o->path, how | OS_LOCK, &k->file));
    TRY(os_open(o->fs, o->generation_path, how, &k->generation_file));
    TRY(keyring_sync_directory_of(o->fs, o->path));
    return keyring_sync_directory_of(o->fs, o->generation_path);
}

static struct status load(struct keyring *k, const struct keyring_options *o) {
    TRY(open_files(k, o));
    TRY(generations_load(o->fs, k->generation_file, o->root, &k->secrets->generations));
    TRY(scan_all(k));
    TRY(keyring_finish_rotation(k));
    TRY(load_fixed(k, SECRET_SLOT, KEY_SECRET, &k->secrets->tags));
    return load_fixed(k, SIGNING_SLOT, KEY_SIGNING, &k->secrets->signing_seed);
}

static struct status get_memory(struct keyring *k, size_t cache_keys) {
    bool secrets_locked = false;
    bool cache_locked = false;
    k->secrets = locked_alloc(sizeof *k->secrets, &secrets_locked);
    if (k->secrets == NULL) {
        return FAIL(E_MEMORY);
    }
    TRY(keycache_init(&k->cache, cache_keys == 0 ? KEYRING_CACHE_KEYS : cache_keys, &cache_locked));
    k->memory_locked = secrets_locked && cache_locked;
    return STATUS_OK;
}

struct status keyring_open(const struct keyring_options *options, struct keyring **ret_keyring) {
    struct keyring *k = mem_alloc(sizeof *k);
    if (k == NULL) {
        return FAIL(E_MEMORY);
    }
    k->fs = options->fs;
    pthread_mutex_init(&k->writer, NULL);
    pthread_mutex_init(&k->lock, NULL);
    size_t n = strlen(options->path);
    struct status s = n < sizeof k->path ? STATUS_OK : FAIL(E_TOO_LARGE);
    if (!failed(s)) {
        memcpy(k->path, options->path, n);
        s = get_memory(k, options->cache_keys);
    }
    if (!failed(s)) {
        s = load(k, options);
    }
    if (failed(s)) {
        keyring_close(&k);
        return s;
    }
    *ret_keyring = k;
    return STATUS_OK;
}

void keyring_close(struct keyring **keyring) {
    struct keyring *k = *keyring;
    if (k == NULL) {
        return;
    }
    os_close(k->fs, &k->generation_file);
    os_close(k->fs, &k->file);
    locked_free(k->secrets, sizeof *k->secrets);
    keycache_done(&k->cache);
    mem_free(k->marks);
    mem_free(k->free_slots);
    pthread_mutex_destroy(&k->lock);
    pthread_mutex_destroy(&k->writer);
    mem_free(k);
    *keyring = NULL;
}

/* Tells by the marks alone whether the key can be had. */
static struct status check_ref(const struct keyring *k, struct key_ref ref) {
    if (ref.slot >= k->slots || ref.birth == 0) {
        return FAIL(E_KEY_UNKNOWN);
    }
    uint32_t mark = k->marks[ref.slot];
    if (ref.birth > birth_of(mark)) {
        return FAIL(E_KEY_UNKNOWN);
    }
    bool here = ref.birth == birth_of(mark) && mark_of(mark) == MARK_LIVING;
    return here ? STATUS_OK : FAIL(E_KEY_GONE);
}

static struct status load_key(struct keyring *k, struct key_ref ref, struct seal_key *ret_key) {
    struct slot slot;
    struct seal_key key CLEANUP(seal_key_done);
    TRY(check_ref(k, ref));
    TRY(keyring_read_slot(k, ref.slot, &slot));
    if (slot.state != SLOT_LIVING || slot.birth != ref.birth) {
        return FAIL(E_KEYRING_CORRUPT);
    }
    TRY(keyring_unwrap(k, ref.slot, &slot, &key));
    keycache_put(&k->cache, ref, slot.kind, &key);
    *ret_key = key;
    return STATUS_OK;
}

struct status keyring_key(struct keyring *k, struct key_ref ref, struct seal_key *ret_key) {
    pthread_mutex_lock(&k->lock);
    struct status s = STATUS_OK;
    if (!keycache_get(&k->cache, ref, ret_key)) {
        s = load_key(k, ref, ret_key);
    }
    pthread_mutex_unlock(&k->lock);
    return s;
}

static struct status each_in(struct keyring *k, size_t at, const uint8_t *window, size_t n,
                             keyring_each_fn *each, void *arg) {
    for (size_t i = 0; i < n; i++) {
        struct slot slot;
        TRY(slot_get(window + i * SLOT_LEN, at + i, &slot));
        if (slot.state == SLOT_LIVING && at + i >= FIXED_SLOTS &&
            mark_of(k->marks[at + i]) == MARK_LIVING) {
            struct key_ref ref = {.slot = at + i, .birth = slot.birth};
            TRY(each(arg, ref, slot.kind));
        }
    }
    return STATUS_OK;
}

static struct status each_window(struct keyring *k, uint8_t *window, keyring_each_fn *each,
                                 void *arg) {
    for (size_t at = 0; at < k->slots; at += WINDOW_SLOTS) {
        size_t n = k->slots - at < WINDOW_SLOTS ? k->slots - at : WINDOW_SLOTS;
        TRY(os_read_exactly(k->fs, k->file, slot_offset(at), window, n * SLOT_LEN));
        TRY(each_in(k, at, window, n, each, arg));
    }
    return STATUS_OK;
}

struct status keyring_each(struct keyring *k, keyring_each_fn *each, void *arg) {
    uint8_t *window = mem_alloc(WINDOW_LEN);
    if (window == NULL) {
        return FAIL(E_MEMORY);
    }
    pthread_mutex_lock(&k->writer);
    pthread_mutex_lock(&k->lock);
    struct status s = each_window(k, window, each, arg);
    pthread_mutex_unlock(&k->lock);
    pthread_mutex_unlock(&k->writer);
    window_free(window);
    return s;
}

struct keyring_stats keyring_stats(struct keyring *k) {
    pthread_mutex_lock(&k->lock);
    struct keyring_stats stats = {
        .slots = k->slots,
        .living = k->living,
        .generation = generations_current(&k->secrets->generations)->number,
        .memory_locked = k->memory_locked,
    };
    pthread_mutex_unlock(&k->lock);
    return stats;
}

struct status keyring_tag(struct keyring *k, struct slice domain, struct slice value,
                          struct seal_hash *ret_tag) {
    if (domain.len > 255) {
        return FAIL(E_TOO_LARGE);
    }
    struct seal_key key CLEANUP(seal_key_done) =
        seal_derive(&k->secrets->tags, SLICE("ward tag v1"), domain);
    *ret_tag = seal_keyed_hash(&key, SLICE("ward tag value v1"), value);
    return STATUS_OK;
}

struct status keyring_signing_key(struct keyring *k, struct seal_signing_key *ret_key) {
    *ret_key = seal_signing_key_from_seed(&k->secrets->signing_seed);
    return STATUS_OK;
}
