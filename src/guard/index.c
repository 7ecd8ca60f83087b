/* Open addressing with linear probing; removed places are marked and go when it grows. */
#include "index.h"

#include <string.h>

#include "base/mem.h"

enum { FIRST_CAP = 64 };

static size_t place_of(const struct index *x, uint64_t a, uint64_t b) {
    uint64_t h = (a * UINT64_C(0x9e3779b97f4a7c15)) ^ (b * UINT64_C(0xc2b2ae3d27d4eb4f));
    h ^= h >> 29;
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    return (size_t)(h ^ (h >> 32)) & (x->cap - 1);
}

static struct index_slot *find(const struct index *x, uint64_t a, uint64_t b) {
    if (x->cap == 0) {
        return NULL;
    }
    for (size_t i = place_of(x, a, b);; i = (i + 1) & (x->cap - 1)) {
        struct index_slot *s = &x->slots[i];
        if (s->state == INDEX_FREE) {
            return NULL;
        }
        if (s->state == INDEX_FULL && s->a == a && s->b == b) {
            return s;
        }
    }
}

static void place(struct index *x, uint64_t a, uint64_t b, uint64_t value) {
    size_t i = place_of(x, a, b);
    while (x->slots[i].state == INDEX_FULL) {
        i = (i + 1) & (x->cap - 1);
    }
    x->used += x->slots[i].state == INDEX_FREE ? 1 : 0;
    x->slots[i] = (struct index_slot){a, b, value, INDEX_FULL};
    x->count++;
}

static struct status grow(struct index *x) {
    size_t cap = x->cap == 0 ? FIRST_CAP : x->count * 2 >= x->cap ? x->cap * 2 : x->cap;
    struct index bigger = {.slots = mem_array(cap, sizeof *bigger.slots), .cap = cap};
    if (bigger.slots == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < x->cap; i++) {
        if (x->slots[i].state == INDEX_FULL) {
            place(&bigger, x->slots[i].a, x->slots[i].b, x->slots[i].value);
        }
    }
    mem_free(x->slots);
    *x = bigger;
    return STATUS_OK;
}

void index_done(struct index *index) {
    mem_free(index->slots);
    *index = (struct index){0};
}

struct status index_put(struct index *index, uint64_t a, uint64_t b, uint64_t value) {
    struct index_slot *s = find(index, a, b);
    if (s != NULL) {
        s->value = value;
        return STATUS_OK;
    }
    if (index->cap == 0 || (index->used + 1) * 4 > index->cap * 3) {
        TRY(grow(index));
    }
    place(index, a, b, value);
    return STATUS_OK;
}

bool index_get(const struct index *index, uint64_t a, uint64_t b, uint64_t *ret_value) {
    const struct index_slot *s = find(index, a, b);
    if (s == NULL) {
        return false;
    }
    *ret_value = s->value;
    return true;
}

void index_remove(struct index *index, uint64_t a, uint64_t b) {
    struct index_slot *s = find(index, a, b);
    if (s != NULL) {
        s->state = INDEX_DEAD;
        index->count--;
    }
}

void index_clear(struct index *index) {
    if (index->cap > 0) {
        memset(index->slots, 0, index->cap * sizeof *index->slots);
    }
    index->used = 0;
    index->count = 0;
}
