/* Running the real studio on a file, and keeping what it gives back. */
#ifndef WARD_TEST_MEDIA_STUDIO_HELP_H
#define WARD_TEST_MEDIA_STUDIO_HELP_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "media/studio.h"

static const struct studio_exe studio = {.path = STUDIO_EXE};

struct outcome {
    uint16_t code;
    int fd[4]; /* by enum studio_output */
    struct studio_message said[4];
    struct studio_message done;
    unsigned progress;
};

static inline void keep(const struct studio_event *event, void *context) {
    struct outcome *o = context;
    if (event->kind == STUDIO_EVENT_PROGRESS) {
        o->progress++;
    } else if (event->kind == STUDIO_EVENT_OUTPUT) {
        o->fd[event->message.output] = event->fd;
        o->said[event->message.output] = event->message;
    } else if (event->kind == STUDIO_EVENT_DONE) {
        o->done = event->message;
    }
}

static inline int memfd_of(struct slice bytes) {
    int fd;
    if (failed(studio_memfd("test", &fd)) ||
        write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len || failed(studio_seal(fd))) {
        return -1;
    }
    return fd;
}

static inline void run_studio(enum studio_role role, enum studio_output claimed, struct slice bytes,
                              struct outcome *o) {
    *o = (struct outcome){.fd = {-1, -1, -1, -1}};
    int fd = memfd_of(bytes);
    o->code = studio_run(&studio, role, claimed, fd, keep, o).code;
    (void)close(fd);
}

static inline void outcome_done(struct outcome *o) {
    for (size_t i = 0; i < ARRAY_LEN(o->fd); i++) {
        if (o->fd[i] >= 0) {
            (void)close(o->fd[i]);
        }
    }
}

static inline uint16_t studio_code(struct slice bytes) {
    struct outcome o;
    run_studio(STUDIO_TRANSCODE, STUDIO_OUT_NONE, bytes, &o);
    outcome_done(&o);
    return o.code;
}

static inline struct slice map_fd(int fd) {
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
        return (struct slice){NULL, 0};
    }
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    return at == MAP_FAILED ? (struct slice){NULL, 0} : slice_of(at, (size_t)st.st_size);
}

static inline void unmap(struct slice s) {
    if (s.ptr != NULL) {
        (void)munmap((void *)(uintptr_t)s.ptr, s.len);
    }
}

static inline struct status read_file(const char *path, struct buf *out) {
    FILE *f = fopen(path, "rbe");
    uint8_t piece[4096];
    size_t n;
    if (f == NULL) {
        return FAIL(E_MEDIA_EMPTY);
    }
    buf_init(out, MEDIA_MAX_INPUT_BYTES);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
        if (failed(buf_add(out, slice_of(piece, n)))) {
            break;
        }
    }
    (void)fclose(f);
    return STATUS_OK;
}

/* Everything this process has open, and that it has no child left. */
static inline size_t open_descriptors(void) {
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL) {
        count++;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

static inline bool has_children(void) {
    return waitpid(-1, NULL, WNOHANG) >= 0;
}

#endif
