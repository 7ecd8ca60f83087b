/* What a decision costs, in one process on one core.
 *
 *   bench_decide mix LAW_DIR CASES.jsonl...   decisions on the facts of the cases
 *   bench_decide growth                       generated packs of 10, 100 and 1000 rules
 *
 * Prints one JSON object. Facts are read and settled beforehand: what is measured is the decision,
 * as the guard takes it on facts that it holds. The clock's own cost is measured and subtracted. */
#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "facts/facts.h"
#include "law/law.h"
#include "os/file.h"

enum {
    MAX_CASES = 4096,
    ROUNDS = 2001, /* of the mix: each case once, in a new order */
    BATCHES = 101, /* of one case alone */
    BATCH = 200,   /* decisions in a batch */
    WARM_UP = 50,
    CLOCK_SAMPLES = 20001,
};

static const int64_t now_unix_ms = 1795262400000; /* 2026-11-21T12:00:00Z */

static _Noreturn void stop(const char *what, const char *which) {
    fprintf(stderr, "bench_decide: %s: %s\n", which, what);
    exit(1);
}

static void must(struct status s, const char *which) {
    if (failed(s)) {
        stop(error_info(s.code)->cause, which);
    }
}

static inline int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts. */
static double quantile(double *values, size_t count, double q) {
    qsort(values, count, sizeof *values, by_value);
    size_t at = (size_t)(q * (double)(count - 1) + 0.5);
    return values[at];
}

/* What two readings of the clock cost with nothing between them. */
static double clock_cost(void) {
    static double samples[CLOCK_SAMPLES];
    for (size_t i = 0; i < CLOCK_SAMPLES; i++) {
        int64_t from = now_ns();
        samples[i] = (double)(now_ns() - from);
    }
    return quantile(samples, CLOCK_SAMPLES, 0.5);
}

/* One decision to take: by the engine as it is, or by what was specialised. */
struct subject {
    struct law_facts facts;
    struct law_special *special;
};

static const struct law_set *set;
static uint64_t laws;
static struct law_answer answer;

static inline void decide(const struct subject *s, bool special) {
    struct status status = special ? law_decide_special(s->special, &s->facts, &answer)
                                   : law_decide(set, laws, &s->facts, &answer);
    if (failed(status)) {
        stop(error_info(status.code)->cause, "a decision");
    }
    __asm__ volatile("" ::"m"(answer) : "memory");
}

static uint64_t random_state = 20261121;

static size_t below(size_t n) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % n);
}

static void shuffle(size_t *order, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = below(i);
        size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

struct result {
    double median_ns; /* over all decisions of the mix, each timed alone */
    double p99_ns;
    double row_ns; /* all decisions of a round in a row, by their number: median over the rounds */
    double alone_ns; /* median over the cases, each repeated in batches */
};

/* Every case once a round, in an order of its own, each decision timed by itself. */
static void measure_mix(const struct subject *s, size_t count, bool special, double clock_ns,
                        struct result *ret) {
    double *samples = mem_array(count * ROUNDS, sizeof *samples);
    size_t *order = mem_array(count, sizeof *order);
    if (samples == NULL || order == NULL) {
        stop("not enough memory", "samples");
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    size_t n = 0;
    for (int round = -WARM_UP; round < ROUNDS; round++) {
        shuffle(order, count);
        for (size_t i = 0; i < count; i++) {
            int64_t from = now_ns();
            decide(&s[order[i]], special);
            double took = (double)(now_ns() - from) - clock_ns;
            if (round >= 0) {
                samples[n++] = took < 0 ? 0 : took;
            }
        }
    }
    ret->median_ns = quantile(samples, n, 0.5);
    ret->p99_ns = quantile(samples, n, 0.99);
    mem_free(samples);
    mem_free(order);
}

/* Every case once a round, in an order of its own, and only the whole round timed: reading the
 * clock between two decisions keeps the processor from working ahead, as nobody does who decides.
 */
static double measure_row(const struct subject *s, size_t count, bool special, double clock_ns) {
    static double rounds[ROUNDS];
    size_t order[MAX_CASES];
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (int round = 0; round < ROUNDS; round++) {
        shuffle(order, count);
        int64_t from = now_ns();
        for (size_t i = 0; i < count; i++) {
            decide(&s[order[i]], special);
        }
        rounds[round] = ((double)(now_ns() - from) - clock_ns) / (double)count;
    }
    return quantile(rounds, ROUNDS, 0.5);
}

/* One case over and over: what is left when everything is in the cache. */
static double measure_alone(const struct subject *s, bool special, double clock_ns) {
    double batches[BATCHES];
    for (int b = 0; b < BATCHES; b++) {
        int64_t from = now_ns();
        for (int i = 0; i < BATCH; i++) {
            decide(s, special);
        }
        batches[b] = ((double)(now_ns() - from) - clock_ns) / BATCH;
    }
    return quantile(batches, BATCHES, 0.5);
}

static struct result measure(const struct subject *s, size_t count, bool special) {
    struct result r;
    double alone[MAX_CASES];
    double clock_ns = clock_cost();
    measure_mix(s, count, special, clock_ns, &r);
    r.row_ns = measure_row(s, count, special, clock_ns);
    for (size_t i = 0; i < count; i++) {
        alone[i] = measure_alone(&s[i], special, clock_ns);
    }
    r.alone_ns = quantile(alone, count, 0.5);
    return r;
}

/* What the data map and the controller fix beforehand: who the controller is, the purpose and the
 * category. Everything about the person, the consent, the notice and the recipient stays open. */
static void known_facts(uint64_t known[2]) {
    known[0] = 0;
    known[1] = 0;
    for (int i = 0; i < LAW_FACTS; i++) {
        uint8_t group = law_fact_info((enum law_fact)i)->group;
        if (group == LAW_GROUP_PURPOSE || group == LAW_GROUP_CATEGORY ||
            group == LAW_GROUP_CONTROLLER || i == LAW_OPERATION) {
            known[i >> 6] |= UINT64_C(1) << (i & 63);
        }
    }
}

/* The same in everything that is known beforehand. */
static bool alike(const struct law_facts *a, const struct law_facts *b, const uint64_t known[2]) {
    for (int i = 0; i < LAW_FACTS; i++) {
        struct buf x CLEANUP(buf_done);
        struct buf y CLEANUP(buf_done);
        enum law_fact fact = (enum law_fact)i;
        buf_init(&x, 512);
        buf_init(&y, 512);
        if ((known[i >> 6] >> (i & 63) & 1) == 0) {
            continue;
        }
        must(law_facts_format(a, fact, &x), "facts");
        must(law_facts_format(b, fact, &y), "facts");
        if (law_facts_given(a, fact) != law_facts_given(b, fact) ||
            !slice_eq(buf_slice(&x), buf_slice(&y))) {
            return false;
        }
    }
    return a->today.days == b->today.days;
}

static size_t special_count;
static int64_t special_ns; /* to make them all */

/* One procedure for each purpose, category, controller, operation and day, as the guard keeps them,
 * shared by all subjects that have those. Checks that it decides as the engine does. */
static void specialise(struct subject *all, size_t at) {
    struct subject *s = &all[at];
    uint64_t known[2];
    struct law_answer generic;
    known_facts(known);
    for (size_t i = 0; i < at && s->special == NULL; i++) {
        s->special = alike(&all[i].facts, &s->facts, known) ? all[i].special : NULL;
    }
    if (s->special == NULL) {
        int64_t from = now_ns();
        must(law_specialise(set, laws, &s->facts, known, &s->special), "specialising");
        special_ns += now_ns() - from;
        special_count++;
    }
    must(law_decide(set, laws, &s->facts, &generic), "a decision");
    must(law_decide_special(s->special, &s->facts, &answer), "a decision");
    if (memcmp(&generic, &answer, sizeof answer) != 0) {
        stop("the specialised decision differs from the generic one", "a case");
    }
}

static void free_specials(struct subject *all, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct law_special *mine = all[i].special;
        for (size_t j = i; j < count; j++) {
            all[j].special = all[j].special == mine ? NULL : all[j].special;
        }
        law_special_free(&mine);
    }
    special_count = 0;
}

static void print_result(const char *name, struct result r) {
    printf("\"%s\":{\"median_ns\":%.1f,\"p99_ns\":%.1f,\"row_ns\":%.1f,\"alone_ns\":%.1f}", name,
           r.median_ns, r.p99_ns, r.row_ns, r.alone_ns);
}

/* ---- the mix of the cases ---- */

static struct slice lines[MAX_CASES];

static struct subject subjects[MAX_CASES];
static struct facts_room *rooms[MAX_CASES];
static size_t subject_count;

static void add_case(const struct facts_table *table, struct slice line) {
    struct json_reader r;
    struct facts_fault fault;
    struct slice key;
    struct slice facts = {NULL, 0};
    bool more;
    enum law_fact offending;
    struct subject *s = &subjects[subject_count];
    json_open(&r, line);
    must(json_get_object(&r), "a case");
    for (;;) {
        must(json_next_key(&r, &more, &key), "a case");
        if (!more) {
            break;
        }
        if (slice_eq(key, SLICE("facts"))) {
            must(json_skip_text(&r, &facts), "a case");
        } else {
            must(json_skip(&r), "a case");
        }
    }
    rooms[subject_count] = mem_alloc(sizeof *rooms[0]);
    if (subject_count == MAX_CASES - 1 || rooms[subject_count] == NULL) {
        stop("too many", "the cases");
    }
    /* What is an error takes no decision. */
    if (!failed(facts_read_text(table, facts, rooms[subject_count], &s->facts, &fault)) &&
        !failed(law_facts_settle(&s->facts, now_unix_ms, &offending))) {
        lines[subject_count++] = facts;
    } else {
        mem_free(rooms[subject_count]);
    }
}

static void read_cases(const char *path, struct buf *text) {
    static struct facts_table table;
    struct slice line;
    facts_table_init(&table);
    must(os_read_file(os_fs_real(), path, text), path);
    struct slice rest = buf_slice(text);
    while (slice_next(&rest, '\n', &line)) {
        if (slice_trim(line).len > 0) {
            add_case(&table, line);
        }
    }
}

struct packs {
    struct law_source sources[LAW_MAX_FILES];
    struct buf texts[LAW_MAX_FILES];
    char names[LAW_MAX_FILES][256];
    size_t count;
};

static struct status add_pack(void *arg, const char *name, bool is_dir) {
    struct packs *p = arg;
    if (is_dir || !slice_ends(slice_str(name), SLICE(".law")) || p->count == LAW_MAX_FILES) {
        return STATUS_OK;
    }
    snprintf(p->names[p->count++], sizeof p->names[0], "%s", name);
    return STATUS_OK;
}

static void read_packs(const char *dir, struct packs *p) {
    must(os_list(os_fs_real(), dir, add_pack, p), dir);
    for (size_t i = 0; i < p->count; i++) {
        char path[OS_PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", dir, p->names[i]);
        buf_init(&p->texts[i], LAW_MAX_FILE_BYTES);
        must(os_read_file(os_fs_real(), path, &p->texts[i]), path);
        p->sources[i] = (struct law_source){slice_str(p->names[i]), buf_slice(&p->texts[i])};
    }
}

/* Milliseconds to read, check and compile all packs: the median of some times. */
static double load(const struct law_source *sources, size_t count, struct law_set **ret_set) {
    enum { TIMES = 9 };
    double took[TIMES];
    for (int i = 0; i < TIMES; i++) {
        struct law_report report;
        law_set_free(ret_set);
        law_report_init(&report);
        int64_t from = now_ns();
        must(law_set_load(sources, count, &report, ret_set), "the packs");
        took[i] = (double)(now_ns() - from) / 1e6;
        law_report_done(&report);
    }
    return quantile(took, TIMES, 0.5);
}

static size_t bytes_in_use(void) {
    return mallinfo2().uordblks;
}

/* Reading the facts of every case once, and settling them: nanoseconds for one. */
static void measure_reading(double *ret_read_ns, double *ret_settle_ns) {
    static struct facts_table table;
    static struct facts_room room;
    struct facts_fault fault;
    struct law_facts facts[MAX_CASES];
    enum law_fact offending;
    double read[BATCHES];
    double settle[BATCHES];
    facts_table_init(&table);
    for (int b = 0; b < BATCHES; b++) {
        int64_t from = now_ns();
        for (size_t i = 0; i < subject_count; i++) {
            must(facts_read_text(&table, lines[i], &room, &facts[i], &fault), "a case");
        }
        int64_t middle = now_ns();
        for (size_t i = 0; i < subject_count; i++) {
            must(law_facts_settle(&facts[i], now_unix_ms, &offending), "a case");
        }
        read[b] = (double)(middle - from) / (double)subject_count;
        settle[b] = (double)(now_ns() - middle) / (double)subject_count;
    }
    *ret_read_ns = quantile(read, BATCHES, 0.5);
    *ret_settle_ns = quantile(settle, BATCHES, 0.5);
}

static int mix(const char *dir, char **files, int file_count) {
    static struct packs packs;
    static struct buf texts[16];
    struct law_set *loaded = NULL;
    read_packs(dir, &packs);
    double load_ms = load(packs.sources, packs.count, &loaded);
    set = loaded;
    laws = law_set_mask(set, false);
    for (int i = 0; i < file_count && i < 16; i++) {
        buf_init(&texts[i], 64 << 20);
        read_cases(files[i], &texts[i]);
    }
    if (subject_count == 0) {
        stop("none can be decided", "the cases");
    }
    for (size_t i = 0; i < subject_count; i++) {
        specialise(subjects, i);
    }
    size_t before = bytes_in_use();
    for (size_t i = 0; i < subject_count; i++) {
        decide(&subjects[i], false);
        decide(&subjects[i], true);
    }
    size_t allocated = bytes_in_use() - before;
    printf("{\"laws\":%zu,\"articles\":%zu,\"cases\":%zu,\"procedures\":%zu,\"load_ms\":%.2f,"
           "\"specialise_ms\":%.2f,\"allocated_bytes\":%zu,"
           "\"clock_ns\":%.1f,",
           law_set_count(set), law_set_cites(set), subject_count, special_count, load_ms,
           (double)special_ns / 1e6 / (double)special_count, allocated, clock_cost());
    double read_ns;
    double settle_ns;
    measure_reading(&read_ns, &settle_ns);
    printf("\"read_ns\":%.1f,\"settle_ns\":%.1f,", read_ns, settle_ns);
    print_result("special", measure(subjects, subject_count, true));
    printf(",");
    print_result("generic", measure(subjects, subject_count, false));
    printf("}\n");
    return 0;
}

/* ---- growth with the number of rules ---- */

enum { RULES_PER_PURPOSE = 10 };

/* As many purposes as there are tens of rules, and ten rules for each: what grows is the law, not
 * what it asks of one use. */
static void write_pack(struct buf *b, int rules) {
    buf_clear(b);
    must(buf_add_str(b, "law growth \"Generated\"\n  source  \"generated\"\n  from    2000-01-01\n"
                        "  covers  NL\n  binds   subject.country is NL\n\n"),
         "a pack");
    for (int i = 0; i < rules; i++) {
        must(buf_add_format(b,
                            "rule %d \"Rule %d\"\n  when    purpose.id is p%d and subject.age < %d"
                            " and consent.state is given\n  require notice.shown and consent.giver"
                            " in (guardian, both)\n  need    notice\n  source  \"generated\"\n\n",
                            i + 1, i + 1, i / RULES_PER_PURPOSE, 8 + i % 12),
             "a pack");
    }
}

static void growth_facts(struct law_facts *f, const char *purpose, int age) {
    enum law_fact offending;
    law_facts_init(f);
    must(law_facts_set_text(f, LAW_OPERATION, SLICE("use")), "facts");
    must(law_facts_set_text(f, LAW_PURPOSE_ID, slice_str(purpose)), "facts");
    must(law_facts_set_text(f, LAW_CATEGORY_ID, SLICE("c")), "facts");
    must(law_facts_set_text(f, LAW_SUBJECT_COUNTRY, SLICE("NL")), "facts");
    must(law_facts_set_text(f, LAW_CONSENT_STATE, SLICE("given")), "facts");
    must(law_facts_set_int(f, LAW_SUBJECT_AGE, age), "facts");
    must(law_facts_set_bool(f, LAW_NOTICE_SHOWN, age % 2 == 0), "facts");
    must(law_facts_settle(f, now_unix_ms, &offending), "facts");
}

static void grow(int rules, const char *separator) {
    enum { PEOPLE = 30 };
    static char purposes[PEOPLE][16];
    struct buf text CLEANUP(buf_done);
    struct law_set *loaded = NULL;
    buf_init(&text, LAW_MAX_FILE_BYTES);
    write_pack(&text, rules);
    struct law_source source = {SLICE("growth.law"), buf_slice(&text)};
    double load_ms = load(&source, 1, &loaded);
    set = loaded;
    laws = law_set_mask(set, false);
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(purposes[i], sizeof purposes[i], "p%zu",
                 below((size_t)(rules / RULES_PER_PURPOSE)));
        growth_facts(&subjects[i].facts, purposes[i], i);
        specialise(subjects, (size_t)i);
    }
    printf("%s{\"rules\":%d,\"load_ms\":%.2f,", separator, rules, load_ms);
    print_result("special", measure(subjects, PEOPLE, true));
    printf(",");
    print_result("generic", measure(subjects, PEOPLE, false));
    printf("}");
    free_specials(subjects, PEOPLE);
    law_set_free(&loaded);
}

int main(int argc, char **argv) {
    if (argc >= 4 && strcmp(argv[1], "mix") == 0) {
        return mix(argv[2], argv + 3, argc - 3);
    }
    if (argc == 2 && strcmp(argv[1], "growth") == 0) {
        printf("[");
        grow(10, "");
        grow(100, ",");
        grow(1000, ",");
        printf("]\n");
        return 0;
    }
    fprintf(stderr, "usage: bench_decide mix LAW_DIR CASES.jsonl... | growth\n");
    return 2;
}
