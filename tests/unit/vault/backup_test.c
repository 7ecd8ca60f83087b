/* Backups, and restores that bring nothing back that was taken away since. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seal/keyring.h"

struct cast {
    uint64_t alice, bob, carol, child, parent;
    uint64_t hers, his, seen, deleted, childs;
};

static void begin_story(struct world *w, struct cast *c) {
    c->alice = world_adult(w, "alice@x.org");
    c->bob = world_adult(w, "bob@x.org");
    c->carol = world_adult(w, "carol@x.org");
    c->child = world_child(w, "2014-01-01");
    c->parent = world_adult(w, "parent@x.org");
    ASSERT_OK(world_put(w, c->alice, w->keep_account, w->account, "hers", &c->hers));
    ASSERT_OK(world_put(w, c->bob, w->keep_account, w->account, "his", &c->his));
    ASSERT_OK(world_put(w, c->bob, w->share, w->clip, "deleted", &c->deleted));
    ASSERT_OK(world_consent(w, c->carol, w->keep_history, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_consent(w, c->carol, w->recommend, LAW_CONSENT_STATE_GIVEN));
    ASSERT_OK(world_put(w, c->carol, w->keep_history, w->history, "seen", &c->seen));
    struct vault_guardian link = {.child = c->child,
                                  .guardian = c->parent,
                                  .method = LAW_GUARDIAN_METHOD_PAYMENT,
                                  .verified = true};
    ASSERT_OK(vault_guardian_link(w->v, NULL, &link));
}

static void tighten(struct world *w, const struct cast *c) {
    struct vault_erased erased;
    struct vault_found found;
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_ERASE};
    struct vault_query query = {.id = c->deleted};
    ASSERT_OK(vault_erase_subject(w->v, NULL, c->alice, SLICE(""), NULL, &erased));
    ASSERT_OK(world_consent(w, c->carol, w->recommend, LAW_CONSENT_STATE_WITHDRAWN));
    ASSERT_OK(vault_object(w->v, NULL, c->bob, w->support, true));
    ASSERT_OK(vault_delete(w->v, &use, &query, &found));
    ASSERT_OK(vault_guardian_revoke(w->v, NULL, c->child, c->parent));
}

static void assert_tightened(struct world *w, const struct cast *c) {
    char got[64];
    struct vault_subject subject;
    struct vault_tag tag = {SLICE("mail"), SLICE("alice@x.org")};
    uint64_t found = 0;
    ASSERT_IS(world_read(w, w->keep_account, c->hers, got, sizeof got), E_NO_RECORD);
    ASSERT_IS(vault_subject_get(w->v, c->alice, &subject), E_NO_SUBJECT);
    ASSERT_IS(vault_subject_find(w->v, &tag, &found), E_NO_SUBJECT);
    ASSERT_IS(world_read(w, w->share, c->deleted, got, sizeof got), E_NO_RECORD);
    assert_refused(w, w->support, c->his, "21(1)");
    assert_false(vault_guards(w->v, c->parent, c->child));
    assert_reads(w, w->keep_account, c->his, "his");
}

static void a_restore_replays_what_tightened(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    world_back_up(w);
    tighten(w, &c);
    uint64_t leaves = vault_stats(w->v).leaves;
    uint64_t later = world_adult(w, "later@x.org");
    vault_close(&w->v);
    world_lose(w, "data");
    assert_true(world_restore(w) >= 5);
    assert_tightened(w, &c);
    assert_refused(w, w->recommend, c.seen, "");
    assert_reads(w, w->keep_history, c.seen, "seen");
    assert_true(vault_stats(w->v).leaves > leaves);
    assert_ledger(w);
    uint64_t newest = world_adult(w, "newest@x.org");
    assert_true(newest >= later);
    world_reopen(w);
    assert_tightened(w, &c);
    assert_ledger(w);
}

/* The heir's key is not there any more when the restore comes to the one who left. */
static void what_an_heir_erased_later_goes_with_who_left(void **state) {
    struct world *w = *state;
    uint64_t alice = world_adult(w, "alice@x.org");
    uint64_t bob = world_adult(w, "bob@x.org");
    struct vault_use use = {.purpose = w->messages, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {
        .owner = alice, .category = w->message, .flags = VAULT_STAYS, .others = {bob}};
    uint64_t id = 0;
    struct vault_erased erased;
    ASSERT_OK(vault_put(w->v, &use, &meta, SLICE("hi bob"), &id, NULL));
    world_back_up(w);
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    assert_reads(w, w->messages, id, "hi bob");
    ASSERT_OK(vault_erase_category(w->v, NULL, bob, w->message, SLICE(""), NULL, &erased));
    assert_int_equal(erased.records, 1);
    vault_close(&w->v);
    world_lose(w, "data");
    world_restore(w);
    assert_int_equal(vault_stats(w->v).records, 0);
    world_reopen(w);
    assert_ledger(w);
}

static void an_old_keyring_copy_brings_nobody_back(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    world_back_up(w);
    char command[512];
    snprintf(command, sizeof command, "cp '%s/generation' '%s/escrow'", w->keys, w->dir);
    assert_int_equal(system(command), 0);
    tighten(w, &c);
    vault_close(&w->v);
    world_lose(w, "data");
    world_lose(w, "keys");
    snprintf(command, sizeof command, "mkdir '%s' && cp '%s/escrow' '%s/generation'", w->keys,
             w->dir, w->keys);
    assert_int_equal(system(command), 0);
    world_restore(w);
    assert_tightened(w, &c);
    world_reopen(w);
    assert_tightened(w, &c);
}

static void without_the_ledger_no_consent_is_known(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    world_back_up(w);
    vault_close(&w->v);
    world_lose(w, "data");
    world_lose(w, "ledger");
    world_restore(w);
    assert_reads(w, w->keep_account, c.his, "his");
    assert_refused(w, w->keep_history, c.seen, "6(1)(a)");
    world_reopen(w);
    assert_refused(w, w->keep_history, c.seen, "6(1)(a)");
    assert_ledger(w);
}

static void an_older_store_is_refused_until_it_is_restored(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    vault_close(&w->v);
    char command[512];
    snprintf(command, sizeof command, "cp -r '%s' '%s/old'", w->data, w->dir);
    assert_int_equal(system(command), 0);
    world_open(w);
    tighten(w, &c);
    vault_close(&w->v);
    world_lose(w, "data");
    snprintf(command, sizeof command, "mv '%s/old' '%s'", w->dir, w->data);
    assert_int_equal(system(command), 0);
    struct vault_options options = world_options(w);
    ASSERT_IS(vault_open(&options, &w->v), E_VAULT_ROLLED_BACK);
    assert_null(w->v);
}

static uint64_t share_blob(struct world *w, uint64_t owner) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = owner, .category = w->clip};
    uint64_t id = 0;
    ASSERT_OK(vault_blob_begin(w->v, &use, &meta, SLICE("video/mp4"), &id, NULL));
    ASSERT_OK(vault_blob_add(w->v, id, 0, SLICE("moving")));
    ASSERT_OK(vault_blob_finish(w->v, id));
    return id;
}

/* A file of the backup under another name, and in its place what `command` makes of it. */
static void spoil(const struct world *w, const char *name, const char *command) {
    char line[512];
    snprintf(line, sizeof line, "cd '%s/backup' && cp '%s' ../good && f='%s' && %s", w->dir, name,
             name, command);
    assert_int_equal(system(line), 0);
}

static void mend(const struct world *w, const char *name) {
    char line[256];
    snprintf(line, sizeof line, "mv '%s/good' '%s/backup/%s'", w->dir, w->dir, name);
    assert_int_equal(system(line), 0);
}

static enum error_code try_restore(struct world *w) {
    char path[WORLD_PATH];
    world_backup_path(w, path);
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    options.tentative = true;
    world_lose(w, "data");
    struct status s = vault_restore(&options, path, &w->v, &restored);
    assert_true(!failed(s) || w->v == NULL);
    vault_close(&w->v);
    return s.code;
}

#define FLIP "printf '\\377' | dd of=\"$f\" bs=1 seek=40 conv=notrunc status=none"
#define CUT  "truncate -s -1 \"$f\""
#define LONG "echo >>\"$f\""
#define GONE "rm \"$f\""

/* No file of a backup is believed unread, and the refusal says which it is. */
static void a_damaged_backup_is_refused(void **state) {
    struct world *w = *state;
    struct cast c;
    char blob[32];
    begin_story(w, &c);
    snprintf(blob, sizeof blob, "blobs/%016llx", (unsigned long long)share_blob(w, c.bob));
    world_back_up(w);
    vault_close(&w->v);
    const struct {
        const char *name;
        const char *what;
        enum error_code code;
    } tries[] = {
        {"store.db", FLIP, E_BACKUP_FILE},
        {"store.db", GONE, E_BACKUP_FILE},
        {"store.db", CUT, E_BACKUP_FILE},
        {blob, FLIP, E_BACKUP_FILE},
        {blob, CUT, E_BACKUP_FILE},
        {blob, LONG, E_BACKUP_FILE},
        {blob, GONE, E_BACKUP_FILE},
        {"manifest", CUT, E_BACKUP},
        {"manifest", LONG, E_BACKUP},
        {"manifest", GONE, E_BACKUP_UNFINISHED},
        {"keyring", GONE, OK}, /* the living one is used */
    };
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        spoil(w, tries[i].name, tries[i].what);
        assert_int_equal(try_restore(w), tries[i].code);
        if (tries[i].code == E_BACKUP_FILE) {
            assert_string_equal(vault_backup_blamed(), tries[i].name);
        }
        mend(w, tries[i].name);
    }
    assert_int_equal(try_restore(w), OK);
}

/* Each byte of the manifest counts, also those that name files. */
static void a_manifest_of_another_hand_is_refused(void **state) {
    struct world *w = *state;
    struct cast c;
    char command[256];
    begin_story(w, &c);
    share_blob(w, c.bob);
    world_back_up(w);
    vault_close(&w->v);
    for (int at = 0; at < 200; at += 9) {
        snprintf(command, sizeof command,
                 "printf '\\001' | dd of=\"$f\" bs=1 seek=%d conv=notrunc status=none", at);
        spoil(w, "manifest", command);
        enum error_code code = try_restore(w);
        snprintf(command, sizeof command, "cmp -s '%s/good' '%s/backup/manifest'", w->dir, w->dir);
        bool changed = system(command) != 0;
        assert_true(changed ? code == E_BACKUP || code == E_BACKUP_FILE : code == OK);
        mend(w, "manifest");
    }
}

static void a_damaged_copy_of_the_keyring_is_refused(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    world_back_up(w);
    vault_close(&w->v);
    world_lose(w, "keys/keyring");
    spoil(w, "keyring", FLIP);
    assert_int_equal(try_restore(w), E_BACKUP_FILE);
    assert_string_equal(vault_backup_blamed(), "keyring");
    mend(w, "keyring");
    assert_int_equal(try_restore(w), OK);
}

/* The tightening log, from byte `at` of it on: one byte flipped, or all cut off. */
static void damage(const struct world *w, long at, bool cut) {
    char path[WORLD_PATH];
    snprintf(path, sizeof path, "%s/tightenings", w->ledger);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    int byte = fgetc(f);
    assert_int_equal(fseek(f, -1, SEEK_CUR), 0);
    long here = ftell(f);
    assert_true(cut || fputc(byte ^ 1, f) != EOF);
    assert_int_equal(fclose(f), 0);
    assert_true(!cut || truncate(path, here) == 0);
}

static long tight_size(const struct world *w) {
    char path[WORLD_PATH];
    struct stat st;
    snprintf(path, sizeof path, "%s/tightenings", w->ledger);
    return stat(path, &st) == 0 ? (long)st.st_size : 0;
}

/* How the log ends after a crash: with the beginning of a frame that nobody was answered about. */
static void tear(const struct world *w) {
    static const uint8_t begun[] = {0, 0, 0, 120, 1, 2, 3, 4, 5, 6, 7, 8};
    char path[WORLD_PATH];
    snprintf(path, sizeof path, "%s/tightenings", w->ledger);
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    assert_int_equal(fwrite(begun, sizeof begun, 1, f), 1);
    assert_int_equal(fclose(f), 0);
}

static void keep_ledger(const struct world *w) {
    char command[512];
    snprintf(command, sizeof command, "cp -r '%s' '%s/ledger.whole'", w->ledger, w->dir);
    assert_int_equal(system(command), 0);
}

static void ledger_again(const struct world *w) {
    char command[512];
    world_lose(w, "ledger");
    snprintf(command, sizeof command, "cp -r '%s/ledger.whole' '%s'", w->dir, w->ledger);
    assert_int_equal(system(command), 0);
}

/* Refused; and where the owner says that it is lost, no consent is known. */
static void assert_noticed(struct world *w, const struct cast *c) {
    char path[WORLD_PATH];
    world_backup_path(w, path);
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    options.tentative = true;
    options.needs_log = true;
    world_lose(w, "data");
    ASSERT_IS(vault_restore(&options, path, &w->v, &restored), E_LOG_LOST);
    world_lose(w, "data");
    options.needs_log = false;
    ASSERT_OK(vault_restore(&options, path, &w->v, &restored));
    world_names(w);
    assert_refused(w, w->keep_history, c->seen, "6(1)(a)");
    vault_close(&w->v);
}

/* Neither a byte that flipped nor a file that was cut takes what was answered away in silence. */
static void a_damaged_tightening_log_is_noticed(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    world_back_up(w);
    long before = tight_size(w);
    tighten(w, &c);
    long whole = tight_size(w);
    ASSERT_OK(world_consent(w, c.bob, w->recommend, LAW_CONSENT_STATE_REFUSED));
    vault_close(&w->v);
    keep_ledger(w);
    const struct {
        long at;
        bool cut;
    } tries[] = {{before + 1, false}, {before + 40, false}, {-1, false},   {-40, false},
                 {-1, true},          {-40, true},          {whole, true}, {before, true}};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        damage(w, tries[i].at, tries[i].cut);
        assert_noticed(w, &c);
        ledger_again(w);
    }
}

static void a_torn_end_is_nothing(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    world_back_up(w);
    tighten(w, &c);
    vault_close(&w->v);
    tear(w);
    char path[WORLD_PATH];
    world_backup_path(w, path);
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    options.needs_log = true;
    world_lose(w, "data");
    ASSERT_OK(vault_restore(&options, path, &w->v, &restored));
    world_names(w);
    assert_tightened(w, &c);
    world_reopen(w);
    assert_tightened(w, &c);
}

/* What a lost log knew is not known again because another log has begun. */
static void what_was_lost_once_stays_unknown(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    world_back_up(w);
    ASSERT_OK(world_consent(w, c.carol, w->keep_history, LAW_CONSENT_STATE_WITHDRAWN));
    vault_close(&w->v);
    world_lose(w, "data");
    world_lose(w, "ledger/tightenings");
    world_restore(w);
    assert_refused(w, w->keep_history, c.seen, "6(1)(a)");
    ASSERT_OK(world_consent(w, c.carol, w->recommend, LAW_CONSENT_STATE_WITHDRAWN));
    vault_close(&w->v);
    world_lose(w, "data");
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    char path[WORLD_PATH];
    world_backup_path(w, path);
    options.needs_log = true;
    ASSERT_OK(vault_restore(&options, path, &w->v, &restored));
    world_names(w);
    assert_refused(w, w->keep_history, c.seen, "6(1)(a)");
}

/* Data that are not in their place yet leave the log of those that are alone. */
static void a_tentative_restore_writes_no_log(void **state) {
    struct world *w = *state;
    struct cast c;
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_COLLECT};
    uint64_t blob = 0;
    begin_story(w, &c);
    struct vault_meta meta = {.owner = c.bob, .category = w->clip};
    ASSERT_OK(vault_blob_begin(w->v, &use, &meta, SLICE("video/mp4"), &blob, NULL));
    world_back_up(w);
    vault_close(&w->v);
    world_open(w);
    vault_close(&w->v);
    long before = tight_size(w);
    world_lose(w, "data");
    char path[WORLD_PATH];
    world_backup_path(w, path);
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    options.tentative = true;
    ASSERT_OK(vault_restore(&options, path, &w->v, &restored));
    world_names(w);
    ASSERT_OK(vault_object(w->v, NULL, c.bob, w->support, true));
    vault_close(&w->v);
    ASSERT_OK(vault_open(&options, &w->v));
    vault_close(&w->v);
    assert_int_equal(tight_size(w), before);
    world_open(w);
    assert_refused(w, w->support, c.his, "21(1)");
    assert_true(tight_size(w) > before);
    /* And what stood in rows stands in the log. */
    vault_close(&w->v);
    world_lose(w, "data");
    world_restore(w);
    assert_refused(w, w->support, c.his, "21(1)");
}

static void copy_file(const struct world *w, const char *from, const char *to) {
    char command[512];
    snprintf(command, sizeof command, "cp '%s/%s' '%s/%s'", w->keys, from, w->dir, to);
    assert_int_equal(system(command), 0);
}

/* What a thief of the old root key has, with a copy of the generations: does it open today's
 * keys? */
static enum error_code open_with_old_copy(const struct world *w) {
    char path[WORLD_PATH];
    char generation[160];
    struct keyring *keys = NULL;
    copy_file(w, "keyring", "today");
    snprintf(path, sizeof path, "%s/today", w->dir);
    snprintf(generation, sizeof generation, "%s/escrow", w->dir);
    struct keyring_options how = {
        .fs = w->fs, .path = path, .generation_path = generation, .root = &w->root};
    struct status s = keyring_open(&how, &keys);
    keyring_close(&keys);
    return s.code;
}

static void another_root_key(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    vault_close(&w->v);
    struct vault_options old = world_options(w);
    struct seal_key next = seal_key_random();
    copy_file(w, "generation", "escrow");
    assert_int_equal(open_with_old_copy(w), OK);
    ASSERT_OK(vault_change_root(&old, &next));
    assert_int_equal(open_with_old_copy(w), E_GENERATION_CORRUPT);
    ASSERT_IS(vault_open(&old, &w->v), E_ROOT_KEY);
    /* Again, as after a crash: it is done already. A third key does not come in that way. */
    ASSERT_OK(vault_change_root(&old, &next));
    struct seal_key third = seal_key_random();
    ASSERT_IS(vault_change_root(&old, &third), E_ROOT_KEY);
    w->root = next;
    world_open(w);
    assert_reads(w, w->keep_account, c.his, "his");
    assert_ledger(w);
    vault_close(&w->v);
    world_lose(w, "keys");
    struct vault_options none = world_options(w);
    ASSERT_IS(vault_change_root(&none, &third), E_FILE_MISSING);
}

static void tick(struct world *w) {
    int64_t next_ms;
    ASSERT_OK(vault_tick(w->v, &next_ms));
}

/* A copy of the keyring ends with its generation, and a generation ends by itself. */
static void a_month_makes_a_new_generation(void **state) {
    struct world *w = *state;
    struct cast c;
    begin_story(w, &c);
    tick(w);
    copy_file(w, "generation", "escrow");
    w->fake.now_ms += 29 * INT64_C(86400000);
    tick(w);
    world_reopen(w);
    tick(w);
    vault_close(&w->v);
    assert_int_equal(open_with_old_copy(w), OK);
    world_open(w);
    w->fake.now_ms += 2 * INT64_C(86400000);
    tick(w);
    vault_close(&w->v);
    assert_int_equal(open_with_old_copy(w), E_GENERATION_CORRUPT);
    /* And the count begins anew, also where the clock was set back. */
    copy_file(w, "generation", "escrow");
    world_open(w);
    w->fake.now_ms -= 60 * INT64_C(86400000);
    tick(w);
    w->fake.now_ms += 29 * INT64_C(86400000);
    tick(w);
    assert_ledger(w);
    vault_close(&w->v);
    assert_int_equal(open_with_old_copy(w), OK);
    world_open(w);
    assert_reads(w, w->keep_account, c.his, "his");
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_restore_replays_what_tightened),
        TEST(what_an_heir_erased_later_goes_with_who_left),
        TEST(an_old_keyring_copy_brings_nobody_back),
        TEST(without_the_ledger_no_consent_is_known),
        TEST(an_older_store_is_refused_until_it_is_restored),
        TEST(a_damaged_backup_is_refused),
        TEST(a_manifest_of_another_hand_is_refused),
        TEST(a_damaged_copy_of_the_keyring_is_refused),
        TEST(a_damaged_tightening_log_is_noticed),
        TEST(a_torn_end_is_nothing),
        TEST(what_was_lost_once_stays_unknown),
        TEST(a_tentative_restore_writes_no_log),
        TEST(another_root_key),
        TEST(a_month_makes_a_new_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
