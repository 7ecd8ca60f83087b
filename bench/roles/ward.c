/* Ward, embedded: the vault as a library. Every answer is decided for each person and category,
 * recorded in the ledger, and payloads are sealed; nothing is switched off for the measurement. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "law/map.h"
#include "ledger/leaf.h"
#include "names.h"
#include "roles.h"
#include "vault/erase.h"
#include "vault/people.h"

enum { BATCH_OPS = 512 };
static const double batch_s = 0.5;

struct ward {
    struct vault *v;
    struct config config;
    struct os_clock clock;
    struct seal_key root;
    uint64_t *subject; /* of a user */
    uint64_t *id;      /* of a key; 0: never stored */
    uint32_t *key;     /* of an id */
    uint32_t *user;    /* of a subject */
    size_t ids, subjects;
    struct names names;
    unsigned in_batch;
    double batch_since, next_tick;
};

static void must(struct status s, const char *what) {
    if (failed(s)) {
        die("ward: %s: %s: %s", what, error_info(s.code)->name, error_info(s.code)->cause);
    }
}

/* Law and data map ---------------------------------------------------------------------- */

static char *read_whole(const char *path, size_t *ret_len) {
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        die("cannot read %s", path);
    }
    char *text = need(1, 1 << 20);
    *ret_len = fread(text, 1, 1 << 20, f);
    fclose(f);
    return text;
}

static const struct law_set *laws(const char *source_dir) {
    static struct law_set *set;
    struct law_source sources[LAW_MAX_FILES];
    char pattern[512];
    glob_t found;
    if (set != NULL) {
        return set;
    }
    snprintf(pattern, sizeof pattern, "%s/law/*.law", source_dir);
    if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc > LAW_MAX_FILES) {
        die("no laws in %s", pattern);
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t len = 0;
        char *text = read_whole(found.gl_pathv[i], &len);
        sources[i].name = slice_str(strrchr(found.gl_pathv[i], '/') + 1);
        sources[i].text = slice_of((const uint8_t *)text, len);
    }
    struct law_report report;
    law_report_init(&report);
    must(law_set_load(sources, found.gl_pathc, &report, &set), "laws");
    law_report_done(&report);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        free((void *)(uintptr_t)sources[i].text.ptr);
    }
    globfree(&found);
    return set;
}

static const struct law_map *map(void) {
    static struct law_map *made;
    struct buf text CLEANUP(buf_done);
    struct law_report report;
    buf_init(&text, 1 << 20);
    if (made != NULL) {
        return made;
    }
    names_map(&text);
    struct law_source source = {SLICE("bench.map"), buf_slice(&text)};
    law_report_init(&report);
    struct status s = law_map_load(&source, &report, &made);
    for (size_t i = 0; failed(s) && i < report.count; i++) {
        struct buf line CLEANUP(buf_done);
        buf_init(&line, 1 << 16);
        must(law_diagnostic_format(&report.items[i], &line), "report");
        fwrite(line.ptr, 1, line.len, stderr);
    }
    must(s, "data map");
    law_report_done(&report);
    return made;
}

static void open_vault(const struct config *config, const struct os_clock *clock,
                       const struct seal_key *root, struct vault **ret) {
    char data[512], keys[512], ledger[512];
    snprintf(data, sizeof data, "%s/data", config->dir);
    snprintf(keys, sizeof keys, "%s/keys", config->dir);
    snprintf(ledger, sizeof ledger, "%s/ledger", config->dir);
    struct vault_options options = {.fs = os_fs_real(),
                                    .clock = clock,
                                    .data_dir = data,
                                    .keys_dir = keys,
                                    .ledger_dir = ledger,
                                    .root = root,
                                    .laws = laws(config->source),
                                    .map = map(),
                                    .ledger_origin = "bench.example/log",
                                    .cache_bytes = (size_t)512 << 20};
    must(vault_open(&options, ret), "open");
}

struct ward_vault ward_vault_open(const struct config *config) {
    static struct os_clock clock;
    struct seal_key root = seal_key_random();
    struct ward_vault w = {.laws = laws(config->source)};
    clock = os_clock_real();
    open_vault(config, &clock, &root, &w.v);
    seal_key_done(&root);
    return w;
}

/* Names and numbers --------------------------------------------------------------------- */

static void look_up(struct ward *w) {
    struct names *n = &w->names;
    for (unsigned i = 0; i < PURPOSES; i++) {
        must(vault_purpose(w->v, names_name("purpose", i), &n->purpose[i]), "purpose");
    }
    for (unsigned i = 0; i < OBJECTIONS; i++) {
        must(vault_purpose(w->v, names_name("obj", i), &n->objection[i]), "objection");
    }
    for (unsigned i = 0; i < TENS; i++) {
        must(vault_category(w->v, names_name("cat", i), &n->category[i]), "category");
        must(vault_recipient(w->v, names_name("shr", i), &n->recipient[i]), "recipient");
        must(vault_origin(w->v, names_name("acl", i), &n->access_list[i]), "access list");
        must(vault_origin(w->v, names_name("src", i), &n->source[i]), "source");
    }
    must(vault_purpose(w->v, SLICE("fulfil-rights"), &n->rights), "purpose");
    names_known(n);
}

/* Batches ------------------------------------------------------------------------------- */

static void commit(struct ward *w) {
    if (w->in_batch > 0) {
        must(vault_commit_batch(w->v), "commit");
        w->in_batch = 0;
    }
}

/* Where a second may be lost, as the other stores are allowed to lose one. */
static void join_batch(struct ward *w) {
    if (w->config.each) {
        return;
    }
    if (w->in_batch == 0) {
        must(vault_begin_batch(w->v), "begin");
        w->batch_since = now_s();
    }
    w->in_batch++;
}

static void tick(void *self) {
    struct ward *w = self;
    bool due = now_s() >= w->next_tick;
    int64_t next_ms = 0;
    if (due || w->in_batch >= BATCH_OPS ||
        (w->in_batch > 0 && now_s() - w->batch_since > batch_s)) {
        commit(w);
    }
    if (!due) {
        return;
    }
    must(vault_tick(w->v, &next_ms), "tick");
    w->next_tick = now_s() + 0.2;
}

/* Opening and loading -------------------------------------------------------------------- */

static void *ward_open(const struct config *config) {
    struct ward *w = need(1, sizeof *w);
    w->config = *config;
    w->clock = os_clock_real();
    w->root = seal_key_random();
    w->subject = need(config->users, sizeof *w->subject);
    w->ids = (size_t)config->records * 2 + 1000000;
    w->id = need(w->ids, sizeof *w->id);
    w->key = need(w->ids, sizeof *w->key);
    w->subjects = config->users + 1024;
    w->user = need(w->subjects, sizeof *w->user);
    open_vault(&w->config, &w->clock, &w->root, &w->v);
    look_up(w);
    return w;
}

const struct vault_facts *ward_adult(void) {
    static struct vault_facts adult = {.age_kind = VAULT_AGE_BIRTH,
                                       .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                                       .country = "NL",
                                       .language = "nl",
                                       .notice = {.language = "nl",
                                                  .shown = true,
                                                  .child_friendly = true,
                                                  .names_transfers = true,
                                                  .retention_schedule = true}};
    adult.birth = date_from_civil((struct civil){1990, 5, 1});
    return &adult;
}

static void add_people(struct ward *w) {
    for (uint32_t i = 0; i < w->config.users; i++) {
        if (i % 4096 == 0) {
            must(vault_begin_batch(w->v), "begin");
        }
        must(vault_subject_add(w->v, NULL, VAULT_ACTIVE, ward_adult(), NULL, 0, &w->subject[i]),
             "person");
        if (w->subject[i] >= w->subjects) {
            die("ward: a subject's number is larger than thought");
        }
        w->user[w->subject[i]] = i;
        if (i % 4096 == 4095 || i + 1 == w->config.users) {
            must(vault_commit_batch(w->v), "commit");
        }
    }
}

static void put(struct ward *w, const struct record *r, const char *data) {
    struct vault_use use = {.purpose = w->names.purpose[r->purpose],
                            .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = names_meta(&w->names, r);
    meta.owner = w->subject[r->user];
    uint64_t id = 0;
    struct slice payload = slice_of((const uint8_t *)data, DATA_BYTES);
    must(vault_put(w->v, &use, &meta, payload, &id, NULL), "put");
    if (id >= w->ids || r->key >= w->ids) {
        die("ward: a record's number is larger than thought");
    }
    w->id[r->key] = id;
    w->key[id] = r->key;
}

static void ward_load(void *self, const struct record *records, size_t count) {
    struct ward *w = self;
    char data[DATA_BYTES];
    int64_t next_ms = 0;
    add_people(w);
    for (size_t i = 0; i < count; i++) {
        if (i % 4096 == 0) {
            must(vault_begin_batch(w->v), "begin");
        }
        data_of(records[i].key, 0, data);
        put(w, &records[i], data);
        if (i % 4096 == 4095 || i + 1 == count) {
            must(vault_commit_batch(w->v), "commit");
            must(vault_tick(w->v, &next_ms), "tick");
        }
    }
}

static void ward_settle(void *self) {
    struct ward *w = self;
    commit(w);
    vault_close(&w->v);
    open_vault(&w->config, &w->clock, &w->root, &w->v);
    look_up(w);
}

static void ward_close(void **self) {
    struct ward *w = *self;
    commit(w);
    vault_close(&w->v);
    free(w->subject);
    free(w->id);
    free(w->key);
    free(w->user);
    free(w);
    *self = NULL;
}

/* Operations ---------------------------------------------------------------------------- */

static uint64_t id_of(const struct ward *w, uint32_t key) {
    return key < w->ids && w->id[key] != 0 ? w->id[key] : UINT32_MAX;
}

static void ward_insert(void *self, const struct record *r, const char *data) {
    struct ward *w = self;
    join_batch(w);
    put(w, r, data);
}

static enum found ward_delete(void *self, uint32_t key) {
    struct ward *w = self;
    struct vault_use use = {.purpose = w->names.rights, .operation = LAW_OPERATION_ERASE};
    struct vault_query query = {.id = id_of(w, key)};
    struct vault_found found;
    join_batch(w);
    must(vault_delete(w->v, &use, &query, &found), "delete");
    return found.permitted == 1 ? FOUND : NONE;
}

static enum found of_status(struct status s, const char *what) {
    if (s.code == E_NO_RECORD) {
        return NONE;
    }
    if (s.code == E_DENIED || s.code == E_UNDECLARED) {
        return DENIED;
    }
    must(s, what);
    return FOUND;
}

static enum found ward_read(void *self, const struct record *r, char *ret_data) {
    struct ward *w = self;
    struct vault_use use = {.purpose = w->names.purpose[r->purpose],
                            .operation = LAW_OPERATION_USE};
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, DATA_BYTES);
    join_batch(w);
    struct status s = vault_read(w->v, &use, id_of(w, r->key), &plain, NULL, NULL);
    if (!failed(s) && plain.len == DATA_BYTES) {
        memcpy(ret_data, plain.ptr, DATA_BYTES);
    }
    return of_status(s, "read");
}

static enum found ward_rewrite(void *self, uint32_t key, const char *data) {
    struct ward *w = self;
    struct vault_use use = {.purpose = w->names.rights, .operation = LAW_OPERATION_COLLECT};
    struct slice payload = slice_of((const uint8_t *)data, DATA_BYTES);
    join_batch(w);
    struct status s = vault_rewrite(w->v, &use, id_of(w, key), payload, NULL);
    return of_status(s, "rewrite");
}

struct take {
    struct ward *w;
    struct answer *a;
};

static struct status take(void *arg, const struct vault_meta *meta, struct slice payload) {
    struct take *t = arg;
    const struct ward *w = t->w;
    (void)payload;
    *answer_add(t->a) = names_record(&w->names, meta, w->key[meta->id], w->user[meta->owner]);
    return STATUS_OK;
}

static void select_meta(struct ward *w, uint8_t purpose, const struct vault_query *query,
                        struct answer *ret) {
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_USE};
    struct vault_found found;
    struct take t = {w, ret};
    ret->count = 0;
    join_batch(w);
    must(vault_find_meta(w->v, &use, query, take, &t, &found), "find");
}

static void ward_meta_by_purpose(void *self, uint8_t purpose, struct answer *ret) {
    struct ward *w = self;
    struct vault_query query = {.purposes = UINT64_C(1) << w->names.purpose[purpose]};
    select_meta(w, w->names.purpose[purpose], &query, ret);
}

static void ward_meta_by_user(void *self, uint32_t user, struct answer *ret) {
    struct ward *w = self;
    struct vault_query query = {.owner = w->subject[user]};
    select_meta(w, w->names.rights, &query, ret);
}

static void change(struct ward *w, uint8_t purpose, const struct vault_query *query,
                   struct change c, struct answer *ret) {
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_USE};
    struct vault_change to = names_change(&w->names, c);
    struct vault_found found;
    join_batch(w);
    must(vault_change(w->v, &use, query, &to, &found), "change");
    ret->changed = found.permitted;
}

static void ward_change_by_purpose(void *self, uint8_t purpose, struct change c,
                                   struct answer *ret) {
    struct ward *w = self;
    struct vault_query query = {.purposes = UINT64_C(1) << w->names.purpose[purpose]};
    change(w, w->names.purpose[purpose], &query, c, ret);
}

static void ward_change_by_user(void *self, uint32_t user, struct change c, struct answer *ret) {
    struct ward *w = self;
    struct vault_query query = {.owner = w->subject[user]};
    change(w, w->names.rights, &query, c, ret);
}

struct entries {
    struct answer *a;
    uint64_t subject, last; /* leaf */
};

static struct status take_entry(void *arg, uint64_t leaf, uint8_t kind, int64_t at_ms,
                                struct slice content) {
    struct entries *e = arg;
    struct logged entry = {.kind = names_logged(leaf_kind_text(kind)), .index = leaf};
    (void)at_ms;
    names_opened(content, e->subject, &entry);
    answer_log(e->a, entry);
    e->a->changed += leaf != e->last;
    e->last = leaf;
    return STATUS_OK;
}

/* The entries of the ledger that concern one person, opened with that person's key. */
static void ward_log(void *self, uint32_t user, size_t lines, struct answer *ret) {
    struct ward *w = self;
    struct entries e = {ret, w->subject[user], UINT64_MAX};
    ret->changed = 0;
    must(vault_entries(w->v, w->subject[user], 0, lines, take_entry, &e), "entries");
}

static enum log_promise ward_promise(void *self) {
    (void)self;
    return LOG_PERSON;
}

/* They came with what they say. */
static void ward_logged(void *self, uint32_t user, bool exact, struct answer *io) {
    (void)self;
    (void)user;
    (void)exact;
    (void)io;
}

static bool ward_is_there(void *self, uint32_t key) {
    struct ward *w = self;
    struct vault_query query = {.id = id_of(w, key)};
    uint64_t count = 0;
    must(vault_count(w->v, &query, &count), "count");
    return count > 0;
}

static uint64_t ward_count(void *self) {
    const struct ward *w = self;
    return vault_stats(w->v).records;
}

static uint64_t ward_bytes(void *self) {
    const struct ward *w = self;
    return tree_bytes(w->config.dir, NULL);
}

const struct engine engine_ward = {
    .name = "ward",
    .open = ward_open,
    .load = ward_load,
    .settle = ward_settle,
    .insert = ward_insert,
    .delete = ward_delete,
    .read = ward_read,
    .rewrite = ward_rewrite,
    .meta_by_purpose = ward_meta_by_purpose,
    .meta_by_user = ward_meta_by_user,
    .change_by_purpose = ward_change_by_purpose,
    .change_by_user = ward_change_by_user,
    .promise = ward_promise,
    .log = ward_log,
    .logged = ward_logged,
    .is_there = ward_is_there,
    .count = ward_count,
    .tick = tick,
    .bytes = ward_bytes,
    .close = ward_close,
};
