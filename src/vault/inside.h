/* The vault's inside: what its files share. Not for other rooms.
 *
 * Every change is an `op`: it checks and decides first, then writes to the store, and touches what
 * is in memory last, by steps that cannot fail. So an op that fails leaves both as they were. When
 * a commit fails, memory and store may differ: the vault stops. */
#ifndef WARD_VAULT_INSIDE_H
#define WARD_VAULT_INSIDE_H

#include "columns.h"
#include "law/map.h"
#include "ledger/ledger.h"
#include "seal/blob.h"
#include "seal/keyring.h"
#include "seal/record.h"
#include "store/store.h"
#include "vault/audit.h"
#include "vault/backup.h"
#include "vault/blobs.h"
#include "vault/erase.h"
#include "vault/follow.h"
#include "vault/people.h"

enum {
    PERSON_CACHE_MAX = 200000, /* people kept opened in memory */
    PERSON_CONSENTS_MAX = VAULT_PURPOSES_MAX,
    PERSON_GUARDIANS_MAX = 8,
    DECISIONS_PER_PERSON = 6,
    TOUCHED_MAX = 16,
    KEY_POOL = 64,          /* keys made ahead with one sync */
    PERSON_KEY = 0,         /* number of the key for facts, consents and openings */
    DELTA_MAX = 32 << 20,   /* bytes of one transaction's deltas */
    STATE_MAX = 8 << 20,    /* plain bytes of one row of state */
    PERIOD_HOURS = 24 * 31, /* one auditor's key per period */
    ROTATE_DAYS = 30,       /* a generation of the root key lives so long */
    SETTLE_MS = 10 * 1000,  /* rows that are gone stay so long in the store's journal */
};

enum { SPECIALS = VAULT_PURPOSES_MAX * VAULT_CATEGORIES_MAX };

enum meta_row {
    META_COUNTERS = 1,
    META_CLEAN = 2,
    META_TIGHT = 3,
    META_LAW = 4,
    META_ACCESS = 5,
    META_FEED = 6,
    META_ROTATED = 7,
    META_BACKUP = 8
};

/* Numbers that outlive segments; in every delta row, the newest counts. */
struct counters {
    uint64_t next_id; /* of records, and of the feed's events */
    uint64_t next_subject;
    uint64_t feed_floor; /* cursors below must start anew */
    uint64_t permits;
    uint64_t denials;
    uint64_t subjects;
    uint64_t erased;
    uint64_t leaves;  /* of the ledger: index of the next */
    uint64_t keys;    /* rows that name a key */
    uint64_t records; /* alive, as of what was written last */
};

struct person_key {
    uint32_t number; /* PERSON_KEY, or category + 1 */
    struct key_ref ref;
};

/* A decision that was taken, until something about the person changes. */
struct decided {
    uint64_t what; /* everything it depended on but the person; 0: free */
    int64_t from_ms;
    int64_t until_ms;
    bool permit;
};

/* What the law calls the person's country, region and language. */
struct person_codes {
    bool known;
    uint8_t country;
    uint32_t region;
    uint32_t language;
};

struct access_item;
/* A person, opened. What every decision touches stands together in front. */
struct person {
    uint64_t id;                /* as in subject */
    struct person *next;        /* in its chain */
    uint64_t opened_for;        /* law generation of `decided` */
    struct access_item *access; /* the last that was gathered of them */
    uint64_t access_round;      /* when that was */
    bool used;                  /* since the clock hand passed */
    uint8_t decided_next;
    struct decided decided[DECISIONS_PER_PERSON];
    struct vault_subject subject;
    uint64_t consented; /* bits of purposes that `consents` has */
    uint16_t key_count;
    uint16_t consent_count;
    uint16_t guardian_count;
    bool held; /* under a legal hold */
    struct person_key *keys;
    struct vault_consent *consents;
    struct vault_guardian guardians[PERSON_GUARDIANS_MAX];
    struct person_codes codes;
};

struct people {
    struct person **chains;
    size_t chain_count; /* a power of two */
    size_t count;
    size_t hand;
};

/* Who is found by a mail address or a name (tags.c): made from rows that only the person's key
 * opens, so that no copy of the data tells who was here. */
struct tag_slot;
struct tags {
    struct tag_slot *slots;
    size_t slot_count; /* a power of two */
    size_t count;
};

enum name_kind { NAME_PURPOSE = 1, NAME_CATEGORY, NAME_RECIPIENT, NAME_ORIGIN, NAME_KINDS };
struct names {
    struct slice *list; /* by number */
    uint16_t *in_map;   /* the data map's number + 1; 0: not declared (any more) */
    size_t count;
    size_t cap;
};

/* Leaves and tightenings of the open transaction. */
struct pending {
    struct buf leaves;  /* LEAF_LEN each */
    struct buf tight;   /* frames for the tightening log */
    struct buf auditor; /* row of openings */
    struct buf deltas;
};
struct marks {
    size_t leaves, tight, auditor, deltas;
    size_t names[NAME_KINDS];
    struct counters counters;
};

struct access_log;
struct access_group;
struct feed;
struct uploads;
struct backup;

struct vault {
    const struct os_fs *fs;
    const struct os_clock *clock;
    char data_dir[OS_PATH_MAX];
    char keys_dir[OS_PATH_MAX];
    char ledger_dir[OS_PATH_MAX];
    const struct law_set *laws;
    const struct law_map *map;
    uint64_t purposes_of[VAULT_CATEGORIES_MAX]; /* that the data map lets use the category */
    struct law_special **specials;              /* by purpose * VAULT_CATEGORIES_MAX + category */
    uint64_t law_generation;

    struct store *store;
    struct keyring *keys;
    struct ledger *ledger;
    struct seal_signing_key log_key;
    struct seal_key state_key;
    struct key_ref pool[2][KEY_POOL];
    size_t pool_count[2];

    bool stopped;
    bool rekeys_wait; /* categories wait for a new key */
    bool in_batch;
    bool in_op;
    bool lazy;           /* as vault_options say */
    bool must_sync;      /* what the open transaction did cannot wait for the disk */
    int64_t unsynced_ms; /* since when a commit waits for the disk; 0: none does */
    bool replaying;      /* a restore replays: no permit is asked */
    bool tentative;      /* see vault_options */
    bool backed_up; /* once, or it came from a backup */
    struct pending pending;
    struct marks marks;

    struct names names[NAME_KINDS];
    struct people people;
    struct tags tags;
    uint64_t touched[TOUCHED_MAX]; /* people changed in memory by this op; forgotten if it fails */
    size_t touched_count;
    struct columns columns;
    struct counters counters;
    uint64_t delta_seq;   /* of the last delta row written */
    uint64_t delta_first; /* of the oldest delta row kept */
    uint64_t delta_bytes;

    struct counters written;    /* as the store has them */
    uint64_t stored_from;       /* first leaf of `unpublished` */
    struct buf unpublished;     /* leaves that the store holds and the ledger does not */
    uint64_t drop_leaves_below; /* published, so the next transaction drops them */
    uint64_t drop_tight_below;  /* in the tightening log, so the next transaction drops them */
    uint64_t tight_offset;      /* end of the tightening log */
    size_t tight_in_rows;       /* bytes of pending.tight that rows carry already */
    struct os_file *tight_file;

    struct held *holds;
    size_t hold_count;
    struct access_log *access;
    struct feed *feed;
    struct uploads *uploads;
    struct backup *backup; /* under way; NULL: none */
    uint64_t from_cache;
    int64_t publish_at_ms;
    int64_t trim_at_ms;
    int64_t settle_at_ms; /* when rows that are gone leave the store's journal; 0: there are none */
    int64_t rotated_ms;   /* when the generation began; 0: not looked up yet */
    uint64_t period;      /* whose key is at hand; 0: none */
    struct seal_key period_key;
};

/* dir/name. E_TOO_LARGE */
MUST_USE struct status vault_path(const char *dir, const char *name, char ret[OS_PATH_MAX]);
/* Makes the name of `path` durable, in the directory above. */
MUST_USE struct status dir_sync_above(const struct os_fs *fs, const char *path);
static inline int64_t vault_now_ms(const struct vault *v) {
    return os_now_ms(v->clock);
}
static inline int64_t vault_now_s(const struct vault *v) {
    return os_now_ms(v->clock) / 1000;
}

/* vault.c: everything but the ledger and what follows from it. */
MUST_USE struct status vault_complete(struct vault *v);
MUST_USE struct status vault_new(const struct vault_options *options, struct vault **ret_vault);

/* op.c ------------------------------------------------------------------------------------- */
MUST_USE struct status op_begin(struct vault *v);
/* Commits (or, in a batch, closes the part) when `status` is success, else undoes. Returns what
 * came of it. After E_DENIED and other refusals the op is undone too. */
MUST_USE struct status op_end(struct vault *v, struct status status);
/* The same for what may wait for the disk in a lazy vault: it touched the store alone, and what it
 * tightened are deletions and metadata of records. */
MUST_USE struct status op_end_lazy(struct vault *v, struct status status);
/* What waits for the disk is there when it returned success. Not in a batch. */
MUST_USE struct status vault_sync(struct vault *v);
MUST_USE struct status vault_ready(const struct vault *v);
void vault_stop(struct vault *v);
MUST_USE struct status pending_init(struct vault *v);

/* state.c: rows sealed under the vault's own key ------------------------------------------- */
MUST_USE struct status state_key_load(struct vault *v);
MUST_USE struct status state_put(struct vault *v, enum store_space space, uint64_t owner,
                                 uint64_t id, struct slice plain);
MUST_USE struct status state_get(struct vault *v, enum store_space space, uint64_t owner,
                                 uint64_t id, struct buf *ret_plain);
MUST_USE struct status state_open(struct vault *v, enum store_space space, uint64_t owner,
                                  uint64_t id, struct slice sealed, struct buf *ret_plain);
MUST_USE struct status counters_write(const struct counters *c, struct buf *out);
MUST_USE struct status counters_read(struct slice *rest, struct counters *ret);

/* keys.c ----------------------------------------------------------------------------------- */
/* A key from the pool; it lives without a row until the op commits, and is swept if it does not. */
MUST_USE struct status key_take(struct vault *v, enum key_kind kind, struct key_ref *ret);
/* The person's key of that number, made if it is missing (inside an op). */
MUST_USE struct status person_key_make(struct vault *v, struct person *p, uint32_t number,
                                       struct seal_key *ret);
MUST_USE struct status person_key_get(struct vault *v, const struct person *p, uint32_t number,
                                      struct seal_key *ret);
MUST_USE struct status person_key_add(struct person *p, uint32_t number, struct key_ref ref);
MUST_USE struct status keys_destroy(struct vault *v, const struct buf *keys);
struct person_key *person_key_find(struct person *p, uint32_t number);
/* Rows that name a key, inside an op: of a person, a period (STORE_KEYS), a blob (STORE_BLOBS). */
MUST_USE struct status key_row_add(struct vault *v, enum store_space space, uint64_t owner,
                                   uint64_t id, struct key_ref ref);
/* No error when there is none. */
MUST_USE struct status key_row_drop(struct vault *v, enum store_space space, uint64_t owner,
                                    uint64_t id);
/* Destroys living keys that no row names. E_VAULT_CORRUPT, and none is destroyed, when there are
 * not as many people and rows as there should be. */
MUST_USE struct status keys_sweep(struct vault *v);
uint64_t period_of(int64_t at_ms);
/* The auditor's key of the period, made if it is missing (inside an op). */
MUST_USE struct status period_key(struct vault *v, int64_t at_ms, struct seal_key *ret);
/* Those of all periods. An error of `each` ends it and is returned. */
typedef struct status period_key_fn(void *arg, const struct seal_key *key);
MUST_USE struct status period_keys(struct vault *v, period_key_fn *each, void *arg);

/* people_load.c, people_rows.c
 * ---------------------------------------------------------------------------- */
/* Opened, from memory or from the store. E_NO_SUBJECT. Valid until people_trim. */
MUST_USE struct status person_get(struct vault *v, uint64_t id, struct person **ret);
/* Drops decisions, and lets a failing op drop the person from memory. Call before changing it. */
void person_touch(struct vault *v, struct person *p);
void people_forget_touched(struct vault *v);
void person_forget(struct vault *v, uint64_t id);
/* Drops people from memory above the cache's size. Not while somebody holds one. */
void people_trim(struct vault *v);
void people_done(struct people *people);
struct person *person_insert(struct vault *v, const struct vault_subject *subject);
MUST_USE struct status person_save(struct vault *v, const struct person *p,
                                   const struct vault_subject *subject);
MUST_USE struct status consent_save(struct vault *v, const struct person *p,
                                    const struct vault_consent *consent);
MUST_USE struct status guardian_save(struct vault *v, const struct person *child,
                                     const struct vault_guardian *link);
/* A row of the person's own of any space: sealed under the person's key. */
MUST_USE struct status person_row_put(struct vault *v, const struct person *p,
                                      enum store_space space, uint64_t owner, uint64_t id,
                                      struct slice plain);
MUST_USE struct status person_row_open(const struct seal_key *key, enum store_space space,
                                       uint64_t owner, uint64_t id, struct slice sealed,
                                       struct buf *ret_plain);

/* tags.c ----------------------------------------------------------------------------------- */
MUST_USE struct status tags_load(struct vault *v);
void tags_done(struct tags *tags);
/* Drops the person's tags from memory; the rows go with the person's. */
MUST_USE struct status tags_forget(struct vault *v, const struct person *p);
MUST_USE struct status tag_set(struct vault *v, struct person *p, const struct vault_tag *tag);
/* The tag of that domain is another from now on. */
MUST_USE struct status tag_tighten(struct vault *v, const struct person *p, struct slice domain);

/* names.c ---------------------------------------------------------------------------------- */
MUST_USE struct status names_load(struct vault *v);
/* Finds or makes the number; inside an op when it may be made. */
MUST_USE struct status names_number(struct vault *v, enum name_kind kind, struct slice name,
                                    uint16_t *ret);
bool names_find(const struct vault *v, enum name_kind kind, struct slice name, uint16_t *ret);
/* The data map's number of a name, or -1 when it does not declare it (any more). */
int map_number(const struct vault *v, enum name_kind kind, uint16_t number);
struct slice names_text(const struct vault *v, enum name_kind kind, uint16_t number);
/* Gives every name of the data map a number and knows which are declared. */
MUST_USE struct status names_bind(struct vault *v);
/* Forgets names made by an op that failed. */
void names_undo(struct vault *v);
void names_done(struct vault *v);

/* decide.c --------------------------------------------------------------------------------- */
/* What a decision depends on beyond the use, the category and the person. */
struct record_facts {
    bool present; /* an earlier record is touched */
    uint8_t collected_for;
    bool lawful;
    bool objected; /* this record, for this purpose */
    bool not_for;  /* its purposes do not have this one */
    bool held;
};
MUST_USE struct status decide(struct vault *v, const struct vault_use *use, uint8_t category,
                              struct person *p, const struct record_facts *record,
                              struct vault_answer *ret);
/* Only whether; from what was decided before where possible. */
MUST_USE struct status decide_fast(struct vault *v, const struct vault_use *use, uint8_t category,
                                   struct person *p, const struct record_facts *record,
                                   int64_t now_ms, bool *ret_permit, int64_t *ret_until_ms);
/* Purposes that the data map lets use the category, as bits. */
uint64_t map_purposes(const struct vault *v, uint8_t category);
void map_purposes_learn(struct vault *v);
/* When a record of the category must go: what was asked for, but not later than the data map says.
 */
int64_t map_expiry(const struct vault *v, uint8_t category, int64_t collected_s, int64_t asked_s);
void record_facts_of(const struct segment *s, uint32_t at, uint8_t purpose,
                     struct record_facts *ret);
/* OK for a permit, else E_DENIED or E_UNDECLARED. */
MUST_USE struct status answer_status(const struct vault_answer *answer);
void specials_done(struct vault *v);

/* log.c: leaves, tightenings --------------------------------------------------------------- */
enum tight_kind {
    TIGHT_ERASE_SUBJECT = 1,
    TIGHT_ERASE_CATEGORY = 2,
    TIGHT_DELETE = 3,
    TIGHT_CONSENT = 4,
    TIGHT_OBJECT = 5,
    TIGHT_RESTRICT = 6,
    TIGHT_GUARDIAN = 7,
    TIGHT_STATE = 8,
    TIGHT_FACTS = 9,
    TIGHT_LINK = 10,
    TIGHT_CHANGE = 11,
    TIGHT_REWRITE = 12,
    TIGHT_HOLD = 13,
    TIGHT_HOLD_ENDED = 14,
    TIGHT_NAME = 15,
    TIGHT_KEPT = 16,
    TIGHT_TAG = 17,
    TIGHT_LOST = 18,
    TIGHT_NOTES = 32, /* from here on nothing is taken away: carry.c, for a restore */
    TIGHT_CARRY = 32,
    TIGHT_BACKUP = 33,
};
struct tightening {
    uint8_t kind;
    uint64_t subject;
    uint64_t what; /* purpose, category, guardian, state, record */
    uint64_t value;
    struct slice ids; /* be32 each, for many at once; or what else the kind carries (again.c) */
};
/* A leaf inside an op: person's opening (if p) and auditor's. content may be empty. */
MUST_USE struct status log_leaf(struct vault *v, enum leaf_kind kind, const struct person *p,
                                struct slice person_content, struct slice auditor_content,
                                uint64_t *ret_index);
MUST_USE struct status log_item(struct vault *v, enum leaf_kind kind, const struct person *p,
                                const struct opening_item *item, struct slice auditor_content,
                                uint64_t *ret_index);
/* The auditor's commitment and opening of the leaf that comes next. */
MUST_USE struct status log_auditor(struct vault *v, struct leaf *leaf, struct slice content);
/* A leaf whose commitments were made elsewhere. */
MUST_USE struct status log_entry(struct vault *v, const struct leaf *leaf, uint64_t *ret_index);
MUST_USE struct status log_open(struct vault *v, const struct vault_options *options,
                                bool restored);
void log_close(struct vault *v);
/* After a commit: what is durable goes to the tightening log. */
MUST_USE struct status log_committed(struct vault *v);
/* Hands stored leaves to the ledger and publishes; then the store drops them. */
MUST_USE struct status log_publish(struct vault *v);
/* Inside the commit: rows for pending leaves and tightenings, and away with published ones. */
MUST_USE struct status log_commit_rows(struct vault *v);

/* openings.c: what leaves say, to whom ------------------------------------------------------ */
enum {
    OPENINGS_AUDITOR = 0, /* as the owner of rows */
    OPENINGS_GROWING = 0, /* id of the newest row; others: their first leaf + 1 */
    OPENING_ROW_MAX = DELTA_MAX,
};
struct opening_entry {
    uint64_t leaf;
    int64_t at_ms;
    uint32_t index; /* in its batch + 1; 0: alone */
    uint8_t kind;
    bool own_salt; /* else it is opening_salt */
    struct opening_item item;
    struct slice packed; /* its content, where it was read from a row */
};
/* Goes with the key: nobody can guess what a person's commitments say once their key is gone. */
struct leaf_salt opening_salt(const struct seal_key *key, uint64_t leaf, uint32_t index);
/* Inside an op: at the end of the person's. Leaves ascend. */
MUST_USE struct status openings_add(struct vault *v, uint64_t owner, const struct seal_key *key,
                                    const struct opening_entry *entry);
/* Inside an op: the key of what the auditor gets next: that of the period in which its row begins.
 */
MUST_USE struct status openings_auditor_key(struct vault *v, struct seal_key *ret);
/* Inside an op, after openings_auditor_key. */
MUST_USE struct status openings_add_auditor(struct vault *v, const struct opening_entry *entry);
/* Inside the commit. */
MUST_USE struct status openings_commit(struct vault *v);
/* The auditor's row of that number. Of which period its key is only trying tells: the likely one is
 * given, and the one that opened it handed back. E_STORE_MISSING */
MUST_USE struct status openings_auditor_row(struct vault *v, uint64_t id, struct seal_key *io_key,
                                            struct buf *row);
/* A row's entries (struct opening_entry each), ascending; they point into `plain`. */
MUST_USE struct status openings_read(const struct seal_key *key, uint64_t owner, uint64_t id,
                                     struct slice sealed, struct buf *plain, struct buf *entries);
MUST_USE struct status openings_entries(const struct seal_key *key, const struct buf *row,
                                        struct buf *entries);
/* Sets entry->item.content, which lives in `content`. */
MUST_USE struct status opening_content(const struct vault *v, uint64_t owner,
                                       struct opening_entry *entry, struct buf *content);

/* tight.c: the tightening log, kept apart from data backups ---------------------------------- */
/* Inside an op: what tightened, to be replayed by a restore. */
MUST_USE struct status log_tighten(struct vault *v, const struct tightening *t);
MUST_USE struct status tight_open(struct vault *v, bool restored);
MUST_USE struct status tight_offset_save(struct vault *v);
MUST_USE struct status tight_commit_rows(struct vault *v);
MUST_USE struct status tight_committed(struct vault *v);
/* Frames from `offset` on. next_id and next_subject: numbers below were given out by then. */
typedef struct status tighten_fn(struct vault *v, const struct tightening *t, uint64_t next_id,
                                 uint64_t next_subject);
/* For a restore from a backup that knew so many leaves: whether frames from there on are damaged,
 * or end before the published ledger says; and not just the last cut off that was never answered.
 */
MUST_USE struct status tight_check(struct vault *v, uint64_t from, uint64_t leaves,
                                   bool *ret_damaged);
MUST_USE struct status tight_replay(struct vault *v, uint64_t offset, tighten_fn *each,
                                    uint64_t *ret_count);

/* again.c: for a restore, what tightened since the backup ------------------------------------ */
/* E_NO_SUBJECT, E_NO_RECORD: it concerned somebody or something that the backup does not have. */
MUST_USE struct status tighten_again(struct vault *v, const struct tightening *t);
/* consents.c: what TIGHT_LINK says: as it was renewed, and for no more. */
MUST_USE struct status link_again(struct vault *v, const struct tightening *t);
/* Inside an op: nobody knows what was withdrawn, nor which records let fewer see them by now. */
MUST_USE struct status tighten_all(struct vault *v);

/* segments.c: columns in the store --------------------------------------------------------- */
MUST_USE struct status segments_load(struct vault *v);
/* Writes the transaction's deltas as one row. */
MUST_USE struct status segments_commit(struct vault *v);
/* Counters alone, for a new vault. Inside a transaction. */
MUST_USE struct status counters_save(struct vault *v);
/* Saves up to `most` dirty segments when the deltas have grown, or when forced. */
MUST_USE struct status segments_save(struct vault *v, size_t most, bool force);
/* The delta sequence that the open transaction will get. */
static inline uint64_t segments_delta(const struct vault *v) {
    return v->delta_seq + 1;
}

/* access_log.c, access_gather.c --------------------------------------------------------------- */
MUST_USE struct status access_open(struct vault *v);
void access_close(struct vault *v);
/* For a restore, inside an op: what stands in the journal is of the store that is replaced, and the
 * first open that is not tentative gathers it. */
MUST_USE struct status journal_take_over(struct vault *v);
/* One decided use; for one record, or for none (record 0). */
MUST_USE struct status access_note(struct vault *v, const struct vault_use *use, uint8_t category,
                                   uint64_t subject, uint64_t record,
                                   const struct vault_answer *answer);
/* What is the same for all that one request did. */
struct access_use {
    uint64_t session;
    uint64_t actor;
    int64_t at_ms;
    uint8_t purpose;
    uint8_t operation;
    uint8_t recipient; /* + 1 */
};
/* Many records of one use: each is noted as it is decided, then all go to the journal at once. */
struct access_many {
    struct access_use use;
    struct access_group *groups[2][VAULT_CATEGORIES_MAX]; /* denied, permitted */
};
void access_many_begin(const struct vault *v, const struct vault_use *use, struct access_many *ret);
/* p is the owner when in memory, else NULL. */
MUST_USE struct status access_note_in(struct vault *v, struct access_many *many, struct person *p,
                                      const struct segment *s, uint32_t at, bool permit);
MUST_USE struct status access_many_end(struct vault *v, const struct access_many *many,
                                       const struct selection *permitted,
                                       const struct selection *denied);
/* Before these records are dropped: a journal that is read back knows whose they were. */
MUST_USE struct status access_gone(struct vault *v, const struct selection *which);
/* Entries of a batch reach the journal. */
MUST_USE struct status access_flush(struct vault *v);
/* Turns what was gathered into leaves. */
MUST_USE struct status access_gather(struct vault *v);
/* Syncs the journal when a second has passed, gathers when a minute has. */
MUST_USE struct status access_tick(struct vault *v, int64_t now_ms, int64_t *io_next_ms);

/* records.c -------------------------------------------------------------------------------- */
/* Of enum vault_record_flag. */
enum {
    BLOB_BIT = 1,
    UNLAWFUL_BIT = 2,
    HELD_BIT = 3,
    SHARED_BIT = 4,
    UNFINISHED_BIT = 5,
    STAYS_BIT = 6,
    WITHHELD_BIT = 7
};
MUST_USE struct status record_open_payload(struct vault *v, const struct segment *s, uint32_t at,
                                           uint64_t id, struct buf *ret_plain);
MUST_USE struct status record_put(struct vault *v, const struct vault_use *use,
                                  const struct vault_meta *meta, struct slice payload,
                                  struct vault_meta *ret_meta, struct vault_answer *ret_answer);
/* With the record's key at hand; meta names the row. */
MUST_USE struct status record_payload_with(struct vault *v, const struct seal_key *key,
                                           const struct vault_meta *meta, struct buf *ret_plain);
/* The row again under another key, with the next version. */
MUST_USE struct status record_payload_put(struct vault *v, const struct seal_key *key,
                                          const struct vault_meta *meta, struct slice payload);
/* What opens the row alone, whatever becomes of the key; and the row with it. */
MUST_USE struct status record_alone(struct vault *v, const struct seal_key *key,
                                    const struct vault_meta *meta, struct seal_key *ret_alone);
MUST_USE struct status record_payload_alone(struct vault *v, const struct seal_key *alone,
                                            const struct vault_meta *meta, struct buf *ret_plain);
/* Under a new owner or with a new payload; the key must be there (wrapped for the owner). */
MUST_USE struct status record_reseal(struct vault *v, struct person *owner,
                                     const struct vault_meta *meta, uint32_t version,
                                     struct slice payload);
MUST_USE struct status record_at(struct vault *v, uint64_t id, struct segment **ret,
                                 uint32_t *ret_at);
MUST_USE struct status record_permit(struct vault *v, const struct vault_use *use, uint64_t id,
                                     struct segment **ret, uint32_t *ret_at,
                                     struct vault_answer *ret_answer);
MUST_USE struct status record_others(struct vault *v, struct vault_meta *meta);
MUST_USE struct status wrap_put(struct vault *v, struct person *p, uint8_t category, uint64_t id,
                                const struct seal_key *record_key);
MUST_USE struct status wrap_open(struct vault *v, const struct person *p, uint8_t category,
                                 uint64_t id, struct seal_key *ret);
/* With the key of the person's category at hand. */
MUST_USE struct status wrap_put_with(struct vault *v, const struct seal_key *key, uint64_t person,
                                     uint8_t category, uint64_t id,
                                     const struct seal_key *record_key);
MUST_USE struct status wrap_open_with(struct vault *v, const struct seal_key *key, uint64_t person,
                                      uint8_t category, uint64_t id, struct seal_key *ret);
MUST_USE struct status noted(struct vault *v, const struct vault_use *use, uint8_t category,
                             uint64_t subject, uint64_t record, const struct vault_answer *answer,
                             struct status status);

/* find.c ----------------------------------------------------------------------------------- */
/* What the query finds, `other` included. */
/* Takes out what a legal hold keeps. */
void keep_held(const struct vault *v, struct selection *which, uint64_t *ret_held);
MUST_USE struct status find_select(struct vault *v, const struct vault_query *q, bool expired_too,
                                   struct selection *out);
/* Inside an op: the metadata of records that are there, in store, columns and feed. */
MUST_USE struct status records_change(struct vault *v, const struct selection *which,
                                      const struct vault_change *change, enum vault_cause cause);

/* erase.c, erase_rows.c ---------------------------------------------------------------------- */
/* What must follow the commit of an erasure: keys to destroy, files to remove. What a crash leaves
 * of it is swept at the next open, since no row names it any more. */
struct doomed {
    struct buf keys;  /* struct key_ref each */
    struct buf files; /* uint64_t each, blobs */
};
void doomed_init(struct doomed *d);
void doomed_done(struct doomed *d);
MUST_USE struct status doomed_destroy(struct vault *v, const struct doomed *d);
/* Rows of the selected records; columns last. Inside an op. */
MUST_USE struct status records_erase(struct vault *v, const struct selection *which,
                                     struct doomed *doomed);
/* With leaf, tightening and revocations. Inside an op. */
MUST_USE struct status records_delete(struct vault *v, const struct vault_use *use,
                                      const struct selection *which, enum leaf_kind kind,
                                      enum vault_cause cause, struct doomed *doomed);
MUST_USE struct status tighten_ids(struct vault *v, const struct selection *which);
/* Every row of a person but the records (which are gone, handed over or held), and but the keys of
 * what is held. */
struct outliving;
MUST_USE struct status person_rows_erase(struct vault *v, uint64_t subject,
                                         const struct outliving *held);
/* kept.c: what the guard keeps for the person. Inside an op. */
MUST_USE struct status kept_erase(struct vault *v, uint64_t owner);
/* Inside an op: a record whose hold ended and whose person, or category, was erased meanwhile. */
MUST_USE struct status record_release(struct vault *v, uint64_t id, struct doomed *doomed);
/* Records that stay go to the first of the others; the rest are added to `gone`. What is held is
 * left where it is. */
MUST_USE struct status records_hand_over(struct vault *v, uint64_t subject, struct selection *gone,
                                         uint64_t *ret_kept);
/* Others' records of the category (VAULT_ALL: of any) that concern the person go on without them.
 */
MUST_USE struct status records_leave(struct vault *v, uint64_t subject, uint64_t category,
                                     uint64_t *io_kept);
MUST_USE struct status guardian_leave(struct vault *v, uint64_t guardian);
MUST_USE struct status erasures_finish(struct vault *v);
/* For a restore: what was erased since the backup goes again, with or without its keys. */
MUST_USE struct status erase_again(struct vault *v, uint8_t kind, uint64_t category,
                                   const uint64_t *ids, size_t count);
MUST_USE struct status erase_people(struct vault *v, const struct vault_actor *actor,
                                    const uint64_t *ids, size_t count, struct slice ground,
                                    struct buf *receipt, struct vault_erased *ret);

/* rekey.c ---------------------------------------------------------------------------------- */
/* Inside an op: the person's category waits for a new key. */
MUST_USE struct status rekey_wait(struct vault *v, uint64_t owner, uint8_t category);
/* The same for each of these records that goes by itself, not with its owner or category. */
MUST_USE struct status rekey_mark(struct vault *v, const struct selection *which);
MUST_USE struct status rekey_tick(struct vault *v);
MUST_USE struct status rekey_all(struct vault *v);
/* For a restore, before anything is done again: what was sealed anew under later keys since is
 * sealed so in these data, as far as the tightening log from that offset carries it. */
MUST_USE struct status rekey_restore(struct vault *v, uint64_t from);

/* lost.c: what a restored backup holds under keys that are gone ------------------------------- */
/* Whether that is why it failed: other failures end a restore. */
bool restore_lost(struct status status);
/* Outside of an op, before anything is done again: a period whose key is gone ends, with what the
 * auditor could have opened of it. */
MUST_USE struct status restore_periods(struct vault *v);
/* Outside of an op, after everything was done again: every record and every blob's end is opened;
 * what no key opens goes, with all that hangs on it, and is counted. */
MUST_USE struct status restore_check(struct vault *v, struct vault_restored *io_restored);

/* backup.c --------------------------------------------------------------------------------- */
/* Gives up a backup that is under way. Before the store is closed. */
void backup_close(struct vault *v);

/* rotation.c ------------------------------------------------------------------------------- */
/* A new generation when the present one is old enough. */
MUST_USE struct status rotation_tick(struct vault *v, int64_t now_ms);

/* hold.c ----------------------------------------------------------------------------------- */
struct held {
    uint64_t subject;
    uint64_t record;
    int64_t until_ms;
    uint8_t ground;
    bool goes; /* its person or category was erased: the record goes when the hold ends */
};
/* What holds on single records keep of a person who is erased. */
struct outliving {
    uint64_t records;
    uint64_t categories[VAULT_CATEGORIES_MAX / 64]; /* a bit each: their keys stay with them */
    int64_t until_ms;                               /* when the last of the holds ends */
    uint32_t grounds;                               /* a bit for each enum vault_hold_ground */
};
/* category VAULT_ALL: of any. */
struct outliving held_of(const struct vault *v, uint64_t subject, uint64_t category);
static inline bool outlives(const struct outliving *held, uint64_t category) {
    return category < VAULT_CATEGORIES_MAX &&
           (held->categories[category / 64] >> (category % 64) & 1) != 0;
}
/* Inside an op: those records go when their holds end. */
MUST_USE struct status held_then_goes(struct vault *v, uint64_t subject, uint64_t category);
struct slice hold_ground_text(uint8_t ground);
MUST_USE struct status holds_load(struct vault *v);
/* For a restore: what TIGHT_HOLD says. */
MUST_USE struct status hold_again(struct vault *v, const struct tightening *t);
bool subject_held(const struct vault *v, uint64_t subject);
bool record_held(const struct vault *v, uint64_t id);
/* Inside an op: of a record that nobody can open any more. */
MUST_USE struct status hold_drop(struct vault *v, uint64_t record);
MUST_USE struct status holds_tick(struct vault *v, int64_t now_ms, int64_t *io_next_ms);

/* entries.c -------------------------------------------------------------------------------- */
MUST_USE struct status receipt_write(struct vault *v, uint64_t leaf,
                                     const struct opening_item *item, struct buf *out);

/* blobs.c ---------------------------------------------------------------------------------- */
size_t uploads_size(void);
bool uploads_open(const struct vault *v);
MUST_USE struct status blobs_open(struct vault *v);
void blobs_close(struct vault *v);
/* Within the data, and within a backup. */
enum { BLOB_NAME = 6 + 16 + 1 };
void blob_name(uint64_t id, char ret[BLOB_NAME]);
MUST_USE struct status blob_path(const struct vault *v, uint64_t id, char ret[OS_PATH_MAX]);
/* Whether payload, key and file belong together: opens the last chunk. */
MUST_USE struct status blob_check(struct vault *v, const struct segment *s, uint32_t at,
                                  uint64_t id);
MUST_USE struct status blob_remove_file(struct vault *v, uint64_t id);

/* follow.c --------------------------------------------------------------------------------- */
MUST_USE struct status feed_open(struct vault *v);
void feed_close(struct vault *v);
/* The person's records must be looked at again, for these purposes. Inside an op. */
MUST_USE struct status feed_subject(struct vault *v, uint64_t subject, uint64_t purposes,
                                    enum vault_cause cause);
MUST_USE struct status feed_records(struct vault *v, const struct selection *which,
                                    enum vault_cause cause);
MUST_USE struct status feed_all(struct vault *v, enum vault_cause cause);
MUST_USE struct status feed_tick(struct vault *v, int64_t now_ms, int64_t *ret_next_ms);

#endif
