/* bench/gdpr: roles of GDPRbench on Ward, embedded and through its socket, PostgreSQL and Redis,
 * judged by an oracle. bench/README.md says what is measured and how; `bench_gdpr --help` what can
 * be chosen. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "roles.h"

enum { SIZES_MAX = 4, ENGINES_MAX = 4, LOGS_READ = 100 };

struct options {
    uint32_t records[SIZES_MAX];
    size_t sizes;
    uint32_t operations, users, short_ttl_s;
    double limit_s;
    bool each, paper_indexes, monitor, unlawful;
    const char *engines, *source, *plot, *dir;
};

struct measured {
    double seconds;
    uint64_t count, right, rows;
};

struct role_result {
    struct measured kinds[OP_KINDS];
    double seconds;
    double between_s; /* of those, what syncs and sweeps took between two operations */
    uint64_t done;
};

struct result {
    const char *engine;
    uint32_t records;
    double load_s, sweep_s, factor_loaded, factor_end;
    uint64_t wrong_outside; /* before and after the roles */
    bool swept;
    struct role_result roles[ROLES];
};

static const struct engine *const engines[] = {
    &engine_ward,
    &engine_socket,
#ifdef HAVE_LIBPQ
    &engine_postgres,
#endif
#ifdef HAVE_HIREDIS
    &engine_redis,
#endif
};

/* Asking and judging ---------------------------------------------------------------------- */

struct bench {
    const struct options *options;
    const struct engine *engine;
    void *self;
    struct oracle *oracle;
    struct answer answer;
    struct zipf zipf;
    struct dice dice;
    int64_t start_s;
    uint64_t wrong; /* answers outside of the roles */
};

static uint32_t pick_key(struct bench *b, const struct role *role) {
    return role->zipfian ? zipf_next(&b->zipf, &b->dice) : dice_below(&b->dice, b->zipf.n);
}

static struct change pick_change(struct bench *b) {
    struct change c = {.kind = (enum change_kind)dice_below(&b->dice, 4)};
    c.value = (uint8_t)dice_below(&b->dice, c.kind == CHANGE_DECISION ? 2 : TENS);
    return c;
}

struct timed {
    double seconds;
    bool right;
    size_t rows;
};
#define TIMED(t, call)                                                                             \
    do {                                                                                           \
        double from_ = now_s();                                                                    \
        call;                                                                                      \
        (t)->seconds = now_s() - from_;                                                            \
    } while (0)

static void do_read(struct bench *b, uint32_t key, struct timed *t) {
    enum found found = NONE;
    const struct record *r = oracle_record(b->oracle, key);
    TIMED(t, found = b->engine->read(b->self, r, b->answer.data));
    t->right = oracle_judge_read(b->oracle, key, found, b->answer.data);
    t->rows = found == FOUND;
}

static void do_rewrite(struct bench *b, uint32_t key, struct timed *t) {
    char data[DATA_BYTES];
    enum found found = NONE;
    data_of(key, oracle_rewritten(b->oracle, key), data);
    TIMED(t, found = b->engine->rewrite(b->self, key, data));
    t->right = oracle_judge_found(b->oracle, key, found);
    t->rows = found == FOUND;
}

static void do_delete(struct bench *b, uint32_t key, struct timed *t) {
    enum found found = NONE;
    TIMED(t, found = b->engine->delete (b->self, key));
    t->right = oracle_judge_found(b->oracle, key, found);
    t->rows = found == FOUND;
    oracle_delete(b->oracle, key);
}

/* None of the class that lives half a minute: when it goes would hang on the machine's speed. */
static void do_insert(struct bench *b, struct timed *t) {
    char data[DATA_BYTES];
    uint32_t key = oracle_next_key(b->oracle);
    struct record r = record_of(key, b->options->users, b->start_s, 1000000);
    data_of(key, 0, data);
    TIMED(t, b->engine->insert(b->self, &r, data));
    oracle_put(b->oracle, &r);
    t->right = true; /* whether it is there is judged by what finds it */
    t->rows = 1;
}

static void do_meta_purpose(struct bench *b, uint32_t key, struct timed *t) {
    uint8_t purpose = (uint8_t)(key % PURPOSES);
    TIMED(t, b->engine->meta_by_purpose(b->self, purpose, &b->answer));
    t->right = oracle_judge_purpose(b->oracle, purpose, &b->answer);
    t->rows = b->answer.count;
}

static void do_meta_user(struct bench *b, uint32_t key, struct timed *t) {
    uint32_t user = key % b->options->users;
    TIMED(t, b->engine->meta_by_user(b->self, user, &b->answer));
    t->right = oracle_judge_user(b->oracle, user, &b->answer);
    t->rows = b->answer.count;
}

static void do_change_purpose(struct bench *b, uint32_t key, struct timed *t) {
    uint8_t purpose = (uint8_t)(key % PURPOSES);
    struct change c = pick_change(b);
    TIMED(t, b->engine->change_by_purpose(b->self, purpose, c, &b->answer));
    t->right = oracle_change_purpose(b->oracle, purpose, c, b->answer.changed);
    t->rows = b->answer.changed;
}

static void do_change_user(struct bench *b, uint32_t key, struct timed *t) {
    uint32_t user = key % b->options->users;
    struct change c = pick_change(b);
    TIMED(t, b->engine->change_by_user(b->self, user, c, &b->answer));
    t->right = oracle_change_user(b->oracle, user, c, b->answer.changed);
    t->rows = b->answer.changed;
}

/* settled: everything that was done can be read in it. */
static bool judge_log(struct bench *b, uint32_t user, size_t lines, bool settled) {
    b->engine->logged(b->self, user, settled, &b->answer);
    return oracle_judge_log(b->oracle, b->engine->promise(b->self), b->engine->logs_log, user,
                            lines, settled, &b->answer);
}

static void do_log(struct bench *b, uint32_t key, struct timed *t) {
    size_t lines = 1 + dice_below(&b->dice, LOG_LINES_MAX);
    uint32_t user = key % b->options->users;
    b->answer.logged = 0;
    TIMED(t, b->engine->log(b->self, user, lines, &b->answer));
    t->rows = b->answer.changed;
    t->right = judge_log(b, user, lines, false);
}

static void do_verify(struct bench *b, struct timed *t) {
    uint32_t key = oracle_dead(b->oracle, &b->dice);
    oracle_asked(b->oracle, OP_VERIFY, key);
    bool there = true;
    TIMED(t, there = b->engine->is_there(b->self, key));
    t->right = !there;
}

/* What the operation names, which is what a log says of it. */
static uint32_t named_by(const struct bench *b, enum op_kind kind, uint32_t key) {
    switch (kind) {
    case OP_META_PURPOSE:
    case OP_CHANGE_PURPOSE:
        return key % PURPOSES;
    case OP_META_USER:
    case OP_CHANGE_USER:
    case OP_LOG:
        return key % b->options->users;
    case OP_INSERT:
        return oracle_next_key(b->oracle);
    case OP_READ:
    case OP_REWRITE:
    case OP_DELETE:
    case OP_VERIFY:
    case OP_KINDS:
    default:
        return key;
    }
}

static void do_one(struct bench *b, const struct role *role, enum op_kind kind, struct timed *t) {
    uint32_t key = pick_key(b, role);
    if (kind != OP_VERIFY) {
        oracle_asked(b->oracle, kind, named_by(b, kind, key));
    }
    switch (kind) {
    case OP_READ:
        do_read(b, key, t);
        break;
    case OP_META_PURPOSE:
        do_meta_purpose(b, key, t);
        break;
    case OP_META_USER:
        do_meta_user(b, key, t);
        break;
    case OP_REWRITE:
        do_rewrite(b, key, t);
        break;
    case OP_CHANGE_PURPOSE:
        do_change_purpose(b, key, t);
        break;
    case OP_CHANGE_USER:
        do_change_user(b, key, t);
        break;
    case OP_DELETE:
        do_delete(b, key, t);
        break;
    case OP_INSERT:
        do_insert(b, t);
        break;
    case OP_LOG:
        do_log(b, key, t);
        break;
    case OP_VERIFY:
    case OP_KINDS:
        do_verify(b, t);
        break;
    }
}

/* Completion time is the engine's alone: what it answered, its sweeps and syncs; not the oracle's.
 */
static void run_role(struct bench *b, const struct role *role, struct role_result *ret) {
    double began = now_s();
    b->dice.state = (uint64_t)role->name[0] << 32 | (uint8_t)role->name[1];
    for (uint32_t i = 0; i < b->options->operations; i++) {
        struct timed t = {.seconds = 0}, ticked = {.seconds = 0};
        enum op_kind kind = role_pick(role, &b->dice);
        do_one(b, role, kind, &t);
        TIMED(&ticked, b->engine->tick(b->self));
        struct measured *m = &ret->kinds[kind];
        m->seconds += t.seconds;
        m->count++;
        m->right += t.right;
        m->rows += t.rows;
        ret->between_s += ticked.seconds;
        ret->seconds += t.seconds + ticked.seconds;
        ret->done++;
        if (now_s() - began > b->options->limit_s) {
            break;
        }
    }
}

/* Loading, expiry, roles ------------------------------------------------------------------- */

static void load(struct bench *b, struct result *ret) {
    uint32_t count = ret->records;
    struct record *records = need(count, sizeof *records);
    b->start_s = unix_s();
    for (uint32_t i = 0; i < count; i++) {
        records[i] = record_of(i, b->options->users, b->start_s, b->options->short_ttl_s);
        oracle_put(b->oracle, &records[i]);
    }
    double from = now_s();
    b->engine->load(b->self, records, count);
    ret->load_s = now_s() - from;
    free(records);
    b->engine->settle(b->self);
    oracle_settled(b->oracle);
    ret->factor_loaded = (double)b->engine->bytes(b->self) / ((double)count * DATA_BYTES);
}

/* A tenth of the records live for half a minute. Then they must be gone, not only hidden. */
static void wait_for_expiry(struct bench *b, struct result *ret) {
    while (unix_s() <= b->start_s + (int64_t)b->options->short_ttl_s) {
        b->engine->tick(b->self);
        usleep(20000);
    }
    double due = now_s();
    oracle_expire(b->oracle, unix_s());
    do {
        b->engine->tick(b->self);
        ret->sweep_s = now_s() - due;
        ret->swept = b->engine->count(b->self) == oracle_count(b->oracle);
        usleep(10000);
    } while (!ret->swept && ret->sweep_s < 60);
}

/* Every record's metadata once, and that of some people: no store begins with cold caches. */
static void warm_up(struct bench *b) {
    for (uint32_t user = 0; user < 100 && user < b->options->users; user++) {
        oracle_asked(b->oracle, OP_META_USER, user);
        b->engine->meta_by_user(b->self, user, &b->answer);
        b->wrong += !oracle_judge_user(b->oracle, user, &b->answer);
    }
    for (uint8_t purpose = 0; purpose < PURPOSES; purpose++) {
        oracle_asked(b->oracle, OP_META_PURPOSE, purpose);
        b->engine->meta_by_purpose(b->self, purpose, &b->answer);
        b->wrong += !oracle_judge_purpose(b->oracle, purpose, &b->answer);
    }
}

/* After everything that was asked has been settled, each of some people's logs says exactly it. */
static void read_logs(struct bench *b) {
    for (uint32_t i = 0; i < LOGS_READ; i++) {
        uint32_t user = dice_below(&b->dice, b->options->users);
        b->answer.logged = 0;
        oracle_asked(b->oracle, OP_LOG, user);
        b->engine->log(b->self, user, LOG_LINES_MAX, &b->answer);
        b->wrong += !judge_log(b, user, LOG_LINES_MAX, true);
    }
}

static void run_engine(const struct options *options, const struct engine *engine, uint32_t records,
                       struct result *ret) {
    char dir[600];
    snprintf(dir, sizeof dir, "%s/%s-%u", options->dir, engine->name, records);
    if (mkdir(dir, 0755) != 0) {
        die("cannot make %s", dir);
    }
    struct config config = {.dir = dir,
                            .source = options->source,
                            .records = records,
                            .users = options->users,
                            .each = options->each,
                            .paper_indexes = options->paper_indexes,
                            .monitor = options->monitor};
    struct bench b = {.options = options, .engine = engine};
    *ret = (struct result){.engine = engine->name, .records = records};
    fprintf(stderr, "%s, %u records: loading\n", engine->name, records);
    b.oracle = oracle_new(records, options->users, options->operations);
    zipf_init(&b.zipf, records);
    b.self = engine->open(&config);
    load(&b, ret);
    wait_for_expiry(&b, ret);
    warm_up(&b);
    for (int i = 0; i < ROLES; i++) {
        fprintf(stderr, "%s, %u records: %s\n", engine->name, records, roles[i].name);
        run_role(&b, &roles[i], &ret->roles[i]);
    }
    engine->settle(b.self);
    read_logs(&b);
    ret->wrong_outside = b.wrong;
    ret->factor_end = (double)engine->bytes(b.self) / ((double)oracle_count(b.oracle) * DATA_BYTES);
    engine->close(&b.self);
    oracle_free(b.oracle);
    free(b.answer.records);
    free(b.answer.log);
}

/* Printing --------------------------------------------------------------------------------- */

static void print_role(const struct result *r, int role, uint32_t operations) {
    const struct role_result *x = &r->roles[role];
    uint64_t right = 0;
    for (int k = 0; k < OP_KINDS; k++) {
        right += x->kinds[k].right;
    }
    bool cut = x->done < operations;
    double whole = x->seconds * operations / (double)x->done;
    printf("%-10s %9u  %-9s %s%11.3f s %12.0f ops/s   correct %7.3f %%\n", roles[role].name,
           r->records, r->engine, cut ? "~" : " ", whole, (double)x->done / x->seconds,
           100 * (double)right / (double)x->done);
}

static struct measured total_of(const struct result *r, int kind) {
    struct measured sum = {.seconds = 0};
    for (int i = 0; i < ROLES; i++) {
        const struct measured *m = &r->roles[i].kinds[kind];
        sum.seconds += m->seconds;
        sum.count += m->count;
        sum.rows += m->rows;
        sum.right += m->right;
    }
    return sum;
}

static double us_of(const struct result *r, int kind) {
    struct measured m = total_of(r, kind);
    return m.count == 0 ? 0 : m.seconds * 1e6 / (double)m.count;
}

/* What syncs and sweeps take between operations, spread over all. */
static double between_us(const struct result *r) {
    double seconds = 0;
    double done = 0;
    for (int i = 0; i < ROLES; i++) {
        seconds += r->roles[i].between_s;
        done += (double)r->roles[i].done;
    }
    return done == 0 ? 0 : seconds * 1e6 / done;
}

static bool is_own(const struct result *r) {
    return r->engine == engine_ward.name || r->engine == engine_socket.name;
}

static void print_kinds(const struct result *results, size_t count) {
    printf("\n%-28s %9s", "microseconds each", "answer");
    for (size_t i = 0; i < count; i++) {
        printf(" %11s", results[i].engine);
    }
    for (size_t i = 0; i < count && is_own(&results[i]); i++) {
        printf("   retrofit / %s", results[i].engine);
    }
    printf("\n");
    for (int k = 0; k < OP_KINDS; k++) {
        struct measured m = total_of(&results[0], k);
        double best = 0;
        printf("%-28s %9.1f", op_names[k], m.count == 0 ? 0 : (double)m.rows / (double)m.count);
        for (size_t i = 0; i < count; i++) {
            double us = us_of(&results[i], k);
            bool peer = !is_own(&results[i]);
            best = peer && us > 0 && (best == 0 || us < best) ? us : best;
            printf(" %11.2f", us);
        }
        for (size_t i = 0; i < count && is_own(&results[i]); i++) {
            double own = us_of(&results[i], k);
            if (own > 0 && best > 0) {
                printf("   %*.2f", (int)strlen("retrofit / ") + (int)strlen(results[i].engine),
                       best / own);
            }
        }
        printf("\n");
    }
    printf("%-28s %9s", "between two, syncs and sweeps", "");
    for (size_t i = 0; i < count; i++) {
        printf(" %11.2f", between_us(&results[i]));
    }
    printf("\n");
}

static void print_size(const struct options *o, const struct result *results, size_t count) {
    double load[3] = {0};
    if (getloadavg(load, 3) < 1) {
        load[0] = -1;
    }
    printf("\n== %u records, %u operations a role, durable %s; load average now %.1f ==\n",
           results[0].records, o->operations, o->each ? "before each answer" : "within a second",
           load[0]);
    for (int role = 0; role < ROLES; role++) {
        for (size_t i = 0; i < count; i++) {
            print_role(&results[i], role, o->operations);
        }
    }
    print_kinds(results, count);
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        const struct result *r = &results[i];
        printf("%-9s loaded in %.2f s (%.0f records/s); expired %s after %.2f s; "
               "space factor %.2f loaded, %.2f after the roles\n",
               r->engine, r->load_s, r->records / r->load_s, r->swept ? "gone" : "NOT gone",
               r->sweep_s, r->factor_loaded, r->factor_end);
    }
    fflush(stdout);
}

/* Options ---------------------------------------------------------------------------------- */

static const char usage[] =
    "usage: bench_gdpr --source DIR [options]\n"
    "  --records N,N,...   sizes (10000,100000)\n"
    "  --ops N             operations a role (10000)\n"
    "  --users N           people (10000)\n"
    "  --engines A,B,...   of ward, socket, postgres, redis (all that were built in)\n"
    "  --durable each|second   when an answered change must be on disk (second)\n"
    "  --limit S           a role is cut after so many seconds; its completion time is then\n"
    "                      reckoned from what was done, and marked ~ (120)\n"
    "  --short-ttl S       how long a tenth of the records lives (30)\n"
    "  --paper-indexes     PostgreSQL: an index on every attribute\n"
    "  --monitor           Redis: its log is MONITOR's, not the client's\n"
    "  --no-unlawful       without the fifth mix\n"
    "  --dir DIR           where the stores are made (a new directory under /tmp)\n"
    "  --plot FILE         an SVG of cost over records\n";

static size_t read_sizes(const char *text, uint32_t *ret) {
    size_t count = 0;
    while (*text != '\0' && count < SIZES_MAX) {
        char *end = NULL;
        ret[count] = (uint32_t)strtoul(text, &end, 10);
        if (end == text || ret[count] < 1000) {
            die("--records needs numbers of at least 1000");
        }
        count++;
        text = *end == ',' ? end + 1 : end;
    }
    return count;
}

static void set_option(struct options *o, int c, const char *value) {
    switch (c) {
    case 'r':
        o->sizes = read_sizes(value, o->records);
        break;
    case 'o':
        o->operations = (uint32_t)strtoul(value, NULL, 10);
        break;
    case 'u':
        o->users = (uint32_t)strtoul(value, NULL, 10);
        break;
    case 'e':
        o->engines = value;
        break;
    case 'd':
        o->each = strcmp(value, "each") == 0;
        break;
    case 'l':
        o->limit_s = strtod(value, NULL);
        break;
    case 't':
        o->short_ttl_s = (uint32_t)strtoul(value, NULL, 10);
        break;
    case 'i':
        o->paper_indexes = true;
        break;
    case 'm':
        o->monitor = true;
        break;
    case 'n':
        o->unlawful = false;
        break;
    case 's':
        o->source = value;
        break;
    case 'p':
        o->plot = value;
        break;
    case 'w':
        o->dir = value;
        break;
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

static void read_options(int argc, char **argv, struct options *o) {
    static const struct option names[] = {
        {"records", 1, NULL, 'r'},     {"ops", 1, NULL, 'o'},     {"users", 1, NULL, 'u'},
        {"engines", 1, NULL, 'e'},     {"durable", 1, NULL, 'd'}, {"limit", 1, NULL, 'l'},
        {"short-ttl", 1, NULL, 't'},   {"monitor", 0, NULL, 'm'}, {"paper-indexes", 0, NULL, 'i'},
        {"no-unlawful", 0, NULL, 'n'}, {"source", 1, NULL, 's'},  {"plot", 1, NULL, 'p'},
        {"dir", 1, NULL, 'w'},         {"help", 0, NULL, 'h'},    {NULL, 0, NULL, 0},
    };
    *o = (struct options){.records = {10000, 100000},
                          .sizes = 2,
                          .operations = 10000,
                          .users = 10000,
                          .short_ttl_s = 30,
                          .limit_s = 120,
                          .unlawful = true,
                          .engines = "ward,socket,postgres,redis"};
    for (int c = 0; (c = getopt_long(argc, argv, "", names, NULL)) >= 0;) {
        set_option(o, c, optarg);
    }
    if (o->source == NULL || o->sizes == 0 || o->operations == 0 || o->users == 0) {
        fputs(usage, stderr);
        exit(2);
    }
}

/* How many were wrong. */
static uint64_t run_unlawful(const struct options *o, const struct unlawful_engine *engine) {
    char dir[600];
    snprintf(dir, sizeof dir, "%s/unlawful-%s", o->dir, engine->name);
    if (mkdir(dir, 0755) != 0) {
        die("cannot make %s", dir);
    }
    struct config config = {.dir = dir, .source = o->source};
    struct unlawful_result r = unlawful_run(engine, &config, o->operations);
    printf("\nunlawful mix, %s: %llu asked, %.3f %% refused with the right rule, %.0f ops/s\n",
           engine->name, (unsigned long long)r.asked, 100 * (double)r.right / (double)r.asked,
           (double)r.asked / r.seconds);
    return r.asked - r.right;
}

static uint64_t run_unlawful_all(const struct options *o) {
    uint64_t wrong = 0;
    const struct unlawful_engine *const all[] = {&unlawful_ward, &unlawful_socket};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strstr(o->engines, all[i]->name) != NULL) {
            wrong += run_unlawful(o, all[i]);
        }
    }
    printf(
        "the retrofits know no consent, age, restriction or region: they have no answer to it\n");
    return wrong;
}

/* Answers that the oracle found wrong, and what expired and was not gone after a minute. */
static uint64_t wrong_of(const struct result *r) {
    uint64_t wrong = r->wrong_outside + !r->swept;
    for (int i = 0; i < ROLES; i++) {
        for (int k = 0; k < OP_KINDS; k++) {
            const struct measured *m = &r->roles[i].kinds[k];
            if (m->right < m->count) {
                printf("%s, %u records: %s: %s: %llu of %llu answers are wrong\n", r->engine,
                       r->records, roles[i].name, op_names[k],
                       (unsigned long long)(m->count - m->right), (unsigned long long)m->count);
            }
            wrong += m->count - m->right;
        }
    }
    if (r->wrong_outside > 0) {
        printf("%s, %u records: before and after the roles %llu answers are wrong\n", r->engine,
               r->records, (unsigned long long)r->wrong_outside);
    }
    return wrong;
}

static struct plot_point point_of(const struct result *r) {
    struct plot_point p = {.engine = r->engine, .records = r->records};
    for (int k = 0; k < OP_KINDS; k++) {
        p.us[k] = us_of(r, k);
    }
    return p;
}

int main(int argc, char **argv) {
    static struct result results[SIZES_MAX][ENGINES_MAX];
    static struct plot_point points[SIZES_MAX * ENGINES_MAX];
    char made[] = "/tmp/ward-gdpr-XXXXXX", command[700];
    struct options o;
    size_t point_count = 0;
    uint64_t wrong = 0;
    read_options(argc, argv, &o);
    if (o.dir == NULL) {
        o.dir = mkdtemp(made);
    }
    if (o.dir == NULL || chmod(o.dir, 0755) != 0) {
        die("no directory to work in");
    }
    for (size_t i = 0; i < o.sizes; i++) {
        size_t count = 0;
        for (size_t k = 0; k < sizeof engines / sizeof engines[0]; k++) {
            if (strstr(o.engines, engines[k]->name) != NULL) {
                run_engine(&o, engines[k], o.records[i], &results[i][count]);
                points[point_count++] = point_of(&results[i][count++]);
            }
        }
        if (count == 0) {
            die("no engine of that name was built in");
        }
        print_size(&o, results[i], count);
        for (size_t k = 0; k < count; k++) {
            wrong += wrong_of(&results[i][k]);
        }
    }
    if (o.unlawful) {
        wrong += run_unlawful_all(&o);
    }
    printf("%llu wrong answers\n", (unsigned long long)wrong);
    if (o.plot != NULL) {
        plot_write(o.plot, points, point_count);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", o.dir);
    return system(command) == 0 && wrong == 0 ? 0 : 1;
}
