/* Memory that lives as long as one request and goes at once, with a cap. */
#ifndef WARD_BASE_ARENA_H
#define WARD_BASE_ARENA_H

#include "base/status.h"

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used_bytes;
    size_t max_bytes;
};

void arena_init(struct arena *a, size_t max_bytes);
/* Wipes and releases everything. */
void arena_done(struct arena *a);
/* Zeroed memory aligned for any type, or NULL when the cap or the machine's memory is reached. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t count, size_t size);
/* A copy that lives in the arena. */
MUST_USE struct status arena_copy(struct arena *a, struct slice s, struct slice *ret_copy);

#endif
