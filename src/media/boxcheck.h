/* What the parts of the box check share. Private. */
#ifndef WARD_MEDIA_BOXCHECK_PARTS_H
#define WARD_MEDIA_BOXCHECK_PARTS_H

#include "media/boxcheck.h"

/* Why something may not be published: a fixed sentence, or NULL when nothing is wrong. */
typedef const char *objection;

enum track_kind { TRACK_NONE, TRACK_VIDEO, TRACK_AUDIO };

/* The tables of one track, as they stand in the file. */
struct check_track {
    enum track_kind kind;
    uint32_t width;
    uint32_t height;
    uint32_t timescale;
    uint32_t sample_count;
    struct slice lengths; /* of stts: count and length */
    struct slice delays;  /* of ctts: count and delay; video alone */
    struct slice keys;    /* of stss: numbers of samples */
    struct slice sizes;   /* of stsz: four bytes each */
    struct slice runs;    /* of stsc: twelve bytes each */
    struct slice offsets; /* of stco: four bytes each */
};

enum { CHECK_MAX_TRACKS = 2 };

struct check {
    struct check_track tracks[CHECK_MAX_TRACKS];
    size_t track_count;
    uint32_t movie_duration_ms;
    struct slice media; /* the body of mdat */
    size_t media_at;    /* its offset in the file */
};

/* The fields of one box (boxcheck_fields.c): each looks at the whole body. */
objection check_ftyp(struct check *c, struct slice body);
objection check_mvhd(struct check *c, struct slice body);
objection check_tkhd(struct check *c, struct slice body);
objection check_elst(struct check *c, struct slice body);
objection check_mdhd(struct check *c, struct slice body);
objection check_hdlr(struct check *c, struct slice body);
objection check_vmhd(struct check *c, struct slice body);
objection check_smhd(struct check *c, struct slice body);
objection check_dref(struct check *c, struct slice body);
objection check_stsd(struct check *c, struct slice body);
objection check_stts(struct check *c, struct slice body);
objection check_ctts(struct check *c, struct slice body);
objection check_stss(struct check *c, struct slice body);
objection check_stsc(struct check *c, struct slice body);
objection check_stsz(struct check *c, struct slice body);
objection check_stco(struct check *c, struct slice body);

/* The sample entries (boxcheck_codec.c). */
objection check_avc1(struct check_track *t, struct slice body);
objection check_mp4a(struct check_track *t, struct slice body);

/* That the samples are all of mdat, and what they hold (boxcheck_samples.c). */
objection check_samples(const struct check *c);

objection check_jpeg(struct slice file, struct media_facts *ret_facts);

/* The track that is being read: the last one that began. */
struct check_track *check_current(struct check *c);

#endif
