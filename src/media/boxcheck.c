/* The walk over the boxes of a clip, against the list of what may stand where. Must never accept a
 * box, an order or a byte between boxes that is not on the list. */
#include "boxcheck.h"

#include "box.h"

enum { MAX_DEPTH = 8 };

#define FILE_LEVEL 0U

/* Which boxes may stand in which, in this order. `once` is false for tracks alone. */
static const struct rule {
    uint32_t parent;
    uint32_t type;
    bool required;
    objection (*fields)(struct check *c, struct slice body); /* NULL: it holds boxes */
} rules[] = {
    {FILE_LEVEL, BOX('f', 't', 'y', 'p'), true, check_ftyp},
    {FILE_LEVEL, BOX('m', 'o', 'o', 'v'), true, NULL},
    {FILE_LEVEL, BOX('m', 'd', 'a', 't'), true, NULL},
    {BOX('m', 'o', 'o', 'v'), BOX('m', 'v', 'h', 'd'), true, check_mvhd},
    {BOX('m', 'o', 'o', 'v'), BOX('t', 'r', 'a', 'k'), true, NULL},
    {BOX('t', 'r', 'a', 'k'), BOX('t', 'k', 'h', 'd'), true, check_tkhd},
    {BOX('t', 'r', 'a', 'k'), BOX('e', 'd', 't', 's'), true, NULL},
    {BOX('t', 'r', 'a', 'k'), BOX('m', 'd', 'i', 'a'), true, NULL},
    {BOX('e', 'd', 't', 's'), BOX('e', 'l', 's', 't'), true, check_elst},
    {BOX('m', 'd', 'i', 'a'), BOX('m', 'd', 'h', 'd'), true, check_mdhd},
    {BOX('m', 'd', 'i', 'a'), BOX('h', 'd', 'l', 'r'), true, check_hdlr},
    {BOX('m', 'd', 'i', 'a'), BOX('m', 'i', 'n', 'f'), true, NULL},
    {BOX('m', 'i', 'n', 'f'), BOX('v', 'm', 'h', 'd'), false, check_vmhd},
    {BOX('m', 'i', 'n', 'f'), BOX('s', 'm', 'h', 'd'), false, check_smhd},
    {BOX('m', 'i', 'n', 'f'), BOX('d', 'i', 'n', 'f'), true, NULL},
    {BOX('m', 'i', 'n', 'f'), BOX('s', 't', 'b', 'l'), true, NULL},
    {BOX('d', 'i', 'n', 'f'), BOX('d', 'r', 'e', 'f'), true, check_dref},
    {BOX('s', 't', 'b', 'l'), BOX('s', 't', 's', 'd'), true, check_stsd},
    {BOX('s', 't', 'b', 'l'), BOX('s', 't', 't', 's'), true, check_stts},
    {BOX('s', 't', 'b', 'l'), BOX('c', 't', 't', 's'), false, check_ctts},
    {BOX('s', 't', 'b', 'l'), BOX('s', 't', 's', 's'), false, check_stss},
    {BOX('s', 't', 'b', 'l'), BOX('s', 't', 's', 'c'), true, check_stsc},
    {BOX('s', 't', 'b', 'l'), BOX('s', 't', 's', 'z'), true, check_stsz},
    {BOX('s', 't', 'b', 'l'), BOX('s', 't', 'c', 'o'), true, check_stco},
};

struct level {
    uint32_t parent;
    struct slice rest;
    size_t next_rule; /* boxes come in the order of the list */
    uint32_t seen;    /* bits of rules */
};

_Static_assert(ARRAY_LEN(rules) <= 32, "a bit for every rule");

struct check_track *check_current(struct check *c) {
    return &c->tracks[c->track_count == 0 ? 0 : c->track_count - 1];
}

static size_t find_rule(const struct level *level, uint32_t type) {
    for (size_t i = level->next_rule; i < ARRAY_LEN(rules); i++) {
        if (rules[i].parent == level->parent && rules[i].type == type) {
            return i;
        }
    }
    return ARRAY_LEN(rules);
}

static objection begin_track(struct check *c) {
    if (c->track_count == CHECK_MAX_TRACKS) {
        return "there are more than two tracks";
    }
    c->track_count++;
    return NULL;
}

/* Everything that the list requires at this level was there. */
static objection close_level(const struct level *level) {
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        bool missing = rules[i].parent == level->parent && rules[i].required &&
                       (level->seen & (UINT32_C(1) << i)) == 0;
        if (missing) {
            return "a box that must be there is missing";
        }
    }
    return NULL;
}

struct walk {
    struct check *check;
    struct level levels[MAX_DEPTH];
    size_t depth;
    const uint8_t *start;
};

static objection descend(struct walk *w, const struct box *box) {
    if (w->depth == MAX_DEPTH) {
        return "boxes are nested too deeply";
    }
    w->levels[w->depth++] = (struct level){.parent = box->type, .rest = box->body};
    return NULL;
}

static objection visit(struct walk *w, const struct box *box) {
    struct level *level = &w->levels[w->depth - 1];
    if (box->cut_off || !box->plain_header) {
        return "the size of a box is not what it must be";
    }
    size_t rule = find_rule(level, box->type);
    if (rule == ARRAY_LEN(rules)) {
        return "there is a box that is not on the list, or not in its place";
    }
    level->seen |= UINT32_C(1) << rule;
    level->next_rule = rule + 1;
    if (box->type == BOX('t', 'r', 'a', 'k')) {
        level->next_rule = rule;
        objection why = begin_track(w->check);
        if (why != NULL) {
            return why;
        }
    }
    if (box->type == BOX('m', 'd', 'a', 't')) {
        w->check->media = box->body;
        w->check->media_at = (size_t)(box->body.ptr - w->start);
        return NULL;
    }
    return rules[rule].fields == NULL ? descend(w, box) : rules[rule].fields(w->check, box->body);
}

static objection walk_boxes(struct check *c, struct slice file) {
    struct walk w = {.check = c, .depth = 1, .start = file.ptr};
    w.levels[0] = (struct level){.parent = FILE_LEVEL, .rest = file};
    objection why = NULL;
    while (why == NULL && w.depth > 0) {
        struct level *level = &w.levels[w.depth - 1];
        struct box box;
        enum box_found found = box_next(&level->rest, &box);
        if (found == BOX_BAD) {
            why = "there are bytes that are no box";
        } else if (found == BOX_NONE) {
            why = close_level(level);
            w.depth--;
        } else {
            why = visit(&w, &box);
        }
    }
    return why;
}

static objection check_tracks(const struct check *c) {
    size_t video = 0;
    size_t audio = 0;
    for (size_t i = 0; i < c->track_count; i++) {
        video += c->tracks[i].kind == TRACK_VIDEO;
        audio += c->tracks[i].kind == TRACK_AUDIO;
    }
    if (video != 1 || video + audio != c->track_count) {
        return "there is not exactly one picture, with at most one sound";
    }
    return NULL;
}

static objection check_clip(struct slice file, struct media_facts *ret_facts) {
    struct check c = {.track_count = 0};
    objection why = walk_boxes(&c, file);
    why = why != NULL ? why : check_tracks(&c);
    why = why != NULL ? why : check_samples(&c);
    if (why != NULL) {
        return why;
    }
    const struct check_track *video = &c.tracks[c.tracks[0].kind == TRACK_VIDEO ? 0 : 1];
    *ret_facts = (struct media_facts){.width = video->width,
                                      .height = video->height,
                                      .duration_ms = c.movie_duration_ms,
                                      .audio = c.track_count == 2};
    return NULL;
}

struct status media_boxcheck(enum media_product product, struct slice file,
                             struct media_facts *ret_facts, const char **ret_why) {
    bool clip = product == MEDIA_CLIP;
    objection why = NULL;
    if (file.len > (clip ? MEDIA_MAX_OUTPUT_BYTES : MEDIA_MAX_POSTER_BYTES)) {
        why = "the file is larger than a published one may be";
    } else {
        why = clip ? check_clip(file, ret_facts) : check_jpeg(file, ret_facts);
    }
    if (why == NULL) {
        return STATUS_OK;
    }
    if (ret_why != NULL) {
        *ret_why = why;
    }
    return FAIL(E_MEDIA_UNCLEAN);
}
