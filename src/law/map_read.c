/* Reads a data map (docs/DATAMAP.md). Must never let a purpose through that names no ground, or a
 * category that is kept for no stated time. */
#include "map.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum map_block { M_MAP, M_CATEGORY, M_PURPOSE, M_RECIPIENT, M_BLOCKS };
static const char *const block_words[] = {"map", "category", "purpose", "recipient"};

struct map_reader {
    struct law_map *map;
    struct law_reader r; /* for words and expressions */
};

static struct status fault(struct map_reader *m, struct law_token at, const char *help,
                           const char *what, struct slice name) {
    return law_error(m->r.report, m->r.file, at, "map", help, "`%.*s` %s", SLICE_ARG(name), what);
}

/* One of the values of an enumerated fact. */
static struct status read_enum(struct law_text *t, enum law_fact fact, uint8_t *ret_value) {
    const struct law_fact_info *info = law_fact_info(fact);
    size_t index;
    TRY(law_read_keyword(t, info->values, info->value_count, "value here", &index));
    *ret_value = (uint8_t)index;
    return STATUS_OK;
}

static struct status read_country(struct law_text *t, uint8_t *ret_country) {
    struct law_token got = law_next(&t->cursor);
    *ret_country = got.kind == TOK_WORD ? law_country_find(got.text) : 0;
    return *ret_country != 0 ? STATUS_OK : law_unexpected(t, got, "a country of ISO 3166-1");
}

static struct status read_true(struct law_text *t, bool *ret_value) {
    static const char *const words[] = {"false", "true"};
    size_t index;
    TRY(law_read_keyword(t, words, 2, "truth value", &index));
    *ret_value = index == 1;
    return STATUS_OK;
}

/* `is NAME, ...`: bools of a group by their last name; a purpose may be `account` too. */
static struct status read_flags(struct law_text *t, enum law_group group, uint64_t flags[2]) {
    const char *names[LAW_FACTS];
    char texts[LAW_FACTS][40];
    enum law_fact facts[LAW_FACTS];
    size_t count = 0;
    for (int i = 0; i < LAW_FACTS; i++) {
        const struct law_fact_info *info = law_fact_info((enum law_fact)i);
        bool account = group == LAW_GROUP_PURPOSE && i == LAW_ACCOUNT;
        if ((info->group != group && !account) || info->kind != LAW_KIND_BOOL ||
            i == LAW_PURPOSE_NECESSARY) {
            continue;
        }
        size_t dot = slice_find(info->name, '.');
        struct slice last = account ? info->name : slice_from(info->name, dot + 1);
        (void)snprintf(texts[count], sizeof texts[count], "%.*s", SLICE_ARG(last));
        names[count] = texts[count];
        facts[count++] = (enum law_fact)i;
    }
    do {
        size_t index;
        TRY(law_read_keyword(t, names, count, "trait here", &index));
        flags[facts[index] >> 6] |= UINT64_C(1) << (facts[index] & 63);
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    return law_read_end(t);
}

static struct status read_dpv(struct law_text *t, struct slice *ret_term) {
    struct law_token got = law_next(&t->cursor);
    if (got.kind != TOK_WORD || slice_find(got.text, ':') == got.text.len) {
        return law_unexpected(t, got, "a term, as `dpv:Personalisation`");
    }
    *ret_term = got.text;
    return law_read_end(t);
}

static struct status read_text(struct law_text *t, struct slice *ret_text) {
    TRY(law_read_string(t, ret_text));
    return law_read_end(t);
}

struct words_list {
    struct law_words items[LAW_MAP_WORDS];
    size_t count;
};

/* `title nl "..."` and its like. */
static struct status read_words(struct law_text *t, enum law_words_kind kind,
                                struct words_list *list) {
    struct law_token at = law_next(&t->cursor);
    struct law_words words = {.kind = kind};
    words.language = at.kind == TOK_WORD ? law_language_parse(at.text) : 0;
    if (words.language == 0) {
        return law_unexpected(t, at, "a language, as `nl`");
    }
    TRY(read_text(t, &words.text));
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].kind == kind && list->items[i].language == words.language) {
            return law_error(t->r->report, t->r->file, at, "map", "write it once",
                             "a second text in this language");
        }
    }
    if (list->count == LAW_MAP_WORDS) {
        return FAIL(LAW_LIMIT);
    }
    list->items[list->count++] = words;
    return STATUS_OK;
}

static struct status keep_words(struct map_reader *m, const struct words_list *list,
                                const struct law_words **ret_words, size_t *ret_count) {
    struct law_words *copy = arena_array(&m->map->set->arena, list->count + 1, sizeof *copy);
    if (copy == NULL) {
        return FAIL(E_MEMORY);
    }
    memcpy(copy, list->items, list->count * sizeof *copy);
    *ret_words = copy;
    *ret_count = list->count;
    return STATUS_OK;
}

/* `BLOCK NAME "TITLE"` */
static struct status read_head(struct law_text *t, struct slice *ret_name,
                               struct slice *ret_title) {
    (void)law_next(&t->cursor);
    struct law_token at = law_next(&t->cursor);
    bool good = at.kind == TOK_WORD && at.text.ptr[0] >= 'a' && at.text.ptr[0] <= 'z' &&
                at.text.len <= LAW_MAX_NAME_BYTES && slice_find(at.text, '.') == at.text.len &&
                slice_find(at.text, ':') == at.text.len;
    if (!good) {
        return law_unexpected(t, at, "a name in small letters");
    }
    *ret_name = at.text;
    return read_text(t, ret_title);
}

enum { W_TITLE, W_WHY, W_CHILD, W_CHILD_WHY, W_KINDS };
#define WORDS_CLAUSES "title", "why", "child", "child-why"

static struct status once(struct law_text *t, struct law_token at, const char *word, size_t index,
                          bool repeatable, uint32_t *seen) {
    if (!repeatable && (*seen >> index & 1) != 0) {
        return law_error(t->r->report, t->r->file, at, "syntax", "write it once", "a second `%s`",
                         word);
    }
    *seen |= UINT32_C(1) << index;
    return STATUS_OK;
}

enum controller_word {
    C_NAME,
    C_ADDRESS,
    C_CONTACT,
    C_OFFICER,
    C_COUNTRY,
    C_SIZE,
    C_CHILDREN,
    C_LARGE,
    C_WORDS
};
static const char *const controller_words[] = {"name",
                                               "address",
                                               "contact",
                                               "officer",
                                               "country",
                                               "size",
                                               "directed_to_children",
                                               "very_large_platform"};

static struct status controller_clause(struct law_text *t, struct law_map_controller *c,
                                       uint32_t *seen) {
    struct law_token at = law_peek(&t->cursor);
    size_t word;
    TRY(law_read_keyword(t, controller_words, C_WORDS, "clause of a map", &word));
    TRY(once(t, at, controller_words[word], word, false, seen));
    switch ((enum controller_word)word) {
    case C_NAME:
        return read_text(t, &c->name);
    case C_ADDRESS:
        return read_text(t, &c->address);
    case C_CONTACT:
        return read_text(t, &c->contact);
    case C_OFFICER:
        return read_text(t, &c->officer);
    case C_COUNTRY:
        TRY(read_country(t, &c->country));
        break;
    case C_SIZE:
        TRY(read_enum(t, LAW_CONTROLLER_SIZE, &c->size));
        break;
    case C_CHILDREN:
        TRY(read_true(t, &c->directed_to_children));
        break;
    case C_LARGE:
        TRY(read_true(t, &c->very_large_platform));
        break;
    case C_WORDS:
        break;
    }
    return law_read_end(t);
}

/* What must be there, as bits of the clauses that were seen. */
static struct status whole(struct map_reader *m, const struct law_block *b, uint32_t seen,
                           uint32_t needed, const char *const *words) {
    struct law_token at = law_place(NULL, b->header.first_line, 0);
    for (size_t i = 0; i < 32; i++) {
        if ((needed >> i & 1) != 0 && (seen >> i & 1) == 0) {
            TRY(law_go_on(law_error(m->r.report, m->r.file, at, "map", "", "this block has no `%s`",
                                    words[i])));
        }
    }
    return STATUS_OK;
}

static struct status read_map(struct map_reader *m, const struct law_block *b) {
    struct law_map_controller *c = &m->map->controller;
    struct law_text head = law_text_of(&m->r, b->header);
    uint32_t seen = 0;
    *c = (struct law_map_controller){.size = LAW_CONTROLLER_SIZE_LARGE,
                                     .directed_to_children = true};
    TRY(law_go_on(read_head(&head, &m->map->name, &m->map->title)));
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(&m->r, m->r.file->clauses.ptr[b->first_clause + i]);
        TRY(law_go_on(controller_clause(&t, c, &seen)));
    }
    return whole(m, b, seen, 1u << C_NAME | 1u << C_CONTACT | 1u << C_COUNTRY, controller_words);
}

static struct status read_keep(struct law_text *t, struct law_map_category *c) {
    uint64_t days;
    struct law_token got = law_next(&t->cursor);
    if (slice_eq(got.text, SLICE("account")) || slice_eq(got.text, SLICE("deleted"))) {
        c->retention = got.text.ptr[0] == 'a' ? LAW_KEEP_ACCOUNT : LAW_KEEP_DELETED;
        return law_read_end(t);
    }
    if (got.kind != TOK_WORD || failed(parse_u64(got.text, 36525, &days)) ||
        !law_take(&t->cursor, "days")) {
        return law_unexpected(t, got,
                              "`N days`, `account` (until it ends) or `deleted` (until then)");
    }
    c->retention = LAW_KEEP_DAYS;
    c->days = (uint32_t)days;
    return law_read_end(t);
}

enum category_word { K_DPV = W_KINDS, K_IS, K_EXCEPTION, K_SOURCE, K_KEEP, K_WORDS };
static const char *const category_words[] = {WORDS_CLAUSES, "dpv",    "is",
                                             "exception",   "source", "keep"};

static struct status category_clause(struct law_text *t, struct law_map_category *c,
                                     struct words_list *words, uint32_t *seen) {
    struct law_token at = law_peek(&t->cursor);
    size_t word;
    TRY(law_read_keyword(t, category_words, K_WORDS, "clause of a category", &word));
    TRY(once(t, at, category_words[word], word, word < W_KINDS, seen));
    switch (word) {
    case K_DPV:
        return read_dpv(t, &c->dpv);
    case K_IS:
        return read_flags(t, LAW_GROUP_CATEGORY, c->flags);
    case K_EXCEPTION:
        TRY(read_enum(t, LAW_CATEGORY_EXCEPTION, &c->exception));
        return law_read_end(t);
    case K_SOURCE:
        return read_text(t, &c->source);
    case K_KEEP:
        return read_keep(t, c);
    default:
        return read_words(t, (enum law_words_kind)word, words);
    }
}

static struct status read_category(struct map_reader *m, const struct law_block *b) {
    struct law_map_category c = {.retention = LAW_KEEP_DAYS};
    struct words_list words = {.count = 0};
    struct law_text head = law_text_of(&m->r, b->header);
    struct law_token at = law_place(NULL, b->header.first_line, 0);
    uint32_t seen = 0;
    TRY(law_go_on(read_head(&head, &c.name, &c.title)));
    if (c.name.len > 0 && law_map_find_category(m->map, c.name) >= 0) {
        TRY(law_go_on(fault(m, at, "take another name", "is declared twice", c.name)));
    }
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(&m->r, m->r.file->clauses.ptr[b->first_clause + i]);
        TRY(law_go_on(category_clause(&t, &c, &words, &seen)));
    }
    TRY(whole(m, b, seen, 1u << K_KEEP, category_words));
    TRY(keep_words(m, &words, &c.words, &c.words_count));
    LAW_PUSH(&m->map->categories, LAW_MAP_CATEGORIES, c);
    return STATUS_OK;
}

/* A name of the map, or a mistake with the nearest. */
static struct status read_known(struct law_text *t, struct map_reader *m, enum map_block kind,
                                uint16_t *ret_id) {
    char help[LAW_HELP_BYTES];
    char shown[LAW_HELP_BYTES];
    struct law_token got = law_next(&t->cursor);
    struct law_nearest nearest = law_nearest_to(got.text);
    int id = got.kind != TOK_WORD ? -1
             : kind == M_CATEGORY ? law_map_find_category(m->map, got.text)
                                  : law_map_find_purpose(m->map, got.text);
    if (id >= 0) {
        *ret_id = (uint16_t)id;
        return STATUS_OK;
    }
    for (uint32_t i = 0; kind == M_CATEGORY && i < m->map->categories.len; i++) {
        law_nearest_try(&nearest, m->map->categories.ptr[i].name);
    }
    for (uint32_t i = 0; kind == M_PURPOSE && i < m->map->purposes.len; i++) {
        law_nearest_try(&nearest, m->map->purposes.ptr[i].name);
    }
    return law_error(t->r->report, t->r->file, got, "name",
                     law_nearest_help(&nearest, help, sizeof help), "%s is no %s of this map",
                     law_token_text(got, shown, sizeof shown), block_words[kind]);
}

struct name_list {
    uint16_t ids[LAW_MAP_CATEGORIES];
    size_t count;
};

static struct status read_list(struct law_text *t, struct map_reader *m, enum map_block kind,
                               struct name_list *list) {
    list->count = 0;
    do {
        if (list->count == ARRAY_LEN(list->ids)) {
            return FAIL(LAW_LIMIT);
        }
        TRY(read_known(t, m, kind, &list->ids[list->count]));
        list->count++;
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    return STATUS_OK;
}

static struct law_map_use *find_use(struct law_map *map, uint32_t purpose, uint16_t category) {
    for (uint32_t i = 0; i < map->uses.len; i++) {
        if (map->uses.ptr[i].purpose == purpose && map->uses.ptr[i].category == category) {
            return &map->uses.ptr[i];
        }
    }
    return NULL;
}

/* `uses CATEGORY, ... for OPERATION, ...` */
static struct status read_uses(struct law_text *t, struct map_reader *m, uint32_t purpose) {
    struct name_list categories;
    uint8_t operations = 0;
    TRY(read_list(t, m, M_CATEGORY, &categories));
    if (!law_take(&t->cursor, "for")) {
        return law_unexpected(t, law_next(&t->cursor), "`,` or `for` and the operations");
    }
    do {
        uint8_t operation;
        TRY(read_enum(t, LAW_OPERATION, &operation));
        operations = (uint8_t)(operations | 1u << operation);
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    for (size_t i = 0; i < categories.count; i++) {
        struct law_map_use *use = find_use(m->map, purpose, categories.ids[i]);
        if (use != NULL) {
            use->operations |= operations;
            continue;
        }
        LAW_PUSH(&m->map->uses, LAW_MAP_USES,
                 (struct law_map_use){(uint16_t)purpose, categories.ids[i], operations});
    }
    return law_read_end(t);
}

struct basis_list {
    struct law_map_basis items[LAW_MAP_BASES];
    size_t count;
};

/* `basis GROUND [when EXPR]`; conditions ask about the person and the controller only. */
static struct status read_basis(struct law_text *t, struct basis_list *list) {
    struct law_map_basis b = {.when = {PC_TRUE, PC_TRUE, NO_NODE}};
    struct law_token at = law_peek(&t->cursor);
    TRY(read_enum(t, LAW_BASIS, &b.basis));
    if (b.basis == LAW_BASIS_NONE) {
        return law_error(t->r->report, t->r->file, at, "map", "name a ground of the law",
                         "`none` is no ground");
    }
    b.conditional = law_take(&t->cursor, "when");
    if (b.conditional) {
        TRY(law_read_expr(t, &b.when.node));
    }
    TRY(law_read_end(t));
    for (size_t i = 0; i < list->count && !b.conditional; i++) {
        if (!list->items[i].conditional) {
            return law_error(t->r->report, t->r->file, at, "map", "add `when` to one of them",
                             "two grounds without a condition");
        }
    }
    if (list->count == LAW_MAP_BASES) {
        return FAIL(LAW_LIMIT);
    }
    list->items[list->count++] = b;
    return law_build_expr(t->r, t->r->file_id, &list->items[list->count - 1].when);
}

enum purpose_word { P_DPV = W_KINDS, P_IS, P_BASIS, P_NECESSARY, P_USES, P_WORDS };
static const char *const purpose_words[] = {WORDS_CLAUSES, "dpv",       "is",
                                            "basis",       "necessary", "uses"};

static struct status purpose_clause(struct law_text *t, struct map_reader *m,
                                    struct law_map_purpose *p, struct basis_list *bases,
                                    struct words_list *words, uint32_t *seen) {
    struct law_token at = law_peek(&t->cursor);
    size_t word;
    TRY(law_read_keyword(t, purpose_words, P_WORDS, "clause of a purpose", &word));
    bool repeatable = word < W_KINDS || word == P_BASIS || word == P_USES;
    TRY(once(t, at, purpose_words[word], word, repeatable, seen));
    switch (word) {
    case P_DPV:
        return read_dpv(t, &p->dpv);
    case P_IS:
        return read_flags(t, LAW_GROUP_PURPOSE, p->flags);
    case P_BASIS:
        return read_basis(t, bases);
    case P_NECESSARY:
        return read_text(t, &p->necessary);
    case P_USES:
        return read_uses(t, m, m->map->purposes.len);
    default:
        return read_words(t, (enum law_words_kind)word, words);
    }
}

static struct status purpose_is_whole(struct map_reader *m, const struct law_block *b,
                                      const struct law_map_purpose *p,
                                      const struct basis_list *bases, uint32_t seen) {
    struct law_token at = law_place(NULL, b->header.first_line, 0);
    bool needs_why = false;
    for (size_t i = 0; i < bases->count; i++) {
        needs_why |= bases->items[i].basis != LAW_BASIS_CONSENT;
    }
    if (needs_why && p->necessary.len == 0) {
        TRY(law_go_on(fault(m, at, "say with `necessary \"...\"` why it cannot be done without",
                            "rests on a ground other than consent", p->name)));
    }
    return whole(m, b, seen, 1u << P_BASIS | 1u << P_USES, purpose_words);
}

static struct status keep_bases(struct map_reader *m, const struct basis_list *list,
                                struct law_map_purpose *p) {
    struct law_map_basis *copy = arena_array(&m->map->set->arena, list->count + 1, sizeof *copy);
    if (copy == NULL) {
        return FAIL(E_MEMORY);
    }
    memcpy(copy, list->items, list->count * sizeof *copy);
    p->bases = copy;
    p->bases_count = list->count;
    return STATUS_OK;
}

static struct status read_purpose(struct map_reader *m, const struct law_block *b) {
    struct law_map_purpose p = {.necessary = {NULL, 0}};
    struct basis_list bases = {.count = 0};
    struct words_list words = {.count = 0};
    struct law_text head = law_text_of(&m->r, b->header);
    uint32_t seen = 0;
    TRY(law_go_on(read_head(&head, &p.name, &p.title)));
    if (p.name.len > 0 && law_map_find_purpose(m->map, p.name) >= 0) {
        TRY(law_go_on(fault(m, law_place(NULL, b->header.first_line, 0), "take another name",
                            "is declared twice", p.name)));
    }
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(&m->r, m->r.file->clauses.ptr[b->first_clause + i]);
        TRY(law_go_on(purpose_clause(&t, m, &p, &bases, &words, &seen)));
    }
    TRY(purpose_is_whole(m, b, &p, &bases, seen));
    TRY(keep_bases(m, &bases, &p));
    TRY(keep_words(m, &words, &p.words, &p.words_count));
    LAW_PUSH(&m->map->purposes, LAW_MAP_PURPOSES, p);
    return STATUS_OK;
}

/* `receives CATEGORY, ... for PURPOSE, ...`; each purpose must be allowed to disclose it. */
static struct status read_receives(struct law_text *t, struct map_reader *m, uint32_t recipient) {
    struct name_list categories;
    struct name_list purposes;
    struct law_token at = law_peek(&t->cursor);
    TRY(read_list(t, m, M_CATEGORY, &categories));
    if (!law_take(&t->cursor, "for")) {
        return law_unexpected(t, law_next(&t->cursor), "`,` or `for` and the purposes");
    }
    TRY(read_list(t, m, M_PURPOSE, &purposes));
    for (size_t i = 0; i < categories.count; i++) {
        for (size_t k = 0; k < purposes.count; k++) {
            struct law_map_gift gift = {(uint16_t)recipient, purposes.ids[k], categories.ids[i]};
            if (!law_map_declares(m->map, gift.purpose, gift.category, LAW_OPERATION_DISCLOSE)) {
                return law_error(t->r->report, t->r->file, at, "map",
                                 "add `disclose` to what the purpose does with it",
                                 "`%.*s` does not disclose `%.*s`",
                                 SLICE_ARG(m->map->purposes.ptr[gift.purpose].name),
                                 SLICE_ARG(m->map->categories.ptr[gift.category].name));
            }
            LAW_PUSH(&m->map->gifts, LAW_MAP_USES, gift);
        }
    }
    return law_read_end(t);
}

static struct status read_recipient_flags(struct law_text *t, struct law_map_recipient *r) {
    static const char *const names[] = {"same_entity", "contract", "assessed"};
    do {
        size_t index;
        TRY(law_read_keyword(t, names, ARRAY_LEN(names), "trait here", &index));
        r->same_entity |= index == 0;
        r->contract |= index == 1;
        r->assessed |= index == 2;
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    return law_read_end(t);
}

enum recipient_word {
    G_ROLE = W_KINDS,
    G_COUNTRY,
    G_IS,
    G_FRAMEWORK,
    G_INSTRUMENT,
    G_RECEIVES,
    G_WORDS
};
static const char *const recipient_words[] = {WORDS_CLAUSES, "role",       "country", "is",
                                              "framework",   "instrument", "receives"};

static struct status recipient_clause(struct law_text *t, struct map_reader *m,
                                      struct law_map_recipient *r, struct words_list *words,
                                      uint32_t *seen) {
    struct law_token at = law_peek(&t->cursor);
    size_t word;
    TRY(law_read_keyword(t, recipient_words, G_WORDS, "clause of a recipient", &word));
    TRY(once(t, at, recipient_words[word], word, word < W_KINDS || word == G_RECEIVES, seen));
    switch (word) {
    case G_ROLE:
        TRY(read_enum(t, LAW_RECIPIENT_ROLE, &r->role));
        return law_read_end(t);
    case G_COUNTRY:
        TRY(read_country(t, &r->country));
        return law_read_end(t);
    case G_IS:
        return read_recipient_flags(t, r);
    case G_FRAMEWORK:
        TRY(read_enum(t, LAW_RECIPIENT_FRAMEWORK, &r->framework));
        return law_read_end(t);
    case G_INSTRUMENT:
        TRY(read_enum(t, LAW_TRANSFER_INSTRUMENT, &r->instrument));
        return law_read_end(t);
    case G_RECEIVES:
        return read_receives(t, m, m->map->recipients.len);
    default:
        return read_words(t, (enum law_words_kind)word, words);
    }
}

static struct status read_recipient(struct map_reader *m, const struct law_block *b) {
    struct law_map_recipient r = {.role = LAW_RECIPIENT_ROLE_CONTROLLER};
    struct words_list words = {.count = 0};
    struct law_text head = law_text_of(&m->r, b->header);
    uint32_t seen = 0;
    TRY(law_go_on(read_head(&head, &r.name, &r.title)));
    if (r.name.len > 0 && law_map_find_recipient(m->map, r.name) >= 0) {
        TRY(law_go_on(fault(m, law_place(NULL, b->header.first_line, 0), "take another name",
                            "is declared twice", r.name)));
    }
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(&m->r, m->r.file->clauses.ptr[b->first_clause + i]);
        TRY(law_go_on(recipient_clause(&t, m, &r, &words, &seen)));
    }
    TRY(whole(m, b, seen, 1u << G_ROLE | 1u << G_RECEIVES, recipient_words));
    TRY(keep_words(m, &words, &r.words, &r.words_count));
    LAW_PUSH(&m->map->recipients, LAW_MAP_RECIPIENTS, r);
    return STATUS_OK;
}

/* Blocks of one kind after another, so that their order in the file means nothing. */
static struct status read_blocks(struct map_reader *m, enum map_block kind) {
    for (uint32_t i = 0; i < m->r.file->blocks.len; i++) {
        const struct law_block *b = &m->r.file->blocks.ptr[i];
        struct law_text t = law_text_of(&m->r, b->header);
        struct law_token word = law_next(&t.cursor);
        if (!slice_eq(word.text, slice_str(block_words[kind]))) {
            continue;
        }
        TRY(kind == M_MAP        ? read_map(m, b)
            : kind == M_CATEGORY ? read_category(m, b)
            : kind == M_PURPOSE  ? read_purpose(m, b)
                                 : read_recipient(m, b));
    }
    return STATUS_OK;
}

static struct status check_blocks(struct map_reader *m) {
    size_t maps = 0;
    for (uint32_t i = 0; i < m->r.file->blocks.len; i++) {
        struct law_text t = law_text_of(&m->r, m->r.file->blocks.ptr[i].header);
        struct law_token at = law_peek(&t.cursor);
        size_t kind;
        struct status s = law_read_keyword(&t, block_words, M_BLOCKS, "block of a map", &kind);
        TRY(law_go_on(s));
        maps += !failed(s) && kind == M_MAP;
        if (!failed(s) && kind == M_MAP && maps > 1) {
            TRY(law_go_on(law_error(m->r.report, m->r.file, at, "map", "", "a second `map`")));
        }
    }
    return maps > 0 ? STATUS_OK
                    : law_go_on(law_error(m->r.report, m->r.file, law_place(NULL, 0, 0), "map", "",
                                          "there is no `map NAME \"TITLE\"`"));
}

static struct status check_unused(struct map_reader *m) {
    for (uint32_t i = 0; i < m->map->categories.len; i++) {
        bool used = false;
        for (uint32_t k = 0; k < m->map->uses.len; k++) {
            used |= m->map->uses.ptr[k].category == i;
        }
        if (!used) {
            TRY(law_tell(m->r.report, LAW_WARNING, m->r.file, law_place(NULL, UINT32_MAX - 1, 0),
                         "unused", "", "no purpose uses the category `%.*s`",
                         SLICE_ARG(m->map->categories.ptr[i].name)));
        }
    }
    return STATUS_OK;
}

static struct status read_all(struct map_reader *m, const struct law_source *source) {
    struct law_set *set = m->map->set;
    struct law_file file = {.law = -1};
    uint32_t covered;
    TRY(law_add_bytes(set, NULL, 0, &covered));
    TRY(arena_copy(&set->arena, source->name, &file.name));
    TRY(arena_copy(&set->arena, source->text, &file.text));
    LAW_PUSH(&set->files, 1, file);
    m->r.file = set->files.ptr;
    TRY(law_file_split(m->r.file, m->r.report));
    TRY(check_blocks(m));
    for (int kind = 0; kind < M_BLOCKS; kind++) {
        TRY(read_blocks(m, (enum map_block)kind));
    }
    TRY(check_unused(m));
    return m->r.report->errors > 0 ? FAIL(MAP_INVALID) : STATUS_OK;
}

struct status law_map_load(const struct law_source *source, struct law_report *report,
                           struct law_map **ret_map) {
    struct law_map *map CLEANUP(law_map_free) = mem_alloc(sizeof *map);
    if (map == NULL) {
        return FAIL(E_MEMORY);
    }
    map->set = mem_alloc(sizeof *map->set);
    if (map->set == NULL) {
        return FAIL(E_MEMORY);
    }
    arena_init(&map->set->arena, LAW_MAX_ARENA_BYTES);
    struct map_reader m = {.map = map, .r = {.set = map->set, .report = report}};
    struct status s = read_all(&m, source);
    law_reader_done(&m.r);
    law_report_sort(report);
    if (s.code == LAW_INVALID) {
        s = FAIL(MAP_INVALID);
    }
    TRY(s);
    *ret_map = map;
    map = NULL;
    return STATUS_OK;
}
