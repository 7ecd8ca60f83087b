/* What `ward verify` does: checks a published log, or one receipt, with nothing but the files and
 * public keys. Uses none of the code that wrote them but the formats.
 *
 *   struct verify_log_options options = {.fs = os_fs_real(), .dir = "published", .log = &key};
 *   struct verify_log_report report;
 *   TRY(verify_log(&options, &report));
 *   printf("%" PRIu64 " leaves\n", report.size);
 */
#ifndef WARD_LEDGER_VERIFY_H
#define WARD_LEDGER_VERIFY_H

#include "ledger/note.h"
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

/* Cosignatures of these witnesses under a checkpoint; a bad one is E_SIGNATURE, none is no error.
 */
MUST_USE struct status verify_cosignatures(struct slice checkpoint,
                                           const struct note_vkey *witnesses, size_t count,
                                           bool *ret_cosigned, uint64_t *ret_at_s,
                                           size_t *ret_count);

#endif
