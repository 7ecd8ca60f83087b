/* Openings in the store: what leaves say to a person, or to the auditor (owner 0), many entries to
 * a row, each in few bytes (docs/FORMATS.md, "Openings in the store"). Row 0 is the one that grows;
 * when it is full it moves to the number of its first leaf. The auditor's grows by what a
 * transaction adds, a person's by each entry.
 *
 * Nothing of an entry is left out: its content is put together again byte by byte, and its salt is
 * made from the key, the leaf and the item, so that it goes with the key. */
#include <string.h>

#include "base/bytes.h"
#include "inside.h"
#include "packed.h"

enum {
    ROW_VERSION = 2,
    ROW_FULL = 800, /* bytes; with what the store adds, larger ones would need pages of their own */
    FORM_BYTES = 0, /* packed length, bytes */
    FORM_NUMBER = 1, /* eight bytes: packed, as the difference to what is likely */
    FORM_NAME = 2,   /* packed number of a name */
    FORM_WORD = 3,   /* number of a word */
    FORM_SHIFT = 5,
    OWN_SALT = 1, /* of the entry's flags: a salt follows */
};

/* Never renumbered. */
static const char *const words[] = {
    "controller", "self",     "other", "entity", "use",  "collect",    "store",    "disclose",
    "publish",    "restrict", "erase", "permit", "deny", "undeclared", "metadata",
};

struct leaf_salt opening_salt(const struct seal_key *key, uint64_t leaf, uint32_t index) {
    uint8_t place[12];
    bytes_put_be64(place, leaf);
    bytes_put_be32(place + 8, index);
    struct seal_hash sum =
        seal_keyed_hash(key, SLICE("ward opening salt v1"), slice_of(place, sizeof place));
    struct leaf_salt salt;
    memcpy(salt.bytes, sum.bytes, sizeof salt.bytes);
    return salt;
}

/* Contents -------------------------------------------------------------------------------- */

/* What a number is likely to be near to. */
struct likely {
    uint64_t owner;
    uint64_t leaf;
    uint64_t at_ms;
    uint64_t record; /* the one before */
};

static uint64_t likely_of(const struct likely *near, unsigned code) {
    switch (code) {
    case FIELD_SUBJECT:
        return near->owner;
    case FIELD_AT_MS:
    case FIELD_UNTIL_MS:
        return near->at_ms;
    case FIELD_INTENT:
        return near->leaf;
    case FIELD_RECORD:
        return near->record;
    default:
        return 0;
    }
}

/* Small differences to either side are small numbers. */
static uint64_t fold_sign(uint64_t difference) {
    return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unfold_sign(uint64_t folded) {
    return folded >> 1 ^ (0 - (folded & 1));
}

static int name_kind_of(unsigned code) {
    return code == FIELD_PURPOSE     ? NAME_PURPOSE
           : code == FIELD_CATEGORY  ? NAME_CATEGORY
           : code == FIELD_RECIPIENT ? NAME_RECIPIENT
                                     : 0;
}

static int word_of(struct slice text) {
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (slice_eq(text, slice_str(words[i]))) {
            return (int)i;
        }
    }
    return -1;
}

static struct status add_formed(struct buf *out, unsigned form, unsigned code, uint64_t number) {
    TRY(buf_add_byte(out, (uint8_t)(form << FORM_SHIFT | code)));
    return packed_add(out, number);
}

static struct status pack_field(const struct vault *v, struct likely *near, unsigned code,
                                struct slice value, struct buf *out) {
    if (code >> FORM_SHIFT != 0) {
        return FAIL(E_OPENING_FORM);
    }
    uint16_t name = 0;
    int kind = name_kind_of(code);
    if (kind != 0 && names_find(v, (enum name_kind)kind, value, &name)) {
        return add_formed(out, FORM_NAME, code, name);
    }
    int word = word_of(value);
    if (word >= 0) {
        return add_formed(out, FORM_WORD, code, (uint64_t)word);
    }
    if (value.len == 8) {
        uint64_t number = bytes_be64(value.ptr);
        TRY(add_formed(out, FORM_NUMBER, code, fold_sign(number - likely_of(near, code))));
        near->record = code == FIELD_RECORD ? number : near->record;
        return STATUS_OK;
    }
    TRY(add_formed(out, FORM_BYTES, code, value.len));
    return buf_add(out, value);
}

static struct status pack(const struct vault *v, struct likely near, struct slice content,
                          struct buf *out) {
    unsigned code = 0;
    struct slice value;
    for (;;) {
        TRY(content_next(&content, &code, &value));
        if (code == 0) {
            return STATUS_OK;
        }
        TRY(pack_field(v, &near, code, value, out));
    }
}

static struct status unpack_field(const struct vault *v, struct likely *near, struct slice *rest,
                                  struct buf *out) {
    const uint8_t *head = NULL;
    uint64_t number = 0;
    TRY(packed_take_bytes(rest, 1, &head));
    TRY(packed_take(rest, &number));
    unsigned code = *head & ((1u << FORM_SHIFT) - 1);
    enum leaf_field field = (enum leaf_field)code;
    const uint8_t *bytes = NULL;
    switch (*head >> FORM_SHIFT) {
    case FORM_BYTES:
        TRY(packed_take_bytes(rest, number, &bytes));
        return content_add_text(out, field, slice_of(bytes, number));
    case FORM_NUMBER:
        number = likely_of(near, code) + unfold_sign(number);
        near->record = code == FIELD_RECORD ? number : near->record;
        return content_add_u64(out, field, number);
    case FORM_NAME:
        if (name_kind_of(code) == 0 || number >= v->names[name_kind_of(code)].count) {
            return FAIL(E_VAULT_CORRUPT);
        }
        return content_add_text(
            out, field, names_text(v, (enum name_kind)name_kind_of(code), (uint16_t)number));
    case FORM_WORD:
        return number < ARRAY_LEN(words) ? content_add_text(out, field, slice_str(words[number]))
                                         : FAIL(E_VAULT_CORRUPT);
    default:
        return FAIL(E_VAULT_CORRUPT);
    }
}

/* Rows ------------------------------------------------------------------------------------ */

struct row_head {
    uint64_t leaf; /* of the first entry; others are told from it */
    uint64_t at_ms;
};

static struct status add_head(struct buf *row, const struct opening_entry *first) {
    TRY(buf_add_byte(row, ROW_VERSION));
    TRY(packed_add(row, first->leaf));
    return packed_add(row, (uint64_t)first->at_ms);
}

static struct status take_head(struct slice *rest, struct row_head *ret) {
    const uint8_t *version = NULL;
    TRY(packed_take_bytes(rest, 1, &version));
    if (*version != ROW_VERSION) {
        return FAIL(E_VAULT_CORRUPT);
    }
    TRY(packed_take(rest, &ret->leaf));
    return packed_take(rest, &ret->at_ms);
}

static struct likely likely_for(uint64_t owner, const struct opening_entry *e) {
    return (struct likely){.owner = owner, .leaf = e->leaf, .at_ms = (uint64_t)e->at_ms};
}

static struct status add_entry(const struct vault *v, uint64_t owner, const struct row_head *head,
                               const struct opening_entry *e, struct buf *row) {
    struct buf packed CLEANUP(buf_done);
    buf_init_secret(&packed, OPENING_CONTENT_MAX * 2);
    TRY(pack(v, likely_for(owner, e), e->item.content, &packed));
    TRY(packed_add(row, e->leaf - head->leaf));
    TRY(packed_add(row, fold_sign((uint64_t)e->at_ms - head->at_ms)));
    TRY(buf_add_byte(row, e->kind));
    TRY(buf_add_byte(row, e->own_salt ? OWN_SALT : 0));
    TRY(packed_add(row, e->index));
    if (e->own_salt) {
        TRY(buf_add(row, slice_of(e->item.salt.bytes, LEAF_SALT_LEN)));
    }
    TRY(packed_add(row, packed.len));
    return buf_add(row, buf_slice(&packed));
}

static struct status append(const struct vault *v, uint64_t owner, const struct opening_entry *e,
                            struct buf *row) {
    if (row->len == 0) {
        TRY(add_head(row, e));
    }
    struct row_head head;
    struct slice rest = buf_slice(row);
    TRY(take_head(&rest, &head));
    return add_entry(v, owner, &head, e, row);
}

static struct status take_entry(struct slice *rest, const struct row_head *head,
                                const struct seal_key *key, struct opening_entry *ret) {
    const uint8_t *bytes = NULL;
    uint64_t number = 0;
    TRY(packed_take(rest, &number));
    ret->leaf = head->leaf + number;
    TRY(packed_take(rest, &number));
    ret->at_ms = (int64_t)(head->at_ms + unfold_sign(number));
    TRY(packed_take_bytes(rest, 2, &bytes));
    ret->kind = bytes[0];
    ret->own_salt = bytes[1] == OWN_SALT;
    TRY(packed_take(rest, &number));
    ret->index = (uint32_t)number;
    if (ret->own_salt) {
        TRY(packed_take_bytes(rest, LEAF_SALT_LEN, &bytes));
        memcpy(ret->item.salt.bytes, bytes, LEAF_SALT_LEN);
    } else {
        ret->item.salt = opening_salt(key, ret->leaf, ret->index);
    }
    TRY(packed_take(rest, &number));
    TRY(packed_take_bytes(rest, number, &bytes));
    ret->packed = slice_of(bytes, number);
    return STATUS_OK;
}

struct status opening_content(const struct vault *v, uint64_t owner, struct opening_entry *entry,
                              struct buf *content) {
    struct likely near = likely_for(owner, entry);
    struct slice rest = entry->packed;
    buf_clear(content);
    while (rest.len > 0) {
        TRY(unpack_field(v, &near, &rest, content));
    }
    entry->item.content = buf_slice(content);
    return STATUS_OK;
}

struct status openings_entries(const struct seal_key *key, const struct buf *row,
                               struct buf *entries) {
    struct slice rest = buf_slice(row);
    struct row_head head;
    TRY(take_head(&rest, &head));
    while (rest.len > 0) {
        struct opening_entry entry;
        TRY(take_entry(&rest, &head, key, &entry));
        TRY(buf_add(entries, slice_of(&entry, sizeof entry)));
    }
    return STATUS_OK;
}

struct status openings_read(const struct seal_key *key, uint64_t owner, uint64_t id,
                            struct slice sealed, struct buf *plain, struct buf *entries) {
    struct seal_place place = {.what = SEAL_OPENING, .owner = owner, .id = id};
    struct status status = record_open_buf(key, &place, sealed, plain);
    if (failed(status)) {
        return status.code == E_SEAL_OPEN ? FAIL(E_VAULT_CORRUPT) : status;
    }
    return openings_entries(key, plain, entries);
}

/* Writing --------------------------------------------------------------------------------- */

static struct status put_row(struct vault *v, uint64_t owner, uint64_t id,
                             const struct seal_key *key, const struct buf *row) {
    struct buf sealed CLEANUP(buf_done);
    buf_init(&sealed, OPENING_ROW_MAX + RECORD_OVERHEAD);
    struct seal_place place = {.what = SEAL_OPENING, .owner = owner, .id = id};
    TRY(record_seal_buf(key, &place, buf_slice(row), &sealed));
    return store_put(v->store, STORE_OPENINGS, owner, id, buf_slice(&sealed));
}

/* The row that grows; empty when there is none. */
static struct status open_growing(struct vault *v, uint64_t owner, const struct seal_key *key,
                                  struct buf *row) {
    struct slice sealed;
    struct status found = store_view(v->store, STORE_OPENINGS, owner, OPENINGS_GROWING, &sealed);
    if (found.code == E_STORE_MISSING) {
        return STATUS_OK;
    }
    TRY(found);
    struct seal_place place = {.what = SEAL_OPENING, .owner = owner, .id = OPENINGS_GROWING};
    struct status status = record_open_buf(key, &place, sealed, row);
    return status.code == E_SEAL_OPEN ? FAIL(E_VAULT_CORRUPT) : status;
}

/* A full row moves away, unless it holds this leaf alone: then their numbers would be the same. */
static struct status make_room(struct vault *v, uint64_t owner, const struct seal_key *key,
                               uint64_t leaf, struct buf *row) {
    if (row->len <= ROW_FULL) {
        return STATUS_OK;
    }
    struct row_head head;
    struct slice rest = buf_slice(row);
    TRY(take_head(&rest, &head));
    if (head.leaf == leaf) {
        return STATUS_OK;
    }
    TRY(put_row(v, owner, head.leaf + 1, key, row));
    buf_clear(row);
    return STATUS_OK;
}

struct status openings_add(struct vault *v, uint64_t owner, const struct seal_key *key,
                           const struct opening_entry *entry) {
    struct buf row CLEANUP(buf_done);
    buf_init_secret(&row, OPENING_ROW_MAX);
    TRY(open_growing(v, owner, key, &row));
    TRY(make_room(v, owner, key, entry->leaf, &row));
    TRY(append(v, owner, entry, &row));
    return put_row(v, owner, OPENINGS_GROWING, key, &row);
}

/* The auditor ----------------------------------------------------------------------------- */

struct trial {
    struct slice sealed;
    struct seal_place place;
    struct buf *row;
    struct seal_key *key;
};

static struct status try_key(void *arg, const struct seal_key *key) {
    struct trial *t = arg;
    if (t->row->len > 0) {
        return STATUS_OK;
    }
    struct status status = record_open_buf(key, &t->place, t->sealed, t->row);
    *t->key = failed(status) ? *t->key : *key;
    return status.code == E_SEAL_OPEN ? STATUS_OK : status;
}

struct status openings_auditor_row(struct vault *v, uint64_t id, struct seal_key *io_key,
                                   struct buf *row) {
    struct slice sealed;
    struct buf copy CLEANUP(buf_done);
    buf_init(&copy, OPENING_ROW_MAX + RECORD_OVERHEAD);
    TRY(store_view(v->store, STORE_OPENINGS, OPENINGS_AUDITOR, id, &sealed));
    TRY(buf_add(&copy, sealed));
    struct trial trial = {
        .sealed = buf_slice(&copy),
        .place = {.what = SEAL_OPENING, .owner = OPENINGS_AUDITOR, .id = id},
        .row = row,
        .key = io_key,
    };
    TRY(try_key(&trial, io_key));
    TRY(row->len > 0 ? STATUS_OK : period_keys(v, try_key, &trial));
    return row->len > 0 ? STATUS_OK : FAIL(E_VAULT_CORRUPT);
}

static struct status head_of(const struct buf *row, struct row_head *ret) {
    struct slice rest = buf_slice(row);
    return take_head(&rest, ret);
}

static struct status move_auditor(struct vault *v, const struct seal_key *key, struct buf *row) {
    struct row_head head;
    TRY(head_of(row, &head));
    TRY(put_row(v, OPENINGS_AUDITOR, head.leaf + 1, key, row));
    buf_clear(row);
    return store_delete(v->store, STORE_OPENINGS, OPENINGS_AUDITOR, OPENINGS_GROWING);
}

/* What the transaction adds goes on in the row that grows, unless its period is over. */
static struct status go_on(struct vault *v, struct buf *row) {
    struct seal_key key CLEANUP(seal_key_done);
    struct row_head head;
    TRY(period_key(v, vault_now_ms(v), &key));
    struct status found = openings_auditor_row(v, OPENINGS_GROWING, &key, row);
    if (found.code == E_STORE_MISSING) {
        return STATUS_OK;
    }
    TRY(found);
    TRY(head_of(row, &head));
    bool over = period_of((int64_t)head.at_ms) != period_of(vault_now_ms(v));
    return over ? move_auditor(v, &key, row) : STATUS_OK;
}

struct status openings_auditor_key(struct vault *v, struct seal_key *ret) {
    const struct buf *row = &v->pending.auditor;
    struct row_head head = {.at_ms = (uint64_t)vault_now_ms(v)};
    TRY(row->len == 0 ? go_on(v, &v->pending.auditor) : STATUS_OK);
    TRY(row->len == 0 ? STATUS_OK : head_of(row, &head));
    return period_key(v, (int64_t)head.at_ms, ret);
}

struct status openings_add_auditor(struct vault *v, const struct opening_entry *entry) {
    return append(v, OPENINGS_AUDITOR, entry, &v->pending.auditor);
}

struct status openings_commit(struct vault *v) {
    struct buf *row = &v->pending.auditor;
    if (row->len == 0) {
        return STATUS_OK;
    }
    struct seal_key key CLEANUP(seal_key_done);
    TRY(openings_auditor_key(v, &key));
    if (row->len > ROW_FULL) {
        return move_auditor(v, &key, row);
    }
    TRY(put_row(v, OPENINGS_AUDITOR, OPENINGS_GROWING, &key, row));
    buf_clear(row);
    return STATUS_OK;
}
