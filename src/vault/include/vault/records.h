/* Records: a person's data with what is known about each, found by that and read one by one.
 *
 * Every function decides for each person and category concerned and records the answer. Of many
 * records, those that the law denies are left out and counted as denied; of one, the denial is the
 * answer. An expired record is not there, from its second on.
 *
 * Writes are durable when the function (or the batch around it) returned success. Reads are in the
 * access journal before they return, and on disk within a second. */
#ifndef WARD_VAULT_RECORDS_H
#define WARD_VAULT_RECORDS_H

#include "vault/vault.h"

/* A new record. Of meta: owner, category and what differs from 0; the purpose of collection is
 * use->purpose, and use->operation should be collect or store. The others it concerns each get the
 * record's key wrapped for them. E_DENIED, E_UNDECLARED, E_NO_SUBJECT, E_TOO_LARGE. */
MUST_USE struct status vault_put(struct vault *v, const struct vault_use *use,
                                 const struct vault_meta *meta, struct slice payload,
                                 uint64_t *ret_id, struct vault_answer *ret_answer);
/* One record. With use->operation disclose (and a recipient) or publish, it is that which is
 * decided and recorded, and the recipient's bit is added to its shares.
 * E_NO_RECORD when there is none (any more), E_DENIED, E_UNDECLARED. ret_meta may be NULL. */
MUST_USE struct status vault_read(struct vault *v, const struct vault_use *use, uint64_t id,
                                  struct buf *ret_plain, struct vault_meta *ret_meta,
                                  struct vault_answer *ret_answer);
/* A new payload for an old record (GDPR Art. 16). Ends VAULT_WITHHELD. */
MUST_USE struct status vault_rewrite(struct vault *v, const struct vault_use *use, uint64_t id,
                                     struct slice payload, struct vault_answer *ret_answer);
/* The same where by the new payload fewer may see the record: where a backup has an older one, it
 * is VAULT_WITHHELD after a restore. */
MUST_USE struct status vault_narrow(struct vault *v, const struct vault_use *use, uint64_t id,
                                    struct slice payload, struct vault_answer *ret_answer);

/* Which records. Of the set conditions all must hold; nothing set is every record. */
struct vault_query {
    uint64_t id;           /* 0: any */
    uint64_t owner;        /* 0: any */
    uint64_t other;        /* records of anybody that concern this person too; 0: any */
    uint64_t purposes;     /* at least one of these bits; 0: any */
    uint64_t objections;   /* at least one */
    uint64_t shares;       /* at least one */
    uint64_t not_objected; /* none of these */
    uint8_t category;      /* category + 1; 0: any */
    uint8_t collected_for; /* purpose + 1; 0: any */
    uint16_t origin;       /* 0: any */
    uint16_t flags;        /* all of these */
    int64_t expires_by_s;  /* expires at or before; 0: any. Finds what has expired and is not yet
                              swept, too, for deletes; reads never return it */
    uint64_t after;        /* ids above, to go on from */
    uint64_t limit;        /* at most so many; 0: all */
};

struct vault_found {
    uint64_t permitted; /* handed out, changed or erased */
    uint64_t denied;
    uint64_t last_id; /* to go on from with query.after */
};

/* For each record: meta, and the payload (empty where only metadata were asked for). Payload and
 * meta live during the call only. `each` must not change the vault. An error ends it. */
typedef struct status vault_record_fn(void *arg, const struct vault_meta *meta,
                                      struct slice payload);

/* Opens and hands out every record that the use may have. Ids ascend. each may not be NULL. */
MUST_USE struct status vault_find(struct vault *v, const struct vault_use *use,
                                  const struct vault_query *query, vault_record_fn *each, void *arg,
                                  struct vault_found *ret_found);
/* The same without opening: metadata only, at the cost of packed columns. */
MUST_USE struct status vault_find_meta(struct vault *v, const struct vault_use *use,
                                       const struct vault_query *query, vault_record_fn *each,
                                       void *arg, struct vault_found *ret_found);
/* Newest first, of one owner: a history, a profile's clips. */
MUST_USE struct status vault_newest(struct vault *v, const struct vault_use *use, uint64_t owner,
                                    uint8_t category, uint64_t below, size_t max,
                                    vault_record_fn *each, void *arg,
                                    struct vault_found *ret_found);
/* How many records match; nothing about whom. Not recorded. */
MUST_USE struct status vault_count(struct vault *v, const struct vault_query *query,
                                   uint64_t *ret_count);

/* A change of metadata of all records found: one decision per person and category, one leaf for
 * the request, packed columns instead of a statement per record. */
struct vault_change {
    uint64_t purposes_add, purposes_remove;
    uint64_t objections_add, objections_remove;
    uint64_t shares_add, shares_remove;
    uint16_t flags_add, flags_remove; /* VAULT_DECISION, VAULT_UNLAWFUL */
    uint16_t origin;                  /* 0: as it was */
    uint16_t access_list;             /* 0: as it was */
    int64_t expires_s;                /* 0: as it was. Later than the data map allows is cut */
};
MUST_USE struct status vault_change(struct vault *v, const struct vault_use *use,
                                    const struct vault_query *query,
                                    const struct vault_change *change,
                                    struct vault_found *ret_found);

/* Erases all records found, payload, keys of their own, blobs: one leaf. Nothing but a legal hold
 * stands in its way (held ones count as denied). */
MUST_USE struct status vault_delete(struct vault *v, const struct vault_use *use,
                                    const struct vault_query *query, struct vault_found *ret_found);
/* The same for records by their numbers, in any order; those that are gone are left out. One leaf,
 * so that it does not tell how many there were. */
MUST_USE struct status vault_delete_ids(struct vault *v, const struct vault_use *use,
                                        const uint64_t *ids, size_t count,
                                        struct vault_found *ret_found);

#endif
