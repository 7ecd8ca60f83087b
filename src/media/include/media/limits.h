/* Every size, count and time of a media file that a user controls. The manual prints this list.
 * No code, no libraries: any room may include it. */
#ifndef WARD_MEDIA_LIMITS_H
#define WARD_MEDIA_LIMITS_H

/* The original. */
#define MEDIA_MAX_INPUT_BYTES    (256U << 20) /* one upload */
#define MEDIA_MAX_DURATION_MS    180000U /* of the longest track; 1 s of tolerance for codecs */
#define MEDIA_MIN_DURATION_MS    200U
#define MEDIA_MAX_SIDE_PX        4096U
#define MEDIA_MIN_SIDE_PX        32U
#define MEDIA_MAX_PIXELS         9437184U /* 4096 x 2304 */
#define MEDIA_MAX_STREAMS        16U      /* phones write up to seven */
#define MEDIA_MAX_FPS            240U
#define MEDIA_MAX_FRAMES         (MEDIA_MAX_FPS * (MEDIA_MAX_DURATION_MS / 1000 + 1))
#define MEDIA_MAX_AUDIO_RATE_HZ  96000U
#define MEDIA_MAX_AUDIO_CHANNELS 8U

/* What is made of it. */
#define MEDIA_FULL_SHORT_EDGE_PX  720U  /* never scaled up */
#define MEDIA_SMALL_SHORT_EDGE_PX 480U  /* or two thirds of the full one, if that is less */
#define MEDIA_LONG_EDGE_PX        1920U /* of the full rendition, for very narrow pictures */
#define MEDIA_OUTPUT_FPS          30U   /* frames that come sooner are left out */
#define MEDIA_FULL_MAX_KBIT       2500U
#define MEDIA_SMALL_MAX_KBIT      1200U
#define MEDIA_AUDIO_KBIT          128U
#define MEDIA_MAX_OUTPUT_BYTES    (128U << 20)
#define MEDIA_MAX_POSTER_BYTES    (2U << 20)

#endif
