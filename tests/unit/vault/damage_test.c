/* Rows that are gone or stand elsewhere, and bytes that flipped, in everything that a vault keeps:
 * noticed and refused, with what to do about it, before anything follows from it. Never silently
 * another answer, and no key is destroyed for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faulty.h"
#include "seal/seal.h"
#include "store/store.h"
#include "world.h"

/* The store, while no vault has it. */
static struct store *open_rows(const struct world *w) {
    char path[160];
    struct store *s = NULL;
    snprintf(path, sizeof path, "%s/store.db", w->data);
    struct store_options options = {.path = path, .must_exist = true};
    ASSERT_OK(store_open(&options, &s));
    return s;
}

static void shell(const struct world *w, const char *script) {
    char command[1024];
    snprintf(command, sizeof command, "cd '%s' && %s", w->dir, script);
    assert_int_equal(system(command), 0);
}

struct row {
    enum store_space space;
    uint64_t owner, id;
    struct buf bytes;
};

static struct row take_row(struct store *s, enum store_space space, uint64_t owner, uint64_t id) {
    struct row row = {.space = space, .owner = owner, .id = id};
    buf_init(&row.bytes, 1 << 20);
    ASSERT_OK(store_get(s, space, owner, id, &row.bytes));
    return row;
}

static void lay_row(struct store *s, const struct row *row, struct slice bytes) {
    ASSERT_OK(store_put(s, row->space, row->owner, row->id, bytes));
}

/* As a killed process leaves it: keys that no row names would be swept. */
static void make_unclean(struct store *s) {
    enum { META_CLEAN = 2 };
    ASSERT_OK(store_delete(s, STORE_META, 0, META_CLEAN));
}

static void assert_remedy(struct status refused) {
    const struct error_info *info = error_info(refused.code);
    assert_true(strlen(info->cause) > 0 && strlen(info->remedy) > 0);
}

/* Rows that are gone --------------------------------------------------------------------- */

struct cast {
    uint64_t anna, ben;
    uint64_t hers, too, his; /* account, account, account */
    uint64_t seen;           /* hers, watch history */
};

static void begin_story(struct world *w, struct cast *c) {
    c->anna = world_adult(w, "anna@x.org");
    c->ben = world_adult(w, "ben@x.org");
    ASSERT_OK(world_consent(w, c->anna, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_put(w, c->anna, w->keep_account, w->account, "hers", &c->hers));
    ASSERT_OK(world_put(w, c->anna, w->keep_account, w->account, "too", &c->too));
    ASSERT_OK(world_put(w, c->ben, w->keep_account, w->account, "his", &c->his));
    ASSERT_OK(world_put(w, c->anna, w->keep_history, w->history, "seen", &c->seen));
}

static void assert_story(struct world *w, const struct cast *c) {
    assert_reads(w, w->keep_account, c->hers, "hers");
    assert_reads(w, w->keep_account, c->too, "too");
    assert_reads(w, w->keep_account, c->his, "his");
    assert_reads(w, w->keep_history, c->seen, "seen");
}

/* Without the row the vault is refused and destroys nothing: with it, all is as it was. */
static void assert_missed(struct world *w, const struct cast *c, enum store_space space,
                          uint64_t owner, uint64_t id) {
    vault_close(&w->v);
    struct store *s = open_rows(w);
    struct row row = take_row(s, space, owner, id);
    make_unclean(s);
    ASSERT_OK(store_delete(s, space, owner, id));
    store_close(&s);
    struct status opened = world_try_open(w);
    ASSERT_IS(opened, E_VAULT_CORRUPT);
    assert_remedy(opened);
    s = open_rows(w);
    lay_row(s, &row, buf_slice(&row.bytes));
    store_close(&s);
    buf_done(&row.bytes);
    world_open(w);
    assert_story(w, c);
}

static void a_missing_row_destroys_no_key(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    assert_missed(w, &c, STORE_SUBJECTS, c.anna, 0);
    assert_missed(w, &c, STORE_KEYS, c.anna, 0);
    assert_missed(w, &c, STORE_KEYS, c.ben, w->account + 1u);
    assert_missed(w, &c, STORE_KEYS, c.anna, w->history + 1u);
    assert_missed(w, &c, STORE_SEGMENTS, 0, 0);
}

static void a_missing_row_is_no_missing_person(void **state) {
    struct world *w = *state;
    struct cast c;
    char got[64];
    struct vault_subject subject;
    begin_story(w, &c);
    vault_close(&w->v);
    struct store *s = open_rows(w);
    ASSERT_OK(store_delete(s, STORE_SUBJECTS, c.anna, 0));
    ASSERT_OK(store_delete(s, STORE_RECORDS, c.ben, c.his));
    store_close(&s);
    struct status opened = world_try_open(w);
    if (failed(opened)) {
        ASSERT_IS(opened, E_VAULT_CORRUPT);
        return;
    }
    world_names(w);
    ASSERT_IS(vault_subject_get(w->v, c.anna, &subject), E_VAULT_CORRUPT);
    ASSERT_IS(world_read(w, w->keep_account, c.hers, got, sizeof got), E_VAULT_CORRUPT);
    ASSERT_IS(world_read(w, w->keep_account, c.his, got, sizeof got), E_VAULT_CORRUPT);
}

/* A transaction that is gone from the middle: what it changed would be silently undone. */
static void a_missing_delta_is_noticed(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    shell(w, "mkdir killed && cp -r data keys ledger killed");
    vault_close(&w->v);
    shell(w, "rm -r data keys ledger && mv killed/* .");
    struct store *s = open_rows(w);
    struct row row = take_row(s, STORE_DELTAS, 0, 4);
    ASSERT_OK(store_delete(s, STORE_DELTAS, 0, 4));
    store_close(&s);
    ASSERT_IS(world_try_open(w), E_VAULT_CORRUPT);
    s = open_rows(w);
    lay_row(s, &row, buf_slice(&row.bytes));
    store_close(&s);
    buf_done(&row.bytes);
    world_open(w);
    assert_story(w, &c);
}

/* Rows that stand elsewhere ----------------------------------------------------------------- */

static void assert_damage(struct status status) {
    assert_int_equal(error_info(status.code)->kind, KIND_CORRUPT);
    assert_remedy(status);
}

/* Opens with the second row's bytes in the first one's place: what reads it is told of damage. The
 * row is put back. */
static struct status with_bytes_of(struct world *w, enum store_space space, const uint64_t to[2],
                                   const uint64_t from[2], uint64_t read) {
    char got[64];
    vault_close(&w->v);
    struct store *s = open_rows(w);
    struct row kept = take_row(s, space, to[0], to[1]);
    struct row other = take_row(s, space, from[0], from[1]);
    assert_false(slice_eq(buf_slice(&kept.bytes), buf_slice(&other.bytes)));
    lay_row(s, &kept, buf_slice(&other.bytes));
    store_close(&s);
    struct status status = world_try_open(w);
    if (!failed(status)) {
        world_names(w);
        status = world_read(w, w->keep_account, read, got, sizeof got);
    }
    vault_close(&w->v);
    s = open_rows(w);
    lay_row(s, &kept, buf_slice(&kept.bytes));
    store_close(&s);
    buf_done(&kept.bytes);
    buf_done(&other.bytes);
    world_open(w);
    return status;
}

static void rows_keep_their_places(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    const uint64_t anna[] = {c.anna, 0};
    const uint64_t ben[] = {c.ben, 0};
    const uint64_t hers[] = {c.anna, c.hers};
    const uint64_t too[] = {c.anna, c.too};
    const uint64_t his[] = {c.ben, c.his};
    const uint64_t seen[] = {c.anna, c.seen};
    const uint64_t her_account[] = {c.anna, w->account + 1u};
    const uint64_t her_history[] = {c.anna, w->history + 1u};
    const uint64_t his_account[] = {c.ben, w->account + 1u};
    assert_damage(with_bytes_of(w, STORE_RECORDS, hers, too, c.hers));  /* another row */
    assert_damage(with_bytes_of(w, STORE_RECORDS, hers, his, c.hers));  /* another owner */
    assert_damage(with_bytes_of(w, STORE_RECORDS, hers, seen, c.hers)); /* another category */
    assert_damage(with_bytes_of(w, STORE_SUBJECTS, anna, ben, c.hers));
    assert_damage(with_bytes_of(w, STORE_KEYS, anna, ben, c.hers));
    assert_damage(with_bytes_of(w, STORE_KEYS, her_account, her_history, c.hers));
    assert_damage(with_bytes_of(w, STORE_KEYS, her_account, his_account, c.hers));
    assert_story(w, &c);
}

/* The number of a version stands in the row; another than it was sealed with does not open. */
static void a_version_is_the_one_it_was_sealed_with(void **state) {
    struct world *w = *state;
    struct cast c;
    char got[64];
    begin_story(w, &c);
    vault_close(&w->v);
    struct store *s = open_rows(w);
    struct row row = take_row(s, STORE_RECORDS, c.anna, c.hers);
    row.bytes.ptr[3]++;
    lay_row(s, &row, buf_slice(&row.bytes));
    buf_done(&row.bytes);
    store_close(&s);
    world_open(w);
    assert_damage(world_read(w, w->keep_account, c.hers, got, sizeof got));
    assert_reads(w, w->keep_account, c.too, "too");
}

/* Blobs -------------------------------------------------------------------------------------- */

enum { CLIP_BYTES = 300000 };

static uint8_t clip_byte(uint64_t which, size_t at) {
    return (uint8_t)(at / 1000 * 7 + at + which);
}

static uint64_t put_clip(struct world *w, uint64_t owner, uint64_t which) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = owner, .category = w->clip};
    static uint8_t bytes[CLIP_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = clip_byte(which, i);
    }
    uint64_t id = 0;
    ASSERT_OK(vault_blob_begin(w->v, &use, &meta, SLICE("video/mp4"), &id, NULL));
    ASSERT_OK(vault_blob_add(w->v, id, 0, slice_of(bytes, sizeof bytes)));
    ASSERT_OK(vault_blob_finish(w->v, id));
    return id;
}

/* The clip as it was, or what came of reading it. */
static struct status read_clip(struct world *w, uint64_t id, uint64_t which) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    struct vault_blob *blob = NULL;
    static uint8_t got[CLIP_BYTES];
    struct status status = vault_blob_open(w->v, &use, id, &blob, NULL);
    if (failed(status)) {
        return status;
    }
    status = vault_blob_read(blob, 0, (char *)got, sizeof got);
    for (size_t i = 0; i < sizeof got && !failed(status); i++) {
        assert_int_equal(got[i], clip_byte(which, i));
    }
    vault_blob_close(&blob);
    return status;
}

static void chunks_keep_their_places(void **state) {
    static const char *const harms[] = {
        /* the second chunk in the first one's place, or another file's; the file of another; cut */
        "dd if=$A of=$A.new bs=65536 skip=1 count=1 2>/dev/null;"
        "dd if=$A.new of=$A bs=65536 conv=notrunc 2>/dev/null",
        "dd if=$B of=$A bs=1000 seek=100 skip=100 count=64 conv=notrunc 2>/dev/null",
        "cp $B $A",
        "truncate -s 150000 $A",
        "truncate -s 0 $A",
    };
    struct world *w = *state;
    uint64_t anna = world_adult(w, "anna@x.org");
    uint64_t first = put_clip(w, anna, 1);
    uint64_t second = put_clip(w, anna, 2);
    ASSERT_OK(read_clip(w, first, 1));
    vault_close(&w->v);
    for (size_t i = 0; i < ARRAY_LEN(harms); i++) {
        char script[512];
        snprintf(script, sizeof script,
                 "A=data/blobs/%016lx; B=data/blobs/%016lx; cp $A kept; %s; mv kept back",
                 (unsigned long)first, (unsigned long)second, harms[i]);
        shell(w, script);
        world_open(w);
        assert_damage(read_clip(w, first, 1));
        ASSERT_OK(read_clip(w, second, 2));
        vault_close(&w->v);
        snprintf(script, sizeof script, "mv back data/blobs/%016lx", (unsigned long)first);
        shell(w, script);
    }
    world_open(w);
    ASSERT_OK(read_clip(w, first, 1));
}

/* Flipped bytes ------------------------------------------------------------------------------ */

struct kept {
    struct cast cast;
    uint64_t clip;
    uint64_t gone; /* erased */
    uint64_t gone_record;
    uint64_t taken_back; /* of ben, whose consent was withdrawn */
};

static void begin_all(struct world *w, struct kept *k) {
    struct vault_erased erased;
    begin_story(w, &k->cast);
    k->clip = put_clip(w, k->cast.anna, 1);
    k->gone = world_adult(w, "gone@x.org");
    ASSERT_OK(world_put(w, k->gone, w->keep_account, w->account, "gone", &k->gone_record));
    ASSERT_OK(world_consent(w, k->cast.ben, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_put(w, k->cast.ben, w->keep_history, w->history, "back", &k->taken_back));
    ASSERT_OK(world_consent(w, k->cast.ben, w->keep_history, LAW_CONSENT_STATE_WITHDRAWN));
    ASSERT_OK(vault_erase_subject(w->v, NULL, k->gone, SLICE("asked"), NULL, &erased));
    int64_t next_ms = 0;
    w->fake.now_ms += 61000;
    ASSERT_OK(vault_tick(w->v, &next_ms));
    assert_story(w, &k->cast);
}

static bool noticed(const char *path, size_t at, struct status status) {
    if (!failed(status)) {
        return false;
    }
    bool refused = error_info(status.code)->kind == KIND_CORRUPT;
    /* In one letter it is of the key's number and of the signature: then nobody sees whose it was.
     */
    bool unsigned_note = status.code == E_NOTE_UNSIGNED && strstr(path, "checkpoint") != NULL;
    if (!refused && !unsigned_note) {
        printf("%s, byte %zu: %s\n", path, at, error_info(status.code)->name);
    }
    assert_true(refused || unsigned_note);
    assert_remedy(status);
    return true;
}

/* As it was, or refused as damaged: never missing, never other words, and what was taken back or
 * erased stays so. */
static bool as_it_was(struct world *w, const struct kept *k, const char *path, size_t at) {
    const struct cast *c = &k->cast;
    const struct {
        uint8_t purpose;
        uint64_t id;
        const char *text;
    } texts[] = {{w->keep_account, c->hers, "hers"},
                 {w->keep_account, c->too, "too"},
                 {w->keep_account, c->his, "his"},
                 {w->keep_history, c->seen, "seen"}};
    char got[64];
    bool damaged = false;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct status status = world_read(w, texts[i].purpose, texts[i].id, got, sizeof got);
        damaged |= noticed(path, at, status);
        assert_true(failed(status) || strcmp(got, texts[i].text) == 0);
    }
    damaged |= noticed(path, at, read_clip(w, k->clip, 1));
    struct status back = world_read(w, w->keep_history, k->taken_back, got, sizeof got);
    assert_true(back.code == E_DENIED || noticed(path, at, back));
    struct vault_subject subject;
    struct status gone = vault_subject_get(w->v, k->gone, &subject);
    assert_true(gone.code == E_NO_SUBJECT || noticed(path, at, gone));
    gone = world_read(w, w->keep_account, k->gone_record, got, sizeof got);
    assert_true(gone.code == E_NO_RECORD || noticed(path, at, gone));
    return !damaged;
}

static void flip_byte(const struct world *w, const char *path, size_t at) {
    char full[256];
    snprintf(full, sizeof full, "%s/%s", w->dir, path);
    FILE *f = fopen(full, "r+b");
    assert_non_null(f);
    fseek(f, (long)at, SEEK_SET);
    int byte = fgetc(f);
    fseek(f, (long)at, SEEK_SET);
    fputc(byte ^ 1 << at % 8, f);
    fclose(f);
}

/* Every so many bytes of one file of a copy of the vault. */
static void flip_in(struct world *w, const struct kept *k, const char *copy, const char *path,
                    size_t size) {
    size_t stride = size / (check_all() ? 400 : 6) + 1;
    size_t tried = 0;
    size_t seen = 0;
    char script[256];
    snprintf(script, sizeof script, "rm -rf data keys ledger && cp -r %s/. .", copy);
    for (size_t at = stride / 2; at < size; at += stride, tried++) {
        shell(w, script);
        flip_byte(w, path, at);
        struct status opened = world_try_open(w);
        if (failed(opened)) {
            seen += noticed(path, at, opened);
            continue;
        }
        world_names(w);
        seen += !as_it_was(w, k, path, at);
        w->fake.now_ms += 1000;
        vault_close(&w->v);
        check_progress(path, at);
    }
    printf("[ coverage ] %s/%s: %zu of %zu bytes, %zu noticed by reading everything\n", copy, path,
           tried, size, seen);
}

/* Each file of the copy; returns how many there were. */
static size_t flip_in_each(struct world *w, const struct kept *k, const char *copy,
                           const char *which) {
    char text[256];
    snprintf(text, sizeof text, "cd %s && find %s -type f -printf '%%p %%s\\n' | sort > ../files",
             copy, which);
    shell(w, text);
    snprintf(text, sizeof text, "%s/files", w->dir);
    FILE *files = fopen(text, "r");
    assert_non_null(files);
    char path[128];
    size_t size = 0;
    size_t count = 0;
    for (; fscanf(files, "%127s %zu", path, &size) == 2; count++) {
        flip_in(w, k, copy, path, size);
    }
    fclose(files);
    return count;
}

/* In what a killed process leaves, and in what an orderly end does. */
static void flipped_bytes_are_noticed(void **state) {
    struct world *w = *state;
    struct kept k;
    begin_all(w, &k);
    shell(w, "mkdir killed && cp -r data keys ledger killed");
    vault_close(&w->v);
    shell(w, "mkdir closed && cp -r data keys ledger closed");
    assert_true(flip_in_each(w, &k, "killed", "data keys ledger") >= 8);
    assert_int_equal(flip_in_each(w, &k, "closed", "data/store.db"), 1);
    shell(w, "rm -rf data keys ledger && cp -r killed/. .");
    world_open(w);
    assert_true(as_it_was(w, &k, "", 0));
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_missing_row_destroys_no_key),
        TEST(a_missing_row_is_no_missing_person),
        TEST(a_missing_delta_is_noticed),
        TEST(rows_keep_their_places),
        TEST(a_version_is_the_one_it_was_sealed_with),
        TEST(chunks_keep_their_places),
        TEST(flipped_bytes_are_noticed),
    };
    if (failed(seal_init()) || failed(store_init())) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
