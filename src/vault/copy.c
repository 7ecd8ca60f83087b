/* Files copied and verified. */
#include "copy.h"

#include "base/mem.h"

enum { PIECE = 512 * 1024, SYNC_BYTES = 2 << 20 };

/* Perhaps of a keyring. */
static void piece_free(uint8_t **piece) {
    mem_wipe(*piece, *piece == NULL ? 0 : PIECE);
    mem_free(*piece);
    *piece = NULL;
}

static struct status begin(struct copying *c) {
    c->piece = mem_alloc(PIECE);
    seal_sha256_begin(&c->state);
    return c->piece == NULL ? FAIL(E_MEMORY) : STATUS_OK;
}

static struct status begun(struct copying *c, struct status status) {
    status = failed(status) ? status : begin(c);
    if (failed(status)) {
        copying_end(c);
    }
    return status;
}

struct status copying_begin(struct copying *c, const struct os_fs *fs, struct os_file *from,
                            const char *to) {
    *c = (struct copying){.fs = fs, .from = from, .compares = true};
    return begun(c, os_open(fs, to, OS_READ | OS_WRITE | OS_CREATE | OS_NEW, &c->to));
}

struct status copying_begin_reading(struct copying *c, const struct os_fs *fs, const char *path) {
    *c = (struct copying){.fs = fs};
    return begun(c, os_open(fs, path, OS_READ, &c->to));
}

void copying_end(struct copying *c) {
    os_close(c->fs, &c->from);
    os_close(c->fs, &c->to);
    piece_free(&c->piece);
}

static struct status read_piece(struct copying *c, struct os_file *file, struct slice *ret) {
    size_t got = 0;
    TRY(os_read_at(c->fs, file, c->offset, c->piece, PIECE, &got));
    *ret = slice_of(c->piece, got);
    seal_sha256_add(&c->state, *ret);
    c->moved += got;
    return STATUS_OK;
}

static struct status sync_piece(struct copying *c) {
    c->synced = c->offset;
    return os_sync(c->fs, c->to);
}

/* From now on it is read back. */
static struct status all_written(struct copying *c) {
    TRY(sync_piece(c));
    os_close(c->fs, &c->from);
    c->digest = seal_sha256_end(&c->state);
    c->size = c->offset;
    c->offset = 0;
    seal_sha256_begin(&c->state);
    return STATUS_OK;
}

/* In between it is synced, or the last sync of a large file would take long. */
static struct status copy_piece(struct copying *c) {
    if (c->offset - c->synced >= SYNC_BYTES) {
        return sync_piece(c);
    }
    struct slice piece;
    TRY(read_piece(c, c->from, &piece));
    TRY(os_write_at(c->fs, c->to, c->offset, piece));
    c->offset += piece.len;
    return piece.len < PIECE ? all_written(c) : STATUS_OK;
}

static struct status all_read(struct copying *c) {
    struct seal_hash digest = seal_sha256_end(&c->state);
    bool same = c->offset == c->size && seal_hash_equal(&digest, &c->digest);
    if (c->compares && !same) {
        return FAIL(E_BACKUP);
    }
    c->digest = digest;
    c->size = c->offset;
    return STATUS_OK;
}

struct status copying_step(struct copying *c, bool *ret_done) {
    *ret_done = false;
    if (c->from != NULL) {
        return copy_piece(c);
    }
    struct slice piece;
    TRY(read_piece(c, c->to, &piece));
    c->offset += piece.len;
    *ret_done = piece.len < PIECE;
    return *ret_done ? all_read(c) : STATUS_OK;
}

static struct status run(struct copying *c, struct status status, struct seal_hash *ret_digest,
                         uint64_t *ret_size) {
    for (bool done = false; !failed(status) && !done;) {
        status = copying_step(c, &done);
    }
    copying_end(c);
    TRY(status);
    *ret_digest = c->digest;
    *ret_size = c->size;
    return STATUS_OK;
}

struct status file_digest(const struct os_fs *fs, const char *path, struct seal_hash *ret_digest,
                          uint64_t *ret_size) {
    struct copying c;
    struct status begun = copying_begin_reading(&c, fs, path);
    return run(&c, begun, ret_digest, ret_size);
}

struct status file_copy(const struct os_fs *fs, const char *from, const char *to,
                        struct seal_hash *ret_digest, uint64_t *ret_size) {
    struct os_file *source = NULL;
    struct copying c;
    TRY(os_open(fs, from, OS_READ, &source));
    struct status begun = copying_begin(&c, fs, source, to);
    return run(&c, begun, ret_digest, ret_size);
}
