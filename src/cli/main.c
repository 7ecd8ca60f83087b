/* ward: finds the subcommand in the table and runs it. Knows nothing of what they do. */
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define COMMAND(fn, name, arguments, summary, help) int fn(int argc, char **argv);
#include "commands.def"
#undef COMMAND

#define COMMAND(fn, name, arguments, summary, help) {fn, name, arguments, summary, help},
static const struct cli_command commands[] = {
#include "commands.def"
};
#undef COMMAND

const struct cli_command *cli_commands(size_t *ret_count) {
    *ret_count = ARRAY_LEN(commands);
    return commands;
}

static const struct cli_command *find_command(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int unknown_command(const char *name) {
    const char *names[ARRAY_LEN(commands) + 2] = {"help", "version"};
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        names[2 + i] = commands[i].name;
    }
    const char *near = cli_nearest(slice_str(name), names, ARRAY_LEN(names));
    if (near != NULL) {
        return cli_fail(CLI_USAGE, "", "there is no command `%s`; did you mean `%s`?", name, near);
    }
    return cli_fail(CLI_USAGE, "", "there is no command `%s`; `ward help` lists them", name);
}

static void list_commands(struct cli_out *o) {
    out_str(o, "ward: a service's personal data, used as the law allows\n\n"
               "usage: ward COMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        out_format(o, "  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    out_str(o, "  help      tells more about a command: ward help COMMAND\n"
               "  version   says which version this is\n");
}

static void describe(struct cli_out *o, const struct cli_command *c) {
    out_format(o, "usage: ward %s %s\n\n", c->name, c->arguments);
    out_str(o, c->help);
}

static int help(const char *name) {
    const struct cli_command *c = name == NULL ? NULL : find_command(name);
    if (name != NULL && c == NULL) {
        return unknown_command(name);
    }
    struct cli_out o;
    out_init(&o, STDOUT_FILENO);
    if (c == NULL) {
        list_commands(&o);
    } else {
        describe(&o, c);
    }
    return out_done(&o) ? CLI_OK : CLI_DIFFERS;
}

static int version(void) {
    struct cli_out o;
    out_init(&o, STDOUT_FILENO);
    out_str(&o, "ward " WARD_VERSION "\n");
    return out_done(&o) ? CLI_OK : CLI_DIFFERS;
}

static bool is(const char *word, const char *a, const char *b) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static bool asks_for_help(int argc, char **argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (is(argv[i], "--help", "-h")) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        return cli_fail(CLI_USAGE, "", "which command? `ward help` lists them");
    }
    const char *name = argv[1];
    if (is(name, "help", "--help") || is(name, "-h", "-?")) {
        return help(argc > 2 ? argv[2] : NULL);
    }
    if (is(name, "version", "--version")) {
        return version();
    }
    const struct cli_command *c = find_command(name);
    if (c == NULL) {
        return unknown_command(name);
    }
    if (asks_for_help(argc - 2, argv + 2)) {
        return help(name);
    }
    return c->run(argc - 1, argv + 1);
}
