/* The index of words: pairs of a term and a clip. A term is the hash of a word, or of a beginning
 * of it, and of whom it is for; what a term promises is compared with the clip's own words before
 * the clip is named, so that two words with one hash do no harm. */
#include "search.h"

#include <string.h>

#include "base/mem.h"
#include "fold.h"
#include "index.h"
#include "pairs.h"

enum term_kind { TERM_OWNER = 1, TERM_WHOLE, TERM_BEGUN, TERM_PAIR };

enum { EVERYBODY = 0, TERMS_EACH = 32 /* of a query that are looked up; the rest is compared */ };

/* Of a longer word than the last, the rest is compared. */
static const size_t beginnings[] = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16};

struct row {
    uint64_t id;
    uint64_t owner;
    uint64_t scope; /* EVERYBODY, or the owner */
    size_t len;
    uint8_t words[]; /* folded, a FOLD_WORD at the end */
};

struct search {
    struct pairs terms;
    struct index rows; /* by clip */
    uint64_t *scratch; /* terms of one row; as many as the longest could have */
    size_t scratch_cap;
};

/* --- terms --- */

static uint64_t term_of(uint64_t scope, enum term_kind kind, struct slice bytes) {
    uint64_t h = slice_hash(bytes) ^ (scope * UINT64_C(0x9e3779b97f4a7c15));
    h = (h ^ h >> 29 ^ (uint64_t)kind) * UINT64_C(0xbf58476d1ce4e5b9);
    return h ^ h >> 32;
}

static bool is_mark(uint8_t byte) {
    return byte == FOLD_WORD || byte == FOLD_NEXT;
}

/* The first `letters` of a word; empty where there are fewer. */
static struct slice begin_of(struct slice word, size_t letters) {
    for (size_t i = 0; i < word.len; i++) {
        bool starts = (word.ptr[i] & 0xc0) != 0x80;
        if (starts && letters-- == 0) {
            return slice_sub(word, 0, i);
        }
    }
    return slice_sub(word, 0, letters == 0 ? word.len : 0);
}

/* Takes a mark and the word after it off the front. */
static bool next_word(struct slice *rest, uint8_t *ret_mark, struct slice *ret_word) {
    if (rest->len < 2) {
        return false;
    }
    size_t len = 1;
    while (len < rest->len && !is_mark(rest->ptr[len])) {
        len++;
    }
    *ret_mark = rest->ptr[0];
    *ret_word = slice_sub(*rest, 1, len - 1);
    *rest = slice_from(*rest, len);
    return true;
}

/* A word and the one right after it, with the mark between. */
static struct slice both_of(struct slice first, struct slice second) {
    return slice_of(first.ptr, first.len + 1 + second.len);
}

static size_t terms_of_word(const struct row *row, struct slice word, uint64_t *terms) {
    size_t count = 0;
    terms[count++] = term_of(row->scope, TERM_WHOLE, word);
    for (size_t i = 0; i < ARRAY_LEN(beginnings) && !fold_is_alone(word); i++) {
        struct slice begin = begin_of(word, beginnings[i]);
        if (begin.len == 0) {
            break;
        }
        terms[count++] = term_of(row->scope, TERM_BEGUN, begin);
    }
    return count;
}

/* What the row is found by, into the scratch: at most one term for each byte of it, and its owner.
 * A word of n bytes has no more than n + 1, and a mark before it. */
static size_t terms_of(const struct row *row, uint64_t *terms) {
    struct slice rest = slice_of(row->words, row->len);
    struct slice word;
    struct slice before = SLICE("");
    uint8_t mark;
    size_t count = 0;
    terms[count++] = term_of(row->owner, TERM_OWNER, SLICE(""));
    while (next_word(&rest, &mark, &word)) {
        if (mark == FOLD_NEXT) {
            terms[count++] = term_of(row->scope, TERM_PAIR, both_of(before, word));
        }
        count += terms_of_word(row, word, terms + count);
        before = word;
    }
    return count;
}

/* --- rows --- */

static struct row *row_of(const struct search *s, uint64_t id) {
    uint64_t at = 0;
    return index_get(&s->rows, id, 0, &at) ? (struct row *)(uintptr_t)at : NULL;
}

static void row_free(struct row *row) {
    mem_wipe(row, sizeof *row + row->len);
    mem_free(row);
}

static struct status row_new(uint64_t id, uint64_t owner, bool everybody, struct slice words,
                             struct row **ret_row) {
    struct row *row = mem_alloc(sizeof *row + words.len);
    if (row == NULL) {
        return FAIL(E_MEMORY);
    }
    *row = (struct row){id, owner, everybody ? EVERYBODY : owner, words.len};
    memcpy(row->words, words.ptr, words.len);
    *ret_row = row;
    return STATUS_OK;
}

static struct status room_for_terms(struct search *s, size_t bytes) {
    size_t most = bytes + 1;
    if (most <= s->scratch_cap) {
        return STATUS_OK;
    }
    uint64_t *grown = mem_resize(s->scratch, most, sizeof *grown);
    if (grown == NULL) {
        return FAIL(E_MEMORY);
    }
    s->scratch = grown;
    s->scratch_cap = most;
    return STATUS_OK;
}

static void row_remove(struct search *s, struct row *row) {
    size_t count = terms_of(row, s->scratch);
    for (size_t i = 0; i < count; i++) {
        pairs_remove(&s->terms, s->scratch[i], row->id);
    }
    index_remove(&s->rows, row->id, 0);
    row_free(row);
}

static struct status row_enter(struct search *s, struct row *row) {
    size_t count = terms_of(row, s->scratch);
    TRY(index_put(&s->rows, row->id, 0, (uintptr_t)row));
    for (size_t i = 0; i < count; i++) {
        TRY(pairs_add(&s->terms, s->scratch[i], row->id));
    }
    return STATUS_OK;
}

static struct status fold_all(const struct slice *texts, size_t count, struct buf *out) {
    for (size_t i = 0; i < count; i++) {
        TRY(fold_words(texts[i], out));
    }
    return buf_add_byte(out, FOLD_WORD);
}

struct status search_put(struct search *s, uint64_t id, uint64_t owner, bool everybody,
                         const struct slice *texts, size_t count) {
    struct buf words CLEANUP(buf_done) = {0};
    struct row *row = NULL;
    size_t most = 1;
    for (size_t i = 0; i < count; i++) {
        most += texts[i].len * FOLD_MOST;
    }
    search_drop(s, id);
    buf_init_secret(&words, most);
    TRY(fold_all(texts, count, &words));
    TRY(room_for_terms(s, words.len));
    TRY(row_new(id, owner, everybody, buf_slice(&words), &row));
    struct status entered = row_enter(s, row);
    if (failed(entered)) {
        row_remove(s, row);
    }
    return entered;
}

void search_drop(struct search *s, uint64_t id) {
    struct row *row = row_of(s, id);
    if (row != NULL) {
        row_remove(s, row);
    }
}

void search_drop_owner(struct search *s, uint64_t owner) {
    uint64_t term = term_of(owner, TERM_OWNER, SLICE(""));
    for (uint64_t id = UINT64_MAX; (id = pairs_at_most(&s->terms, term, id)) != 0; id--) {
        search_drop(s, id);
    }
}

void search_clear(struct search *s) {
    for (size_t i = 0; i < s->rows.cap; i++) {
        if (s->rows.slots[i].state == INDEX_FULL) {
            row_free((struct row *)(uintptr_t)s->rows.slots[i].value);
        }
    }
    index_clear(&s->rows);
    pairs_done(&s->terms);
}

size_t search_count(const struct search *s) {
    return s->rows.count;
}

struct status search_new(struct search **ret_search) {
    *ret_search = mem_alloc(sizeof **ret_search);
    return *ret_search == NULL ? FAIL(E_MEMORY) : STATUS_OK;
}

void search_free(struct search **search) {
    struct search *s = *search;
    *search = NULL;
    if (s == NULL) {
        return;
    }
    search_clear(s);
    index_done(&s->rows);
    mem_free(s->scratch);
    mem_free(s);
}

/* --- what is asked --- */

struct status search_read(struct slice text, struct arena *a, struct search_query *ret) {
    struct buf folded CLEANUP(buf_done) = {0};
    struct search_query query = {.count = 0};
    struct slice rest;
    buf_init_secret(&folded, text.len * FOLD_MOST + 1);
    TRY(fold_words(text, &folded));
    TRY(arena_copy(a, buf_slice(&folded), &rest));
    if (rest.len == 0) {
        return FAIL(E_QUERY);
    }
    rest = slice_from(rest, 1); /* each begins with its mark */
    while (rest.ptr != NULL) {
        if (query.count == GUARD_SEARCH_WORDS) {
            return FAIL(E_QUERY);
        }
        (void)slice_next(&rest, FOLD_WORD, &query.words[query.count++]);
    }
    *ret = query;
    return STATUS_OK;
}

struct terms {
    uint64_t list[TERMS_EACH];
    size_t count;
};

static void add_term(struct terms *t, uint64_t term) {
    if (t->count < TERMS_EACH) {
        t->list[t->count++] = term;
    }
}

/* The longest beginning of the word that has a term. */
static struct slice longest_begin(struct slice word) {
    struct slice longest = word;
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        struct slice begin = begin_of(word, beginnings[i]);
        longest = begin.len > 0 ? begin : longest;
    }
    return longest;
}

/* Of a word as it was asked: one of letters, or a row of characters that each stand alone. */
static void add_word(struct terms *t, uint64_t scope, struct slice word, bool begun) {
    size_t len = slice_find(word, FOLD_NEXT);
    if (len == word.len) {
        bool by_begin = begun && !fold_is_alone(word);
        add_term(t, by_begin ? term_of(scope, TERM_BEGUN, longest_begin(word))
                             : term_of(scope, TERM_WHOLE, word));
        return;
    }
    struct slice rest = slice_from(word, len);
    struct slice before = slice_sub(word, 0, len);
    struct slice next;
    uint8_t mark;
    for (; next_word(&rest, &mark, &next); before = next) {
        add_term(t, term_of(scope, TERM_PAIR, both_of(before, next)));
    }
}

static struct terms terms_asked(const struct search_query *query, uint64_t scope, bool begun) {
    struct terms t = {.count = 0};
    for (size_t i = 0; i < query->count; i++) {
        add_word(&t, scope, query->words[i], begun);
    }
    return t;
}

/* Whether the row has the word, at its own beginning; *io_whole: and its end too. */
static bool has_word(const struct row *row, struct slice word, bool *io_whole) {
    const uint8_t *end = row->words + row->len;
    bool begun = false;
    bool whole = false;
    for (const uint8_t *at = row->words; !whole; at++) {
        at = memmem(at, (size_t)(end - at), word.ptr, word.len);
        if (at == NULL) {
            break;
        }
        bool starts = is_mark(at[-1]); /* a mark stands first */
        begun |= starts;
        whole |= starts && is_mark(at[word.len]); /* and one last */
    }
    *io_whole &= whole;
    return begun;
}

static bool fits(const struct row *row, const struct search_query *query, bool begun) {
    bool whole = true;
    for (size_t i = 0; i < query->count; i++) {
        if (!has_word(row, query->words[i], &whole)) {
            return false;
        }
    }
    return whole != begun;
}

/* Whether one of its words can be begun and not whole: a character that stands alone is whole. */
static bool may_be_begun(const struct search_query *query) {
    for (size_t i = 0; i < query->count; i++) {
        if (!fold_is_alone(query->words[i])) {
            return true;
        }
    }
    return false;
}

/* --- looking it up --- */

/* The largest number up to `most` that stands beside every term; each in turn says how far down the
 * next can be at the soonest. When the steps run out, the answer is only such a bound. */
static uint64_t in_all(const struct search *s, const struct terms *t, uint64_t most,
                       size_t *io_steps) {
    size_t agree = 0;
    for (size_t i = 0; agree < t->count && most != 0 && *io_steps > 0; i++) {
        uint64_t at = pairs_at_most(&s->terms, t->list[i % t->count], most);
        agree = at == most ? agree + 1 : 1;
        most = at;
        (*io_steps)--;
    }
    return most;
}

/* The next of one scope that has the words; 0 for none; a bound when the steps have run out. */
static uint64_t next_in(const struct search *s, const struct search_query *query, uint64_t scope,
                        const struct search_place *place, size_t *io_steps) {
    struct terms t = terms_asked(query, scope, place->begun);
    uint64_t id = place->below;
    do {
        id = in_all(s, &t, id - 1, io_steps);
    } while (id != 0 && *io_steps > 0 && !fits(row_of(s, id), query, place->begun));
    return id;
}

uint64_t search_next(const struct search *s, const struct search_query *query, uint64_t viewer,
                     struct search_place *io_place, struct search_steps *io_steps) {
    while (!io_place->ended) {
        uint64_t id = next_in(s, query, EVERYBODY, io_place, &io_steps->everybody);
        uint64_t own = viewer == 0 ? 0 : next_in(s, query, viewer, io_place, &io_steps->own);
        bool out = own > id ? io_steps->own == 0 : io_steps->everybody == 0;
        id = own > id ? own : id;
        if (id != 0) {
            io_place->below = out ? id + 1 : id;
            return out ? 0 : id;
        }
        io_place->ended = io_place->begun || !may_be_begun(query);
        io_place->begun = true;
        io_place->below = UINT64_MAX;
    }
    return 0;
}
