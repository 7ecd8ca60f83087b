/* A small tune for each demo clip: plucked notes of a pentatonic scale over a slow bass. */
#include "demo_draw.h"

#include <math.h>

static float note_hz(int midi) {
    return 440 * exp2f(((float)midi - 69) / 12);
}

static int scale_note(const struct motif *m, int degree) {
    static const int major[] = {0, 2, 4, 7, 9};
    static const int minor[] = {0, 3, 5, 7, 10};
    const int *steps = m->minor ? minor : major;
    return m->root + 12 * (degree / 5) + steps[degree % 5];
}

/* One plucked note, `age` seconds after it began. */
static float pluck(float hz, float age) {
    float phase = 2 * PI * hz * age;
    float tone = sinf(phase) + 0.35F * sinf(2 * phase) * expf(-age * 4) +
                 0.15F * sinf(3 * phase) * expf(-age * 7);
    return tone * expf(-age * 3.2F) * smooth(0, 0.006F, age);
}

static void add_note(float *to, size_t count, int rate_hz, size_t from, float hz, float volume) {
    size_t end = from + (size_t)rate_hz * 2;
    for (size_t i = from; i < count && i < end; i++) {
        to[i] += volume * pluck(hz, (float)(i - from) / (float)rate_hz);
    }
}

static void soften_ends(float *samples, size_t count, int rate_hz) {
    size_t fade = (size_t)rate_hz / 3;
    for (size_t i = 0; i < fade && i < count; i++) {
        samples[count - 1 - i] *= (float)i / (float)fade;
    }
}

void music_render(const struct motif *m, int rate_hz, float *left, float *right, size_t count) {
    for (size_t i = 0; i < count; i++) {
        left[i] = 0;
        right[i] = 0;
    }
    size_t step = (size_t)rate_hz * 10 / m->tempo;
    int degree = 5;
    for (size_t i = 0; i * step < count; i++) {
        uint32_t seed = (uint32_t)(m->root * 977 + (int)i * 13);
        degree += (int)(chance(seed) * 5) - 2;
        degree = degree < 2 ? 4 : degree > 12 ? 9 : degree;
        float volume = i % 4 == 0 ? 0.20F : 0.14F;
        if (i % 8 != 7 && chance(seed + 3) < 0.85F) {
            float hz = note_hz(scale_note(m, degree));
            add_note(left, count, rate_hz, i * step, hz, volume * (i % 2 ? 1 : 0.7F));
            add_note(right, count, rate_hz, i * step, hz, volume * (i % 2 ? 0.7F : 1));
        }
        if (i % 8 == 0) {
            float hz = note_hz(scale_note(m, i % 16 == 0 ? 0 : 3) - 12);
            add_note(left, count, rate_hz, i * step, hz, 0.26F);
            add_note(right, count, rate_hz, i * step, hz, 0.26F);
        }
    }
    soften_ends(left, count, rate_hz);
    soften_ends(right, count, rate_hz);
}
