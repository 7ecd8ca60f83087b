/* The keyring: a flat file of fixed slots, one random key in each, overwritten in place (DESIGN,
 * section 6; docs/FORMATS.md, "Keyring").
 *
 * To forget is to destroy a key: once keyring_destroy_many has returned, nobody can read what it
 * sealed, in the live data or in any backup of it; and once the generation has been rotated, no old
 * copy of the keyring helps either. The order that the vault keeps: slot before row at birth;
 * intent in the ledger, slot, row at death.
 *
 * All functions may be called from several threads. One process has a keyring open at a time; in the
 * child of a fork its memory is wiped, and it must not be used there.
 *
 *   struct keyring *keys = NULL;
 *   TRY(keyring_open(&options, &keys));
 *   struct key_ref ref;
 *   TRY(keyring_create_many(keys, KEY_SUBJECT, 1, &ref));       -- durable when it returns
 *   struct seal_key key CLEANUP(seal_key_done);
 *   TRY(keyring_key(keys, ref, &key));                           -- then record_seal(&key, ...)
 *   TRY(keyring_destroy_many(keys, &ref, 1));                    -- forgotten when it returns
 *   keyring_close(&keys);
 */
#ifndef WARD_SEAL_KEYRING_H
#define WARD_SEAL_KEYRING_H

#include "os/file.h"
#include "seal/seal.h"

enum {
    KEYRING_CACHE_KEYS = 1 << 15,   /* keys kept unwrapped in locked memory, by default */
    KEYRING_SLOTS_MAX = 0x7fffffff, /* slots of one keyring; 128 GiB of file */
    KEY_REF_LEN = 12,
};

/* What a key is for. Bound into the wrapping: a key of one kind never serves as another. */
enum key_kind {
    KEY_SECRET = 1,  /* the keyring's own: tags */
    KEY_SIGNING = 2, /* the log's seed */
    KEY_SUBJECT = 3, /* a subject and a category */
    KEY_BLOB = 4,
    KEY_RECORD = 5, /* a record of several people, where it is not wrapped for each */
    KEY_PERIOD = 6, /* the auditor's openings of one period */
};

/* Names one key for ever: a slot is reused, its birth is not. */
struct key_ref {
    uint64_t slot;
    uint32_t birth;
};

struct keyring;

struct keyring_options {
    const struct os_fs *fs;
    const char *path;            /* the slots; its directory must exist */
    const char *generation_path; /* the generations of the root key. Keep its copies apart from the
                                    copies of `path`, and replace them at each rotation */
    const struct seal_key *root; /* read during the call only */
    size_t cache_keys;           /* 0 means KEYRING_CACHE_KEYS */
};

/* Makes both files, with generation 1, a secret and a signing seed. E_FILE_EXISTS if there is a
 * keyring; a half-made one left by a crash is made anew. */
MUST_USE struct status keyring_create(const struct keyring_options *options);
/* Checks every slot's form, finishes a rotation that was interrupted. On success the caller owns
 * *ret_keyring. E_ROOT_KEY, E_KEYRING_FORMAT, E_KEYRING_CORRUPT, E_GENERATION_CORRUPT,
 * E_FILE_BUSY when another process has it. */
MUST_USE struct status keyring_open(const struct keyring_options *options,
                                    struct keyring **ret_keyring);
/* Wipes everything in memory. Accepts NULL, nulls it. */
void keyring_close(struct keyring **keyring);

/* `count` new random keys with one sync. After an error none of them exists for the caller. */
MUST_USE struct status keyring_create_many(struct keyring *keyring, enum key_kind kind,
                                           size_t count, struct key_ref *ret_refs);
/* The key, copied out: the caller wipes it. E_KEY_GONE if it was destroyed, E_KEY_UNKNOWN if it
 * never was, E_KEYRING_CORRUPT if its slot is damaged. From the cache this takes tens of
 * nanoseconds, else one read. */
MUST_USE struct status keyring_key(struct keyring *keyring, struct key_ref ref,
                                   struct seal_key *ret_key);
/* Forgets: out of memory, overwritten in place, one sync for all. Keys that are gone already are
 * no error, so that an interrupted erasure can be repeated. After an error any part of them is
 * gone: call again until it succeeds, and acknowledge nothing before. E_KEY_UNKNOWN for a reference
 * that never was, and then nothing was destroyed. Slots 0 and 1 cannot be destroyed: E_KEY_UNKNOWN.
 */
MUST_USE struct status keyring_destroy_many(struct keyring *keyring, const struct key_ref *refs,
                                            size_t count);
/* Every living key, in order of slots, so that the vault can destroy those that no row names (born
 * before a crash). Another error of `each` ends it and is returned. `each` must not call the
 * keyring. */
typedef struct status keyring_each_fn(void *arg, struct key_ref ref, enum key_kind kind);
MUST_USE struct status keyring_each(struct keyring *keyring, keyring_each_fn *each, void *arg);

struct keyring_stats {
    uint64_t slots;      /* in the file */
    uint64_t living;     /* keys */
    uint32_t generation; /* of the root key */
    bool memory_locked;  /* false: the system's limit on locked memory is too low; say so */
};
struct keyring_stats keyring_stats(struct keyring *keyring);

/* A look-up tag: a keyed hash of a value under the keyring's secret, the same each time, and of no
 * use without the keyring. `domain` says what is looked up ("mail", "name"). */
MUST_USE struct status keyring_tag(struct keyring *keyring, struct slice domain, struct slice value,
                                   struct seal_hash *ret_tag);
/* The log's signing key. The caller ends it with seal_signing_key_done. */
MUST_USE struct status keyring_signing_key(struct keyring *keyring,
                                           struct seal_signing_key *ret_key);

/* A new generation of the root key; every living key is wrapped anew; the old generation is
 * destroyed, and with it every copy of the keyring made so far. Interrupted at any point, the next
 * keyring_open finishes it. Takes about a second per million keys; other calls wait. */
MUST_USE struct status keyring_rotate(struct keyring *keyring);

/* From now on `root` opens the keyring, and the root key before it does not. At every point, with
 * the power lost as well, one of them does; after an error perhaps either: call again, or open it
 * with the one that does. Copies of the generation file made before still open with the old one
 * what a keyring of that generation holds: rotate next. */
MUST_USE struct status keyring_change_root(struct keyring *keyring, const struct seal_key *root);

/* A copy for a backup, of one moment, checked by a keyed hash; unreadable once the generation has
 * been rotated away. `to_path` must not exist. */
MUST_USE struct status keyring_copy(struct keyring *keyring, const char *to_path);
/* The generation file at the end of `out`, sealed by the root key: without it no copy of the
 * keyring opens. It is what makes a restore on another machine possible: keep it where it is
 * replaced at each rotation, which makes another generation. */
MUST_USE struct status keyring_escrow(struct keyring *keyring, struct buf *out);
/* From 1 on; a rotation adds one. */
uint32_t keyring_generation(struct keyring *keyring);
/* Makes the keyring at options->path from a copy; it must not exist, the generation file must.
 * E_GENERATION_GONE for a copy from before the last rotation, E_KEYRING_CORRUPT for a damaged one,
 * E_ROOT_KEY. Then keyring_open. What was erased since the copy lives again in the result: destroy
 * it from the tightening log before anything is served. */
MUST_USE struct status keyring_restore(const struct keyring_options *options,
                                       const char *copy_path);

/* As bytes for a row of the store: slot and birth, big-endian. */
void key_ref_put(struct key_ref ref, uint8_t ret_bytes[KEY_REF_LEN]);
struct key_ref key_ref_get(const uint8_t bytes[KEY_REF_LEN]);
bool key_ref_equal(struct key_ref a, struct key_ref b);

#endif
