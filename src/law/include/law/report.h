/* What a reader or a check found, in the order of files and lines, for people to mend.
 *
 *   gdpr.law:12:11: error: `subject.aeg` is no fact
 *    12 |   when    subject.aeg < 16
 *       |           ^^^^^^^^^^^
 *       = did you mean `subject.age`? */
#ifndef WARD_LAW_REPORT_H
#define WARD_LAW_REPORT_H

#include "base/arena.h"
#include "base/buf.h"

enum law_severity {
    LAW_ERROR,   /* the text is refused */
    LAW_WARNING, /* should be mended */
    LAW_NOTE,    /* to know, as rows that nobody verified */
};

struct law_diagnostic {
    enum law_severity severity;
    const char *kind; /* stable: syntax, name, type, limit, date, uncited, undated, gap, overlap,
                         circle, unreachable, contradiction, untested, unverified, case, map */
    struct slice file;
    uint32_t line;       /* from 1; 0 where no line is to blame */
    uint32_t column;     /* in bytes, from 1 */
    uint32_t mark_bytes; /* at least 1 */
    struct slice source; /* the line */
    struct slice message;
    struct slice help; /* may be empty */
};

struct law_report {
    struct arena arena;
    struct law_diagnostic *items;
    size_t count;
    size_t cap;
    size_t errors; /* all that were found, kept or not */
    size_t warnings;
    size_t notes;
    size_t cases; /* run by law_set_check */
    size_t cases_passed;
};

void law_report_init(struct law_report *r);
void law_report_done(struct law_report *r);
/* Adds what another room found in a text of its own. Everything is copied but `kind`. */
MUST_USE struct status law_report_add(struct law_report *r, struct law_diagnostic d);
/* In the order of file, line and column. */
void law_report_sort(struct law_report *r);
/* As shown above, with a line end. */
MUST_USE struct status law_diagnostic_format(const struct law_diagnostic *d, struct buf *out);

#endif
