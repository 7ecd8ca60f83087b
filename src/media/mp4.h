/* Writing an MP4 that holds a picture and perhaps a sound, and has no place for anything else:
 * header first ("faststart"), chunks of half a second in the order of time, all times of creation
 * zero. Pure: samples are copied in, the finished file is handed out in pieces. */
#ifndef WARD_MEDIA_MP4_H
#define WARD_MEDIA_MP4_H

#include "base/buf.h"

enum { MP4_VIDEO = 0, MP4_AUDIO = 1, MP4_TRACKS = 2, MP4_VIDEO_TIMESCALE = 90000 };

/* Code points of ISO/IEC 23091-2; 2 is "unspecified". */
struct mp4_colour {
    uint16_t primaries;
    uint16_t transfer;
    uint16_t matrix;
};

struct mp4_track {
    struct buf data;    /* the samples, one after the other */
    struct buf samples; /* struct mp4_sample */
    struct buf config;  /* video: the body of avcC; audio: the AudioSpecificConfig */
    uint32_t timescale;
    uint32_t max_sample;
    int64_t skip; /* in timescale: what a player leaves out at the beginning */
};

struct mp4 {
    struct mp4_track track[MP4_TRACKS];
    bool audio;
    uint16_t width;
    uint16_t height;
    uint16_t channels;
    struct mp4_colour colour;
};

struct mp4_sample {
    int64_t dts; /* in the track's timescale, from 0, rising */
    int64_t pts;
    uint32_t size;
    bool key;
};

void mp4_init(struct mp4 *m, uint16_t width, uint16_t height);
void mp4_done(struct mp4 *m);
/* SPS and PPS as the encoder gives them, with start codes. E_MEDIA_DAMAGED when there are none. */
MUST_USE struct status mp4_video_config(struct mp4 *m, struct slice annex_b);
MUST_USE struct status mp4_audio_config(struct mp4 *m, struct slice config, uint32_t rate_hz,
                                        uint16_t channels);
/* A picture as the encoder gives it, with start codes; all but its slices is left out. */
MUST_USE struct status mp4_add_video(struct mp4 *m, struct slice annex_b, int64_t dts, int64_t pts,
                                     bool key);
MUST_USE struct status mp4_add_audio(struct mp4 *m, struct slice frame, int64_t pts);
/* How long the picture is. */
uint32_t mp4_duration_ms(const struct mp4 *m);

/* Takes the file piece by piece, in order. */
typedef struct status mp4_sink(struct slice piece, void *context);
MUST_USE struct status mp4_finish(const struct mp4 *m, mp4_sink *sink, void *context);

#endif
