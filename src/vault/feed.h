/* The feed's inside. */
#ifndef WARD_VAULT_FEED_H
#define WARD_VAULT_FEED_H

#include "inside.h"

enum {
    EXPECTING_MS = 60 * 1000, /* after an open, for followers that come back */
    EVENTS_KEPT = 4096,       /* numbers behind every follower before events are dropped */
};

enum feed_kind { FEED_SUBJECT = 1, FEED_RECORDS = 2, FEED_ALL = 3 };

struct feed_event {
    uint64_t seq;
    uint8_t kind;
    uint8_t cause;
    uint64_t subject;
    uint64_t purposes;
};

struct revocation {
    uint64_t seq;
    uint64_t purposes;
    int64_t at_ms; /* of the steady clock */
};

struct feed {
    struct vault_follower *first;
    size_t count;
    bool expecting; /* there were followers before: keep events for them */
    int64_t expecting_until_ms;
    uint64_t dropped_below;
    struct revocation *revocations; /* not acknowledged by everybody */
    size_t revocation_count;
    size_t revocation_cap;
};

struct vault_follower {
    struct vault *v;
    struct vault_use use;
    bool stopped;
    bool revoke_all; /* first of all */
    bool recheck;    /* `expand` is what was handed out before, only denials are told */
    uint8_t expand_cause;
    uint64_t record_pos; /* records up to this were handed out */
    uint64_t event_pos;  /* events up to this were handed out, or begun */
    uint64_t acked;
    struct selection expand; /* records that the event at event_pos still means */
    uint64_t expand_pos;
    int64_t *until_ms; /* by subject */
    size_t until_count;
    int64_t earliest_ms;
    struct vault_follower *next;
};

#endif
