/* Blobs: sealed files beside the store. The record, whose payload tells size and media type, and
 * the blob's key stand in the store and the keyring; the file is nothing without them.
 *
 * Born: key, record (unfinished), bytes, then finished in one transaction. Dead: key, row, file. A
 * file that no record names is removed at the next open. */
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "inside.h"

enum { COPY_BYTES = BLOB_CHUNK, TYPE_MAX = 64 };

/* An upload that goes on. */
struct upload {
    uint64_t id;
    uint64_t size;
    struct blob_writer writer;
    struct upload *next;
};
struct uploads {
    struct upload *first;
    size_t count;
};

struct vault_blob {
    struct vault *v;
    uint64_t id;
    struct blob_reader reader;
    char type[TYPE_MAX + 1];
};

void blob_name(uint64_t id, char ret[BLOB_NAME]) {
    static const char digits[] = "0123456789abcdef";
    memcpy(ret, "blobs/", 6);
    for (int i = 0; i < 16; i++) {
        ret[6 + i] = digits[id >> (60 - 4 * i) & 15];
    }
    ret[BLOB_NAME - 1] = '\0';
}

struct status blob_path(const struct vault *v, uint64_t id, char ret[OS_PATH_MAX]) {
    char name[BLOB_NAME];
    blob_name(id, name);
    return vault_path(v->data_dir, name, ret);
}

static struct seal_place place_of(uint64_t owner, uint8_t category, uint64_t id) {
    return (struct seal_place){.what = SEAL_BLOB, .owner = owner, .category = category, .id = id};
}

/* The payload of a blob's record: be64 size, media type. */
static struct status payload_of(uint64_t size, struct slice type, struct buf *out) {
    TRY(buf_add_be64(out, size));
    return buf_add(out, type);
}

static struct status blob_key(struct vault *v, uint64_t id, struct seal_key *ret) {
    struct buf ref CLEANUP(buf_done);
    buf_init(&ref, KEY_REF_LEN);
    struct status found = state_get(v, STORE_BLOBS, 0, id, &ref);
    if (found.code == E_STORE_MISSING) {
        return FAIL(E_NO_RECORD);
    }
    TRY(found);
    return ref.len == KEY_REF_LEN ? keyring_key(v->keys, key_ref_get(ref.ptr), ret)
                                  : FAIL(E_VAULT_CORRUPT);
}

/* Uploads ------------------------------------------------------------------------------- */

static struct upload **find_upload(struct vault *v, uint64_t id) {
    struct upload **at = &v->uploads->first;
    while (*at != NULL && (*at)->id != id) {
        at = &(*at)->next;
    }
    return at;
}

static void upload_end(struct vault *v, struct upload **at) {
    struct upload *up = *at;
    *at = up->next;
    v->uploads->count--;
    blob_writer_done(&up->writer);
    mem_free(up);
}

static struct status begin_record(struct vault *v, const struct vault_use *use,
                                  const struct vault_meta *meta, struct slice type,
                                  struct seal_key *ret_key, struct vault_meta *ret_meta,
                                  struct vault_answer *answer) {
    struct buf payload CLEANUP(buf_done);
    buf_init(&payload, 8 + TYPE_MAX);
    TRY(payload_of(0, type, &payload));
    struct vault_meta blob = *meta;
    blob.flags = (uint16_t)(meta->flags | VAULT_BLOB | VAULT_UNFINISHED);
    struct key_ref ref;
    TRY(key_take(v, KEY_BLOB, &ref));
    TRY(keyring_key(v->keys, ref, ret_key));
    TRY(key_row_add(v, STORE_BLOBS, 0, v->counters.next_id, ref));
    return record_put(v, use, &blob, buf_slice(&payload), ret_meta, answer);
}

static struct status begin_file(struct vault *v, const struct vault_meta *meta,
                                const struct seal_key *key) {
    struct upload *up = mem_alloc(sizeof *up);
    if (up == NULL) {
        return FAIL(E_MEMORY);
    }
    char path[OS_PATH_MAX];
    struct seal_place place = place_of(meta->owner, meta->category, meta->id);
    up->id = meta->id;
    struct status status = blob_path(v, meta->id, path);
    if (!failed(status)) {
        status = blob_writer_begin(&up->writer, v->fs, path, key, &place);
    }
    if (failed(status)) {
        mem_free(up);
        return status;
    }
    up->next = v->uploads->first;
    v->uploads->first = up;
    v->uploads->count++;
    return STATUS_OK;
}

struct status vault_blob_begin(struct vault *v, const struct vault_use *use,
                               const struct vault_meta *meta, struct slice media_type,
                               uint64_t *ret_id, struct vault_answer *ret_answer) {
    if (media_type.len > TYPE_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(vault_ready(v));
    if (v->uploads->count >= VAULT_OPEN_BLOBS_MAX) {
        return FAIL(E_TOO_MANY);
    }
    struct seal_key key CLEANUP(seal_key_done);
    key = (struct seal_key){.bytes = {0}};
    struct vault_answer answer = {.permit = false};
    struct vault_meta full = {.id = 0};
    TRY(op_begin(v));
    struct status status = op_end(v, begin_record(v, use, meta, media_type, &key, &full, &answer));
    if (ret_answer != NULL) {
        *ret_answer = answer;
    }
    TRY(noted(v, use, meta->category, meta->owner, full.id, &answer, status));
    TRY(begin_file(v, &full, &key));
    *ret_id = full.id;
    return STATUS_OK;
}

struct status vault_blob_add(struct vault *v, uint64_t id, uint64_t offset, struct slice bytes) {
    TRY(vault_ready(v));
    struct upload *up = *find_upload(v, id);
    if (up == NULL) {
        return FAIL(E_NO_RECORD);
    }
    if (offset != up->size) {
        return FAIL(E_RANGE);
    }
    if (bytes.len > VAULT_BLOB_MAX - up->size) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(blob_writer_add(&up->writer, bytes));
    up->size += bytes.len;
    return STATUS_OK;
}

struct status vault_blob_size(struct vault *v, uint64_t id, uint64_t *ret_size_bytes) {
    TRY(vault_ready(v));
    struct upload *up = *find_upload(v, id);
    if (up != NULL) {
        *ret_size_bytes = up->size;
        return STATUS_OK;
    }
    uint32_t at = 0;
    struct segment *s = NULL;
    TRY(record_at(v, id, &s, &at));
    struct buf payload CLEANUP(buf_done);
    buf_init_secret(&payload, VAULT_PAYLOAD_MAX);
    TRY(record_open_payload(v, s, at, id, &payload));
    if (!segment_bit(s, PLANES_FLAG, BLOB_BIT, at) || payload.len < 8) {
        return FAIL(E_NO_RECORD);
    }
    *ret_size_bytes = bytes_be64(payload.ptr);
    return STATUS_OK;
}

/* The record learns the size, and is finished. */
static struct status finish_record(struct vault *v, uint64_t id, uint64_t size) {
    struct vault_meta meta;
    uint32_t at = 0;
    const struct segment *s = columns_at(&v->columns, id, &at);
    if (s == NULL || !columns_get(&v->columns, id, &meta)) {
        return FAIL(E_NO_RECORD);
    }
    struct buf old CLEANUP(buf_done);
    struct buf payload CLEANUP(buf_done);
    buf_init_secret(&old, VAULT_PAYLOAD_MAX);
    buf_init_secret(&payload, VAULT_PAYLOAD_MAX);
    TRY(record_open_payload(v, s, at, id, &old));
    TRY(payload_of(size, slice_from(buf_slice(&old), 8), &payload));
    struct person *owner = NULL;
    TRY(person_get(v, meta.owner, &owner));
    TRY(record_reseal(v, owner, &meta, 2, buf_slice(&payload)));
    struct selection which CLEANUP(selection_done);
    selection_init(&which);
    TRY(selection_add(&which, id));
    struct vault_change change = {.flags_remove = VAULT_UNFINISHED};
    TRY(columns_reserve_change(&v->columns, &which, &change));
    TRY(delta_change(&v->pending.deltas, &which, &change));
    TRY(feed_records(v, &which, VAULT_CAUSE_CHANGED));
    columns_change(&v->columns, &which, &change, segments_delta(v));
    return STATUS_OK;
}

static struct status sync_blobs(struct vault *v) {
    char dir[OS_PATH_MAX];
    TRY(vault_path(v->data_dir, "blobs", dir));
    return os_sync_dir(v->fs, dir);
}

struct status vault_blob_finish(struct vault *v, uint64_t id) {
    TRY(vault_ready(v));
    struct upload **at = find_upload(v, id);
    if (*at == NULL) {
        return FAIL(E_NO_RECORD);
    }
    uint64_t size = 0;
    TRY(blob_writer_end(&(*at)->writer, &size));
    TRY(sync_blobs(v));
    upload_end(v, at);
    TRY(op_begin(v));
    return op_end(v, finish_record(v, id, size));
}

struct status vault_blob_abort(struct vault *v, uint64_t id) {
    TRY(vault_ready(v));
    uint32_t at = 0;
    const struct segment *s = columns_at(&v->columns, id, &at);
    if (s == NULL || !segment_bit(s, PLANES_FLAG, BLOB_BIT, at)) {
        return FAIL(E_NO_RECORD);
    }
    struct vault_use use = {.purpose = s->rows[at].collected_for, .operation = LAW_OPERATION_ERASE};
    struct vault_query query = {.id = id};
    struct vault_found found;
    return vault_delete(v, &use, &query, &found);
}

struct status blob_remove_file(struct vault *v, uint64_t id) {
    struct upload **at = find_upload(v, id);
    if (*at != NULL) {
        upload_end(v, at);
    }
    char path[OS_PATH_MAX];
    TRY(blob_path(v, id, path));
    struct status removed = os_remove(v->fs, path);
    return removed.code == E_FILE_MISSING ? STATUS_OK : removed;
}

/* Reading ------------------------------------------------------------------------------- */

static struct status open_reader(struct vault *v, const struct segment *s, uint32_t at,
                                 struct vault_blob *blob) {
    struct buf payload CLEANUP(buf_done);
    buf_init_secret(&payload, VAULT_PAYLOAD_MAX);
    TRY(record_open_payload(v, s, at, blob->id, &payload));
    if (payload.len < 8 || payload.len > 8 + TYPE_MAX) {
        return FAIL(E_VAULT_CORRUPT);
    }
    memcpy(blob->type, payload.ptr + 8, payload.len - 8);
    struct seal_key key CLEANUP(seal_key_done);
    key = (struct seal_key){.bytes = {0}};
    TRY(blob_key(v, blob->id, &key));
    char path[OS_PATH_MAX];
    TRY(blob_path(v, blob->id, path));
    struct seal_place place = place_of(s->rows[at].owner, s->rows[at].category, blob->id);
    TRY(blob_reader_begin(&blob->reader, v->fs, path, &key, &place));
    return blob->reader.plain_size == bytes_be64(payload.ptr) ? STATUS_OK : FAIL(E_BLOB_TRUNCATED);
}

struct status blob_check(struct vault *v, const struct segment *s, uint32_t at, uint64_t id) {
    struct vault_blob blob = {.v = v, .id = id};
    struct status status = open_reader(v, s, at, &blob);
    blob_reader_done(&blob.reader);
    return status;
}

struct status vault_blob_open(struct vault *v, const struct vault_use *use, uint64_t id,
                              struct vault_blob **ret_blob, struct vault_answer *ret_answer) {
    struct segment *s = NULL;
    uint32_t at = 0;
    TRY(record_permit(v, use, id, &s, &at, ret_answer));
    bool whole = segment_bit(s, PLANES_FLAG, BLOB_BIT, at) &&
                 !segment_bit(s, PLANES_FLAG, UNFINISHED_BIT, at);
    struct vault_blob *blob = whole ? mem_alloc(sizeof *blob) : NULL;
    if (blob == NULL) {
        return whole ? FAIL(E_MEMORY) : FAIL(E_NO_RECORD);
    }
    blob->v = v;
    blob->id = id;
    struct status status = open_reader(v, s, at, blob);
    if (failed(status)) {
        vault_blob_close(&blob);
        return status;
    }
    *ret_blob = blob;
    return STATUS_OK;
}

uint64_t vault_blob_bytes(const struct vault_blob *blob) {
    return blob->reader.plain_size;
}

struct slice vault_blob_type(const struct vault_blob *blob) {
    return slice_str(blob->type);
}

struct status vault_blob_read(struct vault_blob *blob, uint64_t offset, void *to, size_t len) {
    TRY(vault_ready(blob->v));
    uint32_t at = 0;
    struct segment *s = NULL;
    TRY(record_at(blob->v, blob->id, &s, &at));
    return blob_reader_read(&blob->reader, offset, to, len);
}

static struct status write_fully(int fd, const uint8_t *from, size_t len) {
    while (len > 0) {
        ssize_t wrote = write(fd, from, len);
        if (wrote <= 0) {
            return FAIL(E_IO);
        }
        from += wrote;
        len -= (size_t)wrote;
    }
    return STATUS_OK;
}

static struct status copy_all(struct vault_blob *blob, uint8_t *buffer, int fd) {
    uint64_t size = blob->reader.plain_size;
    for (uint64_t offset = 0; offset < size;) {
        size_t len = size - offset < COPY_BYTES ? (size_t)(size - offset) : COPY_BYTES;
        TRY(vault_blob_read(blob, offset, buffer, len));
        TRY(write_fully(fd, buffer, len));
        offset += len;
    }
    return STATUS_OK;
}

struct status vault_blob_copy(struct vault_blob *blob, int fd) {
    uint8_t *buffer = mem_alloc(COPY_BYTES);
    if (buffer == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status status = copy_all(blob, buffer, fd);
    mem_wipe(buffer, COPY_BYTES);
    mem_free(buffer);
    return status;
}

void vault_blob_close(struct vault_blob **blob) {
    if (*blob != NULL) {
        blob_reader_done(&(*blob)->reader);
        mem_free(*blob);
        *blob = NULL;
    }
}

/* Opening ------------------------------------------------------------------------------- */

struct stray {
    struct vault *v;
    struct buf ids; /* uint64_t each */
};

static void stray_done(struct stray *stray) {
    buf_done(&stray->ids);
}

static struct status note_stray(void *arg, const char *name, bool is_dir) {
    struct stray *stray = arg;
    uint8_t bytes[8];
    if (is_dir || failed(hex_decode(slice_str(name), bytes, sizeof bytes))) {
        return STATUS_OK;
    }
    uint64_t id = bytes_be64(bytes);
    uint32_t at = 0;
    const struct segment *s = columns_at(&stray->v->columns, id, &at);
    bool named = s != NULL && segment_bit(s, PLANES_FLAG, BLOB_BIT, at);
    return named ? STATUS_OK : buf_add(&stray->ids, slice_of(&id, sizeof id));
}

static struct status remove_strays(struct vault *v) {
    char dir[OS_PATH_MAX];
    TRY(vault_path(v->data_dir, "blobs", dir));
    struct stray stray CLEANUP(stray_done) = {.v = v};
    buf_init(&stray.ids, DELTA_MAX);
    TRY(os_list(v->fs, dir, note_stray, &stray));
    for (size_t at = 0; at < stray.ids.len; at += sizeof(uint64_t)) {
        uint64_t id = 0;
        memcpy(&id, stray.ids.ptr + at, sizeof id);
        TRY(blob_remove_file(v, id));
    }
    return STATUS_OK;
}

/* What was still arriving when the vault closed. */
static struct status sweep_unfinished(struct vault *v) {
    struct vault_query query = {.flags = VAULT_UNFINISHED};
    struct vault_use use = {.operation = LAW_OPERATION_ERASE};
    struct vault_found found;
    return vault_delete(v, &use, &query, &found);
}

size_t uploads_size(void) {
    return sizeof(struct uploads);
}

bool uploads_open(const struct vault *v) {
    return v->uploads->count > 0;
}

struct status blobs_open(struct vault *v) {
    TRY(remove_strays(v));
    return sweep_unfinished(v);
}

void blobs_close(struct vault *v) {
    while (v->uploads != NULL && v->uploads->first != NULL) {
        upload_end(v, &v->uploads->first);
    }
    mem_free(v->uploads);
    v->uploads = NULL;
}
