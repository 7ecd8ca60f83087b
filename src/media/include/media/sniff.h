/* A first look at an upload, before any library parses it: what kind of file it is, whether it is
 * all there, and whether its tables fit in it. Pure, and cheap enough for every upload. */
#ifndef WARD_MEDIA_SNIFF_H
#define WARD_MEDIA_SNIFF_H

#include "base/status.h"
#include "media/limits.h"

enum media_container {
    MEDIA_MP4,  /* ISO base media and QuickTime: MP4, MOV, M4V, 3GP */
    MEDIA_WEBM, /* Matroska */
};

/* Errors: E_MEDIA_EMPTY, E_MEDIA_TOO_LARGE, E_MEDIA_UNSUPPORTED, E_MEDIA_TRUNCATED,
 * E_MEDIA_DAMAGED, E_MEDIA_LIMITS. */
MUST_USE struct status media_sniff(struct slice file, enum media_container *ret_container);

#endif
