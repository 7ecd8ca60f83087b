/* Any bytes as an opening: what is read can be read in one way only, opens no leaf that was not
 * made from it, and prints without control characters. */
#include "fuzz.h"

#include <string.h>

#include "ledger/leaf.h"

static void must_print_cleanly(struct slice content) {
    struct buf b;
    buf_init(&b, 64 * OPENING_MAX);
    FUZZ_MUST(!failed(content_print(content, &b)));
    for (size_t i = 0; i < b.len; i++) {
        FUZZ_MUST((b.ptr[i] >= 0x20 && b.ptr[i] != 0x7f) || b.ptr[i] == '\n');
    }
    buf_done(&b);
}

/* An event of one item is written back byte for byte. */
static void must_write_the_same(struct slice bytes, const struct opening *o) {
    struct opening_item item = {.salt = o->salt, .content = o->content};
    struct buf b;
    buf_init(&b, 2 * OPENING_MAX);
    if (o->items == 1 && o->item == 0 && o->path.count == 0) {
        struct leaf leaf = {.kind = LEAF_CONSENT};
        leaf.person = leaf_commit(&item);
        leaf.auditor = leaf.person;
        FUZZ_MUST(!failed(opening_check(o, &leaf)));
        FUZZ_MUST(!failed(opening_write(o->side, &item, 1, 0, &b)));
        FUZZ_MUST(slice_eq(buf_slice(&b), bytes));
    }
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice bytes = slice_of(data, size);
    struct opening opening;
    struct leaf leaf = {.kind = LEAF_CONSENT};
    struct leaf read;
    if (!failed(leaf_get(bytes, &read))) {
        uint8_t entry[LEAF_LEN];
        leaf_put(&read, entry);
        FUZZ_MUST(size == LEAF_LEN && memcmp(entry, data, LEAF_LEN) == 0);
    }
    if (failed(opening_read(bytes, &opening))) {
        return 0;
    }
    FUZZ_MUST(failed(opening_check(&opening, &leaf)));
    must_print_cleanly(opening.content);
    must_write_the_same(bytes, &opening);
    return 0;
}
