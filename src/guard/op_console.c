/* The console: numbers of the service, and an operator's reading of somebody's data, which is
 * decided by who the operator is, whose employee, and from where. */
#include "feed.h"

#include "base/mem.h"
#include "tally.h"

enum { CELL_BYTES = 400 };

struct reading {
    struct call *c;
    struct api_value *items;
    size_t count;
    size_t max;
};

static struct status take_record(void *arg_, const struct vault_meta *meta, struct slice payload) {
    struct reading *r = arg_;
    struct buf line CLEANUP(buf_done) = {0};
    if (r->count == r->max || (meta->flags & VAULT_BLOB) != 0) {
        return STATUS_OK;
    }
    buf_init_secret(&line, 65536);
    TRY(stored_print(r->c, meta->category, payload, &line));
    struct slice shown = slice_sub(buf_slice(&line), 0, CELL_BYTES);
    while (shown.len > 0 && !slice_is_utf8(shown)) {
        shown.len--;
    }
    return arena_copy(r->c->arena, shown, &r->items[r->count++].bytes);
}

static struct status read_data(struct call *c) {
    uint8_t category;
    uint64_t subject;
    struct vault_found found = {0};
    struct vault_use use = {.operation = LAW_OPERATION_USE, .actor = &c->actor};
    TRY(vault_purpose(c->g->vault, arg_text(c, ARG_CONSOLE_READ_PURPOSE), &use.purpose));
    TRY(vault_category(c->g->vault, arg_text(c, ARG_CONSOLE_READ_CATEGORY), &category));
    struct vault_tag tag = tag_name(c->arena, arg_text(c, ARG_CONSOLE_READ_NAME));
    TRY(vault_subject_find(c->g->vault, &tag, &subject));
    TRY(call_permit(c, &use, category, subject));
    struct api_value *list = &c->fields[ANS_CONSOLE_READ_RECORDS];
    const struct api_type *type = &c->op->answer->fields[ANS_CONSOLE_READ_RECORDS].type;
    TRY(api_list_make(c->arena, type, type->max, list));
    struct reading r = {.c = c, .items = list->list.items, .max = type->max};
    struct vault_query query = {.owner = subject, .category = (uint8_t)(category + 1)};
    TRY(vault_find(c->g->vault, &use, &query, take_record, &r, &found));
    list->list.count = r.count;
    return STATUS_OK;
}

static struct status overview(struct call *c) {
    struct vault_stats stats = vault_stats(c->g->vault);
    struct api_value *f = c->fields;
    struct buf checkpoint CLEANUP(buf_done) = {0};
    buf_init(&checkpoint, 400);
    f[ANS_CONSOLE_OVERVIEW_PEOPLE].n = stats.subjects;
    f[ANS_CONSOLE_OVERVIEW_CLIPS].n = feed_ready_count(c->g);
    f[ANS_CONSOLE_OVERVIEW_PERMITS].n = stats.permits;
    f[ANS_CONSOLE_OVERVIEW_DENIALS].n = stats.denials;
    f[ANS_CONSOLE_OVERVIEW_ERASURES].n = stats.erased_subjects;
    f[ANS_CONSOLE_OVERVIEW_LEAVES].n = stats.leaves;
    TRY(vault_checkpoint(c->g->vault, &checkpoint));
    TRY(arena_copy(c->arena, buf_slice(&checkpoint), &f[ANS_CONSOLE_OVERVIEW_CHECKPOINT].bytes));
    TRY(tally_children(c->g, &f[ANS_CONSOLE_OVERVIEW_CHILDREN].n));
    TRY(tally_hours(c, &f[ANS_CONSOLE_OVERVIEW_HOURS]));
    return tally_rules(c, &f[ANS_CONSOLE_OVERVIEW_RULES]);
}

const struct handler console_handlers[] = {
    {API_CONSOLE_READ, read_data, NULL, false, false},
    {API_CONSOLE_OVERVIEW, overview, NULL, true, false},
    {0},
};
