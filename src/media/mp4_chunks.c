/* The order of the media data: half a second of picture, half a second of sound, and so on, so that
 * a player needs no seeking; and the handing out of the finished file. */
#include "mp4_boxes.h"

#include "base/bytes.h"
#include "box.h"
#include "media/limits.h"

enum { CHUNKS_PER_S = 2, MAX_HEADER = 8 << 20, BOX_HEADER = 8 };

/* The samples of one track up to the end of a window of time; false when there are none. */
static bool take_window(const struct mp4_track *t, int64_t window, struct mp4_chunk *c) {
    const struct mp4_sample *s = mp4_samples(t);
    size_t count = mp4_sample_count(t);
    int64_t end = (window + 1) * t->timescale / CHUNKS_PER_S;
    c->first += c->count;
    c->at += c->size;
    c->count = 0;
    c->size = 0;
    while (c->first + c->count < count && s[c->first + c->count].dts < end) {
        c->size += s[c->first + c->count].size;
        c->count++;
    }
    return c->count > 0;
}

static int64_t window_count(const struct mp4_track *t) {
    return t->timescale == 0 ? 0 : mp4_track_length(t) * CHUNKS_PER_S / t->timescale + 1;
}

static struct status cut_into_chunks(const struct mp4 *m, struct buf chunks[MP4_TRACKS]) {
    for (size_t i = 0; i < MP4_TRACKS; i++) {
        struct mp4_chunk chunk = {.first = 0};
        for (int64_t window = 0; window < window_count(&m->track[i]); window++) {
            if (take_window(&m->track[i], window, &chunk)) {
                TRY(buf_add(&chunks[i], slice_of(&chunk, sizeof chunk)));
            }
        }
    }
    return STATUS_OK;
}

/* A walk over the chunks of both tracks in the order of the file. */
struct order {
    const struct mp4 *m;
    struct buf *chunks;
    size_t next[MP4_TRACKS];
};

static struct mp4_chunk *peek(const struct order *o, size_t track) {
    struct mp4_chunk *all = (void *)o->chunks[track].ptr;
    size_t count = o->chunks[track].len / sizeof(struct mp4_chunk);
    return o->next[track] < count ? &all[o->next[track]] : NULL;
}

static int64_t starts_ms(const struct order *o, size_t track, const struct mp4_chunk *c) {
    const struct mp4_track *t = &o->m->track[track];
    return mp4_samples(t)[c->first].dts * 1000 / t->timescale;
}

static struct mp4_chunk *next_chunk(struct order *o, size_t *ret_track) {
    struct mp4_chunk *video = peek(o, MP4_VIDEO);
    struct mp4_chunk *audio = peek(o, MP4_AUDIO);
    bool take_audio = audio != NULL && (video == NULL || starts_ms(o, MP4_AUDIO, audio) <
                                                             starts_ms(o, MP4_VIDEO, video));
    *ret_track = take_audio ? MP4_AUDIO : MP4_VIDEO;
    o->next[*ret_track]++;
    return take_audio ? audio : video;
}

static uint64_t place_chunks(const struct mp4 *m, struct buf chunks[MP4_TRACKS], uint64_t at) {
    struct order order = {.m = m, .chunks = chunks};
    struct mp4_chunk *chunk;
    size_t track;
    while ((chunk = next_chunk(&order, &track)) != NULL) {
        chunk->file_offset = at;
        at += chunk->size;
    }
    return at;
}

static struct status hand_out_chunks(const struct mp4 *m, struct buf chunks[MP4_TRACKS],
                                     mp4_sink *sink, void *context) {
    struct order order = {.m = m, .chunks = chunks};
    const struct mp4_chunk *chunk;
    size_t track;
    while ((chunk = next_chunk(&order, &track)) != NULL) {
        TRY(sink(slice_sub(buf_slice(&m->track[track].data), chunk->at, chunk->size), context));
    }
    return STATUS_OK;
}

static struct status hand_out(const struct mp4 *m, struct buf chunks[MP4_TRACKS], mp4_sink *sink,
                              void *context) {
    struct buf header CLEANUP(buf_done);
    buf_init(&header, MAX_HEADER);
    /* Written twice: the first time tells how long it is, and so where the chunks are. */
    TRY(mp4_write_header(m, chunks, &header));
    uint64_t begin = header.len;
    uint64_t end = place_chunks(m, chunks, begin + BOX_HEADER);
    if (end > MEDIA_MAX_OUTPUT_BYTES) {
        return FAIL(E_TOO_LARGE);
    }
    buf_clear(&header);
    TRY(mp4_write_header(m, chunks, &header));
    TRY(buf_add_be32(&header, (uint32_t)(end - begin)));
    TRY(buf_add_be32(&header, BOX('m', 'd', 'a', 't')));
    TRY(sink(buf_slice(&header), context));
    return hand_out_chunks(m, chunks, sink, context);
}

struct status mp4_finish(const struct mp4 *m, mp4_sink *sink, void *context) {
    struct buf chunks[MP4_TRACKS];
    buf_init(&chunks[MP4_VIDEO], MAX_HEADER);
    buf_init(&chunks[MP4_AUDIO], MAX_HEADER);
    struct status s = cut_into_chunks(m, chunks);
    s = failed(s) ? s : hand_out(m, chunks, sink, context);
    buf_done(&chunks[MP4_VIDEO]);
    buf_done(&chunks[MP4_AUDIO]);
    return s;
}
