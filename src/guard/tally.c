/* Permits and denials by hour, denials by rule, children; since the guard was started. */
#include "tally.h"

#include "base/mem.h"

enum { HOURS = 24, TOP = 20, PEOPLE = 256 };
#define HOUR_MS     (3600LL * 1000)
#define CHILDREN_MS (60LL * 1000)

struct hour {
    int64_t at_ms;
    uint64_t permits;
    uint64_t denials;
};

struct tally {
    struct hour hours[HOURS];
    size_t count;
    struct vault_stats last;
    uint32_t denied[LAW_MAX_CITES];
    uint64_t children;
    int64_t counted_ms;
};

struct status tally_new(struct tally **ret_tally) {
    struct tally *t = mem_alloc(sizeof *t);
    if (t == NULL) {
        return FAIL(E_MEMORY);
    }
    t->counted_ms = INT64_MIN;
    *ret_tally = t;
    return STATUS_OK;
}

void tally_free(struct tally **tally) {
    mem_free(*tally);
    *tally = NULL;
}

void tally_denial(struct guard *g, const struct vault_answer *answer) {
    int cite = answer->permit ? -1 : law_answer_cite(&answer->law, 0);
    for (; cite >= 0; cite = law_answer_cite(&answer->law, (size_t)cite + 1)) {
        g->tally->denied[cite]++;
    }
}

static struct hour *hour_now(struct guard *g) {
    struct tally *t = g->tally;
    int64_t at_ms = guard_now(g) / HOUR_MS * HOUR_MS;
    if (t->count > 0 && t->hours[t->count - 1].at_ms >= at_ms) {
        return &t->hours[t->count - 1];
    }
    if (t->count == HOURS) {
        for (size_t i = 1; i < HOURS; i++) {
            t->hours[i - 1] = t->hours[i];
        }
        t->count--;
    }
    t->hours[t->count] = (struct hour){.at_ms = at_ms};
    return &t->hours[t->count++];
}

void tally_tick(struct guard *g) {
    struct vault_stats now = vault_stats(g->vault);
    struct hour *h = hour_now(g);
    h->permits += now.permits - g->tally->last.permits;
    h->denials += now.denials - g->tally->last.denials;
    g->tally->last = now;
}

struct status tally_children(struct guard *g, uint64_t *ret_count) {
    struct tally *t = g->tally;
    if (guard_now(g) < t->counted_ms + CHILDREN_MS && t->counted_ms != INT64_MIN) {
        *ret_count = t->children;
        return STATUS_OK;
    }
    uint64_t ids[PEOPLE];
    uint64_t after = 0;
    uint64_t children = 0;
    size_t count = PEOPLE;
    while (count == PEOPLE) {
        TRY(vault_subject_list(g->vault, after, ids, PEOPLE, &count));
        for (size_t i = 0; i < count; i++) {
            struct vault_subject person;
            TRY(vault_subject_get(g->vault, ids[i], &person));
            children += is_child(g, &person.facts) ? 1 : 0;
            after = ids[i];
        }
    }
    t->children = children;
    t->counted_ms = guard_now(g);
    *ret_count = children;
    return STATUS_OK;
}

struct status tally_hours(struct call *c, struct api_value *ret_list) {
    const struct tally *t = c->g->tally;
    const struct api_type *type = &c->op->answer->fields[ANS_CONSOLE_OVERVIEW_HOURS].type;
    tally_tick(c->g);
    TRY(api_list_make(c->arena, type, t->count, ret_list));
    for (size_t i = 0; i < t->count; i++) {
        struct api_value *v = ret_list->list.items[i].fields;
        v[TYP_HOUR_AT].i = t->hours[i].at_ms;
        v[TYP_HOUR_PERMITS].n = t->hours[i].permits;
        v[TYP_HOUR_DENIALS].n = t->hours[i].denials;
    }
    return STATUS_OK;
}

static struct status fill_rule(struct call *c, size_t cite, struct api_value *v) {
    const struct law_cite *found = law_set_cite(c->g->o.laws, cite);
    struct buf name CLEANUP(buf_done) = {0};
    buf_init(&name, 200);
    TRY(buf_add(&name, law_set_name(c->g->o.laws, found->law)));
    TRY(buf_add_byte(&name, ':'));
    TRY(buf_add(&name, found->article));
    v[TYP_RULECOUNT_COUNT].n = c->g->tally->denied[cite];
    return arena_copy(c->arena, slice_sub(buf_slice(&name), 0, 40), &v[TYP_RULECOUNT_RULE].bytes);
}

struct status tally_rules(struct call *c, struct api_value *ret_list) {
    const struct api_type *type = &c->op->answer->fields[ANS_CONSOLE_OVERVIEW_RULES].type;
    size_t cites = law_set_cites(c->g->o.laws);
    bool taken[LAW_MAX_CITES] = {false};
    TRY(api_list_make(c->arena, type, TOP, ret_list));
    size_t count = 0;
    for (; count < TOP; count++) {
        size_t most = cites;
        for (size_t i = 0; i < cites; i++) {
            const uint32_t *denied = c->g->tally->denied;
            bool better = !taken[i] && denied[i] > 0 && (most == cites || denied[i] > denied[most]);
            most = better ? i : most;
        }
        if (most == cites) {
            break;
        }
        taken[most] = true;
        TRY(fill_rule(c, most, ret_list->list.items[count].fields));
    }
    ret_list->list.count = count;
    return STATUS_OK;
}
