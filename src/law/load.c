/* Reading all packs of a service into one set, and asking the set about itself. */
#include "reader.h"

#include <string.h>

#include "base/mem.h"

static const char *const block_words[] = {"law",    "common", "set",   "table",
                                          "define", "rule",   "facts", "case"};
enum block_word { B_LAW, B_COMMON, B_SET, B_TABLE, B_DEFINE, B_RULE, B_FACTS, B_CASE, B_WORDS };

void law_set_free(struct law_set **ref) {
    struct law_set *set = *ref;
    if (set == NULL) {
        return;
    }
    for (uint32_t i = 0; i < set->files.len; i++) {
        law_file_done(&set->files.ptr[i]);
    }
    void *const arrays[] = {set->laws.ptr,           set->rules.ptr,        set->code.ptr,
                            set->needs.ptr,          set->byte_sets.ptr,    set->byte_versions.ptr,
                            set->word_sets.ptr,      set->word_members.ptr, set->label_sets.ptr,
                            set->label_members.ptr,  set->labels.ptr,       set->tables.ptr,
                            set->table_versions.ptr, set->key_rows.ptr,     set->value_lists.ptr,
                            set->values.ptr,         set->days.ptr,         set->cites.ptr,
                            set->law_texts.ptr,      set->rule_texts.ptr,   set->nodes.ptr,
                            set->tests.ptr,          set->define_nodes.ptr, set->cases.ptr,
                            set->givens.ptr,         set->prefixes.ptr,     set->files.ptr};
    for (size_t i = 0; i < ARRAY_LEN(arrays); i++) {
        mem_free(arrays[i]);
    }
    arena_done(&set->arena);
    mem_free(set);
    *ref = NULL;
}

void law_reader_done(struct law_reader *r) {
    for (uint32_t i = 0; i < r->sets.len; i++) {
        mem_free(r->sets.ptr[i].members.ptr);
        mem_free(r->sets.ptr[i].uses.ptr);
    }
    for (uint32_t i = 0; i < r->tables.len; i++) {
        mem_free(r->tables.ptr[i].rows.ptr);
        mem_free(r->tables.ptr[i].names.ptr);
        mem_free(r->tables.ptr[i].uses.ptr);
    }
    mem_free(r->sets.ptr);
    mem_free(r->tables.ptr);
    mem_free(r->define_states.ptr);
    mem_free(r->names.ptr);
    mem_free(r->rule_laws.ptr);
}

static struct status add_file(struct law_reader *r, const struct law_source *source) {
    struct law_file file = {.law = -1};
    TRY(arena_copy(&r->set->arena, source->name, &file.name));
    TRY(arena_copy(&r->set->arena, source->text, &file.text));
    LAW_PUSH(&r->set->files, LAW_MAX_FILES, file);
    return law_file_split(&r->set->files.ptr[r->set->files.len - 1], r->report);
}

static struct status block_word(struct law_reader *r, const struct law_block *b, size_t *ret_word) {
    struct law_text t = law_text_of(r, b->header);
    return law_read_keyword(&t, block_words, B_WORDS, "block", ret_word);
}

/* The block's word where it is a good one; mistakes were told in the first round. */
static size_t known_word(const struct law_reader *r, const struct law_block *b) {
    struct law_cursor c = law_clause_cursor(r->file, b->header);
    struct law_token got = law_next(&c);
    size_t i = 0;
    while (i < B_WORDS && !slice_eq(got.text, slice_str(block_words[i]))) {
        i++;
    }
    return i;
}

static struct status first_block(struct law_reader *r, const struct law_block *b, size_t word) {
    r->file->common = word == B_COMMON;
    if (word != B_LAW && word != B_COMMON) {
        return law_error(r->report, r->file, law_place(r->file, b->header.first_line, 0), "syntax",
                         "a pack begins with `law NAME \"TITLE\"`, the common file with `common`",
                         "the first block must be `law` or `common`");
    }
    return STATUS_OK;
}

static struct status belongs(struct law_reader *r, const struct law_block *b, size_t word,
                             bool first) {
    bool data = word == B_SET || word == B_TABLE || word == B_DEFINE;
    struct law_token at = law_place(r->file, b->header.first_line, 0);
    if (!first && (word == B_LAW || word == B_COMMON)) {
        return law_error(r->report, r->file, at, "syntax", "each law has a file of its own",
                         "a second `%s`", block_words[word]);
    }
    if (r->file->common && !first && !data) {
        return law_error(r->report, r->file, at, "syntax",
                         "the common file has sets, tables and defines only",
                         "`%s` belongs into a pack", block_words[word]);
    }
    return STATUS_OK;
}

static struct status declare(struct law_reader *r, uint32_t block, enum law_name_kind kind) {
    struct law_text t = law_text_of(r, r->file->blocks.ptr[block].header);
    struct law_name name = {.kind = kind, .file = r->file_id, .block = block};
    (void)law_next(&t.cursor);
    name.at = law_peek(&t.cursor);
    TRY(law_read_name(&t, "a name", &name.name));
    switch (kind) {
    case NAME_SET:
        name.id = r->sets.len;
        LAW_PUSH(&r->sets, LAW_MAX_TABLES, (struct law_set_decl){.kind = MEMBER_NONE});
        TRY(law_read_end(&t));
        break;
    case NAME_TABLE:
        name.id = r->tables.len;
        LAW_PUSH(&r->tables, LAW_MAX_TABLES, (struct law_table_decl){.key = MEMBER_NONE});
        break;
    case NAME_DEFINE:
        name.id = r->set->define_nodes.len;
        LAW_PUSH(&r->set->define_nodes, LAW_MAX_RULES, NO_NODE);
        LAW_PUSH(&r->define_states, LAW_MAX_RULES, DEFINE_UNREAD);
        break;
    }
    return law_name_add(r, name);
}

static struct status read_first_round(struct law_reader *r) {
    for (uint32_t i = 0; i < r->file->blocks.len; i++) {
        const struct law_block *b = &r->file->blocks.ptr[i];
        size_t word;
        struct status s = block_word(r, b, &word);
        TRY(law_go_on(s));
        if (failed(s)) {
            continue;
        }
        if (i == 0) {
            TRY(law_go_on(first_block(r, b, word)));
        }
        TRY(law_go_on(belongs(r, b, word, i == 0)));
        if (word == B_SET || word == B_TABLE || word == B_DEFINE) {
            TRY(law_go_on(declare(r, i,
                                  word == B_SET     ? NAME_SET
                                  : word == B_TABLE ? NAME_TABLE
                                                    : NAME_DEFINE)));
        }
    }
    return STATUS_OK;
}

static void enter(struct law_reader *r, uint32_t file) {
    r->file_id = file;
    r->file = &r->set->files.ptr[file];
}

static struct status read_names(struct law_reader *r, enum law_name_kind kind) {
    for (uint32_t i = 0; i < r->names.len; i++) {
        struct law_name name = r->names.ptr[i];
        if (name.kind != kind) {
            continue;
        }
        enter(r, name.file);
        const struct law_block *b = &r->file->blocks.ptr[name.block];
        struct status s = kind == NAME_SET     ? law_read_set(r, b, &r->sets.ptr[name.id])
                          : kind == NAME_TABLE ? law_read_table(r, b, &r->tables.ptr[name.id])
                                               : law_read_define(r, b, name.id);
        TRY(law_go_on(s));
    }
    return STATUS_OK;
}

static struct status read_laws(struct law_reader *r) {
    for (uint32_t i = 0; i < r->set->files.len; i++) {
        enter(r, i);
        if (r->file->blocks.len > 0 && known_word(r, r->file->blocks.ptr) == B_LAW) {
            r->file->law = (int32_t)r->set->laws.len;
            TRY(law_read_law(r, r->file->blocks.ptr));
        }
    }
    return STATUS_OK;
}

static struct status read_rules(struct law_reader *r) {
    for (uint32_t f = 0; f < r->set->files.len; f++) {
        enter(r, f);
        for (uint32_t i = 0; r->file->law >= 0 && i < r->file->blocks.len; i++) {
            const struct law_block *b = &r->file->blocks.ptr[i];
            size_t word = known_word(r, b);
            if (word == B_RULE) {
                TRY(law_read_rule(r, b));
            } else if (word == B_CASE || word == B_FACTS) {
                TRY(law_read_case(r, b, word == B_FACTS));
            }
        }
    }
    return STATUS_OK;
}

static struct status one_common(struct law_reader *r) {
    uint32_t commons = 0;
    for (uint32_t i = 0; i < r->set->files.len; i++) {
        commons += r->set->files.ptr[i].common;
        if (r->set->files.ptr[i].common && commons > 1) {
            TRY(law_go_on(law_error(r->report, &r->set->files.ptr[i], law_place(NULL, 0, 0),
                                    "syntax", "put everything common into one file",
                                    "a second common file")));
        }
        if (r->set->files.ptr[i].blocks.len == 0) {
            TRY(law_go_on(law_error(r->report, &r->set->files.ptr[i], law_place(NULL, 0, 0),
                                    "syntax", "", "the file is empty")));
        }
    }
    return STATUS_OK;
}

static struct status read_all(struct law_reader *r, const struct law_source *sources,
                              size_t count) {
    uint32_t covered;
    TRY(law_add_bytes(r->set, NULL, 0, &covered));
    for (size_t i = 0; i < count; i++) {
        TRY(add_file(r, &sources[i]));
    }
    for (uint32_t i = 0; i < r->set->files.len; i++) {
        enter(r, i);
        TRY(read_first_round(r));
    }
    TRY(one_common(r));
    TRY(read_names(r, NAME_SET));
    TRY(read_names(r, NAME_TABLE));
    TRY(read_laws(r));
    TRY(read_names(r, NAME_DEFINE));
    TRY(read_rules(r));
    TRY(law_build(r));
    if (r->report->errors > 0) {
        return FAIL(LAW_INVALID);
    }
    return r->set->laws.len == 0 ? FAIL(LAW_NONE) : STATUS_OK;
}

static struct status tell_limit(struct law_reader *r, struct status s) {
    if (s.code == LAW_LIMIT) {
        struct status told = law_error(r->report, r->file, law_place(NULL, 0, 0), "limit",
                                       "the limits are listed in the manual",
                                       "the packs are larger than their limits");
        return told.code == LAW_INVALID ? s : told;
    }
    return s;
}

struct status law_set_load(const struct law_source *sources, size_t count,
                           struct law_report *report, struct law_set **ret_set) {
    struct law_set *set CLEANUP(law_set_free) = mem_alloc(sizeof *set);
    if (set == NULL) {
        return FAIL(E_MEMORY);
    }
    arena_init(&set->arena, LAW_MAX_ARENA_BYTES);
    struct law_reader r = {.set = set, .report = report, .first_from = NO_END};
    struct status s = tell_limit(&r, read_all(&r, sources, count));
    law_reader_done(&r);
    law_report_sort(report);
    TRY(s);
    int house = law_set_find(set, SLICE("house"));
    set->house = house < 0 ? 0 : UINT64_C(1) << house;
    *ret_set = set;
    set = NULL;
    return STATUS_OK;
}

size_t law_set_count(const struct law_set *set) {
    return set->laws.len;
}

struct slice law_set_name(const struct law_set *set, size_t law) {
    return law < set->law_texts.len ? set->law_texts.ptr[law].name : SLICE("");
}

struct slice law_set_title(const struct law_set *set, size_t law) {
    return law < set->law_texts.len ? set->law_texts.ptr[law].title : SLICE("");
}

struct slice law_set_source(const struct law_set *set, size_t law) {
    return law < set->law_texts.len ? set->law_texts.ptr[law].source : SLICE("");
}

int law_set_find(const struct law_set *set, struct slice name) {
    for (uint32_t i = 0; i < set->law_texts.len; i++) {
        if (slice_eq(set->law_texts.ptr[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

uint64_t law_set_mask(const struct law_set *set, bool with_house) {
    uint64_t all = (UINT64_C(1) << set->laws.len) - 1;
    return with_house ? all : all & ~set->house;
}

size_t law_set_cites(const struct law_set *set) {
    return set->cites.len;
}

const struct law_cite *law_set_cite(const struct law_set *set, size_t cite) {
    return &set->cites.ptr[cite < set->cites.len ? cite : 0];
}
