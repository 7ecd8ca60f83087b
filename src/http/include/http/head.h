/* The strict check of a request's head, on the raw bytes, before anything else reads them.
 *
 * Two readers of one stream that disagree where a request ends are how requests are smuggled, so
 * what RFC 9112 leaves to taste is refused here: a length given twice or in two ways, folded
 * fields, lone line feeds, zero bytes, spaces before a colon, a Host that is missing or given
 * twice. Pure: bytes in, framing out. */
#ifndef WARD_HTTP_HEAD_H
#define WARD_HTTP_HEAD_H

#include "base/status.h"
#include "http/limits.h"

struct http_framing {
    size_t head_bytes; /* with the empty line; 0 while the head is not complete */
    uint64_t body_bytes;
};

/* Reads one head from the start of `bytes`. Success with head_bytes 0: what is there is in order,
 * and more must come. Errors: E_HTTP_* of the block 800; they are final. */
MUST_USE struct status http_head_check(struct slice bytes, struct http_framing *ret_framing);

#endif
