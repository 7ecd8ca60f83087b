/* From an upload to what may be published, in one pass over the file. */
#include "av.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FULL,
    SMALL,
    RENDITIONS,
    TICKS_PER_MS = MP4_VIDEO_TIMESCALE / 1000,
    FRAME_TICKS = MP4_VIDEO_TIMESCALE / MEDIA_OUTPUT_FPS,
    EARLY_TICKS = 10 * TICKS_PER_MS, /* cameras are not exact */
    MAX_BAD_SHARE = 4,               /* more than a quarter of the packets: damaged */
    TOLERANCE_MS = 1000,
    PROGRESS_STEP = 10,
};

/* One job. */
struct transcoding {
    struct av_input in;
    struct scaler scaler[RENDITIONS];
    struct video_out video[RENDITIONS];
    struct audio_out audio;
    bool audio_begun;
    struct poster poster;
    AVPacket *packet;
    AVFrame *frame;
    int64_t last_pts; /* of the picture, in ticks; -1 before the first */
    int64_t due_pts;
    uint64_t packets;
    uint64_t bad_packets;
    uint64_t frames;
    media_progress *progress;
    void *context;
    uint16_t permille;
};

struct status media_map(int fd, size_t max_bytes, struct slice *ret_bytes) {
    off_t size = lseek(fd, 0, SEEK_END);
    if (size <= 0) {
        return FAIL(E_MEDIA_EMPTY);
    }
    if ((uint64_t)size > max_bytes) {
        return FAIL(E_MEDIA_TOO_LARGE);
    }
    void *at = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
        return FAIL(E_MEMORY);
    }
    *ret_bytes = slice_of(at, (size_t)size);
    return STATUS_OK;
}

void media_unmap(struct slice *bytes) {
    if (bytes->ptr != NULL) {
        (void)munmap((void *)(uintptr_t)bytes->ptr, bytes->len);
    }
    *bytes = (struct slice){NULL, 0};
}

static void report(struct transcoding *t, uint64_t permille) {
    uint16_t capped = permille > 1000 ? 1000 : (uint16_t)permille;
    if (t->progress != NULL && capped >= t->permille + PROGRESS_STEP) {
        t->permille = capped;
        t->progress(capped, t->context);
    }
}

/* Ticks since the picture began. */
static int64_t ticks_of(const struct transcoding *t, const AVFrame *frame) {
    int64_t pts = frame->best_effort_timestamp;
    if (pts == AV_NOPTS_VALUE) {
        return t->last_pts + FRAME_TICKS;
    }
    return av_rescale_q(pts - t->in.origin, t->in.video->time_base,
                        (AVRational){1, MP4_VIDEO_TIMESCALE});
}

/* Thins to the rate of the output. A picture out of order is dropped. */
static bool is_due(struct transcoding *t, int64_t pts) {
    if (pts <= t->last_pts || pts < t->due_pts - EARLY_TICKS) {
        return false;
    }
    int64_t from = pts - EARLY_TICKS > t->due_pts ? pts - EARLY_TICKS : t->due_pts;
    t->due_pts = from + FRAME_TICKS;
    t->last_pts = pts;
    return true;
}

static struct status encode_picture(struct transcoding *t, size_t rendition, int64_t pts) {
    AVFrame *picture;
    TRY(scaler_oriented(&t->scaler[rendition], &picture));
    picture->pts = pts;
    picture->colorspace = t->in.video->codecpar->color_space;
    struct status s = video_out_add(&t->video[rendition], picture);
    if (!failed(s) && rendition == FULL) {
        s = poster_look(&t->poster, picture, pts / TICKS_PER_MS);
    }
    av_frame_free(&picture);
    return s;
}

static struct status add_picture(struct transcoding *t, AVFrame *frame) {
    if (++t->frames > MEDIA_MAX_FRAMES) {
        return FAIL(E_MEDIA_LIMITS);
    }
    int64_t pts = ticks_of(t, frame);
    if (pts < 0) {
        return STATUS_OK; /* before the picture begins: decoded only for those after it */
    }
    if (pts / TICKS_PER_MS > MEDIA_MAX_DURATION_MS + TOLERANCE_MS) {
        return FAIL(E_MEDIA_TOO_LONG);
    }
    if (!is_due(t, pts)) {
        return STATUS_OK;
    }
    TRY(scaler_scale(&t->scaler[FULL], frame));
    TRY(encode_picture(t, FULL, pts));
    TRY(scaler_scale(&t->scaler[SMALL], t->scaler[FULL].lying));
    TRY(encode_picture(t, SMALL, pts));
    if (t->in.duration_ms > 0) {
        report(t, (uint64_t)(pts / TICKS_PER_MS) * 960 / t->in.duration_ms);
    }
    return STATUS_OK;
}

static struct status add_sound(struct transcoding *t, AVFrame *frame) {
    if (!t->audio_begun) {
        t->audio_begun = true;
        AVRational base = t->in.audio->time_base;
        int64_t origin = av_rescale_q(t->in.origin, t->in.video->time_base, base);
        TRY(audio_out_init(&t->audio, base, origin, frame, &t->video[FULL].mp4,
                           &t->video[SMALL].mp4));
    }
    return audio_out_add(&t->audio, frame);
}

typedef struct status add_frame(struct transcoding *t, AVFrame *frame);

/* Everything that the decoder has ready. Frames that it cannot decode are counted. */
static struct status take_frames(struct transcoding *t, AVCodecContext *decoder, add_frame *add) {
    for (;;) {
        int got = avcodec_receive_frame(decoder, t->frame);
        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) {
            return STATUS_OK;
        }
        if (got == AVERROR(ENOMEM)) {
            return FAIL(E_MEMORY);
        }
        if (got < 0) {
            t->bad_packets++;
            return STATUS_OK;
        }
        struct status s = add(t, t->frame);
        av_frame_unref(t->frame);
        TRY(s);
    }
}

static struct status decode(struct transcoding *t, AVCodecContext *decoder, const AVPacket *packet,
                            add_frame *add) {
    int sent = avcodec_send_packet(decoder, packet);
    if (sent == AVERROR(ENOMEM)) {
        return FAIL(E_MEMORY);
    }
    t->bad_packets += sent < 0 && sent != AVERROR_EOF;
    return take_frames(t, decoder, add);
}

static struct status take_packet(struct transcoding *t) {
    t->packets++;
    if (t->packet->stream_index == t->in.video->index) {
        return decode(t, t->in.video_decoder, t->packet, add_picture);
    }
    if (t->in.audio != NULL && t->packet->stream_index == t->in.audio->index) {
        return decode(t, t->in.audio_decoder, t->packet, add_sound);
    }
    return STATUS_OK;
}

static struct status read_all(struct transcoding *t) {
    enum { MAX_PACKETS = 8 * MEDIA_MAX_FRAMES };
    for (;;) {
        int got = av_read_frame(t->in.format, t->packet);
        if (got == AVERROR_EOF) {
            return STATUS_OK;
        }
        TRY(av_status(got));
        struct status s = t->packets < MAX_PACKETS ? take_packet(t) : FAIL(E_MEDIA_LIMITS);
        av_packet_unref(t->packet);
        TRY(s);
    }
}

static struct status flush(struct transcoding *t) {
    TRY(decode(t, t->in.video_decoder, NULL, add_picture));
    if (t->in.audio != NULL) {
        TRY(decode(t, t->in.audio_decoder, NULL, add_sound));
    }
    if (t->last_pts < 0 || t->bad_packets * MAX_BAD_SHARE > t->packets) {
        return FAIL(E_MEDIA_DAMAGED);
    }
    if (t->audio_begun) {
        TRY(audio_out_add(&t->audio, NULL));
    }
    for (size_t i = 0; i < RENDITIONS; i++) {
        TRY(video_out_add(&t->video[i], NULL));
        struct mp4 *m = &t->video[i].mp4;
        m->audio = m->audio && m->track[MP4_AUDIO].samples.len > 0;
    }
    bool short_one = mp4_duration_ms(&t->video[FULL].mp4) < MEDIA_MIN_DURATION_MS;
    return short_one ? FAIL(E_MEDIA_TOO_SHORT) : STATUS_OK;
}

static struct status write_all(struct slice bytes, void *context) {
    int fd = *(const int *)context;
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return FAIL(E_MEMORY);
        }
        bytes = slice_from(bytes, (size_t)n);
    }
    return STATUS_OK;
}

static struct status new_output(const char *name, struct media_output *out) {
    out->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return out->fd < 0 ? FAIL(E_MEMORY) : STATUS_OK;
}

static struct status measure_output(struct media_output *out, uint64_t max_bytes) {
    off_t size = lseek(out->fd, 0, SEEK_CUR);
    if (size <= 0 || (uint64_t)size > max_bytes) {
        return FAIL(E_MEDIA_TOO_LARGE);
    }
    out->size_bytes = (uint64_t)size;
    return STATUS_OK;
}

static struct status write_clip(const struct mp4 *m, const char *name, struct media_output *out) {
    TRY(new_output(name, out));
    TRY(mp4_finish(m, write_all, &out->fd));
    out->width = m->width;
    out->height = m->height;
    out->duration_ms = mp4_duration_ms(m);
    out->audio = m->audio;
    return measure_output(out, MEDIA_MAX_OUTPUT_BYTES);
}

static struct status write_poster(const struct transcoding *t, struct media_output *out) {
    AVPacket *jpeg;
    TRY(new_output("poster", out));
    TRY(poster_encode(&t->poster, &jpeg));
    struct status s = write_all(slice_of(jpeg->data, (size_t)jpeg->size), &out->fd);
    av_packet_free(&jpeg);
    TRY(s);
    out->width = t->video[FULL].mp4.width;
    out->height = t->video[FULL].mp4.height;
    return measure_output(out, MEDIA_MAX_POSTER_BYTES);
}

static struct status begin(struct transcoding *t) {
    TRY(av_input_open_decoders(&t->in));
    struct orientation o = orientation_of(t->in.video);
    struct picture_size size[RENDITIONS];
    size[FULL] = picture_full(picture_shown(t->in.video, o));
    size[SMALL] = picture_small(size[FULL]);
    static const unsigned max_kbit[RENDITIONS] = {MEDIA_FULL_MAX_KBIT, MEDIA_SMALL_MAX_KBIT};
    for (size_t i = 0; i < RENDITIONS; i++) {
        TRY(scaler_init(&t->scaler[i], size[i], o));
        TRY(video_out_init(&t->video[i], size[i], max_kbit[i], t->in.video->codecpar));
    }
    t->packet = av_packet_alloc();
    t->frame = av_frame_alloc();
    return t->packet != NULL && t->frame != NULL ? STATUS_OK : FAIL(E_MEMORY);
}

static struct status run(struct transcoding *t, struct media_outputs *out) {
    TRY(begin(t));
    TRY(read_all(t));
    TRY(flush(t));
    report(t, 980);
    TRY(write_clip(&t->video[FULL].mp4, "full", &out->full));
    TRY(write_clip(&t->video[SMALL].mp4, "small", &out->small));
    TRY(write_poster(t, &out->poster));
    report(t, 1000);
    return STATUS_OK;
}

static void end(struct transcoding *t) {
    av_packet_free(&t->packet);
    av_frame_free(&t->frame);
    poster_done(&t->poster);
    audio_out_done(&t->audio);
    for (size_t i = 0; i < RENDITIONS; i++) {
        scaler_done(&t->scaler[i]);
        video_out_done(&t->video[i]);
    }
    av_input_close(&t->in);
}

void media_outputs_done(struct media_outputs *outputs) {
    struct media_output *each[] = {&outputs->full, &outputs->small, &outputs->poster};
    for (size_t i = 0; i < ARRAY_LEN(each); i++) {
        if (each[i]->fd >= 0) {
            (void)close(each[i]->fd);
        }
        each[i]->fd = -1;
    }
}

struct status media_transcode(struct slice file, media_progress *progress, void *context,
                              struct media_outputs *ret_outputs) {
    struct transcoding t = {.progress = progress, .context = context, .last_pts = -1};
    struct media_outputs outputs = {.full.fd = -1, .small.fd = -1, .poster.fd = -1};
    TRY(av_input_open(file, &t.in));
    struct status s = run(&t, &outputs);
    end(&t);
    if (failed(s)) {
        media_outputs_done(&outputs);
        return s;
    }
    *ret_outputs = outputs;
    return STATUS_OK;
}
