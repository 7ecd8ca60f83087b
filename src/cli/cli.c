/* Options and messages. Must never act on arguments that it did not wholly understand. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 4096 };

static void write_message(const struct buf *b) {
    struct slice rest = buf_slice(b);
    while (rest.len > 0) {
        ssize_t n = write(STDERR_FILENO, rest.ptr, rest.len);
        if (n <= 0) {
            return; /* nobody to tell */
        }
        rest = slice_from(rest, (size_t)n);
    }
}

int cli_fail(int status, const char *command, const char *format, ...) {
    char text[MESSAGE_BYTES];
    struct buf b CLEANUP(buf_done);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_init(&b, 2 * MESSAGE_BYTES);
    struct status s = buf_add_str(&b, command[0] == '\0' ? "ward" : "ward ");
    s = failed(s) ? s : buf_add_str(&b, command);
    s = failed(s) ? s : buf_add_str(&b, ": ");
    s = failed(s) ? s : buf_add_str(&b, text);
    s = failed(s) ? s : buf_add_str(&b, "\n");
    write_message(&b);
    return failed(s) && status == 0 ? 1 : status;
}

int cli_fail_status(const char *command, const char *what, struct status why) {
    const struct error_info *info = error_info(why.code);
    return cli_fail(CLI_DIFFERS, command, "%s: %s %s [%s]", what, info->cause, info->remedy,
                    info->name);
}

const char *cli_nearest(struct slice word, const char *const *candidates, size_t count) {
    const char *best = NULL;
    size_t least = word.len / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t d = slice_distance(word, slice_str(candidates[i]));
        if (d < least) {
            best = candidates[i];
            least = d;
        }
    }
    return best;
}

static const struct cli_option *find_option(const struct cli_option *options, size_t count,
                                            struct slice name) {
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(slice_str(options[i].name), name)) {
            return &options[i];
        }
    }
    return NULL;
}

enum { MAX_OPTIONS = 32 };

static bool unknown_option(const char *command, const struct cli_option *options, size_t count,
                           struct slice name) {
    const char *names[MAX_OPTIONS];
    size_t n = count < MAX_OPTIONS ? count : MAX_OPTIONS;
    for (size_t i = 0; i < n; i++) {
        names[i] = options[i].name;
    }
    const char *near = cli_nearest(name, names, n);
    if (near != NULL) {
        cli_fail(CLI_USAGE, command, "there is no option --%.*s; did you mean --%s?",
                 SLICE_ARG(name), near);
    } else {
        cli_fail(CLI_USAGE, command, "there is no option --%.*s; `ward help %s` lists them",
                 SLICE_ARG(name), command);
    }
    return false;
}

/* One argument that begins with two dashes. *i moves on when it takes the next as its value. */
static bool take_option(int argc, char **argv, int *i, const struct cli_option *options,
                        size_t count) {
    struct slice rest = slice_str(argv[*i] + 2);
    size_t equals = slice_find(rest, '=');
    struct slice name = slice_sub(rest, 0, equals);
    bool attached = equals < rest.len;
    const struct cli_option *o = find_option(options, count, name);
    if (o == NULL) {
        return unknown_option(argv[0], options, count, name);
    }
    if (o->value == NULL) {
        if (attached) {
            cli_fail(CLI_USAGE, argv[0], "--%s takes no value", o->name);
            return false;
        }
        *o->flag = true;
        return true;
    }
    if (!attached && *i + 1 >= argc) {
        cli_fail(CLI_USAGE, argv[0], "--%s needs a value after it", o->name);
        return false;
    }
    *o->value = attached ? argv[*i] + 2 + equals + 1 : argv[++*i];
    return true;
}

bool cli_parse(int argc, char **argv, const struct cli_option *options, size_t count,
               int max_operands, int *ret_operands) {
    int operands = 0;
    bool only_operands = false;
    for (int i = 1; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (!only_operands && argv[i][0] == '-' && argv[i][1] == '-') {
            if (!take_option(argc, argv, &i, options, count)) {
                return false;
            }
        } else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
            cli_fail(CLI_USAGE, argv[0], "there is no option %s; options are written --name",
                     argv[i]);
            return false;
        } else if (operands == max_operands) {
            cli_fail(CLI_USAGE, argv[0], "`%s` is one argument too many; `ward help %s` shows how",
                     argv[i], argv[0]);
            return false;
        } else {
            argv[1 + operands++] = argv[i];
        }
    }
    *ret_operands = operands;
    return true;
}
