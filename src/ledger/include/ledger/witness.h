/* What is said to witnesses and what is taken from them (C2SP tlog-witness). Pure: the courier does
 * the talking. */
#ifndef WARD_LEDGER_WITNESS_H
#define WARD_LEDGER_WITNESS_H

#include "ledger/note.h"

enum { WITNESSES_MAX = 16 };

/* The body of POST /add-checkpoint: from the size that the witness signed last (0: none, and then
 * an empty path) to the checkpoint. E_PROOF_FORM for more than 63 hashes. */
MUST_USE struct status witness_request(uint64_t old_size, const struct merkle_path *path,
                                       struct slice checkpoint, struct buf *out);
/* The checkpoint with those lines of a witness's answer that verify under one of the keys, each in
 * place of an older line of the same name. Lines of unknown keys are left out. E_SIGNATURE if a
 * known key's line fails; E_NOTE_FORM; E_TOO_LARGE for more than WITNESSES_MAX keys. *ret_added may
 * be 0. */
MUST_USE struct status witness_merge(struct slice checkpoint, struct slice answer,
                                     const struct note_vkey *witnesses, size_t count,
                                     struct buf *out, size_t *ret_added);

#endif
