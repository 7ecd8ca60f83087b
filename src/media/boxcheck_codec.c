/* The sample entries: how the picture and the sound are coded, and nothing else. */
#include "boxcheck.h"

#include <string.h>

#include "base/bytes.h"
#include "box.h"

enum { MAX_SPS = 64, MAX_PPS = 32, NAL_SPS = 7, NAL_PPS = 8 };

#define WRONG(what) ("a field of " what " is not what it must be")

static bool zero(const uint8_t *from, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (from[i] != 0) {
            return false;
        }
    }
    return true;
}

/* One parameter set: its length, then its bytes, of the right kind. */
static bool take_parameter_set(struct slice *rest, unsigned kind, size_t max) {
    if (rest->len < 2) {
        return false;
    }
    size_t len = bytes_be16(rest->ptr);
    if (len == 0 || len > max || len > rest->len - 2 || rest->ptr[2] >> 7 != 0 ||
        (rest->ptr[2] & 0x1f) != kind) {
        return false;
    }
    *rest = slice_from(*rest, 2 + len);
    return true;
}

static bool take_byte(struct slice *rest, uint8_t value) {
    if (rest->len == 0 || rest->ptr[0] != value) {
        return false;
    }
    *rest = slice_from(*rest, 1);
    return true;
}

static objection check_avcc(struct slice body) {
    static const uint8_t high_profile_end[] = {0xfd, 0xf8, 0xf8, 0};
    if (body.len < 6 || body.ptr[0] != 1 || body.ptr[4] != 0xff) {
        return WRONG("avcC");
    }
    uint8_t profile = body.ptr[1];
    struct slice rest = slice_from(body, 5);
    bool right = take_byte(&rest, 0xe1) && take_parameter_set(&rest, NAL_SPS, MAX_SPS) &&
                 take_byte(&rest, 1) && take_parameter_set(&rest, NAL_PPS, MAX_PPS);
    bool high = profile == 100;
    bool ended = high ? rest.len == sizeof high_profile_end &&
                            memcmp(rest.ptr, high_profile_end, rest.len) == 0
                      : rest.len == 0;
    return right && ended ? NULL : WRONG("avcC");
}

static objection check_colr(struct slice body) {
    /* nclx, three code points, and whether the range is full. */
    bool right = body.len == 11 && bytes_be32(body.ptr) == BOX('n', 'c', 'l', 'x') &&
                 body.ptr[4] == 0 && body.ptr[6] == 0 && body.ptr[8] == 0 &&
                 (body.ptr[10] & 0x7f) == 0;
    return right ? NULL : WRONG("colr");
}

static objection check_avc1_boxes(struct slice rest) {
    struct box box;
    if (box_next(&rest, &box) != BOX_ONE || box.cut_off || box.type != BOX('a', 'v', 'c', 'C')) {
        return "avc1 holds something else than avcC";
    }
    objection why = check_avcc(box.body);
    if (why != NULL || rest.len == 0) {
        return why;
    }
    if (box_next(&rest, &box) != BOX_ONE || box.cut_off || box.type != BOX('c', 'o', 'l', 'r') ||
        rest.len != 0) {
        return "avc1 holds something else than avcC and colr";
    }
    return check_colr(box.body);
}

objection check_avc1(struct check_track *t, struct slice body) {
    enum { FIELDS = 78 };
    static const uint8_t start[] = {0, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t resolution[] = {0, 72, 0, 0, 0, 72, 0, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t depth[] = {0, 24, 0xff, 0xff};
    if (body.len < FIELDS) {
        return WRONG("avc1");
    }
    /* The 32 bytes of the name of the encoder are all zero. */
    bool right = memcmp(body.ptr, start, sizeof start) == 0 && zero(body.ptr + 8, 16) &&
                 memcmp(body.ptr + 28, resolution, sizeof resolution) == 0 &&
                 zero(body.ptr + 42, 32) && memcmp(body.ptr + 74, depth, sizeof depth) == 0;
    bool sized = bytes_be16(body.ptr + 24) == t->width && bytes_be16(body.ptr + 26) == t->height &&
                 t->width > 0 && t->height > 0 && t->width <= MEDIA_LONG_EDGE_PX &&
                 t->height <= MEDIA_LONG_EDGE_PX;
    return right && sized ? check_avc1_boxes(slice_from(body, FIELDS)) : WRONG("avc1");
}

/* ES descriptor, decoder configuration (AAC, audio), its two to eight bytes, and how access units
 * are counted. Lengths are one byte each. */
static objection check_esds(struct slice body) {
    enum { BEFORE_CONFIG = 26, AFTER_CONFIG = 3 };
    if (body.len < BEFORE_CONFIG + 2 + AFTER_CONFIG ||
        body.len > BEFORE_CONFIG + 8 + AFTER_CONFIG) {
        return WRONG("esds");
    }
    const uint8_t *p = body.ptr;
    size_t config = body.len - BEFORE_CONFIG - AFTER_CONFIG;
    bool right = zero(p, 4) && p[4] == 3 && p[5] == body.len - 6 && p[6] == 0 && p[7] == 2 &&
                 p[8] == 0 && p[9] == 4 && p[10] == 15 + config && p[11] == 0x40 && p[12] == 0x15 &&
                 zero(p + 13, 3) && p[24] == 5 && p[25] == config;
    const uint8_t *end = p + BEFORE_CONFIG + config;
    return right && end[0] == 6 && end[1] == 1 && end[2] == 2 ? NULL : WRONG("esds");
}

objection check_mp4a(struct check_track *t, struct slice body) {
    enum { FIELDS = 28 };
    static const uint8_t start[] = {0, 0, 0, 0, 0, 0, 0, 1};
    if (body.len < FIELDS) {
        return WRONG("mp4a");
    }
    bool right = memcmp(body.ptr, start, sizeof start) == 0 && zero(body.ptr + 8, 8) &&
                 (bytes_be16(body.ptr + 16) == 1 || bytes_be16(body.ptr + 16) == 2) &&
                 bytes_be16(body.ptr + 18) == 16 && zero(body.ptr + 20, 4) &&
                 bytes_be16(body.ptr + 24) == t->timescale && zero(body.ptr + 26, 2) &&
                 t->width == 0 && t->height == 0;
    struct slice rest = slice_from(body, FIELDS);
    struct box box;
    if (!right || box_next(&rest, &box) != BOX_ONE || box.cut_off || rest.len != 0 ||
        box.type != BOX('e', 's', 'd', 's')) {
        return WRONG("mp4a");
    }
    return check_esds(box.body);
}
