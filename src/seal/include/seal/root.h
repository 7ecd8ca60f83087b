/* Where the root key comes from. It never leaves the process that reads it. */
#ifndef WARD_SEAL_ROOT_H
#define WARD_SEAL_ROOT_H

#include "os/file.h"
#include "seal/seal.h"

/* From a file of 32 raw bytes or 64 hexadecimal digits (and a line end). E_ROOT_KEY_FORM for
 * anything else, E_ROOT_KEY_PUBLIC if group or others may read it. */
MUST_USE struct status root_key_from_file(const char *path, struct seal_key *ret_key);
/* From $CREDENTIALS_DIRECTORY/name, as systemd's LoadCredential= and LoadCredentialEncrypted= put
 * it. E_FILE_MISSING when there is none. */
MUST_USE struct status root_key_from_credential(const char *name, struct seal_key *ret_key);
/* From a descriptor on which the supervisor hands it over (a pipe or a sealed memfd). Reads to the
 * end and closes it, also after an error. */
MUST_USE struct status root_key_from_fd(int fd, struct seal_key *ret_key);
/* Text or raw, as above. */
MUST_USE struct status root_key_parse(struct slice text, struct seal_key *ret_key);

#endif
