/* The order of the feed without any profile, and the messages in which it is asked for and told.
 *
 * The guard tells rank about clips whose audience is everyone, and about nothing else: a number,
 * the hour of the upload, how many likes. No person, no name, no caption, no session stands in a
 * fact, and what no score needs is not sent (GDPR Art. 5(1)(c)). What rank answers is a proposal:
 * the guard checks every number in it against what this viewer may see.
 *
 *   struct rank *r = NULL;
 *   TRY(rank_new(&r));
 *   TRY(rank_take(r, packet, &seq));
 *   TRY(rank_order(r, now_hour, ids, &count));
 *
 * Both ends are on one machine and were built together: structs as they lie in memory, one message
 * a packet of a SOCK_SEQPACKET socket. */
#ifndef WARD_RANK_RANK_H
#define WARD_RANK_RANK_H

#include "base/status.h"

enum rank_limits {
    RANK_VERSION = 1,
    RANK_CLIPS_MOST = 65536, /* remembered; beyond, the oldest makes room */
    RANK_ORDER_MOST = 1000,  /* clips in an order */
    RANK_FACTS_MOST = 128,   /* in one packet */
    RANK_ANSWER_MS = 250,    /* between two orders at least */
    RANK_GUARD_GONE = 75,    /* exit status of ward-rank when the guard closed the socket */
};

/* On the channel between supervisor and guard, beside the studios' messages (media/studio.h). */
enum rank_channel {
    RANK_COMES = 2,   /* to the guard, with the socket of a rank that was just started */
    RANK_STOPS = 100, /* to the supervisor: this rank answers wrongly or not at all, end it */
};

enum rank_fact_kind {
    RANK_PUT = 1,  /* a clip, new or with other counts */
    RANK_DROP = 2, /* forget it; likes and hour are 0 */
};

/* From the guard: a packet is 1 to RANK_FACTS_MOST of these, seq counts up from 1 by 1. */
struct rank_fact {
    uint8_t version; /* RANK_VERSION */
    uint8_t kind;    /* enum rank_fact_kind */
    uint16_t zero;
    uint32_t likes;
    uint64_t seq;
    uint64_t clip; /* not 0 */
    uint32_t hour; /* of the upload, since 1970-01-01T00Z */
    uint32_t zero_too;
};

enum rank_answer_kind {
    RANK_ACK = 1,     /* everything up to seq was applied; count is 0 */
    RANK_ORDERED = 2, /* the same, and this is the order now */
};

/* From rank: the head alone, or with `count` clips after it, the best first, none twice. */
struct rank_answer {
    uint8_t version;
    uint8_t kind; /* enum rank_answer_kind */
    uint16_t count;
    uint32_t zero;
    uint64_t seq;
    uint64_t clips[RANK_ORDER_MOST];
};
#define RANK_HEAD_BYTES offsetof(struct rank_answer, clips)

_Static_assert(sizeof(struct rank_fact) == 32, "no padding");
_Static_assert(RANK_HEAD_BYTES == 16, "no padding");

struct rank;

/* All memory is taken here. E_MEMORY. */
MUST_USE struct status rank_new(struct rank **ret_rank);
void rank_free(struct rank **rank);
/* Applies a packet and answers the seq of its last fact. After E_FRAME nothing of it was applied.
 */
MUST_USE struct status rank_take(struct rank *r, struct slice packet, uint64_t *ret_seq);
size_t rank_count(const struct rank *r);
/* The best RANK_ORDER_MOST at that hour. ret_clips has that many places. */
void rank_order(struct rank *r, uint32_t now_hour, uint64_t *ret_clips, size_t *ret_count);
/* Integers alone: fresh first (half after two days), likes with less and less weight, and up to a
 * tenth that changes daily for each clip, so that the same few do not always stand first. */
uint32_t rank_score(uint64_t clip, uint32_t hour, uint32_t likes, uint32_t now_hour);

/* Answers the guard until it closes the socket (success) or breaks the rules (E_FRAME). */
struct os_clock;
MUST_USE struct status rank_serve(struct rank *r, int fd, const struct os_clock *clock);

#endif
