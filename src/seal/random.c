/* Random bytes. Keys come from the kernel; nonces and salts, of which there are a hundred thousand
 * a second, from a generator per thread: ChaCha20 whose key is replaced by its own output with each
 * refill, so that what was handed out cannot be computed back. Must never give a process and its
 * fork the same bytes. */
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "seal/seal.h"

enum {
    POOL_LEN = 1024,
    REFILLS_PER_SEED = 1024, /* about a mebibyte between two looks at the kernel */
    FROM_POOL_MAX = 64,
};

struct pool {
    uint8_t key[crypto_stream_chacha20_KEYBYTES];
    uint8_t bytes[POOL_LEN];
    size_t left;
    unsigned refills_left;
    unsigned forks; /* the value of `forks` below when it was seeded */
};

static _Thread_local struct pool pool;
static volatile unsigned forks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void after_fork(void) {
    forks++;
}

static void watch_forks(void) {
    if (pthread_atfork(NULL, NULL, after_fork) != 0) {
        panic("no memory to watch for forks");
    }
}

static void seed_pool(struct pool *p) {
    pthread_once(&once, watch_forks);
    randombytes_buf(p->key, sizeof p->key);
    p->forks = forks;
    p->refills_left = REFILLS_PER_SEED;
    p->left = 0;
}

static void refill_pool(struct pool *p) {
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    uint8_t stream[sizeof p->key + POOL_LEN];
    crypto_stream_chacha20(stream, sizeof stream, nonce, p->key);
    memcpy(p->key, stream, sizeof p->key);
    memcpy(p->bytes, stream + sizeof p->key, POOL_LEN);
    mem_wipe(stream, sizeof stream);
    p->left = POOL_LEN;
    p->refills_left--;
}

void seal_random(void *to, size_t len) {
    if (len > FROM_POOL_MAX) {
        randombytes_buf(to, len);
        return;
    }
    struct pool *p = &pool;
    if (p->refills_left == 0 || p->forks != forks) {
        seed_pool(p);
    }
    if (p->left < len) {
        refill_pool(p);
    }
    p->left -= len;
    memcpy(to, p->bytes + p->left, len);
    mem_wipe(p->bytes + p->left, len);
}

struct seal_key seal_key_random(void) {
    struct seal_key key;
    randombytes_buf(key.bytes, sizeof key.bytes);
    return key;
}
