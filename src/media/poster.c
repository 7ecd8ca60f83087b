/* The poster: the first picture that shows something, as a JPEG without anything but the picture.
 */
#include "av.h"

#include <libavutil/pixdesc.h>

enum {
    LOOK_MS = 2000,
    STEP = 8,            /* every eighth pixel of every eighth row tells enough */
    GOOD_CONTRAST = 400, /* variance of the luma */
    DARK = 24,
    BRIGHT = 232,
    QUALITY = 4,
};

void poster_done(struct poster *p) {
    av_frame_free(&p->best);
}

struct light {
    uint32_t mean;
    uint32_t variance;
};

static struct light measure(const AVFrame *f) {
    uint64_t sum = 0;
    uint64_t squares = 0;
    uint64_t count = 0;
    for (int y = 0; y < f->height; y += STEP) {
        const uint8_t *row = f->data[0] + (ptrdiff_t)y * f->linesize[0];
        for (int x = 0; x < f->width; x += STEP) {
            sum += row[x];
            squares += (uint64_t)row[x] * row[x];
            count++;
        }
    }
    uint64_t mean = sum / count;
    uint64_t variance = squares / count > mean * mean ? squares / count - mean * mean : 0;
    return (struct light){(uint32_t)mean, (uint32_t)variance};
}

struct status poster_look(struct poster *p, const AVFrame *picture, int64_t at_ms) {
    if (p->settled || (at_ms > LOOK_MS && p->best != NULL)) {
        return STATUS_OK;
    }
    struct light light = measure(picture);
    p->settled = light.variance >= GOOD_CONTRAST && light.mean > DARK && light.mean < BRIGHT;
    if (p->best != NULL && light.variance <= p->contrast && !p->settled) {
        return STATUS_OK;
    }
    AVFrame *kept = av_frame_clone(picture);
    if (kept == NULL) {
        return FAIL(E_MEMORY);
    }
    av_frame_free(&p->best);
    p->best = kept;
    p->contrast = light.variance;
    return STATUS_OK;
}

/* JPEG means the full range, and the coefficients of BT.601. */
static struct status convert(const AVFrame *from, AVFrame *to) {
    to->format = AV_PIX_FMT_YUVJ420P;
    to->color_range = AVCOL_RANGE_JPEG;
    to->width = from->width;
    to->height = from->height;
    TRY(av_status(av_frame_get_buffer(to, 0)));
    struct SwsContext *sws =
        sws_getContext(from->width, from->height, AV_PIX_FMT_YUV420P, to->width, to->height,
                       AV_PIX_FMT_YUVJ420P, SWS_BILINEAR, NULL, NULL, NULL);
    if (sws == NULL) {
        return FAIL(E_MEMORY);
    }
    const int *matrix = sws_getCoefficients(
        from->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : (int)from->colorspace);
    (void)sws_setColorspaceDetails(sws, matrix, 0, sws_getCoefficients(SWS_CS_ITU601), 1, 0,
                                   1 << 16, 1 << 16);
    int rows = sws_scale(sws, (const uint8_t *const *)from->data, from->linesize, 0, from->height,
                         to->data, to->linesize);
    sws_freeContext(sws);
    return rows == to->height ? STATUS_OK : FAIL(E_MEDIA_DAMAGED);
}

static struct status encode(AVCodecContext *c, AVFrame *picture, AVPacket *packet) {
    c->width = picture->width;
    c->height = picture->height;
    c->pix_fmt = AV_PIX_FMT_YUVJ420P;
    c->color_range = AVCOL_RANGE_JPEG;
    c->time_base = (AVRational){1, 25};
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_QSCALE;
    c->global_quality = QUALITY * FF_QP2LAMBDA;
    picture->quality = c->global_quality;
    picture->pts = 0;
    TRY(av_status(avcodec_open2(c, NULL, NULL)));
    TRY(av_status(avcodec_send_frame(c, picture)));
    return av_status(avcodec_receive_packet(c, packet));
}

struct status poster_encode(const struct poster *p, AVPacket **ret_jpeg) {
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    if (p->best == NULL || codec == NULL) {
        return FAIL(p->best == NULL ? E_MEDIA_DAMAGED : E_STUDIO_START);
    }
    AVCodecContext *c = avcodec_alloc_context3(codec);
    AVFrame *picture = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    struct status s = FAIL(E_MEMORY);
    if (c != NULL && picture != NULL && packet != NULL) {
        s = convert(p->best, picture);
        s = failed(s) ? s : encode(c, picture, packet);
    }
    avcodec_free_context(&c);
    av_frame_free(&picture);
    if (failed(s)) {
        av_packet_free(&packet);
        return s;
    }
    *ret_jpeg = packet;
    return STATUS_OK;
}
