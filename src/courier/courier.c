/* From the outbox to the mail server. Must never write an address or a mail anywhere but to the
 * server. */
#include "courier/courier.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

/* --- the head --- */

/* The address in "Name <a@b>" or "a@b"; E_COURIER_MAIL for none, several, or strange characters. */
static struct status address(struct slice value, char *ret) {
    struct slice s = slice_trim(value);
    size_t open = slice_find(s, '<');
    if (open < s.len) {
        s = slice_from(s, open + 1);
        size_t shut = slice_find(s, '>');
        if (shut + 1 != s.len) {
            return FAIL(E_COURIER_MAIL);
        }
        s = slice_sub(s, 0, shut);
    }
    if (s.len == 0 || s.len > COURIER_MAX_ADDRESS || slice_find(s, '@') == s.len) {
        return FAIL(E_COURIER_MAIL);
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] == 0x7f || strchr("<>,;\"()\\", s.ptr[i]) != NULL) {
            return FAIL(E_COURIER_MAIL);
        }
    }
    memcpy(ret, s.ptr, s.len);
    ret[s.len] = 0;
    return STATUS_OK;
}

static bool field(struct slice line, const char *name, struct slice *ret_value) {
    size_t len = strlen(name);
    if (line.len <= len || strncasecmp((const char *)line.ptr, name, len) != 0 ||
        line.ptr[len] != ':') {
        return false;
    }
    *ret_value = slice_from(line, len + 1);
    return true;
}

static struct status take_field(struct slice line, const char *name, char *ret) {
    struct slice value;
    if (!field(line, name, &value)) {
        return STATUS_OK;
    }
    return ret[0] == 0 ? address(value, ret) : FAIL(E_COURIER_MAIL);
}

struct status courier_read_head(struct slice mail, struct courier_mail *ret_mail) {
    struct courier_mail m = {{0}, {0}};
    struct slice rest = mail;
    struct slice line;
    while (slice_next(&rest, '\n', &line)) {
        line = slice_ends(line, SLICE("\r")) ? slice_sub(line, 0, line.len - 1) : line;
        if (line.len == 0) {
            break;
        }
        TRY(take_field(line, "From", m.from));
        TRY(take_field(line, "To", m.to));
    }
    if (m.to[0] == 0) {
        return FAIL(E_COURIER_MAIL);
    }
    *ret_mail = m;
    return STATUS_OK;
}

/* --- the server --- */

struct body {
    struct slice parts[2]; /* what the courier adds to the head, then the mail */
    size_t part;
    bool after_cr;
};

/* Hands the mail over with CRLF at the end of each line, as SMTP wants it. */
static size_t next_bytes(char *to, size_t size, size_t count, void *context) {
    struct body *b = context;
    size_t room = size * count;
    size_t n = 0;
    while (b->part < ARRAY_LEN(b->parts) && n + 2 <= room) {
        struct slice *rest = &b->parts[b->part];
        if (rest->len == 0) {
            b->part++;
            continue;
        }
        uint8_t c = rest->ptr[0];
        if (c == '\n' && !b->after_cr) {
            to[n++] = '\r';
        }
        to[n++] = (char)c;
        b->after_cr = c == '\r';
        *rest = slice_from(*rest, 1);
    }
    return n;
}

static struct status judge(CURL *curl, CURLcode code) {
    long said = 0;
    if (code == CURLE_OK) {
        return STATUS_OK;
    }
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &said);
    /* A refusal of this mail, not of us: 5xx after the connection stood. */
    bool refused = said >= 550 && said <= 559 && code != CURLE_LOGIN_DENIED;
    return FAIL(refused ? E_COURIER_REFUSED : E_COURIER_AWAY);
}

static struct status perform(CURL *curl, const struct courier_server *server, const char *from,
                             struct curl_slist *to, struct body *body) {
    bool good = curl_easy_setopt(curl, CURLOPT_URL, server->url) == CURLE_OK;
    good = good && curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK;
    good = good && curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from) == CURLE_OK;
    good = good && curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to) == CURLE_OK;
    good = good && curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK;
    good = good && curl_easy_setopt(curl, CURLOPT_READFUNCTION, next_bytes) == CURLE_OK;
    good = good && curl_easy_setopt(curl, CURLOPT_READDATA, body) == CURLE_OK;
    good = good && curl_easy_setopt(curl, CURLOPT_TIMEOUT, COURIER_SEND_TIMEOUT_S) == CURLE_OK;
    good = good && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    if (good && server->user != NULL) {
        /* A password never goes over a line that others can read. */
        good = curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_USERNAME, server->user) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_PASSWORD, server->password) == CURLE_OK;
    } else {
        good = good && curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY) == CURLE_OK;
    }
    return good ? judge(curl, curl_easy_perform(curl)) : FAIL(E_COURIER_AWAY);
}

/* The fields that a mail from the guard leaves to who sends it (RFC 5322, section 3.6). */
static struct status add_head(const char *from, struct buf *out) {
    char date[64];
    struct tm tm;
    time_t now = time(NULL);
    (void)gmtime_r(&now, &tm);
    (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    return buf_add_format(out, "From: Ward <%s>\nDate: %s\n", from, date);
}

struct status courier_send(const struct courier_server *server, const struct courier_mail *mail,
                           struct slice bytes) {
    struct buf head CLEANUP(buf_done);
    const char *sender = mail->from[0] == 0 ? server->from : mail->from;
    struct status s = FAIL(E_MEMORY);
    char from[COURIER_MAX_ADDRESS + 3];
    char to[COURIER_MAX_ADDRESS + 3];
    buf_init(&head, 1024);
    if (mail->from[0] == 0) {
        TRY(add_head(sender, &head));
    }
    struct body body = {.parts = {buf_slice(&head), bytes}};
    snprintf(from, sizeof from, "<%s>", sender);
    snprintf(to, sizeof to, "<%s>", mail->to);
    CURL *curl = curl_easy_init();
    struct curl_slist *list = curl_slist_append(NULL, to);
    if (curl != NULL && list != NULL) {
        s = perform(curl, server, from, list, &body);
    }
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return s;
}

/* --- the outbox --- */

static struct status read_mail(int dir, const char *name, struct buf *out) {
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return FAIL(E_COURIER_OUTBOX);
    }
    struct status s = STATUS_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > COURIER_MAX_MAIL_BYTES) {
        s = FAIL(E_COURIER_MAIL);
    }
    while (!failed(s)) {
        s = buf_reserve(out, 16384);
        ssize_t n = failed(s) ? -1 : read(fd, out->ptr + out->len, 16384);
        if (n <= 0) {
            s = n < 0 && !failed(s) ? FAIL(E_COURIER_OUTBOX) : s;
            break;
        }
        out->len += (size_t)n;
    }
    close(fd);
    return s;
}

/* On a stack of its own, which is wiped afterwards. */
__attribute__((noinline)) static struct status deliver(int dir, const char *name,
                                                       const struct courier_server *server) {
    struct courier_mail head;
    struct buf mail CLEANUP(buf_done);
    buf_init_secret(&mail, COURIER_MAX_MAIL_BYTES + 65536);
    TRY(read_mail(dir, name, &mail));
    TRY(courier_read_head(buf_slice(&mail), &head));
    return courier_send(server, &head, buf_slice(&mail));
}

/* One mail: delivered and removed, or set aside. */
static struct status take(int dir, const char *name, const struct courier_server *server,
                          size_t *sent) {
    char aside[300];
    struct status s = deliver(dir, name, server);
    mem_wipe_stack(); /* addresses, ours and the library's */
    if (s.code == E_COURIER_REFUSED || s.code == E_COURIER_MAIL) {
        snprintf(aside, sizeof aside, "%s.refused", name);
        return renameat(dir, name, dir, aside) == 0 ? STATUS_OK : FAIL(E_COURIER_OUTBOX);
    }
    TRY(s);
    *sent += 1;
    return unlinkat(dir, name, 0) == 0 ? STATUS_OK : FAIL(E_COURIER_OUTBOX);
}

struct status courier_empty(int dir_fd, const struct courier_server *server, size_t *ret_sent) {
    size_t sent = 0;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return FAIL(E_COURIER_OUTBOX);
    }
    struct status s = STATUS_OK;
    for (struct dirent *e = readdir(dir); e != NULL && !failed(s); e = readdir(dir)) {
        struct slice name = slice_str(e->d_name);
        if (name.ptr[0] != '.' && name.len < 256 && slice_ends(name, SLICE(".eml"))) {
            s = take(dir_fd, e->d_name, server, &sent);
        }
    }
    closedir(dir);
    *ret_sent = sent;
    return s;
}
