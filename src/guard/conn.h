/* One connection of the guard's: bytes in, frames out. */
#ifndef WARD_GUARD_CONN_H
#define WARD_GUARD_CONN_H

#include "guard/guard.h"

/* Bytes on their way out; a descriptor goes with the first of them. */
struct outgoing {
    struct buf bytes;
    size_t sent;
    int fd;
    struct outgoing *next;
};

struct conn {
    int fd;          /* -1: a free place */
    uint64_t number; /* of this use of the place */
    enum guard_role role;
    bool watches;
    bool closing; /* nothing more is read; closed once everything is sent */
    bool dead;
    bool wants_write; /* as epoll knows it */
    unsigned in_flight;
    struct buf in;
    size_t taken; /* bytes of `in` that were handed out as frames */
    struct outgoing *first;
    struct outgoing *last;
    size_t out_bytes;
};

void conn_init(struct conn *c);
void conn_open(struct conn *c, int fd, enum guard_role role, uint64_t number);
void conn_close(struct conn *c);
/* Reads what is there. False: the other end is gone or broke the rules. */
bool conn_read(struct conn *c);
/* The next whole frame in `in`, or empty. A frame that cannot be is the error. */
MUST_USE struct status conn_next(struct conn *c, struct slice *ret_frame);
/* Drops what was handed out. */
void conn_taken(struct conn *c);
/* Queues bytes (and a descriptor, or -1, which is the connection's from now on). */
MUST_USE struct status conn_send(struct conn *c, struct slice bytes, int fd);
/* Writes what the socket takes. False: the other end is gone. */
bool conn_flush(struct conn *c);

#endif
