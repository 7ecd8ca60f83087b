/* Audit files: what an auditor is given of a span of hours, one line for each leaf
 * (docs/FORMATS.md, "Audit file"). With the published log and its key, a file needs nobody's word.
 * Pure.
 *
 *   TRY(audit_begin(&span, ledger_checkpoint(ledger), &out));
 *   TRY(audit_add(index, opening, &out));                -- for each leaf of the span, ascending
 *   TRY(audit_end(count, &out));
 *
 *   struct audit_reader reader;
 *   TRY(audit_open(&reader, &lines, &log_key));          -- the caller goes through the log:
 *   TRY(audit_next(&reader, index, &leaf, &opening, &opened));
 *   TRY(audit_close(&reader));                           -- nothing is missing, nothing is left
 * over
 */
#ifndef WARD_LEDGER_AUDIT_H
#define WARD_LEDGER_AUDIT_H

#include "ledger/leaf.h"
#include "ledger/note.h"

enum { AUDIT_LINE_MAX = 96 * 1024 }; /* bytes of a line that is read */

/* Hours since 1970-01-01T00Z: since <= hour < until. */
struct audit_span {
    uint32_t since;
    uint32_t until;
};

/* Whether the leaf's hour lies in the span. */
bool audit_spans(const struct audit_span *span, const struct leaf *leaf);

/* The first lines. The checkpoint is a signed note; leaves past its size are not of the file. */
MUST_USE struct status audit_begin(const struct audit_span *span, struct slice checkpoint,
                                   struct buf *out);
/* `opening` as opening_write makes it; empty where there is none. */
MUST_USE struct status audit_add(uint64_t index, struct slice opening, struct buf *out);
MUST_USE struct status audit_end(uint64_t leaves, struct buf *out);

/* Where lines come from, without their ends; ptr NULL after the last. A line is valid until the
 * next. */
struct audit_source {
    void *self;
    struct status (*next)(void *self, struct slice *ret_line);
};

struct audit_reader {
    const struct audit_source *source;
    struct audit_span span;
    struct checkpoint head; /* of the file */
    struct buf note;        /* its signed note */
    struct buf opening;     /* bytes of the line that was read last */
    uint64_t line;          /* number of that line */
    uint64_t leaves;        /* read until now */
};

/* Reads what comes before the leaves and checks that `log` signed the checkpoint. The reader must
 * be done in every case; after an error `line` says where. E_AUDIT_FORM, and those of
 * checkpoint_verify. */
MUST_USE struct status audit_open(struct audit_reader *reader, const struct audit_source *source,
                                  const struct note_vkey *log);
/* To be called for each leaf of the log below head.size, in order; does nothing for one outside of
 * the span. The next line must be this leaf's, and what it opens this leaf's auditor's commitment.
 * *ret_opened is false where there is no opening; *ret_opening is valid until the next call.
 * E_AUDIT_FORM, E_AUDIT_LEAF, E_OPENING_FORM, E_OPENING_WRONG. */
MUST_USE struct status audit_next(struct audit_reader *reader, uint64_t index,
                                  const struct leaf *leaf, struct opening *ret_opening,
                                  bool *ret_opened);
/* The file ends here, and says so. E_AUDIT_FORM, E_AUDIT_LEAF. */
MUST_USE struct status audit_close(struct audit_reader *reader);
void audit_done(struct audit_reader *reader);

#endif
