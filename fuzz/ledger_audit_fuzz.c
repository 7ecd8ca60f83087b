/* Any bytes as an audit file beside a small log: a file that is taken for whole has a line for each
 * leaf, opens nothing but what the leaves were made from, and can be read in one way only. */
#include "fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "ledger/audit.h"

enum { LEAVES = 7, HOUR = 498000 };

static struct opening_item item_of(uint64_t i) {
    static const uint8_t content[] = {FIELD_PURPOSE, 0, 3, 'a', 'd', 's'};
    struct opening_item item = {.content = slice_of(content, sizeof content)};
    bytes_put_be64(item.salt.bytes, i);
    return item;
}

/* The third has nothing to open; two lie in each hour. */
static struct leaf leaf_of(uint64_t i) {
    struct opening_item item = item_of(i);
    struct leaf leaf = {.kind = LEAF_CONSENT, .hour = (uint32_t)(HOUR + i / 2)};
    leaf.auditor = i == 2 ? (struct seal_hash){{7}} : leaf_commit(&item);
    return leaf;
}

static struct status next_of(void *self, struct slice *ret_line) {
    struct slice *rest = self;
    bool some = rest->len > 0 && slice_next(rest, '\n', ret_line);
    *ret_line = some ? *ret_line : slice_of(NULL, 0);
    return STATUS_OK;
}

static struct note_vkey key_of_log(void) {
    struct seal_key seed = {{42}};
    struct seal_signing_key key;
    struct note_vkey vkey;
    FUZZ_MUST(!failed(seal_init()));
    key = seal_signing_key_from_seed(&seed);
    FUZZ_MUST(!failed(note_vkey_make(SLICE("fuzz"), NOTE_ED25519, key.public_key, &vkey)));
    return vkey;
}

/* One leaf; what is read of it is written to `again`. */
static struct status read_one(struct audit_reader *r, uint64_t i, struct buf *again) {
    struct opening opening;
    bool opened = false;
    struct leaf leaf = leaf_of(i);
    uint64_t before = r->leaves;
    TRY(audit_next(r, i, &leaf, &opening, &opened));
    if (r->leaves == before) {
        FUZZ_MUST(!opened && (i >= r->head.size || !audit_spans(&r->span, &leaf)));
        return STATUS_OK;
    }
    FUZZ_MUST(!opened || (i != 2 && slice_eq(opening.content, item_of(i).content)));
    return audit_add(i, opened ? buf_slice(&r->opening) : SLICE(""), again);
}

static struct status read_all(struct audit_reader *r, const struct audit_source *source,
                              struct buf *again) {
    static struct note_vkey log;
    if (log.name_len == 0) {
        log = key_of_log();
    }
    TRY(audit_open(r, source, &log));
    FUZZ_MUST(!failed(audit_begin(&r->span, buf_slice(&r->note), again)));
    for (uint64_t i = 0; i < LEAVES; i++) {
        TRY(read_one(r, i, again));
    }
    TRY(audit_close(r));
    return audit_end(r->leaves, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice rest = slice_of(data, size);
    struct audit_source source = {.self = &rest, .next = next_of};
    struct audit_reader reader;
    struct buf again;
    buf_init(&again, 2 * size + 64);
    if (!failed(read_all(&reader, &source, &again))) {
        bool same = again.len >= size && again.len - size <= 1; /* the last line end may be cut */
        FUZZ_MUST(same && memcmp(again.ptr, data, size) == 0);
    }
    audit_done(&reader);
    buf_done(&again);
    return 0;
}
