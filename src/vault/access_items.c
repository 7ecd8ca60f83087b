/* Accesses gathered in memory. */
#include <string.h>

#include "access.h"
#include "base/mem.h"

static enum leaf_kind kind_of(uint8_t operation, bool permit) {
    if (!permit) {
        return LEAF_DENIAL_BATCH;
    }
    switch ((enum law_operation)operation) {
    case LAW_OPERATION_COLLECT:
    case LAW_OPERATION_STORE:
        return LEAF_WRITE_BATCH;
    case LAW_OPERATION_DISCLOSE:
        return LEAF_DISCLOSURE;
    case LAW_OPERATION_PUBLISH:
        return LEAF_PUBLISH;
    case LAW_OPERATION_USE:
    case LAW_OPERATION_RESTRICT:
    case LAW_OPERATION_ERASE:
    default:
        return LEAF_READ_BATCH;
    }
}

static uint64_t mix(uint64_t a, uint64_t b) {
    uint64_t h = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static bool same_group(const struct access_group *g, const struct access_group *like) {
    return g->session == like->session && g->actor == like->actor && g->minute == like->minute &&
           g->purpose == like->purpose && g->category == like->category &&
           g->operation == like->operation && g->recipient == like->recipient &&
           g->kind == like->kind && memcmp(g->cites, like->cites, sizeof g->cites) == 0;
}

static struct access_group *group_for(struct access_log *log, const struct access_entry *e) {
    struct access_group like = {.session = e->use.session,
                                .actor = e->use.actor,
                                .minute = e->use.at_ms / ACCESS_GATHER_MS,
                                .purpose = e->use.purpose,
                                .category = e->category,
                                .operation = e->use.operation,
                                .recipient = e->use.recipient,
                                .kind = kind_of(e->use.operation, e->permit)};
    memcpy(like.cites, e->cites, sizeof like.cites);
    uint64_t h = mix(mix(like.session, like.actor), mix((uint64_t)like.minute, like.purpose));
    h = mix(h, (uint64_t)like.category << 8 | (uint64_t)like.kind << 16 | like.operation);
    struct access_group **chain = &log->groups[h % ACCESS_GROUP_CHAINS];
    for (struct access_group *g = *chain; g != NULL; g = g->next) {
        if (same_group(g, &like)) {
            return g;
        }
    }
    struct access_group *g = mem_alloc(sizeof *g);
    if (g == NULL) {
        return NULL;
    }
    *g = like;
    g->next = *chain;
    g->next_made = log->made;
    *chain = g;
    log->made = g;
    return g;
}

static struct access_item **chain_of(const struct access_log *log, uint64_t subject,
                                     const struct access_group *g) {
    uint64_t h = mix(subject, (uint64_t)(uintptr_t)g);
    return &log->items[(h ^ h >> 32) & (log->chain_count - 1)];
}

static struct status grow(struct access_log *log) {
    if (log->item_count < log->chain_count) {
        return STATUS_OK;
    }
    struct access_log grown = {.chain_count =
                                   log->chain_count == 0 ? ACCESS_CHAINS : log->chain_count * 2};
    grown.items = mem_array(grown.chain_count, sizeof *grown.items);
    if (grown.items == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < log->chain_count; i++) {
        for (struct access_item *item = log->items[i], *next = NULL; item != NULL; item = next) {
            next = item->next;
            struct access_item **chain = chain_of(&grown, item->subject, item->group);
            item->next = *chain;
            *chain = item;
        }
    }
    mem_free(log->items);
    log->items = grown.items;
    log->chain_count = grown.chain_count;
    return STATUS_OK;
}

static struct access_item *item_for(struct access_log *log, struct access_group *g,
                                    const struct access_entry *e) {
    if (failed(grow(log))) {
        return NULL;
    }
    struct access_item **chain = chain_of(log, e->subject, g);
    for (struct access_item *i = *chain; i != NULL; i = i->next) {
        bool same = i->subject == e->subject && i->undeclared == e->undeclared && i->group == g;
        if (same) {
            return i;
        }
    }
    struct access_item *i = mem_alloc(sizeof *i);
    if (i == NULL) {
        return NULL;
    }
    *i = (struct access_item){.subject = e->subject,
                              .at_ms = e->use.at_ms,
                              .permit = e->permit,
                              .undeclared = e->undeclared,
                              .group = g,
                              .next = *chain,
                              .next_in_group = g->items};
    *chain = i;
    g->items = i;
    g->item_count++;
    log->item_count++;
    return i;
}

static struct status count_in(struct access_log *log, struct access_item *item,
                              const struct access_entry *entry) {
    if (entry->record != 0 && item->count < ACCESS_RECORDS) {
        item->records[item->count] = entry->record;
    }
    item->count++;
    if (log->oldest_ms == 0 || entry->use.at_ms < log->oldest_ms) {
        log->oldest_ms = entry->use.at_ms;
    }
    return STATUS_OK;
}

struct status access_add(struct access_log *log, const struct access_entry *entry) {
    struct access_group *g = group_for(log, entry);
    struct access_item *item = g == NULL ? NULL : item_for(log, g, entry);
    return item == NULL ? FAIL(E_MEMORY) : count_in(log, item, entry);
}

static struct access_group *group_in(struct access_log *log, struct access_many *many,
                                     const struct access_entry *entry) {
    struct access_group **g = &many->groups[entry->permit][entry->category % VAULT_CATEGORIES_MAX];
    if (*g == NULL || (*g)->category != entry->category) {
        *g = group_for(log, entry);
    }
    return *g;
}

/* People remember where they stand: one request often meets them many times. */
static struct access_item *item_of(struct access_log *log, struct access_group *g, struct person *p,
                                   const struct access_entry *entry) {
    bool known = p != NULL && p->access_round == log->round && p->access->group == g &&
                 !p->access->undeclared;
    struct access_item *item = known ? p->access : item_for(log, g, entry);
    if (p != NULL && item != NULL) {
        p->access = item;
        p->access_round = log->round;
    }
    return item;
}

struct status access_note_in(struct vault *v, struct access_many *many, struct person *p,
                             const struct segment *s, uint32_t at, bool permit) {
    struct access_entry entry = {.use = many->use,
                                 .subject = s->rows[at].owner,
                                 .record = ((uint64_t)s->number << SEGMENT_BITS) + at,
                                 .category = s->rows[at].category,
                                 .permit = permit};
    struct access_group *g = group_in(v->access, many, &entry);
    struct access_item *item = g == NULL ? NULL : item_of(v->access, g, p, &entry);
    return item == NULL ? FAIL(E_MEMORY) : count_in(v->access, item, &entry);
}

void access_clear(struct access_log *log) {
    for (struct access_group *g = log->made, *next = NULL; g != NULL; g = next) {
        next = g->next_made;
        for (struct access_item *i = g->items, *after = NULL; i != NULL; i = after) {
            after = i->next_in_group;
            mem_free(i);
        }
        mem_free(g);
    }
    log->round++;
    log->made = NULL;
    log->item_count = 0;
    log->oldest_ms = 0;
    memset(log->groups, 0, sizeof log->groups);
    mem_free(log->items);
    log->items = NULL;
    log->chain_count = 0;
}
