/* Starting one process of the service: descriptors 3 and up, its own user, and nothing else of
 * ours. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/sandbox.h"
#include "serve.h"

extern char **environ;

/* First out of the way, so that none is overwritten before it is moved. */
static bool place_fds(const struct serve_program *p) {
    int away[SERVE_FDS];
    for (size_t i = 0; i < p->fd_count; i++) {
        away[i] = fcntl(p->fds[i], F_DUPFD_CLOEXEC, 3 + SERVE_FDS);
        if (away[i] < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < p->fd_count; i++) {
        if (dup2(away[i], 3 + (int)i) < 0) {
            return false;
        }
    }
    return true;
}

static _Noreturn void become(const struct serve_program *p) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Ctrl-C reaches the supervisor alone, which stops the others in order. */
    (void)setpgid(0, 0);
    if (!place_fds(p) || (p->drop_user && failed(os_become_user(p->uid, p->uid)))) {
        _exit(126);
    }
    execve(p->exe, p->argv, environ);
    _exit(127);
}

struct status serve_start(const struct serve_program *program, pid_t *ret_pid) {
    pid_t pid = fork();
    if (pid < 0) {
        return FAIL(E_EXEC);
    }
    if (pid == 0) {
        become(program);
    }
    *ret_pid = pid;
    return STATUS_OK;
}

char *serve_word(const char *constant) {
    return (char *)(uintptr_t)constant;
}

bool serve_guard_once(const struct serve_options *o, struct serve_places *places, bool separate,
                      const struct serve_once *once) {
    char *argv[24] = {
        serve_word("ward-guard"),
        serve_word("--var"),
        serve_word(o->var),
        serve_word("--law"),
        places->law,
        serve_word("--map"),
        places->map,
        serve_word("--root-fd"),
        serve_word("3"),
    };
    size_t n = 9;
    if (o->origin != NULL) {
        argv[n++] = serve_word("--origin");
        argv[n++] = serve_word(o->origin);
    }
    for (size_t i = 0; i < ARRAY_LEN(once->words) && once->words[i] != NULL; i++) {
        argv[n++] = serve_word(once->words[i]);
    }
    const struct serve_program program = {.name = "ward-guard",
                                          .exe = places->guard_exe,
                                          .argv = argv,
                                          .fds = {once->root_fd, once->next_root_fd},
                                          .fd_count = once->next_root_fd < 0 ? 1 : 2,
                                          .drop_user = separate,
                                          .uid = UID_GUARD};
    pid_t pid;
    int code = 1;
    bool started = !failed(serve_start(&program, &pid));
    return started && waitpid(pid, &code, 0) == pid && WIFEXITED(code) && WEXITSTATUS(code) == 0;
}
