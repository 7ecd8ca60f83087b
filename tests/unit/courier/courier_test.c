/* courier: heads are read strictly, mails reach a mail server and leave the outbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "courier/courier.h"

#define MAIL "To: guardian@example.org\nSubject: a link\n\nHello\n.dot\n"

static void test_head(void **state) {
    (void)state;
    struct courier_mail m;
    assert_int_equal(courier_read_head(SLICE(MAIL), &m).code, OK);
    assert_string_equal(m.from, "");
    assert_int_equal(courier_read_head(SLICE("From: Ward <w@x>\n" MAIL), &m).code, OK);
    assert_string_equal(m.from, "w@x");
    assert_string_equal(m.to, "guardian@example.org");
    static const char *const bad[] = {
        "",
        "From: a@b\n\nTo: c@d\n",
        "From: a@b\nTo: c@d\nTo: e@f\n\n",
        "From: a@b\nTo: c@d, e@f\n\n",
        "From: a@b\nTo: nobody\n\n",
        "From: a@b\nTo: <c@d> x\n\n",
        "From: a@b\nTo: c@d>\r\nRCPT\n\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(courier_read_head(slice_str(bad[i]), &m).code, E_COURIER_MAIL);
    }
}

/* --- a mail server that writes down what it hears --- */

struct server {
    int fd;
    int port;
    const char *rcpt_answer;
    char heard[8192];
    pthread_t thread;
};

static void talk(struct server *s, FILE *io) {
    char line[1024];
    bool data = false;
    fputs("220 test\r\n", io);
    while (fgets(line, sizeof line, io) != NULL) {
        strncat(s->heard, line, sizeof s->heard - strlen(s->heard) - 1);
        if (data) {
            data = strcmp(line, ".\r\n") != 0;
            if (!data) {
                fputs("250 taken\r\n", io);
            }
            continue;
        }
        if (strncmp(line, "DATA", 4) == 0) {
            data = true;
            fputs("354 go on\r\n", io);
        } else if (strncmp(line, "RCPT", 4) == 0) {
            fprintf(io, "%s\r\n", s->rcpt_answer);
        } else if (strncmp(line, "QUIT", 4) == 0) {
            fputs("221 bye\r\n", io);
            return;
        } else {
            fputs("250 ok\r\n", io);
        }
    }
}

static void *serve_one(void *context) {
    struct server *s = context;
    int fd = accept(s->fd, NULL, NULL);
    FILE *io = fdopen(fd, "r+");
    setvbuf(io, NULL, _IONBF, 0);
    talk(s, io);
    fclose(io);
    return NULL;
}

static void server_begin(struct server *s, const char *rcpt_answer) {
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    *s = (struct server){.rcpt_answer = rcpt_answer};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->fd, 4), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
    s->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve_one, s), 0);
}

static void server_end(struct server *s) {
    pthread_join(s->thread, NULL);
    close(s->fd);
}

/* --- the outbox --- */

static char dir_name[32];
static int dir_fd;

static int begin(void **state) {
    (void)state;
    strcpy(dir_name, "/tmp/ward-outbox-XXXXXX");
    assert_non_null(mkdtemp(dir_name));
    dir_fd = open(dir_name, O_RDONLY | O_DIRECTORY);
    return dir_fd < 0;
}

static int end(void **state) {
    (void)state;
    DIR *d = fdopendir(dir_fd);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    closedir(d);
    return rmdir(dir_name);
}

static void put(const char *name, const char *text) {
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static bool there(const char *name) {
    return faccessat(dir_fd, name, F_OK, 0) == 0;
}

static struct status empty_to(int port, size_t *ret_sent) {
    char url[64];
    struct courier_server server = {.url = url, .from = "ward@localhost"};
    snprintf(url, sizeof url, "smtp://127.0.0.1:%d", port);
    return courier_empty(dir_fd, &server, ret_sent);
}

static void test_delivered(void **state) {
    (void)state;
    struct server s;
    size_t sent = 0;
    put("1.eml", MAIL);
    put(".2.eml", MAIL); /* being written */
    put("3.txt", MAIL);
    server_begin(&s, "250 ok");
    assert_int_equal(empty_to(s.port, &sent).code, OK);
    server_end(&s);
    assert_int_equal(sent, 1);
    assert_false(there("1.eml"));
    assert_true(there(".2.eml") && there("3.txt"));
    assert_non_null(strstr(s.heard, "MAIL FROM:<ward@localhost>"));
    assert_non_null(strstr(s.heard, "From: Ward <ward@localhost>\r\nDate: "));
    assert_non_null(strstr(s.heard, "RCPT TO:<guardian@example.org>"));
    assert_non_null(strstr(s.heard, "Subject: a link\r\n\r\nHello\r\n..dot\r\n"));
}

static void test_refused_is_set_aside(void **state) {
    (void)state;
    struct server s;
    size_t sent = 9;
    put("1.eml", MAIL);
    server_begin(&s, "550 nobody here");
    assert_int_equal(empty_to(s.port, &sent).code, OK);
    server_end(&s);
    assert_int_equal(sent, 0);
    assert_true(there("1.eml.refused") && !there("1.eml"));
}

static void test_kept_while_away(void **state) {
    (void)state;
    struct server s;
    size_t sent = 9;
    put("1.eml", MAIL);
    server_begin(&s, "451 later");
    assert_int_equal(empty_to(s.port, &sent).code, E_COURIER_AWAY);
    server_end(&s);
    assert_int_equal(empty_to(s.port, &sent).code, E_COURIER_AWAY); /* nobody listens now */
    assert_true(there("1.eml"));
    assert_int_equal(sent, 0);
}

static void test_no_mail_is_set_aside(void **state) {
    (void)state;
    size_t sent;
    put("1.eml", "To: many@a, others@b\n\n");
    assert_int_equal(empty_to(1, &sent).code, OK);
    assert_true(there("1.eml.refused"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),
        cmocka_unit_test_setup_teardown(test_delivered, begin, end),
        cmocka_unit_test_setup_teardown(test_refused_is_set_aside, begin, end),
        cmocka_unit_test_setup_teardown(test_kept_while_away, begin, end),
        cmocka_unit_test_setup_teardown(test_no_mail_is_set_aside, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
