/* ward-demo-clips: makes the clips that an empty store offers, so that nobody's real video has to
 * be shipped. Usage: ward-demo-clips [--phone] DIR
 *
 * Writes a dozen MP4 files and clips.json (a list of file and caption). With --phone it writes
 * phone.mov instead: a clip with position, device and times, for tests. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "av.h"
#include "base/mem.h"
#include "demo_draw.h"
#include "demo_phone.h"

enum { WIDTH = 720, HEIGHT = 1280, FPS = 24, RATE_HZ = 44100, MAX_KBIT = 2500, WORKERS = 2 };

const struct motif motifs[] = {
    {"mill.mp4", "The old mill turns and the tulips do not mind", 1, 5, draw_mill, 60, 40, false},
    {"sea.mp4", "Sunset from the pier, no filter", 2, 5, draw_sea, 57, 30, false},
    {"aurora.mp4", "Stayed up for the northern lights", 4, 5, draw_aurora, 52, 26, true},
    {"balls.mp4", "A dozen rubber balls and one hard floor", 1, 4, draw_balls, 64, 54, false},
    {"kaleidoscope.mp4", "Found my grandmother's kaleidoscope", 2, 5, draw_kaleidoscope, 59, 44,
     true},
    {"fireworks.mp4", "Five seconds of new year", 1, 5, draw_fireworks, 62, 48, false},
    {"lava.mp4", "Lava lamp, for calm evenings", 4, 5, draw_lava, 50, 24, true},
    {"stars.mp4", "Seat belts on", 1, 4, draw_stars, 55, 50, true},
    {"pond.mp4", "Rain on the pond behind the school", 2, 4, draw_pond, 58, 34, false},
    {"life.mp4", "Game of Life: who survives round fifty?", 2, 5, draw_life, 61, 60, true},
    {"gears.mp4", "Drawing with two cogwheels and a pen", 1, 5, draw_gears, 63, 46, false},
    {"polygons.mp4", "Look at the middle and count to four", 1, 4, draw_polygons, 56, 52, false},
};
const size_t motif_count = ARRAY_LEN(motifs);

static uint8_t byte_of(float v) {
    /* A soft shoulder, so that added light glows instead of clipping. */
    float s = v > 0.9F ? 0.9F + 0.1F * (1 - 1 / (1 + (v - 0.9F) * 30)) : v;
    return (uint8_t)(clamp01(s) * 255 + 0.5F);
}

/* From the canvas to RGBA, with a little noise against bands in dark gradients. */
static void to_rgba(const struct canvas *c, uint8_t *rgba) {
    for (int i = 0; i < c->width * c->height; i++) {
        float noise = (float)((uint32_t)i * 2654435761U >> 24) / 255 / 255 - 0.5F / 255;
        rgba[4 * i] = byte_of(c->px[i].r + noise);
        rgba[4 * i + 1] = byte_of(c->px[i].g + noise);
        rgba[4 * i + 2] = byte_of(c->px[i].b + noise);
        rgba[4 * i + 3] = 255;
    }
}

struct studio {
    struct canvas canvas;
    uint8_t *rgba;
    struct SwsContext *sws;
    AVFrame *picture;
    AVFrame *lying; /* the picture as a phone held upright takes it; NULL for all but that */
    AVFrame *sound;
    float *left;
    float *right;
    struct video_out video;
    struct audio_out audio;
};

static struct status new_picture(int width, int height, AVFrame **ret_picture) {
    AVFrame *f = av_frame_alloc();
    if (f == NULL) {
        return FAIL(E_MEMORY);
    }
    f->format = AV_PIX_FMT_YUV420P;
    f->width = width;
    f->height = height;
    *ret_picture = f;
    return av_status(av_frame_get_buffer(f, 0));
}

static struct status open_picture(struct studio *s, const struct motif *m, bool lying) {
    s->canvas.width = WIDTH / m->shrink;
    s->canvas.height = HEIGHT / m->shrink;
    size_t pixels = (size_t)s->canvas.width * (size_t)s->canvas.height;
    s->canvas.px = mem_array(pixels, sizeof *s->canvas.px);
    s->rgba = mem_array(pixels, 4);
    s->sws = sws_getContext(s->canvas.width, s->canvas.height, AV_PIX_FMT_RGBA, WIDTH, HEIGHT,
                            AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
    if (s->canvas.px == NULL || s->rgba == NULL || s->sws == NULL) {
        return FAIL(E_MEMORY);
    }
    const int *bt709 = sws_getCoefficients(SWS_CS_ITU709);
    (void)sws_setColorspaceDetails(s->sws, bt709, 1, bt709, 0, 0, 1 << 16, 1 << 16);
    TRY(new_picture(WIDTH, HEIGHT, &s->picture));
    if (lying) {
        TRY(new_picture(HEIGHT, WIDTH, &s->lying));
    }
    const AVCodecParameters like = {.color_primaries = AVCOL_PRI_BT709,
                                    .color_trc = AVCOL_TRC_BT709,
                                    .color_space = AVCOL_SPC_BT709};
    struct picture_size size = {lying ? HEIGHT : WIDTH, lying ? WIDTH : HEIGHT};
    return video_out_init(&s->video, size, MAX_KBIT, &like);
}

/* Turned to its left, so that a quarter turn to the right shows it upright. */
static struct status lay_down(struct studio *s) {
    static const struct orientation left = {.transpose = true, .flip_y = true};
    TRY(av_status(av_frame_make_writable(s->lying)));
    for (int plane = 0; plane < 3; plane++) {
        int shift = plane == 0 ? 0 : 1;
        orient_plane(left, s->picture->data[plane], s->picture->linesize[plane], WIDTH >> shift,
                     HEIGHT >> shift, s->lying->data[plane], s->lying->linesize[plane]);
    }
    s->lying->pts = s->picture->pts;
    return STATUS_OK;
}

static struct status draw_pictures(struct studio *s, const struct motif *m) {
    int frames = (int)(m->length_s * FPS);
    for (int i = 0; i < frames; i++) {
        m->draw(&s->canvas, (float)i / FPS, m->length_s);
        to_rgba(&s->canvas, s->rgba);
        TRY(av_status(av_frame_make_writable(s->picture)));
        const uint8_t *from[] = {s->rgba};
        int stride[] = {4 * s->canvas.width};
        (void)sws_scale(s->sws, from, stride, 0, s->canvas.height, s->picture->data,
                        s->picture->linesize);
        s->picture->pts = (int64_t)i * MP4_VIDEO_TIMESCALE / FPS;
        if (s->lying != NULL) {
            TRY(lay_down(s));
        }
        TRY(video_out_add(&s->video, s->lying != NULL ? s->lying : s->picture));
    }
    return video_out_add(&s->video, NULL);
}

static struct status play_music(struct studio *s, const struct motif *m) {
    size_t count = (size_t)(m->length_s * RATE_HZ);
    s->left = mem_array(count, sizeof(float));
    s->right = mem_array(count, sizeof(float));
    s->sound = av_frame_alloc();
    if (s->left == NULL || s->right == NULL || s->sound == NULL) {
        return FAIL(E_MEMORY);
    }
    music_render(m, RATE_HZ, s->left, s->right, count);
    s->sound->format = AV_SAMPLE_FMT_FLTP;
    s->sound->sample_rate = RATE_HZ;
    s->sound->nb_samples = (int)count;
    av_channel_layout_default(&s->sound->ch_layout, 2);
    TRY(av_status(av_frame_get_buffer(s->sound, 0)));
    memcpy(s->sound->extended_data[0], s->left, count * sizeof(float));
    memcpy(s->sound->extended_data[1], s->right, count * sizeof(float));
    TRY(audio_out_init(&s->audio, (AVRational){1, RATE_HZ}, 0, s->sound, &s->video.mp4, NULL));
    TRY(audio_out_add(&s->audio, s->sound));
    return audio_out_add(&s->audio, NULL);
}

static void close_studio(struct studio *s) {
    mem_free(s->canvas.px);
    mem_free(s->rgba);
    mem_free(s->left);
    mem_free(s->right);
    sws_freeContext(s->sws);
    av_frame_free(&s->picture);
    av_frame_free(&s->lying);
    av_frame_free(&s->sound);
    audio_out_done(&s->audio);
    video_out_done(&s->video);
}

static struct status collect(struct slice piece, void *context) {
    return buf_add(context, piece);
}

static struct status make_clip(const struct motif *m, bool lying, struct buf *out) {
    struct studio s = {.sws = NULL};
    struct status done = open_picture(&s, m, lying);
    done = failed(done) ? done : draw_pictures(&s, m);
    done = failed(done) ? done : play_music(&s, m);
    done = failed(done) ? done : mp4_finish(&s.video.mp4, collect, out);
    close_studio(&s);
    return done;
}

static bool write_file(const char *dir, const char *name, struct slice bytes) {
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = n > 0 && (size_t)n < sizeof path ? fopen(path, "wbe") : NULL;
    if (f == NULL) {
        return false;
    }
    bool done = fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
    return fclose(f) == 0 && done;
}

static bool write_clip(const char *dir, const struct motif *m) {
    struct buf clip;
    buf_init(&clip, MEDIA_MAX_OUTPUT_BYTES);
    bool done = !failed(make_clip(m, false, &clip)) && write_file(dir, m->file, buf_slice(&clip));
    buf_done(&clip);
    return done;
}

static bool write_list(const char *dir) {
    struct buf json;
    buf_init(&json, 64 << 10);
    struct status s = buf_add_str(&json, "[\n");
    for (size_t i = 0; !failed(s) && i < motif_count; i++) {
        s = buf_add_format(&json, "  {\"file\": \"%s\", \"caption\": \"%s\"}%s\n", motifs[i].file,
                           motifs[i].caption, i + 1 < motif_count ? "," : "");
    }
    s = failed(s) ? s : buf_add_str(&json, "]\n");
    bool done = !failed(s) && write_file(dir, "clips.json", buf_slice(&json));
    buf_done(&json);
    return done;
}

/* Every second clip in a process of its own: drawing is on one core, encoding on what is left. */
static bool write_share(const char *dir, size_t first) {
    bool done = true;
    for (size_t i = first; done && i < motif_count; i += WORKERS) {
        done = write_clip(dir, &motifs[i]);
    }
    return done;
}

static bool write_all_clips(const char *dir) {
    pid_t workers[WORKERS];
    bool done = true;
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            _exit(write_share(dir, i) ? 0 : 1);
        }
        done = done && workers[i] > 0;
    }
    for (size_t i = 0; i < WORKERS; i++) {
        int status = 1;
        done = workers[i] > 0 && waitpid(workers[i], &status, 0) > 0 && status == 0 && done;
    }
    return done && write_list(dir);
}

static bool write_phone(const char *dir) {
    char path[4096];
    struct buf clip;
    buf_init(&clip, MEDIA_MAX_OUTPUT_BYTES);
    int n = snprintf(path, sizeof path, "%s/phone.mov", dir);
    struct motif m = motifs[0];
    m.length_s = 3;
    bool done = n > 0 && (size_t)n < sizeof path && !failed(make_clip(&m, true, &clip)) &&
                !failed(phone_write(buf_slice(&clip), path));
    buf_done(&clip);
    return done;
}

int main(int argc, char **argv) {
    bool phone = argc == 3 && strcmp(argv[1], "--phone") == 0;
    if (argc != 2 && !phone) {
        (void)fprintf(stderr, "usage: ward-demo-clips [--phone] DIR\n");
        return 2;
    }
    const char *dir = argv[argc - 1];
    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        (void)fprintf(stderr, "ward-demo-clips: cannot make %s: %s\n", dir, strerror(errno));
        return 1;
    }
    av_log_set_level(AV_LOG_ERROR);
    bool done = phone ? write_phone(dir) : write_all_clips(dir);
    if (!done) {
        (void)fprintf(stderr, "ward-demo-clips: could not write all clips into %s\n", dir);
    }
    return done ? 0 : 1;
}
