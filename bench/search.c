/* What search costs as clips become more: entering and removing one, and a page of answers to words
 * that few and many clips have. The index alone: no socket, no law, no disk.
 *
 * Usage: bench_search [CLIPS ...] (1000 10000 100000 1000000). Prints a table. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search.h"
#include "support.h"

enum {
    VOCABULARY = 200000,
    WORDS_LEAST = 3, /* of a caption */
    WORDS_MOST = 14,
    EACH = 20, /* clips of one maker */
    PAGE = GUARD_FEED_PAGE,
    TIMES = 2001,
    CAPTION_BYTES = 300,
    RARE_FROM = 5000, /* ranks of words */
};

static uint64_t dice = 20261121;

static double chance(void) {
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(dice >> 11) / 9007199254740992.0;
}

/* The word of a rank: short ones are frequent, as in a language. */
static size_t spell(uint32_t rank, char *out) {
    static const char *const syllables[] = {"ka",  "to",  "ri",  "mé", "su", "no",  "la",  "vi",
                                            "dér", "pan", "gol", "fi", "bu", "chi", "wen", "zo"};
    size_t len = 0;
    for (uint32_t n = rank + 16; n > 0; n /= 16) {
        const char *s = syllables[(n * 7 + n / 16) % 16];
        memcpy(out + len, s, strlen(s));
        len += strlen(s);
    }
    return len;
}

/* Zipf's law, by the inverse of 1/x. */
static uint32_t draw(void) {
    return (uint32_t)exp(chance() * log(VOCABULARY)) - 1;
}

static size_t caption(char out[CAPTION_BYTES]) {
    size_t words = WORDS_LEAST + (size_t)(chance() * (WORDS_MOST - WORDS_LEAST + 1));
    size_t len = 0;
    for (size_t i = 0; i < words; i++) {
        len += spell(draw(), out + len);
        out[len++] = ' ';
    }
    return len;
}

static void put(struct search *s, uint64_t id) {
    char text[CAPTION_BYTES];
    char name[32];
    size_t len = caption(text);
    int name_len = snprintf(name, sizeof name, "maker%llu", (unsigned long long)(id / EACH));
    struct slice texts[] = {slice_of(text, len), slice_of(name, (size_t)name_len)};
    must(search_put(s, id, id / EACH + 1, true, texts, 2), "put");
}

/* One page, as the guard answers it. */
static size_t page(const struct search *s, const char *words, size_t *ret_steps) {
    struct arena a CLEANUP(arena_done);
    struct search_query query;
    struct search_place place = SEARCH_BEGIN;
    struct search_steps steps = SEARCH_STEPS;
    size_t found = 0;
    arena_init(&a, 1 << 16);
    must(search_read(slice_str(words), &a, &query), "read");
    while (found < PAGE && search_next(s, &query, 1, &place, &steps) != 0) {
        found++;
    }
    *ret_steps = GUARD_SEARCH_STEPS - steps.everybody;
    return found;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void ask(const struct search *s, const char *what, const char *words) {
    static double us[TIMES];
    size_t steps = 0;
    size_t found = 0;
    for (size_t i = 0; i < TIMES; i++) {
        double begin = now_s();
        found = page(s, words, &steps);
        us[i] = (now_s() - begin) * 1e6;
    }
    qsort(us, TIMES, sizeof *us, by_size);
    printf("  %-32s %5zu %7zu %9.1f %9.1f\n", what, found, steps, us[TIMES / 2],
           us[TIMES * 99 / 100]);
}

static void ask_all(const struct search *s) {
    char word[3][64] = {{0}};
    char both[160];
    word[0][spell(1, word[0])] = 0;
    word[1][spell(2, word[1])] = 0;
    word[2][spell(RARE_FROM, word[2])] = 0;
    printf("  %-32s %5s %7s %9s %9s\n", "one page of at most 30", "found", "steps", "p50 us",
           "p99 us");
    ask(s, "a word that many have", word[0]);
    ask(s, "a word that few have", word[2]);
    ask(s, "a maker", "maker7");
    ask(s, "a word that nobody has", "xyzzy");
    ask(s, "the first letter of many", "k");
    ask(s, "the first four letters of a few", "zozo");
    snprintf(both, sizeof both, "%s %s", word[0], word[1]);
    ask(s, "two words that many have", both);
    snprintf(both, sizeof both, "%s %s", word[0], word[2]);
    ask(s, "one that many, one that few have", both);
    snprintf(both, sizeof both, "%s maker7 maker1", word[0]);
    ask(s, "words that nobody has together", both);
}

/* Each of a thousand clips in turn is removed, and entered again. */
static void change(struct search *s, uint64_t clips) {
    enum { CHANGED = 1000 };
    double removed = 0;
    double entered = 0;
    for (uint64_t i = 0; i < CHANGED; i++) {
        uint64_t id = 1 + (uint64_t)(chance() * (double)clips);
        double begin = now_s();
        search_drop(s, id);
        removed += now_s() - begin;
        begin = now_s();
        put(s, id);
        entered += now_s() - begin;
    }
    printf("  removing one %.1f us, entering one %.1f us\n", removed / CHANGED * 1e6,
           entered / CHANGED * 1e6);
}

static void measure(uint64_t clips) {
    struct search *s = NULL;
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    double begin = now_s();
    must(search_new(&s), "new");
    for (uint64_t id = 1; id <= clips; id++) {
        put(s, id);
    }
    double took = now_s() - begin;
    size_t bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    printf("%llu clips: entered in %.2f s, %.0f bytes each\n", (unsigned long long)clips, took,
           (double)bytes / (double)clips);
    change(s, clips);
    ask_all(s);
    search_free(&s);
}

int main(int argc, char **argv) {
    static const uint64_t sizes[] = {1000, 10000, 100000, 1000000};
    for (size_t i = 0; argc == 1 && i < ARRAY_LEN(sizes); i++) {
        measure(sizes[i]);
    }
    for (int i = 1; i < argc; i++) {
        measure(strtoull(argv[i], NULL, 10));
    }
    return 0;
}
