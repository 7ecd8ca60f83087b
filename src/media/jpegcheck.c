/* What a poster may consist of: the segments that a picture needs, and one scan. No APPn but a
 * plain JFIF, no comment, no second picture, nothing after the end. */
#include "boxcheck.h"

#include <string.h>

#include "base/bytes.h"

enum {
    SOF0 = 0xc0,
    DHT = 0xc4,
    RST0 = 0xd0,
    SOI = 0xd8,
    EOI = 0xd9,
    SOS = 0xda,
    DQT = 0xdb,
    APP0 = 0xe0,
    MAX_SEGMENTS = 32,
};

static bool zero_thumbnail_jfif(struct slice body) {
    return body.len == 14 && memcmp(body.ptr, "JFIF", 5) == 0 && body.ptr[12] == 0 &&
           body.ptr[13] == 0;
}

/* Whole tables of 65 bytes: eight bits each, numbered 0 to 3. */
static objection check_quantisation(struct slice body) {
    bool right = body.len > 0 && body.len % 65 == 0;
    for (size_t i = 0; right && i < body.len; i += 65) {
        right = body.ptr[i] <= 3;
    }
    return right ? NULL : "a quantisation table is malformed";
}

/* Whole tables: a number, sixteen counts, and as many symbols as these add up to. */
static objection check_huffman(struct slice body) {
    while (body.len >= 17) {
        size_t symbols = 0;
        for (size_t i = 1; i <= 16; i++) {
            symbols += body.ptr[i];
        }
        if ((body.ptr[0] & 0xee) != 0 || symbols > 256 || symbols > body.len - 17) {
            return "a Huffman table is malformed";
        }
        body = slice_from(body, 17 + symbols);
    }
    return body.len == 0 ? NULL : "a Huffman table is malformed";
}

static objection check_frame(struct slice body, struct media_facts *facts) {
    if (body.len != 15 || body.ptr[0] != 8 || body.ptr[5] != 3 || facts->width != 0) {
        return "the frame is not baseline with three components";
    }
    facts->height = bytes_be16(body.ptr + 1);
    facts->width = bytes_be16(body.ptr + 3);
    bool sized = facts->width > 0 && facts->height > 0 && facts->width <= MEDIA_LONG_EDGE_PX &&
                 facts->height <= MEDIA_LONG_EDGE_PX;
    return sized ? NULL : "the size of the picture is out of range";
}

/* From the end of the scan's header: entropy-coded bytes, then the end of the file. */
static objection check_scan(struct slice data) {
    size_t i = 0;
    while (i + 1 < data.len) {
        if (data.ptr[i] != 0xff) {
            i++;
            continue;
        }
        uint8_t next = data.ptr[i + 1];
        if (next == EOI) {
            return i + 2 == data.len ? NULL : "there is something after the end of the picture";
        }
        if (next != 0 && (next & 0xf8) != RST0) {
            return "there is a marker within the scan";
        }
        i += 2;
    }
    return "the picture has no end";
}

static objection check_segment(uint8_t marker, struct slice body, struct media_facts *facts) {
    switch (marker) {
    case APP0:
        return zero_thumbnail_jfif(body) ? NULL : "APP0 is more than a plain JFIF";
    case DQT:
        return check_quantisation(body);
    case DHT:
        return check_huffman(body);
    case SOF0:
        return check_frame(body, facts);
    default:
        return "there is a segment that is not on the list";
    }
}

static objection walk_segments(struct slice rest, struct media_facts *facts) {
    for (size_t i = 0; i < MAX_SEGMENTS; i++) {
        if (rest.len < 4 || rest.ptr[0] != 0xff) {
            return "there are bytes that are no segment";
        }
        uint8_t marker = rest.ptr[1];
        size_t len = bytes_be16(rest.ptr + 2);
        if (len < 2 || len > rest.len - 2) {
            return "the size of a segment is not what it must be";
        }
        struct slice body = slice_sub(rest, 4, len - 2);
        rest = slice_from(rest, 2 + len);
        if (marker == SOS) {
            return body.len == 10 && facts->width > 0 ? check_scan(rest) : "the scan is malformed";
        }
        objection why = check_segment(marker, body, facts);
        if (why != NULL) {
            return why;
        }
    }
    return "there are too many segments";
}

objection check_jpeg(struct slice file, struct media_facts *ret_facts) {
    struct media_facts facts = {.width = 0};
    if (file.len < 4 || file.ptr[0] != 0xff || file.ptr[1] != SOI) {
        return "it is not a JPEG";
    }
    objection why = walk_segments(slice_from(file, 2), &facts);
    if (why == NULL) {
        *ret_facts = facts;
    }
    return why;
}
