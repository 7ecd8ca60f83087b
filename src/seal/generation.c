/* The generations of the root key. Must never lose the living one, and never leave a byte of a
 * destroyed one. */
#include "generation.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "crc.h"

enum { AT_FORMAT = 8, AT_STATE = 9, AT_NUMBER = 12, AT_ID = 16, AT_WRAPPED = 32 };
enum { AT_CHECK = GENERATION_LEN - 4, COPY_STRIDE = 4096, FORMAT = 1, BOUND_LEN = AT_WRAPPED };
enum { STATE_LIVING = 1, STATE_DESTROYED = 2 };

static const uint8_t magic[8] = {'W', 'A', 'R', 'D', 'G', 'E', 'N', 'S'};

static uint64_t entry_offset(size_t entry, size_t copy) {
    return copy * COPY_STRIDE + entry * GENERATION_LEN;
}

static void entry_put(const struct generations *g, const struct generation *e,
                      uint8_t ret[GENERATION_LEN]) {
    memset(ret, 0, GENERATION_LEN);
    memcpy(ret, magic, sizeof magic);
    ret[AT_FORMAT] = FORMAT;
    ret[AT_STATE] = e->living ? STATE_LIVING : STATE_DESTROYED;
    bytes_put_be32(ret + AT_NUMBER, e->number);
    memcpy(ret + AT_ID, g->id, KEYRING_ID_LEN);
    if (e->living) {
        wrap_key(&g->root, slice_of(ret, BOUND_LEN), &e->key, ret + AT_WRAPPED);
    }
    bytes_put_be32(ret + AT_CHECK, crc32c(0, slice_of(ret, AT_CHECK)));
}

static bool entry_whole(const uint8_t bytes[GENERATION_LEN]) {
    return memcmp(bytes, magic, sizeof magic) == 0 && bytes[AT_FORMAT] == FORMAT &&
           (bytes[AT_STATE] == STATE_LIVING || bytes[AT_STATE] == STATE_DESTROYED) &&
           bytes_be32(bytes + AT_CHECK) == crc32c(0, slice_of(bytes, AT_CHECK));
}

/* Of two whole copies that differ, a crash came between writing them: the one that keeps more. What
 * was to be destroyed is destroyed again by whoever finishes the rotation. */
static bool keeps_more(const uint8_t *a, const uint8_t *b) {
    if (a[AT_STATE] != b[AT_STATE]) {
        return a[AT_STATE] == STATE_LIVING;
    }
    return bytes_be32(a + AT_NUMBER) > bytes_be32(b + AT_NUMBER);
}

static void generation_done(struct generation *e) {
    mem_wipe(e, sizeof *e);
}

static struct status entry_get(const struct generations *g, const uint8_t *bytes,
                               struct generation *ret) {
    ret->number = bytes_be32(bytes + AT_NUMBER);
    ret->living = bytes[AT_STATE] == STATE_LIVING;
    if (!ret->living) {
        return STATUS_OK;
    }
    struct status s =
        unwrap_key(&g->root, slice_of(bytes, BOUND_LEN), bytes + AT_WRAPPED, &ret->key);
    if (failed(s)) {
        return FAIL(E_ROOT_KEY);
    }
    wrap_keys_make(&ret->key, SLICE("generation"), g->id, &ret->wrap);
    return STATUS_OK;
}

static void use_root(struct generations *g, const struct seal_key *root) {
    wrap_keys_make(root, SLICE("root"), g->id, &g->root);
}

void generations_first(const uint8_t id[KEYRING_ID_LEN], const struct seal_key *root,
                       uint8_t ret_bytes[GENERATION_FILE_LEN]) {
    struct generations g = {0};
    memcpy(g.id, id, KEYRING_ID_LEN);
    use_root(&g, root);
    g.entries[0] = (struct generation){.number = 0};
    g.entries[1] = (struct generation){.number = 1, .living = true, .key = seal_key_random()};
    memset(ret_bytes, 0, GENERATION_FILE_LEN);
    for (size_t copy = 0; copy < 2; copy++) {
        for (size_t i = 0; i < GENERATION_ENTRIES; i++) {
            entry_put(&g, &g.entries[i], ret_bytes + entry_offset(i, copy));
        }
    }
    mem_wipe(&g, sizeof g);
}

static struct status write_copy(const struct generations *g, size_t entry, size_t copy,
                                const struct os_fs *fs, struct os_file *file) {
    uint8_t bytes[GENERATION_LEN];
    entry_put(g, &g->entries[entry], bytes);
    return os_write_at(fs, file, entry_offset(entry, copy), slice_of(bytes, sizeof bytes));
}

static struct status write_entry(const struct generations *g, size_t entry, const struct os_fs *fs,
                                 struct os_file *file) {
    TRY(write_copy(g, entry, 0, fs, file));
    TRY(write_copy(g, entry, 1, fs, file));
    return os_sync(fs, file);
}

/* The id stands in every whole entry; all of them must agree. */
static struct status find_id(const uint8_t *bytes, uint8_t ret_id[KEYRING_ID_LEN]) {
    const uint8_t *found = NULL;
    for (size_t i = 0; i < 2 * GENERATION_ENTRIES; i++) {
        const uint8_t *e = bytes + entry_offset(i / 2, i % 2);
        if (!entry_whole(e)) {
            continue;
        }
        if (found != NULL && memcmp(found, e + AT_ID, KEYRING_ID_LEN) != 0) {
            return FAIL(E_GENERATION_CORRUPT);
        }
        found = e + AT_ID;
    }
    if (found == NULL) {
        return FAIL(E_GENERATION_CORRUPT);
    }
    memcpy(ret_id, found, KEYRING_ID_LEN);
    return STATUS_OK;
}

/* Whichever copy this root key opens: while the root key is changed they stand under different
 * ones. */
static struct status load_entry(struct generations *g, size_t i, const uint8_t *bytes,
                                const struct os_fs *fs, struct os_file *file) {
    const uint8_t *copies[] = {bytes + entry_offset(i, 0), bytes + entry_offset(i, 1)};
    const uint8_t *best = NULL;
    bool whole = false;
    for (size_t copy = 0; copy < 2; copy++) {
        struct generation e CLEANUP(generation_done) = {.number = 0};
        bool here = entry_whole(copies[copy]);
        whole = whole || here;
        if (here && !failed(entry_get(g, copies[copy], &e)) &&
            (best == NULL || keeps_more(copies[copy], best))) {
            best = copies[copy];
            g->entries[i] = e;
        }
    }
    if (best == NULL) {
        /* Nothing is lost if no key was wrapped with it; the keyring looks at that. */
        return whole ? FAIL(E_ROOT_KEY) : STATUS_OK;
    }
    bool same = memcmp(copies[0], copies[1], GENERATION_LEN) == 0;
    return same ? STATUS_OK : write_entry(g, i, fs, file);
}

static struct status load_all(struct generations *g, const struct os_fs *fs, struct os_file *file,
                              const struct seal_key *root) {
    uint8_t bytes[GENERATION_FILE_LEN];
    size_t got = 0;
    TRY(os_read_at(fs, file, 0, bytes, sizeof bytes, &got));
    if (got < sizeof bytes) {
        return FAIL(E_GENERATION_CORRUPT);
    }
    TRY(find_id(bytes, g->id));
    use_root(g, root);
    for (size_t i = 0; i < GENERATION_ENTRIES; i++) {
        TRY(load_entry(g, i, bytes, fs, file));
    }
    return generations_current(g) != NULL ? STATUS_OK : FAIL(E_GENERATION_CORRUPT);
}

struct status generations_load(const struct os_fs *fs, struct os_file *file,
                               const struct seal_key *root, struct generations *ret_generations) {
    *ret_generations = (struct generations){0};
    struct status s = load_all(ret_generations, fs, file, root);
    if (failed(s)) {
        mem_wipe(ret_generations, sizeof *ret_generations);
    }
    return s;
}

struct status generations_change_root(struct generations *g, const struct seal_key *root,
                                      const struct os_fs *fs, struct os_file *file) {
    size_t entry = (size_t)(generations_current(g) - g->entries);
    struct wrap_keys old = g->root;
    use_root(g, root);
    struct status s = write_copy(g, entry, 0, fs, file);
    if (!failed(s)) {
        s = os_sync(fs, file);
    }
    if (failed(s)) {
        g->root = old; /* the second copy stands, and what is written next stands by it */
    }
    mem_wipe(&old, sizeof old);
    TRY(s);
    /* From here on the first copy stands, under the new root. */
    TRY(write_copy(g, entry, 1, fs, file));
    return os_sync(fs, file);
}

struct generation *generations_current(struct generations *g) {
    struct generation *best = NULL;
    for (size_t i = 0; i < GENERATION_ENTRIES; i++) {
        struct generation *e = &g->entries[i];
        if (e->living && (best == NULL || e->number > best->number)) {
            best = e;
        }
    }
    return best;
}

struct generation *generations_old(struct generations *g) {
    bool both = g->entries[0].living && g->entries[1].living;
    if (!both) {
        return NULL;
    }
    return g->entries[0].number < g->entries[1].number ? &g->entries[0] : &g->entries[1];
}

struct generation *generations_find(struct generations *g, uint32_t number) {
    struct generation *e = &g->entries[number % GENERATION_ENTRIES];
    return e->living && e->number == number ? e : NULL;
}

struct status generations_begin_next(struct generations *g, const struct os_fs *fs,
                                     struct os_file *file) {
    uint32_t number = generations_current(g)->number + 1;
    size_t i = number % GENERATION_ENTRIES;
    struct generation before = g->entries[i];
    g->entries[i] = (struct generation){.number = number, .living = true, .key = seal_key_random()};
    wrap_keys_make(&g->entries[i].key, SLICE("generation"), g->id, &g->entries[i].wrap);
    struct status s = write_entry(g, i, fs, file);
    if (failed(s)) {
        /* It may or may not be on the disk; nothing is wrapped with it, so it is as if it were not.
         */
        mem_wipe(&g->entries[i], sizeof g->entries[i]);
        g->entries[i] = before;
    }
    return s;
}

struct status generations_destroy(struct generations *g, struct generation *old,
                                  const struct os_fs *fs, struct os_file *file) {
    struct generation kept = *old;
    uint32_t number = old->number;
    mem_wipe(old, sizeof *old);
    old->number = number;
    struct status s = write_entry(g, (size_t)(old - g->entries), fs, file);
    if (failed(s)) {
        *old = kept;
    }
    mem_wipe(&kept, sizeof kept);
    return s;
}
