/* Any bytes as what is looked for, and as the caption of a clip: folding keeps its promises, and a
 * clip is found by its own words. */
#include "fuzz.h"

#include "fold.h"
#include "search.h"

static void must_fold(struct slice text, struct buf *out) {
    buf_init(out, text.len * FOLD_MOST);
    FUZZ_MUST(!failed(fold_words(text, out)));
    FUZZ_MUST(slice_is_utf8(buf_slice(out)));
    FUZZ_MUST(out->len == 0 || (out->len > 1 && out->ptr[0] == FOLD_WORD));
    for (size_t i = 1; i < out->len; i++) {
        bool marks = out->ptr[i] == FOLD_WORD || out->ptr[i] == FOLD_NEXT;
        FUZZ_MUST(!marks || (out->ptr[i - 1] > FOLD_WORD && i + 1 < out->len));
    }
}

/* What was folded stays as it is when it is folded again: a word is a word. */
static void must_settle(struct slice folded) {
    struct buf again CLEANUP(buf_done) = {0};
    must_fold(folded, &again);
    struct buf third CLEANUP(buf_done) = {0};
    must_fold(buf_slice(&again), &third);
    FUZZ_MUST(slice_eq(buf_slice(&again), buf_slice(&third)));
}

static bool finds(const struct search *s, const struct search_query *query, uint64_t id) {
    struct search_place place = SEARCH_BEGIN;
    struct search_steps steps = SEARCH_STEPS;
    for (uint64_t found; (found = search_next(s, query, 0, &place, &steps)) != 0;) {
        if (found == id) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice text = slice_of(data, size < 4096 ? size : 4096);
    struct buf folded CLEANUP(buf_done) = {0};
    struct arena a CLEANUP(arena_done);
    struct search *s = NULL;
    struct search_query query;
    struct slice others[] = {SLICE("another clip altogether")};
    arena_init(&a, 1 << 20);
    must_fold(text, &folded);
    must_settle(buf_slice(&folded));
    FUZZ_MUST(!failed(search_new(&s)));
    FUZZ_MUST(!failed(search_put(s, 1, 1, true, others, 1)));
    FUZZ_MUST(!failed(search_put(s, 2, 2, true, &text, 1)));
    struct status read = search_read(text, &a, &query);
    FUZZ_MUST(failed(read) ? read.code == E_QUERY : finds(s, &query, 2));
    search_drop(s, 2);
    FUZZ_MUST(failed(read) || !finds(s, &query, 2));
    search_free(&s);
    return 0;
}
