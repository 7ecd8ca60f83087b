/* Feeds a fuzz target with every file of its corpus, and with mutations of them, the same in each
 * run with the same seed. For builds without libFuzzer.
 * Usage: NAME_replay CORPUS_DIRECTORY [MUTATIONS [SEED]] */
#include <dirent.h>
#include <inttypes.h>
#include <string.h>

#include "fuzz.h"

enum { MAX_INPUTS = 4096, MAX_INPUT_BYTES = 1 << 20, MAX_PATH_BYTES = 4096, ROOM_BYTES = 256 };

struct input {
    uint8_t *bytes;
    size_t size;
};

static struct input inputs[MAX_INPUTS];
static size_t input_count;

static _Noreturn void stop(const char *what, const char *name) {
    fprintf(stderr, "%s: %s\n", name, what);
    exit(1);
}

/* One byte more than there is, so that a file at the limit is told from one beyond it. */
static void load(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(MAX_INPUT_BYTES + 1);
    if (file == NULL || bytes == NULL) {
        stop("cannot be read", path);
    }
    size_t size = fread(bytes, 1, MAX_INPUT_BYTES + 1, file);
    if (size > MAX_INPUT_BYTES || input_count == MAX_INPUTS) {
        stop("the corpus is too large", path);
    }
    fclose(file);
    /* Exactly as long as the input, so that the sanitizer sees a read past its end. */
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL) {
        stop("not enough memory", path);
    }
    memcpy(exact, bytes, size);
    free(bytes);
    inputs[input_count++] = (struct input){exact, size};
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_all(const char *directory) {
    struct dirent **names;
    int count = scandir(directory, &names, NULL, by_name);
    if (count < 0) {
        stop("no such directory", directory);
    }
    for (int i = 0; i < count; i++) {
        char path[MAX_PATH_BYTES];
        int len = snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && len > 0 && (size_t)len < sizeof path) {
            load(path);
        }
        free(names[i]);
    }
    free(names);
}

static uint64_t random_state;

static size_t below(size_t n) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return n == 0 ? 0 : (size_t)(random_state % n);
}

/* A piece of another input over or into this one. */
static size_t splice(uint8_t *bytes, size_t size) {
    const struct input *other = &inputs[below(input_count)];
    size_t from = below(other->size);
    size_t count = below(other->size - from < ROOM_BYTES ? other->size - from : ROOM_BYTES);
    size_t at = below(size);
    memmove(bytes + at + count, bytes + at, size - at);
    memcpy(bytes + at, other->bytes + from, count);
    return size + count;
}

static size_t edit(uint8_t *bytes, size_t size) {
    size_t at = below(size);
    switch (below(6)) {
    case 0:
        bytes[at] = (uint8_t)below(256);
        return size;
    case 1:
        bytes[at] ^= (uint8_t)(1u << below(8));
        return size;
    case 2:
        memmove(bytes + at, bytes + at + 1, size - at - 1);
        return size - 1;
    case 3:
        memmove(bytes + at + 1, bytes + at, size - at);
        return size + 1;
    case 4:
        return at;
    default:
        return splice(bytes, size);
    }
}

static void run_mutation(void) {
    enum { EDITS = 4 };
    const struct input *seed = &inputs[below(input_count)];
    uint8_t *bytes = malloc(seed->size + EDITS * ROOM_BYTES + 1);
    if (bytes == NULL) {
        stop("not enough memory", "mutation");
    }
    memcpy(bytes, seed->bytes, seed->size);
    size_t size = seed->size;
    for (size_t n = 1 + below(EDITS); n > 0 && size > 0; n--) {
        size = edit(bytes, size);
    }
    uint8_t *exact = realloc(bytes, size == 0 ? 1 : size);
    if (exact == NULL) {
        stop("not enough memory", "mutation");
    }
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        stop("usage: CORPUS_DIRECTORY [MUTATIONS [SEED]]", argv[0]);
    }
    uint64_t mutations = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    random_state = (argc > 3 ? strtoull(argv[3], NULL, 10) : 0) + 0x9e3779b97f4a7c15u;
    load_all(argv[1]);
    if (input_count == 0) {
        stop("the corpus is empty", argv[1]);
    }
    for (size_t i = 0; i < input_count; i++) {
        LLVMFuzzerTestOneInput(inputs[i].bytes, inputs[i].size);
    }
    for (uint64_t i = 0; i < mutations; i++) {
        run_mutation();
    }
    printf("%zu inputs, %" PRIu64 " mutations\n", input_count, mutations);
    for (size_t i = 0; i < input_count; i++) {
        free(inputs[i].bytes);
    }
    return 0;
}
