/* Uploads on their way to becoming clips: receiving, queued, one studio that transcodes, one more
 * for each output that checks, sealing what passed, publishing. Each step is small, so that
 * requests are answered between them; what lies in memory alone is made again after a crash from
 * the sealed original. A failure leaves nothing but its reason, for an hour, in memory. */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "feed.h"
#include "index.h"
#include "media/studio.h"

enum { OUTPUTS = 3, WAIT_MS = 15 };

enum job_state {
    JOB_FREE,
    JOB_RECEIVING,
    JOB_QUEUED,
    JOB_LOADING, /* the original into a memfd */
    JOB_CALLING, /* a studio was asked for */
    JOB_WORKING, /* transcode or check */
    JOB_SEALING, /* outputs into blobs */
    JOB_FAILED,  /* only the reason is left */
};

struct output {
    int fd;
    struct studio_message said;
    uint64_t blob;
    uint64_t sealed;
};

struct job {
    enum job_state state;
    enum studio_role role;
    uint64_t clip;
    uint64_t owner;
    uint64_t blob; /* the original's */
    uint64_t size_bytes;
    uint64_t received;
    uint32_t permille;
    uint16_t problem;
    int64_t forget_ms; /* of a failure */
    int original_fd;
    struct vault_blob *reading;
    uint64_t read;
    struct studio_job studio;
    bool has_studio;
    size_t output; /* being checked or sealed */
    struct output outputs[OUTPUTS];
};

struct studio {
    struct job jobs[GUARD_JOBS];
    struct job *called[GUARD_JOBS]; /* asked of the supervisor, in order */
    size_t called_count;
    size_t active;
};

static void close_fd(int *fd) {
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static bool is_active(const struct job *j) {
    return j->state >= JOB_LOADING && j->state <= JOB_SEALING;
}

static void release(struct job *j) {
    if (j->has_studio) {
        studio_job_end(&j->studio);
        j->has_studio = false;
    }
    vault_blob_close(&j->reading);
    close_fd(&j->original_fd);
    for (size_t i = 0; i < OUTPUTS; i++) {
        close_fd(&j->outputs[i].fd);
    }
}

static void uncall(struct studio *s, const struct job *j) {
    for (size_t i = 0; i < s->called_count; i++) {
        if (s->called[i] == j) {
            s->called[i] = NULL;
        }
    }
}

static void clear(struct studio *s, struct job *j) {
    release(j);
    uncall(s, j);
    *j = (struct job){.original_fd = -1};
    for (size_t i = 0; i < OUTPUTS; i++) {
        j->outputs[i].fd = -1;
    }
}

static struct job *find(const struct guard *g, uint64_t clip) {
    for (size_t i = 0; i < GUARD_JOBS; i++) {
        struct job *j = &g->studio->jobs[i];
        if (j->state != JOB_FREE && j->clip == clip) {
            return j;
        }
    }
    return NULL;
}

static struct job *find_free(struct studio *s) {
    struct job *failed_one = NULL;
    for (size_t i = 0; i < GUARD_JOBS; i++) {
        if (s->jobs[i].state == JOB_FREE) {
            return &s->jobs[i];
        }
        failed_one = s->jobs[i].state == JOB_FAILED ? &s->jobs[i] : failed_one;
    }
    if (failed_one != NULL) {
        clear(s, failed_one);
    }
    return failed_one;
}

/* --- what the law is asked --- */

static struct vault_use use_for(const struct guard *g, uint16_t op, uint8_t operation) {
    return (struct vault_use){.purpose = g->uses[op].purpose, .operation = operation};
}

static struct status erase(struct guard *g, uint64_t record) {
    struct vault_use use = use_for(g, API_CLIP_DELETE, LAW_OPERATION_ERASE);
    struct vault_query query = {.id = record};
    struct vault_found found;
    return record == 0 ? STATUS_OK : vault_delete(g->vault, &use, &query, &found);
}

/* Nothing of a failed upload stays; an error here is mended by the sweep at the next start. */
static void fail_job(struct guard *g, struct job *j, struct status why) {
    uint64_t clip = j->clip;
    uint64_t owner = j->owner;
    bool gone = why.code == E_NO_RECORD || why.code == E_NO_SUBJECT || why.code == E_KEY_GONE;
    struct status s = STATUS_OK;
    for (size_t i = 0; i < OUTPUTS && !failed(s); i++) {
        s = erase(g, j->outputs[i].blob);
    }
    s = failed(s) ? s : erase(g, j->blob);
    s = failed(s) ? s : erase(g, clip);
    clear(g->studio, j);
    if (gone || failed(s)) {
        return;
    }
    j->state = JOB_FAILED;
    j->clip = clip;
    j->owner = owner;
    j->problem = why.code;
    j->forget_ms = guard_now(g) + GUARD_FAILED_KEPT_MS;
}

/* --- receiving --- */

static size_t count_of(const struct guard *g, uint64_t owner) {
    size_t count = 0;
    for (size_t i = 0; i < GUARD_JOBS; i++) {
        const struct job *j = &g->studio->jobs[i];
        bool unfinished = j->state != JOB_FREE && j->state != JOB_FAILED;
        count += unfinished && j->owner == owner ? 1 : 0;
    }
    return count;
}

struct status studio_room(const struct guard *g, uint64_t owner) {
    return count_of(g, owner) < GUARD_UPLOADS_EACH ? STATUS_OK : FAIL(E_QUOTA);
}

static struct status enlist(struct guard *g, enum job_state state, uint64_t clip, uint64_t owner,
                            uint64_t blob, uint64_t size_bytes) {
    struct job *j = find_free(g->studio);
    if (j == NULL) {
        return FAIL(E_QUOTA);
    }
    clear(g->studio, j);
    j->state = state;
    j->clip = clip;
    j->owner = owner;
    j->blob = blob;
    j->size_bytes = size_bytes;
    return STATUS_OK;
}

struct status studio_begin(struct guard *g, uint64_t clip, uint64_t owner, uint64_t blob,
                           uint64_t size_bytes) {
    TRY(studio_room(g, owner));
    return enlist(g, JOB_RECEIVING, clip, owner, blob, size_bytes);
}

static struct status receiving(struct guard *g, uint64_t clip, uint64_t owner,
                               struct job **ret_job) {
    struct job *j = find(g, clip);
    if (j == NULL || j->owner != owner || j->state == JOB_FAILED) {
        return FAIL(E_NOT_FOUND);
    }
    *ret_job = j;
    return j->state == JOB_RECEIVING ? STATUS_OK : FAIL(E_OFFSET);
}

struct status studio_add(struct guard *g, uint64_t clip, uint64_t owner, uint64_t offset,
                         struct slice bytes, uint64_t *ret_received) {
    struct job *j;
    TRY(receiving(g, clip, owner, &j));
    if (bytes.len == 0) { /* how much has arrived? */
        *ret_received = j->received;
        return STATUS_OK;
    }
    if (offset != j->received) {
        return FAIL(E_OFFSET);
    }
    if (bytes.len > j->size_bytes - j->received) {
        return FAIL(E_CLIP_TOO_LARGE);
    }
    TRY(vault_blob_add(g->vault, j->blob, offset, bytes));
    j->received += bytes.len;
    *ret_received = j->received;
    return STATUS_OK;
}

struct status studio_finish(struct guard *g, uint64_t clip, uint64_t owner) {
    struct job *j;
    TRY(receiving(g, clip, owner, &j));
    if (j->received != j->size_bytes) {
        return FAIL(E_OFFSET);
    }
    TRY(vault_blob_finish(g->vault, j->blob));
    j->state = JOB_QUEUED;
    return STATUS_OK;
}

/* --- the original into memory --- */

static struct status start_loading(struct guard *g, struct job *j) {
    struct vault_use use = use_for(g, API_CLIP_FINISH, LAW_OPERATION_USE);
    struct vault_answer answer;
    j->state = JOB_LOADING;
    TRY(vault_blob_open(g->vault, &use, j->blob, &j->reading, &answer));
    return studio_memfd("original", &j->original_fd);
}

static struct status write_all(int fd, struct slice bytes) {
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n <= 0) {
            return FAIL(E_MEMORY);
        }
        bytes = slice_from(bytes, (size_t)n);
    }
    return STATUS_OK;
}

static struct status call_studio(struct guard *g, struct job *j, enum studio_role role) {
    struct studio *s = g->studio;
    if (g->o.spawn == NULL || s->called_count == GUARD_JOBS) {
        return FAIL(E_STUDIO_START);
    }
    j->role = role;
    j->state = JOB_CALLING;
    s->called[s->called_count++] = j;
    return g->o.spawn(g->o.spawn_arg, (uint8_t)role);
}

static struct status load_more(struct guard *g, struct job *j) {
    uint64_t left = vault_blob_bytes(j->reading) - j->read;
    size_t step = left < GUARD_STEP_BYTES ? (size_t)left : GUARD_STEP_BYTES;
    uint8_t *room = mem_alloc(step + 1);
    if (room == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status s = vault_blob_read(j->reading, j->read, room, step);
    s = failed(s) ? s : write_all(j->original_fd, slice_of(room, step));
    mem_wipe(room, step);
    mem_free(room);
    TRY(s);
    j->read += step;
    if (j->read < vault_blob_bytes(j->reading)) {
        return STATUS_OK;
    }
    vault_blob_close(&j->reading);
    TRY(studio_seal(j->original_fd));
    return call_studio(g, j, STUDIO_TRANSCODE);
}

/* --- studios at work --- */

static struct status begin_work(struct guard *g, struct job *j, int fd) {
    struct output *o = &j->outputs[j->output];
    bool check = j->role == STUDIO_CHECK;
    int in = check ? o->fd : j->original_fd;
    enum studio_output claimed = check ? (enum studio_output)o->said.output : STUDIO_OUT_NONE;
    j->state = JOB_WORKING;
    TRY(studio_job_begin(fd, j->role, claimed, in, guard_now(g), &j->studio));
    j->has_studio = true;
    return STATUS_OK;
}

void guard_studio_came(struct guard *g, int fd) {
    struct studio *s = g->studio;
    if (s->called_count == 0) {
        close_fd(&fd);
        return;
    }
    struct job *j = s->called[0];
    s->called_count--;
    for (size_t i = 0; i < s->called_count; i++) {
        s->called[i] = s->called[i + 1];
    }
    if (j == NULL) {
        close_fd(&fd);
        return;
    }
    struct status status = fd < 0 ? FAIL(E_STUDIO_START) : begin_work(g, j, fd);
    if (failed(status)) {
        fail_job(g, j, status);
    }
}

static struct status keep_output(struct job *j, const struct studio_event *e) {
    size_t i = (size_t)e->message.output - 1;
    if (i >= OUTPUTS || j->outputs[i].fd >= 0 || j->role != STUDIO_TRANSCODE) {
        close(e->fd);
        return FAIL(E_STUDIO_PROTOCOL);
    }
    j->outputs[i].fd = e->fd;
    j->outputs[i].said = e->message;
    return STATUS_OK;
}

static struct status work_done(struct guard *g, struct job *j) {
    studio_job_end(&j->studio);
    j->has_studio = false;
    if (j->role == STUDIO_TRANSCODE) {
        close_fd(&j->original_fd);
        j->output = 0;
    } else {
        j->output++;
    }
    for (size_t i = 0; i < OUTPUTS; i++) {
        if (j->outputs[i].fd < 0) {
            return FAIL(E_STUDIO_PROTOCOL);
        }
    }
    if (j->output < OUTPUTS) {
        return call_studio(g, j, STUDIO_CHECK);
    }
    j->output = 0;
    j->state = JOB_SEALING;
    return STATUS_OK;
}

static struct status work(struct guard *g, struct job *j) {
    struct studio_event e;
    for (;;) {
        TRY(studio_job_step(&j->studio, guard_now(g), &e));
        switch (e.kind) {
        case STUDIO_EVENT_NONE:
            return STATUS_OK;
        case STUDIO_EVENT_PROGRESS:
            j->permille = j->role == STUDIO_TRANSCODE ? e.message.permille : j->permille;
            break;
        case STUDIO_EVENT_OUTPUT:
            TRY(keep_output(j, &e));
            break;
        case STUDIO_EVENT_DONE:
            return work_done(g, j);
        }
    }
}

/* --- sealing what passed --- */

static struct slice media_type(size_t output) {
    return output + 1 == STUDIO_OUT_POSTER ? SLICE("image/jpeg") : SLICE("video/mp4");
}

static struct status begin_sealing(struct guard *g, struct job *j, struct output *o) {
    struct vault_use use = use_for(g, API_CLIP_BEGIN, LAW_OPERATION_STORE);
    struct vault_meta meta = {.owner = j->owner, .category = g->uses[API_CLIP_BEGIN].category};
    struct vault_answer answer;
    if (o->said.output == STUDIO_OUT_POSTER) {
        TRY(vault_category(g->vault, SLICE("poster"), &meta.category));
    }
    return vault_blob_begin(g->vault, &use, &meta, media_type(j->output), &o->blob, &answer);
}

static struct status seal_step(struct guard *g, struct output *o) {
    uint64_t left = o->said.size_bytes - o->sealed;
    size_t step = left < GUARD_STEP_BYTES ? (size_t)left : GUARD_STEP_BYTES;
    uint8_t *room = mem_alloc(step + 1);
    if (room == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status s = STATUS_OK;
    if (pread(o->fd, room, step, (off_t)o->sealed) != (ssize_t)step) {
        s = FAIL(E_STUDIO_PROTOCOL);
    }
    s = failed(s) ? s : vault_blob_add(g->vault, o->blob, o->sealed, slice_of(room, step));
    o->sealed += step;
    mem_wipe(room, step);
    mem_free(room);
    return s;
}

static struct status rewrite(struct guard *g, const struct job *j, struct api_value *v,
                             struct vault_answer *answer) {
    struct vault_use use = use_for(g, API_CLIP_FINISH, LAW_OPERATION_USE);
    struct buf plain CLEANUP(buf_done) = {0};
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    TRY(stored_write(API_STORED_CLIP, v, &plain));
    return vault_rewrite(g->vault, &use, j->clip, buf_slice(&plain), answer);
}

/* The row as it is now, so that an audience chosen meanwhile stays. */
static struct status read_clip(struct guard *g, uint64_t clip, struct arena *a,
                               struct api_value **ret_v) {
    struct vault_use use = use_for(g, API_CLIP_FINISH, LAW_OPERATION_USE);
    struct buf plain CLEANUP(buf_done) = {0};
    struct vault_meta meta;
    buf_init_secret(&plain, VAULT_PAYLOAD_MAX);
    TRY(vault_read(g->vault, &use, clip, &plain, &meta, NULL));
    TRY(stored_read(API_STORED_CLIP, buf_slice(&plain), a, ret_v));
    clip_withhold(&meta, *ret_v);
    return STATUS_OK;
}

static struct status publish(struct guard *g, struct job *j) {
    struct arena a CLEANUP(arena_done);
    struct api_value *v = NULL;
    struct vault_answer answer;
    const struct studio_message *large = &j->outputs[STUDIO_OUT_FULL - 1].said;
    arena_init(&a, 65536);
    TRY(read_clip(g, j->clip, &a, &v));
    v[STO_CLIP_STATE] = api_text("ready");
    v[STO_CLIP_ORIGINAL].n = 0;
    v[STO_CLIP_LARGE].n = j->outputs[STUDIO_OUT_FULL - 1].blob;
    v[STO_CLIP_SMALL].n = j->outputs[STUDIO_OUT_SMALL - 1].blob;
    v[STO_CLIP_POSTER].n = j->outputs[STUDIO_OUT_POSTER - 1].blob;
    v[STO_CLIP_DURATION_MS].n = large->duration_ms;
    v[STO_CLIP_WIDTH].n = large->width;
    v[STO_CLIP_HEIGHT].n = large->height;
    TRY(erase(g, j->blob));
    j->blob = 0;
    if (audience_of(v[STO_CLIP_AUDIENCE].bytes) == AUDIENCE_EVERYONE) {
        struct vault_use use = use_for(g, API_CLIP_AUDIENCE, LAW_OPERATION_PUBLISH);
        use.by_subject_action = true;
        TRY(vault_permit(g->vault, &use, g->uses[API_CLIP_AUDIENCE].category, j->owner, &answer));
    }
    TRY(rewrite(g, j, v, &answer));
    clear(g->studio, j);
    return STATUS_OK;
}

static struct status seal_outputs(struct guard *g, struct job *j) {
    struct output *o = &j->outputs[j->output];
    if (o->blob == 0) {
        return begin_sealing(g, j, o);
    }
    if (o->sealed < o->said.size_bytes) {
        return seal_step(g, o);
    }
    TRY(vault_blob_finish(g->vault, o->blob));
    return ++j->output < OUTPUTS ? STATUS_OK : publish(g, j);
}

/* --- one step of everything --- */

static struct status step(struct guard *g, struct job *j) {
    switch (j->state) {
    case JOB_QUEUED:
        return g->studio->active < GUARD_STUDIOS ? start_loading(g, j) : STATUS_OK;
    case JOB_LOADING:
        return load_more(g, j);
    case JOB_WORKING:
        return work(g, j);
    case JOB_SEALING:
        return seal_outputs(g, j);
    case JOB_FREE:
    case JOB_RECEIVING:
    case JOB_CALLING:
    case JOB_FAILED:
        return STATUS_OK;
    }
    return FAIL(E_UNKNOWN);
}

static void count_active(struct studio *s) {
    s->active = 0;
    for (size_t i = 0; i < GUARD_JOBS; i++) {
        s->active += is_active(&s->jobs[i]) ? 1 : 0;
    }
}

void studio_tick(struct guard *g, int *ret_wait_ms) {
    struct studio *s = g->studio;
    bool moving = false;
    for (size_t i = 0; i < GUARD_JOBS; i++) {
        struct job *j = &s->jobs[i];
        if (j->state == JOB_FAILED && guard_now(g) >= j->forget_ms) {
            clear(s, j);
        }
        if (j->state == JOB_FREE || j->state == JOB_RECEIVING || j->state == JOB_FAILED) {
            continue;
        }
        count_active(s);
        struct status status = step(g, j);
        if (failed(status)) {
            fail_job(g, j, status);
        }
        moving |= j->state == JOB_LOADING || j->state == JOB_SEALING;
    }
    count_active(s);
    int wait_ms = moving ? 0 : s->active > 0 ? WAIT_MS : *ret_wait_ms;
    *ret_wait_ms = wait_ms < *ret_wait_ms ? wait_ms : *ret_wait_ms;
}

/* --- questions --- */

static void describe(const struct job *j, struct upload *ret) {
    static const char *const names[] = {
        [JOB_FREE] = "",
        [JOB_RECEIVING] = "receiving",
        [JOB_QUEUED] = "processing",
        [JOB_LOADING] = "processing",
        [JOB_CALLING] = "processing",
        [JOB_WORKING] = "processing",
        [JOB_SEALING] = "checking",
        [JOB_FAILED] = "failed",
    };
    bool checks = j->role == STUDIO_CHECK && (j->state == JOB_CALLING || j->state == JOB_WORKING);
    *ret = (struct upload){.clip = j->clip,
                           .owner = j->owner,
                           .state = checks ? "checking" : names[j->state],
                           .permille = j->permille,
                           .problem = j->problem};
}

bool studio_upload(const struct guard *g, uint64_t clip, struct upload *ret_upload) {
    const struct job *j = find(g, clip);
    if (j != NULL) {
        describe(j, ret_upload);
    }
    return j != NULL;
}

size_t studio_uploads_of(const struct guard *g, uint64_t owner, struct upload *ret, size_t max) {
    size_t count = 0;
    for (size_t i = 0; i < GUARD_JOBS && count < max; i++) {
        const struct job *j = &g->studio->jobs[i];
        if (j->state != JOB_FREE && j->owner == owner) {
            describe(j, &ret[count++]);
        }
    }
    return count;
}

void studio_forget_subject(struct guard *g, uint64_t subject) {
    for (size_t i = 0; i < GUARD_JOBS; i++) {
        if (g->studio->jobs[i].state != JOB_FREE && g->studio->jobs[i].owner == subject) {
            clear(g->studio, &g->studio->jobs[i]);
        }
    }
}

void studio_forget_clip(struct guard *g, uint64_t clip) {
    struct job *j = find(g, clip);
    if (j != NULL) {
        clear(g->studio, j);
    }
}

/* --- after a start --- */

struct left {
    struct guard *g;
    struct arena arena;
    struct index named;   /* blobs that a clip names */
    struct index unnamed; /* finished, and no clip does: a crash came before the publishing */
    struct {
        uint64_t clip, owner, original;
        bool whole;
    } found[GUARD_JOBS];
    size_t count;
};

static struct status note_left(void *arg, const struct vault_meta *meta, struct slice payload) {
    struct left *left = arg;
    struct api_value *v = NULL;
    TRY(stored_read(API_STORED_CLIP, payload, &left->arena, &v));
    static const unsigned blobs[] = {STO_CLIP_ORIGINAL, STO_CLIP_LARGE, STO_CLIP_SMALL,
                                     STO_CLIP_POSTER};
    for (size_t i = 0; i < ARRAY_LEN(blobs); i++) {
        TRY(index_put(&left->named, v[blobs[i]].n, 0, 0));
    }
    if (slice_eq(v[STO_CLIP_STATE].bytes, SLICE("ready")) || left->count == GUARD_JOBS) {
        return STATUS_OK;
    }
    left->found[left->count].clip = meta->id;
    left->found[left->count].owner = meta->owner;
    left->found[left->count].original = v[STO_CLIP_ORIGINAL].n;
    left->found[left->count].whole = slice_eq(v[STO_CLIP_STATE].bytes, SLICE("processing"));
    left->count++;
    return STATUS_OK;
}

static struct status note_unnamed(void *arg, const struct vault_meta *meta, struct slice payload) {
    struct left *left = arg;
    uint64_t ignored;
    (void)payload;
    bool waits = (meta->flags & VAULT_UNFINISHED) != 0; /* the vault's own sweep has those */
    bool named = index_get(&left->named, meta->id, 0, &ignored);
    return waits || named ? STATUS_OK : index_put(&left->unnamed, meta->id, 0, 0);
}

static struct status erase_unnamed(struct guard *g, struct left *left) {
    struct vault_use use = use_for(g, API_CLIP_FINISH, LAW_OPERATION_USE);
    struct vault_query query = {.category = (uint8_t)(g->uses[API_CLIP_BEGIN].category + 1)};
    struct vault_found found;
    uint8_t poster;
    TRY(vault_category(g->vault, SLICE("poster"), &poster));
    TRY(vault_find_meta(g->vault, &use, &query, note_unnamed, left, &found));
    query.category = (uint8_t)(poster + 1);
    TRY(vault_find_meta(g->vault, &use, &query, note_unnamed, left, &found));
    for (size_t i = 0; i < left->unnamed.cap; i++) {
        if (left->unnamed.slots[i].state == INDEX_FULL) {
            TRY(erase(g, left->unnamed.slots[i].a));
        }
    }
    return STATUS_OK;
}

/* Uploads that were whole go on; those that were cut off are gone, with their rows. */
static struct status resume(struct guard *g, struct left *left) {
    struct vault_use use = use_for(g, API_CLIP_FINISH, LAW_OPERATION_USE);
    struct vault_query query = {.category = (uint8_t)(g->uses[API_CLIP_STATUS].category + 1)};
    struct vault_found found;
    TRY(vault_find(g->vault, &use, &query, note_left, left, &found));
    for (size_t i = 0; i < left->count; i++) {
        uint64_t size;
        struct status s = vault_blob_size(g->vault, left->found[i].original, &size);
        if (s.code == OK && left->found[i].whole) {
            TRY(enlist(g, JOB_QUEUED, left->found[i].clip, left->found[i].owner,
                       left->found[i].original, size));
        } else {
            TRY(erase(g, left->found[i].original));
            TRY(erase(g, left->found[i].clip));
        }
    }
    return erase_unnamed(g, left);
}

struct status studio_new(struct guard *g, struct studio **ret_studio) {
    struct studio *s = mem_alloc(sizeof *s);
    struct left *left = mem_alloc(sizeof *left);
    if (s == NULL || left == NULL) {
        mem_free(s);
        mem_free(left);
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < GUARD_JOBS; i++) {
        clear(s, &s->jobs[i]);
    }
    *ret_studio = s;
    left->g = g;
    arena_init(&left->arena, 256 << 20);
    struct status status = resume(g, left);
    arena_done(&left->arena);
    index_done(&left->named);
    index_done(&left->unnamed);
    mem_free(left);
    return status;
}

void studio_free(struct guard *g, struct studio **studio) {
    (void)g;
    if (*studio != NULL) {
        for (size_t i = 0; i < GUARD_JOBS; i++) {
            clear(*studio, &(*studio)->jobs[i]);
        }
        mem_free(*studio);
        *studio = NULL;
    }
}
