/* Frames in and out of a stream socket, with a bound on both sides. Must never hand out half a
 * frame, nor send a descriptor with other bytes than those it belongs to. */
#include "conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum { READ_BYTES = 65536, JOIN_BYTES = 65536, OUT_MAX_BYTES = 64 << 20 };

void conn_init(struct conn *c) {
    *c = (struct conn){.fd = -1};
}

void conn_open(struct conn *c, int fd, enum guard_role role, uint64_t number) {
    *c = (struct conn){.fd = fd, .number = number, .role = role};
    buf_init_secret(&c->in, API_MAX_REQUEST + READ_BYTES);
}

static void drop_first(struct conn *c) {
    struct outgoing *o = c->first;
    c->first = o->next;
    c->last = c->first == NULL ? NULL : c->last;
    c->out_bytes -= o->bytes.len;
    if (o->fd >= 0) {
        close(o->fd);
    }
    buf_done(&o->bytes);
    mem_free(o);
}

void conn_close(struct conn *c) {
    if (c->fd < 0) {
        return;
    }
    close(c->fd);
    while (c->first != NULL) {
        drop_first(c);
    }
    buf_done(&c->in);
    conn_init(c);
}

bool conn_read(struct conn *c) {
    for (;;) {
        if (failed(buf_reserve(&c->in, READ_BYTES))) {
            return true; /* full: what is there is worked first */
        }
        ssize_t n = recv(c->fd, c->in.ptr + c->in.len, READ_BYTES, MSG_DONTWAIT);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (n == 0) {
            return false;
        }
        c->in.len += (size_t)n;
        if (n < READ_BYTES) {
            return true;
        }
    }
}

struct status conn_next(struct conn *c, struct slice *ret_frame) {
    struct slice rest = slice_from(buf_slice(&c->in), c->taken);
    size_t size;
    *ret_frame = slice_of(NULL, 0);
    TRY(api_frame_size(rest, API_MAX_REQUEST, &size));
    if (size > 0 && size <= rest.len) {
        *ret_frame = slice_sub(rest, 0, size);
        c->taken += size;
    }
    return STATUS_OK;
}

void conn_taken(struct conn *c) {
    buf_take(&c->in, c->taken);
    c->taken = 0;
}

static struct status add_outgoing(struct conn *c, int fd) {
    struct outgoing *o = mem_alloc(sizeof *o);
    if (o == NULL) {
        return FAIL(E_MEMORY);
    }
    o->fd = fd;
    buf_init_secret(&o->bytes, OUT_MAX_BYTES);
    if (c->last == NULL) {
        c->first = o;
    } else {
        c->last->next = o;
    }
    c->last = o;
    return STATUS_OK;
}

struct status conn_send(struct conn *c, struct slice bytes, int fd) {
    bool joins = c->last != NULL && fd < 0 && c->last->bytes.len < JOIN_BYTES;
    if (c->fd < 0 || c->out_bytes + bytes.len > OUT_MAX_BYTES ||
        (!joins && failed(add_outgoing(c, fd)))) {
        if (fd >= 0) {
            close(fd);
        }
        return FAIL(E_BUSY);
    }
    TRY(buf_add(&c->last->bytes, bytes));
    c->out_bytes += bytes.len;
    return STATUS_OK;
}

static ssize_t send_some(int to, const struct outgoing *o) {
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {o->bytes.ptr + o->sent, o->bytes.len - o->sent};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (o->fd >= 0 && o->sent == 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &o->fd, sizeof(int));
    }
    return sendmsg(to, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool conn_flush(struct conn *c) {
    while (c->first != NULL) {
        ssize_t n = send_some(c->fd, c->first);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        c->first->sent += (size_t)n;
        if (c->first->sent == c->first->bytes.len) {
            drop_first(c);
        }
    }
    return true;
}
