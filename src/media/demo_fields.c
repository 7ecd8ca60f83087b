/* Motifs that are a colour for each point: aurora, lava, kaleidoscope, sea, life, pond. */
#include "demo_draw.h"

#include <math.h>
#include <string.h>

/* x and y in the width of the picture, y from 0 to 16/9. */
struct point {
    float x, y;
};

static void draw_field(struct canvas *c, float t, struct rgb (*at)(struct point p, float t)) {
    for (int j = 0; j < c->height; j++) {
        for (int i = 0; i < c->width; i++) {
            struct point p = {((float)i + 0.5F) / (float)c->width,
                              ((float)j + 0.5F) / (float)c->width};
            c->px[j * c->width + i] = at(p, t);
        }
    }
}

static struct rgb aurora_at(struct point p, float t) {
    static const uint32_t colours[] = {0x14f195, 0x1fc8db, 0x7b5cff, 0x2cb6ff};
    struct rgb sky = rgb_mix(rgb_hex(0x050b1f), rgb_hex(0x142850), p.y / 1.78F);
    for (int i = 0; i < 3; i++) {
        float k = (float)i;
        float foot = 0.95F + 0.12F * k + 0.10F * sinf(p.x * (3 + k) + t * 0.9F + k * 2) +
                     0.05F * sinf(p.x * 9 - t * 1.3F + k);
        float above = foot - p.y;
        if (above <= 0) {
            continue;
        }
        float fold = 0.55F + 0.45F * sinf(p.x * (22 + 5 * k) + t * (1.5F + k) + 3 * sinf(p.x * 4));
        float light = fold * expf(-above * 2.6F) * smooth(0, 0.06F, above);
        struct rgb hue = rgb_palette(colours, 4, 0.15F * k + above * 0.5F + t * 0.05F);
        sky = rgb_mix(sky, hue, clamp01(light * 0.8F));
    }
    /* Hills. */
    float ridge = 1.42F + 0.08F * sinf(p.x * 5 + 1) + 0.03F * sinf(p.x * 17);
    return p.y > ridge ? rgb_mix(rgb_hex(0x02040c), rgb_hex(0x0a1730), (p.y - ridge) * 1.5F) : sky;
}

void draw_aurora(struct canvas *c, float t, float length_s) {
    (void)length_s;
    draw_field(c, t, aurora_at);
    for (uint32_t i = 0; i < 90; i++) {
        float twinkle = 0.4F + 0.5F * sinf(t * (1 + 3 * chance(i * 7)) + (float)i);
        float y = chance(i * 3 + 1) * 0.55F * (float)c->height;
        draw_glow(c, chance(i * 3) * (float)c->width, y, 3.0F / 720 * 2 * (float)c->width,
                  rgb_hex(0xffffff), clamp01(twinkle) * 0.9F);
    }
}

static struct rgb lava_at(struct point p, float t) {
    float field = 0;
    for (uint32_t i = 0; i < 9; i++) {
        float speed = 0.35F + 0.5F * chance(i);
        float x = 0.5F + 0.38F * sinf(t * speed * 0.8F + (float)i * 1.9F);
        float y = 0.89F + 0.85F * sinf(t * speed + (float)i * 2.7F);
        float r = 0.07F + 0.09F * chance(i + 50);
        float dx = p.x - x;
        float dy = p.y - y;
        field += r * r / (dx * dx + dy * dy + 0.0015F);
    }
    struct rgb back = rgb_mix(rgb_hex(0x2a0845), rgb_hex(0x6a0f4f), p.y / 1.78F);
    struct rgb wax = rgb_mix(rgb_hex(0xff3d00), rgb_hex(0xffd54f), clamp01((field - 1) * 0.55F));
    struct rgb glow = rgb_mix(back, rgb_hex(0xd81b60), clamp01(field * 0.55F));
    return rgb_mix(glow, wax, smooth(0.92F, 1.08F, field));
}

void draw_lava(struct canvas *c, float t, float length_s) {
    (void)length_s;
    draw_field(c, t, lava_at);
}

static struct rgb kaleidoscope_at(struct point p, float t) {
    static const uint32_t colours[] = {0xf94144, 0xf8961e, 0xf9c74f, 0x90be6d, 0x43aa8b, 0x577590};
    float x = p.x - 0.5F;
    float y = p.y - 0.89F;
    float radius = hypotf(x, y);
    float sector = PI / 4;
    float angle = atan2f(y, x) + t * 0.25F;
    angle = fabsf(fmodf(angle + 8 * PI, sector) - sector / 2);
    float u = radius * cosf(angle) * 7 + t * 0.6F;
    float v = radius * sinf(angle) * 7;
    float value = sinf(u * 2 + sinf(v * 3 + t)) + sinf(v * 4 - t * 0.8F) + sinf((u + v) * 1.7F);
    struct rgb hue = rgb_palette(colours, 6, value * 0.17F + t * 0.06F + radius * 0.4F);
    float vein = fabsf(sinf(value * 3.1F));
    return rgb_scale(hue, (0.35F + 0.65F * smooth(0, 0.35F, vein)) * (1.15F - 0.4F * radius));
}

void draw_kaleidoscope(struct canvas *c, float t, float length_s) {
    (void)length_s;
    draw_field(c, t, kaleidoscope_at);
}

static struct rgb sky_at(struct point p, float t) {
    struct rgb sky = p.y < 0.55F
                         ? rgb_mix(rgb_hex(0x2b1055), rgb_hex(0xd53a9d), p.y / 0.55F)
                         : rgb_mix(rgb_hex(0xd53a9d), rgb_hex(0xffb347), (p.y - 0.55F) * 2.6F);
    float d = hypotf(p.x - 0.5F, p.y - 0.72F - 0.012F * t);
    sky = rgb_mix(sky, rgb_hex(0xffe29a), expf(-d * 5) * 0.7F);
    return rgb_mix(sky, rgb_hex(0xfff3c4), smooth(0.172F, 0.166F, d));
}

static struct rgb sea_at(struct point p, float t) {
    static const uint32_t water[] = {0xb8437a, 0x8a2f78, 0x5e2470, 0x3a1a5e, 0x1f1145, 0x120a2e};
    struct rgb colour = sky_at(p, t);
    for (int i = 0; i < 6; i++) {
        float k = (float)i;
        float crest =
            0.93F + 0.135F * k +
            (0.010F + 0.006F * k) * sinf(p.x * (16 - 2 * k) + t * (1.2F + 0.3F * k) + k * 9) +
            0.006F * sinf(p.x * 31 - t * 2 + k * 4);
        float under = p.y - crest;
        if (under < 0) {
            break;
        }
        struct rgb tone = rgb_hex(water[i]);
        float path = expf(-fabsf(p.x - 0.5F) * (9 - k)) * (0.55F - 0.08F * k);
        float sparkle = 0.5F + 0.5F * sinf(p.y * 210 + sinf(p.x * 30 + t * 3) * 3 - t * 4);
        tone = rgb_mix(tone, rgb_hex(0xffc37d), path * sparkle);
        colour = rgb_mix(tone, rgb_hex(0xffd9b0), smooth(0.006F, 0, under) * 0.5F);
    }
    return colour;
}

void draw_sea(struct canvas *c, float t, float length_s) {
    (void)length_s;
    draw_field(c, t, sea_at);
}

enum { LIFE_W = 36, LIFE_H = 64, LIFE_STEPS = 8 };

static void life_step(uint8_t from[LIFE_H][LIFE_W], uint8_t to[LIFE_H][LIFE_W]) {
    for (int y = 0; y < LIFE_H; y++) {
        for (int x = 0; x < LIFE_W; x++) {
            int n = 0;
            for (int k = 0; k < 9; k++) {
                int i = (x + k % 3 - 1 + LIFE_W) % LIFE_W;
                int j = (y + k / 3 - 1 + LIFE_H) % LIFE_H;
                n += k != 4 && from[j][i] > 0;
            }
            bool alive = n == 3 || (n == 2 && from[y][x] > 0);
            uint8_t age = from[y][x] < 250 ? (uint8_t)(from[y][x] + 1) : 250;
            to[y][x] = alive ? age : 0;
        }
    }
}

static void life_at(int steps, uint8_t now[LIFE_H][LIFE_W], uint8_t before[LIFE_H][LIFE_W]) {
    uint8_t grid[2][LIFE_H][LIFE_W];
    for (int y = 0; y < LIFE_H; y++) {
        for (int x = 0; x < LIFE_W; x++) {
            grid[0][y][x] = chance((uint32_t)(y * LIFE_W + x) * 31 + 5) < 0.33F;
        }
    }
    for (int i = 0; i <= steps; i++) {
        life_step(grid[i % 2], grid[(i + 1) % 2]);
    }
    memcpy(now, grid[(steps + 1) % 2], sizeof grid[0]);
    memcpy(before, grid[steps % 2], sizeof grid[0]);
}

void draw_life(struct canvas *c, float t, float length_s) {
    static const uint32_t ages[] = {0xfff275, 0xff8c42, 0xff3c7e, 0x9b5de5, 0x4361ee, 0x3a0ca3};
    uint8_t now[LIFE_H][LIFE_W];
    uint8_t before[LIFE_H][LIFE_W];
    float at = t * LIFE_STEPS;
    (void)length_s;
    life_at((int)at, now, before);
    draw_gradient(c, rgb_hex(0x10002b), rgb_hex(0x240046));
    float cell = (float)c->width / LIFE_W;
    float blend = smooth(0, 0.6F, at - floorf(at));
    for (int y = 0; y < LIFE_H; y++) {
        for (int x = 0; x < LIFE_W; x++) {
            float size = (before[y][x] > 0 ? 1 - blend : 0) + (now[y][x] > 0 ? blend : 0);
            if (size < 0.02F) {
                continue;
            }
            uint8_t age = now[y][x] > 0 ? now[y][x] : before[y][x];
            float warm = clamp01((float)age / 14) * 0.82F;
            draw_disc(c, ((float)x + 0.5F) * cell, ((float)y + 0.5F) * cell, cell * 0.42F * size,
                      rgb_palette(ages, 6, warm), 1);
        }
    }
}

static struct rgb pond_at(struct point p, float t) {
    float height = 0;
    for (uint32_t i = 0; i < 16; i++) {
        float born = (float)i * 0.36F - 1.2F;
        float age = t - born;
        if (age < 0 || age > 3.2F) {
            continue;
        }
        float d = hypotf(p.x - chance(i * 2 + 100), p.y - 1.78F * chance(i * 2 + 101));
        float ring = d - age * 0.24F;
        if (fabsf(ring) > 0.16F) {
            continue; /* flat water: nothing to add */
        }
        height +=
            sinf(ring * 70) * expf(-ring * ring * 260) * expf(-age * 0.9F) * smooth(0, 0.15F, age);
    }
    struct rgb water = rgb_mix(rgb_hex(0x0b4f6c), rgb_hex(0x042a3c), p.y / 1.78F);
    float shade = 0.06F * sinf(p.x * 11 + t * 0.7F + 2 * sinf(p.y * 6 - t * 0.5F));
    water = rgb_mix(water, rgb_hex(0x2ec4b6), clamp01(0.18F + shade));
    return height > 0 ? rgb_mix(water, rgb_hex(0xe0fbfc), clamp01(height * 1.1F))
                      : rgb_mix(water, rgb_hex(0x01131d), clamp01(-height * 0.9F));
}

void draw_pond(struct canvas *c, float t, float length_s) {
    (void)length_s;
    draw_field(c, t, pond_at);
    float w = (float)c->width;
    for (uint32_t i = 0; i < 5; i++) {
        float x = (0.12F + 0.76F * chance(i + 900)) * w + 6 * sinf(t * 0.6F + (float)i);
        float y = (0.15F + 1.5F * chance(i + 950)) * w + 5 * sinf(t * 0.8F + (float)i * 2);
        float r = (0.05F + 0.035F * chance(i + 970)) * w;
        draw_disc(c, x + 0.012F * w, y + 0.016F * w, r, rgb_hex(0x01131d), 0.35F);
        draw_disc(c, x, y, r, rgb_mix(rgb_hex(0x4f9d45), rgb_hex(0x2f7d4f), chance(i)), 1);
        draw_disc(c, x - 0.2F * r, y - 0.2F * r, r * 0.6F, rgb_hex(0x6fbf5a), 0.35F);
    }
}
