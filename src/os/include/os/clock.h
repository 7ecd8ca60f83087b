/* The time, as something that is handed in, so that tests hold it still.
 *
 *   struct os_fake_clock fake = {.now_ms = 1000};
 *   struct os_clock clock = os_clock_fake(&fake);
 *   fake.now_ms += 60 * 1000;
 *   int64_t now = os_now_ms(&clock);      -- 61000
 *   fake.set_ms += 5000;
 *   fake.now_ms += 5000;                  -- somebody set the clock: os_steady_ms stands still
 */
#ifndef WARD_OS_CLOCK_H
#define WARD_OS_CLOCK_H

#include <stdint.h>

/* Passed by pointer; self belongs to whoever made the clock and outlives it. */
struct os_clock {
    int64_t (*now_ms)(void *self);    /* milliseconds since 1970-01-01T00:00:00Z */
    int64_t (*steady_ms)(void *self); /* since whenever; only forward, however the clock is set */
    void *self;
};

struct os_fake_clock {
    int64_t now_ms;
    int64_t set_ms; /* how much of it is no time that passed, but the clock being set */
};

/* The machine's clocks. What os_now_ms says (CLOCK_REALTIME) can be set: never use it to order
 * events, nor to measure how long something took. */
struct os_clock os_clock_real(void);
/* A clock that says what fake->now_ms says. */
struct os_clock os_clock_fake(struct os_fake_clock *fake);
int64_t os_now_ms(const struct os_clock *clock);
/* For durations (CLOCK_MONOTONIC). */
int64_t os_steady_ms(const struct os_clock *clock);

#endif
