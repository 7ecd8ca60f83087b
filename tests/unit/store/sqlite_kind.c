/* How a store of SQLite is made, looked at and harmed. */
#include "sqlite_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const afters[] = {"", "-wal", "-wal-mark", "-shm"};

static void path_of(const char *place, const char *after, char ret[PLACE_MAX + 16]) {
    snprintf(ret, PLACE_MAX + 16, "%s%s", place, after);
}

static bool is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

struct image image_take(const char *place, const char *after) {
    struct image i;
    struct stat info;
    path_of(place, after, i.path);
    assert_int_equal(stat(i.path, &info), 0);
    i.len = (size_t)info.st_size;
    i.bytes = malloc(i.len + 1);
    FILE *f = fopen(i.path, "rb");
    assert_int_equal(fread(i.bytes, 1, i.len, f), i.len);
    fclose(f);
    return i;
}

void image_lay(const struct image *i) {
    FILE *f = fopen(i->path, "wb");
    assert_int_equal(fwrite(i->bytes, 1, i->len, f), i->len);
    fclose(f);
}

void image_drop(struct image *i) {
    free(i->bytes);
    i->bytes = NULL;
}

static void make(char ret_place[PLACE_MAX], char ret_beside[PLACE_MAX]) {
    char dir[] = "/tmp/ward-store-XXXXXX";
    assert_non_null(mkdtemp(dir));
    snprintf(ret_place, PLACE_MAX, "%s/store.db", dir);
    snprintf(ret_beside, PLACE_MAX, "%s/copy.db", dir);
}

static void unmake(const char *place, const char *beside) {
    char path[PLACE_MAX + 16];
    for (size_t i = 0; i < ARRAY_LEN(afters); i++) {
        path_of(place, afters[i], path);
        unlink(path);
        path_of(beside, afters[i], path);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s", place);
    *strrchr(path, '/') = 0;
    assert_int_equal(rmdir(path), 0);
}

static void spoil(const char *place) {
    FILE *f = fopen(place, "wb");
    assert_non_null(f);
    fputs("this is somebody's letter, and no store of anybody at all, not even a small one", f);
    fclose(f);
}

static uint64_t bytes(const char *place) {
    struct stat info;
    assert_int_equal(stat(place, &info), 0);
    return (uint64_t)info.st_size;
}

static bool holds(const char *place, const char *text) {
    bool found = false;
    for (size_t i = 0; i < ARRAY_LEN(afters) && !found; i++) {
        char path[PLACE_MAX + 16];
        path_of(place, afters[i], path);
        if (is_file(path)) {
            struct image image = image_take(place, afters[i]);
            found = memmem(image.bytes, image.len, text, strlen(text)) != NULL;
            image_drop(&image);
        }
    }
    return found;
}

static void copy_as_killed(const char *place, const char *to) {
    static const char *const kept[] = {"", "-wal", "-wal-mark"};
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        char path[PLACE_MAX + 16];
        path_of(place, kept[i], path);
        if (is_file(path)) {
            struct image image = image_take(place, kept[i]);
            path_of(to, kept[i], image.path);
            image_lay(&image);
            image_drop(&image);
        }
    }
}

/* A flipped bit in one place after the other, the first page closely. */
static struct image whole;

static size_t harm_at(size_t number) {
    enum { PAGE = 4096, CLOSE = 3, WIDE = 61, IN_FIRST = PAGE / CLOSE + 1 };
    return number < IN_FIRST ? number * CLOSE : IN_FIRST * CLOSE + (number - IN_FIRST) * WIDE;
}

static bool harm(const char *place, size_t number) {
    if (whole.bytes == NULL) {
        whole = image_take(place, "");
    }
    size_t at = harm_at(number);
    if (at >= whole.len) {
        return false;
    }
    whole.bytes[at] ^= (uint8_t)(1u << at % 8);
    image_lay(&whole);
    whole.bytes[at] ^= (uint8_t)(1u << at % 8);
    return true;
}

static void mend(const char *place) {
    (void)place;
    image_lay(&whole);
    image_drop(&whole);
}

const struct store_kind store_kind = {
    .make = make,
    .unmake = unmake,
    .nowhere = "/tmp/ward-no-such-dir/x.db",
    .spoil = spoil,
    .bytes = bytes,
    .holds = holds,
    .copy_as_killed = copy_as_killed,
    .harm = harm,
    .mend = mend,
};
