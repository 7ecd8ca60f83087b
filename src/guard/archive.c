/* Everything held about a person as one tar file (POSIX ustar) in a sealed memfd: data.jsonl, one
 * line a record, and each clip as it was published. Machine-readable and complete (GDPR Art. 15(3)
 * and 20(1)). */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "wire/json.h"

enum { BLOCK = 512, LINES_MAX = 256 << 20, NAME_MAX_BYTES = 99 };

/* --- a payload as JSON --- */

static void put_value(struct json_writer *w, const struct api_type *t, const struct api_value *v) {
    switch (t->kind) {
    case API_BOOL:
        json_put_bool(w, v->yes);
        return;
    case API_U32:
    case API_U64:
    case API_ID:
    case API_I64:
    case API_TIME:
        json_put_int(w, v->i);
        return;
    case API_DATE:
    case API_TEXT:
        json_put_string(w, v->bytes);
        return;
    case API_SECRET:
    case API_BYTES:
    case API_LIST:
    case API_RECORD:
        json_put_null(w);
        return;
    }
}

static const struct {
    const char *category;
    enum api_stored stored;
} stored_as[] = {
    {"account", API_STORED_ACCOUNT},
    {"mail-address", API_STORED_ADDRESS},
    {"guardian-link", API_STORED_GUARDIANSHIP},
    {"clip-meta", API_STORED_CLIP},
    {"like", API_STORED_LIKE},
    {"watch-history", API_STORED_WATCH},
};

static const struct api_shape *shape_of(const struct guard *g, uint8_t category,
                                        enum api_stored *ret_stored) {
    struct slice name = vault_category_name(g->vault, category);
    for (size_t i = 0; i < ARRAY_LEN(stored_as); i++) {
        if (slice_eq(name, slice_str(stored_as[i].category))) {
            *ret_stored = stored_as[i].stored;
            return api_shape_stored(stored_as[i].stored);
        }
    }
    return NULL;
}

struct status stored_print(struct call *c, uint8_t category, struct slice payload,
                           struct buf *out) {
    enum api_stored what = API_STORED_ACCOUNT;
    const struct api_shape *shape = shape_of(c->g, category, &what);
    struct json_writer w;
    struct api_value *v = NULL;
    json_put_open(&w, out);
    json_put_object(&w);
    if (shape != NULL) {
        TRY(stored_read(what, payload, c->arena, &v));
    }
    for (uint32_t i = 0; shape != NULL && i < shape->count; i++) {
        json_put_key(&w, slice_str(shape->fields[i].name));
        put_value(&w, &shape->fields[i].type, &v[i]);
    }
    json_put_close(&w);
    return json_put_done(&w);
}

/* --- tar --- */

struct archive {
    struct call *c;
    int fd;
    uint64_t size;
    struct buf lines;
    struct vault_use use;
    uint64_t subject;
    struct index_of_blobs {
        uint64_t ids[GUARD_CLIPS_EACH * 3];
        size_t count;
    } blobs;
};

static struct status add_bytes(struct archive *a, const void *bytes, size_t len) {
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t n = write(a->fd, at, len);
        if (n <= 0) {
            return FAIL(E_MEMORY);
        }
        at += n;
        len -= (size_t)n;
        a->size += (uint64_t)n;
    }
    return STATUS_OK;
}

static struct status add_padding(struct archive *a, uint64_t size) {
    static const uint8_t zeros[BLOCK];
    size_t more = (size_t)((BLOCK - size % BLOCK) % BLOCK);
    return add_bytes(a, zeros, more);
}

static void octal(char *to, size_t digits, uint64_t n) {
    for (size_t i = digits; i > 0; i--) {
        to[i - 1] = (char)('0' + (n & 7));
        n >>= 3;
    }
}

static struct status add_head(struct archive *a, struct slice name, uint64_t size) {
    char head[BLOCK] = {0};
    unsigned sum = 0;
    if (name.len > NAME_MAX_BYTES) {
        return FAIL(E_TOO_LARGE);
    }
    memcpy(head, name.ptr, name.len);
    octal(head + 100, 7, 0600);
    octal(head + 108, 7, 0);
    octal(head + 116, 7, 0);
    octal(head + 124, 11, size);
    octal(head + 136, 11, (uint64_t)(a->c->now_ms / 1000));
    memset(head + 148, ' ', 8);
    head[156] = '0';
    memcpy(head + 257, "ustar", 6);
    memcpy(head + 263, "00", 2);
    for (size_t i = 0; i < sizeof head; i++) {
        sum += (uint8_t)head[i];
    }
    octal(head + 148, 6, sum);
    head[154] = 0;
    return add_bytes(a, head, sizeof head);
}

/* --- records --- */

static struct status add_line(void *arg_, const struct vault_meta *meta, struct slice payload) {
    struct archive *a = arg_;
    struct call *c = a->c;
    if ((meta->flags & VAULT_BLOB) != 0) {
        if ((meta->flags & VAULT_UNFINISHED) == 0 && a->blobs.count < ARRAY_LEN(a->blobs.ids)) {
            a->blobs.ids[a->blobs.count++] = meta->id;
        }
        return STATUS_OK;
    }
    struct slice category = vault_category_name(c->g->vault, meta->category);
    struct slice purpose = vault_purpose_name(c->g->vault, meta->collected_for);
    TRY(buf_add_format(&a->lines,
                       "{\"record\":%llu,\"category\":\"%.*s\",\"purpose\":\"%.*s\","
                       "\"collected\":%lld,\"expires\":%lld,\"data\":",
                       (unsigned long long)meta->id, SLICE_ARG(category), SLICE_ARG(purpose),
                       (long long)meta->collected_s, (long long)meta->expires_s));
    TRY(stored_print(c, meta->category, payload, &a->lines));
    return buf_add_str(&a->lines, "}\n");
}

static struct status add_facts(struct archive *a) {
    struct vault_subject s;
    TRY(vault_subject_get(a->c->g->vault, a->subject, &s));
    struct json_writer w;
    struct buf birth CLEANUP(buf_done) = {0};
    buf_init(&birth, 16);
    if (s.facts.age_kind == VAULT_AGE_BIRTH) {
        TRY(date_format(s.facts.birth, &birth));
    }
    json_put_open(&w, &a->lines);
    json_put_object(&w);
    json_put_key(&w, SLICE("facts"));
    json_put_object(&w);
    json_put_key(&w, SLICE("birth_date"));
    json_put_string(&w, buf_slice(&birth));
    json_put_key(&w, SLICE("country"));
    json_put_string(&w, slice_str(s.facts.country));
    json_put_key(&w, SLICE("region"));
    json_put_string(&w, slice_str(s.facts.region));
    json_put_key(&w, SLICE("language"));
    json_put_string(&w, slice_str(s.facts.language));
    json_put_close(&w);
    json_put_close(&w);
    TRY(json_put_done(&w));
    return buf_add_str(&a->lines, "\n");
}

static struct status add_consents(struct archive *a) {
    static const char *const states[] = {"none", "given", "refused", "withdrawn"};
    struct vault_consent list[VAULT_PURPOSES_MAX];
    size_t count;
    TRY(vault_consent_list(a->c->g->vault, a->subject, list, ARRAY_LEN(list), &count));
    for (size_t i = 0; i < count; i++) {
        struct slice purpose = vault_purpose_name(a->c->g->vault, list[i].purpose);
        TRY(buf_add_format(&a->lines, "{\"consent\":\"%.*s\",\"state\":\"%s\",\"at\":%lld}\n",
                           SLICE_ARG(purpose), states[list[i].state & 3],
                           (long long)list[i].at_ms));
    }
    return STATUS_OK;
}

static struct status add_lines(struct archive *a) {
    struct vault_query query = {.owner = a->subject};
    struct vault_found found = {0};
    TRY(add_facts(a));
    TRY(add_consents(a));
    TRY(vault_find(a->c->g->vault, &a->use, &query, add_line, a, &found));
    TRY(add_head(a, SLICE("ward/data.jsonl"), a->lines.len));
    TRY(add_bytes(a, a->lines.ptr, a->lines.len));
    return add_padding(a, a->lines.len);
}

static struct status add_blob(struct archive *a, uint64_t id) {
    struct vault_blob *blob = NULL;
    struct buf name CLEANUP(buf_done) = {0};
    buf_init(&name, NAME_MAX_BYTES);
    TRY(vault_blob_open(a->c->g->vault, &a->use, id, &blob, NULL));
    uint64_t size = vault_blob_bytes(blob);
    bool picture = slice_eq(vault_blob_type(blob), SLICE("image/jpeg"));
    struct status s = buf_add_format(&name, "ward/clips/%llu.%s", (unsigned long long)id,
                                     picture ? "jpg" : "mp4");
    s = failed(s) ? s : add_head(a, buf_slice(&name), size);
    s = failed(s) ? s : vault_blob_copy(blob, a->fd);
    vault_blob_close(&blob);
    TRY(s);
    a->size += size;
    return add_padding(a, size);
}

static struct status write_archive(struct archive *a) {
    static const uint8_t end[2 * BLOCK];
    TRY(add_lines(a));
    for (size_t i = 0; i < a->blobs.count; i++) {
        TRY(add_blob(a, a->blobs.ids[i]));
    }
    TRY(add_bytes(a, end, sizeof end));
    const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    return fcntl(a->fd, F_ADD_SEALS, seals) == 0 ? STATUS_OK : FAIL(E_IO);
}

struct status archive_write(struct call *c, uint64_t subject, int *ret_fd,
                            uint64_t *ret_size_bytes) {
    struct archive *a = arena_alloc(c->arena, sizeof *a);
    if (a == NULL) {
        return FAIL(E_MEMORY);
    }
    *a = (struct archive){.c = c, .subject = subject, .use = use_of(c, API_DATA_HELD)};
    a->fd = memfd_create("archive", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (a->fd < 0) {
        return FAIL(E_MEMORY);
    }
    buf_init_secret(&a->lines, LINES_MAX);
    struct status s = write_archive(a);
    buf_done(&a->lines);
    if (failed(s)) {
        close(a->fd);
        return s;
    }
    *ret_fd = a->fd;
    *ret_size_bytes = a->size;
    return STATUS_OK;
}
