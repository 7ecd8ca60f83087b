/* A set of pairs of numbers in their order, that grows: to find the last pair of a first number
 * whose second is not above a bound. A B+ tree: adding, removing and finding touch a node of each
 * height, however many pairs there are. Wipes what it held. */
#ifndef WARD_GUARD_PAIRS_H
#define WARD_GUARD_PAIRS_H

#include "base/status.h"

struct pairs {
    struct pairs_node *root; /* NULL: empty */
};

void pairs_done(struct pairs *pairs);
/* Adding twice is adding once; what is not there is removed all the same. After E_MEMORY the same
 * pairs are there as before. */
MUST_USE struct status pairs_add(struct pairs *pairs, uint64_t a, uint64_t b);
void pairs_remove(struct pairs *pairs, uint64_t a, uint64_t b);
/* The largest second number beside `a` that is not above `most`; 0 where there is none. */
uint64_t pairs_at_most(const struct pairs *pairs, uint64_t a, uint64_t most);

#endif
