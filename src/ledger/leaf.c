/* Leaves and commitments. Pure but for the random salts. Must never let anything into the public
 * part that could tell two people apart. */
#include "ledger/leaf.h"

#include <string.h>

#include "base/bytes.h"

enum { AT_VERSION, AT_KIND, AT_HOUR, AT_PERSON = 6, AT_AUDITOR = 38 };
enum { HOUR_MS = 60 * 60 * 1000 };

struct kind_row {
    unsigned code;
    const char *text;
    const char *meaning;
};

#define LEAF_KIND(name, code, text, meaning) {(code), (text), (meaning)},
static const struct kind_row kinds[] = {
#include "ledger/kinds.def"
};
#undef LEAF_KIND

static const struct kind_row *find_kind(unsigned kind) {
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].code == kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

const char *leaf_kind_text(unsigned kind) {
    const struct kind_row *row = find_kind(kind);
    return row == NULL ? NULL : row->text;
}

const char *leaf_kind_meaning(unsigned kind) {
    const struct kind_row *row = find_kind(kind);
    return row == NULL ? NULL : row->meaning;
}

bool leaf_kind_audited(unsigned kind) {
    return kind != LEAF_ERASURE_DONE;
}

uint32_t leaf_hour(int64_t unix_ms) {
    return unix_ms < 0 ? 0 : (uint32_t)(unix_ms / HOUR_MS);
}

void leaf_put(const struct leaf *leaf, uint8_t ret_entry[LEAF_LEN]) {
    ret_entry[AT_VERSION] = LEAF_VERSION;
    ret_entry[AT_KIND] = (uint8_t)leaf->kind;
    bytes_put_be32(ret_entry + AT_HOUR, leaf->hour);
    memcpy(ret_entry + AT_PERSON, leaf->person.bytes, SEAL_HASH_LEN);
    memcpy(ret_entry + AT_AUDITOR, leaf->auditor.bytes, SEAL_HASH_LEN);
}

struct status leaf_get(struct slice entry, struct leaf *ret_leaf) {
    if (entry.len != LEAF_LEN || entry.ptr[AT_VERSION] != LEAF_VERSION ||
        find_kind(entry.ptr[AT_KIND]) == NULL) {
        return FAIL(E_LEAF_FORM);
    }
    ret_leaf->kind = entry.ptr[AT_KIND];
    ret_leaf->hour = bytes_be32(entry.ptr + AT_HOUR);
    memcpy(ret_leaf->person.bytes, entry.ptr + AT_PERSON, SEAL_HASH_LEN);
    memcpy(ret_leaf->auditor.bytes, entry.ptr + AT_AUDITOR, SEAL_HASH_LEN);
    return STATUS_OK;
}

struct leaf_salt leaf_salt_random(void) {
    struct leaf_salt salt;
    seal_random(salt.bytes, sizeof salt.bytes);
    return salt;
}

struct leaf_salt leaf_salt_of_erasure(const struct seal_key *key) {
    struct leaf_salt salt;
    struct seal_hash sum = seal_keyed_hash(key, SLICE("ward erasure salt v1"), slice_of(NULL, 0));
    memcpy(salt.bytes, sum.bytes, sizeof salt.bytes);
    return salt;
}

struct seal_hash leaf_commit(const struct opening_item *item) {
    return seal_sha256_parts(0, slice_of(item->salt.bytes, LEAF_SALT_LEN), item->content);
}

struct status leaf_commit_many(const struct opening_item *items, size_t count,
                               struct seal_hash *ret) {
    struct merkle_edge edge = {0};
    if (count == 0 || count > OPENING_ITEMS_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    for (size_t i = 0; i < count; i++) {
        if (items[i].content.len > OPENING_CONTENT_MAX) {
            return FAIL(E_TOO_LARGE);
        }
        merkle_edge_add(&edge, leaf_commit(&items[i]));
    }
    *ret = merkle_edge_root(&edge);
    return STATUS_OK;
}

struct seal_hash leaf_commit_nothing(void) {
    struct seal_hash h;
    seal_random(h.bytes, sizeof h.bytes);
    return h;
}
