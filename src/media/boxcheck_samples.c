/* That the samples of the tracks are the whole of the media data, and that they are picture and
 * sound. Bytes that no sample owns could be anything; so there may be none. */
#include "boxcheck.h"

#include "base/bytes.h"

enum { NAL_SLICE = 1, NAL_IDR = 5, AAC_SCE = 0, AAC_CPE = 1, RUN_BYTES = 12 };

/* Where we are in one track: the next chunk and the next sample. */
struct cursor {
    const struct check_track *track;
    size_t chunk;
    size_t sample;
    size_t run;
};

static size_t chunk_count(const struct check_track *t) {
    return t->offsets.len / 4;
}

static uint32_t chunk_offset(const struct cursor *at) {
    return bytes_be32(at->track->offsets.ptr + 4 * at->chunk);
}

static uint32_t run_field(const struct check_track *t, size_t run, size_t field) {
    return bytes_be32(t->runs.ptr + RUN_BYTES * run + 4 * field);
}

/* How many samples the chunk holds; runs begin at chunk 1 and rise. False when they do not. */
static bool samples_in_chunk(struct cursor *at, uint32_t *ret_count) {
    const struct check_track *t = at->track;
    size_t runs = t->runs.len / RUN_BYTES;
    bool next_begins = at->run + 1 < runs && run_field(t, at->run + 1, 0) == at->chunk + 1;
    at->run += next_begins;
    if (at->run >= runs || run_field(t, at->run, 2) != 1) {
        return false;
    }
    bool first_is_first = run_field(t, 0, 0) == 1;
    bool next_is_later = at->run + 1 >= runs || run_field(t, at->run + 1, 0) > at->chunk + 1;
    *ret_count = run_field(t, at->run, 1);
    return first_is_first && next_is_later;
}

/* Slices alone, each with four bytes of length: no SEI, no parameter sets, no unknown units. */
static objection check_picture(struct slice sample) {
    if (sample.len == 0) {
        return "a sample is empty";
    }
    while (sample.len > 0) {
        if (sample.len < 5) {
            return "a video sample is malformed";
        }
        size_t len = bytes_be32(sample.ptr);
        uint8_t first = sample.ptr[4];
        unsigned kind = first & 0x1fU;
        if (len == 0 || len > sample.len - 4 || first >> 7 != 0) {
            return "a video sample is malformed";
        }
        if (kind != NAL_SLICE && kind != NAL_IDR) {
            return "a video sample holds something else than slices";
        }
        sample = slice_from(sample, 4 + len);
    }
    return NULL;
}

/* The first element of an AAC frame is a channel or a pair, not a data stream. */
static objection check_sound(struct slice sample) {
    if (sample.len == 0) {
        return "a sample is empty";
    }
    unsigned element = sample.ptr[0] >> 5;
    return element == AAC_SCE || element == AAC_CPE ? NULL
                                                    : "an audio sample begins with other data";
}

static objection take_sample(struct cursor *at, struct slice *rest) {
    const struct check_track *t = at->track;
    if (at->sample >= t->sample_count) {
        return "a chunk holds more samples than there are";
    }
    size_t size = bytes_be32(t->sizes.ptr + 4 * at->sample);
    if (size > rest->len) {
        return "a sample reaches past the media data";
    }
    struct slice sample = slice_sub(*rest, 0, size);
    at->sample++;
    *rest = slice_from(*rest, size);
    return t->kind == TRACK_VIDEO ? check_picture(sample) : check_sound(sample);
}

static objection take_chunk(struct cursor *at, struct slice *rest) {
    uint32_t count;
    if (!samples_in_chunk(at, &count) || count == 0) {
        return "a table of chunks is malformed";
    }
    objection why = NULL;
    for (uint32_t i = 0; why == NULL && i < count; i++) {
        why = take_sample(at, rest);
    }
    at->chunk++;
    return why;
}

/* The track whose next chunk begins here. */
static struct cursor *chunk_at(struct cursor *cursors, size_t count, uint64_t offset) {
    for (size_t i = 0; i < count; i++) {
        bool more = cursors[i].chunk < chunk_count(cursors[i].track);
        if (more && chunk_offset(&cursors[i]) == offset) {
            return &cursors[i];
        }
    }
    return NULL;
}

static objection all_used(const struct cursor *at) {
    bool used = at->chunk == chunk_count(at->track) && at->sample == at->track->sample_count &&
                at->run + 1 == at->track->runs.len / RUN_BYTES && at->sample > 0;
    return used ? NULL : "a table of samples claims more than there is";
}

/* Runs of a count and a value: together as many as there are samples, no value longer than a track
 * may be. No two runs in a row have the same value, so that a table is not longer than it must be.
 */
static bool runs_are_right(struct slice runs, uint32_t samples, uint64_t max_value) {
    uint64_t total = 0;
    for (size_t i = 0; i < runs.len; i += 8) {
        uint32_t count = bytes_be32(runs.ptr + i);
        uint32_t value = bytes_be32(runs.ptr + i + 4);
        bool repeats = i > 0 && value == bytes_be32(runs.ptr + i - 4);
        if (count == 0 || value > max_value || repeats) {
            return false;
        }
        total += count;
    }
    return total == samples;
}

static bool keys_are_right(struct slice keys, uint32_t samples) {
    uint32_t last = 0;
    for (size_t i = 0; i < keys.len; i += 4) {
        uint32_t key = bytes_be32(keys.ptr + i);
        if (key <= last || key > samples) {
            return false;
        }
        last = key;
    }
    return true;
}

static objection check_times(const struct check_track *t) {
    uint64_t max_value = (uint64_t)t->timescale * (MEDIA_MAX_DURATION_MS / 1000 + 2);
    bool right = runs_are_right(t->lengths, t->sample_count, max_value) &&
                 (t->delays.len == 0 || runs_are_right(t->delays, t->sample_count, max_value)) &&
                 keys_are_right(t->keys, t->sample_count);
    return right ? NULL : "a table of times does not fit the samples";
}

objection check_samples(const struct check *c) {
    struct cursor cursors[CHECK_MAX_TRACKS];
    for (size_t i = 0; i < c->track_count; i++) {
        cursors[i] = (struct cursor){.track = &c->tracks[i]};
    }
    struct slice rest = c->media;
    while (rest.len > 0) {
        uint64_t offset = c->media_at + (c->media.len - rest.len);
        struct cursor *at = chunk_at(cursors, c->track_count, offset);
        objection why =
            at == NULL ? "there is media data that no sample owns" : take_chunk(at, &rest);
        if (why != NULL) {
            return why;
        }
    }
    objection why = NULL;
    for (size_t i = 0; why == NULL && i < c->track_count; i++) {
        why = all_used(&cursors[i]);
        why = why != NULL ? why : check_times(&c->tracks[i]);
    }
    return why;
}
