/* What the ledger's writing and reading halves share. */
#ifndef WARD_LEDGER_LEDGER_IMPL_H
#define WARD_LEDGER_LEDGER_IMPL_H

#include "ledger/ledger.h"
#include "ledger/tile.h"
#include "ledger/witness.h"

enum {
    SYNC_EACH_MAX = 8, /* files and directories synced one by one; more: the whole file system */
    BUNDLE_LEN = TILE_WIDTH * (2 + LEAF_LEN),
};

/* The last tile of a level, which is still filling. */
struct edge_tile {
    struct tile_nodes nodes;
    unsigned count;
    uint64_t index;
    unsigned published; /* how many of them the published partial tile has */
};

/* A full tile. */
struct cached_tile {
    struct tile_nodes *nodes; /* or NULL */
    unsigned level;
    uint64_t index;
};

struct ledger {
    const struct os_fs *fs;
    char dir[OS_PATH_MAX];
    struct note_vkey vkey;
    const struct seal_signing_key *key;
    uint64_t size;
    uint64_t published;
    struct seal_hash published_root;
    bool broken;
    struct edge_tile levels[TILE_LEVELS];
    uint8_t bundle[BUNDLE_LEN]; /* entries of the last bundle, levels[0].count of them */
    struct buf checkpoint;
    /* Written and not yet synced. */
    char unsynced[SYNC_EACH_MAX][TILE_PATH_MAX];
    bool unsynced_is_dir[SYNC_EACH_MAX];
    size_t unsynced_count;
    bool sync_everything;
    struct cached_tile cache[LEDGER_CACHE_TILES];
    size_t leaf_turn;  /* which place for hashes of leaves is given up next */
    size_t upper_turn; /* and which for the levels above */
};

/* dir/path as a whole path. E_TOO_LARGE. */
MUST_USE struct status ledger_path(const struct ledger *l, const char *path,
                                   char ret_path[OS_PATH_MAX]);
/* Remembers which file is to blame, and returns E_LEDGER_CORRUPT. */
MUST_USE struct status ledger_blame(const char *path);
/* Makes the file with exactly these bytes, and the directories above it; notes what to sync. */
MUST_USE struct status ledger_write_file(struct ledger *l, const char *path, struct slice bytes);
MUST_USE struct status ledger_sync_written(struct ledger *l);
/* Signs a head of the given size and root. */
MUST_USE struct status ledger_sign_head(const struct ledger *l, uint64_t size,
                                        const struct seal_hash *root, struct buf *out);
/* Replaces the published checkpoint durably. */
MUST_USE struct status ledger_put_checkpoint(struct ledger *l, struct slice note);
/* The tree as a source of proofs: whole subtrees of leaves that were appended. */
struct merkle_source ledger_source(struct ledger *l);
/* The root of everything appended. */
MUST_USE struct status ledger_root(struct ledger *l, struct seal_hash *ret_root);

#endif
