/* What a published file may consist of. The last word before anybody sees a clip: it runs in a
 * process that never saw the original, on the bytes that are to be published, and shares no code
 * with what made them but the taking apart of boxes.
 *
 * Everything is an allow-list. Of an MP4: which box stands where, how often, and the value of every
 * field that could carry something else than the picture and the sound; that the samples cover the
 * media data without a gap; that video samples hold slices alone (no SEI); that times of creation
 * are zero. Of a JPEG: which segments, once each, and nothing after the end.
 *
 *   struct media_facts facts;
 *   const char *why;
 *   TRY(media_boxcheck(MEDIA_CLIP, bytes, &facts, &why));
 *
 * Pure: bytes in, verdict out; no allocation, no recursion. Fuzzed. */
#ifndef WARD_MEDIA_BOXCHECK_H
#define WARD_MEDIA_BOXCHECK_H

#include "base/status.h"
#include "media/limits.h"

enum media_product { MEDIA_CLIP, MEDIA_POSTER };

/* What the file itself says; the guard keeps these rather than what the maker claimed. */
struct media_facts {
    uint32_t width;
    uint32_t height;
    uint32_t duration_ms; /* 0 for a poster */
    bool audio;
};

/* E_MEDIA_UNCLEAN, with *ret_why a fixed sentence for the log (written on failure only; it holds
 * nothing of the file). ret_why may be NULL. */
MUST_USE struct status media_boxcheck(enum media_product product, struct slice file,
                                      struct media_facts *ret_facts, const char **ret_why);

#endif
