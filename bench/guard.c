/* Audited requests through the guard's socket: each is a session looked up, a decision of the law
 * for this viewer, an entry of the access journal, an answer after the commit. A real guard in its
 * sandbox, on a store of its own. Prints latencies and rates, and each against its target.
 *
 * Usage: bench_guard [REQUESTS] */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../tests/unit/guard/guard_world.h"
#include "base/mem.h"

enum { CLIENTS_MAX = 64, DEPTH_MAX = 32, TARGET_US = 100, TARGET_RATE = 80000 };

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct client {
    int fd;
    size_t have;
    uint8_t in[65536];
    double sent[DEPTH_MAX];
    size_t first, last;
};

struct load {
    struct slice request;
    size_t clients;
    size_t depth;
    size_t wanted;
    size_t sent;
    size_t done;
    double *took;
    struct client all[CLIENTS_MAX];
};

static int dial(const struct guard_world *w) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, w->front_path, strlen(w->front_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        abort();
    }
    return fd;
}

static void send_one(struct load *l, struct client *c) {
    if (l->sent == l->wanted) {
        return;
    }
    l->sent++;
    c->sent[c->last++ % DEPTH_MAX] = now_s();
    if (send(c->fd, l->request.ptr, l->request.len, MSG_NOSIGNAL) != (ssize_t)l->request.len) {
        abort();
    }
}

static void take_answers(struct load *l, struct client *c) {
    ssize_t n = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
    if (n <= 0) {
        abort();
    }
    c->have += (size_t)n;
    size_t at = 0;
    for (;;) {
        struct slice rest = slice_of(c->in + at, c->have - at);
        size_t size = 0;
        if (failed(api_frame_size(rest, API_MAX_ANSWER, &size)) || size == 0 || size > rest.len) {
            break;
        }
        if (rest.ptr[6] != 0 || rest.ptr[7] != 0) {
            abort(); /* a refusal is no answer */
        }
        l->took[l->done++] = now_s() - c->sent[c->first++ % DEPTH_MAX];
        at += size;
        send_one(l, c);
    }
    memmove(c->in, c->in + at, c->have - at);
    c->have -= at;
}

static int by_time(const void *a, const void *b) {
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void run(struct guard_world *w, struct slice request, size_t clients, size_t depth,
                size_t wanted) {
    static struct load l;
    struct pollfd fds[CLIENTS_MAX];
    l = (struct load){.request = request, .clients = clients, .depth = depth, .wanted = wanted};
    l.took = mem_array(wanted, sizeof *l.took);
    for (size_t i = 0; i < clients; i++) {
        l.all[i].fd = dial(w);
        fds[i] = (struct pollfd){l.all[i].fd, POLLIN, 0};
    }
    double begin = now_s();
    for (size_t i = 0; i < clients * depth; i++) {
        send_one(&l, &l.all[i % clients]);
    }
    while (l.done < wanted) {
        if (poll(fds, clients, 30000) <= 0) {
            abort();
        }
        for (size_t i = 0; i < clients; i++) {
            if (fds[i].revents != 0) {
                take_answers(&l, &l.all[i]);
            }
        }
    }
    double took = now_s() - begin;
    qsort(l.took, wanted, sizeof *l.took, by_time);
    double median = l.took[wanted / 2] * 1e6;
    double late = l.took[wanted * 99 / 100] * 1e6;
    double rate = (double)wanted / took;
    printf("%2zu clients, %2zu in flight each: %8.0f requests/s, median %6.0f us, p99 %6.0f us",
           clients, depth, rate, median, late);
    if (clients == 1 && depth == 1) {
        printf("  (target %d us: %.2f of it)\n", TARGET_US, median / TARGET_US);
    } else {
        printf("  (target %d/s: %.2f of it)\n", TARGET_RATE, rate / TARGET_RATE);
    }
    for (size_t i = 0; i < clients; i++) {
        close(l.all[i].fd);
    }
    mem_free(l.took);
}

int main(int argc, char **argv) {
    static struct guard_world w;
    struct person anna = {0};
    struct buf request = {0};
    size_t wanted = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 100000;
    world_open(&w);
    if (join(&w, "anna", "1990-02-01", "device-0123456789", &anna) != OK) {
        return 1;
    }
    struct api_value args[ARG_CLIP_STATUS__COUNT] = {api_n(begin_clip(&w, &anna, "me", 1000))};
    buf_init(&request, 4096);
    if (failed(api_request_write(api_op_find(API_CLIP_STATUS), 1, 0, anna.token, args, &request))) {
        return 1;
    }
    printf("clip.status of a private clip: session, decision, journal, answer after the commit\n");
    run(&w, buf_slice(&request), 1, 1, wanted / 10 + 100);
    run(&w, buf_slice(&request), 64, 1, wanted);
    run(&w, buf_slice(&request), 64, 16, wanted);
    buf_done(&request);
    world_close(&w);
    return 0;
}
