/* Files of cases: {"name", "facts", "expect"} a line, each decided and compared. */
#ifndef WARD_CLI_CASES_H
#define WARD_CLI_CASES_H

#include "cli.h"
#include "decide.h"

enum { CASES_MAX_LINE_BYTES = 128 * 1024, CASES_MAX_NAME_BYTES = 512, CASES_MAX_ITEMS = 32 };

struct cases_count {
    size_t passed;
    size_t failed;
};

/* Prints each case that differs, or cannot be read, to `out`, and counts. CLI_OK unless the file
 * cannot be read; a message has then been given under `command`. */
int cases_run(struct decider *d, const char *command, const char *path, struct cli_out *out,
              struct cases_count *count);

#endif
