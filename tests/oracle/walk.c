/* Walks blocks of tests/oracle/space.txt with the engine, generic and specialised, and prints a hash
 * for each: walk LAWDIR SPACE, with lines "space-number block-number" on standard input, or
 * walk LAWDIR SPACE show N B, which prints the answers of one block. It has a reader and a
 * numbering of its own, so that it shares nothing with the procedure it is compared with. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "law/law.h"

enum { BLOCK = 4096, MAX_DIGITS = 24, MAX_VALUES = 64, MAX_SPACES = 64, MAX_BASE = 32 };

struct digit {
    enum law_fact fact;
    size_t count;
    struct slice values[MAX_VALUES]; /* ptr NULL: absent */
};

struct space {
    size_t bases;
    enum law_fact base_fact[MAX_BASE];
    struct slice base_value[MAX_BASE];
    size_t digits;
    struct digit digit[MAX_DIGITS];
    uint64_t size;
    struct law_special *special; /* for what a data map would know */
};

static struct space spaces[MAX_SPACES];
static size_t space_count;
static struct law_set *set;
static uint64_t laws;
static int64_t now_ms;

_Noreturn static void stop(const char *what, struct slice about) {
    fprintf(stderr, "walk: %s: %.*s\n", what, SLICE_ARG(about));
    exit(2);
}

static struct slice read_all(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        stop("cannot open", slice_str(path));
    }
    uint8_t *text = mem_alloc(1 << 20);
    size_t len = fread(text, 1, 1 << 20, file);
    (void)fclose(file);
    return slice_of(text, len);
}

static bool next_word(struct slice *rest, struct slice *ret) {
    *rest = slice_trim(*rest);
    size_t end = slice_find(*rest, ' ');
    *ret = slice_sub(*rest, 0, end);
    *rest = slice_from(*rest, end);
    return ret->len > 0;
}

static enum law_fact fact_of(struct slice name) {
    enum law_fact fact = law_fact_find(name);
    if (fact == LAW_NO_FACT) {
        stop("no such fact", name);
    }
    return fact;
}

static void read_digit(struct space *s, enum law_fact fact, struct slice rest) {
    struct digit *d = &s->digit[s->digits++];
    struct slice value;
    d->fact = fact;
    while (next_word(&rest, &value)) {
        d->values[d->count++] = slice_eq(value, SLICE("absent")) ? slice_of(NULL, 0) : value;
    }
    s->size *= d->count;
}

static void read_spaces(const char *path) {
    struct slice rest = read_all(path);
    struct slice line;
    while (slice_next(&rest, '\n', &line)) {
        struct slice word;
        struct slice name;
        if (!next_word(&line, &word) || word.ptr[0] == '#' || !next_word(&line, &name)) {
            continue;
        }
        if (slice_eq(word, SLICE("space"))) {
            spaces[space_count++].size = 1;
            continue;
        }
        struct space *s = &spaces[space_count - 1];
        if (slice_eq(word, SLICE("base"))) {
            s->base_fact[s->bases] = fact_of(name);
            s->base_value[s->bases++] = slice_trim(line);
        } else {
            read_digit(s, fact_of(name), line);
        }
    }
}

static int is_pack(const struct dirent *entry) {
    return slice_ends(slice_str(entry->d_name), SLICE(".law"));
}

static void load(const char *dir) {
    struct dirent **names;
    int count = scandir(dir, &names, is_pack, alphasort);
    if (count <= 0) {
        stop("no packs in", slice_str(dir));
    }
    struct law_source *sources = mem_array((size_t)count, sizeof *sources);
    for (int i = 0; i < count; i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        sources[i] = (struct law_source){slice_str(names[i]->d_name), read_all(path)};
    }
    struct law_report report;
    law_report_init(&report);
    if (failed(law_set_load(sources, (size_t)count, &report, &set))) {
        stop("the packs do not load", slice_str(dir));
    }
    laws = law_set_mask(set, true);
}

static void put(struct law_facts *f, enum law_fact fact, struct slice value) {
    if (failed(law_facts_set_written(f, fact, value))) {
        stop("no such value", value);
    }
}

/* The facts of a point, settled; false where they are an error. */
static bool facts_at(const struct space *s, uint64_t index, struct law_facts *f,
                     enum law_fact *offending) {
    law_facts_init(f);
    for (size_t i = 0; i < s->bases; i++) {
        put(f, s->base_fact[i], s->base_value[i]);
    }
    for (size_t i = s->digits; i-- > 0;) {
        const struct digit *d = &s->digit[i];
        struct slice value = d->values[index % d->count];
        index /= d->count;
        if (value.ptr != NULL) {
            put(f, d->fact, value);
        }
    }
    return !failed(law_facts_settle(f, now_ms, offending));
}

/* What a data map knows of a purpose and a category, where the space does not vary it. */
static void specialise(struct space *s) {
    static const enum law_fact first[] = {LAW_OPERATION, LAW_BASIS};
    static const char *const groups[] = {"purpose.", "category.", "controller."};
    uint64_t known[2] = {0};
    struct law_facts f;
    enum law_fact offending;
    uint64_t index = 0;
    while (index < s->size && !facts_at(s, index, &f, &offending)) {
        index++;
    }
    for (unsigned fact = 0; fact < LAW_FACTS; fact++) {
        struct slice name = law_fact_info((enum law_fact)fact)->name;
        bool mapped = fact == first[0] || fact == first[1];
        for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
            mapped = mapped || slice_starts(name, slice_str(groups[g]));
        }
        for (size_t d = 0; d < s->digits; d++) {
            mapped = mapped && s->digit[d].fact != fact;
        }
        known[fact >> 6] |= mapped ? UINT64_C(1) << (fact & 63) : 0;
    }
    if (failed(law_specialise(set, laws, &f, known, &s->special))) {
        stop("cannot specialise", SLICE("a space"));
    }
}

static void answer_line(const struct space *s, uint64_t index, struct buf *line) {
    struct law_facts f;
    enum law_fact offending = LAW_NO_FACT;
    struct law_answer generic;
    struct law_answer special;
    buf_clear(line);
    if (!facts_at(s, index, &f, &offending)) {
        struct status ok = buf_add_format(line, "error %.*s",
                                          SLICE_ARG(law_fact_info(offending)->name));
        (void)ok;
        return;
    }
    if (failed(law_decide(set, laws, &f, &generic)) ||
        failed(law_decide_special(s->special, &f, &special)) ||
        failed(law_answer_format(set, &generic, line))) {
        stop("cannot decide", SLICE("a point"));
    }
    if (generic.permit != special.permit || generic.laws != special.laws ||
        generic.needs != special.needs || generic.duties != special.duties ||
        memcmp(generic.cites, special.cites, sizeof generic.cites) != 0) {
        stop("specialised and generic differ", buf_slice(line));
    }
}

static uint32_t fnv(struct slice s) {
    uint32_t h = 0x811C9DC5u;
    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ s.ptr[i]) * 0x01000193u;
    }
    return h;
}

static uint64_t block_end(const struct space *s, uint64_t block) {
    uint64_t end = (block + 1) * BLOCK;
    return end < s->size ? end : s->size;
}

static void walk(size_t number, uint64_t block, struct buf *line) {
    struct space *s = &spaces[number];
    uint32_t low = 1;
    uint32_t high = 7;
    if (s->special == NULL) {
        specialise(s);
    }
    for (uint64_t i = block * BLOCK; i < block_end(s, block); i++) {
        answer_line(s, i, line);
        uint32_t h = fnv(buf_slice(line));
        low = low * 31 + h;
        high = (high ^ h) * 0x01000193u + 1;
    }
    printf("%zu %" PRIu64 " %" PRIu64 " %08x%08x\n", number, block,
           block_end(s, block) - block * BLOCK, low, high);
    (void)fflush(stdout);
}

static void show(size_t number, uint64_t block, struct buf *line) {
    struct space *s = &spaces[number];
    specialise(s);
    for (uint64_t i = block * BLOCK; i < block_end(s, block); i++) {
        answer_line(s, i, line);
        printf("%" PRIu64 " %.*s\n", i, SLICE_ARG(buf_slice(line)));
    }
}

int main(int argc, char **argv) {
    if (argc != 3 && argc != 6) {
        stop("usage: walk LAWDIR SPACE [show N B]", SLICE(""));
    }
    struct moment now;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, 1 << 16);
    if (failed(moment_parse(SLICE("2026-11-21T12:00:00Z"), &now))) {
        return 2;
    }
    now_ms = now.unix_ms;
    load(argv[1]);
    read_spaces(argv[2]);
    if (argc == 6) {
        show((size_t)strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10), &line);
        return 0;
    }
    size_t number;
    uint64_t block;
    while (scanf("%zu %" SCNu64, &number, &block) == 2) {
        if (number >= space_count || block * BLOCK >= spaces[number].size) {
            stop("no such block", SLICE(""));
        }
        walk(number, block, &line);
    }
    return 0;
}
