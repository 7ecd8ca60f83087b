/* The event loop. A round: read what came, work all of it in one batch of the vault, commit, send
 * the answers; then what must run alone; then what time brings. No answer leaves before its change
 * is durable, and after a failed commit none leaves at all. */
#include "server.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "conn.h"
#include "rank/rank.h"
#include "vault/follow.h"
#include "worker.h"

enum {
    EVENTS = 256,
    FRAMES_EACH = 64,
    OUT_PAUSE_BYTES = 8 << 20,
    LINGER_NS = 20000, /* about what it costs to be woken */
};

/* Numbers of epoll that are no connection. */
enum {
    WHAT_FRONT = GUARD_MAX_CONNECTIONS,
    WHAT_ADMIN,
    WHAT_STUDIO,
    WHAT_STOP,
    WHAT_WORKER,
    WHAT_RANK,
    WHAT_PROGRAM
};

/* An answer that waits for the projections to forget. */
struct held {
    struct buf bytes;
    uint64_t seq;
    size_t place;
    uint64_t number;
};

struct server {
    struct server_options o;
    int epoll;
    struct vault *vault;
    struct guard *guard;
    struct worker *worker;
    struct conn conns[GUARD_MAX_CONNECTIONS];
    size_t open; /* places in use are below */
    uint64_t numbers;
    struct waiting *alone; /* frames that run outside of a batch */
    struct waiting **alone_end;
    struct held *held; /* at most GUARD_MAX_IN_FLIGHT a connection */
    size_t held_count;
    size_t held_cap;
    struct buf staged;
    size_t worked; /* frames of this round */
    bool lingers;  /* there is a processor for who asks and one for who answers */
    bool stops;
};

static bool watch_fd(struct server *s, int fd, uint32_t what, uint32_t events) {
    struct epoll_event e = {.events = events, .data.u32 = what};
    return fd < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

struct status server_new(const struct server_options *options, struct server **ret_server) {
    struct server *s = mem_alloc(sizeof *s);
    int done_fd = -1;
    if (s == NULL) {
        return FAIL(E_MEMORY);
    }
    s->o = *options;
    s->alone_end = &s->alone;
    s->lingers = sysconf(_SC_NPROCESSORS_ONLN) > 1;
    buf_init_secret(&s->staged, API_MAX_ANSWER * 2);
    for (size_t i = 0; i < GUARD_MAX_CONNECTIONS; i++) {
        conn_init(&s->conns[i]);
    }
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    *ret_server = s;
    TRY(s->epoll < 0 ? FAIL(E_MEMORY) : STATUS_OK);
    TRY(worker_new(&s->worker, &done_fd));
    bool watched = watch_fd(s, options->front_fd, WHAT_FRONT, EPOLLIN) &&
                   watch_fd(s, options->admin_fd, WHAT_ADMIN, EPOLLIN) &&
                   watch_fd(s, options->program_fd, WHAT_PROGRAM, EPOLLIN) &&
                   watch_fd(s, options->studio_fd, WHAT_STUDIO, EPOLLIN) &&
                   watch_fd(s, options->stop_fd, WHAT_STOP, EPOLLIN) &&
                   watch_fd(s, done_fd, WHAT_WORKER, EPOLLIN);
    return watched ? STATUS_OK : FAIL(E_MEMORY);
}

void server_free(struct server **server) {
    struct server *s = *server;
    *server = NULL;
    if (s == NULL) {
        return;
    }
    worker_free(&s->worker);
    for (size_t i = 0; i < GUARD_MAX_CONNECTIONS; i++) {
        conn_close(&s->conns[i]);
    }
    while (s->alone != NULL) {
        struct waiting *w = s->alone;
        s->alone = w->next;
        waiting_free(&w);
    }
    for (size_t i = 0; i < s->held_count; i++) {
        buf_done(&s->held[i].bytes);
    }
    mem_free(s->held);
    buf_done(&s->staged);
    if (s->epoll >= 0) {
        close(s->epoll);
    }
    mem_free(s);
}

/* --- connections --- */

static struct conn *find_conn(struct server *s, size_t place, uint64_t number) {
    struct conn *c = &s->conns[place];
    return c->fd >= 0 && c->number == number ? c : NULL;
}

/* However many programs there are, the front and the owner find a place. */
static bool has_room(const struct server *s, enum guard_role role) {
    size_t programs = 0;
    for (size_t i = 0; i < s->open; i++) {
        programs += s->conns[i].fd >= 0 && s->conns[i].role == GUARD_PROGRAM ? 1 : 0;
    }
    return role != GUARD_PROGRAM || programs < GUARD_PROGRAM_CONNECTIONS;
}

static size_t free_place(struct server *s) {
    for (size_t i = 0; i < GUARD_MAX_CONNECTIONS; i++) {
        if (s->conns[i].fd < 0) {
            return i;
        }
    }
    return GUARD_MAX_CONNECTIONS;
}

static void accept_all(struct server *s, int listener, enum guard_role role) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        size_t place = has_room(s, role) ? free_place(s) : GUARD_MAX_CONNECTIONS;
        if (place == GUARD_MAX_CONNECTIONS || !watch_fd(s, fd, (uint32_t)place, EPOLLIN)) {
            close(fd);
            continue;
        }
        conn_open(&s->conns[place], fd, role, ++s->numbers);
        s->open = place >= s->open ? place + 1 : s->open;
    }
}

static void want_write(struct server *s, size_t place, bool wants) {
    struct conn *c = &s->conns[place];
    if (c->wants_write != wants) {
        struct epoll_event e = {.events = EPOLLIN | (wants ? EPOLLOUT : 0),
                                .data.u32 = (uint32_t)place};
        c->wants_write = epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &e) == 0 ? wants : !wants;
    }
}

static void flush_all(struct server *s) {
    for (size_t i = 0; i < s->open; i++) {
        struct conn *c = &s->conns[i];
        if (c->fd < 0) {
            continue;
        }
        if (!conn_flush(c) || c->dead || (c->closing && c->first == NULL)) {
            conn_close(c);
            continue;
        }
        want_write(s, i, c->first != NULL);
    }
}

/* --- one frame --- */

static struct status hold(struct server *s, size_t place, uint64_t number, uint64_t seq) {
    if (s->held_count == s->held_cap) {
        size_t cap = s->held_cap == 0 ? 64 : s->held_cap * 2;
        struct held *grown = mem_resize(s->held, cap, sizeof *grown);
        if (grown == NULL) {
            return FAIL(E_MEMORY);
        }
        s->held = grown;
        s->held_cap = cap;
    }
    struct held *h = &s->held[s->held_count];
    *h = (struct held){.seq = seq, .place = place, .number = number};
    buf_init_secret(&h->bytes, API_MAX_ANSWER);
    struct status added = buf_add(&h->bytes, buf_slice(&s->staged));
    if (failed(added)) {
        buf_done(&h->bytes);
        return added;
    }
    s->held_count++;
    return STATUS_OK;
}

static void deliver(struct server *s, size_t place, uint64_t number, struct slice bytes, int fd) {
    struct conn *c = find_conn(s, place, number);
    if (c == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    c->in_flight -= c->in_flight > 0 ? 1 : 0;
    c->dead |= failed(conn_send(c, bytes, fd));
}

static struct waiting *set_aside(size_t place, uint64_t number, enum guard_role role,
                                 struct slice frame, struct guard_password *job) {
    struct waiting *w = mem_alloc(sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    *w = (struct waiting){.job = job, .place = place, .number = number, .role = role};
    buf_init_secret(&w->frame, API_MAX_REQUEST);
    if (failed(buf_add(&w->frame, frame))) {
        buf_done(&w->frame);
        mem_free(w);
        return NULL;
    }
    return w;
}

static void refuse(struct server *s, size_t place, uint64_t number, struct slice frame,
                   uint16_t code) {
    buf_clear(&s->staged);
    (void)!api_refusal_write(code, api_frame_id(frame), NULL, &s->staged).code;
    deliver(s, place, number, buf_slice(&s->staged), -1);
}

static void put_password(struct server *s, size_t place, uint64_t number, enum guard_role role,
                         struct slice frame, struct guard_password *job) {
    struct waiting *w = set_aside(place, number, role, frame, job);
    if (w == NULL) {
        guard_password_free(&job);
        refuse(s, place, number, frame, E_MEMORY);
        return;
    }
    struct status put = worker_put(s->worker, w);
    if (failed(put)) {
        waiting_free(&w);
        refuse(s, place, number, frame, put.code);
    }
}

/* `job`: the password of this frame was worked. It becomes part of what is set aside. */
static void put_alone(struct server *s, size_t place, uint64_t number, enum guard_role role,
                      struct slice frame, struct guard_password *job) {
    struct waiting *w = set_aside(place, number, role, frame, job);
    if (w == NULL) {
        guard_password_free(&job);
        refuse(s, place, number, frame, E_MEMORY);
        return;
    }
    *s->alone_end = w;
    s->alone_end = &w->next;
}

static void work(struct server *s, size_t place, uint64_t number, struct slice frame,
                 enum guard_role role, struct guard_password **worked, bool alone) {
    struct guard_request in = {.role = role, .frame = frame, .alone = alone, .worked = *worked};
    struct guard_reply reply = {.out = &s->staged, .fd = -1};
    buf_clear(&s->staged);
    enum guard_outcome outcome = guard_take(s->guard, &in, &reply);
    struct conn *c = find_conn(s, place, number);
    switch (outcome) {
    case GUARD_PASSWORD:
        put_password(s, place, number, role, frame, reply.job);
        return;
    case GUARD_ALONE:
        put_alone(s, place, number, role, frame, *worked);
        *worked = NULL;
        return;
    case GUARD_BROKEN:
        if (c != NULL) {
            c->closing = true;
        }
        break;
    case GUARD_ANSWERED:
        if (c != NULL) {
            c->watches |= reply.watches;
        }
        break;
    }
    if (reply.after_seq != 0) {
        /* An answer that cannot be kept ends the connection: silence would look like waiting. */
        bool lost = failed(hold(s, place, number, reply.after_seq));
        if (c != NULL) {
            c->dead |= lost;
        }
    } else {
        deliver(s, place, number, buf_slice(&s->staged), reply.fd);
    }
}

/* --- a round --- */

static void work_conn(struct server *s, size_t place) {
    struct conn *c = &s->conns[place];
    struct guard_password *none = NULL;
    struct slice frame;
    if (c->fd < 0 || c->closing || c->dead || c->out_bytes > OUT_PAUSE_BYTES) {
        return;
    }
    for (size_t i = 0; i < FRAMES_EACH && c->in_flight < GUARD_MAX_IN_FLIGHT; i++) {
        if (failed(conn_next(c, &frame))) {
            refuse(s, place, c->number, slice_of(NULL, 0), E_FRAME);
            c->closing = true;
            return;
        }
        if (frame.len == 0) {
            break;
        }
        c->in_flight++;
        s->worked++;
        work(s, place, c->number, frame, c->role, &none, false);
    }
    conn_taken(c);
}

static void work_passwords(struct server *s) {
    struct waiting *w;
    while ((w = worker_take(s->worker)) != NULL) {
        work(s, w->place, w->number, buf_slice(&w->frame), w->role, &w->job, false);
        waiting_free(&w);
    }
}

static struct status batch(struct server *s) {
    TRY(vault_begin_batch(s->vault));
    work_passwords(s);
    for (size_t i = 0; i < s->open; i++) {
        work_conn(s, i);
    }
    return vault_commit_batch(s->vault);
}

static bool has_frames(struct server *s) {
    for (size_t i = 0; i < s->open; i++) {
        struct conn *c = &s->conns[i];
        size_t size = 0;
        if (c->fd < 0 || c->closing || c->in_flight >= GUARD_MAX_IN_FLIGHT ||
            c->out_bytes > OUT_PAUSE_BYTES) {
            continue;
        }
        bool wrong = failed(api_frame_size(buf_slice(&c->in), API_MAX_REQUEST, &size));
        if (wrong || (size > 0 && size <= c->in.len)) {
            return true;
        }
    }
    return false;
}

static void work_alone(struct server *s) {
    struct waiting *w = s->alone;
    s->alone = NULL;
    s->alone_end = &s->alone;
    while (w != NULL) {
        struct waiting *next = w->next;
        work(s, w->place, w->number, buf_slice(&w->frame), w->role, &w->job, true);
        waiting_free(&w);
        w = next;
    }
}

static void release_held(struct server *s) {
    size_t kept = 0;
    for (size_t i = 0; i < s->held_count; i++) {
        struct held *h = &s->held[i];
        if (vault_follow_behind(s->vault, h->seq)) {
            s->held[kept++] = *h;
            continue;
        }
        deliver(s, h->place, h->number, buf_slice(&h->bytes), -1);
        buf_done(&h->bytes);
    }
    s->held_count = kept;
}

static struct status tick(struct server *s, int *ret_wait_ms) {
    buf_clear(&s->staged);
    TRY(guard_tick(s->guard, &s->staged, ret_wait_ms));
    for (size_t i = 0; i < s->open && s->staged.len > 0; i++) {
        struct conn *c = &s->conns[i];
        if (c->fd >= 0 && c->watches) {
            c->dead |= failed(conn_send(c, buf_slice(&s->staged), -1));
        }
    }
    release_held(s);
    return STATUS_OK;
}

/* --- the supervisor --- */

struct status server_spawn(void *server, uint8_t role) {
    const struct server *s = server;
    return send(s->o.studio_fd, &role, 1, MSG_NOSIGNAL) == 1 ? STATUS_OK : FAIL(E_STUDIO_START);
}

static void rank_came(struct server *s, int fd) {
    if (fd >= 0 && watch_fd(s, fd, WHAT_RANK, EPOLLIN)) {
        guard_rank_came(s->guard, fd);
    } else if (fd >= 0) {
        close(fd);
    }
}

/* One message: a byte, 0 for success, and with it the descriptor. */
static void studio_came(struct server *s) {
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    uint8_t said = 1;
    struct iovec part = {&said, 1};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    int fd = -1;
    ssize_t n = recvmsg(s->o.studio_fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n == 0) {
        s->stops = true; /* the supervisor is gone, and so is the service */
    }
    if (n <= 0) {
        return;
    }
    const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    }
    if (said == RANK_COMES) {
        rank_came(s, fd);
        return;
    }
    guard_studio_came(s->guard, fd);
}

/* --- the loop --- */

static void take_event(struct server *s, const struct epoll_event *e) {
    uint32_t what = e->data.u32;
    switch (what) {
    case WHAT_FRONT:
        accept_all(s, s->o.front_fd, GUARD_FRONT);
        return;
    case WHAT_ADMIN:
        accept_all(s, s->o.admin_fd, GUARD_ADMIN);
        return;
    case WHAT_PROGRAM:
        accept_all(s, s->o.program_fd, GUARD_PROGRAM);
        return;
    case WHAT_STUDIO:
        studio_came(s);
        return;
    case WHAT_STOP:
        s->stops = true;
        return;
    case WHAT_WORKER:
        return; /* what came back is taken in the batch */
    case WHAT_RANK:
        guard_rank_said(s->guard);
        return;
    default:
        break;
    }
    struct conn *c = &s->conns[what];
    if (c->fd >= 0 && (e->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !conn_read(c)) {
        conn_close(c);
    }
}

static int64_t steady_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Who was alone in asking is likely to ask again at once, sooner than a sleeper would be woken. */
static int wait(struct server *s, struct epoll_event events[EVENTS], int wait_ms) {
    int n = 0;
    if (s->lingers && s->worked == 1 && wait_ms > 0) {
        int64_t until_ns = steady_ns() + LINGER_NS;
        do {
            sched_yield();
            n = epoll_wait(s->epoll, events, EVENTS, 0);
        } while (n == 0 && steady_ns() < until_ns);
    }
    return n != 0 ? n : epoll_wait(s->epoll, events, EVENTS, wait_ms);
}

static struct status run_round(struct server *s, int *ret_wait_ms) {
    s->worked = 0;
    TRY(batch(s));
    flush_all(s);
    work_alone(s);
    TRY(tick(s, ret_wait_ms));
    flush_all(s);
    if (has_frames(s)) {
        *ret_wait_ms = 0;
    }
    return STATUS_OK;
}

struct status server_run(struct server *s, struct vault *vault, struct guard *guard) {
    struct epoll_event events[EVENTS];
    int wait_ms = 0;
    s->vault = vault;
    s->guard = guard;
    while (!s->stops) {
        int n = wait(s, events, wait_ms);
        if (n < 0 && errno != EINTR) {
            return FAIL(E_UNKNOWN);
        }
        for (int i = 0; i < n; i++) {
            take_event(s, &events[i]);
        }
        TRY(run_round(s, &wait_ms));
    }
    return STATUS_OK;
}
