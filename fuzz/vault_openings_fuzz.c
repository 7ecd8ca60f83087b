/* Any bytes as a row of openings: what can be read of it is written anew, and read again as the
 * same entries with the same contents. */
#include "fuzz.h"

#include <string.h>

#include "base/mem.h"
#include "inside.h"

static const struct seal_key key = {{7}};

struct opened {
    struct buf plain, entries, content;
};

static void opened_init(struct opened *r) {
    buf_init(&r->plain, OPENING_ROW_MAX);
    buf_init(&r->entries, OPENING_ROW_MAX);
    buf_init(&r->content, OPENING_CONTENT_MAX);
}

static void opened_done(struct opened *r) {
    buf_done(&r->plain);
    buf_done(&r->entries);
    buf_done(&r->content);
}

static size_t opened_count(const struct opened *r) {
    return r->entries.len / sizeof(struct opening_entry);
}

static struct status opened_read(struct opened *r, struct slice bytes) {
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, bytes.len + RECORD_OVERHEAD);
    struct seal_place place = {.what = SEAL_OPENING, .id = 1};
    FUZZ_MUST(!failed(record_seal_buf(&key, &place, bytes, &sealed)));
    return openings_read(&key, OPENINGS_AUDITOR, 1, buf_slice(&sealed), &r->plain, &r->entries);
}

/* False where the content cannot be read, or not be taken apart into fields. */
static bool opened_entry(const struct vault *v, struct opened *r, size_t i,
                         struct opening_entry *ret) {
    memcpy(ret, r->entries.ptr + i * sizeof *ret, sizeof *ret);
    if (failed(opening_content(v, OPENINGS_AUDITOR, ret, &r->content))) {
        return false;
    }
    struct slice rest = ret->item.content;
    struct slice value;
    unsigned code = 0;
    while (rest.len > 0) {
        if (failed(content_next(&rest, &code, &value))) {
            return false;
        }
    }
    return true;
}

static void must_be_same(const struct opening_entry *a, const struct opening_entry *b) {
    FUZZ_MUST(a->leaf == b->leaf && a->at_ms == b->at_ms && a->index == b->index);
    FUZZ_MUST(a->kind == b->kind && a->own_salt == b->own_salt);
    FUZZ_MUST(memcmp(&a->item.salt, &b->item.salt, sizeof a->item.salt) == 0);
    FUZZ_MUST(slice_eq(a->item.content, b->item.content));
}

static void must_come_back(struct vault *v, struct opened *r) {
    struct opened again;
    struct opening_entry entry;
    struct opening_entry other;
    buf_clear(&v->pending.auditor);
    for (size_t i = 0; i < opened_count(r); i++) {
        if (!opened_entry(v, r, i, &entry)) {
            return;
        }
        FUZZ_MUST(!failed(openings_add_auditor(v, &entry)));
    }
    opened_init(&again);
    FUZZ_MUST(opened_count(r) == 0 || !failed(opened_read(&again, buf_slice(&v->pending.auditor))));
    FUZZ_MUST(opened_count(r) == opened_count(&again));
    for (size_t i = 0; i < opened_count(r); i++) {
        FUZZ_MUST(opened_entry(v, r, i, &entry) && opened_entry(v, &again, i, &other));
        must_be_same(&entry, &other);
    }
    opened_done(&again);
}

/* As much of a vault as openings look at: its names. */
static struct vault *vault_with_names(void) {
    static struct vault v;
    static struct slice names[] = {SLICE_INIT("keep-account"), SLICE_INIT("recommend"),
                                   SLICE_INIT("support"), SLICE_INIT("clip")};
    if (v.names[NAME_PURPOSE].list == NULL) {
        for (int kind = NAME_PURPOSE; kind <= NAME_RECIPIENT; kind++) {
            v.names[kind].list = names;
            v.names[kind].count = ARRAY_LEN(names);
        }
        buf_init(&v.pending.auditor, OPENING_ROW_MAX);
        FUZZ_MUST(!failed(seal_init()));
    }
    return &v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct vault *v = vault_with_names();
    struct opened row;
    opened_init(&row);
    struct status read = opened_read(&row, slice_of(data, size));
    if (!failed(read)) {
        must_come_back(v, &row);
    } else {
        FUZZ_MUST(read.code == E_VAULT_CORRUPT);
    }
    opened_done(&row);
    return 0;
}
