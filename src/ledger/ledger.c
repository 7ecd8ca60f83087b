/* The ledger: opening, appending, publishing. Must never sign a head that does not continue the
 * last one, nor publish it before its tiles are durable, nor change a byte below the published
 * size. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ledger_impl.h"

static _Thread_local char failed_path[OS_PATH_MAX];

const char *ledger_failed_path(void) {
    return failed_path;
}

struct status ledger_blame(const char *path) {
    snprintf(failed_path, sizeof failed_path, "%s", path);
    return FAIL(E_LEDGER_CORRUPT);
}

struct status ledger_path(const struct ledger *l, const char *path, char ret_path[OS_PATH_MAX]) {
    int n = snprintf(ret_path, OS_PATH_MAX, "%s/%s", l->dir, path);
    return n < 0 || n >= OS_PATH_MAX ? FAIL(E_TOO_LARGE) : STATUS_OK;
}

uint64_t ledger_size(const struct ledger *ledger) {
    return ledger->size;
}

uint64_t ledger_published(const struct ledger *ledger) {
    return ledger->published;
}

struct slice ledger_checkpoint(const struct ledger *ledger) {
    return buf_slice(&ledger->checkpoint);
}

struct status ledger_vkey(const struct ledger *ledger, struct buf *out) {
    return note_vkey_print(&ledger->vkey, out);
}

/* Damage to one of the few files that an opening reads. */
static struct status read_checked(const struct ledger *l, const char *path, struct buf *out) {
    char whole[OS_PATH_MAX];
    TRY(ledger_path(l, path, whole));
    buf_clear(out);
    struct status s = os_read_file(l->fs, whole, out);
    bool damaged = s.code == E_FILE_MISSING || s.code == E_TOO_LARGE;
    return damaged ? ledger_blame(path) : s;
}

static struct status load_edge_tile(struct ledger *l, unsigned level) {
    struct edge_tile *t = &l->levels[level];
    struct buf bytes CLEANUP(buf_done);
    char path[TILE_PATH_MAX];
    buf_init(&bytes, TILE_LEN);
    t->index = tile_hashes_at(level, l->published) / TILE_WIDTH;
    t->count = tile_partial_width(level, l->published);
    t->published = t->count;
    if (t->count == 0) {
        return STATUS_OK;
    }
    tile_path((int)level, t->index, t->count, path);
    TRY(read_checked(l, path, &bytes));
    if (bytes.len != t->count * SEAL_HASH_LEN) {
        return ledger_blame(path);
    }
    for (unsigned i = 0; i < t->count; i++) {
        struct seal_hash hash;
        memcpy(hash.bytes, bytes.ptr + i * SEAL_HASH_LEN, SEAL_HASH_LEN);
        tile_add(&t->nodes, i, hash);
    }
    return STATUS_OK;
}

/* The entries of the last bundle must be those that the last tile has the hashes of. */
static struct status load_bundle(struct ledger *l) {
    struct buf bytes CLEANUP(buf_done);
    char path[TILE_PATH_MAX];
    const struct edge_tile *t = &l->levels[0];
    buf_init(&bytes, BUNDLE_LEN);
    if (t->count == 0) {
        return STATUS_OK;
    }
    tile_path(TILE_ENTRIES, t->index, t->count, path);
    TRY(read_checked(l, path, &bytes));
    struct slice rest = buf_slice(&bytes);
    for (unsigned i = 0; i < t->count; i++) {
        struct slice entry;
        if (failed(bundle_next(&rest, &entry)) || entry.len != LEAF_LEN) {
            return ledger_blame(path);
        }
        struct seal_hash hash = merkle_leaf_hash(entry);
        if (!seal_hash_equal(&hash, tile_node(&t->nodes, 0, i))) {
            return ledger_blame(path);
        }
    }
    if (rest.len > 0) {
        return ledger_blame(path);
    }
    memcpy(l->bundle, bytes.ptr, bytes.len);
    return STATUS_OK;
}

/* One tile at the edge is wrong: the one of the hashes of leaves if the entries say so too, else
 * the first above it. */
static struct status blame_edge(struct ledger *l) {
    char path[TILE_PATH_MAX];
    unsigned from = failed(load_bundle(l)) ? 0 : 1;
    for (unsigned level = from; level < TILE_LEVELS; level++) {
        const struct edge_tile *t = &l->levels[level];
        if (t->count > 0) {
            tile_path((int)level, t->index, t->count, path);
            return ledger_blame(path);
        }
    }
    return ledger_blame("checkpoint");
}

static struct status load_edge(struct ledger *l) {
    struct seal_hash root;
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        TRY(load_edge_tile(l, level));
    }
    TRY(ledger_root(l, &root));
    return seal_hash_equal(&root, &l->published_root) ? load_bundle(l) : blame_edge(l);
}

static struct status load(struct ledger *l) {
    struct checkpoint head;
    /* What is found counts as published, so it must not go away with the power. */
    TRY(os_sync_dir(l->fs, l->dir));
    TRY(read_checked(l, "checkpoint", &l->checkpoint));
    struct status s = checkpoint_verify(buf_slice(&l->checkpoint), &l->vkey, &head);
    if (s.code == E_NOTE_FORM || s.code == E_NOTE_NAME || s.code == E_SIGNATURE ||
        s.code == E_CHECKPOINT_FORM) {
        return ledger_blame("checkpoint");
    }
    TRY(s);
    l->published = head.size;
    l->size = head.size;
    l->published_root = head.root;
    /* Directories that an earlier run made may not be durable yet, nor what stands in them. */
    l->sync_everything = true;
    return load_edge(l);
}

static struct status begin(const struct ledger_options *o, struct ledger **ret_ledger) {
    size_t n = strlen(o->dir);
    struct ledger *l = mem_alloc(sizeof *l);
    if (l == NULL) {
        return FAIL(E_MEMORY);
    }
    buf_init(&l->checkpoint, LEDGER_CHECKPOINT_MAX);
    l->fs = o->fs;
    l->key = o->key;
    struct status s = n < sizeof l->dir ? STATUS_OK : FAIL(E_TOO_LARGE);
    if (!failed(s)) {
        memcpy(l->dir, o->dir, n);
        s = note_vkey_make(o->origin, NOTE_ED25519, o->key->public_key, &l->vkey);
    }
    if (failed(s)) {
        ledger_close(&l);
        return s;
    }
    *ret_ledger = l;
    return STATUS_OK;
}

struct status ledger_open_restored(const struct ledger_options *options,
                                   struct ledger **ret_ledger) {
    struct ledger *l = NULL;
    failed_path[0] = 0;
    TRY(begin(options, &l));
    struct status s = load(l);
    if (failed(s)) {
        ledger_close(&l);
        return s;
    }
    *ret_ledger = l;
    return STATUS_OK;
}

struct status ledger_open(const struct ledger_options *options, struct ledger **ret_ledger) {
    struct ledger *l = NULL;
    TRY(ledger_open_restored(options, &l));
    if (l->published > options->store_leaves) {
        ledger_close(&l);
        return FAIL(E_LEDGER_AHEAD);
    }
    *ret_ledger = l;
    return STATUS_OK;
}

void ledger_close(struct ledger **ledger) {
    struct ledger *l = *ledger;
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < LEDGER_CACHE_TILES; i++) {
        mem_free(l->cache[i].nodes);
    }
    buf_done(&l->checkpoint);
    mem_free(l);
    *ledger = NULL;
}

static struct status refuse_if_there(const struct ledger *l, const char *path) {
    char whole[OS_PATH_MAX];
    bool exists = false;
    TRY(ledger_path(l, path, whole));
    TRY(os_exists(l->fs, whole, &exists));
    return exists ? FAIL(E_FILE_EXISTS) : STATUS_OK;
}

static struct status sync_parent(const struct ledger *l) {
    char parent[OS_PATH_MAX];
    memcpy(parent, l->dir, sizeof parent);
    char *slash = strrchr(parent, '/');
    if (slash == NULL) {
        memcpy(parent, ".", 2);
    } else {
        slash[slash == parent ? 1 : 0] = 0;
    }
    return os_sync_dir(l->fs, parent);
}

static struct status make_empty(struct ledger *l) {
    struct seal_hash root = merkle_empty_root();
    struct buf note CLEANUP(buf_done);
    buf_init(&note, LEDGER_CHECKPOINT_MAX);
    struct status s = os_mkdir(l->fs, l->dir, true);
    if (failed(s) && s.code != E_FILE_EXISTS) {
        return s;
    }
    /* Tiles without a checkpoint are a log that was damaged, not a place for a new one. */
    TRY(refuse_if_there(l, "checkpoint"));
    TRY(refuse_if_there(l, "tile"));
    TRY(sync_parent(l));
    TRY(ledger_sign_head(l, 0, &root, &note));
    return ledger_put_checkpoint(l, buf_slice(&note));
}

struct status ledger_create(const struct ledger_options *options) {
    struct ledger *l = NULL;
    TRY(begin(options, &l));
    struct status s = make_empty(l);
    ledger_close(&l);
    return s;
}

struct status ledger_sign_head(const struct ledger *l, uint64_t size, const struct seal_hash *root,
                               struct buf *out) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, LEDGER_CHECKPOINT_MAX);
    struct checkpoint head = {.origin = note_vkey_name(&l->vkey), .size = size, .root = *root};
    TRY(checkpoint_print(&head, &text));
    return note_sign(buf_slice(&text), note_vkey_name(&l->vkey), l->key, out);
}

struct status ledger_put_checkpoint(struct ledger *l, struct slice note) {
    TRY(os_replace_file(l->fs, l->dir, "checkpoint", OS_PUBLIC, note));
    buf_clear(&l->checkpoint);
    return buf_add(&l->checkpoint, note);
}

/* A full tile is written and becomes one hash of the level above. */
static struct status push_hash(struct ledger *l, struct seal_hash hash) {
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        struct edge_tile *t = &l->levels[level];
        char path[TILE_PATH_MAX];
        tile_add(&t->nodes, t->count++, hash);
        if (t->count < TILE_WIDTH) {
            return STATUS_OK;
        }
        tile_path((int)level, t->index, TILE_WIDTH, path);
        TRY(ledger_write_file(l, path, tile_bytes(&t->nodes, TILE_WIDTH)));
        hash = *tile_node(&t->nodes, TILE_HEIGHT, 0);
        t->count = 0;
        t->index++;
        t->published = 0;
    }
    return STATUS_OK;
}

static struct status append_one(struct ledger *l, const uint8_t *entry) {
    unsigned at = l->levels[0].count;
    uint8_t *place = l->bundle + at * (2 + LEAF_LEN);
    place[0] = 0;
    place[1] = LEAF_LEN;
    memcpy(place + 2, entry, LEAF_LEN);
    if (at == TILE_WIDTH - 1) {
        char path[TILE_PATH_MAX];
        tile_path(TILE_ENTRIES, l->levels[0].index, TILE_WIDTH, path);
        TRY(ledger_write_file(l, path, slice_of(l->bundle, BUNDLE_LEN)));
    }
    TRY(push_hash(l, merkle_leaf_hash(slice_of(entry, LEAF_LEN))));
    l->size++;
    return STATUS_OK;
}

static struct status compare_one(struct ledger *l, uint64_t index, const uint8_t *entry) {
    struct merkle_source source = ledger_source(l);
    struct seal_hash there;
    struct seal_hash hash = merkle_leaf_hash(slice_of(entry, LEAF_LEN));
    TRY(source.node(source.self, 0, index, &there));
    return seal_hash_equal(&hash, &there) ? STATUS_OK : FAIL(E_LEDGER_CONFLICT);
}

static struct status check_entries(const uint8_t *entries, size_t count) {
    struct leaf leaf;
    for (size_t i = 0; i < count; i++) {
        TRY(leaf_get(slice_of(entries + i * LEAF_LEN, LEAF_LEN), &leaf));
    }
    return STATUS_OK;
}

struct status ledger_append_at(struct ledger *l, uint64_t first, const uint8_t *entries,
                               size_t count) {
    if (l->broken) {
        return FAIL(E_LEDGER_BROKEN);
    }
    if (first > l->size) {
        return FAIL(E_LEDGER_GAP);
    }
    TRY(check_entries(entries, count));
    for (size_t i = 0; i < count; i++) {
        const uint8_t *entry = entries + i * LEAF_LEN;
        if (first + i < l->size) {
            TRY(compare_one(l, first + i, entry));
            continue;
        }
        struct status s = append_one(l, entry);
        if (failed(s)) {
            l->broken = true;
            return s;
        }
    }
    return STATUS_OK;
}

struct status ledger_append_many(struct ledger *l, const uint8_t *entries, size_t count,
                                 uint64_t *ret_first) {
    uint64_t first = l->size;
    TRY(ledger_append_at(l, first, entries, count));
    *ret_first = first;
    return STATUS_OK;
}

static struct status write_partials(struct ledger *l) {
    char path[TILE_PATH_MAX];
    const struct edge_tile *last = &l->levels[0];
    if (last->count > last->published) {
        tile_path(TILE_ENTRIES, last->index, last->count, path);
        TRY(ledger_write_file(l, path, slice_of(l->bundle, last->count * (2 + LEAF_LEN))));
    }
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        struct edge_tile *t = &l->levels[level];
        if (t->count > t->published) {
            tile_path((int)level, t->index, t->count, path);
            TRY(ledger_write_file(l, path, tile_bytes(&t->nodes, t->count)));
        }
    }
    return STATUS_OK;
}

struct forget {
    struct ledger *ledger;
    const char *dir;
};

static struct status remove_one(void *arg, const char *name, bool is_dir) {
    const struct forget *f = arg;
    char path[OS_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", f->dir, name);
    /* What cannot be removed stays; it takes room and does no harm. */
    if (!is_dir && n > 0 && (size_t)n < sizeof path) {
        struct status ignored = os_remove(f->ledger->fs, path);
        (void)ignored;
    }
    return STATUS_OK;
}

/* The partial tiles under a tile that is full now. */
static void drop_partials(struct ledger *l, int level, uint64_t index) {
    char path[TILE_PATH_MAX];
    char dir[OS_PATH_MAX];
    tile_path(level, index, TILE_WIDTH, path);
    int n = snprintf(dir, sizeof dir, "%s/%s.p", l->dir, path);
    struct forget f = {.ledger = l, .dir = dir};
    if (n < 0 || (size_t)n >= sizeof dir || failed(os_list(l->fs, dir, remove_one, &f))) {
        return;
    }
    struct status ignored = os_remove(l->fs, dir);
    (void)ignored;
}

/* Only the tile at the old edge can have had partials that the new checkpoint does not need. */
static void drop_old_partials(struct ledger *l, uint64_t old_size) {
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        uint64_t index = tile_hashes_at(level, old_size) / TILE_WIDTH;
        bool was_partial = tile_partial_width(level, old_size) > 0;
        if (was_partial && tile_hashes_at(level, l->size) / TILE_WIDTH > index) {
            drop_partials(l, (int)level, index);
            if (level == 0) {
                drop_partials(l, TILE_ENTRIES, index);
            }
        }
    }
}

static struct status publish(struct ledger *l) {
    struct seal_hash root;
    struct buf note CLEANUP(buf_done);
    buf_init(&note, LEDGER_CHECKPOINT_MAX);
    TRY(write_partials(l));
    TRY(ledger_sync_written(l));
    TRY(ledger_root(l, &root));
    TRY(ledger_sign_head(l, l->size, &root, &note));
    TRY(ledger_put_checkpoint(l, buf_slice(&note)));
    uint64_t old_size = l->published;
    l->published = l->size;
    l->published_root = root;
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        l->levels[level].published = l->levels[level].count;
    }
    drop_old_partials(l, old_size);
    return STATUS_OK;
}

struct status ledger_publish(struct ledger *l) {
    if (l->broken) {
        return FAIL(E_LEDGER_BROKEN);
    }
    if (l->size == l->published) {
        return STATUS_OK;
    }
    struct status s = publish(l);
    l->broken = failed(s);
    return s;
}

struct status ledger_cosign(struct ledger *l, struct slice answer,
                            const struct note_vkey *witnesses, size_t count) {
    struct buf merged CLEANUP(buf_done);
    size_t added = 0;
    buf_init(&merged, LEDGER_CHECKPOINT_MAX);
    if (l->broken) {
        return FAIL(E_LEDGER_BROKEN);
    }
    TRY(witness_merge(ledger_checkpoint(l), answer, witnesses, count, &merged, &added));
    return added == 0 ? STATUS_OK : ledger_put_checkpoint(l, buf_slice(&merged));
}
