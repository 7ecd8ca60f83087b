/* Requests out, answers in, matched by their numbers. Must never call `done` twice for a request,
 * nor give a descriptor to an answer that it did not come with. */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    ASK_LINKS = 6,
    UPLOAD_LINKS = 2,
    WATCH = ASK_LINKS + UPLOAD_LINKS, /* the last link carries notices */
    LINKS,
    MAX_PENDING = 4096,
    MAX_OUT_BYTES = 32 << 20,
    MAX_QUEUED_FDS = 64,
    ARENA_BYTES = 16 << 20,
    TIMEOUT_MS = 30000,
    SWEEP_MS = 500,
};

struct link {
    int fd;
    pthread_mutex_t lock; /* of out */
    struct buf out;
    size_t out_sent;
    struct buf in;
    int fds[MAX_QUEUED_FDS]; /* that came and whose frame is not whole yet, in order */
    size_t fd_count;
};

struct pending {
    const struct api_op *op; /* NULL: free */
    link_done *done;
    void *context;
    uint32_t id;
    int64_t deadline_ms;
};

struct link_pool {
    struct link links[LINKS];
    pthread_mutex_t lock; /* of what follows */
    struct pending pending[MAX_PENDING];
    uint32_t next;
    uint32_t generation;
    atomic_bool away;
    atomic_bool stopping;
    atomic_uint turn;
    int wake_fd; /* for the thread: there is something to send, or to stop for */
    int away_fd;
    bool started;
    pthread_t thread;
    link_notice *notice;
    void *notice_context;
};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void signal_fd(int fd) {
    uint64_t one = 1;
    ssize_t ignored = write(fd, &one, sizeof one);
    (void)ignored;
}

/* --- opening --- */

static struct status dial(const char *path, int *ret_fd) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path) {
        return FAIL(E_TOO_LARGE);
    }
    memcpy(a.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return FAIL(E_HTTP_GUARD_AWAY);
    }
    int bytes = 4 << 20;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    *ret_fd = fd;
    return STATUS_OK;
}

static void pool_free(struct link_pool **pool) {
    struct link_pool *p = *pool;
    for (size_t i = 0; i < LINKS; i++) {
        struct link *l = &p->links[i];
        if (l->fd >= 0) {
            close(l->fd);
        }
        for (size_t n = 0; n < l->fd_count; n++) {
            close(l->fds[n]);
        }
        buf_done(&l->out);
        buf_done(&l->in);
        pthread_mutex_destroy(&l->lock);
    }
    close(p->wake_fd);
    close(p->away_fd);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
    *pool = NULL;
}

static struct status pool_new(struct link_pool **ret_pool) {
    struct link_pool *p = mem_alloc(sizeof *p);
    if (p == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < LINKS; i++) {
        p->links[i].fd = -1;
        pthread_mutex_init(&p->links[i].lock, NULL);
        buf_init_secret(&p->links[i].out, MAX_OUT_BYTES);
        buf_init_secret(&p->links[i].in, API_MAX_ANSWER);
    }
    pthread_mutex_init(&p->lock, NULL);
    p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->away_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *ret_pool = p;
    return STATUS_OK;
}

struct status link_pool_open(const char *socket_path, struct link_pool **ret_pool) {
    struct link_pool *p = NULL;
    TRY(pool_new(&p));
    for (size_t i = 0; i < LINKS; i++) {
        struct status s = dial(socket_path, &p->links[i].fd);
        if (failed(s)) {
            pool_free(&p);
            return s;
        }
    }
    *ret_pool = p;
    return STATUS_OK;
}

struct status link_pool_away(struct link_pool **ret_pool) {
    TRY(pool_new(ret_pool));
    atomic_store(&(*ret_pool)->away, true);
    signal_fd((*ret_pool)->away_fd);
    return STATUS_OK;
}

bool link_is_away(const struct link_pool *pool) {
    return atomic_load(&pool->away);
}

int link_away_fd(const struct link_pool *pool) {
    return pool->away_fd;
}

/* --- requests that wait --- */

static struct status reserve(struct link_pool *p, const struct api_op *op, link_done *done,
                             void *context, uint32_t *ret_id) {
    struct status s = FAIL(E_HTTP_BUSY);
    pthread_mutex_lock(&p->lock);
    for (uint32_t i = 0; i < MAX_PENDING; i++) {
        uint32_t slot = (p->next + i) % MAX_PENDING;
        if (p->pending[slot].op != NULL) {
            continue;
        }
        /* A number is used again only after a million requests, so that a late answer to one that
         * was given up meets nobody. It is never 0. */
        p->generation = p->generation % 0xfffff + 1;
        uint32_t id = p->generation << 12 | slot;
        p->pending[slot] = (struct pending){op, done, context, id, now_ms() + TIMEOUT_MS};
        p->next = slot + 1;
        *ret_id = id;
        s = STATUS_OK;
        break;
    }
    pthread_mutex_unlock(&p->lock);
    return s;
}

/* Takes the request with this number out of the table; op NULL when there is none. */
static struct pending take(struct link_pool *p, uint32_t id) {
    struct pending found = {0};
    pthread_mutex_lock(&p->lock);
    struct pending *slot = &p->pending[id % MAX_PENDING];
    if (slot->op != NULL && slot->id == id) {
        found = *slot;
        slot->op = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

/* Fails requests that have waited too long, or all of them. */
static void fail_pending(struct link_pool *p, int64_t until_ms) {
    for (uint32_t i = 0; i < MAX_PENDING; i++) {
        struct pending late = {0};
        pthread_mutex_lock(&p->lock);
        if (p->pending[i].op != NULL && p->pending[i].deadline_ms <= until_ms) {
            late = p->pending[i];
            p->pending[i].op = NULL;
        }
        pthread_mutex_unlock(&p->lock);
        if (late.op != NULL) {
            late.done(late.context, FAIL(E_HTTP_GUARD_AWAY), NULL, -1);
        }
    }
}

/* --- sending --- */

static bool is_again(void) {
    return errno == EAGAIN || errno == EINTR;
}

/* Sends what it can; the link's lock is held. False when the guard is gone. */
static bool flush(struct link *l) {
    while (l->out_sent < l->out.len) {
        ssize_t n = send(l->fd, l->out.ptr + l->out_sent, l->out.len - l->out_sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            return is_again();
        }
        l->out_sent += (size_t)n;
    }
    buf_clear(&l->out);
    l->out_sent = 0;
    return true;
}

static struct status put(struct link *l, const struct api_op *op, uint32_t id, uint8_t flags,
                         const uint8_t *token, const struct api_value *args, bool *ret_left) {
    pthread_mutex_lock(&l->lock);
    struct status s = api_request_write(op, id, flags, token, args, &l->out);
    if (!failed(s) && !flush(l)) {
        s = FAIL(E_HTTP_GUARD_AWAY);
    }
    *ret_left = l->out.len > 0;
    pthread_mutex_unlock(&l->lock);
    return s;
}

static struct link *choose(struct link_pool *p, enum link_lane lane) {
    unsigned turn = atomic_fetch_add(&p->turn, 1);
    if (lane == LINK_UPLOAD) {
        return &p->links[ASK_LINKS + turn % UPLOAD_LINKS];
    }
    return &p->links[turn % ASK_LINKS];
}

static struct status call_on(struct link_pool *p, struct link *l, const struct api_op *op,
                             uint8_t flags, const uint8_t *token, const struct api_value *args,
                             link_done *done, void *context) {
    uint32_t id;
    bool left = false;
    TRY(reserve(p, op, done, context, &id));
    struct status s =
        link_is_away(p) ? FAIL(E_HTTP_GUARD_AWAY) : put(l, op, id, flags, token, args, &left);
    if (failed(s)) {
        /* If the thread was quicker to give up on it, `done` has been called, and that counts. */
        return take(p, id).op == NULL ? STATUS_OK : s;
    }
    if (left) {
        signal_fd(p->wake_fd);
    }
    return STATUS_OK;
}

struct status link_call(struct link_pool *pool, enum link_lane lane, const struct api_op *op,
                        uint8_t flags, const uint8_t *token, const struct api_value *args,
                        link_done *done, void *context) {
    if (link_is_away(pool)) {
        return FAIL(E_HTTP_GUARD_AWAY);
    }
    return call_on(pool, choose(pool, lane), op, flags, token, args, done, context);
}

/* --- receiving --- */

static struct status keep_fds(struct link *l, struct msghdr *m) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (l->fd_count == MAX_QUEUED_FDS) {
                close(fd);
                return FAIL(E_FRAME);
            }
            l->fds[l->fd_count++] = fd;
        }
    }
    return STATUS_OK;
}

static int next_fd(struct link *l) {
    if (l->fd_count == 0) {
        return -1;
    }
    int fd = l->fds[0];
    l->fd_count--;
    memmove(l->fds, l->fds + 1, l->fd_count * sizeof l->fds[0]);
    return fd;
}

/* An answer whose request was given up: its descriptor is closed and nobody hears of it. */
static struct status dispatch_answer(struct link_pool *p, struct link *l, struct slice frame,
                                     struct arena *a) {
    struct api_answer answer = {0};
    struct pending q = take(p, api_frame_id(frame));
    bool descriptor = (frame.ptr[5] & API_FLAG_DESCRIPTOR) != 0;
    int fd = descriptor ? next_fd(l) : -1;
    if (q.op == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return STATUS_OK;
    }
    struct status s = api_answer_read(frame, q.op, a, &answer);
    if (failed(s) || (descriptor && fd < 0)) {
        q.done(q.context, FAIL(E_HTTP_GUARD_AWAY), NULL, fd);
        return failed(s) ? s : FAIL(E_FRAME);
    }
    q.done(q.context, (struct status){answer.code}, &answer, fd);
    return STATUS_OK;
}

static struct status dispatch(struct link_pool *p, struct link *l, struct slice frame,
                              struct arena *a) {
    if ((frame.ptr[5] & API_FLAG_NOTICE) == 0) {
        return dispatch_answer(p, l, frame, a);
    }
    struct api_answer notice;
    TRY(api_answer_read(frame, NULL, a, &notice));
    p->notice(p->notice_context, notice.code, notice.lease);
    return STATUS_OK;
}

/* Every whole frame that has come. */
static struct status dispatch_all(struct link_pool *p, struct link *l) {
    size_t at = 0;
    for (;;) {
        struct slice rest = slice_from(buf_slice(&l->in), at);
        size_t size;
        TRY(api_frame_size(rest, API_MAX_ANSWER, &size));
        if (size == 0 || size > rest.len) {
            break;
        }
        struct arena a;
        arena_init(&a, ARENA_BYTES);
        struct status s = dispatch(p, l, slice_sub(rest, 0, size), &a);
        arena_done(&a);
        TRY(s);
        at += size;
    }
    buf_take(&l->in, at);
    return STATUS_OK;
}

static struct status receive(struct link_pool *p, struct link *l) {
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(int) * 8)];
    } control;
    size_t room = l->in.len < 65536 ? 65536 : l->in.len;
    room = room < API_MAX_ANSWER - l->in.len ? room : API_MAX_ANSWER - l->in.len;
    TRY(buf_reserve(&l->in, room));
    struct iovec part = {l->in.ptr + l->in.len, room};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(l->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && is_again()) {
        return STATUS_OK;
    }
    TRY(n > 0 ? keep_fds(l, &m) : FAIL(E_HTTP_GUARD_AWAY));
    if ((m.msg_flags & MSG_CTRUNC) != 0) {
        return FAIL(E_FRAME);
    }
    l->in.len += (size_t)n;
    return dispatch_all(p, l);
}

/* --- the thread --- */

static void go_away(struct link_pool *p) {
    atomic_store(&p->away, true);
    p->notice(p->notice_context, 0, 0);
    fail_pending(p, INT64_MAX);
    signal_fd(p->away_fd);
}

static void prepare(struct link_pool *p, struct pollfd *fds) {
    for (size_t i = 0; i < LINKS; i++) {
        struct link *l = &p->links[i];
        pthread_mutex_lock(&l->lock);
        fds[i] = (struct pollfd){.fd = l->fd, .events = POLLIN};
        fds[i].events |= l->out.len > 0 ? POLLOUT : 0;
        pthread_mutex_unlock(&l->lock);
    }
    fds[LINKS] = (struct pollfd){.fd = p->wake_fd, .events = POLLIN};
}

static struct status serve_link(struct link_pool *p, struct link *l, short events) {
    bool good = true;
    if ((events & POLLOUT) != 0) {
        pthread_mutex_lock(&l->lock);
        good = flush(l);
        pthread_mutex_unlock(&l->lock);
    }
    TRY(good ? STATUS_OK : FAIL(E_HTTP_GUARD_AWAY));
    return (events & ~POLLOUT) != 0 ? receive(p, l) : STATUS_OK;
}

static struct status turn(struct link_pool *p) {
    struct pollfd fds[LINKS + 1];
    prepare(p, fds);
    if (poll(fds, LINKS + 1, SWEEP_MS) < 0 && errno != EINTR) {
        return FAIL(E_UNKNOWN);
    }
    if (fds[LINKS].revents != 0) {
        uint64_t ignored;
        ssize_t n = read(p->wake_fd, &ignored, sizeof ignored);
        (void)n;
    }
    for (size_t i = 0; i < LINKS; i++) {
        if (fds[i].revents != 0) {
            TRY(serve_link(p, &p->links[i], fds[i].revents));
        }
    }
    return STATUS_OK;
}

static void *run(void *context) {
    struct link_pool *p = context;
    int64_t swept_ms = now_ms();
    while (!atomic_load(&p->stopping)) {
        if (failed(turn(p)) || link_is_away(p)) {
            go_away(p);
            break;
        }
        if (now_ms() - swept_ms >= SWEEP_MS) {
            swept_ms = now_ms();
            fail_pending(p, swept_ms);
        }
    }
    return NULL;
}

static void watch_done(void *context, struct status s, const struct api_answer *answer, int fd) {
    struct link_pool *p = context;
    (void)answer;
    if (fd >= 0) {
        close(fd);
    }
    /* Without notices of revocation nothing may be served: as if the guard were not there. */
    if (failed(s)) {
        atomic_store(&p->away, true);
        signal_fd(p->away_fd);
    }
}

struct status link_pool_start(struct link_pool *pool, link_notice *notice, void *context) {
    pool->notice = notice;
    pool->notice_context = context;
    if (link_is_away(pool)) {
        return STATUS_OK;
    }
    TRY(call_on(pool, &pool->links[WATCH], api_op_find(API_LEASE_WATCH), 0, NULL, NULL, watch_done,
                pool));
    if (pthread_create(&pool->thread, NULL, run, pool) != 0) {
        return FAIL(E_HTTP_START);
    }
    pool->started = true;
    return STATUS_OK;
}

void link_pool_fail(struct link_pool *pool) {
    atomic_store(&pool->away, true);
    fail_pending(pool, INT64_MAX);
}

void link_pool_stop(struct link_pool **pool) {
    if (*pool == NULL) {
        return;
    }
    if ((*pool)->started) {
        atomic_store(&(*pool)->stopping, true);
        signal_fd((*pool)->wake_fd);
        pthread_join((*pool)->thread, NULL);
    }
    pool_free(pool);
}
