/* A data map in memory: shared by its reader and its look-ups. */
#ifndef WARD_LAW_MAP_INSIDE_H
#define WARD_LAW_MAP_INSIDE_H

#include "law/map.h"
#include "reader.h"

struct law_map_basis {
    uint8_t basis; /* enum law_basis */
    bool conditional;
    struct law_expr when; /* the condition must surely hold */
};

/* One row for each pair that is declared. */
struct law_map_use {
    uint16_t purpose;
    uint16_t category;
    uint8_t operations;
};
struct law_map_gift {
    uint16_t recipient;
    uint16_t purpose;
    uint16_t category;
};

struct law_map {
    struct law_set *set; /* holds the texts and the conditions' programs; without laws */
    struct slice name;
    struct slice title;
    struct law_map_controller controller;
    LAW_VEC(struct law_map_category) categories;
    LAW_VEC(struct law_map_purpose) purposes;
    LAW_VEC(struct law_map_recipient) recipients;
    LAW_VEC(struct law_map_use) uses;
    LAW_VEC(struct law_map_gift) gifts;
};

/* The grounds and texts that stand in one block, in the map's arena. */
enum { LAW_MAP_BASES = 16, LAW_MAP_WORDS = 64 };

#endif
