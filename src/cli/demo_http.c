/* HTTP and JSON for the demo. Must never print a password or a token. */
#include "demo_http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "wire/json.h"

enum { ANSWER_BYTES = 4 << 20, URL_BYTES = 512, TIMEOUT_S = 120 };

static size_t take(char *bytes, size_t size, size_t count, void *context) {
    struct demo_browser *b = context;
    bool kept = !failed(buf_add(&b->answer, slice_of(bytes, size * count)));
    return kept ? size * count : 0;
}

struct status demo_browser_open(const char *url, struct demo_browser *ret_browser) {
    struct demo_browser b = {.curl = curl_easy_init(), .url = url};
    if (b.curl == NULL || curl_easy_setopt(b.curl, CURLOPT_COOKIEFILE, "") != CURLE_OK) {
        curl_easy_cleanup(b.curl);
        return FAIL(E_MEMORY);
    }
    buf_init_secret(&b.answer, ANSWER_BYTES);
    *ret_browser = b;
    return STATUS_OK;
}

void demo_browser_close(struct demo_browser *b) {
    curl_easy_cleanup(b->curl);
    b->curl = NULL;
    buf_done(&b->answer);
}

static bool set_common(struct demo_browser *b, const char *method, const char *url,
                       struct curl_slist *fields) {
    CURL *c = b->curl;
    return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, b) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TIMEOUT_S) == CURLE_OK;
}

static void read_code(struct demo_browser *b) {
    struct buf error CLEANUP(buf_done);
    struct buf code CLEANUP(buf_done);
    buf_init(&error, ANSWER_BYTES);
    buf_init(&code, sizeof b->code - 1);
    memcpy(b->code, "E_UNKNOWN", 10);
    if (failed(demo_member(buf_slice(&b->answer), "error", &error)) ||
        failed(demo_member(buf_slice(&error), "code", &code))) {
        return;
    }
    memcpy(b->code, code.ptr, code.len);
    b->code[code.len] = 0;
}

static struct status perform(struct demo_browser *b) {
    buf_clear(&b->answer);
    b->http = 0;
    b->code[0] = 0;
    CURLcode code = curl_easy_perform(b->curl);
    if (code != CURLE_OK) {
        fprintf(stderr, "ward demo: %s\n", curl_easy_strerror(code));
    }
    if (code != CURLE_OK ||
        curl_easy_getinfo(b->curl, CURLINFO_RESPONSE_CODE, &b->http) != CURLE_OK) {
        memcpy(b->code, "E_HTTP_GUARD_AWAY", 18);
        return FAIL(E_HTTP_GUARD_AWAY);
    }
    if (b->http >= 200 && b->http < 300) {
        return STATUS_OK;
    }
    read_code(b);
    return FAIL(E_DEMO);
}

struct status demo_ask(struct demo_browser *b, const char *method, const char *path,
                       const char *json) {
    char url[URL_BYTES];
    snprintf(url, sizeof url, "%s%s", b->url, path);
    struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/json");
    bool good = fields != NULL && set_common(b, method, url, fields) &&
                curl_easy_setopt(b->curl, CURLOPT_UPLOAD, 0L) == CURLE_OK &&
                curl_easy_setopt(b->curl, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
                curl_easy_setopt(b->curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
    if (good && json != NULL) {
        good = curl_easy_setopt(b->curl, CURLOPT_POSTFIELDS, json) == CURLE_OK &&
               curl_easy_setopt(b->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(json)) == CURLE_OK;
    }
    struct status s = good ? perform(b) : FAIL(E_MEMORY);
    (void)curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(fields);
    return s;
}

struct status demo_put_file(struct demo_browser *b, const char *path, const char *file) {
    char url[URL_BYTES];
    snprintf(url, sizeof url, "%s%s", b->url, path);
    FILE *in = fopen(file, "rbe");
    if (in == NULL || fseek(in, 0, SEEK_END) != 0) {
        if (in != NULL) {
            (void)fclose(in);
        }
        return FAIL(E_DEMO_CLIPS);
    }
    curl_off_t size = ftell(in);
    rewind(in);
    struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/octet-stream");
    bool good = fields != NULL && set_common(b, "PUT", url, fields) &&
                curl_easy_setopt(b->curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
                curl_easy_setopt(b->curl, CURLOPT_READDATA, in) == CURLE_OK &&
                curl_easy_setopt(b->curl, CURLOPT_INFILESIZE_LARGE, size) == CURLE_OK;
    struct status s = good ? perform(b) : FAIL(E_MEMORY);
    (void)curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, NULL);
    (void)curl_easy_setopt(b->curl, CURLOPT_READDATA, NULL);
    curl_slist_free_all(fields);
    (void)fclose(in);
    return s;
}

void demo_complain(const struct demo_browser *b, const char *what) {
    struct buf error CLEANUP(buf_done);
    struct buf cause CLEANUP(buf_done);
    struct buf remedy CLEANUP(buf_done);
    buf_init(&error, ANSWER_BYTES);
    buf_init(&cause, 4096);
    buf_init(&remedy, 4096);
    if (failed(demo_member(buf_slice(&b->answer), "error", &error)) ||
        failed(demo_member(buf_slice(&error), "cause", &cause)) ||
        failed(demo_member(buf_slice(&error), "remedy", &remedy))) {
        fprintf(stderr, "ward demo: %s: no answer (HTTP %ld)\n", what, b->http);
        return;
    }
    fprintf(stderr, "ward demo: %s: %.*s %.*s [%s]\n", what, SLICE_ARG(buf_slice(&cause)),
            SLICE_ARG(buf_slice(&remedy)), b->code);
}

/* --- JSON --- */

static struct status take_value(struct json_reader *r, struct buf *ret_text) {
    static uint8_t room[65536];
    struct slice text;
    if (json_peek(r) == JSON_TYPE_STRING) {
        TRY(json_get_string(r, room, sizeof room, &text));
    } else {
        TRY(json_skip_text(r, &text));
    }
    return buf_add(ret_text, text);
}

struct status demo_member(struct slice json, const char *name, struct buf *ret_text) {
    struct json_reader r;
    json_open(&r, json);
    TRY(json_get_object(&r));
    for (;;) {
        bool more;
        struct slice key;
        TRY(json_next_key(&r, &more, &key));
        if (!more) {
            return FAIL(E_DEMO);
        }
        if (slice_eq(key, slice_str(name))) {
            return take_value(&r, ret_text);
        }
        TRY(json_skip(&r));
    }
}

bool demo_next(struct slice *rest, struct slice *ret_item) {
    struct json_reader r;
    struct slice s = slice_trim(*rest);
    if (s.len > 0 && (s.ptr[0] == '[' || s.ptr[0] == ',')) {
        s = slice_trim(slice_from(s, 1));
    }
    if (s.len == 0 || s.ptr[0] == ']') {
        return false;
    }
    json_open(&r, s);
    if (failed(json_skip_text(&r, ret_item))) {
        return false;
    }
    *rest = slice_from(s, (size_t)(ret_item->ptr - s.ptr) + ret_item->len);
    return true;
}
