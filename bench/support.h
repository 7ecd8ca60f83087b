/* What the programs that measure an embedded vault share. */
#ifndef WARD_BENCH_SUPPORT_H
#define WARD_BENCH_SUPPORT_H

#include "law/law.h"
#include "law/map.h"

/* Seconds of the monotonic clock. */
double now_s(void);
/* Ends the program, naming the error. */
void must(struct status s, const char *what);
/* The packs of the source tree; never freed. */
struct law_set *load_laws(void);

#endif
