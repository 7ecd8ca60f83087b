#include "asking.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/frame.h"
#include "roles/roles.h"

enum { WAIT_MS = 30000 };

struct client {
    int fd;
    size_t have;
    uint8_t in[65536];
    double sent_s[ASKING_DEPTH];
    size_t first, last; /* the oldest under way, and the next */
};

static int dial(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        die("the guard does not listen");
    }
    return fd;
}

static void ask_next(struct asking *a, size_t who, struct client *c, size_t *io_sent) {
    if (*io_sent == a->wanted || a->stops) {
        return;
    }
    ++*io_sent;
    struct slice frame = a->frames[who][c->last % 2];
    c->sent_s[c->last++ % ASKING_DEPTH] = now_s();
    if (send(c->fd, frame.ptr, frame.len, MSG_NOSIGNAL) != (ssize_t)frame.len) {
        die("a request was not taken");
    }
}

static void take_one(struct asking *a, struct client *c, struct slice frame) {
    uint16_t code = (uint16_t)(frame.ptr[6] << 8 | frame.ptr[7]);
    if (code != OK) {
        die("a request was refused: %s", error_info(code)->name);
    }
    double took_s = now_s() - c->sent_s[c->first++ % ASKING_DEPTH];
    if (a->took_s != NULL) {
        a->took_s[a->done] = took_s;
    }
    a->done++;
}

static void take_answers(struct asking *a, size_t who, struct client *c, size_t *io_sent) {
    ssize_t n = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
    if (n <= 0) {
        die("a connection ended");
    }
    c->have += (size_t)n;
    size_t at = 0;
    for (;;) {
        struct slice rest = slice_of(c->in + at, c->have - at);
        size_t size = 0;
        if (failed(api_frame_size(rest, sizeof c->in, &size))) {
            die("an answer is too long");
        }
        if (size == 0 || size > rest.len) {
            break;
        }
        take_one(a, c, slice_sub(rest, 0, size));
        at += size;
        ask_next(a, who, c, io_sent);
    }
    memmove(c->in, c->in + at, c->have - at);
    c->have -= at;
}

static void ask_all(struct asking *a, struct client *clients, struct pollfd *fds) {
    size_t sent = 0;
    for (size_t i = 0; i < a->clients * a->depth; i++) {
        ask_next(a, i % a->clients, &clients[i % a->clients], &sent);
    }
    while (a->done < sent) {
        if (poll(fds, a->clients, WAIT_MS) <= 0) {
            die("the guard does not answer");
        }
        for (size_t i = 0; i < a->clients; i++) {
            if (fds[i].revents != 0) {
                take_answers(a, i, &clients[i], &sent);
            }
        }
    }
}

static int by_time(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void asking_run(struct asking *a) {
    struct pollfd fds[ASKING_CLIENTS];
    struct client *clients = need(a->clients, sizeof *clients);
    for (size_t i = 0; i < a->clients; i++) {
        clients[i].fd = dial(a->path);
        fds[i] = (struct pollfd){clients[i].fd, POLLIN, 0};
    }
    double from_s = now_s();
    ask_all(a, clients, fds);
    a->seconds = now_s() - from_s;
    for (size_t i = 0; i < a->clients; i++) {
        close(clients[i].fd);
    }
    free(clients);
    if (a->took_s != NULL) {
        qsort(a->took_s, a->done, sizeof *a->took_s, by_time);
    }
}
