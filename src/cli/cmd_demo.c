/* `ward demo`: fills an empty service with a dozen clips and five people, the way people do it:
 * through the public interface, and the operators through the owner's socket. What is there already
 * is left as it is, so that it can be cut short and run again. */
#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "cli.h"
#include "demo_http.h"
#include "demo_people.h"
#include "ward/ward.h"
#include "wire/json.h"

enum { PATH_BYTES = 512, JSON_BYTES = 8192, MAX_CLIPS = 32, WAIT_MS = 200, GIVE_UP_S = 600 };

struct demo {
    const char *url;
    const char *clips;  /* directory with clips.json */
    const char *outbox; /* directory of mails */
    const char *admin;  /* the owner's socket */
    struct demo_person *people;
    bool terminal;
};

/* --- making JSON --- */

static void put(struct json_writer *w, const char *key, const char *value) {
    json_put_key(w, slice_str(key));
    json_put_string(w, slice_str(value));
}

/* Ends the object and the text with a zero byte. */
static struct status finish(struct json_writer *w) {
    json_put_close(w);
    TRY(json_put_done(w));
    return buf_add_byte(w->out, 0);
}

static struct status member(struct demo_browser *b, const char *name, struct buf *ret_text) {
    buf_clear(ret_text);
    TRY(demo_member(buf_slice(&b->answer), name, ret_text));
    return buf_add_byte(ret_text, 0);
}

/* --- signing in and joining --- */

static struct status login(struct demo_browser *b, const struct demo_person *p) {
    struct buf json CLEANUP(buf_done);
    struct json_writer w;
    buf_init_secret(&json, JSON_BYTES);
    json_put_open(&w, &json);
    json_put_object(&w);
    put(&w, "name", p->name);
    put(&w, "password", p->password);
    TRY(finish(&w));
    return demo_ask(b, "POST", "/api/login", (const char *)json.ptr);
}

/* Who is DEMO_CHILD_AGE today. */
static struct status child_birth(struct buf *out) {
    struct date today = {.days = (int32_t)(time(NULL) / 86400)};
    struct date born = date_add_years(today, -DEMO_CHILD_AGE);
    born.days -= 90;
    return date_format(born, out);
}

static struct status write_join(const struct demo_person *p, const char *notice, struct buf *json) {
    struct json_writer w;
    struct buf birth CLEANUP(buf_done);
    buf_init(&birth, 16);
    TRY(p->birth == NULL ? child_birth(&birth) : buf_add_str(&birth, p->birth));
    TRY(buf_add_byte(&birth, 0));
    json_put_open(&w, json);
    json_put_object(&w);
    put(&w, "name", p->name);
    put(&w, "mail", p->mail);
    put(&w, "password", p->password);
    put(&w, "birth_date", (const char *)birth.ptr);
    put(&w, "country", p->country);
    put(&w, "region", "");
    put(&w, "language", "en");
    put(&w, "notice", notice);
    return finish(&w);
}

static struct status join(struct demo_browser *b, const struct demo_person *p) {
    struct buf notice CLEANUP(buf_done);
    struct buf json CLEANUP(buf_done);
    buf_init(&notice, 128);
    buf_init_secret(&json, JSON_BYTES);
    TRY(demo_ask(b, "GET",
                 p->birth == NULL ? "/api/notice?language=en&audience=child"
                                  : "/api/notice?language=en&audience=adult",
                 NULL));
    TRY(member(b, "version", &notice));
    TRY(write_join(p, (const char *)notice.ptr, &json));
    return demo_ask(b, "POST", "/api/join", (const char *)json.ptr);
}

/* Signs in, or joins where nobody of that name is. */
static struct status enter(const struct demo *d, enum demo_who who, struct demo_browser *b) {
    const struct demo_person *p = &d->people[who];
    struct status s = login(b, p);
    if (failed(s) && strcmp(b->code, "E_LOGIN") == 0) {
        s = join(b, p);
        if (!failed(s)) {
            printf("  %s joined\n", p->name);
        }
    }
    if (failed(s)) {
        demo_complain(b, p->name);
    }
    return s;
}

/* --- the child and the guardian --- */

/* The latest link of the mails in the outbox: what the guardian would click on. */
static struct status link_of_mail(const char *path, struct buf *ret_token) {
    char text[16384];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        return FAIL(E_DEMO);
    }
    text[n] = 0;
    const char *at = strstr(text, "/guardian/");
    if (at == NULL) {
        return FAIL(E_DEMO);
    }
    at += 10;
    buf_clear(ret_token);
    TRY(buf_add(ret_token, slice_of(at, strcspn(at, " \r\n>\""))));
    return buf_add_byte(ret_token, 0);
}

static struct status find_link(const struct demo *d, struct buf *ret_token) {
    char path[PATH_BYTES];
    int64_t newest = -1;
    DIR *dir = opendir(d->outbox);
    if (dir == NULL) {
        return FAIL(E_DEMO);
    }
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", d->outbox, e->d_name);
        if (e->d_name[0] == '.' || stat(path, &st) != 0) {
            continue;
        }
        int64_t at = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        if (at > newest && !failed(link_of_mail(path, ret_token))) {
            newest = at;
        }
    }
    closedir(dir);
    return newest < 0 ? FAIL(E_DEMO) : STATUS_OK;
}

/* Every purpose that is asked is refused, as the protective default has it. */
static struct status refuse_all(struct slice choices, struct json_writer *w) {
    struct slice item;
    json_put_array(w);
    while (demo_next(&choices, &item)) {
        struct buf purpose CLEANUP(buf_done);
        buf_init(&purpose, 64);
        TRY(demo_member(item, "purpose", &purpose));
        TRY(buf_add_byte(&purpose, 0));
        json_put_object(w);
        put(w, "purpose", (const char *)purpose.ptr);
        put(w, "state", "refused");
        json_put_close(w);
    }
    json_put_close(w);
    return STATUS_OK;
}

static struct status accept_link(struct demo_browser *guardian, const char *token) {
    struct buf choices CLEANUP(buf_done);
    struct buf json CLEANUP(buf_done);
    struct json_writer w;
    char path[PATH_BYTES];
    buf_init(&choices, 1 << 20);
    buf_init(&json, 1 << 16);
    snprintf(path, sizeof path, "/api/guardian/%s", token);
    TRY(demo_ask(guardian, "GET", path, NULL));
    TRY(demo_member(buf_slice(&guardian->answer), "choices", &choices));
    json_put_open(&w, &json);
    json_put_object(&w);
    put(&w, "signed_name", "Joost de Vries");
    json_put_key(&w, SLICE("declares"));
    json_put_bool(&w, true);
    json_put_key(&w, SLICE("decisions"));
    TRY(refuse_all(buf_slice(&choices), &w));
    TRY(finish(&w));
    return demo_ask(guardian, "POST", path, (const char *)json.ptr);
}

static struct status invite(const struct demo *d, struct demo_browser *child) {
    struct buf json CLEANUP(buf_done);
    struct json_writer w;
    buf_init(&json, JSON_BYTES);
    json_put_open(&w, &json);
    json_put_object(&w);
    put(&w, "mail", d->people[DEMO_GUARDIAN].mail);
    TRY(finish(&w));
    return demo_ask(child, "POST", "/api/guardian/invite", (const char *)json.ptr);
}

static struct status connect_family(const struct demo *d, struct demo_browser *child,
                                    struct demo_browser *guardian) {
    struct buf state CLEANUP(buf_done);
    struct buf token CLEANUP(buf_done);
    buf_init(&state, 64);
    buf_init_secret(&token, 256);
    TRY(demo_ask(child, "GET", "/api/me", NULL));
    TRY(member(child, "state", &state));
    if (strcmp((const char *)state.ptr, "needs-guardian") != 0) {
        return STATUS_OK;
    }
    TRY(invite(d, child));
    TRY(find_link(d, &token));
    TRY(accept_link(guardian, (const char *)token.ptr));
    printf("  %s is now %s's guardian\n", d->people[DEMO_GUARDIAN].name,
           d->people[DEMO_CHILD].name);
    return STATUS_OK;
}

/* --- clips --- */

struct clip {
    char file[64];
    char caption[256];
};

static struct status read_text(struct slice item, const char *name, char *to, size_t size) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, size - 1);
    TRY(demo_member(item, name, &text));
    memcpy(to, text.ptr, text.len);
    to[text.len] = 0;
    return STATUS_OK;
}

static struct status read_clips(const struct demo *d, struct clip *clips, size_t *ret_count) {
    char path[PATH_BYTES];
    char text[16384];
    snprintf(path, sizeof path, "%s/clips.json", d->clips);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0) {
        close(fd);
    }
    if (n <= 0) {
        return FAIL(E_DEMO_CLIPS);
    }
    struct slice rest = slice_of(text, (size_t)n);
    struct slice item;
    size_t count = 0;
    while (count < MAX_CLIPS && demo_next(&rest, &item)) {
        TRY(read_text(item, "file", clips[count].file, sizeof clips[count].file));
        TRY(read_text(item, "caption", clips[count].caption, sizeof clips[count].caption));
        count++;
    }
    *ret_count = count;
    return count > 0 ? STATUS_OK : FAIL(E_DEMO_CLIPS);
}

/* True when a clip of that caption is there, ready or on its way. */
static bool has_clip(struct demo_browser *b, const struct clip *c) {
    struct buf items CLEANUP(buf_done);
    struct slice item;
    char caption[512];
    char state[32];
    buf_init(&items, 4 << 20);
    if (failed(demo_ask(b, "GET", "/api/me/clips", NULL)) ||
        failed(demo_member(buf_slice(&b->answer), "items", &items))) {
        return false;
    }
    struct slice rest = buf_slice(&items);
    while (demo_next(&rest, &item)) {
        if (!failed(read_text(item, "caption", caption, sizeof caption)) &&
            !failed(read_text(item, "state", state, sizeof state)) &&
            strcmp(caption, c->caption) == 0 && strcmp(state, "failed") != 0 &&
            strcmp(state, "receiving") != 0) {
            return true;
        }
    }
    return false;
}

static void show(const struct demo *d, const struct clip *c, const char *state, const char *part) {
    if (d->terminal) {
        printf("\r\033[K  %-18s %s %s", c->file, state, part);
        fflush(stdout);
    }
}

static struct status begin_clip(const struct demo *d, struct demo_browser *b, const struct clip *c,
                                char *id, size_t id_size) {
    struct buf json CLEANUP(buf_done);
    struct json_writer w;
    struct stat st;
    char path[PATH_BYTES];
    buf_init(&json, JSON_BYTES);
    snprintf(path, sizeof path, "%s/%s", d->clips, c->file);
    if (stat(path, &st) != 0) {
        return FAIL(E_DEMO_CLIPS);
    }
    json_put_open(&w, &json);
    json_put_object(&w);
    put(&w, "caption", c->caption);
    put(&w, "audience", "everyone");
    json_put_key(&w, SLICE("size_bytes"));
    json_put_int(&w, st.st_size);
    TRY(finish(&w));
    TRY(demo_ask(b, "POST", "/api/clips", (const char *)json.ptr));
    return read_text(buf_slice(&b->answer), "clip", id, id_size);
}

static struct status read_state(struct demo_browser *b, const char *id, char *state, size_t size,
                                char *permille, size_t permille_size) {
    struct buf item CLEANUP(buf_done);
    char path[PATH_BYTES];
    buf_init(&item, 65536);
    snprintf(path, sizeof path, "/api/clips/%s", id);
    TRY(demo_ask(b, "GET", path, NULL));
    TRY(demo_member(buf_slice(&b->answer), "clip", &item));
    TRY(read_text(buf_slice(&item), "permille", permille, permille_size));
    return read_text(buf_slice(&item), "state", state, size);
}

/* Until the studio is done with it. */
static struct status wait_ready(const struct demo *d, struct demo_browser *b, const struct clip *c,
                                const char *id) {
    char state[32];
    char permille[16];
    time_t end = time(NULL) + GIVE_UP_S;
    while (time(NULL) < end) {
        TRY(read_state(b, id, state, sizeof state, permille, sizeof permille));
        show(d, c, state, permille);
        if (strcmp(state, "ready") == 0) {
            return STATUS_OK;
        }
        if (strcmp(state, "failed") == 0) {
            return FAIL(E_DEMO);
        }
        struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
    return FAIL(E_DEMO);
}

static struct status share(const struct demo *d, struct demo_browser *b, const struct clip *c) {
    char id[32];
    char path[PATH_BYTES];
    char file[PATH_BYTES];
    show(d, c, "sending", "");
    TRY(begin_clip(d, b, c, id, sizeof id));
    snprintf(path, sizeof path, "/api/clips/%s/bytes", id);
    snprintf(file, sizeof file, "%s/%s", d->clips, c->file);
    TRY(demo_put_file(b, path, file));
    snprintf(path, sizeof path, "/api/clips/%s/finish", id);
    TRY(demo_ask(b, "POST", path, "{}"));
    TRY(wait_ready(d, b, c, id));
    printf("%s  %-18s shared\n", d->terminal ? "\r\033[K" : "", c->file);
    fflush(stdout);
    return STATUS_OK;
}

static struct status share_all(const struct demo *d, struct demo_browser *adult,
                               struct demo_browser *guardian) {
    struct clip clips[MAX_CLIPS];
    size_t count;
    TRY(read_clips(d, clips, &count));
    for (size_t i = 0; i < count; i++) {
        struct demo_browser *b = i % 3 == 2 ? guardian : adult;
        if (has_clip(b, &clips[i])) {
            continue;
        }
        struct status s = share(d, b, &clips[i]);
        if (failed(s)) {
            demo_complain(b, clips[i].file);
            return s;
        }
    }
    return STATUS_OK;
}

/* --- operators --- */

static struct status make_operator(struct ward_client *guard, const struct demo_person *p) {
    struct api_value args[ARG_ADMIN_OPERATOR__COUNT] = {
        [ARG_ADMIN_OPERATOR_NAME] = api_text(p->name),
        [ARG_ADMIN_OPERATOR_PASSWORD] = api_text(p->password),
        [ARG_ADMIN_OPERATOR_COMPANY] = api_text(p->company),
        [ARG_ADMIN_OPERATOR_COUNTRY] = api_text(p->country),
        [ARG_ADMIN_OPERATOR_SAME_ENTITY] = api_yes(p->same_entity),
    };
    struct ward_answer answer;
    struct status s = ward_call(guard, API_ADMIN_OPERATOR, NULL, args, &answer);
    ward_answer_done(&answer);
    return s.code == E_NAME_TAKEN ? STATUS_OK : s;
}

static struct status make_operators(const struct demo *d) {
    struct ward_client *guard = NULL;
    TRY(ward_open(d->admin, &guard));
    struct status s = make_operator(guard, &d->people[DEMO_OPERATOR]);
    s = failed(s) ? s : make_operator(guard, &d->people[DEMO_ENGINEER]);
    ward_close(&guard);
    return s;
}

/* --- all of it --- */

struct browsers {
    struct demo_browser adult;
    struct demo_browser guardian;
    struct demo_browser child;
};

static struct status fill(const struct demo *d, struct browsers *b) {
    TRY(make_operators(d));
    TRY(enter(d, DEMO_ADULT, &b->adult));
    TRY(enter(d, DEMO_GUARDIAN, &b->guardian));
    TRY(enter(d, DEMO_CHILD, &b->child));
    struct status s = connect_family(d, &b->child, &b->guardian);
    if (failed(s)) {
        demo_complain(b->child.code[0] != 0 ? &b->child : &b->guardian, "the family");
        return s;
    }
    return share_all(d, &b->adult, &b->guardian);
}

static struct status open_browsers(const char *url, struct browsers *b) {
    TRY(demo_browser_open(url, &b->adult));
    TRY(demo_browser_open(url, &b->guardian));
    return demo_browser_open(url, &b->child);
}

static void close_browsers(struct browsers *b) {
    struct demo_browser *all[] = {&b->adult, &b->guardian, &b->child};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (all[i]->curl != NULL) {
            demo_browser_close(all[i]);
        }
    }
}

int cmd_demo(int argc, char **argv);
int cmd_demo(int argc, char **argv) {
    const char *accounts = "var/demo/accounts";
    struct demo d = {.url = "http://127.0.0.1:8080",
                     .clips = "var/demo/clips",
                     .outbox = "var/outbox",
                     .admin = "var/admin/guard.sock",
                     .terminal = isatty(STDOUT_FILENO) == 1};
    const struct cli_option options[] = {
        {"url", &d.url, NULL},     {"clips", &d.clips, NULL},     {"outbox", &d.outbox, NULL},
        {"admin", &d.admin, NULL}, {"accounts", &accounts, NULL},
    };
    struct browsers b = {0};
    int operands;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 0, &operands)) {
        return CLI_USAGE;
    }
    struct status s = demo_people_read(accounts, &d.people);
    if (failed(s) || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return cli_fail_status("demo", accounts, failed(s) ? s : FAIL(E_MEMORY));
    }
    s = open_browsers(d.url, &b);
    s = failed(s) ? s : fill(&d, &b);
    close_browsers(&b);
    curl_global_cleanup();
    if (failed(s)) {
        return cli_fail_status("demo", "the demo is not complete", s);
    }
    demo_people_print(d.people, d.url, accounts);
    return CLI_OK;
}
