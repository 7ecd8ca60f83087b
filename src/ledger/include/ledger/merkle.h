/* Merkle trees as RFC 9162, section 2.1, defines them, over SHA-256. Pure.
 *
 *   struct merkle_edge edge = {0};
 *   merkle_edge_add(&edge, merkle_leaf_hash(entry));       -- for each entry
 *   struct seal_hash root = merkle_edge_root(&edge);
 */
#ifndef WARD_LEDGER_MERKLE_H
#define WARD_LEDGER_MERKLE_H

#include "seal/seal.h"

enum {
    MERKLE_LEVELS = 63,   /* trees have fewer than 2^63 leaves */
    MERKLE_PATH_MAX = 64, /* hashes of a proof */
};

struct merkle_path {
    size_t count;
    struct seal_hash hashes[MERKLE_PATH_MAX];
};

/* The right edge of a tree: the roots of its complete subtrees, the largest first. All that is
 * needed to append. Zeroed, it is the empty tree. */
struct merkle_edge {
    uint64_t size;
    size_t count;
    struct seal_hash roots[MERKLE_LEVELS];
};

struct seal_hash merkle_leaf_hash(struct slice entry);
struct seal_hash merkle_node_hash(const struct seal_hash *left, const struct seal_hash *right);
/* SHA-256 of nothing. */
struct seal_hash merkle_empty_root(void);

void merkle_edge_add(struct merkle_edge *edge, struct seal_hash leaf_hash);
struct seal_hash merkle_edge_root(const struct merkle_edge *edge);

/* Where proofs are made from: the root of the complete subtree of 2^level leaves whose first leaf
 * is index * 2^level. Only asked for subtrees that lie whole within the tree. */
struct merkle_source {
    void *self;
    struct status (*node)(void *self, unsigned level, uint64_t index, struct seal_hash *ret_hash);
};

/* The edge of the tree of the first `size` leaves. */
MUST_USE struct status merkle_edge_of(const struct merkle_source *source, uint64_t size,
                                      struct merkle_edge *ret_edge);
/* RFC 9162, 2.1.3.1 and 2.1.4.1. E_NUMBER unless index < size, 0 < old_size <= new_size. */
MUST_USE struct status merkle_prove_inclusion(const struct merkle_source *source, uint64_t index,
                                              uint64_t size, struct merkle_path *ret_path);
MUST_USE struct status merkle_prove_consistency(const struct merkle_source *source,
                                                uint64_t old_size, uint64_t new_size,
                                                struct merkle_path *ret_path);

/* RFC 9162, 2.1.3.2 and 2.1.4.2. E_PROOF_WRONG unless the proof leads to the root, and has exactly
 * the hashes that it needs. A tree of size 0 is consistent with every other, by an empty proof. */
MUST_USE struct status merkle_verify_inclusion(struct seal_hash leaf_hash, uint64_t index,
                                               uint64_t size, const struct merkle_path *path,
                                               const struct seal_hash *root);
MUST_USE struct status
merkle_verify_consistency(uint64_t old_size, const struct seal_hash *old_root, uint64_t new_size,
                          const struct seal_hash *new_root, const struct merkle_path *path);
/* The root of a few leaves by their hashes, and the proof of one of them; for batches. */
struct seal_hash merkle_root_of(const struct seal_hash *leaf_hashes, size_t count);
void merkle_path_in(const struct seal_hash *leaf_hashes, size_t count, size_t index,
                    struct merkle_path *ret_path);

#endif
