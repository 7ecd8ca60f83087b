/* Starting a studio, for the supervisor; and running one job to its end, for programs without an
 * event loop. */
#include "media/studio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef WARD_SANITIZED
#define WARD_SANITIZED 0
#endif

static const char *const role_names[] = {
    [STUDIO_TRANSCODE] = "transcode",
    [STUDIO_CHECK] = "check",
};

/* Its end of the pair becomes descriptor 3; there is nothing else but /dev/null. What a sanitizer
 * has to say must be heard. */
static bool set_actions(posix_spawn_file_actions_t *actions, int theirs) {
    bool quiet = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
                 posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0) == 0 &&
                 (WARD_SANITIZED ||
                  posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0) == 0);
    return quiet && posix_spawn_file_actions_adddup2(actions, theirs, STUDIO_FD) == 0 &&
           posix_spawn_file_actions_addclosefrom_np(actions, STUDIO_FD + 1) == 0;
}

/* No signal of ours is blocked or ignored in it. */
static bool set_signals(posix_spawnattr_t *attributes) {
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    return posix_spawnattr_setsigmask(attributes, &none) == 0 &&
           posix_spawnattr_setsigdefault(attributes, &all) == 0 &&
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) ==
               0;
}

static bool spawn_with(const struct studio_exe *exe, enum studio_role role, int theirs,
                       posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                       pid_t *ret_pid) {
    char name[] = "ward-studio";
    char fd_flag[] = "--fd";
    char fd[] = "3";
    char role_flag[] = "--role";
    char role_name[16];
    char user_flag[] = "--user";
    char user[32];
    (void)snprintf(role_name, sizeof role_name, "%s", role_names[role]);
    (void)snprintf(user, sizeof user, "%u:%u", (unsigned)exe->uid, (unsigned)exe->gid);
    char *argv[] = {name, fd_flag, fd, role_flag, role_name, exe->drop_user ? user_flag : NULL,
                    user, NULL};
    char *const nothing[] = {NULL};
    return set_actions(actions, theirs) && set_signals(attributes) &&
           posix_spawn(ret_pid, exe->path, actions, attributes, argv, nothing) == 0;
}

static bool spawn(const struct studio_exe *exe, enum studio_role role, int theirs, pid_t *ret_pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return false;
    }
    bool done = false;
    if (posix_spawnattr_init(&attributes) == 0) {
        done = spawn_with(exe, role, theirs, &actions, &attributes, ret_pid);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return done;
}

struct status studio_spawn(const struct studio_exe *exe, enum studio_role role,
                           struct studio_child *ret_child) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return FAIL(E_STUDIO_START);
    }
    pid_t pid;
    bool done = spawn(exe, role, pair[1], &pid);
    (void)close(pair[1]);
    if (!done) {
        (void)close(pair[0]);
        return FAIL(E_STUDIO_START);
    }
    *ret_child = (struct studio_child){.pid = pid, .fd = pair[0]};
    return STATUS_OK;
}

bool studio_child_ended(struct studio_child *child) {
    if (child->pid > 0 && waitpid(child->pid, NULL, WNOHANG) == child->pid) {
        child->pid = 0;
    }
    return child->pid == 0;
}

bool studio_child_end(struct studio_child *child) {
    if (child->fd >= 0) {
        (void)close(child->fd);
        child->fd = -1;
    }
    if (child->pid <= 0) {
        return false;
    }
    int status = -1;
    pid_t got = waitpid(child->pid, &status, WNOHANG);
    if (got == 0) {
        (void)kill(child->pid, SIGKILL);
        do {
            got = waitpid(child->pid, &status, 0);
        } while (got < 0 && errno == EINTR);
    }
    child->pid = 0;
    return got > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int64_t monotonic_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Hands an event on, or lets go of what came with it. */
static void deliver(struct studio_event *event, studio_on_event *on_event, void *context) {
    if (event->kind == STUDIO_EVENT_NONE) {
        return;
    }
    if (on_event != NULL) {
        on_event(event, context);
    } else if (event->fd >= 0) {
        (void)close(event->fd);
    }
}

static struct status follow(struct studio_job *job, studio_on_event *on_event, void *context) {
    while (!job->ended) {
        struct pollfd wait = {.fd = job->fd, .events = POLLIN};
        (void)poll(&wait, 1, studio_job_wait_ms(job, monotonic_ms()));
        struct studio_event event;
        TRY(studio_job_step(job, monotonic_ms(), &event));
        deliver(&event, on_event, context);
    }
    return STATUS_OK;
}

struct status studio_run(const struct studio_exe *exe, enum studio_role role,
                         enum studio_output claimed, int in_fd, studio_on_event *on_event,
                         void *context) {
    struct studio_child child;
    TRY(studio_spawn(exe, role, &child));
    struct studio_job job = {.fd = -1};
    struct status s = studio_job_begin(child.fd, role, claimed, in_fd, monotonic_ms(), &job);
    child.fd = -1; /* the job's, whatever came of it */
    s = failed(s) ? s : follow(&job, on_event, context);
    studio_job_end(&job);
    (void)studio_child_end(&child);
    return s;
}
