/* The ledger: leaves, proofs and receipts of what is published. Must never hand out a proof that it
 * did not verify itself. */
#include <string.h>

#include "base/mem.h"
#include "ledger/receipt.h"
#include "ledger_impl.h"

static struct status read_tile(struct ledger *l, unsigned level, uint64_t index, uint8_t *to) {
    char path[TILE_PATH_MAX];
    char whole[OS_PATH_MAX];
    struct os_file *f = NULL;
    size_t got = 0;
    tile_path((int)level, index, TILE_WIDTH, path);
    TRY(ledger_path(l, path, whole));
    struct status s = os_open(l->fs, whole, OS_READ, &f);
    if (s.code == E_FILE_MISSING) {
        return ledger_blame(path);
    }
    TRY(s);
    s = os_read_at(l->fs, f, 0, to, TILE_LEN, &got);
    os_close(l->fs, &f);
    TRY(s);
    return got == TILE_LEN ? STATUS_OK : ledger_blame(path);
}

static struct status load_cached(struct ledger *l, struct cached_tile *c, unsigned level,
                                 uint64_t index) {
    if (c->nodes == NULL) {
        c->nodes = mem_alloc(sizeof *c->nodes);
    }
    if (c->nodes == NULL) {
        return FAIL(E_MEMORY);
    }
    c->level = TILE_LEVELS; /* no tile, in case reading fails */
    TRY(read_tile(l, level, index, c->nodes->hashes[0].bytes));
    for (unsigned i = 0; i < TILE_WIDTH; i++) {
        tile_add(c->nodes, i, c->nodes->hashes[i]);
    }
    c->level = level;
    c->index = index;
    return STATUS_OK;
}

/* A quarter is kept for upper levels, which every proof passes through. */
static struct cached_tile *give_up_place(struct ledger *l, unsigned level) {
    enum { UPPER = LEDGER_CACHE_TILES / 4 };
    if (level > 0) {
        return &l->cache[l->upper_turn++ % UPPER];
    }
    return &l->cache[UPPER + l->leaf_turn++ % (LEDGER_CACHE_TILES - UPPER)];
}

static struct status get_tile(struct ledger *l, unsigned level, uint64_t index,
                              const struct tile_nodes **ret_nodes) {
    for (size_t i = 0; i < LEDGER_CACHE_TILES; i++) {
        struct cached_tile *c = &l->cache[i];
        if (c->nodes != NULL && c->level == level && c->index == index) {
            *ret_nodes = c->nodes;
            return STATUS_OK;
        }
    }
    struct cached_tile *c = give_up_place(l, level);
    TRY(load_cached(l, c, level, index));
    *ret_nodes = c->nodes;
    return STATUS_OK;
}

/* A tile that does not fit the tree must not be found in the cache again once it was mended. */
static void drop_cache(struct ledger *l) {
    for (size_t i = 0; i < LEDGER_CACHE_TILES; i++) {
        l->cache[i].level = TILE_LEVELS;
    }
}

static struct status node(void *self, unsigned level, uint64_t index, struct seal_hash *ret_hash) {
    struct ledger *l = self;
    unsigned tile_level = level / TILE_HEIGHT;
    unsigned above = level % TILE_HEIGHT;
    uint64_t first = index << above;
    const struct edge_tile *edge = &l->levels[tile_level];
    const struct tile_nodes *nodes = &edge->nodes;
    if (first / TILE_WIDTH != edge->index) {
        TRY(get_tile(l, tile_level, first / TILE_WIDTH, &nodes));
    }
    *ret_hash = *tile_node(nodes, above, first % TILE_WIDTH >> above);
    return STATUS_OK;
}

struct merkle_source ledger_source(struct ledger *l) {
    return (struct merkle_source){.self = l, .node = node};
}

struct status ledger_root(struct ledger *l, struct seal_hash *ret_root) {
    struct merkle_source source = ledger_source(l);
    struct merkle_edge edge;
    TRY(merkle_edge_of(&source, l->size, &edge));
    *ret_root = merkle_edge_root(&edge);
    return STATUS_OK;
}

/* Which tile is wrong: from the top down, the first whose root is not what the level above says. */
static struct status find_damage(struct ledger *l, uint64_t index) {
    drop_cache(l);
    for (unsigned level = TILE_LEVELS - 1; level > 0; level--) {
        uint64_t below = index >> (level * TILE_HEIGHT);
        if (below >= tile_hashes_at(level, l->published)) {
            continue;
        }
        const struct tile_nodes *nodes = NULL;
        struct seal_hash want;
        char path[TILE_PATH_MAX];
        TRY(node(l, level * TILE_HEIGHT, below, &want));
        TRY(get_tile(l, level - 1, below, &nodes));
        if (!seal_hash_equal(&want, tile_node(nodes, TILE_HEIGHT, 0))) {
            tile_path((int)level - 1, below, TILE_WIDTH, path);
            return ledger_blame(path);
        }
    }
    return ledger_blame("checkpoint");
}

static struct status prove(struct ledger *l, uint64_t index, struct seal_hash *ret_leaf_hash,
                           struct merkle_path *ret_path) {
    struct merkle_source source = ledger_source(l);
    if (index >= l->published) {
        return FAIL(E_LEDGER_MISSING);
    }
    TRY(node(l, 0, index, ret_leaf_hash));
    TRY(merkle_prove_inclusion(&source, index, l->published, ret_path));
    struct status s =
        merkle_verify_inclusion(*ret_leaf_hash, index, l->published, ret_path, &l->published_root);
    return failed(s) ? find_damage(l, index) : s;
}

struct status ledger_prove_inclusion(struct ledger *l, uint64_t index,
                                     struct merkle_path *ret_path) {
    struct seal_hash leaf_hash;
    return prove(l, index, &leaf_hash, ret_path);
}

struct status ledger_prove_consistency(struct ledger *l, uint64_t old_size,
                                       struct merkle_path *ret_path) {
    struct merkle_source source = ledger_source(l);
    struct merkle_edge edge;
    if (old_size == 0 || old_size > l->published) {
        return FAIL(E_LEDGER_MISSING);
    }
    TRY(merkle_edge_of(&source, old_size, &edge));
    struct seal_hash old_root = merkle_edge_root(&edge);
    TRY(merkle_prove_consistency(&source, old_size, l->published, ret_path));
    struct status s =
        merkle_verify_consistency(old_size, &old_root, l->published, &l->published_root, ret_path);
    return failed(s) ? find_damage(l, old_size - 1) : s;
}

/* The bundle that the index stands in: at the edge it is in memory, else it is read into `room`. */
static struct status get_bundle(struct ledger *l, uint64_t index, struct buf *room,
                                struct slice *ret_bundle, char path[TILE_PATH_MAX]) {
    char whole[OS_PATH_MAX];
    tile_path(TILE_ENTRIES, index / TILE_WIDTH, TILE_WIDTH, path);
    if (index / TILE_WIDTH == l->levels[0].index) {
        *ret_bundle = slice_of(l->bundle, l->levels[0].count * (2 + LEAF_LEN));
        return STATUS_OK;
    }
    TRY(ledger_path(l, path, whole));
    struct status s = os_read_file(l->fs, whole, room);
    bool damaged = s.code == E_FILE_MISSING || s.code == E_TOO_LARGE;
    *ret_bundle = buf_slice(room);
    return damaged ? ledger_blame(path) : s;
}

/* Entries from the index on, each as its hash says. The hashes are those of a tile that was proven.
 */
static struct status take_entries(struct ledger *l, struct slice bundle, uint64_t first,
                                  size_t count, uint8_t *ret_entries, const char *path) {
    uint64_t at = first - first % TILE_WIDTH;
    for (; at < first + count; at++) {
        struct slice entry;
        struct seal_hash want;
        if (failed(bundle_next(&bundle, &entry)) || entry.len != LEAF_LEN) {
            return ledger_blame(path);
        }
        if (at < first) {
            continue;
        }
        struct seal_hash got = merkle_leaf_hash(entry);
        TRY(node(l, 0, at, &want));
        if (!seal_hash_equal(&got, &want)) {
            return ledger_blame(path);
        }
        memcpy(ret_entries + (at - first) * LEAF_LEN, entry.ptr, LEAF_LEN);
    }
    return STATUS_OK;
}

static struct status get_entries(struct ledger *l, uint64_t first, size_t count,
                                 uint8_t *ret_entries) {
    struct buf room CLEANUP(buf_done);
    struct slice bundle;
    char path[TILE_PATH_MAX];
    buf_init(&room, BUNDLE_LEN);
    TRY(get_bundle(l, first, &room, &bundle, path));
    return take_entries(l, bundle, first, count, ret_entries, path);
}

struct status ledger_leaf(struct ledger *l, uint64_t index, uint8_t ret_entry[LEAF_LEN]) {
    struct seal_hash leaf_hash;
    struct merkle_path path;
    TRY(prove(l, index, &leaf_hash, &path));
    return get_entries(l, index, 1, ret_entry);
}

/* One proof is enough: the path of a leaf is made from every hash of its tile. */
struct status ledger_bundle(struct ledger *l, uint64_t first,
                            uint8_t ret_entries[TILE_WIDTH * LEAF_LEN], size_t *ret_count) {
    struct seal_hash leaf_hash;
    struct merkle_path path;
    TRY(prove(l, first, &leaf_hash, &path));
    uint64_t left = l->published - first;
    size_t count = TILE_WIDTH - (size_t)(first % TILE_WIDTH);
    count = left < count ? (size_t)left : count;
    TRY(get_entries(l, first, count, ret_entries));
    *ret_count = count;
    return STATUS_OK;
}

struct status ledger_receipt(struct ledger *l, uint64_t index, const struct slice *openings,
                             size_t count, struct buf *out) {
    struct seal_hash leaf_hash;
    struct merkle_path path;
    uint8_t entry[LEAF_LEN];
    struct buf extra CLEANUP(buf_done);
    buf_init(&extra, PROOF_EXTRA_MAX);
    TRY(prove(l, index, &leaf_hash, &path));
    TRY(get_entries(l, index, 1, entry));
    TRY(receipt_extra(entry, openings, count, &extra));
    return tlog_proof_write(buf_slice(&extra), index, &path, ledger_checkpoint(l), out);
}
