/* The record of processing activities as a page that stands alone. */
#include "page.h"
#include "ropa.h"

static struct status put(struct buf *out, const char *before, struct slice text,
                         const char *after) {
    TRY(buf_add_str(out, before));
    TRY(page_text(out, text));
    return buf_add_str(out, after);
}

static struct status row(struct buf *out, const char *name, struct slice value) {
    if (value.len == 0) {
        return STATUS_OK;
    }
    TRY(put(out, "<dt>", slice_str(name), "</dt>"));
    return put(out, "<dd>", value, "</dd>\n");
}

static struct status put_controller(const struct notice_source *s, struct buf *out) {
    const struct law_map_controller *who = law_map_controller(s->map);
    TRY(buf_add_str(out, "<section>\n<h2>Controller</h2>\n<dl>\n"));
    TRY(row(out, "Name", who->name));
    TRY(row(out, "Address", who->address));
    TRY(row(out, "Contact", who->contact));
    TRY(row(out, "Data protection officer", who->officer));
    TRY(row(out, "Country", law_country_code(who->country)));
    return buf_add_str(out, "</dl>\n</section>\n");
}

static struct status put_bases(const struct notice_source *s, int purpose, struct buf *out) {
    const struct law_fact_info *info = law_fact_info(LAW_BASIS);
    uint16_t bases = law_map_grounds(s->map, purpose);
    TRY(buf_add_str(out, "<dt>Ground</dt><dd>"));
    for (uint8_t b = LAW_BASIS_CONSENT; b <= LAW_BASIS_RECOGNISED_LEGITIMATE_INTERESTS; b++) {
        if ((bases >> b & 1) != 0) {
            TRY(buf_add_format(out, "<span class=\"tag\">%s, Art. %s</span> ", info->values[b],
                               rights_basis_article((enum law_basis)b)));
        }
    }
    if (!facts_one_ground(s->map, purpose)) {
        TRY(buf_add_str(out, "by age or country"));
    }
    return buf_add_str(out, "</dd>\n");
}

static struct status put_use(const struct notice_source *s, int purpose, int category,
                             struct buf *out) {
    const struct law_fact_info *info = law_fact_info(LAW_OPERATION);
    unsigned operations = law_map_operations(s->map, purpose, category);
    const char *between = "";
    if (operations == 0) {
        return STATUS_OK;
    }
    TRY(put(out, "<tr><th scope=\"row\">", law_map_category(s->map, (size_t)category)->title,
            "</th><td>"));
    for (int op = LAW_OPERATION_COLLECT; op <= LAW_OPERATION_ERASE; op++) {
        if ((operations >> op & 1) != 0) {
            TRY(buf_add_format(out, "%s%s", between, info->values[op]));
            between = ", ";
        }
    }
    TRY(buf_add_str(out, "</td><td>"));
    TRY(ropa_retention(law_map_category(s->map, (size_t)category), out));
    return buf_add_str(out, "</td></tr>\n");
}

static struct status put_recipients_of(const struct notice_source *s, int purpose,
                                       struct buf *out) {
    for (size_t i = 0; i < law_map_recipients(s->map); i++) {
        for (size_t c = 0; c < law_map_categories(s->map); c++) {
            if (law_map_receives(s->map, (int)i, purpose, (int)c)) {
                TRY(row(out, "Recipient", law_map_recipient(s->map, i)->title));
                break;
            }
        }
    }
    return STATUS_OK;
}

static struct status put_purpose(const struct notice_source *s, size_t n, struct buf *out) {
    const struct law_map_purpose *p = law_map_purpose(s->map, n);
    bool children;
    TRY(facts_for_children(s, (int)n, &children));
    TRY(put(out, "<section>\n<h2>", p->title, "</h2>\n<dl>\n"));
    TRY(put_bases(s, (int)n, out));
    TRY(row(out, "Why it is needed", p->necessary));
    TRY(row(out, "Of whom",
            children ? SLICE("adults and children") : SLICE("adults only: never under 18")));
    TRY(put_recipients_of(s, (int)n, out));
    TRY(buf_add_str(out, "</dl>\n<div class=\"scroll\">\n<table>\n<caption>Data, what is done "
                         "with them, and until when</caption>\n<thead><tr><th scope=\"col\">Data"
                         "</th><th scope=\"col\">Done</th><th scope=\"col\">Kept</th></tr></thead>\n"
                         "<tbody>\n"));
    for (size_t c = 0; c < law_map_categories(s->map); c++) {
        TRY(put_use(s, (int)n, (int)c, out));
    }
    return buf_add_str(out, "</tbody>\n</table>\n</div>\n</section>\n");
}

static struct status put_recipient(const struct notice_source *s, size_t n, struct buf *out) {
    static const char *const transfers[] = {
        [TRANSFER_WITHIN] = "none: within the European Economic Area, or the controller itself",
        [TRANSFER_ADEQUATE] = "on an adequacy decision (Art. 45)",
        [TRANSFER_INSTRUMENT] = "on an instrument: ",
        [TRANSFER_BARE] = "without a safeguard: refused by the guard",
    };
    const struct law_map_recipient *r = law_map_recipient(s->map, n);
    enum facts_transfer transfer;
    TRY(facts_transfer(s, (int)n, &transfer));
    TRY(put(out, "<tr><th scope=\"row\">", r->title, "</th>"));
    TRY(put(out, "<td>",
            r->same_entity ? SLICE("the controller or the person")
                           : slice_str(law_fact_info(LAW_RECIPIENT_ROLE)->values[r->role]),
            "</td>"));
    TRY(put(out, "<td>", r->country != 0 ? law_country_code(r->country) : SLICE("not named"),
            "</td>"));
    TRY(put(out, "<td>", slice_str(transfers[transfer]), ""));
    if (transfer == TRANSFER_INSTRUMENT) {
        TRY(buf_add_str(out, law_fact_info(LAW_TRANSFER_INSTRUMENT)->values[r->instrument]));
    }
    return buf_add_str(out, "</td></tr>\n");
}

static struct status put_recipients(const struct notice_source *s, struct buf *out) {
    TRY(buf_add_str(out, "<section>\n<h2>Recipients and transfers</h2>\n<div class=\"scroll\">\n"
                         "<table>\n<thead><tr><th scope=\"col\">Recipient</th><th scope=\"col\">"
                         "Role</th><th scope=\"col\">Country</th><th scope=\"col\">Transfer</th>"
                         "</tr></thead>\n<tbody>\n"));
    for (size_t i = 0; i < law_map_recipients(s->map); i++) {
        TRY(put_recipient(s, i, out));
    }
    return buf_add_str(out, "</tbody>\n</table>\n</div>\n</section>\n");
}

static struct status put_right(enum right right, struct buf *out) {
    const struct right_info *info = rights_info(right);
    TRY(buf_add_format(out, "<tr><th scope=\"row\">Art. %s: ", info->article));
    TRY(put(out, "", slice_str(info->title), "</th>"));
    for (uint8_t b = LAW_BASIS_CONSENT; b <= LAW_BASIS_LEGITIMATE_INTERESTS; b++) {
        bool reading = (info->readings >> b & 1) != 0;
        TRY(buf_add_format(out, "<td>%s%s</td>", (info->bases >> b & 1) != 0 ? "yes" : "no",
                           reading ? " (read so)" : ""));
    }
    return put(out, "<td>", slice_str(info->why), "</td></tr>\n");
}

static struct status put_rights(struct buf *out) {
    TRY(buf_add_str(out, "<section>\n<h2>Rights per ground</h2>\n<div class=\"scroll\">\n<table>\n"
                         "<caption>Where the Regulation leaves room, the cell says that it is "
                         "read so.</caption>\n<thead><tr><th scope=\"col\">Right</th>"));
    for (uint8_t b = LAW_BASIS_CONSENT; b <= LAW_BASIS_LEGITIMATE_INTERESTS; b++) {
        TRY(buf_add_format(out, "<th scope=\"col\">%s</th>", rights_basis_article((enum law_basis)b)));
    }
    TRY(buf_add_str(out, "<th scope=\"col\">Why</th></tr></thead>\n<tbody>\n"));
    for (unsigned i = 0; i < RIGHTS; i++) {
        TRY(put_right((enum right)i, out));
    }
    return buf_add_str(out, "</tbody>\n</table>\n</div>\n</section>\n");
}

static struct status put_measures(struct buf *out) {
    TRY(buf_add_str(out, "<section>\n<h2>How it is secured</h2>\n<ul>\n"));
    for (size_t i = 0; i < ropa_measure_count; i++) {
        TRY(put(out, "<li>", slice_str(ropa_measures[i].title), "</li>\n"));
    }
    return buf_add_str(out, "</ul>\n</section>\n");
}

struct status ropa_put_html(const struct notice_source *source, struct buf *out) {
    TRY(page_begin(out, SLICE("en"), SLICE("Record of processing activities")));
    TRY(buf_add_str(out, "<main class=\"wide\">\n<h1>Record of processing activities</h1>\n"));
    TRY(put(out, "<p class=\"quiet\">", law_map_title(source->map), " (GDPR Art. 30(1))</p>\n"));
    TRY(put_controller(source, out));
    for (size_t i = 0; i < law_map_purposes(source->map); i++) {
        TRY(put_purpose(source, i, out));
    }
    TRY(put_recipients(source, out));
    TRY(put_rights(out));
    TRY(put_measures(out));
    return page_end(out);
}
