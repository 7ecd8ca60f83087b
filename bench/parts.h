/* The parts of bench/guard. Each prints its own lines. */
#ifndef WARD_BENCH_PARTS_H
#define WARD_BENCH_PARTS_H

#include <stdint.h>

/* leaves.c: a log alone, and receipts of it at several sizes up to `leaves`. */
void measure_log(uint64_t leaves);
/* erase.c: one person, a thousand, and `people`. source: of the project, for the laws. */
void measure_erasure(const char *source, uint32_t people);

#endif
