/* Leaves: what the world sees of an event, and openings: what the person or the auditor sees of it
 * (DESIGN, section 7; docs/FORMATS.md, "Leaf" and "Opening").
 *
 * A leaf is 70 bytes: version, kind, hour, and two commitments, the person's and the auditor's.
 * Both are there in every leaf, a random one where there is nothing to open, so that leaves of one
 * kind and hour cannot be told apart. A commitment is the Merkle root over salted items: one item
 * for an event, many for a batch, of which each can be opened without the others.
 *
 *   struct opening_item item = {.salt = leaf_salt_random(), .content = content};
 *   struct leaf leaf = {.kind = LEAF_CONSENT, .hour = leaf_hour(now_ms)};
 *   leaf.person = leaf_commit(&item);
 *   leaf.auditor = leaf_commit_nothing();
 *   uint8_t entry[LEAF_LEN];
 *   leaf_put(&leaf, entry);                               -- goes with the change into the store
 *   TRY(opening_write(OPENING_PERSON, &item, 1, 0, &out)); -- sealed under the person's key
 */
#ifndef WARD_LEDGER_LEAF_H
#define WARD_LEDGER_LEAF_H

#include "ledger/merkle.h"

#define LEAF_KIND(name, code, text, meaning) LEAF_##name = (code),
enum leaf_kind {
#include "ledger/kinds.def"
};
#undef LEAF_KIND

enum {
    LEAF_VERSION = 1,
    LEAF_LEN = 70,
    LEAF_SALT_LEN = 32,
    OPENING_CONTENT_MAX = 16 * 1024, /* bytes of one item */
    OPENING_ITEMS_MAX = 1 << 20,     /* items of one batch */
    OPENING_MAX = OPENING_CONTENT_MAX + 4096,
};

struct leaf {
    enum leaf_kind kind;
    uint32_t hour; /* hours since 1970-01-01T00Z */
    struct seal_hash person;
    struct seal_hash auditor;
};

struct leaf_salt {
    uint8_t bytes[LEAF_SALT_LEN];
};

/* The table's text and meaning; NULL for a code that is not in it. */
const char *leaf_kind_text(unsigned kind);
const char *leaf_kind_meaning(unsigned kind);

/* Whether a leaf of this kind has something to open for the auditor. An erasure's completion is for
 * who holds its receipt alone. */
bool leaf_kind_audited(unsigned kind);

uint32_t leaf_hour(int64_t unix_ms);
void leaf_put(const struct leaf *leaf, uint8_t ret_entry[LEAF_LEN]);
/* E_LEAF_FORM for another length, version or kind. */
MUST_USE struct status leaf_get(struct slice entry, struct leaf *ret_leaf);

struct leaf_salt leaf_salt_random(void);
/* The salt of an erasure's completion: made from the key that is about to be destroyed, so that who
 * once held the key (a restored backup, say) recognises the leaf, and nobody else does. */
struct leaf_salt leaf_salt_of_erasure(const struct seal_key *key);

/* One item under a commitment. The content belongs to the caller. */
struct opening_item {
    struct leaf_salt salt;
    struct slice content;
};

/* 1..OPENING_ITEMS_MAX items. E_MEMORY needs 32 bytes per item beyond 64. */
MUST_USE struct status leaf_commit_many(const struct opening_item *items, size_t count,
                                        struct seal_hash *ret);
struct seal_hash leaf_commit(const struct opening_item *item);
/* A commitment that nothing opens. */
struct seal_hash leaf_commit_nothing(void);

enum opening_side {
    OPENING_PERSON = 1,
    OPENING_AUDITOR = 2,
};

/* An opening as read; `content` points into what was read. */
struct opening {
    enum opening_side side;
    struct leaf_salt salt;
    uint64_t item;
    uint64_t items;
    struct merkle_path path;
    struct slice content;
};

/* The opening of items[item] at the end of `out`. */
MUST_USE struct status opening_write(enum opening_side side, const struct opening_item *items,
                                     size_t count, size_t item, struct buf *out);
/* The same for who has the path (merkle_path_in over the items' hashes) but not the other items. */
MUST_USE struct status opening_write_path(enum opening_side side, const struct opening_item *item,
                                          size_t index, size_t count,
                                          const struct merkle_path *path, struct buf *out);
/* E_OPENING_FORM unless it is exactly one opening. */
MUST_USE struct status opening_read(struct slice bytes, struct opening *ret_opening);
/* E_OPENING_WRONG unless it opens the leaf's commitment of its side. */
MUST_USE struct status opening_check(const struct opening *opening, const struct leaf *leaf);

/* What an item says: fields in ascending order of their codes, several of one code allowed. */
#define LEAF_FIELD(name, code, type, side, text, meaning) FIELD_##name = (code),
enum leaf_field {
#include "ledger/fields.def"
};
#undef LEAF_FIELD

/* Whether the auditor may be told this field; false for codes that are not in the table. */
bool leaf_field_audited(unsigned code);
/* Whether that is so of every field. False for malformed content. */
bool content_audited(struct slice content);
/* Adds those fields of it of which it is so. E_OPENING_FORM. */
MUST_USE struct status content_for_auditor(struct slice content, struct buf *out);

/* Appends a field. E_OPENING_FORM if a field of a higher code was appended before it. The caller
 * starts with an empty buffer and hands the same one each time. */
MUST_USE struct status content_add_text(struct buf *content, enum leaf_field field,
                                        struct slice text);
MUST_USE struct status content_add_u64(struct buf *content, enum leaf_field field, uint64_t v);
/* Takes the next field off *rest. *ret_code is 0 at the end. E_OPENING_FORM for malformed content,
 * descending codes included (`*ret_code` holds the previous code when called; start with 0). */
MUST_USE struct status content_next(struct slice *rest, unsigned *ret_code,
                                    struct slice *ret_value);
/* The content as readable lines "subject: 7", for people. Unknown codes are shown by number. */
MUST_USE struct status content_print(struct slice content, struct buf *out);

#endif
