/* Words as search compares them: of any script, without the difference between capitals and small
 * letters, between a letter and the same with an accent, or between two ways to write one.
 *
 *   "Zoë in 東京!"  ->  FOLD_WORD zoe FOLD_WORD in FOLD_WORD 東 FOLD_NEXT 京
 *
 * A word is what stands between spaces and punctuation. Where a script has no spaces, and among
 * symbols, every character is one, so that it is found wherever it stands; FOLD_NEXT says that it
 * came right after the one before. */
#ifndef WARD_GUARD_FOLD_H
#define WARD_GUARD_FOLD_H

#include "base/buf.h"

enum {
    FOLD_WORD = 0x1f, /* before each word; control characters are no part of one */
    FOLD_NEXT = 0x1e,
    FOLD_MOST = 16, /* bytes that one byte of a text may become, at most */
};

/* Adds the words of a text to `out`. What is not well-formed UTF-8 parts words. E_TOO_LARGE and
 * E_MEMORY as buf_add. */
MUST_USE struct status fold_words(struct slice text, struct buf *out);
/* Whether a folded word is one character of a script without spaces, or a symbol. */
bool fold_is_alone(struct slice word);

#endif
