/* A program that works with people of its own until the guard is killed under it, and remembers
 * what it was told. After the restart, what it was told must stand: records, objections,
 * restrictions, erasures, the entries of what was read, written and refused, and a proof of each
 * entry; and nobody who was refused or erased is served. */
#ifndef WARD_TESTS_GUARD_KILL_STORY_H
#define WARD_TESTS_GUARD_KILL_STORY_H

#include <stdatomic.h>

#include "guard_world.h"
#include "ledger/verify.h"

enum {
    STORY_SOULS = 6,
    STORY_KEPT = 8,    /* records of one person */
    STORY_ERASED = 12, /* the last ones are looked for */
    STORY_RECEIPT = 60000,
};

/* How often something was done: `maybe` times more, where no answer came. */
struct told {
    uint64_t sure, maybe;
    uint64_t in_ledger; /* as the entries say */
};

enum story_tally {
    TOLD_READS,
    TOLD_WRITES,
    TOLD_DENIALS,
    TOLD_OBJECTIONS,
    TOLD_OBJECTIONS_ENDED,
    TOLD_RESTRICTIONS,
    TOLD_RESTRICTIONS_ENDED,
    TOLD_KINDS,
};

struct soul {
    bool lives;
    char reference[24];
    uint64_t person;
    uint64_t records[STORY_KEPT]; /* 0: none */
    uint32_t stamps[STORY_KEPT];
    bool objected, restricted;
    struct told told[TOLD_KINDS];
    uint64_t seen_through; /* entries of leaves below were counted */
};

struct erased {
    char reference[24];
    uint64_t person;
    uint64_t records[STORY_KEPT];
};

enum story_act {
    ACT_NONE,
    ACT_ADD,
    ACT_PUT,
    ACT_REWRITE,
    ACT_READ,
    ACT_JUDGE, /* a read for the purpose that can be objected to */
    ACT_DELETE,
    ACT_OBJECT,
    ACT_RESTRICT,
    ACT_ERASE,
};

/* What is under way; after the kill, what was never answered. */
struct doing {
    enum story_act act;
    size_t soul, slot;
    uint32_t stamp;
};

struct story {
    struct guard_world *w;
    struct note_vkey log;
    uint8_t token[API_TOKEN_BYTES];
    uint64_t comments, safety, comment; /* numbers */
    struct soul souls[STORY_SOULS];
    struct erased erased[STORY_ERASED];
    uint64_t born, erasures, acts, entries, receipts;
    struct doing doing;
    uint32_t dice;
    atomic_bool stops;     /* from the kill on */
    bool goes_on;          /* story_go_on does */
    bool wrong;            /* an answer that may not be */
    char checkpoint[4096]; /* the last that was seen published */
    size_t checkpoint_len;
    uint64_t leaves;
};

bool story_open(struct story *s, struct guard_world *w, uint32_t seed);
/* For a thread: acts until nobody answers. */
void *story_go_on(void *story);
/* With no guard: the published log verifies and begins with what was published before. */
bool story_log_verifies(struct story *s);
/* With a guard again. */
bool story_stands(struct story *s);

#endif
