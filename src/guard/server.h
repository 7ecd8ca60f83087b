/* Sockets of the guard: an event loop over listeners that were inherited. */
#ifndef WARD_GUARD_SERVER_H
#define WARD_GUARD_SERVER_H

#include "guard/guard.h"

struct server;

struct server_options {
    int front_fd;   /* a listening stream socket; -1: no service, programs only */
    int admin_fd;   /* another, in a directory of the owner's alone */
    int program_fd; /* another, for registered programs; -1: there are none */
    int studio_fd;  /* one end of a SOCK_SEQPACKET pair to the supervisor; -1: no studio */
    int stop_fd;    /* readable when it is time to end */
};

/* Takes over the descriptors. Starts the password thread: enter the sandbox before. */
MUST_USE struct status server_new(const struct server_options *options, struct server **ret_server);
/* To be given to guard_new as spawn and its argument. */
struct status server_spawn(void *server, uint8_t role);
/* Until stop_fd is readable (success), or the vault can no longer serve (its error). */
MUST_USE struct status server_run(struct server *server, struct vault *vault, struct guard *guard);
void server_free(struct server **server);

#endif
