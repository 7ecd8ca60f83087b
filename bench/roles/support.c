/* What bench/gdpr and bench/guard use: time, files, processes. */
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "roles.h"

void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int64_t unix_s(void) {
    return (int64_t)time(NULL);
}

void *need(size_t count, size_t size) {
    void *p = calloc(count, size);
    if (p == NULL) {
        die("not enough memory for %zu times %zu bytes", count, size);
    }
    return p;
}

struct record *answer_add(struct answer *a) {
    if (a->count == a->cap) {
        a->cap = a->cap == 0 ? 1024 : a->cap * 2;
        a->records = realloc(a->records, a->cap * sizeof *a->records);
        if (a->records == NULL) {
            die("not enough memory for an answer");
        }
    }
    return &a->records[a->count++];
}

static uint64_t walked;
static const char *walk_without;

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)ftw;
    bool skip = walk_without != NULL && strstr(path, walk_without) != NULL;
    walked += type == FTW_F && !skip ? (uint64_t)st->st_blocks * 512 : 0;
    return 0;
}

uint64_t tree_bytes(const char *dir, const char *without) {
    sync();
    walked = 0;
    walk_without = without;
    nftw(dir, add_file, 32, FTW_PHYS);
    return walked;
}

size_t tail_lines(const char *path, size_t lines, const char **ret_text) {
    enum { BLOCK = 512 * 1024 };
    static char text[BLOCK + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t from = end > BLOCK ? end - BLOCK : 0;
    ssize_t got = fd < 0 ? 0 : pread(fd, text, BLOCK, from);
    size_t found = 0;
    ssize_t at = got < 0 ? 0 : got;
    text[at] = 0;
    while (at > 0 && (text[at - 1] != '\n' || found++ < lines)) {
        at--;
    }
    if (fd >= 0) {
        close(fd);
    }
    *ret_text = text + at;
    return found < lines ? found : lines;
}

void answer_log(struct answer *a, struct logged entry) {
    a->log = a->log == NULL ? need(LOGGED_MAX, sizeof *a->log) : a->log;
    if (a->logged < LOGGED_MAX) {
        a->log[a->logged++] = entry;
    }
}

void answer_log_turn(struct answer *a) {
    for (size_t i = 0; i < a->logged / 2; i++) {
        struct logged last = a->log[a->logged - 1 - i];
        a->log[a->logged - 1 - i] = a->log[i];
        a->log[i] = last;
    }
}

static void become(const char *user) {
    const struct passwd *p = user == NULL || geteuid() != 0 ? NULL : getpwnam(user);
    if (p != NULL &&
        (setgroups(0, NULL) != 0 || setgid(p->pw_gid) != 0 || setuid(p->pw_uid) != 0)) {
        _exit(126);
    }
}

/* Ends with this program, whatever becomes of it. */
int spawn(char *const argv[], const char *log_file, const char *user) {
    pid_t pid = fork();
    if (pid < 0) {
        die("no process for %s", argv[0]);
    }
    if (pid > 0) {
        return pid;
    }
    int fd = open(log_file, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) {
        _exit(126);
    }
    become(user);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], argv);
    _exit(127);
}

void stop(int pid, int signal) {
    kill(pid, signal);
    waitpid(pid, NULL, 0);
}
