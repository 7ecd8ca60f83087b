/* What it costs to forget one person, a thousand, and everybody: intent, keys, rows, columns and
 * completion leaves, up to the checkpoint under which each can be proven.
 *
 * Usage: bench_erase SOURCE [PEOPLE [DIR]] (1000000, a new directory under /tmp) */
#include <stdio.h>
#include <stdlib.h>

#include "roles.h"
#include "vault/erase.h"
#include "vault/people.h"
#include "vault/records.h"

enum { BATCH = 4096, THOUSAND = 1000 };

static void must(struct status s, const char *what) {
    if (failed(s)) {
        die("erase: %s: %s", what, error_info(s.code)->name);
    }
}

/* A person with one sealed record. */
static uint64_t add_one(struct vault *v, uint8_t purpose, uint8_t category, uint32_t i) {
    struct vault_facts facts = {.age_kind = VAULT_AGE_BIRTH,
                                .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                                .birth = date_from_civil((struct civil){1990, 5, 1}),
                                .country = "NL",
                                .language = "nl",
                                .notice = {.language = "nl",
                                           .shown = true,
                                           .child_friendly = true,
                                           .names_transfers = true,
                                           .retention_schedule = true}};
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.category = category};
    char data[DATA_BYTES];
    uint64_t id = 0;
    data_of(i, 0, data);
    must(vault_subject_add(v, NULL, VAULT_ACTIVE, &facts, NULL, 0, &meta.owner), "person");
    struct slice payload = slice_of((const uint8_t *)data, sizeof data);
    must(vault_put(v, &use, &meta, payload, &id, NULL), "put");
    return meta.owner;
}

static void fill(struct vault *v, uint64_t *people, uint32_t count) {
    uint8_t purpose = 0, category = 0;
    int64_t next_ms = 0;
    must(vault_purpose(v, SLICE("purpose1"), &purpose), "purpose");
    must(vault_category(v, SLICE("cat1"), &category), "category");
    for (uint32_t i = 0; i < count; i++) {
        if (i % BATCH == 0) {
            must(vault_begin_batch(v), "begin");
        }
        people[i] = add_one(v, purpose, category, i);
        if (i % BATCH == BATCH - 1 || i + 1 == count) {
            must(vault_commit_batch(v), "commit");
            must(vault_tick(v, &next_ms), "tick");
        }
    }
}

static void publish(struct vault *v) {
    struct buf note CLEANUP(buf_done);
    buf_init(&note, 1 << 16);
    must(vault_checkpoint(v, &note), "checkpoint");
}

/* With a receipt, which cannot be had afterwards. */
static void erase_one(struct vault *v, uint64_t person) {
    struct buf receipt CLEANUP(buf_done);
    struct vault_erased erased;
    buf_init(&receipt, 1 << 20);
    double from = now_s();
    must(vault_erase_subject(v, NULL, person, SLICE("bench"), &receipt, &erased), "erase");
    printf("%9d person    %9.4f s, a receipt of %zu bytes\n", 1, now_s() - from, receipt.len);
}

static void erase_many(struct vault *v, const uint64_t *people, uint32_t count) {
    struct vault_erased erased;
    double from = now_s();
    must(vault_erase_many(v, NULL, people, count, SLICE("bench"), &erased), "erase");
    publish(v);
    double seconds = now_s() - from;
    if (erased.records != count) {
        die("%llu of %u people were erased", (unsigned long long)erased.records, count);
    }
    printf("%9u people    %9.4f s, %.2f us each\n", count, seconds, seconds * 1e6 / count);
}

int main(int argc, char **argv) {
    char made[] = "/tmp/ward-erase-XXXXXX", command[600];
    uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000000;
    const char *dir = argc > 3 ? argv[3] : mkdtemp(made);
    if (argc < 2 || count < 2 * THOUSAND || dir == NULL) {
        die("usage: bench_erase SOURCE [PEOPLE >= 2000 [DIR]]");
    }
    struct config config = {.dir = dir, .source = argv[1]};
    setvbuf(stdout, NULL, _IOLBF, 0);
    uint64_t *people = need((size_t)count + THOUSAND + 1, sizeof *people);
    struct ward_vault ward = ward_vault_open(&config);
    double load[1] = {-1};
    double from = now_s();
    fill(ward.v, people, count + THOUSAND + 1);
    if (getloadavg(load, 1) != 1) {
        load[0] = -1;
    }
    printf("%u people with a record each made in %.1f s; load average %.1f\n", count + THOUSAND + 1,
           now_s() - from, load[0]);
    erase_one(ward.v, people[count + THOUSAND]);
    erase_many(ward.v, people + count, THOUSAND);
    erase_many(ward.v, people, count);
    struct vault_stats stats = vault_stats(ward.v);
    printf("left: %llu people, %llu records; %llu leaves\n", (unsigned long long)stats.subjects,
           (unsigned long long)stats.records, (unsigned long long)stats.leaves);
    vault_close(&ward.v);
    free(people);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return argc > 3 || system(command) == 0 ? 0 : 1;
}
