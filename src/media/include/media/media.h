/* What is in a video, and making of it what may be published: two renditions and a poster, with the
 * rotation applied to the pixels and nothing left of where, when and with what it was taken.
 *
 * Everything is over bytes and memory files: no names, no network. This is the only part of Ward
 * that parses what a stranger made with a large library; it runs in the studio alone, inside its
 * sandbox (media/studio.h), and nothing but the studio and tests links it. */
#ifndef WARD_MEDIA_MEDIA_H
#define WARD_MEDIA_MEDIA_H

#include "base/status.h"
#include "media/limits.h"
#include "media/sniff.h"

struct media_info {
    enum media_container container;
    uint32_t width; /* as shown: after rotation, with square pixels */
    uint32_t height;
    uint32_t duration_ms; /* 0: the file does not say (recorded live) */
    uint16_t rotation;    /* degrees clockwise that were asked for: 0, 90, 180, 270 */
    bool audio;
    const char *video_codec; /* static: "h264", "hevc", "vp8", "vp9", "av1" */
    const char *audio_codec; /* static, NULL without sound */
};

/* Looks without converting. Errors: E_MEDIA_*, E_MEMORY. */
MUST_USE struct status media_probe(struct slice file, struct media_info *ret_info);

struct media_output {
    int fd; /* a memfd, not sealed yet; -1 when there is none */
    uint32_t width;
    uint32_t height;
    uint32_t duration_ms;
    bool audio;
    uint64_t size_bytes;
};

struct media_outputs {
    struct media_output full;
    struct media_output small;
    struct media_output poster;
};

/* Called with 0 to 1000, rising, at most 101 times. */
typedef void media_progress(uint16_t permille, void *context);

/* Makes all three. The caller owns the descriptors and closes them with media_outputs_done.
 * Errors: E_MEDIA_*, E_MEMORY; nothing is left behind. */
MUST_USE struct status media_transcode(struct slice file, media_progress *progress, void *context,
                                       struct media_outputs *ret_outputs);
void media_outputs_done(struct media_outputs *outputs);

/* The bytes behind a descriptor, read-only, until media_unmap. Only for sealed memfds and files
 * that nobody shortens. E_MEDIA_EMPTY, E_MEDIA_TOO_LARGE (more than max_bytes), E_MEMORY. */
MUST_USE struct status media_map(int fd, size_t max_bytes, struct slice *ret_bytes);
void media_unmap(struct slice *bytes);

#endif
