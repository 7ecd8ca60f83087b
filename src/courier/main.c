/* ward-courier: carries mails from the outbox to a mail server. Started when one is configured;
 * without, mails stay in the outbox for the operator to see.
 *
 * Usage: ward-courier --outbox DIR --smtp URL [--from ADDRESS]
 *                     [--user NAME --password-file FILE] */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "courier/courier.h"
#include "os/sandbox.h"

struct options {
    const char *outbox;
    const char *password_file;
    struct courier_server server;
};

static int complain(const char *what, struct status s) {
    const struct error_info *e = error_info(s.code);
    fprintf(stderr, "ward-courier: %s: %s %s\n", what, e->cause, e->remedy);
    return 1;
}

static bool read_options(int argc, char **argv, struct options *o) {
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {"--outbox", &o->outbox},
        {"--smtp", &o->server.url},
        {"--from", &o->server.from},
        {"--user", &o->server.user},
        {"--password-file", &o->password_file},
    };
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;
        while (k < ARRAY_LEN(known) && strcmp(known[k].name, argv[i]) != 0) {
            k++;
        }
        if (k == ARRAY_LEN(known) || i + 1 == argc) {
            return false;
        }
        *known[k].value = argv[i + 1];
    }
    return o->outbox != NULL && o->server.url != NULL &&
           (o->server.user == NULL) == (o->password_file == NULL);
}

static struct status read_password(const char *path, char *to, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, to, size - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (n <= 0) {
        return FAIL(E_COURIER_OUTBOX);
    }
    to[strcspn(to, "\r\n")] = 0;
    return STATUS_OK;
}

static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The names of hosts and the certificates of servers stand in /etc. */
static struct status shut_in(int outbox) {
    int etc = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct os_sandbox_dir dirs[] = {{.fd = outbox, .write = true}, {.fd = etc}};
    struct status s = os_sandbox_enter(OS_PROFILE_COURIER, dirs, etc < 0 ? 1 : 2);
    if (etc >= 0) {
        close(etc);
    }
    return s;
}

static int carry(int outbox, const struct courier_server *server, int signals) {
    struct pollfd fd = {.fd = signals, .events = POLLIN};
    int pause_ms = 0;
    int failures = 0;
    while (poll(&fd, 1, pause_ms) <= 0) {
        size_t sent = 0;
        struct status s = courier_empty(outbox, server, &sent);
        if (!failed(s)) {
            failures = 0;
            pause_ms = COURIER_SCAN_MS;
            continue;
        }
        if (failures++ == 0) {
            complain("mails wait", s);
        }
        pause_ms = failures < 8 ? COURIER_RETRY_FIRST_MS << (failures - 1) : COURIER_RETRY_MOST_MS;
        pause_ms = pause_ms < COURIER_RETRY_MOST_MS ? pause_ms : COURIER_RETRY_MOST_MS;
    }
    return 0;
}

int main(int argc, char **argv) {
    struct options o = {.server = {.from = "ward@localhost"}};
    static char password[512];
    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "usage: ward-courier --outbox DIR --smtp URL [--from ADDRESS]\n"
                        "                    [--user NAME --password-file FILE]\n");
        return 2;
    }
    int signals = open_signals();
    int outbox = open(o.outbox, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct status s = outbox < 0 ? FAIL(E_COURIER_OUTBOX) : STATUS_OK;
    if (!failed(s) && o.password_file != NULL) {
        s = read_password(o.password_file, password, sizeof password);
        o.server.password = password;
    }
    if (!failed(s) && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        s = FAIL(E_MEMORY);
    }
    s = failed(s) ? s : shut_in(outbox);
    if (failed(s)) {
        return complain("cannot start", s);
    }
    int code = carry(outbox, &o.server, signals);
    mem_wipe(password, sizeof password);
    curl_global_cleanup();
    return code;
}
