/* A clip as a phone writes it, with everything that must not be published. For tests. */
#ifndef WARD_MEDIA_DEMO_PHONE_H
#define WARD_MEDIA_DEMO_PHONE_H

#include "base/status.h"

/* What the clip carries; tests look for these bytes in what is published. */
#define PHONE_LOCATION "+52.3702+004.8952+012.000/"
#define PHONE_MAKE     "Wardphone BV"
#define PHONE_MODEL    "Pocket 15 Pro"
#define PHONE_SOFTWARE "PhoneOS 17.4.1"
#define PHONE_TIME     "2026-03-14T15:09:26.000000Z"
#define PHONE_HANDLER  "Core Media Video of Anna"
#define PHONE_TITLE    "Anna at the canal"

/* Rewrites a clip (the bytes of an MP4) as such a file: QuickTime, lying on its side with a
 * rotation of 90 degrees, position, device, times, names. */
MUST_USE struct status phone_write(struct slice clip, const char *path);

#endif
