/* Checkpoints of C2SP. Pure. */
#include <string.h>

#include "base/bytes.h"
#include "ledger/note.h"

static struct status parse_root(struct slice text, struct seal_hash *ret_root) {
    struct buf raw CLEANUP(buf_done);
    buf_init(&raw, 64);
    struct status s = base64_decode(text, &raw);
    if (s.code == E_MEMORY) {
        return s;
    }
    if (failed(s) || raw.len != SEAL_HASH_LEN) {
        return FAIL(E_CHECKPOINT_FORM);
    }
    memcpy(ret_root->bytes, raw.ptr, SEAL_HASH_LEN);
    return STATUS_OK;
}

static struct status check_extensions(struct slice rest) {
    struct slice line;
    while (slice_next(&rest, '\n', &line)) {
        if (line.len == 0) {
            return FAIL(E_CHECKPOINT_FORM);
        }
    }
    return STATUS_OK;
}

struct status checkpoint_parse(struct slice text, struct checkpoint *ret_head) {
    struct checkpoint head;
    struct slice size = {0};
    struct slice root = {0};
    if (text.len == 0 || text.ptr[text.len - 1] != '\n') {
        return FAIL(E_CHECKPOINT_FORM);
    }
    struct slice rest = slice_sub(text, 0, text.len - 1);
    slice_next(&rest, '\n', &head.origin);
    slice_next(&rest, '\n', &size);
    slice_next(&rest, '\n', &root);
    if (head.origin.len == 0 || head.origin.len > NOTE_NAME_MAX ||
        failed(parse_u64(size, INT64_MAX, &head.size))) {
        return FAIL(E_CHECKPOINT_FORM);
    }
    TRY(parse_root(root, &head.root));
    TRY(check_extensions(rest));
    *ret_head = head;
    return STATUS_OK;
}

struct status checkpoint_print(const struct checkpoint *head, struct buf *out) {
    TRY(buf_add(out, head->origin));
    TRY(buf_add_byte(out, '\n'));
    TRY(buf_add_u64(out, head->size));
    TRY(buf_add_byte(out, '\n'));
    TRY(base64_encode(slice_of(head->root.bytes, SEAL_HASH_LEN), out));
    return buf_add_byte(out, '\n');
}

struct status checkpoint_verify(struct slice bytes, const struct note_vkey *log,
                                struct checkpoint *ret_head) {
    struct note note;
    struct checkpoint head;
    TRY(note_parse(bytes, &note));
    struct status signed_by = note_check(&note, log, NULL);
    TRY(signed_by.code == E_NOTE_NAME ? STATUS_OK : signed_by); /* the log's, or another's */
    TRY(checkpoint_parse(note.text, &head));
    if (!slice_eq(head.origin, note_vkey_name(log))) {
        return FAIL(E_CHECKPOINT_ORIGIN);
    }
    TRY(signed_by);
    *ret_head = head;
    return STATUS_OK;
}
