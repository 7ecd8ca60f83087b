/* Byte ranges (RFC 9110, section 14): one range, as video players ask for it. Pure. */
#ifndef WARD_HTTP_RANGE_H
#define WARD_HTTP_RANGE_H

#include "base/status.h"

struct http_range {
    uint64_t from;
    uint64_t bytes;
    bool partial; /* answer 206 with Content-Range; otherwise 200 with everything */
};

/* What a Range field asks of `size` bytes. An absent (ptr NULL) or malformed field, another unit,
 * and several ranges ask for everything, as the RFC allows; a range that begins past the end is
 * E_HTTP_RANGE. */
MUST_USE struct status http_range_parse(struct slice field, uint64_t size,
                                        struct http_range *ret_range);

/* "bytes 0-99/1000", as an upload sends it (the whole may be an asterisk): where its bytes belong.
 * E_HTTP_CONTENT_RANGE when malformed or when the bytes are not `length`. */
MUST_USE struct status http_content_range_parse(struct slice field, uint64_t length,
                                                uint64_t *ret_from);

#endif
