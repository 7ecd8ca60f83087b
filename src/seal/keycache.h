/* Keys in the clear, in memory that is neither swapped nor dumped, and bounded in number. */
#ifndef WARD_SEAL_KEYCACHE_H
#define WARD_SEAL_KEYCACHE_H

#include "seal/keyring.h"

struct keycache_entry {
    struct seal_key key;
    uint64_t slot;
    uint32_t birth;
    uint32_t kind; /* 0: nothing here */
};

enum { KEYCACHE_WAYS = 4 };

struct keycache {
    struct keycache_entry *entries; /* sets of KEYCACHE_WAYS */
    size_t sets;                    /* a power of two */
    unsigned turn;                  /* which way is given up next */
};

/* Locked memory of whole pages, zeroed; NULL if there is none. *ret_locked is false if the system's
 * limit did not allow the lock; the memory is then still kept out of core files. */
void *locked_alloc(size_t size, bool *ret_locked);
/* Wipes. Accepts NULL. */
void locked_free(void *ptr, size_t size);

/* At least `keys` of them. */
MUST_USE struct status keycache_init(struct keycache *cache, size_t keys, bool *ret_locked);
void keycache_done(struct keycache *cache);
/* True and the key if it is there. */
bool keycache_get(const struct keycache *cache, struct key_ref ref, struct seal_key *ret_key);
void keycache_put(struct keycache *cache, struct key_ref ref, enum key_kind kind,
                  const struct seal_key *key);
/* Whatever is held of the slot is wiped. */
void keycache_forget(struct keycache *cache, uint64_t slot);

#endif
