/* The guard: what stands between callers and the vault. It knows sessions and operations; the
 * vault below it decides, acts and records. Here is no socket and no thread: server.c brings
 * frames, and tests bring them too.
 *
 *   struct guard *g = NULL;
 *   TRY(guard_new(&options, &g));
 *   struct guard_request in = {.role = GUARD_FRONT, .frame = frame};
 *   switch (guard_take(g, &in, &out)) { ... }
 *
 * A caller is believed in nothing: who acts comes from the session's token, the purpose from the
 * operation's file, every fact from the vault. */
#ifndef WARD_GUARD_GUARD_H
#define WARD_GUARD_GUARD_H

#include "api/frame.h"
#include "guard/limits.h"
#include "seal/seal.h"
#include "vault/vault.h"

struct guard;
struct law_map;
struct notice_templates;

enum guard_role { GUARD_FRONT, GUARD_ADMIN, GUARD_PROGRAM };

/* Asks for a studio of that role; what comes of it is told through guard_studio_came, later. */
typedef struct status guard_spawn_fn(void *arg, uint8_t role);

struct guard_options {
    const struct os_fs *fs;
    const struct os_clock *clock;
    struct vault *vault;                    /* outlives the guard */
    const struct law_set *laws;             /* outlives the guard */
    const struct law_map *map;              /* outlives the guard */
    const struct notice_templates *notices; /* in every language, for adults and children */
    const char *law_version; /* a hash, in hexadecimal, of the packs and the data map */
    const char *outbox_dir;  /* mails stand here as files; NULL: none are sent */
    const char *backups_dir; /* NULL: none can be made */
    const char *address;     /* of the service, "http://localhost:8080", for links in mails */
    guard_spawn_fn *spawn;   /* NULL: no studio, clips stay unfinished */
    void *spawn_arg;
    bool programs_only; /* without the service, which the data map then need not declare */
};

/* Rebuilds projections from the vault. On success the caller owns *ret_guard. */
MUST_USE struct status guard_new(const struct guard_options *options, struct guard **ret_guard);
void guard_free(struct guard **guard);

enum guard_outcome {
    GUARD_ANSWERED, /* the answer stands in out; it may be sent after the commit */
    GUARD_PASSWORD, /* a password must be worked first: take job, then guard_resume */
    GUARD_ALONE,    /* must run outside of a batch: commit, then guard_take with alone set */
    GUARD_BROKEN,   /* the answer stands in out; send it and close the connection */
};

/* One password to hash or to check, by a thread that touches nothing else. */
struct guard_password {
    bool verify; /* against `text`; else hash into it */
    bool known;  /* false: there is no such account, and the time is spent all the same */
    size_t password_len;
    uint8_t password[SEAL_PASSWORD_MAX];
    char text[SEAL_PASSWORD_LEN];
    struct status result;
};
void guard_password_work(struct guard_password *job);

struct guard_request {
    enum guard_role role;
    struct slice frame;                  /* one whole frame; lives during the call */
    bool alone;                          /* no batch is open */
    const struct guard_password *worked; /* when resumed */
};

struct guard_reply {
    struct buf *out;    /* frames are added to it */
    int fd;             /* goes with the first byte of the frame; then the server's */
    bool watches;       /* the connection wants notices from now on */
    uint64_t after_seq; /* send when vault_follow_behind is false for it; 0: at once */
    struct guard_password
        *job; /* for GUARD_PASSWORD: the caller ends it with guard_password_free */
};

enum guard_outcome guard_take(struct guard *g, const struct guard_request *in,
                              struct guard_reply *reply);
void guard_password_free(struct guard_password **job);

/* Between two rounds: projections, studio jobs, timers, the vault's own work. Notices for watching
 * connections are added to `notices`. *ret_wait_ms: how long nothing needs doing. */
MUST_USE struct status guard_tick(struct guard *g, struct buf *notices, int *ret_wait_ms);

/* What comes of guard_options.spawn, in the order it was asked. fd -1: it could not be started. */
void guard_studio_came(struct guard *g, int fd);

/* The socket of a rank that was just started; it is told everything anew. The guard owns fd and
 * never blocks on it. Without one, the feed is newest first. */
void guard_rank_came(struct guard *g, int fd);
/* It is readable. */
void guard_rank_said(struct guard *g);

#endif
