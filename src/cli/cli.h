/* What the subcommands share: options, messages, output, and finding the law. */
#ifndef WARD_CLI_CLI_H
#define WARD_CLI_CLI_H

#include "base/buf.h"

#define WARD_VERSION "0.1.0"

enum { CLI_OK = 0, CLI_DIFFERS = 1, CLI_USAGE = 2 };

struct cli_command {
    int (*run)(int argc, char **argv);
    const char *name;
    const char *arguments;
    const char *summary;
    const char *help;
};

/* All of commands.def. */
const struct cli_command *cli_commands(size_t *ret_count);

/* An option of a subcommand: `--name VALUE` when value is set, otherwise a flag. */
struct cli_option {
    const char *name; /* without the dashes */
    const char **value;
    bool *flag;
};

/* Reads options anywhere, up to `--`; what is left are the operands, at most max_operands, moved to
 * the front of argv from argv[1] on. False after a message that says what is wrong and, for a
 * misspelt name, what was probably meant: return CLI_USAGE then. */
bool cli_parse(int argc, char **argv, const struct cli_option *options, size_t count,
               int max_operands, int *ret_operands);

/* "ward COMMAND: ..." on standard error. Returns status, so: return cli_fail(1, "decide", ...). */
int cli_fail(int status, const char *command, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for an error of the engine: its cause and its remedy, after what it concerns. */
int cli_fail_status(const char *command, const char *what, struct status why);

/* The candidate that is spelt most alike, or NULL where none is. */
const char *cli_nearest(struct slice word, const char *const *candidates, size_t count);

/* Buffered output to a file descriptor. An error stays; out_done returns it. */
struct cli_out {
    int fd;
    bool broken;
    struct buf buf;
};

void out_init(struct cli_out *o, int fd);
void out_flush(struct cli_out *o);
void out_add(struct cli_out *o, struct slice s);
void out_str(struct cli_out *o, const char *s);
void out_format(struct cli_out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Flushes; true when everything was written. */
bool out_done(struct cli_out *o);

/* Lines of a file descriptor, however long they are. */
struct cli_lines {
    int fd;
    bool ended;
    bool broken;      /* a read failed */
    size_t max_bytes; /* of a line */
    size_t from;      /* the next line begins here */
    struct buf buf;
};

void lines_init(struct cli_lines *l, int fd, size_t max_line_bytes);
void lines_done(struct cli_lines *l);
/* The next line without its LF, valid until the next call; a last line without one counts.
 * *ret_too_long: the line is longer than the maximum, and only its beginning is returned. False at
 * the end. `flush`, which may be NULL, is flushed before waiting for input that is not there yet.
 */
bool lines_next(struct cli_lines *l, struct cli_out *flush, struct slice *ret_line,
                bool *ret_too_long);

#endif
