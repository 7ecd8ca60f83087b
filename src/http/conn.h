/* The state of a connection that stands between the kernel and the HTTP library. */
#ifndef WARD_HTTP_CONN_H
#define WARD_HTTP_CONN_H

#include <stdatomic.h>
#include <sys/types.h>

#include "http/head.h"

/* The request that stands in for one that was refused. */
#define HTTP_REFUSED_TARGET "/.refused"

struct http_conn {
    int fd;
    uint8_t *held; /* bytes read from the socket and not yet handed on */
    size_t held_bytes;
    size_t held_from;   /* the first of them */
    size_t free_bytes;  /* of the held ones, how many may be handed on: checked heads, bodies */
    uint64_t body_left; /* of the request whose head was handed on last */
    int64_t body_deadline_ms;
    bool looked_at;   /* what is held is the start of a head, and more must come */
    bool drained;     /* the kernel has no more for now */
    bool refused;     /* nothing more is read */
    bool ended;       /* the peer sends no more */
    uint16_t refusal; /* an error code, for the request that stands in */
    uint64_t checked; /* heads that passed, the one that stands in included */
    uint64_t handled; /* requests that reached a handler */
};

/* From the start of a connection to its end, in the thread that serves it. */
MUST_USE struct status http_conn_open(int fd, struct http_conn **ret_conn);
void http_conn_close(struct http_conn **conn);
/* The state of an open connection, NULL for any other descriptor. */
struct http_conn *http_conn_of(int fd);
/* What recv(2) would do, of checked bytes only. */
ssize_t http_conn_recv(struct http_conn *conn, void *to, size_t max);

#endif
