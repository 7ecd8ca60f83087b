/* Files copied and verified: read back and compared, not trusted. In pieces, so that whoever copies
 * has time for something else between them. */
#ifndef WARD_VAULT_COPY_H
#define WARD_VAULT_COPY_H

#include "os/file.h"
#include "seal/seal.h"

/* One file on its way. After the last piece its size and digest (SHA-256) are those that were read
 * back. Zeroed: none is. */
struct copying {
    const struct os_fs *fs;
    struct os_file *from; /* NULL: all of it is written */
    struct os_file *to;   /* NULL: none is on its way */
    uint8_t *piece;
    uint64_t offset;
    uint64_t synced; /* up to there */
    uint64_t moved;  /* bytes read, of both */
    bool compares;   /* with `digest` and `size` */
    struct seal_sha256_state state;
    uint64_t size;
    struct seal_hash digest;
};

/* From an open file, which is taken over in every case, to a new one. */
MUST_USE struct status copying_begin(struct copying *c, const struct os_fs *fs,
                                     struct os_file *from, const char *to);
/* Nothing is copied: a file is read, for its size and digest. */
MUST_USE struct status copying_begin_reading(struct copying *c, const struct os_fs *fs,
                                             const char *path);
/* A few milliseconds of it. When *ret_done the file is durable but for its name. E_BACKUP when what
 * was written does not read back as what was read. */
MUST_USE struct status copying_step(struct copying *c, bool *ret_done);
/* Also in the middle: what is written stays. Size, digest and `moved` can still be read. */
void copying_end(struct copying *c);

/* SHA-256 of a file, and its size. */
MUST_USE struct status file_digest(const struct os_fs *fs, const char *path,
                                   struct seal_hash *ret_digest, uint64_t *ret_size);
/* All of it at once. */
MUST_USE struct status file_copy(const struct os_fs *fs, const char *from, const char *to,
                                 struct seal_hash *ret_digest, uint64_t *ret_size);

#endif
