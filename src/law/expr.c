/* Expressions, typed against the vocabulary as they are read (docs/LAW.md section 3).
 * Must never accept a test whose meaning the page does not give. */
#include "reader.h"

#include <stdio.h>

#include "base/bytes.h"

static struct status read_or(struct law_text *t, uint32_t *ret_node);

static struct status add_node(struct law_text *t, struct law_node node, struct law_token at,
                              uint32_t *ret_node) {
    node.line = at.line;
    node.column = at.column;
    *ret_node = t->r->set->nodes.len;
    LAW_PUSH(&t->r->set->nodes, LAW_MAX_CODE, node);
    return STATUS_OK;
}

static struct status add_pair(struct law_text *t, uint8_t kind, uint32_t a, uint32_t b,
                              struct law_token at, uint32_t *ret_node) {
    return add_node(t, (struct law_node){.kind = kind, .a = a, .b = b}, at, ret_node);
}

struct test {
    struct law_ins ins;
    enum law_fact fact;
    enum law_fact fact2;
    bool negated;
};

static uint16_t offset_of(enum law_fact fact) {
    return law_fact_info(fact)->offset;
}

static bool three_valued(enum law_fact fact) {
    return fact != LAW_NO_FACT && law_fact_info(fact)->absent == LAW_ABSENT_UNKNOWN;
}

static struct status add_test(struct law_text *t, struct test test, struct law_token at,
                              uint32_t *ret_node) {
    struct law_reader *r = t->r;
    if (++r->expr_tests > LAW_MAX_EXPR_TESTS) {
        return law_error(r->report, r->file, at, "limit", "give parts of it a name with `define`",
                         "an expression has at most %d tests", LAW_MAX_EXPR_TESTS);
    }
    struct law_node node = {.kind = NODE_TEST,
                            .negated = test.negated,
                            .fact = (uint8_t)test.fact,
                            .fact2 = (uint8_t)test.fact2,
                            .a = r->set->tests.len};
    LAW_PUSH(&r->set->tests, LAW_MAX_CODE, test.ins);
    return add_node(t, node, at, ret_node);
}

static struct test test_on(enum law_fact fact, enum law_op op, uint32_t arg) {
    return (struct test){
        .ins = {.op = (uint8_t)op, .maybe = three_valued(fact), .at = offset_of(fact), .arg = arg},
        .fact = fact,
        .fact2 = LAW_NO_FACT};
}

static struct status wrong_type(struct law_text *t, struct law_token at, enum law_fact fact,
                                const char *help) {
    static const char *const kinds[] = {
        "true or false", "one of its values", "a country", "a number",
        "a region",      "a language",        "a date",    "a time",
        "a label"};
    const struct law_fact_info *info = law_fact_info(fact);
    return law_error(t->r->report, t->r->file, at, "type", help, "`%.*s` is %s",
                     SLICE_ARG(info->name), kinds[info->kind]);
}

static struct status bad_value(struct law_text *t, struct law_token got, enum law_fact fact) {
    char help[LAW_HELP_BYTES];
    char shown[LAW_HELP_BYTES];
    const struct law_fact_info *info = law_fact_info(fact);
    struct law_nearest nearest = law_nearest_to(got.text);
    for (size_t i = 0; i < info->value_count; i++) {
        law_nearest_try(&nearest, slice_str(info->values[i]));
    }
    return law_error(t->r->report, t->r->file, got, "type",
                     law_nearest_help(&nearest, help, sizeof help), "%s is no value of `%.*s`",
                     law_token_text(got, shown, sizeof shown), SLICE_ARG(info->name));
}

/* A value of the fact, packed as the fact is; labels become numbers of labels. */
static struct status read_value(struct law_text *t, enum law_fact fact, uint32_t *ret_value) {
    const struct law_fact_info *info = law_fact_info(fact);
    struct law_token got = law_next(&t->cursor);
    bool label = info->kind == LAW_KIND_NAME;
    uint32_t v = 0;
    if (got.kind != TOK_WORD && !(label && got.kind == TOK_STRING)) {
        return law_unexpected(t, got, "a value");
    }
    if (label) {
        struct slice text;
        TRY(law_unescape(&t->r->set->arena, got, &text));
        if (!law_label_valid(text)) {
            return bad_value(t, got, fact);
        }
        *ret_value = t->r->set->labels.len;
        LAW_PUSH(&t->r->set->labels, LAW_MAX_CODE, text);
        return STATUS_OK;
    }
    switch ((enum law_kind)info->kind) {
    case LAW_KIND_COUNTRY:
        v = law_country_find(got.text);
        break;
    case LAW_KIND_REGION:
        v = law_region_parse(got.text);
        break;
    case LAW_KIND_LANGUAGE:
        v = law_language_parse(got.text);
        break;
    case LAW_KIND_BOOL:
    case LAW_KIND_ENUM:
        while (v < info->value_count && !slice_eq(slice_str(info->values[v]), got.text)) {
            v++;
        }
        *ret_value = v;
        return v < info->value_count ? STATUS_OK : bad_value(t, got, fact);
    case LAW_KIND_INT:
    case LAW_KIND_DATE:
    case LAW_KIND_TIME:
    case LAW_KIND_NAME:
        break;
    }
    *ret_value = v;
    return v != 0 ? STATUS_OK : bad_value(t, got, fact);
}

static struct status read_number(struct law_text *t, uint32_t *ret_value) {
    uint64_t v;
    struct law_token got = law_next(&t->cursor);
    if (got.kind != TOK_WORD || failed(parse_u64(got.text, LAW_MAX_VALUE, &v))) {
        return law_unexpected(t, got, "a whole number or a table");
    }
    *ret_value = (uint32_t)v;
    return STATUS_OK;
}

static enum law_op is_op(enum law_fact fact) {
    switch ((enum law_kind)law_fact_info(fact)->kind) {
    case LAW_KIND_REGION:
        return OP_REGION_IS;
    case LAW_KIND_LANGUAGE:
        return OP_WORD_IS;
    case LAW_KIND_NAME:
        return OP_LABEL_IS;
    case LAW_KIND_BOOL:
    case LAW_KIND_ENUM:
    case LAW_KIND_COUNTRY:
    case LAW_KIND_INT:
    case LAW_KIND_DATE:
    case LAW_KIND_TIME:
        break;
    }
    return OP_BYTE_IS;
}

/* NAME "(" FACT ")": the table, and the fact that is its key. */
static struct status read_call(struct law_text *t, const struct law_name **ret_name,
                               enum law_fact *ret_key, uint32_t *ret_table) {
    struct law_token word = law_next(&t->cursor);
    const struct law_name *name = law_name_find(t->r, word.text);
    if (name == NULL || name->kind != NAME_TABLE) {
        char help[LAW_HELP_BYTES];
        struct law_nearest nearest = law_nearest_to(word.text);
        law_name_nearest(t->r, &nearest);
        return law_error(t->r->report, t->r->file, word, "name",
                         law_nearest_help(&nearest, help, sizeof help), "`%.*s` is no table",
                         SLICE_ARG(word.text));
    }
    if (!law_take_kind(&t->cursor, TOK_OPEN)) {
        return law_unexpected(t, law_next(&t->cursor), "`(` and the fact to look up");
    }
    struct law_token fact = law_next(&t->cursor);
    *ret_key = fact.kind == TOK_WORD ? law_fact_find(fact.text) : LAW_NO_FACT;
    if (*ret_key == LAW_NO_FACT) {
        return law_unexpected(t, fact, "a fact to look up in the table");
    }
    if (!law_take_kind(&t->cursor, TOK_CLOSE)) {
        return law_unexpected(t, law_next(&t->cursor), "`)`");
    }
    *ret_name = name;
    return law_use_table(t, word, name, *ret_key, ret_table);
}

static bool at_call(const struct law_text *t) {
    struct law_cursor copy = t->cursor;
    return law_next(&copy).kind == TOK_WORD && law_next(&copy).kind == TOK_OPEN;
}

static enum law_op with_table(enum law_op op) {
    return op == OP_INT_LT ? OP_INT_LT_TABLE : op == OP_INT_GT ? OP_INT_GT_TABLE : OP_INT_IS_TABLE;
}

/* A number compared with a number or with a table's value. */
static struct status read_compare(struct law_text *t, struct law_token at, enum law_fact fact,
                                  enum law_op op, bool negated, uint32_t *ret_node) {
    struct test test = test_on(fact, op, 0);
    test.negated = negated;
    if (law_fact_info(fact)->kind != LAW_KIND_INT) {
        return wrong_type(t, at, fact, "only numbers are compared so");
    }
    if (!at_call(t)) {
        TRY(read_number(t, &test.ins.arg));
        return add_test(t, test, at, ret_node);
    }
    const struct law_name *name;
    struct law_token word = law_peek(&t->cursor);
    TRY(read_call(t, &name, &test.fact2, &test.ins.arg));
    if (t->r->tables.ptr[name->id].of_names) {
        return law_error(t->r->report, t->r->file, word, "type", "",
                         "the values of `%.*s` are names, not numbers", SLICE_ARG(name->name));
    }
    test.ins.op = (uint8_t)with_table(op);
    test.ins.at2 = offset_of(test.fact2);
    test.ins.maybe = three_valued(test.fact2) ? 2 : 0;
    return add_test(t, test, at, ret_node);
}

static struct status read_is(struct law_text *t, struct law_token at, enum law_fact fact,
                             uint32_t *ret_node) {
    uint8_t kind = law_fact_info(fact)->kind;
    bool negated = law_take(&t->cursor, "not");
    if (kind == LAW_KIND_DATE || kind == LAW_KIND_TIME) {
        return wrong_type(t, at, fact,
                          "dates are not tested: use subject.age, or `from` and `until`");
    }
    if (kind == LAW_KIND_INT) {
        return read_compare(t, at, fact, OP_INT_IS, negated, ret_node);
    }
    struct test test = test_on(fact, is_op(fact), 0);
    test.negated = negated;
    TRY(read_value(t, fact, &test.ins.arg));
    return add_test(t, test, at, ret_node);
}

/* "(" VALUE { "," VALUE } ")", read as one test for each joined by `or`. */
static struct status read_values(struct law_text *t, struct law_token at, enum law_fact fact,
                                 uint32_t *ret_node) {
    uint8_t kind = law_fact_info(fact)->kind;
    uint32_t mask = 0;
    uint32_t count = 0;
    do {
        struct test test = test_on(fact, kind == LAW_KIND_INT ? OP_INT_IS : is_op(fact), 0);
        uint32_t one;
        TRY(kind == LAW_KIND_INT ? read_number(t, &test.ins.arg)
                                 : read_value(t, fact, &test.ins.arg));
        if (kind == LAW_KIND_ENUM) {
            mask |= UINT32_C(1) << test.ins.arg;
            continue;
        }
        TRY(add_test(t, test, at, &one));
        if (count++ > 0) {
            TRY(add_pair(t, NODE_OR, *ret_node, one, at, ret_node));
        } else {
            *ret_node = one;
        }
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    if (kind == LAW_KIND_ENUM) {
        TRY(add_test(t, test_on(fact, OP_BYTE_MASK, mask), at, ret_node));
    }
    return law_take_kind(&t->cursor, TOK_CLOSE)
               ? STATUS_OK
               : law_unexpected(t, law_next(&t->cursor), "`,` or `)`");
}

static enum law_op in_op(enum law_fact fact) {
    enum law_op op = is_op(fact);
    return op == OP_REGION_IS  ? OP_REGION_IN
           : op == OP_WORD_IS  ? OP_WORD_IN
           : op == OP_LABEL_IS ? OP_LABEL_IN
                               : OP_BYTE_IN;
}

static struct status read_in(struct law_text *t, struct law_token at, enum law_fact fact,
                             bool negated, uint32_t *ret_node) {
    uint8_t kind = law_fact_info(fact)->kind;
    if (kind == LAW_KIND_DATE || kind == LAW_KIND_TIME || kind == LAW_KIND_BOOL) {
        return wrong_type(t, at, fact, "it is in no set");
    }
    if (law_take_kind(&t->cursor, TOK_OPEN)) {
        TRY(read_values(t, at, fact, ret_node));
        return negated ? add_pair(t, NODE_NOT, *ret_node, 0, at, ret_node) : STATUS_OK;
    }
    struct law_token word = law_next(&t->cursor);
    const struct law_name *name = word.kind == TOK_WORD ? law_name_find(t->r, word.text) : NULL;
    if (name == NULL || name->kind != NAME_SET) {
        char help[LAW_HELP_BYTES];
        char shown[LAW_HELP_BYTES];
        struct law_nearest nearest = law_nearest_to(word.text);
        law_name_nearest(t->r, &nearest);
        return law_error(t->r->report, t->r->file, word, "name",
                         law_nearest_help(&nearest, help, sizeof help),
                         "%s is no set; a list stands in round brackets",
                         law_token_text(word, shown, sizeof shown));
    }
    if (kind == LAW_KIND_INT) {
        return wrong_type(t, at, fact, "it is in no set");
    }
    struct test test = test_on(fact, in_op(fact), 0);
    test.negated = negated;
    TRY(law_use_set(t, word, name, fact, &test.ins.arg));
    return add_test(t, test, at, ret_node);
}

static struct status read_known(struct law_text *t, struct law_token at, enum law_fact fact,
                                bool negated, uint32_t *ret_node) {
    const struct law_fact_info *info = law_fact_info(fact);
    bool age = info->kind == LAW_KIND_INT;
    if (info->absent != LAW_ABSENT_CHILD && info->absent != LAW_ABSENT_NOWHERE &&
        info->absent != LAW_ABSENT_ANY_REGION && info->absent != LAW_ABSENT_UNKNOWN) {
        return law_error(t->r->report, t->r->file, at, "type",
                         "its absence has a value: ask for that", "`%.*s` is never unknown",
                         SLICE_ARG(info->name));
    }
    enum law_op op = age ? OP_INT_LT : info->kind == LAW_KIND_COUNTRY ? OP_BYTE_IS : OP_WORD_IS;
    struct test test = test_on(fact, op, 0);
    test.ins.maybe = 0;
    test.negated = negated;
    return add_test(t, test, at, ret_node);
}

static struct status read_uncovered(struct law_text *t, struct law_token at, enum law_fact fact,
                                    uint32_t *ret_node) {
    if (fact != LAW_SUBJECT_COUNTRY) {
        return law_error(t->r->report, t->r->file, at, "type", "",
                         "only `subject.country` can be `uncovered`");
    }
    struct test test = test_on(fact, OP_BYTE_IN, 0); /* set 0: all countries that are covered */
    test.negated = true;
    return add_test(t, test, at, ret_node);
}

static struct status read_other(struct law_text *t, struct law_token at, enum law_fact fact,
                                bool same, uint32_t *ret_node) {
    uint8_t kind = same ? LAW_KIND_NAME : LAW_KIND_LANGUAGE;
    if (law_fact_info(fact)->kind != kind) {
        return wrong_type(t, at, fact,
                          same ? "`same as` compares labels" : "`matches` compares languages");
    }
    if (same && !law_take(&t->cursor, "as")) {
        return law_unexpected(t, law_next(&t->cursor), "`same as` and a fact");
    }
    struct law_token got = law_next(&t->cursor);
    enum law_fact other = got.kind == TOK_WORD ? law_fact_find(got.text) : LAW_NO_FACT;
    if (other == LAW_NO_FACT || law_fact_info(other)->kind != kind) {
        return law_unexpected(t, got,
                              same ? "a fact that is a label" : "a fact that is a language");
    }
    struct test test = test_on(fact, same ? OP_LABEL_SAME : OP_MATCH, 0);
    test.fact2 = other;
    test.ins.at2 = offset_of(other);
    test.ins.maybe = (uint8_t)(test.ins.maybe | (three_valued(other) ? 2 : 0));
    return add_test(t, test, at, ret_node);
}

static struct status read_fact(struct law_text *t, struct law_token at, enum law_fact fact,
                               uint32_t *ret_node) {
    static const struct {
        enum law_token_kind kind;
        enum law_op op;
        bool negated;
    } signs[] = {{TOK_LT, OP_INT_LT, false},
                 {TOK_GE, OP_INT_LT, true},
                 {TOK_GT, OP_INT_GT, false},
                 {TOK_LE, OP_INT_GT, true}};
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (law_take_kind(&t->cursor, signs[i].kind)) {
            return read_compare(t, at, fact, signs[i].op, signs[i].negated, ret_node);
        }
    }
    if (law_take(&t->cursor, "is")) {
        return read_is(t, at, fact, ret_node);
    }
    if (law_take(&t->cursor, "in")) {
        return read_in(t, at, fact, false, ret_node);
    }
    if (law_take(&t->cursor, "not")) {
        return law_take(&t->cursor, "in") ? read_in(t, at, fact, true, ret_node)
                                          : law_unexpected(t, law_next(&t->cursor), "`not in`");
    }
    if (law_take(&t->cursor, "unknown")) {
        return read_known(t, at, fact, false, ret_node);
    }
    if (law_take(&t->cursor, "known")) {
        return read_known(t, at, fact, true, ret_node);
    }
    if (law_take(&t->cursor, "uncovered")) {
        return read_uncovered(t, at, fact, ret_node);
    }
    if (law_take(&t->cursor, "matches")) {
        return read_other(t, at, fact, false, ret_node);
    }
    if (law_take(&t->cursor, "same")) {
        return read_other(t, at, fact, true, ret_node);
    }
    return law_fact_info(fact)->kind == LAW_KIND_BOOL
               ? add_test(t, test_on(fact, OP_BYTE_IS, 1), at, ret_node)
               : law_unexpected(t, law_next(&t->cursor), "a test, as `is`, `in`, `<` or `unknown`");
}

static struct status table_value(struct law_text *t, const struct law_name *name,
                                 uint32_t *ret_value) {
    const struct law_table_decl *decl = &t->r->tables.ptr[name->id];
    struct law_token got = law_peek(&t->cursor);
    struct law_nearest nearest = law_nearest_to(got.text);
    char help[LAW_HELP_BYTES];
    char shown[LAW_HELP_BYTES];
    if (!decl->of_names) {
        return read_number(t, ret_value);
    }
    (void)law_next(&t->cursor);
    for (uint32_t i = 0; i < decl->names.len; i++) {
        if (got.kind == TOK_WORD && slice_eq(decl->names.ptr[i], got.text)) {
            *ret_value = i;
            return STATUS_OK;
        }
        law_nearest_try(&nearest, decl->names.ptr[i]);
    }
    return law_error(t->r->report, t->r->file, got, "type",
                     law_nearest_help(&nearest, help, sizeof help), "%s is no value of `%.*s`",
                     law_token_text(got, shown, sizeof shown), SLICE_ARG(name->name));
}

static struct status read_table_list(struct law_text *t, const struct law_name *name,
                                     uint32_t *ret_list) {
    struct law_set *set = t->r->set;
    struct law_span span = {set->values.len, 0};
    if (!law_take_kind(&t->cursor, TOK_OPEN)) {
        return law_unexpected(t, law_next(&t->cursor), "a list in round brackets");
    }
    do {
        uint32_t v;
        TRY(table_value(t, name, &v));
        LAW_PUSH(&set->values, LAW_MAX_CODE, (int16_t)v);
        span.count++;
    } while (law_take_kind(&t->cursor, TOK_COMMA));
    if (!law_take_kind(&t->cursor, TOK_CLOSE)) {
        return law_unexpected(t, law_next(&t->cursor), "`,` or `)`");
    }
    *ret_list = set->value_lists.len;
    LAW_PUSH(&set->value_lists, LAW_MAX_RULES, span);
    return STATUS_OK;
}

static struct status read_table_test(struct law_text *t, struct law_token at, uint32_t *ret_node) {
    const struct law_name *name;
    struct test test = {.fact2 = LAW_NO_FACT};
    uint32_t table;
    uint32_t arg;
    TRY(read_call(t, &name, &test.fact, &table));
    test.ins.at = offset_of(test.fact);
    test.ins.maybe = three_valued(test.fact);
    if (law_take(&t->cursor, "is")) {
        test.negated = law_take(&t->cursor, "not");
        test.ins.op = OP_TABLE_IS;
        TRY(table_value(t, name, &arg));
    } else {
        test.negated = law_take(&t->cursor, "not");
        test.ins.op = OP_TABLE_IN;
        if (!law_take(&t->cursor, "in")) {
            return law_unexpected(t, law_next(&t->cursor), "`is` or `in`");
        }
        TRY(read_table_list(t, name, &arg));
    }
    test.ins.arg = table | arg << 16;
    return add_test(t, test, at, ret_node);
}

static struct status read_present(struct law_text *t, struct law_token at, enum law_group group,
                                  uint32_t *ret_node) {
    if (group != LAW_GROUP_RECORD && group != LAW_GROUP_RECIPIENT && group != LAW_GROUP_ACTOR) {
        return law_error(t->r->report, t->r->file, at, "type", "",
                         "only `record`, `recipient` and `actor` can be `present`");
    }
    if (!law_take(&t->cursor, "present")) {
        return law_unexpected(t, law_next(&t->cursor), "`present`");
    }
    struct test test = {.ins = {.op = OP_PRESENT, .arg = UINT32_C(1) << group},
                        .fact = LAW_NO_FACT,
                        .fact2 = (enum law_fact)group};
    return add_test(t, test, at, ret_node);
}

static struct status unknown_word(struct law_text *t, struct law_token at) {
    char help[LAW_HELP_BYTES];
    struct law_nearest nearest = law_nearest_to(at.text);
    for (int i = 0; i <= LAW_FACTS; i++) {
        law_nearest_try(&nearest, law_fact_info((enum law_fact)i)->name);
    }
    law_name_nearest(t->r, &nearest);
    return law_error(t->r->report, t->r->file, at, "name",
                     law_nearest_help(&nearest, help, sizeof help),
                     "`%.*s` is no fact, table or define", SLICE_ARG(at.text));
}

static struct status read_test(struct law_text *t, uint32_t *ret_node) {
    struct law_token at = law_peek(&t->cursor);
    if (at.kind != TOK_WORD) {
        return law_unexpected(t, law_next(&t->cursor), "a fact, a table or a define");
    }
    if (at_call(t)) {
        return read_table_test(t, at, ret_node);
    }
    (void)law_next(&t->cursor);
    enum law_fact fact = law_fact_find_any(at.text);
    if (fact != LAW_NO_FACT) {
        return read_fact(t, at, fact, ret_node);
    }
    enum law_group group = law_group_find(at.text);
    if (group != LAW_NO_GROUP) {
        return read_present(t, at, group, ret_node);
    }
    const struct law_name *name = law_name_find(t->r, at.text);
    if (name == NULL || name->kind != NAME_DEFINE) {
        return name == NULL ? unknown_word(t, at)
                            : law_error(t->r->report, t->r->file, at, "type",
                                        name->kind == NAME_SET ? "ask `FACT in SET`"
                                                               : "ask `TABLE(FACT) is VALUE`",
                                        "`%.*s` alone is no test", SLICE_ARG(at.text));
    }
    t->r->expr_tests++;
    return add_node(t, (struct law_node){.kind = NODE_DEFINE, .a = name->id}, at, ret_node);
}

static struct status read_unary(struct law_text *t, uint32_t *ret_node) {
    struct law_token at = law_peek(&t->cursor);
    struct status s;
    bool negated = law_take(&t->cursor, "not");
    if (!negated && !law_take_kind(&t->cursor, TOK_OPEN)) {
        return read_test(t, ret_node);
    }
    if (++t->r->depth > LAW_MAX_DEPTH) {
        return law_error(t->r->report, t->r->file, at, "limit", "give parts of it a name",
                         "expressions are nested at most %d deep", LAW_MAX_DEPTH);
    }
    if (negated) {
        s = read_unary(t, ret_node);
        TRY(s);
        TRY(add_pair(t, NODE_NOT, *ret_node, 0, at, ret_node));
    } else {
        TRY(read_or(t, ret_node));
        if (!law_take_kind(&t->cursor, TOK_CLOSE)) {
            return law_unexpected(t, law_next(&t->cursor), "`and`, `or` or `)`");
        }
    }
    t->r->depth--;
    return STATUS_OK;
}

static struct status read_and(struct law_text *t, uint32_t *ret_node) {
    uint32_t more;
    struct law_token at = law_peek(&t->cursor);
    TRY(read_unary(t, ret_node));
    while (law_take(&t->cursor, "and")) {
        TRY(read_unary(t, &more));
        TRY(add_pair(t, NODE_AND, *ret_node, more, at, ret_node));
    }
    return STATUS_OK;
}

static struct status read_or(struct law_text *t, uint32_t *ret_node) {
    uint32_t more;
    struct law_token at = law_peek(&t->cursor);
    TRY(read_and(t, ret_node));
    while (law_take(&t->cursor, "or")) {
        TRY(read_and(t, &more));
        TRY(add_pair(t, NODE_OR, *ret_node, more, at, ret_node));
    }
    return STATUS_OK;
}

struct status law_read_expr(struct law_text *t, uint32_t *ret_node) {
    t->r->depth = 0;
    t->r->expr_tests = 0;
    return read_or(t, ret_node);
}
