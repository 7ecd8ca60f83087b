/* The blocks of a pack that speak: law, define, rule. Must never let a rule through that says
 * nothing, or that rests on nothing. */
#include "reader.h"

#include <string.h>

/* Clauses that a block may hold once; `seen` has a bit for each that was read. */
static struct status read_clause_word(struct law_text *t, const char *const *words, size_t count,
                                      const char *what, uint32_t *seen, size_t *ret_index) {
    struct law_token at = law_peek(&t->cursor);
    TRY(law_read_keyword(t, words, count, what, ret_index));
    if ((*seen >> *ret_index & 1) != 0) {
        return law_error(t->r->report, t->r->file, at, "syntax", "write it once", "a second `%s`",
                         words[*ret_index]);
    }
    *seen |= UINT32_C(1) << *ret_index;
    return STATUS_OK;
}

static struct law_expr expr_of(uint32_t node) {
    return (struct law_expr){PC_NONE, PC_NONE, node};
}

/* `need NAME [if EXPR], ...`; conditions stay trees until the packs are built. */
static struct status read_needs(struct law_text *t, uint16_t *ret_first, uint8_t *ret_count,
                                uint32_t *nodes) {
    struct law_set *set = t->r->set;
    *ret_first = (uint16_t)set->needs.len;
    *ret_count = 0;
    do {
        enum law_need need;
        struct law_token at = law_peek(&t->cursor);
        TRY(law_read_need(t, &need));
        if (*ret_count == LAW_MAX_ITEMS) {
            return law_error(t->r->report, t->r->file, at, "limit", "", "at most %d needs",
                             LAW_MAX_ITEMS);
        }
        nodes[*ret_count] = NO_NODE;
        if (law_take(&t->cursor, "if")) {
            TRY(law_read_expr(t, &nodes[*ret_count]));
        }
        LAW_PUSH(&set->needs, LAW_MAX_CODE,
                 (struct law_need_row){.condition = PC_TRUE, .need = (uint8_t)need});
        (*ret_count)++;
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    return law_read_end(t);
}

static struct status cover(struct law_text *t, struct law_token got) {
    struct law_reader *r = t->r;
    uint8_t country = law_country_find(got.text);
    if (country != 0) {
        r->covered[country >> 6] |= UINT64_C(1) << (country & 63);
        return STATUS_OK;
    }
    const struct law_name *name = law_name_find(r, got.text);
    if (name == NULL || name->kind != NAME_SET || r->sets.ptr[name->id].kind == MEMBER_REGION ||
        r->sets.ptr[name->id].kind == MEMBER_NAME) {
        char help[LAW_HELP_BYTES];
        struct law_nearest nearest = law_nearest_to(got.text);
        law_name_nearest(r, &nearest);
        return law_error(r->report, r->file, got, "name",
                         law_nearest_help(&nearest, help, sizeof help),
                         "`%.*s` is neither a country nor a set of countries", SLICE_ARG(got.text));
    }
    const struct law_set_decl *decl = &r->sets.ptr[name->id];
    for (uint32_t i = 0; i < decl->members.len; i++) {
        uint32_t member = decl->members.ptr[i].word;
        r->covered[member >> 6] |= UINT64_C(1) << (member & 63);
    }
    return STATUS_OK;
}

static struct status read_covers(struct law_text *t) {
    do {
        struct law_token got = law_next(&t->cursor);
        if (got.kind != TOK_WORD) {
            return law_unexpected(t, got, "a country or a set of countries");
        }
        TRY(cover(t, got));
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    return law_read_end(t);
}

static struct status read_day(struct law_text *t, int32_t *ret_day) {
    TRY(law_read_date(t, ret_day));
    return law_read_end(t);
}

static struct status read_whole_expr(struct law_text *t, struct law_expr *ret_expr) {
    uint32_t node;
    TRY(law_read_expr(t, &node));
    TRY(law_read_end(t));
    *ret_expr = expr_of(node);
    return STATUS_OK;
}

static struct status read_text(struct law_text *t, struct slice *ret_text) {
    TRY(law_read_string(t, ret_text));
    return law_read_end(t);
}

static struct status add_cite(struct law_reader *r, uint32_t law, struct slice article,
                              uint16_t *ret_cite) {
    for (uint32_t i = 0; i < r->set->cites.len; i++) {
        const struct law_cite *c = &r->set->cites.ptr[i];
        if (c->law == law && slice_eq(c->article, article)) {
            *ret_cite = (uint16_t)i;
            return STATUS_OK;
        }
    }
    *ret_cite = (uint16_t)r->set->cites.len;
    LAW_PUSH(&r->set->cites, LAW_MAX_CITES, (struct law_cite){(uint16_t)law, article});
    return STATUS_OK;
}

static struct status read_asks(struct law_text *t, uint32_t law, struct law_law *head,
                               struct law_law_text *text) {
    struct slice article;
    TRY(law_read_article(t, &article));
    TRY(add_cite(t->r, law, article, &head->asks_cite));
    head->asks = PC_TRUE;
    if (law_take(&t->cursor, "when")) {
        return read_whole_expr(t, &text->asks);
    }
    return law_read_end(t);
}

enum law_clause_word {
    L_SOURCE,
    L_FROM,
    L_UNTIL,
    L_COVERS,
    L_BINDS,
    L_ASKS,
    L_NEED,
    L_NOTE,
    L_UNVERIFIED,
    L_WORDS
};
static const char *const law_words[] = {"source", "from", "until", "covers",    "binds",
                                        "asks",   "need", "note",  "unverified"};

static struct status unverified(struct law_text *t, const char *what, struct slice name) {
    struct law_cursor c = t->cursor;
    TRY(law_read_end(t));
    return law_tell(t->r->report, LAW_NOTE, t->r->file,
                    law_place(t->r->file, c.line, t->r->file->lines.ptr[c.line].indent),
                    "unverified", "", "nobody verified %s %.*s", what, SLICE_ARG(name));
}

static struct status read_law_clause(struct law_text *t, uint32_t law, struct law_law *head,
                                     struct law_law_text *text, uint32_t *seen) {
    size_t word;
    struct slice ignored;
    TRY(read_clause_word(t, law_words, L_WORDS, "clause of a law", seen, &word));
    switch ((enum law_clause_word)word) {
    case L_SOURCE:
        return read_text(t, &text->source);
    case L_FROM:
        return read_day(t, &head->from);
    case L_UNTIL:
        return read_day(t, &head->until);
    case L_COVERS:
        return read_covers(t);
    case L_BINDS:
        return read_whole_expr(t, &text->binds);
    case L_ASKS:
        return read_asks(t, law, head, text);
    case L_NEED:
        return read_needs(t, &head->needs_first, &head->needs_count, text->need_nodes);
    case L_NOTE:
        return read_text(t, &ignored);
    case L_UNVERIFIED:
        return unverified(t, "the law", text->name);
    case L_WORDS:
        break;
    }
    return STATUS_OK;
}

static struct status law_is_whole(struct law_reader *r, const struct law_block *b,
                                  const struct law_law *head, uint32_t seen) {
    static const enum law_clause_word needed[] = {L_SOURCE, L_FROM, L_BINDS};
    static const char *const kinds[] = {"uncited", "undated", "syntax"};
    struct law_token at = law_place(r->file, b->header.first_line, 0);
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if ((seen >> needed[i] & 1) == 0) {
            TRY(law_go_on(law_error(r->report, r->file, at, kinds[i], "", "the law has no `%s`",
                                    law_words[needed[i]])));
        }
    }
    if ((seen >> L_NEED & 1) != 0 && (seen >> L_ASKS & 1) == 0) {
        TRY(law_go_on(law_error(r->report, r->file, at, "syntax", "",
                                "`need` belongs to `asks`, which is missing")));
    }
    return head->from <= head->until ? STATUS_OK
                                     : law_go_on(law_error(r->report, r->file, at, "date", "",
                                                           "the law ends before it begins"));
}

static struct status read_law_head(struct law_reader *r, const struct law_block *b,
                                   struct law_law_text *text) {
    struct law_text t = law_text_of(r, b->header);
    (void)law_next(&t.cursor); /* law */
    struct law_token at = law_peek(&t.cursor);
    TRY(law_read_name(&t, "the law's name", &text->name));
    TRY(law_read_string(&t, &text->title));
    for (uint32_t i = 0; i < r->set->law_texts.len; i++) {
        if (slice_eq(r->set->law_texts.ptr[i].name, text->name)) {
            return law_error(r->report, r->file, at, "name", "a law has one file",
                             "`%.*s` is the name of another pack too", SLICE_ARG(text->name));
        }
    }
    return law_read_end(&t);
}

struct status law_read_law(struct law_reader *r, const struct law_block *b) {
    uint32_t law = r->set->laws.len;
    uint32_t seen = 0;
    struct law_law head = {.from = NO_START, .until = NO_END, .binds = PC_NONE, .asks = PC_NONE};
    struct law_law_text text = {.file = r->file_id,
                                .line = b->header.first_line,
                                .binds = expr_of(NO_NODE),
                                .asks = expr_of(NO_NODE)};
    memset(text.need_nodes, 0xFF, sizeof text.need_nodes);
    TRY(law_go_on(read_law_head(r, b, &text)));
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(r, r->file->clauses.ptr[b->first_clause + i]);
        TRY(law_go_on(read_law_clause(&t, law, &head, &text, &seen)));
    }
    TRY(law_is_whole(r, b, &head, seen));
    r->first_from = head.from < r->first_from ? head.from : r->first_from;
    LAW_PUSH(&r->set->laws, LAW_MAX_LAWS, head);
    LAW_PUSH(&r->set->law_texts, LAW_MAX_LAWS, text);
    return STATUS_OK;
}

struct status law_read_define(struct law_reader *r, const struct law_block *b, uint32_t id) {
    struct slice ignored;
    struct law_expr expr = expr_of(NO_NODE);
    struct law_text head = law_text_of(r, b->header);
    (void)law_next(&head.cursor); /* define */
    (void)law_next(&head.cursor); /* its name */
    if (law_peek(&head.cursor).kind == TOK_STRING) {
        TRY(law_read_string(&head, &ignored));
    }
    TRY(law_read_end(&head));
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(r, r->file->clauses.ptr[b->first_clause + i]);
        if (i > 0 || !law_take(&t.cursor, "means")) {
            return law_unexpected(&t, law_next(&t.cursor), "one clause, `means EXPRESSION`");
        }
        TRY(read_whole_expr(&t, &expr));
    }
    if (expr.node == NO_NODE) {
        return law_error(r->report, r->file, law_place(r->file, b->header.first_line, 0), "syntax",
                         "", "the define has no `means`");
    }
    r->set->define_nodes.ptr[id] = expr.node;
    return STATUS_OK;
}

enum rule_clause_word {
    R_WHEN,
    R_FORBID,
    R_REQUIRE,
    R_GROUND,
    R_DUTY,
    R_NEED,
    R_QUOTE,
    R_SOURCE,
    R_FROM,
    R_UNTIL,
    R_UNVERIFIED,
    R_NOTE,
    R_WORDS
};
static const char *const rule_words[] = {"when", "forbid", "require",    "ground",
                                         "duty", "need",   "quote",      "source",
                                         "from", "until",  "unverified", "note"};

static struct status read_duties(struct law_text *t, uint32_t *ret_duties) {
    *ret_duties = 0;
    do {
        enum law_duty duty;
        TRY(law_read_duty(t, &duty));
        *ret_duties |= UINT32_C(1) << duty;
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    return law_read_end(t);
}

static struct status read_rule_clause(struct law_text *t, struct law_rule *rule,
                                      struct law_rule_text *text, uint32_t *seen) {
    size_t word;
    TRY(read_clause_word(t, rule_words, R_WORDS, "clause of a rule", seen, &word));
    switch ((enum rule_clause_word)word) {
    case R_WHEN:
        return read_whole_expr(t, &text->when);
    case R_FORBID:
        rule->kind = RULE_FORBID;
        return law_read_end(t);
    case R_REQUIRE:
        rule->kind = RULE_REQUIRE;
        return read_whole_expr(t, &text->then);
    case R_GROUND:
        rule->kind = RULE_GROUND;
        return read_whole_expr(t, &text->then);
    case R_DUTY:
        rule->kind = RULE_DUTY;
        return read_duties(t, &rule->duties);
    case R_NEED:
        return read_needs(t, &rule->needs_first, &rule->needs_count, text->need_nodes);
    case R_QUOTE:
        return read_text(t, &text->quote);
    case R_SOURCE:
        return read_text(t, &text->source);
    case R_FROM:
        return read_day(t, &rule->from);
    case R_UNTIL:
        return read_day(t, &rule->until);
    case R_UNVERIFIED:
        text->unverified = true;
        return unverified(t, "the rule", text->article);
    case R_NOTE:
        return read_text(t, &text->note);
    case R_WORDS:
        break;
    }
    return STATUS_OK;
}

static struct status rule_is_whole(struct law_reader *r, const struct law_block *b,
                                   const struct law_rule *rule, uint32_t seen) {
    struct law_token at = law_place(r->file, b->header.first_line, 0);
    uint32_t verbs = seen >> R_FORBID & 15;
    if (verbs == 0 || (verbs & (verbs - 1)) != 0) {
        TRY(law_go_on(law_error(r->report, r->file, at, "syntax",
                                "write exactly one of `forbid`, `require`, `ground` and `duty`",
                                "the rule says %s",
                                verbs == 0 ? "nothing" : "more than one thing")));
    }
    if ((seen >> R_DUTY & 1) != 0 && (seen >> R_NEED & 1) != 0) {
        TRY(law_go_on(
            law_error(r->report, r->file, at, "syntax", "", "a rule with `duty` has no `need`")));
    }
    if ((seen & (1u << R_QUOTE | 1u << R_SOURCE)) == 0) {
        TRY(law_go_on(
            law_error(r->report, r->file, at, "uncited",
                      "add `quote \"...\"` with the words of the law, or `source \"...\"`",
                      "the rule has neither a quote nor a source")));
    }
    return rule->from <= rule->until ? STATUS_OK
                                     : law_go_on(law_error(r->report, r->file, at, "date", "",
                                                           "the rule ends before it begins"));
}

static struct status read_rule_head(struct law_reader *r, const struct law_block *b, uint32_t law,
                                    struct law_rule *rule, struct law_rule_text *text) {
    struct law_text t = law_text_of(r, b->header);
    (void)law_next(&t.cursor); /* rule */
    TRY(law_read_article(&t, &text->article));
    TRY(law_read_string(&t, &text->title));
    TRY(law_read_end(&t));
    return add_cite(r, law, text->article, &rule->cite);
}

struct status law_read_rule(struct law_reader *r, const struct law_block *b) {
    uint32_t law = (uint32_t)r->file->law;
    uint32_t seen = 0;
    struct law_rule rule = {
        .from = NO_START, .until = NO_END, .when = PC_TRUE, .when_sure = PC_TRUE, .then = PC_TRUE};
    struct law_rule_text text = {.file = r->file_id,
                                 .line = b->header.first_line,
                                 .when = expr_of(NO_NODE),
                                 .then = expr_of(NO_NODE)};
    memset(text.need_nodes, 0xFF, sizeof text.need_nodes);
    TRY(law_go_on(read_rule_head(r, b, law, &rule, &text)));
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(r, r->file->clauses.ptr[b->first_clause + i]);
        TRY(law_go_on(read_rule_clause(&t, &rule, &text, &seen)));
    }
    TRY(rule_is_whole(r, b, &rule, seen));
    LAW_PUSH(&r->set->rules, LAW_MAX_RULES, rule);
    LAW_PUSH(&r->set->rule_texts, LAW_MAX_RULES, text);
    LAW_PUSH(&r->rule_laws, LAW_MAX_RULES, law);
    return STATUS_OK;
}
