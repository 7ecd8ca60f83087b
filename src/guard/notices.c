/* The notices of the service, as the room of notices makes them from the data map, in the form in
 * which consents name them. */
#include "notices.h"

#include <string.h>

#include "notice/notice.h"
#include "os/clock.h"

static struct status take_sections(const struct notice_text *made, struct arena *a,
                                   struct notice *n) {
    struct notice_section *sections = arena_array(a, made->part_count + 1, sizeof *sections);
    if (sections == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < made->part_count; i++) {
        sections[i].heading = made->parts[i].heading;
        sections[i].text = made->parts[i].text;
    }
    n->sections = sections;
    n->section_count = made->part_count;
    return STATUS_OK;
}

/* What the notice can truly be said to tell: its template is refused without the sections on
 * transfers and on how long data are kept. */
static struct status claim(const struct notice_text *made, struct notice *n) {
    if (made->language.len >= sizeof n->shown.language) {
        return FAIL(E_NO_LANGUAGE);
    }
    n->shown.shown = true;
    n->shown.child_friendly = made->child;
    n->shown.names_transfers = true;
    n->shown.retention_schedule = true;
    memcpy(n->shown.language, made->language.ptr, made->language.len);
    memcpy(n->shown.version, made->hash, sizeof n->shown.version);
    memcpy(n->version, made->version, sizeof n->version);
    n->child = made->child;
    n->title = made->title;
    return STATUS_OK;
}

struct status notice_make(const struct guard *g, struct arena *a, struct slice language, bool child,
                          struct notice *ret_notice) {
    const struct notice_template *t = notice_find(g->o.notices, language, child);
    struct notice_source source = {
        .map = g->o.map, .laws = g->o.laws, .now_unix_ms = os_now_ms(g->o.clock)};
    struct notice_text made;
    struct notice n = {.child = child};
    if (t == NULL) {
        return FAIL(E_NO_LANGUAGE);
    }
    TRY(notice_write(t, &source, a, &made));
    TRY(claim(&made, &n));
    TRY(take_sections(&made, a, &n));
    *ret_notice = n;
    return STATUS_OK;
}
