/* What the parts of `ward verify` share. */
#ifndef WARD_CLI_VERIFY_H
#define WARD_CLI_VERIFY_H

#include "cli.h"
#include "ledger/verify.h"

/* The keys that the person who asks trusts. */
struct trust {
    struct note_vkey log;
    struct note_vkey witnesses[WITNESSES_MAX];
    size_t count;
};

void print_moment(struct cli_out *o, int64_t unix_ms);
void print_head(struct cli_out *o, struct slice origin, uint64_t size,
                const struct seal_hash *root);
void print_witnesses(struct cli_out *o, const struct trust *t, const bool *cosigned,
                     const uint64_t *at_s, size_t count);
/* What follows from the absence of a witness, and what no log can prove. */
void print_doubt(struct cli_out *o, size_t cosignatures);
/* The error of a log in `dir`, with the file that is wrong. */
int fail_log(const char *dir, const struct verify_log_report *r, struct status s);

/* cli/verify_audit.c: the file against the log published in `dir`. Returns the exit status. */
int verify_audit_file(const char *path, const char *dir, bool list, const struct trust *t);

#endif
