/* How pictures lie and how large they become. */
#include "av.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <libavutil/display.h>

#include <cmocka.h>

/* 1 2 3
 * 4 5 6   as it lies in the file. */
static const uint8_t lying[] = {1, 2, 3, 4, 5, 6};

static AVStream *stream_of(AVFormatContext *format, double degrees, bool mirror) {
    AVStream *st = avformat_new_stream(format, NULL);
    uint8_t *matrix = av_stream_new_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
    av_display_rotation_set((int32_t *)(void *)matrix, degrees);
    av_display_matrix_flip((int32_t *)(void *)matrix, mirror, 0);
    return st;
}

static void rotation_is_applied_clockwise(void **state) {
    static const struct {
        double degrees;
        bool mirror;
        uint16_t said;
        uint8_t shown[6];
    } cases[] = {
        {0, false, 0, {1, 2, 3, 4, 5, 6}},     {90, false, 90, {4, 1, 5, 2, 6, 3}},
        {180, false, 180, {6, 5, 4, 3, 2, 1}}, {270, false, 270, {3, 6, 2, 5, 1, 4}},
        {-90, false, 270, {3, 6, 2, 5, 1, 4}}, {93, false, 90, {4, 1, 5, 2, 6, 3}},
        {0, true, 0, {3, 2, 1, 6, 5, 4}},
    };
    AVFormatContext *format = avformat_alloc_context();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct orientation o = orientation_of(stream_of(format, cases[i].degrees, cases[i].mirror));
        uint8_t shown[6] = {0};
        orient_plane(o, lying, 3, 3, 2, shown, o.transpose ? 2 : 3);
        assert_memory_equal(shown, cases[i].shown, sizeof shown);
        assert_int_equal(orientation_degrees(o), cases[i].said);
    }
    avformat_free_context(format);
}

static void sizes_follow_the_limits(void **state) {
    static const struct {
        struct picture_size shown, full, small;
    } cases[] = {
        {{1080, 1920}, {720, 1280}, {480, 852}}, {{1920, 1080}, {1280, 720}, {852, 480}},
        {{720, 1280}, {720, 1280}, {480, 852}},  {{3840, 2160}, {1280, 720}, {852, 480}},
        {{640, 360}, {640, 360}, {426, 240}},    {{96, 64}, {96, 64}, {64, 42}},
        {{4096, 100}, {1920, 46}, {1280, 30}},   {{101, 57}, {100, 56}, {66, 36}},
        {{1000, 1000}, {720, 720}, {480, 480}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct picture_size full = picture_full(cases[i].shown);
        struct picture_size small = picture_small(full);
        assert_int_equal(full.width, cases[i].full.width);
        assert_int_equal(full.height, cases[i].full.height);
        assert_int_equal(small.width, cases[i].small.width);
        assert_int_equal(small.height, cases[i].small.height);
    }
}

/* Pixels twice as wide as high: the picture is shown twice as wide. */
static void pixels_become_square(void **state) {
    AVFormatContext *format = avformat_alloc_context();
    AVStream *st = avformat_new_stream(format, NULL);
    (void)state;
    st->codecpar->width = 720;
    st->codecpar->height = 576;
    st->sample_aspect_ratio = (AVRational){16, 11};
    struct picture_size shown = picture_shown(st, (struct orientation){.transpose = false});
    assert_int_equal(shown.width, 1047);
    assert_int_equal(shown.height, 576);
    shown = picture_shown(st, (struct orientation){.transpose = true});
    assert_int_equal(shown.width, 576);
    avformat_free_context(format);
}

static AVFrame *frame_of(uint8_t left, uint8_t right) {
    AVFrame *f = av_frame_alloc();
    f->format = AV_PIX_FMT_YUV420P;
    f->width = 64;
    f->height = 64;
    assert_true(av_frame_get_buffer(f, 0) >= 0);
    for (int y = 0; y < 64; y++) {
        for (int x = 0; x < 64; x++) {
            f->data[0][y * f->linesize[0] + x] = x < 32 ? left : right;
        }
    }
    for (int plane = 1; plane < 3; plane++) {
        for (int y = 0; y < 32; y++) {
            memset(f->data[plane] + (ptrdiff_t)y * f->linesize[plane], 128, 32);
        }
    }
    return f;
}

static void poster_is_the_first_that_shows_something(void **state) {
    AVFrame *black = frame_of(16, 16);
    AVFrame *dim = frame_of(16, 30);
    AVFrame *good = frame_of(40, 200);
    AVFrame *later = frame_of(20, 230);
    struct poster p = {.best = NULL};
    (void)state;
    assert_int_equal(poster_look(&p, black, 0).code, OK);
    assert_int_equal(poster_look(&p, dim, 33).code, OK);
    assert_int_equal(p.best->data[0][63], 30);
    assert_int_equal(poster_look(&p, good, 66).code, OK);
    assert_int_equal(poster_look(&p, later, 100).code, OK);
    assert_int_equal(p.best->data[0][63], 200);
    poster_done(&p);
    /* Nothing good at all: what there is. */
    p = (struct poster){.best = NULL};
    assert_int_equal(poster_look(&p, black, 0).code, OK);
    assert_int_equal(poster_look(&p, good, 2100).code, OK);
    assert_int_equal(p.best->data[0][63], 16);
    poster_done(&p);
    av_frame_free(&black);
    av_frame_free(&dim);
    av_frame_free(&good);
    av_frame_free(&later);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotation_is_applied_clockwise),
        cmocka_unit_test(sizes_follow_the_limits),
        cmocka_unit_test(pixels_become_square),
        cmocka_unit_test(poster_is_the_first_that_shows_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
