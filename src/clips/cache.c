/* A small table of public answers. Must never hold one longer than FRONT_PUBLIC_KEEP_MS. */
#include "cache.h"

#include <pthread.h>

#include "base/mem.h"
#include "clips/limits.h"
#include "http/limits.h"

struct kept {
    struct buf key;
    struct buf value;
    int64_t until_ms; /* 0: free */
};

struct cache {
    pthread_mutex_t lock;
    uint64_t epoch;
    struct kept rows[FRONT_MAX_PUBLIC];
};

struct status cache_new(struct cache **ret_cache) {
    struct cache *c = mem_alloc(sizeof *c);
    if (c == NULL) {
        return FAIL(E_MEMORY);
    }
    pthread_mutex_init(&c->lock, NULL);
    for (size_t i = 0; i < FRONT_MAX_PUBLIC; i++) {
        buf_init(&c->rows[i].key, HTTP_MAX_TARGET_BYTES);
        buf_init_secret(&c->rows[i].value, FRONT_MAX_PUBLIC_BYTES);
    }
    *ret_cache = c;
    return STATUS_OK;
}

void cache_free(struct cache **cache) {
    if (*cache == NULL) {
        return;
    }
    for (size_t i = 0; i < FRONT_MAX_PUBLIC; i++) {
        buf_done(&(*cache)->rows[i].key);
        buf_done(&(*cache)->rows[i].value);
    }
    pthread_mutex_destroy(&(*cache)->lock);
    mem_free(*cache);
    *cache = NULL;
}

/* The one place where a key may stand. */
static struct kept *place(struct cache *c, struct slice key) {
    return &c->rows[slice_hash(key) % FRONT_MAX_PUBLIC];
}

bool cache_get(struct cache *c, struct slice key, int64_t now_ms, struct buf *out) {
    pthread_mutex_lock(&c->lock);
    struct kept *k = place(c, key);
    bool found = k->until_ms > now_ms && slice_eq(buf_slice(&k->key), key) &&
                 !failed(buf_add(out, buf_slice(&k->value)));
    pthread_mutex_unlock(&c->lock);
    return found;
}

uint64_t cache_epoch(struct cache *c) {
    pthread_mutex_lock(&c->lock);
    uint64_t epoch = c->epoch;
    pthread_mutex_unlock(&c->lock);
    return epoch;
}

void cache_put(struct cache *c, uint64_t epoch, struct slice key, struct slice value,
               int64_t now_ms) {
    pthread_mutex_lock(&c->lock);
    struct kept *k = place(c, key);
    k->until_ms = 0;
    buf_clear(&k->key);
    buf_clear(&k->value);
    if (epoch == c->epoch && !failed(buf_add(&k->key, key)) && !failed(buf_add(&k->value, value))) {
        k->until_ms = now_ms + FRONT_PUBLIC_KEEP_MS;
    }
    pthread_mutex_unlock(&c->lock);
}

void cache_clear(struct cache *c) {
    pthread_mutex_lock(&c->lock);
    c->epoch++;
    for (size_t i = 0; i < FRONT_MAX_PUBLIC; i++) {
        c->rows[i].until_ms = 0;
        buf_clear(&c->rows[i].value);
    }
    pthread_mutex_unlock(&c->lock);
}
