/* The studio as the guard sees it: a phone's clip goes in, what may be published comes out and
 * carries nothing of where, when and with what; bad files, dying, hanging and lying studios each
 * end in one clear error, and leave nothing behind. */
#include "media/studio.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "clip.h"
#include "demo_phone.h"
#include "studio_help.h"
#include "studio_wire.h"

#include <cmocka.h>

static struct buf phone;

static int prepare(void **state) {
    (void)state;
    return failed(read_file(PHONE_CLIP, &phone)) || phone.len < 10000;
}

static int tidy(void **state) {
    (void)state;
    buf_done(&phone);
    return 0;
}

/* What the phone wrote, and how else it could stand in a file. */
static const char *const telling[] = {
    PHONE_LOCATION, PHONE_MAKE,  PHONE_MODEL, PHONE_SOFTWARE, PHONE_HANDLER, PHONE_TITLE,
    "+52.37",       "Wardphone", "Pocket",    "PhoneOS",      "Anna",        "2026-03-14",
    "quicktime",    "location",  "x264",      "Lavc",         "Lavf",        "udta",
};

static bool holds(struct slice file, const char *text) {
    return memmem(file.ptr, file.len, text, strlen(text)) != NULL;
}

static void phone_clip_tells_everything(void **state) {
    (void)state;
    struct slice file = buf_slice(&phone);
    for (size_t i = 0; i < 6; i++) {
        assert_true(holds(file, telling[i]));
    }
    assert_true(holds(file, "udta"));
    /* Creation time: seconds since 1904, in mvhd. */
    const uint8_t *mvhd = memmem(file.ptr, file.len, "mvhd", 4);
    assert_non_null(mvhd);
    assert_int_not_equal(bytes_be32(mvhd + 8), 0);
}

static void assert_tells_nothing(int fd) {
    struct slice file = map_fd(fd);
    assert_non_null(file.ptr);
    for (size_t i = 0; i < ARRAY_LEN(telling); i++) {
        if (holds(file, telling[i])) {
            fail_msg("what would be published holds \"%s\"", telling[i]);
        }
    }
    unmap(file);
}

static void assert_checked(const struct outcome *o, enum studio_output output) {
    struct slice file = map_fd(o->fd[output]);
    struct outcome check;
    run_studio(STUDIO_CHECK, output, file, &check);
    assert_int_equal(check.code, OK);
    assert_int_equal(check.done.width, o->said[output].width);
    assert_int_equal(check.done.height, o->said[output].height);
    assert_int_equal(check.done.audio, o->said[output].audio);
    unmap(file);
}

static void phone_clip_becomes_publishable(void **state) {
    struct outcome o;
    size_t before = open_descriptors();
    (void)state;
    run_studio(STUDIO_TRANSCODE, STUDIO_OUT_NONE, buf_slice(&phone), &o);
    assert_int_equal(o.code, OK);
    assert_in_range(o.progress, 10, 101);
    /* It was filmed lying at 1280 x 720 and is shown upright. */
    assert_int_equal(o.said[STUDIO_OUT_FULL].width, 720);
    assert_int_equal(o.said[STUDIO_OUT_FULL].height, 1280);
    assert_int_equal(o.said[STUDIO_OUT_SMALL].width, 480);
    assert_int_equal(o.said[STUDIO_OUT_SMALL].height, 852);
    assert_int_equal(o.said[STUDIO_OUT_POSTER].width, 720);
    assert_in_range(o.said[STUDIO_OUT_FULL].duration_ms, 2950, 3050);
    assert_in_range(o.said[STUDIO_OUT_SMALL].duration_ms, 2950, 3050);
    assert_int_equal(o.said[STUDIO_OUT_FULL].audio, 1);
    assert_true(o.said[STUDIO_OUT_SMALL].size_bytes < o.said[STUDIO_OUT_FULL].size_bytes);
    for (enum studio_output i = STUDIO_OUT_FULL; i <= STUDIO_OUT_POSTER; i++) {
        assert_tells_nothing(o.fd[i]);
        assert_checked(&o, i);
    }
    outcome_done(&o);
    assert_int_equal(open_descriptors(), before);
    assert_false(has_children());
}

static void every_kind_of_file_gets_its_answer(void **state) {
    static const struct {
        const char *name;
        uint16_t code;
    } files[] = {
        {"vp9-opus.webm", OK},
        {"vp8-vorbis.webm", OK},
        {"hevc-aac.mov", OK},
        {"av1.mp4", OK},
        {"fragmented.mp4", OK},
        {"surround-late.mp4", OK},
        {"mpeg4.mp4", E_MEDIA_UNSUPPORTED},
        {"ac3.mp4", E_MEDIA_UNSUPPORTED},
        {"still.png", E_MEDIA_UNSUPPORTED},
        {"sound-only.mp4", E_MEDIA_NO_VIDEO},
        {"too-long.mp4", E_MEDIA_TOO_LONG},
        {"too-short.mp4", E_MEDIA_TOO_SHORT},
        {"too-wide.mp4", E_MEDIA_LIMITS},
        {"too-fast.mp4", E_MEDIA_LIMITS},
    };
    size_t before = open_descriptors();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[512];
        struct buf file;
        (void)snprintf(path, sizeof path, "%s/%s", MEDIA_DATA, files[i].name);
        assert_int_equal(read_file(path, &file).code, OK);
        uint16_t code = studio_code(buf_slice(&file));
        if (code != files[i].code) {
            fail_msg("%s: %u instead of %u", files[i].name, code, files[i].code);
        }
        buf_done(&file);
    }
    assert_int_equal(open_descriptors(), before);
    assert_false(has_children());
}

static void small_pictures_are_not_enlarged(void **state) {
    struct buf file;
    struct outcome o;
    (void)state;
    assert_int_equal(read_file(MEDIA_DATA "/vp9-opus.webm", &file).code, OK);
    run_studio(STUDIO_TRANSCODE, STUDIO_OUT_NONE, buf_slice(&file), &o);
    assert_int_equal(o.code, OK);
    assert_int_equal(o.said[STUDIO_OUT_FULL].width, 96);
    assert_int_equal(o.said[STUDIO_OUT_FULL].height, 64);
    assert_int_equal(o.said[STUDIO_OUT_SMALL].width, 64);
    outcome_done(&o);
    buf_done(&file);
}

static void file_without_sound_has_none(void **state) {
    struct buf file;
    struct outcome o;
    (void)state;
    assert_int_equal(read_file(MEDIA_DATA "/av1.mp4", &file).code, OK);
    run_studio(STUDIO_TRANSCODE, STUDIO_OUT_NONE, buf_slice(&file), &o);
    assert_int_equal(o.code, OK);
    assert_int_equal(o.said[STUDIO_OUT_FULL].audio, 0);
    assert_checked(&o, STUDIO_OUT_FULL);
    outcome_done(&o);
    buf_done(&file);
}

static void tampered_output_is_refused_by_the_check(void **state) {
    static const uint8_t udta[] = "\0\0\0\x18udta+52.3702+004.895";
    static const uint8_t uuid[] = "\0\0\0\x18uuid+52.3702+004.895";
    struct buf clip;
    struct outcome o;
    (void)state;
    buf_init(&clip, 1 << 20);
    assert_int_equal(clip_write(true, &clip).code, OK);
    run_studio(STUDIO_CHECK, STUDIO_OUT_FULL, buf_slice(&clip), &o);
    assert_int_equal(o.code, OK);
    size_t whole = clip.len;
    assert_int_equal(buf_add(&clip, slice_of(udta, 24)).code, OK);
    run_studio(STUDIO_CHECK, STUDIO_OUT_FULL, buf_slice(&clip), &o);
    assert_int_equal(o.code, E_MEDIA_UNCLEAN);
    clip.len = whole;
    assert_int_equal(buf_add(&clip, slice_of(uuid, 24)).code, OK);
    run_studio(STUDIO_CHECK, STUDIO_OUT_SMALL, buf_slice(&clip), &o);
    assert_int_equal(o.code, E_MEDIA_UNCLEAN);
    clip.len = whole;
    /* A clip is not a poster, nor the phone's file a clip. */
    run_studio(STUDIO_CHECK, STUDIO_OUT_POSTER, buf_slice(&clip), &o);
    assert_int_equal(o.code, E_MEDIA_UNCLEAN);
    run_studio(STUDIO_CHECK, STUDIO_OUT_FULL, buf_slice(&phone), &o);
    assert_int_equal(o.code, E_MEDIA_UNCLEAN);
    buf_done(&clip);
}

static void missing_or_foreign_program_is_an_error(void **state) {
    static const struct studio_exe none = {.path = "/nonexistent/ward-studio"};
    static const struct studio_exe other = {.path = "/bin/true"};
    struct studio_child child;
    int fd = memfd_of(SLICE("x"));
    (void)state;
    assert_int_equal(studio_spawn(&none, STUDIO_CHECK, &child).code, E_STUDIO_START);
    uint16_t code = studio_run(&other, STUDIO_TRANSCODE, STUDIO_OUT_NONE, fd, NULL, NULL).code;
    assert_int_equal(code, E_STUDIO_DIED);
    assert_false(has_children());
    (void)close(fd);
}

static void input_that_could_change_is_not_sent(void **state) {
    struct studio_child child;
    struct studio_job job;
    int fd;
    (void)state;
    assert_int_equal(studio_memfd("open", &fd).code, OK);
    assert_false(studio_is_sealed(fd));
    assert_int_equal(studio_spawn(&studio, STUDIO_TRANSCODE, &child).code, OK);
    assert_int_equal(
        studio_job_begin(child.fd, STUDIO_TRANSCODE, STUDIO_OUT_NONE, fd, 0, &job).code,
        E_STUDIO_PROTOCOL);
    child.fd = -1;
    (void)studio_child_end(&child);
    (void)close(fd);
}

static void killed_studio_is_an_error(void **state) {
    struct studio_child child;
    struct studio_job job;
    struct studio_event event;
    int fd = memfd_of(buf_slice(&phone));
    (void)state;
    assert_int_equal(studio_spawn(&studio, STUDIO_TRANSCODE, &child).code, OK);
    assert_int_equal(
        studio_job_begin(child.fd, STUDIO_TRANSCODE, STUDIO_OUT_NONE, fd, 0, &job).code, OK);
    child.fd = -1;
    assert_int_equal(kill(child.pid, SIGKILL), 0);
    struct status s = STATUS_OK;
    while (!failed(s)) {
        struct pollfd wait = {.fd = job.fd, .events = POLLIN};
        assert_true(poll(&wait, 1, 20000) > 0);
        s = studio_job_step(&job, 0, &event);
    }
    assert_int_equal(s.code, E_STUDIO_DIED);
    assert_int_equal(job.fd, -1);
    assert_false(studio_child_end(&child));
    (void)close(fd);
}

/* The guard needs no right to signal anybody: closing its end is enough. */
static void abandoned_studio_is_killed_by_the_kernel(void **state) {
    struct studio_child child;
    struct studio_job job;
    struct studio_event event;
    int fd = memfd_of(buf_slice(&phone));
    (void)state;
    assert_int_equal(studio_spawn(&studio, STUDIO_TRANSCODE, &child).code, OK);
    assert_int_equal(
        studio_job_begin(child.fd, STUDIO_TRANSCODE, STUDIO_OUT_NONE, fd, 0, &job).code, OK);
    child.fd = -1;
    /* Until it is at work. */
    struct pollfd wait = {.fd = job.fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 20000), 1);
    assert_int_equal(studio_job_step(&job, 0, &event).code, OK);
    studio_job_end(&job);
    int status;
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    (void)close(fd);
}

/* A pair of which the test plays the studio. */
static void begin_with_liar(enum studio_role role, int *ret_studio_end, struct studio_job *job) {
    int pair[2];
    int fd = memfd_of(SLICE("original"));
    enum studio_output claimed = role == STUDIO_CHECK ? STUDIO_OUT_FULL : STUDIO_OUT_NONE;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(studio_job_begin(pair[0], role, claimed, fd, 1000, job).code, OK);
    struct studio_message m;
    int in;
    assert_int_equal(studio_receive(pair[1], &m, &in), STUDIO_MESSAGE);
    assert_int_equal(m.kind, STUDIO_JOB);
    assert_true(studio_is_sealed(in));
    (void)close(in);
    (void)close(fd);
    *ret_studio_end = pair[1];
}

static void silence_is_a_timeout(void **state) {
    struct studio_job job;
    struct studio_event event;
    int end;
    (void)state;
    begin_with_liar(STUDIO_TRANSCODE, &end, &job);
    assert_int_equal(studio_job_wait_ms(&job, 1000), STUDIO_STALL_MAX_MS);
    assert_int_equal(studio_job_step(&job, 1000 + STUDIO_STALL_MAX_MS - 1, &event).code, OK);
    assert_int_equal(event.kind, STUDIO_EVENT_NONE);
    assert_int_equal(studio_job_step(&job, 1000 + STUDIO_STALL_MAX_MS, &event).code,
                     E_STUDIO_TIMEOUT);
    assert_true(job.ended);
    (void)close(end);
    begin_with_liar(STUDIO_CHECK, &end, &job);
    assert_int_equal(studio_job_step(&job, 1000 + STUDIO_CHECK_MAX_MS, &event).code,
                     E_STUDIO_TIMEOUT);
    (void)close(end);
}

/* Progress does not buy time without end. */
static void busy_studio_is_stopped_too(void **state) {
    struct studio_job job;
    struct studio_event event;
    struct studio_message m = {.version = STUDIO_VERSION, .kind = STUDIO_PROGRESS};
    int end;
    (void)state;
    begin_with_liar(STUDIO_TRANSCODE, &end, &job);
    int64_t now = 1000;
    struct status s = STATUS_OK;
    while (!failed(s) && now < 10 * (int64_t)STUDIO_WALL_MAX_MS) {
        assert_int_equal(studio_send(end, &m, -1).code, OK);
        s = studio_job_step(&job, now, &event);
        now += 60000;
    }
    assert_int_equal(s.code, E_STUDIO_TIMEOUT);
    (void)close(end);
}

static uint16_t answer_to(enum studio_role role, const struct studio_message *m, int fd) {
    struct studio_job job;
    struct studio_event event;
    int end;
    begin_with_liar(role, &end, &job);
    assert_int_equal(studio_send(end, m, fd).code, OK);
    struct status s = studio_job_step(&job, 1000, &event);
    if (!failed(s) && event.fd >= 0) {
        (void)close(event.fd);
    }
    assert_int_equal(job.ended, failed(s) || event.kind == STUDIO_EVENT_DONE);
    studio_job_end(&job);
    (void)close(end);
    return s.code;
}

static struct studio_message honest_output(void) {
    return (struct studio_message){.version = STUDIO_VERSION,
                                   .kind = STUDIO_OUTPUT,
                                   .output = STUDIO_OUT_FULL,
                                   .width = 720,
                                   .height = 1280,
                                   .duration_ms = 1000,
                                   .size_bytes = 4};
}

static void lying_studio_is_not_believed(void **state) {
    int sealed = memfd_of(SLICE("clip"));
    int open_fd;
    int file = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    size_t before = open_descriptors();
    (void)state;
    assert_int_equal(studio_memfd("open", &open_fd).code, OK);
    assert_int_equal(write(open_fd, "clip", 4), 4);
    struct studio_message m = honest_output();
    assert_int_equal(answer_to(STUDIO_TRANSCODE, &m, sealed), OK);
    assert_int_equal(answer_to(STUDIO_TRANSCODE, &m, open_fd), E_STUDIO_PROTOCOL);
    assert_int_equal(answer_to(STUDIO_TRANSCODE, &m, file), E_STUDIO_PROTOCOL);
    assert_int_equal(answer_to(STUDIO_TRANSCODE, &m, -1), E_STUDIO_PROTOCOL);
    assert_int_equal(answer_to(STUDIO_CHECK, &m, sealed), E_STUDIO_PROTOCOL);
    struct studio_message wrong[] = {m, m, m, m, m, m, m, m, m};
    wrong[0].version = 9;
    wrong[1].kind = 77;
    wrong[2].kind = STUDIO_JOB;
    wrong[3].output = STUDIO_OUT_SMALL; /* out of order */
    wrong[4].size_bytes = 5;
    wrong[5].width = 100000;
    wrong[6].height = 0;
    wrong[7].kind = STUDIO_DONE; /* with a descriptor, and before the outputs */
    wrong[8].duration_ms = 999999999;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(answer_to(STUDIO_TRANSCODE, &wrong[i], sealed), E_STUDIO_PROTOCOL);
    }
    struct studio_message early = {.version = STUDIO_VERSION, .kind = STUDIO_DONE};
    assert_int_equal(answer_to(STUDIO_TRANSCODE, &early, -1), E_STUDIO_PROTOCOL);
    assert_int_equal(answer_to(STUDIO_CHECK, &early, -1), OK);
    (void)close(open_fd);
    assert_int_equal(open_descriptors(), before);
    (void)close(sealed);
    (void)close(file);
}

static void failure_is_one_of_ours(void **state) {
    struct studio_message m = {.version = STUDIO_VERSION, .kind = STUDIO_FAILED};
    (void)state;
    m.code = E_MEDIA_TRUNCATED;
    assert_int_equal(answer_to(STUDIO_TRANSCODE, &m, -1), E_MEDIA_TRUNCATED);
    m.code = OK;
    assert_int_equal(answer_to(STUDIO_TRANSCODE, &m, -1), E_STUDIO_PROTOCOL);
    m.code = 915; /* no such error */
    assert_int_equal(answer_to(STUDIO_TRANSCODE, &m, -1), E_STUDIO_PROTOCOL);
    m.code = E_SANDBOX; /* not for a studio to say */
    assert_int_equal(answer_to(STUDIO_TRANSCODE, &m, -1), E_STUDIO_PROTOCOL);
}

static void flood_of_messages_is_stopped(void **state) {
    struct studio_message m = {.version = STUDIO_VERSION, .kind = STUDIO_PROGRESS};
    struct studio_job job;
    struct studio_event event;
    struct status s = STATUS_OK;
    int end;
    (void)state;
    begin_with_liar(STUDIO_TRANSCODE, &end, &job);
    for (uint32_t i = 0; !failed(s) && i < STUDIO_MAX_MESSAGES; i++) {
        assert_int_equal(studio_send(end, &m, -1).code, OK);
        s = studio_job_step(&job, 1000, &event);
        assert_int_equal(s.code, OK);
    }
    assert_int_equal(studio_send(end, &m, -1).code, OK);
    assert_int_equal(studio_job_step(&job, 1000, &event).code, E_STUDIO_PROTOCOL);
    (void)close(end);
}

static void short_packet_is_nonsense(void **state) {
    struct studio_job job;
    struct studio_event event;
    int end;
    (void)state;
    begin_with_liar(STUDIO_TRANSCODE, &end, &job);
    assert_int_equal(send(end, "short", 5, 0), 5);
    assert_int_equal(studio_job_step(&job, 1000, &event).code, E_STUDIO_PROTOCOL);
    (void)close(end);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phone_clip_tells_everything),
        cmocka_unit_test(phone_clip_becomes_publishable),
        cmocka_unit_test(every_kind_of_file_gets_its_answer),
        cmocka_unit_test(small_pictures_are_not_enlarged),
        cmocka_unit_test(file_without_sound_has_none),
        cmocka_unit_test(tampered_output_is_refused_by_the_check),
        cmocka_unit_test(missing_or_foreign_program_is_an_error),
        cmocka_unit_test(input_that_could_change_is_not_sent),
        cmocka_unit_test(killed_studio_is_an_error),
        cmocka_unit_test(abandoned_studio_is_killed_by_the_kernel),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(busy_studio_is_stopped_too),
        cmocka_unit_test(lying_studio_is_not_believed),
        cmocka_unit_test(failure_is_one_of_ours),
        cmocka_unit_test(flood_of_messages_is_stopped),
        cmocka_unit_test(short_packet_is_nonsense),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, prepare, tidy);
}
