/* Blobs: videos and photos. Each is a record (with VAULT_BLOB) whose payload says its size and
 * media type, a sealed file in data/blobs, and a key of its own in the keyring; vault_delete and
 * every erasure destroy all three. */
#ifndef WARD_VAULT_BLOBS_H
#define WARD_VAULT_BLOBS_H

#include "vault/records.h"

/* Begins an upload: decided as vault_put. The record is VAULT_UNFINISHED until vault_blob_finish;
 * one that a crash left so is swept at the next open. */
MUST_USE struct status vault_blob_begin(struct vault *v, const struct vault_use *use,
                                        const struct vault_meta *meta, struct slice media_type,
                                        uint64_t *ret_id, struct vault_answer *ret_answer);
/* The next bytes, sealed as they come. offset must be what has arrived so far: E_RANGE. */
MUST_USE struct status vault_blob_add(struct vault *v, uint64_t id, uint64_t offset,
                                      struct slice bytes);
/* Bytes so far, also of a finished blob. E_NO_RECORD. */
MUST_USE struct status vault_blob_size(struct vault *v, uint64_t id, uint64_t *ret_size_bytes);
/* Durable when it (or its batch) returned success. */
MUST_USE struct status vault_blob_finish(struct vault *v, uint64_t id);
/* Drops an unfinished upload and all it left. */
MUST_USE struct status vault_blob_abort(struct vault *v, uint64_t id);

/* An open blob, after one decision; reads are from any offset. It stops reading (E_NO_RECORD) when
 * the blob is erased; whether the right to it still stands is asked with vault_blob_still. */
struct vault_blob;
MUST_USE struct status vault_blob_open(struct vault *v, const struct vault_use *use, uint64_t id,
                                       struct vault_blob **ret_blob,
                                       struct vault_answer *ret_answer);
uint64_t vault_blob_bytes(const struct vault_blob *blob);
struct slice vault_blob_type(const struct vault_blob *blob);
MUST_USE struct status vault_blob_read(struct vault_blob *blob, uint64_t offset, void *to,
                                       size_t len);
/* All of it into a descriptor (a memfd), which the caller owns. */
MUST_USE struct status vault_blob_copy(struct vault_blob *blob, int fd);
void vault_blob_close(struct vault_blob **blob);

#endif
