/* What the vault speaks of: people, uses, records, answers. Plain values.
 *
 * Purposes, categories and recipients are named in the data map. The vault gives each name a small
 * number that it keeps for ever (vault_purpose and its sisters look them up); a number is good for
 * as long as the vault is open, whatever the data map becomes. */
#ifndef WARD_VAULT_TYPES_H
#define WARD_VAULT_TYPES_H

#include "base/buf.h"
#include "base/date.h"
#include "law/law.h"

enum vault_limits {
    VAULT_PURPOSES_MAX = 64, /* one bit each in a mask, retired names included */
    VAULT_CATEGORIES_MAX = 128,
    VAULT_RECIPIENTS_MAX = 64,
    VAULT_ORIGINS_MAX = 4096,    /* interned names of origins and of access lists */
    VAULT_NAME_MAX = 128,        /* bytes of a name */
    VAULT_PAYLOAD_MAX = 1 << 20, /* plain bytes of one record; more is a blob */
    VAULT_BLOB_MAX = 512 << 20,  /* plain bytes of one blob */
    VAULT_OTHERS_MAX = 8,        /* people besides the owner whom one record concerns */
    VAULT_TAGS_MAX = 8,          /* look-up tags of one subject */
    VAULT_OPEN_BLOBS_MAX = 256,  /* uploads at one time */
    VAULT_FOLLOWERS_MAX = 16,
    VAULT_ACK_WITHIN_MS = 1000, /* a follower that is later is stopped */
    VAULT_NEVER_EXPIRES = INT32_MAX,
};

enum { VAULT_ALL = 0xff }; /* every purpose, or every category, where a function says so */

/* Who acts, established by the guard and never taken from a caller. All zero: the controller
 * itself, at home. The slices live during the call. */
struct vault_actor {
    uint64_t session;     /* groups accesses in the ledger; 0: no session */
    uint64_t subject;     /* the person who acts; 0: no subject of this vault */
    struct slice id;      /* another entity that touches the data; empty: none */
    struct slice country; /* of that entity, two letters; empty: a third country */
    bool same_entity;
};

/* One use of data, as the operation's file in api/ declares it. */
struct vault_use {
    uint8_t purpose;                 /* vault_purpose */
    uint8_t operation;               /* enum law_operation, as in facts.operation */
    const struct vault_actor *actor; /* NULL: the controller itself */
    uint8_t recipient;               /* vault_recipient + 1; 0: none. Needed to disclose */
    bool by_subject_action;          /* publish: the person chose to make it public */
    bool gpc;                        /* Global Privacy Control was signalled */
    bool account;                    /* the holding of an account on a social service */
    bool from_authority;             /* an authority demands it */
    struct slice authority_country;  /* two letters */
    bool treaty;
    uint64_t asked_by; /* the person who asked for exactly this, to exercise a right; 0: nobody.
                          The guard's word alone, and about that person's own data, for the
                          purpose of people's rights */
};

/* The law's answer to one use. `rules` and `needs` are what the person is told. */
struct vault_answer {
    bool permit;
    bool undeclared;       /* the data map knows no such pair of purpose and category */
    int64_t until_ms;      /* when the answer may change by itself; INT64_MAX: never */
    struct law_answer law; /* as law_decide filled it */
};

enum vault_subject_state {
    VAULT_ACTIVE = 1,
    VAULT_NEEDS_GUARDIAN = 2, /* serves the account itself (the purposes that the data map calls
                                 so), what the law demands, and erasure; all else is denied */
    VAULT_RESTRICTED = 3,     /* GDPR Art. 18: kept, and used for nothing else */
    VAULT_ERASED = 4,         /* only as an answer: nothing is kept of them */
};

enum vault_age_kind {
    VAULT_AGE_UNKNOWN = 0, /* counts as a child */
    VAULT_AGE_BIRTH = 1,   /* a birth date */
    VAULT_AGE_OVER = 2,    /* known to have been at least `age` years old on `age_on` */
};

/* A notice that a person was shown. All zero: none. */
struct vault_notice {
    uint8_t version[32]; /* the hash that the notice names itself by */
    char language[12];   /* BCP 47, zero-terminated */
    bool shown;
    bool child_friendly;
    bool names_transfers;
    bool retention_schedule;
};

/* What the law asks about a person. Kept sealed under the person's key. */
struct vault_facts {
    uint8_t age_kind;   /* enum vault_age_kind */
    uint8_t age_source; /* as facts.subject_age_source */
    struct date birth;
    uint8_t age;
    struct date age_on;
    char country[3];            /* empty: unknown */
    char region[8];             /* ISO 3166-2; empty: unknown */
    char language[12];          /* BCP 47 */
    struct vault_notice notice; /* the last one shown */
};

struct vault_subject {
    uint64_t id;
    uint8_t state; /* enum vault_subject_state */
    int64_t since_ms;
    struct vault_facts facts;
    uint64_t objections;   /* a bit per purpose */
    uint64_t restrictions; /* a bit per purpose */
};

/* consent.state and consent.giver have the values of the vocabulary (law/vocabulary.h). */
struct vault_consent {
    uint8_t purpose;
    uint8_t state; /* facts.consent_state: none, given, refused, withdrawn */
    uint8_t giver; /* facts.consent_giver: self, guardian, both */
    bool is_explicit;
    bool written;
    bool covers_disclosure;
    bool bundled;
    int64_t at_ms;
    uint64_t by; /* the subject who acted: the person or the guardian */
    struct vault_notice notice;
};

struct vault_guardian {
    uint64_t child;
    uint64_t guardian;
    uint8_t method; /* facts.guardian_method */
    bool verified;
    int64_t at_ms;
    int64_t until_ms; /* INT64_MAX: until revoked, or the child is of age */
};

enum vault_record_flag {
    VAULT_DECISION = 1,    /* may be used for automated decisions */
    VAULT_BLOB = 2,        /* the payload stands in a blob */
    VAULT_UNLAWFUL = 4,    /* found to have been collected unlawfully */
    VAULT_HELD = 8,        /* under a legal hold */
    VAULT_SHARED = 16,     /* concerns others than the owner (set by the vault) */
    VAULT_UNFINISHED = 32, /* a blob that is still arriving (set by the vault) */
    VAULT_STAYS = 64,      /* when the owner leaves, it goes on as the first other's, without the
                              owner: a message that was received. Else it goes with its owner */
    VAULT_WITHHELD = 128, /* the payload is older than one that let fewer see it (set by a restore):
                             it is the owner's alone until it is rewritten */
};

/* What is known about a record without opening it. */
struct vault_meta {
    uint64_t id; /* given by the vault; 0 in what vault_put takes */
    uint64_t owner;
    uint8_t category;
    uint8_t collected_for; /* purpose; vault_put takes it from the use */
    uint16_t flags;        /* enum vault_record_flag */
    uint16_t origin;       /* vault_origin; 0: the person */
    uint16_t access_list;  /* vault_origin; 0: none */
    uint8_t place;         /* a country as law_country_find numbers it; 0: home */
    uint64_t purposes;     /* a bit per purpose that may use it; 0 in vault_put: all that the data
                              map lets use the category */
    uint64_t objections;   /* a bit per purpose objected to, for this record alone */
    uint64_t shares;       /* a bit per recipient it was, or may be, shared with */
    int64_t collected_s;   /* unix seconds; 0 in vault_put: now */
    int64_t expires_s;     /* exclusive: at this second it is gone. 0 in vault_put: as the data map
                              says; VAULT_NEVER_EXPIRES as long as the account */
    uint64_t others[VAULT_OTHERS_MAX]; /* the other people it concerns; 0 ends. Filled by
                                          vault_put's caller and by vault_read; not by finds */
};

#endif
