/* PUT /api/clips/{clip}/bytes: a clip streamed to the guard in chunks, which can be taken up again
 * where it was cut: GET on the same address says how many bytes have arrived. */
#ifndef WARD_CLIPS_UPLOAD_H
#define WARD_CLIPS_UPLOAD_H

#include "front.h"

/* Chooses streaming and reads where the bytes belong; answers at once when something is wrong. */
void upload_begin(struct turn *t, uint64_t clip);
/* Takes bytes until a chunk is full, then waits for the guard. */
size_t upload_body(struct turn *t, struct slice bytes);
void upload_ready(struct turn *t);
void upload_gone(struct turn *t);
/* GET: {"received": n}. */
void upload_status_ready(struct turn *t);

#endif
