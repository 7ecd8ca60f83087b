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

/* Where the nodes of a height within a tile begin. */
static size_t nodes_at(unsigned above) {
    return 2 * TILE_WIDTH - (2 * TILE_WIDTH >> above);
}

static void fill_nodes(struct seal_hash *nodes) {
    for (size_t i = 0; i + 1 < TILE_NODES; i += 2) {
        nodes[TILE_WIDTH + i / 2] = merkle_node_hash(&nodes[i], &nodes[i + 1]);
    }
}

static struct status load_cached(struct ledger *l, struct cached_tile *c, unsigned level,
                                 uint64_t index) {
    if (c->nodes == NULL) {
        c->nodes = mem_array(TILE_NODES, sizeof *c->nodes);
    }
    if (c->nodes == NULL) {
        return FAIL(E_MEMORY);
    }
    c->level = TILE_LEVELS; /* no tile, in case reading fails */
    TRY(read_tile(l, level, index, c->nodes[0].bytes));
    fill_nodes(c->nodes);
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

/* The nodes of a full tile. */
static struct status get_tile(struct ledger *l, unsigned level, uint64_t index,
                              const struct seal_hash **ret_nodes) {
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
    if (first / TILE_WIDTH == edge->index) {
        *ret_hash = tile_node(edge->hashes, (unsigned)(first % TILE_WIDTH), above);
        return STATUS_OK;
    }
    const struct seal_hash *nodes = NULL;
    TRY(get_tile(l, tile_level, first / TILE_WIDTH, &nodes));
    *ret_hash = nodes[nodes_at(above) + (first % TILE_WIDTH >> above)];
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
        const struct seal_hash *nodes = NULL;
        struct seal_hash want;
        char path[TILE_PATH_MAX];
        TRY(node(l, level * TILE_HEIGHT, below, &want));
        TRY(get_tile(l, level - 1, below, &nodes));
        if (!seal_hash_equal(&want, &nodes[TILE_NODES - 1])) {
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

static struct status find_in_bundle(struct slice bundle, unsigned at, struct slice *ret_entry) {
    for (unsigned i = 0; i <= at; i++) {
        TRY(bundle_next(&bundle, ret_entry));
    }
    return STATUS_OK;
}

static struct status read_entry(struct ledger *l, uint64_t index, uint8_t ret_entry[LEAF_LEN],
                                char path[TILE_PATH_MAX]) {
    struct buf bytes CLEANUP(buf_done);
    char whole[OS_PATH_MAX];
    struct slice entry;
    buf_init(&bytes, BUNDLE_LEN);
    tile_path(TILE_ENTRIES, index / TILE_WIDTH, TILE_WIDTH, path);
    TRY(ledger_path(l, path, whole));
    struct status s = os_read_file(l->fs, whole, &bytes);
    if (s.code == E_FILE_MISSING || s.code == E_TOO_LARGE) {
        return ledger_blame(path);
    }
    TRY(s);
    s = find_in_bundle(buf_slice(&bytes), (unsigned)(index % TILE_WIDTH), &entry);
    if (failed(s) || entry.len != LEAF_LEN) {
        return ledger_blame(path);
    }
    memcpy(ret_entry, entry.ptr, LEAF_LEN);
    return STATUS_OK;
}

static struct status get_entry(struct ledger *l, uint64_t index, const struct seal_hash *leaf_hash,
                               uint8_t ret_entry[LEAF_LEN]) {
    char path[TILE_PATH_MAX] = "memory";
    uint8_t entry[LEAF_LEN];
    if (index / TILE_WIDTH == l->levels[0].index) {
        memcpy(entry, l->bundle + index % TILE_WIDTH * (2 + LEAF_LEN) + 2, LEAF_LEN);
    } else {
        TRY(read_entry(l, index, entry, path));
    }
    struct seal_hash got = merkle_leaf_hash(slice_of(entry, LEAF_LEN));
    if (!seal_hash_equal(&got, leaf_hash)) {
        return ledger_blame(path);
    }
    memcpy(ret_entry, entry, LEAF_LEN);
    return STATUS_OK;
}

struct status ledger_leaf(struct ledger *l, uint64_t index, uint8_t ret_entry[LEAF_LEN]) {
    struct seal_hash leaf_hash;
    struct merkle_path path;
    TRY(prove(l, index, &leaf_hash, &path));
    return get_entry(l, index, &leaf_hash, ret_entry);
}

struct status ledger_receipt(struct ledger *l, uint64_t index, const struct slice *openings,
                             size_t count, struct buf *out) {
    struct seal_hash leaf_hash;
    struct merkle_path path;
    uint8_t entry[LEAF_LEN];
    struct buf extra CLEANUP(buf_done);
    buf_init(&extra, PROOF_EXTRA_MAX);
    TRY(prove(l, index, &leaf_hash, &path));
    TRY(get_entry(l, index, &leaf_hash, entry));
    TRY(receipt_extra(entry, openings, count, &extra));
    return tlog_proof_write(buf_slice(&extra), index, &path, ledger_checkpoint(l), out);
}
