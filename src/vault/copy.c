/* Files copied and verified. */
#include "copy.h"

#include "base/mem.h"

enum { PIECE = 256 * 1024 };

/* Perhaps of a keyring. */
static void piece_free(uint8_t *piece) {
    mem_wipe(piece, piece == NULL ? 0 : PIECE);
    mem_free(piece);
}

static struct status digest_open(const struct os_fs *fs, struct os_file *file, uint8_t *piece,
                                 struct seal_hash *ret_digest, uint64_t *ret_size) {
    struct seal_sha256_state h;
    seal_sha256_begin(&h);
    uint64_t offset = 0;
    size_t got = PIECE;
    while (got == PIECE) {
        TRY(os_read_at(fs, file, offset, piece, PIECE, &got));
        seal_sha256_add(&h, slice_of(piece, got));
        offset += got;
    }
    *ret_digest = seal_sha256_end(&h);
    *ret_size = offset;
    return STATUS_OK;
}

static struct status copy_open(const struct os_fs *fs, struct os_file *from, struct os_file *to,
                               uint8_t *piece) {
    uint64_t offset = 0;
    size_t got = PIECE;
    while (got == PIECE) {
        TRY(os_read_at(fs, from, offset, piece, PIECE, &got));
        TRY(os_write_at(fs, to, offset, slice_of(piece, got)));
        offset += got;
    }
    return os_sync(fs, to);
}

struct status file_digest(const struct os_fs *fs, const char *path, struct seal_hash *ret_digest,
                          uint64_t *ret_size) {
    struct os_file *file = NULL;
    TRY(os_open(fs, path, OS_READ, &file));
    uint8_t *piece = mem_alloc(PIECE);
    struct status status =
        piece == NULL ? FAIL(E_MEMORY) : digest_open(fs, file, piece, ret_digest, ret_size);
    piece_free(piece);
    os_close(fs, &file);
    return status;
}

static struct status copy_bytes(const struct os_fs *fs, const char *from, const char *to) {
    struct os_file *source = NULL;
    struct os_file *target = NULL;
    uint8_t *piece = mem_alloc(PIECE);
    struct status status = piece == NULL ? FAIL(E_MEMORY) : os_open(fs, from, OS_READ, &source);
    if (!failed(status)) {
        status = os_open(fs, to, OS_READ | OS_WRITE | OS_CREATE | OS_NEW, &target);
    }
    if (!failed(status)) {
        status = copy_open(fs, source, target, piece);
    }
    os_close(fs, &source);
    os_close(fs, &target);
    piece_free(piece);
    return status;
}

struct status file_copy(const struct os_fs *fs, const char *from, const char *to,
                        struct seal_hash *ret_digest, uint64_t *ret_size) {
    struct seal_hash before;
    uint64_t size_before = 0;
    TRY(file_digest(fs, from, &before, &size_before));
    TRY(copy_bytes(fs, from, to));
    TRY(file_digest(fs, to, ret_digest, ret_size));
    bool same = size_before == *ret_size && seal_hash_equal(&before, ret_digest);
    return same ? STATUS_OK : FAIL(E_BACKUP);
}
