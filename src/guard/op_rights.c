/* What is held, the archive, receipts. */
#include "internal.h"
#include "ledger/leaf.h"

enum { RECEIPTS = 500 };

/* --- what is held --- */

static struct status purposes_of(struct call *c, uint8_t category, struct slice language,
                                 struct slice *ret_text) {
    struct buf text CLEANUP(buf_done) = {0};
    buf_init(&text, 300);
    for (uint8_t p = 0; p < VAULT_PURPOSES_MAX; p++) {
        if (!words_uses(c->g, p, category)) {
            continue;
        }
        struct slice title = words_purpose_title(c->g, p, language);
        if (text.len + title.len + 2 > 300) {
            break;
        }
        TRY(buf_add(&text, text.len > 0 ? SLICE(", ") : SLICE("")));
        TRY(buf_add(&text, title));
    }
    return arena_copy(c->arena, buf_slice(&text), ret_text);
}

static struct status fill_holding(struct call *c, uint8_t category, uint64_t count,
                                  struct api_value *v) {
    struct slice language = slice_str(c->person.facts.language);
    v[TYP_HOLDING_CATEGORY].bytes = vault_category_name(c->g->vault, category);
    v[TYP_HOLDING_TITLE].bytes = words_category_title(c->g, category, language);
    v[TYP_HOLDING_COUNT].n = count < UINT32_MAX ? count : UINT32_MAX;
    v[TYP_HOLDING_BASIS].bytes = words_bases(c->g, category, language);
    v[TYP_HOLDING_UNTIL].bytes = words_until(c->g, category, language);
    v[TYP_HOLDING_RECIPIENTS].bytes = words_recipients(c->g, category, language);
    return purposes_of(c, category, language, &v[TYP_HOLDING_PURPOSES].bytes);
}

static struct status held(struct call *c) {
    struct api_value *list = &c->fields[ANS_DATA_HELD_HOLDINGS];
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_DATA_HELD_HOLDINGS].type,
                      VAULT_CATEGORIES_MAX, list));
    size_t kept = 0;
    for (uint8_t category = 0; category < VAULT_CATEGORIES_MAX; category++) {
        uint64_t count = 0;
        if (vault_category_name(c->g->vault, category).len == 0) {
            continue;
        }
        struct vault_query query = {.owner = c->session.subject,
                                    .category = (uint8_t)(category + 1)};
        TRY(vault_count(c->g->vault, &query, &count));
        TRY(fill_holding(c, category, count, list->list.items[kept++].fields));
    }
    list->list.count = kept;
    return STATUS_OK;
}

static struct status export_data(struct call *c) {
    uint64_t withheld; /* the archive says it */
    c->fields[ANS_DATA_EXPORT_TYPE] = api_text("application/x-tar");
    return archive_write(c, c->session.subject, &c->fields[ANS_DATA_EXPORT_SIZE_BYTES].n,
                         &withheld);
}

/* --- receipts --- */

struct entry {
    uint64_t leaf;
    uint8_t kind;
    int64_t at_ms;
};

struct entries {
    struct entry *list;
    size_t count, max;
};

static struct status take_entry(void *arg_, uint64_t leaf, uint8_t kind, int64_t at_ms,
                                struct slice content) {
    struct entries *e = arg_;
    (void)content;
    if (e->count < e->max) {
        e->list[e->count++] = (struct entry){leaf, kind, at_ms};
    }
    return STATUS_OK;
}

struct status entries_of(struct call *c, uint64_t subject, uint64_t below, size_t max,
                         const struct api_type *type, struct api_value *ret_list) {
    struct entries e = {.list = arena_array(c->arena, max + 1, sizeof *e.list), .max = max};
    if (e.list == NULL) {
        return FAIL(E_MEMORY);
    }
    TRY(vault_entries(c->g->vault, subject, below, max, take_entry, &e));
    TRY(api_list_make(c->arena, type, e.count, ret_list));
    for (size_t i = 0; i < e.count; i++) {
        struct api_value *item = ret_list->list.items[i].fields;
        const char *text = leaf_kind_text(e.list[i].kind);
        item[TYP_ENTRY_INDEX].n = e.list[i].leaf;
        item[TYP_ENTRY_KIND] = api_text(text == NULL ? "" : text);
        item[TYP_ENTRY_AT].i = e.list[i].at_ms;
    }
    return STATUS_OK;
}

struct status receipt_of(struct call *c, uint64_t subject, uint64_t leaf,
                         struct slice *ret_receipt) {
    struct buf file CLEANUP(buf_done) = {0};
    buf_init(&file, 60000);
    TRY(vault_receipt(c->g->vault, subject, leaf, &file));
    return arena_copy(c->arena, buf_slice(&file), ret_receipt);
}

static struct status list(struct call *c) {
    return entries_of(c, c->session.subject, 0, RECEIPTS,
                      &c->op->answer->fields[ANS_RECEIPTS_LIST_ENTRIES].type,
                      &c->fields[ANS_RECEIPTS_LIST_ENTRIES]);
}

static struct status receipt(struct call *c) {
    return receipt_of(c, c->session.subject, arg(c, ARG_RECEIPT_READ_INDEX)->n,
                      &c->fields[ANS_RECEIPT_READ_RECEIPT].bytes);
}

const struct handler rights_handlers[] = {
    {API_DATA_HELD, held, NULL, false, true},
    {API_DATA_EXPORT, export_data, NULL, false, false},
    {API_RECEIPTS_LIST, list, NULL, false, true},
    {API_RECEIPT_READ, receipt, NULL, true, false},
    {0},
};
