/* What the front answers by itself: the web client, the published ledger, well-known files. */
#ifndef WARD_CLIPS_PAGES_H
#define WARD_CLIPS_PAGES_H

#include "front.h"

void pages_ready(struct turn *t);

#endif
