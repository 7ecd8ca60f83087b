/* What likes cost as they become more: entering one, and what goes when a viewer or a clip goes.
 * The projection alone: no socket, no law, no disk.
 *
 * Usage: bench_likes [LIKES ...] (10000 100000 1000000 10000000). Prints a table. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "likes.h"
#include "support.h"

enum {
    EACH = 50 /* likes of a viewer */,
    CLIPS_EACH = 20 /* likes for one clip there is */,
    GO = 1000
};

static uint64_t dice = 20261122;

static double chance(void) {
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(dice >> 11) / 9007199254740992.0;
}

static uint64_t any(uint64_t count) {
    return 1 + (uint64_t)(chance() * (double)count);
}

/* Few clips have many: by the inverse of 1/x. */
static uint64_t liked(uint64_t clips) {
    return (uint64_t)exp(chance() * log((double)clips + 1));
}

static double fill(struct likes *l, uint64_t count, uint64_t viewers, uint64_t clips) {
    double begin = now_s();
    for (uint64_t record = 1; record <= count; record++) {
        struct like like = {record, any(viewers), liked(clips)};
        bool is_new = false;
        must(likes_add(l, &like, &is_new), "add");
    }
    return now_s() - begin;
}

static uint64_t viewer_goes(struct likes *l, uint64_t viewer) {
    struct like gone;
    uint64_t went = 0;
    for (uint64_t record; (record = likes_of_viewer(l, viewer)) != 0; went++) {
        (void)likes_remove(l, record, &gone);
    }
    return went;
}

static uint64_t clip_goes(struct likes *l, uint64_t clip) {
    struct like gone;
    uint64_t went = 0;
    for (uint64_t at = UINT64_MAX; (at = likes_of_clip(l, clip, at)) != 0; went++) {
        (void)likes_remove(l, at, &gone);
    }
    return went;
}

static void go(struct likes *l, const char *what, uint64_t (*goes)(struct likes *l, uint64_t id),
               uint64_t count) {
    uint64_t went = 0;
    double begin = now_s();
    for (int i = 0; i < GO; i++) {
        went += goes(l, any(count));
    }
    double us = (now_s() - begin) * 1e6;
    printf("  a %s goes: %8.1f us, with %.1f likes (%.2f us each)\n", what, us / GO,
           (double)went / GO, us / (double)(went == 0 ? 1 : went));
}

static void measure(uint64_t count) {
    struct likes *l = NULL;
    uint64_t viewers = count / EACH + 1;
    uint64_t clips = count / CLIPS_EACH + 1;
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    must(likes_new(&l), "new");
    double took = fill(l, count, viewers, clips);
    size_t bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    printf("%llu likes: entered at %.2f us, %.0f bytes each\n", (unsigned long long)count,
           took * 1e6 / (double)count, (double)bytes / (double)count);
    go(l, "viewer", viewer_goes, viewers);
    go(l, "clip", clip_goes, clips);
    likes_free(&l);
}

int main(int argc, char **argv) {
    static const uint64_t sizes[] = {10000, 100000, 1000000, 10000000};
    for (size_t i = 0; argc == 1 && i < ARRAY_LEN(sizes); i++) {
        measure(sizes[i]);
    }
    for (int i = 1; i < argc; i++) {
        measure(strtoull(argv[i], NULL, 10));
    }
    return 0;
}
