/* Pictures to H.264. The encoder is told to leave no trace of itself, and what it writes beside the
 * picture is left out when it goes into the file (mp4.c). */
#include "av.h"

#include <libavutil/opt.h>
#include <stdio.h>

static void set_colour(AVCodecContext *c, struct mp4 *m, const AVCodecParameters *like) {
    c->color_range = AVCOL_RANGE_MPEG;
    c->color_primaries = like->color_primaries;
    c->color_trc = like->color_trc;
    c->colorspace = like->color_space;
    m->colour =
        (struct mp4_colour){(uint16_t)like->color_primaries & 0xff,
                            (uint16_t)like->color_trc & 0xff, (uint16_t)like->color_space & 0xff};
}

static struct status open_encoder(struct video_out *out, struct picture_size size,
                                  unsigned max_kbit, const AVCodecParameters *like) {
    AVCodecContext *c = out->encoder;
    c->width = (int)size.width;
    c->height = (int)size.height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->sample_aspect_ratio = (AVRational){1, 1};
    c->time_base = (AVRational){1, MP4_VIDEO_TIMESCALE};
    c->framerate = (AVRational){MEDIA_OUTPUT_FPS, 1};
    c->gop_size = 2 * MEDIA_OUTPUT_FPS;
    c->rc_max_rate = (int64_t)max_kbit * 1000;
    c->rc_buffer_size = (int)max_kbit * 2000;
    c->thread_count = MEDIA_THREADS;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    set_colour(c, &out->mp4, like);
    bool set = av_opt_set(c->priv_data, "preset", "veryfast", 0) >= 0 &&
               av_opt_set(c->priv_data, "profile", "high", 0) >= 0 &&
               av_opt_set(c->priv_data, "crf", "23", 0) >= 0;
    return set ? av_status(avcodec_open2(c, NULL, NULL)) : FAIL(E_MEDIA_UNSUPPORTED);
}

struct status video_out_init(struct video_out *out, struct picture_size size, unsigned max_kbit,
                             const AVCodecParameters *like) {
    mp4_init(&out->mp4, (uint16_t)size.width, (uint16_t)size.height);
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    if (codec == NULL) {
        return FAIL(E_STUDIO_START);
    }
    out->encoder = avcodec_alloc_context3(codec);
    out->packet = av_packet_alloc();
    if (out->encoder == NULL || out->packet == NULL) {
        return FAIL(E_MEMORY);
    }
    TRY(open_encoder(out, size, max_kbit, like));
    return mp4_video_config(
        &out->mp4, slice_of(out->encoder->extradata, (size_t)out->encoder->extradata_size));
}

void video_out_done(struct video_out *out) {
    avcodec_free_context(&out->encoder);
    av_packet_free(&out->packet);
    mp4_done(&out->mp4);
}

static struct status keep_packet(struct video_out *out) {
    const AVPacket *p = out->packet;
    if (!out->begun) {
        out->begun = true;
        out->first_dts = p->dts;
        /* Pictures begin at 0; the first is decoded that much earlier. */
        out->mp4.track[MP4_VIDEO].skip = -p->dts;
    }
    return mp4_add_video(&out->mp4, slice_of(p->data, (size_t)p->size), p->dts - out->first_dts,
                         p->pts - out->first_dts, (p->flags & AV_PKT_FLAG_KEY) != 0);
}

struct status video_out_add(struct video_out *out, const AVFrame *picture) {
    TRY(av_status(avcodec_send_frame(out->encoder, picture)));
    for (;;) {
        int got = avcodec_receive_packet(out->encoder, out->packet);
        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) {
            return STATUS_OK;
        }
        TRY(av_status(got));
        struct status s = keep_packet(out);
        av_packet_unref(out->packet);
        TRY(s);
    }
}
