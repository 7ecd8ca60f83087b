/* Values of the protocol to bytes and back, driven by the tables. Recursion is as deep as types
 * nest, which tools/api.mjs bounds; nothing that a sender writes makes it deeper. Must never read
 * past the bytes it was given, nor allocate more than they could fill. */
#include "api/values.h"

#include "base/bytes.h"
#include "base/date.h"

struct reader {
    struct slice rest;
    struct arena *arena;
};

static struct status make_value(struct arena *a, const struct api_type *type,
                                struct api_value *ret_value) {
    *ret_value = (struct api_value){0};
    if (type->kind != API_RECORD) {
        return STATUS_OK;
    }
    ret_value->fields = api_record(a, type->shape);
    return ret_value->fields == NULL ? FAIL(E_MEMORY) : STATUS_OK;
}

struct api_value *api_record(struct arena *a, const struct api_shape *shape) {
    struct api_value *values = arena_array(a, shape->count + 1, sizeof *values);
    for (uint32_t i = 0; values != NULL && i < shape->count; i++) {
        if (failed(make_value(a, &shape->fields[i].type, &values[i]))) {
            return NULL;
        }
    }
    return values;
}

struct status api_list_make(struct arena *a, const struct api_type *type, size_t count,
                            struct api_value *ret_list) {
    if (count > type->max) {
        return FAIL(E_TOO_LARGE);
    }
    struct api_value list = {0};
    list.list.count = count;
    if (count > 0) {
        list.list.items = arena_array(a, count, sizeof *list.list.items);
        if (list.list.items == NULL) {
            return FAIL(E_MEMORY);
        }
    }
    for (size_t i = 0; i < count; i++) {
        TRY(make_value(a, type->item, &list.list.items[i]));
    }
    *ret_list = list;
    return STATUS_OK;
}

/* --- writing --- */

static struct status write_value(const struct api_type *type, const struct api_value *value,
                                 struct buf *out);

static struct status write_bytes(const struct api_type *type, struct slice bytes, struct buf *out) {
    if (bytes.len > type->max) {
        return FAIL(E_TOO_LARGE);
    }
    if (type->kind == API_TEXT && !slice_is_utf8(bytes)) {
        return FAIL(E_ENCODING);
    }
    TRY(buf_add_be32(out, (uint32_t)bytes.len));
    return buf_add(out, bytes);
}

static struct status write_date(struct slice bytes, struct buf *out) {
    struct date ignored;
    TRY(date_parse(bytes, &ignored));
    TRY(buf_add_be32(out, (uint32_t)bytes.len));
    return buf_add(out, bytes);
}

static struct status write_list(const struct api_type *type, const struct api_value *value,
                                struct buf *out) {
    if (value->list.count > type->max) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(buf_add_be32(out, (uint32_t)value->list.count));
    for (size_t i = 0; i < value->list.count; i++) {
        TRY(write_value(type->item, &value->list.items[i], out));
    }
    return STATUS_OK;
}

static struct status write_value(const struct api_type *type, const struct api_value *value,
                                 struct buf *out) {
    switch (type->kind) {
    case API_BOOL:
        return buf_add_byte(out, value->yes ? 1 : 0);
    case API_U32:
        return value->n > UINT32_MAX ? FAIL(E_TOO_LARGE) : buf_add_be32(out, (uint32_t)value->n);
    case API_U64:
    case API_ID:
        return buf_add_be64(out, value->n);
    case API_I64:
    case API_TIME:
        return buf_add_be64(out, (uint64_t)value->i);
    case API_DATE:
        return write_date(value->bytes, out);
    case API_TEXT:
    case API_SECRET:
    case API_BYTES:
        return write_bytes(type, value->bytes, out);
    case API_LIST:
        return write_list(type, value, out);
    case API_RECORD:
        return api_encode(type->shape, value->fields, out);
    }
    return FAIL(E_UNKNOWN);
}

struct status api_encode(const struct api_shape *shape, const struct api_value *values,
                         struct buf *out) {
    for (uint32_t i = 0; i < shape->count; i++) {
        TRY(write_value(&shape->fields[i].type, &values[i], out));
    }
    return STATUS_OK;
}

/* --- reading --- */

static struct status read_value(struct reader *r, const struct api_type *type,
                                struct api_value *ret_value);

static struct status take(struct reader *r, size_t len, struct slice *ret) {
    if (len > r->rest.len) {
        return FAIL(E_FRAME);
    }
    *ret = slice_sub(r->rest, 0, len);
    r->rest = slice_from(r->rest, len);
    return STATUS_OK;
}

static struct status take_u32(struct reader *r, uint32_t *ret) {
    struct slice s;
    TRY(take(r, 4, &s));
    *ret = bytes_be32(s.ptr);
    return STATUS_OK;
}

static struct status read_bool(struct reader *r, struct api_value *ret_value) {
    struct slice s;
    TRY(take(r, 1, &s));
    if (s.ptr[0] > 1) {
        return FAIL(E_FRAME);
    }
    ret_value->yes = s.ptr[0] == 1;
    return STATUS_OK;
}

static struct status read_bytes(struct reader *r, const struct api_type *type,
                                struct api_value *ret_value) {
    uint32_t len;
    TRY(take_u32(r, &len));
    if (len > type->max) {
        return len > r->rest.len ? FAIL(E_FRAME) : FAIL(E_TOO_LARGE);
    }
    TRY(take(r, len, &ret_value->bytes));
    bool text = type->kind == API_TEXT;
    return text && !slice_is_utf8(ret_value->bytes) ? FAIL(E_ENCODING) : STATUS_OK;
}

static struct status read_date(struct reader *r, struct api_value *ret_value) {
    uint32_t len;
    struct date ignored;
    TRY(take_u32(r, &len));
    TRY(take(r, len, &ret_value->bytes));
    return date_parse(ret_value->bytes, &ignored);
}

/* Every item takes at least one byte, but for records without fields, which no table has: so a
 * count beyond the bytes that follow is a lie, and is not allocated for. */
static struct status read_list(struct reader *r, const struct api_type *type,
                               struct api_value *ret_value) {
    uint32_t count;
    TRY(take_u32(r, &count));
    if (count > r->rest.len) {
        return FAIL(E_FRAME);
    }
    if (count > type->max) {
        return FAIL(E_TOO_LARGE);
    }
    struct api_value *items = count == 0 ? NULL : arena_array(r->arena, count, sizeof *items);
    if (count > 0 && items == NULL) {
        return FAIL(E_MEMORY);
    }
    for (uint32_t i = 0; i < count; i++) {
        TRY(read_value(r, type->item, &items[i]));
    }
    ret_value->list.items = items;
    ret_value->list.count = count;
    return STATUS_OK;
}

static struct status read_fields(struct reader *r, const struct api_shape *shape,
                                 struct api_value **ret_fields) {
    struct api_value *fields = arena_array(r->arena, shape->count + 1, sizeof *fields);
    if (fields == NULL) {
        return FAIL(E_MEMORY);
    }
    for (uint32_t i = 0; i < shape->count; i++) {
        TRY(read_value(r, &shape->fields[i].type, &fields[i]));
    }
    *ret_fields = fields;
    return STATUS_OK;
}

static struct status read_number(struct reader *r, struct api_value *ret_value) {
    struct slice s;
    TRY(take(r, 8, &s));
    ret_value->n = bytes_be64(s.ptr);
    return STATUS_OK;
}

static struct status read_value(struct reader *r, const struct api_type *type,
                                struct api_value *ret_value) {
    uint32_t small = 0;
    switch (type->kind) {
    case API_BOOL:
        return read_bool(r, ret_value);
    case API_U32:
        TRY(take_u32(r, &small));
        ret_value->n = small;
        return STATUS_OK;
    case API_U64:
    case API_ID:
    case API_I64:
    case API_TIME:
        return read_number(r, ret_value);
    case API_DATE:
        return read_date(r, ret_value);
    case API_TEXT:
    case API_SECRET:
    case API_BYTES:
        return read_bytes(r, type, ret_value);
    case API_LIST:
        return read_list(r, type, ret_value);
    case API_RECORD:
        return read_fields(r, type->shape, &ret_value->fields);
    }
    return FAIL(E_UNKNOWN);
}

struct status api_decode(const struct api_shape *shape, struct slice bytes, struct arena *a,
                         struct api_value **ret_values) {
    struct reader r = {bytes, a};
    struct api_value *values = NULL;
    TRY(read_fields(&r, shape, &values));
    if (r.rest.len > 0) {
        return FAIL(E_FRAME);
    }
    *ret_values = values;
    return STATUS_OK;
}
