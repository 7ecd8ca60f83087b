/* Taking boxes apart. Must never read past the bytes it was given, whatever a size claims. */
#include "box.h"

#include "base/bytes.h"

enum { HEADER = 8, LONG_HEADER = 16 };

enum box_found box_next(struct slice *rest, struct box *ret_box) {
    if (rest->len == 0) {
        return BOX_NONE;
    }
    if (rest->len < HEADER) {
        return BOX_BAD;
    }
    uint64_t size = bytes_be32(rest->ptr);
    size_t header = HEADER;
    bool plain = size > 1;
    if (size == 1) {
        if (rest->len < LONG_HEADER) {
            return BOX_BAD;
        }
        size = bytes_be64(rest->ptr + HEADER);
        header = LONG_HEADER;
    }
    if (size == 0) {
        size = rest->len; /* "to the end of the file" */
    }
    if (size < header) {
        return BOX_BAD;
    }
    bool cut_off = size > rest->len;
    size_t taken = cut_off ? rest->len : (size_t)size;
    *ret_box = (struct box){.type = bytes_be32(rest->ptr + 4),
                            .body = slice_sub(*rest, header, taken - header),
                            .size = taken,
                            .cut_off = cut_off,
                            .plain_header = plain};
    *rest = slice_from(*rest, taken);
    return BOX_ONE;
}
