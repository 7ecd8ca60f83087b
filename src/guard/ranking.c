/* The guard's end of rank. Must never block on it, never believe it, and never tell it of a clip
 * that is not for everybody. */
#include "ranking.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "rank/rank.h"

enum { HOUR_MS = 3600 * 1000, FORGET_MS = 1000, ANSWERS_A_TURN = 64 };

struct told {
    uint64_t clip;
    bool gone;
};

struct ranking {
    int fd;
    uint64_t sent;      /* seq of the last fact that rank has */
    uint64_t acked;     /* seq of the last one that it applied */
    uint64_t forget;    /* seq up to which a revocation was sent */
    bool forget_queued; /* one waits in the queue */
    int64_t since_ms;   /* by the steady clock, a revocation waits since then; 0: none */
    struct told *queue;
    size_t first; /* of the queue, not yet in the packet */
    size_t count;
    size_t cap;
    struct rank_fact packet[RANK_FACTS_MOST]; /* the next to go */
    size_t packet_count;
    uint64_t order[RANK_ORDER_MOST];
    size_t order_count;
};

struct status ranking_new(struct ranking **ret_ranking) {
    struct ranking *r = mem_alloc(sizeof *r);
    if (r == NULL) {
        return FAIL(E_MEMORY);
    }
    r->fd = -1;
    *ret_ranking = r;
    return STATUS_OK;
}

static void let_go(struct ranking *r) {
    if (r->fd >= 0) {
        close(r->fd);
    }
    mem_free(r->queue);
    *r = (struct ranking){.fd = -1};
}

void ranking_free(struct ranking **ranking) {
    if (*ranking != NULL) {
        let_go(*ranking);
        mem_free(*ranking);
        *ranking = NULL;
    }
}

/* Rank broke a rule. It is not spoken to again; the supervisor ends it and starts another. */
static void give_up(struct guard *g) {
    if (g->o.spawn != NULL) {
        (void)g->o.spawn(g->o.spawn_arg, RANK_STOPS).code;
    }
    let_go(g->ranking); /* after the word to the supervisor, which is to know why it ends */
}

/* --- what rank is to know --- */

static bool is_public(const struct clip *clip) {
    return clip->ready && clip->audience == AUDIENCE_EVERYONE;
}

static bool push(struct guard *g, uint64_t clip, bool gone) {
    struct ranking *r = g->ranking;
    if (r->count == r->cap) {
        size_t more = r->cap == 0 ? RANK_FACTS_MOST : r->cap * 2;
        struct told *bigger = mem_resize(r->queue, more, sizeof *bigger);
        if (bigger == NULL) {
            give_up(g);
            return false;
        }
        r->queue = bigger;
        r->cap = more;
    }
    r->queue[r->count++] = (struct told){clip, gone};
    return true;
}

static void forget_in_order(struct ranking *r, uint64_t clip) {
    for (size_t i = 0; i < r->order_count; i++) {
        if (r->order[i] == clip) {
            r->order_count--;
            memmove(r->order + i, r->order + i + 1, (r->order_count - i) * sizeof *r->order);
            return;
        }
    }
}

static void must_forget(struct guard *g, uint64_t clip) {
    struct ranking *r = g->ranking;
    forget_in_order(r, clip);
    r->forget_queued = true;
    r->since_ms = r->since_ms == 0 ? os_steady_ms(g->o.clock) : r->since_ms;
}

void ranking_touch(struct guard *g, struct clip *clip) {
    if (g->ranking->fd < 0 || (!clip->told && !is_public(clip))) {
        return;
    }
    if (clip->told && !is_public(clip)) {
        must_forget(g, clip->id);
    }
    if (!clip->waits) {
        clip->waits = push(g, clip->id, false);
    }
}

void ranking_gone(struct guard *g, const struct clip *clip) {
    if (g->ranking->fd < 0 || !clip->told) {
        return;
    }
    must_forget(g, clip->id);
    (void)push(g, clip->id, true);
}

void guard_rank_came(struct guard *g, int fd) {
    uint64_t below = 0;
    let_go(g->ranking);
    g->ranking->fd = fd;
    for (const struct clip *c = feed_below(g, 0); c != NULL; c = feed_below(g, below)) {
        struct clip *clip = feed_clip_marked(g, c->id);
        below = c->id;
        clip->told = false;
        clip->waits = false;
        ranking_touch(g, clip);
    }
}

/* --- telling --- */

/* False: rank need not hear of it. */
static bool fact_of(struct guard *g, const struct told *t, struct rank_fact *ret_fact) {
    struct clip *clip = t->gone ? NULL : feed_clip_marked(g, t->clip);
    *ret_fact = (struct rank_fact){.version = RANK_VERSION, .kind = RANK_DROP, .clip = t->clip};
    if (t->gone || clip == NULL) {
        return t->gone;
    }
    bool was_told = clip->told;
    clip->waits = false;
    clip->told = is_public(clip);
    if (clip->told) {
        ret_fact->kind = RANK_PUT;
        ret_fact->likes = clip->likes;
        ret_fact->hour = (uint32_t)(clip->v[STO_CLIP_CREATED_AT].i / HOUR_MS);
    }
    return clip->told || was_told;
}

static void fill_packet(struct guard *g) {
    struct ranking *r = g->ranking;
    while (r->first < r->count && r->packet_count < RANK_FACTS_MOST) {
        struct rank_fact *f = &r->packet[r->packet_count];
        if (fact_of(g, &r->queue[r->first++], f)) {
            f->seq = ++r->sent;
            r->packet_count++;
        }
    }
}

/* True when it went. */
static bool send_packet(struct guard *g) {
    struct ranking *r = g->ranking;
    size_t len = r->packet_count * sizeof *r->packet;
    ssize_t n = send(r->fd, r->packet, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n != (ssize_t)len) {
        if (n >= 0 || (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)) {
            give_up(g);
        }
        return false;
    }
    r->packet_count = 0;
    return true;
}

/* A revocation is done once everything that was sent with it is acknowledged. */
static void settle_forgetting(struct ranking *r) {
    if (!r->forget_queued && r->acked >= r->forget) {
        r->since_ms = 0;
    }
}

static void tell(struct guard *g) {
    struct ranking *r = g->ranking;
    while (r->first < r->count || r->packet_count > 0) {
        fill_packet(g);
        if (r->packet_count > 0 && !send_packet(g)) {
            return;
        }
    }
    r->first = 0;
    r->count = 0;
    if (r->forget_queued) {
        r->forget_queued = false;
        r->forget = r->sent;
        settle_forgetting(r);
    }
}

void ranking_tick(struct guard *g) {
    struct ranking *r = g->ranking;
    if (r->fd < 0) {
        return;
    }
    tell(g);
    if (r->since_ms != 0 && os_steady_ms(g->o.clock) - r->since_ms > FORGET_MS) {
        give_up(g);
    }
}

/* --- being answered --- */

static bool is_answer(const struct ranking *r, const struct rank_answer *a, size_t len) {
    return len >= RANK_HEAD_BYTES && a->version == RANK_VERSION && a->zero == 0 &&
           a->count <= RANK_ORDER_MOST && len == RANK_HEAD_BYTES + a->count * sizeof *a->clips &&
           (a->kind == RANK_ORDERED || (a->kind == RANK_ACK && a->count == 0)) &&
           a->seq >= r->acked && a->seq <= r->sent;
}

static void take_answer(struct guard *g, const struct rank_answer *a) {
    struct ranking *r = g->ranking;
    if (r->since_ms != 0 && a->seq > r->acked) {
        r->since_ms = os_steady_ms(g->o.clock);
    }
    r->acked = a->seq;
    settle_forgetting(r);
    if (a->kind == RANK_ORDERED) {
        memcpy(r->order, a->clips, a->count * sizeof *a->clips);
        r->order_count = a->count;
    }
}

void guard_rank_said(struct guard *g) {
    struct ranking *r = g->ranking;
    struct rank_answer a;
    for (int i = 0; i < ANSWERS_A_TURN && r->fd >= 0; i++) {
        memset(&a, 0, RANK_HEAD_BYTES);
        ssize_t n = recv(r->fd, &a, sizeof a, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (n <= 0) {
            let_go(r); /* it ended; the supervisor starts another */
            return;
        }
        if (!is_answer(r, &a, (size_t)n)) {
            give_up(g);
            return;
        }
        take_answer(g, &a);
    }
}

const uint64_t *ranking_order(const struct guard *g, size_t *ret_count) {
    *ret_count = g->ranking->order_count;
    return g->ranking->order;
}
