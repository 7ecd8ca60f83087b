/* The space of facts that two versions of the law look at, in buckets: each fact that a text names,
 * with the values at and beside every border that it draws. */
#ifndef WARD_CLI_DIFF_SPACE_H
#define WARD_CLI_DIFF_SPACE_H

#include "law/law.h"

enum { SPACE_MAX_VALUES = 1024 };

/* One fact and the ways to give it; the first is to leave it away, where it may be. */
struct space_axis {
    enum law_fact fact;
    struct slice *values; /* as law_facts_set_written takes them; ptr NULL: absent */
    uint16_t *hot;        /* those values that stand in a block that changed */
    size_t count;
    size_t hot_count;
    bool needed; /* has no absence */
};

/* How a text names something. */
enum space_heat { SPACE_COLD, SPACE_NAMED, SPACE_HOT };

struct space_text {
    struct slice text;
    enum space_heat heat;
};

struct space {
    struct arena *arena;
    struct space_axis axes[LAW_FACTS];
    size_t axis_count;
    enum space_heat heat; /* of the block that is being read */
    enum space_heat facts[LAW_FACTS];
    enum space_heat ages[131];
    enum space_heat countries[LAW_COUNTRIES + 1];
    struct space_text regions[SPACE_MAX_VALUES];
    size_t region_count;
    struct space_text times[SPACE_MAX_VALUES];
    size_t time_count;
};

void space_init(struct space *s, struct arena *arena);
/* Notes what a pack reads; what stands in a block that the other version lacks is hot. The texts
 * must live as long as the space. */
MUST_USE struct status space_read(struct space *s, struct slice pack_text, struct slice other);
/* Makes the axes of what was noted. `now` is one of the dates. */
MUST_USE struct status space_finish(struct space *s, int64_t now_unix_ms);

/* How many points there are; UINT64_MAX where there are more. */
uint64_t space_points(const struct space *s);
/* The choices of a point of that number, below space_points. */
void space_point(const struct space *s, uint64_t number, uint16_t ret_choice[LAW_FACTS]);
/* A point drawn by a number from a space that is too large to walk, more often from what is hot. */
void space_draw(const struct space *s, uint64_t seed, uint16_t ret_choice[LAW_FACTS]);
/* The facts of the choices, not settled. */
void space_facts(const struct space *s, const uint16_t choice[LAW_FACTS],
                 struct law_facts *ret_facts);

#endif
