#include "store_bench.h"

#include <stdlib.h>

static const char row_text[] = "a row of some length, so that there are many pages of them";

void reopen(struct bench *b) {
    store_close(&b->s);
    struct store_options options = {.path = b->place, .cache_bytes = 1 << 20};
    ASSERT_OK(store_open(&options, &b->s));
}

struct store *open_beside(const struct bench *b) {
    struct store *other = NULL;
    struct store_options options = {.path = b->beside, .must_exist = true};
    ASSERT_OK(store_open(&options, &other));
    return other;
}

int bench_begin(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    store_kind.make(b->place, b->beside);
    ASSERT_OK(store_init());
    reopen(b);
    *state = b;
    return 0;
}

int bench_end(void **state) {
    struct bench *b = *state;
    store_close(&b->s);
    store_kind.unmake(b->place, b->beside);
    free(b);
    return 0;
}

void put(struct store *s, uint64_t owner, uint64_t id, const char *text) {
    ASSERT_OK(store_put(s, STORE_RECORDS, owner, id, slice_str(text)));
}

void assert_row(struct store *s, uint64_t owner, uint64_t id, const char *text) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 4096);
    ASSERT_OK(store_get(s, STORE_RECORDS, owner, id, &b));
    assert_true(slice_eq(buf_slice(&b), slice_str(text)));
}

void assert_missing(struct store *s, uint64_t owner, uint64_t id) {
    struct slice bytes;
    ASSERT_IS(store_view(s, STORE_RECORDS, owner, id, &bytes), E_STORE_MISSING);
}

void put_many(struct bench *b) {
    ASSERT_OK(store_begin(b->s));
    for (uint64_t id = 1; id <= MANY; id++) {
        put(b->s, id, id, row_text);
    }
    ASSERT_OK(store_commit(b->s));
}

bool all_there_or_refused(struct bench *b) {
    struct store_options options = {.path = b->place};
    struct status status = store_open(&options, &b->s);
    struct buf row CLEANUP(buf_done);
    buf_init(&row, 4096);
    for (uint64_t id = 1; id <= MANY && !failed(status); id++) {
        buf_clear(&row);
        status = store_get(b->s, STORE_RECORDS, id, id, &row);
        assert_true(failed(status) || slice_eq(buf_slice(&row), slice_str(row_text)));
    }
    store_close(&b->s);
    if (failed(status)) {
        ASSERT_IS(status, E_STORE_CORRUPT);
    }
    return !failed(status);
}
