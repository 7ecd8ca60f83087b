/* The lawful feed: every record that a purpose may use, as they come, and a revocation for each
 * record or person that it no longer may. What projections (feed, search, history, rank) live from.
 *
 *   struct vault_follower *f = NULL;
 *   TRY(vault_follow(v, &use, cursor, &f));                -- 0: rebuild from the beginning
 *   TRY(vault_follow_next(f, events, 64, &plain, &count)); -- 0 when there is nothing new
 *   vault_follow_ack(f, events[count - 1].seq);            -- after they were applied
 *   cursor = events[count - 1].cursor;                     -- to go on from after a restart
 *
 * At least once: after a crash events since the last stored cursor come again; applying an event
 * twice does no harm, since each says what is, not what changed. Records come in the order in which
 * they came; what took a right away comes before any further record, however far behind the
 * follower is, so that it can be acknowledged in time. */
#ifndef WARD_VAULT_FOLLOW_H
#define WARD_VAULT_FOLLOW_H

#include "vault/records.h"

struct vault_follower;

enum vault_event_kind {
    VAULT_EVENT_RECORD = 1,         /* may be used: meta and payload */
    VAULT_EVENT_REVOKE_RECORD = 2,  /* forget this record */
    VAULT_EVENT_REVOKE_SUBJECT = 3, /* forget everything of this person (that the purpose had);
                                       what it may still use comes anew as records after it */
    VAULT_EVENT_REVOKE_ALL = 4,     /* forget everything: the law changed, or the store was
                                       restored; the records follow */
};

enum vault_cause {
    VAULT_CAUSE_NONE,
    VAULT_CAUSE_WITHDRAWN,
    VAULT_CAUSE_OBJECTED,
    VAULT_CAUSE_RESTRICTED,
    VAULT_CAUSE_EXPIRED,
    VAULT_CAUSE_ERASED,
    VAULT_CAUSE_TIME, /* a birthday, the end of a consent or of a guardian's link */
    VAULT_CAUSE_LAW,
    VAULT_CAUSE_CHANGED, /* facts or metadata changed */
    VAULT_CAUSE_HELD,
};

struct vault_event {
    uint64_t seq;    /* to acknowledge */
    uint64_t cursor; /* once this and all before it were applied, follow goes on from here */
    uint8_t kind;    /* enum vault_event_kind */
    uint8_t cause;   /* enum vault_cause, of revocations */
    uint64_t subject;
    uint64_t record;
    struct vault_meta meta; /* of records */
    struct slice payload;   /* of records: inside the caller's buffer */
};

/* use: purpose and operation (use). The follow itself is recorded in the ledger. cursor: that of
 * the last event that was applied, or 0. E_FOLLOWERS when there are too many. */
MUST_USE struct status vault_follow(struct vault *v, const struct vault_use *use, uint64_t cursor,
                                    struct vault_follower **ret_follower);
/* The next events; payloads are added to ret_plain (a secret buffer, which the caller clears).
 * E_FOLLOWER_LATE once the follower was stopped: it must drop everything it holds. */
MUST_USE struct status vault_follow_next(struct vault_follower *follower,
                                         struct vault_event *ret_events, size_t max,
                                         struct buf *ret_plain, size_t *ret_count);
void vault_follow_ack(struct vault_follower *follower, uint64_t seq);
/* Accepts NULL, nulls it. Ends with vault_close at the latest. */
void vault_follow_end(struct vault_follower **follower);

/* The newest sequence, and whether a living follower has yet to acknowledge a revocation up to
 * seq: an erasure is answered when this is false. Late ones are stopped by vault_tick. */
uint64_t vault_follow_head(const struct vault *v);
bool vault_follow_behind(const struct vault *v, uint64_t seq);

#endif
