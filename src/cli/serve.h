/* The supervisor, in parts: the directory of the service, its processes, its loop. */
#ifndef WARD_CLI_SERVE_H
#define WARD_CLI_SERVE_H

#include <sys/types.h>

#include "base/buf.h"
#include "media/studio.h"
#include "os/file.h"
#include "seal/seal.h"

/* High numbers that no package uses; they need no line in /etc/passwd. */
enum serve_uid {
    UID_GUARD = 62101,
    UID_FRONT = 62102,
    UID_STUDIO = 62103,
    UID_COURIER = 62104,
    UID_RANK = 62105,
};

/* Where the root key comes from: one of these. */
struct root_source {
    const char *file;
    const char *credential; /* its name in $CREDENTIALS_DIRECTORY */
    const char *command;    /* for /bin/sh; writes the key to its standard output */
};

struct serve_options {
    const char *var;
    const char *law;
    const char *map;
    const char *web;
    const char *listen;
    const char *address; /* in mails and on the screen; made from listen and port without it */
    const char *origin;
    struct root_source root; /* of none: DIR/root.key */
    const char *smtp;
    const char *smtp_user;
    const char *smtp_password;
    const char *programs; /* the group that may reach the programs' socket; NULL: there is none */
    uint16_t port;
    bool secure;
    bool behind_proxy;
    const char *durable; /* each or second; NULL: each */
    bool no_service; /* the guard alone, for programs */
};

/* Paths under var, and programs beside our own. */
struct serve_places {
    struct root_source root;
    char root_key[OS_PATH_MAX]; /* DIR/root.key, where root.file leads when no source was named */
    char front_socket[OS_PATH_MAX];
    char admin_socket[OS_PATH_MAX];
    char program_socket[OS_PATH_MAX];
    gid_t program_group;
    char ledger[OS_PATH_MAX];
    char outbox[OS_PATH_MAX];
    char guard_exe[OS_PATH_MAX];
    char front_exe[OS_PATH_MAX];
    char studio_exe[OS_PATH_MAX];
    char courier_exe[OS_PATH_MAX];
    char rank_exe[OS_PATH_MAX];
    char law[OS_PATH_MAX];
    char map[OS_PATH_MAX];
    char web[OS_PATH_MAX]; /* empty: no client */
};

struct serve_places;
/* True when processes can turn into users of their own here, and those reach what they need. */
bool serve_can_drop(const struct serve_places *places, const char *var);
/* Finds the programs, the law and the client. E_EXEC, E_FILE_MISSING. */
MUST_USE struct status serve_find(const struct serve_options *o, struct serve_places *ret_places);
/* Makes what is missing under var, with owners when users are separate; *ret_new when a root key
 * was made, because there was none and no source was named. E_VAR. */
MUST_USE struct status serve_layout(const struct serve_options *o, bool separate,
                                    struct serve_places *places, bool *ret_new);
/* A random root key at `path`, durably; *ret_new when there was none. E_VAR. */
MUST_USE struct status serve_make_root(const char *path, bool *ret_new);
/* The names in `dir` are on the disk. E_VAR. */
MUST_USE struct status serve_sync_dir(const char *dir);
/* Listening sockets. E_VAR; E_PORT. */
MUST_USE struct status serve_unix(const char *path, uint32_t owner, bool separate, int *ret_fd);
/* Only members of the group reach it. */
MUST_USE struct status serve_unix_group(const char *path, gid_t group, int *ret_fd);
MUST_USE struct status serve_tcp(const char *host, uint16_t port, int *ret_fd, uint16_t *ret_port);

/* A process of the service. */
struct serve_child {
    pid_t pid; /* 0: none */
    const char *name;
    int64_t started_ms;
    unsigned quick_ends; /* one after another, each within a few seconds of its start */
};

/* Descriptors handed over keep their numbers: 3, 4, 5, ... in this order. */
enum { SERVE_FDS = 6 };
struct serve_program {
    const char *name;
    const char *exe;
    char *const *argv;
    int fds[SERVE_FDS];
    size_t fd_count;
    bool drop_user;
    uint32_t uid;
};
MUST_USE struct status serve_start(const struct serve_program *program, pid_t *ret_pid);
/* A guard that does one thing, says what hindered it, and ends. True when it did it. */
struct serve_once {
    int root_fd;
    int next_root_fd;     /* 4 over there; -1: none */
    const char *words[8]; /* what to do; up to NULL */
};
bool serve_guard_once(const struct serve_options *o, struct serve_places *places, bool separate,
                      const struct serve_once *once);
/* execve takes words that it does not change as ones that it may. */
char *serve_word(const char *constant);
/* Of the machine since it started: never set back. */
int64_t serve_now_ms(void);
/* Does a supervisor listen on the sockets of this directory? */
bool serve_is_up(const struct serve_places *places);

#define ROOT_SOURCES                                                                               \
    "the root key comes from one place: give --root-key, --root-key-credential or "                \
    "--root-key-command"
bool root_source_named(const struct root_source *source);
/* At most one is named. */
bool root_source_one(const struct root_source *source);
/* The root key, in a pipe: it stands in no argument and no environment. A command gets no input, no
 * terminal and next to no environment, half a minute, and what it says besides the key is thrown
 * away. When we are asked to end it is ended at once, with all that it started, and the signal is
 * left to be taken. E_FILE_MISSING, E_ROOT_KEY_FORM, E_ROOT_KEY_PUBLIC; E_ROOT_KEY_COMMAND when it
 * fails or was ended so, E_ROOT_KEY_LATE, E_ROOT_KEY_OUTPUT. */
MUST_USE struct status root_pipe(const struct root_source *source, int *ret_fd);
MUST_USE struct status root_from_command(const char *text, int64_t within_ms,
                                         struct seal_key *ret_key);

/* Runs until a signal; the exit status. */
int serve_run(const struct serve_options *o, struct serve_places *places, bool separate);

#endif
