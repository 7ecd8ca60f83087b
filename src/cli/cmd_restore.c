/* ward restore: puts a backup in the place of the data, while nothing serves. The guard does the
 * work in a directory of its own; only what is whole and opens again changes places with the old
 * data, in one step. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "os/sandbox.h"
#include "serve.h"

int cmd_restore(int argc, char **argv);

enum { DEPTH_MAX = 4, ESCROW_MAX = 16384 };

struct restoring {
    struct serve_options o;
    struct serve_places places;
    const char *backup;
    const char *missing; /* what E_FILE_MISSING speaks of */
    const char *escrow;
    bool replace;
    bool without_ledger;
    bool separate;
    char key[OS_PATH_MAX];
    char data[OS_PATH_MAX];
    char into[OS_PATH_MAX];
};

static struct status join(char to[OS_PATH_MAX], const char *dir, const char *name) {
    int n = snprintf(to, OS_PATH_MAX, "%s/%s", dir, name);
    return n < 0 || n >= OS_PATH_MAX ? FAIL(E_TOO_LARGE) : STATUS_OK;
}

/* --- directories --- */

static struct status remove_all(int parent, const char *name, unsigned depth);

static struct status remove_inside(DIR *dir, unsigned depth) {
    struct dirent *e;
    while ((e = readdir(dir)) != NULL) {
        bool own = e->d_name[0] == '.' &&
                   (e->d_name[1] == 0 || (e->d_name[1] == '.' && e->d_name[2] == 0));
        if (!own) {
            TRY(remove_all(dirfd(dir), e->d_name, depth + 1));
        }
    }
    return STATUS_OK;
}

/* Follows no link. Nothing there is as well. */
static struct status remove_all(int parent, const char *name, unsigned depth) {
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
        return STATUS_OK;
    }
    if (depth == DEPTH_MAX) {
        return FAIL(E_VAR);
    }
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return FAIL(E_VAR);
    }
    struct status s = remove_inside(dir, depth);
    closedir(dir);
    TRY(s);
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? STATUS_OK : FAIL(E_VAR);
}

static struct status make_into(const struct restoring *r) {
    TRY(remove_all(AT_FDCWD, r->into, 0)); /* of a restore that was cut off */
    if (mkdir(r->into, 0700) != 0 || (r->separate && chown(r->into, UID_GUARD, UID_GUARD) != 0)) {
        return FAIL(E_VAR);
    }
    return STATUS_OK;
}

static bool holds_store(const struct restoring *r) {
    char store[OS_PATH_MAX];
    return failed(join(store, r->data, "store.db")) || access(store, F_OK) == 0;
}

/* --- in order --- */

static struct status prepare(struct restoring *r) {
    bool is_new;
    char manifest[OS_PATH_MAX];
    TRY(os_harden());
    if (!root_source_named(&r->o.root)) {
        TRY(join(r->key, r->o.var, "root.key"));
        r->o.root.file = r->key; /* a new one would open nothing */
    }
    TRY(join(manifest, r->backup, "manifest"));
    const char *file = r->o.root.file;
    r->missing = access(r->backup, R_OK) != 0              ? r->backup
                 : file != NULL && access(file, R_OK) != 0 ? file
                                                           : NULL;
    if (r->missing != NULL) {
        return FAIL(E_FILE_MISSING);
    }
    if (access(manifest, R_OK) != 0) {
        return FAIL(E_BACKUP_UNFINISHED);
    }
    TRY(serve_find(&r->o, &r->places));
    r->separate = serve_can_drop(&r->places, r->o.var);
    TRY(serve_layout(&r->o, r->separate, &r->places, &is_new));
    TRY(join(r->data, r->o.var, "data"));
    TRY(join(r->into, r->o.var, "restoring"));
    if (serve_is_up(&r->places)) {
        return FAIL(E_IN_USE);
    }
    if (!r->replace && holds_store(r)) {
        return FAIL(E_STORE_HERE);
    }
    return make_into(r);
}

/* The generation of another machine's root key, where no keys are yet. */
static struct status put_escrow(const struct restoring *r, const char *keys) {
    char path[OS_PATH_MAX];
    struct buf sealed CLEANUP(buf_done);
    buf_init_secret(&sealed, ESCROW_MAX);
    TRY(os_read_file(os_fs_real(), r->escrow, &sealed));
    TRY(os_replace_file(os_fs_real(), keys, "generation", 0, buf_slice(&sealed)));
    TRY(join(path, keys, "generation"));
    return r->separate && chown(path, UID_GUARD, UID_GUARD) != 0 ? FAIL(E_VAR) : STATUS_OK;
}

static int take_escrow(const struct restoring *r) {
    char keys[OS_PATH_MAX];
    char path[OS_PATH_MAX];
    struct status s = join(keys, r->o.var, "keys");
    s = failed(s) ? s : join(path, keys, "keyring");
    if (!failed(s) && access(path, F_OK) == 0) {
        return cli_fail(CLI_USAGE, "restore", "%s is here, and opens: leave --escrow out", path);
    }
    s = failed(s) ? s : put_escrow(r, keys);
    return failed(s) ? cli_fail_status("restore", r->escrow, s) : CLI_OK;
}

/* Both directories change names at once: at every moment one of them is whole. */
static struct status put_in_place(const struct restoring *r) {
    if (renameat2(AT_FDCWD, r->into, AT_FDCWD, r->data, RENAME_EXCHANGE) != 0) {
        return FAIL(E_VAR);
    }
    TRY(serve_sync_dir(r->o.var));
    return remove_all(AT_FDCWD, r->into, 0);
}

static int run(struct restoring *r) {
    struct serve_once once = {.next_root_fd = -1,
                              .words = {"--restore", r->backup, "--into", r->into}};
    if (r->without_ledger) {
        once.words[4] = "--without-ledger";
        once.words[5] = "yes";
    }
    struct status s = root_pipe(&r->places.root, &once.root_fd);
    if (failed(s)) {
        return cli_fail_status("restore", r->backup, s);
    }
    bool good = serve_guard_once(&r->o, &r->places, r->separate, &once);
    close(once.root_fd);
    if (!good) {
        (void)failed(remove_all(AT_FDCWD, r->into, 0));
        return cli_fail(CLI_DIFFERS, "restore",
                        "nothing was put in place; %s is as it was. See the message above",
                        r->data);
    }
    s = put_in_place(r);
    if (failed(s)) {
        return cli_fail_status("restore", r->data, s);
    }
    printf("%s is in place of %s. Start the service with: ward serve\n", r->backup, r->data);
    return CLI_OK;
}

int cmd_restore(int argc, char **argv) {
    static struct restoring r;
    r.o.var = "var";
    const struct cli_option options[] = {
        {"var", &r.o.var, NULL},
        {"root-key", &r.o.root.file, NULL},
        {"root-key-credential", &r.o.root.credential, NULL},
        {"root-key-command", &r.o.root.command, NULL},
        {"law", &r.o.law, NULL},
        {"map", &r.o.map, NULL},
        {"origin", &r.o.origin, NULL},
        {"escrow", &r.escrow, NULL},
        {"replace", NULL, &r.replace},
        {"without-ledger", NULL, &r.without_ledger},
    };
    int operands;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 1, &operands)) {
        return CLI_USAGE;
    }
    if (operands != 1) {
        return cli_fail(CLI_USAGE, "restore", "which backup? Give its directory");
    }
    if (!root_source_one(&r.o.root)) {
        return cli_fail(CLI_USAGE, "restore", ROOT_SOURCES);
    }
    r.backup = argv[1];
    struct status s = prepare(&r);
    if (failed(s)) {
        return cli_fail_status("restore", r.missing == NULL ? r.o.var : r.missing, s);
    }
    int code = r.escrow == NULL ? CLI_OK : take_escrow(&r);
    return code == CLI_OK ? run(&r) : code;
}
