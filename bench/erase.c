/* What it costs to forget one person, a thousand, and everybody: intent, keys, rows, columns and
 * completion leaves, up to the checkpoint under which each can be proven; and the proofs. */
#include <stdio.h>
#include <stdlib.h>

#include "inside.h"
#include "parts.h"
#include "roles/roles.h"
#include "vault/erase.h"
#include "vault/people.h"
#include "vault/records.h"

enum { BATCH = 4096, THOUSAND = 1000, TARGET_S = 60 };

static void must(struct status s, const char *what) {
    if (failed(s)) {
        die("erase: %s: %s", what, error_info(s.code)->name);
    }
}

/* A person with one sealed record. */
static uint64_t add_one(struct vault *v, uint8_t purpose, uint8_t category, uint32_t i) {
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.category = category};
    char data[DATA_BYTES];
    uint64_t id = 0;
    data_of(i, 0, data);
    must(vault_subject_add(v, NULL, VAULT_ACTIVE, ward_adult(), NULL, 0, &meta.owner), "person");
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
    double from_s = now_s();
    must(vault_erase_subject(v, NULL, person, SLICE("bench"), &receipt, &erased), "erase");
    printf("  %8d person: %8.4f s, with a receipt of %zu bytes\n", 1, now_s() - from_s,
           receipt.len);
}

/* Computes the path of each completion since `from`, and checks it against the checkpoint. */
static uint64_t prove(struct vault *v, uint64_t from) {
    static uint8_t entries[TILE_WIDTH * LEAF_LEN];
    struct merkle_path path;
    struct leaf leaf;
    uint64_t proved = 0;
    for (size_t count = 0; from < ledger_published(v->ledger); from += count) {
        must(ledger_bundle(v->ledger, from, entries, &count), "leaves");
        for (size_t i = 0; i < count; i++) {
            must(leaf_get(slice_of(entries + i * LEAF_LEN, LEAF_LEN), &leaf), "leaf");
            if (leaf.kind == LEAF_ERASURE_DONE) {
                must(ledger_prove_inclusion(v->ledger, from + i, &path), "proof");
                proved++;
            }
        }
    }
    return proved;
}

static void erase_many(struct vault *v, const uint64_t *people, uint32_t count) {
    struct vault_erased erased;
    uint64_t before = vault_stats(v).leaves;
    double from_s = now_s();
    must(vault_erase_many(v, NULL, people, count, SLICE("bench"), &erased), "erase");
    publish(v);
    double erased_s = now_s() - from_s;
    uint64_t proved = prove(v, before);
    double all_s = now_s() - from_s;
    if (erased.records != count || proved != count) {
        die("of %u people %llu were erased, and %llu can prove it", count,
            (unsigned long long)erased.records, (unsigned long long)proved);
    }
    printf("  %8u people: %8.4f s, %.2f us each; with a proof computed for each %.4f s", count,
           erased_s, erased_s * 1e6 / count, all_s);
    if (count >= 1000000) {
        printf("  (target: %d s; %.2f of it)", TARGET_S, all_s / TARGET_S);
    }
    printf("\n");
}

void measure_erasure(const char *source, uint32_t people) {
    char dir[] = "/tmp/ward-erase-XXXXXX";
    char command[80];
    struct config config = {.dir = mkdtemp(dir), .source = source};
    uint32_t all = people + THOUSAND + 1;
    uint64_t *ids = need(all, sizeof *ids);
    if (config.dir == NULL) {
        die("no directory for a vault");
    }
    struct ward_vault ward = ward_vault_open(&config);
    double from_s = now_s();
    fill(ward.v, ids, all);
    must(access_gather(ward.v), "gather"); /* within a minute it would be by itself */
    printf("erasing people who have a record each (%u made in %.1f s)\n", all, now_s() - from_s);
    erase_one(ward.v, ids[people + THOUSAND]);
    erase_many(ward.v, ids + people, THOUSAND);
    erase_many(ward.v, ids, people);
    struct vault_stats stats = vault_stats(ward.v);
    if (stats.subjects != 0 || stats.records != 0) {
        die("%llu people and %llu records are left", (unsigned long long)stats.subjects,
            (unsigned long long)stats.records);
    }
    vault_close(&ward.v);
    free(ids);
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    if (system(command) != 0) {
        die("%s is left behind", dir);
    }
}
