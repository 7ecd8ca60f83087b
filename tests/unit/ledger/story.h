/* What the tests of the ledger share: leaves that are known by their index, and a checker. */
#ifndef WARD_TESTS_STORY_H
#define WARD_TESTS_STORY_H

#include "ledger/ledger.h"
#include "ledger/verify.h"

struct story {
    struct seal_signing_key key;
    struct note_vkey vkey;
    struct ledger_options options;
};

/* On these files, in "log". */
void story_begin(struct story *story, const struct os_fs *fs);
/* Leaf i is always the same. */
void story_leaf(uint64_t i, uint8_t ret_entry[LEAF_LEN]);
struct opening_item story_item(uint64_t i);
/* Leaves first..first+count-1, handed over as the store would. */
MUST_USE struct status story_append(struct ledger *ledger, uint64_t first, uint64_t count);
/* The published directory as an outsider checks it; `since` may be empty. */
MUST_USE struct status story_verify(const struct story *story, const struct os_fs *fs,
                                    struct slice since, struct verify_log_report *ret_report);

#endif
