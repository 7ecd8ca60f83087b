/* Small numbers in few bytes: seven bits a byte, the lowest first, the highest bit while more
 * follow. What the vault keeps about every record and every access is written so. */
#ifndef WARD_VAULT_PACKED_H
#define WARD_VAULT_PACKED_H

#include "base/buf.h"

enum { PACKED_MAX = 10 }; /* bytes of one number */

MUST_USE struct status packed_add(struct buf *out, uint64_t number);
/* Takes one off the front. E_VAULT_CORRUPT when there is none, or more than 64 bits. */
MUST_USE struct status packed_take(struct slice *rest, uint64_t *ret);
/* Takes bytes off the front. E_VAULT_CORRUPT when there are fewer. */
MUST_USE struct status packed_take_bytes(struct slice *rest, size_t len, const uint8_t **ret);

#endif
