/* Everything held about a person as one tar file: data.jsonl, one line a record, a consent, an
 * entry of the ledger, and each clip as it was published. Machine-readable and complete (GDPR Art.
 * 15(3) and 20(1)), for people of the service and of programs alike.
 *
 * Each record is decided for the purpose that the data map has for people's rights, and what the
 * law or the map keeps back is named and counted, so that nobody takes a part for the whole. */
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "internal.h"
#include "ledger/leaf.h"
#include "tar.h"
#include "wire/json.h"

enum {
    LINE_BYTES = 8 << 20, /* a payload of a megabyte, each byte escaped */
    VALUES_MAX = 1 << 20,
    NAME_BYTES = 60,
    SAID_BYTES = 64 << 10,
};

/* --- a payload as JSON --- */

static void put_value(struct json_writer *w, const struct api_type *t, const struct api_value *v) {
    switch (t->kind) {
    case API_BOOL:
        json_put_bool(w, v->yes);
        return;
    case API_U32:
    case API_U64:
    case API_ID:
    case API_I64:
    case API_TIME:
        json_put_int(w, v->i);
        return;
    case API_DATE:
    case API_TEXT:
        json_put_string(w, v->bytes);
        return;
    case API_SECRET:
    case API_BYTES:
    case API_LIST:
    case API_RECORD:
        json_put_null(w);
        return;
    }
}

static const struct {
    const char *category;
    enum api_stored stored;
} stored_as[] = {
    {"account", API_STORED_ACCOUNT},
    {"mail-address", API_STORED_ADDRESS},
    {"guardian-link", API_STORED_GUARDIANSHIP},
    {"clip-meta", API_STORED_CLIP},
    {"like", API_STORED_LIKE},
    {"watch-history", API_STORED_WATCH},
};

/* NULL for what programs store, in forms of their own. */
static const struct api_shape *shape_of(const struct guard *g, uint8_t category,
                                        enum api_stored *ret_stored) {
    struct slice name = vault_category_name(g->vault, category);
    for (size_t i = 0; i < ARRAY_LEN(stored_as) && service_category(g, category); i++) {
        if (slice_eq(name, slice_str(stored_as[i].category))) {
            *ret_stored = stored_as[i].stored;
            return api_shape_stored(stored_as[i].stored);
        }
    }
    return NULL;
}

static void put_fields(struct json_writer *w, const struct api_shape *shape,
                       const struct api_value *v) {
    json_put_object(w);
    for (uint32_t i = 0; i < shape->count; i++) {
        json_put_key(w, slice_str(shape->fields[i].name));
        put_value(w, &shape->fields[i].type, &v[i]);
    }
    json_put_close(w);
}

static struct status put_bytes(struct json_writer *w, struct slice bytes) {
    struct buf text CLEANUP(buf_done) = {0};
    buf_init_secret(&text, LINE_BYTES);
    TRY(base64_encode(bytes, &text));
    json_put_object(w);
    json_put_key(w, SLICE("base64"));
    json_put_string(w, buf_slice(&text));
    json_put_close(w);
    return STATUS_OK;
}

static struct status put_payload(struct json_writer *w, const struct guard *g, uint8_t category,
                                 struct slice payload) {
    enum api_stored what = API_STORED_ACCOUNT;
    const struct api_shape *shape = shape_of(g, category, &what);
    struct arena values CLEANUP(arena_done);
    struct api_value *v = NULL;
    arena_init(&values, VALUES_MAX);
    if (shape != NULL) {
        TRY(stored_read(what, payload, &values, &v));
        put_fields(w, shape, v);
        return STATUS_OK;
    }
    if (!slice_is_utf8(payload) || slice_find(payload, 0) < payload.len) {
        return put_bytes(w, payload);
    }
    json_put_string(w, payload);
    return STATUS_OK;
}

struct status stored_print(struct call *c, uint8_t category, struct slice payload,
                           struct buf *out) {
    struct json_writer w;
    json_put_open(&w, out);
    TRY(put_payload(&w, c->g, category, payload));
    return json_put_done(&w);
}

/* --- lines --- */

struct archive {
    struct call *c;
    struct tar tar;
    struct buf line;
    struct json_writer w; /* of the line */
    struct vault_use use;
    uint64_t subject;
    bool of_another;                       /* records of others that concern the person */
    uint64_t handed[VAULT_CATEGORIES_MAX]; /* records of the query that is being answered */
    uint64_t records;
    uint64_t withheld;
    struct index_of_blobs {
        uint64_t ids[GUARD_CLIPS_EACH * 3];
        size_t count;
    } blobs;
};

static void line_begin(struct archive *a) {
    buf_clear(&a->line);
    json_put_open(&a->w, &a->line);
    json_put_object(&a->w);
}

static struct status line_end(struct archive *a) {
    json_put_close(&a->w);
    TRY(json_put_done(&a->w));
    TRY(buf_add_byte(&a->line, '\n'));
    return tar_add(&a->tar, buf_slice(&a->line));
}

static void put_text(struct archive *a, const char *key, struct slice text) {
    json_put_key(&a->w, slice_str(key));
    json_put_string(&a->w, text);
}

static void put_int(struct archive *a, const char *key, int64_t n) {
    json_put_key(&a->w, slice_str(key));
    json_put_int(&a->w, n);
}

static void put_bool(struct archive *a, const char *key, bool b) {
    json_put_key(&a->w, slice_str(key));
    json_put_bool(&a->w, b);
}

typedef struct slice name_fn(const struct vault *v, uint8_t number);

static void put_mask(struct archive *a, const char *key, uint64_t mask, name_fn *name) {
    json_put_key(&a->w, slice_str(key));
    json_put_array(&a->w);
    for (uint8_t i = 0; i < 64; i++) {
        if ((mask >> i & 1) != 0) {
            json_put_string(&a->w, name(a->c->g->vault, i));
        }
    }
    json_put_close(&a->w);
}

/* --- the person --- */

static struct status put_date(struct archive *a, const char *key, struct date date) {
    struct buf text CLEANUP(buf_done) = {0};
    buf_init(&text, 16);
    TRY(date_format(date, &text));
    put_text(a, key, buf_slice(&text));
    return STATUS_OK;
}

static struct status put_age(struct archive *a, const struct vault_facts *facts) {
    if (facts->age_kind == VAULT_AGE_OVER) {
        put_int(a, "over", facts->age);
        return put_date(a, "over_on", facts->age_on);
    }
    if (facts->age_kind == VAULT_AGE_BIRTH) {
        return put_date(a, "birth_date", facts->birth);
    }
    put_text(a, "birth_date", SLICE(""));
    return STATUS_OK;
}

static struct status put_notice(struct archive *a, const struct vault_notice *notice) {
    struct buf version CLEANUP(buf_done) = {0};
    buf_init(&version, 2 * sizeof notice->version);
    if (!notice->shown) {
        return STATUS_OK;
    }
    TRY(hex_encode(slice_of(notice->version, sizeof notice->version), &version));
    put_text(a, "notice", buf_slice(&version));
    return STATUS_OK;
}

static struct slice fact_value(enum law_fact fact, uint8_t value) {
    const struct law_fact_info *info = law_fact_info(fact);
    return value < info->value_count ? slice_str(info->values[value]) : SLICE("");
}

static struct status put_facts(struct archive *a, const struct vault_facts *facts) {
    TRY(put_age(a, facts));
    put_text(a, "age_source", fact_value(LAW_SUBJECT_AGE_SOURCE, facts->age_source));
    put_text(a, "country", slice_str(facts->country));
    put_text(a, "region", slice_str(facts->region));
    put_text(a, "language", slice_str(facts->language));
    return put_notice(a, &facts->notice);
}

static struct status add_person(struct archive *a) {
    static const char *const states[] = {"", "active", "needs-guardian", "restricted", ""};
    struct vault_subject s;
    TRY(vault_subject_get(a->c->g->vault, a->subject, &s));
    line_begin(a);
    put_int(a, "person", (int64_t)s.id);
    put_text(a, "state", slice_str(states[s.state <= VAULT_ERASED ? s.state : 0]));
    put_int(a, "since", s.since_ms);
    json_put_key(&a->w, SLICE("facts"));
    json_put_object(&a->w);
    TRY(put_facts(a, &s.facts));
    json_put_close(&a->w);
    put_mask(a, "objections", s.objections, vault_purpose_name);
    put_mask(a, "restrictions", s.restrictions, vault_purpose_name);
    return line_end(a);
}

static struct status add_consent(struct archive *a, const struct vault_consent *consent) {
    line_begin(a);
    put_text(a, "consent", vault_purpose_name(a->c->g->vault, consent->purpose));
    put_text(a, "state", fact_value(LAW_CONSENT_STATE, consent->state));
    put_text(a, "giver", fact_value(LAW_CONSENT_GIVER, consent->giver));
    put_bool(a, "explicit", consent->is_explicit);
    put_int(a, "at", consent->at_ms);
    TRY(put_notice(a, &consent->notice));
    return line_end(a);
}

static struct status add_consents(struct archive *a) {
    struct vault_consent list[VAULT_PURPOSES_MAX];
    size_t count;
    TRY(vault_consent_list(a->c->g->vault, a->subject, list, ARRAY_LEN(list), &count));
    for (size_t i = 0; i < count; i++) {
        TRY(add_consent(a, &list[i]));
    }
    return STATUS_OK;
}

static struct status add_entry(void *arg_, uint64_t leaf, uint8_t kind, int64_t at_ms,
                               struct slice content) {
    struct archive *a = arg_;
    const char *text = leaf_kind_text(kind);
    struct buf says CLEANUP(buf_done) = {0};
    buf_init_secret(&says, SAID_BYTES);
    TRY(content_print(content, &says));
    line_begin(a);
    put_int(a, "entry", (int64_t)leaf);
    put_text(a, "kind", slice_str(text == NULL ? "" : text));
    put_int(a, "at", at_ms);
    json_put_key(&a->w, SLICE("says"));
    json_put_array(&a->w);
    for (struct slice rest = buf_slice(&says); rest.len > 0;) {
        size_t end = slice_find(rest, '\n');
        json_put_string(&a->w, slice_sub(rest, 0, end));
        rest = slice_from(rest, end + 1);
    }
    json_put_close(&a->w);
    return line_end(a);
}

/* --- records --- */

static void put_meta(struct archive *a, const struct vault_meta *meta) {
    struct vault *v = a->c->g->vault;
    put_int(a, "record", (int64_t)meta->id);
    put_bool(a, "of_another", a->of_another);
    put_text(a, "category", vault_category_name(v, meta->category));
    put_text(a, "purpose", vault_purpose_name(v, meta->collected_for));
    put_mask(a, "purposes", meta->purposes, vault_purpose_name);
    put_mask(a, "objections", meta->objections, vault_purpose_name);
    put_mask(a, "shares", meta->shares, vault_recipient_name);
    put_text(a, "origin", vault_origin_name(v, meta->origin));
    put_text(a, "access_list",
             meta->access_list == 0 ? SLICE("") : vault_origin_name(v, meta->access_list));
    put_bool(a, "decision", (meta->flags & VAULT_DECISION) != 0);
    put_int(a, "collected", meta->collected_s);
    put_int(a, "expires", meta->expires_s == VAULT_NEVER_EXPIRES ? 0 : meta->expires_s);
}

static void note_blob(struct archive *a, const struct vault_meta *meta) {
    bool whole = (meta->flags & VAULT_UNFINISHED) == 0 && !a->of_another;
    if (whole && a->blobs.count < ARRAY_LEN(a->blobs.ids)) {
        a->blobs.ids[a->blobs.count++] = meta->id;
    }
}

/* Whose data they are besides, nobody here weighs (GDPR Art. 15(4)): so the person finds that they
 * are there, and the owner of the machine, who answers a request by hand, has them whole. */
static bool may_open(const struct archive *a) {
    return !a->of_another || a->c->role == GUARD_ADMIN;
}

static struct status add_record(void *arg_, const struct vault_meta *meta, struct slice payload) {
    struct archive *a = arg_;
    a->handed[meta->category]++;
    a->records++;
    if ((meta->flags & VAULT_BLOB) != 0) {
        note_blob(a, meta);
        return STATUS_OK;
    }
    line_begin(a);
    put_meta(a, meta);
    json_put_key(&a->w, SLICE("data"));
    if (may_open(a)) {
        TRY(put_payload(&a->w, a->c->g, meta->category, payload));
    } else {
        json_put_null(&a->w);
    }
    return line_end(a);
}

/* Why nothing of the category is handed out; empty where that is so of single records alone. */
static struct status put_reasons(struct archive *a, uint8_t category) {
    const struct law_set *laws = a->c->g->o.laws;
    struct vault_answer answer;
    TRY(vault_decide(a->c->g->vault, &a->use, category, a->subject, &answer));
    put_bool(a, "undeclared", answer.undeclared);
    json_put_key(&a->w, SLICE("rules"));
    json_put_array(&a->w);
    int cite = answer.permit || answer.undeclared ? -1 : law_answer_cite(&answer.law, 0);
    for (; cite >= 0; cite = law_answer_cite(&answer.law, (size_t)cite + 1)) {
        const struct law_cite *row = law_set_cite(laws, (size_t)cite);
        struct buf rule CLEANUP(buf_done) = {0};
        buf_init(&rule, 200);
        TRY(buf_add_format(&rule, "%.*s:%.*s", SLICE_ARG(law_set_name(laws, row->law)),
                           SLICE_ARG(row->article)));
        json_put_string(&a->w, buf_slice(&rule));
    }
    json_put_close(&a->w);
    return STATUS_OK;
}

static struct status add_withheld(struct archive *a, uint8_t category, uint64_t count) {
    a->withheld += count;
    line_begin(a);
    put_text(a, "withheld", vault_category_name(a->c->g->vault, category));
    put_int(a, "records", (int64_t)count);
    put_bool(a, "of_another", a->of_another);
    if (!a->of_another) {
        TRY(put_reasons(a, category));
    }
    return line_end(a);
}

static struct status add_all_withheld(struct archive *a, const struct vault_query *asked) {
    struct vault_query query = *asked;
    for (uint8_t category = 0; category < VAULT_CATEGORIES_MAX; category++) {
        uint64_t count = 0;
        query.category = (uint8_t)(category + 1);
        TRY(vault_count(a->c->g->vault, &query, &count));
        if (count > a->handed[category]) {
            TRY(add_withheld(a, category, count - a->handed[category]));
        }
    }
    return STATUS_OK;
}

static struct status add_records(struct archive *a, const struct vault_query *query) {
    struct vault_found found = {0};
    a->of_another = query->other != 0;
    memset(a->handed, 0, sizeof a->handed);
    TRY((may_open(a) ? vault_find : vault_find_meta)(a->c->g->vault, &a->use, query, add_record, a,
                                                     &found));
    return found.denied == 0 ? STATUS_OK : add_all_withheld(a, query);
}

static struct status add_lines(struct archive *a) {
    const struct vault_query own = {.owner = a->subject};
    const struct vault_query others = {.other = a->subject};
    TRY(tar_begin(&a->tar));
    TRY(add_person(a));
    TRY(add_consents(a));
    TRY(add_records(a, &own));
    TRY(add_records(a, &others));
    TRY(vault_entries(a->c->g->vault, a->subject, 0, SIZE_MAX, add_entry, a));
    return tar_end(&a->tar, SLICE("ward/data.jsonl"));
}

static struct status add_blob(struct archive *a, uint64_t id) {
    struct vault_blob *blob = NULL;
    struct buf name CLEANUP(buf_done) = {0};
    buf_init(&name, NAME_BYTES);
    TRY(tar_begin(&a->tar));
    TRY(vault_blob_open(a->c->g->vault, &a->use, id, &blob, NULL));
    bool picture = slice_eq(vault_blob_type(blob), SLICE("image/jpeg"));
    struct status s = vault_blob_copy(blob, a->tar.fd);
    vault_blob_close(&blob);
    TRY(s);
    TRY(buf_add_format(&name, "ward/clips/%llu.%s", (unsigned long long)id,
                       picture ? "jpg" : "mp4"));
    return tar_end(&a->tar, buf_slice(&name));
}

/* --- the archive --- */

/* So that the person finds in the ledger that, when and to whom it was handed out. */
static struct status note_export(struct archive *a) {
    const struct call *c = a->c;
    struct buf said CLEANUP(buf_done) = {0};
    uint64_t leaf;
    buf_init(&said, 256);
    TRY(content_add_u64(&said, FIELD_SUBJECT, a->subject));
    TRY(content_add_text(&said, FIELD_ROLE,
                         c->actor.subject == a->subject ? SLICE("self") : SLICE("controller")));
    TRY(content_add_text(&said, FIELD_PURPOSE, vault_purpose_name(c->g->vault, a->use.purpose)));
    TRY(content_add_u64(&said, FIELD_COUNT, a->records));
    TRY(content_add_u64(&said, FIELD_AT_MS, (uint64_t)c->now_ms));
    return vault_note(c->g->vault, LEAF_EXPORT, a->subject, buf_slice(&said), &leaf);
}

static struct status write_archive(struct archive *a, uint64_t *ret_size_bytes) {
    TRY(add_lines(a));
    for (size_t i = 0; i < a->blobs.count; i++) {
        TRY(add_blob(a, a->blobs.ids[i]));
    }
    TRY(note_export(a));
    return tar_seal(&a->tar, ret_size_bytes);
}

struct status archive_write(struct call *c, uint64_t subject, uint64_t *ret_size_bytes,
                            uint64_t *ret_withheld) {
    struct archive *a = arena_alloc(c->arena, sizeof *a);
    if (a == NULL) {
        return FAIL(E_MEMORY);
    }
    *a = (struct archive){.c = c, .subject = subject};
    a->use = (struct vault_use){
        .operation = LAW_OPERATION_USE, .actor = &c->actor, .gpc = c->gpc, .asked_by = subject};
    TRY(vault_purpose(c->g->vault, SLICE(LAW_MAP_RIGHTS), &a->use.purpose));
    TRY(tar_open(&a->tar, c->now_ms / 1000));
    buf_init_secret(&a->line, LINE_BYTES);
    struct status s = write_archive(a, ret_size_bytes);
    buf_done(&a->line);
    if (failed(s)) {
        close(a->tar.fd);
        return s;
    }
    c->fd = a->tar.fd;
    *ret_withheld = a->withheld;
    return STATUS_OK;
}
