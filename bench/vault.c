/* What the vault costs, in process: records put, found, changed and erased, by the size of the
 * store.
 *
 * Usage: bench_vault RECORDS [DIR]. Prints one line of JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "support.h"
#include "vault/backup.h"
#include "vault/erase.h"
#include "vault/follow.h"

enum {
    PURPOSES = 25,
    CATEGORIES = 10,
    RARE = 100, /* records that are found by what no other has */
    PAYLOAD = 100,
    BATCH = 500,
    ROUNDS = 200,
    PEOPLE_MAX = 10000
};

static struct law_map *make_map(void) {
    struct buf b;
    struct law_report report;
    struct law_map *map = NULL;
    buf_init(&b, 1 << 20);
    must(buf_add_str(&b, "map bench \"Bench\"\n  name \"Bench\"\n  address \"Here\"\n"
                         "  contact \"a@b.example\"\n  officer \"a@b.example\"\n  country NL\n"
                         "  size large\n  directed_to_children true\n"),
         "map");
    for (int i = 0; i <= CATEGORIES; i++) {
        must(buf_add_format(&b, "category cat%d \"Category\"\n  keep deleted\n", i), "map");
    }
    for (int i = 0; i < PURPOSES; i++) {
        must(buf_add_format(&b,
                            "purpose purpose%d \"Purpose\"\n  basis contract\n"
                            "  necessary \"it is what was asked for\"\n  uses cat0",
                            i),
             "map");
        for (int c = 1; c <= CATEGORIES; c++) {
            must(buf_add_format(&b, ", cat%d", c), "map");
        }
        must(buf_add_str(&b, " for collect, store, use, erase\n"), "map");
    }
    law_report_init(&report);
    struct law_source source = {SLICE("bench.map"), buf_slice(&b)};
    must(law_map_load(&source, &report, &map), "map");
    law_report_done(&report);
    buf_done(&b);
    return map;
}

struct bench {
    struct vault *v;
    uint64_t people[PEOPLE_MAX];
    size_t people_count;
    uint64_t *records;
    size_t count;
};

static void add_people(struct bench *b) {
    struct vault_facts facts = {.age_kind = VAULT_AGE_BIRTH,
                                .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                                .country = "NL",
                                .language = "nl"};
    must(date_parse(SLICE("1990-05-01"), &facts.birth), "date");
    facts.notice = (struct vault_notice){
        .language = "nl", .shown = true, .names_transfers = true, .retention_schedule = true};
    for (size_t i = 0; i < b->people_count; i++) {
        if (i % BATCH == 0) {
            must(vault_begin_batch(b->v), "batch");
        }
        must(vault_subject_add(b->v, NULL, VAULT_ACTIVE, &facts, NULL, 0, &b->people[i]), "add");
        if (i % BATCH == BATCH - 1 || i + 1 == b->people_count) {
            must(vault_commit_batch(b->v), "commit");
        }
    }
}

/* Spread over the store, for purpose 0 as well. */
static void make_rare(struct vault_meta *meta) {
    meta->category = CATEGORIES;
    meta->origin = 1;
    meta->purposes |= 1;
    meta->objections = 2;
    meta->shares = 2;
    meta->expires_s = time(NULL) + 86400;
}

static void add_records(struct bench *b) {
    uint8_t payload[PAYLOAD];
    memset(payload, 'd', sizeof payload);
    struct vault_actor actor = {.session = 1};
    for (size_t i = 0; i < b->count; i++) {
        struct vault_use use = {.purpose = (uint8_t)(i % PURPOSES),
                                .operation = LAW_OPERATION_COLLECT,
                                .actor = &actor};
        struct vault_meta meta = {.owner = b->people[i % b->people_count],
                                  .category = (uint8_t)(i % CATEGORIES),
                                  .purposes = UINT64_C(1) << (i % PURPOSES),
                                  .shares = 0};
        if (i % (b->count / RARE) == 0) {
            use.purpose = 0;
            make_rare(&meta);
        }
        if (i % BATCH == 0) {
            must(vault_begin_batch(b->v), "batch");
        }
        must(vault_put(b->v, &use, &meta, slice_of(payload, sizeof payload), &b->records[i], NULL),
             "put");
        if (i % BATCH == BATCH - 1 || i + 1 == b->count) {
            must(vault_commit_batch(b->v), "commit");
            int64_t next_ms = 0;
            must(vault_tick(b->v, &next_ms), "tick");
        }
    }
}

static struct status each(void *arg, const struct vault_meta *meta, struct slice payload) {
    uint64_t *sum = arg;
    *sum += payload.len + meta->category;
    return STATUS_OK;
}

static double per_op_us(double begin_s, size_t rounds) {
    return (now_s() - begin_s) * 1e6 / (double)rounds;
}

static double read_by_key(struct bench *b) {
    struct vault_actor actor = {.session = 1};
    struct buf plain;
    buf_init_secret(&plain, 4096);
    double begin = now_s();
    for (size_t i = 0; i < ROUNDS * 100; i++) {
        size_t at = (i * 7919) % b->count;
        struct vault_use use = {
            .purpose = (uint8_t)(at % PURPOSES), .operation = LAW_OPERATION_USE, .actor = &actor};
        buf_clear(&plain);
        must(vault_read(b->v, &use, b->records[at], &plain, NULL, NULL), "read");
    }
    double us = per_op_us(begin, ROUNDS * 100);
    buf_done(&plain);
    return us;
}

static double find(struct bench *b, bool by_person, bool open) {
    struct vault_actor actor = {.session = 1};
    uint64_t sum = 0;
    double begin = now_s();
    size_t rounds = by_person ? ROUNDS * 10 : ROUNDS / 8;
    for (size_t i = 0; i < rounds; i++) {
        struct vault_use use = {
            .purpose = (uint8_t)(i % PURPOSES), .operation = LAW_OPERATION_USE, .actor = &actor};
        struct vault_query query = {.purposes = UINT64_C(1) << (i % PURPOSES)};
        query.owner = by_person ? b->people[(i * 31) % b->people_count] : 0;
        struct vault_found found;
        must(open ? vault_find(b->v, &use, &query, each, &sum, &found)
                  : vault_find_meta(b->v, &use, &query, each, &sum, &found),
             "find");
    }
    return per_op_us(begin, rounds);
}

static double find_rare(struct bench *b, const struct vault_query *query) {
    uint64_t sum = 0;
    struct vault_use use = {.purpose = 0, .operation = LAW_OPERATION_USE};
    struct vault_found found = {.permitted = 0};
    double begin = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        must(vault_find_meta(b->v, &use, query, each, &sum, &found), "find");
        if (found.permitted < RARE || found.permitted > RARE + 1) {
            must(FAIL(E_UNKNOWN), "what is rare");
        }
    }
    return per_op_us(begin, ROUNDS);
}

static void print_rare(struct bench *b) {
    const struct {
        const char *by;
        struct vault_query query;
    } all[] = {
        {"category", {.category = CATEGORIES + 1}},
        {"origin", {.origin = 1}},
        {"expiry", {.expires_by_s = time(NULL) + 2 * 86400}},
        {"recipient", {.shares = 2}},
        {"objection", {.objections = 2}},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        printf("\"%d_by_%s_us\":%.1f,", RARE, all[i].by, find_rare(b, &all[i].query));
    }
}

static double change(struct bench *b, bool by_person) {
    struct vault_actor actor = {.session = 1};
    double begin = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        struct vault_use use = {
            .purpose = (uint8_t)(i % PURPOSES), .operation = LAW_OPERATION_USE, .actor = &actor};
        struct vault_query query = {.purposes = UINT64_C(1) << (i % PURPOSES)};
        query.owner = by_person ? b->people[(i * 31) % b->people_count] : 0;
        struct vault_change change = {.shares_add = UINT64_C(1) << (i % 10)};
        struct vault_found found;
        must(vault_change(b->v, &use, &query, &change, &found), "change");
    }
    return per_op_us(begin, ROUNDS);
}

static double erase(struct bench *b, size_t count) {
    struct vault_erased erased;
    double begin = now_s();
    must(vault_erase_many(b->v, NULL, b->people, count, SLICE("bench"), &erased), "erase");
    struct buf note;
    buf_init(&note, 1 << 16);
    must(vault_checkpoint(b->v, &note), "checkpoint");
    buf_done(&note);
    return now_s() - begin;
}

static uint64_t disk_bytes(const char *dir) {
    char command[256];
    snprintf(command, sizeof command, "du -sb '%s' | cut -f1", dir);
    FILE *f = popen(command, "r");
    char line[64] = "0";
    if (f == NULL || fgets(line, sizeof line, f) == NULL) {
        return 0;
    }
    pclose(f);
    return strtoull(line, NULL, 10);
}

int main(int argc, char **argv) {
    static struct bench b;
    char dir[64] = "/tmp/ward-bench-XXXXXX";
    char data[96];
    char keys[96];
    char ledger[96];
    b.count = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    b.people_count = b.count < PEOPLE_MAX ? b.count : PEOPLE_MAX;
    b.records = calloc(b.count, sizeof *b.records);
    if (mkdtemp(dir) == NULL || b.records == NULL) {
        return 1;
    }
    snprintf(data, sizeof data, "%s/data", dir);
    snprintf(keys, sizeof keys, "%s/keys", dir);
    snprintf(ledger, sizeof ledger, "%s/ledger", dir);
    struct seal_key root = {.bytes = {1}};
    struct os_clock clock = os_clock_real();
    struct vault_options options = {.fs = os_fs_real(),
                                    .clock = &clock,
                                    .data_dir = data,
                                    .keys_dir = keys,
                                    .ledger_dir = ledger,
                                    .root = &root,
                                    .laws = load_laws(),
                                    .map = make_map(),
                                    .ledger_origin = "bench.example/log"};
    must(vault_open(&options, &b.v), "open");
    add_people(&b);
    double begin = now_s();
    add_records(&b);
    double put_us = per_op_us(begin, b.count);
    vault_close(&b.v);
    uint64_t bytes = disk_bytes(dir);
    begin = now_s();
    must(vault_open(&options, &b.v), "open");
    double open_s = now_s() - begin;
    printf("{\"records\":%zu,\"people\":%zu,\"put_us\":%.2f,\"open_s\":%.3f,", b.count,
           b.people_count, put_us, open_s);
    printf("\"space_factor\":%.2f,", (double)bytes / ((double)b.count * PAYLOAD));
    printf("\"read_by_key_us\":%.2f,", read_by_key(&b));
    printf("\"meta_by_person_us\":%.2f,", find(&b, true, false));
    printf("\"meta_by_purpose_us\":%.1f,", find(&b, false, false));
    printf("\"data_by_purpose_us\":%.1f,", find(&b, false, true));
    print_rare(&b);
    printf("\"change_by_person_us\":%.1f,", change(&b, true));
    printf("\"change_by_purpose_us\":%.1f,", change(&b, false));
    printf("\"erase_one_s\":%.4f,", erase(&b, 1));
    printf("\"erase_rest_s\":%.3f}\n", erase(&b, b.people_count));
    vault_close(&b.v);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) == 0 ? 0 : 1;
}
