/* The samples of an MP4, on their way into it: from start codes to lengths, without anything that
 * is neither picture nor sound. The boxes around them are in mp4_boxes.c. */
#include "mp4.h"

#include "mp4_boxes.h"

#include "media/limits.h"

enum {
    NAL_SLICE = 1,
    NAL_IDR = 5,
    NAL_SPS = 7,
    NAL_PPS = 8,
    MAX_CONFIG = 512,
    MAX_SAMPLES = (MEDIA_MAX_DURATION_MS / 1000 + 2) * 100,
};

void mp4_init(struct mp4 *m, uint16_t width, uint16_t height) {
    *m = (struct mp4){.width = width, .height = height, .colour = {2, 2, 2}};
    for (size_t i = 0; i < MP4_TRACKS; i++) {
        buf_init(&m->track[i].data, MEDIA_MAX_OUTPUT_BYTES);
        buf_init(&m->track[i].samples, MAX_SAMPLES * sizeof(struct mp4_sample));
        buf_init(&m->track[i].config, MAX_CONFIG);
    }
    m->track[MP4_VIDEO].timescale = MP4_VIDEO_TIMESCALE;
}

void mp4_done(struct mp4 *m) {
    for (size_t i = 0; i < MP4_TRACKS; i++) {
        buf_done(&m->track[i].data);
        buf_done(&m->track[i].samples);
        buf_done(&m->track[i].config);
    }
}

/* Where the next start code (00 00 01) is, or the end. */
static size_t find_start(struct slice s) {
    for (size_t i = 0; i + 3 <= s.len; i++) {
        if (s.ptr[i] == 0 && s.ptr[i + 1] == 0 && s.ptr[i + 2] == 1) {
            return i;
        }
    }
    return s.len;
}

/* The next unit between start codes, without the zero bytes that may follow it. */
static bool next_unit(struct slice *rest, struct slice *ret_unit) {
    size_t start = find_start(*rest);
    if (start == rest->len) {
        return false;
    }
    *rest = slice_from(*rest, start + 3);
    size_t end = find_start(*rest);
    struct slice unit = slice_sub(*rest, 0, end);
    while (unit.len > 0 && unit.ptr[unit.len - 1] == 0) {
        unit.len--;
    }
    *rest = slice_from(*rest, end);
    *ret_unit = unit;
    return true;
}

static unsigned unit_kind(struct slice unit) {
    return unit.len == 0 ? 0 : unit.ptr[0] & 0x1fU;
}

static struct status add_parameter_set(struct buf *out, struct slice unit) {
    TRY(buf_add_byte(out, 1));
    TRY(buf_add_be16(out, (uint16_t)unit.len));
    return buf_add(out, unit);
}

static struct status write_avcc(struct buf *out, struct slice sps, struct slice pps) {
    static const uint8_t high_profile_end[] = {0xfd, 0xf8, 0xf8, 0}; /* 4:2:0, eight bits */
    TRY(buf_add_byte(out, 1));
    TRY(buf_add(out, slice_sub(sps, 1, 3))); /* profile, constraints, level */
    TRY(buf_add_byte(out, 0xff));            /* lengths of four bytes */
    TRY(add_parameter_set(out, sps));
    out->ptr[5] |= 0xe0;
    TRY(add_parameter_set(out, pps));
    bool high = sps.ptr[1] == 100;
    return high ? buf_add(out, slice_of(high_profile_end, sizeof high_profile_end)) : STATUS_OK;
}

struct status mp4_video_config(struct mp4 *m, struct slice annex_b) {
    struct slice sps = {NULL, 0};
    struct slice pps = {NULL, 0};
    struct slice unit;
    while (next_unit(&annex_b, &unit)) {
        if (unit_kind(unit) == NAL_SPS) {
            sps = unit;
        } else if (unit_kind(unit) == NAL_PPS) {
            pps = unit;
        }
    }
    if (sps.len < 4 || pps.len == 0) {
        return FAIL(E_MEDIA_DAMAGED);
    }
    buf_clear(&m->track[MP4_VIDEO].config);
    return write_avcc(&m->track[MP4_VIDEO].config, sps, pps);
}

struct status mp4_audio_config(struct mp4 *m, struct slice config, uint32_t rate_hz,
                               uint16_t channels) {
    if (config.len < 2 || config.len > 8 || rate_hz > UINT16_MAX) {
        return FAIL(E_MEDIA_DAMAGED);
    }
    struct mp4_track *t = &m->track[MP4_AUDIO];
    buf_clear(&t->config);
    TRY(buf_add(&t->config, config));
    t->timescale = rate_hz;
    m->channels = channels;
    m->audio = true;
    return STATUS_OK;
}

static struct status add_sample(struct mp4_track *t, struct mp4_sample sample) {
    TRY(buf_add(&t->samples, slice_of(&sample, sizeof sample)));
    if (sample.size > t->max_sample) {
        t->max_sample = sample.size;
    }
    return STATUS_OK;
}

static struct status add_slices(struct buf *data, struct slice annex_b) {
    struct slice unit;
    while (next_unit(&annex_b, &unit)) {
        unsigned kind = unit_kind(unit);
        if (kind == NAL_SLICE || kind == NAL_IDR) {
            TRY(buf_add_be32(data, (uint32_t)unit.len));
            TRY(buf_add(data, unit));
        }
    }
    return STATUS_OK;
}

struct status mp4_add_video(struct mp4 *m, struct slice annex_b, int64_t dts, int64_t pts,
                            bool key) {
    struct mp4_track *t = &m->track[MP4_VIDEO];
    size_t before = t->data.len;
    TRY(add_slices(&t->data, annex_b));
    if (t->data.len == before) {
        return FAIL(E_MEDIA_DAMAGED);
    }
    return add_sample(
        t, (struct mp4_sample){
               .dts = dts, .pts = pts, .size = (uint32_t)(t->data.len - before), .key = key});
}

struct status mp4_add_audio(struct mp4 *m, struct slice frame, int64_t pts) {
    struct mp4_track *t = &m->track[MP4_AUDIO];
    TRY(buf_add(&t->data, frame));
    return add_sample(
        t, (struct mp4_sample){.dts = pts, .pts = pts, .size = (uint32_t)frame.len, .key = true});
}
