/* What a clip costs in the studio: processor time for each second of video and each rendition, and
 * how long the owner waits from the last byte of the upload to a checked, watchable clip.
 * Usage: bench_media WARD_STUDIO [FILE]; without a FILE on a source that it makes, 1080 x 1920 at
 * 30 pictures a second with noise, harder than most of what phones make. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "av.h"
#include "base/mem.h"
#include "media/boxcheck.h"
#include "media/studio.h"

enum { SOURCE_WIDTH = 1080, SOURCE_HEIGHT = 1920, SOURCE_S = 6, SOURCE_KBIT = 16000, FPS = 30 };

static double cpu_s(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double wall_s(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Moving stripes with noise on them. */
static void paint(AVFrame *f, int frame) {
    uint32_t noise = 12345U + (uint32_t)frame;
    for (int plane = 0; plane < 3; plane++) {
        int shift = plane == 0 ? 0 : 1;
        for (int y = 0; y < f->height >> shift; y++) {
            uint8_t *row = f->data[plane] + (ptrdiff_t)y * f->linesize[plane];
            for (int x = 0; x < f->width >> shift; x++) {
                noise = noise * 1664525U + 1013904223U;
                int stripes = ((x + frame * 3) / 40 + (y - frame * 2) / 60) % 5 * 30;
                int base = plane == 0 ? 50 + stripes : 118 + stripes / 8;
                row[x] = (uint8_t)(base + (int)(noise >> 28) - 8 + (x + y) % 160 / 8);
            }
        }
    }
}

static struct status collect(struct slice piece, void *context) {
    return buf_add(context, piece);
}

static struct status make_source(struct buf *out) {
    struct video_out video = {.encoder = NULL};
    const AVCodecParameters like = {.color_primaries = AVCOL_PRI_BT709,
                                    .color_trc = AVCOL_TRC_BT709,
                                    .color_space = AVCOL_SPC_BT709};
    struct picture_size size = {SOURCE_WIDTH, SOURCE_HEIGHT};
    AVFrame *f = av_frame_alloc();
    f->format = AV_PIX_FMT_YUV420P;
    f->width = SOURCE_WIDTH;
    f->height = SOURCE_HEIGHT;
    TRY(av_status(av_frame_get_buffer(f, 0)));
    TRY(video_out_init(&video, size, SOURCE_KBIT, &like));
    for (int i = 0; i < SOURCE_S * FPS; i++) {
        TRY(av_status(av_frame_make_writable(f)));
        paint(f, i);
        f->pts = (int64_t)i * MP4_VIDEO_TIMESCALE / FPS;
        TRY(video_out_add(&video, f));
    }
    TRY(video_out_add(&video, NULL));
    TRY(mp4_finish(&video.mp4, collect, out));
    av_frame_free(&f);
    video_out_done(&video);
    return STATUS_OK;
}

/* One pass: decoding, and with `out` also scaling and coding one rendition. */
struct pass {
    struct av_input in;
    struct scaler scaler;
    struct video_out *out;
    int64_t frames;
};

static struct status take_frames(struct pass *p, AVFrame *frame) {
    while (avcodec_receive_frame(p->in.video_decoder, frame) >= 0) {
        p->frames++;
        if (p->out == NULL) {
            continue;
        }
        AVFrame *picture;
        TRY(scaler_scale(&p->scaler, frame));
        TRY(scaler_oriented(&p->scaler, &picture));
        picture->pts = p->frames * MP4_VIDEO_TIMESCALE / FPS;
        struct status s = video_out_add(p->out, picture);
        av_frame_free(&picture);
        TRY(s);
    }
    return STATUS_OK;
}

static struct status run_pass(struct pass *p) {
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    struct status s = STATUS_OK;
    while (!failed(s) && av_read_frame(p->in.format, packet) >= 0) {
        if (packet->stream_index == p->in.video->index) {
            (void)avcodec_send_packet(p->in.video_decoder, packet);
            s = take_frames(p, frame);
        }
        av_packet_unref(packet);
    }
    (void)avcodec_send_packet(p->in.video_decoder, NULL);
    s = failed(s) ? s : take_frames(p, frame);
    s = failed(s) || p->out == NULL ? s : video_out_add(p->out, NULL);
    av_packet_free(&packet);
    av_frame_free(&frame);
    return s;
}

enum what { DECODE, FULL, SMALL };

static struct status measure(struct slice file, enum what what, double *ret_cpu_s) {
    static const unsigned max_kbit[] = {0, MEDIA_FULL_MAX_KBIT, MEDIA_SMALL_MAX_KBIT};
    struct pass p = {.frames = 0};
    struct video_out out = {.encoder = NULL};
    double begin = cpu_s();
    TRY(av_input_open(file, &p.in));
    TRY(av_input_open_decoders(&p.in));
    struct orientation o = orientation_of(p.in.video);
    struct picture_size size = picture_full(picture_shown(p.in.video, o));
    if (what != DECODE) {
        size = what == SMALL ? picture_small(size) : size;
        TRY(scaler_init(&p.scaler, size, o));
        TRY(video_out_init(&out, size, max_kbit[what], p.in.video->codecpar));
        p.out = &out;
    }
    TRY(run_pass(&p));
    scaler_done(&p.scaler);
    video_out_done(&out);
    av_input_close(&p.in);
    *ret_cpu_s = cpu_s() - begin;
    return STATUS_OK;
}

struct watch {
    const struct studio_exe *exe;
    double begin;
    double check_s;
    uint64_t bytes[4];
    struct status checked;
};

static void on_event(const struct studio_event *event, void *context) {
    struct watch *w = context;
    if (event->kind != STUDIO_EVENT_OUTPUT) {
        return;
    }
    double begin = wall_s();
    struct status s = studio_run(w->exe, STUDIO_CHECK, (enum studio_output)event->message.output,
                                 event->fd, NULL, NULL);
    w->check_s += wall_s() - begin;
    w->checked = failed(w->checked) ? w->checked : s;
    w->bytes[event->message.output] = event->message.size_bytes;
    (void)close(event->fd);
}

static struct status to_memfd(struct slice file, int *ret_fd) {
    TRY(studio_memfd("source", ret_fd));
    while (file.len > 0) {
        ssize_t n = write(*ret_fd, file.ptr, file.len);
        if (n <= 0) {
            return FAIL(E_MEMORY);
        }
        file = slice_from(file, (size_t)n);
    }
    return studio_seal(*ret_fd);
}

static struct status measure_studio(const struct studio_exe *exe, struct slice file,
                                    double length_s) {
    struct watch w = {.exe = exe, .checked = STATUS_OK};
    int fd;
    TRY(to_memfd(file, &fd));
    double begin = wall_s();
    TRY(studio_run(exe, STUDIO_TRANSCODE, STUDIO_OUT_NONE, fd, on_event, &w));
    TRY(w.checked);
    double waited = wall_s() - begin;
    struct rusage children;
    (void)getrusage(RUSAGE_CHILDREN, &children);
    (void)close(fd);
    printf("upload to watchable     %6.2f s wall, %.2f of the clip's length (checks: %.3f s)\n",
           waited, waited / length_s, w.check_s);
    printf("most memory of a studio %6.0f MiB\n", (double)children.ru_maxrss / 1024);
    printf("bytes                   full %llu, small %llu, poster %llu\n",
           (unsigned long long)w.bytes[STUDIO_OUT_FULL],
           (unsigned long long)w.bytes[STUDIO_OUT_SMALL],
           (unsigned long long)w.bytes[STUDIO_OUT_POSTER]);
    return STATUS_OK;
}

static struct status measure_all(const char *studio, struct slice file) {
    const struct studio_exe exe = {.path = studio};
    struct media_info info;
    double decode;
    double full;
    double small;
    TRY(media_probe(file, &info));
    double length_s = info.duration_ms / 1000.0;
    TRY(measure(file, DECODE, &decode));
    TRY(measure(file, FULL, &full));
    TRY(measure(file, SMALL, &small));
    printf("source                  %u x %u, %.1f s, %.1f Mbit/s, %s\n", info.width, info.height,
           length_s, (double)file.len * 8 / 1e6 / length_s, info.video_codec);
    printf("decode                  %6.2f CPU s per s of video\n", decode / length_s);
    printf("full rendition          %6.2f CPU s per s of video\n", (full - decode) / length_s);
    printf("small rendition         %6.2f CPU s per s of video\n", (small - decode) / length_s);
    return measure_studio(&exe, file, length_s);
}

int main(int argc, char **argv) {
    struct slice file = {NULL, 0};
    struct buf made;
    if (argc < 2 || argc > 3) {
        (void)fprintf(stderr, "usage: bench_media WARD_STUDIO [FILE]\n");
        return 2;
    }
    av_log_set_level(AV_LOG_QUIET);
    buf_init(&made, MEDIA_MAX_OUTPUT_BYTES);
    int fd = argc == 3 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;
    struct status s = argc == 3 ? media_map(fd, MEDIA_MAX_INPUT_BYTES, &file) : make_source(&made);
    s = failed(s) ? s : measure_all(argv[1], argc == 3 ? file : buf_slice(&made));
    if (failed(s)) {
        (void)fprintf(stderr, "bench_media: %s\n", error_info(s.code)->cause);
    }
    buf_done(&made);
    media_unmap(&file);
    return failed(s);
}
