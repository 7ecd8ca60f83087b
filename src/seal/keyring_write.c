/* The keyring: birth, destruction and rotation. Must never report a birth or a death that a power
 * loss could undo, and never let a new key stand in a slot whose old key could still be read. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "keyring_impl.h"

/* Slots that follow each other are written at once. */
struct run {
    struct keyring *k;
    uint8_t *window;
    uint64_t first;
    size_t count;
};

static struct status run_flush(struct run *r) {
    if (r->count == 0) {
        return STATUS_OK;
    }
    struct slice bytes = slice_of(r->window, r->count * SLOT_LEN);
    r->count = 0;
    return os_write_at(r->k->fs, r->k->file, slot_offset(r->first), bytes);
}

static struct status run_add(struct run *r, uint64_t index, const struct slot *slot) {
    if (r->count == WINDOW_SLOTS || (r->count > 0 && index != r->first + r->count)) {
        TRY(run_flush(r));
    }
    if (r->count == 0) {
        r->first = index;
    }
    slot_put(slot, index, r->window + r->count * SLOT_LEN);
    r->count++;
    return STATUS_OK;
}

static int compare_refs(const void *a, const void *b) {
    const struct key_ref *x = a;
    const struct key_ref *y = b;
    if (x->slot != y->slot) {
        return x->slot < y->slot ? -1 : 1;
    }
    return x->birth < y->birth ? -1 : x->birth > y->birth;
}

/* Free slots first, then new ones at the end. Takes nothing yet. */
static struct status choose_slots(struct keyring *k, size_t count, struct key_ref *refs) {
    size_t reused = count < k->free_count ? count : k->free_count;
    if (count - reused > KEYRING_SLOTS_MAX - k->slots) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(keyring_grow(k, k->slots + (count - reused)));
    for (size_t i = 0; i < reused; i++) {
        uint32_t slot = k->free_slots[k->free_count - 1 - i];
        refs[i] = (struct key_ref){.slot = slot, .birth = birth_of(k->marks[slot]) + 1};
    }
    for (size_t i = reused; i < count; i++) {
        refs[i] = (struct key_ref){.slot = k->slots + (i - reused), .birth = 1};
    }
    qsort(refs, count, sizeof *refs, compare_refs);
    return STATUS_OK;
}

static struct status write_births(struct keyring *k, enum key_kind kind, const struct key_ref *refs,
                                  size_t count, uint8_t *window) {
    const struct generation *g = generations_current(&k->secrets->generations);
    struct run run = {.k = k, .window = window};
    for (size_t i = 0; i < count; i++) {
        struct seal_key key CLEANUP(seal_key_done) = seal_key_random();
        struct slot slot = {
            .state = SLOT_LIVING, .kind = kind, .birth = refs[i].birth, .generation = g->number};
        slot_wrap(&g->wrap, refs[i].slot, &slot, &key);
        TRY(run_add(&run, refs[i].slot, &slot));
    }
    TRY(run_flush(&run));
    return os_sync(k->fs, k->file);
}

static void take_slots(struct keyring *k, const struct key_ref *refs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        k->marks[refs[i].slot] = mark_make(refs[i].birth, MARK_LIVING);
        if (refs[i].slot < k->slots) {
            k->free_count--;
        }
    }
    uint64_t last = refs[count - 1].slot;
    k->slots = last >= k->slots ? (size_t)last + 1 : k->slots;
    k->living += count;
}

/* The list of free slots is moved only by writers, and there is one: what was chosen is still at
 * its end when it is taken. */
static struct status create_many(struct keyring *k, enum key_kind kind, size_t count,
                                 struct key_ref *refs, uint8_t *window) {
    pthread_mutex_lock(&k->lock);
    struct status s = choose_slots(k, count, refs);
    pthread_mutex_unlock(&k->lock);
    TRY(s);
    TRY(write_births(k, kind, refs, count, window));
    pthread_mutex_lock(&k->lock);
    take_slots(k, refs, count);
    pthread_mutex_unlock(&k->lock);
    return STATUS_OK;
}

struct status keyring_create_many(struct keyring *k, enum key_kind kind, size_t count,
                                  struct key_ref *ret_refs) {
    if (count == 0) {
        return STATUS_OK;
    }
    uint8_t *window = mem_alloc(WINDOW_LEN);
    struct key_ref *refs = mem_array(count, sizeof *refs);
    struct status s = window == NULL || refs == NULL ? FAIL(E_MEMORY) : STATUS_OK;
    if (!failed(s)) {
        pthread_mutex_lock(&k->writer);
        s = create_many(k, kind, count, refs, window);
        pthread_mutex_unlock(&k->writer);
    }
    if (!failed(s)) {
        memcpy(ret_refs, refs, count * sizeof *refs);
    }
    mem_free(refs);
    window_free(window);
    return s;
}

static struct status check_deaths(struct keyring *k, const struct key_ref *refs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (refs[i].slot < FIXED_SLOTS || refs[i].slot >= k->slots || refs[i].birth == 0 ||
            refs[i].birth > birth_of(k->marks[refs[i].slot])) {
            return FAIL(E_KEY_UNKNOWN);
        }
    }
    return STATUS_OK;
}

/* Forgets here, and says whether the disk must be overwritten: not for a key whose slot holds a
 * later one, nor for one that is known to be overwritten. */
static bool forget(struct keyring *k, struct key_ref ref) {
    uint32_t mark = k->marks[ref.slot];
    bool here = ref.birth == birth_of(mark) &&
                (mark_of(mark) == MARK_LIVING || mark_of(mark) == MARK_DYING);
    if (!here) {
        return false;
    }
    keycache_forget(&k->cache, ref.slot);
    k->living -= mark_of(mark) == MARK_LIVING;
    k->marks[ref.slot] = mark_make(ref.birth, MARK_DYING);
    return true;
}

static struct status write_some_deaths(struct keyring *k, struct run *run,
                                       const struct key_ref *refs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (forget(k, refs[i])) {
            struct slot slot = {.state = SLOT_DESTROYED, .birth = refs[i].birth};
            TRY(run_add(run, refs[i].slot, &slot));
        }
    }
    return run_flush(run);
}

/* In pieces, so that readers of other keys do not wait for a million deaths. */
static struct status write_deaths(struct keyring *k, const struct key_ref *refs, size_t count,
                                  uint8_t *window) {
    struct run run = {.k = k, .window = window};
    for (size_t at = 0; at < count; at += WINDOW_SLOTS) {
        size_t n = count - at < WINDOW_SLOTS ? count - at : WINDOW_SLOTS;
        pthread_mutex_lock(&k->lock);
        struct status s = write_some_deaths(k, &run, refs + at, n);
        pthread_mutex_unlock(&k->lock);
        TRY(s);
    }
    return os_sync(k->fs, k->file);
}

static void free_slots(struct keyring *k, const struct key_ref *refs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t mark = k->marks[refs[i].slot];
        if (mark_of(mark) != MARK_DYING || birth_of(mark) != refs[i].birth) {
            continue;
        }
        bool retired = refs[i].birth >= BIRTH_MAX;
        k->marks[refs[i].slot] = mark_make(refs[i].birth, retired ? MARK_RETIRED : MARK_FREE);
        if (!retired) {
            k->free_slots[k->free_count++] = (uint32_t)refs[i].slot;
        }
    }
}

static struct status destroy_many(struct keyring *k, const struct key_ref *refs, size_t count,
                                  uint8_t *window) {
    pthread_mutex_lock(&k->lock);
    struct status s = check_deaths(k, refs, count);
    pthread_mutex_unlock(&k->lock);
    TRY(s);
    TRY(write_deaths(k, refs, count, window));
    pthread_mutex_lock(&k->lock);
    free_slots(k, refs, count);
    pthread_mutex_unlock(&k->lock);
    return STATUS_OK;
}

struct status keyring_destroy_many(struct keyring *k, const struct key_ref *refs, size_t count) {
    if (count == 0) {
        return STATUS_OK;
    }
    uint8_t *window = mem_alloc(WINDOW_LEN);
    struct key_ref *sorted = mem_array(count, sizeof *sorted);
    struct status s = window == NULL || sorted == NULL ? FAIL(E_MEMORY) : STATUS_OK;
    if (!failed(s)) {
        memcpy(sorted, refs, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, compare_refs);
        pthread_mutex_lock(&k->writer);
        s = destroy_many(k, sorted, count, window);
        pthread_mutex_unlock(&k->writer);
    }
    mem_free(sorted);
    window_free(window);
    return s;
}

/* One slot from the old generation to the current one. *ret_living: it holds a key. */
static struct status rewrap(struct keyring *k, uint64_t index, uint8_t *bytes, bool *ret_living) {
    const struct generation *g = generations_current(&k->secrets->generations);
    struct slot slot;
    struct seal_key key CLEANUP(seal_key_done) = {{0}};
    TRY(slot_get(bytes, index, &slot));
    *ret_living = slot.state == SLOT_LIVING;
    if (!*ret_living || slot.generation == g->number) {
        return STATUS_OK;
    }
    TRY(keyring_unwrap(k, index, &slot, &key));
    slot.generation = g->number;
    slot_wrap(&g->wrap, index, &slot, &key);
    slot_put(&slot, index, bytes);
    return STATUS_OK;
}

/* Slots that are wrapped anew already are written all the same: if the sync after that failed, they
 * can be read and are not on the disk, and a second sync would not say so. */
static struct status rewrap_window(struct keyring *k, uint64_t at, size_t n, uint8_t *window) {
    bool any = false;
    TRY(os_read_exactly(k->fs, k->file, slot_offset(at), window, n * SLOT_LEN));
    for (size_t i = 0; i < n; i++) {
        bool living = false;
        TRY(rewrap(k, at + i, window + i * SLOT_LEN, &living));
        any = any || living;
    }
    return any ? os_write_at(k->fs, k->file, slot_offset(at), slice_of(window, n * SLOT_LEN))
               : STATUS_OK;
}

static struct status rewrap_all(struct keyring *k, uint8_t *window) {
    for (size_t at = 0; at < k->slots; at += WINDOW_SLOTS) {
        size_t n = k->slots - at < WINDOW_SLOTS ? k->slots - at : WINDOW_SLOTS;
        TRY(rewrap_window(k, at, n, window));
    }
    return os_sync(k->fs, k->file);
}

struct status keyring_finish_rotation(struct keyring *k) {
    struct generations *g = &k->secrets->generations;
    struct generation *old = generations_old(g);
    if (old == NULL) {
        return STATUS_OK;
    }
    uint8_t *window = mem_alloc(WINDOW_LEN);
    if (window == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status s = rewrap_all(k, window);
    window_free(window);
    TRY(s);
    return generations_destroy(g, old, k->fs, k->generation_file);
}

static struct status rotate(struct keyring *k) {
    struct generations *g = &k->secrets->generations;
    if (generations_old(g) == NULL) {
        TRY(generations_begin_next(g, k->fs, k->generation_file));
    }
    return keyring_finish_rotation(k);
}

struct status keyring_rotate(struct keyring *k) {
    pthread_mutex_lock(&k->writer);
    pthread_mutex_lock(&k->lock);
    struct status s = rotate(k);
    pthread_mutex_unlock(&k->lock);
    pthread_mutex_unlock(&k->writer);
    return s;
}

struct status keyring_change_root(struct keyring *k, const struct seal_key *root) {
    pthread_mutex_lock(&k->writer);
    pthread_mutex_lock(&k->lock);
    struct status s = keyring_finish_rotation(k);
    if (!failed(s)) {
        s = generations_change_root(&k->secrets->generations, root, k->fs, k->generation_file);
    }
    pthread_mutex_unlock(&k->lock);
    pthread_mutex_unlock(&k->writer);
    return s;
}
