/* People in memory: opened when they are needed, with their keys, consents and guardians, so that
 * a decision needs no look-up. A failed look-up is an error, never an adult. */
#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"
#include "people_form.h"

enum { CHAINS_FIRST = 1024, ROW_MAX = 4096 };

static void person_free(struct person *p) {
    mem_free(p->keys);
    mem_free(p->consents);
    mem_wipe(p, sizeof *p);
    mem_free(p);
}

static struct person **chain_of(const struct people *people, uint64_t id) {
    uint64_t mixed = id * UINT64_C(0x9e3779b97f4a7c15);
    return &people->chains[(mixed >> 32) & (people->chain_count - 1)];
}

static struct person *find(const struct people *people, uint64_t id) {
    if (people->chain_count == 0) {
        return NULL;
    }
    struct person *p = *chain_of(people, id);
    while (p != NULL && p->id != id) {
        p = p->next;
    }
    return p;
}

static struct status grow(struct people *people) {
    if (people->count < people->chain_count) {
        return STATUS_OK;
    }
    size_t count = people->chain_count == 0 ? CHAINS_FIRST : people->chain_count * 2;
    struct people grown = {.chain_count = count, .count = people->count};
    grown.chains = mem_array(count, sizeof(struct person *));
    if (grown.chains == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < people->chain_count; i++) {
        for (struct person *p = people->chains[i], *next = NULL; p != NULL; p = next) {
            next = p->next;
            struct person **chain = chain_of(&grown, p->subject.id);
            p->next = *chain;
            *chain = p;
        }
    }
    mem_free(people->chains);
    *people = grown;
    return STATUS_OK;
}

static void link_person(struct people *people, struct person *p) {
    struct person **chain = chain_of(people, p->subject.id);
    p->id = p->subject.id;
    p->next = *chain;
    *chain = p;
    people->count++;
}

struct person *person_insert(struct vault *v, const struct vault_subject *subject) {
    struct person *p = mem_alloc(sizeof *p);
    if (p == NULL || failed(grow(&v->people))) {
        mem_free(p);
        return NULL;
    }
    p->subject = *subject;
    p->used = true;
    link_person(&v->people, p);
    return p;
}

void person_forget(struct vault *v, uint64_t id) {
    if (v->people.chain_count == 0) {
        return;
    }
    for (struct person **at = chain_of(&v->people, id); *at != NULL; at = &(*at)->next) {
        struct person *p = *at;
        if (p->subject.id == id) {
            *at = p->next;
            v->people.count--;
            person_free(p);
            return;
        }
    }
}

void person_touch(struct vault *v, struct person *p) {
    for (size_t i = 0; i < DECISIONS_PER_PERSON; i++) {
        p->decided[i].what = 0;
    }
    p->codes.known = false;
    for (size_t i = 0; i < v->touched_count && i < TOUCHED_MAX; i++) {
        if (v->touched[i] == p->subject.id) {
            return;
        }
    }
    if (v->touched_count < TOUCHED_MAX) {
        v->touched[v->touched_count] = p->subject.id;
    }
    v->touched_count++;
}

static void forget_all(struct people *people) {
    for (size_t i = 0; i < people->chain_count; i++) {
        for (struct person *p = people->chains[i], *next = NULL; p != NULL; p = next) {
            next = p->next;
            person_free(p);
        }
        people->chains[i] = NULL;
    }
    people->count = 0;
}

void people_forget_touched(struct vault *v) {
    if (v->touched_count > TOUCHED_MAX) {
        forget_all(&v->people);
    } else {
        for (size_t i = 0; i < v->touched_count; i++) {
            person_forget(v, v->touched[i]);
        }
    }
    v->touched_count = 0;
}

void people_done(struct people *people) {
    forget_all(people);
    mem_free(people->chains);
    *people = (struct people){.chains = NULL};
}

/* A clock: who was not used since the hand passed last goes. */
void people_trim(struct vault *v) {
    struct people *people = &v->people;
    while (people->count > PERSON_CACHE_MAX) {
        struct person **at = &people->chains[people->hand];
        while (*at != NULL) {
            struct person *p = *at;
            if (p->used) {
                p->used = false;
                at = &p->next;
                continue;
            }
            *at = p->next;
            people->count--;
            person_free(p);
        }
        people->hand = (people->hand + 1) & (people->chain_count - 1);
    }
}

/* Loading -------------------------------------------------------------------------------- */

struct load {
    struct vault *v;
    struct person *p;
    struct seal_key key;
};

static struct status load_key(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct load *load = arg;
    struct buf plain CLEANUP(buf_done);
    buf_init(&plain, ROW_MAX);
    TRY(state_open(load->v, STORE_KEYS, owner, id, sealed, &plain));
    if (plain.len != KEY_REF_LEN) {
        return FAIL(E_VAULT_CORRUPT);
    }
    return person_key_add(load->p, (uint32_t)id, key_ref_get(plain.ptr));
}

static struct status load_consent(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct load *load = arg;
    struct person *p = load->p;
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, ROW_MAX);
    TRY(person_row_open(&load->key, STORE_CONSENTS, owner, id, sealed, &plain));
    struct vault_consent consent = {.purpose = 0};
    TRY(consent_read(buf_slice(&plain), &consent));
    struct vault_consent *grown =
        mem_resize(p->consents, (size_t)p->consent_count + 1, sizeof *grown);
    if (grown == NULL) {
        return FAIL(E_MEMORY);
    }
    p->consents = grown;
    p->consents[p->consent_count++] = consent;
    p->consented |= UINT64_C(1) << consent.purpose;
    return STATUS_OK;
}

static struct status load_guardian(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct load *load = arg;
    struct person *p = load->p;
    if (p->guardian_count == PERSON_GUARDIANS_MAX) {
        return FAIL(E_VAULT_CORRUPT);
    }
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, ROW_MAX);
    TRY(person_row_open(&load->key, STORE_GUARDIANS, owner, id, sealed, &plain));
    struct vault_guardian *link = &p->guardians[p->guardian_count++];
    *link = (struct vault_guardian){.child = owner, .guardian = id};
    return guardian_read(buf_slice(&plain), link);
}

static struct status load_subject(struct load *load, uint64_t id) {
    struct slice sealed;
    TRY(store_view(load->v->store, STORE_SUBJECTS, id, 0, &sealed));
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, ROW_MAX);
    TRY(person_row_open(&load->key, STORE_SUBJECTS, id, 0, sealed, &plain));
    load->p->subject.id = id;
    return subject_read(buf_slice(&plain), &load->p->subject);
}

static struct status load_held(struct load *load, uint64_t id) {
    struct slice row;
    struct status found = store_view(load->v->store, STORE_HOLDS, id, 0, &row);
    load->p->held = !failed(found);
    return found.code == E_STORE_MISSING ? STATUS_OK : found;
}

/* Keys and facts come and go in one transaction. */
static struct status nobody(struct vault *v, uint64_t id) {
    struct slice row;
    struct status found = store_view(v->store, STORE_SUBJECTS, id, 0, &row);
    if (!failed(found)) {
        return FAIL(E_VAULT_CORRUPT);
    }
    return found.code == E_STORE_MISSING ? FAIL(E_NO_SUBJECT) : found;
}

static struct status load_into(struct load *load, uint64_t id) {
    struct store *store = load->v->store;
    TRY(store_each(store, STORE_KEYS, id, 0, load_key, load));
    if (person_key_find(load->p, PERSON_KEY) == NULL) {
        return nobody(load->v, id);
    }
    struct status key = person_key_get(load->v, load->p, PERSON_KEY, &load->key);
    if (key.code == E_KEY_GONE) {
        return FAIL(E_NO_SUBJECT); /* erased; the rows follow */
    }
    TRY(key);
    struct status found = load_subject(load, id);
    if (failed(found)) {
        return found.code == E_STORE_MISSING ? FAIL(E_VAULT_CORRUPT) : found;
    }
    TRY(store_each(store, STORE_CONSENTS, id, 0, load_consent, load));
    TRY(store_each(store, STORE_GUARDIANS, id, 0, load_guardian, load));
    return load_held(load, id);
}

static struct status person_load(struct vault *v, uint64_t id, struct person **ret) {
    TRY(grow(&v->people));
    struct person *p = mem_alloc(sizeof *p);
    if (p == NULL) {
        return FAIL(E_MEMORY);
    }
    struct load load = {.v = v, .p = p};
    struct status status = load_into(&load, id);
    seal_key_done(&load.key);
    if (failed(status)) {
        person_free(p);
        return status;
    }
    link_person(&v->people, p);
    *ret = p;
    return STATUS_OK;
}

struct status person_get(struct vault *v, uint64_t id, struct person **ret) {
    if (id == 0 || id > SUBJECT_ID_MAX) {
        return FAIL(E_NO_SUBJECT);
    }
    struct person *p = find(&v->people, id);
    if (p == NULL) {
        TRY(person_load(v, id, &p));
    }
    p->used = true;
    *ret = p;
    return STATUS_OK;
}
