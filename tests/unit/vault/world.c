#include "world.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger.h"
#include "ledger/verify.h"

static const char map_text[] =
    "map test \"A service of the tests\"\n"
    "  name      \"Tests B.V.\"\n"
    "  address   \"Amsterdam\"\n"
    "  contact   \"privacy@test.example\"\n"
    "  officer   \"dpo@test.example\"\n"
    "  country   NL\n"
    "  size      large\n"
    "  directed_to_children true\n"
    "category account \"Account\"\n"
    "  keep      account\n"
    "category watch-history \"What you watched\"\n"
    "  keep      30 days\n"
    "category clip \"Clips\"\n"
    "  keep      deleted\n"
    "category message \"Messages\"\n"
    "  keep      deleted\n"
    "purpose keep-account \"Keep your account\"\n"
    "  is        account\n"
    "  basis     contract\n"
    "  necessary \"an account is nothing but what is kept of it\"\n"
    "  uses account for collect, store, use, erase\n"
    "purpose keep-history \"Keep your history\"\n"
    "  basis     consent\n"
    "  uses watch-history for collect, store, use, erase\n"
    "purpose recommend \"Choose videos\"\n"
    "  is        profiling\n"
    "  basis     consent\n"
    "  uses watch-history for use\n"
    "purpose share-clip \"Share\"\n"
    "  basis     contract\n"
    "  necessary \"what is shared must be kept\"\n"
    "  uses clip for collect, store, use, publish, erase\n"
    "purpose messages \"Write to each other\"\n"
    "  basis     contract\n"
    "  necessary \"a message must be kept to be read\"\n"
    "  uses message for collect, store, use, erase\n"
    "purpose support \"Help\"\n"
    "  basis     legitimate-interests\n"
    "  necessary \"a question cannot be answered without looking\"\n"
    "  uses account, watch-history, clip, message for use\n"
    "purpose fulfil-rights \"Do what is owed\"\n"
    "  basis     legal-obligation\n"
    "  necessary \"rights are owed by law\"\n"
    "  uses account, watch-history, clip, message for use, collect, disclose, restrict, erase\n"
    "recipient relay \"A company that carries\"\n"
    "  role      processor\n"
    "  country   NL\n"
    "  is        contract\n"
    "  receives  account, watch-history for fulfil-rights\n";

static void fail_with(const struct law_report *r) {
    for (size_t i = 0; i < r->count; i++) {
        struct buf b CLEANUP(buf_done);
        buf_init(&b, 1 << 16);
        if (r->items[i].severity == LAW_ERROR && !failed(law_diagnostic_format(&r->items[i], &b))) {
            fwrite(b.ptr, 1, b.len, stdout);
        }
    }
    abort();
}

static struct slice read_whole(const char *path) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size_t len = (size_t)ftell(f);
    rewind(f);
    uint8_t *text = malloc(len + 1);
    assert_int_equal(fread(text, 1, len, f), len);
    fclose(f);
    return slice_of(text, len);
}

const struct law_set *world_laws(void) {
    static struct law_set *set;
    if (set != NULL) {
        return set;
    }
    struct law_source sources[LAW_MAX_FILES];
    glob_t found;
    assert_int_equal(glob(WARD_SOURCE "/law/*.law", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        sources[i].name = slice_str(strrchr(found.gl_pathv[i], '/') + 1);
        sources[i].text = read_whole(found.gl_pathv[i]);
    }
    struct law_report report;
    law_report_init(&report);
    if (failed(law_set_load(sources, found.gl_pathc, &report, &set))) {
        fail_with(&report);
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        free((void *)(uintptr_t)sources[i].text.ptr);
    }
    law_report_done(&report);
    globfree(&found);
    return set;
}

const struct law_map *world_map(void) {
    static struct law_map *map;
    if (map != NULL) {
        return map;
    }
    struct law_source source = {SLICE("test.map"), slice_str(map_text)};
    struct law_report report;
    law_report_init(&report);
    if (failed(law_map_load(&source, &report, &map))) {
        fail_with(&report);
    }
    law_report_done(&report);
    return map;
}

struct vault_options world_options(const struct world *w) {
    return (struct vault_options){
        .fs = w->fs,
        .clock = &w->clock,
        .data_dir = w->data,
        .keys_dir = w->keys,
        .ledger_dir = w->ledger,
        .root = &w->root,
        .laws = world_laws(),
        .map = world_map(),
        .ledger_origin = "test.example/log",
        .cache_bytes = 4 << 20,
        .sqlite_vfs = w->vfs,
    };
}

void world_names(struct world *w) {
    ASSERT_OK(vault_purpose(w->v, SLICE("keep-account"), &w->keep_account));
    ASSERT_OK(vault_purpose(w->v, SLICE("keep-history"), &w->keep_history));
    ASSERT_OK(vault_purpose(w->v, SLICE("recommend"), &w->recommend));
    ASSERT_OK(vault_purpose(w->v, SLICE("share-clip"), &w->share));
    ASSERT_OK(vault_purpose(w->v, SLICE("messages"), &w->messages));
    ASSERT_OK(vault_purpose(w->v, SLICE("support"), &w->support));
    ASSERT_OK(vault_purpose(w->v, SLICE("fulfil-rights"), &w->rights));
    ASSERT_OK(vault_category(w->v, SLICE("account"), &w->account));
    ASSERT_OK(vault_category(w->v, SLICE("watch-history"), &w->history));
    ASSERT_OK(vault_category(w->v, SLICE("clip"), &w->clip));
    ASSERT_OK(vault_category(w->v, SLICE("message"), &w->message));
    ASSERT_OK(vault_recipient(w->v, SLICE("relay"), &w->relay));
}

struct status world_try_open(struct world *w) {
    struct vault_options options = world_options(w);
    return vault_open(&options, &w->v);
}

void world_open(struct world *w) {
    ASSERT_OK(world_try_open(w));
    world_names(w);
}

void world_reopen(struct world *w) {
    vault_close(&w->v);
    world_open(w);
}

void world_begin_at(struct world *w, const struct os_fs *fs, const char *vfs, const char *dir) {
    *w = (struct world){.fs = fs, .vfs = vfs};
    w->fake.now_ms = (int64_t)WORLD_START_S * 1000;
    w->clock = os_clock_fake(&w->fake);
    memset(w->root.bytes, 7, sizeof w->root.bytes);
    snprintf(w->dir, sizeof w->dir, "%s", dir);
    snprintf(w->data, sizeof w->data, "%s/data", w->dir);
    snprintf(w->keys, sizeof w->keys, "%s/keys", w->dir);
    snprintf(w->ledger, sizeof w->ledger, "%s/ledger", w->dir);
}

void world_begin(struct world *w) {
    char dir[] = "/tmp/ward-vault-XXXXXX";
    assert_non_null(mkdtemp(dir));
    world_begin_at(w, os_fs_real(), NULL, dir);
    w->clock.self = &w->fake;
    world_open(w);
}

void world_end(struct world *w) {
    vault_close(&w->v);
    if (strncmp(w->dir, "/tmp/ward-vault-", 16) == 0) {
        char command[128];
        snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
        assert_int_equal(system(command), 0);
    }
}

int world_setup(void **state) {
    struct world *w = calloc(1, sizeof *w);
    world_begin(w);
    *state = w;
    return 0;
}

int world_teardown(void **state) {
    world_end(*state);
    free(*state);
    return 0;
}

void world_backup_path(const struct world *w, char to[WORLD_PATH]) {
    snprintf(to, WORLD_PATH, "%s/backup", w->dir);
}

void world_back_up(struct world *w) {
    char path[WORLD_PATH];
    world_backup_path(w, path);
    ASSERT_OK(vault_backup(w->v, path));
    ASSERT_IS(vault_backup(w->v, path), E_BACKUP_EXISTS);
}

void world_lose(const struct world *w, const char *what) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s/%s'", w->dir, what);
    assert_int_equal(system(command), 0);
}

uint64_t world_restore(struct world *w) {
    char path[WORLD_PATH];
    world_backup_path(w, path);
    struct vault_options options = world_options(w);
    struct vault_restored restored = {.replayed = 0};
    ASSERT_OK(vault_restore(&options, path, &w->v, &restored));
    world_names(w);
    return restored.replayed;
}

static struct vault_facts facts_of(const char *birth) {
    struct vault_facts f = {.age_kind = VAULT_AGE_BIRTH,
                            .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                            .country = "NL",
                            .language = "nl"};
    ASSERT_OK(date_parse(slice_str(birth), &f.birth));
    f.notice = (struct vault_notice){.language = "nl",
                                     .shown = true,
                                     .child_friendly = true,
                                     .names_transfers = true,
                                     .retention_schedule = true};
    return f;
}

uint64_t world_adult(struct world *w, const char *mail) {
    struct vault_facts facts = facts_of("1990-05-01");
    struct vault_tag tag = {SLICE("mail"), slice_str(mail)};
    uint64_t id = 0;
    ASSERT_OK(vault_subject_add(w->v, NULL, VAULT_ACTIVE, &facts, &tag, 1, &id));
    return id;
}

uint64_t world_child(struct world *w, const char *birth) {
    struct vault_facts facts = facts_of(birth);
    uint64_t id = 0;
    ASSERT_OK(vault_subject_add(w->v, NULL, VAULT_ACTIVE, &facts, NULL, 0, &id));
    return id;
}

struct status world_consent(struct world *w, uint64_t subject, uint8_t purpose, uint8_t state) {
    struct vault_consent consent = {.purpose = purpose,
                                    .state = state,
                                    .giver = LAW_CONSENT_GIVER_SELF,
                                    .is_explicit = true,
                                    .by = subject};
    consent.notice = (struct vault_notice){.language = "nl",
                                           .shown = true,
                                           .child_friendly = true,
                                           .names_transfers = true,
                                           .retention_schedule = true};
    struct vault_actor self = {.session = 1, .subject = subject};
    return vault_consent_set(w->v, &self, subject, &consent);
}

struct status world_put(struct world *w, uint64_t owner, uint8_t purpose, uint8_t category,
                        const char *text, uint64_t *ret_id) {
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = owner, .category = category};
    return vault_put(w->v, &use, &meta, slice_str(text), ret_id, NULL);
}

struct status world_read(struct world *w, uint8_t purpose, uint64_t id, char *to, size_t size) {
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_USE};
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, size - 1);
    struct status status = vault_read(w->v, &use, id, &plain, NULL, NULL);
    if (!failed(status)) {
        memcpy(to, plain.ptr, plain.len);
        to[plain.len] = '\0';
    }
    return status;
}

void assert_reads(struct world *w, uint8_t purpose, uint64_t id, const char *text) {
    char got[4096];
    ASSERT_OK(world_read(w, purpose, id, got, sizeof got));
    assert_string_equal(got, text);
}

void assert_refused(struct world *w, uint8_t purpose, uint64_t id, const char *article) {
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_USE};
    struct vault_answer answer;
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 4096);
    ASSERT_IS(vault_read(w->v, &use, id, &plain, NULL, &answer), E_DENIED);
    assert_int_equal(plain.len, 0);
    assert_false(answer.permit);
    assert_true(law_answer_met(world_laws(), &answer.law, -1, slice_str(article)));
}

uint64_t world_count(struct world *w, struct vault_query query) {
    uint64_t count = 0;
    ASSERT_OK(vault_count(w->v, &query, &count));
    return count;
}

/* Publishes what waits. */
static void verify(struct world *w, struct verify_log_report *ret_report) {
    struct buf vkey CLEANUP(buf_done);
    struct buf note CLEANUP(buf_done);
    buf_init(&vkey, 1024);
    buf_init(&note, NOTE_MAX);
    ASSERT_OK(vault_checkpoint(w->v, &note));
    ASSERT_OK(vault_log_key(w->v, &vkey));
    struct note_vkey log;
    ASSERT_OK(note_vkey_parse(buf_slice(&vkey), &log));
    char dir[128];
    snprintf(dir, sizeof dir, "%s/log", w->ledger);
    struct verify_log_options options = {.fs = w->fs, .dir = dir, .log = &log};
    ASSERT_OK(verify_log(&options, ret_report));
}

void assert_ledger(struct world *w) {
    struct verify_log_report report;
    verify(w, &report);
    assert_int_equal(report.size, vault_stats(w->v).leaves);
}

uint64_t world_leaves(struct world *w, uint8_t kind) {
    struct verify_log_report report;
    verify(w, &report);
    return report.kinds[kind];
}
