/* What a published file may hold, and every way of putting something else in that we can think of.
 * Each tampering must be refused; that the untouched file is accepted shows that it is refused for
 * what was done to it. */
#include "media/boxcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "box.h"
#include "clip.h"

#include <cmocka.h>

enum { MAX_CLIP = 1 << 20 };

static struct buf clean; /* a clip with sound */

static int prepare(void **state) {
    (void)state;
    buf_init(&clean, MAX_CLIP);
    return failed(clip_write(true, &clean));
}

static int tidy(void **state) {
    (void)state;
    buf_done(&clean);
    return 0;
}

static bool accepted(struct slice file) {
    struct media_facts facts;
    return !failed(media_boxcheck(MEDIA_CLIP, file, &facts, NULL));
}

static void clean_clip_is_accepted(void **state) {
    struct media_facts facts = {0};
    const char *why = "";
    (void)state;
    struct status s = media_boxcheck(MEDIA_CLIP, buf_slice(&clean), &facts, &why);
    assert_string_equal(why, "");
    assert_int_equal(s.code, OK);
    assert_int_equal(facts.width, 720);
    assert_int_equal(facts.height, 1280);
    assert_true(facts.audio);
    assert_in_range(facts.duration_ms, 2000, 2070);
}

static void clip_without_sound_is_accepted(void **state) {
    struct buf silent;
    struct media_facts facts;
    (void)state;
    buf_init(&silent, MAX_CLIP);
    assert_int_equal(clip_write(false, &silent).code, OK);
    assert_int_equal(media_boxcheck(MEDIA_CLIP, buf_slice(&silent), &facts, NULL).code, OK);
    assert_false(facts.audio);
    buf_done(&silent);
}

static void writer_leaves_no_sei(void **state) {
    (void)state;
    assert_null(memmem(clean.ptr, clean.len, "x264", 4));
}

/* Where the n-th box of this type begins. */
static size_t find_box(const struct buf *file, const char *type, int nth) {
    for (size_t i = 4; i + 4 <= file->len; i++) {
        if (memcmp(file->ptr + i, type, 4) == 0 && nth-- == 0) {
            return i - 4;
        }
    }
    fail_msg("no box %s", type);
    return 0;
}

/* The boxes around a place, whose sizes grow with it. */
static void grow_around(struct buf *file, size_t at, uint32_t by) {
    static const char *const around[] = {"moov", "trak", "edts", "mdia", "minf", "dinf",
                                         "stbl", "stsd", "avc1", "mp4a", "mdat"};
    for (size_t i = 4; i + 4 <= file->len && i < at; i++) {
        for (size_t k = 0; k < ARRAY_LEN(around); k++) {
            uint32_t size = bytes_be32(file->ptr + i - 4);
            if (memcmp(file->ptr + i, around[k], 4) == 0 && i - 4 + size >= at) {
                bytes_put_be32(file->ptr + i - 4, size + by);
            }
        }
    }
}

/* The media data moves when something is put in before it. */
static void shift_offsets(struct buf *file, uint32_t by) {
    for (int nth = 0; nth < 2; nth++) {
        size_t at = find_box(file, "stco", nth) + 8;
        uint32_t count = bytes_be32(file->ptr + at + 4);
        for (uint32_t i = 0; i < count; i++) {
            uint8_t *entry = file->ptr + at + 8 + 4 * (size_t)i;
            bytes_put_be32(entry, bytes_be32(entry) + by);
        }
    }
}

/* The clean clip with some bytes put in at a place, everything else mended as a careful forger
 * would. */
static void put_in(struct buf *out, size_t at, const void *bytes, size_t len) {
    buf_init(out, MAX_CLIP);
    struct slice whole = buf_slice(&clean);
    assert_int_equal(buf_add(out, whole).code, OK);
    grow_around(out, at, (uint32_t)len);
    if (at <= find_box(out, "mdat", 0)) {
        shift_offsets(out, (uint32_t)len);
    }
    assert_int_equal(buf_reserve(out, len).code, OK);
    memmove(out->ptr + at + len, out->ptr + at, out->len - at);
    memcpy(out->ptr + at, bytes, len);
    out->len += len;
}

static void make_box(const char *type, uint8_t box[24]) {
    memset(box, 0, 24);
    bytes_put_be32(box, 24);
    memcpy(box + 4, type, 4);
    memcpy(box + 8, "+52.3702+004.895", 16);
}

/* Before each of these boxes, and at the end. */
static const struct place {
    const char *before;
    int nth;
} places[] = {
    {"ftyp", 0}, {"moov", 0}, {"mdat", 0}, {"mvhd", 0}, {"trak", 0}, {"trak", 1}, {"tkhd", 0},
    {"edts", 0}, {"mdia", 0}, {"elst", 0}, {"mdhd", 0}, {"hdlr", 0}, {"minf", 0}, {"vmhd", 0},
    {"smhd", 0}, {"dinf", 0}, {"stbl", 0}, {"stsd", 0}, {"stts", 0}, {"ctts", 0}, {"stss", 0},
    {"stsc", 0}, {"stsz", 0}, {"stco", 0}, {"avcC", 0}, {"colr", 0}, {"esds", 0}, {"stco", 1},
};

static void foreign_box_is_refused_everywhere(void **state) {
    static const char *const foreign[] = {"udta", "meta",    "uuid", "free", "skip", "mebx", "gpmd",
                                          "trak", "\251xyz", "loci", "mdat", "moov", "stts", "iods",
                                          "ilst", "keys",    "tref", "mvex", "moof", "sgpd"};
    uint8_t box[24];
    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(places); p++) {
        for (size_t f = 0; f < ARRAY_LEN(foreign); f++) {
            struct buf forged;
            make_box(foreign[f], box);
            put_in(&forged, find_box(&clean, places[p].before, places[p].nth), box, sizeof box);
            if (accepted(buf_slice(&forged))) {
                fail_msg("%s before %s %d was accepted", foreign[f], places[p].before,
                         places[p].nth);
            }
            buf_done(&forged);
        }
    }
    for (size_t f = 0; f < ARRAY_LEN(foreign); f++) {
        struct buf forged;
        make_box(foreign[f], box);
        put_in(&forged, clean.len, box, sizeof box);
        assert_false(accepted(buf_slice(&forged)));
        buf_done(&forged);
    }
}

/* The forger's helper is right: what it puts in, an own table entry, is accepted where it fits. */
static void forger_is_careful(void **state) {
    struct buf forged;
    (void)state;
    put_in(&forged, find_box(&clean, "mvhd", 0), "", 0);
    assert_true(accepted(buf_slice(&forged)));
    buf_done(&forged);
}

struct field {
    const char *box;
    size_t offset; /* from the start of the box's body */
    const char *bytes;
    size_t len;
};

static void telling_fields_are_refused(void **state) {
    static const struct field fields[] = {
        {"mvhd", 4, "\0\0\0\1", 4},  {"mvhd", 8, "\0\0\0\1", 4},     {"tkhd", 4, "\xe0\1\2\3", 4},
        {"tkhd", 8, "\0\1\0\0", 4},  {"mdhd", 4, "\0\0\1\0", 4},     {"mdhd", 8, "\1\0\0\0", 4},
        {"mdhd", 20, "\x15\xc7", 2}, {"hdlr", 24, "Core Media", 10}, {"hdlr", 12, "appl", 4},
        {"mvhd", 36, "\0\0\0\0", 4}, {"mvhd", 72, "GPS!", 4},        {"tkhd", 40, "\0\0\0\0", 4},
        {"ftyp", 0, "qt  ", 4},      {"avc1", 24, "\7", 1},          {"avc1", 42, "\4Lavc", 5},
        {"avc1", 8, "appl", 4},      {"mp4a", 8, "\1", 1},           {"esds", 13, "abc", 3},
        {"dref", 16, "\0\0\0\0", 4}, {"stsd", 4, "\0\0\0\2", 4},     {"stts", 0, "\1", 1},
        {"ctts", 8, "\0\0\0\0", 4},  {"stsc", 8, "\0\0\0\2", 4},     {"stss", 8, "\0\0\0\0", 4},
        {"elst", 16, "\0\2\0\0", 4}, {"vmhd", 4, "ward", 4},         {"smhd", 4, "ward", 4},
        {"colr", 0, "prof", 4},      {"avcC", 0, "\2", 1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct buf forged;
        put_in(&forged, clean.len, "", 0);
        size_t at = find_box(&forged, fields[i].box, 0) + 8 + fields[i].offset;
        memcpy(forged.ptr + at, fields[i].bytes, fields[i].len);
        if (accepted(buf_slice(&forged))) {
            fail_msg("%s at %zu was accepted", fields[i].box, fields[i].offset);
        }
        buf_done(&forged);
    }
}

/* Wherever in the header a message of eight bytes is written, the file is refused; but for the
 * parameter sets of the picture and the average of the sound, which only a decoder could judge. */
static void no_room_for_a_message_in_the_header(void **state) {
    struct buf forged;
    size_t room = 0;
    (void)state;
    put_in(&forged, clean.len, "", 0);
    size_t header = find_box(&clean, "mdat", 0);
    size_t avcc = find_box(&clean, "avcC", 0);
    size_t esds = find_box(&clean, "esds", 0);
    for (size_t i = 0; i + 8 <= header + 8; i++) {
        memcpy(forged.ptr + i, "GPS 52.3", 8);
        bool parameters = i > avcc && i < avcc + 40;
        bool average = i > esds && i < esds + 34;
        room += accepted(buf_slice(&forged));
        if (accepted(buf_slice(&forged)) && !parameters && !average) {
            fail_msg("a message at %zu was accepted", i);
        }
        memcpy(forged.ptr + i, clean.ptr + i, 8);
    }
    assert_in_range(room, 0, 12);
    buf_done(&forged);
}

static void bytes_that_no_sample_owns_are_refused(void **state) {
    struct buf forged;
    (void)state;
    put_in(&forged, clean.len, "hidden", 6); /* mdat grows with it */
    assert_false(accepted(buf_slice(&forged)));
    buf_done(&forged);
    put_in(&forged, find_box(&clean, "mdat", 0) + 8, "hidden", 6);
    assert_false(accepted(buf_slice(&forged)));
    buf_done(&forged);
}

static void unit_that_is_no_slice_is_refused(void **state) {
    struct buf forged;
    (void)state;
    put_in(&forged, clean.len, "", 0);
    size_t unit = find_box(&forged, "mdat", 0) + 8 + 4;
    assert_int_equal(forged.ptr[unit], 0x65);
    static const uint8_t others[] = {6, 7, 8, 9, 12, 14, 0x66, 0x00, 0xe5};
    for (size_t i = 0; i < sizeof others; i++) {
        forged.ptr[unit] = others[i];
        assert_false(accepted(buf_slice(&forged)));
    }
    buf_done(&forged);
}

static void audio_that_begins_with_data_is_refused(void **state) {
    struct buf forged;
    (void)state;
    put_in(&forged, clean.len, "", 0);
    uint8_t *sound = memmem(forged.ptr, forged.len, "\x21\x10\x05\0", 4);
    assert_non_null(sound);
    sound[0] = 0x81; /* a data stream element */
    assert_false(accepted(buf_slice(&forged)));
    buf_done(&forged);
}

static void cut_off_clip_is_refused(void **state) {
    (void)state;
    for (size_t len = 0; len < clean.len; len++) {
        /* Exactly as long as it is, so that the sanitizer sees a read past the end. */
        uint8_t *exact = mem_alloc(len);
        assert_non_null(exact);
        memcpy(exact, clean.ptr, len);
        assert_false(accepted(slice_of(exact, len)));
        mem_free(exact);
    }
}

static void refusal_says_why(void **state) {
    const char *why = NULL;
    struct media_facts facts;
    (void)state;
    assert_int_equal(media_boxcheck(MEDIA_CLIP, SLICE("not a video"), &facts, &why).code,
                     E_MEDIA_UNCLEAN);
    assert_non_null(why);
}

/* A JPEG as the studio makes them, in small. */
static size_t make_poster(uint8_t *out) {
    static const uint8_t frame[] = {0xff, 0xc0, 0, 17, 8,    0, 16, 0,    16, 3,
                                    1,    0x22, 0, 2,  0x11, 0, 3,  0x11, 0};
    static const uint8_t scan[] = {0xff, 0xda, 0, 12,   3,    1,    0, 2,    0x11, 3,   0x11,
                                   0,    63,   0, 0x12, 0x34, 0xff, 0, 0x56, 0xff, 0xd9};
    size_t n = 0;
    memcpy(out, "\xff\xd8\xff\xdb\0\x43\0", 7);
    memset(out + 7, 8, 64);
    n = 7 + 64;
    memcpy(out + n, frame, sizeof frame);
    n += sizeof frame;
    memcpy(out + n, "\xff\xc4\0\x14\0\1", 6);
    memset(out + n + 6, 0, 15);
    out[n + 6 + 15] = 7;
    n += 22;
    memcpy(out + n, scan, sizeof scan);
    return n + sizeof scan;
}

static bool poster_accepted(const uint8_t *bytes, size_t len) {
    struct media_facts facts;
    return !failed(media_boxcheck(MEDIA_POSTER, slice_of(bytes, len), &facts, NULL));
}

static void plain_poster_is_accepted(void **state) {
    uint8_t poster[256];
    struct media_facts facts;
    (void)state;
    size_t len = make_poster(poster);
    assert_int_equal(media_boxcheck(MEDIA_POSTER, slice_of(poster, len), &facts, NULL).code, OK);
    assert_int_equal(facts.width, 16);
    assert_int_equal(facts.height, 16);
}

static void segment_that_tells_is_refused(void **state) {
    uint8_t poster[256];
    uint8_t forged[320];
    (void)state;
    size_t len = make_poster(poster);
    for (unsigned marker = 0xc1; marker <= 0xfe; marker++) {
        bool picture = marker == 0xc4 || marker == 0xdb || marker == 0xe0;
        const uint8_t segment[] = {0xff, (uint8_t)marker, 0, 8, 'E', 'x', 'i', 'f', 0, 0};
        if (picture) {
            continue;
        }
        memcpy(forged, poster, 2);
        memcpy(forged + 2, segment, sizeof segment);
        memcpy(forged + 2 + sizeof segment, poster + 2, len - 2);
        assert_false(poster_accepted(forged, len + sizeof segment));
    }
}

static void poster_that_is_more_is_refused(void **state) {
    uint8_t poster[256];
    (void)state;
    size_t len = make_poster(poster);
    poster[len] = 0;
    assert_false(poster_accepted(poster, len + 1));
    for (size_t cut = 0; cut < len; cut++) {
        assert_false(poster_accepted(poster, cut));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_clip_is_accepted),
        cmocka_unit_test(clip_without_sound_is_accepted),
        cmocka_unit_test(writer_leaves_no_sei),
        cmocka_unit_test(forger_is_careful),
        cmocka_unit_test(foreign_box_is_refused_everywhere),
        cmocka_unit_test(telling_fields_are_refused),
        cmocka_unit_test(no_room_for_a_message_in_the_header),
        cmocka_unit_test(bytes_that_no_sample_owns_are_refused),
        cmocka_unit_test(unit_that_is_no_slice_is_refused),
        cmocka_unit_test(audio_that_begins_with_data_is_refused),
        cmocka_unit_test(cut_off_clip_is_refused),
        cmocka_unit_test(refusal_says_why),
        cmocka_unit_test(plain_poster_is_accepted),
        cmocka_unit_test(segment_that_tells_is_refused),
        cmocka_unit_test(poster_that_is_more_is_refused),
    };
    return cmocka_run_group_tests(tests, prepare, tidy);
}
