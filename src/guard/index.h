/* A map from two numbers to one, that grows; for projections, which are rebuilt from the vault. */
#ifndef WARD_GUARD_INDEX_H
#define WARD_GUARD_INDEX_H

#include "base/status.h"

enum { INDEX_FREE, INDEX_FULL, INDEX_DEAD };

struct index_slot {
    uint64_t a;
    uint64_t b;
    uint64_t value;
    uint8_t state; /* INDEX_* */
};

struct index {
    struct index_slot *slots;
    size_t cap;  /* a power of two, or 0 */
    size_t used; /* dead ones included */
    size_t count;
};

void index_done(struct index *index);
MUST_USE struct status index_put(struct index *index, uint64_t a, uint64_t b, uint64_t value);
bool index_get(const struct index *index, uint64_t a, uint64_t b, uint64_t *ret_value);
void index_remove(struct index *index, uint64_t a, uint64_t b);
void index_clear(struct index *index);

#endif
