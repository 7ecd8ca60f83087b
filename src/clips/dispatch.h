/* The front as an application of the HTTP seam: which part of it answers which request. */
#ifndef WARD_CLIPS_DISPATCH_H
#define WARD_CLIPS_DISPATCH_H

#include "front.h"

/* The callbacks, with `front` as their context. */
struct http_app dispatch_app(struct front *front);
/* What the guard says unasked. */
void dispatch_notice(void *front, unsigned kind, uint64_t lease);

#endif
