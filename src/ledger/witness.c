/* What is said to witnesses and what is taken from them. Pure. Must never add a line that does not
 * verify under a key the operator named. */
#include "ledger/witness.h"

#include "base/bytes.h"
#include "note_lines.h"

enum { WITNESS_PATH_MAX = 63 };

struct status witness_request(uint64_t old_size, const struct merkle_path *path,
                              struct slice checkpoint, struct buf *out) {
    if (path->count > WITNESS_PATH_MAX || (old_size == 0 && path->count > 0)) {
        return FAIL(E_PROOF_FORM);
    }
    TRY(buf_add_str(out, "old "));
    TRY(buf_add_u64(out, old_size));
    TRY(buf_add_byte(out, '\n'));
    for (size_t i = 0; i < path->count; i++) {
        TRY(base64_encode(slice_of(path->hashes[i].bytes, SEAL_HASH_LEN), out));
        TRY(buf_add_byte(out, '\n'));
    }
    TRY(buf_add_byte(out, '\n'));
    return buf_add(out, checkpoint);
}

/* The line of each witness in the answer, if it verifies. */
struct fresh_lines {
    const struct note_vkey *witnesses;
    size_t count;
    struct note_signature line[WITNESSES_MAX];
    bool has[WITNESSES_MAX];
};

static struct status sort_answer(const struct note *note, struct slice answer,
                                 struct fresh_lines *fresh) {
    struct note_signature lines[NOTE_SIGNATURES_MAX];
    size_t line_count = 0;
    TRY(note_lines_parse(answer, ARRAY_LEN(lines), lines, &line_count));
    for (size_t i = 0; i < line_count; i++) {
        for (size_t w = 0; w < fresh->count; w++) {
            bool mine = false;
            uint64_t time_s = 0;
            TRY(note_line_check(note->text, &lines[i], &fresh->witnesses[w], &mine, &time_s));
            if (mine) {
                fresh->line[w] = lines[i];
                fresh->has[w] = true;
            }
        }
    }
    return STATUS_OK;
}

/* An older line of a witness gives way to its new one, so that notes do not grow for ever. */
static bool is_outdated(const struct fresh_lines *fresh, struct slice name) {
    for (size_t w = 0; w < fresh->count; w++) {
        if (fresh->has[w] && slice_eq(name, note_vkey_name(&fresh->witnesses[w]))) {
            return true;
        }
    }
    return false;
}

static struct status add_line(struct slice line, struct buf *out) {
    TRY(buf_add(out, line));
    return buf_add_byte(out, '\n');
}

struct status witness_merge(struct slice checkpoint, struct slice answer,
                            const struct note_vkey *witnesses, size_t count, struct buf *out,
                            size_t *ret_added) {
    struct note note;
    struct fresh_lines fresh = {.witnesses = witnesses, .count = count};
    size_t added = 0;
    if (count > WITNESSES_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(note_parse(checkpoint, &note));
    TRY(sort_answer(&note, answer, &fresh));
    TRY(buf_add(out, note.text));
    TRY(buf_add_byte(out, '\n'));
    for (size_t i = 0; i < note.count; i++) {
        if (!is_outdated(&fresh, note.signatures[i].name)) {
            TRY(add_line(note.signatures[i].line, out));
        }
    }
    for (size_t w = 0; w < count; w++) {
        if (fresh.has[w]) {
            TRY(add_line(fresh.line[w].line, out));
            added++;
        }
    }
    *ret_added = added;
    return STATUS_OK;
}
