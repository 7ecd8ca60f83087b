/* Sound to AAC, in step with the picture: what comes before the picture is dropped, gaps become
 * silence, more than two channels are mixed down. */
#include "av.h"

#include <libavutil/opt.h>
#include <libavutil/samplefmt.h>

enum { SLACK_MS = 100, SILENCE_STEP = 4096 };

static int output_rate(int in_rate) {
    return in_rate == 44100 ? 44100 : 48000;
}

static struct status open_encoder(struct audio_out *out) {
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
    if (codec == NULL) {
        return FAIL(E_STUDIO_START);
    }
    out->encoder = avcodec_alloc_context3(codec);
    if (out->encoder == NULL) {
        return FAIL(E_MEMORY);
    }
    AVCodecContext *c = out->encoder;
    int channels = out->in_channels > 1 ? 2 : 1;
    av_channel_layout_default(&c->ch_layout, channels);
    c->sample_rate = output_rate(out->in_rate);
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->time_base = (AVRational){1, c->sample_rate};
    c->bit_rate = (int64_t)MEDIA_AUDIO_KBIT * 1000 * channels / 2;
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    return av_status(avcodec_open2(c, codec, NULL));
}

static struct status open_resampler(struct audio_out *out, const AVFrame *first) {
    AVChannelLayout from = {0};
    if (first->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
        av_channel_layout_default(&from, out->in_channels);
    } else {
        TRY(av_status(av_channel_layout_copy(&from, &first->ch_layout)));
    }
    int error = swr_alloc_set_opts2(&out->resampler, &out->encoder->ch_layout, AV_SAMPLE_FMT_FLTP,
                                    out->encoder->sample_rate, &from,
                                    (enum AVSampleFormat)out->in_format, out->in_rate, 0, NULL);
    av_channel_layout_uninit(&from);
    TRY(av_status(error));
    return av_status(swr_init(out->resampler));
}

static struct status new_frame(struct audio_out *out) {
    AVFrame *f = out->frame;
    av_frame_unref(f);
    f->format = AV_SAMPLE_FMT_FLTP;
    f->sample_rate = out->encoder->sample_rate;
    f->nb_samples = out->encoder->frame_size;
    TRY(av_status(av_channel_layout_copy(&f->ch_layout, &out->encoder->ch_layout)));
    return av_status(av_frame_get_buffer(f, 0));
}

struct status audio_out_init(struct audio_out *out, AVRational time_base, int64_t origin,
                             const AVFrame *first, struct mp4 *full, struct mp4 *small) {
    bool fits = first->sample_rate > 0 && (uint32_t)first->sample_rate <= MEDIA_MAX_AUDIO_RATE_HZ &&
                first->ch_layout.nb_channels > 0 &&
                (uint32_t)first->ch_layout.nb_channels <= MEDIA_MAX_AUDIO_CHANNELS;
    if (!fits) {
        return FAIL(E_MEDIA_LIMITS);
    }
    out->time_base = time_base;
    out->origin = origin;
    out->in_rate = first->sample_rate;
    out->in_format = first->format;
    out->in_channels = first->ch_layout.nb_channels;
    out->into[0] = full;
    out->into[1] = small;
    out->frame = av_frame_alloc();
    out->packet = av_packet_alloc();
    if (out->frame == NULL || out->packet == NULL) {
        return FAIL(E_MEMORY);
    }
    TRY(open_encoder(out));
    TRY(open_resampler(out, first));
    out->fifo = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, out->encoder->ch_layout.nb_channels,
                                    out->encoder->frame_size * 2);
    if (out->fifo == NULL) {
        return FAIL(E_MEMORY);
    }
    AVCodecContext *c = out->encoder;
    struct slice config = slice_of(c->extradata, (size_t)c->extradata_size);
    for (size_t i = 0; i < ARRAY_LEN(out->into) && out->into[i] != NULL; i++) {
        TRY(mp4_audio_config(out->into[i], config, (uint32_t)c->sample_rate,
                             (uint16_t)c->ch_layout.nb_channels));
        out->into[i]->track[MP4_AUDIO].skip = c->initial_padding;
    }
    return STATUS_OK;
}

void audio_out_done(struct audio_out *out) {
    avcodec_free_context(&out->encoder);
    swr_free(&out->resampler);
    av_audio_fifo_free(out->fifo);
    out->fifo = NULL;
    av_frame_free(&out->frame);
    av_packet_free(&out->packet);
}

static struct status keep_packet(struct audio_out *out) {
    const AVPacket *p = out->packet;
    int64_t at = out->encoded;
    out->encoded += out->encoder->frame_size;
    for (size_t i = 0; i < ARRAY_LEN(out->into) && out->into[i] != NULL; i++) {
        TRY(mp4_add_audio(out->into[i], slice_of(p->data, (size_t)p->size), at));
    }
    return STATUS_OK;
}

static struct status encode(struct audio_out *out, const AVFrame *frame) {
    TRY(av_status(avcodec_send_frame(out->encoder, frame)));
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

/* Encodes what is waiting, in whole frames; `all`: the rest too. */
static struct status drain(struct audio_out *out, bool all) {
    for (;;) {
        int waiting = av_audio_fifo_size(out->fifo);
        bool whole = waiting >= out->encoder->frame_size;
        if (waiting == 0 || (!whole && !all)) {
            return STATUS_OK;
        }
        TRY(new_frame(out));
        int got = av_audio_fifo_read(out->fifo, (void **)out->frame->extended_data,
                                     out->encoder->frame_size);
        TRY(av_status(got));
        out->frame->nb_samples = got;
        out->frame->pts = out->out_frames;
        out->out_frames += got;
        TRY(encode(out, out->frame));
    }
}

/* Resamples, without samples what the resampler still holds, and lets the result wait. */
static struct status resample(struct audio_out *out, const uint8_t **planes, int samples) {
    uint8_t *made[2] = {NULL};
    int room = swr_get_out_samples(out->resampler, samples);
    TRY(av_status(room));
    if (room == 0) {
        return STATUS_OK;
    }
    int channels = out->encoder->ch_layout.nb_channels;
    TRY(av_status(av_samples_alloc(made, NULL, channels, room, AV_SAMPLE_FMT_FLTP, 0)));
    int got = swr_convert(out->resampler, made, room, planes, samples);
    int kept = got < 0 ? got : av_audio_fifo_write(out->fifo, (void **)made, got);
    av_freep((void *)&made[0]);
    return av_status(kept);
}

static struct status push(struct audio_out *out, const uint8_t **planes, int samples) {
    TRY(resample(out, planes, samples));
    out->in_samples += samples;
    return drain(out, false);
}

static struct status push_silence(struct audio_out *out, int64_t samples, const AVFrame *like) {
    uint8_t *planes[AV_NUM_DATA_POINTERS] = {NULL};
    int channels = like->ch_layout.nb_channels;
    if (channels > AV_NUM_DATA_POINTERS) {
        return FAIL(E_MEDIA_LIMITS);
    }
    enum AVSampleFormat format = (enum AVSampleFormat)like->format;
    TRY(av_status(av_samples_alloc(planes, NULL, channels, SILENCE_STEP, format, 0)));
    (void)av_samples_set_silence(planes, 0, SILENCE_STEP, channels, format);
    const uint8_t *silent[AV_NUM_DATA_POINTERS];
    for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
        silent[i] = planes[i];
    }
    struct status s = STATUS_OK;
    while (!failed(s) && samples > 0) {
        int step = samples > SILENCE_STEP ? SILENCE_STEP : (int)samples;
        s = push(out, silent, step);
        samples -= step;
    }
    av_freep((void *)&planes[0]);
    return s;
}

/* How far the sound is ahead of what we have, in samples; small differences are none. */
static int64_t gap_before(struct audio_out *out, const AVFrame *sound) {
    if (sound->pts == AV_NOPTS_VALUE) {
        return 0;
    }
    AVRational sample = {1, out->in_rate};
    int64_t at = av_rescale_q(sound->pts - out->origin, out->time_base, sample);
    int64_t gap = at - out->in_samples;
    int64_t slack = out->started ? (int64_t)out->in_rate * SLACK_MS / 1000 : 0;
    return gap > slack || gap < -slack ? gap : 0;
}

static struct status push_from(struct audio_out *out, const AVFrame *sound, int skip) {
    const uint8_t *planes[AV_NUM_DATA_POINTERS] = {NULL};
    enum AVSampleFormat format = (enum AVSampleFormat)sound->format;
    bool planar = av_sample_fmt_is_planar(format) != 0;
    int count = planar ? sound->ch_layout.nb_channels : 1;
    int width = av_get_bytes_per_sample(format) * (planar ? 1 : sound->ch_layout.nb_channels);
    if (count > AV_NUM_DATA_POINTERS) {
        return FAIL(E_MEDIA_LIMITS);
    }
    for (int i = 0; i < count; i++) {
        planes[i] = sound->extended_data[i] + (ptrdiff_t)skip * width;
    }
    return push(out, planes, sound->nb_samples - skip);
}

struct status audio_out_add(struct audio_out *out, const AVFrame *sound) {
    if (sound == NULL) {
        TRY(resample(out, NULL, 0));
        TRY(drain(out, true));
        return encode(out, NULL);
    }
    if (sound->sample_rate != out->in_rate || sound->format != out->in_format ||
        sound->ch_layout.nb_channels != out->in_channels) {
        return FAIL(E_MEDIA_UNSUPPORTED);
    }
    int64_t limit = (int64_t)out->in_rate * (MEDIA_MAX_DURATION_MS / 1000 + 2);
    int64_t gap = gap_before(out, sound);
    if (out->in_samples + gap > limit) {
        return FAIL(E_MEDIA_TOO_LONG);
    }
    if (gap <= -sound->nb_samples) {
        return STATUS_OK; /* all of it comes before the picture, or again */
    }
    if (gap > 0) {
        TRY(push_silence(out, gap, sound));
    }
    out->started = true;
    return push_from(out, sound, gap < 0 ? (int)-gap : 0);
}
