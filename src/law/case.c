/* Cases, and facts that cases share: read here, run by check.c. */
#include "reader.h"

static struct status read_given(struct law_text *t, struct law_case *c) {
    struct law_set *set = t->r->set;
    do {
        struct law_token at = law_next(&t->cursor);
        enum law_fact fact = at.kind == TOK_WORD ? law_fact_find(at.text) : LAW_NO_FACT;
        if (fact == LAW_NO_FACT) {
            char help[LAW_HELP_BYTES];
            char shown[LAW_HELP_BYTES];
            struct law_nearest nearest = law_nearest_to(at.text);
            for (int i = 0; i < LAW_FACTS; i++) {
                law_nearest_try(&nearest, law_fact_info((enum law_fact)i)->name);
            }
            return law_error(t->r->report, t->r->file, at, "name",
                             law_nearest_help(&nearest, help, sizeof help), "%s is no fact",
                             law_token_text(at, shown, sizeof shown));
        }
        struct law_token value = law_next(&t->cursor);
        if (value.kind != TOK_WORD && value.kind != TOK_STRING) {
            return law_unexpected(t, value, "a value, or `absent`");
        }
        struct law_given given = {.line = value.line,
                                  .column = value.column,
                                  .fact = (uint8_t)fact,
                                  .absent = value.kind == TOK_WORD &&
                                            slice_eq(value.text, SLICE("absent"))};
        TRY(law_unescape(&set->arena, value, &given.text));
        LAW_PUSH(&set->givens, 50 * LAW_MAX_CASES, given);
        c->given.count++;
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    return law_read_end(t);
}

static struct status read_prefixes(struct law_text *t, struct law_span *span) {
    struct law_set *set = t->r->set;
    *span = (struct law_span){set->prefixes.len, 0};
    do {
        struct law_prefix prefix;
        TRY(law_read_article(t, &prefix.article));
        LAW_PUSH(&set->prefixes, 50 * LAW_MAX_CASES, prefix);
        span->count++;
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    return STATUS_OK;
}

static bool at_article(const struct law_text *t) {
    struct law_cursor copy = t->cursor;
    return law_peek(&copy).kind == TOK_WORD && !law_take(&copy, "not") &&
           !law_take(&copy, "need") && !law_take(&copy, "duty");
}

static struct status read_expect(struct law_text *t, struct law_case *c) {
    static const char *const decisions[] = {"permit", "deny", "error"};
    size_t decision;
    c->expect_line = law_peek(&t->cursor).line;
    c->expect_column = law_peek(&t->cursor).column;
    TRY(law_read_keyword(t, decisions, ARRAY_LEN(decisions), "decision", &decision));
    c->expect = (uint8_t)decision;
    if (at_article(t)) {
        TRY(read_prefixes(t, &c->met));
    }
    if (law_take(&t->cursor, "not")) {
        TRY(read_prefixes(t, &c->unmet));
    }
    if (law_take(&t->cursor, "need")) {
        do {
            enum law_need need;
            TRY(law_read_need(t, &need));
            c->needs |= UINT32_C(1) << need;
        } while (law_take_kind(&t->cursor, TOK_COMMA));
    }
    if (law_take(&t->cursor, "duty")) {
        do {
            enum law_duty duty;
            TRY(law_read_duty(t, &duty));
            c->duties |= UINT32_C(1) << duty;
        } while (law_take_kind(&t->cursor, TOK_COMMA));
    }
    return law_read_end(t);
}

static struct status read_like(struct law_text *t, struct law_case *c) {
    struct law_token at = law_next(&t->cursor);
    if (at.kind != TOK_WORD) {
        return law_unexpected(t, at, "the name of a `facts` block");
    }
    c->like = at.text;
    c->like_line = at.line;
    c->like_column = at.column;
    return law_read_end(t);
}

static struct status read_head(struct law_text *t, struct law_case *c) {
    (void)law_next(&t->cursor); /* case, or facts */
    if (!c->shared) {
        TRY(law_read_string(t, &c->name));
        return law_read_end(t);
    }
    struct law_token at = law_next(&t->cursor);
    if (at.kind != TOK_WORD) {
        return law_unexpected(t, at, "the name of the facts");
    }
    c->name = at.text;
    return law_read_end(t);
}

static struct status read_clause(struct law_text *t, struct law_case *c, uint32_t *seen) {
    static const char *const words[] = {"given", "like", "expect"};
    size_t word;
    struct law_token at = law_peek(&t->cursor);
    TRY(law_read_keyword(t, words, c->shared ? 2 : 3, "clause of a case", &word));
    if (word > 0 && (*seen >> word & 1) != 0) {
        return law_error(t->r->report, t->r->file, at, "syntax", "write it once", "a second `%s`",
                         words[word]);
    }
    *seen |= UINT32_C(1) << word;
    return word == 0 ? read_given(t, c) : word == 1 ? read_like(t, c) : read_expect(t, c);
}

struct status law_read_case(struct law_reader *r, const struct law_block *b, bool shared) {
    size_t errors = r->report->errors;
    uint32_t seen = 0;
    struct law_case c = {.file = r->file_id, .line = b->header.first_line, .shared = shared};
    struct law_text head = law_text_of(r, b->header);
    TRY(law_go_on(read_head(&head, &c)));
    c.given.first = r->set->givens.len;
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(r, r->file->clauses.ptr[b->first_clause + i]);
        TRY(law_go_on(read_clause(&t, &c, &seen)));
    }
    if (!shared && (seen >> 2 & 1) == 0) {
        TRY(law_go_on(law_error(r->report, r->file, law_place(r->file, c.line, 0), "syntax", "",
                                "the case has no `expect`")));
    }
    c.broken = r->report->errors != errors;
    LAW_PUSH(&r->set->cases, LAW_MAX_CASES, c);
    return STATUS_OK;
}
