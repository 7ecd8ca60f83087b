/* What sealing and forgetting cost: records opened and sealed a second, keys born and destroyed.
 * Works on real files in a directory that it makes and removes.
 * Usage: bench_seal [KEYS [DIR]] (1000000, a new directory under /tmp) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "seal/keyring.h"
#include "seal/record.h"

enum { RECORD_BYTES = 200, ROUNDS = 300000 };

static char dir[256];

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(struct status s) {
    if (failed(s)) {
        fprintf(stderr, "bench: %s\n", error_info(s.code)->cause);
        exit(1);
    }
}

static const char *in_dir(const char *name) {
    static char path[4][512];
    static unsigned turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static void show(const char *what, double seconds, uint64_t count) {
    printf("%-44s %10.3f us each %12.0f a second %9.3f s\n", what, seconds * 1e6 / (double)count,
           (double)count / seconds, seconds);
}

static void bench_records(struct keyring *keys, const struct key_ref *refs, size_t count) {
    static uint8_t plain[RECORD_BYTES];
    static uint8_t sealed[RECORD_BYTES + RECORD_OVERHEAD];
    struct seal_place place = {.what = SEAL_RECORD, .owner = 1, .category = 2, .id = 3};
    struct seal_key key CLEANUP(seal_key_done) = seal_key_random();
    double t = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        record_seal(&key, &place, slice_of(plain, sizeof plain), sealed);
    }
    show("seal a record of 200 bytes", now_s() - t, ROUNDS);
    t = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        must(record_open(&key, &place, slice_of(sealed, sizeof sealed), plain));
    }
    show("open it", now_s() - t, ROUNDS);
    t = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        must(keyring_key(keys, refs[i % 1000], &key));
    }
    show("a key from the cache", now_s() - t, ROUNDS);
    t = now_s();
    for (size_t i = 0; i < ROUNDS; i++) {
        must(keyring_key(keys, refs[i * 7919 % count], &key));
    }
    show("a key from the file", now_s() - t, ROUNDS);
}

static void bench_keyring(size_t count) {
    struct seal_key root = seal_key_random();
    struct keyring_options options = {.fs = os_fs_real(), .root = &root};
    struct keyring *keys = NULL;
    struct key_ref *refs = mem_array(count, sizeof *refs);
    char path[512];
    snprintf(path, sizeof path, "%s", in_dir("keyring"));
    options.path = path;
    options.generation_path = in_dir("generations");
    must(refs == NULL ? FAIL(E_MEMORY) : keyring_create(&options));
    must(keyring_open(&options, &keys));
    double t = now_s();
    must(keyring_create_many(keys, KEY_SUBJECT, count, refs));
    show("keys born, one sync", now_s() - t, count);
    if (!keyring_stats(keys).memory_locked) {
        printf("note: memory could not be locked (ulimit -l)\n");
    }
    keyring_close(&keys);
    t = now_s();
    must(keyring_open(&options, &keys));
    show("keyring opened and checked, per slot", now_s() - t, count);
    bench_records(keys, refs, count);
    t = now_s();
    must(keyring_rotate(keys));
    show("rotation of the root key, per key", now_s() - t, count);
    /* In an order that is not the file's. */
    for (size_t i = count - 1; i > 0; i--) {
        size_t k = (size_t)(i * UINT64_C(0x9e3779b97f4a7c15) % (i + 1));
        struct key_ref r = refs[i];
        refs[i] = refs[k];
        refs[k] = r;
    }
    t = now_s();
    must(keyring_destroy_many(keys, refs, count / 2));
    show("half of the keys destroyed, scattered", now_s() - t, count / 2);
    t = now_s();
    must(keyring_destroy_many(keys, refs + count / 2, 1));
    show("one key destroyed", now_s() - t, 1);
    t = now_s();
    must(keyring_destroy_many(keys, refs + count / 2, count - count / 2));
    show("the other half destroyed", now_s() - t, count - count / 2);
    keyring_close(&keys);
    mem_free(refs);
}

int main(int argc, char **argv) {
    uint64_t keys = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    char command[512];
    snprintf(dir, sizeof dir, "%s/ward-bench-XXXXXX", argc > 2 ? argv[2] : "/tmp");
    if (keys < 2000 || mkdtemp(dir) == NULL) {
        fprintf(stderr, "usage: bench_seal [KEYS >= 2000 [DIR]]\n");
        return 2;
    }
    must(seal_init());
    bench_keyring((size_t)keys);
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    return system(command) == 0 ? 0 : 1;
}
