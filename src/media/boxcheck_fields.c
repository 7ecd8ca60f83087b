/* The fields of each box that may be published. Every byte has one value, or a range, or is counted
 * by a table: nothing is left over in which something could be carried. */
#include "boxcheck.h"

#include <string.h>

#include "base/bytes.h"
#include "box.h"

#define WRONG(what) ("a field of " what " is not what it must be")

static uint32_t at32(struct slice body, size_t offset) {
    return bytes_be32(body.ptr + offset);
}

static bool zero(struct slice body, size_t from, size_t len) {
    for (size_t i = from; i < from + len; i++) {
        if (body.ptr[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool same(struct slice body, size_t from, const void *bytes, size_t len) {
    return memcmp(body.ptr + from, bytes, len) == 0;
}

/* The matrix that leaves the picture as it is: rotation has been applied to the pixels. */
static const uint8_t identity[36] = {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0,
                                     1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40};

objection check_ftyp(struct check *c, struct slice body) {
    static const uint8_t brands[] = "isom\0\0\2\0isomiso2avc1mp41";
    (void)c;
    bool right = body.len == sizeof brands - 1 && same(body, 0, brands, sizeof brands - 1);
    return right ? NULL : WRONG("ftyp");
}

objection check_mvhd(struct check *c, struct slice body) {
    static const uint8_t rate_and_volume[] = {0, 1, 0, 0, 1, 0};
    /* Version, flags, creation, modification: all zero. Then the timescale of a millisecond. */
    bool right = body.len == 100 && zero(body, 0, 12) && at32(body, 12) == 1000 &&
                 same(body, 20, rate_and_volume, sizeof rate_and_volume) && zero(body, 26, 10) &&
                 same(body, 36, identity, sizeof identity) && zero(body, 72, 24) &&
                 at32(body, 96) <= CHECK_MAX_TRACKS + 1;
    if (!right) {
        return WRONG("mvhd");
    }
    c->movie_duration_ms = at32(body, 16);
    return c->movie_duration_ms <= MEDIA_MAX_DURATION_MS + 2000 ? NULL : "it is too long";
}

objection check_tkhd(struct check *c, struct slice body) {
    struct check_track *t = check_current(c);
    bool right = body.len == 84 && at32(body, 0) == 3 && zero(body, 4, 8) &&
                 at32(body, 12) == c->track_count && zero(body, 16, 4) &&
                 at32(body, 20) <= c->movie_duration_ms && zero(body, 24, 12) &&
                 (at32(body, 36) >> 16 == 0 || at32(body, 36) >> 16 == 0x100) &&
                 (at32(body, 36) & 0xffff) == 0 && same(body, 40, identity, sizeof identity) &&
                 (at32(body, 76) & 0xffff) == 0 && (at32(body, 80) & 0xffff) == 0;
    if (!right) {
        return WRONG("tkhd");
    }
    t->width = at32(body, 76) >> 16;
    t->height = at32(body, 80) >> 16;
    return NULL;
}

objection check_elst(struct check *c, struct slice body) {
    bool right = body.len == 20 && at32(body, 0) == 0 && at32(body, 4) == 1 &&
                 at32(body, 8) <= c->movie_duration_ms && at32(body, 12) <= INT32_MAX &&
                 at32(body, 16) == 0x00010000;
    return right ? NULL : WRONG("elst");
}

objection check_mdhd(struct check *c, struct slice body) {
    struct check_track *t = check_current(c);
    /* The language is "und". */
    bool right = body.len == 24 && zero(body, 0, 12) && at32(body, 12) > 0 &&
                 at32(body, 12) <= MEDIA_MAX_AUDIO_RATE_HZ && at32(body, 20) == 0x55c40000;
    if (!right) {
        return WRONG("mdhd");
    }
    t->timescale = at32(body, 12);
    return NULL;
}

objection check_hdlr(struct check *c, struct slice body) {
    static const char video[] = "VideoHandler";
    static const char audio[] = "SoundHandler";
    struct check_track *t = check_current(c);
    if (body.len != 24 + sizeof video || !zero(body, 0, 8) || !zero(body, 12, 12)) {
        return WRONG("hdlr");
    }
    uint32_t type = at32(body, 8);
    if (type == BOX('v', 'i', 'd', 'e') && same(body, 24, video, sizeof video)) {
        t->kind = TRACK_VIDEO;
        return NULL;
    }
    if (type == BOX('s', 'o', 'u', 'n') && same(body, 24, audio, sizeof audio)) {
        t->kind = TRACK_AUDIO;
        return NULL;
    }
    return "the name of a handler is not on the list";
}

objection check_vmhd(struct check *c, struct slice body) {
    bool right = check_current(c)->kind == TRACK_VIDEO && body.len == 12 && at32(body, 0) == 1 &&
                 zero(body, 4, 8);
    return right ? NULL : WRONG("vmhd");
}

objection check_smhd(struct check *c, struct slice body) {
    bool right = check_current(c)->kind == TRACK_AUDIO && body.len == 8 && zero(body, 0, 8);
    return right ? NULL : WRONG("smhd");
}

objection check_dref(struct check *c, struct slice body) {
    (void)c;
    /* One reference, to this file itself. */
    bool right = body.len == 20 && at32(body, 0) == 0 && at32(body, 4) == 1 &&
                 at32(body, 8) == 12 && at32(body, 12) == BOX('u', 'r', 'l', ' ') &&
                 at32(body, 16) == 1;
    return right ? NULL : WRONG("dref");
}

objection check_stsd(struct check *c, struct slice body) {
    struct check_track *t = check_current(c);
    if (body.len < 8 || at32(body, 0) != 0 || at32(body, 4) != 1) {
        return WRONG("stsd");
    }
    struct slice rest = slice_from(body, 8);
    struct box entry;
    if (box_next(&rest, &entry) != BOX_ONE || entry.cut_off || !entry.plain_header ||
        rest.len != 0) {
        return WRONG("stsd");
    }
    if (t->kind == TRACK_VIDEO && entry.type == BOX('a', 'v', 'c', '1')) {
        return check_avc1(t, entry.body);
    }
    if (t->kind == TRACK_AUDIO && entry.type == BOX('m', 'p', '4', 'a')) {
        return check_mp4a(t, entry.body);
    }
    return "the codec is neither avc1 nor mp4a";
}

/* A table: version and flags zero, a count, and exactly that many entries. */
static bool is_table(struct slice body, size_t entry, struct slice *ret_entries) {
    if (body.len < 8 || at32(body, 0) != 0 ||
        (uint64_t)at32(body, 4) * entry != (uint64_t)body.len - 8) {
        return false;
    }
    *ret_entries = slice_from(body, 8);
    return true;
}

objection check_stts(struct check *c, struct slice body) {
    return is_table(body, 8, &check_current(c)->lengths) ? NULL : WRONG("stts");
}

objection check_ctts(struct check *c, struct slice body) {
    struct check_track *t = check_current(c);
    bool right = t->kind == TRACK_VIDEO && is_table(body, 8, &t->delays);
    return right ? NULL : WRONG("ctts");
}

objection check_stss(struct check *c, struct slice body) {
    struct check_track *t = check_current(c);
    bool right = t->kind == TRACK_VIDEO && is_table(body, 4, &t->keys);
    return right ? NULL : WRONG("stss");
}

objection check_stsc(struct check *c, struct slice body) {
    return is_table(body, 12, &check_current(c)->runs) ? NULL : WRONG("stsc");
}

objection check_stsz(struct check *c, struct slice body) {
    struct check_track *t = check_current(c);
    bool right = body.len >= 12 && zero(body, 0, 8) &&
                 (uint64_t)at32(body, 8) * 4 == (uint64_t)body.len - 12;
    if (!right) {
        return WRONG("stsz");
    }
    t->sample_count = at32(body, 8);
    t->sizes = slice_from(body, 12);
    return NULL;
}

objection check_stco(struct check *c, struct slice body) {
    return is_table(body, 4, &check_current(c)->offsets) ? NULL : WRONG("stco");
}
