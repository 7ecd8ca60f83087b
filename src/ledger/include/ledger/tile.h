/* Tiles and entry bundles as C2SP's tlog-tiles defines them: their paths and their bytes. Pure. */
#ifndef WARD_LEDGER_TILE_H
#define WARD_LEDGER_TILE_H

#include "ledger/merkle.h"

enum {
    TILE_WIDTH = 256,  /* hashes of a full tile, entries of a full bundle */
    TILE_HEIGHT = 8,   /* levels of the tree in one tile */
    TILE_LEVELS = 8,   /* levels of tiles that a tree of 2^63 leaves needs */
    TILE_ENTRIES = -1, /* stands for the level of entry bundles */
    TILE_LEN = TILE_WIDTH * SEAL_HASH_LEN,
    TILE_NODES = 2 * TILE_WIDTH - 1,
    TILE_PATH_MAX = 64,
    TILE_ENTRY_MAX = 65535, /* bytes of an entry */
};

/* "tile/0/x001/x234/067", "tile/entries/000.p/17". width 256 is a full tile. */
void tile_path(int level, uint64_t index, unsigned width, char ret_path[TILE_PATH_MAX]);
/* How wide the last tile of a level is in a tree of this size: 0..255, 0 if all are full. */
unsigned tile_partial_width(unsigned level, uint64_t tree_size);
/* How many hashes of this level, or entries (level 0), a tree of this size has. */
uint64_t tile_hashes_at(unsigned level, uint64_t tree_size);

/* A tile with all nodes of its subtree that are complete: its 256 hashes, then the 128 nodes above
 * them, and so on; the last is its root. */
struct tile_nodes {
    struct seal_hash hashes[TILE_NODES];
};
/* Puts the next hash, the at-th, and the nodes that it completes. */
void tile_add(struct tile_nodes *t, unsigned at, struct seal_hash hash);
/* The node over the 2^above hashes from index * 2^above, all of which were added. */
const struct seal_hash *tile_node(const struct tile_nodes *t, unsigned above, size_t index);
/* The tile's bytes as they are published, of so many hashes. */
struct slice tile_bytes(const struct tile_nodes *t, unsigned count);

/* Takes the next entry off a bundle; E_LEDGER_CORRUPT if it is cut short. */
MUST_USE struct status bundle_next(struct slice *rest, struct slice *ret_entry);
MUST_USE struct status bundle_add(struct buf *bundle, struct slice entry);

#endif
