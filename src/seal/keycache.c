/* Keys in the clear. Must never keep one that was forgotten. */
#include "keycache.h"

#include <sys/mman.h>

#include "base/mem.h"

void *locked_alloc(size_t size, bool *ret_locked) {
    /* So that running out of memory is tested here as everywhere. */
    void *permission = mem_alloc(1);
    if (permission == NULL) {
        return NULL;
    }
    mem_free(permission);
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    *ret_locked = mlock(p, size) == 0;
    (void)madvise(p, size, MADV_DONTDUMP);
    (void)madvise(p, size, MADV_WIPEONFORK);
    return p;
}

void locked_free(void *ptr, size_t size) {
    if (ptr != NULL) {
        mem_wipe(ptr, size);
        munmap(ptr, size);
    }
}

struct status keycache_init(struct keycache *cache, size_t keys, bool *ret_locked) {
    size_t sets = 1;
    while (sets * KEYCACHE_WAYS < keys) {
        sets *= 2;
    }
    struct keycache_entry *entries =
        locked_alloc(sets * KEYCACHE_WAYS * sizeof *entries, ret_locked);
    if (entries == NULL) {
        return FAIL(E_MEMORY);
    }
    *cache = (struct keycache){.entries = entries, .sets = sets};
    return STATUS_OK;
}

void keycache_done(struct keycache *cache) {
    locked_free(cache->entries, cache->sets * KEYCACHE_WAYS * sizeof *cache->entries);
    *cache = (struct keycache){0};
}

static struct keycache_entry *set_of(const struct keycache *cache, uint64_t slot) {
    uint64_t mixed = slot * UINT64_C(0x9e3779b97f4a7c15);
    size_t set = (size_t)(mixed >> 32) & (cache->sets - 1);
    return cache->entries + set * KEYCACHE_WAYS;
}

bool keycache_get(const struct keycache *cache, struct key_ref ref, struct seal_key *ret_key) {
    const struct keycache_entry *set = set_of(cache, ref.slot);
    for (size_t i = 0; i < KEYCACHE_WAYS; i++) {
        if (set[i].kind != 0 && set[i].slot == ref.slot && set[i].birth == ref.birth) {
            *ret_key = set[i].key;
            return true;
        }
    }
    return false;
}

void keycache_put(struct keycache *cache, struct key_ref ref, enum key_kind kind,
                  const struct seal_key *key) {
    struct keycache_entry *set = set_of(cache, ref.slot);
    size_t way = cache->turn++ % KEYCACHE_WAYS;
    for (size_t i = 0; i < KEYCACHE_WAYS; i++) {
        if (set[i].kind == 0 || set[i].slot == ref.slot) {
            way = i;
            break;
        }
    }
    set[way] = (struct keycache_entry){
        .key = *key, .slot = ref.slot, .birth = ref.birth, .kind = (uint32_t)kind};
}

void keycache_forget(struct keycache *cache, uint64_t slot) {
    struct keycache_entry *set = set_of(cache, slot);
    for (size_t i = 0; i < KEYCACHE_WAYS; i++) {
        if (set[i].slot == slot) {
            mem_wipe(&set[i], sizeof set[i]);
        }
    }
}
