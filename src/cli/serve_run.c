/* The supervisor's loop: one guard, one front, one rank, a courier when mails go out, studios as
 * the guard asks. What ends by itself is started again; on a signal everything ends in order: first
 * who takes requests, then who keeps the data. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli.h"
#include "rank/rank.h"
#include "serve.h"

enum {
    STUDIOS = 8,
    QUICK_MS = 5000,
    QUICK_MOST = 5,
    STOP_FRONT_MS = 5000,
    STOP_GUARD_MS = 15000,
    TURN_MS = 500,
    EXIT_GUARD_GONE = 75,
    RANK_PAUSE_MS = 1000,
};

struct studio {
    struct studio_child child;
    int64_t started_ms;
};

struct supervisor {
    const struct serve_options *o;
    struct serve_places *places;
    bool separate;
    int signals;
    int tcp;
    int front_listener;
    int admin_listener;
    int program_listener;
    int studio_channel; /* our end; the guard has the other */
    int ready;          /* readable when the guard serves; -1 once it does */
    int root;           /* the root key for the next guard; -1: to be read */
    uint16_t port;
    char address[OS_PATH_MAX];
    struct serve_child guard;
    struct serve_child front;
    struct serve_child courier;
    struct serve_child rank;
    struct studio studios[STUDIOS];
    bool stops;
    bool gives_up;
    bool announced;
};

int64_t serve_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say(const char *what, const char *name) {
    fprintf(stderr, "ward: %s %s\n", name, what);
}

static void close_fd(int *fd) {
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void take_signals(struct supervisor *s) {
    struct signalfd_siginfo info;
    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        s->stops |= info.ssi_signo != SIGCHLD;
    }
}

/* --- starting --- */

static struct status start(struct supervisor *s, struct serve_child *child,
                           const struct serve_program *program) {
    (void)s;
    child->name = program->name;
    child->started_ms = serve_now_ms();
    return serve_start(program, &child->pid);
}

static struct status start_guard(struct supervisor *s) {
    int studio[2];
    int ready[2];
    if (s->root < 0) {
        TRY(root_pipe(&s->places->root, &s->root));
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, studio) != 0 ||
        pipe2(ready, O_CLOEXEC) != 0) {
        return FAIL(E_EXEC);
    }
    char var[OS_PATH_MAX];
    (void)snprintf(var, sizeof var, "%s", s->o->var);
    char *argv[32] = {serve_word("ward-guard"), serve_word("--var"),     var,
                      serve_word("--law"),      s->places->law,          serve_word("--map"),
                      s->places->map,           serve_word("--address"), s->address};
    size_t n = 9;
    struct serve_program program = {.name = "ward-guard",
                                    .exe = s->places->guard_exe,
                                    .argv = argv,
                                    .drop_user = s->separate,
                                    .uid = UID_GUARD};
    char origin[256];
    if (s->o->origin != NULL) {
        (void)snprintf(origin, sizeof origin, "%s", s->o->origin);
        argv[n++] = serve_word("--origin");
        argv[n++] = origin;
    }
    if (s->o->durable != NULL) {
        argv[n++] = serve_word("--durable");
        argv[n++] = serve_word(s->o->durable);
    }
    const struct {
        const char *option;
        int fd;
    } given[] = {
        {"--root-fd", s->root},
        {"--admin-fd", s->admin_listener},
        {"--studio-fd", studio[1]},
        {"--ready-fd", ready[1]},
        {"--front-fd", s->front_listener},
        {"--program-fd", s->program_listener},
    };
    static const char *const numbers[SERVE_FDS] = {"3", "4", "5", "6", "7", "8"};
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        if (given[i].fd >= 0) {
            argv[n++] = serve_word(given[i].option);
            argv[n++] = serve_word(numbers[program.fd_count]);
            program.fds[program.fd_count++] = given[i].fd;
        }
    }
    struct status status = start(s, &s->guard, &program);
    close_fd(&s->root);
    close(studio[1]);
    close(ready[1]);
    close_fd(&s->studio_channel);
    close_fd(&s->ready);
    s->studio_channel = studio[0];
    s->ready = ready[0];
    return status;
}

static struct status start_front(struct supervisor *s) {
    char *argv[16] = {serve_word("ward-front"), serve_word("--listen-fd"), serve_word("3"),
                      serve_word("--guard"),    s->places->front_socket,   serve_word("--ledger"),
                      s->places->ledger};
    size_t n = 7;
    if (s->places->web[0] != 0) {
        argv[n++] = serve_word("--web");
        argv[n++] = s->places->web;
    }
    if (s->o->secure) {
        argv[n++] = serve_word("--secure");
    }
    if (s->o->behind_proxy) {
        argv[n++] = serve_word("--behind-proxy");
    }
    const struct serve_program program = {.name = "ward-front",
                                          .exe = s->places->front_exe,
                                          .argv = argv,
                                          .fds = {s->tcp},
                                          .fd_count = 1,
                                          .drop_user = s->separate,
                                          .uid = UID_FRONT};
    return start(s, &s->front, &program);
}

static struct status start_courier(struct supervisor *s) {
    if (s->o->smtp == NULL) {
        return STATUS_OK;
    }
    char url[OS_PATH_MAX];
    char user[256];
    char file[OS_PATH_MAX];
    (void)snprintf(url, sizeof url, "%s", s->o->smtp);
    char *argv[12] = {serve_word("ward-courier"), serve_word("--outbox"), s->places->outbox,
                      serve_word("--smtp"), url};
    if (s->o->smtp_user != NULL && s->o->smtp_password != NULL) {
        (void)snprintf(user, sizeof user, "%s", s->o->smtp_user);
        (void)snprintf(file, sizeof file, "%s", s->o->smtp_password);
        argv[5] = serve_word("--user");
        argv[6] = user;
        argv[7] = serve_word("--password-file");
        argv[8] = file;
    }
    const struct serve_program program = {.name = "ward-courier",
                                          .exe = s->places->courier_exe,
                                          .argv = argv,
                                          .drop_user = s->separate,
                                          .uid = UID_COURIER};
    return start(s, &s->courier, &program);
}

/* --- studios --- */

static void answer_guard(const struct supervisor *s, uint8_t said, int fd) {
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {&said, 1};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    (void)!sendmsg(s->studio_channel, &m, MSG_NOSIGNAL);
}

/* --- rank --- */

/* One end for rank, the other to the guard, which tells it everything anew. */
static struct status start_rank(struct supervisor *s) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return FAIL(E_EXEC);
    }
    char *argv[] = {serve_word("ward-rank"), serve_word("--guard-fd"), serve_word("3"), NULL};
    const struct serve_program program = {.name = "ward-rank",
                                          .exe = s->places->rank_exe,
                                          .argv = argv,
                                          .fds = {ends[0]},
                                          .fd_count = 1,
                                          .drop_user = s->separate,
                                          .uid = UID_RANK};
    struct status status = start(s, &s->rank, &program);
    close(ends[0]);
    if (!failed(status)) {
        answer_guard(s, RANK_COMES, ends[1]);
    }
    close(ends[1]);
    return status;
}

static void end_rank(struct supervisor *s) {
    if (s->rank.pid != 0) {
        say("answered wrongly or not at all", s->rank.name);
        kill(s->rank.pid, SIGKILL);
    }
}

/* --- studios asked for --- */

static struct studio *free_studio(struct supervisor *s) {
    for (size_t i = 0; i < STUDIOS; i++) {
        if (s->studios[i].child.pid == 0) {
            return &s->studios[i];
        }
    }
    return NULL;
}

static void spawn_studio(struct supervisor *s) {
    uint8_t role = 0;
    ssize_t n = recv(s->studio_channel, &role, 1, MSG_DONTWAIT);
    struct studio *studio = free_studio(s);
    struct studio_exe exe = {.path = s->places->studio_exe,
                             .drop_user = s->separate,
                             .uid = UID_STUDIO,
                             .gid = UID_STUDIO};
    if (n != 1) {
        if (n == 0) {
            close_fd(&s->studio_channel);
        }
        return;
    }
    if (role == RANK_STOPS) {
        end_rank(s);
        return;
    }
    bool known = role == STUDIO_TRANSCODE || role == STUDIO_CHECK;
    if (!known || studio == NULL ||
        failed(studio_spawn(&exe, (enum studio_role)role, &studio->child))) {
        answer_guard(s, 1, -1);
        return;
    }
    studio->started_ms = serve_now_ms();
    answer_guard(s, 0, studio->child.fd);
    close_fd(&studio->child.fd);
}

static void collect_studios(struct supervisor *s, bool all) {
    for (size_t i = 0; i < STUDIOS; i++) {
        struct studio *studio = &s->studios[i];
        if (studio->child.pid == 0) {
            continue;
        }
        bool late = serve_now_ms() > studio->started_ms + STUDIO_WALL_MAX_MS;
        if (all || late || studio_child_ended(&studio->child)) {
            (void)studio_child_end(&studio->child);
            studio->child = (struct studio_child){.fd = -1};
        }
    }
}

/* --- what ends is started again --- */

static bool has_ended(struct serve_child *child, int *ret_code) {
    if (child->pid == 0 || waitpid(child->pid, ret_code, WNOHANG) != child->pid) {
        return false;
    }
    child->pid = 0;
    return true;
}

/* Somebody who ends again and again right after starting needs a person, not a loop. */
static bool too_often(struct serve_child *child, int code) {
    /* The front ends so when the guard has gone: that is the guard's doing and counts there. */
    bool follows = WIFEXITED(code) && WEXITSTATUS(code) == EXIT_GUARD_GONE;
    bool quick = !follows && serve_now_ms() - child->started_ms < QUICK_MS;
    child->quick_ends = quick ? child->quick_ends + 1 : 0;
    return child->quick_ends >= QUICK_MOST;
}

static void start_again(struct supervisor *s, struct serve_child *child,
                        struct status (*starter)(struct supervisor *)) {
    int code;
    if (!has_ended(child, &code) || s->stops) {
        return;
    }
    if (WIFSIGNALED(code)) {
        fprintf(stderr, "ward: %s was ended by signal %d\n", child->name, WTERMSIG(code));
    }
    bool gives_up = too_often(child, code);
    struct status again = gives_up ? STATUS_OK : starter(s);
    take_signals(s);
    if (failed(again) && s->stops) {
        return; /* while it started */
    }
    if (failed(again)) {
        cli_fail_status("serve", "cannot start again", again);
    }
    if (gives_up || failed(again)) {
        say("does not stay up; see the messages above", child->name);
        s->stops = true;
        s->gives_up = true;
        return;
    }
    say("was started again", child->name);
}

/* The feed does without it: however often it ends, the service goes on, and it is started again
 * after a pause. */
static void tend_rank(struct supervisor *s) {
    int code;
    bool ended = has_ended(&s->rank, &code);
    bool told = ended && WIFEXITED(code) && WEXITSTATUS(code) == EXIT_GUARD_GONE;
    if (ended && !told) {
        say("ended and is started again", s->rank.name);
    }
    if (s->rank.pid == 0 && !s->stops && s->studio_channel >= 0 &&
        serve_now_ms() >= s->rank.started_ms + RANK_PAUSE_MS) {
        (void)start_rank(s).code;
    }
}

static void tend(struct supervisor *s) {
    collect_studios(s, false);
    start_again(s, &s->guard, start_guard);
    if (s->front.name != NULL) {
        start_again(s, &s->front, start_front);
    }
    if (s->courier.name != NULL) {
        start_again(s, &s->courier, start_courier);
    }
    if (s->rank.name != NULL) {
        tend_rank(s);
    }
}

/* --- readiness --- */

/* systemd's protocol: one datagram. */
static void notify(const char *text) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof to.sun_path) {
        return;
    }
    memcpy(to.sun_path, path, strlen(path));
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (to.sun_path[0] == '@') {
        to.sun_path[0] = 0;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to, len);
        close(fd);
    }
}

static void guard_ready(struct supervisor *s) {
    uint8_t byte;
    bool serves = read(s->ready, &byte, 1) == 1;
    close_fd(&s->ready);
    if (!serves || s->announced) {
        return;
    }
    bool up = s->o->no_service ||
              (!failed(start_front(s)) && !failed(start_courier(s)) && !failed(start_rank(s)));
    if (!up) {
        s->stops = true;
        s->gives_up = true;
        return;
    }
    s->announced = true;
    printf("Ward serves at %s\n", s->address);
    (void)fflush(stdout);
    notify("READY=1");
}

/* --- the loop --- */

static void turn(struct supervisor *s) {
    struct pollfd fds[3] = {
        {s->signals, POLLIN, 0}, {s->studio_channel, POLLIN, 0}, {s->ready, POLLIN, 0}};
    if (poll(fds, 3, TURN_MS) < 0) {
        return;
    }
    if (fds[0].revents != 0) {
        take_signals(s);
    }
    if (s->studio_channel >= 0 && fds[1].revents != 0) {
        spawn_studio(s);
    }
    if (s->ready >= 0 && fds[2].revents != 0) {
        guard_ready(s);
    }
    tend(s);
}

static void stop_child(struct serve_child *child, int64_t within_ms) {
    int code;
    int64_t until_ms = serve_now_ms() + within_ms;
    if (child->pid == 0) {
        return;
    }
    kill(child->pid, SIGTERM);
    while (!has_ended(child, &code)) {
        struct timespec pause = {.tv_nsec = 10 * 1000000L};
        nanosleep(&pause, NULL);
        if (serve_now_ms() > until_ms) {
            say("did not end and was killed", child->name);
            kill(child->pid, SIGKILL);
            until_ms = INT64_MAX;
        }
    }
}

static void stop_all(struct supervisor *s) {
    notify("STOPPING=1");
    stop_child(&s->front, STOP_FRONT_MS);
    stop_child(&s->courier, STOP_FRONT_MS);
    stop_child(&s->rank, STOP_FRONT_MS);
    stop_child(&s->guard, STOP_GUARD_MS);
    collect_studios(s, true);
    unlink(s->places->front_socket);
    unlink(s->places->admin_socket);
    if (s->program_listener >= 0) {
        unlink(s->places->program_socket);
    }
}

static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void name_address(struct supervisor *s) {
    const char *host =
        strcmp(s->o->listen, "127.0.0.1") == 0 || strcmp(s->o->listen, "0.0.0.0") == 0
            ? "localhost"
            : s->o->listen;
    bool v6 = strchr(host, ':') != NULL;
    if (s->o->address != NULL) {
        (void)snprintf(s->address, sizeof s->address, "%s", s->o->address);
    } else {
        (void)snprintf(s->address, sizeof s->address, "http://%s%s%s:%u", v6 ? "[" : "", host,
                       v6 ? "]" : "", s->port);
    }
}

static struct status open_service(struct supervisor *s) {
    if (s->o->no_service) {
        (void)snprintf(s->address, sizeof s->address, "%s", s->places->program_socket);
        return STATUS_OK;
    }
    TRY(serve_unix(s->places->front_socket, UID_FRONT, s->separate, &s->front_listener));
    TRY(serve_tcp(s->o->listen, s->o->port, &s->tcp, &s->port));
    name_address(s);
    return STATUS_OK;
}

static struct status open_all(struct supervisor *s) {
    s->signals = open_signals();
    TRY(root_pipe(&s->places->root, &s->root)); /* without it there is nothing to begin */
    TRY(serve_unix(s->places->admin_socket, 0, s->separate, &s->admin_listener));
    if (s->o->programs != NULL) {
        TRY(serve_unix_group(s->places->program_socket, s->places->program_group,
                             &s->program_listener));
    }
    TRY(open_service(s));
    return start_guard(s);
}

int serve_run(const struct serve_options *o, struct serve_places *places, bool separate) {
    struct supervisor s = {.o = o,
                           .places = places,
                           .separate = separate,
                           .signals = -1,
                           .tcp = -1,
                           .front_listener = -1,
                           .admin_listener = -1,
                           .program_listener = -1,
                           .studio_channel = -1,
                           .ready = -1,
                           .root = -1};
    for (size_t i = 0; i < STUDIOS; i++) {
        s.studios[i].child.fd = -1;
    }
    struct status status = open_all(&s);
    take_signals(&s);
    if (failed(status)) {
        stop_all(&s);
        return s.stops ? 0 : cli_fail_status("serve", "cannot start", status);
    }
    while (!s.stops) {
        turn(&s);
    }
    stop_all(&s);
    return s.gives_up ? 1 : 0;
}
