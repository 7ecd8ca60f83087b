/* What sealing, forgetting and recording cost: records opened and sealed a second, keys born and
 * destroyed, leaves a second, proofs. Works on real files in a directory that it makes and removes.
 * Usage: bench_seal [KEYS [LEAVES [DIR]]] (1000000, 1000000, a new directory under /tmp) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "ledger/receipt.h"
#include "ledger/verify.h"
#include "seal/keyring.h"
#include "seal/record.h"

enum { RECORD_BYTES = 200, ROUNDS = 300000, BATCH = 4096, PROOFS = 10000 };

static char dir[256];

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(struct status s) {
    if (failed(s)) {
        fprintf(stderr, "bench: %s\n", error_info(s.code)->cause);
        exit(1);
    }
}

static const char *in_dir(const char *name) {
    static char path[4][512];
    static unsigned turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static void show(const char *what, double seconds, uint64_t count) {
    printf("%-44s %10.3f us each %12.0f a second %9.3f s\n", what, seconds * 1e6 / (double)count,
           (double)count / seconds, seconds);
}

static void bench_records(struct keyring *keys, const struct key_ref *refs, size_t count) {
    static uint8_t plain[RECORD_BYTES];
    static uint8_t sealed[RECORD_BYTES + RECORD_OVERHEAD];
    struct seal_place place = {.what = SEAL_RECORD, .owner = 1, .category = 2, .id = 3};
    struct seal_key key CLEANUP(seal_key_done) = seal_key_random();
    double t = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        record_seal(&key, &place, slice_of(plain, sizeof plain), sealed);
    }
    show("seal a record of 200 bytes", now_s() - t, ROUNDS);
    t = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        must(record_open(&key, &place, slice_of(sealed, sizeof sealed), plain));
    }
    show("open it", now_s() - t, ROUNDS);
    t = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        must(keyring_key(keys, refs[i % 1000], &key));
    }
    show("a key from the cache", now_s() - t, ROUNDS);
    t = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        must(keyring_key(keys, refs[i * 7919 % count], &key));
    }
    show("a key from the file", now_s() - t, ROUNDS);
}

static void bench_keyring(size_t count) {
    struct seal_key root = seal_key_random();
    struct keyring_options options = {.fs = os_fs_real(), .root = &root};
    struct keyring *keys = NULL;
    struct key_ref *refs = mem_array(count, sizeof *refs);
    char path[512];
    snprintf(path, sizeof path, "%s", in_dir("keyring"));
    options.path = path;
    options.generation_path = in_dir("generations");
    must(refs == NULL ? FAIL(E_MEMORY) : keyring_create(&options));
    must(keyring_open(&options, &keys));
    double t = now_s();
    must(keyring_create_many(keys, KEY_SUBJECT, count, refs));
    show("keys born, one sync", now_s() - t, count);
    if (!keyring_stats(keys).memory_locked) {
        printf("note: memory could not be locked (ulimit -l)\n");
    }
    keyring_close(&keys);
    t = now_s();
    must(keyring_open(&options, &keys));
    show("keyring opened and checked, per slot", now_s() - t, count);
    bench_records(keys, refs, count);
    t = now_s();
    must(keyring_rotate(keys));
    show("rotation of the root key, per key", now_s() - t, count);
    /* In an order that is not the file's. */
    for (size_t i = count - 1; i > 0; i--) {
        size_t k = (size_t)(i * UINT64_C(0x9e3779b97f4a7c15) % (i + 1));
        struct key_ref r = refs[i];
        refs[i] = refs[k];
        refs[k] = r;
    }
    t = now_s();
    must(keyring_destroy_many(keys, refs, count / 2));
    show("half of the keys destroyed, scattered", now_s() - t, count / 2);
    t = now_s();
    must(keyring_destroy_many(keys, refs + count / 2, 1));
    show("one key destroyed", now_s() - t, 1);
    t = now_s();
    must(keyring_destroy_many(keys, refs + count / 2, count - count / 2));
    show("the other half destroyed", now_s() - t, count - count / 2);
    keyring_close(&keys);
    mem_free(refs);
}

static void make_entries(uint8_t *entries, uint64_t first, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct leaf leaf = {.kind = LEAF_READ_BATCH, .hour = (uint32_t)(first >> 12)};
        memcpy(leaf.person.bytes, &first, sizeof first);
        memcpy(leaf.auditor.bytes, &i, sizeof i);
        leaf_put(&leaf, entries + i * LEAF_LEN);
    }
}

static void bench_proofs(struct ledger *ledger, const struct note_vkey *vkey, uint64_t leaves) {
    struct buf file CLEANUP(buf_done);
    struct buf scratch CLEANUP(buf_done);
    static struct receipt receipt;
    struct merkle_path path;
    struct checkpoint head;
    buf_init(&file, PROOF_MAX);
    buf_init(&scratch, PROOF_EXTRA_MAX);
    double t = now_s();
    for (uint64_t i = 0; i < PROOFS; i++) {
        must(ledger_prove_inclusion(ledger, i * 7919 % leaves, &path));
    }
    show("inclusion proof, checked", now_s() - t, PROOFS);
    t = now_s();
    must(ledger_receipt(ledger, leaves / 3, NULL, 0, &file));
    show("a receipt", now_s() - t, 1);
    printf("%-44s %10zu bytes, %zu hashes\n", "its size", file.len, path.count);
    t = now_s();
    for (size_t i = 0; i < 1000; i++) {
        buf_clear(&scratch);
        must(receipt_verify(buf_slice(&file), vkey, &scratch, &receipt, &head));
    }
    show("its verification, signature included", now_s() - t, 1000);
}

static void bench_ledger(uint64_t leaves) {
    static uint8_t entries[BATCH * LEAF_LEN];
    static struct verify_log_report report;
    struct seal_key seed = seal_key_random();
    struct seal_signing_key key = seal_signing_key_from_seed(&seed);
    struct note_vkey vkey;
    struct ledger *ledger = NULL;
    char path[512];
    snprintf(path, sizeof path, "%s", in_dir("log"));
    struct ledger_options options = {
        .fs = os_fs_real(), .dir = path, .origin = SLICE("bench.example"), .key = &key};
    must(note_vkey_make(options.origin, NOTE_ED25519, key.public_key, &vkey));
    must(ledger_create(&options));
    must(ledger_open(&options, &ledger));
    double t = now_s();
    for (uint64_t at = 0; at < leaves; at += BATCH) {
        make_entries(entries, at, BATCH);
        must(ledger_append_at(ledger, at, entries, BATCH));
        must(ledger_publish(ledger));
    }
    leaves = ledger_published(ledger);
    show("leaves, published in batches of 4096", now_s() - t, leaves);
    t = now_s();
    for (size_t i = 0; i < 20; i++) {
        make_entries(entries, leaves + i, 1);
        must(ledger_append_at(ledger, leaves + i, entries, 1));
        must(ledger_publish(ledger));
    }
    show("a single leaf, published", now_s() - t, 20);
    bench_proofs(ledger, &vkey, leaves);
    ledger_close(&ledger);
    struct verify_log_options verify = {.fs = os_fs_real(), .dir = path, .log = &vkey};
    t = now_s();
    must(verify_log(&verify, &report));
    show("the whole log verified, per leaf", now_s() - t, report.size);
}

int main(int argc, char **argv) {
    uint64_t keys = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    uint64_t leaves = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    char command[512];
    snprintf(dir, sizeof dir, "%s/ward-bench-XXXXXX", argc > 3 ? argv[3] : "/tmp");
    if (keys < 2000 || leaves < BATCH || mkdtemp(dir) == NULL) {
        fprintf(stderr, "usage: bench_seal [KEYS >= 2000 [LEAVES >= 4096 [DIR]]]\n");
        return 2;
    }
    must(seal_init());
    bench_keyring((size_t)keys);
    bench_ledger(leaves);
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    return system(command) == 0 ? 0 : 1;
}
