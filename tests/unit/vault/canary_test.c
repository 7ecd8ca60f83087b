/* After an erasure, a text and a picture are looked for in every place where they, or a key that
 * opens them, could be: each place is named as it is searched. */
#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { PICTURE_BYTES = 150000, NEEDLE = 24 };

/* Needles are kept flipped, so that the test's own copy is not what is found. */
struct canary {
    uint8_t text[NEEDLE];
    uint8_t picture[3][NEEDLE]; /* from its begin, its middle and its end */
};

static void flip(uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0xa5;
    }
}

static bool is_at(const uint8_t *hay, const uint8_t flipped[NEEDLE]) {
    size_t i = 0;
    while (i < NEEDLE && hay[i] == (uint8_t)(flipped[i] ^ 0xa5)) {
        i++;
    }
    return i == NEEDLE;
}

static size_t count_all(const uint8_t *hay, size_t len, const struct canary *c) {
    const uint8_t *needles[] = {c->text, c->picture[0], c->picture[1], c->picture[2]};
    bool first[256] = {false};
    for (size_t i = 0; i < ARRAY_LEN(needles); i++) {
        first[needles[i][0] ^ 0xa5] = true;
    }
    size_t count = 0;
    for (size_t at = 0; len >= NEEDLE && at <= len - NEEDLE; at++) {
        for (size_t i = 0; first[hay[at]] && i < ARRAY_LEN(needles); i++) {
            count += is_at(hay + at, needles[i]);
        }
    }
    return count;
}

static size_t search_file(const char *path, const struct canary *c) {
    struct stat info;
    if (stat(path, &info) != 0 || info.st_size == 0) {
        return 0;
    }
    uint8_t *bytes = malloc((size_t)info.st_size);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(bytes, 1, (size_t)info.st_size, f);
    fclose(f);
    size_t found = count_all(bytes, len, c);
    mem_wipe(bytes, len);
    free(bytes);
    printf("[ searched ] %s: %zu\n", path, found);
    return found;
}

static size_t search_dir(const char *dir, const struct canary *c) {
    DIR *d = opendir(dir);
    assert_non_null(d);
    size_t found = 0;
    struct dirent *entry = NULL;
    while ((entry = readdir(d)) != NULL) {
        char path[512];
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        bool own = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        if (own && stat(path, &info) == 0) {
            found += S_ISDIR(info.st_mode) ? search_dir(path, c) : search_file(path, c);
        }
    }
    closedir(d);
    return found;
}

/* Page by page into one buffer that is itself left out. */
static size_t search_range(int fd, unsigned long from, unsigned long to, uint8_t *window,
                           size_t size, const struct canary *c) {
    size_t found = 0;
    for (unsigned long at = from; at < to;) {
        size_t len = to - at < size ? (size_t)(to - at) : size;
        ssize_t got = pread(fd, window, len, (off_t)at);
        if (got <= 0) {
            break;
        }
        found += count_all(window, (size_t)got, c);
        at +=
            (unsigned long)(got > NEEDLE ? got - (at + (unsigned long)got < to ? NEEDLE : 0) : got);
    }
    return found;
}

static size_t search_memory(const struct canary *c) {
    enum { WINDOW = 1 << 20 };
    static uint8_t window[WINDOW];
    FILE *maps = fopen("/proc/self/maps", "r");
    int fd = open("/proc/self/mem", O_RDONLY);
    assert_non_null(maps);
    assert_true(fd >= 0);
    char line[512];
    size_t found = 0;
    unsigned long bytes = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from = 0;
        unsigned long to = 0;
        char mode[8];
        bool ours = sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[0] == 'r' &&
                    mode[1] == 'w' && to - from < (1ul << 30);
        unsigned long w0 = (unsigned long)(uintptr_t)window;
        if (!ours) {
            continue;
        }
        bool holds_window = w0 >= from && w0 < to;
        unsigned long middle = holds_window ? w0 : to;
        found += search_range(fd, from, middle, window, WINDOW, c);
        mem_wipe(window, sizeof window);
        if (holds_window) {
            found += search_range(fd, w0 + WINDOW, to, window, WINDOW, c);
        }
        bytes += to - from;
    }
    fclose(maps);
    close(fd);
    printf("[ searched ] /proc/self/mem, %lu bytes: %zu\n", bytes, found);
    return found;
}

static void make_picture(uint8_t *to) {
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < PICTURE_BYTES; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        to[i] = (uint8_t)x;
    }
}

static void note_needles(struct canary *c, const uint8_t *picture, const char *text) {
    memcpy(c->text, text, NEEDLE);
    memcpy(c->picture[0], picture, NEEDLE);
    memcpy(c->picture[1], picture + PICTURE_BYTES / 2, NEEDLE);
    memcpy(c->picture[2], picture + PICTURE_BYTES - NEEDLE, NEEDLE);
    flip(c->text, NEEDLE);
    for (int i = 0; i < 3; i++) {
        flip(c->picture[i], NEEDLE);
    }
}

static uint64_t put_canaries(struct world *w, uint64_t alice, struct canary *c) {
    uint8_t *picture = malloc(PICTURE_BYTES);
    char *text = malloc(4096);
    make_picture(picture);
    for (int i = 0; i < 4095; i++) {
        text[i] = (char)('a' + picture[i] % 26);
    }
    text[4095] = '\0';
    note_needles(c, picture, text);
    uint64_t id = 0;
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, text, &id));
    ASSERT_OK(vault_keep(w->v, alice, 5, 1, slice_str(text)));
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = alice, .category = w->clip};
    uint64_t blob = 0;
    ASSERT_OK(vault_blob_begin(w->v, &use, &meta, SLICE("image/png"), &blob, NULL));
    ASSERT_OK(vault_blob_add(w->v, blob, 0, slice_of(picture, PICTURE_BYTES)));
    ASSERT_OK(vault_blob_finish(w->v, blob));
    mem_wipe(picture, PICTURE_BYTES);
    mem_wipe(text, 4096);
    free(picture);
    free(text);
    return blob;
}

static void read_canaries(struct world *w, uint64_t blob) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    struct vault_blob *open = NULL;
    uint8_t *bytes = malloc(PICTURE_BYTES);
    ASSERT_OK(vault_blob_open(w->v, &use, blob, &open, NULL));
    ASSERT_OK(vault_blob_read(open, 0, bytes, PICTURE_BYTES));
    vault_blob_close(&open);
    mem_wipe(bytes, PICTURE_BYTES);
    free(bytes);
}

static void nothing_of_an_erased_person_is_found(void **state) {
    struct world *w = *state;
    struct canary canary;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t blob = put_canaries(w, alice, &canary);
    read_canaries(w, blob);
    char backup[128];
    snprintf(backup, sizeof backup, "%s/backup", w->dir);
    ASSERT_OK(vault_backup(w->v, backup));
    struct vault_erased erased;
    ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    assert_int_equal(search_dir(w->dir, &canary), 0);
    assert_int_equal(search_memory(&canary), 0);
    world_reopen(w);
    assert_int_equal(search_dir(w->dir, &canary), 0);

    /* The backup of the data, with the living keyring: restored, it knows nothing of her. */
    vault_close(&w->v);
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", w->data);
    assert_int_equal(system(command), 0);
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    ASSERT_OK(vault_restore(&options, backup, &w->v, &restored));
    world_names(w);
    struct vault_subject subject;
    ASSERT_IS(vault_subject_get(w->v, alice, &subject), E_NO_SUBJECT);
    assert_int_equal(world_count(w, (struct vault_query){.owner = alice}), 0);
    assert_int_equal(search_dir(w->dir, &canary), 0);
    assert_int_equal(search_memory(&canary), 0);
}

/* The search finds what is there: a canary that is still in memory, and one in a file. */
static void the_search_can_find(void **state) {
    struct world *w = *state;
    struct canary canary;
    uint64_t alice = world_adult(w, "alice@example.org");
    put_canaries(w, alice, &canary);
    uint8_t *copy = malloc(NEEDLE);
    memcpy(copy, canary.text, NEEDLE);
    flip(copy, NEEDLE);
    assert_true(search_memory(&canary) > 0);
    char path[160];
    snprintf(path, sizeof path, "%s/plain", w->dir);
    FILE *f = fopen(path, "wb");
    fwrite(copy, 1, NEEDLE, f);
    fclose(f);
    mem_wipe(copy, NEEDLE);
    free(copy);
    assert_int_equal(search_dir(w->dir, &canary), 1);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(nothing_of_an_erased_person_is_found),
        TEST(the_search_can_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
