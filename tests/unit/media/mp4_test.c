/* The writer of clips: out of memory at each allocation is an error and leaks nothing; its limits
 * hold; what cannot be a picture is refused. */
#include "mp4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "clip.h"
#include "media/boxcheck.h"

#include <cmocka.h>

enum { MAX_CLIP = 1 << 20 };

static void every_allocation_may_fail(void **state) {
    uint64_t failures = 0;
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct buf out;
        buf_init(&out, MAX_CLIP);
        mem_fail_at(n, n % 2 == 0);
        struct status s = clip_write(true, &out);
        bool failed_one = mem_failures() > 0;
        mem_fail_at(0, false);
        buf_done(&out);
        if (!failed_one) {
            assert_int_equal(s.code, OK);
            break;
        }
        assert_int_equal(s.code, E_MEMORY);
        failures++;
    }
    assert_in_range(failures, 10, 1000);
}

static void picture_without_slices_is_refused(void **state) {
    static const uint8_t sei_alone[] = {0, 0, 0, 1, 6, 5, 1, 0x80};
    struct mp4 m;
    (void)state;
    mp4_init(&m, 16, 16);
    assert_int_equal(mp4_add_video(&m, slice_of(sei_alone, sizeof sei_alone), 0, 0, true).code,
                     E_MEDIA_DAMAGED);
    assert_int_equal(mp4_add_video(&m, SLICE(""), 0, 0, true).code, E_MEDIA_DAMAGED);
    assert_int_equal(mp4_video_config(&m, SLICE("nothing")).code, E_MEDIA_DAMAGED);
    assert_int_equal(mp4_audio_config(&m, SLICE("x"), 48000, 2).code, E_MEDIA_DAMAGED);
    mp4_done(&m);
}

static struct status refuse(struct slice piece, void *context) {
    (void)piece;
    (void)context;
    return FAIL(E_MEMORY);
}

static void sink_that_fails_ends_it(void **state) {
    struct mp4 m;
    (void)state;
    mp4_init(&m, 16, 16);
    assert_int_equal(clip_add_pictures(&m).code, OK);
    assert_int_equal(mp4_finish(&m, refuse, NULL).code, E_MEMORY);
    mp4_done(&m);
}

static void too_many_samples_are_refused(void **state) {
    static const uint8_t slice[] = {0, 0, 1, 0x41, 0x9a, 1};
    struct mp4 m;
    struct status s = STATUS_OK;
    int64_t count = 0;
    (void)state;
    mp4_init(&m, 16, 16);
    while (!failed(s) && count < 1000000) {
        s = mp4_add_video(&m, slice_of(slice, sizeof slice), count, count, false);
        count++;
    }
    assert_int_equal(s.code, E_TOO_LARGE);
    mp4_done(&m);
}

/* Half a second of each in turn, and the header before both. */
static void media_is_interleaved(void **state) {
    struct buf out;
    struct media_facts facts;
    (void)state;
    buf_init(&out, MAX_CLIP);
    assert_int_equal(clip_write(true, &out).code, OK);
    assert_int_equal(media_boxcheck(MEDIA_CLIP, buf_slice(&out), &facts, NULL).code, OK);
    const uint8_t *first_sound = memmem(out.ptr, out.len, "\x21\x10\x05\0", 4);
    const uint8_t *last_picture = memmem(out.ptr, out.len, "\x41\x88\x84\x3c", 4);
    assert_non_null(first_sound);
    assert_non_null(last_picture);
    assert_true(first_sound < last_picture);
    assert_true(memmem(out.ptr, out.len, "moov", 4) < memmem(out.ptr, out.len, "mdat", 4));
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(picture_without_slices_is_refused),
        cmocka_unit_test(sink_that_fails_ends_it),
        cmocka_unit_test(too_many_samples_are_refused),
        cmocka_unit_test(media_is_interleaved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
