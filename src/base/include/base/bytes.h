/* Integers and bytes as text: big-endian, hexadecimal, base64, decimal. */
#ifndef WARD_BASE_BYTES_H
#define WARD_BASE_BYTES_H

#include "base/buf.h"

void bytes_put_be16(uint8_t *to, uint16_t v);
void bytes_put_be32(uint8_t *to, uint32_t v);
void bytes_put_be64(uint8_t *to, uint64_t v);
uint16_t bytes_be16(const uint8_t *from);
uint32_t bytes_be32(const uint8_t *from);
uint64_t bytes_be64(const uint8_t *from);

/* Lower-case hexadecimal. Decoding takes exactly ret_len bytes, else E_ENCODING. */
MUST_USE struct status hex_encode(struct slice s, struct buf *out);
MUST_USE struct status hex_decode(struct slice text, uint8_t *ret, size_t ret_len);
/* RFC 4648 base64 with padding, and its URL form without. Decoding is strict. */
MUST_USE struct status base64_encode(struct slice s, struct buf *out);
MUST_USE struct status base64_decode(struct slice text, struct buf *out);
MUST_USE struct status base64url_encode(struct slice s, struct buf *out);
MUST_USE struct status base64url_decode(struct slice text, struct buf *out);
/* Decimal without sign, leading zeros or spaces, at most `max`; else E_NUMBER. */
MUST_USE struct status parse_u64(struct slice text, uint64_t max, uint64_t *ret);

#endif
