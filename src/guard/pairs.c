/* Leaves hold the pairs. In other nodes, keys[i] is a border: what is below the child i is not
 * above it, and what is in the child is not below it; keys[0] stands for everything before. No node
 * is empty. Full nodes are split on the way down, so that nothing has to be undone on the way up.
 */
#include "pairs.h"

#include <string.h>

#include "base/mem.h"

enum { EACH = 256, HEIGHT_MOST = 16 /* of 2 to the power of 64 pairs there are fewer */ };

struct pair {
    uint64_t a;
    uint64_t b;
};

struct pairs_node {
    size_t count;
    size_t height; /* 0: a leaf */
    struct pair keys[EACH];
    struct pairs_node *below[]; /* EACH, where it is no leaf */
};

static bool is_above(struct pair x, struct pair y) {
    return x.a != y.a ? x.a > y.a : x.b > y.b;
}

/* How many keys are at or below the pair. */
static size_t keys_to(const struct pairs_node *n, struct pair x) {
    size_t low = 0;
    size_t high = n->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (is_above(n->keys[mid], x)) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return low;
}

static size_t child_of(const struct pairs_node *n, struct pair x) {
    size_t at = keys_to(n, x);
    return at == 0 ? 0 : at - 1;
}

uint64_t pairs_at_most(const struct pairs *pairs, uint64_t a, uint64_t most) {
    struct pair x = {a, most};
    const struct pairs_node *n = pairs->root;
    const struct pairs_node *before = NULL; /* the next subtree on the left */
    while (n != NULL && n->height > 0) {
        size_t at = child_of(n, x);
        before = at > 0 ? n->below[at - 1] : before;
        n = n->below[at];
    }
    size_t at = n == NULL ? 0 : keys_to(n, x);
    if (at == 0 && before != NULL) {
        for (n = before; n->height > 0;) {
            n = n->below[n->count - 1];
        }
        at = n->count;
    }
    return at > 0 && n->keys[at - 1].a == a ? n->keys[at - 1].b : 0;
}

/* --- nodes --- */

static size_t size_of(const struct pairs_node *n) {
    return sizeof *n + (n->height > 0 ? EACH * sizeof *n->below : 0);
}

static struct pairs_node *node_new(size_t height) {
    struct pairs_node shape = {.height = height};
    struct pairs_node *n = mem_alloc(size_of(&shape));
    if (n != NULL) {
        n->height = height;
    }
    return n;
}

static void node_free(struct pairs_node *n) {
    mem_wipe(n, size_of(n));
    mem_free(n);
}

static void insert_at(struct pairs_node *n, size_t at, struct pair key, struct pairs_node *child) {
    size_t after = n->count - at;
    memmove(n->keys + at + 1, n->keys + at, after * sizeof *n->keys);
    n->keys[at] = key;
    if (n->height > 0) {
        memmove(n->below + at + 1, n->below + at, after * sizeof *n->below);
        n->below[at] = child;
    }
    n->count++;
}

static void remove_at(struct pairs_node *n, size_t at) {
    size_t after = --n->count - at;
    memmove(n->keys + at, n->keys + at + 1, after * sizeof *n->keys);
    mem_wipe(n->keys + n->count, sizeof *n->keys);
    if (n->height > 0) {
        memmove(n->below + at, n->below + at + 1, after * sizeof *n->below);
    }
}

/* What comes after the first `keep`, to the end of another node of the same height. */
static void move_tail(struct pairs_node *from, size_t keep, struct pairs_node *to) {
    size_t moved = from->count - keep;
    memcpy(to->keys + to->count, from->keys + keep, moved * sizeof *to->keys);
    mem_wipe(from->keys + keep, moved * sizeof *from->keys);
    if (from->height > 0) {
        memcpy(to->below + to->count, from->below + keep, moved * sizeof *to->below);
    }
    to->count += moved;
    from->count = keep;
}

/* The parent has room. */
static struct status split(struct pairs_node *parent, size_t at) {
    struct pairs_node *full = parent->below[at];
    struct pairs_node *right = node_new(full->height);
    if (right == NULL) {
        return FAIL(E_MEMORY);
    }
    move_tail(full, EACH / 2, right);
    insert_at(parent, at + 1, right->keys[0], right);
    return STATUS_OK;
}

/* Whatever is added has room at the top. */
static struct status make_root(struct pairs *p) {
    if (p->root != NULL && p->root->count < EACH) {
        return STATUS_OK;
    }
    struct pairs_node *root = node_new(p->root == NULL ? 0 : p->root->height + 1);
    if (root == NULL) {
        return FAIL(E_MEMORY);
    }
    if (p->root != NULL) {
        insert_at(root, 0, p->root->keys[0], p->root);
    }
    p->root = root;
    return STATUS_OK;
}

/* --- pairs --- */

struct status pairs_add(struct pairs *pairs, uint64_t a, uint64_t b) {
    struct pair x = {a, b};
    TRY(make_root(pairs));
    struct pairs_node *n = pairs->root;
    while (n->height > 0) {
        size_t at = child_of(n, x);
        if (n->below[at]->count == EACH) {
            TRY(split(n, at));
            at = child_of(n, x);
        }
        n = n->below[at];
    }
    size_t at = keys_to(n, x);
    if (at == 0 || is_above(x, n->keys[at - 1])) {
        insert_at(n, at, x, NULL);
    }
    return STATUS_OK;
}

/* Two neighbours that have become small are one. The first key of the right one may stand for pairs
 * below it, so that the border is the parent's. */
static void join(struct pairs_node *parent, size_t at) {
    if (at + 1 >= parent->count) {
        return;
    }
    struct pairs_node *left = parent->below[at];
    struct pairs_node *right = parent->below[at + 1];
    if (left->count + right->count <= EACH / 2) {
        right->keys[0] = right->height > 0 ? parent->keys[at + 1] : right->keys[0];
        move_tail(right, 0, left);
        remove_at(parent, at + 1);
        node_free(right);
    }
}

/* The way down to a leaf. */
struct way {
    struct pairs_node *nodes[HEIGHT_MOST];
    size_t at[HEIGHT_MOST]; /* the child that was taken */
    size_t count;
};

/* What became empty goes, and what became small is joined, from the leaf up. */
static void tidy(struct pairs *p, struct pairs_node *n, struct way *way) {
    while (way->count > 0) {
        struct pairs_node *parent = way->nodes[--way->count];
        size_t at = way->at[way->count];
        if (n->count == 0) {
            remove_at(parent, at);
            node_free(n);
        } else {
            join(parent, at);
        }
        n = parent;
    }
    while (p->root->count <= 1 && (p->root->count == 0 || p->root->height > 0)) {
        struct pairs_node *old = p->root;
        p->root = old->count == 0 ? NULL : old->below[0];
        node_free(old);
        if (p->root == NULL) {
            return;
        }
    }
}

void pairs_remove(struct pairs *pairs, uint64_t a, uint64_t b) {
    struct pair x = {a, b};
    struct way way = {.count = 0};
    struct pairs_node *n = pairs->root;
    while (n != NULL && n->height > 0) {
        size_t at = child_of(n, x);
        way.nodes[way.count] = n;
        way.at[way.count++] = at;
        n = n->below[at];
    }
    size_t at = n == NULL ? 0 : keys_to(n, x);
    if (at == 0 || n->keys[at - 1].a != a || n->keys[at - 1].b != b) {
        return;
    }
    remove_at(n, at - 1);
    tidy(pairs, n, &way);
}

static void free_all(struct pairs_node *n) {
    for (size_t i = 0; n->height > 0 && i < n->count; i++) {
        free_all(n->below[i]);
    }
    node_free(n);
}

void pairs_done(struct pairs *pairs) {
    if (pairs->root != NULL) {
        free_all(pairs->root);
    }
    pairs->root = NULL;
}
