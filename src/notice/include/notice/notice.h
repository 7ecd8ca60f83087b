/* Privacy notices, made from the data map and a template of sentences for each language and
 * audience (docs/NOTICE.md). Nothing that a notice says of the service is written by hand.
 *
 *   struct notice_templates all;
 *   TRY(notice_templates_load(os_fs_real(), "datamap/notice", &report, &all));
 *   const struct notice_template *t = notice_find(&all, SLICE("nl"), true);
 *   struct notice_source source = {.map = map, .laws = laws, .now_unix_ms = now};
 *   TRY(notice_write(t, &source, &arena, &notice));
 *
 * What a notice says depends on the template, the map and, for transfers, on the law of the day;
 * its version is a hash over all of its words, and changes only with them. */
#ifndef WARD_NOTICE_NOTICE_H
#define WARD_NOTICE_NOTICE_H

#include "law/map.h"
#include "os/file.h"

enum notice_limits {
    NOTICE_TEMPLATES = 64,
    NOTICE_SECTIONS = 96,        /* of a notice */
    NOTICE_HEADING_BYTES = 200,
    NOTICE_SECTION_BYTES = 8000, /* the text of one */
    NOTICE_LINES = 512,          /* of a template */
    NOTICE_FILE_BYTES = 1 << 16,
};

struct notice_template;
struct notice_templates {
    struct notice_template *items[NOTICE_TEMPLATES];
    size_t count;
};

/* NOTICE_INVALID: the report says where. On success the caller owns *ret_template. */
MUST_USE struct status notice_template_load(const struct law_source *source,
                                            struct law_report *report,
                                            struct notice_template **ret_template);
void notice_template_free(struct notice_template **template);
struct slice notice_template_language(const struct notice_template *template);
bool notice_template_child(const struct notice_template *template);

/* All DIR/NAME.txt, in the order of names. E_FILE_MISSING where there is none. After an error
 * *ret_templates is empty. */
MUST_USE struct status notice_templates_load(const struct os_fs *fs, const char *dir,
                                             struct law_report *report,
                                             struct notice_templates *ret_templates);
void notice_templates_done(struct notice_templates *templates);
/* By primary tag; NULL when there is none. */
const struct notice_template *notice_find(const struct notice_templates *templates,
                                          struct slice language, bool child);
/* Adds to the report what a notice of this map would lack: texts of the map in the template's
 * language, names of countries, notices for children where those for adults are. `map_name` is the
 * file, for messages. */
MUST_USE struct status notice_check(const struct notice_templates *templates,
                                    const struct law_map *map, struct slice map_name,
                                    struct law_report *report);

struct notice_source {
    const struct law_map *map;
    const struct law_set *laws; /* tells where adequacy ends */
    int64_t now_unix_ms;
};

/* Paragraphs are parted by an empty line; a paragraph whose lines begin with "- " is a list. */
struct notice_part {
    struct slice heading;
    struct slice text;
};

struct notice_text {
    uint8_t hash[32];
    char version[65]; /* the hash in hexadecimal, zero-terminated */
    struct slice language;
    bool child;
    bool has_transfers; /* some recipient is in a third country; the notice names them */
    struct slice title;
    const struct notice_part *parts;
    size_t part_count;
};

/* Everything of *ret_notice lives in the arena. NOTICE_WORDS: notice_check says what is missing. */
MUST_USE struct status notice_write(const struct notice_template *template,
                                    const struct notice_source *source, struct arena *arena,
                                    struct notice_text *ret_notice);

/* The notice as a plain text, a page that stands alone, or the JSON of `GET /api/notice`. */
MUST_USE struct status notice_put_text(const struct notice_text *notice, struct buf *out);
MUST_USE struct status notice_put_html(const struct notice_text *notice, struct buf *out);
MUST_USE struct status notice_put_json(const struct notice_text *notice, struct buf *out);

#endif
