/* The data map (docs/DATAMAP.md): what the service collects, why, on which ground, for how long,
 * who receives it. What it does not declare is refused.
 *
 *   struct law_map *map = NULL;
 *   TRY(law_map_load(&source, &report, &map));          // MAP_INVALID: see report
 *   int purpose = law_map_find_purpose(map, SLICE("keep-history"));
 *   int category = law_map_find_category(map, SLICE("watch-history"));
 *   struct law_facts f;
 *   law_facts_init(&f);
 *   TRY(law_map_fill(map, purpose, category, LAW_OPERATION_USE, -1, &f));
 *   ... subject.*, consent.*, notice.* ...
 *   TRY(law_map_settle(map, purpose, &f, now_unix_ms, &offending));
 *   TRY(law_decide(set, laws, &f, &answer));
 *
 * Immutable after loading. Purposes, categories and recipients are numbered as they stand in the
 * file; the numbers mean nothing beyond this map. */
#ifndef WARD_LAW_MAP_H
#define WARD_LAW_MAP_H

#include "law/law.h"

enum law_map_limits {
    LAW_MAP_CATEGORIES = 128,
    LAW_MAP_PURPOSES = 64,
    LAW_MAP_RECIPIENTS = 128,
    LAW_MAP_USES = 4096,
};

/* A text in a language, for people; `kind` is title, why, child (a title for children) or
 * child-why. The title after the name is the English one. */
enum law_words_kind { LAW_WORDS_TITLE, LAW_WORDS_WHY, LAW_WORDS_CHILD, LAW_WORDS_CHILD_WHY };
struct law_words {
    uint32_t language; /* as law_language_parse */
    enum law_words_kind kind;
    struct slice text;
};

/* The purpose under which people get what they have a right to: what it uses can be handed to them.
 * In every map by this name. */
#define LAW_MAP_RIGHTS "fulfil-rights"

enum law_retention { LAW_KEEP_DAYS, LAW_KEEP_ACCOUNT, LAW_KEEP_DELETED };

struct law_map_controller {
    struct slice name;
    struct slice address;
    struct slice contact;
    struct slice officer; /* data protection officer; may be empty */
    uint8_t country;
    uint8_t size; /* enum law_controller_size */
    bool directed_to_children;
    bool very_large_platform;
};

struct law_map_category {
    struct slice name;
    struct slice title;
    struct slice dpv;    /* may be empty */
    struct slice source; /* where the data come from; empty: the person */
    uint64_t flags[2];   /* bits of the category.* facts that are true */
    uint8_t exception;   /* enum law_category_exception */
    enum law_retention retention;
    uint32_t days; /* of LAW_KEEP_DAYS: after collection */
    const struct law_words *words;
    size_t words_count;
};

struct law_map_basis; /* inside: conditions and grounds */

struct law_map_purpose {
    struct slice name;
    struct slice title;
    struct slice dpv;
    struct slice necessary; /* why a ground other than consent is needed; empty: not shown */
    uint64_t flags[2];      /* bits of the purpose.* facts that are true, `account` included */
    const struct law_map_basis *bases;
    size_t bases_count;
    const struct law_words *words;
    size_t words_count;
};

struct law_map_recipient {
    struct slice name;
    struct slice title;
    uint8_t role;    /* enum law_recipient_role */
    uint8_t country; /* 0: not named: a third country */
    uint8_t framework;
    uint8_t instrument;
    bool same_entity;
    bool contract;
    bool assessed;
    const struct law_words *words;
    size_t words_count;
};

struct law_map;
MUST_USE struct status law_map_load(const struct law_source *source, struct law_report *report,
                                    struct law_map **ret_map);
void law_map_free(struct law_map **map);

struct slice law_map_name(const struct law_map *map);
struct slice law_map_title(const struct law_map *map);
const struct law_map_controller *law_map_controller(const struct law_map *map);
size_t law_map_categories(const struct law_map *map);
size_t law_map_purposes(const struct law_map *map);
size_t law_map_recipients(const struct law_map *map);
/* The number must be one. */
const struct law_map_category *law_map_category(const struct law_map *map, size_t category);
const struct law_map_purpose *law_map_purpose(const struct law_map *map, size_t purpose);
const struct law_map_recipient *law_map_recipient(const struct law_map *map, size_t recipient);
/* The number of a name, or -1. */
int law_map_find_category(const struct law_map *map, struct slice name);
int law_map_find_purpose(const struct law_map *map, struct slice name);
int law_map_find_recipient(const struct law_map *map, struct slice name);
/* The text of that kind in that language (primary tag), or in English, or the title. */
struct slice law_map_words(const struct law_words *words, size_t count, enum law_words_kind kind,
                           uint32_t language, struct slice otherwise);

/* Whether the map lets this purpose do this to this category; numbers that are none: no. */
bool law_map_declares(const struct law_map *map, int purpose, int category,
                      enum law_operation operation);
/* The operations it may do, as bits of enum law_operation. */
uint8_t law_map_operations(const struct law_map *map, int purpose, int category);
/* Whether this recipient may receive the category for the purpose. */
bool law_map_receives(const struct law_map *map, int recipient, int purpose, int category);

/* Fills in what the map knows: operation, purpose.*, category.*, controller.*, account, and with a
 * recipient (otherwise -1) recipient.* and transfer.*. MAP_UNDECLARED when it is not declared;
 * facts are then as before. */
MUST_USE struct status law_map_fill(const struct law_map *map, int purpose, int category,
                                    enum law_operation operation, int recipient,
                                    struct law_facts *f);
/* Bits of the facts that are the same for everybody whom this purpose concerns, for
 * law_specialise: purpose.*, category.*, controller.*, account; and `basis` when the purpose has
 * one ground for all. */
void law_map_known(const struct law_map *map, int purpose, uint64_t ret_known[2]);
/* Settles the facts, then names the ground that the purpose has for this person: the one whose
 * condition surely holds, otherwise the one without condition; where two hold, or none, `none`,
 * which the laws refuse. Errors as law_facts_settle. */
MUST_USE struct status law_map_settle(const struct law_map *map, int purpose, struct law_facts *f,
                                      int64_t now_unix_ms, enum law_fact *ret_offending);
/* The grounds that a purpose names, as bits of enum law_basis. */
uint16_t law_map_grounds(const struct law_map *map, int purpose);

#endif
