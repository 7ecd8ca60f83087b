/* A log alone, and what of it is handed to people: leaves appended, hashed, synced and published
 * under a signed checkpoint; the receipt of one leaf with its opening as the log grows, and its
 * verification with the code of `ward verify receipt`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger.h"
#include "ledger/receipt.h"
#include "ledger/verify.h"
#include "parts.h"
#include "roles/roles.h"

enum { BATCH = 4096, FIRST = 1000, OPENED = 333, ROUNDS = 2000, SINGLE = 20 };

struct log {
    struct ledger *ledger;
    struct note_vkey vkey;
    char dir[64];
    struct leaf_salt salt; /* of the leaf that is opened */
    struct buf content;
};

static void must(struct status s) {
    if (failed(s)) {
        die("the log: %s", error_info(s.code)->cause);
    }
}

/* What a consent of somebody says. */
static void write_content(struct log *l) {
    l->salt = leaf_salt_random();
    buf_init(&l->content, OPENING_CONTENT_MAX);
    must(content_add_u64(&l->content, FIELD_SUBJECT, 4711));
    must(content_add_text(&l->content, FIELD_OPERATION, SLICE("given")));
    must(content_add_text(&l->content, FIELD_PURPOSE, SLICE("recommend")));
    must(content_add_u64(&l->content, FIELD_AT_MS, 1795400000000));
    must(content_add_text(&l->content, FIELD_GIVER, SLICE("self")));
}

static struct opening_item opened(const struct log *l) {
    return (struct opening_item){.salt = l->salt, .content = buf_slice(&l->content)};
}

static void add(struct log *l, uint64_t count) {
    static uint8_t entries[BATCH * LEAF_LEN];
    uint64_t first = ledger_size(l->ledger);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t index = first + i;
        struct leaf leaf = {.kind = LEAF_CONSENT, .hour = (uint32_t)(index >> 12)};
        memcpy(leaf.person.bytes, &index, sizeof index);
        memcpy(leaf.auditor.bytes, &i, sizeof i);
        if (index == OPENED) {
            struct opening_item item = opened(l);
            leaf.person = leaf_commit(&item);
        }
        leaf_put(&leaf, entries + i * LEAF_LEN);
    }
    must(ledger_append_at(l->ledger, first, entries, (size_t)count));
    must(ledger_publish(l->ledger));
}

/* Seconds that it took. */
static double grow_to(struct log *l, uint64_t leaves) {
    double from_s = now_s();
    for (uint64_t left; (left = leaves - ledger_size(l->ledger)) > 0;) {
        add(l, left < BATCH ? left : BATCH);
    }
    return now_s() - from_s;
}

static void print_receipt(struct log *l) {
    struct buf file CLEANUP(buf_done);
    struct buf opening CLEANUP(buf_done);
    struct buf scratch CLEANUP(buf_done);
    static struct receipt receipt;
    struct checkpoint head;
    buf_init(&file, PROOF_MAX);
    buf_init(&opening, OPENING_MAX);
    buf_init(&scratch, PROOF_EXTRA_MAX);
    struct opening_item item = opened(l);
    must(opening_write(OPENING_PERSON, &item, 1, 0, &opening));
    struct slice openings[] = {buf_slice(&opening)};
    double from_s = now_s();
    for (int i = 0; i < ROUNDS; i++) {
        buf_clear(&file);
        must(ledger_receipt(l->ledger, OPENED, openings, 1, &file));
    }
    double made_s = now_s() - from_s;
    from_s = now_s();
    for (int i = 0; i < ROUNDS; i++) {
        buf_clear(&scratch);
        must(receipt_verify(buf_slice(&file), &l->vkey, &scratch, &receipt, &head));
    }
    double verified_s = now_s() - from_s;
    printf("  of %8" PRIu64 " leaves: %5zu bytes with %2zu hashes, made in %5.1f us, verified in "
           "%5.1f us\n",
           head.size, file.len, receipt.proof.path.count, made_s * 1e6 / ROUNDS,
           verified_s * 1e6 / ROUNDS);
}

static void log_open(struct log *l, const struct seal_signing_key *key) {
    strcpy(l->dir, "/tmp/ward-log-XXXXXX");
    char path[80];
    if (mkdtemp(l->dir) == NULL) {
        die("no directory for a log");
    }
    snprintf(path, sizeof path, "%s/log", l->dir);
    struct ledger_options options = {
        .fs = os_fs_real(), .dir = path, .origin = SLICE("bench.example/log"), .key = key};
    must(note_vkey_make(options.origin, NOTE_ED25519, key->public_key, &l->vkey));
    must(ledger_create(&options));
    must(ledger_open(&options, &l->ledger));
    write_content(l);
}

/* As `ward verify log` does it. */
static void verify(struct log *l) {
    static struct verify_log_report report;
    char path[80];
    snprintf(path, sizeof path, "%s/log", l->dir);
    struct verify_log_options options = {.fs = os_fs_real(), .dir = path, .log = &l->vkey};
    double from_s = now_s();
    must(verify_log(&options, &report));
    double seconds = now_s() - from_s;
    printf("  the whole log of %" PRIu64 " leaves, by who has nothing but its files: %.2f s\n",
           report.size, seconds);
}

void measure_log(uint64_t leaves) {
    struct seal_key seed CLEANUP(seal_key_done) = seal_key_random();
    struct seal_signing_key key = seal_signing_key_from_seed(&seed);
    struct log l = {.ledger = NULL};
    char command[80];
    double seconds = 0;
    log_open(&l, &key);
    printf("receipts (of one leaf with its opening; verified: form, opening, path, signature)\n");
    for (uint64_t size = FIRST; size <= leaves; size *= 10) {
        seconds = grow_to(&l, size);
        print_receipt(&l);
    }
    verify(&l);
    uint64_t last = leaves - leaves / 10;
    printf("the log alone (appended, hashed, synced, signed and published)\n"
           "  in batches of %d: %.0f leaves a second\n",
           BATCH, (double)last / seconds);
    double from_s = now_s();
    for (int i = 0; i < SINGLE; i++) {
        add(&l, 1);
    }
    printf("  one by one: %.0f leaves a second\n", SINGLE / (now_s() - from_s));
    ledger_close(&l.ledger);
    buf_done(&l.content);
    snprintf(command, sizeof command, "rm -r '%s'", l.dir);
    if (system(command) != 0) {
        die("%s is left behind", l.dir);
    }
}
