/* What the files of the guard share. Not for other rooms. */
#ifndef WARD_GUARD_INTERNAL_H
#define WARD_GUARD_INTERNAL_H

#include "api/values.h"
#include "guard/guard.h"
#include "law/map.h"
#include "os/clock.h"
#include "os/file.h"
#include "vault/audit.h"
#include "vault/backup.h"
#include "vault/blobs.h"
#include "vault/erase.h"
#include "vault/follow.h"
#include "vault/people.h"
#include "vault/records.h"

/* Kinds of vault_keep. */
enum kept_kind {
    KEPT_CREDENTIAL = 1,
    KEPT_SESSION = 2,
    KEPT_LINK = 3,
    KEPT_LOCK = 4,
    KEPT_OPERATOR = 5,
    KEPT_MARK = 6,
    KEPT_PROGRAM = 7,
    KEPT_MEMBER = 8, /* of a person: a program that registered them */
    KEPT_STANDING = 9,
};

enum session_kind { SESSION_NONE, SESSION_PERSON, SESSION_OPERATOR };

struct session {
    enum session_kind kind;
    uint64_t subject;  /* of a person */
    uint64_t operator; /* of an operator */
    uint64_t id;       /* first bytes of the token's hash; groups accesses in the ledger */
    int64_t ends_ms;
    int64_t seen_ms;
    struct seal_hash hash;
};

/* Another program of the machine, as its owner registered it. */
struct program {
    uint64_t id;
    struct seal_hash token;
    struct slice company, country;
    bool same_entity;
    uint64_t purposes; /* a bit for each that was granted, is declared, and not the service's own */
    uint16_t names[VAULT_PURPOSES_MAX]; /* origins and access lists */
    size_t name_count;
};

/* One request on its way through the guard. */
struct call {
    struct guard *g;
    enum guard_role role;
    const struct api_op *op;
    const struct api_value *args;
    struct api_value *fields; /* the answer */
    struct arena *arena;
    int64_t now_ms;
    struct session session;
    struct vault_subject person; /* who is signed in */
    bool gpc; /* Global Privacy Control is signalled; taken at its word, as it only tightens */
    struct operator_facts {
        struct slice name, company, country;
        bool same_entity;
    } operator;
    const struct program *program; /* who asks, on the programs' socket */
    struct vault_actor actor;
    struct vault_use use;
    uint8_t category;
    uint64_t about;             /* whose data a refusal is about */
    struct vault_answer answer; /* of the last decision */
    bool decided;               /* answer, use, category and about say why */
    const struct guard_password *worked;
    struct guard_reply *reply;
    uint8_t flags;
    int fd;
};

typedef struct status handler_fn(struct call *c);
/* Fills a password job before the worker has it; E_THROTTLED and the like end the request. */
typedef struct status prepare_fn(struct call *c, struct guard_password *job);

struct handler {
    uint16_t op;
    handler_fn *run;
    prepare_fn *prepare; /* NULL: no password */
    bool alone;          /* outside of a batch */
    bool permit;         /* decide and record the operation's own triple about the person first */
};

struct use_numbers {
    uint8_t purpose;
    uint8_t category;
    uint8_t operation;
    bool declared;
};

/* The audit file that is being handed out. */
struct auditing {
    struct vault_audit of;
    uint64_t next;  /* leaf */
    uint64_t lines; /* handed out */
    bool open;
};

/* The backup that was begun last. */
struct backing {
    enum { BACKING_NONE, BACKING_RUNS, BACKING_VERIFIED, BACKING_FAILED } state;
    char path[OS_PATH_MAX];
    struct vault_backup_progress seen; /* while it ran */
    uint16_t code;                     /* why it failed */
    int64_t next_ms;                   /* of the steady clock: the next step */
    int64_t ended_ms;
};

/* clip.c: what may be shown, from the lawful feed. */
struct clip_state; /* a row of the projection */

struct guard {
    struct guard_options o;
    struct vault *vault;
    struct use_numbers uses[API_OP_LAST + 1];
    struct handler const *handlers[API_OP_LAST + 1];
    struct seal_key mark_key; /* hashes of devices and names; kept by the vault */
    struct session_cache *sessions;
    struct programs *programs;
    struct throttle *throttle;
    struct feed *feed;
    struct search *search;
    struct leases *leases;
    struct studio *studio;
    struct ranking *ranking;
    struct words *words;
    struct auditing audit;
    struct backing backing;
    struct buf notices; /* for watching connections, until the next tick takes them */
    bool notices_lost;  /* one could not be kept: every lease counts as ended */
    uint64_t feed_seq;
    int64_t vault_due_ms; /* when vault_tick is called next */
    int64_t started_ms;
    struct tally *tally;
    bool feed_changed;      /* what is public has */
    int64_t sweep_ms;       /* when the next pass of sweep_tick begins */
    int64_t orphans_ms;     /* the next pass over likes of clips that are gone */
    uint64_t swept_subject; /* how far this pass came */
};

/* --- call.c --- */
int64_t guard_now(const struct guard *g);
/* The arguments and answer fields by generated index. */
static inline const struct api_value *arg(const struct call *c, unsigned index) {
    return &c->args[index];
}
static inline struct slice arg_text(const struct call *c, unsigned index) {
    return c->args[index].bytes;
}
/* A use with the purpose and operation of an operation's file, acted by this caller. */
struct vault_use use_of(const struct call *c, uint16_t op);
/* Decides and records; on E_DENIED the call remembers why. */
MUST_USE struct status call_permit(struct call *c, const struct vault_use *use, uint8_t category,
                                   uint64_t subject);
/* The operation's own triple about the person who asks, decided and recorded. */
MUST_USE struct status call_own(struct call *c);
/* The same, and only a refusal is recorded: what follows has a leaf of its own, or does not happen.
 */
MUST_USE struct status call_allowed(struct call *c);
/* Remembers a decision that a vault function answered, so that a refusal can say why. */
void call_decided(struct call *c, const struct vault_use *use, uint8_t category, uint64_t subject,
                  const struct vault_answer *answer);

/* --- stored.c --- */
MUST_USE struct status stored_write(enum api_stored what, const struct api_value *values,
                                    struct buf *out);
MUST_USE struct status stored_read(enum api_stored what, struct slice bytes, struct arena *a,
                                   struct api_value **ret_values);
/* vault_keep and vault_kept with a stored shape. */
MUST_USE struct status kept_put(struct guard *g, uint64_t owner, enum kept_kind kind, uint64_t id,
                                enum api_stored what, const struct api_value *values);
MUST_USE struct status kept_get(struct guard *g, uint64_t owner, enum kept_kind kind, uint64_t id,
                                enum api_stored what, struct arena *a,
                                struct api_value **ret_values);

/* --- session.c --- */
MUST_USE struct status session_cache_new(struct session_cache **ret_cache);
void session_cache_free(struct session_cache **cache);
MUST_USE struct status session_begin(struct call *c, enum session_kind kind, uint64_t who,
                                     uint8_t ret_token[API_TOKEN_BYTES]);
/* The session of a token; kind SESSION_NONE where it is none, or has ended. */
MUST_USE struct status session_find(struct guard *g, const uint8_t *token, struct arena *a,
                                    struct session *ret_session);
MUST_USE struct status session_end(struct guard *g, const struct session *session);
/* Forgets cached sessions of a person who was erased. */
void session_forget(struct guard *g, uint64_t subject);

/* --- program.c --- */
MUST_USE struct status programs_new(struct guard *g, struct programs **ret_programs);
void programs_free(struct programs **programs);
/* NULL where the token is no program's. */
const struct program *programs_find(const struct guard *g, const uint8_t *token);
struct vault_actor programs_actor(const struct guard *g, const struct program *p);
/* Categories, a bit each. */
struct categories {
    uint64_t bits[VAULT_CATEGORIES_MAX / 64];
};
/* What a program may do for a purpose with records of which categories. */
struct reach {
    struct categories uses, changes, erases;
};
const struct reach *programs_reach(const struct guard *g, uint8_t purpose);
/* Purposes that operations of the service have for themselves. */
uint64_t service_purposes(const struct guard *g);
/* What they store: its form is the guard's own, and programs may read it at most. */
bool service_category(const struct guard *g, uint8_t category);
MUST_USE struct status program_register(struct call *c);
MUST_USE struct status program_list(struct call *c);
MUST_USE struct status program_dismiss(struct call *c);

/* The number of the program registered under a name; E_PROGRAM_UNKNOWN. */
MUST_USE struct status program_named(struct call *c, struct slice name, uint64_t *ret_program);

/* --- op_person.c --- */
/* E_NOT_FOUND unless this program registered the person. */
MUST_USE struct status person_of(struct call *c, uint64_t program, uint64_t subject);
/* The same, for the program that asks. */
MUST_USE struct status person_own(struct call *c, uint64_t subject);
/* Whom a program knows by this reference; E_NO_SUBJECT. */
MUST_USE struct status person_referred(struct call *c, uint64_t program, struct slice reference,
                                       uint64_t *ret_subject);
/* E_UNDECLARED; E_GRANT where this program may not name it. */
MUST_USE struct status purpose_granted(const struct call *c, uint64_t number, uint8_t *ret_purpose);

/* --- sweep.c --- */
/* Removes rows that ran out, of a few people a call. */
MUST_USE struct status sweep_tick(struct guard *g);

/* --- throttle.c --- */
MUST_USE struct status throttle_new(struct throttle **ret_throttle);
void throttle_free(struct throttle **throttle);
/* E_THROTTLED when `what` was noted `most` times within GUARD_THROTTLE_MS. */
MUST_USE struct status throttle_check(struct guard *g, struct slice domain, struct slice what,
                                      uint32_t most);
void throttle_note(struct guard *g, struct slice domain, struct slice what);
void throttle_clear(struct guard *g, struct slice domain, struct slice what);

/* Settles facts as the vault does: ages, the ground that the data map names for this person. */
MUST_USE struct status settle(const struct guard *g, int64_t now_ms, struct law_facts *f);
/* --- explain.c --- */
/* What a refusal says: rules with titles and quotes, needs. Everything lives in the arena. */
MUST_USE struct status explain_refusal(struct call *c, struct api_refusal *ret_refusal);
/* Rules with titles and quotes that stand in the way, or, of a permit, on which it rests. */
MUST_USE struct status explain_rules(struct guard *g, const struct law_facts *settled, bool permit,
                                     struct arena *a, struct api_refusal *ret_said);
/* The age below which somebody there cannot consent alone, and the provision; from the packs. */
struct consent_limit {
    int32_t age; /* 0: none */
    struct slice law;
    struct slice article;
};
MUST_USE struct status consent_limit(struct guard *g, const struct vault_facts *facts,
                                     struct arena *a, struct consent_limit *ret_limit);

/* --- people.c --- */
struct vault_tag tag_name(struct arena *a, struct slice name);
struct vault_tag tag_mail(struct arena *a, struct slice mail);
MUST_USE struct status check_name(struct slice name);
MUST_USE struct status check_mail(struct slice mail);
MUST_USE struct status check_password(struct slice password, struct slice name);
/* The shown name of a person, for a use that the caller named; empty without a right to it. */
MUST_USE struct status shown_name(struct call *c, uint64_t subject, struct slice *ret_name);
/* What a person says about themselves, checked and put into facts. */
MUST_USE struct status facts_birth(const struct call *c, struct slice date,
                                   struct vault_facts *facts);
MUST_USE struct status facts_place(struct slice country, struct slice region,
                                   struct vault_facts *facts);
MUST_USE struct status facts_language(const struct call *c, struct slice language,
                                      struct vault_facts *facts);
MUST_USE struct status facts_notice(const struct call *c, struct slice version,
                                    struct vault_facts *facts);
bool is_child(const struct guard *g, const struct vault_facts *facts);
MUST_USE struct status needs_guardian(struct call *c, const struct vault_facts *facts, bool *ret);

/* --- words.c: titles, reasons and notices in four languages, from the data map --- */
MUST_USE struct status words_new(struct guard *g, struct words **ret_words);
void words_free(struct words **words);
struct notice {
    struct vault_notice shown; /* what a person who read it was told */
    char version[65];          /* hexadecimal */
    bool child;
    struct slice title;
    const struct notice_section {
        struct slice heading;
        struct slice text;
    } * sections;
    size_t section_count;
};
/* Texts of the data map; language as of the person, English where it has none. */
struct slice words_purpose_title(const struct guard *g, uint8_t purpose, struct slice language);
struct slice words_purpose_why(const struct guard *g, uint8_t purpose, struct slice language);
struct slice words_category_title(const struct guard *g, uint8_t category, struct slice language);
/* How long it is kept, and who receives it, in words. */
struct slice words_until(const struct guard *g, uint8_t category, struct slice language);
/* The grounds of the purposes that use it. */
struct slice words_bases(const struct guard *g, uint8_t category, struct slice language);
struct slice words_basis(uint8_t basis, struct slice language);
struct slice words_recipients(const struct guard *g, uint8_t category, struct slice language);
/* Purposes that stand on consent for somebody, in the order of the data map. */
size_t words_consent_purposes(const struct guard *g, uint8_t *ret_purposes, size_t max);
bool words_stands_on_consent(const struct guard *g, uint8_t purpose);
/* The first category that the purpose may use; false when there is none. */
bool words_category_of(const struct guard *g, uint8_t purpose, uint8_t *ret_category);
bool words_uses(const struct guard *g, uint8_t purpose, uint8_t category);
/* NULL when there is none. */
const struct notice *words_notice(const struct guard *g, struct slice language, bool child);
const struct notice *words_notice_version(const struct guard *g, struct slice version);
/* TYP_NOTICE for every one in force. */
MUST_USE struct status words_notices(struct call *c, const struct api_type *type,
                                     struct api_value *ret_list);
/* The notice now in force for this person. */
const struct notice *words_notice_for(const struct guard *g, const struct vault_facts *facts);

/* --- choice.c: who may say yes to what --- */
struct choice {
    uint8_t purpose;
    uint8_t giver;              /* enum law_consent_giver that the law asks for */
    bool possible;              /* with that giver, the law permits it */
    struct slice article;       /* what stands in the way, or asks for a guardian */
    struct vault_use use;       /* what was asked, */
    uint8_t category;           /* for a refusal, */
    struct vault_answer answer; /* and its answer */
    struct vault_answer alone;  /* to a yes of the person alone */
};
MUST_USE struct status choice_of(struct call *c, uint64_t subject, uint8_t purpose,
                                 struct choice *ret_choice);
/* E_PURPOSE unless it stands on consent; E_CHOICE. */
MUST_USE struct status choice_read(struct call *c, struct slice purpose, struct slice state,
                                   uint8_t *ret_purpose, uint8_t *ret_state);
/* The list of a screen: TYP_CHOICE for every purpose that stands on consent. */
MUST_USE struct status choice_list(struct call *c, uint64_t subject, struct slice language,
                                   const struct api_type *type, struct api_value *ret_list);
/* The notice that was shown last is what the law asks about. */
MUST_USE struct status choice_shown(struct call *c, const struct vault_subject *person,
                                    const struct notice *notice);
/* A yes that does not count, recorded with why: E_DENIED where nobody can give it, so that the
 * refusal says why too, else E_NEEDS_GUARDIAN. */
MUST_USE struct status choice_refuse(struct call *c, uint64_t subject, const struct choice *choice,
                                     bool by_guardian);
/* Records what was chosen, by whom, before which notice. */
MUST_USE struct status choice_set(struct call *c, uint64_t subject, const struct choice *choice,
                                  uint8_t state, bool by_guardian,
                                  const struct vault_notice *notice);

/* --- op_account.c --- */
uint64_t operator_id(const struct guard *g, struct arena *a, struct slice name);
MUST_USE struct status erase_person(struct call *c, uint64_t subject, struct slice ground,
                                    struct slice *ret_receipt, uint64_t *ret_leaf);
/* --- op_rights.c --- */
MUST_USE struct status entries_of(struct call *c, uint64_t subject, uint64_t below, size_t max,
                                  const struct api_type *type, struct api_value *ret_list);
MUST_USE struct status receipt_of(struct call *c, uint64_t subject, uint64_t leaf,
                                  struct slice *ret_receipt);
/* --- archive.c: everything about a person as one file --- */
/* It goes with the answer. *ret_withheld: records that it names and does not hold. E_UNDECLARED
 * where the data map has no purpose for people's rights. */
MUST_USE struct status archive_write(struct call *c, uint64_t subject, uint64_t *ret_size_bytes,
                                     uint64_t *ret_withheld);
/* A payload as JSON: of the service its fields, of a program its text, or its bytes in base64. */
MUST_USE struct status stored_print(struct call *c, uint8_t category, struct slice payload,
                                    struct buf *out);
/* --- mail.c --- */
MUST_USE struct status mail_guardian(struct guard *g, struct slice to, struct slice language,
                                     struct slice child_name, struct slice token);

/* --- op_backup.c --- */
/* Between rounds: a step of a backup that runs. Lowers *io_wait_ms to when the next is due. */
void backup_tick(struct guard *g, int *io_wait_ms);
/* The last that was begun, as the fields of a TYP_BACKUP. */
MUST_USE struct status backup_tell(struct call *c, struct api_value *ret);

/* --- op_admin.c --- */
/* Whom the owner of the machine means by an argument of the type `whom`. */
MUST_USE struct status find_whom(struct call *c, unsigned index, uint64_t *ret_subject);

extern const struct handler account_handlers[], guardian_handlers[], consent_handlers[],
    clip_handlers[], feed_handlers[], history_handlers[], rights_handlers[], console_handlers[],
    admin_handlers[], backup_handlers[], hold_handlers[], audit_handlers[], notice_handlers[],
    person_handlers[], record_handlers[], search_handlers[];

#endif
