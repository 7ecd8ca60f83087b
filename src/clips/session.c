/* Cookies of the front. Must never let a script see a session, nor keep one. */
#include "session.h"

#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "http/cookie.h"

#define SESSION_COOKIE SLICE("ward")
#define DEVICE_COOKIE  SLICE("ward_device")
#define TOKEN_TEXT_MAX 43 /* 32 bytes in base64url */

static void add_cookie(struct turn *t, struct slice name, struct slice value, int64_t max_age_s) {
    struct buf line CLEANUP(buf_done);
    buf_init_secret(&line, 512);
    struct status s = buf_add(&line, name);
    s = failed(s) ? s : buf_add_str(&line, "=");
    s = failed(s) ? s : buf_add(&line, value);
    s = failed(s) ? s : buf_add_str(&line, "; Path=/; HttpOnly; SameSite=Strict; Max-Age=");
    s = failed(s) ? s : buf_add_i64(&line, max_age_s);
    s = failed(s) || !t->front->secure ? s : buf_add_str(&line, "; Secure");
    /* A cookie that could not be written makes the whole answer an error: see http_add_field. */
    http_add_field(t->x, SLICE("Set-Cookie"),
                   failed(s) ? (struct slice){NULL, 0} : buf_slice(&line));
}

struct status session_read(struct turn *t) {
    struct slice value;
    struct buf token CLEANUP(buf_done);
    buf_init_secret(&token, 2 * API_TOKEN_BYTES);
    t->session.flags = slice_eq(http_field(t->x, "Sec-GPC"), SLICE("1")) ? API_FLAG_GPC : 0;
    TRY(http_cookie_find(http_field(t->x, "Cookie"), SESSION_COOKIE, &value));
    if (value.ptr == NULL) {
        return STATUS_OK;
    }
    if (!http_cookie_is_token(value, TOKEN_TEXT_MAX) || failed(base64url_decode(value, &token)) ||
        token.len != API_TOKEN_BYTES) {
        session_clear(t);
        return STATUS_OK;
    }
    memcpy(t->session.token, token.ptr, API_TOKEN_BYTES);
    t->session.present = true;
    return STATUS_OK;
}

void session_set(struct turn *t, struct slice token) {
    struct buf text CLEANUP(buf_done);
    buf_init_secret(&text, 128);
    if (token.len != API_TOKEN_BYTES || failed(base64url_encode(token, &text))) {
        return;
    }
    add_cookie(t, SESSION_COOKIE, buf_slice(&text), FRONT_SESSION_KEEP_S);
}

void session_clear(struct turn *t) {
    add_cookie(t, SESSION_COOKIE, (struct slice){NULL, 0}, 0);
}

static struct status make_mark(struct arena *a, struct slice *ret_mark) {
    uint8_t bytes[24];
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 64);
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return FAIL(E_UNKNOWN);
    }
    TRY(base64url_encode(slice_of(bytes, sizeof bytes), &text));
    return arena_copy(a, buf_slice(&text), ret_mark);
}

struct status session_device(struct turn *t) {
    struct slice value;
    TRY(http_cookie_find(http_field(t->x, "Cookie"), DEVICE_COOKIE, &value));
    if (value.ptr != NULL && http_cookie_is_token(value, 64)) {
        TRY(arena_copy(&t->x->arena, value, &t->device));
    } else {
        TRY(make_mark(&t->x->arena, &t->device));
    }
    /* Each use of the age screen begins its day anew. */
    add_cookie(t, DEVICE_COOKIE, t->device, FRONT_DEVICE_KEEP_S);
    return STATUS_OK;
}
