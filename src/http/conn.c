/* Stands between the kernel and the HTTP library, so that the library reads checked bytes only.
 *
 * The library takes a request's bytes with recv(2) and is laxer than is safe. This file defines
 * recv: the library's calls come here (the linker binds them to the program's own definition), each
 * head is held back until it is whole and has passed http_head_check, and then handed on together
 * with exactly the body that it announced. A head that is refused is replaced by a small request
 * of our own, whose handler answers with the error and closes. Other ways were weighed: a relay in
 * front costs every byte of a clip a second pass through the kernel; looking first and letting the
 * library read afterwards leaves a gap between the two reads.
 *
 * If a build should ever fail to bind recv, no head counts as checked and http_server answers
 * nothing but E_HTTP_UNCHECKED: it fails closed, and the tests notice.
 *
 * Must never hand on a byte of a head that has not passed. */
#include "conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/mem.h"

#define HELD_BYTES HTTP_MAX_HEAD_BYTES
#define MAX_FD     16384

static _Atomic(struct http_conn *) conns[MAX_FD];

static const char stand_in[] = "GET " HTTP_REFUSED_TARGET " HTTP/1.1\r\n"
                               "Host: ward\r\nConnection: close\r\n\r\n";

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct status http_conn_open(int fd, struct http_conn **ret_conn) {
    if (fd < 0 || fd >= MAX_FD) {
        return FAIL(E_HTTP_BUSY);
    }
    struct http_conn *conn = mem_alloc(sizeof *conn);
    uint8_t *held = mem_alloc(HELD_BYTES);
    if (conn == NULL || held == NULL) {
        mem_free(conn);
        mem_free(held);
        return FAIL(E_MEMORY);
    }
    conn->fd = fd;
    conn->held = held;
    atomic_store_explicit(&conns[fd], conn, memory_order_release);
    *ret_conn = conn;
    return STATUS_OK;
}

void http_conn_close(struct http_conn **conn) {
    if (*conn == NULL) {
        return;
    }
    atomic_store_explicit(&conns[(*conn)->fd], NULL, memory_order_release);
    mem_wipe((*conn)->held, HELD_BYTES);
    mem_free((*conn)->held);
    mem_free(*conn);
    *conn = NULL;
}

struct http_conn *http_conn_of(int fd) {
    if (fd < 0 || fd >= MAX_FD) {
        return NULL;
    }
    return atomic_load_explicit(&conns[fd], memory_order_acquire);
}

static void refuse(struct http_conn *conn, uint16_t code) {
    /* What the client still sends is thrown away; unread bytes at the close would make the kernel
     * reset the connection under our answer. */
    (void)recvfrom(conn->fd, NULL, HTTP_CONNECTION_BYTES, MSG_TRUNC | MSG_DONTWAIT, NULL, NULL);
    conn->refused = true;
    conn->refusal = code;
    memcpy(conn->held, stand_in, sizeof stand_in - 1);
    conn->held_from = 0;
    conn->held_bytes = sizeof stand_in - 1;
    conn->free_bytes = sizeof stand_in - 1;
    conn->body_left = 0;
    conn->checked++;
}

/* A body may come slowly, but not for ever. */
static int64_t body_deadline(uint64_t bytes) {
    return now_ms() + HTTP_BODY_GRACE_MS + (int64_t)(bytes * 1000 / HTTP_BODY_MIN_RATE);
}

/* Checks the head at the start of what is held. */
static void check_head(struct http_conn *conn) {
    struct slice held = slice_of(conn->held + conn->held_from, conn->held_bytes);
    struct http_framing framing;
    struct status s = http_head_check(held, &framing);
    if (failed(s)) {
        refuse(conn, s.code);
        return;
    }
    if (framing.head_bytes == 0) {
        return;
    }
    uint64_t after = held.len - framing.head_bytes;
    uint64_t here = framing.body_bytes < after ? framing.body_bytes : after;
    conn->checked++;
    conn->free_bytes = framing.head_bytes + (size_t)here;
    conn->body_left = framing.body_bytes - here;
    conn->body_deadline_ms = conn->body_left > 0 ? body_deadline(framing.body_bytes) : 0;
}

static size_t hand_on(struct http_conn *conn, uint8_t *to, size_t max) {
    size_t n = conn->free_bytes < max ? conn->free_bytes : max;
    memcpy(to, conn->held + conn->held_from, n);
    mem_wipe(conn->held + conn->held_from, n);
    conn->held_from += n;
    conn->held_bytes -= n;
    conn->free_bytes -= n;
    if (conn->held_bytes == 0) {
        conn->held_from = 0;
    }
    return n;
}

static ssize_t read_body(struct http_conn *conn, uint8_t *to, size_t max) {
    if (now_ms() > conn->body_deadline_ms) {
        conn->ended = true;
        return 0;
    }
    size_t want = conn->body_left < max ? (size_t)conn->body_left : max;
    ssize_t n = recvfrom(conn->fd, to, want, 0, NULL, NULL);
    if (n > 0) {
        conn->body_left -= (uint64_t)n;
    }
    conn->drained = n < (ssize_t)want;
    return n;
}

/* Reads more of a head that is not whole yet. */
static ssize_t read_head(struct http_conn *conn) {
    if (conn->held_from > 0) {
        memmove(conn->held, conn->held + conn->held_from, conn->held_bytes);
        conn->held_from = 0;
    }
    size_t room = HELD_BYTES - conn->held_bytes;
    ssize_t n = recvfrom(conn->fd, conn->held + conn->held_bytes, room, 0, NULL, NULL);
    conn->drained = n < (ssize_t)room;
    if (n > 0) {
        conn->held_bytes += (size_t)n;
        conn->looked_at = false;
    }
    return n;
}

/* One step towards more bytes: > 0 handed on, 0 the end, -1 with errno. */
static ssize_t step(struct http_conn *conn, uint8_t *to, size_t max) {
    for (;;) {
        if (conn->free_bytes > 0) {
            return (ssize_t)hand_on(conn, to, max);
        }
        if (conn->body_left == 0 && conn->held_bytes > 0 && !conn->looked_at) {
            check_head(conn);
            conn->looked_at = conn->free_bytes == 0;
            continue;
        }
        if (conn->refused || conn->drained) {
            errno = EAGAIN;
            return -1;
        }
        if (conn->body_left > 0) {
            return read_body(conn, to, max);
        }
        ssize_t n = read_head(conn);
        if (n <= 0) {
            return n;
        }
    }
}

ssize_t http_conn_recv(struct http_conn *conn, void *to, size_t max) {
    size_t got = 0;
    if (conn->ended) {
        return 0;
    }
    conn->drained = false;
    while (got < max) {
        ssize_t n = step(conn, (uint8_t *)to + got, max - got);
        if (n > 0) {
            got += (size_t)n;
            continue;
        }
        if (n == 0) {
            conn->ended = true;
        }
        return got > 0 ? (ssize_t)got : n;
    }
    return (ssize_t)got;
}

/* The library's recv. See the top of this file. */
ssize_t recv(int fd, void *to, size_t max, int flags) {
    struct http_conn *conn = http_conn_of(fd);
    return conn == NULL ? recvfrom(fd, to, max, flags, NULL, NULL) : http_conn_recv(conn, to, max);
}
