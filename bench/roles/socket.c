/* Ward through its socket: a program as any other, registered with a guard of its own, asks one
 * request after the other with libward. The guard has each change on disk before it answers. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard.h"
#include "ledger/receipt.h"
#include "names.h"

enum { LOADERS = 64 };

struct socket_ward {
    struct bench_guard guard;
    struct names names;
    uint32_t users;
    uint64_t *subject;    /* of a user */
    _Atomic uint64_t *id; /* of a key; 0: never stored */
    uint32_t *key;        /* of an id */
    uint32_t *user;       /* of a subject */
    size_t ids, subjects;
    char notice[65];
    struct note_vkey log;
};

static const uint16_t refusals[] = {E_NOT_FOUND, E_DENIED, E_UNDECLARED, 0};

/* Names ----------------------------------------------------------------------------------- */

static uint64_t number_of(const struct api_value *list, struct slice name) {
    for (size_t i = 0; i < list->list.count; i++) {
        const struct api_value *v = list->list.items[i].fields;
        if (slice_eq(v[TYP_NUMBER_NAME].bytes, name)) {
            return v[TYP_NUMBER_NUMBER].n;
        }
    }
    die("socket: %.*s has no number", SLICE_ARG(name));
}

static void learn_notice(struct socket_ward *w, const struct api_value *notices) {
    for (size_t i = 0; i < notices->list.count; i++) {
        const struct api_value *v = notices->list.items[i].fields;
        if (slice_eq(v[TYP_NOTICE_LANGUAGE].bytes, SLICE("nl")) && v[TYP_NOTICE_CHILD].yes) {
            memcpy(w->notice, v[TYP_NOTICE_VERSION].bytes.ptr, 64);
        }
    }
}

static void learn_names(struct socket_ward *w) {
    struct ward_answer answer;
    struct names *n = &w->names;
    bench_guard_ask(&w->guard, API_PROGRAM_NAMES, NULL, &answer, NULL);
    const struct api_value *purposes = &answer.fields[ANS_PROGRAM_NAMES_PURPOSES];
    const struct api_value *own = &answer.fields[ANS_PROGRAM_NAMES_NAMES];
    for (unsigned i = 0; i < PURPOSES; i++) {
        n->purpose[i] = (uint8_t)number_of(purposes, names_name("purpose", i));
    }
    for (unsigned i = 0; i < OBJECTIONS; i++) {
        n->objection[i] = (uint8_t)number_of(purposes, names_name("obj", i));
    }
    for (unsigned i = 0; i < TENS; i++) {
        n->category[i] =
            (uint8_t)number_of(&answer.fields[ANS_PROGRAM_NAMES_CATEGORIES], names_name("cat", i));
        n->recipient[i] =
            (uint8_t)number_of(&answer.fields[ANS_PROGRAM_NAMES_RECIPIENTS], names_name("shr", i));
        n->access_list[i] = (uint16_t)number_of(own, names_name("acl", i));
        n->source[i] = (uint16_t)number_of(own, names_name("src", i));
    }
    n->rights = (uint8_t)number_of(purposes, SLICE("fulfil-rights"));
    names_known(n);
    learn_notice(w, &answer.fields[ANS_PROGRAM_NAMES_NOTICES]);
    if (failed(note_vkey_parse(answer.fields[ANS_PROGRAM_NAMES_LEDGER_KEY].bytes, &w->log))) {
        die("socket: the log has no key");
    }
    ward_answer_done(&answer);
}

/* Loading: many connections, whose requests share rounds ------------------------------------ */

static uint64_t add_person(struct socket_ward *w, const char *birth) {
    struct ward_answer answer;
    struct api_value args[ARG_PERSON_ADD__COUNT] = {
        [ARG_PERSON_ADD_REFERENCE] = api_text(""),  [ARG_PERSON_ADD_BIRTH_DATE] = api_text(birth),
        [ARG_PERSON_ADD_COUNTRY] = api_text("NL"),  [ARG_PERSON_ADD_REGION] = api_text(""),
        [ARG_PERSON_ADD_LANGUAGE] = api_text("nl"), [ARG_PERSON_ADD_NOTICE] = api_text(w->notice),
    };
    bench_guard_ask(&w->guard, API_PERSON_ADD, args, &answer, NULL);
    uint64_t person = answer.fields[ANS_PERSON_ADD_PERSON].n;
    ward_answer_done(&answer);
    return person;
}

static void put(struct socket_ward *w, const struct record *r, const char *data) {
    struct ward_answer answer;
    struct vault_meta meta = names_meta(&w->names, r);
    struct api_value args[ARG_RECORD_PUT__COUNT] = {
        [ARG_RECORD_PUT_PURPOSE] = api_n(w->names.purpose[r->purpose]),
        [ARG_RECORD_PUT_PERSON] = api_n(w->subject[r->user]),
        [ARG_RECORD_PUT_CATEGORY] = api_n(meta.category),
        [ARG_RECORD_PUT_PURPOSES] = api_n(meta.purposes),
        [ARG_RECORD_PUT_OBJECTIONS] = api_n(meta.objections),
        [ARG_RECORD_PUT_SHARES] = api_n(meta.shares),
        [ARG_RECORD_PUT_DECISION] = api_yes((meta.flags & VAULT_DECISION) != 0),
        [ARG_RECORD_PUT_ORIGIN] = api_n(meta.origin),
        [ARG_RECORD_PUT_ACCESS_LIST] = api_n(meta.access_list),
        [ARG_RECORD_PUT_EXPIRES_AT] = api_time(meta.expires_s * 1000),
        [ARG_RECORD_PUT_PAYLOAD] = api_bytes(slice_of((const uint8_t *)data, DATA_BYTES)),
    };
    bench_guard_ask(&w->guard, API_RECORD_PUT, args, &answer, NULL);
    uint64_t id = answer.fields[ANS_RECORD_PUT_RECORD].n;
    ward_answer_done(&answer);
    if (id >= w->ids || r->key >= w->ids) {
        die("socket: a record's number is larger than thought");
    }
    w->id[r->key] = id;
    w->key[id] = r->key;
}

struct loading {
    struct socket_ward *w;
    const struct record *records; /* NULL: people */
    atomic_size_t next;
    size_t count;
};

static void *load_some(void *arg) {
    struct loading *l = arg;
    char data[DATA_BYTES];
    for (size_t i = l->next++; i < l->count; i = l->next++) {
        if (l->records == NULL) {
            l->w->subject[i] = add_person(l->w, "1990-05-01");
            continue;
        }
        data_of(l->records[i].key, 0, data);
        put(l->w, &l->records[i], data);
    }
    return NULL;
}

static void load_all(struct socket_ward *w, const struct record *records, size_t count) {
    struct loading l = {.w = w, .records = records, .count = count};
    pthread_t threads[LOADERS];
    for (size_t i = 0; i < LOADERS; i++) {
        if (pthread_create(&threads[i], NULL, load_some, &l) != 0) {
            die("no thread");
        }
    }
    for (size_t i = 0; i < LOADERS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void socket_load(void *self, const struct record *records, size_t count) {
    struct socket_ward *w = self;
    load_all(w, NULL, w->users);
    for (uint32_t i = 0; i < w->users; i++) {
        if (w->subject[i] >= w->subjects) {
            die("socket: a person's number is larger than thought");
        }
        w->user[w->subject[i]] = i;
    }
    load_all(w, records, count);
}

/* Life ------------------------------------------------------------------------------------ */

static void *socket_open(const struct config *config) {
    struct socket_ward *w = need(1, sizeof *w);
    w->users = config->users;
    w->subject = need(config->users, sizeof *w->subject);
    w->ids = (size_t)config->records * 2 + 1000000;
    w->id = need(w->ids, sizeof *w->id);
    w->key = need(w->ids, sizeof *w->key);
    w->subjects = config->users + 1024;
    w->user = need(w->subjects, sizeof *w->user);
    bench_guard_open(&w->guard, config);
    learn_names(w);
    return w;
}

static void socket_settle(void *self) {
    struct socket_ward *w = self;
    bench_guard_again(&w->guard);
}

static void socket_close(void **self) {
    struct socket_ward *w = *self;
    bench_guard_close(&w->guard);
    free(w->subject);
    free(w->id);
    free(w->key);
    free(w->user);
    free(w);
    *self = NULL;
}

/* Operations ------------------------------------------------------------------------------ */

static enum found of_code(uint16_t code) {
    return code == OK ? FOUND : code == E_NOT_FOUND ? NONE : DENIED;
}

static uint64_t id_of(const struct socket_ward *w, uint32_t key) {
    return key < w->ids && w->id[key] != 0 ? w->id[key] : UINT32_MAX;
}

static void socket_insert(void *self, const struct record *r, const char *data) {
    put(self, r, data);
}

static enum found socket_delete(void *self, uint32_t key) {
    struct socket_ward *w = self;
    struct ward_answer answer;
    struct api_value query[TYP_QUERY__COUNT] = {[TYP_QUERY_RECORD] = api_n(id_of(w, key))};
    struct api_value args[ARG_RECORD_DELETE__COUNT] = {
        [ARG_RECORD_DELETE_PURPOSE] = api_n(w->names.rights),
        [ARG_RECORD_DELETE_QUERY] = {.fields = query}};
    bench_guard_ask(&w->guard, API_RECORD_DELETE, args, &answer, NULL);
    bool one = answer.fields[ANS_RECORD_DELETE_DELETED].n == 1;
    ward_answer_done(&answer);
    return one ? FOUND : NONE;
}

static enum found socket_read(void *self, const struct record *r, char *ret_data) {
    struct socket_ward *w = self;
    struct ward_answer answer;
    struct api_value args[ARG_RECORD_READ__COUNT] = {
        [ARG_RECORD_READ_PURPOSE] = api_n(w->names.purpose[r->purpose]),
        [ARG_RECORD_READ_RECORD] = api_n(id_of(w, r->key))};
    uint16_t code = bench_guard_ask(&w->guard, API_RECORD_READ, args, &answer, refusals);
    if (code == OK && answer.fields[ANS_RECORD_READ_PAYLOAD].bytes.len == DATA_BYTES) {
        memcpy(ret_data, answer.fields[ANS_RECORD_READ_PAYLOAD].bytes.ptr, DATA_BYTES);
    }
    ward_answer_done(&answer);
    return of_code(code);
}

static enum found socket_rewrite(void *self, uint32_t key, const char *data) {
    struct socket_ward *w = self;
    struct ward_answer answer;
    struct api_value args[ARG_RECORD_REWRITE__COUNT] = {
        [ARG_RECORD_REWRITE_PURPOSE] = api_n(w->names.rights),
        [ARG_RECORD_REWRITE_RECORD] = api_n(id_of(w, key)),
        [ARG_RECORD_REWRITE_PAYLOAD] = api_bytes(slice_of((const uint8_t *)data, DATA_BYTES))};
    uint16_t code = bench_guard_ask(&w->guard, API_RECORD_REWRITE, args, &answer, refusals);
    ward_answer_done(&answer);
    return of_code(code);
}

static void take_page(const struct socket_ward *w, const struct api_value *list,
                      struct answer *ret) {
    for (size_t i = 0; i < list->list.count; i++) {
        const struct api_value *v = list->list.items[i].fields;
        const struct vault_meta meta = {
            .category = (uint8_t)v[TYP_META_CATEGORY].n,
            .flags = v[TYP_META_DECISION].yes ? VAULT_DECISION : 0,
            .origin = (uint16_t)v[TYP_META_ORIGIN].n,
            .access_list = (uint16_t)v[TYP_META_ACCESS_LIST].n,
            .purposes = v[TYP_META_PURPOSES].n,
            .objections = v[TYP_META_OBJECTIONS].n,
            .shares = v[TYP_META_SHARES].n,
            .expires_s = v[TYP_META_EXPIRES_AT].i / 1000,
        };
        *answer_add(ret) = names_record(&w->names, &meta, w->key[v[TYP_META_RECORD].n],
                                        w->user[v[TYP_META_PERSON].n]);
    }
}

static void find(struct socket_ward *w, uint8_t purpose, struct api_value *query,
                 struct answer *ret) {
    struct api_value args[ARG_RECORD_FIND__COUNT] = {
        [ARG_RECORD_FIND_PURPOSE] = api_n(purpose), [ARG_RECORD_FIND_QUERY] = {.fields = query}};
    ret->count = 0;
    do {
        struct ward_answer answer;
        bench_guard_ask(&w->guard, API_RECORD_FIND, args, &answer, NULL);
        take_page(w, &answer.fields[ANS_RECORD_FIND_RECORDS], ret);
        args[ARG_RECORD_FIND_AFTER] = answer.fields[ANS_RECORD_FIND_NEXT];
        ward_answer_done(&answer);
    } while (args[ARG_RECORD_FIND_AFTER].n != 0);
}

static void socket_meta_by_purpose(void *self, uint8_t purpose, struct answer *ret) {
    struct socket_ward *w = self;
    struct api_value query[TYP_QUERY__COUNT] = {{.n = 0}};
    find(w, w->names.purpose[purpose], query, ret);
}

static void socket_meta_by_user(void *self, uint32_t user, struct answer *ret) {
    struct socket_ward *w = self;
    struct api_value query[TYP_QUERY__COUNT] = {[TYP_QUERY_PERSON] = api_n(w->subject[user])};
    find(w, w->names.rights, query, ret);
}

static void change(struct socket_ward *w, uint8_t purpose, struct api_value *query, struct change c,
                   struct answer *ret) {
    struct ward_answer answer;
    struct vault_change to = names_change(&w->names, c);
    struct api_value change[TYP_CHANGE__COUNT] = {
        [TYP_CHANGE_ACCESS_LIST] = api_n(to.access_list),
        [TYP_CHANGE_SHARES_ADD] = api_n(to.shares_add),
        [TYP_CHANGE_SHARES_REMOVE] = api_n(to.shares_remove),
        [TYP_CHANGE_DECISION_ADD] = api_yes(to.flags_add != 0),
        [TYP_CHANGE_DECISION_REMOVE] = api_yes(to.flags_remove != 0),
    };
    struct api_value args[ARG_RECORD_CHANGE__COUNT] = {
        [ARG_RECORD_CHANGE_PURPOSE] = api_n(purpose),
        [ARG_RECORD_CHANGE_QUERY] = {.fields = query},
        [ARG_RECORD_CHANGE_CHANGE] = {.fields = change}};
    bench_guard_ask(&w->guard, API_RECORD_CHANGE, args, &answer, NULL);
    ret->changed = answer.fields[ANS_RECORD_CHANGE_CHANGED].n;
    ward_answer_done(&answer);
}

static void socket_change_by_purpose(void *self, uint8_t purpose, struct change c,
                                     struct answer *ret) {
    struct socket_ward *w = self;
    struct api_value query[TYP_QUERY__COUNT] = {{.n = 0}};
    change(w, w->names.purpose[purpose], query, c, ret);
}

static void socket_change_by_user(void *self, uint32_t user, struct change c, struct answer *ret) {
    struct socket_ward *w = self;
    struct api_value query[TYP_QUERY__COUNT] = {[TYP_QUERY_PERSON] = api_n(w->subject[user])};
    change(w, w->names.rights, query, c, ret);
}

static void socket_log(void *self, uint32_t user, size_t lines, struct answer *ret) {
    struct socket_ward *w = self;
    struct ward_answer answer;
    struct api_value args[ARG_PERSON_ENTRIES__COUNT] = {[ARG_PERSON_ENTRIES_PERSON] =
                                                            api_n(w->subject[user]),
                                                        [ARG_PERSON_ENTRIES_LIMIT] = api_n(lines)};
    bench_guard_ask(&w->guard, API_PERSON_ENTRIES, args, &answer, NULL);
    const struct api_value *list = &answer.fields[ANS_PERSON_ENTRIES_ENTRIES];
    ret->changed = list->list.count;
    for (size_t i = 0; i < list->list.count; i++) {
        const struct api_value *v = list->list.items[i].fields;
        char kind[32];
        snprintf(kind, sizeof kind, "%.*s", SLICE_ARG(v[TYP_ENTRY_KIND].bytes));
        answer_log(ret, (struct logged){.kind = names_logged(kind), .index = v[TYP_ENTRY_INDEX].n});
    }
    ward_answer_done(&answer);
}

static enum log_promise socket_promise(void *self) {
    (void)self;
    return LOG_PERSON;
}

/* How often stands in the receipt of each entry, which must verify. */
static void open_entry(struct socket_ward *w, uint32_t user, struct logged *io) {
    static struct receipt receipt;
    struct checkpoint head;
    struct buf scratch CLEANUP(buf_done);
    struct ward_answer answer;
    struct api_value args[ARG_PERSON_RECEIPT__COUNT] = {api_n(w->subject[user]), api_n(io->index)};
    buf_init(&scratch, PROOF_EXTRA_MAX);
    bench_guard_ask(&w->guard, API_PERSON_RECEIPT, args, &answer, NULL);
    struct slice file = answer.fields[ANS_PERSON_RECEIPT_RECEIPT].bytes;
    if (failed(receipt_verify(file, &w->log, &scratch, &receipt, &head)) || receipt.count != 1) {
        io->kind = LOGGED_OTHER;
    } else {
        names_opened(receipt.openings[0].content, w->subject[user], io);
    }
    ward_answer_done(&answer);
}

static void socket_logged(void *self, uint32_t user, bool exact, struct answer *io) {
    for (size_t i = 0; exact && i < io->logged; i++) {
        open_entry(self, user, &io->log[i]);
    }
}

static bool socket_is_there(void *self, uint32_t key) {
    struct socket_ward *w = self;
    struct answer found = {.records = NULL};
    struct api_value query[TYP_QUERY__COUNT] = {[TYP_QUERY_RECORD] = api_n(id_of(w, key))};
    find(w, w->names.rights, query, &found);
    free(found.records);
    return found.count > 0;
}

/* As the owner of the machine sees it: what has expired and was not swept counts, too. */
static uint64_t socket_count(void *self) {
    struct socket_ward *w = self;
    struct ward_answer answer;
    struct status s = ward_call(w->guard.admin, API_ADMIN_STATUS, NULL, NULL, &answer);
    if (failed(s)) {
        die("socket: admin.status: %s", error_info(s.code)->name);
    }
    uint64_t records = answer.fields[ANS_ADMIN_STATUS_RECORDS].n;
    ward_answer_done(&answer);
    return records;
}

/* The guard minds the time by itself. */
static void socket_tick(void *self) {
    (void)self;
}

static uint64_t socket_bytes(void *self) {
    const struct socket_ward *w = self;
    char var[700];
    snprintf(var, sizeof var, "%s/var", w->guard.dir);
    return tree_bytes(var, NULL);
}

const struct engine engine_socket = {
    .name = "socket",
    .open = socket_open,
    .load = socket_load,
    .settle = socket_settle,
    .insert = socket_insert,
    .delete = socket_delete,
    .read = socket_read,
    .rewrite = socket_rewrite,
    .meta_by_purpose = socket_meta_by_purpose,
    .meta_by_user = socket_meta_by_user,
    .change_by_purpose = socket_change_by_purpose,
    .change_by_user = socket_change_by_user,
    .promise = socket_promise,
    .log = socket_log,
    .logged = socket_logged,
    .is_there = socket_is_there,
    .count = socket_count,
    .tick = socket_tick,
    .bytes = socket_bytes,
    .close = socket_close,
};

/* What must be refused ---------------------------------------------------------------------- */

struct socket_unlawful {
    struct socket_ward w;
    uint64_t purpose[UNLAWFUL_PURPOSES];
    uint64_t far;
};

static void *unlawful_open(const struct config *config) {
    struct socket_unlawful *u = need(1, sizeof *u);
    struct ward_answer answer;
    bench_guard_open(&u->w.guard, config);
    learn_names(&u->w);
    bench_guard_ask(&u->w.guard, API_PROGRAM_NAMES, NULL, &answer, NULL);
    for (int i = 0; i < UNLAWFUL_PURPOSES; i++) {
        u->purpose[i] =
            number_of(&answer.fields[ANS_PROGRAM_NAMES_PURPOSES], slice_str(unlawful_purposes[i]));
    }
    u->far = number_of(&answer.fields[ANS_PROGRAM_NAMES_RECIPIENTS], SLICE("shr10"));
    ward_answer_done(&answer);
    return u;
}

static void unlawful_ready(void *self) {
    (void)self;
}

static void unlawful_close(void **self) {
    struct socket_unlawful *u = *self;
    bench_guard_close(&u->w.guard);
    free(u);
    *self = NULL;
}

static uint64_t unlawful_person(void *self, bool child) {
    struct socket_unlawful *u = self;
    char birth[16] = "1990-05-01";
    if (child) {
        time_t then = (time_t)unix_s() - (time_t)10 * 366 * 86400;
        struct tm day;
        gmtime_r(&then, &day);
        strftime(birth, sizeof birth, "%Y-%m-%d", &day);
    }
    return add_person(&u->w, birth);
}

/* Of a child the guard does not even write it down. */
static void unlawful_consent(void *self, uint64_t who, bool given) {
    static const uint16_t childs[] = {E_NEEDS_GUARDIAN, E_DENIED, 0};
    struct socket_unlawful *u = self;
    struct ward_answer answer;
    struct api_value args[ARG_CONSENT_SET__COUNT] = {
        [ARG_CONSENT_SET_PERSON] = api_n(who),
        [ARG_CONSENT_SET_PURPOSE] = api_n(u->purpose[UNLAWFUL_PROFILE]),
        [ARG_CONSENT_SET_STATE] = api_text(given ? "given" : "withdrawn"),
        [ARG_CONSENT_SET_NOTICE] = api_text(u->w.notice),
        [ARG_CONSENT_SET_EXPRESS] = api_yes(true)};
    bench_guard_ask(&u->w.guard, API_CONSENT_SET, args, &answer, childs);
    ward_answer_done(&answer);
}

static void care_off(struct socket_unlawful *u, uint16_t op, uint64_t who) {
    struct ward_answer answer;
    struct api_value args[ARG_PERSON_OBJECT__COUNT] = {api_n(who), api_n(u->purpose[UNLAWFUL_CARE]),
                                                       api_yes(true)};
    bench_guard_ask(&u->w.guard, op, args, &answer, NULL);
    ward_answer_done(&answer);
}

static void unlawful_object(void *self, uint64_t who) {
    care_off(self, API_PERSON_OBJECT, who);
}

static void unlawful_restrict(void *self, uint64_t who) {
    care_off(self, API_PERSON_RESTRICT, who);
}

static struct said said_of(uint16_t code, const char *article, const struct ward_answer *answer) {
    struct said said = {.code = code, .cited = article == NULL, .got = code == OK};
    for (size_t i = 0; i < answer->refusal.rule_count && article != NULL; i++) {
        said.cited |= slice_starts(answer->refusal.rules[i].article, slice_str(article));
    }
    return said;
}

static struct said unlawful_put(void *self, uint64_t who, enum unlawful_purpose purpose,
                                int64_t expires_s, const char *article, uint64_t *ret_id) {
    struct socket_unlawful *u = self;
    struct ward_answer answer;
    struct api_value args[ARG_RECORD_PUT__COUNT] = {
        [ARG_RECORD_PUT_PURPOSE] = api_n(u->purpose[purpose]),
        [ARG_RECORD_PUT_PERSON] = api_n(who),
        [ARG_RECORD_PUT_CATEGORY] = api_n(u->w.names.category[1]),
        [ARG_RECORD_PUT_EXPIRES_AT] = api_time(expires_s * 1000),
        [ARG_RECORD_PUT_PAYLOAD] = api_text("kept by mistake")};
    uint16_t code = bench_guard_ask(&u->w.guard, API_RECORD_PUT, args, &answer, refusals);
    *ret_id = code == OK ? answer.fields[ANS_RECORD_PUT_RECORD].n : 0;
    struct said said = said_of(code, article, &answer);
    ward_answer_done(&answer);
    return said;
}

static struct said unlawful_read(void *self, uint64_t record, enum unlawful_purpose purpose,
                                 bool far, const char *article) {
    struct socket_unlawful *u = self;
    struct ward_answer answer;
    struct api_value args[ARG_RECORD_READ__COUNT] = {
        [ARG_RECORD_READ_PURPOSE] = api_n(u->purpose[purpose]),
        [ARG_RECORD_READ_RECORD] = api_n(record),
        [ARG_RECORD_READ_RECIPIENT] = api_n(far ? u->far + 1 : 0)};
    uint16_t code = bench_guard_ask(&u->w.guard, API_RECORD_READ, args, &answer, refusals);
    struct said said = said_of(code, article, &answer);
    ward_answer_done(&answer);
    return said;
}

const struct unlawful_engine unlawful_socket = {
    .name = "socket",
    .gone = E_NOT_FOUND,
    .open = unlawful_open,
    .ready = unlawful_ready,
    .person = unlawful_person,
    .consent = unlawful_consent,
    .object = unlawful_object,
    .restrict_use = unlawful_restrict,
    .put = unlawful_put,
    .read = unlawful_read,
    .close = unlawful_close,
};
