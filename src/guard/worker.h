/* The thread that works passwords, and its two queues. */
#ifndef WARD_GUARD_WORKER_H
#define WARD_GUARD_WORKER_H

#include "guard/guard.h"

struct worker;

/* A request that waits for its password. */
struct waiting {
    struct guard_password *job;
    size_t place; /* of its connection */
    uint64_t number;
    enum guard_role role;
    struct buf frame;
    struct waiting *next;
};

/* done_fd becomes readable (an eventfd) when something came back. */
MUST_USE struct status worker_new(struct worker **ret_worker, int *ret_done_fd);
/* Waits for the password at work, drops the rest. */
void worker_free(struct worker **worker);
/* Takes over `w` on success. E_BUSY when the queue is full. */
MUST_USE struct status worker_put(struct worker *worker, struct waiting *w);
/* What came back, or NULL; the caller's. */
struct waiting *worker_take(struct worker *worker);
void waiting_free(struct waiting **w);

#endif
