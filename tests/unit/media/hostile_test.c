/* Files made to hurt: cut off anywhere, claiming the impossible, damaged at random with a seed.
 * Each goes through the real studio, and each must end in a clear answer within its time; what
 * comes out all the same must pass the check. WARD_CHECK_ALL=1 tries for minutes instead of
 * seconds. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "media/sniff.h"
#include "studio_help.h"

#include <cmocka.h>

static const char *const sources[] = {
    PHONE_CLIP,
    MEDIA_DATA "/vp9-opus.webm",
    MEDIA_DATA "/vp8-vorbis.webm",
    MEDIA_DATA "/hevc-aac.mov",
    MEDIA_DATA "/av1.mp4",
    MEDIA_DATA "/fragmented.mp4",
    MEDIA_DATA "/surround-late.mp4",
};

static struct buf source[ARRAY_LEN(sources)];
static size_t descriptors_before;

static int prepare(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (failed(read_file(sources[i], &source[i]))) {
            return -1;
        }
    }
    descriptors_before = open_descriptors();
    return 0;
}

static int tidy(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        buf_done(&source[i]);
    }
    return 0;
}

static void cut_off_file_says_so(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        /* A fragmented file is whole up to its last fragment; cut there it is only shorter. */
        bool fragments = strstr(sources[i], "fragmented") != NULL;
        size_t stride = source[i].len / 500 + 1;
        for (size_t len = 8; len < source[i].len; len += stride) {
            enum media_container container;
            uint16_t code = media_sniff(slice_of(source[i].ptr, len), &container).code;
            assert_true(code == E_MEDIA_TRUNCATED || (fragments && code == OK));
        }
    }
}

static void cut_off_file_in_the_studio(void **state) {
    (void)state;
    for (size_t part = 1; part < 8; part++) {
        struct slice cut = slice_of(source[0].ptr, source[0].len * part / 8);
        assert_int_equal(studio_code(cut), E_MEDIA_TRUNCATED);
    }
    assert_int_equal(studio_code(slice_of(source[0].ptr, 3)), E_MEDIA_UNSUPPORTED);
}

/* Claims in the header of the phone's clip: where, what. */
static const struct claim {
    const char *box;
    size_t offset; /* from the start of the box's body */
    uint32_t value;
} claims[] = {
    {"avc1", 24, 0xffffffff}, {"avc1", 24, 0x7fff7fff}, {"tkhd", 76, 0xffffffff},
    {"mvhd", 12, 1},          {"mvhd", 12, 0},          {"mvhd", 16, 0xffffffff},
    {"mdhd", 12, 0},          {"mdhd", 12, 1},          {"mdhd", 16, 0xffffffff},
    {"stts", 8, 0xffffffff},  {"stts", 12, 0xffffffff}, {"stts", 12, 0x7fffffff},
    {"stsz", 4, 1},           {"stsz", 4, 0x7fffffff},  {"stsz", 12, 0xffffffff},
    {"stsc", 12, 0xffffffff}, {"stsc", 8, 0},           {"stco", 8, 0xffffffff},
    {"stco", 8, 0},           {"elst", 8, 0xffffffff},  {"elst", 12, 0x7fffffff},
    {"esds", 4, 0xffffffff},  {"avcC", 4, 0xffffffff},  {"stsd", 4, 0x7fffffff},
    {"mp4a", 16, 0xffffffff}, {"mp4a", 24, 0},          {"dref", 4, 0xffffffff},
    {"hdlr", 8, 0x6d657461},  {"mvhd", 0, 0x01000000},
};

static bool is_clear(uint16_t code) {
    return code == OK || (code >= E_MEDIA_UNSUPPORTED && code <= E_MEDIA_UNCLEAN) ||
           code == E_STUDIO_DIED;
}

/* Through the studio, and what comes out through the check. */
static uint16_t convert_and_check(struct slice file) {
    struct outcome o;
    run_studio(STUDIO_TRANSCODE, STUDIO_OUT_NONE, file, &o);
    for (enum studio_output i = STUDIO_OUT_FULL; o.code == OK && i <= STUDIO_OUT_POSTER; i++) {
        struct outcome check;
        struct slice bytes = map_fd(o.fd[i]);
        run_studio(STUDIO_CHECK, i, bytes, &check);
        assert_int_equal(check.code, OK);
        unmap(bytes);
    }
    outcome_done(&o);
    return o.code;
}

static void impossible_claims_get_an_answer(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
        struct buf file;
        buf_init(&file, MEDIA_MAX_INPUT_BYTES);
        assert_int_equal(buf_add(&file, buf_slice(&source[6])).code, OK);
        uint8_t *at = memmem(file.ptr, file.len, claims[i].box, 4);
        if (at != NULL) {
            bytes_put_be32(at + 4 + claims[i].offset, claims[i].value);
        }
        uint16_t code = convert_and_check(buf_slice(&file));
        if (at == NULL || !is_clear(code)) {
            fail_msg("claim %zu (%s): %u", i, claims[i].box, code);
        }
        buf_done(&file);
    }
}

static uint64_t seed_state;

static uint64_t draw(uint64_t below) {
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return seed_state % below;
}

/* Mostly in the first part, where headers are, and sometimes anywhere. */
static void damage(struct buf *file) {
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    for (uint64_t n = 1 + draw(12); n > 0; n--) {
        size_t range = draw(4) == 0 || file->len < 2048 ? file->len : 2048;
        size_t from = draw(2) == 0 ? 0 : file->len - range; /* many headers stand at the end */
        size_t at = from + draw(range);
        file->ptr[at] = draw(2) == 0 ? values[draw(sizeof values)] : (uint8_t)draw(256);
    }
}

static time_t now_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void damaged_files_get_an_answer(void **state) {
    bool all = getenv("WARD_CHECK_ALL") != NULL && strcmp(getenv("WARD_CHECK_ALL"), "1") == 0;
    const char *seed = getenv("WARD_SEED");
    time_t end = now_s() + (all ? 250 : 8);
    unsigned tried = 0;
    unsigned good = 0;
    unsigned died = 0;
    (void)state;
    seed_state = (seed != NULL ? strtoull(seed, NULL, 10) : 20261121) + 0x9e3779b97f4a7c15u;
    while (now_s() < end) {
        /* The small ones: more tries in the time. */
        size_t which = 1 + draw(ARRAY_LEN(sources) - 1);
        struct buf file;
        buf_init(&file, MEDIA_MAX_INPUT_BYTES);
        assert_int_equal(buf_add(&file, buf_slice(&source[which])).code, OK);
        damage(&file);
        uint16_t code = convert_and_check(buf_slice(&file));
        if (!is_clear(code)) {
            fail_msg("%s, try %u: %u", sources[which], tried, code);
        }
        tried++;
        good += code == OK;
        died += code == E_STUDIO_DIED;
        buf_done(&file);
    }
    print_message("coverage: %u damaged files, %u converted, %u stopped by the sandbox\n", tried,
                  good, died);
    assert_true(tried > 5);
}

static void nothing_is_left_behind(void **state) {
    (void)state;
    assert_int_equal(open_descriptors(), descriptors_before);
    assert_false(has_children());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_off_file_says_so),
        cmocka_unit_test(cut_off_file_in_the_studio),
        cmocka_unit_test(impossible_claims_get_an_answer),
        cmocka_unit_test(damaged_files_get_an_answer),
        cmocka_unit_test(nothing_is_left_behind),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, prepare, tidy);
}
