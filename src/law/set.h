/* A loaded set of laws: flat arrays that the deciding half reads, and beside them what people are
 * told (titles, quotes, cases). Immutable after loading. */
#ifndef WARD_LAW_SET_H
#define WARD_LAW_SET_H

#include "law/law.h"
#include "table.h"

/* A test on one or two facts. */
enum law_op {
    OP_BYTE_IS,   /* byte at `at` is arg */
    OP_BYTE_MASK, /* byte at `at` is one of the bits of arg */
    OP_BYTE_IN,   /* byte at `at` is in byte set arg */
    OP_WORD_IS,   /* word at `at` is arg: languages */
    OP_WORD_IN,   /* word at `at` is in word set arg: languages */
    OP_REGION_IS, /* subject.region is arg, or unknown in that country */
    OP_REGION_IN, /* the same for the members of word set arg */
    OP_INT_LT,    /* number at `at` compared with arg */
    OP_INT_GT,
    OP_INT_IS,
    OP_INT_LT_TABLE, /* number at `at` compared with table arg, key at `at2` */
    OP_INT_GT_TABLE,
    OP_INT_IS_TABLE,
    OP_TABLE_IS,   /* table (low half of arg) at key `at` has the value in the high half */
    OP_TABLE_IN,   /* table (low half) at key `at` has a value of value list (high half) */
    OP_LABEL_IS,   /* label at `at` is label arg */
    OP_LABEL_IN,   /* label at `at` is in label set arg */
    OP_LABEL_SAME, /* labels at `at` and `at2` are equal and there */
    OP_MATCH,      /* words at `at` and `at2` are equal */
    OP_PRESENT,    /* a fact of the groups in arg was given */
};

enum {
    PC_TRUE = 0xFFFF, /* ends of a program */
    PC_FALSE = 0xFFFE,
    PC_NONE = 0xFFFD, /* no program: an expression that is missing */
    BYTE_KEYS = 256,
    TABLE_UNKNOWN = INT16_MIN, /* no row at all on this date: reckoned as unknown */
    NO_END = INT32_MAX,
    NO_START = INT32_MIN,
};

/* One step of a program: jumps only to lower places, so that every program ends. */
struct law_ins {
    uint8_t op;
    uint8_t lean;  /* an unknown test goes to `yes` (1) or `no` (0) */
    uint8_t maybe; /* absence of the fact makes the test unknown; bit 0 `at`, bit 1 `at2` */
    uint8_t pad;
    uint16_t at; /* offset in struct law_facts */
    uint16_t at2;
    uint16_t yes;
    uint16_t no;
    uint32_t arg;
};

/* Contents from a day on, until the next version. */
struct law_byte_version {
    int32_t from;
    uint64_t bits[4];
};
struct law_table_version {
    int32_t from;
    int16_t otherwise;
    int16_t values[BYTE_KEYS]; /* of tables by country or enumerated fact */
};
struct law_span {
    uint32_t first;
    uint32_t count;
};
struct law_word_member {
    uint32_t word;
    int32_t from;
    int32_t until;
};
struct law_label_member {
    struct slice label;
    int32_t from;
    int32_t until;
};
/* A row of a table by region or label. */
struct law_key_row {
    struct slice label;
    uint32_t word;
    int32_t from;
    int32_t until;
    int16_t value;
};
enum law_table_key { TABLE_BY_BYTE, TABLE_BY_WORD, TABLE_BY_LABEL };
struct law_table {
    struct law_span versions; /* in table_versions */
    struct law_span rows;     /* in key_rows */
    uint8_t key;              /* enum law_table_key */
};

/* An expression in both readings, and as a tree for people. */
struct law_expr {
    uint16_t possible; /* not surely false */
    uint16_t sure;     /* surely true */
    uint32_t node;     /* NO_NODE where the expression is missing */
};
enum { NO_NODE = UINT32_MAX };

enum law_rule_kind { RULE_FORBID, RULE_REQUIRE, RULE_DUTY, RULE_GROUND };

struct law_need_row {
    uint16_t condition; /* program, possible reading; PC_TRUE: always */
    uint8_t need;
};

/* What deciding reads of a rule. */
struct law_rule {
    int32_t from;
    int32_t until;
    uint16_t when;      /* possible */
    uint16_t when_sure; /* sure */
    uint16_t then;      /* sure */
    uint16_t cite;
    uint16_t needs_first;
    uint8_t needs_count;
    uint8_t kind;
    uint32_t duties;
};
/* What people are told of it; same index. */
struct law_rule_text {
    struct slice article;
    struct slice title;
    struct slice quote;
    struct slice source;
    struct slice note;
    uint32_t file;
    uint32_t line;
    uint32_t column;
    struct law_expr when;
    struct law_expr then;
    uint32_t need_nodes[LAW_MAX_ITEMS];
    bool unverified;
};

struct law_law {
    int32_t from;
    int32_t until;
    uint16_t binds; /* possible */
    uint16_t asks;  /* possible; PC_NONE: asks for no ground */
    uint16_t asks_cite;
    uint16_t needs_first; /* of `asks` */
    uint8_t needs_count;
    struct law_span rules;
    uint32_t grounds_from; /* grounds stand last among the rules */
};
struct law_law_text {
    struct slice name;
    struct slice title;
    struct slice source;
    uint32_t file;
    uint32_t line;
    struct law_expr binds;
    struct law_expr asks;
    uint32_t need_nodes[LAW_MAX_ITEMS];
};

/* A tree of an expression; children are lower. */
enum law_node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST, NODE_DEFINE };
struct law_node {
    uint8_t kind;
    uint8_t negated; /* of a test: `is not`, `not in`, `known`, `>=` */
    uint8_t fact;    /* of a test; LAW_NO_FACT for groups */
    uint8_t fact2;
    uint32_t a; /* child, define, or place in `tests` */
    uint32_t b;
    uint16_t weight; /* tests below it, defines expanded, up to a limit; 0 while not reckoned */
    uint16_t level;  /* defines within defines below it */
    uint32_t line;
    uint32_t column;
};

struct law_given {
    uint32_t line;
    uint32_t column;
    struct slice text; /* the value as written */
    uint8_t fact;
    bool absent;
};
struct law_prefix {
    struct slice article;
};
enum law_expect { EXPECT_PERMIT, EXPECT_DENY, EXPECT_ERROR };
/* A case, or a `facts` block that cases share. */
struct law_case {
    struct slice name;
    struct slice like;
    uint32_t file;
    uint32_t line;
    uint32_t like_line;
    uint32_t like_column;
    uint32_t expect_line;
    uint32_t expect_column;
    struct law_span given;
    struct law_span met;
    struct law_span unmet;
    uint32_t needs;
    uint32_t duties;
    uint8_t expect;
    bool shared; /* a `facts` block */
    bool broken; /* was not read to the end */
};

#define LAW_VEC(type)                                                                              \
    struct {                                                                                       \
        type *ptr;                                                                                 \
        uint32_t len;                                                                              \
        uint32_t cap;                                                                              \
    }

struct law_file;

struct law_set {
    LAW_VEC(struct law_law) laws;
    LAW_VEC(struct law_rule) rules;
    LAW_VEC(struct law_ins) code;
    LAW_VEC(struct law_need_row) needs;
    LAW_VEC(struct law_span) byte_sets;
    LAW_VEC(struct law_byte_version) byte_versions;
    LAW_VEC(struct law_span) word_sets;
    LAW_VEC(struct law_word_member) word_members;
    LAW_VEC(struct law_span) label_sets;
    LAW_VEC(struct law_label_member) label_members;
    LAW_VEC(struct slice) labels;
    LAW_VEC(struct law_table) tables;
    LAW_VEC(struct law_table_version) table_versions;
    LAW_VEC(struct law_key_row) key_rows;
    LAW_VEC(struct law_span) value_lists;
    LAW_VEC(int16_t) values;
    LAW_VEC(int32_t) days; /* sorted: each first day on which something dated is different */
    /* For people and checks. */
    LAW_VEC(struct law_cite) cites;
    LAW_VEC(struct law_law_text) law_texts;
    LAW_VEC(struct law_rule_text) rule_texts;
    LAW_VEC(struct law_node) nodes;
    LAW_VEC(struct law_ins) tests;
    LAW_VEC(uint32_t) define_nodes;
    LAW_VEC(struct law_case) cases;
    LAW_VEC(struct law_given) givens;
    LAW_VEC(struct law_prefix) prefixes;
    LAW_VEC(struct law_file) files;
    struct arena arena; /* texts */
    uint64_t house;     /* the bit of `house`, or 0 */
};

/* Deciding (decide.c): the value of one test, and of a program. */
enum law_truth law_test(const struct law_set *set, const struct law_ins *ins,
                        const struct law_facts *f);
bool law_run(const struct law_set *set, uint16_t pc, const struct law_facts *f);
/* The value of a table for the key at `key_at`; false where no row is in force. */
bool law_value(const struct law_set *set, uint32_t table, uint16_t key_at,
               const struct law_facts *f, int16_t *ret_value);
/* The first day after `today` on which something dated is different, or NO_END; the last such day
 * up to today, or NO_START. */
int32_t law_next_day(const struct law_set *set, int32_t today);
int32_t law_last_day(const struct law_set *set, int32_t today);
int64_t law_until(const struct law_facts *f, int32_t next_day);

#endif
