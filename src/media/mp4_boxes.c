/* The boxes of the header. Must write nothing that boxcheck.c does not know. */
#include "mp4_boxes.h"

#include "base/bytes.h"
#include "box.h"

#define ZEROES(n)                                                                                  \
    (struct slice) {                                                                               \
        (const uint8_t[64]){0}, (n)                                                                \
    }

size_t mp4_sample_count(const struct mp4_track *t) {
    return t->samples.len / sizeof(struct mp4_sample);
}

const struct mp4_sample *mp4_samples(const struct mp4_track *t) {
    return (const void *)t->samples.ptr;
}

/* The time from this sample to the next; from the last one, as long as the one before. */
static int64_t sample_length(const struct mp4_track *t, size_t i) {
    const struct mp4_sample *s = mp4_samples(t);
    size_t count = mp4_sample_count(t);
    if (i + 1 < count) {
        return s[i + 1].dts - s[i].dts;
    }
    return i > 0 ? s[i].dts - s[i - 1].dts : t->timescale / 30;
}

int64_t mp4_track_length(const struct mp4_track *t) {
    size_t count = mp4_sample_count(t);
    return count == 0 ? 0 : mp4_samples(t)[count - 1].dts + sample_length(t, count - 1);
}

/* What is seen or heard: from where the player begins to the end of the last sample shown. */
static uint32_t length_ms(const struct mp4_track *t) {
    int64_t end = 0;
    for (size_t i = 0; i < mp4_sample_count(t); i++) {
        int64_t sample_end = mp4_samples(t)[i].pts + sample_length(t, i);
        end = sample_end > end ? sample_end : end;
    }
    int64_t seen = end - t->skip;
    return t->timescale == 0 || seen < 0 ? 0 : (uint32_t)(seen * 1000 / t->timescale);
}

uint32_t mp4_duration_ms(const struct mp4 *m) {
    return length_ms(&m->track[MP4_VIDEO]);
}

/* A box whose size is not known yet: its offset in `out`, for end_box. */
static struct status begin_box(struct buf *out, uint32_t type, size_t *ret_at) {
    size_t at = out->len;
    TRY(buf_add_be32(out, 0));
    TRY(buf_add_be32(out, type));
    *ret_at = at;
    return STATUS_OK;
}

static void end_box(struct buf *out, size_t at) {
    bytes_put_be32(out->ptr + at, (uint32_t)(out->len - at));
}

static struct status add_be32s(struct buf *out, const uint32_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        TRY(buf_add_be32(out, values[i]));
    }
    return STATUS_OK;
}

#define ADD_BE32(out, ...)                                                                         \
    add_be32s((out), (const uint32_t[]){__VA_ARGS__},                                              \
              sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* A box of numbers of four bytes. */
#define NUMBER_BOX(out, type, ...)                                                                 \
    ADD_BE32((out), 8 + (uint32_t)sizeof((const uint32_t[]){__VA_ARGS__}), (type), __VA_ARGS__)

#define IDENTITY 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000

static struct status write_ftyp(struct buf *out) {
    return NUMBER_BOX(out, BOX('f', 't', 'y', 'p'), BOX('i', 's', 'o', 'm'), 0x200,
                      BOX('i', 's', 'o', 'm'), BOX('i', 's', 'o', '2'), BOX('a', 'v', 'c', '1'),
                      BOX('m', 'p', '4', '1'));
}

static struct status write_mvhd(const struct mp4 *m, struct buf *out) {
    uint32_t video = length_ms(&m->track[MP4_VIDEO]);
    uint32_t audio = m->audio ? length_ms(&m->track[MP4_AUDIO]) : 0;
    return NUMBER_BOX(out, BOX('m', 'v', 'h', 'd'), 0, 0, 0, 1000, video > audio ? video : audio,
                      0x10000, 0x01000000, 0, 0, IDENTITY, 0, 0, 0, 0, 0, 0, MP4_TRACKS + 1);
}

static struct status write_tkhd(const struct mp4 *m, size_t track, struct buf *out) {
    bool video = track == MP4_VIDEO;
    return NUMBER_BOX(out, BOX('t', 'k', 'h', 'd'), 3, 0, 0, (uint32_t)track + 1, 0,
                      length_ms(&m->track[track]), 0, 0, 0, video ? 0 : 0x01000000, IDENTITY,
                      video ? (uint32_t)m->width << 16 : 0, video ? (uint32_t)m->height << 16 : 0);
}

static struct status write_edts(const struct mp4_track *t, struct buf *out) {
    return NUMBER_BOX(out, BOX('e', 'd', 't', 's'), 28, BOX('e', 'l', 's', 't'), 0, 1, length_ms(t),
                      (uint32_t)t->skip, 0x10000);
}

static struct status write_mdhd(const struct mp4_track *t, struct buf *out) {
    enum { LANGUAGE_UND = 0x55c4 };
    return NUMBER_BOX(out, BOX('m', 'd', 'h', 'd'), 0, 0, 0, t->timescale,
                      (uint32_t)mp4_track_length(t), (uint32_t)LANGUAGE_UND << 16);
}

static struct status write_hdlr(size_t track, struct buf *out) {
    bool video = track == MP4_VIDEO;
    size_t at;
    TRY(begin_box(out, BOX('h', 'd', 'l', 'r'), &at));
    TRY(ADD_BE32(out, 0, 0, video ? BOX('v', 'i', 'd', 'e') : BOX('s', 'o', 'u', 'n'), 0, 0, 0));
    TRY(buf_add_str(out, video ? "VideoHandler" : "SoundHandler"));
    TRY(buf_add_byte(out, 0));
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_colr(const struct mp4_colour *colour, struct buf *out) {
    enum { UNSPECIFIED = 2 };
    if (colour->primaries == UNSPECIFIED && colour->matrix == UNSPECIFIED) {
        return STATUS_OK;
    }
    TRY(ADD_BE32(out, 19, BOX('c', 'o', 'l', 'r'), BOX('n', 'c', 'l', 'x')));
    TRY(buf_add_be16(out, colour->primaries));
    TRY(buf_add_be16(out, colour->transfer));
    TRY(buf_add_be16(out, colour->matrix));
    return buf_add_byte(out, 0);
}

static struct status write_avc1(const struct mp4 *m, struct buf *out) {
    size_t at;
    size_t config_at;
    TRY(begin_box(out, BOX('a', 'v', 'c', '1'), &at));
    TRY(ADD_BE32(out, 0, 1, 0, 0, 0, 0));
    TRY(buf_add_be16(out, m->width));
    TRY(buf_add_be16(out, m->height));
    TRY(ADD_BE32(out, 72 << 16, 72 << 16, 0));
    TRY(buf_add_be16(out, 1));      /* one picture in a sample */
    TRY(buf_add(out, ZEROES(32)));  /* no name of an encoder */
    TRY(ADD_BE32(out, 0x0018ffff)); /* 24 bits, no colour table */
    TRY(begin_box(out, BOX('a', 'v', 'c', 'C'), &config_at));
    TRY(buf_add(out, buf_slice(&m->track[MP4_VIDEO].config)));
    end_box(out, config_at);
    TRY(write_colr(&m->colour, out));
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_esds(const struct mp4_track *t, struct buf *out) {
    uint8_t config = (uint8_t)t->config.len;
    const uint8_t es[] = {0, 0, 0, 0, 3, (uint8_t)(23 + config), 0, MP4_AUDIO + 1, 0};
    const uint8_t decoder[] = {4, (uint8_t)(15 + config), 0x40, 0x15, 0, 0, 0};
    const uint8_t specific[] = {5, config};
    const uint8_t sync[] = {6, 1, 2};
    size_t at;
    TRY(begin_box(out, BOX('e', 's', 'd', 's'), &at));
    TRY(buf_add(out, slice_of(es, sizeof es)));
    TRY(buf_add(out, slice_of(decoder, sizeof decoder)));
    uint64_t length_ms_or_1 = length_ms(t) == 0 ? 1 : length_ms(t);
    uint32_t average = (uint32_t)(t->data.len * 8000 / length_ms_or_1);
    TRY(ADD_BE32(out, average, average));
    TRY(buf_add(out, slice_of(specific, sizeof specific)));
    TRY(buf_add(out, buf_slice(&t->config)));
    TRY(buf_add(out, slice_of(sync, sizeof sync)));
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_mp4a(const struct mp4 *m, struct buf *out) {
    const struct mp4_track *t = &m->track[MP4_AUDIO];
    size_t at;
    TRY(begin_box(out, BOX('m', 'p', '4', 'a'), &at));
    TRY(ADD_BE32(out, 0, 1, 0, 0, (uint32_t)m->channels << 16 | 16, 0, t->timescale << 16));
    TRY(write_esds(t, out));
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_stsd(const struct mp4 *m, size_t track, struct buf *out) {
    size_t at;
    TRY(begin_box(out, BOX('s', 't', 's', 'd'), &at));
    TRY(ADD_BE32(out, 0, 1));
    TRY(track == MP4_VIDEO ? write_avc1(m, out) : write_mp4a(m, out));
    end_box(out, at);
    return STATUS_OK;
}

/* A table of runs: how often a value comes in a row. */
struct runs {
    struct buf *out;
    size_t count_at;
    uint32_t count;
    uint32_t length;
    uint32_t value;
};

static struct status end_run(struct runs *r) {
    if (r->length == 0) {
        return STATUS_OK;
    }
    TRY(ADD_BE32(r->out, r->length, r->value));
    r->count++;
    bytes_put_be32(r->out->ptr + r->count_at, r->count);
    return STATUS_OK;
}

static struct status add_to_run(struct runs *r, uint32_t value) {
    if (r->length > 0 && r->value == value) {
        r->length++;
        return STATUS_OK;
    }
    TRY(end_run(r));
    r->length = 1;
    r->value = value;
    return STATUS_OK;
}

static uint32_t composition_offset(const struct mp4_track *t, size_t i) {
    return (uint32_t)(mp4_samples(t)[i].pts - mp4_samples(t)[i].dts);
}

static uint32_t length_of(const struct mp4_track *t, size_t i) {
    return (uint32_t)sample_length(t, i);
}

static struct status write_runs(const struct mp4_track *t, uint32_t type,
                                uint32_t (*value)(const struct mp4_track *, size_t),
                                struct buf *out) {
    size_t at;
    TRY(begin_box(out, type, &at));
    TRY(ADD_BE32(out, 0, 0));
    struct runs runs = {.out = out, .count_at = out->len - 4};
    for (size_t i = 0; i < mp4_sample_count(t); i++) {
        TRY(add_to_run(&runs, value(t, i)));
    }
    TRY(end_run(&runs));
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_stss(const struct mp4_track *t, struct buf *out) {
    size_t at;
    TRY(begin_box(out, BOX('s', 't', 's', 's'), &at));
    TRY(ADD_BE32(out, 0, 0));
    size_t count_at = out->len - 4;
    uint32_t count = 0;
    for (size_t i = 0; i < mp4_sample_count(t); i++) {
        if (mp4_samples(t)[i].key) {
            TRY(buf_add_be32(out, (uint32_t)i + 1));
            count++;
        }
    }
    bytes_put_be32(out->ptr + count_at, count);
    end_box(out, at);
    return STATUS_OK;
}

static size_t chunk_count(const struct buf *chunks) {
    return chunks->len / sizeof(struct mp4_chunk);
}

static struct status write_stsc(const struct buf *chunks, struct buf *out) {
    const struct mp4_chunk *c = (const void *)chunks->ptr;
    size_t at;
    TRY(begin_box(out, BOX('s', 't', 's', 'c'), &at));
    TRY(ADD_BE32(out, 0, 0));
    size_t count_at = out->len - 4;
    uint32_t runs = 0;
    for (size_t i = 0; i < chunk_count(chunks); i++) {
        if (i == 0 || c[i].count != c[i - 1].count) {
            TRY(ADD_BE32(out, (uint32_t)i + 1, c[i].count, 1));
            runs++;
        }
    }
    bytes_put_be32(out->ptr + count_at, runs);
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_stsz(const struct mp4_track *t, struct buf *out) {
    size_t at;
    TRY(begin_box(out, BOX('s', 't', 's', 'z'), &at));
    TRY(ADD_BE32(out, 0, 0, (uint32_t)mp4_sample_count(t)));
    for (size_t i = 0; i < mp4_sample_count(t); i++) {
        TRY(buf_add_be32(out, mp4_samples(t)[i].size));
    }
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_stco(const struct buf *chunks, struct buf *out) {
    const struct mp4_chunk *c = (const void *)chunks->ptr;
    size_t at;
    TRY(begin_box(out, BOX('s', 't', 'c', 'o'), &at));
    TRY(ADD_BE32(out, 0, (uint32_t)chunk_count(chunks)));
    for (size_t i = 0; i < chunk_count(chunks); i++) {
        TRY(buf_add_be32(out, (uint32_t)c[i].file_offset));
    }
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_stbl(const struct mp4 *m, size_t track, const struct buf *chunks,
                                struct buf *out) {
    const struct mp4_track *t = &m->track[track];
    size_t at;
    TRY(begin_box(out, BOX('s', 't', 'b', 'l'), &at));
    TRY(write_stsd(m, track, out));
    TRY(write_runs(t, BOX('s', 't', 't', 's'), length_of, out));
    if (track == MP4_VIDEO) {
        TRY(write_runs(t, BOX('c', 't', 't', 's'), composition_offset, out));
        TRY(write_stss(t, out));
    }
    TRY(write_stsc(chunks, out));
    TRY(write_stsz(t, out));
    TRY(write_stco(chunks, out));
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_minf(const struct mp4 *m, size_t track, const struct buf *chunks,
                                struct buf *out) {
    size_t at;
    TRY(begin_box(out, BOX('m', 'i', 'n', 'f'), &at));
    TRY(track == MP4_VIDEO ? NUMBER_BOX(out, BOX('v', 'm', 'h', 'd'), 1, 0, 0)
                           : NUMBER_BOX(out, BOX('s', 'm', 'h', 'd'), 0, 0));
    /* The media is in this file. */
    TRY(NUMBER_BOX(out, BOX('d', 'i', 'n', 'f'), 28, BOX('d', 'r', 'e', 'f'), 0, 1, 12,
                   BOX('u', 'r', 'l', ' '), 1));
    TRY(write_stbl(m, track, chunks, out));
    end_box(out, at);
    return STATUS_OK;
}

static struct status write_trak(const struct mp4 *m, size_t track, const struct buf *chunks,
                                struct buf *out) {
    const struct mp4_track *t = &m->track[track];
    size_t at;
    size_t media_at;
    TRY(begin_box(out, BOX('t', 'r', 'a', 'k'), &at));
    TRY(write_tkhd(m, track, out));
    TRY(write_edts(t, out));
    TRY(begin_box(out, BOX('m', 'd', 'i', 'a'), &media_at));
    TRY(write_mdhd(t, out));
    TRY(write_hdlr(track, out));
    TRY(write_minf(m, track, chunks, out));
    end_box(out, media_at);
    end_box(out, at);
    return STATUS_OK;
}

struct status mp4_write_header(const struct mp4 *m, const struct buf chunks[MP4_TRACKS],
                               struct buf *out) {
    size_t at;
    TRY(write_ftyp(out));
    TRY(begin_box(out, BOX('m', 'o', 'o', 'v'), &at));
    TRY(write_mvhd(m, out));
    TRY(write_trak(m, MP4_VIDEO, &chunks[MP4_VIDEO], out));
    if (m->audio) {
        TRY(write_trak(m, MP4_AUDIO, &chunks[MP4_AUDIO], out));
    }
    end_box(out, at);
    return STATUS_OK;
}
