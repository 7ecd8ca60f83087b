/* Cookies: the session, and the mark of a browser that used the age screen. */
#ifndef WARD_CLIPS_SESSION_H
#define WARD_CLIPS_SESSION_H

#include "front.h"

/* Reads the session of the request, and what the browser signals; a cookie that is no token counts as none and is cleared with
 * the answer. E_HTTP_COOKIE when it is given twice. */
MUST_USE struct status session_read(struct turn *t);
/* Adds the cookie that signs in with `token` to the answer. */
void session_set(struct turn *t, struct slice token);
/* Adds the cookie that forgets the session to the answer. */
void session_clear(struct turn *t);
/* Finds or makes the mark of this browser and adds its cookie to the answer. */
MUST_USE struct status session_device(struct turn *t);

#endif
