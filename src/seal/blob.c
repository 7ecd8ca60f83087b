/* Sealing of blobs, chunk by chunk. Must never hand out bytes of a chunk that did not verify at its
 * own place, and never take a cut blob for a whole one. */
#include "seal/blob.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "place.h"

static const uint8_t header_bytes[BLOB_HEADER_LEN] = {'W', 'A', 'R', 'D', 'B', 'L', 'B', 1};
static const uint64_t no_chunk = UINT64_MAX;

static void bind_chunk(const struct seal_place *place, uint64_t index, bool is_last,
                       uint8_t ret[PLACE_LEN]) {
    struct seal_place blob = *place;
    blob.what = SEAL_BLOB;
    place_put(&blob, index, is_last, ret);
}

void blob_chunk_seal(const struct seal_key *key, const struct seal_place *place, uint64_t index,
                     bool is_last, struct slice plain, uint8_t *to) {
    uint8_t bound[PLACE_LEN];
    bind_chunk(place, index, is_last, bound);
    seal_random(to, RECORD_NONCE_LEN);
    crypto_aead_xchacha20poly1305_ietf_encrypt(to + RECORD_NONCE_LEN, NULL, plain.ptr, plain.len,
                                               bound, sizeof bound, NULL, to, key->bytes);
}

struct status blob_chunk_open(const struct seal_key *key, const struct seal_place *place,
                              uint64_t index, bool is_last, struct slice sealed, uint8_t *to) {
    uint8_t bound[PLACE_LEN];
    if (sealed.len < BLOB_CHUNK_OVERHEAD || sealed.len > BLOB_SEALED_CHUNK) {
        return FAIL(E_SEAL_OPEN);
    }
    bind_chunk(place, index, is_last, bound);
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
        to, NULL, NULL, sealed.ptr + RECORD_NONCE_LEN, sealed.len - RECORD_NONCE_LEN, bound,
        sizeof bound, sealed.ptr, key->bytes);
    return bad != 0 ? FAIL(E_SEAL_OPEN) : STATUS_OK;
}

/* A full last chunk stands by itself: no empty one follows it. */
static uint64_t chunks_of(uint64_t plain_size) {
    return plain_size == 0 ? 1 : (plain_size - 1) / BLOB_CHUNK + 1;
}

uint64_t blob_sealed_size(uint64_t plain_size) {
    return BLOB_HEADER_LEN + plain_size + chunks_of(plain_size) * BLOB_CHUNK_OVERHEAD;
}

struct status blob_plain_size(uint64_t sealed_size, uint64_t *ret_plain_size) {
    if (sealed_size < BLOB_HEADER_LEN + BLOB_CHUNK_OVERHEAD) {
        return FAIL(E_BLOB_TRUNCATED);
    }
    uint64_t body = sealed_size - BLOB_HEADER_LEN;
    uint64_t chunks = (body - 1) / BLOB_SEALED_CHUNK + 1;
    uint64_t overhead = chunks * BLOB_CHUNK_OVERHEAD;
    if (body < overhead || chunks_of(body - overhead) != chunks) {
        return FAIL(E_BLOB_TRUNCATED);
    }
    *ret_plain_size = body - overhead;
    return STATUS_OK;
}

void blob_header_put(uint8_t ret[BLOB_HEADER_LEN]) {
    memcpy(ret, header_bytes, BLOB_HEADER_LEN);
}

struct status blob_header_check(const uint8_t header[BLOB_HEADER_LEN]) {
    return memcmp(header, header_bytes, BLOB_HEADER_LEN) == 0 ? STATUS_OK : FAIL(E_BLOB_TRUNCATED);
}

static uint64_t chunk_offset(uint64_t index) {
    return BLOB_HEADER_LEN + index * BLOB_SEALED_CHUNK;
}

static struct status get_buffers(uint8_t **ret_plain, uint8_t **ret_sealed) {
    uint8_t *plain = mem_alloc(BLOB_CHUNK);
    uint8_t *sealed = mem_alloc(BLOB_SEALED_CHUNK);
    if (plain == NULL || sealed == NULL) {
        mem_free(plain);
        mem_free(sealed);
        return FAIL(E_MEMORY);
    }
    *ret_plain = plain;
    *ret_sealed = sealed;
    return STATUS_OK;
}

static void drop_buffers(uint8_t **plain, uint8_t **sealed) {
    if (*plain != NULL) {
        mem_wipe(*plain, BLOB_CHUNK);
    }
    mem_free(*plain);
    mem_free(*sealed);
    *plain = NULL;
    *sealed = NULL;
}

struct status blob_writer_begin(struct blob_writer *w, const struct os_fs *fs, const char *path,
                                const struct seal_key *key, const struct seal_place *place) {
    *w = (struct blob_writer){.fs = fs, .key = *key, .place = *place};
    uint8_t header[BLOB_HEADER_LEN];
    blob_header_put(header);
    struct status s = get_buffers(&w->plain, &w->sealed);
    if (!failed(s)) {
        s = os_open(fs, path, OS_WRITE | OS_CREATE | OS_NEW, &w->file);
    }
    if (!failed(s)) {
        s = os_write_at(fs, w->file, 0, slice_of(header, sizeof header));
    }
    if (failed(s)) {
        blob_writer_done(w);
    }
    return s;
}

static struct status write_chunk(struct blob_writer *w, bool is_last) {
    blob_chunk_seal(&w->key, &w->place, w->index, is_last, slice_of(w->plain, w->filled),
                    w->sealed);
    struct slice sealed = slice_of(w->sealed, w->filled + BLOB_CHUNK_OVERHEAD);
    TRY(os_write_at(w->fs, w->file, chunk_offset(w->index), sealed));
    w->index++;
    w->filled = 0;
    return STATUS_OK;
}

struct status blob_writer_add(struct blob_writer *w, struct slice plain) {
    while (plain.len > 0) {
        /* A full chunk waits until it is known whether it is the last. */
        if (w->filled == BLOB_CHUNK) {
            TRY(write_chunk(w, false));
        }
        size_t room = BLOB_CHUNK - w->filled;
        size_t n = plain.len < room ? plain.len : room;
        memcpy(w->plain + w->filled, plain.ptr, n);
        w->filled += n;
        plain = slice_from(plain, n);
    }
    return STATUS_OK;
}

struct status blob_writer_end(struct blob_writer *w, uint64_t *ret_plain_size) {
    uint64_t size = w->index * BLOB_CHUNK + w->filled;
    TRY(write_chunk(w, true));
    TRY(os_sync(w->fs, w->file));
    *ret_plain_size = size;
    return STATUS_OK;
}

void blob_writer_done(struct blob_writer *w) {
    os_close(w->fs, &w->file);
    drop_buffers(&w->plain, &w->sealed);
    seal_key_done(&w->key);
}

static struct status load_chunk(struct blob_reader *r, uint64_t index) {
    if (r->held == index) {
        return STATUS_OK;
    }
    bool is_last = index == r->chunks - 1;
    size_t plain_len = is_last ? (size_t)(r->plain_size - index * BLOB_CHUNK) : BLOB_CHUNK;
    size_t sealed_len = plain_len + BLOB_CHUNK_OVERHEAD;
    r->held = no_chunk;
    TRY(os_read_exactly(r->fs, r->file, chunk_offset(index), r->sealed, sealed_len));
    TRY(blob_chunk_open(&r->key, &r->place, index, is_last, slice_of(r->sealed, sealed_len),
                        r->plain));
    r->held = index;
    return STATUS_OK;
}

static struct status check_ends(struct blob_reader *r) {
    uint8_t header[BLOB_HEADER_LEN];
    uint64_t sealed_size = 0;
    TRY(os_size(r->fs, r->file, &sealed_size));
    TRY(blob_plain_size(sealed_size, &r->plain_size));
    TRY(os_read_exactly(r->fs, r->file, 0, header, sizeof header));
    TRY(blob_header_check(header));
    r->chunks = chunks_of(r->plain_size);
    return load_chunk(r, r->chunks - 1);
}

struct status blob_reader_begin(struct blob_reader *r, const struct os_fs *fs, const char *path,
                                const struct seal_key *key, const struct seal_place *place) {
    *r = (struct blob_reader){.fs = fs, .key = *key, .place = *place, .held = no_chunk};
    struct status s = get_buffers(&r->plain, &r->sealed);
    if (!failed(s)) {
        s = os_open(fs, path, OS_READ, &r->file);
    }
    if (!failed(s)) {
        s = check_ends(r);
    }
    if (failed(s)) {
        blob_reader_done(r);
    }
    return s;
}

struct status blob_reader_read(struct blob_reader *r, uint64_t offset, void *to, size_t len) {
    uint64_t end;
    if (__builtin_add_overflow(offset, (uint64_t)len, &end) || end > r->plain_size) {
        return FAIL(E_RANGE);
    }
    uint8_t *out = to;
    while (len > 0) {
        TRY(load_chunk(r, offset / BLOB_CHUNK));
        size_t at = (size_t)(offset % BLOB_CHUNK);
        size_t n = BLOB_CHUNK - at < len ? BLOB_CHUNK - at : len;
        memcpy(out, r->plain + at, n);
        out += n;
        offset += n;
        len -= n;
    }
    return STATUS_OK;
}

void blob_reader_done(struct blob_reader *r) {
    os_close(r->fs, &r->file);
    drop_buffers(&r->plain, &r->sealed);
    seal_key_done(&r->key);
}
