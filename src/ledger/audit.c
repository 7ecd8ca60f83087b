/* Audit files, written and read line by line. Pure. Must never take a file for whole of which a
 * line is missing, moved or more, nor an opening that is not the leaf's. */
#include "ledger/audit.h"

#include "base/bytes.h"

static const struct slice first_line = SLICE_INIT("ward audit 1");
static const struct slice hours_word = SLICE_INIT("hours ");
static const struct slice checkpoint_word = SLICE_INIT("checkpoint ");
static const struct slice leaf_word = SLICE_INIT("leaf ");
static const struct slice end_word = SLICE_INIT("end ");
static const struct slice nothing = SLICE_INIT("-");

bool audit_spans(const struct audit_span *span, const struct leaf *leaf) {
    return leaf->hour >= span->since && leaf->hour < span->until;
}

/* Writing ------------------------------------------------------------------------------- */

struct status audit_begin(const struct audit_span *span, struct slice checkpoint, struct buf *out) {
    TRY(buf_add(out, first_line));
    TRY(buf_add_byte(out, '\n'));
    TRY(buf_add(out, hours_word));
    TRY(buf_add_u64(out, span->since));
    TRY(buf_add_byte(out, ' '));
    TRY(buf_add_u64(out, span->until));
    TRY(buf_add_byte(out, '\n'));
    TRY(buf_add(out, checkpoint_word));
    TRY(base64_encode(checkpoint, out));
    return buf_add_byte(out, '\n');
}

struct status audit_add(uint64_t index, struct slice opening, struct buf *out) {
    TRY(buf_add(out, leaf_word));
    TRY(buf_add_u64(out, index));
    TRY(buf_add_byte(out, ' '));
    TRY(opening.len == 0 ? buf_add(out, nothing) : base64_encode(opening, out));
    return buf_add_byte(out, '\n');
}

struct status audit_end(uint64_t leaves, struct buf *out) {
    TRY(buf_add(out, end_word));
    TRY(buf_add_u64(out, leaves));
    return buf_add_byte(out, '\n');
}

/* Reading ------------------------------------------------------------------------------- */

/* What follows the word on the next line. */
static struct status next_line(struct audit_reader *r, struct slice word, struct slice *ret_rest) {
    struct slice line = {0};
    r->line++;
    TRY(r->source->next(r->source->self, &line));
    if (line.ptr == NULL || !slice_starts(line, word)) {
        return FAIL(E_AUDIT_FORM);
    }
    *ret_rest = slice_from(line, word.len);
    return STATUS_OK;
}

static struct status read_number(struct slice text, uint64_t max, uint64_t *ret) {
    return failed(parse_u64(text, max, ret)) ? FAIL(E_AUDIT_FORM) : STATUS_OK;
}

static struct status read_bytes(struct slice text, struct buf *out) {
    buf_clear(out);
    struct status s = base64_decode(text, out);
    return s.code == E_ENCODING || s.code == E_TOO_LARGE ? FAIL(E_AUDIT_FORM) : s;
}

static struct status read_span(struct slice text, struct audit_span *ret_span) {
    size_t space = slice_find(text, ' ');
    uint64_t since = 0;
    uint64_t until = 0;
    TRY(read_number(slice_sub(text, 0, space), UINT32_MAX, &since));
    TRY(read_number(slice_from(text, space + 1), UINT32_MAX, &until));
    *ret_span = (struct audit_span){.since = (uint32_t)since, .until = (uint32_t)until};
    return since < until ? STATUS_OK : FAIL(E_AUDIT_FORM);
}

struct status audit_open(struct audit_reader *r, const struct audit_source *source,
                         const struct note_vkey *log) {
    struct slice rest = {0};
    *r = (struct audit_reader){.source = source};
    buf_init(&r->note, NOTE_MAX);
    buf_init(&r->opening, OPENING_MAX);
    TRY(next_line(r, first_line, &rest));
    if (rest.len > 0) {
        return FAIL(E_AUDIT_FORM);
    }
    TRY(next_line(r, hours_word, &rest));
    TRY(read_span(rest, &r->span));
    TRY(next_line(r, checkpoint_word, &rest));
    TRY(read_bytes(rest, &r->note));
    return checkpoint_verify(buf_slice(&r->note), log, &r->head);
}

static struct status read_opening(struct audit_reader *r, struct slice text,
                                  const struct leaf *leaf, struct opening *ret_opening) {
    TRY(read_bytes(text, &r->opening));
    TRY(opening_read(buf_slice(&r->opening), ret_opening));
    return ret_opening->side == OPENING_AUDITOR ? opening_check(ret_opening, leaf)
                                                : FAIL(E_OPENING_WRONG);
}

struct status audit_next(struct audit_reader *r, uint64_t index, const struct leaf *leaf,
                         struct opening *ret_opening, bool *ret_opened) {
    struct slice rest = {0};
    uint64_t there = 0;
    if (index >= r->head.size || !audit_spans(&r->span, leaf)) {
        *ret_opened = false;
        return STATUS_OK;
    }
    TRY(next_line(r, leaf_word, &rest));
    size_t space = slice_find(rest, ' ');
    TRY(read_number(slice_sub(rest, 0, space), INT64_MAX, &there));
    if (there != index) {
        return FAIL(E_AUDIT_LEAF);
    }
    struct slice text = slice_from(rest, space + 1);
    bool opened = !slice_eq(text, nothing);
    TRY(opened ? read_opening(r, text, leaf, ret_opening) : STATUS_OK);
    *ret_opened = opened;
    r->leaves++;
    return STATUS_OK;
}

/* A line of a leaf, where the end should be, is one too many. */
struct status audit_close(struct audit_reader *r) {
    struct slice line = {0};
    uint64_t leaves = 0;
    r->line++;
    TRY(r->source->next(r->source->self, &line));
    if (line.ptr == NULL || !slice_starts(line, end_word)) {
        return line.ptr != NULL && slice_starts(line, leaf_word) ? FAIL(E_AUDIT_LEAF)
                                                                 : FAIL(E_AUDIT_FORM);
    }
    TRY(read_number(slice_from(line, end_word.len), INT64_MAX, &leaves));
    if (leaves != r->leaves) {
        return FAIL(E_AUDIT_FORM);
    }
    r->line++;
    TRY(r->source->next(r->source->self, &line));
    return line.ptr == NULL ? STATUS_OK : FAIL(E_AUDIT_FORM);
}

void audit_done(struct audit_reader *r) {
    buf_done(&r->note);
    buf_done(&r->opening);
}
