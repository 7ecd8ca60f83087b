/* Look-ups in the data map, and filling in facts from it.
 * Must never call a use declared that is not. */
#include "map.h"

#include <string.h>

#include "base/mem.h"

void law_map_free(struct law_map **ref) {
    struct law_map *map = *ref;
    if (map == NULL) {
        return;
    }
    mem_free(map->categories.ptr);
    mem_free(map->purposes.ptr);
    mem_free(map->recipients.ptr);
    mem_free(map->uses.ptr);
    mem_free(map->gifts.ptr);
    law_set_free(&map->set);
    mem_free(map);
    *ref = NULL;
}

struct slice law_map_name(const struct law_map *map) {
    return map->name;
}

struct slice law_map_title(const struct law_map *map) {
    return map->title;
}

const struct law_map_controller *law_map_controller(const struct law_map *map) {
    return &map->controller;
}

size_t law_map_categories(const struct law_map *map) {
    return map->categories.len;
}

size_t law_map_purposes(const struct law_map *map) {
    return map->purposes.len;
}

size_t law_map_recipients(const struct law_map *map) {
    return map->recipients.len;
}

const struct law_map_category *law_map_category(const struct law_map *map, size_t category) {
    return &map->categories.ptr[category];
}

const struct law_map_purpose *law_map_purpose(const struct law_map *map, size_t purpose) {
    return &map->purposes.ptr[purpose];
}

const struct law_map_recipient *law_map_recipient(const struct law_map *map, size_t recipient) {
    return &map->recipients.ptr[recipient];
}

int law_map_find_category(const struct law_map *map, struct slice name) {
    for (uint32_t i = 0; i < map->categories.len; i++) {
        if (slice_eq(map->categories.ptr[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

int law_map_find_purpose(const struct law_map *map, struct slice name) {
    for (uint32_t i = 0; i < map->purposes.len; i++) {
        if (slice_eq(map->purposes.ptr[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

int law_map_find_recipient(const struct law_map *map, struct slice name) {
    for (uint32_t i = 0; i < map->recipients.len; i++) {
        if (slice_eq(map->recipients.ptr[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

struct slice law_map_words(const struct law_words *words, size_t count, enum law_words_kind kind,
                           uint32_t language, struct slice otherwise) {
    struct slice english = otherwise;
    for (size_t i = 0; i < count; i++) {
        if (words[i].kind != kind) {
            continue;
        }
        if (words[i].language == language) {
            return words[i].text;
        }
        if (words[i].language == law_language_parse(SLICE("en"))) {
            english = words[i].text;
        }
    }
    return english;
}

uint8_t law_map_operations(const struct law_map *map, int purpose, int category) {
    for (uint32_t i = 0; i < map->uses.len; i++) {
        const struct law_map_use *use = &map->uses.ptr[i];
        if (use->purpose == purpose && use->category == category) {
            return use->operations;
        }
    }
    return 0;
}

bool law_map_declares(const struct law_map *map, int purpose, int category,
                      enum law_operation operation) {
    return operation < 8 && (law_map_operations(map, purpose, category) >> operation & 1) != 0;
}

bool law_map_receives(const struct law_map *map, int recipient, int purpose, int category) {
    for (uint32_t i = 0; i < map->gifts.len; i++) {
        const struct law_map_gift *gift = &map->gifts.ptr[i];
        if (gift->recipient == recipient && gift->purpose == purpose &&
            gift->category == category) {
            return true;
        }
    }
    return false;
}

/* Bools of a group: true where the map says so, false where it does not. */
static void fill_flags(struct law_facts *f, enum law_group group, const uint64_t flags[2]) {
    for (int i = 0; i < LAW_FACTS; i++) {
        const struct law_fact_info *info = law_fact_info((enum law_fact)i);
        bool ours = info->group == group || (group == LAW_GROUP_PURPOSE && i == LAW_ACCOUNT);
        if (ours && info->kind == LAW_KIND_BOOL) {
            *((uint8_t *)f + info->offset) = flags[i >> 6] >> (i & 63) & 1;
            law_facts_mark(f, (enum law_fact)i);
        }
    }
}

static void fill_purpose(const struct law_map *map, int purpose, struct law_facts *f) {
    const struct law_map_purpose *p = &map->purposes.ptr[purpose];
    fill_flags(f, LAW_GROUP_PURPOSE, p->flags);
    f->purpose_id = p->name;
    law_facts_mark(f, LAW_PURPOSE_ID);
    f->purpose_necessary = p->necessary.len > 0;
}

static void fill_category(const struct law_map *map, int category, struct law_facts *f) {
    const struct law_map_category *c = &map->categories.ptr[category];
    fill_flags(f, LAW_GROUP_CATEGORY, c->flags);
    f->category_id = c->name;
    law_facts_mark(f, LAW_CATEGORY_ID);
    f->category_exception = c->exception;
    law_facts_mark(f, LAW_CATEGORY_EXCEPTION);
}

static void fill_controller(const struct law_map *map, struct law_facts *f) {
    const struct law_map_controller *c = &map->controller;
    f->controller_country = c->country;
    f->controller_size = c->size;
    f->controller_directed_to_children = c->directed_to_children;
    f->controller_very_large_platform = c->very_large_platform;
    law_facts_mark(f, LAW_CONTROLLER_COUNTRY);
    law_facts_mark(f, LAW_CONTROLLER_SIZE);
    law_facts_mark(f, LAW_CONTROLLER_DIRECTED_TO_CHILDREN);
    law_facts_mark(f, LAW_CONTROLLER_VERY_LARGE_PLATFORM);
}

/* Each fact that the map states of a recipient; a country that it does not name stays absent. */
static void fill_recipient(const struct law_map *map, int recipient, struct law_facts *f) {
    static const uint8_t stated[] = {LAW_RECIPIENT_ID,        LAW_RECIPIENT_ROLE,
                                     LAW_RECIPIENT_FRAMEWORK, LAW_RECIPIENT_SAME_ENTITY,
                                     LAW_RECIPIENT_CONTRACT,  LAW_TRANSFER_INSTRUMENT,
                                     LAW_TRANSFER_ASSESSED};
    const struct law_map_recipient *r = &map->recipients.ptr[recipient];
    f->recipient_id = r->name;
    f->recipient_role = r->role;
    f->recipient_framework = r->framework;
    f->recipient_same_entity = r->same_entity;
    f->recipient_contract = r->contract;
    f->transfer_instrument = r->instrument;
    f->transfer_assessed = r->assessed;
    for (size_t i = 0; i < ARRAY_LEN(stated); i++) {
        law_facts_mark(f, stated[i]);
    }
    law_facts_clear(f, LAW_RECIPIENT_COUNTRY);
    if (r->country != 0) {
        f->recipient_country = r->country;
        law_facts_mark(f, LAW_RECIPIENT_COUNTRY);
    }
}

struct status law_map_fill(const struct law_map *map, int purpose, int category,
                           enum law_operation operation, int recipient, struct law_facts *f) {
    if (!law_map_declares(map, purpose, category, operation) ||
        (recipient >= 0 && !law_map_receives(map, recipient, purpose, category))) {
        return FAIL(MAP_UNDECLARED);
    }
    fill_purpose(map, purpose, f);
    fill_category(map, category, f);
    fill_controller(map, f);
    f->operation = (uint8_t)operation;
    law_facts_mark(f, LAW_OPERATION);
    if (recipient >= 0) {
        fill_recipient(map, recipient, f);
    }
    return STATUS_OK;
}

void law_map_known(const struct law_map *map, int purpose, uint64_t ret_known[2]) {
    const struct law_map_purpose *p = &map->purposes.ptr[purpose];
    ret_known[0] = ret_known[1] = 0;
    for (int i = 0; i < LAW_FACTS; i++) {
        enum law_group group = law_fact_info((enum law_fact)i)->group;
        bool basis = i == LAW_BASIS && p->bases_count == 1 && !p->bases[0].conditional;
        if (group == LAW_GROUP_PURPOSE || group == LAW_GROUP_CATEGORY ||
            group == LAW_GROUP_CONTROLLER || i == LAW_ACCOUNT || basis) {
            ret_known[i >> 6] |= UINT64_C(1) << (i & 63);
        }
    }
}

static uint8_t ground_of(const struct law_map *map, const struct law_map_purpose *p,
                         const struct law_facts *f) {
    uint8_t otherwise = LAW_BASIS_NONE;
    uint8_t chosen = LAW_BASIS_NONE;
    size_t holding = 0;
    for (size_t i = 0; i < p->bases_count; i++) {
        const struct law_map_basis *b = &p->bases[i];
        if (!b->conditional) {
            otherwise = b->basis;
        } else if (law_run(map->set, b->when.sure, f)) {
            chosen = b->basis;
            holding++;
        }
    }
    return holding == 0 ? otherwise : holding == 1 ? chosen : (uint8_t)LAW_BASIS_NONE;
}

struct status law_map_settle(const struct law_map *map, int purpose, struct law_facts *f,
                             int64_t now_unix_ms, enum law_fact *ret_offending) {
    *ret_offending = LAW_PURPOSE_ID;
    if (purpose < 0 || (uint32_t)purpose >= map->purposes.len) {
        return FAIL(MAP_UNDECLARED);
    }
    TRY(law_facts_settle(f, now_unix_ms, ret_offending));
    f->basis = ground_of(map, &map->purposes.ptr[purpose], f);
    law_facts_mark(f, LAW_BASIS);
    return STATUS_OK;
}

uint16_t law_map_grounds(const struct law_map *map, int purpose) {
    const struct law_map_purpose *p = &map->purposes.ptr[purpose];
    uint16_t grounds = 0;
    for (size_t i = 0; i < p->bases_count; i++) {
        grounds = (uint16_t)(grounds | 1u << p->bases[i].basis);
    }
    return grounds;
}
