/* Opening what a stranger made. The library is told which parser and which decoders it may use, how
 * much it may take, and is given no way to open anything else; what it then reports is checked
 * again against our limits. */
#include "av.h"

#include <libavutil/pixdesc.h>
#include <string.h>

enum { IO_BUFFER = 64 << 10, PROBE_BYTES = 8 << 20, TOLERANCE_MS = 1000 };

static const char allowed_codecs[] =
    "h264,hevc,vp8,vp9,av1,libdav1d,aac,opus,libopus,vorbis,mp3float,mp3";

static const enum AVCodecID video_codecs[] = {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_VP8,
                                              AV_CODEC_ID_VP9, AV_CODEC_ID_AV1};
static const enum AVCodecID audio_codecs[] = {AV_CODEC_ID_AAC, AV_CODEC_ID_OPUS, AV_CODEC_ID_VORBIS,
                                              AV_CODEC_ID_MP3};

struct status av_status(int error) {
    if (error >= 0) {
        return STATUS_OK;
    }
    return error == AVERROR(ENOMEM) ? FAIL(E_MEMORY) : FAIL(E_MEDIA_DAMAGED);
}

static int read_bytes(void *context, uint8_t *to, int len) {
    struct av_input *in = context;
    struct slice rest = slice_from(in->file, (size_t)in->at);
    size_t count = rest.len < (size_t)len ? rest.len : (size_t)len;
    if (count == 0) {
        return AVERROR_EOF;
    }
    memcpy(to, rest.ptr, count);
    in->at += (int64_t)count;
    return (int)count;
}

static int64_t seek_to(void *context, int64_t offset, int whence) {
    struct av_input *in = context;
    int64_t end = (int64_t)in->file.len;
    if ((whence & AVSEEK_SIZE) != 0) {
        return end;
    }
    whence &= ~AVSEEK_FORCE;
    int64_t base = whence == SEEK_CUR ? in->at : whence == SEEK_END ? end : 0;
    int64_t target;
    if (__builtin_add_overflow(base, offset, &target) || target < 0 || target > end) {
        return AVERROR(EINVAL);
    }
    in->at = target;
    return target;
}

/* A file that refers to another file gets nothing. */
static int refuse_open(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                       AVDictionary **options) {
    (void)format;
    (void)url;
    (void)flags;
    (void)options;
    *io = NULL;
    return AVERROR(EACCES);
}

static struct status make_context(struct av_input *in) {
    in->format = avformat_alloc_context();
    uint8_t *buffer = av_malloc(IO_BUFFER);
    if (in->format == NULL || buffer == NULL) {
        av_free(buffer);
        return FAIL(E_MEMORY);
    }
    in->format->pb = avio_alloc_context(buffer, IO_BUFFER, 0, in, read_bytes, NULL, seek_to);
    if (in->format->pb == NULL) {
        av_free(buffer);
        return FAIL(E_MEMORY);
    }
    in->format->io_open = refuse_open;
    in->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    in->format->max_streams = MEDIA_MAX_STREAMS;
    in->format->probesize = PROBE_BYTES;
    in->format->codec_whitelist = av_strdup(allowed_codecs);
    in->format->protocol_whitelist = av_strdup("");
    return in->format->codec_whitelist != NULL && in->format->protocol_whitelist != NULL
               ? STATUS_OK
               : FAIL(E_MEMORY);
}

static struct status open_container(struct av_input *in) {
    TRY(media_sniff(in->file, &in->container));
    TRY(make_context(in));
    AVIOContext *io = in->format->pb;
    const AVInputFormat *demuxer =
        av_find_input_format(in->container == MEDIA_MP4 ? "mov" : "matroska");
    int error = avformat_open_input(&in->format, NULL, demuxer, NULL);
    if (error < 0) {
        /* The context is gone, what we gave it is not. */
        av_freep(&io->buffer);
        avio_context_free(&io);
        return error == AVERROR(ENOMEM) ? FAIL(E_MEDIA_LIMITS) : FAIL(E_MEDIA_DAMAGED);
    }
    return in->format->nb_streams <= MEDIA_MAX_STREAMS ? STATUS_OK : FAIL(E_MEDIA_LIMITS);
}

/* The decoders that look ahead while the streams are described have limits of their own. */
static struct status describe_streams(struct av_input *in) {
    unsigned count = in->format->nb_streams;
    AVDictionary *options[MEDIA_MAX_STREAMS] = {NULL};
    for (unsigned i = 0; i < count; i++) {
        (void)av_dict_set_int(&options[i], "max_pixels", MEDIA_MAX_PIXELS, 0);
        (void)av_dict_set_int(&options[i], "threads", 1, 0);
    }
    int error = avformat_find_stream_info(in->format, options);
    for (unsigned i = 0; i < count; i++) {
        av_dict_free(&options[i]);
    }
    return av_status(error);
}

static bool is_listed(enum AVCodecID id, const enum AVCodecID *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (list[i] == id) {
            return true;
        }
    }
    return false;
}

/* The first stream of the kind whose codec is on the list. A cover picture is no video. */
static AVStream *choose(const struct av_input *in, enum AVMediaType kind,
                        const enum AVCodecID *list, size_t count, bool *ret_any) {
    *ret_any = false;
    for (unsigned i = 0; i < in->format->nb_streams; i++) {
        AVStream *st = in->format->streams[i];
        bool still = (st->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
        if (st->codecpar->codec_type != kind || still) {
            continue;
        }
        *ret_any = true;
        if (is_listed(st->codecpar->codec_id, list, count)) {
            return st;
        }
    }
    return NULL;
}

static struct status choose_streams(struct av_input *in) {
    bool any_video;
    bool any_audio;
    in->video = choose(in, AVMEDIA_TYPE_VIDEO, video_codecs, ARRAY_LEN(video_codecs), &any_video);
    in->audio = choose(in, AVMEDIA_TYPE_AUDIO, audio_codecs, ARRAY_LEN(audio_codecs), &any_audio);
    if (!any_video) {
        return FAIL(E_MEDIA_NO_VIDEO);
    }
    if (in->video == NULL || (any_audio && in->audio == NULL)) {
        return FAIL(E_MEDIA_UNSUPPORTED);
    }
    for (unsigned i = 0; i < in->format->nb_streams; i++) {
        AVStream *st = in->format->streams[i];
        st->discard = st == in->video || st == in->audio ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    return STATUS_OK;
}

static struct status check_picture(const AVStream *st) {
    const AVCodecParameters *p = st->codecpar;
    if (p->width <= 0 || p->height <= 0) {
        return FAIL(E_MEDIA_DAMAGED);
    }
    uint32_t w = (uint32_t)p->width;
    uint32_t h = (uint32_t)p->height;
    bool fits = w <= MEDIA_MAX_SIDE_PX && h <= MEDIA_MAX_SIDE_PX && w >= MEDIA_MIN_SIDE_PX &&
                h >= MEDIA_MIN_SIDE_PX && w * h <= MEDIA_MAX_PIXELS;
    AVRational fps = st->avg_frame_rate;
    bool slow = fps.den <= 0 || fps.num <= 0 || av_q2d(fps) <= MEDIA_MAX_FPS + 1;
    return fits && slow ? STATUS_OK : FAIL(E_MEDIA_LIMITS);
}

static struct status check_sound(const AVStream *st) {
    const AVCodecParameters *p = st->codecpar;
    bool fits = p->sample_rate > 0 && (uint32_t)p->sample_rate <= MEDIA_MAX_AUDIO_RATE_HZ &&
                p->ch_layout.nb_channels > 0 &&
                (uint32_t)p->ch_layout.nb_channels <= MEDIA_MAX_AUDIO_CHANNELS;
    return fits ? STATUS_OK : FAIL(E_MEDIA_LIMITS);
}

static struct status check_duration(struct av_input *in) {
    int64_t us = in->format->duration;
    if (us == AV_NOPTS_VALUE || us <= 0) {
        in->duration_ms = 0; /* counted while decoding */
        return STATUS_OK;
    }
    if (us / 1000 > MEDIA_MAX_DURATION_MS + TOLERANCE_MS) {
        return FAIL(E_MEDIA_TOO_LONG);
    }
    in->duration_ms = (uint32_t)(us / 1000);
    return STATUS_OK;
}

static struct status open_all(struct av_input *in) {
    TRY(open_container(in));
    TRY(describe_streams(in));
    TRY(choose_streams(in));
    TRY(check_picture(in->video));
    if (in->audio != NULL) {
        TRY(check_sound(in->audio));
    }
    TRY(check_duration(in));
    in->origin = in->video->start_time == AV_NOPTS_VALUE ? 0 : in->video->start_time;
    return STATUS_OK;
}

struct status av_input_open(struct slice file, struct av_input *ret_input) {
    av_log_set_level(AV_LOG_QUIET);
    *ret_input = (struct av_input){.file = file};
    struct status s = open_all(ret_input);
    if (failed(s)) {
        av_input_close(ret_input);
    }
    return s;
}

static struct status open_decoder(const AVStream *st, AVCodecContext **ret_decoder) {
    const AVCodec *codec = avcodec_find_decoder(st->codecpar->codec_id);
    if (codec == NULL) {
        return FAIL(E_MEDIA_UNSUPPORTED);
    }
    *ret_decoder = avcodec_alloc_context3(codec);
    if (*ret_decoder == NULL) {
        return FAIL(E_MEMORY);
    }
    AVCodecContext *decoder = *ret_decoder;
    TRY(av_status(avcodec_parameters_to_context(decoder, st->codecpar)));
    decoder->max_pixels = MEDIA_MAX_PIXELS;
    decoder->pkt_timebase = st->time_base;
    decoder->thread_count = MEDIA_THREADS;
    return av_status(avcodec_open2(decoder, codec, NULL));
}

struct status av_input_open_decoders(struct av_input *in) {
    TRY(open_decoder(in->video, &in->video_decoder));
    return in->audio == NULL ? STATUS_OK : open_decoder(in->audio, &in->audio_decoder);
}

void av_input_close(struct av_input *in) {
    avcodec_free_context(&in->video_decoder);
    avcodec_free_context(&in->audio_decoder);
    if (in->format != NULL) {
        AVIOContext *io = in->format->pb;
        avformat_close_input(&in->format);
        if (io != NULL) {
            av_freep(&io->buffer);
            avio_context_free(&io);
        }
    }
}

struct status media_probe(struct slice file, struct media_info *ret_info) {
    struct av_input in;
    TRY(av_input_open(file, &in));
    struct orientation o = orientation_of(in.video);
    struct picture_size shown = picture_shown(in.video, o);
    *ret_info = (struct media_info){
        .container = in.container,
        .width = shown.width,
        .height = shown.height,
        .duration_ms = in.duration_ms,
        .rotation = orientation_degrees(o),
        .audio = in.audio != NULL,
        .video_codec = avcodec_get_name(in.video->codecpar->codec_id),
        .audio_codec = in.audio == NULL ? NULL : avcodec_get_name(in.audio->codecpar->codec_id),
    };
    av_input_close(&in);
    return STATUS_OK;
}
