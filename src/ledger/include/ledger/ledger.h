/* The ledger: leaves in order, published as tiles, bundles and signed checkpoints in a directory
 * that any static host can serve (DESIGN, section 7; docs/FORMATS.md, "Ledger").
 *
 * How it stands to the store. The store gives each leaf its index, in the transaction that makes
 * the change, and keeps the leaf until it is published. The sequencer hands over leaves that the
 * store holds durably, in order; the ledger writes bundles and tiles, makes them durable, and only
 * then signs and publishes the checkpoint. Tiles past the published checkpoint are nobody's promise
 * and are written anew. So a crash at any point loses nothing and repeats nothing: open the ledger,
 * ask ledger_published, and append the store's leaves from there.
 *
 * The ledger never goes back: a store that is behind the published checkpoint is refused, a
 * different leaf at an index that has one is refused, and after a failed write everything is
 * refused until it is opened anew. Not for two threads at once.
 *
 *   struct ledger *ledger = NULL;
 *   TRY(ledger_open(&options, &ledger));
 *   uint64_t next = ledger_published(ledger);
 *   TRY(ledger_append_at(ledger, next, entries, count));   -- entries: LEAF_LEN bytes each
 *   TRY(ledger_publish(ledger));                           -- now the store may drop them
 *   TRY(ledger_receipt(ledger, index, openings, 1, &out));
 *   ledger_close(&ledger);
 */
#ifndef WARD_LEDGER_LEDGER_H
#define WARD_LEDGER_LEDGER_H

#include "ledger/leaf.h"
#include "ledger/note.h"
#include "ledger/tile.h"
#include "os/file.h"

enum {
    LEDGER_CACHE_TILES = 64, /* tiles kept in memory for proofs, 16 KiB each */
    LEDGER_CHECKPOINT_MAX = NOTE_MAX,
};

struct ledger;

struct ledger_options {
    const struct os_fs *fs;
    const char *dir;     /* the published directory; its parent must exist */
    struct slice origin; /* the log's name, as in "ward.example/log"; also the name of its key */
    const struct seal_signing_key *key; /* must outlive the ledger */
    uint64_t store_leaves; /* how many leaves the store has durably; published or not */
};

/* Makes the directory and publishes the checkpoint of the empty tree. E_FILE_EXISTS if there is a
 * checkpoint. */
MUST_USE struct status ledger_create(const struct ledger_options *options);
/* Checks the checkpoint's signature, reads the right edge from the tiles and checks that it leads
 * to the signed root. E_LEDGER_AHEAD if the store has fewer leaves than were published;
 * E_LEDGER_CORRUPT with ledger_failed_path; E_CHECKPOINT_ORIGIN, E_NOTE_UNSIGNED. */
MUST_USE struct status ledger_open(const struct ledger_options *options,
                                   struct ledger **ret_ledger);
/* Writes nothing. Accepts NULL, nulls it. */
void ledger_close(struct ledger **ledger);
/* For a restore that lost leaves of the store: opens whatever is published, so that the store can
 * go on from ledger_published with a leaf of kind `restored`. Else as ledger_open. */
MUST_USE struct status ledger_open_restored(const struct ledger_options *options,
                                            struct ledger **ret_ledger);

/* Leaves appended, and leaves under the published checkpoint. */
uint64_t ledger_size(const struct ledger *ledger);
uint64_t ledger_published(const struct ledger *ledger);

/* count * LEAF_LEN bytes of entries; the first gets the index `first`. Leaves that are there
 * already are compared (below the published size against the tiles): E_LEDGER_CONFLICT;
 * E_LEDGER_GAP past the end; E_LEAF_FORM for what is no leaf. Writes full tiles, syncs nothing. */
MUST_USE struct status ledger_append_at(struct ledger *ledger, uint64_t first,
                                        const uint8_t *entries, size_t count);
/* At the end, wherever that is. */
MUST_USE struct status ledger_append_many(struct ledger *ledger, const uint8_t *entries,
                                          size_t count, uint64_t *ret_first);
/* Makes everything appended durable and publishes the new checkpoint. Nothing appended: nothing
 * done. Only for leaves that the store holds durably. */
MUST_USE struct status ledger_publish(struct ledger *ledger);

/* The published checkpoint, cosignatures included; valid until the next call that changes it. */
struct slice ledger_checkpoint(const struct ledger *ledger);
/* The log's public key, to be handed to whoever verifies. */
MUST_USE struct status ledger_vkey(const struct ledger *ledger, struct buf *out);
/* Adds the cosignatures of a witness's answer to the published checkpoint (ledger/witness.h). */
MUST_USE struct status ledger_cosign(struct ledger *ledger, struct slice answer,
                                     const struct note_vkey *witnesses, size_t count);

/* All of these are about published leaves: E_LEDGER_MISSING for others. What they return has been
 * checked against the checkpoint; E_LEDGER_CORRUPT if a tile was damaged. */
MUST_USE struct status ledger_leaf(struct ledger *ledger, uint64_t index,
                                   uint8_t ret_entry[LEAF_LEN]);
/* Entries from `first` on to the end of their bundle, or of the published log: LEAF_LEN bytes each.
 */
MUST_USE struct status ledger_bundle(struct ledger *ledger, uint64_t first,
                                     uint8_t ret_entries[TILE_WIDTH * LEAF_LEN], size_t *ret_count);
MUST_USE struct status ledger_prove_inclusion(struct ledger *ledger, uint64_t index,
                                              struct merkle_path *ret_path);
/* From an earlier size to the published one. */
MUST_USE struct status ledger_prove_consistency(struct ledger *ledger, uint64_t old_size,
                                                struct merkle_path *ret_path);
/* A .tlog-proof file with the leaf and these openings (ledger/receipt.h). */
MUST_USE struct status ledger_receipt(struct ledger *ledger, uint64_t index,
                                      const struct slice *openings, size_t count, struct buf *out);

/* Which file was found damaged by the last E_LEDGER_CORRUPT in this thread; "" if none. */
const char *ledger_failed_path(void);

#endif
