/* Arena: a list of blocks, newest first. Wipes what it held. */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_BYTES = 8192 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t cap;
    alignas(max_align_t) uint8_t bytes[];
};

void arena_init(struct arena *a, size_t max_bytes) {
    *a = (struct arena){.max_bytes = max_bytes};
}

void arena_done(struct arena *a) {
    while (a->blocks != NULL) {
        struct arena_block *next = a->blocks->next;
        mem_wipe(a->blocks->bytes, a->blocks->used);
        mem_free(a->blocks);
        a->blocks = next;
    }
    a->used_bytes = 0;
}

static struct arena_block *add_block(struct arena *a, size_t size) {
    size_t cap = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    struct arena_block *block = mem_alloc(sizeof *block + cap);
    if (block != NULL) {
        block->next = a->blocks;
        block->cap = cap;
        a->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *a, size_t size) {
    size_t aligned = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (aligned < size || aligned > a->max_bytes - a->used_bytes) {
        return NULL;
    }
    struct arena_block *block = a->blocks;
    if (block == NULL || block->cap - block->used < aligned) {
        block = add_block(a, aligned);
    }
    if (block == NULL) {
        return NULL;
    }
    void *at = block->bytes + block->used;
    block->used += aligned;
    a->used_bytes += aligned;
    return at;
}

void *arena_array(struct arena *a, size_t count, size_t size) {
    size_t total;
    return __builtin_mul_overflow(count, size, &total) ? NULL : arena_alloc(a, total);
}

struct status arena_copy(struct arena *a, struct slice s, struct slice *ret_copy) {
    uint8_t *at = arena_alloc(a, s.len + 1);
    if (at == NULL) {
        return FAIL(E_MEMORY);
    }
    if (s.len > 0) {
        memcpy(at, s.ptr, s.len);
    }
    *ret_copy = slice_of(at, s.len);
    return STATUS_OK;
}
