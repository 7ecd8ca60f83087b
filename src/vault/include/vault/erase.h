/* Forgetting: intent in the ledger; keys destroyed; rows, columns, blobs and projections gone;
 * completion in the ledger. Interrupted at any point, the next vault_open completes it. Erasures
 * run outside of batches: E_BATCH within one. */
#ifndef WARD_VAULT_ERASE_H
#define WARD_VAULT_ERASE_H

#include "vault/people.h"
#include "vault/records.h"

struct vault_erased {
    uint64_t intent;   /* index of the leaf that announced it */
    uint64_t leaf;     /* index of the leaf that completed it: the receipt's */
    uint64_t feed_seq; /* answer once vault_follow_behind(v, feed_seq) is false */
    uint64_t records;  /* gone */
    uint64_t kept;     /* records of others that go on without the person */
    uint64_t held;     /* records that a legal hold keeps until it ends, used for nothing */
};

/* `receipt` gets a .tlog-proof file that anybody can verify offline; NULL: none is made (then the
 * checkpoint need not be published for it). It is made before the person's openings go and cannot
 * be made again. E_HELD while a legal hold on the person stands. A record that is held by itself
 * stays behind under a key of its own until its hold ends, and goes then; the receipt says so. */
MUST_USE struct status vault_erase_subject(struct vault *v, const struct vault_actor *actor,
                                           uint64_t subject, struct slice ground,
                                           struct buf *receipt, struct vault_erased *ret);
/* Everything of a category; its key goes, and with it the person's copies of the keys of others'
 * records of that category: what was sent to them stays with who sent it. */
MUST_USE struct status vault_erase_category(struct vault *v, const struct vault_actor *actor,
                                            uint64_t subject, uint8_t category, struct slice ground,
                                            struct buf *receipt, struct vault_erased *ret);
/* One record (a clip with its blob). */
MUST_USE struct status vault_erase_record(struct vault *v, const struct vault_actor *actor,
                                          uint64_t id, struct slice ground, struct buf *receipt,
                                          struct vault_erased *ret);
/* Many people at once. People who do not exist or are held are skipped and not counted.
 * ret->records counts people. Each has a completion leaf of their own in the batch's tree. */
MUST_USE struct status vault_erase_many(struct vault *v, const struct vault_actor *actor,
                                        const uint64_t *subjects, size_t count, struct slice ground,
                                        struct vault_erased *ret);

/* A legal hold: nothing of the person (or of the one record) is erased or expires before until_ms,
 * and nothing of it is used. What of it was to be erased meanwhile goes when the hold ends. Typed,
 * grounded, ended, recorded (GDPR Art. 17(3)). */
enum vault_hold_ground {
    VAULT_HOLD_LEGAL_OBLIGATION = 1, /* Art. 17(3)(b) */
    VAULT_HOLD_PUBLIC_HEALTH = 2,    /* Art. 17(3)(c) */
    VAULT_HOLD_ARCHIVING = 3,        /* Art. 17(3)(d) */
    VAULT_HOLD_LEGAL_CLAIMS = 4,     /* Art. 17(3)(e) */
};
struct vault_hold {
    uint64_t subject; /* one of the two */
    uint64_t record;
    uint8_t ground;
    int64_t until_ms;
    struct slice reference; /* a file number; not personal data */
};
MUST_USE struct status vault_hold_place(struct vault *v, const struct vault_actor *actor,
                                        const struct vault_hold *hold);
/* The hold on the same person or record ends later, on this ground and for this file. E_NO_RECORD
 * where there is none, E_HOLD_EARLIER unless the end is a later one: to end it sooner is to lift
 * it. */
MUST_USE struct status vault_hold_extend(struct vault *v, const struct vault_actor *actor,
                                         const struct vault_hold *hold);
MUST_USE struct status vault_hold_lift(struct vault *v, const struct vault_actor *actor,
                                       uint64_t subject, uint64_t record);
/* Those that stand. The reference lives during the call; `each` must not change the vault. */
typedef struct status vault_hold_fn(void *arg, const struct vault_hold *hold);
MUST_USE struct status vault_holds(struct vault *v, vault_hold_fn *each, void *arg);

/* What the ledger says about a person, newest first: their openings. Without gaps below `below`
 * (0: from the newest). `content` is printed with content_print; valid during the call. */
typedef struct status vault_entry_fn(void *arg, uint64_t leaf, uint8_t kind, int64_t at_ms,
                                     struct slice content);
MUST_USE struct status vault_entries(struct vault *v, uint64_t subject, uint64_t below, size_t max,
                                     vault_entry_fn *each, void *arg);
/* A receipt for a leaf that concerns the person: leaf, opening, proof, checkpoint. Publishes first
 * when the leaf is not published yet. E_NO_RECORD when it does not concern them. */
MUST_USE struct status vault_receipt(struct vault *v, uint64_t subject, uint64_t leaf,
                                     struct buf *ret_file);
/* The newest checkpoint (published now if leaves wait), and the log's public key. */
MUST_USE struct status vault_checkpoint(struct vault *v, struct buf *ret_note);
MUST_USE struct status vault_log_key(struct vault *v, struct buf *ret_vkey);
/* A leaf of the guard's own: an operator acted, a request came, a breach was registered.
 * `content` as content_add_* made it; subject 0: it concerns nobody. */
MUST_USE struct status vault_note(struct vault *v, uint8_t leaf_kind, uint64_t subject,
                                  struct slice content, uint64_t *ret_leaf);

#endif
