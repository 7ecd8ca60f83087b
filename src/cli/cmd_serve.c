/* ward serve: starts the service and keeps it up. Holds no key longer than it takes to hand it
 * over, and parses nothing that comes from outside. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli.h"
#include "os/sandbox.h"
#include "serve.h"

int cmd_serve(int argc, char **argv);

static void warn_one_user(void) {
    fprintf(
        stderr,
        "ward: warning: all processes run as one user, because this is not root, or because\n"
        "      other users cannot reach these directories. The sandboxes stand, but who takes\n"
        "      over that user can read the keys. Fine for trying out; for people's data install\n"
        "      Ward and start it as root.\n");
}

static void greet(const struct serve_options *o) {
    printf(
        "A new service in %s.\n"
        "  %s/root.key opens everything in it. Copy it to a safe place now, apart from the\n"
        "  backups: without it nothing can be read by anybody. It stands on the same disk as what\n"
        "  it opens; `ward help serve` names ways to keep it elsewhere.\n"
        "  Make an operator with: ward operator --name NAME --company NAME --country NL\n",
        o->var, o->var);
    (void)fflush(stdout);
}

int cmd_serve(int argc, char **argv) {
    struct serve_options o = {.var = "var", .listen = "127.0.0.1", .port = 8080};
    const char *port = NULL;
    const struct cli_option options[] = {
        {"var", &o.var, NULL},
        {"law", &o.law, NULL},
        {"map", &o.map, NULL},
        {"web", &o.web, NULL},
        {"listen", &o.listen, NULL},
        {"port", &port, NULL},
        {"address", &o.address, NULL},
        {"origin", &o.origin, NULL},
        {"root-key", &o.root.file, NULL},
        {"root-key-credential", &o.root.credential, NULL},
        {"root-key-command", &o.root.command, NULL},
        {"smtp", &o.smtp, NULL},
        {"smtp-user", &o.smtp_user, NULL},
        {"smtp-password-file", &o.smtp_password, NULL},
        {"secure", NULL, &o.secure},
        {"behind-proxy", NULL, &o.behind_proxy},
        {"programs", &o.programs, NULL},
        {"no-service", NULL, &o.no_service},
        {"durable", &o.durable, NULL},
    };
    int operands;
    uint64_t number = o.port;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    if (port != NULL && failed(parse_u64(slice_str(port), UINT16_MAX, &number))) {
        return cli_fail(CLI_USAGE, "serve", "--port takes a number up to 65535");
    }
    if (!root_source_one(&o.root)) {
        return cli_fail(CLI_USAGE, "serve", ROOT_SOURCES);
    }
    if (o.durable != NULL && strcmp(o.durable, "each") != 0 && strcmp(o.durable, "second") != 0) {
        return cli_fail(CLI_USAGE, "serve", "--durable takes each or second");
    }
    if (o.no_service && o.programs == NULL) {
        return cli_fail(CLI_USAGE, "serve", "--no-service leaves nothing without --programs GROUP");
    }
    o.port = (uint16_t)number;
    struct serve_places places = {0};
    bool is_new = false;
    bool separate = false;
    struct status s = os_harden();
    s = failed(s) ? s : serve_find(&o, &places);
    separate = !failed(s) && serve_can_drop(&places, o.var);
    s = failed(s) ? s : serve_layout(&o, separate, &places, &is_new);
    s = failed(s) ? s : serve_is_up(&places) ? FAIL(E_IN_USE) : STATUS_OK;
    if (failed(s)) {
        return cli_fail_status("serve", o.var, s);
    }
    if (!separate) {
        warn_one_user();
    }
    if (is_new) {
        greet(&o);
    }
    return serve_run(&o, &places, separate);
}
