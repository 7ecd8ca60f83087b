/* Numbers for names: purposes, categories and recipients of the data map, origins. A number once
 * given is kept for ever, so that stored data keep their meaning when the data map changes; a name
 * that the map no longer declares is known, and refused. */
#include <string.h>

#include "base/mem.h"
#include "inside.h"

static const uint16_t limits[NAME_KINDS] = {
    [NAME_PURPOSE] = VAULT_PURPOSES_MAX,
    [NAME_CATEGORY] = VAULT_CATEGORIES_MAX,
    [NAME_RECIPIENT] = VAULT_RECIPIENTS_MAX,
    [NAME_ORIGIN] = VAULT_ORIGINS_MAX,
};

static struct status reserve(struct names *names) {
    if (names->count < names->cap) {
        return STATUS_OK;
    }
    size_t cap = names->cap == 0 ? 16 : names->cap * 2;
    struct slice *list = mem_resize(names->list, cap, sizeof *list);
    if (list == NULL) {
        return FAIL(E_MEMORY);
    }
    names->list = list;
    uint16_t *in_map = mem_resize(names->in_map, cap, sizeof *in_map);
    if (in_map == NULL) {
        return FAIL(E_MEMORY);
    }
    names->in_map = in_map;
    names->cap = cap;
    return STATUS_OK;
}

static struct status append(struct names *names, struct slice name) {
    TRY(reserve(names));
    uint8_t *copy = mem_alloc(name.len + 1);
    if (copy == NULL) {
        return FAIL(E_MEMORY);
    }
    if (name.len > 0) {
        memcpy(copy, name.ptr, name.len);
    }
    names->list[names->count] = slice_of(copy, name.len);
    names->in_map[names->count] = 0;
    names->count++;
    return STATUS_OK;
}

static struct status load_name(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct vault *v = arg;
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, VAULT_NAME_MAX);
    TRY(state_open(v, STORE_NAMES, owner, id, sealed, &plain));
    bool next = owner > 0 && owner < NAME_KINDS && id == v->names[owner].count;
    return next ? append(&v->names[owner], buf_slice(&plain)) : FAIL(E_VAULT_CORRUPT);
}

struct status names_load(struct vault *v) {
    return store_scan(v->store, STORE_NAMES, 0, load_name, v);
}

bool names_find(const struct vault *v, enum name_kind kind, struct slice name, uint16_t *ret) {
    const struct names *names = &v->names[kind];
    for (size_t i = 0; i < names->count; i++) {
        if (slice_eq(names->list[i], name)) {
            *ret = (uint16_t)i;
            return true;
        }
    }
    return false;
}

void names_undo(struct vault *v) {
    for (int kind = NAME_PURPOSE; kind < NAME_KINDS; kind++) {
        struct names *names = &v->names[kind];
        while (names->count > v->marks.names[kind]) {
            mem_free((void *)(uintptr_t)names->list[--names->count].ptr);
        }
    }
}

/* The tightening log names things by numbers, which must mean the same after a restore. Before the
 * first leaf there was no backup. */
static struct status log_name(struct vault *v, enum name_kind kind, struct slice name) {
    struct tightening tight = {
        .kind = TIGHT_NAME, .what = (uint64_t)kind, .value = v->names[kind].count, .ids = name};
    return v->counters.leaves == 0 ? STATUS_OK : log_tighten(v, &tight);
}

struct status names_number(struct vault *v, enum name_kind kind, struct slice name, uint16_t *ret) {
    if (names_find(v, kind, name, ret)) {
        return STATUS_OK;
    }
    struct names *names = &v->names[kind];
    if (name.len == 0 || name.len > VAULT_NAME_MAX || !slice_is_utf8(name)) {
        return FAIL(E_NUMBER);
    }
    if (names->count >= limits[kind]) {
        return FAIL(E_TOO_MANY);
    }
    TRY(state_put(v, STORE_NAMES, kind, names->count, name));
    TRY(log_name(v, kind, name));
    TRY(append(names, name));
    *ret = (uint16_t)(names->count - 1);
    return STATUS_OK;
}

struct slice names_text(const struct vault *v, enum name_kind kind, uint16_t number) {
    const struct names *names = &v->names[kind];
    return number < names->count ? names->list[number] : SLICE("");
}

int map_number(const struct vault *v, enum name_kind kind, uint16_t number) {
    const struct names *names = &v->names[kind];
    return number < names->count ? (int)names->in_map[number] - 1 : -1;
}

static struct status bind_name(struct vault *v, enum name_kind kind, struct slice name,
                               size_t in_map) {
    uint16_t number = 0;
    TRY(names_number(v, kind, name, &number));
    v->names[kind].in_map[number] = (uint16_t)(in_map + 1);
    return STATUS_OK;
}

static struct status bind_all(struct vault *v) {
    for (size_t i = 0; i < law_map_purposes(v->map); i++) {
        TRY(bind_name(v, NAME_PURPOSE, law_map_purpose(v->map, i)->name, i));
    }
    for (size_t i = 0; i < law_map_categories(v->map); i++) {
        TRY(bind_name(v, NAME_CATEGORY, law_map_category(v->map, i)->name, i));
    }
    for (size_t i = 0; i < law_map_recipients(v->map); i++) {
        TRY(bind_name(v, NAME_RECIPIENT, law_map_recipient(v->map, i)->name, i));
    }
    uint16_t none = 0; /* origin 0: the person */
    return names_number(v, NAME_ORIGIN, SLICE("the person"), &none);
}

struct status names_bind(struct vault *v) {
    for (int kind = NAME_PURPOSE; kind < NAME_KINDS; kind++) {
        for (size_t i = 0; i < v->names[kind].count; i++) {
            v->names[kind].in_map[i] = 0;
        }
    }
    TRY(op_begin(v));
    TRY(op_end(v, bind_all(v)));
    map_purposes_learn(v);
    return STATUS_OK;
}

void names_done(struct vault *v) {
    for (int kind = NAME_PURPOSE; kind < NAME_KINDS; kind++) {
        struct names *names = &v->names[kind];
        for (size_t i = 0; i < names->count; i++) {
            mem_free((void *)(uintptr_t)names->list[i].ptr);
        }
        mem_free(names->list);
        mem_free(names->in_map);
        *names = (struct names){.list = NULL};
    }
}

static struct status declared(const struct vault *v, enum name_kind kind, struct slice name,
                              uint8_t *ret) {
    uint16_t number = 0;
    if (!names_find(v, kind, name, &number) || map_number(v, kind, number) < 0) {
        return FAIL(E_UNDECLARED);
    }
    *ret = (uint8_t)number;
    return STATUS_OK;
}

struct status vault_purpose(const struct vault *v, struct slice name, uint8_t *ret) {
    return declared(v, NAME_PURPOSE, name, ret);
}

struct status vault_category(const struct vault *v, struct slice name, uint8_t *ret) {
    return declared(v, NAME_CATEGORY, name, ret);
}

struct status vault_recipient(const struct vault *v, struct slice name, uint8_t *ret) {
    return declared(v, NAME_RECIPIENT, name, ret);
}

struct slice vault_purpose_name(const struct vault *v, uint8_t purpose) {
    return names_text(v, NAME_PURPOSE, purpose);
}

struct slice vault_category_name(const struct vault *v, uint8_t category) {
    return names_text(v, NAME_CATEGORY, category);
}

struct slice vault_recipient_name(const struct vault *v, uint8_t recipient) {
    return names_text(v, NAME_RECIPIENT, recipient);
}

struct slice vault_origin_name(const struct vault *v, uint16_t origin) {
    return names_text(v, NAME_ORIGIN, origin);
}

struct status vault_origin(struct vault *v, struct slice name, uint16_t *ret) {
    TRY(vault_ready(v));
    if (names_find(v, NAME_ORIGIN, name, ret)) {
        return STATUS_OK;
    }
    TRY(op_begin(v));
    uint16_t number = 0;
    TRY(op_end(v, names_number(v, NAME_ORIGIN, name, &number)));
    *ret = number;
    return STATUS_OK;
}
