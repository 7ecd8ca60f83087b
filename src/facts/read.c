/* Reads facts from JSON straight into the struct that is decided on. Pure. */
#include <string.h>

#include "facts/facts.h"
#include "fault.h"

enum {
    SCOPE_TOP = LAW_NO_GROUP,       /* facts without a group */
    SCOPE_GROUPS = LAW_NO_GROUP - 1 /* the names of groups */
};

/* Spreads names over the table by their first and last bytes and their length. */
static uint32_t spread(struct slice name, uint8_t scope) {
    uint64_t first = name.len > 0 ? name.ptr[0] : 0;
    uint64_t middle = name.len > 0 ? name.ptr[name.len / 2] : 0;
    uint64_t last = name.len > 0 ? name.ptr[name.len - 1] : 0;
    uint64_t v =
        first | middle << 8 | last << 16 | (uint64_t)name.len << 24 | (uint64_t)scope << 40;
    return (uint32_t)(v * 0x9e3779b97f4a7c15u >> 56) % FACTS_SLOTS;
}

static void put(struct facts_table *t, struct slice name, uint8_t scope, uint8_t what) {
    uint32_t at = spread(name, scope);
    while (t->slots[at].text.ptr != NULL) {
        at = (at + 1) % FACTS_SLOTS;
    }
    t->slots[at] = (struct facts_slot){name, scope, what};
}

static const struct facts_slot *find(const struct facts_table *t, struct slice name,
                                     uint8_t scope) {
    uint32_t at = spread(name, scope);
    while (t->slots[at].text.ptr != NULL) {
        if (t->slots[at].scope == scope && slice_eq(t->slots[at].text, name)) {
            return &t->slots[at];
        }
        at = (at + 1) % FACTS_SLOTS;
    }
    return NULL;
}

_Static_assert(FACTS_SLOTS > 3 * (LAW_FACTS + LAW_GROUPS), "the table would be too full");

void facts_table_init(struct facts_table *t) {
    memset(t, 0, sizeof *t);
    for (int i = 0; i < LAW_GROUPS; i++) {
        put(t, law_group_name((enum law_group)i), SCOPE_GROUPS, (uint8_t)i);
    }
    for (int i = 0; i < LAW_FACTS; i++) {
        const struct law_fact_info *info = law_fact_info((enum law_fact)i);
        size_t dot = slice_find(info->name, '.');
        struct slice name =
            info->group == LAW_NO_GROUP ? info->name : slice_from(info->name, dot + 1);
        put(t, name, info->group, (uint8_t)i);
    }
}

/* One reading, so that the steps need not hand on five things each. */
struct reading {
    const struct facts_table *table;
    struct json_reader *json;
    struct facts_room *room;
    struct law_facts *facts;
    struct facts_fault *fault;
};

/* An error of the text where a fact was to be read: type and range become the fact's own. */
static struct status fact_status(struct status s) {
    switch (s.code) {
    case E_JSON_TYPE:
        return FAIL(FACT_TYPE);
    case E_NUMBER:
    case E_TOO_LARGE:
        return FAIL(FACT_VALUE);
    default:
        return s;
    }
}

/* The reader stops here too, whatever it calls it. */
static struct status refused(struct reading *g, struct status s) {
    struct status first = json_refuse(g->json, s);
    (void)first;
    return s;
}

static struct status blame(struct reading *g, enum law_fact fact, struct status s) {
    facts_explain(s, fact, g->fault);
    return refused(g, s);
}

static struct status read_bool(struct reading *g, enum law_fact fact) {
    bool value;
    TRY(json_get_bool(g->json, &value));
    return law_facts_set_bool(g->facts, fact, value);
}

static struct status read_int(struct reading *g, enum law_fact fact) {
    int64_t value;
    const struct law_fact_info *info = law_fact_info(fact);
    TRY(json_get_int(g->json, info->low, info->high, &value));
    return law_facts_set_int(g->facts, fact, value);
}

/* Labels stay where they are decoded; everything else is read into the facts at once. */
static struct status read_text(struct reading *g, enum law_fact fact, bool label) {
    struct slice text;
    struct facts_room *room = g->room;
    bool fits = label && room->labels < FACTS_LABELS;
    uint8_t *to = fits ? room->label[room->labels] : room->scratch;
    TRY(json_get_string(g->json, to, label && !fits ? 0 : LAW_MAX_LABEL_BYTES, &text));
    room->labels += fits && text.ptr == to;
    return law_facts_set_text(g->facts, fact, text);
}

static struct status read_value(struct reading *g, enum law_fact fact) {
    switch ((enum law_kind)law_fact_info(fact)->kind) {
    case LAW_KIND_BOOL:
        return read_bool(g, fact);
    case LAW_KIND_INT:
        return read_int(g, fact);
    case LAW_KIND_NAME:
        return read_text(g, fact, true);
    case LAW_KIND_ENUM:
    case LAW_KIND_COUNTRY:
    case LAW_KIND_REGION:
    case LAW_KIND_LANGUAGE:
    case LAW_KIND_DATE:
    case LAW_KIND_TIME:
        break;
    }
    return read_text(g, fact, false);
}

static struct status read_fact(struct reading *g, enum law_fact fact) {
    if (json_peek(g->json) == JSON_TYPE_NULL) {
        struct status s = json_get_null(g->json);
        return failed(s) ? blame(g, fact, s) : s;
    }
    struct status s = read_value(g, fact);
    return failed(s) ? blame(g, fact, fact_status(s)) : s;
}

static struct status unknown(struct reading *g, struct slice group, struct slice name) {
    fault_unknown(group, name, g->fault);
    return refused(g, FAIL(FACT_UNKNOWN));
}

static struct status broken_text(struct reading *g, struct status s) {
    facts_explain(s, LAW_NO_FACT, g->fault);
    return s;
}

static struct status broken_group(struct reading *g, enum law_group group, struct status s) {
    struct status why = s.code == E_JSON_TYPE ? FAIL(FACT_TYPE) : s;
    fault_group(group, why, g->fault);
    return refused(g, why);
}

static struct status read_members(struct reading *g, enum law_group group) {
    for (;;) {
        struct slice key;
        bool more;
        struct status s = json_next_key(g->json, &more, &key);
        if (failed(s)) {
            return broken_group(g, group, s);
        }
        if (!more) {
            return STATUS_OK;
        }
        const struct facts_slot *slot = find(g->table, key, (uint8_t)group);
        if (slot == NULL) {
            return unknown(g, law_group_name(group), key);
        }
        TRY(read_fact(g, (enum law_fact)slot->what));
    }
}

static struct status read_group(struct reading *g, enum law_group group) {
    bool absent = json_peek(g->json) == JSON_TYPE_NULL;
    struct status s = absent ? json_get_null(g->json) : json_get_object(g->json);
    if (failed(s)) {
        return broken_group(g, group, s);
    }
    return absent ? s : read_members(g, group);
}

static struct status read_top(struct reading *g, struct slice key) {
    const struct facts_slot *slot = find(g->table, key, SCOPE_GROUPS);
    if (slot != NULL) {
        return read_group(g, (enum law_group)slot->what);
    }
    slot = find(g->table, key, SCOPE_TOP);
    return slot == NULL ? unknown(g, SLICE(""), key) : read_fact(g, (enum law_fact)slot->what);
}

struct status facts_read(const struct facts_table *t, struct json_reader *r,
                         struct facts_room *room, struct law_facts *ret_facts,
                         struct facts_fault *ret_fault) {
    struct reading g = {t, r, room, ret_facts, ret_fault};
    room->labels = 0;
    law_facts_init(ret_facts);
    struct status s = json_get_object(r);
    while (!failed(s)) {
        struct slice key;
        bool more;
        s = json_next_key(r, &more, &key);
        if (failed(s)) {
            break;
        }
        if (!more) {
            return STATUS_OK;
        }
        TRY(read_top(&g, key));
    }
    return broken_text(&g, s);
}

struct status facts_read_text(const struct facts_table *t, struct slice text,
                              struct facts_room *room, struct law_facts *ret_facts,
                              struct facts_fault *ret_fault) {
    struct json_reader r;
    struct reading g = {t, &r, room, ret_facts, ret_fault};
    if (text.len > FACTS_MAX_LINE_BYTES) {
        return broken_text(&g, FAIL(E_TOO_LARGE));
    }
    json_open(&r, text);
    TRY(facts_read(t, &r, room, ret_facts, ret_fault));
    struct status s = json_end(&r);
    return failed(s) ? broken_text(&g, s) : s;
}
