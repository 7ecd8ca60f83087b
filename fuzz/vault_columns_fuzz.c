/* Any bytes as a segment, as a selection, as deltas: what is read says the same in its rows, its
 * planes and its lists of owners, and comes back when it is written and read again. */
#include "fuzz.h"

#include <string.h>

#include "columns.h"

enum { SEGMENT, SELECTION, DELTAS, KINDS, OWNERS_BELOW = 5000, NUMBER = 3, WRITTEN_MAX = 64 << 20 };

static void must_be_a_row(const struct columns *c, const struct segment *s, uint32_t at) {
    bool alive = (s->alive.words[at / 64] >> (at % 64) & 1) != 0;
    const struct row *row = &s->rows[at];
    FUZZ_MUST(alive || row->owner == 0);
    FUZZ_MUST(!alive || (row->owner > 0 && row->owner < c->owner_count));
    FUZZ_MUST(!alive || row->category < VAULT_CATEGORIES_MAX);
    FUZZ_MUST(!alive || row->collected_for < VAULT_PURPOSES_MAX);
    FUZZ_MUST(row->masks[PLANES_FLAG] >> FLAG_PLANES == 0);
    for (unsigned set = 0; set < PLANE_SETS; set++) {
        FUZZ_MUST(alive || row->masks[set] == 0);
        for (unsigned bit = 0; bit < 64; bit++) {
            const struct plane *plane = s->planes[set][bit];
            bool in_plane = plane != NULL && (plane->words[at / 64] >> (at % 64) & 1) != 0;
            FUZZ_MUST(in_plane == (row->masks[set] >> bit & 1));
        }
    }
}

static void must_list_all(const struct columns *c) {
    uint64_t listed = 0;
    for (uint64_t owner = 0; owner < c->owner_count; owner++) {
        size_t count = 0;
        const uint32_t *ids = columns_owned(c, owner, 0, &count);
        for (size_t i = 0; i < count; i++) {
            uint32_t at = 0;
            const struct segment *s = columns_at(c, ids[i], &at);
            FUZZ_MUST(s != NULL && s->rows[at].owner == owner);
            FUZZ_MUST(i == 0 || ids[i] > ids[i - 1]);
        }
        listed += count;
    }
    FUZZ_MUST(listed == c->alive);
}

static void must_agree(const struct columns *c) {
    for (size_t i = 0; i < c->count; i++) {
        for (uint32_t at = 0; c->segments[i] != NULL && at < SEGMENT_RECORDS; at++) {
            must_be_a_row(c, c->segments[i], at);
        }
    }
    must_list_all(c);
}

static void write_segment(const struct columns *c, uint32_t number, struct buf *out) {
    bool there = number < c->count && c->segments[number] != NULL;
    FUZZ_MUST(!there || !failed(segment_write(c->segments[number], out)));
}

static void must_come_back(const struct columns *c, uint32_t number) {
    struct columns again;
    struct buf bytes CLEANUP(buf_done);
    struct buf bytes_again CLEANUP(buf_done);
    columns_init(&again);
    buf_init(&bytes, WRITTEN_MAX);
    buf_init(&bytes_again, WRITTEN_MAX);
    write_segment(c, number, &bytes);
    if (bytes.len > 0 && c->segments[number]->alive_count > 0) {
        FUZZ_MUST(!failed(segment_read(&again, OWNERS_BELOW, number, buf_slice(&bytes))));
        write_segment(&again, number, &bytes_again);
        FUZZ_MUST(slice_eq(buf_slice(&bytes), buf_slice(&bytes_again)));
    }
    columns_done(&again);
}

static void try_segment(struct slice bytes) {
    struct columns c;
    columns_init(&c);
    struct status read = segment_read(&c, OWNERS_BELOW, NUMBER, bytes);
    FUZZ_MUST(!failed(read) || read.code == E_VAULT_CORRUPT);
    if (!failed(read)) {
        must_agree(&c);
        must_come_back(&c, NUMBER);
    }
    columns_done(&c);
}

static void try_selection(struct slice bytes) {
    struct selection which CLEANUP(selection_done);
    struct selection again CLEANUP(selection_done);
    struct buf out CLEANUP(buf_done);
    selection_init(&which);
    selection_init(&again);
    buf_init(&out, WRITTEN_MAX);
    if (failed(selection_read(&bytes, &which))) {
        return;
    }
    FUZZ_MUST(!failed(selection_write(&which, &out)));
    struct slice rest = buf_slice(&out);
    FUZZ_MUST(!failed(selection_read(&rest, &again)) && rest.len == 0);
    FUZZ_MUST(which.records == again.records && which.count == again.count);
    uint64_t id = 0;
    do {
        uint64_t after = id;
        id = selection_next(&which, after);
        FUZZ_MUST(id == selection_next(&again, after) && (id == 0 || id > after));
    } while (id != 0);
}

static void try_deltas(struct slice bytes) {
    struct columns c;
    columns_init(&c);
    struct status replayed = delta_replay(&c, OWNERS_BELOW, 1, bytes);
    FUZZ_MUST(!failed(replayed) || replayed.code == E_VAULT_CORRUPT);
    must_agree(&c);
    for (uint32_t i = 0; i < c.count; i++) {
        must_come_back(&c, i);
    }
    columns_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct slice bytes = slice_of(data + 1, size - 1);
    switch (data[0] % KINDS) {
    case SEGMENT:
        try_segment(bytes);
        break;
    case SELECTION:
        try_selection(bytes);
        break;
    default:
        try_deltas(bytes);
    }
    return 0;
}
