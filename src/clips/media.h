/* Clips on their way to a viewer: memfds from the guard, kept for the next range, dropped and cut
 * when their lease ends. */
#ifndef WARD_CLIPS_MEDIA_H
#define WARD_CLIPS_MEDIA_H

#include "front.h"

MUST_USE struct status media_new(struct media **ret_media);
void media_free(struct media **media);
/* GET /media/{clip}/{rendition}: from what is kept, or by asking the guard. */
void media_ready(struct turn *t);
/* The exchange is over. */
void media_gone(struct turn *t);
/* A lease has ended: forget its memfd, cut who is being served. With every: all of them. */
void media_lease_ends(struct media *m, uint64_t lease, bool every);
/* Forgets what was opened with this session. */
void media_forget_session(struct media *m, const struct session *session);

#endif
