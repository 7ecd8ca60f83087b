/* Static files from memory. Must never follow a link out of its directory. */
#include "http/site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define MAX_DEPTH 4
#define MAX_PATH  256

struct file {
    char path[MAX_PATH]; /* "/a/main-XYZ.js" */
    struct buf bytes;
    char etag[24];
    const char *type;
};

struct http_site {
    struct file files[HTTP_MAX_SITE_FILES];
    size_t count;
    size_t total_bytes;
};

static const struct {
    const char *end;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
    {".woff2", "font/woff2"},
    {".gz", "application/gzip"},
};

static const char *type_of(const char *path) {
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (slice_ends(slice_str(path), slice_str(types[i].end))) {
            return types[i].type;
        }
    }
    return NULL;
}

static struct status read_all(int fd, struct buf *out) {
    for (;;) {
        TRY(buf_reserve(out, 65536));
        ssize_t n = read(fd, out->ptr + out->len, 65536);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return FAIL(E_HTTP_SITE);
        }
        if (n == 0) {
            return STATUS_OK;
        }
        out->len += (size_t)n;
    }
}

static void set_etag(struct file *f) {
    static const char digits[] = "0123456789abcdef";
    uint64_t hash = slice_hash(buf_slice(&f->bytes));
    f->etag[0] = '"';
    for (size_t i = 0; i < 16; i++) {
        f->etag[1 + i] = digits[(hash >> (60 - 4 * i)) & 15];
    }
    f->etag[17] = '"';
}

static struct status load_file(struct http_site *site, int dir, const char *name,
                               const char *path) {
    if (type_of(path) == NULL) {
        return STATUS_OK;
    }
    if (site->count == HTTP_MAX_SITE_FILES) {
        return FAIL(E_TOO_LARGE);
    }
    struct file *f = &site->files[site->count];
    memcpy(f->path, path, strlen(path) + 1);
    f->type = type_of(path);
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return FAIL(E_HTTP_SITE);
    }
    buf_init(&f->bytes, HTTP_MAX_SITE_BYTES - site->total_bytes + 65536);
    site->count++;
    struct status s = read_all(fd, &f->bytes);
    close(fd);
    TRY(s);
    site->total_bytes += f->bytes.len;
    set_etag(f);
    return site->total_bytes <= HTTP_MAX_SITE_BYTES ? STATUS_OK : FAIL(E_TOO_LARGE);
}

static struct status load_dir(struct http_site *site, int dir, const char *prefix, unsigned depth);

static struct status load_entry(struct http_site *site, int dir, const char *name,
                                const char *prefix, unsigned depth) {
    struct stat st;
    struct buf path CLEANUP(buf_done);
    buf_init(&path, MAX_PATH - 1);
    TRY(buf_add_str(&path, prefix));
    TRY(buf_add_str(&path, "/"));
    TRY(buf_add_str(&path, name));
    TRY(buf_reserve(&path, 0));
    char text[MAX_PATH] = {0};
    memcpy(text, path.ptr, path.len);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return FAIL(E_HTTP_SITE);
    }
    if (S_ISREG(st.st_mode)) {
        return load_file(site, dir, name, text);
    }
    if (!S_ISDIR(st.st_mode) || depth == MAX_DEPTH) {
        return STATUS_OK;
    }
    int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return sub < 0 ? FAIL(E_HTTP_SITE) : load_dir(site, sub, text, depth + 1);
}

/* Owns dir. Depth is bounded, so the recursion is. */
static struct status load_dir(struct http_site *site, int dir, const char *prefix, unsigned depth) {
    DIR *d = fdopendir(dir);
    if (d == NULL) {
        close(dir);
        return FAIL(E_HTTP_SITE);
    }
    struct status s = STATUS_OK;
    for (struct dirent *e = readdir(d); e != NULL && !failed(s); e = readdir(d)) {
        if (e->d_name[0] != '.') {
            s = load_entry(site, dirfd(d), e->d_name, prefix, depth);
        }
    }
    closedir(d);
    return s;
}

struct status http_site_load(int dir_fd, struct http_site **ret_site) {
    struct http_site *site = mem_alloc(sizeof *site);
    if (site == NULL) {
        return FAIL(E_MEMORY);
    }
    int dir = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct status s = dir < 0 ? FAIL(E_HTTP_SITE) : load_dir(site, dir, "", 0);
    if (failed(s)) {
        http_site_free(&site);
        return s;
    }
    *ret_site = site;
    return STATUS_OK;
}

void http_site_free(struct http_site **site) {
    if (*site == NULL) {
        return;
    }
    for (size_t i = 0; i < (*site)->count; i++) {
        buf_done(&(*site)->files[i].bytes);
    }
    mem_free(*site);
    *site = NULL;
}

static const struct file *find(const struct http_site *site, struct slice path, bool gz) {
    for (size_t i = 0; i < site->count; i++) {
        struct slice have = slice_str(site->files[i].path);
        if (gz && !slice_ends(have, SLICE(".gz"))) {
            continue;
        }
        if (gz) {
            have.len -= 3;
        }
        if (slice_eq(have, path)) {
            return &site->files[i];
        }
    }
    return NULL;
}

static bool takes_gzip(const struct http_exchange *x) {
    struct slice rest = http_field(x, "Accept-Encoding");
    struct slice item;
    while (rest.ptr != NULL && slice_next(&rest, ',', &item)) {
        item = slice_trim(item);
        if (slice_eq(item, SLICE("gzip"))) {
            return true;
        }
    }
    return false;
}

static void answer(const struct http_site *site, struct http_exchange *x, const struct file *f,
                   uint16_t status) {
    struct slice path = slice_str(f->path);
    bool hashed = slice_starts(path, SLICE("/a/"));
    const struct file *gz = find(site, path, true);
    struct slice body = buf_slice(&f->bytes);
    struct slice seen = http_field(x, "If-None-Match");
    http_add_field(x, SLICE("Cache-Control"),
                   hashed ? SLICE("public, max-age=31536000, immutable") : SLICE("no-cache"));
    http_add_field(x, SLICE("ETag"), slice_str(f->etag));
    if (status == 200 && slice_eq(seen, slice_str(f->etag))) {
        http_answer_static(x, 304, slice_str(f->type), (struct slice){NULL, 0});
        return;
    }
    if (gz != NULL) {
        http_add_field(x, SLICE("Vary"), SLICE("Accept-Encoding"));
    }
    if (gz != NULL && takes_gzip(x)) {
        http_add_field(x, SLICE("Content-Encoding"), SLICE("gzip"));
        body = buf_slice(&gz->bytes);
    }
    http_answer_static(x, status, slice_str(f->type), body);
}

bool http_site_answer(const struct http_site *site, struct http_exchange *x) {
    const struct file *f = find(site, x->target.raw_path, false);
    if (f == NULL) {
        return false;
    }
    answer(site, x, f, 200);
    return true;
}

bool http_site_answer_page(const struct http_site *site, struct http_exchange *x, uint16_t status) {
    const struct file *f = find(site, SLICE("/index.html"), false);
    if (f == NULL) {
        return false;
    }
    answer(site, x, f, status);
    return true;
}
