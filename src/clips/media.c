/* Memfds of clips and the exchanges that send them. Must never serve under a lease that has ended,
 * in whatever order the answer and the notice arrive. */
#include "media.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "http/range.h"

enum { ENDED_LEASES = 1024 };

struct kept {
    int fd; /* -1: free */
    struct session session;
    uint64_t clip;
    char rendition[12];
    char type[24];
    uint64_t size_bytes;
    uint64_t lease;
    int64_t until_ms;
    int64_t used_ms;
};

struct serving {
    struct http_exchange *x;
    uint64_t lease;
    struct serving *next;
    struct serving **link;
};

struct media {
    pthread_mutex_t lock;
    struct kept rows[FRONT_MAX_CLIPS];
    struct serving *serving;
    uint64_t ended[ENDED_LEASES]; /* the latest; a notice may overtake the answer it is about */
    size_t ended_next;
    uint64_t epoch; /* how often every lease has ended */
};

struct status media_new(struct media **ret_media) {
    struct media *m = mem_alloc(sizeof *m);
    if (m == NULL) {
        return FAIL(E_MEMORY);
    }
    pthread_mutex_init(&m->lock, NULL);
    for (size_t i = 0; i < FRONT_MAX_CLIPS; i++) {
        m->rows[i].fd = -1;
    }
    *ret_media = m;
    return STATUS_OK;
}

static void drop(struct kept *k) {
    if (k->fd >= 0) {
        close(k->fd);
    }
    mem_wipe(k, sizeof *k);
    k->fd = -1;
}

void media_free(struct media **media) {
    if (*media == NULL) {
        return;
    }
    for (size_t i = 0; i < FRONT_MAX_CLIPS; i++) {
        drop(&(*media)->rows[i]);
    }
    pthread_mutex_destroy(&(*media)->lock);
    mem_free(*media);
    *media = NULL;
}

static bool same_session(const struct session *a, const struct session *b) {
    return a->present == b->present && mem_equal_secret(a->token, b->token, API_TOKEN_BYTES);
}

static bool has_ended(const struct media *m, uint64_t lease) {
    for (size_t i = 0; i < ENDED_LEASES; i++) {
        if (m->ended[i] == lease && lease != 0) {
            return true;
        }
    }
    return false;
}

void media_lease_ends(struct media *m, uint64_t lease, bool every) {
    pthread_mutex_lock(&m->lock);
    m->ended[m->ended_next++ % ENDED_LEASES] = lease;
    m->epoch += every ? 1 : 0;
    for (size_t i = 0; i < FRONT_MAX_CLIPS; i++) {
        if (m->rows[i].fd >= 0 && (every || m->rows[i].lease == lease)) {
            drop(&m->rows[i]);
        }
    }
    for (struct serving *s = m->serving; s != NULL; s = s->next) {
        if (every || s->lease == lease) {
            http_cut(s->x);
        }
    }
    pthread_mutex_unlock(&m->lock);
}

void media_forget_session(struct media *m, const struct session *session) {
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < FRONT_MAX_CLIPS; i++) {
        if (m->rows[i].fd >= 0 && same_session(&m->rows[i].session, session)) {
            drop(&m->rows[i]);
        }
    }
    pthread_mutex_unlock(&m->lock);
}

void media_gone(struct turn *t) {
    struct serving *s = t->serving;
    if (s == NULL) {
        return;
    }
    struct media *m = t->front->media;
    pthread_mutex_lock(&m->lock);
    *s->link = s->next;
    if (s->next != NULL) {
        s->next->link = s->link;
    }
    pthread_mutex_unlock(&m->lock);
    t->serving = NULL;
}

/* --- what is kept; the lock is held --- */

static struct kept *find(struct media *m, const struct turn *t, int64_t now_ms) {
    struct slice rendition = t->args[ARG_CLIP_OPEN_RENDITION].bytes;
    uint64_t clip = t->args[ARG_CLIP_OPEN_CLIP].n;
    for (size_t i = 0; i < FRONT_MAX_CLIPS; i++) {
        struct kept *k = &m->rows[i];
        if (k->fd < 0 || k->clip != clip || !slice_eq(slice_str(k->rendition), rendition) ||
            !same_session(&k->session, &t->session)) {
            continue;
        }
        if (k->until_ms <= now_ms) {
            drop(k);
            return NULL;
        }
        return k;
    }
    return NULL;
}

/* A free row, or the one that was used longest ago. */
static struct kept *make_room(struct media *m) {
    struct kept *oldest = &m->rows[0];
    for (size_t i = 0; i < FRONT_MAX_CLIPS; i++) {
        if (m->rows[i].fd < 0) {
            return &m->rows[i];
        }
        if (m->rows[i].used_ms < oldest->used_ms) {
            oldest = &m->rows[i];
        }
    }
    drop(oldest);
    return oldest;
}

static bool copy_text(char *to, size_t size, struct slice s) {
    if (s.len >= size) {
        return false;
    }
    memcpy(to, s.ptr, s.len);
    to[s.len] = 0;
    return true;
}

static struct kept *keep(struct media *m, const struct turn *t, const struct api_answer *answer,
                         int fd) {
    struct kept *k = make_room(m);
    int64_t now = front_now_ms();
    *k = (struct kept){
        .fd = fd,
        .session = t->session,
        .clip = t->args[ARG_CLIP_OPEN_CLIP].n,
        .size_bytes = answer->fields[ANS_CLIP_OPEN_SIZE_BYTES].n,
        .lease = answer->fields[ANS_CLIP_OPEN_LEASE].n,
        .until_ms = now + FRONT_CLIP_KEEP_MS,
        .used_ms = now,
    };
    bool good =
        copy_text(k->rendition, sizeof k->rendition, t->args[ARG_CLIP_OPEN_RENDITION].bytes) &&
        copy_text(k->type, sizeof k->type, answer->fields[ANS_CLIP_OPEN_TYPE].bytes) &&
        !has_ended(m, k->lease) && m->epoch == t->media_epoch;
    if (!good) {
        drop(k);
        return NULL;
    }
    return k;
}

/* Puts the exchange among those that a revocation cuts. */
static struct status enlist(struct media *m, struct turn *t, uint64_t lease) {
    struct serving *s = arena_alloc(&t->x->arena, sizeof *s);
    if (s == NULL) {
        return FAIL(E_MEMORY);
    }
    *s = (struct serving){.x = t->x, .lease = lease, .next = m->serving, .link = &m->serving};
    if (m->serving != NULL) {
        m->serving->link = &s->next;
    }
    m->serving = s;
    t->serving = s;
    return STATUS_OK;
}

/* What is needed to answer, taken from a row while the lock is held. */
struct piece {
    int fd;
    uint64_t size_bytes;
    char type[24];
};

static struct status take_piece(struct media *m, struct turn *t, struct kept *k,
                                struct piece *ret_piece) {
    struct piece p = {.fd = fcntl(k->fd, F_DUPFD_CLOEXEC, 0), .size_bytes = k->size_bytes};
    memcpy(p.type, k->type, sizeof p.type);
    if (p.fd < 0) {
        return FAIL(E_HTTP_BUSY);
    }
    struct status s = enlist(m, t, k->lease);
    if (failed(s)) {
        close(p.fd);
        return s;
    }
    k->used_ms = front_now_ms();
    *ret_piece = p;
    return STATUS_OK;
}

/* --- answering --- */

static void add_content_range(struct turn *t, const struct http_range *r, uint64_t size) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 128);
    struct status s = buf_add_str(&text, "bytes ");
    if (r == NULL) {
        s = failed(s) ? s : buf_add_str(&text, "*");
    } else {
        s = failed(s) ? s : buf_add_u64(&text, r->from);
        s = failed(s) ? s : buf_add_str(&text, "-");
        s = failed(s) ? s : buf_add_u64(&text, r->from + r->bytes - 1);
    }
    s = failed(s) ? s : buf_add_str(&text, "/");
    s = failed(s) ? s : buf_add_u64(&text, size);
    http_add_field(t->x, SLICE("Content-Range"),
                   failed(s) ? (struct slice){NULL, 0} : buf_slice(&text));
}

static void send_piece(struct turn *t, const struct piece *p) {
    struct http_range r;
    http_add_field(t->x, SLICE("Accept-Ranges"), SLICE("bytes"));
    struct status s = http_range_parse(http_field(t->x, "Range"), p->size_bytes, &r);
    if (failed(s)) {
        close(p->fd);
        add_content_range(t, NULL, p->size_bytes);
        front_refuse(t, s, NULL);
        return;
    }
    if (r.partial) {
        add_content_range(t, &r, p->size_bytes);
    }
    http_answer_file(t->x, r.partial ? 206 : 200, slice_str(p->type), p->fd, r.from, r.bytes);
}

static void on_open(void *context, struct status s, const struct api_answer *answer, int fd) {
    struct turn *t = context;
    struct media *m = t->front->media;
    struct piece p;
    if (failed(s) || fd < 0) {
        if (fd >= 0) {
            close(fd);
        }
        front_refuse(t, failed(s) ? s : FAIL(E_HTTP_GUARD_AWAY),
                     answer == NULL ? NULL : &answer->refusal);
        return;
    }
    pthread_mutex_lock(&m->lock);
    struct kept *k = keep(m, t, answer, fd);
    s = k == NULL ? FAIL(E_NOT_FOUND) : take_piece(m, t, k, &p);
    pthread_mutex_unlock(&m->lock);
    if (failed(s)) {
        front_refuse(t, s, NULL);
        return;
    }
    send_piece(t, &p);
}

void media_ready(struct turn *t) {
    struct media *m = t->front->media;
    struct piece p;
    struct status s = STATUS_OK;
    pthread_mutex_lock(&m->lock);
    struct kept *k = find(m, t, front_now_ms());
    t->media_epoch = m->epoch;
    if (k != NULL) {
        s = take_piece(m, t, k, &p);
    }
    pthread_mutex_unlock(&m->lock);
    if (k == NULL) {
        front_ask(t, LINK_ASK, on_open);
        return;
    }
    if (failed(s)) {
        front_refuse(t, s, NULL);
        return;
    }
    send_piece(t, &p);
}
