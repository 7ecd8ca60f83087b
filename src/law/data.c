/* Sets and tables of packs. Must never let two rows answer for one key on one date. */
#include "reader.h"

#include <stdio.h>

#include "base/bytes.h"

static bool is_capitals(struct slice s) {
    return s.len == 2 && s.ptr[0] >= 'A' && s.ptr[0] <= 'Z' && s.ptr[1] >= 'A' && s.ptr[1] <= 'Z';
}

/* What a member or key is by the look of it; unknown countries and regions are mistakes. */
static struct status read_key(struct law_text *t, struct law_token got, struct law_member *m,
                              uint8_t *ret_kind) {
    struct law_reader *r = t->r;
    *m = (struct law_member){.text = got.text, .from = NO_START, .until = NO_END, .at = got};
    if (got.kind != TOK_WORD || got.text.len > LAW_MAX_NAME_BYTES) {
        return law_unexpected(t, got, "a country, a region or a name");
    }
    if (is_capitals(got.text)) {
        m->word = law_country_find(got.text);
        *ret_kind = MEMBER_COUNTRY;
    } else if (got.text.len > 3 && got.text.ptr[2] == '-' &&
               is_capitals(slice_sub(got.text, 0, 2))) {
        m->word = law_region_parse(got.text);
        *ret_kind = MEMBER_REGION;
    } else if (got.text.ptr[0] >= 'a' && got.text.ptr[0] <= 'z') {
        m->word = 1;
        *ret_kind = MEMBER_NAME;
    } else {
        return law_unexpected(t, got, "a country, a region or a name");
    }
    return m->word != 0 ? STATUS_OK
                        : law_error(r->report, r->file, got, "name",
                                    "countries are those of ISO 3166-1, regions of ISO 3166-2",
                                    "`%.*s` is no %s", SLICE_ARG(got.text),
                                    *ret_kind == MEMBER_COUNTRY ? "country" : "region");
}

static struct status add_member(struct law_text *t, struct law_set_decl *decl, struct law_member m,
                                uint8_t kind) {
    static const char *const kinds[] = {"", "countries", "regions", "names"};
    if (decl->kind != MEMBER_NONE && decl->kind != kind) {
        return law_error(t->r->report, t->r->file, m.at, "type", "make two sets of it",
                         "this set is of %s, `%.*s` is not", kinds[decl->kind], SLICE_ARG(m.text));
    }
    for (uint32_t i = 0; i < decl->members.len; i++) {
        const struct law_member *other = &decl->members.ptr[i];
        if (slice_eq(other->text, m.text) && other->from <= m.until && m.from <= other->until) {
            return law_error(t->r->report, t->r->file, m.at, "overlap", "leave one of them out",
                             "`%.*s` is a member already, since line %u", SLICE_ARG(m.text),
                             (unsigned)other->at.line + 1);
        }
    }
    decl->kind = kind;
    LAW_PUSH(&decl->members, LAW_MAX_MEMBERS, m);
    return STATUS_OK;
}

static bool ends_members(const struct law_text *t) {
    struct law_token next = law_peek(&t->cursor);
    struct law_cursor copy = t->cursor;
    return next.kind != TOK_WORD || law_take(&copy, "from") || law_take(&copy, "until") ||
           law_take(&copy, "unverified");
}

/* The dates stand behind the members, so the line is read twice. */
static struct status read_members(struct law_text *t, struct law_set_decl *decl) {
    struct law_tail tail;
    struct law_cursor start = t->cursor;
    while (!ends_members(t)) {
        (void)law_next(&t->cursor);
    }
    TRY(law_read_tail(t, &tail));
    t->cursor = start;
    do {
        struct law_member m;
        uint8_t kind;
        TRY(read_key(t, law_next(&t->cursor), &m, &kind));
        m.from = tail.from;
        m.until = tail.until;
        TRY(law_go_on(add_member(t, decl, m, kind)));
    } while (!ends_members(t));
    return STATUS_OK;
}

struct status law_read_set(struct law_reader *r, const struct law_block *b,
                           struct law_set_decl *decl) {
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(r, r->file->clauses.ptr[b->first_clause + i]);
        TRY(law_go_on(read_members(&t, decl)));
    }
    return STATUS_OK;
}

/* A whole number, or a name that becomes the number of the value in its table. */
static struct status read_value(struct law_text *t, struct law_table_decl *decl,
                                int16_t *ret_value) {
    uint64_t number;
    struct law_token got = law_next(&t->cursor);
    bool digits = got.kind == TOK_WORD && got.text.ptr[0] >= '0' && got.text.ptr[0] <= '9';
    bool named = got.kind == TOK_WORD && got.text.ptr[0] >= 'a' && got.text.ptr[0] <= 'z';
    if (!digits && !named) {
        return law_unexpected(t, got, "a value: a whole number or a name");
    }
    if (decl->typed && decl->of_names != named) {
        return law_error(t->r->report, t->r->file, got, "type", "one kind of value in a table",
                         "the values of this table are %s", decl->of_names ? "names" : "numbers");
    }
    if (digits && failed(parse_u64(got.text, LAW_MAX_VALUE, &number))) {
        return law_unexpected(t, got, "a whole number up to 30000");
    }
    decl->typed = true;
    decl->of_names = named;
    if (digits) {
        *ret_value = (int16_t)number;
        return STATUS_OK;
    }
    for (uint32_t i = 0; i < decl->names.len; i++) {
        if (slice_eq(decl->names.ptr[i], got.text)) {
            *ret_value = (int16_t)i;
            return STATUS_OK;
        }
    }
    *ret_value = (int16_t)decl->names.len;
    LAW_PUSH(&decl->names, LAW_MAX_VALUE, got.text);
    return STATUS_OK;
}

static struct status overlaps(struct law_text *t, const struct law_table_decl *decl,
                              const struct law_row_decl *row) {
    for (uint32_t i = 0; i < decl->rows.len; i++) {
        const struct law_row_decl *other = &decl->rows.ptr[i];
        if (other->star == row->star && slice_eq(other->key, row->key) &&
            other->from <= row->until && row->from <= other->until) {
            return law_error(t->r->report, t->r->file, row->at, "overlap",
                             "end the older row with `until`, the day before the newer begins",
                             "this row and that of line %u are in force on the same dates",
                             (unsigned)other->at.line + 1);
        }
    }
    return STATUS_OK;
}

static struct status read_row(struct law_text *t, struct law_table_decl *decl) {
    static const char *const kinds[] = {"", "country", "region", "name"};
    struct law_row_decl row = {.at = law_peek(&t->cursor)};
    struct law_member key;
    struct law_tail tail;
    uint8_t kind = decl->key;
    row.star = law_take_kind(&t->cursor, TOK_STAR);
    if (!row.star) {
        TRY(read_key(t, law_next(&t->cursor), &key, &kind));
        row.key = key.text;
        row.word = key.word;
    }
    if (kind != decl->key) {
        return law_error(t->r->report, t->r->file, row.at, "type", "",
                         "the keys of this table are by %s", kinds[decl->key]);
    }
    TRY(read_value(t, decl, &row.value));
    TRY(law_read_tail(t, &tail));
    row.from = tail.from;
    row.until = tail.until;
    TRY(overlaps(t, decl, &row));
    LAW_PUSH(&decl->rows, LAW_MAX_ROWS, row);
    return STATUS_OK;
}

static struct status read_by(struct law_reader *r, const struct law_block *b,
                             struct law_table_decl *decl) {
    static const char *const kinds[] = {"country", "region", "name"};
    static const uint8_t members[] = {MEMBER_COUNTRY, MEMBER_REGION, MEMBER_NAME};
    struct law_text t = law_text_of(r, b->header);
    size_t kind;
    (void)law_next(&t.cursor); /* table */
    (void)law_next(&t.cursor); /* its name */
    struct law_token by = law_next(&t.cursor);
    if (!slice_eq(by.text, SLICE("by"))) {
        return law_unexpected(&t, by, "`by country`, `by region` or `by name`");
    }
    TRY(law_read_keyword(&t, kinds, ARRAY_LEN(kinds), "kind of key", &kind));
    decl->key = members[kind];
    return law_read_end(&t);
}

struct status law_read_table(struct law_reader *r, const struct law_block *b,
                             struct law_table_decl *decl) {
    struct status s = read_by(r, b, decl);
    if (failed(s)) {
        return s;
    }
    for (uint32_t i = 0; i < b->clause_count; i++) {
        struct law_text t = law_text_of(r, r->file->clauses.ptr[b->first_clause + i]);
        TRY(law_go_on(read_row(&t, decl)));
    }
    return STATUS_OK;
}
