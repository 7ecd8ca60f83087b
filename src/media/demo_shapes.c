/* Motifs that are shapes on a ground: stars, polygons, fireworks, gears, balls, mill. */
#include "demo_draw.h"

#include <math.h>

void draw_stars(struct canvas *c, float t, float length_s) {
    float w = (float)c->width;
    float h = (float)c->height;
    (void)length_s;
    draw_gradient(c, rgb_hex(0x02020a), rgb_hex(0x0b1030));
    draw_glow(c, w * 0.5F, h * 0.46F, w * 0.75F, rgb_hex(0x3a1d78), 0.7F);
    draw_glow(c, w * 0.5F, h * 0.46F, w * 0.3F, rgb_hex(0x2a6fdb), 0.5F);
    for (uint32_t i = 0; i < 260; i++) {
        float depth = chance(i * 5) - t * 0.22F;
        depth -= floorf(depth);
        float turn = t * 0.12F;
        float angle = chance(i * 5 + 1) * 2 * PI + turn;
        float spread = 0.05F + chance(i * 5 + 2) * 0.55F;
        float z = 0.04F + depth;
        float r0 = spread / z * w * 0.18F;
        float r1 = spread / (z + 0.035F) * w * 0.18F;
        struct rgb tint = rgb_mix(rgb_hex(0x9fd3ff), rgb_hex(0xfff1c9), chance(i * 5 + 3));
        float x0 = w * 0.5F + cosf(angle) * r0;
        float y0 = h * 0.46F + sinf(angle) * r0;
        float near = 1 - depth;
        draw_line(c, x0, y0, w * 0.5F + cosf(angle) * r1, h * 0.46F + sinf(angle) * r1,
                  0.6F + 4.5F * near * near, tint, clamp01(near * 1.3F) * smooth(0, 0.1F, depth));
    }
}

void draw_polygons(struct canvas *c, float t, float length_s) {
    static const uint32_t colours[] = {0x264653, 0x2a9d8f, 0xe9c46a, 0xf4a261, 0xe76f51};
    float turn = t / length_s;
    draw_gradient(c, rgb_hex(0x14213d), rgb_hex(0x0b132b));
    for (int i = 13; i >= 0; i--) {
        float corners[6][2];
        float k = (float)i;
        float radius = (40 + 62 * k) * (1 + 0.05F * sinf(t * 2 - k * 0.5F));
        float angle = turn * 2 * PI / 3 * (i % 2 == 0 ? 1 : -1) + k * 0.16F * sinf(t * 0.9F);
        for (int j = 0; j < 6; j++) {
            float a = angle + (float)j * PI / 3;
            corners[j][0] = 360 + radius * cosf(a);
            corners[j][1] = 640 + radius * sinf(a);
        }
        draw_polygon(c, (const float(*)[2])corners, 6,
                     rgb_palette(colours, 5, k * 0.2F + turn * 0.4F), 1);
    }
}

static void draw_burst(struct canvas *c, float x, float y, float age, uint32_t seed) {
    struct rgb hue = rgb_hsv(chance(seed), 0.75F, 1);
    float fade = smooth(1.7F, 0.5F, age);
    draw_glow(c, x, y, 330 * smooth(0, 0.2F, age), hue, 0.22F * fade);
    for (uint32_t i = 0; i < 64; i++) {
        float angle = (float)i / 64 * 2 * PI + chance(seed + i) * 0.2F;
        float speed = 150 + 130 * chance(seed + i * 3 + 7);
        for (int tail = 0; tail < 5; tail++) {
            float then = age - 0.035F * (float)tail;
            if (then < 0) {
                break;
            }
            float r = speed * (1 - expf(-then * 1.9F)) * 1.25F;
            float px = x + cosf(angle) * r;
            float py = y + sinf(angle) * r + 75 * then * then;
            float light = fade * (1 - 0.19F * (float)tail);
            draw_glow(c, px, py, 8, rgb_mix(hue, rgb_hex(0xffffff), tail == 0 ? 0.6F : 0), light);
        }
    }
}

void draw_fireworks(struct canvas *c, float t, float length_s) {
    (void)length_s;
    draw_gradient(c, rgb_hex(0x03051a), rgb_hex(0x1b1b4b));
    for (uint32_t i = 0; i < 9; i++) {
        float launch = (float)i * 0.62F - 1.1F;
        float x = 130 + 460 * chance(i * 11 + 3);
        float y = 230 + 380 * chance(i * 11 + 5);
        float age = t - launch - 0.7F;
        if (age < 0 && t > launch) {
            float rise = (t - launch) / 0.7F;
            float at = 1280 + (y - 1280) * (1 - (1 - rise) * (1 - rise));
            draw_line(c, x, at, x, at + 60 * (1 - rise), 3, rgb_hex(0xffd9a0), 0.8F);
        } else if (age >= 0 && age < 1.7F) {
            draw_burst(c, x, y, age, i * 101 + 3);
        }
    }
    for (uint32_t i = 0; i < 18; i++) {
        float top = 1120 - 130 * chance(i + 700);
        float x = (float)i * 42 - 8;
        float wall[4][2] = {{x, top}, {x + 44, top}, {x + 44, 1281}, {x, 1281}};
        draw_polygon(c, (const float(*)[2])wall, 4, rgb_hex(0x070718), 1);
        for (uint32_t k = 0; k < 5; k++) {
            if (chance(i * 9 + k) > 0.5F) {
                draw_disc(c, x + 22, top + 24 + 26 * (float)k, 4, rgb_hex(0xffcf70), 0.9F);
            }
        }
    }
}

void draw_gears(struct canvas *c, float t, float length_s) {
    enum { STEPS = 1500 };
    float drawn = clamp01(t / (length_s * 0.86F));
    draw_gradient(c, rgb_hex(0xfdf6e3), rgb_hex(0xf3e3c3));
    float x = 0;
    float y = 0;
    for (int i = 0; i <= (int)(drawn * STEPS); i++) {
        float a = (float)i / STEPS * 2 * PI * 7;
        float big = 210;
        float k = 11.0F / 7;
        float nx = 360 + big * cosf(a) + 105 * cosf(a * k * 2) * 0.9F;
        float ny = 620 + big * 1.35F * sinf(a) - 105 * sinf(a * k * 2) * 1.1F;
        if (i > 0) {
            draw_line(c, x, y, nx, ny, 3.2F,
                      rgb_hsv(0.55F + (float)i / STEPS * 0.45F, 0.75F, 0.75F), 0.9F);
        }
        x = nx;
        y = ny;
    }
    draw_disc(c, x + 4, y + 6, 13, rgb_hex(0x000000), 0.15F);
    draw_disc(c, x, y, 12, rgb_hex(0x333745), 1);
    draw_disc(c, x - 3, y - 4, 4, rgb_hex(0xffffff), 0.6F);
}

/* Where something is that moves evenly and turns back at the walls. */
static float bounce(float from, float speed, float t, float low, float high) {
    float range = high - low;
    float at = fmodf(fabsf(from + speed * t - low), 2 * range);
    return low + (at > range ? 2 * range - at : at);
}

void draw_balls(struct canvas *c, float t, float length_s) {
    static const uint32_t colours[] = {0xff595e, 0xffca3a, 0x8ac926, 0x1982c4, 0x6a4c93, 0xff924c};
    (void)length_s;
    draw_gradient(c, rgb_hex(0xfff7ef), rgb_hex(0xcfe8ff));
    for (uint32_t i = 0; i < 12; i++) {
        float r = 42 + 52 * chance(i + 40);
        float fall = fmodf(t * 0.75F + chance(i + 60), 1);
        float x = bounce(100 + 520 * chance(i), 120 * (chance(i + 20) - 0.5F) * 2, t, r, 720 - r);
        float height = 4 * fall * (1 - fall) * (350 + 560 * chance(i + 80));
        float squash = 1 - 0.25F * smooth(60, 0, height);
        float y = 1200 - r - height;
        float half = r * (0.75F - 0.0004F * height);
        draw_line(c, x - half, 1208, x + half, 1208, 26, rgb_hex(0x20304a),
                  0.04F + 0.2F * smooth(700, 0, height));
        struct rgb base = rgb_hex(colours[i % 6]);
        draw_disc(c, x, y + r * (1 - squash), r * squash, rgb_scale(base, 0.82F), 1);
        draw_disc(c, x - r * 0.10F, y - r * 0.12F, r * 0.82F * squash, base, 1);
        draw_disc(c, x - r * 0.36F, y - r * 0.40F, r * 0.22F, rgb_hex(0xffffff), 0.65F);
    }
}

static void draw_sail(struct canvas *c, float x, float y, float angle) {
    float ux = cosf(angle);
    float uy = sinf(angle);
    float cloth[4][2] = {{x + ux * 60 - uy * 6, y + uy * 60 + ux * 6},
                         {x + ux * 300 - uy * 6, y + uy * 300 + ux * 6},
                         {x + ux * 300 - uy * 62, y + uy * 300 + ux * 62},
                         {x + ux * 60 - uy * 62, y + uy * 60 + ux * 62}};
    float reversed[4][2];
    for (int i = 0; i < 4; i++) {
        reversed[i][0] = cloth[3 - i][0];
        reversed[i][1] = cloth[3 - i][1];
    }
    draw_polygon(c, (const float(*)[2])cloth, 4, rgb_hex(0xf3e9d2), 0.92F);
    draw_polygon(c, (const float(*)[2])reversed, 4, rgb_hex(0xf3e9d2), 0.92F);
    for (int i = 0; i <= 6; i++) {
        float r = 60 + 40 * (float)i;
        draw_line(c, x + ux * r - uy * 6, y + uy * r + ux * 6, x + ux * r - uy * 62,
                  y + uy * r + ux * 62, 3, rgb_hex(0x5b4636), 1);
    }
    draw_line(c, x, y, x + ux * 305, y + uy * 305, 9, rgb_hex(0x4a3728), 1);
}

void draw_mill(struct canvas *c, float t, float length_s) {
    static const float tower[4][2] = {{290, 560}, {430, 560}, {480, 1010}, {240, 1010}};
    static const float cap[4][2] = {{320, 490}, {400, 490}, {442, 562}, {278, 562}};
    draw_gradient(c, rgb_hex(0x5fa8d3), rgb_hex(0xfde8c9));
    draw_glow(c, 560, 300, 420, rgb_hex(0xfff0b8), 0.3F);
    draw_disc(c, 560, 300, 62, rgb_hex(0xfff6d6), 1);
    for (uint32_t i = 0; i < 5; i++) {
        float x = fmodf(chance(i + 5) * 900 + t * (14 + 8 * (float)i), 1000) - 140;
        float y = 120 + 95 * (float)i;
        for (uint32_t k = 0; k < 4; k++) {
            draw_disc(c, x + 46 * (float)k, y - 16 * (float)(k % 2), 40 - 4 * (float)(k % 3),
                      rgb_hex(0xfdfdff), 0.97F);
        }
    }
    for (int row = 0; row < 9; row++) {
        static const uint32_t tulips[] = {0xd7263d, 0xf9c22e, 0xf46197, 0xff7f11, 0x9b5de5};
        float y = 1000 + 34 * (float)row;
        float field[4][2] = {{-1, y}, {721, y}, {721, y + 40}, {-1, y + 40}};
        draw_polygon(c, (const float(*)[2])field, 4, rgb_hex(row % 2 ? 0x3f7d3a : 0x4f9d45), 1);
        for (int i = 0; i < 26; i++) {
            float sway = 3 * sinf(t * 2 + (float)i * 0.7F + (float)row);
            draw_disc(c, (float)i * 29 + (row % 2 ? 14.0F : 0) + sway, y + 12,
                      7 + 0.6F * (float)row, rgb_hex(tulips[row % 5]), 1);
        }
    }
    draw_polygon(c, tower, 4, rgb_hex(0x8d5b4c), 1);
    draw_polygon(c, cap, 4, rgb_hex(0x3e2c23), 1);
    draw_disc(c, 360, 700, 22, rgb_hex(0xfde8c9), 1);
    draw_disc(c, 360, 850, 22, rgb_hex(0xfde8c9), 1);
    for (int i = 0; i < 4; i++) {
        draw_sail(c, 360, 545, t / length_s * PI + (float)i * PI / 2 + 0.4F);
    }
    draw_disc(c, 360, 545, 16, rgb_hex(0x2b1e16), 1);
}
