/* Merkle trees of RFC 9162. Pure. Must never accept a proof with a hash too few or too many. */
#include "ledger/merkle.h"

struct seal_hash merkle_leaf_hash(struct slice entry) {
    return seal_sha256_parts(0, entry, slice_of(NULL, 0));
}

struct seal_hash merkle_node_hash(const struct seal_hash *left, const struct seal_hash *right) {
    return seal_sha256_parts(1, slice_of(left->bytes, SEAL_HASH_LEN),
                             slice_of(right->bytes, SEAL_HASH_LEN));
}

struct seal_hash merkle_empty_root(void) {
    return seal_sha256(slice_of(NULL, 0));
}

void merkle_edge_add(struct merkle_edge *edge, struct seal_hash leaf_hash) {
    struct seal_hash h = leaf_hash;
    for (uint64_t s = edge->size; (s & 1) != 0; s >>= 1) {
        h = merkle_node_hash(&edge->roots[--edge->count], &h);
    }
    edge->roots[edge->count++] = h;
    edge->size++;
}

struct seal_hash merkle_edge_root(const struct merkle_edge *edge) {
    if (edge->count == 0) {
        return merkle_empty_root();
    }
    struct seal_hash h = edge->roots[edge->count - 1];
    for (size_t i = edge->count - 1; i > 0; i--) {
        h = merkle_node_hash(&edge->roots[i - 1], &h);
    }
    return h;
}

static unsigned top_bit(uint64_t v) {
    return 63u - (unsigned)__builtin_clzll(v);
}

/* The largest power of two below n, as RFC 9162 splits trees; n > 1. */
static uint64_t split(uint64_t n) {
    return UINT64_C(1) << top_bit(n - 1);
}

/* The complete subtrees of the leaves from `start`, which is a multiple of the first one's size. */
static struct status edge_from(const struct merkle_source *source, uint64_t start, uint64_t size,
                               struct merkle_edge *ret_edge) {
    ret_edge->size = size;
    ret_edge->count = 0;
    uint64_t at = start;
    for (uint64_t left = size; left > 0;) {
        unsigned level = top_bit(left);
        TRY(source->node(source->self, level, at >> level, &ret_edge->roots[ret_edge->count]));
        ret_edge->count++;
        at += UINT64_C(1) << level;
        left -= UINT64_C(1) << level;
    }
    return STATUS_OK;
}

struct status merkle_edge_of(const struct merkle_source *source, uint64_t size,
                             struct merkle_edge *ret_edge) {
    if (size >> MERKLE_LEVELS != 0) {
        return FAIL(E_NUMBER);
    }
    return edge_from(source, 0, size, ret_edge);
}

static struct status range_root(const struct merkle_source *source, uint64_t start, uint64_t end,
                                struct seal_hash *ret_hash) {
    struct merkle_edge edge;
    TRY(edge_from(source, start, end - start, &edge));
    *ret_hash = merkle_edge_root(&edge);
    return STATUS_OK;
}

static void reverse(struct merkle_path *path) {
    for (size_t i = 0; i < path->count / 2; i++) {
        struct seal_hash h = path->hashes[i];
        path->hashes[i] = path->hashes[path->count - 1 - i];
        path->hashes[path->count - 1 - i] = h;
    }
}

/* A stretch of the tree on the way down, and what is collected on the way. */
struct descent {
    const struct merkle_source *source;
    uint64_t start;
    uint64_t end;
    struct merkle_path *path;
};

static struct status collect(struct descent *d, uint64_t start, uint64_t end) {
    TRY(range_root(d->source, start, end, &d->path->hashes[d->path->count]));
    d->path->count++;
    return STATUS_OK;
}

static struct status step_left(struct descent *d, uint64_t middle) {
    TRY(collect(d, middle, d->end));
    d->end = middle;
    return STATUS_OK;
}

static struct status step_right(struct descent *d, uint64_t middle) {
    TRY(collect(d, d->start, middle));
    d->start = middle;
    return STATUS_OK;
}

struct status merkle_prove_inclusion(const struct merkle_source *source, uint64_t index,
                                     uint64_t size, struct merkle_path *ret_path) {
    if (index >= size || size >> MERKLE_LEVELS != 0) {
        return FAIL(E_NUMBER);
    }
    struct descent d = {.source = source, .end = size, .path = ret_path};
    ret_path->count = 0;
    while (d.end - d.start > 1) {
        uint64_t middle = d.start + split(d.end - d.start);
        TRY(index < middle ? step_left(&d, middle) : step_right(&d, middle));
    }
    reverse(ret_path);
    return STATUS_OK;
}

struct status merkle_prove_consistency(const struct merkle_source *source, uint64_t old_size,
                                       uint64_t new_size, struct merkle_path *ret_path) {
    if (old_size == 0 || old_size > new_size || new_size >> MERKLE_LEVELS != 0) {
        return FAIL(E_NUMBER);
    }
    struct descent d = {.source = source, .end = new_size, .path = ret_path};
    bool whole = true; /* what is left begins where the old tree begins */
    ret_path->count = 0;
    while (old_size != d.end) {
        uint64_t middle = d.start + split(d.end - d.start);
        if (old_size <= middle) {
            TRY(step_left(&d, middle));
        } else {
            TRY(step_right(&d, middle));
            whole = false;
        }
    }
    if (!whole) {
        TRY(collect(&d, d.start, d.end));
    }
    reverse(ret_path);
    return STATUS_OK;
}

struct status merkle_verify_inclusion(struct seal_hash leaf_hash, uint64_t index, uint64_t size,
                                      const struct merkle_path *path,
                                      const struct seal_hash *root) {
    if (index >= size || path->count > MERKLE_PATH_MAX) {
        return FAIL(E_PROOF_WRONG);
    }
    uint64_t fn = index;
    uint64_t sn = size - 1;
    struct seal_hash r = leaf_hash;
    for (size_t i = 0; i < path->count; i++) {
        const struct seal_hash *p = &path->hashes[i];
        if (sn == 0) {
            return FAIL(E_PROOF_WRONG);
        }
        if ((fn & 1) == 1 || fn == sn) {
            r = merkle_node_hash(p, &r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = merkle_node_hash(&r, p);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && seal_hash_equal(&r, root) ? STATUS_OK : FAIL(E_PROOF_WRONG);
}

/* Both roots at once while going up; RFC 9162, 2.1.4.2, steps 4 to 6. */
static struct status climb(uint64_t fn, uint64_t sn, const struct seal_hash *first,
                           const struct seal_hash *rest, size_t rest_count,
                           const struct seal_hash *old_root, const struct seal_hash *new_root) {
    struct seal_hash fr = *first;
    struct seal_hash sr = *first;
    for (size_t i = 0; i < rest_count; i++) {
        const struct seal_hash *c = &rest[i];
        if (sn == 0) {
            return FAIL(E_PROOF_WRONG);
        }
        if ((fn & 1) == 1 || fn == sn) {
            fr = merkle_node_hash(c, &fr);
            sr = merkle_node_hash(c, &sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = merkle_node_hash(&sr, c);
        }
        fn >>= 1;
        sn >>= 1;
    }
    bool good = sn == 0 && seal_hash_equal(&fr, old_root) && seal_hash_equal(&sr, new_root);
    return good ? STATUS_OK : FAIL(E_PROOF_WRONG);
}

static bool is_empty_root(const struct seal_hash *root) {
    struct seal_hash empty = merkle_empty_root();
    return seal_hash_equal(root, &empty);
}

struct status merkle_verify_consistency(uint64_t old_size, const struct seal_hash *old_root,
                                        uint64_t new_size, const struct seal_hash *new_root,
                                        const struct merkle_path *path) {
    if (old_size > new_size || path->count > MERKLE_PATH_MAX) {
        return FAIL(E_PROOF_WRONG);
    }
    if (old_size == 0) {
        return path->count == 0 && is_empty_root(old_root) ? STATUS_OK : FAIL(E_PROOF_WRONG);
    }
    if (old_size == new_size) {
        bool same = path->count == 0 && seal_hash_equal(old_root, new_root);
        return same ? STATUS_OK : FAIL(E_PROOF_WRONG);
    }
    if (path->count == 0) {
        return FAIL(E_PROOF_WRONG);
    }
    uint64_t fn = old_size - 1;
    uint64_t sn = new_size - 1;
    while ((fn & 1) == 1) {
        fn >>= 1;
        sn >>= 1;
    }
    /* An old tree that is a complete subtree is its own first node. */
    bool complete = (old_size & (old_size - 1)) == 0;
    const struct seal_hash *first = complete ? old_root : &path->hashes[0];
    size_t used = complete ? 0 : 1;
    return climb(fn, sn, first, path->hashes + used, path->count - used, old_root, new_root);
}

struct seal_hash merkle_root_of(const struct seal_hash *leaf_hashes, size_t count) {
    struct merkle_edge edge = {0};
    for (size_t i = 0; i < count; i++) {
        merkle_edge_add(&edge, leaf_hashes[i]);
    }
    return merkle_edge_root(&edge);
}

static struct status node_in_list(void *self, unsigned level, uint64_t index,
                                  struct seal_hash *ret_hash) {
    const struct seal_hash *const *hashes = self;
    *ret_hash = merkle_root_of(*hashes + (index << level), (size_t)1 << level);
    return STATUS_OK;
}

void merkle_path_in(const struct seal_hash *leaf_hashes, size_t count, size_t index,
                    struct merkle_path *ret_path) {
    struct merkle_source source = {.self = &leaf_hashes, .node = node_in_list};
    if (failed(merkle_prove_inclusion(&source, index, count, ret_path))) {
        panic("a proof was asked for an item that is not in its list");
    }
}
