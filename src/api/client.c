/* libward: a pool of connections to the guard, one call at a time on each. Must never put a
 * connection back of which it does not know that it stands between two frames. */
#include "ward/ward.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    IDLE_MAX = 64,
    TIMEOUT_DEFAULT_MS = 30000,
    ARENA_MAX_BYTES = 16 << 20,
    LINGER_NS = 100000, /* a guard that must be woken first answers within it, too */
    LATE_CALLS = 16,
};

struct ward_client {
    struct sockaddr_un address;
    pthread_mutex_t lock;
    uint32_t timeout_ms;
    uint32_t next_id;
    size_t idle_count;
    int idle[IDLE_MAX];
};

struct ward_watch {
    int fd;
    size_t have;
    uint8_t frame[API_HEAD_BYTES + 8];
};

struct status ward_open(const char *socket_path, struct ward_client **ret_client) {
    struct ward_client *c = mem_alloc(sizeof *c);
    if (c == NULL) {
        return FAIL(E_MEMORY);
    }
    size_t len = strlen(socket_path);
    if (len >= sizeof c->address.sun_path) {
        mem_free(c);
        return FAIL(E_TOO_LARGE);
    }
    c->address.sun_family = AF_UNIX;
    memcpy(c->address.sun_path, socket_path, len);
    c->timeout_ms = TIMEOUT_DEFAULT_MS;
    pthread_mutex_init(&c->lock, NULL);
    *ret_client = c;
    return STATUS_OK;
}

void ward_close(struct ward_client **client) {
    struct ward_client *c = *client;
    *client = NULL;
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->idle_count; i++) {
        close(c->idle[i]);
    }
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

void ward_set_timeout_ms(struct ward_client *client, uint32_t timeout_ms) {
    client->timeout_ms = timeout_ms;
}

struct status ward_token_read(const char *hex, uint8_t ret_token[API_TOKEN_BYTES]) {
    return hex_decode(slice_str(hex), ret_token, API_TOKEN_BYTES);
}

/* --- connections --- */

static struct status dial(const struct ward_client *c, int *ret_fd) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return FAIL(E_NOT_RUNNING);
    }
    struct timeval limit = {.tv_sec = c->timeout_ms / 1000,
                            .tv_usec = (suseconds_t)(c->timeout_ms % 1000) * 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (const struct sockaddr *)&c->address, sizeof c->address) != 0) {
        close(fd);
        return FAIL(E_NOT_RUNNING);
    }
    *ret_fd = fd;
    return STATUS_OK;
}

/* An idle connection has nothing to read: end of file means that the guard was restarted. */
static bool is_fresh(int fd) {
    uint8_t byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static struct status take(struct ward_client *c, int *ret_fd, uint32_t *ret_id) {
    int fd = -1;
    pthread_mutex_lock(&c->lock);
    *ret_id = ++c->next_id == 0 ? ++c->next_id : c->next_id;
    while (fd < 0 && c->idle_count > 0) {
        fd = c->idle[--c->idle_count];
        if (!is_fresh(fd)) {
            close(fd);
            fd = -1;
        }
    }
    pthread_mutex_unlock(&c->lock);
    if (fd < 0) {
        return dial(c, ret_fd);
    }
    *ret_fd = fd;
    return STATUS_OK;
}

static void put_back(struct ward_client *c, int fd) {
    pthread_mutex_lock(&c->lock);
    bool kept = c->idle_count < IDLE_MAX;
    if (kept) {
        c->idle[c->idle_count++] = fd;
    }
    pthread_mutex_unlock(&c->lock);
    if (!kept) {
        close(fd);
    }
}

/* --- bytes --- */

static struct status send_all(int fd, struct slice bytes) {
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return FAIL(E_NOT_RUNNING);
        }
        bytes = slice_from(bytes, (size_t)n);
    }
    return STATUS_OK;
}

/* Keeps the first descriptor and closes any other. */
static void take_descriptors(struct msghdr *message, int *fd) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int got;
            memcpy(&got, CMSG_DATA(c) + i * sizeof got, sizeof got);
            if (*fd < 0) {
                *fd = got;
            } else {
                close(got);
            }
        }
    }
}

static int64_t steady_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A guard that has nothing else to do answers sooner than a sleeper is woken. After an answer that
 * took longer, most calls sleep at once. */
static ssize_t receive_some(int fd, struct msghdr *message) {
    static _Thread_local unsigned sleeps;
    int64_t from_ns = steady_ns();
    ssize_t n = -1;
    errno = EAGAIN;
    while (sleeps == 0 && n < 0 && errno == EAGAIN && steady_ns() - from_ns < LINGER_NS) {
        sched_yield();
        n = recvmsg(fd, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    }
    if (n < 0 && errno == EAGAIN) {
        n = recvmsg(fd, message, MSG_CMSG_CLOEXEC);
        bool late = n < 0 || steady_ns() - from_ns >= LINGER_NS;
        sleeps = !late ? 0 : sleeps > 0 ? sleeps - 1 : LATE_CALLS;
    }
    return n;
}

/* At least `least` bytes, and what else has come, up to `most`. */
static struct status receive(int fd, uint8_t *to, size_t least, size_t most, size_t *ret_len,
                             int *ret_fd) {
    size_t have = 0;
    while (have < least) {
        union {
            struct cmsghdr align;
            uint8_t bytes[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec part = {to + have, most - have};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof control.bytes};
        ssize_t n = receive_some(fd, &message);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return FAIL(E_NOT_RUNNING);
        }
        take_descriptors(&message, ret_fd);
        have += (size_t)n;
    }
    *ret_len = have;
    return STATUS_OK;
}

/* Most answers come with one call to the kernel. `alone`: nothing follows this one unasked. */
static struct status receive_frame(int fd, bool alone, struct ward_answer *answer) {
    enum { FIRST_BYTES = 4096 };
    struct buf *frame = &answer->frame;
    size_t size;
    size_t more = 0;
    TRY(buf_reserve(frame, FIRST_BYTES));
    TRY(receive(fd, frame->ptr, 4, alone ? FIRST_BYTES : 4, &frame->len, &answer->fd));
    TRY(api_frame_size(buf_slice(frame), API_MAX_ANSWER, &size));
    if (frame->len > size) {
        return FAIL(E_FRAME);
    }
    TRY(buf_reserve(frame, size - frame->len));
    TRY(receive(fd, frame->ptr + frame->len, size - frame->len, size - frame->len, &more,
                &answer->fd));
    frame->len += more;
    return STATUS_OK;
}

/* --- calls --- */

static struct status exchange(int fd, const struct api_op *op, uint32_t id, struct slice request,
                              bool alone, struct ward_answer *answer, struct api_answer *ret_read) {
    TRY(send_all(fd, request));
    TRY(receive_frame(fd, alone, answer));
    struct slice frame = buf_slice(&answer->frame);
    if (api_frame_id(frame) != id) {
        return FAIL(E_FRAME);
    }
    TRY(api_answer_read(frame, op, &answer->arena, ret_read));
    bool promised = (ret_read->flags & API_FLAG_DESCRIPTOR) != 0;
    return promised == (answer->fd >= 0) ? STATUS_OK : FAIL(E_FRAME);
}

static struct status call(struct ward_client *c, const struct api_op *op, const uint8_t *token,
                          const struct api_value *args, struct ward_answer *answer) {
    struct buf request CLEANUP(buf_done) = {0};
    buf_init_secret(&request, API_MAX_REQUEST);
    int fd;
    uint32_t id;
    TRY(take(c, &fd, &id));
    struct api_answer read = {0};
    struct status s = api_request_write(op, id, 0, token, args, &request);
    if (failed(s)) {
        put_back(c, fd);
        return s;
    }
    s = exchange(fd, op, id, buf_slice(&request), true, answer, &read);
    if (failed(s)) {
        close(fd);
        return s;
    }
    put_back(c, fd);
    answer->answered = true;
    answer->flags = read.flags;
    answer->fields = read.fields;
    answer->refusal = read.refusal;
    return (struct status){read.code};
}

struct status ward_call(struct ward_client *client, uint16_t op, const uint8_t *token,
                        const struct api_value *args, struct ward_answer *ret_answer) {
    *ret_answer = (struct ward_answer){.fd = -1};
    arena_init(&ret_answer->arena, ARENA_MAX_BYTES);
    buf_init_secret(&ret_answer->frame, API_MAX_ANSWER);
    const struct api_op *info = api_op_find(op);
    return info == NULL ? FAIL(E_OP_UNKNOWN) : call(client, info, token, args, ret_answer);
}

void ward_answer_done(struct ward_answer *answer) {
    if (answer->fd >= 0) {
        close(answer->fd);
        answer->fd = -1;
    }
    answer->fields = NULL;
    arena_done(&answer->arena);
    buf_done(&answer->frame);
}

/* --- notices --- */

struct status ward_watch_open(struct ward_client *client, struct ward_watch **ret_watch) {
    const struct api_op *op = api_op_find(API_LEASE_WATCH);
    struct ward_answer answer = {.fd = -1};
    struct api_answer read = {0};
    struct buf request CLEANUP(buf_done) = {0};
    buf_init(&request, API_MAX_REQUEST);
    int fd;
    TRY(api_request_write(op, 1, 0, NULL, NULL, &request));
    TRY(dial(client, &fd));
    arena_init(&answer.arena, ARENA_MAX_BYTES);
    buf_init(&answer.frame, API_MAX_ANSWER);
    struct status s = exchange(fd, op, 1, buf_slice(&request), false, &answer, &read);
    ward_answer_done(&answer);
    struct ward_watch *w = failed(s) || read.code != OK ? NULL : mem_alloc(sizeof *w);
    if (w == NULL) {
        close(fd);
        return failed(s) ? s : (struct status){read.code != OK ? read.code : E_MEMORY};
    }
    w->fd = fd;
    *ret_watch = w;
    return STATUS_OK;
}

static struct status read_notice(struct ward_watch *w, struct ward_notice *ret_notice) {
    struct api_answer read;
    w->have = 0;
    TRY(api_answer_read(slice_of(w->frame, sizeof w->frame), NULL, NULL, &read));
    ret_notice->kind = (enum api_notice)read.code;
    ret_notice->lease = read.lease;
    return STATUS_OK;
}

struct status ward_watch_next(struct ward_watch *watch, int timeout_ms,
                              struct ward_notice *ret_notice, bool *ret_some) {
    *ret_some = false;
    while (watch->have < sizeof watch->frame) {
        struct pollfd ready = {watch->fd, POLLIN, 0};
        int n = poll(&ready, 1, timeout_ms);
        if (n == 0) {
            return STATUS_OK;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        ssize_t got = recv(watch->fd, watch->frame + watch->have, sizeof watch->frame - watch->have,
                           MSG_DONTWAIT);
        if (got <= 0 && !(got < 0 && (errno == EAGAIN || errno == EINTR))) {
            return FAIL(E_NOT_RUNNING);
        }
        watch->have += got > 0 ? (size_t)got : 0;
    }
    TRY(read_notice(watch, ret_notice));
    *ret_some = true;
    return STATUS_OK;
}

void ward_watch_close(struct ward_watch **watch) {
    if (*watch != NULL) {
        close((*watch)->fd);
        mem_free(*watch);
        *watch = NULL;
    }
}
