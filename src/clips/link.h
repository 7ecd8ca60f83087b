/* The front's way to the guard: a few connections, many requests on each at once.
 *
 * Connections are made before the sandbox closes and cannot be made again after it. When one ends,
 * the guard was restarted or stopped: every request that waits fails with E_HTTP_GUARD_AWAY, every
 * lease has ended, and the process is meant to end so that a new one is started. */
#ifndef WARD_CLIPS_LINK_H
#define WARD_CLIPS_LINK_H

#include "api/frame.h"

struct link_pool;

enum link_lane {
    LINK_ASK,    /* requests that answer soon */
    LINK_UPLOAD, /* chunks of clips, so that they hold up nobody else */
    LINK_LANES,
};

/* Called once for each call, from the thread of the pool. Success: answer->fields are there. Any
 * other status: answer->refusal may say more, or answer is NULL when the guard never answered. What
 * answer points to ends with the call. fd (or -1) is the callee's. */
typedef void link_done(void *context, struct status s, const struct api_answer *answer, int fd);

/* A notice, from the thread of the pool; kind 0: every lease has ended. */
typedef void link_notice(void *context, unsigned kind, uint64_t lease);

/* Connects. E_HTTP_GUARD_AWAY, E_MEMORY, E_TOO_LARGE (the path). */
MUST_USE struct status link_pool_open(const char *socket_path, struct link_pool **ret_pool);
/* A pool that is away from the start. */
MUST_USE struct status link_pool_away(struct link_pool **ret_pool);
/* Starts the thread. E_HTTP_START. */
MUST_USE struct status link_pool_start(struct link_pool *pool, link_notice *notice, void *context);
/* The guard counts as away from now on; what waits fails. */
void link_pool_fail(struct link_pool *pool);
/* Ends the thread; no call may be under way any more. */
void link_pool_stop(struct link_pool **pool);
bool link_is_away(const struct link_pool *pool);
/* Readable once the guard is away. */
int link_away_fd(const struct link_pool *pool);

/* Sends a request; `done` is called later if and only if this succeeds. `flags` are those of the
 * frame; token NULL: no session.
 * E_HTTP_GUARD_AWAY, E_HTTP_BUSY, and what the values' limits say (E_TOO_LARGE, E_ENCODING...). */
MUST_USE struct status link_call(struct link_pool *pool, enum link_lane lane,
                                 const struct api_op *op, uint8_t flags, const uint8_t *token,
                                 const struct api_value *args, link_done *done, void *context);

#endif
