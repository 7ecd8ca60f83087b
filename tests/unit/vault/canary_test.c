/* After an erasure, a text and a picture are looked for in every place where they, a key that opens
 * them, what those keys sealed, or what the person was found by could be: the database, its
 * journal, freed pages, blobs, the keyring, the ledger's directory, process memory, and all of it
 * again after a restart and in a restored backup. Each place is named as it is searched.
 *
 * The same story is told once without the erasure: then every one of these is found in its place,
 * at every moment. So a search that cannot find is noticed. */
#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"
#include "keyring_impl.h"

enum { PICTURE_BYTES = 150000, TEXT_BYTES = 3000, PIECE = 16, PIECES = 3 };

enum needle {
    PLAIN_TEXT,
    PLAIN_PICTURE,
    KEY_OF_PERSON,
    KEY_OF_ACCOUNT, /* the category of the texts */
    KEY_OF_PICTURE,
    WRAPPED_PERSON,
    WRAPPED_ACCOUNT,
    WRAPPED_PICTURE,
    ROW_OF_PERSON, /* the facts, sealed */
    ROW_OF_TAG,
    ROW_OF_ENTRIES,
    ROW_OLD, /* a text that is in the database's file */
    ROW_NEW, /* one that is in its journal alone */
    CHUNK_OF_PICTURE,
    TAG,       /* by which a mail address leads to her */
    FRAME,     /* of the access journal */
    PUBLISHED, /* her commitment in the log: stays, and shows that the tiles are searched */
    NEEDLES,
};

static const char *const needle_names[NEEDLES] = {
    "text",         "picture",     "person's key",  "category's key", "picture's key",
    "wrapped (p)",  "wrapped (c)", "wrapped (pic)", "person's row",   "tag's row",
    "entries' row", "old row",     "new row",       "sealed picture", "tag",
    "access frame", "commitment"};

enum place { DATABASE, JOURNAL, BLOBS, KEYRING, ACCESSES, TILES, LEDGER, MEMORY, PLACES };

static const char *const place_names[PLACES] = {"database and its freed pages",
                                                "database's journal",
                                                "blobs",
                                                "keyring",
                                                "access journal",
                                                "published log",
                                                "rest of the ledger's directory",
                                                "memory"};

/* Needles are kept flipped, so that the test's own copy is not what is found. */
struct canary {
    size_t lens[NEEDLES]; /* of a piece; 0: there is none */
    uint8_t pieces[NEEDLES][PIECES][PIECE];
    size_t counts[NEEDLES];
    bool heads[1 << 16]; /* first two bytes, as they are */
};

/* Searching ------------------------------------------------------------------------------- */

static void note_piece(struct canary *c, enum needle n, size_t piece, const void *bytes,
                       size_t len) {
    c->lens[n] = len;
    for (size_t i = 0; i < len; i++) {
        c->pieces[n][piece][i] = ((const uint8_t *)bytes)[i] ^ 0xa5;
    }
    c->heads[bytes_be16(bytes)] = true;
}

/* Three pieces from the beginning, the middle and the end, the first few bytes apart. */
static void note(struct canary *c, enum needle n, const void *bytes, size_t len, size_t head) {
    const uint8_t *from = bytes;
    size_t piece = len - head < PIECE ? len - head : PIECE;
    assert_true(len > head && piece >= 8);
    note_piece(c, n, 0, from + head, piece);
    note_piece(c, n, 1, from + head + (len - head - piece) / 2, piece);
    note_piece(c, n, 2, from + len - piece, piece);
}

static bool is_at(const uint8_t *hay, size_t left, const uint8_t *flipped, size_t len) {
    size_t i = 0;
    while (i < len && len <= left && hay[i] == (uint8_t)(flipped[i] ^ 0xa5)) {
        i++;
    }
    return len > 0 && i == len;
}

static void count_at(struct canary *c, const uint8_t *hay, size_t left) {
    for (int n = 0; n < NEEDLES; n++) {
        bool found = false;
        for (size_t piece = 0; piece < PIECES && !found; piece++) {
            found = is_at(hay, left, c->pieces[n][piece], c->lens[n]);
        }
        c->counts[n] += found;
    }
}

/* Over hundreds of megabytes: without the sanitizers' checks of each byte. */
__attribute__((no_sanitize("address"), no_sanitize("undefined"))) static void
count_all(struct canary *c, const uint8_t *hay, size_t len) {
    unsigned head = 0;
    for (size_t i = 0; i < len; i++) {
        head = (head << 8 | hay[i]) & 0xffff;
        if (head != 0 && i > 0 && c->heads[head]) {
            count_at(c, hay + i - 1, len - i + 1);
        }
    }
}

static void search_file(const char *path, struct canary *c) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &info) == 0);
    size_t len = (size_t)info.st_size;
    uint8_t *bytes = malloc(len + 1);
    assert_int_equal(read(fd, bytes, len), len);
    close(fd);
    count_all(c, bytes, len);
    mem_wipe(bytes, len);
    free(bytes);
}

static enum place place_of(const struct world *w, const char *path) {
    size_t data = strlen(w->data);
    if (strncmp(path, w->data, data) == 0) {
        bool blob = strncmp(path + data, "/blobs/", 7) == 0;
        return blob ? BLOBS : strstr(path, "-wal") != NULL ? JOURNAL : DATABASE;
    }
    if (strncmp(path, w->keys, strlen(w->keys)) == 0) {
        return KEYRING;
    }
    size_t ledger = strlen(w->ledger);
    return strcmp(path + ledger, "/accesses") == 0   ? ACCESSES
           : strncmp(path + ledger, "/log/", 5) == 0 ? TILES
                                                     : LEDGER;
}

typedef void file_fn(const struct world *w, const char *path, void *arg);

static void each_file(const struct world *w, const char *dir, file_fn *each, void *arg) {
    DIR *d = opendir(dir);
    assert_non_null(d);
    struct dirent *entry = NULL;
    while ((entry = readdir(d)) != NULL) {
        char path[512];
        struct stat info;
        int len = snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        assert_true(len > 0 && (size_t)len < sizeof path);
        bool own = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        if (own && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            each_file(w, path, each, arg);
        } else if (own) {
            each(w, path, arg);
        }
    }
    closedir(d);
}

/* Page by page into one buffer that is itself left out. */
static void search_range(int fd, unsigned long from, unsigned long to, uint8_t *window, size_t size,
                         struct canary *c) {
    for (unsigned long at = from; at < to;) {
        size_t len = to - at < size ? (size_t)(to - at) : size;
        ssize_t got = pread(fd, window, len, (off_t)at);
        if (got <= 0) {
            break;
        }
        count_all(c, window, (size_t)got);
        bool last = at + (unsigned long)got >= to;
        at += (unsigned long)(last || got <= PIECE ? got : got - PIECE);
    }
}

/* Everything that is written to, but for what only the sanitizer keeps. */
static unsigned long search_memory(struct canary *c) {
    enum { WINDOW = 1 << 20 };
    static uint8_t window[WINDOW];
    FILE *maps = fopen("/proc/self/maps", "r");
    int fd = open("/proc/self/mem", O_RDONLY);
    assert_non_null(maps);
    assert_true(fd >= 0);
    char line[512];
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
        search_range(fd, from, holds_window ? w0 : to, window, WINDOW, c);
        mem_wipe(window, sizeof window);
        if (holds_window) {
            search_range(fd, w0 + WINDOW, to, window, WINDOW, c);
        }
        bytes += to - from;
    }
    fclose(maps);
    close(fd);
    return bytes;
}

struct result {
    size_t counts[PLACES][NEEDLES];
    size_t files[PLACES];
    unsigned long memory_bytes;
};

struct searching {
    struct canary *canary;
    struct result *result;
};

static void search_one(const struct world *w, const char *path, void *arg) {
    struct searching *s = arg;
    enum place place = place_of(w, path);
    memset(s->canary->counts, 0, sizeof s->canary->counts);
    search_file(path, s->canary);
    s->result->files[place]++;
    for (int n = 0; n < NEEDLES; n++) {
        s->result->counts[place][n] += s->canary->counts[n];
    }
}

static void print_place(const struct result *r, enum place place, const char *when) {
    if (place == MEMORY) {
        printf("[ searched ] %s: %s, %lu bytes:", when, place_names[place], r->memory_bytes);
    } else {
        printf("[ searched ] %s: %s, %zu files:", when, place_names[place], r->files[place]);
    }
    bool any = false;
    for (int n = 0; n < NEEDLES; n++) {
        if (r->counts[place][n] > 0) {
            printf("%s %s %zu", any ? "," : "", needle_names[n], r->counts[place][n]);
            any = true;
        }
    }
    puts(any ? "" : " nothing");
}

static void search(const struct world *w, struct canary *c, const char *when, struct result *r) {
    const char *const dirs[] = {w->data, w->keys, w->ledger};
    struct searching s = {c, r};
    *r = (struct result){.memory_bytes = 0};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        each_file(w, dirs[i], search_one, &s);
    }
    memset(c->counts, 0, sizeof c->counts);
    r->memory_bytes = search_memory(c);
    memcpy(r->counts[MEMORY], c->counts, sizeof c->counts);
    for (int place = 0; place < PLACES; place++) {
        print_place(r, (enum place)place, when);
    }
}

/* What there is to find ------------------------------------------------------------------- */

static void make_picture(uint8_t *to) {
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < PICTURE_BYTES; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        to[i] = (uint8_t)x;
    }
}

static uint64_t put_text(struct world *w, uint64_t alice, struct canary *c) {
    uint8_t *bytes = malloc(TEXT_BYTES + 1);
    seal_random(bytes, TEXT_BYTES);
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        bytes[i] = (uint8_t)('a' + bytes[i] % 26);
    }
    bytes[TEXT_BYTES] = 0;
    if (c != NULL) {
        note(c, PLAIN_TEXT, bytes, TEXT_BYTES, 0);
    }
    uint64_t id = 0;
    ASSERT_OK(world_put(w, alice, w->keep_account, w->account, (char *)bytes, &id));
    mem_wipe(bytes, TEXT_BYTES);
    free(bytes);
    return id;
}

static uint64_t put_picture(struct world *w, uint64_t alice, struct canary *c) {
    uint8_t *picture = malloc(PICTURE_BYTES);
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = alice, .category = w->clip};
    uint64_t blob = 0;
    make_picture(picture);
    note(c, PLAIN_PICTURE, picture, PICTURE_BYTES, 0);
    ASSERT_OK(vault_blob_begin(w->v, &use, &meta, SLICE("image/png"), &blob, NULL));
    ASSERT_OK(vault_blob_add(w->v, blob, 0, slice_of(picture, PICTURE_BYTES)));
    ASSERT_OK(vault_blob_finish(w->v, blob));
    mem_wipe(picture, PICTURE_BYTES);
    free(picture);
    return blob;
}

static void note_key(struct world *w, struct canary *c, enum needle raw, enum needle wrapped,
                     struct key_ref ref) {
    struct seal_key key CLEANUP(seal_key_done) = {.bytes = {0}};
    uint8_t slot[SLOT_LEN];
    char path[160];
    size_t got = 0;
    struct os_file *file = NULL;
    ASSERT_OK(keyring_key(w->v->keys, ref, &key));
    note(c, raw, key.bytes, sizeof key.bytes, 0);
    snprintf(path, sizeof path, "%s/keyring", w->keys);
    ASSERT_OK(os_open(w->fs, path, OS_READ, &file));
    ASSERT_OK(os_read_at(w->fs, file, slot_offset(ref.slot), slot, sizeof slot, &got));
    os_close(w->fs, &file);
    assert_int_equal(got, SLOT_LEN);
    note(c, wrapped, slot, SLOT_LEN, SLOT_LEN - WRAP_LEN);
    mem_wipe(slot, sizeof slot);
}

static void note_keys(struct world *w, struct canary *c, uint64_t alice, uint64_t blob) {
    struct person *p = NULL;
    struct buf ref CLEANUP(buf_done);
    buf_init_secret(&ref, KEY_REF_LEN);
    ASSERT_OK(person_get(w->v, alice, &p));
    note_key(w, c, KEY_OF_PERSON, WRAPPED_PERSON, person_key_find(p, PERSON_KEY)->ref);
    note_key(w, c, KEY_OF_ACCOUNT, WRAPPED_ACCOUNT,
             person_key_find(p, (uint32_t)w->account + 1)->ref);
    ASSERT_OK(state_get(w->v, STORE_BLOBS, 0, blob, &ref));
    note_key(w, c, KEY_OF_PICTURE, WRAPPED_PICTURE, key_ref_get(ref.ptr));
}

struct noting {
    struct canary *canary;
    enum needle needle;
    uint64_t id; /* 0: any */
};

static struct status note_row(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    const struct noting *noting = arg;
    (void)owner;
    if (noting->id == 0 || noting->id == id) {
        note(noting->canary, noting->needle, bytes.ptr, bytes.len, bytes.len > 40 ? 8 : 0);
    }
    return STATUS_OK;
}

static void note_row_of(struct world *w, struct canary *c, enum needle needle,
                        enum store_space space, uint64_t owner, uint64_t id) {
    struct noting noting = {c, needle, id};
    ASSERT_OK(store_each(w->v->store, space, owner, 0, note_row, &noting));
    assert_true(c->lens[needle] > 0);
}

static void note_tag(struct world *w, struct canary *c) {
    struct seal_hash tag;
    ASSERT_OK(keyring_tag(w->v->keys, SLICE("mail"), SLICE("alice@example.org"), &tag));
    note(c, TAG, tag.bytes, 8, 0); /* the half that the index holds */
    mem_wipe(&tag, sizeof tag);
}

static void note_file(const struct world *w, const char *path, void *arg) {
    const struct noting *noting = arg;
    uint8_t bytes[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)w;
    assert_true(fd >= 0 && pread(fd, bytes, sizeof bytes, 64) >= 64);
    close(fd);
    note(noting->canary, noting->needle, bytes, 64, 0);
}

static void note_files(struct world *w, struct canary *c) {
    struct noting chunk = {c, CHUNK_OF_PICTURE, 0};
    struct noting frame = {c, FRAME, 0};
    char path[160];
    snprintf(path, sizeof path, "%s/blobs", w->data);
    each_file(w, path, note_file, &chunk);
    snprintf(path, sizeof path, "%s/accesses", w->ledger);
    note_file(w, path, &frame);
}

/* The leaf of her coming is published with her commitment. */
static void note_commitment(struct world *w, struct canary *c, uint64_t leaf) {
    char path[160];
    uint8_t bundle[4096];
    struct buf note_text CLEANUP(buf_done);
    buf_init(&note_text, NOTE_MAX);
    ASSERT_OK(vault_checkpoint(w->v, &note_text));
    snprintf(path, sizeof path, "%s/log/tile/entries/000.p/%lu", w->ledger,
             (unsigned long)vault_stats(w->v).leaves);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t len = pread(fd, bundle, sizeof bundle, (off_t)(leaf * (2 + LEAF_LEN)));
    close(fd);
    assert_true(len >= 2 + LEAF_LEN);
    note(c, PUBLISHED, bundle + 2, LEAF_LEN, LEAF_LEN - 2 * SEAL_HASH_LEN);
}

/* The story --------------------------------------------------------------------------------- */

struct pair {
    enum needle needle;
    enum place place;
};

/* Where each is while she is there, at every moment of the story, and where the search must find
 * nothing of it afterwards: anywhere. */
static const struct pair lives[] = {
    {KEY_OF_PERSON, MEMORY},
    {KEY_OF_ACCOUNT, MEMORY},
    {KEY_OF_PICTURE, MEMORY},
    {WRAPPED_PERSON, KEYRING},
    {WRAPPED_ACCOUNT, KEYRING},
    {WRAPPED_PICTURE, KEYRING},
    {ROW_OF_PERSON, DATABASE},
    {ROW_OF_TAG, DATABASE},
    {ROW_OLD, DATABASE},
    {CHUNK_OF_PICTURE, BLOBS},
    {TAG, MEMORY},
    {PUBLISHED, TILES},
};
/* And at the moment before she leaves, besides. */
static const struct pair before[] = {
    {ROW_NEW, JOURNAL}, {FRAME, ACCESSES}, {ROW_OF_ENTRIES, DATABASE}};

static void assert_found(const struct result *r, const struct pair *pairs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (r->counts[pairs[i].place][pairs[i].needle] == 0) {
            fail_msg("%s: no %s is found, and there is one", place_names[pairs[i].place],
                     needle_names[pairs[i].needle]);
        }
    }
}

/* What no key opens any more may stay in memory for a while: pages of the store that were let go.
 */
static bool may_stay(int place, int n) {
    bool sealed = (n >= ROW_OF_PERSON && n <= CHUNK_OF_PICTURE) || n == FRAME;
    return n == PUBLISHED || (place == MEMORY && sealed);
}

static void assert_nothing(const struct result *r) {
    for (int place = 0; place < PLACES; place++) {
        for (int n = 0; n < NEEDLES; n++) {
            if (!may_stay(place, n) && r->counts[place][n] > 0) {
                fail_msg("%s: %s is found", place_names[place], needle_names[n]);
            }
        }
    }
    assert_true(r->counts[TILES][PUBLISHED] > 0);
}

static void check(const struct world *w, struct canary *c, bool erased, const char *when) {
    static struct result r;
    search(w, c, when, &r);
    if (erased) {
        assert_nothing(&r);
    } else {
        assert_found(&r, lives, ARRAY_LEN(lives));
    }
}

static void read_picture(struct world *w, uint64_t blob) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    struct vault_blob *open = NULL;
    uint8_t *bytes = malloc(PICTURE_BYTES);
    ASSERT_OK(vault_blob_open(w->v, &use, blob, &open, NULL));
    ASSERT_OK(vault_blob_read(open, 0, bytes, PICTURE_BYTES));
    vault_blob_close(&open);
    mem_wipe(bytes, PICTURE_BYTES);
    free(bytes);
}

/* As the service does what it does: all keys that she has are in use. */
static void read_all(struct world *w, uint64_t text, uint64_t blob) {
    char *got = malloc(2 * TEXT_BYTES);
    ASSERT_OK(world_read(w, w->keep_account, text, got, 2 * TEXT_BYTES));
    mem_wipe(got, 2 * TEXT_BYTES);
    free(got);
    read_picture(w, blob);
}

static void a_minute(struct world *w) {
    int64_t next_ms = 0;
    for (int i = 0; i < 60; i++) {
        w->fake.now_ms += 1000;
        ASSERT_OK(vault_tick(w->v, &next_ms));
    }
}

static void restore(struct world *w, const char *backup) {
    char command[256];
    vault_close(&w->v);
    snprintf(command, sizeof command, "rm -rf '%s'", w->data);
    assert_int_equal(system(command), 0);
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    ASSERT_OK(vault_restore(&options, backup, &w->v, &restored));
    world_names(w);
}

static void assert_gone(struct world *w, uint64_t alice) {
    struct vault_subject subject;
    ASSERT_IS(vault_subject_get(w->v, alice, &subject), E_NO_SUBJECT);
    assert_int_equal(world_count(w, (struct vault_query){.owner = alice}), 0);
}

static void tell(struct world *w, bool erases) {
    static struct canary c;
    static struct result r;
    c = (struct canary){.lens = {0}};
    uint64_t leaf = vault_stats(w->v).leaves;
    uint64_t alice = world_adult(w, "alice@example.org");
    uint64_t old = put_text(w, alice, NULL);
    uint64_t blob = put_picture(w, alice, &c);
    world_reopen(w); /* what came so far is in the database's file */
    uint64_t text = put_text(w, alice, &c);
    read_all(w, text, blob);
    note_keys(w, &c, alice, blob);
    note_tag(w, &c);
    note_row_of(w, &c, ROW_OF_PERSON, STORE_SUBJECTS, alice, 0);
    note_row_of(w, &c, ROW_OF_TAG, STORE_TAGGED, alice, 0);
    note_row_of(w, &c, ROW_OF_ENTRIES, STORE_OPENINGS, alice, 0);
    note_row_of(w, &c, ROW_OLD, STORE_RECORDS, alice, old);
    note_row_of(w, &c, ROW_NEW, STORE_RECORDS, alice, text);
    note_files(w, &c);
    note_commitment(w, &c, leaf);
    search(w, &c, "before", &r);
    assert_found(&r, lives, ARRAY_LEN(lives));
    assert_found(&r, before, ARRAY_LEN(before));

    char backup[128];
    snprintf(backup, sizeof backup, "%s/backup", w->dir);
    ASSERT_OK(vault_backup(w->v, backup));
    if (erases) {
        struct vault_erased erased;
        ASSERT_OK(vault_erase_subject(w->v, NULL, alice, SLICE(""), NULL, &erased));
    }
    a_minute(w);
    check(w, &c, erases, erases ? "erased" : "not erased");
    world_reopen(w);
    if (!erases) {
        read_all(w, text, blob);
    }
    check(w, &c, erases, "opened again");
    /* The backup of the data, with the living keyring: restored, it knows nothing of her. */
    restore(w, backup);
    if (erases) {
        assert_gone(w, alice);
    } else {
        read_all(w, text, blob);
    }
    a_minute(w);
    check(w, &c, erases, "restored");
}

static void nothing_of_an_erased_person_is_found(void **state) {
    tell(*state, true);
}

static void all_of_it_is_found_where_nobody_is_erased(void **state) {
    tell(*state, false);
}

/* The plain text and picture are never anywhere to be found, so the search is shown one. */
static void the_search_can_find(void **state) {
    struct world *w = *state;
    static struct canary c;
    static struct result r;
    uint64_t alice = world_adult(w, "alice@example.org");
    put_picture(w, alice, &c);
    uint8_t *copy = malloc(PIECE);
    for (size_t i = 0; i < PIECE; i++) {
        copy[i] = c.pieces[PLAIN_PICTURE][1][i] ^ 0xa5;
    }
    char path[160];
    snprintf(path, sizeof path, "%s/plain", w->ledger);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, copy, PIECE), PIECE);
    close(fd);
    search(w, &c, "planted", &r);
    assert_int_equal(r.counts[MEMORY][PLAIN_PICTURE], 1);
    assert_int_equal(r.counts[LEDGER][PLAIN_PICTURE], 1);
    mem_wipe(copy, PIECE);
    free(copy);
    assert_int_equal(unlink(path), 0);
    search(w, &c, "taken away", &r);
    assert_int_equal(r.counts[MEMORY][PLAIN_PICTURE], 0);
    assert_int_equal(r.counts[LEDGER][PLAIN_PICTURE], 0);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(nothing_of_an_erased_person_is_found),
        TEST(all_of_it_is_found_where_nobody_is_erased),
        TEST(the_search_can_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
