/* Strings of JSON: found, checked and decoded. Private to the room. */
#ifndef WARD_WIRE_JSON_STRING_H
#define WARD_WIRE_JSON_STRING_H

#include "base/status.h"

struct json_span {
    struct slice raw; /* between the quotes, checked */
    bool escaped;     /* json_decode is needed */
};

/* `at` stands behind the opening quote. *ret_at is set in any case: behind the closing quote, or to
 * the byte that is wrong. */
MUST_USE struct status json_scan_string(const uint8_t *at, const uint8_t *end,
                                        const uint8_t **ret_at, struct json_span *ret_span);
/* Undoes the escapes of a span. E_TOO_LARGE when it does not fit. */
MUST_USE struct status json_decode(struct json_span span, uint8_t *room, size_t room_bytes,
                                   size_t *ret_len);

#endif
