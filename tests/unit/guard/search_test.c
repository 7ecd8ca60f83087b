/* The index of words against a plain reading of the same texts: folding, pairs, what is found and
 * in which order, limits, and every allocation failing in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <utf8proc.h>

#include "base/mem.h"
#include "fold.h"
#include "pairs.h"
#include "search.h"

#define ASSERT_OK(s) assert_int_equal((s).code, OK)

/* --- folding --- */

/* Words apart by |, neighbours by +. */
static const char *folded(const char *text, size_t len) {
    static char out[4096];
    struct buf b CLEANUP(buf_done) = {0};
    buf_init(&b, sizeof out - 1);
    ASSERT_OK(fold_words(slice_of(text, len), &b));
    for (size_t i = 0; i < b.len; i++) {
        out[i] = b.ptr[i] == FOLD_WORD ? '|' : b.ptr[i] == FOLD_NEXT ? '+' : (char)b.ptr[i];
    }
    out[b.len] = 0;
    return out;
}

static void words_are_folded(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"", ""},
        {" \t\n . , ! ", ""},
        {"Sunrise, over the WATER!", "|sunrise|over|the|water"},
        {"Zoë Crème BRÛLÉE", "|zoe|creme|brulee"},
        {"Zoe\xcc\x88", "|zoe"}, /* the same, in two characters */
        {"Straße STRASSE", "|strasse|strasse"},
        {"Łódź Ørsted Þór œuvre", "|lodz|orsted|þor|oeuvre"},
        {"İstanbul ısı", "|istanbul|isi"},
        {"ΑΘΉΝΑ Οδυσσεύς", "|αθηνα|οδυσσευσ"},
        {"Москва Ёлка", "|москва|елка"},
        {"שָׁלוֹם", "|שלום"},
        {"مُحَمَّد", "|محمد"},
        {"नमस्ते दुनिया", "|नमस्ते|दुनिया"}, /* vowel signs are letters */
        {"東京タワー", "|東+京+タ+ワ+ー"},
        {"猫 犬", "|猫|犬"},
        {"ﾀﾜｰ", "|タ+ワ+ー"},
        {"がか", "|か\xe3\x82\x99+か"}, /* voiced is another letter */
        {"ไปเที่ยว", "|ไ+ป+เ+ที+ย+ว"},
        {"café24 2026", "|cafe24|2026"},
        {"don't e-mail", "|don|t|e|mail"},
        {"ﬁne ½", "|fine|1|2"},
        {"🎉🎉 party❤️", "|🎉+🎉|party|❤"},
        {"so\xc2\xad"
         "ft",
         "|soft"}, /* a hyphen that is not seen */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(folded(cases[i].text, strlen(cases[i].text)), cases[i].words);
    }
    assert_string_equal(folded("a\0b\x1f"
                               "c\x1e"
                               "d",
                               7),
                        "|a|b|c|d");
    assert_string_equal(folded("a\xff\xfe"
                               "b\xc3",
                               5),
                        "|a|b");
}

/* No character grows by more than was promised, nor falls apart into more than there is room for.
 */
static void every_character_keeps_the_promise(void **state) {
    (void)state;
    struct buf b CLEANUP(buf_done) = {0};
    buf_init(&b, 256);
    for (int32_t c = 0; c <= 0x10ffff; c++) {
        uint8_t bytes[4];
        int32_t parts[32];
        int boundary = 0;
        if (!utf8proc_codepoint_valid(c)) {
            continue;
        }
        size_t len = (size_t)utf8proc_encode_char(c, bytes);
        assert_in_range(
            utf8proc_decompose_char(
                c, parts, 32, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, &boundary),
            0, 32);
        buf_clear(&b);
        ASSERT_OK(fold_words(slice_of(bytes, len), &b));
        assert_in_range(b.len, 0, len * FOLD_MOST);
        assert_true(b.len == 0 || (b.len > 1 && b.ptr[0] == FOLD_WORD));
    }
}

/* --- pairs --- */

enum {
    FIRSTS = 7,
    SECONDS = 30000,
    STEPS = 600000,
    SWEEPS = 200
}; /* enough for nodes of three heights */

static uint32_t dice = 1;

static uint32_t roll(uint32_t sides) {
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 8) % sides;
}

static void assert_as(const struct pairs *p, bool want[FIRSTS][SECONDS + 1]) {
    for (uint64_t a = 0; a < FIRSTS; a++) {
        uint64_t last = 0;
        for (uint64_t b = 1; b <= SECONDS; b++) {
            last = want[a][b] ? b : last;
            assert_int_equal(pairs_at_most(p, a, b), last);
        }
        assert_int_equal(pairs_at_most(p, a, UINT64_MAX), last);
    }
}

static void set(struct pairs *p, bool want[FIRSTS][SECONDS + 1], uint64_t a, uint64_t b, bool is) {
    if (is) {
        ASSERT_OK(pairs_add(p, a, b));
    } else {
        pairs_remove(p, a, b);
    }
    want[a][b] = is;
}

/* Whole stretches go, and a little comes back into them, so that nodes of every height empty, join
 * and fill again. */
static void sweep(struct pairs *p, bool want[FIRSTS][SECONDS + 1]) {
    uint64_t a = roll(FIRSTS);
    uint64_t from = 1 + roll(SECONDS);
    uint64_t to = from + roll(SECONDS / 2);
    for (uint64_t b = from; b < to && b <= SECONDS; b++) {
        set(p, want, a, b, false);
    }
    for (uint64_t b = from; b < to && b <= SECONDS; b += 1 + roll(200)) {
        set(p, want, a, b, true);
    }
}

static void pairs_agree_with_a_list(void **state) {
    (void)state;
    static bool want[FIRSTS][SECONDS + 1];
    struct pairs p = {0};
    assert_int_equal(pairs_at_most(&p, 1, 1), 0);
    pairs_remove(&p, 1, 1);
    for (uint32_t step = 0; step < STEPS; step++) {
        set(&p, want, roll(FIRSTS), 1 + roll(SECONDS), roll(10) < (step < STEPS / 2 ? 8u : 3u));
    }
    assert_as(&p, want);
    for (int i = 0; i < SWEEPS; i++) {
        sweep(&p, want);
        if (i % 20 == 0) {
            assert_as(&p, want);
        }
    }
    for (uint64_t a = 0; a < FIRSTS; a++) {
        for (uint64_t b = 1; b <= SECONDS; b++) {
            set(&p, want, a, b, false);
        }
    }
    assert_null(p.root);
    pairs_done(&p);
}

/* --- what is found --- */

static void put(struct search *s, uint64_t id, uint64_t owner, bool everybody,
                const char *caption) {
    struct slice texts[] = {slice_str(caption), slice_str("Maker")};
    ASSERT_OK(search_put(s, id, owner, everybody, texts, 2));
}

/* The numbers in the order in which they are found, as text. */
static const char *found_by(const struct search *s, const char *words, uint64_t viewer) {
    static char out[4096];
    struct arena a CLEANUP(arena_done);
    struct search_query query;
    struct search_place place = SEARCH_BEGIN;
    size_t len = 0;
    uint64_t id;
    arena_init(&a, 1 << 16);
    ASSERT_OK(search_read(slice_str(words), &a, &query));
    out[0] = 0;
    do {
        struct search_steps steps = SEARCH_STEPS;
        id = search_next(s, &query, viewer, &place, &steps);
        if (id != 0) {
            len += (size_t)snprintf(out + len, sizeof out - len, "%s%llu", len > 0 ? " " : "",
                                    (unsigned long long)id);
        }
    } while (id != 0 || !place.ended);
    return out;
}

static struct search *new_search(void) {
    struct search *s = NULL;
    ASSERT_OK(search_new(&s));
    return s;
}

static void words_find(void **state) {
    (void)state;
    struct search *s = new_search();
    put(s, 1, 10, true, "Sunrise over the water");
    put(s, 2, 11, true, "Sunrises are red");
    put(s, 3, 12, true, "A red sun over the see");
    put(s, 4, 13, true, "東京の夜");
    put(s, 5, 14, true, "京都 夜 Ærø");
    put(s, 6, 14, true, "international internal interval");
    assert_string_equal(found_by(s, "sunrise", 0), "1 2"); /* the whole word first */
    assert_string_equal(found_by(s, "SUN", 0), "3 2 1");
    assert_string_equal(found_by(s, "sun red", 0), "3 2");
    assert_string_equal(found_by(s, "re su", 0), "3 2");
    assert_string_equal(found_by(s, "unrise", 0), "");
    assert_string_equal(found_by(s, "sun blue", 0), "");
    assert_string_equal(found_by(s, "maker", 0), "6 5 4 3 2 1");
    assert_string_equal(found_by(s, "m", 0), "6 5 4 3 2 1");
    assert_string_equal(found_by(s, "over the", 0), "3 1");
    assert_string_equal(found_by(s, "interna", 0), "6"); /* between the lengths that have a term */
    assert_string_equal(found_by(s, "interx", 0), "");
    assert_string_equal(found_by(s, "internationally", 0), "");
    assert_string_equal(found_by(s, "aero", 0), "5");
    assert_string_equal(found_by(s, "京", 0), "5 4");
    assert_string_equal(found_by(s, "東京", 0), "4");
    assert_string_equal(found_by(s, "京の夜", 0), "4");
    assert_string_equal(found_by(s, "京夜", 0), "");
    assert_string_equal(found_by(s, "夜 京", 0), "5 4");
    search_free(&s);
    search_free(&s);
}

static void what_goes_is_not_found(void **state) {
    (void)state;
    struct search *s = new_search();
    put(s, 1, 10, true, "red");
    put(s, 2, 10, true, "red");
    put(s, 3, 11, true, "red");
    put(s, 3, 11, true, "blue"); /* said anew */
    assert_string_equal(found_by(s, "red", 0), "2 1");
    assert_string_equal(found_by(s, "blue", 0), "3");
    search_drop(s, 1);
    search_drop(s, 1);
    search_drop(s, 99);
    assert_string_equal(found_by(s, "red", 0), "2");
    put(s, 4, 10, false, "red");
    search_drop_owner(s, 10);
    assert_string_equal(found_by(s, "red", 10), "");
    assert_string_equal(found_by(s, "maker", 10), "3");
    assert_int_equal(search_count(s), 1);
    search_clear(s);
    assert_int_equal(search_count(s), 0);
    assert_string_equal(found_by(s, "blue", 0), "");
    put(s, 5, 10, true, "red");
    assert_string_equal(found_by(s, "red", 0), "5");
    search_free(&s);
}

static void what_is_private_is_its_owners(void **state) {
    (void)state;
    struct search *s = new_search();
    put(s, 1, 10, true, "red");
    put(s, 2, 10, false, "red");
    put(s, 3, 11, false, "red");
    put(s, 4, 11, true, "redder");
    assert_string_equal(found_by(s, "red", 0), "1 4");
    assert_string_equal(found_by(s, "red", 10), "2 1 4");
    assert_string_equal(found_by(s, "red", 11), "3 1 4");
    assert_string_equal(found_by(s, "red", 12), "1 4");
    put(s, 2, 10, true, "red");
    put(s, 1, 10, false, "red");
    assert_string_equal(found_by(s, "red", 0), "2 4");
    search_free(&s);
}

/* --- limits --- */

static uint16_t reads(const char *words, size_t len, size_t *ret_count) {
    struct arena a CLEANUP(arena_done);
    struct search_query query = {.count = 0};
    arena_init(&a, 1 << 20);
    struct status s = search_read(slice_of(words, len), &a, &query);
    *ret_count = query.count;
    return s.code;
}

static void a_query_has_one_to_eight_words(void **state) {
    (void)state;
    static char many[10000];
    size_t count;
    assert_int_equal(reads("", 0, &count), E_QUERY);
    assert_int_equal(reads("   \t\n", 5, &count), E_QUERY);
    assert_int_equal(reads("\0\0\x01\x1f\x1e", 5, &count), E_QUERY);
    assert_int_equal(reads("a", 1, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(reads("a b c d e f g", 13, &count), OK);
    assert_int_equal(reads("a b c d e f g h", 15, &count), OK);
    assert_int_equal(count, GUARD_SEARCH_WORDS);
    assert_int_equal(reads("a b c d e f g h i", 17, &count), E_QUERY);
    for (size_t i = 0; i < sizeof many; i++) {
        many[i] = i % 2 == 0 ? 'a' : ' ';
    }
    assert_int_equal(reads(many, sizeof many, &count), E_QUERY);
    memset(many, 'a', sizeof many);
    assert_int_equal(reads(many, sizeof many, &count), OK);
    assert_int_equal(count, 1);
}

/* Two words that many clips have, and hardly any both: an answer takes no more steps than it may,
 * says where it stopped, and what is there is found in the end, once. */
static void an_answer_takes_no_more_than_its_steps(void **state) {
    (void)state;
    struct search *s = new_search();
    struct arena a CLEANUP(arena_done);
    struct search_query query;
    struct search_place place = SEARCH_BEGIN;
    size_t answers = 0;
    size_t found = 0;
    arena_init(&a, 1 << 16);
    for (uint64_t id = 1; id <= 3 * GUARD_SEARCH_STEPS; id++) {
        put(s, id, id % 100 + 1, true, id == 7 ? "left right" : id % 2 == 0 ? "left" : "right");
    }
    ASSERT_OK(search_read(SLICE("right left"), &a, &query));
    while (!place.ended) {
        struct search_steps steps = SEARCH_STEPS;
        uint64_t id = search_next(s, &query, 1, &place, &steps);
        assert_true(id == 0 || id == 7);
        found += id == 7 ? 1 : 0;
        assert_true(++answers < 20);
    }
    assert_int_equal(found, 1);
    assert_true(answers > 3);
    search_free(&s);
}

/* --- memory --- */

/* Whatever fails: what was there is found as before, what could not be entered is not found. */
static void memory_runs_out(void **state) {
    (void)state;
    struct slice texts[] = {SLICE("blue things in many words, one two three four five six seven"),
                            SLICE("Somebody")};
    uint64_t failures = 1;
    for (uint64_t n = 1; failures > 0; n++) {
        struct search *s = new_search();
        for (uint64_t id = 1; id <= 64; id++) {
            put(s, id, 10, true, "red");
        }
        mem_fail_at(n, false);
        struct status entered = search_put(s, 65, 11, true, texts, 2);
        failures = mem_failures();
        mem_fail_at(0, false);
        assert_int_equal(entered.code, failures > 0 ? E_MEMORY : OK);
        assert_string_equal(found_by(s, "blue", 0), failures > 0 ? "" : "65");
        assert_int_equal(search_count(s), failures > 0 ? 64 : 65);
        assert_int_equal(strncmp(found_by(s, "red", 0), "64 63 62 ", 9), 0);
        ASSERT_OK(search_put(s, 65, 11, true, texts, 2));
        assert_string_equal(found_by(s, "thi blue", 0), "65");
        search_free(&s);
        assert_true(n < 1000);
    }
}

static void a_query_without_memory_is_an_error(void **state) {
    (void)state;
    size_t count;
    for (uint64_t n = 1; n <= 2; n++) {
        mem_fail_at(n, true);
        uint16_t code = reads("red blue", 8, &count);
        mem_fail_at(0, false);
        assert_int_equal(code, E_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_folded),
        cmocka_unit_test(every_character_keeps_the_promise),
        cmocka_unit_test(pairs_agree_with_a_list),
        cmocka_unit_test(words_find),
        cmocka_unit_test(what_goes_is_not_found),
        cmocka_unit_test(what_is_private_is_its_owners),
        cmocka_unit_test(a_query_has_one_to_eight_words),
        cmocka_unit_test(an_answer_takes_no_more_than_its_steps),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(a_query_without_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
