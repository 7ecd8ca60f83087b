/* What a person's category needs so that a backup made under keys that were destroyed since still
 * gives back what nobody deleted: for each record that stays as long as the account, what opens it
 * alone. The list is sealed under the category's present key, so that a record that is no longer in
 * it stays closed: older lists are under keys that are gone. docs/FORMATS.md, "Carried keys". */
#ifndef WARD_VAULT_CARRY_H
#define WARD_VAULT_CARRY_H

#include "inside.h"

/* Plain: be64 mark, then generations, newest first: be32 count, then be64 id and key each. A row:
 * the reference of the category's key, and the list sealed under it. */
struct carry {
    uint64_t below; /* records below are in a backup that no list knows yet; 0: none are */
    uint64_t mark;  /* next record at the last backup */
    struct buf old; /* the list so far; empty: none */
    struct buf list;
    uint32_t count;        /* of the generation that is being added */
    struct selection kept; /* what is still there, and may be carried */
};

void carry_init(struct carry *c);
void carry_done(struct carry *c);

/* Inside an op: from now on a backup has what there is. */
MUST_USE struct status carry_mark(struct vault *v);
/* What the category has carried so far, with the key that is about to go. */
MUST_USE struct status carry_begin(struct vault *v, struct carry *c, uint64_t owner,
                                   uint8_t category, struct key_ref ref,
                                   const struct seal_key *key);
/* One record of the category that stays, and what opens it alone: its row's key, or the key that it
 * shares with others. */
MUST_USE struct status carry_add(struct carry *c, uint64_t id, const struct seal_key *alone);
/* Inside an op: the list under its new key, in the store and in the tightening log. */
MUST_USE struct status carry_end(struct vault *v, struct carry *c, uint64_t owner, uint8_t category,
                                 struct key_ref ref, const struct seal_key *key);

/* For a restore, inside an op: a frame of the tightening log. The last of a category
 * counts whose key lives. */
MUST_USE struct status carry_seen(struct vault *v, const struct tightening *t, uint64_t next_id,
                                  uint64_t next_subject);
/* Whose frames were seen: uint64_t owner and category each. */
MUST_USE struct status carry_each_seen(struct vault *v, struct buf *ret_pairs);
/* The key and list of the frame that counts. E_STORE_MISSING */
MUST_USE struct status carry_open_seen(struct vault *v, uint64_t owner, uint8_t category,
                                       struct key_ref *ret_ref, struct seal_key *ret_key,
                                       struct buf *ret_list);
/* Inside an op: the list is the category's from now on, or of no use. */
MUST_USE struct status carry_take_seen(struct vault *v, uint64_t owner, uint8_t category,
                                       bool counts);
/* The n-th key that the list has for the record, newest generation first. */
bool carry_find(struct slice list, uint64_t id, unsigned n, struct seal_key *ret);

#endif
