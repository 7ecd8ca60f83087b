/* Files copied and verified: read back and compared, not trusted. */
#ifndef WARD_VAULT_COPY_H
#define WARD_VAULT_COPY_H

#include "os/file.h"
#include "seal/seal.h"

/* SHA-256 of a file, and its size. */
MUST_USE struct status file_digest(const struct os_fs *fs, const char *path,
                                   struct seal_hash *ret_digest, uint64_t *ret_size);
/* A new file with the same bytes, durable but for its name, and what file_digest says of it.
 * E_BACKUP when what was written does not read back as what was read. */
MUST_USE struct status file_copy(const struct os_fs *fs, const char *from, const char *to,
                                 struct seal_hash *ret_digest, uint64_t *ret_size);

#endif
