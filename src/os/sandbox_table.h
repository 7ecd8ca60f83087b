/* The shape of the sandbox's table. Private to the room: the rows are in sandbox_table.c, what is
 * done with them in sandbox.c. */
#ifndef WARD_OS_SANDBOX_TABLE_H
#define WARD_OS_SANDBOX_TABLE_H

#include "os/sandbox.h"

/* A system call that is allowed, perhaps only if one argument, masked, has one value. */
struct sandbox_call {
    int number;
    bool conditional;
    uint8_t argument;
    uint64_t mask;
    uint64_t value;
};

enum sandbox_group {
    GROUP_RUN = 1 << 0,      /* memory, time, signals to oneself, exit, bytes on open descriptors */
    GROUP_THREADS = 1 << 1,  /* more threads, never processes */
    GROUP_MESSAGES = 1 << 2, /* packets and descriptors on sockets that are open */
    GROUP_MEMFD = 1 << 3,    /* memory files and their seals */
    GROUP_WAIT = 1 << 4,     /* poll, epoll, eventfd, timerfd, signalfd, pipes */
    GROUP_READ = 1 << 5,     /* opening files for reading, looking at names */
    GROUP_WRITE = 1 << 6,    /* opening for writing, creating, renaming, removing, syncing */
    GROUP_ACCEPT = 1 << 7,   /* taking connections from listeners that are open */
    GROUP_DIAL = 1 << 8,     /* sockets of the internet, and connecting them */
    GROUP_SANITIZER = 1 << 9, /* what ASan adds; in sanitized builds alone */
};

enum sandbox_otherwise { OTHERWISE_EPERM, OTHERWISE_KILL };

#define LIMIT_KEEP (-1)

struct sandbox_profile {
    const char *name;
    unsigned groups;
    enum sandbox_otherwise otherwise; /* what a call outside the list meets */
    bool connect_tcp;                 /* Landlock, from ABI 4 */
    int64_t address_space_mib;
    int64_t cpu_s;
    int64_t file_size_mib;
    int64_t descriptors;
    int64_t processes;
};

const struct sandbox_profile *sandbox_profile(enum os_profile profile);
/* The calls of the group whose bit has that number; NULL past the last group. */
const struct sandbox_call *sandbox_group(unsigned bit, size_t *ret_count);
/* Calls that no part of Ward makes: whoever does has been taken over, and is killed. */
const int *sandbox_never(size_t *ret_count);
/* Calls that the C library makes on its own and can do without. */
const int *sandbox_refused(size_t *ret_count);

#endif
