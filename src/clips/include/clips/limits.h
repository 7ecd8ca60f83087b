/* Every size, count and time of the front that a client controls. The manual prints this list. */
#ifndef WARD_CLIPS_LIMITS_H
#define WARD_CLIPS_LIMITS_H

#define FRONT_MAX_UPLOADS      64U        /* at once; each holds one chunk */
#define FRONT_CHUNK_BYTES      (1U << 20) /* of an upload, as sealed by the guard */
#define FRONT_MAX_CLIPS        256U       /* memfds of clips kept for the next range */
#define FRONT_CLIP_KEEP_MS     60000      /* then the guard is asked again */
#define FRONT_MAX_PUBLIC       64U        /* public answers kept */
#define FRONT_PUBLIC_KEEP_MS   1000
#define FRONT_MAX_PUBLIC_BYTES (256U << 10) /* of one of them */
#define FRONT_MAX_ANSWER_BYTES (8U << 20)   /* an answer as JSON */
#define FRONT_DEVICE_KEEP_S    86400        /* the mark of a browser that used the age screen */
#define FRONT_SESSION_KEEP_S   2592000 /* the cookie; the guard ends sessions on its own clock */

#endif
