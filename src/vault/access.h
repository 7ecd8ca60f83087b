/* Accesses as they are gathered: per session, purpose and minute a group for each category,
 * operation and outcome, in it an item for each person. */
#ifndef WARD_VAULT_ACCESS_H
#define WARD_VAULT_ACCESS_H

#include "inside.h"

enum {
    ACCESS_CITES = 4,
    ACCESS_RECORDS = 4,
    ACCESS_CHAINS = 4096, /* at first */
    ACCESS_GROUP_CHAINS = 256,
    ACCESS_FRAME_MAX = 8 << 20,
    ACCESS_BUFFER_MAX = 16 << 20,
    ACCESS_FRAME_BYTES = ACCESS_BUFFER_MAX + 64, /* sealed */
    ACCESS_ITEMS_MAX = 400000, /* then they are gathered before the minute is over */
    ACCESS_SYNC_MS = 800,
    ACCESS_GATHER_MS = 60 * 1000,
};

struct access_item {
    uint64_t subject;         /* 0: nobody (any more) */
    struct access_item *next; /* in its chain */
    struct access_group *group;
    uint64_t count;
    bool permit;
    bool undeclared;
    int64_t at_ms; /* the first */
    struct access_item *next_in_group;
    uint64_t records[ACCESS_RECORDS];
};

struct access_group {
    uint64_t session;
    uint64_t actor;
    int64_t minute;
    uint8_t purpose;
    uint8_t category;
    uint8_t operation;
    uint8_t recipient;
    uint16_t cites[ACCESS_CITES]; /* + 1; of denials */
    enum leaf_kind kind;          /* reads, writes, denials */
    size_t item_count;
    struct access_item *items;
    struct access_group *next; /* in its chain */
    struct access_group *next_made;
};

struct access_log {
    struct os_file *file;      /* NULL in a vault that is tentative: it keeps no journal */
    uint64_t epoch;            /* frames of other epochs do not open */
    bool takes_over;           /* the store was restored: the epoch is the first frame's */
    uint64_t offset;           /* end of the journal */
    uint64_t synced;           /* how far it surely is on disk */
    struct buf buffer;         /* plain entries of the open batch */
    struct buf gone;           /* while it is read back: records that are no more, with owners */
    int64_t unsynced_since_ms; /* 0: synced */
    int64_t oldest_ms;         /* of what is gathered; 0: nothing */
    size_t item_count;
    struct access_group *made; /* all groups */
    struct access_group *groups[ACCESS_GROUP_CHAINS];
    uint64_t round;             /* items that people point at are of this one */
    struct access_item **items; /* chains, as many as there are items */
    size_t chain_count;
};

/* access_items.c */
struct access_entry {
    struct access_use use;
    uint64_t subject;
    uint64_t record;
    uint8_t category;
    bool permit;
    bool undeclared;
    uint16_t cites[ACCESS_CITES];
};
MUST_USE struct status access_add(struct access_log *log, const struct access_entry *entry);
void access_clear(struct access_log *log);
/* access_journal.c */
MUST_USE struct status journal_open(struct vault *v);
/* A new epoch begins in the transaction that made leaves of the old one. */
MUST_USE struct status journal_next_epoch(struct vault *v);
void journal_restart(struct vault *v);
MUST_USE struct status journal_entry(struct vault *v, const struct access_entry *entry);
MUST_USE struct status journal_many(struct vault *v, const struct access_use *use,
                                    const struct selection *permitted,
                                    const struct selection *denied);
MUST_USE struct status journal_flush(struct vault *v);

#endif
