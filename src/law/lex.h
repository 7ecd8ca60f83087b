/* Text of packs and data maps: lines, blocks, clauses, words; and where a mistake stands.
 * A clause is read through a cursor; each kind of thing is asked for by who expects it. */
#ifndef WARD_LAW_LEX_H
#define WARD_LAW_LEX_H

#include "set.h"

struct law_line {
    struct slice text; /* without comment and line end */
    struct slice whole;
    uint32_t indent;
    bool blank;
};

/* Lines of one clause, first the one it begins on. */
struct law_clause {
    uint32_t first_line; /* index in lines */
    uint32_t last_line;
};

/* A header and the clauses below it. */
struct law_block {
    struct law_clause header;
    uint32_t first_clause;
    uint32_t clause_count;
};

struct law_file {
    struct slice name;
    struct slice text;
    LAW_VEC(struct law_line) lines;
    LAW_VEC(struct law_clause) clauses;
    LAW_VEC(struct law_block) blocks;
    bool common;
    int32_t law; /* number before sorting, or -1 */
};

enum law_token_kind {
    TOK_END,
    TOK_WORD,
    TOK_STRING,
    TOK_LT,
    TOK_LE,
    TOK_GT,
    TOK_GE,
    TOK_OPEN,
    TOK_CLOSE,
    TOK_COMMA,
    TOK_STAR,
    TOK_BAD,
};

struct law_token {
    enum law_token_kind kind;
    struct slice text; /* of a string: between the quotes, escapes and all */
    uint32_t line;     /* index */
    uint32_t column;   /* in bytes, from 0 */
    uint32_t width;
};

struct law_cursor {
    const struct law_file *file;
    uint32_t line;
    uint32_t column;
    uint32_t last_line;
};

/* Grows an array; LAW_LIMIT past `max` elements. */
MUST_USE struct status law_grow(void **ptr, uint32_t len, uint32_t *cap, size_t size, size_t max);
#define LAW_PUSH(vec, max, ...)                                                                    \
    do {                                                                                           \
        void *push_ = (vec)->ptr;                                                                  \
        TRY(law_grow(&push_, (vec)->len, &(vec)->cap, sizeof *(vec)->ptr, (max)));                 \
        (vec)->ptr = push_;                                                                        \
        (vec)->ptr[(vec)->len++] = (__VA_ARGS__);                                                  \
    } while (0)

/* Cuts a file into lines, blocks and clauses. Mistakes go to the report. */
MUST_USE struct status law_file_split(struct law_file *file, struct law_report *report);
void law_file_done(struct law_file *file);

struct law_cursor law_clause_cursor(const struct law_file *file, struct law_clause clause);
/* Names, numbers, dates, times, facts, regions: letters, digits and `_ . : + -`. */
struct law_token law_next(struct law_cursor *c);
struct law_token law_peek(const struct law_cursor *c);
/* As law_next, but a word may hold round brackets: `8(1)`. */
struct law_token law_next_article(struct law_cursor *c);
/* Takes the word if it is next. */
bool law_take(struct law_cursor *c, const char *word);
bool law_take_kind(struct law_cursor *c, enum law_token_kind kind);
/* The text of a string token, escapes undone. */
MUST_USE struct status law_unescape(struct arena *arena, struct law_token string,
                                    struct slice *ret_text);
/* "`word`" or "the end of the clause", for messages; written into `buf`. */
const char *law_token_text(struct law_token t, char *buf, size_t size);

/* Adds to the report; the format is printf's. LAW_INVALID, so that `return law_error(...)` leaves
 * the clause; running out of memory is told too. */
MUST_USE struct status law_error(struct law_report *r, const struct law_file *file,
                                 struct law_token at, const char *kind, const char *help,
                                 const char *format, ...) __attribute__((format(printf, 6, 7)));
MUST_USE struct status law_tell(struct law_report *r, enum law_severity severity,
                                const struct law_file *file, struct law_token at, const char *kind,
                                const char *help, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
/* Errors of content end a clause, not the file: everything else is passed on. */
MUST_USE struct status law_go_on(struct status s);
/* A place that is no token: a whole clause's first word, or a line. */
struct law_token law_place(const struct law_file *file, uint32_t line, uint32_t column);

/* The nearest of some names to a misspelt one, if it is near enough to be meant. */
struct law_nearest {
    struct slice name;
    struct slice best;
    size_t distance;
};
struct law_nearest law_nearest_to(struct slice name);
void law_nearest_try(struct law_nearest *n, struct slice candidate);
/* "did you mean `x`?" in `buf`, or "" where nothing is near. */
const char *law_nearest_help(const struct law_nearest *n, char *buf, size_t size);

enum { LAW_HELP_BYTES = 400 };

#endif
