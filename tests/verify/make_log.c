/* Makes a log as the guard would, for tests/suites/verify: DIR/log in four steps, an early
 * checkpoint, a cosigned end, receipts, audit files, and the keys. Usage: make_log DIR */
#include <stdio.h>
#include <string.h>

#include "ledger/audit.h"
#include "ledger/ledger.h"
#include "ledger/receipt.h"

enum { LEAVES = 1500, EARLY = 700 };

static struct seal_signing_key key_of(uint8_t byte) {
    struct seal_key seed;
    memset(seed.bytes, byte, sizeof seed.bytes);
    return seal_signing_key_from_seed(&seed);
}

static struct status item_content(uint64_t i, struct buf *content) {
    buf_clear(content);
    TRY(content_add_u64(content, FIELD_SUBJECT, i));
    TRY(content_add_text(content, FIELD_PURPOSE, SLICE("feed")));
    return content_add_text(content, FIELD_OUTCOME, SLICE("permit"));
}

/* What the auditor is told: of every second batch that it was refused. */
static struct status auditor_content(uint64_t i, bool batch, struct buf *content) {
    TRY(content_add_text(content, FIELD_ROLE, SLICE("self")));
    if (!batch) {
        return STATUS_OK;
    }
    TRY(content_add_text(content, FIELD_PURPOSE, i % 21 == 0 ? SLICE("ads") : SLICE("feed")));
    TRY(content_add_text(content, FIELD_OUTCOME, i % 2 == 0 ? SLICE("deny") : SLICE("permit")));
    TRY(i % 2 == 0 ? content_add_text(content, FIELD_RULE, SLICE("gdpr:8(1)")) : STATUS_OK);
    return content_add_u64(content, FIELD_COUNT, 3);
}

/* Every seventh leaf is a batch of three, of which the receipt opens the second. */
struct event {
    struct buf contents[4];
    struct opening_item items[3];
    struct opening_item auditor; /* no content: none */
    size_t count;
    struct leaf leaf;
};

static struct status make_auditor(uint64_t i, struct event *e) {
    buf_init(&e->contents[3], OPENING_CONTENT_MAX);
    memset(e->leaf.auditor.bytes, (int)(i % 199), SEAL_HASH_LEN);
    if (!leaf_kind_audited(e->leaf.kind)) {
        return STATUS_OK;
    }
    TRY(auditor_content(i, e->count > 1, &e->contents[3]));
    e->auditor.content = buf_slice(&e->contents[3]);
    memset(e->auditor.salt.bytes, (int)(i % 241), LEAF_SALT_LEN);
    e->leaf.auditor = leaf_commit(&e->auditor);
    return STATUS_OK;
}

static struct status make_event(uint64_t i, struct event *e) {
    static const enum leaf_kind kinds[] = {LEAF_JOIN, LEAF_CONSENT, LEAF_ERASURE_DONE};
    *e = (struct event){.count = i % 7 == 0 ? 3 : 1};
    e->leaf.kind = i % 7 == 0 ? LEAF_READ_BATCH : kinds[i % 3];
    e->leaf.hour = (uint32_t)(498000 + i / 60);
    for (size_t k = 0; k < e->count; k++) {
        buf_init(&e->contents[k], OPENING_CONTENT_MAX);
        TRY(item_content(i * 10 + k, &e->contents[k]));
        e->items[k].content = buf_slice(&e->contents[k]);
        /* Not random, so that each run makes the same log. */
        memset(e->items[k].salt.bytes, (int)(i % 251), LEAF_SALT_LEN);
        e->items[k].salt.bytes[0] = (uint8_t)k;
    }
    TRY(make_auditor(i, e));
    return leaf_commit_many(e->items, e->count, &e->leaf.person);
}

static void drop_event(struct event *e) {
    for (size_t k = 0; k < ARRAY_LEN(e->contents); k++) {
        buf_done(&e->contents[k]);
    }
}

static struct status append(struct ledger *ledger, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        struct event e;
        uint8_t entry[LEAF_LEN];
        TRY(make_event(i, &e));
        leaf_put(&e.leaf, entry);
        TRY(ledger_append_at(ledger, i, entry, 1));
        drop_event(&e);
    }
    return ledger_publish(ledger);
}

static struct status write_receipt(struct ledger *ledger, const char *dir, uint64_t i) {
    struct event e;
    struct buf opening CLEANUP(buf_done);
    struct buf file CLEANUP(buf_done);
    char name[64];
    buf_init(&opening, OPENING_MAX);
    buf_init(&file, PROOF_MAX);
    TRY(make_event(i, &e));
    TRY(opening_write(OPENING_PERSON, e.items, e.count, e.count / 2, &opening));
    struct slice openings[] = {buf_slice(&opening)};
    TRY(ledger_receipt(ledger, i, openings, 1, &file));
    drop_event(&e);
    snprintf(name, sizeof name, "%u.tlog-proof", (unsigned)i);
    return os_replace_file(os_fs_real(), dir, name, 0, buf_slice(&file));
}

/* Of leaf 330 the opening is withheld. */
static struct status add_line(uint64_t i, const struct audit_span *span, uint64_t *io_count,
                              struct buf *file) {
    struct event e;
    struct buf opening CLEANUP(buf_done);
    buf_init(&opening, OPENING_MAX);
    TRY(make_event(i, &e));
    if (e.auditor.content.len > 0 && i != 330) {
        TRY(opening_write(OPENING_AUDITOR, &e.auditor, 1, 0, &opening));
    }
    bool in_span = audit_spans(span, &e.leaf);
    drop_event(&e);
    *io_count += in_span;
    return in_span ? audit_add(i, opening.len == 0 ? SLICE("") : buf_slice(&opening), file)
                   : STATUS_OK;
}

static struct status write_audit(struct ledger *ledger, const char *dir, const char *name,
                                 const struct audit_span *span) {
    struct buf file CLEANUP(buf_done);
    uint64_t count = 0;
    buf_init(&file, 4 << 20);
    TRY(audit_begin(span, ledger_checkpoint(ledger), &file));
    for (uint64_t i = 0; i < ledger_published(ledger); i++) {
        TRY(add_line(i, span, &count, &file));
    }
    TRY(audit_end(count, &file));
    return os_replace_file(os_fs_real(), dir, name, 0, buf_slice(&file));
}

static struct status write_keys(struct ledger *ledger, const char *dir,
                                const struct note_vkey *witnesses, size_t count) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 4096);
    TRY(ledger_vkey(ledger, &b));
    TRY(os_replace_file(os_fs_real(), dir, "log.vkey", 0, buf_slice(&b)));
    buf_clear(&b);
    TRY(buf_add_str(&b, "# two witnesses\n"));
    for (size_t i = 0; i < count; i++) {
        TRY(note_vkey_print(&witnesses[i], &b));
        TRY(buf_add_byte(&b, '\n'));
    }
    return os_replace_file(os_fs_real(), dir, "witnesses", 0, buf_slice(&b));
}

static struct status cosign(struct ledger *ledger, const struct note_vkey *witness,
                            const struct seal_signing_key *key) {
    struct note note;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, NOTE_MAX);
    TRY(note_parse(ledger_checkpoint(ledger), &note));
    TRY(note_cosign(note.text, note_vkey_name(witness), 1795262400, key, &line));
    return ledger_cosign(ledger, buf_slice(&line), witness, 1);
}

static struct status fill(struct ledger *ledger, const char *dir) {
    static const uint64_t receipts[] = {0, 1, 2, 255, 256, 700, 1499};
    struct seal_signing_key keys[] = {key_of(2), key_of(3)};
    struct note_vkey witnesses[2];
    TRY(note_vkey_make(SLICE("w1.example"), NOTE_COSIGNATURE, keys[0].public_key, &witnesses[0]));
    TRY(note_vkey_make(SLICE("w2.example"), NOTE_COSIGNATURE, keys[1].public_key, &witnesses[1]));
    TRY(write_keys(ledger, dir, witnesses, 2));
    TRY(append(ledger, 0, 3));
    TRY(append(ledger, 3, EARLY));
    TRY(os_replace_file(os_fs_real(), dir, "early", 0, ledger_checkpoint(ledger)));
    TRY(write_audit(ledger, dir, "audit", &(struct audit_span){498005, 498010}));
    TRY(append(ledger, EARLY, 1024));
    TRY(append(ledger, 1024, LEAVES));
    TRY(os_replace_file(os_fs_real(), dir, "uncosigned", 0, ledger_checkpoint(ledger)));
    TRY(cosign(ledger, &witnesses[0], &keys[0]));
    TRY(write_audit(ledger, dir, "audit-all", &(struct audit_span){0, 600000}));
    for (size_t i = 0; i < ARRAY_LEN(receipts); i++) {
        TRY(write_receipt(ledger, dir, receipts[i]));
    }
    return STATUS_OK;
}

static struct status make(const char *dir) {
    char log_dir[OS_PATH_MAX];
    struct ledger *ledger = NULL;
    struct seal_signing_key key = key_of(1);
    snprintf(log_dir, sizeof log_dir, "%s/log", dir);
    struct ledger_options options = {
        .fs = os_fs_real(), .dir = log_dir, .origin = SLICE("ward.example/log"), .key = &key};
    TRY(seal_init());
    TRY(ledger_create(&options));
    TRY(ledger_open(&options, &ledger));
    struct status s = fill(ledger, dir);
    ledger_close(&ledger);
    return s;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: make_log DIR\n");
        return 2;
    }
    struct status s = make(argv[1]);
    if (failed(s)) {
        fprintf(stderr, "make_log: %s\n", error_info(s.code)->cause);
        return 1;
    }
    return 0;
}
