/* Shows a notice: as text, as a page that stands alone, as JSON. */
#include "page.h"

#include "notice/notice.h"
#include "wire/json.h"

/* The tokens of the web client, and what one long text needs. No script, nothing from elsewhere. */
static const char style[] =
    ":root{color-scheme:light dark;--ground:#f6f5f1;--surface:#fff;--ink:#1b1c1a;--quiet:#5a5c56;"
    "--line:#dfddd5;--accent:#0a6b6b;--tint:#e3f0ee}\n"
    "@media (prefers-color-scheme:dark){:root{--ground:#121412;--surface:#1c1f1c;--ink:#f0f0ea;"
    "--quiet:#b3b5ab;--line:#31352f;--accent:#6ad0c5;--tint:#17302d}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--ground);color:var(--ink);font:1.0625rem/1.6 system-ui,"
    "-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif;"
    "overflow-wrap:break-word}\n"
    "main{max-width:44rem;margin:0 auto;padding:32px 16px 48px}\n"
    "main.wide{max-width:72rem}\n"
    "h1{font-size:2rem;line-height:1.2;margin:0 0 24px;text-wrap:balance}\n"
    "h2{font-size:1.25rem;line-height:1.3;margin:0 0 8px}\n"
    "h3{font-size:1.0625rem;margin:16px 0 4px}\n"
    "section{background:var(--surface);border:1px solid var(--line);border-radius:12px;"
    "padding:24px;margin:0 0 16px}\n"
    "p{margin:0 0 12px;max-width:66ch}section>:last-child{margin-bottom:0}\n"
    "ul{margin:0 0 12px;padding-left:1.25em}li{margin:4px 0;max-width:64ch}\n"
    "li::marker{color:var(--accent)}\n"
    "a{color:var(--accent);text-underline-offset:.15em}\n"
    "a:focus-visible{outline:3px solid var(--accent);outline-offset:3px}\n"
    ".quiet{color:var(--quiet);font-size:.9375rem;overflow-wrap:anywhere}\n"
    "nav ul{list-style:none;padding:0;margin:0;columns:2;column-gap:24px}\n"
    "nav li{margin:0;break-inside:avoid}nav a{display:block;padding:9px 0}\n"
    ".scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%;font-size:.9375rem}\n"
    "caption{text-align:left;color:var(--quiet);padding:16px 0 8px}\n"
    "th,td{text-align:left;vertical-align:top;padding:8px 12px 8px 0;"
    "border-bottom:1px solid var(--line)}\n"
    "dl{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:4px 16px;margin:0}\n"
    "dt{color:var(--quiet)}dd{margin:0}\n"
    ".tag{background:var(--tint);border-radius:999px;padding:2px 10px;font-size:.9375rem}\n"
    "@media (max-width:40rem){nav ul{columns:1}dl{grid-template-columns:1fr}"
    "dd{margin-bottom:8px}section{padding:16px}}\n"
    "@media print{:root{--ground:#fff;--surface:#fff;--ink:#000;--quiet:#333;--line:#999;"
    "--accent:#000;--tint:#fff}body{font-size:11pt}main{max-width:none;padding:0}"
    "section{border:0;padding:0;margin:0 0 14pt}h2,h3{break-after:avoid}"
    "li,tr,dt{break-inside:avoid}nav{display:none}}\n";

struct status page_text(struct buf *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        const char *entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;"
                             : c == '"' ? "&quot;" : NULL;
        TRY(entity != NULL ? buf_add_str(out, entity) : buf_add_byte(out, c));
    }
    return STATUS_OK;
}

struct status page_begin(struct buf *out, struct slice language, struct slice title) {
    TRY(buf_add_str(out, "<!DOCTYPE html>\n<html lang=\""));
    TRY(page_text(out, language));
    TRY(buf_add_str(out, "\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                         "<meta name=\"viewport\" content=\"width=device-width, "
                         "initial-scale=1\"/>\n<title>"));
    TRY(page_text(out, title));
    TRY(buf_add_str(out, "</title>\n<style>\n"));
    TRY(buf_add_str(out, style));
    return buf_add_str(out, "</style>\n</head>\n<body>\n");
}

struct status page_end(struct buf *out) {
    return buf_add_str(out, "</main>\n</body>\n</html>\n");
}

/* --- paragraphs and lists --- */

/* Takes a paragraph off the front: up to an empty line. */
static bool next_block(struct slice *rest, struct slice *ret_block) {
    if (rest->len == 0) {
        return false;
    }
    size_t len = 0;
    while (len < rest->len && !slice_starts(slice_from(*rest, len), SLICE("\n\n"))) {
        len++;
    }
    *ret_block = slice_sub(*rest, 0, len);
    *rest = slice_from(*rest, len + 2);
    return true;
}

static struct status put_list(struct buf *out, struct slice block) {
    struct slice item;
    TRY(buf_add_str(out, "<ul>\n"));
    while (slice_next(&block, '\n', &item)) {
        TRY(buf_add_str(out, "<li>"));
        TRY(page_text(out, slice_from(item, 2)));
        TRY(buf_add_str(out, "</li>\n"));
    }
    return buf_add_str(out, "</ul>\n");
}

static struct status put_block(struct buf *out, struct slice block) {
    if (slice_starts(block, SLICE("- "))) {
        return put_list(out, block);
    }
    TRY(buf_add_str(out, "<p>"));
    TRY(page_text(out, block));
    return buf_add_str(out, "</p>\n");
}

static struct status put_part(struct buf *out, const struct notice_part *part, size_t number) {
    struct slice rest = part->text;
    struct slice block;
    TRY(buf_add_format(out, "<section id=\"s%zu\" aria-labelledby=\"h%zu\">\n<h2 id=\"h%zu\">",
                       number, number, number));
    TRY(page_text(out, part->heading));
    TRY(buf_add_str(out, "</h2>\n"));
    while (next_block(&rest, &block)) {
        TRY(put_block(out, block));
    }
    return buf_add_str(out, "</section>\n");
}

/* The headings, to jump to; a page for children is short enough without. */
static struct status put_contents(struct buf *out, const struct notice_text *n) {
    TRY(buf_add_str(out, "<nav aria-labelledby=\"title\">\n<section>\n<ul>\n"));
    for (size_t i = 0; i < n->part_count; i++) {
        TRY(buf_add_format(out, "<li><a href=\"#s%zu\">", i + 1));
        TRY(page_text(out, n->parts[i].heading));
        TRY(buf_add_str(out, "</a></li>\n"));
    }
    return buf_add_str(out, "</ul>\n</section>\n</nav>\n");
}

struct status notice_put_html(const struct notice_text *notice, struct buf *out) {
    TRY(page_begin(out, notice->language, notice->title));
    TRY(buf_add_str(out, "<main>\n<h1 id=\"title\">"));
    TRY(page_text(out, notice->title));
    TRY(buf_add_str(out, "</h1>\n"));
    if (!notice->child) {
        TRY(put_contents(out, notice));
    }
    for (size_t i = 0; i < notice->part_count; i++) {
        TRY(put_part(out, &notice->parts[i], i + 1));
    }
    TRY(buf_add_format(out, "<p class=\"quiet\"><code>%s</code></p>\n", notice->version));
    return page_end(out);
}

/* --- text --- */

static size_t characters(struct slice s) {
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += (s.ptr[i] & 0xC0) != 0x80;
    }
    return n;
}

static struct status put_underlined(struct buf *out, struct slice text, uint8_t line) {
    TRY(buf_add(out, text));
    TRY(buf_add_byte(out, '\n'));
    for (size_t i = characters(text); i > 0; i--) {
        TRY(buf_add_byte(out, line));
    }
    return buf_add_str(out, "\n\n");
}

struct status notice_put_text(const struct notice_text *notice, struct buf *out) {
    TRY(put_underlined(out, notice->title, '='));
    for (size_t i = 0; i < notice->part_count; i++) {
        TRY(put_underlined(out, notice->parts[i].heading, '-'));
        TRY(buf_add(out, notice->parts[i].text));
        TRY(buf_add_str(out, "\n\n"));
    }
    TRY(buf_add_str(out, notice->version));
    return buf_add_byte(out, '\n');
}

/* --- JSON --- */

static void put_pair(struct json_writer *w, struct slice key, struct slice value) {
    json_put_key(w, key);
    json_put_string(w, value);
}

struct status notice_put_json(const struct notice_text *notice, struct buf *out) {
    struct json_writer w;
    json_put_open(&w, out);
    json_put_object(&w);
    put_pair(&w, SLICE("version"), slice_str(notice->version));
    put_pair(&w, SLICE("language"), notice->language);
    put_pair(&w, SLICE("audience"), notice->child ? SLICE("child") : SLICE("adult"));
    put_pair(&w, SLICE("title"), notice->title);
    json_put_key(&w, SLICE("sections"));
    json_put_array(&w);
    for (size_t i = 0; i < notice->part_count; i++) {
        json_put_object(&w);
        put_pair(&w, SLICE("heading"), notice->parts[i].heading);
        put_pair(&w, SLICE("text"), notice->parts[i].text);
        json_put_close(&w);
    }
    json_put_close(&w);
    json_put_close(&w);
    TRY(json_put_done(&w));
    return buf_add_byte(out, '\n');
}
