/* ward-load: asks one address over HTTP, again and again, over a number of connections that stay
 * open, and prints how many answers came a second, how many bytes, and how long they took.
 *
 * Usage: ward-load [-c CONNECTIONS] [-t SECONDS] [-H FIELD]... HOST:PORT/PATH
 *
 * Each connection has one request under way. Answers must be 200 or 206 with a Content-Length; any
 * other ends the run with an error, so that a fast refusal is never taken for speed. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { MAX_CONNECTIONS = 1024, MAX_SAMPLES = 4000000, READ_BYTES = 262144, HEAD_BYTES = 8192 };

struct connection {
    int fd;
    int64_t begun_ns;
    size_t head_len;
    uint64_t body_left;
    bool in_body;
    char head[HEAD_BYTES];
};

struct load {
    struct sockaddr_in to;
    struct buf request;
    unsigned connections;
    unsigned seconds;
    int epoll;
    struct connection all[MAX_CONNECTIONS];
    uint32_t *samples_us;
    size_t sample_count;
    uint64_t bytes;
    uint8_t *room;
};

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static _Noreturn void stop(const char *what) {
    fprintf(stderr, "ward-load: %s\n", what);
    _exit(1);
}

static void ask(struct load *l, struct connection *c) {
    c->begun_ns = now_ns();
    c->head_len = 0;
    c->in_body = false;
    struct slice r = buf_slice(&l->request);
    if (send(c->fd, r.ptr, r.len, MSG_NOSIGNAL) != (ssize_t)r.len) {
        stop("a request could not be sent");
    }
}

static void dial(struct load *l, struct connection *c) {
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&l->to, sizeof l->to) != 0) {
        stop("nobody listens there");
    }
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) {
        stop("epoll");
    }
    ask(l, c);
}

/* Reads status and length from a whole head. */
static uint64_t body_length(const char *head) {
    uint64_t n;
    if (strncmp(head, "HTTP/1.1 200", 12) != 0 && strncmp(head, "HTTP/1.1 206", 12) != 0) {
        fprintf(stderr, "%.200s\n", head);
        stop("an answer is neither 200 nor 206");
    }
    const char *at = strcasestr(head, "\r\nContent-Length: ");
    if (at == NULL) {
        stop("an answer has no length");
    }
    at += 18;
    if (failed(parse_u64(slice_of(at, strcspn(at, "\r")), UINT64_MAX, &n))) {
        stop("an answer has a strange length");
    }
    return n;
}

static void answered(struct load *l, struct connection *c) {
    int64_t took = now_ns() - c->begun_ns;
    if (l->sample_count < MAX_SAMPLES) {
        l->samples_us[l->sample_count++] = (uint32_t)(took / 1000);
    }
    ask(l, c);
}

/* Takes what came; bytes of a body are counted and dropped. */
static void take(struct load *l, struct connection *c, const uint8_t *p, size_t n) {
    while (n > 0) {
        if (c->in_body) {
            size_t part = n < c->body_left ? n : (size_t)c->body_left;
            c->body_left -= part;
            p += part;
            n -= part;
        } else {
            if (c->head_len + 1 >= sizeof c->head) {
                stop("an answer's head is too long");
            }
            c->head[c->head_len++] = (char)*p++;
            n--;
            if (c->head_len < 4 || memcmp(c->head + c->head_len - 4, "\r\n\r\n", 4) != 0) {
                continue;
            }
            c->head[c->head_len] = 0;
            c->body_left = body_length(c->head);
            c->in_body = true;
        }
        if (c->in_body && c->body_left == 0) {
            answered(l, c);
        }
    }
}

static void receive(struct load *l, struct connection *c) {
    ssize_t n = recv(c->fd, l->room, READ_BYTES, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        stop("a connection was closed");
    }
    l->bytes += (uint64_t)n;
    take(l, c, l->room, (size_t)n);
}

static double run(struct load *l) {
    struct epoll_event events[64];
    int64_t begun = now_ns();
    int64_t end = begun + (int64_t)l->seconds * 1000000000;
    for (unsigned i = 0; i < l->connections; i++) {
        dial(l, &l->all[i]);
    }
    while (now_ns() < end) {
        int n = epoll_wait(l->epoll, events, 64, 100);
        for (int i = 0; i < n; i++) {
            receive(l, events[i].data.ptr);
        }
    }
    return (double)(now_ns() - begun) / 1e9;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void report(struct load *l, double seconds) {
    if (l->sample_count == 0) {
        stop("no answer came");
    }
    qsort(l->samples_us, l->sample_count, sizeof *l->samples_us, by_size);
    printf("%.0f requests/s  %.1f MB/s  p50 %" PRIu32 " us  p99 %" PRIu32 " us  (%u connections)\n",
           (double)l->sample_count / seconds, (double)l->bytes / seconds / 1e6,
           l->samples_us[l->sample_count / 2], l->samples_us[l->sample_count * 99 / 100],
           l->connections);
}

static void add(struct load *l, const char *text) {
    if (failed(buf_add_str(&l->request, text))) {
        stop("the request is too long");
    }
}

/* "127.0.0.1:8080/path". */
static void read_address(struct load *l, const char *text, const char *fields) {
    char host[64] = {0};
    uint64_t port;
    size_t colon = strcspn(text, ":");
    size_t slash = strcspn(text, "/");
    if (colon >= slash || colon >= sizeof host || text[slash] == 0 ||
        failed(parse_u64(slice_of(text + colon + 1, slash - colon - 1), 65535, &port))) {
        stop("the address must be HOST:PORT/PATH, with a numeric host");
    }
    memcpy(host, text, colon);
    l->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &l->to.sin_addr) != 1) {
        stop("the host must be a numeric address");
    }
    add(l, "GET ");
    add(l, text + slash);
    add(l, " HTTP/1.1\r\nHost: ");
    add(l, host);
    add(l, "\r\n");
    add(l, fields);
    add(l, "\r\n");
}

static unsigned number(const char *text, unsigned max) {
    uint64_t n = 0;
    if (text == NULL || failed(parse_u64(slice_str(text), max, &n)) || n == 0) {
        stop("an option needs a number");
    }
    return (unsigned)n;
}

static void read_options(struct load *l, int argc, char **argv) {
    struct buf fields CLEANUP(buf_done);
    buf_init(&fields, 4096);
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        switch (argv[i][1]) {
        case 'c':
            l->connections = number(argv[i + 1], MAX_CONNECTIONS);
            break;
        case 't':
            l->seconds = number(argv[i + 1], 3600);
            break;
        case 'H':
            if (failed(buf_add_str(&fields, argv[i + 1])) || failed(buf_add_str(&fields, "\r\n"))) {
                stop("too many fields");
            }
            break;
        default:
            stop("options are -c, -t and -H");
        }
    }
    if (i + 1 != argc || failed(buf_add_byte(&fields, 0))) {
        stop("usage: ward-load [-c CONNECTIONS] [-t SECONDS] [-H FIELD]... HOST:PORT/PATH");
    }
    read_address(l, argv[i], (const char *)fields.ptr);
}

int main(int argc, char **argv) {
    static struct load l = {.connections = 16, .seconds = 5};
    buf_init(&l.request, 16384);
    read_options(&l, argc, argv);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    l.samples_us = mem_array(MAX_SAMPLES, sizeof *l.samples_us);
    l.room = mem_alloc(READ_BYTES);
    if (l.samples_us == NULL || l.room == NULL || l.epoll < 0) {
        stop("no memory");
    }
    report(&l, run(&l));
    return 0;
}
