/* Requests that are asked again and again over many connections of a guard's socket: each
 * connection keeps so many under way, and asks its next one when one was answered. A refusal ends
 * the program: it is no answer, and faster than one. */
#ifndef WARD_BENCH_ASKING_H
#define WARD_BENCH_ASKING_H

#include <stdatomic.h>

#include "base/buf.h"

enum { ASKING_CLIENTS = 64, ASKING_DEPTH = 32 };

struct asking {
    const char *path;                       /* of the socket */
    struct slice frames[ASKING_CLIENTS][2]; /* what each asks, in turn */
    size_t clients, depth;
    size_t wanted;  /* answers in all; SIZE_MAX: until it is stopped */
    double *took_s; /* of each answer; NULL: nobody wants to know */
    atomic_bool stops;
    size_t done;
    double seconds; /* from the first request to the last answer */
};

/* Fills done, seconds, and `wanted` of took_s, which it sorts. */
void asking_run(struct asking *a);

#endif
