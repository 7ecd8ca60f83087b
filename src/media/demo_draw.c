/* Drawing for the demo clips: simple, smooth at the edges, fast enough. */
#include "demo_draw.h"

#include <math.h>

static float distance(float dx, float dy) {
    return sqrtf(dx * dx + dy * dy);
}

static float hue_part(float h) {
    float x = fabsf((h - floorf(h)) * 6 - 3) - 1;
    return clamp01(x);
}

struct rgb rgb_hsv(float h, float s, float v) {
    struct rgb hue = {hue_part(h), hue_part(h + 2.0F / 3), hue_part(h + 1.0F / 3)};
    return rgb_scale(rgb_mix((struct rgb){1, 1, 1}, hue, s), v);
}

float chance(uint32_t seed) {
    uint32_t x = seed * 747796405U + 2891336453U;
    x = ((x >> ((x >> 28) + 4)) ^ x) * 277803737U;
    return (float)((x >> 22 ^ x) & 0xffffff) / (float)0x1000000;
}

void draw_gradient(struct canvas *c, struct rgb top, struct rgb bottom) {
    for (int y = 0; y < c->height; y++) {
        struct rgb row = rgb_mix(top, bottom, (float)y / (float)(c->height - 1));
        for (int x = 0; x < c->width; x++) {
            c->px[y * c->width + x] = row;
        }
    }
}

struct area {
    int x0, y0, x1, y1;
};

static struct area clip(const struct canvas *c, float x0, float y0, float x1, float y1) {
    struct area a = {(int)floorf(x0), (int)floorf(y0), (int)ceilf(x1) + 1, (int)ceilf(y1) + 1};
    a.x0 = a.x0 < 0 ? 0 : a.x0;
    a.y0 = a.y0 < 0 ? 0 : a.y0;
    a.x1 = a.x1 > c->width ? c->width : a.x1;
    a.y1 = a.y1 > c->height ? c->height : a.y1;
    return a;
}

void draw_disc(struct canvas *c, float x, float y, float radius, struct rgb colour, float alpha) {
    struct area a = clip(c, x - radius - 1, y - radius - 1, x + radius + 1, y + radius + 1);
    for (int j = a.y0; j < a.y1; j++) {
        for (int i = a.x0; i < a.x1; i++) {
            float d = distance((float)i - x, (float)j - y);
            float cover = clamp01(radius - d + 0.5F);
            if (cover > 0) {
                draw_blend(c, i, j, colour, cover * alpha);
            }
        }
    }
}

void draw_glow(struct canvas *c, float x, float y, float radius, struct rgb colour,
               float strength) {
    struct area a = clip(c, x - radius, y - radius, x + radius, y + radius);
    for (int j = a.y0; j < a.y1; j++) {
        for (int i = a.x0; i < a.x1; i++) {
            float dx = (float)i - x;
            float dy = (float)j - y;
            float near = 1 - (dx * dx + dy * dy) / (radius * radius);
            if (near > 0) {
                struct rgb *p = &c->px[j * c->width + i];
                float light = near * near * near * strength;
                *p = (struct rgb){p->r + colour.r * light, p->g + colour.g * light,
                                  p->b + colour.b * light};
            }
        }
    }
}

void draw_line(struct canvas *c, float x0, float y0, float x1, float y1, float width,
               struct rgb colour, float alpha) {
    float half = width / 2;
    struct area a = clip(c, fminf(x0, x1) - half - 1, fminf(y0, y1) - half - 1,
                         fmaxf(x0, x1) + half + 1, fmaxf(y0, y1) + half + 1);
    float dx = x1 - x0;
    float dy = y1 - y0;
    float length2 = dx * dx + dy * dy + 1e-6F;
    for (int j = a.y0; j < a.y1; j++) {
        for (int i = a.x0; i < a.x1; i++) {
            float along = clamp01((((float)i - x0) * dx + ((float)j - y0) * dy) / length2);
            float d = distance((float)i - x0 - along * dx, (float)j - y0 - along * dy);
            float cover = clamp01(half - d + 0.5F);
            if (cover > 0) {
                draw_blend(c, i, j, colour, cover * alpha);
            }
        }
    }
}

enum { MAX_CORNERS = 8 };

/* A line as a function: how far to its inner side a point is. */
struct edge {
    float x, y, constant;
};

static void find_edges(const float (*p)[2], size_t count, struct edge *edges) {
    for (size_t i = 0; i < count; i++) {
        const float *a = p[i];
        const float *b = p[(i + 1) % count];
        float ex = b[0] - a[0];
        float ey = b[1] - a[1];
        float length = distance(ex, ey) + 1e-6F;
        edges[i] = (struct edge){-ey / length, ex / length, (ey * a[0] - ex * a[1]) / length};
    }
}

/* How far inside all edges a point is; negative outside. */
static float depth_in(const struct edge *edges, size_t count, float x, float y) {
    float depth = 1e9F;
    for (size_t i = 0; i < count; i++) {
        float d = edges[i].x * x + edges[i].y * y + edges[i].constant;
        depth = d < depth ? d : depth;
    }
    return depth;
}

void draw_polygon(struct canvas *c, const float (*corners)[2], size_t count, struct rgb colour,
                  float alpha) {
    float x0 = 1e9F;
    float y0 = 1e9F;
    float x1 = -1e9F;
    float y1 = -1e9F;
    for (size_t i = 0; i < count; i++) {
        x0 = fminf(x0, corners[i][0]);
        y0 = fminf(y0, corners[i][1]);
        x1 = fmaxf(x1, corners[i][0]);
        y1 = fmaxf(y1, corners[i][1]);
    }
    struct area a = clip(c, x0 - 1, y0 - 1, x1 + 1, y1 + 1);
    struct edge edges[MAX_CORNERS];
    find_edges(corners, count > MAX_CORNERS ? MAX_CORNERS : count, edges);
    for (int j = a.y0; j < a.y1; j++) {
        for (int i = a.x0; i < a.x1; i++) {
            float cover = clamp01(depth_in(edges, count, (float)i, (float)j) + 0.5F);
            if (cover > 0) {
                draw_blend(c, i, j, colour, cover * alpha);
            }
        }
    }
}
