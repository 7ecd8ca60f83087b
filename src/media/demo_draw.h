/* A canvas and what the demo clips are drawn with. Part of ward-demo-clips, not of the service. */
#ifndef WARD_MEDIA_DEMO_DRAW_H
#define WARD_MEDIA_DEMO_DRAW_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rgb {
    float r, g, b; /* 0..1, may be more while adding light */
};

struct canvas {
    int width;
    int height;
    struct rgb *px;
};

#define PI 3.14159265358979F

static inline struct rgb rgb_hex(uint32_t rrggbb) {
    return (struct rgb){(float)(rrggbb >> 16 & 0xff) / 255, (float)(rrggbb >> 8 & 0xff) / 255,
                        (float)(rrggbb & 0xff) / 255};
}

static inline struct rgb rgb_mix(struct rgb a, struct rgb b, float t) {
    return (struct rgb){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static inline struct rgb rgb_scale(struct rgb a, float by) {
    return (struct rgb){a.r * by, a.g * by, a.b * by};
}

static inline float clamp01(float v) {
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static inline float smooth(float from, float to, float v) {
    float t = clamp01((v - from) / (to - from));
    return t * t * (3 - 2 * t);
}

/* A palette that repeats after 1: through the given colours and back to the first. */
static inline struct rgb rgb_palette(const uint32_t *colours, size_t count, float t) {
    float at = (t - floorf(t)) * (float)count;
    size_t i = (size_t)at % count;
    return rgb_mix(rgb_hex(colours[i]), rgb_hex(colours[(i + 1) % count]), at - floorf(at));
}

static inline void draw_blend(struct canvas *c, int x, int y, struct rgb colour, float alpha) {
    struct rgb *p = &c->px[y * c->width + x];
    *p = rgb_mix(*p, colour, alpha);
}

/* h in turns; s and v 0..1. */
struct rgb rgb_hsv(float h, float s, float v);
/* The same everywhere and always: 0..1 for each seed. */
float chance(uint32_t seed);

void draw_gradient(struct canvas *c, struct rgb top, struct rgb bottom);
void draw_disc(struct canvas *c, float x, float y, float radius, struct rgb colour, float alpha);
/* Light that falls off to nothing at the radius; added. */
void draw_glow(struct canvas *c, float x, float y, float radius, struct rgb colour, float strength);
void draw_line(struct canvas *c, float x0, float y0, float x1, float y1, float width,
               struct rgb colour, float alpha);
/* Convex, at most eight corners, in order. */
void draw_polygon(struct canvas *c, const float (*corners)[2], size_t count, struct rgb colour,
                  float alpha);

/* One moving picture: drawn at scale `shrink` (1, 2 or 4) of 720 x 1280 at t seconds of `length`.
 */
struct motif {
    const char *file;
    const char *caption;
    int shrink;
    float length_s;
    void (*draw)(struct canvas *c, float t, float length_s);
    uint8_t root;  /* of the music: a MIDI note */
    uint8_t tempo; /* eighths in ten seconds */
    bool minor;
};

extern const struct motif motifs[];
extern const size_t motif_count;

void draw_aurora(struct canvas *c, float t, float length_s);
void draw_lava(struct canvas *c, float t, float length_s);
void draw_kaleidoscope(struct canvas *c, float t, float length_s);
void draw_sea(struct canvas *c, float t, float length_s);
void draw_life(struct canvas *c, float t, float length_s);
void draw_pond(struct canvas *c, float t, float length_s);
void draw_stars(struct canvas *c, float t, float length_s);
void draw_polygons(struct canvas *c, float t, float length_s);
void draw_fireworks(struct canvas *c, float t, float length_s);
void draw_gears(struct canvas *c, float t, float length_s);
void draw_balls(struct canvas *c, float t, float length_s);
void draw_mill(struct canvas *c, float t, float length_s);

/* Two channels of sound for one motif, in step with nothing but itself; -1..1. */
void music_render(const struct motif *m, int rate_hz, float *left, float *right, size_t count);

#endif
