/* The signature lines of a note, for what takes them from somewhere else than a note. */
#ifndef WARD_LEDGER_NOTE_LINES_H
#define WARD_LEDGER_NOTE_LINES_H

#include "ledger/note.h"

bool note_name_ok(struct slice name);
/* One line without its line end; E_NOTE_FORM. */
MUST_USE struct status note_line_parse(struct slice line, struct note_signature *ret_signature);
/* Lines that each end with a line end, at most `max`; E_NOTE_FORM. */
MUST_USE struct status note_lines_parse(struct slice lines, size_t max, struct note_signature *ret,
                                        size_t *ret_count);
/* *ret_mine tells whether the line claims to be of this key; E_SIGNATURE if it does and fails. */
MUST_USE struct status note_line_check(struct slice text, const struct note_signature *line,
                                       const struct note_vkey *key, bool *ret_mine,
                                       uint64_t *ret_time_s);

#endif
