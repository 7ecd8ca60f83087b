#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "names.h"

enum { START_MS = 60000, ADMIN_CALL_MS = 120000, FDS = 4 };

static void path_of(const struct bench_guard *g, const char *name, char ret[700]) {
    snprintf(ret, 700, "%s/%s", g->dir, name);
}

/* --- what stands in its directory --- */

static void make_dirs(const struct bench_guard *g) {
    static const char *const dirs[] = {"var",        "var/data",    "var/keys", "var/ledger",
                                       "var/outbox", "var/backups", "map",      "map/notice"};
    char path[700];
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        path_of(g, dirs[i], path);
        if (mkdir(path, 0755) != 0) {
            die("cannot make %s", path);
        }
    }
}

static void write_file(const char *path, struct slice text) {
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(text.ptr, 1, text.len, f) != text.len || fclose(f) != 0) {
        die("cannot write %s", path);
    }
}

static void copy_file(const char *from, const char *to) {
    static char text[1 << 20];
    FILE *f = fopen(from, "rb");
    if (f == NULL) {
        die("cannot read %s", from);
    }
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    write_file(to, slice_of(text, len));
}

/* The sentences of the service's notices, with the names of this map. */
static void copy_notices(const struct bench_guard *g) {
    char pattern[600], to[1400], path[700];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/datamap/notice/*.txt", g->source);
    if (glob(pattern, 0, NULL, &found) != 0) {
        die("no notices in %s", pattern);
    }
    path_of(g, "map/notice", path);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        snprintf(to, sizeof to, "%s/%s", path, strrchr(found.gl_pathv[i], '/') + 1);
        copy_file(found.gl_pathv[i], to);
    }
    globfree(&found);
}

static void write_map(const struct bench_guard *g) {
    struct buf text CLEANUP(buf_done);
    char path[700];
    buf_init(&text, 1 << 20);
    names_map(&text);
    path_of(g, "map/bench.map", path);
    write_file(path, buf_slice(&text));
    copy_notices(g);
}

/* --- the process --- */

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (strlen(path) >= sizeof address.sun_path) {
        die("%s is too long for a socket", path);
    }
    memcpy(address.sun_path, path, strlen(path));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 64) != 0) {
        die("cannot listen at %s", path);
    }
    return fd;
}

static _Noreturn void run_guard(const struct bench_guard *g, const int fds[FDS]) {
    char var[700], law[600], map[700];
    int away[FDS];
    path_of(g, "var", var);
    path_of(g, "map/bench.map", map);
    snprintf(law, sizeof law, "%s/law", g->source);
    for (int i = 0; i < FDS; i++) {
        away[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 20);
    }
    for (int i = 0; i < FDS; i++) {
        dup2(away[i], 3 + i);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(WARD_GUARD, "ward-guard", "--var", var, "--law", law, "--map", map, "--root-fd", "3",
          "--admin-fd", "4", "--program-fd", "5", "--ready-fd", "6", "--origin",
          "bench.example/log", "--durable", g->each ? "each" : "second", (char *)NULL);
    _exit(127);
}

static void start(struct bench_guard *g) {
    int root[2], ready[2];
    uint8_t byte = 0;
    if (pipe2(root, O_CLOEXEC) != 0 || pipe2(ready, O_CLOEXEC) != 0 ||
        write(root[1], g->root, sizeof g->root) != (ssize_t)sizeof g->root) {
        die("no pipe for the guard");
    }
    close(root[1]);
    const int fds[FDS] = {root[0], g->admin_fd, g->program_fd, ready[1]};
    g->pid = fork();
    if (g->pid == 0) {
        run_guard(g, fds);
    }
    close(root[0]);
    close(ready[1]);
    struct pollfd wait = {ready[0], POLLIN, 0};
    if (g->pid < 0 || poll(&wait, 1, START_MS) != 1 || read(ready[0], &byte, 1) != 1) {
        die("%s does not start", WARD_GUARD);
    }
    close(ready[0]);
}

/* --- asking --- */

static bool is_among(const uint16_t *codes, uint16_t code) {
    for (; codes != NULL && *codes != 0; codes++) {
        if (*codes == code) {
            return true;
        }
    }
    return code == OK;
}

uint16_t bench_guard_ask(struct bench_guard *g, uint16_t op, const struct api_value *args,
                         struct ward_answer *ret_answer, const uint16_t *fine) {
    struct status s = ward_call(g->programs, op, g->token, args, ret_answer);
    if (!is_among(fine, s.code)) {
        die("socket: %s: %s", api_op_find(op)->name, error_info(s.code)->name);
    }
    return s.code;
}

static size_t add_names(struct api_value *items, size_t count, const char *prefix, unsigned last) {
    static char names[96][32];
    for (unsigned i = 0; i < last; i++, count++) {
        snprintf(names[count], sizeof names[count], "%s%u", prefix, i);
        items[count] = api_text(names[count]);
    }
    return count;
}

static void register_program(struct bench_guard *g) {
    struct api_value items[96] = {{.n = 0}};
    struct ward_answer answer;
    size_t purposes = add_names(items, 0, "purpose", PURPOSES);
    purposes = add_names(items, purposes, "obj", OBJECTIONS);
    items[purposes++] = api_text("fulfil-rights");
    items[purposes++] = api_text("profile");
    items[purposes++] = api_text("care");
    size_t count = add_names(items, purposes, "acl", TENS);
    count = add_names(items, count, "src", TENS);
    struct api_value args[ARG_ADMIN_PROGRAM__COUNT] = {
        [ARG_ADMIN_PROGRAM_NAME] = api_text("bench"),
        [ARG_ADMIN_PROGRAM_COMPANY] = api_text("Bench B.V."),
        [ARG_ADMIN_PROGRAM_COUNTRY] = api_text("NL"),
        [ARG_ADMIN_PROGRAM_SAME_ENTITY] = api_yes(true),
        [ARG_ADMIN_PROGRAM_PURPOSES] = {.list = {items, purposes}},
        [ARG_ADMIN_PROGRAM_NAMES] = {.list = {items + purposes, count - purposes}},
    };
    struct status s = ward_call(g->admin, API_ADMIN_PROGRAM, NULL, args, &answer);
    if (failed(s)) {
        die("socket: admin.program: %s", error_info(s.code)->name);
    }
    memcpy(g->token, answer.fields[ANS_ADMIN_PROGRAM_TOKEN].bytes.ptr, sizeof g->token);
    ward_answer_done(&answer);
}

/* --- life --- */

void bench_guard_open(struct bench_guard *g, const struct config *config) {
    char admin[700], program[700];
    *g = (struct bench_guard){.pid = 0};
    snprintf(g->dir, sizeof g->dir, "%s", config->dir);
    snprintf(g->source, sizeof g->source, "%s", config->source);
    g->each = config->each;
    if (getrandom(g->root, sizeof g->root, 0) != (ssize_t)sizeof g->root) {
        die("no random bytes");
    }
    make_dirs(g);
    write_map(g);
    path_of(g, "admin.sock", admin);
    path_of(g, "program.sock", program);
    g->admin_fd = listen_at(admin);
    g->program_fd = listen_at(program);
    start(g);
    if (failed(ward_open(admin, &g->admin)) || failed(ward_open(program, &g->programs))) {
        die("no client for the guard");
    }
    ward_set_timeout_ms(g->admin, ADMIN_CALL_MS);
    ward_set_timeout_ms(g->programs, ADMIN_CALL_MS);
    register_program(g);
}

void bench_guard_again(struct bench_guard *g) {
    stop(g->pid, SIGTERM);
    start(g);
}

void bench_guard_close(struct bench_guard *g) {
    ward_close(&g->admin);
    ward_close(&g->programs);
    stop(g->pid, SIGTERM);
    close(g->admin_fd);
    close(g->program_fd);
}
