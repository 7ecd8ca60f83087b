/* One thread, a bounded queue in, a queue out. The thread sees a password and a hash, nothing else
 * of the guard. */
#include "worker.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct list {
    struct waiting *first;
    struct waiting *last;
    size_t count;
};

struct worker {
    pthread_mutex_t lock;
    pthread_cond_t some;
    pthread_t thread;
    struct list waits;
    struct list done;
    bool stops;
    int done_fd;
    bool told; /* done_fd is readable */
};

static void push(struct list *l, struct waiting *w) {
    w->next = NULL;
    if (l->last == NULL) {
        l->first = w;
    } else {
        l->last->next = w;
    }
    l->last = w;
    l->count++;
}

static struct waiting *pop(struct list *l) {
    struct waiting *w = l->first;
    if (w != NULL) {
        l->first = w->next;
        l->last = l->first == NULL ? NULL : l->last;
        l->count--;
    }
    return w;
}

void waiting_free(struct waiting **w) {
    if (*w != NULL) {
        guard_password_free(&(*w)->job);
        buf_done(&(*w)->frame);
        mem_free(*w);
        *w = NULL;
    }
}

static struct waiting *next(struct worker *k) {
    while (!k->stops && k->waits.first == NULL) {
        pthread_cond_wait(&k->some, &k->lock);
    }
    return k->stops ? NULL : pop(&k->waits);
}

static void *run(void *arg) {
    struct worker *k = arg;
    pthread_mutex_lock(&k->lock);
    for (struct waiting *w = next(k); w != NULL; w = next(k)) {
        pthread_mutex_unlock(&k->lock);
        guard_password_work(w->job);
        pthread_mutex_lock(&k->lock);
        push(&k->done, w);
        uint64_t one = 1;
        (void)!write(k->done_fd, &one, sizeof one);
        k->told = true;
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

struct status worker_new(struct worker **ret_worker, int *ret_done_fd) {
    struct worker *k = mem_alloc(sizeof *k);
    if (k == NULL) {
        return FAIL(E_MEMORY);
    }
    k->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->some, NULL);
    if (k->done_fd < 0 || pthread_create(&k->thread, NULL, run, k) != 0) {
        if (k->done_fd >= 0) {
            close(k->done_fd);
        }
        mem_free(k);
        return FAIL(E_MEMORY);
    }
    *ret_worker = k;
    *ret_done_fd = k->done_fd;
    return STATUS_OK;
}

void worker_free(struct worker **worker) {
    struct worker *k = *worker;
    *worker = NULL;
    if (k == NULL) {
        return;
    }
    pthread_mutex_lock(&k->lock);
    k->stops = true;
    pthread_cond_signal(&k->some);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    for (struct waiting *w = pop(&k->waits); w != NULL; w = pop(&k->waits)) {
        waiting_free(&w);
    }
    for (struct waiting *w = pop(&k->done); w != NULL; w = pop(&k->done)) {
        waiting_free(&w);
    }
    close(k->done_fd);
    pthread_cond_destroy(&k->some);
    pthread_mutex_destroy(&k->lock);
    mem_free(k);
}

struct status worker_put(struct worker *worker, struct waiting *w) {
    pthread_mutex_lock(&worker->lock);
    bool full = worker->waits.count >= GUARD_PASSWORD_QUEUE;
    if (!full) {
        push(&worker->waits, w);
        pthread_cond_signal(&worker->some);
    }
    pthread_mutex_unlock(&worker->lock);
    return full ? FAIL(E_BUSY) : STATUS_OK;
}

struct waiting *worker_take(struct worker *worker) {
    uint64_t ignored;
    pthread_mutex_lock(&worker->lock);
    struct waiting *w = pop(&worker->done);
    if (w == NULL && worker->told) {
        (void)!read(worker->done_fd, &ignored, sizeof ignored);
        worker->told = false;
    }
    pthread_mutex_unlock(&worker->lock);
    return w;
}
