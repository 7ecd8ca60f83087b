/* Other programs of the machine: who they are and what they were granted. What a program may do
 * stands here and nowhere in what it says. A token is the program's number and 24 random bytes;
 * only its hash is kept. Must never grant a purpose that an operation of the service has for
 * itself: programs would come in by the side door. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "internal.h"

enum { ARENA_BYTES = 4 << 20 };

struct programs {
    struct arena arena; /* texts of all of them */
    struct program list[GUARD_PROGRAMS];
    size_t count;
    struct reach reach[VAULT_PURPOSES_MAX];
};

/* --- reading them --- */

uint64_t service_purposes(const struct guard *g) {
    uint64_t mask = 0;
    for (size_t i = 0; i < ARRAY_LEN(g->uses); i++) {
        mask |= (uint64_t)g->uses[i].declared << g->uses[i].purpose;
    }
    return mask;
}

bool service_category(const struct guard *g, uint8_t category) {
    for (size_t i = 0; i < ARRAY_LEN(g->uses); i++) {
        if (g->uses[i].declared && g->uses[i].category == category) {
            return true;
        }
    }
    return false;
}

struct rows {
    struct arena *arena;
    uint64_t ids[GUARD_PROGRAMS];
    struct api_value *values[GUARD_PROGRAMS];
    size_t count;
};

static struct status take_row(void *arg, uint64_t owner, uint64_t id, struct slice plain) {
    struct rows *r = arg;
    (void)owner;
    if (r->count == GUARD_PROGRAMS) {
        return FAIL(E_TOO_LARGE);
    }
    r->ids[r->count] = id;
    return stored_read(API_STORED_PROGRAM, plain, r->arena, &r->values[r->count++]);
}

/* A purpose that the data map no longer declares is no longer granted. */
static uint64_t granted(const struct guard *g, const struct api_value *names) {
    uint64_t mask = 0;
    for (size_t i = 0; i < names->list.count; i++) {
        uint8_t purpose;
        if (!failed(vault_purpose(g->vault, names->list.items[i].bytes, &purpose))) {
            mask |= UINT64_C(1) << purpose;
        }
    }
    return mask & ~service_purposes(g);
}

static struct status fill(const struct guard *g, uint64_t id, const struct api_value *v,
                          struct program *p) {
    const struct api_value *names = &v[STO_PROGRAM_NAMES];
    *p = (struct program){.id = id,
                          .company = v[STO_PROGRAM_COMPANY].bytes,
                          .country = v[STO_PROGRAM_COUNTRY].bytes,
                          .same_entity = v[STO_PROGRAM_SAME_ENTITY].yes,
                          .purposes = granted(g, &v[STO_PROGRAM_PURPOSES])};
    if (v[STO_PROGRAM_TOKEN].bytes.len != SEAL_HASH_LEN) {
        return FAIL(E_VAULT_FORMAT);
    }
    memcpy(p->token.bytes, v[STO_PROGRAM_TOKEN].bytes.ptr, SEAL_HASH_LEN);
    for (size_t i = 0; i < names->list.count && i < ARRAY_LEN(p->names); i++) {
        TRY(vault_origin(g->vault, names->list.items[i].bytes, &p->names[p->name_count++]));
    }
    return STATUS_OK;
}

static bool declares_erasure(const struct guard *g, uint8_t purpose, uint8_t category) {
    int p = law_map_find_purpose(g->o.map, vault_purpose_name(g->vault, purpose));
    int k = law_map_find_category(g->o.map, vault_category_name(g->vault, category));
    return p >= 0 && k >= 0 && law_map_declares(g->o.map, p, k, LAW_OPERATION_ERASE);
}

static void add(struct categories *set, uint8_t category, bool in) {
    set->bits[category / 64] |= (uint64_t)in << (category % 64);
}

static void learn_reach(const struct guard *g, uint8_t purpose, struct reach *reach) {
    for (uint8_t category = 0; category < VAULT_CATEGORIES_MAX; category++) {
        bool used = words_uses(g, purpose, category);
        bool free = used && !service_category(g, category);
        add(&reach->uses, category, used);
        add(&reach->changes, category, free);
        add(&reach->erases, category, free && declares_erasure(g, purpose, category));
    }
}

const struct reach *programs_reach(const struct guard *g, uint8_t purpose) {
    return &g->programs->reach[purpose];
}

static struct status load(struct guard *g, struct programs *all) {
    struct rows rows = {.arena = &all->arena};
    arena_init(&all->arena, ARENA_BYTES);
    TRY(vault_each_kept(g->vault, 0, KEPT_PROGRAM, 0, take_row, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        TRY(fill(g, rows.ids[i], rows.values[i], &all->list[i]));
    }
    all->count = rows.count;
    for (uint8_t purpose = 0; purpose < VAULT_PURPOSES_MAX; purpose++) {
        learn_reach(g, purpose, &all->reach[purpose]);
    }
    return STATUS_OK;
}

struct status programs_new(struct guard *g, struct programs **ret_programs) {
    struct programs *all = mem_alloc(sizeof *all);
    if (all == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status s = load(g, all);
    if (failed(s)) {
        programs_free(&all);
        return s;
    }
    *ret_programs = all;
    return STATUS_OK;
}

void programs_free(struct programs **programs) {
    if (*programs != NULL) {
        arena_done(&(*programs)->arena);
        mem_free(*programs);
        *programs = NULL;
    }
}

/* --- who asks --- */

/* The hash of no token. */
static bool is_ended(const struct seal_hash *token) {
    static const struct seal_hash none = {.bytes = {0}};
    return seal_hash_equal(token, &none);
}

const struct program *programs_find(const struct guard *g, const uint8_t *token) {
    struct seal_hash hash = seal_token_hash(slice_of(token, API_TOKEN_BYTES));
    for (size_t i = 0; i < g->programs->count; i++) {
        if (seal_hash_equal(&g->programs->list[i].token, &hash)) {
            return &g->programs->list[i];
        }
    }
    return NULL;
}

/* A program of the controller's own at home acts as the controller; any other is an entity that the
 * law asks about. */
struct vault_actor programs_actor(const struct guard *g, const struct program *p) {
    struct vault_actor actor = {.session = p->id};
    bool at_home =
        p->same_entity && law_country_find(p->country) == law_map_controller(g->o.map)->country;
    if (!at_home) {
        actor.id = p->company;
        actor.country = p->country;
        actor.same_entity = p->same_entity;
    }
    return actor;
}

static uint64_t number_of(struct call *c, struct slice name) {
    struct vault_tag tag = tag_name(c->arena, name);
    return bytes_be64(seal_keyed_hash(&c->g->mark_key, SLICE("program"), tag.value).bytes) >> 1;
}

static bool is_registered(const struct guard *g, uint64_t id) {
    bool found = false;
    for (size_t i = 0; i < g->programs->count; i++) {
        found |= g->programs->list[i].id == id;
    }
    return found;
}

struct status program_named(struct call *c, struct slice name, uint64_t *ret_program) {
    uint64_t id = number_of(c, name);
    if (!is_registered(c->g, id)) {
        return FAIL(E_PROGRAM_UNKNOWN);
    }
    *ret_program = id;
    return STATUS_OK;
}

/* --- registering one --- */

static struct status check_purposes(struct call *c) {
    const struct api_value *names = arg(c, ARG_ADMIN_PROGRAM_PURPOSES);
    for (size_t i = 0; i < names->list.count; i++) {
        uint8_t purpose;
        if (failed(vault_purpose(c->g->vault, names->list.items[i].bytes, &purpose)) ||
            (service_purposes(c->g) >> purpose & 1) != 0) {
            return FAIL(E_PURPOSE);
        }
    }
    return STATUS_OK;
}

static struct status check_names(struct call *c) {
    const struct api_value *names = arg(c, ARG_ADMIN_PROGRAM_NAMES);
    for (size_t i = 0; i < names->list.count; i++) {
        TRY(check_name(names->list.items[i].bytes));
    }
    return STATUS_OK;
}

static struct status check_room(const struct guard *g, uint64_t id) {
    bool fits = is_registered(g, id) || g->programs->count < GUARD_PROGRAMS;
    return fits ? STATUS_OK : FAIL(E_TOO_LARGE);
}

static struct status keep_row(struct call *c, uint64_t id, const struct api_value *row) {
    const struct api_value standing[STO_STANDING__COUNT] = {[STO_STANDING_AT] =
                                                                api_time(c->now_ms)};
    TRY(vault_unkeep(c->g->vault, 0, KEPT_PROGRAM, id)); /* no backup brings an older grant back */
    TRY(kept_put(c->g, 0, KEPT_PROGRAM, id, API_STORED_PROGRAM, row));
    return kept_put(c->g, 0, KEPT_STANDING, id, API_STORED_STANDING, standing);
}

static struct status put(struct call *c, uint64_t id, const uint8_t *token) {
    struct seal_hash hash = seal_token_hash(slice_of(token, API_TOKEN_BYTES));
    struct api_value row[STO_PROGRAM__COUNT] = {
        [STO_PROGRAM_TOKEN] = api_bytes(slice_of(hash.bytes, sizeof hash.bytes)),
        [STO_PROGRAM_NAME] = *arg(c, ARG_ADMIN_PROGRAM_NAME),
        [STO_PROGRAM_COMPANY] = *arg(c, ARG_ADMIN_PROGRAM_COMPANY),
        [STO_PROGRAM_COUNTRY] = *arg(c, ARG_ADMIN_PROGRAM_COUNTRY),
        [STO_PROGRAM_SAME_ENTITY] = *arg(c, ARG_ADMIN_PROGRAM_SAME_ENTITY),
        [STO_PROGRAM_PURPOSES] = *arg(c, ARG_ADMIN_PROGRAM_PURPOSES),
        [STO_PROGRAM_NAMES] = *arg(c, ARG_ADMIN_PROGRAM_NAMES),
    };
    return keep_row(c, id, row);
}

/* As the store has them from now on. Nobody holds one of the old list between two requests. */
static struct status reload(struct guard *g) {
    struct programs *fresh = NULL;
    TRY(programs_new(g, &fresh));
    programs_free(&g->programs);
    g->programs = fresh;
    return STATUS_OK;
}

struct status program_register(struct call *c) {
    uint8_t token[API_TOKEN_BYTES];
    uint64_t id = number_of(c, arg_text(c, ARG_ADMIN_PROGRAM_NAME));
    TRY(check_name(arg_text(c, ARG_ADMIN_PROGRAM_NAME)));
    TRY(law_country_find(arg_text(c, ARG_ADMIN_PROGRAM_COUNTRY)) == 0 ? FAIL(E_COUNTRY)
                                                                      : STATUS_OK);
    TRY(arg_text(c, ARG_ADMIN_PROGRAM_COMPANY).len == 0 ? FAIL(E_NAME) : STATUS_OK);
    TRY(check_purposes(c));
    TRY(check_names(c));
    TRY(check_room(c->g, id));
    bytes_put_be64(token, id);
    seal_random(token + 8, API_TOKEN_BYTES - 8);
    TRY(put(c, id, token));
    TRY(reload(c->g));
    return arena_copy(c->arena, slice_of(token, sizeof token),
                      &c->fields[ANS_ADMIN_PROGRAM_TOKEN].bytes);
}

/* --- those that are registered, and their end --- */

static struct status fill_registered(struct call *c, uint64_t id, const struct api_value *row,
                                     struct api_value *v) {
    struct api_value *standing = NULL;
    struct seal_hash token;
    v[TYP_REGISTERED_NAME] = row[STO_PROGRAM_NAME];
    v[TYP_REGISTERED_COMPANY] = row[STO_PROGRAM_COMPANY];
    v[TYP_REGISTERED_COUNTRY] = row[STO_PROGRAM_COUNTRY];
    v[TYP_REGISTERED_PURPOSES] = row[STO_PROGRAM_PURPOSES];
    TRY(row[STO_PROGRAM_TOKEN].bytes.len == SEAL_HASH_LEN ? STATUS_OK : FAIL(E_VAULT_FORMAT));
    memcpy(token.bytes, row[STO_PROGRAM_TOKEN].bytes.ptr, SEAL_HASH_LEN);
    v[TYP_REGISTERED_ENDED].yes = is_ended(&token);
    struct status s =
        kept_get(c->g, 0, KEPT_STANDING, id, API_STORED_STANDING, c->arena, &standing);
    v[TYP_REGISTERED_AT].i = failed(s) ? 0 : standing[STO_STANDING_AT].i;
    return s.code == E_NO_RECORD ? STATUS_OK : s;
}

struct status program_list(struct call *c) {
    struct rows rows = {.arena = c->arena};
    struct api_value *list = &c->fields[ANS_ADMIN_PROGRAMS_PROGRAMS];
    TRY(vault_each_kept(c->g->vault, 0, KEPT_PROGRAM, 0, take_row, &rows));
    TRY(api_list_make(c->arena, &c->op->answer->fields[ANS_ADMIN_PROGRAMS_PROGRAMS].type,
                      rows.count, list));
    for (size_t i = 0; i < rows.count; i++) {
        TRY(fill_registered(c, rows.ids[i], rows.values[i], list->list.items[i].fields));
    }
    return STATUS_OK;
}

/* Its name stays, by which the owner finds its people. */
struct status program_dismiss(struct call *c) {
    static const uint8_t no_token[SEAL_HASH_LEN];
    struct api_value *row = NULL;
    uint64_t id;
    TRY(program_named(c, arg_text(c, ARG_ADMIN_DISMISS_NAME), &id));
    TRY(kept_get(c->g, 0, KEPT_PROGRAM, id, API_STORED_PROGRAM, c->arena, &row));
    row[STO_PROGRAM_TOKEN] = api_bytes(slice_of(no_token, sizeof no_token));
    row[STO_PROGRAM_PURPOSES].list.count = 0;
    row[STO_PROGRAM_NAMES].list.count = 0;
    TRY(keep_row(c, id, row));
    return reload(c->g);
}
