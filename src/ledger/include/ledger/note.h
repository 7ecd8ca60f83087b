/* Signed notes, checkpoints and cosignatures, as C2SP's signed-note, tlog-checkpoint and
 * tlog-cosignature define them. Ed25519 only (types 0x01 and 0x04). Pure.
 *
 *   struct note_vkey log;
 *   TRY(note_vkey_parse(SLICE("example.com/log+1a2b3c4d+AZ..."), &log));
 *   struct checkpoint head;
 *   TRY(checkpoint_verify(text, &log, &head));       -- origin, size and root can be trusted
 */
#ifndef WARD_LEDGER_NOTE_H
#define WARD_LEDGER_NOTE_H

#include "ledger/merkle.h"

enum {
    NOTE_MAX = 64 * 1024,     /* bytes of a note that is read */
    NOTE_NAME_MAX = 255,      /* bytes of a key's name or an origin */
    NOTE_SIGNATURES_MAX = 64, /* lines that are read; more is E_NOTE_FORM */
    NOTE_ED25519 = 0x01,
    NOTE_COSIGNATURE = 0x04,
};

/* A verifier key: name, type and public key, as in "name+hash+base64". */
struct note_vkey {
    uint8_t name[NOTE_NAME_MAX];
    size_t name_len;
    uint8_t type; /* NOTE_ED25519 or NOTE_COSIGNATURE */
    uint32_t id;
    uint8_t public_key[SEAL_PUBLIC_LEN];
};

/* E_VKEY unless well-formed, of a known type, and with the hash that belongs to it. */
MUST_USE struct status note_vkey_parse(struct slice text, struct note_vkey *ret_key);
/* E_VKEY for a name that is empty, too long, or holds spaces, plus signs or control characters. */
MUST_USE struct status note_vkey_make(struct slice name, uint8_t type,
                                      const uint8_t public_key[SEAL_PUBLIC_LEN],
                                      struct note_vkey *ret_key);
MUST_USE struct status note_vkey_print(const struct note_vkey *key, struct buf *out);
struct slice note_vkey_name(const struct note_vkey *key);

/* A note taken apart; everything points into the text. */
struct note_signature {
    struct slice line; /* whole, without the line end */
    struct slice name;
    struct slice base64;
};
struct note {
    struct slice text; /* with its last line end */
    size_t count;
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
};

/* E_NOTE_FORM. Trusts nothing yet. */
MUST_USE struct status note_parse(struct slice bytes, struct note *ret_note);
/* E_NOTE_UNSIGNED if the key did not sign, E_NOTE_NAME if it did and the line beside the signature
 * names another, E_SIGNATURE if what claims to be its signature fails.
 * *ret_time_s is the time of a cosignature, else 0; may be NULL. */
MUST_USE struct status note_check(const struct note *note, const struct note_vkey *key,
                                  uint64_t *ret_time_s);
/* text, which ends with a line end, with the signature of `key` under it, at the end of `out`. */
MUST_USE struct status note_sign(struct slice text, struct slice name,
                                 const struct seal_signing_key *key, struct buf *out);
/* One cosignature line with its line end, over the text of a checkpoint. For witnesses and tests.
 */
MUST_USE struct status note_cosign(struct slice text, struct slice name, uint64_t time_s,
                                   const struct seal_signing_key *key, struct buf *out);

/* The head of a tree. `origin` points into what was read. */
struct checkpoint {
    struct slice origin;
    uint64_t size;
    struct seal_hash root;
};

/* The text of a note as a checkpoint; E_CHECKPOINT_FORM. Extension lines are allowed and ignored.
 */
MUST_USE struct status checkpoint_parse(struct slice text, struct checkpoint *ret_head);
MUST_USE struct status checkpoint_print(const struct checkpoint *head, struct buf *out);
/* Note, signature and origin (which is the key's name) at once. */
MUST_USE struct status checkpoint_verify(struct slice bytes, const struct note_vkey *log,
                                         struct checkpoint *ret_head);

#endif
