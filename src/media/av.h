/* What the parts that use libav share. Private. */
#ifndef WARD_MEDIA_AV_H
#define WARD_MEDIA_AV_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

#include "media/media.h"
#include "mp4.h"

enum { MEDIA_THREADS = 2 };

/* An upload, opened with every limit that the library has, and with nothing to open but itself. */
struct av_input {
    struct slice file;
    int64_t at;
    enum media_container container;
    AVFormatContext *format;
    AVStream *video;
    AVStream *audio; /* NULL without sound */
    AVCodecContext *video_decoder;
    AVCodecContext *audio_decoder;
    uint32_t duration_ms; /* 0: unknown */
    int64_t origin;       /* where the picture begins, in the video's time base */
};

MUST_USE struct status av_input_open(struct slice file, struct av_input *ret_input);
MUST_USE struct status av_input_open_decoders(struct av_input *in);
void av_input_close(struct av_input *in);
/* The library's error as one of ours. */
struct status av_status(int error);

/* How the picture lies: first exchanged rows and columns, then mirrored. */
struct orientation {
    bool transpose;
    bool flip_x; /* of the result */
    bool flip_y;
};

struct orientation orientation_of(const AVStream *stream);
uint16_t orientation_degrees(struct orientation o);
/* Copies one plane of `width` x `height` bytes as it shall lie. */
void orient_plane(struct orientation o, const uint8_t *from, int from_stride, int width, int height,
                  uint8_t *to, int to_stride);

/* The size of a rendition, as shown. Even, never larger than the source. */
struct picture_size {
    uint32_t width;
    uint32_t height;
};

struct picture_size picture_shown(const AVStream *stream, struct orientation o);
struct picture_size picture_full(struct picture_size shown);
struct picture_size picture_small(struct picture_size full);

/* Scales and orients. */
struct scaler {
    struct SwsContext *sws;
    struct orientation orientation;
    struct picture_size size; /* as shown */
    AVFrame *lying;           /* scaled, not yet oriented */
};

MUST_USE struct status scaler_init(struct scaler *s, struct picture_size size,
                                   struct orientation o);
void scaler_done(struct scaler *s);
/* lying becomes the scaled picture, still as it lay in the source. */
MUST_USE struct status scaler_scale(struct scaler *s, const AVFrame *source);
/* A new picture as shown, the caller's. */
MUST_USE struct status scaler_oriented(struct scaler *s, AVFrame **ret_picture);

/* H.264 into an MP4. */
struct video_out {
    AVCodecContext *encoder;
    AVPacket *packet;
    struct mp4 mp4;
    bool begun;
    int64_t first_dts;
};

MUST_USE struct status video_out_init(struct video_out *out, struct picture_size size,
                                      unsigned max_kbit, const AVCodecParameters *like);
void video_out_done(struct video_out *out);
/* picture NULL: flush. */
MUST_USE struct status video_out_add(struct video_out *out, const AVFrame *picture);

/* AAC into both MP4s. */
struct audio_out {
    AVCodecContext *encoder;
    SwrContext *resampler;
    AVAudioFifo *fifo; /* resampled, not yet a whole frame */
    AVFrame *frame;    /* being filled */
    AVPacket *packet;
    AVRational time_base; /* of the source */
    int64_t origin;       /* of the picture, in that time base */
    int in_rate;          /* rate, format and channels as in the first frame; they may not change */
    int in_format;
    int in_channels;
    int64_t in_samples; /* taken so far, silence included */
    int64_t out_frames;
    int64_t encoded;
    bool started;
    struct mp4 *into[2];
};

MUST_USE struct status audio_out_init(struct audio_out *out, AVRational time_base, int64_t origin,
                                      const AVFrame *first, struct mp4 *full, struct mp4 *small);
void audio_out_done(struct audio_out *out);
/* sound NULL: flush. */
MUST_USE struct status audio_out_add(struct audio_out *out, const AVFrame *sound);

/* The first picture worth showing among those of the first two seconds. */
struct poster {
    AVFrame *best;
    uint32_t contrast;
    bool settled;
};

void poster_done(struct poster *p);
MUST_USE struct status poster_look(struct poster *p, const AVFrame *picture, int64_t at_ms);
MUST_USE struct status poster_encode(const struct poster *p, AVPacket **ret_jpeg);

#endif
