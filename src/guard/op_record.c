/* Records of programs. The purpose must have been granted to the program; the operation is that of
 * the request; every record is decided by the vault below. Finds, changes and deletions see only
 * records that the purpose may use: about any other not even a count is told. */
#include <string.h>

#include "internal.h"

/* Records with payloads are opened so many at a time that they surely fit into the answer. */
enum { ROOM_BYTES = (int)API_MAX_ANSWER - (256 << 10), ITEM_BYTES = 128 };

struct asked {
    struct vault_use use;
    struct vault_query query;
};

static uint64_t bit(uint8_t number) {
    return UINT64_C(1) << number;
}

/* --- reading what is asked --- */

static struct status use_for(const struct call *c, unsigned purpose, enum law_operation operation,
                             struct vault_use *ret_use) {
    *ret_use =
        (struct vault_use){.operation = (uint8_t)operation, .actor = &c->actor, .gpc = c->gpc};
    return purpose_granted(c, arg(c, purpose)->n, &ret_use->purpose);
}

/* Names of origins and access lists are those that the program was registered with; 0 is none. */
static struct status read_name(const struct call *c, uint64_t number, uint16_t *ret_name) {
    bool known = number == 0;
    for (size_t i = 0; i < c->program->name_count && !known; i++) {
        known = c->program->names[i] == number;
    }
    if (!known) {
        return FAIL(E_NAME);
    }
    *ret_name = (uint16_t)number;
    return STATUS_OK;
}

static struct status read_seconds(int64_t at_ms, int64_t *ret_s) {
    if (at_ms != 0 && at_ms < 1000) {
        return FAIL(E_TIME);
    }
    *ret_s = at_ms / 1000;
    return STATUS_OK;
}

/* 1 and a number, as struct vault_query has them. */
static struct status read_number(uint64_t number, unsigned count, uint8_t *ret) {
    if (number > count) {
        return FAIL(E_UNDECLARED);
    }
    *ret = (uint8_t)number;
    return STATUS_OK;
}

static struct status read_query(const struct call *c, unsigned index, struct asked *a) {
    const struct api_value *q = arg(c, index)->fields;
    uint64_t mine = c->program->purposes;
    a->query = (struct vault_query){.id = q[TYP_QUERY_RECORD].n,
                                    .owner = q[TYP_QUERY_PERSON].n,
                                    .other = q[TYP_QUERY_OTHER].n,
                                    .purposes = bit(a->use.purpose),
                                    .objections = q[TYP_QUERY_OBJECTIONS].n,
                                    .not_objected = q[TYP_QUERY_NOT_OBJECTED].n,
                                    .shares = q[TYP_QUERY_SHARES].n,
                                    .flags = q[TYP_QUERY_DECISION].yes ? VAULT_DECISION : 0};
    if (((a->query.objections | a->query.not_objected) & ~mine) != 0) {
        return FAIL(E_GRANT);
    }
    TRY(read_number(q[TYP_QUERY_CATEGORY].n, VAULT_CATEGORIES_MAX, &a->query.category));
    TRY(read_number(q[TYP_QUERY_COLLECTED_FOR].n, VAULT_PURPOSES_MAX, &a->query.collected_for));
    TRY(read_name(c, q[TYP_QUERY_ORIGIN].n, &a->query.origin));
    return read_seconds(q[TYP_QUERY_EXPIRES_BY].i, &a->query.expires_by_s);
}

static struct status read_asked(const struct call *c, unsigned purpose, unsigned query,
                                enum law_operation operation, struct asked *ret) {
    TRY(use_for(c, purpose, operation, &ret->use));
    return read_query(c, query, ret);
}

/* --- put --- */

static struct status read_others(struct call *c, uint64_t owner, struct vault_meta *meta) {
    const struct api_value *others = arg(c, ARG_RECORD_PUT_OTHERS);
    for (size_t i = 0; i < others->list.count; i++) {
        uint64_t other = others->list.items[i].n;
        TRY(other == owner ? FAIL(E_NOT_FOUND) : person_own(c, other));
        meta->others[i] = other;
    }
    return STATUS_OK;
}

static struct status read_meta(struct call *c, uint8_t purpose, struct vault_meta *meta) {
    uint64_t purposes = arg(c, ARG_RECORD_PUT_PURPOSES)->n;
    uint64_t category = arg(c, ARG_RECORD_PUT_CATEGORY)->n;
    if ((purposes & ~c->program->purposes) != 0) {
        return FAIL(E_GRANT);
    }
    if (category >= VAULT_CATEGORIES_MAX || service_category(c->g, (uint8_t)category)) {
        return FAIL(E_UNDECLARED);
    }
    *meta = (struct vault_meta){.owner = arg(c, ARG_RECORD_PUT_PERSON)->n,
                                .category = (uint8_t)category,
                                .flags = arg(c, ARG_RECORD_PUT_DECISION)->yes ? VAULT_DECISION : 0,
                                .purposes = purposes == 0 ? bit(purpose) : purposes,
                                .objections = arg(c, ARG_RECORD_PUT_OBJECTIONS)->n,
                                .shares = arg(c, ARG_RECORD_PUT_SHARES)->n};
    TRY(read_name(c, arg(c, ARG_RECORD_PUT_ORIGIN)->n, &meta->origin));
    TRY(read_name(c, arg(c, ARG_RECORD_PUT_ACCESS_LIST)->n, &meta->access_list));
    TRY(read_seconds(arg(c, ARG_RECORD_PUT_EXPIRES_AT)->i, &meta->expires_s));
    return read_others(c, meta->owner, meta);
}

static struct status put(struct call *c) {
    struct vault_use use;
    struct vault_meta meta;
    struct vault_answer answer = {0};
    bool made = arg(c, ARG_RECORD_PUT_MADE)->yes;
    TRY(use_for(c, ARG_RECORD_PUT_PURPOSE, made ? LAW_OPERATION_STORE : LAW_OPERATION_COLLECT,
                &use));
    TRY(read_meta(c, use.purpose, &meta));
    struct status s = vault_put(c->g->vault, &use, &meta, arg_text(c, ARG_RECORD_PUT_PAYLOAD),
                                &c->fields[ANS_RECORD_PUT_RECORD].n, &answer);
    if (s.code == E_DENIED) {
        call_decided(c, &use, meta.category, meta.owner, &answer);
    }
    return s;
}

/* --- one record --- */

/* A refusal tells that the record is there, and something of whose it is: only where the program
 * may use it for some purpose. */
static struct status refused(struct call *c, const struct vault_use *use, uint64_t id,
                             const struct vault_answer *answer, struct status s) {
    struct vault_query known = {.id = id, .purposes = c->program->purposes};
    uint64_t count = 0;
    if (s.code != E_DENIED && s.code != E_UNDECLARED) {
        return s;
    }
    TRY(vault_count(c->g->vault, &known, &count));
    if (count == 0) {
        return FAIL(E_NOT_FOUND);
    }
    call_decided(c, use, 0, 0, answer);
    return s;
}

static void fill_meta(const struct call *c, const struct vault_meta *meta, struct api_value *v) {
    v[TYP_META_RECORD].n = meta->id;
    v[TYP_META_PERSON].n = meta->owner;
    v[TYP_META_CATEGORY].n = meta->category;
    v[TYP_META_COLLECTED_FOR].n = meta->collected_for;
    v[TYP_META_ORIGIN].n = meta->origin;
    v[TYP_META_ACCESS_LIST].n = meta->access_list;
    v[TYP_META_PURPOSES].n = meta->purposes & c->program->purposes;
    v[TYP_META_OBJECTIONS].n = meta->objections & c->program->purposes;
    v[TYP_META_SHARES].n = meta->shares;
    v[TYP_META_DECISION].yes = (meta->flags & VAULT_DECISION) != 0;
    v[TYP_META_COLLECTED_AT].i = meta->collected_s * 1000;
    v[TYP_META_EXPIRES_AT].i = meta->expires_s == VAULT_NEVER_EXPIRES ? 0 : meta->expires_s * 1000;
}

static struct status read_one(struct call *c) {
    struct vault_use use;
    struct vault_meta meta;
    struct vault_answer answer = {0};
    struct buf plain CLEANUP(buf_done) = {0};
    uint64_t id = arg(c, ARG_RECORD_READ_RECORD)->n;
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    TRY(use_for(c, ARG_RECORD_READ_PURPOSE, LAW_OPERATION_USE, &use));
    TRY(read_number(arg(c, ARG_RECORD_READ_RECIPIENT)->n, VAULT_RECIPIENTS_MAX, &use.recipient));
    use.operation = use.recipient == 0 ? LAW_OPERATION_USE : LAW_OPERATION_DISCLOSE;
    TRY(refused(c, &use, id, &answer, vault_read(c->g->vault, &use, id, &plain, &meta, &answer)));
    fill_meta(c, &meta, c->fields[ANS_RECORD_READ_META].fields);
    return arena_copy(c->arena, buf_slice(&plain), &c->fields[ANS_RECORD_READ_PAYLOAD].bytes);
}

static struct status check_category(const struct call *c, uint64_t id) {
    for (uint8_t category = 0; category < VAULT_CATEGORIES_MAX; category++) {
        struct vault_query query = {.id = id, .category = (uint8_t)(category + 1)};
        uint64_t count = 0;
        if (service_category(c->g, category)) {
            TRY(vault_count(c->g->vault, &query, &count));
        }
        if (count > 0) {
            return FAIL(E_NOT_FOUND);
        }
    }
    return STATUS_OK;
}

static struct status rewrite(struct call *c) {
    struct vault_use use;
    struct vault_answer answer = {0};
    uint64_t id = arg(c, ARG_RECORD_REWRITE_RECORD)->n;
    TRY(check_category(c, id));
    TRY(use_for(c, ARG_RECORD_REWRITE_PURPOSE, LAW_OPERATION_COLLECT, &use));
    return refused(
        c, &use, id, &answer,
        vault_rewrite(c->g->vault, &use, id, arg_text(c, ARG_RECORD_REWRITE_PAYLOAD), &answer));
}

/* --- many --- */

struct page {
    struct call *c;
    struct api_value *metas;
    struct api_value *payloads; /* NULL: not asked for */
    size_t count, max;
    uint64_t left; /* records that match and were not decided yet */
    size_t bytes;
};

static struct status take(void *arg_, const struct vault_meta *meta, struct slice payload) {
    struct page *p = arg_;
    if (p->count == p->max) {
        return FAIL(E_TOO_LARGE);
    }
    if (p->payloads != NULL) {
        TRY(arena_copy(p->c->arena, payload, &p->payloads[p->count].bytes));
        p->bytes += payload.len + ITEM_BYTES;
    }
    fill_meta(p->c, meta, p->metas[p->count++].fields);
    return STATUS_OK;
}

/* Fewer than there is room for are the last, also where one ended since they were counted. */
static void count_off(struct page *p, const struct vault_found *found, uint64_t limit) {
    uint64_t seen = found->permitted + found->denied;
    p->left = seen < limit ? 0 : p->left - seen;
}

/* As many at a time as have room whatever their size, so that nothing is opened and noted that is
 * not handed out. */
static struct status take_payloads(struct page *p, struct asked *a, uint64_t *ret_denied) {
    uint64_t most = p->max;
    while (most > 0) {
        struct vault_found found = {0};
        size_t fits = (ROOM_BYTES - p->bytes) / (VAULT_PAYLOAD_MAX + ITEM_BYTES);
        if (fits == 0) {
            return STATUS_OK;
        }
        a->query.limit = fits < most ? fits : most;
        TRY(vault_find(p->c->g->vault, &a->use, &a->query, take, p, &found));
        *ret_denied += found.denied;
        a->query.after = found.last_id;
        count_off(p, &found, a->query.limit);
        most = p->left == 0 ? 0 : most - found.permitted - found.denied;
    }
    return STATUS_OK;
}

static struct status take_metas(struct page *p, struct asked *a, uint64_t *ret_denied) {
    struct vault_found found = {0};
    a->query.limit = p->max;
    TRY(vault_find_meta(p->c->g->vault, &a->use, &a->query, take, p, &found));
    *ret_denied = found.denied;
    a->query.after = found.last_id;
    count_off(p, &found, a->query.limit);
    return STATUS_OK;
}

static struct status open_page(struct call *c, const struct asked *a, bool payloads,
                               struct page *p) {
    uint64_t limit = arg(c, ARG_RECORD_FIND_LIMIT)->n;
    uint64_t most = payloads ? GUARD_PAYLOAD_PAGE : GUARD_RECORD_PAGE;
    uint64_t count = 0;
    struct api_value *metas = &c->fields[ANS_RECORD_FIND_RECORDS];
    struct api_value *plains = &c->fields[ANS_RECORD_FIND_PAYLOADS];
    TRY(vault_count(c->g->vault, &a->query, &count));
    most = limit != 0 && limit < most ? limit : most;
    *p = (struct page){.c = c, .max = (size_t)(count < most ? count : most), .left = count};
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_RECORD_FIND_RECORDS].type, p->max,
                      metas));
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_RECORD_FIND_PAYLOADS].type,
                      payloads ? p->max : 0, plains));
    p->metas = metas->list.items;
    p->payloads = payloads ? plains->list.items : NULL;
    return STATUS_OK;
}

static struct status find(struct call *c) {
    struct asked a;
    struct page p;
    bool payloads = arg(c, ARG_RECORD_FIND_PAYLOADS)->yes;
    TRY(read_asked(c, ARG_RECORD_FIND_PURPOSE, ARG_RECORD_FIND_QUERY, LAW_OPERATION_USE, &a));
    a.query.after = arg(c, ARG_RECORD_FIND_AFTER)->n;
    TRY(open_page(c, &a, payloads, &p));
    if (p.max > 0) {
        TRY((payloads ? take_payloads : take_metas)(&p, &a, &c->fields[ANS_RECORD_FIND_DENIED].n));
    }
    c->fields[ANS_RECORD_FIND_RECORDS].list.count = p.count;
    c->fields[ANS_RECORD_FIND_PAYLOADS].list.count = payloads ? p.count : 0;
    c->fields[ANS_RECORD_FIND_NEXT].n = p.left > 0 ? a.query.after : 0;
    return STATUS_OK;
}

/* A purpose is taken from a record, never added to it: what it was collected for is the law's to
 * widen (GDPR Art. 6(4)). What was found unlawful stays so. */
static struct status read_change(const struct call *c, struct vault_change *ret) {
    const struct api_value *v = arg(c, ARG_RECORD_CHANGE_CHANGE)->fields;
    struct vault_change change = {
        .purposes_remove = v[TYP_CHANGE_PURPOSES_REMOVE].n,
        .objections_add = v[TYP_CHANGE_OBJECTIONS_ADD].n,
        .objections_remove = v[TYP_CHANGE_OBJECTIONS_REMOVE].n,
        .shares_add = v[TYP_CHANGE_SHARES_ADD].n,
        .shares_remove = v[TYP_CHANGE_SHARES_REMOVE].n,
        .flags_add = (uint16_t)((v[TYP_CHANGE_DECISION_ADD].yes ? VAULT_DECISION : 0) |
                                (v[TYP_CHANGE_UNLAWFUL].yes ? VAULT_UNLAWFUL : 0)),
        .flags_remove = v[TYP_CHANGE_DECISION_REMOVE].yes ? VAULT_DECISION : 0};
    uint64_t named = change.purposes_remove | change.objections_add | change.objections_remove;
    TRY((named & ~c->program->purposes) != 0 ? FAIL(E_GRANT) : STATUS_OK);
    TRY(read_name(c, v[TYP_CHANGE_ORIGIN].n, &change.origin));
    TRY(read_name(c, v[TYP_CHANGE_ACCESS_LIST].n, &change.access_list));
    TRY(read_seconds(v[TYP_CHANGE_EXPIRES_AT].i, &change.expires_s));
    *ret = change;
    return STATUS_OK;
}

/* --- changing and deleting, category by category where it must be --- */

typedef struct status apply_fn(struct call *c, const struct asked *a);

static bool has(const struct categories *set, unsigned category) {
    return (set->bits[category / 64] >> (category % 64) & 1) != 0;
}

/* Applies it to those categories of the query that are in `may`, at once where all are. */
static struct status each_category(struct call *c, struct asked *a, const struct categories *may,
                                   apply_fn *apply) {
    const struct categories *uses = &programs_reach(c->g, a->use.purpose)->uses;
    if (a->query.category != 0) {
        return has(may, a->query.category - 1u) ? apply(c, a) : FAIL(E_UNDECLARED);
    }
    if (memcmp(may, uses, sizeof *may) == 0) {
        return apply(c, a);
    }
    bool any = false;
    for (unsigned category = 0; category < VAULT_CATEGORIES_MAX; category++) {
        if (has(may, category)) {
            any = true;
            a->query.category = (uint8_t)(category + 1);
            TRY(apply(c, a));
        }
    }
    return any ? STATUS_OK : FAIL(E_UNDECLARED);
}

static struct status change_some(struct call *c, const struct asked *a) {
    struct vault_change change;
    struct vault_found found;
    TRY(read_change(c, &change));
    TRY(vault_change(c->g->vault, &a->use, &a->query, &change, &found));
    c->fields[ANS_RECORD_CHANGE_CHANGED].n += found.permitted;
    c->fields[ANS_RECORD_CHANGE_DENIED].n += found.denied;
    return STATUS_OK;
}

static struct status change(struct call *c) {
    struct asked a;
    TRY(read_asked(c, ARG_RECORD_CHANGE_PURPOSE, ARG_RECORD_CHANGE_QUERY, LAW_OPERATION_USE, &a));
    return each_category(c, &a, &programs_reach(c->g, a.use.purpose)->changes, change_some);
}

static struct status delete_some(struct call *c, const struct asked *a) {
    struct vault_found found;
    TRY(vault_delete(c->g->vault, &a->use, &a->query, &found));
    c->fields[ANS_RECORD_DELETE_DELETED].n += found.permitted;
    c->fields[ANS_RECORD_DELETE_HELD].n += found.denied;
    return STATUS_OK;
}

/* No consent and no objection stands in the way of an erasure, so the vault decides none; that the
 * purpose may erase the category is the data map's to say. */
static struct status destroy(struct call *c) {
    struct asked a;
    TRY(read_asked(c, ARG_RECORD_DELETE_PURPOSE, ARG_RECORD_DELETE_QUERY, LAW_OPERATION_ERASE, &a));
    return each_category(c, &a, &programs_reach(c->g, a.use.purpose)->erases, delete_some);
}

/* --- names --- */

typedef struct slice name_fn(const struct vault *v, uint8_t number);

static struct status list_names(struct call *c, unsigned field, name_fn *name, unsigned count,
                                bool (*wanted)(const struct call *c, uint8_t number)) {
    const struct api_type *type = &c->op->answer->fields[field].type;
    struct api_value *list = &c->fields[field];
    size_t kept = 0;
    TRY(api_list_make(c->arena, type, count, list));
    for (uint8_t i = 0; i < count; i++) {
        struct slice text = name(c->g->vault, i);
        if (text.len > 0 && wanted(c, i)) {
            struct api_value *v = list->list.items[kept++].fields;
            v[TYP_NUMBER_NUMBER].n = i;
            v[TYP_NUMBER_NAME].bytes = text;
        }
    }
    list->list.count = kept;
    return STATUS_OK;
}

static bool is_granted(const struct call *c, uint8_t purpose) {
    return (c->program->purposes >> purpose & 1) != 0;
}

static bool is_used(const struct call *c, uint8_t category) {
    bool used = false;
    for (uint8_t p = 0; p < VAULT_PURPOSES_MAX; p++) {
        used |= is_granted(c, p) && words_uses(c->g, p, category);
    }
    return used;
}

static bool is_recipient(const struct call *c, uint8_t recipient) {
    uint8_t number;
    struct slice name = vault_recipient_name(c->g->vault, recipient);
    return !failed(vault_recipient(c->g->vault, name, &number));
}

static struct status list_own_names(struct call *c) {
    struct api_value *list = &c->fields[ANS_PROGRAM_NAMES_NAMES];
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_PROGRAM_NAMES_NAMES].type,
                      c->program->name_count, list));
    for (size_t i = 0; i < c->program->name_count; i++) {
        struct api_value *v = list->list.items[i].fields;
        v[TYP_NUMBER_NUMBER].n = c->program->names[i];
        v[TYP_NUMBER_NAME].bytes = vault_origin_name(c->g->vault, c->program->names[i]);
    }
    return STATUS_OK;
}

static struct status names(struct call *c) {
    struct buf key CLEANUP(buf_done) = {0};
    buf_init(&key, 200);
    TRY(list_names(c, ANS_PROGRAM_NAMES_PURPOSES, vault_purpose_name, VAULT_PURPOSES_MAX,
                   is_granted));
    TRY(list_names(c, ANS_PROGRAM_NAMES_CATEGORIES, vault_category_name, VAULT_CATEGORIES_MAX,
                   is_used));
    TRY(list_names(c, ANS_PROGRAM_NAMES_RECIPIENTS, vault_recipient_name, VAULT_RECIPIENTS_MAX,
                   is_recipient));
    TRY(list_own_names(c));
    TRY(words_notices(c, &c->op->answer->fields[ANS_PROGRAM_NAMES_NOTICES].type,
                      &c->fields[ANS_PROGRAM_NAMES_NOTICES]));
    TRY(vault_log_key(c->g->vault, &key));
    return arena_copy(c->arena, buf_slice(&key), &c->fields[ANS_PROGRAM_NAMES_LEDGER_KEY].bytes);
}

const struct handler record_handlers[] = {
    {API_PROGRAM_NAMES, names, NULL, false, false},
    {API_RECORD_PUT, put, NULL, false, false},
    {API_RECORD_READ, read_one, NULL, false, false},
    {API_RECORD_REWRITE, rewrite, NULL, false, false},
    {API_RECORD_FIND, find, NULL, false, false},
    {API_RECORD_CHANGE, change, NULL, false, false},
    {API_RECORD_DELETE, destroy, NULL, false, false},
    {0},
};
