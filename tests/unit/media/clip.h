/* A clip that the writer makes of invented samples: clean in every box, small, the same each time.
 */
#ifndef WARD_TEST_MEDIA_CLIP_H
#define WARD_TEST_MEDIA_CLIP_H

#include "base/buf.h"
#include "mp4.h"

enum { CLIP_FRAMES = 60, CLIP_FPS = 30, CLIP_SOUNDS = 94, CLIP_RATE = 48000 };

static inline struct status clip_collect(struct slice piece, void *context) {
    return buf_add(context, piece);
}

static inline struct status clip_add_pictures(struct mp4 *m) {
    static const uint8_t config[] = {0,    0, 0, 1, 0x67, 100,  0,    31,   0xac, 0xd9,
                                     0x40, 0, 0, 0, 1,    0x68, 0xef, 0x8f, 0xcb, 0xfd};
    TRY(mp4_video_config(m, slice_of(config, sizeof config)));
    for (int i = 0; i < CLIP_FRAMES; i++) {
        /* A SEI that must not get through, then a slice. */
        uint8_t picture[] = {
            0,   0, 1, 6, 5, 'x', '2', '6', '4', 0x80, 0, 0, 1, 0, 0x88, 0x84, (uint8_t)(i + 1),
            0x55};
        picture[13] = i % 30 == 0 ? 0x65 : 0x41;
        int64_t dts = (int64_t)i * MP4_VIDEO_TIMESCALE / CLIP_FPS;
        size_t size = sizeof picture - (size_t)(i % 2);
        TRY(mp4_add_video(m, slice_of(picture, size), dts, dts + (i % 3) * 3000, i % 30 == 0));
    }
    return STATUS_OK;
}

static inline struct status clip_add_sound(struct mp4 *m) {
    static const uint8_t config[] = {0x11, 0x90};
    TRY(mp4_audio_config(m, slice_of(config, sizeof config), CLIP_RATE, 2));
    for (int i = 0; i < CLIP_SOUNDS; i++) {
        const uint8_t frame[] = {0x21, 0x10, 0x05, (uint8_t)i};
        TRY(mp4_add_audio(m, slice_of(frame, sizeof frame), (int64_t)i * 1024));
    }
    return STATUS_OK;
}

static inline struct status clip_write(bool audio, struct buf *out) {
    struct mp4 m;
    mp4_init(&m, 720, 1280);
    m.colour = (struct mp4_colour){1, 1, 1};
    struct status s = clip_add_pictures(&m);
    s = failed(s) || !audio ? s : clip_add_sound(&m);
    s = failed(s) ? s : mp4_finish(&m, clip_collect, out);
    mp4_done(&m);
    return s;
}

#endif
