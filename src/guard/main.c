/* ward-guard: holds the keys and the store. It listens on descriptors that it inherits, dials
 * nothing, parses neither HTTP nor media, and says nothing about anybody in its log.
 *
 * Usage: ward-guard --var DIR --law DIR --map FILE --root-fd N [--front-fd N] [--admin-fd N]
 *                   [--program-fd N] [--durable each|second] [--studio-fd N] [--ready-fd N]
 *                   [--address URL] [--origin NAME]
 *        ward-guard --var DIR --law DIR --map FILE --root-fd N --restore DIR --into DIR
 *                   [--without-ledger yes] [--origin NAME]      restores, says what it did, ends
 *        ward-guard --var DIR --law DIR --map FILE --root-fd N --next-root-fd N [--origin NAME]
 *                                                               changes the root key, ends */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/bytes.h"
#include "files.h"
#include "os/sandbox.h"
#include "restore.h"
#include "seal/root.h"
#include "server.h"
#include "vault/backup.h"

enum { DIRECTORIES = 5 };

struct options {
    const char *var;
    const char *law;
    const char *map;
    const char *address;
    const char *origin;
    const char *root_fd;
    const char *next_root_fd; /* NULL: serve */
    const char *front_fd;
    const char *admin_fd;
    const char *program_fd;
    const char *durable; /* "second": changes of records may be on disk a second later */
    const char *studio_fd;
    const char *ready_fd;
    const char *restore; /* a backup; NULL: serve */
    const char *into;    /* an empty directory, which the caller puts in place of the data */
    const char *without_ledger;
};

/* Where everything stands; made by the supervisor. */
struct places {
    char data[OS_PATH_MAX];
    char keys[OS_PATH_MAX];
    char ledger[OS_PATH_MAX];
    char outbox[OS_PATH_MAX];
    char backups[OS_PATH_MAX];
};

static int complain(const char *what, struct status s) {
    const struct error_info *e = error_info(s.code);
    const char *file = s.code == E_BACKUP_FILE ? vault_backup_blamed() : "";
    fprintf(stderr, "ward-guard: %s: %s%s%s: %s %s\n", what, e->name, file[0] == '\0' ? "" : " ",
            file, e->cause, e->remedy);
    return 1;
}

static bool read_options(int argc, char **argv, struct options *o) {
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {"--var", &o->var},
        {"--law", &o->law},
        {"--map", &o->map},
        {"--address", &o->address},
        {"--origin", &o->origin},
        {"--root-fd", &o->root_fd},
        {"--next-root-fd", &o->next_root_fd},
        {"--front-fd", &o->front_fd},
        {"--admin-fd", &o->admin_fd},
        {"--program-fd", &o->program_fd},
        {"--durable", &o->durable},
        {"--studio-fd", &o->studio_fd},
        {"--ready-fd", &o->ready_fd},
        {"--restore", &o->restore},
        {"--into", &o->into},
        {"--without-ledger", &o->without_ledger},
    };
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;
        while (k < ARRAY_LEN(known) && strcmp(known[k].name, argv[i]) != 0) {
            k++;
        }
        if (k == ARRAY_LEN(known) || i + 1 == argc) {
            return false;
        }
        *known[k].value = argv[i + 1];
    }
    return o->var != NULL && o->law != NULL && o->map != NULL && o->root_fd != NULL &&
           (o->restore == NULL) == (o->into == NULL);
}

static int number_of(const char *text) {
    uint64_t n;
    return text == NULL || failed(parse_u64(slice_str(text), 1 << 20, &n)) ? -1 : (int)n;
}

static struct status name_places(const char *var, struct places *p) {
    struct {
        char *to;
        const char *name;
    } all[DIRECTORIES] = {{p->data, "data"},
                          {p->keys, "keys"},
                          {p->ledger, "ledger"},
                          {p->outbox, "outbox"},
                          {p->backups, "backups"}};
    for (size_t i = 0; i < DIRECTORIES; i++) {
        if (snprintf(all[i].to, OS_PATH_MAX, "%s/%s", var, all[i].name) >= OS_PATH_MAX) {
            return FAIL(E_TOO_LARGE);
        }
    }
    return STATUS_OK;
}

/* A restore reads the backup and writes no mail. */
static struct status shut_in(const struct places *p, const struct options *o) {
    const char *const paths[DIRECTORIES] = {o->restore == NULL ? p->data : o->into, p->keys,
                                            p->ledger, p->outbox,
                                            o->restore == NULL ? p->backups : o->restore};
    struct os_sandbox_dir dirs[DIRECTORIES];
    for (size_t i = 0; i < DIRECTORIES; i++) {
        dirs[i] = (struct os_sandbox_dir){.fd = open(paths[i], O_PATH | O_DIRECTORY | O_CLOEXEC),
                                          .write = o->restore == NULL || paths[i] != o->restore};
        if (dirs[i].fd < 0) {
            return FAIL(paths[i] == o->restore ? E_FILE_MISSING : E_VAR);
        }
    }
    struct status s = os_sandbox_enter(OS_PROFILE_GUARD, dirs, DIRECTORIES);
    for (size_t i = 0; i < DIRECTORIES; i++) {
        close(dirs[i].fd);
    }
    return s;
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

static void say_ready(const char *ready_fd) {
    int fd = number_of(ready_fd);
    if (fd >= 0) {
        (void)!write(fd, "1", 1);
        close(fd);
    }
}

struct service {
    struct os_clock clock;
    struct rules rules;
    struct places places;
    struct vault *vault;
    struct guard *guard;
    struct server *server;
};

static struct vault_options vault_of(const struct service *s, const struct options *o,
                                     const struct seal_key *root) {
    return (struct vault_options){.fs = os_fs_real(),
                                  .clock = &s->clock,
                                  .data_dir = o->restore == NULL ? s->places.data : o->into,
                                  .keys_dir = s->places.keys,
                                  .ledger_dir = s->places.ledger,
                                  .root = root,
                                  .laws = s->rules.laws,
                                  .map = s->rules.map,
                                  .law_version = s->rules.version,
                                  .ledger_origin = o->origin,
                                  .lazy = o->durable != NULL && strcmp(o->durable, "second") == 0,
                                  .needs_log = o->without_ledger == NULL};
}

static struct status open_vault(struct service *s, const struct options *o) {
    struct seal_key root CLEANUP(seal_key_done);
    TRY(root_key_from_fd(number_of(o->root_fd), &root));
    struct vault_options options = vault_of(s, o, &root);
    return vault_open(&options, &s->vault);
}

static struct status open_guard(struct service *s, const struct options *o, int stop_fd) {
    struct server_options sockets = {.front_fd = number_of(o->front_fd),
                                     .admin_fd = number_of(o->admin_fd),
                                     .program_fd = number_of(o->program_fd),
                                     .studio_fd = number_of(o->studio_fd),
                                     .stop_fd = stop_fd};
    TRY(server_new(&sockets, &s->server));
    struct guard_options options = {.fs = os_fs_real(),
                                    .clock = &s->clock,
                                    .vault = s->vault,
                                    .laws = s->rules.laws,
                                    .map = s->rules.map,
                                    .notices = &s->rules.notices,
                                    .law_version = s->rules.version,
                                    .outbox_dir = s->places.outbox,
                                    .backups_dir = s->places.backups,
                                    .address = o->address,
                                    .spawn = sockets.studio_fd < 0 ? NULL : server_spawn,
                                    .spawn_arg = s->server,
                                    .programs_only = sockets.front_fd < 0};
    return guard_new(&options, &s->guard);
}

static struct status prepare(struct service *s, const struct options *o) {
    TRY(os_harden());
    TRY(seal_init());
    TRY(name_places(o->var, &s->places));
    TRY(rules_load(os_fs_real(), o->law, o->map, &s->rules));
    return shut_in(&s->places, o);
}

static struct status start(struct service *s, const struct options *o, int stop_fd) {
    TRY(prepare(s, o));
    TRY(open_vault(s, o));
    return open_guard(s, o, stop_fd);
}

static void stop(struct service *s) {
    guard_free(&s->guard);
    server_free(&s->server);
    vault_close(&s->vault);
    rules_done(&s->rules);
}

static struct status change_root(const struct vault_options *options, const struct options *o) {
    struct seal_key next CLEANUP(seal_key_done);
    TRY(root_key_from_fd(number_of(o->next_root_fd), &next));
    return vault_change_root(options, &next);
}

static struct status restore(const struct vault_options *options, const struct options *o) {
    struct restored restored;
    TRY(restore_run(options, o->restore, &restored));
    restore_say(&restored);
    return STATUS_OK;
}

/* What is done once, while nothing serves. */
static struct status do_once(struct service *s, const struct options *o) {
    struct seal_key root CLEANUP(seal_key_done);
    TRY(prepare(s, o));
    TRY(root_key_from_fd(number_of(o->root_fd), &root));
    struct vault_options options = vault_of(s, o, &root);
    return o->restore != NULL ? restore(&options, o) : change_root(&options, o);
}

static int once(struct service *s, const struct options *o) {
    struct status status = do_once(s, o);
    stop(s);
    const char *what = o->restore != NULL ? "cannot restore" : "cannot change the root key";
    return failed(status) ? complain(what, status) : 0;
}

int main(int argc, char **argv) {
    struct options o = {.address = "http://localhost:8080", .origin = "ward.example/clips"};
    static struct service service;
    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "ward-guard: started by `ward serve`; see docs/PROTOCOL.md\n");
        return 2;
    }
    int stop_fd = open_signals();
    service.clock = os_clock_real();
    if (o.restore != NULL || o.next_root_fd != NULL) {
        return once(&service, &o);
    }
    struct status s = start(&service, &o, stop_fd);
    if (failed(s)) {
        stop(&service);
        return complain("cannot start", s);
    }
    say_ready(o.ready_fd);
    s = server_run(service.server, service.vault, service.guard);
    stop(&service);
    return failed(s) ? complain("stopped", s) : 0;
}
