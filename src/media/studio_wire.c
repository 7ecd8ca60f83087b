/* One packet of the studio protocol. Must never leak a descriptor that came unasked. */
#include "studio_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_DESCRIPTORS = 4 };

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
};

struct status studio_send(int fd, const struct studio_message *message, int in_fd) {
    struct studio_message copy = *message;
    struct iovec part = {&copy, sizeof copy};
    union control control = {.bytes = {0}};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    if (in_fd >= 0) {
        packet.msg_control = control.bytes;
        packet.msg_controllen = CMSG_SPACE(sizeof in_fd);
        struct cmsghdr *c = CMSG_FIRSTHDR(&packet);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof in_fd);
        memcpy(CMSG_DATA(c), &in_fd, sizeof in_fd);
    }
    ssize_t sent;
    do {
        sent = sendmsg(fd, &packet, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof copy ? STATUS_OK : FAIL(E_STUDIO_DIED);
}

/* Keeps the first descriptor, closes all others; tells how many there were. */
static size_t collect(struct msghdr *packet, int *ret_fd) {
    size_t count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(packet); c != NULL; c = CMSG_NXTHDR(packet, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (count++ == 0) {
                *ret_fd = fd;
            } else {
                (void)close(fd);
            }
        }
    }
    return count;
}

enum studio_received studio_receive(int fd, struct studio_message *ret_message, int *ret_fd) {
    struct iovec part = {ret_message, sizeof *ret_message};
    union control control;
    struct msghdr packet = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes};
    ssize_t got;
    do {
        got = recvmsg(fd, &packet, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    *ret_fd = -1;
    if (got < 0) {
        bool wait = errno == EAGAIN || errno == EWOULDBLOCK;
        return wait ? STUDIO_NOTHING : STUDIO_GONE;
    }
    size_t descriptors = collect(&packet, ret_fd);
    if (got == 0 && descriptors == 0) {
        return STUDIO_GONE;
    }
    bool whole = got == (ssize_t)sizeof *ret_message && descriptors <= 1 &&
                 (packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
    if (!whole && *ret_fd >= 0) {
        (void)close(*ret_fd);
        *ret_fd = -1;
    }
    return whole ? STUDIO_MESSAGE : STUDIO_NONSENSE;
}
