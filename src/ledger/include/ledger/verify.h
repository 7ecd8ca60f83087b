/* What `ward verify` does: checks a published log, alone or with an audit file, with nothing but
 * the files and public keys. Uses none of the code that wrote them but the formats.
 *
 *   struct verify_log_options options = {.fs = os_fs_real(), .dir = "published", .log = &key};
 *   struct verify_log_report report;
 *   TRY(verify_log(&options, &report));
 *   printf("%" PRIu64 " leaves\n", report.size);
 */
#ifndef WARD_LEDGER_VERIFY_H
#define WARD_LEDGER_VERIFY_H

#include "ledger/audit.h"
#include "ledger/receipt.h"
#include "ledger/witness.h"
#include "os/file.h"

enum { VERIFY_KINDS = 256 };

struct verify_log_options {
    const struct os_fs *fs;
    const char *dir; /* holds `checkpoint` and `tile/` */
    const struct note_vkey *log;
    struct slice since; /* an earlier checkpoint of this log, signed; ptr NULL for none */
    const struct note_vkey *witnesses;
    size_t witness_count;
    /* Each leaf as it is read, or NULL. What it says is verified once verify_log returned success.
     * An error ends all and is returned, with failed_path empty. */
    struct status (*each)(void *arg, uint64_t index, const struct leaf *leaf);
    void *arg;
};

struct verify_log_report {
    uint64_t size;
    struct seal_hash root;
    uint64_t since_size;          /* of the earlier checkpoint */
    uint64_t kinds[VERIFY_KINDS]; /* leaves of each kind */
    uint64_t hour_steps_back;     /* leaves whose hour is before the one in front of them */
    bool cosigned[WITNESSES_MAX];
    uint64_t cosigned_at_s[WITNESSES_MAX];
    size_t cosignatures;
    char failed_path[OS_PATH_MAX]; /* which file is wrong, after an error about one */
};

/* Reads every bundle and tile and computes everything anew. On error *ret_report still holds what
 * was found, failed_path above all. E_LEDGER_CORRUPT, E_LOG_FORKED, E_LEAF_FORM and those of
 * checkpoint_verify. */
MUST_USE struct status verify_log(const struct verify_log_options *options,
                                  struct verify_log_report *ret_report);

struct verify_audit_options {
    struct verify_log_options log; /* without since, each and arg */
    struct audit_source lines;     /* of the file */
    /* Each leaf of the span, or NULL; opening is NULL where there is none. As above. */
    struct status (*each)(void *arg, uint64_t index, const struct leaf *leaf,
                          const struct opening *opening);
    void *arg;
};

struct verify_audit_report {
    struct verify_log_report log;
    struct audit_span span;
    uint64_t size; /* of the tree of the file's checkpoint */
    uint64_t leaves;
    uint64_t opened;
    uint64_t unopened[VERIFY_KINDS];
    uint64_t line; /* which line of the file is wrong; 0: none, or the log is */
};

/* The log as verify_log does; that the file's checkpoint is one of it; and that the file has a line
 * for each leaf of its hours below that checkpoint, with nothing else, of which every opening opens
 * the leaf that stands there. E_AUDIT_AHEAD, and those of verify_log, audit_open, audit_next and
 * audit_close. On error *ret_report holds what was found. */
MUST_USE struct status verify_audit(const struct verify_audit_options *options,
                                    struct verify_audit_report *ret_report);

/* Cosignatures of these witnesses under a checkpoint; a bad one is E_SIGNATURE, none is no error.
 */
MUST_USE struct status verify_cosignatures(struct slice checkpoint,
                                           const struct note_vkey *witnesses, size_t count,
                                           bool *ret_cosigned, uint64_t *ret_at_s,
                                           size_t *ret_count);

#endif
