/* Any bytes as a signed note, a checkpoint, a verifier key and a witness's answer: what is accepted
 * is exactly what would be written, and nobody has signed it. */
#include "fuzz.h"

#include "ledger/witness.h"

static void must_be_whole(struct slice bytes, const struct note *note) {
    size_t len = note->text.len + 1;
    FUZZ_MUST(note->count >= 1 && note->count <= NOTE_SIGNATURES_MAX);
    FUZZ_MUST(note->text.len > 0 && note->text.ptr[note->text.len - 1] == '\n');
    for (size_t i = 0; i < note->count; i++) {
        len += note->signatures[i].line.len + 1;
    }
    FUZZ_MUST(len == bytes.len);
}

/* The three lines come out as they went in. */
static void must_print_the_same(struct slice text, const struct checkpoint *head) {
    struct buf b;
    buf_init(&b, NOTE_MAX);
    FUZZ_MUST(!failed(checkpoint_print(head, &b)));
    FUZZ_MUST(slice_starts(text, buf_slice(&b)));
    buf_done(&b);
}

static void try_key(struct slice bytes) {
    struct note_vkey key;
    struct buf b;
    if (failed(note_vkey_parse(bytes, &key))) {
        return;
    }
    buf_init(&b, 1024);
    FUZZ_MUST(!failed(note_vkey_print(&key, &b)));
    FUZZ_MUST(slice_eq(buf_slice(&b), slice_trim(bytes)));
    buf_done(&b);
}

static void try_answer(struct slice bytes, const struct note_vkey *key) {
    struct slice head = SLICE("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
                              "\xe2\x80\x94 o AAAAAAAA\n");
    struct buf b;
    size_t added = 0;
    buf_init(&b, 2 * NOTE_MAX);
    if (!failed(witness_merge(head, bytes, key, 1, &b, &added))) {
        FUZZ_MUST(added == 0 && slice_eq(buf_slice(&b), head));
    }
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t nobody[SEAL_PUBLIC_LEN] = {1};
    static struct note note;
    struct slice bytes = slice_of(data, size);
    struct note_vkey key;
    struct checkpoint head;
    FUZZ_MUST(!failed(note_vkey_make(SLICE("nobody"), NOTE_COSIGNATURE, nobody, &key)));
    try_key(bytes);
    try_answer(bytes, &key);
    if (failed(note_parse(bytes, &note))) {
        return 0;
    }
    must_be_whole(bytes, &note);
    FUZZ_MUST(failed(note_check(&note, &key, NULL)));
    if (!failed(checkpoint_parse(note.text, &head))) {
        must_print_the_same(note.text, &head);
    }
    return 0;
}
