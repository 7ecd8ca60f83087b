/* The loop of ward-rank: facts in, acknowledgements at once, an order after facts and
 * every hour. It is told even where it is the same: the guard takes revoked clips out of the one
 * that it has, and they may have come back. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "os/clock.h"
#include "rank/rank.h"

enum { HOUR_MS = 3600 * 1000 };

struct talk {
    struct rank *rank;
    int fd;
    const struct os_clock *clock;
    uint64_t seq;
    uint32_t hour;   /* of the order that was told */
    int64_t next_ms; /* when the next order may go */
    bool changed;    /* facts came since */
    bool gone;
};

static void answer(struct talk *t, const struct rank_answer *a) {
    size_t len = RANK_HEAD_BYTES + a->count * sizeof *a->clips;
    if (send(t->fd, a, len, MSG_NOSIGNAL) != (ssize_t)len) {
        t->gone = true;
    }
}

static struct status take(struct talk *t) {
    struct rank_fact facts[RANK_FACTS_MOST + 1];
    ssize_t n = recv(t->fd, facts, sizeof facts, 0);
    if (n <= 0) {
        t->gone = n == 0 || errno != EINTR;
        return STATUS_OK;
    }
    TRY(rank_take(t->rank, slice_of((const uint8_t *)facts, (size_t)n), &t->seq));
    t->changed = true;
    answer(t, &(struct rank_answer){.version = RANK_VERSION, .kind = RANK_ACK, .seq = t->seq});
    return STATUS_OK;
}

static void tell(struct talk *t, int64_t now_ms) {
    struct rank_answer a = {.version = RANK_VERSION, .kind = RANK_ORDERED, .seq = t->seq};
    size_t count;
    t->hour = (uint32_t)(now_ms / HOUR_MS);
    t->next_ms = now_ms + RANK_ANSWER_MS;
    t->changed = false;
    rank_order(t->rank, t->hour, a.clips, &count);
    a.count = (uint16_t)count;
    answer(t, &a);
}

/* How long nothing needs doing: until the next order may go, or the hour ends. */
static int wait_of(const struct talk *t, int64_t now_ms) {
    int64_t left = t->changed ? t->next_ms - now_ms : HOUR_MS - now_ms % HOUR_MS;
    /* A clock that was set back must not make the order wait for it. */
    if (t->changed && left > RANK_ANSWER_MS) {
        return RANK_ANSWER_MS;
    }
    return left > 0 ? (int)left : 0;
}

static bool is_due(const struct talk *t, int64_t now_ms) {
    bool other_hour = t->hour != 0 && (uint32_t)(now_ms / HOUR_MS) != t->hour;
    return other_hour ||
           (t->changed && (now_ms >= t->next_ms || now_ms + RANK_ANSWER_MS < t->next_ms));
}

static struct status turn(struct talk *t) {
    struct pollfd fd = {.fd = t->fd, .events = POLLIN};
    int ready = poll(&fd, 1, wait_of(t, os_now_ms(t->clock)));
    if (ready < 0 && errno != EINTR) {
        return FAIL(E_UNKNOWN);
    }
    if (ready > 0) {
        TRY(take(t));
    }
    int64_t now_ms = os_now_ms(t->clock);
    if (is_due(t, now_ms) && !t->gone) {
        tell(t, now_ms);
    }
    return STATUS_OK;
}

struct status rank_serve(struct rank *r, int fd, const struct os_clock *clock) {
    struct talk t = {.rank = r, .fd = fd, .clock = clock};
    while (!t.gone) {
        TRY(turn(&t));
    }
    return STATUS_OK;
}
