/* ward root-key: changes the root key, while nothing serves. At every point the old key or the new
 * one opens everything, and both are on the disk until it is known which. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "os/sandbox.h"
#include "seal/root.h"
#include "serve.h"

int cmd_root_key(int argc, char **argv);

struct changing {
    struct serve_options o;
    struct root_source next;
    struct serve_places places;
    const char *missing; /* what E_FILE_MISSING speaks of */
    bool separate;
    bool in_place; /* DIR/root.key makes place for one that is made here */
    char made[OS_PATH_MAX];
};

/* What a crash left half written was never used. */
static struct status make_next(struct changing *c) {
    struct seal_key key CLEANUP(seal_key_done);
    bool is_new;
    int n = snprintf(c->made, sizeof c->made, "%s.new", c->places.root_key);
    if (n < 0 || (size_t)n >= sizeof c->made) {
        return FAIL(E_TOO_LARGE);
    }
    if (root_key_from_file(c->made, &key).code == E_ROOT_KEY_FORM) {
        unlink(c->made);
    }
    TRY(serve_make_root(c->made, &is_new));
    c->next.file = c->made;
    return serve_sync_dir(c->o.var); /* before anything is wrapped under it */
}

static struct status prepare(struct changing *c) {
    char keyring[OS_PATH_MAX];
    bool is_new;
    TRY(os_harden());
    int n = snprintf(keyring, sizeof keyring, "%s/keys/keyring", c->o.var);
    c->missing =
        n < 0 || (size_t)n >= sizeof keyring || access(keyring, F_OK) != 0 ? c->o.var : NULL;
    if (c->missing != NULL) {
        return FAIL(E_FILE_MISSING);
    }
    TRY(serve_find(&c->o, &c->places));
    c->separate = serve_can_drop(&c->places, c->o.var);
    TRY(serve_layout(&c->o, c->separate, &c->places, &is_new));
    if (serve_is_up(&c->places)) {
        return FAIL(E_IN_USE);
    }
    return c->in_place ? make_next(c) : STATUS_OK;
}

static struct status put_in_place(const struct changing *c) {
    if (!c->in_place) {
        return STATUS_OK;
    }
    if (rename(c->made, c->places.root_key) != 0) {
        return FAIL(E_VAR);
    }
    return serve_sync_dir(c->o.var);
}

static void say(const struct changing *c) {
    printf("The root key is changed: the old one opens nothing any more, and neither do copies of "
           "the\n"
           "keyring that were made before. Make a backup when the service runs again%s%s%s.\n",
           c->in_place ? ", and copy\n" : "", c->in_place ? c->places.root_key : "",
           c->in_place ? " to a safe place, apart from the backups" : "");
}

static int run(struct changing *c) {
    struct serve_once once = {.words = {"--next-root-fd", "4"}};
    struct status s = root_pipe(&c->places.root, &once.root_fd);
    if (failed(s)) {
        return cli_fail_status("root-key", "the key until now", s);
    }
    s = root_pipe(&c->next, &once.next_root_fd);
    if (failed(s)) {
        close(once.root_fd);
        return cli_fail_status("root-key", "the new key", s);
    }
    bool good = serve_guard_once(&c->o, &c->places, c->separate, &once);
    close(once.root_fd);
    close(once.next_root_fd);
    if (!good) {
        return cli_fail(CLI_DIFFERS, "root-key",
                        "keep both keys: see the message above, then run the same command again");
    }
    s = put_in_place(c);
    if (failed(s)) {
        return cli_fail_status("root-key", c->made, s);
    }
    say(c);
    return CLI_OK;
}

int cmd_root_key(int argc, char **argv) {
    static struct changing c;
    c.o.var = "var";
    const struct cli_option options[] = {
        {"var", &c.o.var, NULL},
        {"root-key", &c.o.root.file, NULL},
        {"root-key-credential", &c.o.root.credential, NULL},
        {"root-key-command", &c.o.root.command, NULL},
        {"new-root-key", &c.next.file, NULL},
        {"new-root-key-credential", &c.next.credential, NULL},
        {"new-root-key-command", &c.next.command, NULL},
        {"law", &c.o.law, NULL},
        {"map", &c.o.map, NULL},
        {"origin", &c.o.origin, NULL},
    };
    int operands;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    if (!root_source_one(&c.o.root) || !root_source_one(&c.next)) {
        return cli_fail(CLI_USAGE, "root-key", ROOT_SOURCES);
    }
    c.in_place = !root_source_named(&c.next);
    if (c.in_place && root_source_named(&c.o.root)) {
        return cli_fail(CLI_USAGE, "root-key",
                        "where does the new key come from? Give --new-root-key");
    }
    struct status s = prepare(&c);
    return failed(s) ? cli_fail_status("root-key", c.missing == NULL ? c.o.var : c.missing, s)
                     : run(&c);
}
