/* CRC-32C (Castagnoli), the check against flipped bits in keyring and generations; no secret. */
#ifndef WARD_SEAL_CRC_H
#define WARD_SEAL_CRC_H

#include "base/slice.h"

/* `crc` is 0, or the result over what came before. */
uint32_t crc32c(uint32_t crc, struct slice s);

#endif
