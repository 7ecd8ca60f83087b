/* Names in sight: sets, tables and defines; and turning a set or table into what a test on some
 * fact reads. Must never let a test read a set or table of another kind than its fact's. */
#include "reader.h"

#include <string.h>

#include "base/mem.h"

static bool in_sight(const struct law_reader *r, const struct law_name *n, uint32_t file) {
    return n->file == file || r->set->files.ptr[n->file].common;
}

struct status law_name_add(struct law_reader *r, struct law_name name) {
    for (uint32_t i = 0; i < r->names.len; i++) {
        const struct law_name *other = &r->names.ptr[i];
        if (slice_eq(other->name, name.name) &&
            (in_sight(r, other, name.file) || in_sight(r, &name, other->file))) {
            return law_error(r->report, &r->set->files.ptr[name.file], name.at, "name",
                             "take another name", "`%.*s` is defined already, in %.*s line %u",
                             SLICE_ARG(name.name), SLICE_ARG(r->set->files.ptr[other->file].name),
                             (unsigned)other->at.line + 1);
        }
    }
    LAW_PUSH(&r->names, LAW_MAX_TABLES + LAW_MAX_RULES, name);
    return STATUS_OK;
}

struct law_name *law_name_find(struct law_reader *r, struct slice name) {
    for (uint32_t i = 0; i < r->names.len; i++) {
        if (slice_eq(r->names.ptr[i].name, name) && in_sight(r, &r->names.ptr[i], r->file_id)) {
            r->names.ptr[i].used = true;
            return &r->names.ptr[i];
        }
    }
    return NULL;
}

void law_name_nearest(struct law_reader *r, struct law_nearest *n) {
    for (uint32_t i = 0; i < r->names.len; i++) {
        if (in_sight(r, &r->names.ptr[i], r->file_id)) {
            law_nearest_try(n, r->names.ptr[i].name);
        }
    }
}

/* The days on which members change, sorted, from the beginning of time. */
struct day_list {
    LAW_VEC(int32_t) days;
};

static void free_days(struct day_list *list) {
    mem_free(list->days.ptr);
}

static struct status add_day(struct day_list *list, int32_t day) {
    uint32_t i = list->days.len;
    for (uint32_t k = 0; k < list->days.len; k++) {
        if (list->days.ptr[k] == day) {
            return STATUS_OK;
        }
    }
    LAW_PUSH(&list->days, 2 * LAW_MAX_ROWS + 2, day);
    for (; i > 0 && list->days.ptr[i - 1] > day; i--) {
        list->days.ptr[i] = list->days.ptr[i - 1];
        list->days.ptr[i - 1] = day;
    }
    return STATUS_OK;
}

static struct status add_days(struct day_list *list, int32_t from, int32_t until) {
    TRY(add_day(list, from));
    return until == NO_END ? STATUS_OK : add_day(list, until + 1);
}

struct status law_add_bytes(struct law_set *set, const struct law_member *members, uint32_t count,
                            uint32_t *ret_id) {
    struct day_list list CLEANUP(free_days) = {0};
    TRY(add_day(&list, NO_START));
    for (uint32_t i = 0; i < count; i++) {
        TRY(add_days(&list, members[i].from, members[i].until));
    }
    struct law_span span = {set->byte_versions.len, list.days.len};
    for (uint32_t d = 0; d < list.days.len; d++) {
        struct law_byte_version version = {.from = list.days.ptr[d]};
        for (uint32_t i = 0; i < count; i++) {
            if (members[i].from <= version.from && version.from <= members[i].until) {
                version.bits[members[i].word >> 6 & 3] |= UINT64_C(1) << (members[i].word & 63);
            }
        }
        LAW_PUSH(&set->byte_versions, 100 * LAW_MAX_TABLES, version);
    }
    *ret_id = set->byte_sets.len;
    LAW_PUSH(&set->byte_sets, LAW_MAX_RULES, span);
    return STATUS_OK;
}

static struct status add_words(struct law_set *set, const struct law_set_decl *decl,
                               uint32_t *ret_id) {
    struct law_span span = {set->word_members.len, decl->members.len};
    for (uint32_t i = 0; i < decl->members.len; i++) {
        const struct law_member *m = &decl->members.ptr[i];
        LAW_PUSH(&set->word_members, 100 * LAW_MAX_MEMBERS,
                 (struct law_word_member){m->word, m->from, m->until});
    }
    *ret_id = set->word_sets.len;
    LAW_PUSH(&set->word_sets, LAW_MAX_RULES, span);
    return STATUS_OK;
}

static struct status add_labels(struct law_set *set, const struct law_set_decl *decl,
                                uint32_t *ret_id) {
    struct law_span span = {set->label_members.len, decl->members.len};
    for (uint32_t i = 0; i < decl->members.len; i++) {
        const struct law_member *m = &decl->members.ptr[i];
        LAW_PUSH(&set->label_members, 100 * LAW_MAX_MEMBERS,
                 (struct law_label_member){m->text, m->from, m->until});
    }
    *ret_id = set->label_sets.len;
    LAW_PUSH(&set->label_sets, LAW_MAX_RULES, span);
    return STATUS_OK;
}

static struct status wrong_kind(struct law_text *t, struct law_token at,
                                const struct law_name *name, enum law_fact fact, uint8_t kind) {
    static const char *const kinds[] = {"nothing", "countries", "regions", "names"};
    return law_error(t->r->report, t->r->file, at, "type", "use one of the fact's kind",
                     "`%.*s` is of %s, `%.*s` is not", SLICE_ARG(name->name), kinds[kind],
                     SLICE_ARG(law_fact_info(fact)->name));
}

/* The members as values of the enumerated fact, or as language tags. */
static struct status number_members(struct law_text *t, struct law_token at,
                                    const struct law_name *name, enum law_fact fact,
                                    struct law_set_decl *decl) {
    const struct law_fact_info *info = law_fact_info(fact);
    for (uint32_t i = 0; i < decl->members.len; i++) {
        struct law_member *m = &decl->members.ptr[i];
        uint32_t v = 0;
        while (info->kind == LAW_KIND_ENUM && v < info->value_count &&
               !slice_eq(slice_str(info->values[v]), m->text)) {
            v++;
        }
        bool known = v < info->value_count;
        if (info->kind == LAW_KIND_LANGUAGE) {
            v = law_language_parse(m->text);
            known = v != 0;
        }
        if (!known) {
            return law_error(t->r->report, t->r->file, at, "type",
                             "every member must be a value of the fact",
                             "`%.*s` of `%.*s` is no value of `%.*s`", SLICE_ARG(m->text),
                             SLICE_ARG(name->name), SLICE_ARG(info->name));
        }
        m->word = v;
    }
    return STATUS_OK;
}

static uint16_t use_of(enum law_fact fact) {
    uint8_t kind = law_fact_info(fact)->kind;
    return kind == LAW_KIND_ENUM       ? (uint16_t)fact
           : kind == LAW_KIND_LANGUAGE ? USE_LANGUAGE
                                       : USE_ANY;
}

static enum law_member_kind kind_of(enum law_fact fact) {
    switch ((enum law_kind)law_fact_info(fact)->kind) {
    case LAW_KIND_COUNTRY:
        return MEMBER_COUNTRY;
    case LAW_KIND_REGION:
        return MEMBER_REGION;
    case LAW_KIND_ENUM:
    case LAW_KIND_LANGUAGE:
    case LAW_KIND_NAME:
        return MEMBER_NAME;
    case LAW_KIND_BOOL:
    case LAW_KIND_INT:
    case LAW_KIND_DATE:
    case LAW_KIND_TIME:
        break;
    }
    return MEMBER_NONE;
}

static struct status make_set(struct law_text *t, struct law_token at, const struct law_name *name,
                              enum law_fact fact, struct law_set_decl *decl, uint32_t *ret_id) {
    uint8_t kind = law_fact_info(fact)->kind;
    if (decl->kind == MEMBER_NAME && kind != LAW_KIND_NAME) {
        TRY(number_members(t, at, name, fact, decl));
    }
    if (kind == LAW_KIND_NAME) {
        return add_labels(t->r->set, decl, ret_id);
    }
    if (kind == LAW_KIND_REGION || kind == LAW_KIND_LANGUAGE) {
        return add_words(t->r->set, decl, ret_id);
    }
    return law_add_bytes(t->r->set, decl->members.ptr, decl->members.len, ret_id);
}

struct status law_use_set(struct law_text *t, struct law_token at, const struct law_name *name,
                          enum law_fact fact, uint32_t *ret_id) {
    struct law_set_decl *decl = &t->r->sets.ptr[name->id];
    if (decl->kind != MEMBER_NONE && decl->kind != kind_of(fact)) {
        return wrong_kind(t, at, name, fact, decl->kind);
    }
    for (uint32_t i = 0; i < decl->uses.len; i++) {
        if (decl->uses.ptr[i].fact == use_of(fact)) {
            *ret_id = decl->uses.ptr[i].id;
            return STATUS_OK;
        }
    }
    TRY(make_set(t, at, name, fact, decl, ret_id));
    LAW_PUSH(&decl->uses, LAW_MAX_RULES, (struct law_use){use_of(fact), *ret_id});
    return STATUS_OK;
}

/* The value of `*` on a day. */
static int16_t star_value(const struct law_table_decl *decl, int32_t day) {
    for (uint32_t i = 0; i < decl->rows.len; i++) {
        const struct law_row_decl *row = &decl->rows.ptr[i];
        if (row->star && row->from <= day && day <= row->until) {
            return row->value;
        }
    }
    return TABLE_UNKNOWN;
}

static struct law_table_version version_on(const struct law_table_decl *decl, int32_t day,
                                           bool dense) {
    struct law_table_version version = {.from = day, .otherwise = star_value(decl, day)};
    for (size_t i = 0; i < BYTE_KEYS; i++) {
        version.values[i] = version.otherwise;
    }
    for (uint32_t i = 0; dense && i < decl->rows.len; i++) {
        const struct law_row_decl *row = &decl->rows.ptr[i];
        if (!row->star && row->from <= day && day <= row->until) {
            version.values[row->word & 255] = row->value;
        }
    }
    return version;
}

static struct status add_versions(struct law_set *set, const struct law_table_decl *decl,
                                  bool dense, struct law_span *ret_span) {
    struct day_list list CLEANUP(free_days) = {0};
    TRY(add_day(&list, NO_START));
    for (uint32_t i = 0; i < decl->rows.len; i++) {
        if (dense || decl->rows.ptr[i].star) {
            TRY(add_days(&list, decl->rows.ptr[i].from, decl->rows.ptr[i].until));
        }
    }
    *ret_span = (struct law_span){set->table_versions.len, list.days.len};
    for (uint32_t i = 0; i < list.days.len; i++) {
        LAW_PUSH(&set->table_versions, 20 * LAW_MAX_TABLES,
                 version_on(decl, list.days.ptr[i], dense));
    }
    return STATUS_OK;
}

static struct status add_rows(struct law_set *set, const struct law_table_decl *decl,
                              struct law_span *ret_span) {
    *ret_span = (struct law_span){set->key_rows.len, 0};
    for (uint32_t i = 0; i < decl->rows.len; i++) {
        const struct law_row_decl *row = &decl->rows.ptr[i];
        if (!row->star) {
            LAW_PUSH(&set->key_rows, 100 * LAW_MAX_ROWS,
                     (struct law_key_row){row->key, row->word, row->from, row->until, row->value});
            ret_span->count++;
        }
    }
    return STATUS_OK;
}

static struct status number_keys(struct law_text *t, struct law_token at,
                                 const struct law_name *name, enum law_fact fact,
                                 struct law_table_decl *decl) {
    const struct law_fact_info *info = law_fact_info(fact);
    for (uint32_t i = 0; i < decl->rows.len; i++) {
        struct law_row_decl *row = &decl->rows.ptr[i];
        uint32_t v = 0;
        while (v < info->value_count && !slice_eq(slice_str(info->values[v]), row->key)) {
            v++;
        }
        if (!row->star && v == info->value_count) {
            return law_error(t->r->report, t->r->file, at, "type",
                             "every key must be a value of the fact",
                             "the key `%.*s` of `%.*s` is no value of `%.*s`", SLICE_ARG(row->key),
                             SLICE_ARG(name->name), SLICE_ARG(info->name));
        }
        row->word = v;
    }
    return STATUS_OK;
}

static struct status make_table(struct law_text *t, struct law_token at,
                                const struct law_name *name, enum law_fact fact,
                                struct law_table_decl *decl, uint32_t *ret_id) {
    struct law_set *set = t->r->set;
    uint8_t kind = law_fact_info(fact)->kind;
    struct law_table table = {.key = kind == LAW_KIND_REGION ? TABLE_BY_WORD
                                     : kind == LAW_KIND_NAME ? TABLE_BY_LABEL
                                                             : TABLE_BY_BYTE};
    if (kind == LAW_KIND_ENUM) {
        TRY(number_keys(t, at, name, fact, decl));
    }
    TRY(add_versions(set, decl, table.key == TABLE_BY_BYTE, &table.versions));
    if (table.key != TABLE_BY_BYTE) {
        TRY(add_rows(set, decl, &table.rows));
    }
    *ret_id = set->tables.len;
    LAW_PUSH(&set->tables, LAW_MAX_TABLES, table);
    return STATUS_OK;
}

struct status law_use_table(struct law_text *t, struct law_token at, const struct law_name *name,
                            enum law_fact fact, uint32_t *ret_id) {
    struct law_table_decl *decl = &t->r->tables.ptr[name->id];
    if (decl->key != kind_of(fact) || law_fact_info(fact)->kind == LAW_KIND_LANGUAGE) {
        return wrong_kind(t, at, name, fact, decl->key);
    }
    for (uint32_t i = 0; i < decl->uses.len; i++) {
        if (decl->uses.ptr[i].fact == use_of(fact)) {
            *ret_id = decl->uses.ptr[i].id;
            return STATUS_OK;
        }
    }
    TRY(make_table(t, at, name, fact, decl, ret_id));
    LAW_PUSH(&decl->uses, LAW_MAX_RULES, (struct law_use){use_of(fact), *ret_id});
    return STATUS_OK;
}
