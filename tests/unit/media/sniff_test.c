/* The first look at an upload: what is wrong with a file, named before any library parses it. */
#include "media/sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "clip.h"

#include <cmocka.h>

enum { MAX_CLIP = 1 << 20 };

static uint16_t sniff(const void *bytes, size_t len) {
    enum media_container container;
    return media_sniff(slice_of(bytes, len), &container).code;
}

static void files_of_other_kinds_are_unsupported(void **state) {
    static const struct {
        const char *bytes;
        size_t len;
        uint16_t code;
    } files[] = {
        {"", 0, E_MEDIA_EMPTY},
        {"x", 1, E_MEDIA_UNSUPPORTED},
        {"\0\0\0\0\0\0\0\0", 8, E_MEDIA_UNSUPPORTED},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, E_MEDIA_UNSUPPORTED},
        {"\xff\xd8\xff\xe0\0\x10JFIF", 10, E_MEDIA_UNSUPPORTED},
        {"GIF89a\1\0\1\0", 10, E_MEDIA_UNSUPPORTED},
        {"PK\3\4\0\0\0\0\0\0\0\0", 12, E_MEDIA_UNSUPPORTED},
        {"RIFF\0\0\0\0AVI LIST", 16, E_MEDIA_UNSUPPORTED},
        {"Dear diary, today I filmed nothing.", 35, E_MEDIA_UNSUPPORTED},
        {"#EXTM3U\nfile:///etc/passwd\n", 27, E_MEDIA_UNSUPPORTED},
        {"\0\0\0\x10"
         "ftypisom\0\0\0\0",
         16, E_MEDIA_TRUNCATED},
        {"\0\0\0\x04"
         "ftypisom\0\0\0\0",
         16, E_MEDIA_DAMAGED},
        {"\0\0\0\1ftyp\xff\xff\xff\xff\xff\xff\xff\xff", 16, E_MEDIA_TRUNCATED},
        {"\0\0\0\1ftyp\0\0\0\0\0\0\0\1", 16, E_MEDIA_DAMAGED},
        {"\x1a\x45\xdf\xa3", 4, E_MEDIA_UNSUPPORTED},
        {"\x1a\x45\xdf\xa3\xff\0\0\0\0", 9, E_MEDIA_DAMAGED},
        {"\x1a\x45\xdf\xa3\x9f\0\0\0\0", 9, E_MEDIA_TRUNCATED},
        {"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x9f\0", 11, E_MEDIA_TRUNCATED},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        uint8_t *exact = mem_alloc(files[i].len);
        assert_non_null(exact);
        memcpy(exact, files[i].bytes, files[i].len);
        uint16_t code = sniff(exact, files[i].len);
        if (code != files[i].code) {
            fail_msg("file %zu: %u instead of %u", i, code, files[i].code);
        }
        mem_free(exact);
    }
}

static void clip_is_seen_as_mp4(void **state) {
    struct buf clip;
    enum media_container container = MEDIA_WEBM;
    (void)state;
    buf_init(&clip, MAX_CLIP);
    assert_int_equal(clip_write(true, &clip).code, OK);
    assert_int_equal(media_sniff(buf_slice(&clip), &container).code, OK);
    assert_int_equal(container, MEDIA_MP4);
    buf_done(&clip);
}

static void live_webm_is_accepted(void **state) {
    static const uint8_t live[] = {0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53, 0x80, 0x67,
                                   0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};
    enum media_container container = MEDIA_MP4;
    (void)state;
    assert_int_equal(media_sniff(slice_of(live, sizeof live), &container).code, OK);
    assert_int_equal(container, MEDIA_WEBM);
}

static void clip_cut_anywhere_is_truncated(void **state) {
    struct buf clip;
    (void)state;
    buf_init(&clip, MAX_CLIP);
    assert_int_equal(clip_write(true, &clip).code, OK);
    for (size_t len = 8; len < clip.len; len++) {
        uint8_t *exact = mem_alloc(len);
        assert_non_null(exact);
        memcpy(exact, clip.ptr, len);
        assert_int_equal(sniff(exact, len), E_MEDIA_TRUNCATED);
        mem_free(exact);
    }
    buf_done(&clip);
}

/* A header that holds as many tracks, and the media after it. */
static uint16_t sniff_tracks(uint32_t tracks) {
    struct buf file;
    buf_init(&file, 64 << 20);
    assert_int_equal(buf_add_be32(&file, 8).code, OK);
    assert_int_equal(buf_add(&file, SLICE("ftyp")).code, OK);
    assert_int_equal(buf_add_be32(&file, 8 + 8 * tracks).code, OK);
    assert_int_equal(buf_add(&file, SLICE("moov")).code, OK);
    for (uint32_t i = 0; i < tracks; i++) {
        assert_int_equal(buf_add(&file, SLICE("\0\0\0\10trak")).code, OK);
    }
    assert_int_equal(buf_add(&file, SLICE("\0\0\0\10mdat")).code, OK);
    uint16_t code = sniff(file.ptr, file.len);
    buf_done(&file);
    return code;
}

static void tracks_have_a_limit(void **state) {
    (void)state;
    assert_int_equal(sniff_tracks(0), E_MEDIA_NO_VIDEO);
    assert_int_equal(sniff_tracks(MEDIA_MAX_STREAMS - 1), OK);
    assert_int_equal(sniff_tracks(MEDIA_MAX_STREAMS), OK);
    assert_int_equal(sniff_tracks(MEDIA_MAX_STREAMS + 1), E_MEDIA_LIMITS);
    assert_int_equal(sniff_tracks(1000000), E_MEDIA_LIMITS);
}

/* A number of four bytes of the clip, changed. */
static uint16_t sniff_with(const char *box, size_t offset, uint32_t value) {
    struct buf clip;
    buf_init(&clip, MAX_CLIP);
    assert_int_equal(clip_write(true, &clip).code, OK);
    uint8_t *at = memmem(clip.ptr, clip.len, box, 4);
    assert_non_null(at);
    bytes_put_be32(at + 4 + offset, value);
    uint16_t code = sniff(clip.ptr, clip.len);
    buf_done(&clip);
    return code;
}

static void tables_that_claim_too_much_are_damaged(void **state) {
    static const char *const tables[] = {"stts", "ctts", "stss", "stsc", "stco", "stsd"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        assert_int_equal(sniff_with(tables[i], 4, UINT32_MAX), E_MEDIA_DAMAGED);
        assert_int_equal(sniff_with(tables[i], 4, 0x10000000), E_MEDIA_DAMAGED);
    }
    assert_int_equal(sniff_with("stsz", 8, 100000), E_MEDIA_DAMAGED);
    assert_int_equal(sniff_with("stsz", 8, UINT32_MAX), E_MEDIA_LIMITS);
    assert_int_equal(sniff_with("trak", (size_t)0 - 8, UINT32_MAX), E_MEDIA_DAMAGED);
    assert_int_equal(sniff_with("mvhd", (size_t)0 - 4, 0x636d6f76), E_MEDIA_UNSUPPORTED);
}

static void size_has_a_limit(void **state) {
    enum media_container container;
    (void)state;
    /* The bytes are never looked at. */
    struct slice huge = slice_of("x", (size_t)MEDIA_MAX_INPUT_BYTES + 1);
    assert_int_equal(media_sniff(huge, &container).code, E_MEDIA_TOO_LARGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_other_kinds_are_unsupported),
        cmocka_unit_test(clip_is_seen_as_mp4),
        cmocka_unit_test(live_webm_is_accepted),
        cmocka_unit_test(clip_cut_anywhere_is_truncated),
        cmocka_unit_test(tracks_have_a_limit),
        cmocka_unit_test(tables_that_claim_too_much_are_damaged),
        cmocka_unit_test(size_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
