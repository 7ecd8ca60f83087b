/* The generations of the root key: a small file of its own, so that what wraps the keyring's copies
 * can be destroyed. Two entries (the current generation and, during a rotation, the one before),
 * each written twice, each copy in a sector of its own. */
#ifndef WARD_SEAL_GENERATION_H
#define WARD_SEAL_GENERATION_H

#include "slot.h"

enum { GENERATION_FILE_LEN = 8192, GENERATION_ENTRIES = 2, GENERATION_LEN = 512 };

struct generation {
    uint32_t number; /* 0: none yet */
    bool living;
    struct seal_key key;
    struct wrap_keys wrap; /* made from key; wraps slots */
};

struct generations {
    uint8_t id[KEYRING_ID_LEN];
    struct wrap_keys root;
    struct generation entries[GENERATION_ENTRIES];
};

/* The bytes of a whole file with generation 1 alone. */
void generations_first(const uint8_t id[KEYRING_ID_LEN], const struct seal_key *root,
                       uint8_t ret_bytes[GENERATION_FILE_LEN]);
/* Reads and mends: a copy that is damaged, behind or under another root key is written anew from
 * its twin. E_ROOT_KEY, E_GENERATION_CORRUPT, E_KEYRING_FORMAT. */
MUST_USE struct status generations_load(const struct os_fs *fs, struct os_file *file,
                                        const struct seal_key *root,
                                        struct generations *ret_generations);
/* The newest living one; NULL if none lives. */
struct generation *generations_current(struct generations *g);
/* The living one before it, whose rotation has not ended; or NULL. */
struct generation *generations_old(struct generations *g);
struct generation *generations_find(struct generations *g, uint32_t number);
/* Writes the entry twice and syncs. */
MUST_USE struct status generations_begin_next(struct generations *g, const struct os_fs *fs,
                                              struct os_file *file);
/* The current one under another root key: first one copy, then the other, so that at every moment
 * one of them is whole, under the old or the new. None but the current may live. After an error
 * both keys may open the file, and calling again ends it. */
MUST_USE struct status generations_change_root(struct generations *g, const struct seal_key *root,
                                               const struct os_fs *fs, struct os_file *file);
MUST_USE struct status generations_destroy(struct generations *g, struct generation *old,
                                           const struct os_fs *fs, struct os_file *file);

#endif
