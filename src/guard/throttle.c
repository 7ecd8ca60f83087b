/* How often somebody tried. A table of fixed size, keyed by a hash under a key of this process, so
 * that it holds no name; when it is full the oldest entry gives way. Lost with the process, which
 * costs an attacker more than it gains them. */
#include "base/bytes.h"
#include "base/mem.h"
#include "internal.h"

enum { PLACES = 8 }; /* looked at for one key */

struct entry {
    uint64_t key;
    int64_t until_ms;
    uint32_t count;
};

struct throttle {
    struct entry entries[GUARD_THROTTLE_SLOTS];
};

struct status throttle_new(struct throttle **ret_throttle) {
    struct throttle *t = mem_alloc(sizeof *t);
    if (t == NULL) {
        return FAIL(E_MEMORY);
    }
    *ret_throttle = t;
    return STATUS_OK;
}

void throttle_free(struct throttle **throttle) {
    mem_free(*throttle);
    *throttle = NULL;
}

static uint64_t key_of(struct guard *g, struct slice domain, struct slice what) {
    struct seal_hash h = seal_keyed_hash(&g->mark_key, domain, what);
    uint64_t key = bytes_be64(h.bytes);
    return key == 0 ? 1 : key;
}

static struct entry *look(struct throttle *t, uint64_t key, size_t i) {
    return &t->entries[(key + i) % GUARD_THROTTLE_SLOTS];
}

static struct entry *find(struct throttle *t, uint64_t key, int64_t now_ms) {
    for (size_t i = 0; i < PLACES; i++) {
        struct entry *e = look(t, key, i);
        if (e->key == key && e->until_ms > now_ms) {
            return e;
        }
    }
    return NULL;
}

struct status throttle_check(struct guard *g, struct slice domain, struct slice what,
                             uint32_t most) {
    const struct entry *e = find(g->throttle, key_of(g, domain, what), guard_now(g));
    return e != NULL && e->count >= most ? FAIL(E_THROTTLED) : STATUS_OK;
}

void throttle_note(struct guard *g, struct slice domain, struct slice what) {
    uint64_t key = key_of(g, domain, what);
    int64_t now_ms = guard_now(g);
    struct entry *e = find(g->throttle, key, now_ms);
    if (e != NULL) {
        e->count++;
        return;
    }
    e = look(g->throttle, key, 0);
    for (size_t i = 1; i < PLACES; i++) {
        struct entry *other = look(g->throttle, key, i);
        e = other->until_ms < e->until_ms ? other : e;
    }
    *e = (struct entry){key, now_ms + GUARD_THROTTLE_MS, 1};
}

void throttle_clear(struct guard *g, struct slice domain, struct slice what) {
    struct entry *e = find(g->throttle, key_of(g, domain, what), guard_now(g));
    if (e != NULL) {
        *e = (struct entry){0};
    }
}
