/* Openings, and what they say. Pure. Must never take bytes for an opening that could be read in two
 * ways. */
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "ledger/leaf.h"

enum { OPENING_VERSION = 1, HEAD_LEN = 2 + LEAF_SALT_LEN + 4 + 4 + 1, FIELD_HEAD_LEN = 3 };

static struct status node_of_items(void *self, unsigned level, uint64_t index,
                                   struct seal_hash *ret_hash) {
    const struct opening_item *const *items = self;
    struct merkle_edge edge = {0};
    for (uint64_t i = index << level; i < (index + 1) << level; i++) {
        merkle_edge_add(&edge, leaf_commit(*items + i));
    }
    *ret_hash = merkle_edge_root(&edge);
    return STATUS_OK;
}

static struct status write_parts(enum opening_side side, const struct opening_item *item,
                                 uint32_t index, uint32_t count, const struct merkle_path *path,
                                 struct buf *out) {
    TRY(buf_add_byte(out, OPENING_VERSION));
    TRY(buf_add_byte(out, (uint8_t)side));
    TRY(buf_add(out, slice_of(item->salt.bytes, LEAF_SALT_LEN)));
    TRY(buf_add_be32(out, index));
    TRY(buf_add_be32(out, count));
    TRY(buf_add_byte(out, (uint8_t)path->count));
    for (size_t i = 0; i < path->count; i++) {
        TRY(buf_add(out, slice_of(path->hashes[i].bytes, SEAL_HASH_LEN)));
    }
    TRY(buf_add_be16(out, (uint16_t)item->content.len));
    return buf_add(out, item->content);
}

struct status opening_write(enum opening_side side, const struct opening_item *items, size_t count,
                            size_t item, struct buf *out) {
    struct merkle_path path;
    struct merkle_source source = {.self = &items, .node = node_of_items};
    if (count > OPENING_ITEMS_MAX || item >= count ||
        items[item].content.len > OPENING_CONTENT_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    size_t before = out->len;
    TRY(merkle_prove_inclusion(&source, item, count, &path));
    struct status s = write_parts(side, &items[item], (uint32_t)item, (uint32_t)count, &path, out);
    if (failed(s)) {
        out->len = before;
    }
    return s;
}

struct status opening_write_path(enum opening_side side, const struct opening_item *item,
                                 size_t index, size_t count, const struct merkle_path *path,
                                 struct buf *out) {
    if (count > OPENING_ITEMS_MAX || index >= count || item->content.len > OPENING_CONTENT_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    size_t before = out->len;
    struct status s = write_parts(side, item, (uint32_t)index, (uint32_t)count, path, out);
    if (failed(s)) {
        out->len = before;
    }
    return s;
}

static struct status read_path(struct slice *rest, size_t count, struct merkle_path *path) {
    if (count > MERKLE_PATH_MAX || rest->len < count * SEAL_HASH_LEN) {
        return FAIL(E_OPENING_FORM);
    }
    path->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(path->hashes[i].bytes, rest->ptr + i * SEAL_HASH_LEN, SEAL_HASH_LEN);
    }
    *rest = slice_from(*rest, count * SEAL_HASH_LEN);
    return STATUS_OK;
}

static struct status check_content(struct slice content) {
    unsigned code = 0;
    struct slice value;
    do {
        TRY(content_next(&content, &code, &value));
    } while (code != 0);
    return STATUS_OK;
}

struct status opening_read(struct slice bytes, struct opening *ret_opening) {
    struct opening o;
    if (bytes.len < HEAD_LEN + 2 || bytes.ptr[0] != OPENING_VERSION ||
        (bytes.ptr[1] != OPENING_PERSON && bytes.ptr[1] != OPENING_AUDITOR)) {
        return FAIL(E_OPENING_FORM);
    }
    o.side = bytes.ptr[1];
    memcpy(o.salt.bytes, bytes.ptr + 2, LEAF_SALT_LEN);
    o.item = bytes_be32(bytes.ptr + 34);
    o.items = bytes_be32(bytes.ptr + 38);
    struct slice rest = slice_from(bytes, HEAD_LEN);
    TRY(read_path(&rest, bytes.ptr[HEAD_LEN - 1], &o.path));
    if (rest.len < 2 || rest.len - 2 != bytes_be16(rest.ptr) ||
        rest.len - 2 > OPENING_CONTENT_MAX || o.items > OPENING_ITEMS_MAX) {
        return FAIL(E_OPENING_FORM);
    }
    o.content = slice_from(rest, 2);
    TRY(check_content(o.content));
    *ret_opening = o;
    return STATUS_OK;
}

struct status opening_check(const struct opening *opening, const struct leaf *leaf) {
    struct opening_item item = {.salt = opening->salt, .content = opening->content};
    const struct seal_hash *root = opening->side == OPENING_PERSON ? &leaf->person : &leaf->auditor;
    struct status s = merkle_verify_inclusion(leaf_commit(&item), opening->item, opening->items,
                                              &opening->path, root);
    return failed(s) ? FAIL(E_OPENING_WRONG) : STATUS_OK;
}

/* The code of the last field, or 0; E_OPENING_FORM if the buffer holds no fields. */
static struct status last_code(struct slice content, unsigned *ret_code) {
    unsigned code = 0;
    unsigned last = 0;
    struct slice value;
    for (;;) {
        TRY(content_next(&content, &code, &value));
        if (code == 0) {
            *ret_code = last;
            return STATUS_OK;
        }
        last = code;
    }
}

static struct status add_field(struct buf *content, enum leaf_field field, struct slice value) {
    unsigned last = 0;
    TRY(last_code(buf_slice(content), &last));
    if (last > (unsigned)field || value.len > UINT16_MAX) {
        return FAIL(E_OPENING_FORM);
    }
    TRY(buf_reserve(content, FIELD_HEAD_LEN + value.len));
    TRY(buf_add_byte(content, (uint8_t)field));
    TRY(buf_add_be16(content, (uint16_t)value.len));
    return buf_add(content, value);
}

struct status content_add_text(struct buf *content, enum leaf_field field, struct slice text) {
    return add_field(content, field, text);
}

struct status content_add_u64(struct buf *content, enum leaf_field field, uint64_t v) {
    uint8_t bytes[8];
    bytes_put_be64(bytes, v);
    return add_field(content, field, slice_of(bytes, sizeof bytes));
}

struct status content_next(struct slice *rest, unsigned *ret_code, struct slice *ret_value) {
    if (rest->len == 0) {
        *ret_code = 0;
        return STATUS_OK;
    }
    if (rest->len < FIELD_HEAD_LEN || rest->ptr[0] == 0 || rest->ptr[0] < *ret_code) {
        return FAIL(E_OPENING_FORM);
    }
    size_t len = bytes_be16(rest->ptr + 1);
    if (rest->len - FIELD_HEAD_LEN < len) {
        return FAIL(E_OPENING_FORM);
    }
    *ret_code = rest->ptr[0];
    *ret_value = slice_sub(*rest, FIELD_HEAD_LEN, len);
    *rest = slice_from(*rest, FIELD_HEAD_LEN + len);
    return STATUS_OK;
}

enum field_type { U64, TEXT, HEX };

struct field_row {
    unsigned code;
    enum field_type type;
    const char *text;
};

#define LEAF_FIELD(name, code, type, side, text, meaning) {(code), (type), (text)},
static const struct field_row fields[] = {
#include "ledger/fields.def"
};
#undef LEAF_FIELD

/* A bit for each field that is said to both sides. */
enum { PERSON, BOTH };
#define LEAF_FIELD(name, code, type, side, text, meaning) | (uint32_t)(side) << (code)
static const uint32_t audited = 0
#include "ledger/fields.def"
    ;
#undef LEAF_FIELD

bool leaf_field_audited(unsigned code) {
    return code < 32 && (audited >> code & 1) != 0;
}

bool content_audited(struct slice content) {
    unsigned code = 0;
    struct slice value;
    do {
        if (failed(content_next(&content, &code, &value))) {
            return false;
        }
    } while (leaf_field_audited(code));
    return code == 0;
}

static const struct field_row *find_field(unsigned code) {
    static const struct field_row unknown = {.type = HEX, .text = "field"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (fields[i].code == code) {
            return &fields[i];
        }
    }
    return &unknown;
}

struct status content_for_auditor(struct slice content, struct buf *out) {
    unsigned code = 0;
    struct slice value;
    for (;;) {
        TRY(content_next(&content, &code, &value));
        if (code == 0) {
            return STATUS_OK;
        }
        TRY(leaf_field_audited(code) ? content_add_text(out, (enum leaf_field)code, value)
                                     : STATUS_OK);
    }
}

/* Control characters of a text that somebody else wrote do not reach a terminal. */
static struct status print_text(struct slice text, struct buf *out) {
    if (!slice_is_utf8(text)) {
        return hex_encode(text, out);
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        TRY(buf_add_byte(out, c < 0x20 || c == 0x7f ? '?' : c));
    }
    return STATUS_OK;
}

static struct status print_value(const struct field_row *row, struct slice value, struct buf *out) {
    if (row->type == U64 && value.len == 8) {
        uint64_t v = bytes_be64(value.ptr);
        bool is_time = row->code == FIELD_AT_MS || row->code == FIELD_UNTIL_MS;
        if (is_time && v < UINT64_C(253402300800000)) {
            return moment_format((int64_t)v, out);
        }
        return buf_add_u64(out, v);
    }
    return row->type == TEXT ? print_text(value, out) : hex_encode(value, out);
}

struct status content_print(struct slice content, struct buf *out) {
    unsigned code = 0;
    struct slice value;
    for (;;) {
        TRY(content_next(&content, &code, &value));
        if (code == 0) {
            return STATUS_OK;
        }
        const struct field_row *row = find_field(code);
        TRY(buf_add_str(out, row->text));
        if (row->code == 0) {
            TRY(buf_add_byte(out, ' '));
            TRY(buf_add_u64(out, code));
        }
        TRY(buf_add_str(out, ": "));
        TRY(print_value(row, value, out));
        TRY(buf_add_byte(out, '\n'));
    }
}
