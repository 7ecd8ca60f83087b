/* ward-front: speaks HTTP with people and programs, frames with the guard. It has no keys and no
 * database, and opens nothing after its sandbox has closed but the published ledger.
 *
 * Usage: ward-front --listen-fd N --guard PATH [--web DIR] [--ledger DIR] [--threads N]
 *                   [--secure] [--behind-proxy]
 *
 * When the guard ends, the front answers E_HTTP_GUARD_AWAY for a moment and then exits with 75, so
 * that whoever started it starts it again, with new connections. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "base/bytes.h"
#include "cache.h"
#include "dispatch.h"
#include "media.h"
#include "os/sandbox.h"
#include "routes.h"

enum { EXIT_AWAY = 75, DIAL_TRIES = 20, DIAL_PAUSE_MS = 50, AWAY_MS = 1000, MAX_THREADS = 64 };

struct options {
    int listen_fd;
    const char *guard;
    const char *web;
    const char *ledger;
    unsigned threads;
    bool secure;
    bool behind_proxy;
};

static int complain(const char *what, struct status s) {
    const struct error_info *e = error_info(s.code);
    fprintf(stderr, "ward-front: %s: %s %s\n", what, e->cause, e->remedy);
    return 1;
}

static bool read_number(const char *text, uint64_t max, uint64_t *ret) {
    return text != NULL && !failed(parse_u64(slice_str(text), max, ret));
}

static bool read_option(struct options *o, const char *name, const char *value, bool *ret_used) {
    uint64_t n;
    *ret_used = true;
    if (strcmp(name, "--listen-fd") == 0 && read_number(value, 1 << 20, &n)) {
        o->listen_fd = (int)n;
    } else if (strcmp(name, "--threads") == 0 && read_number(value, MAX_THREADS, &n) && n > 0) {
        o->threads = (unsigned)n;
    } else if (strcmp(name, "--guard") == 0 && value != NULL) {
        o->guard = value;
    } else if (strcmp(name, "--web") == 0 && value != NULL) {
        o->web = value;
    } else if (strcmp(name, "--ledger") == 0 && value != NULL) {
        o->ledger = value;
    } else if (strcmp(name, "--secure") == 0) {
        o->secure = true;
        *ret_used = false;
    } else if (strcmp(name, "--behind-proxy") == 0) {
        o->behind_proxy = true;
        *ret_used = false;
    } else {
        return false;
    }
    return true;
}

static bool read_options(int argc, char **argv, struct options *o) {
    for (int i = 1; i < argc; i++) {
        bool used;
        if (!read_option(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used)) {
            return false;
        }
        i += used ? 1 : 0;
    }
    return o->listen_fd >= 0 && o->guard != NULL;
}

/* The guard may be starting at the same moment. */
static struct status reach_guard(const char *path, struct link_pool **ret_pool) {
    for (int i = 0; i < DIAL_TRIES; i++) {
        struct status s = link_pool_open(path, ret_pool);
        if (s.code != E_HTTP_GUARD_AWAY) {
            return s;
        }
        struct timespec pause = {.tv_nsec = DIAL_PAUSE_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
    return link_pool_away(ret_pool);
}

static struct status load_site(const char *dir, struct http_site **ret_site) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return FAIL(E_HTTP_SITE);
    }
    struct status s = http_site_load(fd, ret_site);
    close(fd);
    return s;
}

/* Everything that needs a name or a path, before the sandbox. */
static struct status prepare(struct front *f, const struct options *o) {
    f->ledger_dir = -1;
    f->secure = o->secure;
    TRY(reach_guard(o->guard, &f->guard));
    TRY(routes_new(&f->routes));
    TRY(media_new(&f->media));
    TRY(cache_new(&f->cache));
    if (o->web != NULL) {
        TRY(load_site(o->web, &f->site));
    }
    if (o->ledger != NULL) {
        f->ledger_dir = open(o->ledger, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        TRY(f->ledger_dir < 0 ? FAIL(E_HTTP_SITE) : STATUS_OK);
    }
    int flags = fcntl(o->listen_fd, F_GETFL);
    if (flags < 0 || fcntl(o->listen_fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return FAIL(E_HTTP_START);
    }
    return STATUS_OK;
}

static struct status shut_in(const struct front *f) {
    struct os_sandbox_dir ledger = {.fd = f->ledger_dir};
    /* A page of ours is never worth a core file with somebody's session in it. */
    struct rlimit many = {16384, 16384};
    (void)setrlimit(RLIMIT_NOFILE, &many);
    return os_sandbox_enter(OS_PROFILE_FRONT, &ledger, f->ledger_dir < 0 ? 0 : 1);
}

static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Until a signal comes (0) or the guard has been away for a moment (EXIT_AWAY). */
static int wait_for_end(const struct front *f, int signals) {
    struct pollfd fds[2] = {{.fd = signals, .events = POLLIN},
                            {.fd = link_away_fd(f->guard), .events = POLLIN}};
    while (poll(fds, 2, -1) < 0 && errno == EINTR) {
    }
    if (fds[0].revents != 0) {
        return 0;
    }
    fprintf(stderr, "ward-front: the guard is away\n");
    while (poll(fds, 1, AWAY_MS) < 0 && errno == EINTR) {
    }
    return fds[0].revents != 0 ? 0 : EXIT_AWAY;
}

static void release(struct front *f) {
    media_free(&f->media);
    cache_free(&f->cache);
    routes_free(&f->routes);
    http_site_free(&f->site);
    if (f->ledger_dir >= 0) {
        close(f->ledger_dir);
    }
}

static int serve(struct front *f, const struct options *o, int signals) {
    struct http_server *server = NULL;
    struct http_options http = {
        .listen_fd = o->listen_fd,
        .threads = o->threads,
        .behind_proxy = o->behind_proxy,
        .app = dispatch_app(f),
    };
    struct status s = link_pool_start(f->guard, dispatch_notice, f);
    s = failed(s) ? s : http_server_start(&http, &server);
    if (failed(s)) {
        return complain("cannot serve", s);
    }
    int code = wait_for_end(f, signals);
    /* What waits is answered before the server stops: it holds the exchanges. */
    http_server_quiesce(server);
    link_pool_fail(f->guard);
    http_server_stop(&server);
    link_pool_stop(&f->guard);
    return code;
}

int main(int argc, char **argv) {
    struct options o = {.listen_fd = -1, .threads = 2};
    struct front front = {.ledger_dir = -1};
    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "usage: ward-front --listen-fd N --guard PATH [--web DIR] [--ledger DIR]\n"
                        "                  [--threads N] [--secure] [--behind-proxy]\n");
        return 2;
    }
    int signals = open_signals();
    struct status s = prepare(&front, &o);
    s = failed(s) ? s : shut_in(&front);
    if (failed(s)) {
        return complain("cannot start", s);
    }
    int code = serve(&front, &o, signals);
    release(&front);
    return code;
}
