/* Sound stays whole on its way: a tone at any rate, cut into the frames of a decoder, comes out as
 * the same tone without a click, as long as it was. */
#include "av.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { FRAME = 1024, SECONDS = 2, TONE_HZ = 440 };

static AVFrame *tone(int rate, int64_t from, int count) {
    AVFrame *f = av_frame_alloc();
    f->format = AV_SAMPLE_FMT_FLTP;
    f->sample_rate = rate;
    f->nb_samples = count;
    f->pts = from;
    av_channel_layout_default(&f->ch_layout, 1);
    assert_true(av_frame_get_buffer(f, 0) >= 0);
    float *to = (float *)(void *)f->data[0];
    for (int i = 0; i < count; i++) {
        to[i] = 0.5F * sinf(6.2831853F * TONE_HZ * (float)(from + i) / (float)rate);
    }
    return f;
}

/* `gap` samples are left out in the middle, as when a microphone was taken away. */
static void encode_tone(int rate, int64_t gap, struct audio_out *out, struct mp4 *m) {
    mp4_init(m, 16, 16);
    int64_t end = (int64_t)rate * SECONDS;
    for (int64_t at = 0; at < end; at += FRAME) {
        if (at > end / 2 && at < end / 2 + gap) {
            continue;
        }
        AVFrame *f = tone(rate, at, (int)(end - at < FRAME ? end - at : FRAME));
        if (at == 0) {
            assert_int_equal(audio_out_init(out, (AVRational){1, rate}, 0, f, m, NULL).code, OK);
        }
        assert_int_equal(audio_out_add(out, f).code, OK);
        av_frame_free(&f);
    }
    assert_int_equal(audio_out_add(out, NULL).code, OK);
}

struct heard {
    size_t samples;
    float bend;  /* the sharpest turn: large where there is a click */
    float level; /* the loudest sample */
    float last[2];
};

static void listen(struct heard *h, const AVFrame *f) {
    const float *x = (const float *)(const void *)f->data[0];
    for (int i = 0; i < f->nb_samples; i++) {
        float bend = fabsf(x[i] - 2 * h->last[1] + h->last[0]);
        /* The first and last tenth of a second: the codec settles. */
        bool steady = h->samples > 4800 && h->samples < 48000 * SECONDS - 4800;
        h->bend = steady && bend > h->bend ? bend : h->bend;
        h->level = steady && fabsf(x[i]) > h->level ? fabsf(x[i]) : h->level;
        h->last[0] = h->last[1];
        h->last[1] = x[i];
        h->samples++;
    }
}

static struct heard decode(const struct mp4 *m) {
    const struct mp4_track *t = &m->track[MP4_AUDIO];
    const struct mp4_sample *samples = (const void *)t->samples.ptr;
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
    c->extradata = av_mallocz(t->config.len + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(c->extradata, t->config.ptr, t->config.len);
    c->extradata_size = (int)t->config.len;
    assert_true(avcodec_open2(c, NULL, NULL) >= 0);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    struct heard heard = {.samples = 0};
    size_t at = 0;
    for (size_t i = 0; i < t->samples.len / sizeof *samples; i++) {
        assert_true(av_new_packet(packet, (int)samples[i].size) >= 0);
        memcpy(packet->data, t->data.ptr + at, samples[i].size);
        at += samples[i].size;
        assert_true(avcodec_send_packet(c, packet) >= 0);
        while (avcodec_receive_frame(c, frame) >= 0) {
            listen(&heard, frame);
        }
        av_packet_unref(packet);
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&c);
    return heard;
}

static void tone_stays_whole_at_every_rate(void **state) {
    static const int rates[] = {8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        struct audio_out out = {.fifo = NULL};
        struct mp4 m;
        encode_tone(rates[i], 0, &out, &m);
        struct heard heard = decode(&m);
        double rate = out.encoder->sample_rate;
        assert_true(fabs((double)heard.samples / rate - SECONDS) < 0.08);
        if (heard.level < 0.45F) { /* the codec may swing above it, not fall below */
            fail_msg("too quiet at %d Hz: %f", rates[i], (double)heard.level);
        }
        /* A sine of this height bends by 0.002; a click by far more. */
        if (heard.bend > 0.04F) {
            fail_msg("a click at %d Hz: %f", rates[i], (double)heard.bend);
        }
        audio_out_done(&out);
        mp4_done(&m);
    }
}

static void gap_becomes_silence(void **state) {
    struct audio_out out = {.fifo = NULL};
    struct mp4 m;
    (void)state;
    encode_tone(48000, 24000, &out, &m);
    struct heard heard = decode(&m);
    assert_true(fabs((double)heard.samples / 48000 - SECONDS) < 0.08);
    audio_out_done(&out);
    mp4_done(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tone_stays_whole_at_every_rate),
        cmocka_unit_test(gap_becomes_silence),
    };
    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
