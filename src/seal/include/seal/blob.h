/* Sealing of blobs: whole chunks of 64 KiB, each sealed by itself with a random nonce and bound to
 * its blob, its index and whether it is the last (docs/FORMATS.md, "Sealed blob"). Reads from any
 * offset; a blob that was cut, reordered, or mixed with another does not open.
 *
 *   struct blob_writer w;
 *   TRY(blob_writer_begin(&w, fs, path, &key, &place));    -- then as bytes come in:
 *   TRY(blob_writer_add(&w, bytes));
 *   TRY(blob_writer_end(&w, &size));                        -- durable (its directory is not)
 *   blob_writer_done(&w);                                   -- always
 */
#ifndef WARD_SEAL_BLOB_H
#define WARD_SEAL_BLOB_H

#include "os/file.h"
#include "seal/record.h"

enum {
    BLOB_CHUNK = 64 * 1024, /* plain bytes of a chunk */
    BLOB_CHUNK_OVERHEAD = RECORD_NONCE_LEN + RECORD_TAG_LEN,
    BLOB_SEALED_CHUNK = BLOB_CHUNK + BLOB_CHUNK_OVERHEAD,
    BLOB_HEADER_LEN = 8,
};

/* One chunk, for stores that are not files. Every chunk but the last is BLOB_CHUNK bytes; the last
 * has 0 (only if the blob is empty) to BLOB_CHUNK. place: owner, category, id; what is SEAL_BLOB
 * whatever is given. Writes plain.len + BLOB_CHUNK_OVERHEAD bytes. */
void blob_chunk_seal(const struct seal_key *key, const struct seal_place *place, uint64_t index,
                     bool is_last, struct slice plain, uint8_t *to);
/* Writes sealed.len - BLOB_CHUNK_OVERHEAD bytes or nothing. E_SEAL_OPEN. */
MUST_USE struct status blob_chunk_open(const struct seal_key *key, const struct seal_place *place,
                                       uint64_t index, bool is_last, struct slice sealed,
                                       uint8_t *to);
/* The sealed size of a blob of so many plain bytes, header included, and back:
 * E_BLOB_TRUNCATED for a size that no blob has. */
uint64_t blob_sealed_size(uint64_t plain_size);
MUST_USE struct status blob_plain_size(uint64_t sealed_size, uint64_t *ret_plain_size);

/* The first bytes of a blob; E_BLOB_TRUNCATED if they are not those. */
void blob_header_put(uint8_t ret[BLOB_HEADER_LEN]);
MUST_USE struct status blob_header_check(const uint8_t header[BLOB_HEADER_LEN]);

/* Streams into a new file. Holds one chunk in memory. */
struct blob_writer {
    const struct os_fs *fs;
    struct os_file *file;
    struct seal_key key;
    struct seal_place place;
    uint64_t index;
    uint8_t *plain; /* the chunk that is being filled */
    uint8_t *sealed;
    size_t filled;
};

/* E_FILE_EXISTS if there is a file; the caller removes one left by a crash. Copies the key. */
MUST_USE struct status blob_writer_begin(struct blob_writer *w, const struct os_fs *fs,
                                         const char *path, const struct seal_key *key,
                                         const struct seal_place *place);
MUST_USE struct status blob_writer_add(struct blob_writer *w, struct slice plain);
/* Seals the last chunk and syncs the file. The caller syncs the directory. */
MUST_USE struct status blob_writer_end(struct blob_writer *w, uint64_t *ret_plain_size);
/* Wipes and closes; after an error the caller removes the file. */
void blob_writer_done(struct blob_writer *w);

/* Reads from any offset. Holds one chunk in memory, so that reading on is cheap. Not for two
 * threads at once. */
struct blob_reader {
    const struct os_fs *fs;
    struct os_file *file;
    struct seal_key key;
    struct seal_place place;
    uint64_t plain_size;
    uint64_t chunks;
    uint64_t held; /* the chunk in `plain`; UINT64_MAX if none */
    uint8_t *plain;
    uint8_t *sealed;
};

/* Opens and checks that the last chunk is the last, so that plain_size can be trusted. Copies the
 * key. E_BLOB_TRUNCATED, E_SEAL_OPEN. */
MUST_USE struct status blob_reader_begin(struct blob_reader *r, const struct os_fs *fs,
                                         const char *path, const struct seal_key *key,
                                         const struct seal_place *place);
/* Exactly len bytes from offset; E_RANGE past the end, E_SEAL_OPEN for a damaged chunk, and then
 * what was written to `to` is no plaintext to use. */
MUST_USE struct status blob_reader_read(struct blob_reader *r, uint64_t offset, void *to,
                                        size_t len);
/* Wipes and closes. */
void blob_reader_done(struct blob_reader *r);

#endif
