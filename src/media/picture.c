/* Pictures: how they lie, how large they shall be, and making them so. */
#include "av.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

struct orientation orientation_of(const AVStream *stream) {
    size_t size = 0;
    const uint8_t *bytes = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    int32_t m[9];
    if (bytes == NULL || size < sizeof m) {
        return (struct orientation){.transpose = false};
    }
    memcpy(m, bytes, sizeof m);
    /* x' = m0 x + m3 y and y' = m1 x + m4 y; whatever is not a quarter turn is rounded to one. */
    bool transpose = llabs(m[1]) > llabs(m[0]);
    return (struct orientation){.transpose = transpose,
                                .flip_x = transpose ? m[3] < 0 : m[0] < 0,
                                .flip_y = transpose ? m[1] < 0 : m[4] < 0};
}

uint16_t orientation_degrees(struct orientation o) {
    if (o.transpose) {
        return o.flip_x ? 90 : 270;
    }
    return o.flip_x && o.flip_y ? 180 : 0;
}

void orient_plane(struct orientation o, const uint8_t *from, int from_stride, int width, int height,
                  uint8_t *to, int to_stride) {
    int to_width = o.transpose ? height : width;
    int to_height = o.transpose ? width : height;
    for (int y = 0; y < to_height; y++) {
        uint8_t *row = to + (ptrdiff_t)y * to_stride;
        int along = o.flip_y ? to_height - 1 - y : y;
        for (int x = 0; x < to_width; x++) {
            int across = o.flip_x ? to_width - 1 - x : x;
            row[x] = o.transpose ? from[(ptrdiff_t)across * from_stride + along]
                                 : from[(ptrdiff_t)along * from_stride + across];
        }
    }
}

struct picture_size picture_shown(const AVStream *stream, struct orientation o) {
    uint32_t w = (uint32_t)stream->codecpar->width;
    uint32_t h = (uint32_t)stream->codecpar->height;
    AVRational sar = stream->sample_aspect_ratio.num > 0 ? stream->sample_aspect_ratio
                                                         : stream->codecpar->sample_aspect_ratio;
    /* Pixels that are not square are made so by widening or narrowing, within reason. */
    if (sar.num > 0 && sar.den > 0 && av_q2d(sar) > 0.25 && av_q2d(sar) < 4) {
        w = (uint32_t)av_rescale(w, sar.num, sar.den);
    }
    return o.transpose ? (struct picture_size){h, w} : (struct picture_size){w, h};
}

static uint32_t even(uint64_t v) {
    uint64_t e = v & ~UINT64_C(1);
    return e < 16 ? 16 : (uint32_t)e;
}

static struct picture_size scaled(struct picture_size s, uint64_t num, uint64_t den) {
    return (struct picture_size){even((s.width * num + den / 2) / den),
                                 even((s.height * num + den / 2) / den)};
}

static uint32_t short_edge(struct picture_size s) {
    return s.width < s.height ? s.width : s.height;
}

struct picture_size picture_full(struct picture_size shown) {
    uint32_t longer = shown.width > shown.height ? shown.width : shown.height;
    uint64_t num = 1;
    uint64_t den = 1;
    if (short_edge(shown) > MEDIA_FULL_SHORT_EDGE_PX) {
        num = MEDIA_FULL_SHORT_EDGE_PX;
        den = short_edge(shown);
    }
    if (longer * num > MEDIA_LONG_EDGE_PX * den) {
        num = MEDIA_LONG_EDGE_PX;
        den = longer;
    }
    return scaled(shown, num, den);
}

struct picture_size picture_small(struct picture_size full) {
    if (short_edge(full) * 2 / 3 > MEDIA_SMALL_SHORT_EDGE_PX) {
        return scaled(full, MEDIA_SMALL_SHORT_EDGE_PX, short_edge(full));
    }
    return scaled(full, 2, 3);
}

static struct status new_picture(uint32_t width, uint32_t height, AVFrame **ret) {
    AVFrame *frame = av_frame_alloc();
    if (frame == NULL) {
        return FAIL(E_MEMORY);
    }
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = (int)width;
    frame->height = (int)height;
    if (av_frame_get_buffer(frame, 0) < 0) {
        av_frame_free(&frame);
        return FAIL(E_MEMORY);
    }
    *ret = frame;
    return STATUS_OK;
}

struct status scaler_init(struct scaler *s, struct picture_size size, struct orientation o) {
    *s = (struct scaler){.orientation = o, .size = size};
    return o.transpose ? new_picture(size.height, size.width, &s->lying)
                       : new_picture(size.width, size.height, &s->lying);
}

void scaler_done(struct scaler *s) {
    sws_freeContext(s->sws);
    s->sws = NULL;
    av_frame_free(&s->lying);
}

static bool is_full_range(const AVFrame *f) {
    return f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P ||
           f->format == AV_PIX_FMT_YUVJ422P || f->format == AV_PIX_FMT_YUVJ444P;
}

static struct status prepare(struct scaler *s, const AVFrame *source) {
    s->sws = sws_getCachedContext(
        s->sws, source->width, source->height, (enum AVPixelFormat)source->format, s->lying->width,
        s->lying->height, AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
    if (s->sws == NULL) {
        return FAIL(E_MEDIA_UNSUPPORTED);
    }
    const int *matrix = sws_getCoefficients(
        source->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : (int)source->colorspace);
    /* A range that cannot be changed is left as it is. */
    (void)sws_setColorspaceDetails(s->sws, matrix, is_full_range(source), matrix, 0, 0, 1 << 16,
                                   1 << 16);
    return STATUS_OK;
}

struct status scaler_scale(struct scaler *s, const AVFrame *source) {
    bool fits = source->width > 0 && source->height > 0 &&
                (uint32_t)source->width <= MEDIA_MAX_SIDE_PX &&
                (uint32_t)source->height <= MEDIA_MAX_SIDE_PX;
    if (!fits) {
        return FAIL(E_MEDIA_LIMITS);
    }
    TRY(prepare(s, source));
    int rows = sws_scale(s->sws, (const uint8_t *const *)source->data, source->linesize, 0,
                         source->height, s->lying->data, s->lying->linesize);
    s->lying->pts = source->pts;
    return rows == s->lying->height ? STATUS_OK : FAIL(E_MEDIA_DAMAGED);
}

struct status scaler_oriented(struct scaler *s, AVFrame **ret_picture) {
    AVFrame *to;
    TRY(new_picture(s->size.width, s->size.height, &to));
    for (int plane = 0; plane < 3; plane++) {
        int shift = plane == 0 ? 0 : 1;
        orient_plane(s->orientation, s->lying->data[plane], s->lying->linesize[plane],
                     s->lying->width >> shift, s->lying->height >> shift, to->data[plane],
                     to->linesize[plane]);
    }
    to->pts = s->lying->pts;
    *ret_picture = to;
    return STATUS_OK;
}
