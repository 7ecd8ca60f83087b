/* What the keyring's source files share. */
#ifndef WARD_SEAL_KEYRING_IMPL_H
#define WARD_SEAL_KEYRING_IMPL_H

#include <pthread.h>

#include "base/mem.h"
#include "generation.h"
#include "keycache.h"

enum {
    HEADER_LEN = 4096,
    HEADER_FORMAT = 1,
    WINDOW_SLOTS = 1024, /* slots read or written at once */
    WINDOW_LEN = WINDOW_SLOTS * SLOT_LEN,
    FIXED_SLOTS = 2, /* the secret and the signing seed, made with the keyring */
    SECRET_SLOT = 0,
    SIGNING_SLOT = 1,
    BIRTH_MAX = (1 << 30) - 1,
};

/* What is known of a slot without reading it: its birth, and in the two lowest bits what it is. */
enum slot_mark {
    MARK_FREE = 0, /* in the list of free ones */
    MARK_LIVING = 1,
    MARK_DYING = 2,   /* forgotten here; not yet known to be overwritten on the disk */
    MARK_RETIRED = 3, /* its births are used up */
};

/* What must be in locked memory besides the cache. */
struct secrets {
    struct generations generations;
    struct seal_key tags;
    struct seal_key signing_seed;
};

struct keyring {
    const struct os_fs *fs;
    char path[OS_PATH_MAX];
    struct os_file *file;
    struct os_file *generation_file;
    uint8_t id[KEYRING_ID_LEN];
    pthread_mutex_t
        writer;           /* one at a time creates, destroys, rotates, copies; taken before lock */
    pthread_mutex_t lock; /* guards all below; not held while syncing, except by a rotation */
    uint32_t *marks;
    uint32_t *free_slots;
    size_t slots;
    size_t room; /* of marks and free_slots */
    size_t free_count;
    uint64_t living;
    struct keycache cache;
    struct secrets *secrets;
    bool memory_locked;
};

static inline enum slot_mark mark_of(uint32_t mark) {
    return mark & 3;
}

static inline uint32_t birth_of(uint32_t mark) {
    return mark >> 2;
}

static inline uint32_t mark_make(uint32_t birth, enum slot_mark what) {
    return birth << 2 | (uint32_t)what;
}

/* Wrapped keys do not stay in memory that nobody holds: accepts NULL. */
static inline void window_free(uint8_t *window) {
    mem_wipe(window, window == NULL ? 0 : WINDOW_LEN);
    mem_free(window);
}

static inline uint64_t slot_offset(uint64_t slot) {
    return HEADER_LEN + slot * SLOT_LEN;
}

void keyring_header_put(const uint8_t id[KEYRING_ID_LEN], uint8_t ret[HEADER_LEN]);
MUST_USE struct status keyring_header_get(const uint8_t bytes[HEADER_LEN],
                                          uint8_t ret_id[KEYRING_ID_LEN]);
/* Room for slots up to `slots` in marks and free_slots. Call with both locks or none shared. */
MUST_USE struct status keyring_grow(struct keyring *k, size_t slots);
/* Wraps what is left under the old generation anew and destroys it. Call with both locks. */
MUST_USE struct status keyring_finish_rotation(struct keyring *k);
MUST_USE struct status keyring_sync_directory_of(const struct os_fs *fs, const char *path);
/* One slot from the disk, checked. */
MUST_USE struct status keyring_read_slot(struct keyring *k, uint64_t slot, struct slot *ret_slot);
MUST_USE struct status keyring_unwrap(struct keyring *k, uint64_t index, const struct slot *slot,
                                      struct seal_key *ret_key);

#endif
