/* The associated data of everything that is sealed (docs/FORMATS.md, "What is bound"). */
#ifndef WARD_SEAL_PLACE_H
#define WARD_SEAL_PLACE_H

#include "base/bytes.h"
#include "seal/record.h"

enum { PLACE_LEN = 39, PLACE_FORMAT = 1 };

static inline void place_put(const struct seal_place *place, uint64_t chunk, bool is_last,
                             uint8_t ret[PLACE_LEN]) {
    ret[0] = PLACE_FORMAT;
    ret[1] = (uint8_t)place->what;
    bytes_put_be64(ret + 2, place->owner);
    bytes_put_be32(ret + 10, place->category);
    bytes_put_be64(ret + 14, place->id);
    bytes_put_be64(ret + 22, place->version);
    bytes_put_be64(ret + 30, chunk);
    ret[38] = is_last ? 1 : 0;
}

#endif
