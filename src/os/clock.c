/* The only place that asks the machine for the time. */
#include "os/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t real_now_ms(void *self) {
    (void)self;
    return read_ms(CLOCK_REALTIME);
}

static int64_t real_steady_ms(void *self) {
    (void)self;
    return read_ms(CLOCK_MONOTONIC);
}

static int64_t fake_now_ms(void *self) {
    const struct os_fake_clock *fake = self;
    return fake->now_ms;
}

static int64_t fake_steady_ms(void *self) {
    const struct os_fake_clock *fake = self;
    return fake->now_ms - fake->set_ms;
}

struct os_clock os_clock_real(void) {
    return (struct os_clock){.now_ms = real_now_ms, .steady_ms = real_steady_ms};
}

struct os_clock os_clock_fake(struct os_fake_clock *fake) {
    return (struct os_clock){.now_ms = fake_now_ms, .steady_ms = fake_steady_ms, .self = fake};
}

int64_t os_now_ms(const struct os_clock *clock) {
    return clock->now_ms(clock->self);
}

int64_t os_steady_ms(const struct os_clock *clock) {
    return clock->steady_ms(clock->self);
}
