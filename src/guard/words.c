/* Texts for people, from the data map: titles, reasons, grounds, retention, recipients; and the
 * notices, each under the hash that a consent names. Everything is made once, at the start. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "notices.h"

#include <string.h>

enum { WORDS_ARENA_BYTES = 32 << 20, LANGUAGES = 4 };

static const char *const languages[LANGUAGES] = {"en", "nl", "de", "fr"};

struct category_words {
    struct slice bases[LANGUAGES];
    struct slice until[LANGUAGES];
    struct slice recipients[LANGUAGES];
};

struct words {
    struct arena arena;
    struct category_words categories[VAULT_CATEGORIES_MAX];
    struct notice *notices;
    size_t notice_count;
};

static size_t language_place(struct slice language) {
    for (size_t i = 0; i < LANGUAGES; i++) {
        if (slice_starts(language, slice_str(languages[i]))) {
            return i;
        }
    }
    return 0;
}

/* --- numbers of the vault and of the map --- */

static int map_purpose(const struct guard *g, uint8_t purpose) {
    struct slice name = vault_purpose_name(g->vault, purpose);
    return name.len == 0 ? -1 : law_map_find_purpose(g->o.map, name);
}

static int map_category(const struct guard *g, uint8_t category) {
    struct slice name = vault_category_name(g->vault, category);
    return name.len == 0 ? -1 : law_map_find_category(g->o.map, name);
}

static struct slice purpose_text(const struct guard *g, uint8_t purpose, struct slice language,
                                 enum law_words_kind kind) {
    int n = map_purpose(g, purpose);
    if (n < 0) {
        return SLICE("");
    }
    const struct law_map_purpose *p = law_map_purpose(g->o.map, (size_t)n);
    struct slice otherwise = kind == LAW_WORDS_TITLE ? p->title : SLICE("");
    return law_map_words(p->words, p->words_count, kind, law_language_parse(language), otherwise);
}

struct slice words_purpose_title(const struct guard *g, uint8_t purpose, struct slice language) {
    return slice_sub(purpose_text(g, purpose, language, LAW_WORDS_TITLE), 0, 200);
}

struct slice words_purpose_why(const struct guard *g, uint8_t purpose, struct slice language) {
    return slice_sub(purpose_text(g, purpose, language, LAW_WORDS_WHY), 0, 600);
}

struct slice words_category_title(const struct guard *g, uint8_t category, struct slice language) {
    int n = map_category(g, category);
    if (n < 0) {
        return SLICE("");
    }
    const struct law_map_category *c = law_map_category(g->o.map, (size_t)n);
    return law_map_words(c->words, c->words_count, LAW_WORDS_TITLE, law_language_parse(language),
                         c->title);
}

bool words_uses(const struct guard *g, uint8_t purpose, uint8_t category) {
    int p = map_purpose(g, purpose);
    int c = map_category(g, category);
    return p >= 0 && c >= 0 && law_map_operations(g->o.map, p, c) != 0;
}

bool words_stands_on_consent(const struct guard *g, uint8_t purpose) {
    int p = map_purpose(g, purpose);
    return p >= 0 && (law_map_grounds(g->o.map, p) >> LAW_BASIS_CONSENT & 1) != 0;
}

/* In the order of the data map. A purpose that stands on consent only for some, as an account does
 * for children where contracts are not for them, is not a choice of its own. */
size_t words_consent_purposes(const struct guard *g, uint8_t *ret_purposes, size_t max) {
    size_t count = 0;
    for (size_t p = 0; p < law_map_purposes(g->o.map) && count < max; p++) {
        uint8_t purpose;
        struct slice name = law_map_purpose(g->o.map, p)->name;
        bool alone = law_map_grounds(g->o.map, (int)p) == 1U << LAW_BASIS_CONSENT;
        if (alone && !failed(vault_purpose(g->vault, name, &purpose))) {
            ret_purposes[count++] = purpose;
        }
    }
    return count;
}

bool words_category_of(const struct guard *g, uint8_t purpose, uint8_t *ret_category) {
    int p = map_purpose(g, purpose);
    for (size_t c = 0; p >= 0 && c < law_map_categories(g->o.map); c++) {
        if (law_map_declares(g->o.map, p, (int)c, LAW_OPERATION_USE)) {
            return !failed(
                vault_category(g->vault, law_map_category(g->o.map, c)->name, ret_category));
        }
    }
    return false;
}

/* --- grounds, retention, recipients --- */

static const char *const basis_words[][LANGUAGES] = {
    [LAW_BASIS_NONE] = {"", "", "", ""},
    [LAW_BASIS_CONSENT] = {"consent", "toestemming", "Einwilligung", "consentement"},
    [LAW_BASIS_CONTRACT] = {"contract", "overeenkomst", "Vertrag", "contrat"},
    [LAW_BASIS_LEGAL_OBLIGATION] = {"legal obligation", "wettelijke plicht",
                                    "rechtliche Verpflichtung", "obligation l\u00e9gale"},
    [LAW_BASIS_VITAL_INTERESTS] = {"vital interests", "vitale belangen",
                                   "lebenswichtige Interessen", "int\u00e9r\u00eats vitaux"},
    [LAW_BASIS_PUBLIC_TASK] = {"public task", "publieke taak", "\u00f6ffentliche Aufgabe",
                               "mission d\u2019int\u00e9r\u00eat public"},
    [LAW_BASIS_LEGITIMATE_INTERESTS] = {"legitimate interests", "gerechtvaardigde belangen",
                                        "berechtigte Interessen",
                                        "int\u00e9r\u00eats l\u00e9gitimes"},
    [LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS] = {"recognised legitimate interests",
                                                   "erkende gerechtvaardigde belangen",
                                                   "anerkannte berechtigte Interessen",
                                                   "int\u00e9r\u00eats l\u00e9gitimes reconnus"},
};

static const char *const keep_words[][LANGUAGES] = {
    [LAW_KEEP_DAYS] = {"%u days", "%u dagen", "%u Tage", "%u jours"},
    [LAW_KEEP_ACCOUNT] = {"as long as the account", "zolang het account bestaat",
                          "solange das Konto besteht", "tant que le compte existe"},
    [LAW_KEEP_DELETED] = {"until you delete it", "tot je het verwijdert", "bis du es l\u00f6schst",
                          "jusqu\u2019\u00e0 sa suppression"},
};

static const char *const nobody_words[LANGUAGES] = {"nobody else", "niemand anders",
                                                    "niemand sonst", "personne d\u2019autre"};

static struct status join_to(struct buf *text, struct slice part, size_t max) {
    if (part.len == 0 || text->len + part.len + 2 > max) {
        return STATUS_OK;
    }
    TRY(buf_add(text, text->len > 0 ? SLICE(", ") : SLICE("")));
    return buf_add(text, part);
}

static struct status make_bases(const struct guard *g, struct words *w, int category,
                                size_t language, struct slice *ret_text) {
    struct buf text CLEANUP(buf_done) = {0};
    unsigned grounds = 0;
    buf_init(&text, 80);
    for (size_t p = 0; p < law_map_purposes(g->o.map); p++) {
        if (law_map_operations(g->o.map, (int)p, category) != 0) {
            grounds |= law_map_grounds(g->o.map, (int)p);
        }
    }
    for (size_t b = 0; b < ARRAY_LEN(basis_words); b++) {
        if ((grounds >> b & 1) != 0) {
            TRY(join_to(&text, slice_str(basis_words[b][language]), 80));
        }
    }
    return arena_copy(&w->arena, buf_slice(&text), ret_text);
}

static struct status make_until(struct words *w, const struct law_map_category *c, size_t language,
                                struct slice *ret_text) {
    struct buf text CLEANUP(buf_done) = {0};
    struct slice form = slice_str(keep_words[c->retention][language]);
    size_t number = slice_find(form, '%');
    buf_init(&text, 80);
    TRY(buf_add(&text, slice_sub(form, 0, number)));
    if (number < form.len) {
        TRY(buf_add_u64(&text, c->days));
        TRY(buf_add(&text, slice_from(form, number + 2)));
    }
    return arena_copy(&w->arena, buf_slice(&text), ret_text);
}

static bool receives(const struct guard *g, size_t recipient, int category) {
    for (size_t p = 0; p < law_map_purposes(g->o.map); p++) {
        if (law_map_receives(g->o.map, (int)recipient, (int)p, category)) {
            return true;
        }
    }
    return false;
}

static struct status make_recipients(const struct guard *g, struct words *w, int category,
                                     size_t language, struct slice *ret_text) {
    struct buf text CLEANUP(buf_done) = {0};
    uint32_t tag = law_language_parse(slice_str(languages[language]));
    buf_init(&text, 300);
    for (size_t r = 0; r < law_map_recipients(g->o.map); r++) {
        const struct law_map_recipient *one = law_map_recipient(g->o.map, r);
        if (receives(g, r, category)) {
            TRY(join_to(
                &text,
                law_map_words(one->words, one->words_count, LAW_WORDS_TITLE, tag, one->title),
                300));
        }
    }
    if (text.len == 0) {
        TRY(buf_add_str(&text, nobody_words[language]));
    }
    return arena_copy(&w->arena, buf_slice(&text), ret_text);
}

static struct status make_category(const struct guard *g, struct words *w, uint8_t category) {
    int n = map_category(g, category);
    struct category_words *made = &w->categories[category];
    for (size_t i = 0; n >= 0 && i < LANGUAGES; i++) {
        TRY(make_bases(g, w, n, i, &made->bases[i]));
        TRY(make_until(w, law_map_category(g->o.map, (size_t)n), i, &made->until[i]));
        TRY(make_recipients(g, w, n, i, &made->recipients[i]));
    }
    return STATUS_OK;
}

struct slice words_bases(const struct guard *g, uint8_t category, struct slice language) {
    return g->words->categories[category].bases[language_place(language)];
}

struct slice words_until(const struct guard *g, uint8_t category, struct slice language) {
    return g->words->categories[category].until[language_place(language)];
}

struct slice words_recipients(const struct guard *g, uint8_t category, struct slice language) {
    return g->words->categories[category].recipients[language_place(language)];
}

struct slice words_basis(uint8_t basis, struct slice language) {
    return basis < ARRAY_LEN(basis_words) ? slice_str(basis_words[basis][language_place(language)])
                                          : SLICE("");
}

/* --- notices --- */

const struct notice *words_notice(const struct guard *g, struct slice language, bool child) {
    for (size_t i = 0; i < g->words->notice_count; i++) {
        const struct notice *n = &g->words->notices[i];
        if (n->child == child && slice_eq(slice_str(n->shown.language), language)) {
            return n;
        }
    }
    return NULL;
}

const struct notice *words_notice_version(const struct guard *g, struct slice version) {
    for (size_t i = 0; i < g->words->notice_count; i++) {
        if (slice_eq(slice_str(g->words->notices[i].version), version)) {
            return &g->words->notices[i];
        }
    }
    return NULL;
}

const struct notice *words_notice_for(const struct guard *g, const struct vault_facts *facts) {
    bool child = is_child(g, facts);
    const struct notice *n = words_notice(g, slice_str(facts->language), child);
    return n != NULL ? n : words_notice(g, SLICE("en"), child);
}

struct status words_notices(struct call *c, const struct api_type *type,
                            struct api_value *ret_list) {
    const struct words *w = c->g->words;
    TRY(api_list_make(c->arena, type, w->notice_count, ret_list));
    for (size_t i = 0; i < w->notice_count; i++) {
        struct api_value *v = ret_list->list.items[i].fields;
        v[TYP_NOTICE_LANGUAGE] = api_text(w->notices[i].shown.language);
        v[TYP_NOTICE_CHILD].yes = w->notices[i].child;
        v[TYP_NOTICE_VERSION] = api_text(w->notices[i].version);
    }
    return STATUS_OK;
}

struct status words_new(struct guard *g, struct words **ret_words) {
    struct words *w = mem_alloc(sizeof *w);
    if (w == NULL) {
        return FAIL(E_MEMORY);
    }
    *ret_words = w;
    arena_init(&w->arena, WORDS_ARENA_BYTES);
    for (unsigned c = 0; c < VAULT_CATEGORIES_MAX; c++) {
        TRY(make_category(g, w, (uint8_t)c));
    }
    w->notices = arena_array(&w->arena, (size_t)LANGUAGES * 2, sizeof *w->notices);
    if (w->notices == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < LANGUAGES; i++) {
        struct slice language = slice_str(languages[i]);
        TRY(notice_make(g, &w->arena, language, false, &w->notices[w->notice_count++]));
        TRY(notice_make(g, &w->arena, language, true, &w->notices[w->notice_count++]));
    }
    return STATUS_OK;
}

void words_free(struct words **words) {
    if (*words != NULL) {
        arena_done(&(*words)->arena);
        mem_free(*words);
        *words = NULL;
    }
}
