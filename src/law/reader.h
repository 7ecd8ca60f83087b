/* Reading packs: what is declared while texts are read, before it is compiled into a set. */
#ifndef WARD_LAW_READER_H
#define WARD_LAW_READER_H

#include "lex.h"

enum law_member_kind { MEMBER_NONE, MEMBER_COUNTRY, MEMBER_REGION, MEMBER_NAME };

struct law_member {
    struct slice text;
    uint32_t word; /* country or region */
    int32_t from;
    int32_t until;
    struct law_token at;
};

/* A set or table, turned into what deciding reads when a fact of some kind asks for it. */
struct law_use {
    uint16_t fact; /* of enumerated facts, which one; otherwise USE_ANY */
    uint32_t id;
};
enum { USE_ANY = 0x100, USE_LANGUAGE = 0x101 };

struct law_set_decl {
    LAW_VEC(struct law_member) members;
    LAW_VEC(struct law_use) uses;
    uint8_t kind; /* enum law_member_kind */
};

struct law_row_decl {
    struct slice key;
    uint32_t word;
    int32_t from;
    int32_t until;
    int16_t value;
    bool star;
    struct law_token at;
};

struct law_table_decl {
    LAW_VEC(struct law_row_decl) rows;
    LAW_VEC(struct slice) names; /* of values, when they are names */
    LAW_VEC(struct law_use) uses;
    uint8_t key; /* enum law_member_kind */
    bool of_names;
    bool typed; /* the first row told what the values are */
};

enum law_define_state { DEFINE_UNREAD, DEFINE_OPEN, DEFINE_DONE };

enum law_name_kind { NAME_SET, NAME_TABLE, NAME_DEFINE };
struct law_name {
    struct slice name;
    enum law_name_kind kind;
    uint32_t id; /* in sets, tables, defines */
    uint32_t file;
    uint32_t block;
    struct law_token at;
    bool used;
};

/* An article under a law, and who speaks for it. */
struct law_reader {
    struct law_set *set;
    struct law_report *report;
    LAW_VEC(struct law_set_decl) sets;
    LAW_VEC(struct law_table_decl) tables;
    LAW_VEC(uint8_t) define_states;
    LAW_VEC(struct law_name) names;
    LAW_VEC(uint32_t) rule_laws; /* of each rule, its law before sorting */
    uint64_t covered[4];         /* countries that some pack covers */
    struct law_file *file;
    uint32_t file_id;
    uint32_t depth;      /* of the expression being read */
    uint32_t expr_tests; /* in it so far */
    int32_t first_from;  /* of all laws: tables must have a value from then on */
};

struct law_text {
    struct law_reader *r;
    struct law_cursor cursor;
};

void law_reader_done(struct law_reader *r);

/* words.c: small things that several clauses hold. */
MUST_USE struct status law_read_string(struct law_text *t, struct slice *ret_text);
MUST_USE struct status law_read_name(struct law_text *t, const char *what, struct slice *ret_name);
MUST_USE struct status law_read_article(struct law_text *t, struct slice *ret_article);
MUST_USE struct status law_read_date(struct law_text *t, int32_t *ret_day);
MUST_USE struct status law_read_end(struct law_text *t);
/* `from DATE`, `until DATE`, `unverified`, a string, in any order, to the end of the clause. */
struct law_tail {
    int32_t from;
    int32_t until;
    bool unverified;
    struct slice source;
};
MUST_USE struct status law_read_tail(struct law_text *t, struct law_tail *ret_tail);
MUST_USE struct status law_read_need(struct law_text *t, enum law_need *ret_need);
MUST_USE struct status law_read_duty(struct law_text *t, enum law_duty *ret_duty);
MUST_USE struct status law_unexpected(struct law_text *t, struct law_token got, const char *wanted);
/* A keyword of a list, or a mistake with a suggestion; ret_index is its place in the list. */
MUST_USE struct status law_read_keyword(struct law_text *t, const char *const *list, size_t count,
                                        const char *what, size_t *ret_index);

/* names.c: declarations in sight, and their compiled forms. */
MUST_USE struct status law_name_add(struct law_reader *r, struct law_name name);
struct law_name *law_name_find(struct law_reader *r, struct slice name);
void law_name_nearest(struct law_reader *r, struct law_nearest *n);
/* The byte, word or label set that tests on this fact read; LAW_INVALID where the kinds differ. */
MUST_USE struct status law_use_set(struct law_text *t, struct law_token at,
                                   const struct law_name *name, enum law_fact fact,
                                   uint32_t *ret_id);
MUST_USE struct status law_use_table(struct law_text *t, struct law_token at,
                                     const struct law_name *name, enum law_fact fact,
                                     uint32_t *ret_id);
MUST_USE struct status law_add_bytes(struct law_set *set, const struct law_member *members,
                                     uint32_t count, uint32_t *ret_id);

/* data.c: sets and tables. */
MUST_USE struct status law_read_set(struct law_reader *r, const struct law_block *b,
                                    struct law_set_decl *decl);
MUST_USE struct status law_read_table(struct law_reader *r, const struct law_block *b,
                                      struct law_table_decl *decl);

/* expr.c: an expression, typed as it is read. */
MUST_USE struct status law_read_expr(struct law_text *t, uint32_t *ret_node);

/* pack.c: blocks of a pack. */
MUST_USE struct status law_read_law(struct law_reader *r, const struct law_block *b);
MUST_USE struct status law_read_define(struct law_reader *r, const struct law_block *b,
                                       uint32_t id);
MUST_USE struct status law_read_rule(struct law_reader *r, const struct law_block *b);
/* case.c */
MUST_USE struct status law_read_case(struct law_reader *r, const struct law_block *b, bool shared);

/* build.c: what was read becomes what deciding reads. */
MUST_USE struct status law_build(struct law_reader *r);
/* One expression; does nothing after errors. A tree that is too large is told. */
MUST_USE struct status law_build_expr(struct law_reader *r, uint32_t file, struct law_expr *expr);

static inline struct law_text law_text_of(struct law_reader *r, struct law_clause c) {
    return (struct law_text){r, law_clause_cursor(r->file, c)};
}

#endif
