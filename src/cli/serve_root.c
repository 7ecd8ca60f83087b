/* The root key on its way to the guard: from a file, a credential of systemd or a command, into a
 * pipe. It must never stay here, and never reach a log, an argument or an environment. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "seal/root.h"
#include "serve.h"

extern char **environ;

enum { COMMAND_MS = 30000, KEY_TEXT_MAX = 2 * SEAL_KEY_LEN + 2, PAUSE_MS = 5 };

/* --- the command --- */

struct command {
    pid_t pid;
    int out; /* what it writes */
    int64_t until_ms;
    int signals; /* readable when we are asked to end */
    sigset_t before;
};

/* While a command runs, what asks us to end is held and only looked at: when the command has been
 * ended it comes to whoever waits for it, or does what it does without one. */
static struct status hold_signals(struct command *c) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    c->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (c->signals < 0) {
        return FAIL(E_EXEC);
    }
    sigprocmask(SIG_BLOCK, &set, &c->before);
    return STATUS_OK;
}

static void let_signals(struct command *c) {
    close(c->signals);
    sigprocmask(SIG_SETMASK, &c->before, NULL);
}

/* What a command needs to find programs, its own settings and credentials, and nothing else. */
static void closed_environment(char *ret_env[4]) {
    static const char *const kept[] = {"HOME=", "CREDENTIALS_DIRECTORY="};
    size_t n = 0;
    ret_env[n++] = serve_word("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        char **e = environ;
        while (*e != NULL && strncmp(*e, kept[i], strlen(kept[i])) != 0) {
            e++;
        }
        if (*e != NULL) {
            ret_env[n++] = *e;
        }
    }
    ret_env[n] = NULL;
}

/* Its messages are thrown away: one that shows the key would show it in our log. */
static _Noreturn void become_command(const char *text, int out) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    char *env[4];
    closed_environment(env);
    char *argv[] = {serve_word("sh"), serve_word("-c"), serve_word(text), NULL};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || nothing < 0 ||
        dup2(nothing, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(nothing, STDERR_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) != 0) {
        _exit(126);
    }
    execve("/bin/sh", argv, env);
    _exit(127);
}

static struct status command_start(const char *text, int64_t within_ms, struct command *c) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return FAIL(E_EXEC);
    }
    pid_t pid = fork();
    if (pid == 0) {
        become_command(text, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return FAIL(E_EXEC);
    }
    (void)setpgid(pid, pid); /* whoever of the two comes first */
    c->pid = pid;
    c->out = ends[0];
    c->until_ms = serve_now_ms() + within_ms;
    return STATUS_OK;
}

/* To its end. One byte more than a key has is read, so that what is too long is seen to be. */
static struct status command_read(const struct command *c, uint8_t text[KEY_TEXT_MAX + 1],
                                  size_t *ret_len) {
    size_t len = 0;
    ssize_t n = 1;
    while (n > 0 && len <= KEY_TEXT_MAX) {
        struct pollfd readable[] = {{c->out, POLLIN, 0}, {c->signals, POLLIN, 0}};
        int64_t left_ms = c->until_ms - serve_now_ms();
        int ready = left_ms <= 0 ? 0 : poll(readable, 2, (int)left_ms);
        if (ready == 0) {
            return FAIL(E_ROOT_KEY_LATE);
        }
        if (ready > 0 && readable[1].revents != 0) {
            return FAIL(E_ROOT_KEY_COMMAND);
        }
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        n = read(c->out, text + len, KEY_TEXT_MAX + 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    *ret_len = len;
    return n < 0 ? FAIL(E_IO) : STATUS_OK;
}

/* Not collected yet, so that its number stays its own until its group is ended. */
static struct status command_wait(const struct command *c) {
    siginfo_t info = {.si_pid = 0};
    while (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0) {
        struct pollfd asked = {c->signals, POLLIN, 0};
        if (serve_now_ms() >= c->until_ms) {
            return FAIL(E_ROOT_KEY_LATE);
        }
        if (poll(&asked, 1, PAUSE_MS) > 0) {
            return FAIL(E_ROOT_KEY_COMMAND);
        }
    }
    bool good = info.si_code == CLD_EXITED && info.si_status == 0;
    return good ? STATUS_OK : FAIL(E_ROOT_KEY_COMMAND);
}

/* With whatever it started. */
static void command_end(struct command *c) {
    close(c->out);
    (void)kill(-c->pid, SIGKILL);
    (void)kill(c->pid, SIGKILL);
    (void)waitpid(c->pid, NULL, 0);
}

static struct status run_command(struct command *c, const char *text, int64_t within_ms,
                                 struct seal_key *ret_key) {
    uint8_t bytes[KEY_TEXT_MAX + 1];
    size_t len = 0;
    TRY(command_start(text, within_ms, c));
    struct status s = command_read(c, bytes, &len);
    /* Who wrote too much may wait for a reader for ever. */
    bool long_one = !failed(s) && len > KEY_TEXT_MAX;
    if (!failed(s) && !long_one) {
        s = command_wait(c);
    }
    command_end(c);
    if (!failed(s) && (long_one || failed(root_key_parse(slice_of(bytes, len), ret_key)))) {
        s = FAIL(E_ROOT_KEY_OUTPUT);
    }
    mem_wipe(bytes, sizeof bytes);
    return s;
}

struct status root_from_command(const char *text, int64_t within_ms, struct seal_key *ret_key) {
    struct command c;
    TRY(hold_signals(&c));
    struct status s = run_command(&c, text, within_ms, ret_key);
    let_signals(&c);
    return s;
}

/* --- the pipe --- */

static struct status root_read(const struct root_source *source, struct seal_key *ret_key) {
    if (source->command != NULL) {
        return root_from_command(source->command, COMMAND_MS, ret_key);
    }
    return source->credential != NULL ? root_key_from_credential(source->credential, ret_key)
                                      : root_key_from_file(source->file, ret_key);
}

bool root_source_named(const struct root_source *source) {
    return source->file != NULL || source->credential != NULL || source->command != NULL;
}

bool root_source_one(const struct root_source *source) {
    return (source->file != NULL) + (source->credential != NULL) + (source->command != NULL) <= 1;
}

struct status root_pipe(const struct root_source *source, int *ret_fd) {
    struct seal_key root CLEANUP(seal_key_done);
    int ends[2];
    TRY(root_read(source, &root));
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return FAIL(E_EXEC);
    }
    bool sent = write(ends[1], root.bytes, sizeof root.bytes) == (ssize_t)sizeof root.bytes;
    close(ends[1]);
    if (!sent) {
        close(ends[0]);
        return FAIL(E_EXEC);
    }
    *ret_fd = ends[0];
    return STATUS_OK;
}
