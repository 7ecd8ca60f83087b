/* Pages and public files. Must never open a path that is not one of the ledger's. */
#include "pages.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"

/* The screens of the web client; each may have one more part: /clip/ID. */
static const char *const screens[] = {
    "clip",  "popular", "search",  "join",   "login",    "ask",    "choices",
    "share", "me",      "history", "family", "guardian", "notice", "console",
};

static const char gpc[] = "{\"gpc\":true,\"lastUpdate\":\"2026-11-21\"}\n";

static bool is_screen(const struct http_target *target) {
    if (target->segment_count == 0) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(screens); i++) {
        if (slice_eq(target->segments[0], slice_str(screens[i]))) {
            return target->segment_count <= 2;
        }
    }
    return false;
}

static bool wants_page(const struct http_exchange *x) {
    struct slice rest = http_field(x, "Accept");
    struct slice item;
    while (rest.ptr != NULL && slice_next(&rest, ',', &item)) {
        if (slice_starts(slice_trim(item), SLICE("text/html"))) {
            return true;
        }
    }
    return false;
}

/* --- the ledger --- */

/* Letters, digits and dots: what tiles and the checkpoint are named with. */
static bool is_ledger_name(struct slice s) {
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c >= 0x80 || !(islower(c) || isdigit(c) || c == '.')) {
            return false;
        }
    }
    return s.len > 0 && s.ptr[0] != '.';
}

static struct status ledger_path(const struct http_target *t, char *path, size_t size) {
    size_t len = 0;
    for (size_t i = 1; i < t->segment_count; i++) {
        struct slice s = t->segments[i];
        if (!is_ledger_name(s) || len + s.len + 2 > size) {
            return FAIL(E_HTTP_NOT_FOUND);
        }
        memcpy(path + len, s.ptr, s.len);
        len += s.len;
        path[len++] = '/';
    }
    if (len == 0) {
        return FAIL(E_HTTP_NOT_FOUND);
    }
    path[len - 1] = 0;
    /* Other files may stand beside the published ones. */
    bool published = strcmp(path, "checkpoint") == 0 || strncmp(path, "tile/", 5) == 0;
    return published ? STATUS_OK : FAIL(E_HTTP_NOT_FOUND);
}

static struct status open_ledger(const struct turn *t, const char *path, int *ret_fd,
                                 uint64_t *ret_bytes) {
    struct stat st;
    int fd = t->front->ledger_dir < 0
                 ? -1
                 : openat(t->front->ledger_dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        return FAIL(E_HTTP_NOT_FOUND);
    }
    *ret_fd = fd;
    *ret_bytes = (uint64_t)st.st_size;
    return STATUS_OK;
}

static void answer_ledger(struct turn *t) {
    char path[128];
    int fd;
    uint64_t bytes;
    struct status s = ledger_path(&t->x->target, path, sizeof path);
    s = failed(s) ? s : open_ledger(t, path, &fd, &bytes);
    if (failed(s)) {
        front_refuse(t, s, NULL);
        return;
    }
    bool tile = strncmp(path, "tile/", 5) == 0;
    bool full = tile && strstr(path, ".p/") == NULL;
    http_add_field(t->x, SLICE("Cache-Control"),
                   full ? SLICE("public, max-age=31536000, immutable") : SLICE("no-cache"));
    http_answer_file(t->x, 200,
                     tile ? SLICE("application/octet-stream") : SLICE("text/plain; charset=utf-8"),
                     fd, 0, bytes);
}

/* --- pages --- */

static bool answer_site(struct turn *t) {
    const struct http_site *site = t->front->site;
    if (site == NULL) {
        return false;
    }
    if (is_screen(&t->x->target)) {
        return http_site_answer_page(site, t->x, 200);
    }
    if (http_site_answer(site, t->x)) {
        return true;
    }
    return wants_page(t->x) && http_site_answer_page(site, t->x, 404);
}

void pages_ready(struct turn *t) {
    const struct http_target *target = &t->x->target;
    if (target->segment_count > 0 && slice_eq(target->segments[0], SLICE("ledger"))) {
        answer_ledger(t);
        return;
    }
    if (slice_eq(target->raw_path, SLICE("/.well-known/gpc.json"))) {
        http_answer_static(t->x, 200, SLICE("application/json"), slice_str(gpc));
        return;
    }
    if (!answer_site(t)) {
        front_refuse(t, FAIL(E_HTTP_NOT_FOUND), NULL);
    }
}
