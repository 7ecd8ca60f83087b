/* An SVG of what an operation costs as the store grows: a panel for each kind, both axes
 * logarithmic, a line for each engine. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "roles.h"

enum { PANEL_W = 300, PANEL_H = 200, LEFT = 56, TOP = 40, GAP_X = 70, GAP_Y = 70, PANELS = 6 };
static const int panels[PANELS] = {OP_META_PURPOSE,   OP_META_USER,   OP_READ,
                                   OP_CHANGE_PURPOSE, OP_CHANGE_USER, OP_DELETE};
static const char *const names[PLOT_ENGINES] = {"ward", "socket", "postgres", "redis"};
static const char *const colours[PLOT_ENGINES] = {"#0b6e4f", "#c08a00", "#2b5fad", "#b3352c"};

struct range {
    double low, high; /* decades */
};

static struct range range_of(const struct plot_point *points, size_t count, int kind) {
    struct range r = {.low = 9, .high = -9};
    for (size_t i = 0; i < count; i++) {
        double us = points[i].us[kind];
        if (us > 0) {
            r.low = fmin(r.low, floor(log10(us)));
            r.high = fmax(r.high, ceil(log10(us)));
        }
    }
    r.high = r.high <= r.low ? r.low + 1 : r.high;
    return r;
}

static double x_of(uint32_t records) {
    return (log10(records) - 4) / 2 * (PANEL_W - 20) + 10;
}

static double y_of(const struct range *r, double us) {
    return PANEL_H - (log10(us) - r->low) / (r->high - r->low) * PANEL_H;
}

static void frame(FILE *f, const struct range *r, int kind) {
    fprintf(f, "<text x='0' y='-12' font-weight='bold'>%s, µs</text>\n", op_names[kind]);
    fprintf(f, "<rect width='%d' height='%d' fill='none' stroke='#999'/>\n", PANEL_W, PANEL_H);
    for (int d = (int)r->low; d <= (int)r->high; d++) {
        double y = y_of(r, pow(10, d));
        fprintf(f, "<path d='M0 %.1fH%d' stroke='#ddd'/>", y, PANEL_W);
        fprintf(f, "<text x='-6' y='%.1f' text-anchor='end'>%g</text>\n", y + 4, pow(10, d));
    }
    for (uint32_t n = 10000; n <= 1000000; n *= 10) {
        fprintf(f, "<text x='%.1f' y='%d' text-anchor='middle'>%u</text>\n", x_of(n), PANEL_H + 16,
                n);
    }
}

static void line(FILE *f, const struct range *r, const struct plot_point *points, size_t count,
                 int engine, int kind) {
    char move = 'M';
    fprintf(f, "<path fill='none' stroke-width='2' stroke='%s' d='", colours[engine]);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(points[i].engine, names[engine]) == 0 && points[i].us[kind] > 0) {
            fprintf(f, "%c%.1f %.1f", move, x_of(points[i].records), y_of(r, points[i].us[kind]));
            move = 'L';
        }
    }
    fprintf(f, "'/>\n");
    for (size_t i = 0; i < count; i++) {
        if (strcmp(points[i].engine, names[engine]) == 0 && points[i].us[kind] > 0) {
            fprintf(f, "<circle r='3' cx='%.1f' cy='%.1f' fill='%s'/>\n", x_of(points[i].records),
                    y_of(r, points[i].us[kind]), colours[engine]);
        }
    }
}

void plot_write(const char *path, const struct plot_point *points, size_t count) {
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        die("cannot write %s", path);
    }
    fprintf(f,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
            "font-family='sans-serif' font-size='11'>\n<rect width='100%%' height='100%%' "
            "fill='#fff'/>\n",
            LEFT + 3 * (PANEL_W + GAP_X), TOP + 2 * (PANEL_H + GAP_Y) + 20);
    for (int i = 0; i < PANELS; i++) {
        struct range r = range_of(points, count, panels[i]);
        fprintf(f, "<g transform='translate(%d %d)'>\n", LEFT + i % 3 * (PANEL_W + GAP_X),
                TOP + i / 3 * (PANEL_H + GAP_Y));
        frame(f, &r, panels[i]);
        for (int engine = 0; engine < PLOT_ENGINES; engine++) {
            line(f, &r, points, count, engine, panels[i]);
        }
        fprintf(f, "</g>\n");
    }
    for (int engine = 0; engine < PLOT_ENGINES; engine++) {
        fprintf(f, "<text x='%d' y='%d' fill='%s'>● %s</text>\n", LEFT + engine * 90,
                TOP + 2 * (PANEL_H + GAP_Y), colours[engine], names[engine]);
    }
    fprintf(f, "<text x='%d' y='%d'>records in the store (across)</text>\n</svg>\n", LEFT + 390,
            TOP + 2 * (PANEL_H + GAP_Y));
    fclose(f);
}
