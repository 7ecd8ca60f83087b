/* What the two halves of the MP4 writer share. Private to them. */
#ifndef WARD_MEDIA_MP4_BOXES_H
#define WARD_MEDIA_MP4_BOXES_H

#include "mp4.h"

/* Samples of one track that stand together in the file. */
struct mp4_chunk {
    uint32_t first; /* sample */
    uint32_t count;
    uint64_t at;   /* offset in the track's data */
    uint32_t size; /* in bytes */
    uint64_t file_offset;
};

size_t mp4_sample_count(const struct mp4_track *t);
const struct mp4_sample *mp4_samples(const struct mp4_track *t);
/* In the track's timescale, the last sample as long as the one before. */
int64_t mp4_track_length(const struct mp4_track *t);
/* ftyp and moov. chunks: struct mp4_chunk, one buf for each track. */
MUST_USE struct status mp4_write_header(const struct mp4 *m, const struct buf chunks[MP4_TRACKS],
                                        struct buf *out);

#endif
