/* Lines, blocks, clauses and words of packs and data maps.
 * Must never read past its text, and never take a malformed line for a good one. */
#include "lex.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct status law_grow(void **ptr, uint32_t len, uint32_t *cap, size_t size, size_t max) {
    if (len >= max) {
        return FAIL(LAW_LIMIT);
    }
    if (len < *cap) {
        return STATUS_OK;
    }
    uint32_t more = *cap == 0 ? 16 : *cap * 2;
    void *grown = mem_resize(*ptr, more, size);
    if (grown == NULL) {
        return FAIL(E_MEMORY);
    }
    *ptr = grown;
    *cap = more;
    return STATUS_OK;
}

void law_file_done(struct law_file *file) {
    mem_free(file->lines.ptr);
    mem_free(file->clauses.ptr);
    mem_free(file->blocks.ptr);
    memset(&file->lines, 0, sizeof file->lines);
    memset(&file->clauses, 0, sizeof file->clauses);
    memset(&file->blocks, 0, sizeof file->blocks);
}

struct law_token law_place(const struct law_file *file, uint32_t line, uint32_t column) {
    (void)file;
    return (struct law_token){.kind = TOK_BAD, .line = line, .column = column, .width = 1};
}

/* Cuts the comment off; false where a string is not closed on the line. */
static bool cut_comment(struct slice whole, struct slice *ret_text) {
    bool quoted = false;
    size_t i = 0;
    while (i < whole.len && (quoted || whole.ptr[i] != '#')) {
        if (quoted && whole.ptr[i] == '\\' && i + 1 < whole.len) {
            i++;
        } else if (whole.ptr[i] == '"') {
            quoted = !quoted;
        }
        i++;
    }
    *ret_text = slice_sub(whole, 0, i);
    return !quoted;
}

static const char *line_fault(struct slice whole, size_t *ret_at) {
    *ret_at = 0;
    if (whole.len > LAW_MAX_LINE_BYTES) {
        return "the line is too long";
    }
    if (!slice_is_utf8(whole)) {
        return "the line is not well-formed UTF-8";
    }
    for (size_t i = 0; i < whole.len; i++) {
        *ret_at = i;
        if (whole.ptr[i] == '\t') {
            return "tabs are not used";
        }
        if (whole.ptr[i] < 0x20 || whole.ptr[i] == 0x7F) {
            return "there is a control character";
        }
    }
    return NULL;
}

static struct status add_line(struct law_file *file, struct slice whole, struct law_report *r) {
    size_t at;
    struct law_line line = {.text = whole, .whole = whole};
    uint32_t index = file->lines.len;
    const char *fault = line_fault(whole, &at);
    bool closed = cut_comment(whole, &line.text);
    while (line.indent < line.text.len && line.text.ptr[line.indent] == ' ') {
        line.indent++;
    }
    line.text = slice_trim(line.text).len == 0 ? slice_sub(whole, 0, 0) : line.text;
    line.blank = line.text.len == 0 || fault != NULL;
    LAW_PUSH(&file->lines, LAW_MAX_FILE_BYTES, line);
    struct law_token place = law_place(file, index, (uint32_t)at);
    if (fault != NULL) {
        return law_error(r, file, place, "syntax", "write plain UTF-8 text, indented by spaces",
                         "%s", fault);
    }
    if (!closed) {
        place.column = (uint32_t)slice_find(whole, '"');
        return law_error(r, file, place, "syntax", "a string ends with `\"` on the line it began",
                         "this string is not closed");
    }
    return STATUS_OK;
}

static struct status add_lines(struct law_file *file, struct law_report *r) {
    struct slice rest = file->text;
    struct slice whole;
    while (slice_next(&rest, '\n', &whole)) {
        struct status s = add_line(file, whole, r);
        if (failed(s) && s.code != LAW_INVALID) {
            return s;
        }
    }
    return STATUS_OK;
}

/* Where the line belongs: a new block, a new clause, or the clause above. */
static struct status place_line(struct law_file *file, uint32_t i, uint32_t *first_indent,
                                struct law_report *r) {
    const struct law_line *line = &file->lines.ptr[i];
    if (line->indent == 0) {
        struct law_block block = {.header = {i, i}, .first_clause = file->clauses.len};
        *first_indent = 0;
        LAW_PUSH(&file->blocks, LAW_MAX_BLOCKS, block);
        return STATUS_OK;
    }
    if (file->blocks.len == 0) {
        return law_error(r, file, law_place(file, i, line->indent), "syntax",
                         "a block begins in the first column, its clauses are indented below it",
                         "this clause belongs to no block");
    }
    struct law_block *block = &file->blocks.ptr[file->blocks.len - 1];
    if (*first_indent != 0 && line->indent > *first_indent) {
        file->clauses.ptr[file->clauses.len - 1].last_line = i;
        return STATUS_OK;
    }
    if (*first_indent != 0 && line->indent < *first_indent) {
        return law_error(r, file, law_place(file, i, line->indent), "syntax",
                         "indent it as the first clause of the block",
                         "this clause is indented less than the first of its block");
    }
    *first_indent = line->indent;
    struct law_clause clause = {i, i};
    LAW_PUSH(&file->clauses, LAW_MAX_TOKENS, clause);
    block->clause_count++;
    return STATUS_OK;
}

struct status law_file_split(struct law_file *file, struct law_report *r) {
    uint32_t first_indent = 0;
    if (file->text.len > LAW_MAX_FILE_BYTES) {
        return FAIL(LAW_LIMIT);
    }
    TRY(add_lines(file, r));
    for (uint32_t i = 0; i < file->lines.len; i++) {
        if (file->lines.ptr[i].blank) {
            continue;
        }
        struct status s = place_line(file, i, &first_indent, r);
        if (failed(s) && s.code != LAW_INVALID) {
            return s;
        }
    }
    return STATUS_OK;
}

struct law_cursor law_clause_cursor(const struct law_file *file, struct law_clause clause) {
    return (struct law_cursor){file, clause.first_line, file->lines.ptr[clause.first_line].indent,
                               clause.last_line};
}

static bool word_byte(uint8_t c, bool brackets) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("_.:+-", c) != NULL) || (brackets && (c == '(' || c == ')'));
}

static void skip_space(struct law_cursor *c) {
    for (;;) {
        const struct law_line *line = &c->file->lines.ptr[c->line];
        while (!line->blank && c->column < line->text.len && line->text.ptr[c->column] == ' ') {
            c->column++;
        }
        if ((!line->blank && c->column < line->text.len) || c->line >= c->last_line) {
            return;
        }
        c->line++;
        c->column = 0;
    }
}

static struct law_token take_string(struct slice text, struct law_token t) {
    size_t i = t.column + 1;
    while (i < text.len && text.ptr[i] != '"') {
        i += text.ptr[i] == '\\' ? 2 : 1;
    }
    i = i < text.len ? i : text.len;
    t.kind = i < text.len ? TOK_STRING : TOK_BAD;
    t.text = slice_sub(text, t.column + 1, i - t.column - 1);
    t.width = (uint32_t)(i - t.column) + (t.kind == TOK_STRING);
    return t;
}

static struct law_token take_sign(struct slice text, struct law_token t) {
    static const struct {
        char sign;
        enum law_token_kind kind;
    } signs[] = {{'(', TOK_OPEN}, {')', TOK_CLOSE}, {',', TOK_COMMA},
                 {'*', TOK_STAR}, {'<', TOK_LT},    {'>', TOK_GT}};
    t.kind = TOK_BAD;
    t.width = 1;
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        t.kind = text.ptr[t.column] == (uint8_t)signs[i].sign ? signs[i].kind : t.kind;
    }
    bool equal = t.column + 1 < text.len && text.ptr[t.column + 1] == '=';
    if (equal && (t.kind == TOK_LT || t.kind == TOK_GT)) {
        t.kind = t.kind == TOK_LT ? TOK_LE : TOK_GE;
        t.width = 2;
    }
    /* A sign that is not known is shown whole, not cut inside a character. */
    while (t.kind == TOK_BAD && t.column + t.width < text.len &&
           (text.ptr[t.column + t.width] & 0xC0) == 0x80) {
        t.width++;
    }
    t.text = slice_sub(text, t.column, t.width);
    return t;
}

static struct law_token next(struct law_cursor *c, bool brackets) {
    skip_space(c);
    const struct law_line *line = &c->file->lines.ptr[c->line];
    struct law_token t = {.line = c->line, .column = c->column, .width = 1};
    if (line->blank || c->column >= line->text.len) {
        t.kind = TOK_END;
        return t;
    }
    size_t end = c->column;
    while (end < line->text.len && word_byte(line->text.ptr[end], brackets)) {
        end++;
    }
    if (line->text.ptr[c->column] == '"') {
        t = take_string(line->text, t);
    } else if (end > c->column && line->text.ptr[c->column] != '(') {
        t.kind = TOK_WORD;
        t.width = (uint32_t)(end - c->column);
        t.text = slice_sub(line->text, c->column, t.width);
    } else {
        t = take_sign(line->text, t);
    }
    c->column += t.width;
    return t;
}

struct law_token law_next(struct law_cursor *c) {
    return next(c, false);
}

struct law_token law_next_article(struct law_cursor *c) {
    return next(c, true);
}

struct law_token law_peek(const struct law_cursor *c) {
    struct law_cursor copy = *c;
    return next(&copy, false);
}

bool law_take(struct law_cursor *c, const char *word) {
    struct law_token t = law_peek(c);
    bool is = t.kind == TOK_WORD && slice_eq(t.text, slice_str(word));
    if (is) {
        (void)law_next(c);
    }
    return is;
}

bool law_take_kind(struct law_cursor *c, enum law_token_kind kind) {
    bool is = law_peek(c).kind == kind;
    if (is) {
        (void)law_next(c);
    }
    return is;
}

struct status law_unescape(struct arena *arena, struct law_token string, struct slice *ret_text) {
    uint8_t *to = arena_alloc(arena, string.text.len + 1);
    size_t len = 0;
    if (to == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < string.text.len; i++) {
        i += string.text.ptr[i] == '\\' && i + 1 < string.text.len;
        to[len++] = string.text.ptr[i];
    }
    *ret_text = slice_of(to, len);
    return STATUS_OK;
}

const char *law_token_text(struct law_token t, char *buf, size_t size) {
    struct slice shown = slice_sub(t.text, 0, 80);
    if (t.kind == TOK_END) {
        return "the end of the clause";
    }
    (void)snprintf(buf, size, t.kind == TOK_STRING ? "\"%.*s\"" : "`%.*s`", SLICE_ARG(shown));
    return buf;
}

struct law_nearest law_nearest_to(struct slice name) {
    return (struct law_nearest){name, {NULL, 0}, SIZE_MAX};
}

void law_nearest_try(struct law_nearest *n, struct slice candidate) {
    if (candidate.len == 0) {
        return;
    }
    size_t d = slice_distance(n->name, candidate);
    size_t near_enough = n->name.len < 4 ? 1 : n->name.len / 3 + 1;
    if (d <= near_enough && d < n->distance && d < candidate.len) {
        n->distance = d;
        n->best = candidate;
    }
}

const char *law_nearest_help(const struct law_nearest *n, char *buf, size_t size) {
    if (n->best.len == 0) {
        return "";
    }
    (void)snprintf(buf, size, "did you mean `%.*s`?", SLICE_ARG(n->best));
    return buf;
}
