/* How long a revocation takes to reach a follower while the vault is busy: withdrawals, erasures of
 * people and expiries at random moments, in a loop that never rests from puts and reads.
 *
 * Usage: bench_follow [SECONDS (30) [DIR (/tmp)]]. Prints a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support.h"
#include "vault/erase.h"
#include "vault/follow.h"

enum {
    PEOPLE = 2000,
    SEEN = 10, /* records of each */
    WITHDRAWALS = 500,
    ERASURES = 100,
    EXPIRIES = 300,
    CHANGES = WITHDRAWALS + ERASURES + EXPIRIES,
    LOADED_MAX = 4 << 20, /* records in all */
    BATCH = 500,
    BATCH_MS = 3, /* of work before each commit */
    EVENTS = 64,
    PAYLOAD = 200,
    PLAIN_BYTES = EVENTS * 1024,
    GRACE_S = 10, /* what has not arrived so long after the end is counted as lost */
};

static const char map_text[] =
    "map bench \"Bench\"\n  name \"Bench\"\n  address \"Here\"\n  contact \"a@b.example\"\n"
    "  officer \"a@b.example\"\n  country NL\n  size large\n  directed_to_children true\n"
    "category watch-history \"What you watched\"\n  keep 30 days\n"
    "purpose keep-history \"Keep your history\"\n  basis consent\n"
    "  uses watch-history for collect, store, use, erase\n"
    "purpose recommend \"Choose videos\"\n  is profiling\n  basis consent\n"
    "  uses watch-history for use\n";

/* One right that ends: when it was asked for, when the vault was called, when the follower knew. */
struct change {
    uint8_t cause;
    uint64_t subject; /* or, of an expiry, */
    uint64_t record;
    double asked_s;
    double called_s; /* 0: not yet */
    double told_s;   /* 0: not yet */
};

struct bench {
    struct vault *v;
    struct vault_follower *f;
    struct buf plain;
    uint8_t keep, recommend, history;
    uint64_t people[PEOPLE];
    bool gone[PEOPLE];
    uint64_t *records;
    size_t count;
    struct change changes[CHANGES]; /* in order of asked_s */
    size_t next;                    /* the first that nobody called for yet */
    size_t told;
    double wall_less_monotonic_s;
    uint64_t handed, puts, reads, denied, commits;
};

static uint64_t chance(void) {
    static uint64_t x = UINT64_C(88172645463325252);
    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

static struct law_map *load_map(void) {
    struct law_report report;
    struct law_map *map = NULL;
    struct law_source source = {SLICE("bench.map"), slice_str(map_text)};
    law_report_init(&report);
    must(law_map_load(&source, &report, &map), "map");
    law_report_done(&report);
    return map;
}

/* Filling ------------------------------------------------------------------------------- */

static struct status consent(struct bench *b, uint64_t subject, uint8_t purpose, uint8_t state) {
    struct vault_consent said = {.purpose = purpose,
                                 .state = state,
                                 .giver = LAW_CONSENT_GIVER_SELF,
                                 .is_explicit = true,
                                 .by = subject};
    said.notice = (struct vault_notice){
        .language = "nl", .shown = true, .names_transfers = true, .retention_schedule = true};
    struct vault_actor self = {.session = 1, .subject = subject};
    return vault_consent_set(b->v, &self, subject, &said);
}

static struct status put(struct bench *b, uint64_t owner, int64_t expires_s, uint64_t *ret_id) {
    static const uint8_t payload[PAYLOAD];
    struct vault_use use = {.purpose = b->keep, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = owner, .category = b->history, .expires_s = expires_s};
    TRY(vault_put(b->v, &use, &meta, slice_of(payload, sizeof payload), ret_id, NULL));
    b->records[b->count++] = *ret_id;
    return STATUS_OK;
}

static void add_person(struct bench *b, size_t i) {
    struct vault_facts facts = {.age_kind = VAULT_AGE_BIRTH,
                                .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                                .country = "NL",
                                .language = "nl"};
    uint64_t id = 0;
    must(date_parse(SLICE("1990-05-01"), &facts.birth), "date");
    must(vault_subject_add(b->v, NULL, VAULT_ACTIVE, &facts, NULL, 0, &b->people[i]), "add");
    must(consent(b, b->people[i], b->keep, LAW_CONSENT_STATE_GIVEN), "consent");
    must(consent(b, b->people[i], b->recommend, LAW_CONSENT_STATE_GIVEN), "consent");
    for (int k = 0; k < SEEN; k++) {
        must(put(b, b->people[i], 0, &id), "put");
    }
}

static void add_people(struct bench *b) {
    int64_t next_ms = 0;
    for (size_t i = 0; i < PEOPLE; i += BATCH) {
        must(vault_begin_batch(b->v), "batch");
        for (size_t k = i; k < i + BATCH && k < PEOPLE; k++) {
            add_person(b, k);
        }
        must(vault_commit_batch(b->v), "commit");
        must(vault_tick(b->v, &next_ms), "tick");
    }
}

static int by_time(const void *a, const void *b) {
    double x = ((const struct change *)a)->asked_s;
    double y = ((const struct change *)b)->asked_s;
    return (x > y) - (x < y);
}

/* A record that ends at a second of its own, of somebody who keeps all their rights. */
static void plan_expiry(struct bench *b, struct change *c, double seconds) {
    double from_s = now_s() + b->wall_less_monotonic_s + 2;
    int64_t at_s = (int64_t)(from_s + seconds * (double)(chance() % 1000) / 1000) + 1;
    size_t who = WITHDRAWALS + ERASURES + chance() % (PEOPLE - WITHDRAWALS - ERASURES);
    c->cause = VAULT_CAUSE_EXPIRED;
    must(put(b, b->people[who], at_s, &c->record), "put");
    c->asked_s = c->called_s = (double)at_s - b->wall_less_monotonic_s;
}

/* Moments at random over `seconds`. The first people withdraw, the next are erased. */
static void plan(struct bench *b, double seconds) {
    double begin = now_s() + 1;
    must(vault_begin_batch(b->v), "batch");
    for (size_t i = 0; i < CHANGES; i++) {
        struct change *c = &b->changes[i];
        c->cause = i < WITHDRAWALS ? VAULT_CAUSE_WITHDRAWN : VAULT_CAUSE_ERASED;
        if (i >= WITHDRAWALS + ERASURES) {
            plan_expiry(b, c, seconds);
            continue;
        }
        c->subject = b->people[i];
        c->asked_s = begin + seconds * (double)(chance() % 1000000) / 1e6;
    }
    must(vault_commit_batch(b->v), "commit");
    qsort(b->changes, CHANGES, sizeof b->changes[0], by_time);
}

/* The follower -------------------------------------------------------------------------- */

static void hear(struct bench *b, const struct vault_event *e, double at_s) {
    for (size_t i = 0; i < CHANGES; i++) {
        struct change *c = &b->changes[i];
        bool it = e->kind == VAULT_EVENT_REVOKE_SUBJECT
                      ? c->subject != 0 && c->subject == e->subject
                      : c->record != 0 && c->record == e->record;
        if (it && c->told_s == 0 && c->cause == e->cause) {
            c->told_s = at_s;
            b->told++;
        }
    }
}

/* As the guard does it: until there is nothing more, acknowledging what was applied. */
static void pump(struct bench *b) {
    struct vault_event events[EVENTS];
    for (;;) {
        size_t count = 0;
        buf_clear(&b->plain);
        must(vault_follow_next(b->f, events, EVENTS, &b->plain, &count), "follow");
        double at_s = now_s();
        for (size_t i = 0; i < count; i++) {
            if (events[i].kind == VAULT_EVENT_RECORD) {
                b->handed++;
            } else {
                hear(b, &events[i], at_s);
            }
        }
        if (count == 0) {
            return;
        }
        vault_follow_ack(b->f, events[count - 1].seq);
    }
}

/* The load ------------------------------------------------------------------------------ */

static void read_one(struct bench *b) {
    struct vault_use use = {.purpose = b->recommend, .operation = LAW_OPERATION_USE};
    buf_clear(&b->plain);
    struct status s =
        vault_read(b->v, &use, b->records[chance() % b->count], &b->plain, NULL, NULL);
    if (s.code == E_DENIED || s.code == E_NO_RECORD) {
        b->denied++;
    } else {
        must(s, "read");
        b->reads++;
    }
}

static void put_one(struct bench *b) {
    size_t who = chance() % PEOPLE;
    uint64_t id = 0;
    if (!b->gone[who] && b->count < LOADED_MAX) {
        must(put(b, b->people[who], 0, &id), "put");
        b->puts++;
    }
}

/* The next that is due of either kind; expiries come by themselves. */
static struct change *due(struct bench *b) {
    while (b->next < CHANGES && b->changes[b->next].cause == VAULT_CAUSE_EXPIRED) {
        b->next++;
    }
    struct change *c = b->next < CHANGES ? &b->changes[b->next] : NULL;
    return c != NULL && c->asked_s <= now_s() ? c : NULL;
}

static void withdraw_due(struct bench *b) {
    struct change *c = due(b);
    if (c != NULL && c->cause == VAULT_CAUSE_WITHDRAWN) {
        c->called_s = now_s();
        must(consent(b, c->subject, b->recommend, LAW_CONSENT_STATE_WITHDRAWN), "withdraw");
        b->next++;
    }
}

/* Erasures run outside of batches. */
static void erase_due(struct bench *b) {
    struct change *c = due(b);
    if (c == NULL || c->cause != VAULT_CAUSE_ERASED) {
        return;
    }
    struct vault_erased erased;
    for (size_t i = 0; i < PEOPLE; i++) {
        b->gone[i] |= b->people[i] == c->subject;
    }
    c->called_s = now_s();
    must(vault_erase_subject(b->v, NULL, c->subject, SLICE("bench"), NULL, &erased), "erase");
    b->next++;
}

/* One turn of a guard's loop: a batch of requests, what waits outside of it, a tick, the feed. */
static void turn(struct bench *b) {
    int64_t next_ms = 0;
    double until = now_s() + BATCH_MS / 1e3;
    must(vault_begin_batch(b->v), "batch");
    while (now_s() < until) {
        put_one(b);
        for (int i = 0; i < 4; i++) {
            read_one(b);
        }
        withdraw_due(b);
    }
    must(vault_commit_batch(b->v), "commit");
    b->commits++;
    erase_due(b);
    must(vault_tick(b->v, &next_ms), "tick");
    pump(b);
}

static double work(struct bench *b) {
    double begin = now_s();
    double last = b->changes[CHANGES - 1].asked_s + GRACE_S;
    while (b->told < CHANGES && now_s() < last) {
        turn(b);
    }
    return now_s() - begin;
}

/* What it took -------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(double *ms, size_t n) {
    qsort(ms, n, sizeof *ms, by_size);
    if (n > 0) {
        printf("  %8.2f %8.2f %8.2f", ms[n / 2], ms[(n * 99 + 99) / 100 - 1], ms[n - 1]);
    }
}

static void print_cause(const struct bench *b, uint8_t cause, const char *name) {
    double called[CHANGES];
    double asked[CHANGES];
    size_t n = 0;
    size_t all = 0;
    for (size_t i = 0; i < CHANGES; i++) {
        const struct change *c = &b->changes[i];
        all += c->cause == cause;
        if (c->cause == cause && c->told_s > 0) {
            called[n] = (c->told_s - c->called_s) * 1e3;
            asked[n++] = (c->told_s - c->asked_s) * 1e3;
        }
    }
    printf("  %-10s %4zu of %4zu", name, n, all);
    print_times(called, n);
    print_times(asked, n);
    printf("\n");
}

static void print(const struct bench *b, double took_s) {
    double load[3] = {0};
    if (getloadavg(load, 3) < 0) {
        load[0] = -1;
    }
    printf("Until a follower holds a revocation, ms: %d people, %zu records, load average %.2f\n",
           PEOPLE, b->count, load[0]);
    printf("  load for %.1f s: %.0f puts, %.0f reads, %.0f denials and %.0f commits a second; "
           "%.0f records a second to the follower\n",
           took_s, (double)b->puts / took_s, (double)b->reads / took_s, (double)b->denied / took_s,
           (double)b->commits / took_s, (double)b->handed / took_s);
    printf("  %-10s %12s  %8s %8s %8s  %8s %8s %8s\n", "", "", "call p50", "p99", "max", "due p50",
           "p99", "max");
    print_cause(b, VAULT_CAUSE_WITHDRAWN, "withdrawn");
    print_cause(b, VAULT_CAUSE_ERASED, "erased");
    print_cause(b, VAULT_CAUSE_EXPIRED, "expired");
}

/* Begin and end ------------------------------------------------------------------------- */

static void begin(struct bench *b, const char *dir) {
    static struct os_clock clock;
    static const struct seal_key root = {.bytes = {1}};
    char data[160];
    char keys[160];
    char ledger[160];
    snprintf(data, sizeof data, "%s/data", dir);
    snprintf(keys, sizeof keys, "%s/keys", dir);
    snprintf(ledger, sizeof ledger, "%s/ledger", dir);
    clock = os_clock_real();
    struct vault_options options = {.fs = os_fs_real(),
                                    .clock = &clock,
                                    .data_dir = data,
                                    .keys_dir = keys,
                                    .ledger_dir = ledger,
                                    .root = &root,
                                    .laws = load_laws(),
                                    .map = load_map(),
                                    .ledger_origin = "bench.example/log"};
    must(vault_open(&options, &b->v), "open");
    must(vault_purpose(b->v, SLICE("keep-history"), &b->keep), "purpose");
    must(vault_purpose(b->v, SLICE("recommend"), &b->recommend), "purpose");
    must(vault_category(b->v, SLICE("watch-history"), &b->history), "category");
}

static double wall_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    static struct bench b;
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 30;
    char dir[128];
    snprintf(dir, sizeof dir, "%s/ward-bench-XXXXXX", argc > 2 ? argv[2] : "/tmp");
    b.records = calloc(LOADED_MAX, sizeof *b.records);
    b.wall_less_monotonic_s = wall_s() - now_s();
    if (seconds <= 0 || mkdtemp(dir) == NULL || b.records == NULL) {
        fprintf(stderr, "bench_follow [SECONDS [DIR]]: no time, no directory or no memory\n");
        return 1;
    }
    buf_init_secret(&b.plain, PLAIN_BYTES);
    begin(&b, dir);
    add_people(&b);
    struct vault_use use = {.purpose = b.recommend, .operation = LAW_OPERATION_USE};
    must(vault_follow(b.v, &use, 0, &b.f), "follow");
    pump(&b);
    plan(&b, seconds);
    b.handed = 0;
    print(&b, work(&b));
    vault_follow_end(&b.f);
    vault_close(&b.v);
    buf_done(&b.plain);
    free(b.records);
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) == 0 ? 0 : 1;
}
