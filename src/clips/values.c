/* JSON and text to the values of the protocol and back. Must never take an argument that the table
 * does not name, nor write a secret. */
#include "values.h"

#include <string.h>

#include "base/bytes.h"

#define MAX_FIELDS 64

static const struct api_field *field_named(const struct api_shape *shape, struct slice name,
                                           size_t *ret_index) {
    for (size_t i = 0; i < shape->count; i++) {
        if (slice_eq(slice_str(shape->fields[i].name), name)) {
            *ret_index = i;
            return &shape->fields[i];
        }
    }
    return NULL;
}

/* --- from text: paths and queries --- */

static struct status number_from_text(const struct api_type *type, struct slice text,
                                      struct api_value *ret) {
    uint64_t max = type->kind == API_U32                             ? UINT32_MAX
                   : type->kind == API_I64 || type->kind == API_TIME ? INT64_MAX
                                                                     : UINT64_MAX;
    TRY(parse_u64(text, max, &ret->n));
    return STATUS_OK;
}

static struct status from_text(const struct api_type *type, struct slice text,
                               struct api_value *ret) {
    switch (type->kind) {
    case API_BOOL:
        ret->yes = slice_eq(text, SLICE("true"));
        return ret->yes || slice_eq(text, SLICE("false")) ? STATUS_OK : FAIL(E_HTTP_ARGUMENT);
    case API_U32:
    case API_U64:
    case API_I64:
    case API_TIME:
    case API_ID:
        return number_from_text(type, text, ret);
    case API_DATE:
    case API_TEXT:
    case API_SECRET:
        ret->bytes = text;
        return text.len <= type->max || type->kind == API_DATE ? STATUS_OK : FAIL(E_HTTP_ARGUMENT);
    case API_BYTES:
    case API_LIST:
    case API_RECORD:
        return FAIL(E_HTTP_ARGUMENT);
    }
    return FAIL(E_HTTP_ARGUMENT);
}

/* --- from JSON --- */

static struct status from_json(struct json_reader *r, const struct api_type *type, struct arena *a,
                               struct api_value *ret);

static struct status number_from_json(struct json_reader *r, const struct api_type *type,
                                      struct arena *a, struct api_value *ret) {
    struct slice text;
    if (json_peek(r) == JSON_TYPE_STRING && type->kind != API_U32) {
        TRY(json_copy_string(r, a, &text));
        return number_from_text(type, text, ret);
    }
    int64_t n = 0;
    TRY(json_get_int(r, 0, type->kind == API_U32 ? UINT32_MAX : INT64_MAX, &n));
    ret->n = (uint64_t)n;
    return STATUS_OK;
}

/* The list's length is not known before its end; its maximum is. */
static struct status list_from_json(struct json_reader *r, const struct api_type *type,
                                    struct arena *a, struct api_value *ret) {
    enum { MOST = 64 };
    struct api_value items[MOST];
    size_t count = 0;
    TRY(json_get_array(r));
    for (;;) {
        bool more;
        TRY(json_next_item(r, &more));
        if (!more) {
            break;
        }
        if (count == MOST || count == type->max) {
            return FAIL(E_TOO_LARGE);
        }
        TRY(from_json(r, type->item, a, &items[count++]));
    }
    ret->list.count = count;
    ret->list.items = count == 0 ? NULL : arena_array(a, count, sizeof *items);
    if (count > 0 && ret->list.items == NULL) {
        return FAIL(E_MEMORY);
    }
    if (count > 0) {
        memcpy(ret->list.items, items, count * sizeof *items);
    }
    return STATUS_OK;
}

static struct status record_from_json(struct json_reader *r, const struct api_shape *shape,
                                      struct arena *a, struct api_value *ret) {
    uint64_t seen = 0;
    ret->fields = api_record(a, shape);
    TRY(ret->fields == NULL ? FAIL(E_MEMORY) : json_get_object(r));
    for (;;) {
        bool more;
        struct slice key;
        size_t i = 0;
        TRY(json_next_key(r, &more, &key));
        if (!more) {
            break;
        }
        const struct api_field *f = field_named(shape, key, &i);
        TRY(f == NULL ? FAIL(E_HTTP_ARGUMENT) : from_json(r, &f->type, a, &ret->fields[i]));
        seen |= UINT64_C(1) << i;
    }
    return seen == (UINT64_C(1) << shape->count) - 1 ? STATUS_OK : FAIL(E_HTTP_ARGUMENT);
}

static struct status from_json(struct json_reader *r, const struct api_type *type, struct arena *a,
                               struct api_value *ret) {
    switch (type->kind) {
    case API_BOOL:
        return json_get_bool(r, &ret->yes);
    case API_U32:
    case API_U64:
    case API_I64:
    case API_TIME:
    case API_ID:
        return number_from_json(r, type, a, ret);
    case API_DATE:
    case API_TEXT:
    case API_SECRET:
        TRY(json_copy_string(r, a, &ret->bytes));
        return type->kind == API_DATE || ret->bytes.len <= type->max ? STATUS_OK
                                                                     : FAIL(E_TOO_LARGE);
    case API_LIST:
        return list_from_json(r, type, a, ret);
    case API_RECORD:
        return record_from_json(r, type->shape, a, ret);
    case API_BYTES:
        return FAIL(E_HTTP_ARGUMENT);
    }
    return FAIL(E_HTTP_ARGUMENT);
}

/* --- all of them --- */

struct reading {
    const struct api_shape *shape;
    const struct values_source *from;
    struct arena *arena;
    struct api_value *args;
    uint64_t seen;
    const char *wrong;
};

/* The field of this name, not given before and not the front's own; NULL and `wrong` otherwise. */
static const struct api_field *claim(struct reading *r, struct slice name, size_t *ret_index) {
    const struct api_field *f = field_named(r->shape, name, ret_index);
    if (f == NULL || slice_eq(name, r->from->given_name)) {
        r->wrong = NULL;
        return NULL;
    }
    r->wrong = f->name;
    if ((r->seen & UINT64_C(1) << *ret_index) != 0) {
        return NULL;
    }
    r->seen |= UINT64_C(1) << *ret_index;
    return f;
}

static struct status read_texts(struct reading *r, const struct http_arg *args, size_t count,
                                struct status unknown) {
    for (size_t n = 0; n < count; n++) {
        size_t i = 0;
        const struct api_field *f = claim(r, args[n].name, &i);
        TRY(f == NULL ? unknown : STATUS_OK);
        if (failed(from_text(&f->type, args[n].value, &r->args[i]))) {
            return FAIL(E_HTTP_ARGUMENT);
        }
    }
    return STATUS_OK;
}

static struct status read_body(struct reading *r) {
    struct json_reader json;
    json_open(&json, r->from->body);
    TRY(json_get_object(&json));
    for (;;) {
        bool more;
        struct slice key;
        size_t i = 0;
        TRY(json_next_key(&json, &more, &key));
        if (!more) {
            break;
        }
        const struct api_field *f = claim(r, key, &i);
        TRY(f == NULL ? FAIL(E_HTTP_ARGUMENT) : STATUS_OK);
        TRY(from_json(&json, &f->type, r->arena, &r->args[i]));
    }
    r->wrong = NULL;
    return json_end(&json);
}

/* What may be left out: numbers and texts of a request without a body. */
static struct status check_missing(struct reading *r) {
    for (size_t i = 0; i < r->shape->count; i++) {
        const struct api_field *f = &r->shape->fields[i];
        bool given = (r->seen & UINT64_C(1) << i) != 0;
        if (slice_eq(slice_str(f->name), r->from->given_name)) {
            r->args[i].bytes = r->from->given_value;
            given = true;
        }
        if (!given && (r->from->body.ptr != NULL || f->type.kind == API_DATE)) {
            r->wrong = f->name;
            return FAIL(E_HTTP_ARGUMENT);
        }
    }
    return STATUS_OK;
}

static struct status read_all(struct reading *r) {
    TRY(r->shape->count <= MAX_FIELDS - 1 ? STATUS_OK : FAIL(E_TOO_LARGE));
    TRY(read_texts(r, r->from->params, r->from->param_count, FAIL(E_HTTP_ARGUMENT)));
    TRY(read_texts(r, r->from->query, r->from->query_count, FAIL(E_HTTP_QUERY)));
    if (r->from->body.ptr != NULL) {
        TRY(read_body(r));
    }
    return check_missing(r);
}

struct status values_read(const struct api_shape *shape, const struct values_source *from,
                          struct arena *a, struct api_value *args, const char **ret_wrong) {
    struct reading r = {.shape = shape, .from = from, .arena = a, .args = args};
    struct status s = read_all(&r);
    *ret_wrong = failed(s) ? r.wrong : NULL;
    return s;
}

/* --- to JSON --- */

static void put_value(const struct api_type *type, const struct api_value *v,
                      struct json_writer *w);

static void put_u64(uint64_t n, struct json_writer *w, bool quoted) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 24);
    if (failed(buf_add_u64(&text, n))) {
        w->error = FAIL(E_MEMORY);
        return;
    }
    if (quoted) {
        json_put_string(w, buf_slice(&text));
    } else {
        json_put_raw(w, buf_slice(&text));
    }
}

static void put_value(const struct api_type *type, const struct api_value *v,
                      struct json_writer *w) {
    switch (type->kind) {
    case API_BOOL:
        json_put_bool(w, v->yes);
        return;
    case API_U32:
    case API_U64:
        put_u64(v->n, w, false);
        return;
    case API_ID:
        put_u64(v->n, w, true);
        return;
    case API_I64:
    case API_TIME:
        json_put_int(w, v->i);
        return;
    case API_DATE:
    case API_TEXT:
        json_put_string(w, v->bytes);
        return;
    case API_LIST:
        json_put_array(w);
        for (size_t i = 0; i < v->list.count; i++) {
            put_value(type->item, &v->list.items[i], w);
        }
        json_put_close(w);
        return;
    case API_RECORD:
        values_write(type->shape, v->fields, w);
        return;
    case API_SECRET:
    case API_BYTES:
        w->error = FAIL(E_UNKNOWN); /* values_write leaves them out */
        return;
    }
}

void values_write(const struct api_shape *shape, const struct api_value *values,
                  struct json_writer *w) {
    json_put_object(w);
    for (size_t i = 0; i < shape->count; i++) {
        enum api_kind kind = shape->fields[i].type.kind;
        if (kind == API_SECRET || kind == API_BYTES) {
            continue;
        }
        json_put_key(w, slice_str(shape->fields[i].name));
        put_value(&shape->fields[i].type, &values[i], w);
    }
    json_put_close(w);
}

static void put_rule(const struct api_rule *rule, struct json_writer *w) {
    json_put_object(w);
    json_put_key(w, SLICE("law"));
    json_put_string(w, rule->law);
    json_put_key(w, SLICE("article"));
    json_put_string(w, rule->article);
    json_put_key(w, SLICE("title"));
    json_put_string(w, rule->title);
    json_put_key(w, SLICE("quote"));
    json_put_string(w, rule->quote);
    json_put_close(w);
}

static struct status put_rules(const struct api_refusal *refusal, struct buf *out) {
    struct json_writer w;
    json_put_open(&w, out);
    json_put_array(&w);
    for (size_t i = 0; i < refusal->rule_count; i++) {
        put_rule(&refusal->rules[i], &w);
    }
    json_put_close(&w);
    return json_put_done(&w);
}

static struct status put_needs(const struct api_refusal *refusal, struct buf *out) {
    struct json_writer w;
    json_put_open(&w, out);
    json_put_array(&w);
    for (size_t i = 0; i < refusal->need_count; i++) {
        json_put_string(&w, refusal->needs[i]);
    }
    json_put_close(&w);
    return json_put_done(&w);
}

struct status values_write_refusal(const struct api_refusal *refusal, struct buf *out) {
    TRY(buf_add_str(out, "\"rules\":"));
    TRY(put_rules(refusal, out));
    TRY(buf_add_str(out, ",\"needs\":"));
    return put_needs(refusal, out);
}
