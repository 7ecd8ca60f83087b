/* The people of the demo. Must never use a password that stands in the program. */
#include "demo_people.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS = 64, WORDS_EACH = 4 };

static struct demo_person people[DEMO_PEOPLE] = {
    [DEMO_ADULT] = {"adult", "Marijke", "marijke@example.org", "1990-05-14", NULL, "NL", false, ""},
    [DEMO_GUARDIAN] = {"guardian", "Joost", "joost@example.org", "1985-02-03", NULL, "NL", false,
                       ""},
    [DEMO_CHILD] = {"child", "Sem", "sem@example.org", NULL, NULL, "NL", false, ""},
    [DEMO_OPERATOR] = {"operator", "Olga", NULL, NULL, "Ward", "NL", true, ""},
    [DEMO_ENGINEER] = {"engineer", "Wei", NULL, NULL, "Another Company", "CN", false, ""},
};

static const char *const shows[DEMO_PEOPLE] = {
    [DEMO_ADULT] = "shares clips, watches, sees and deletes what is held",
    [DEMO_GUARDIAN] = "decides for Sem under Family",
    [DEMO_CHILD] = "is 12: private, no history, no advertising",
    [DEMO_OPERATOR] = "sees the console",
    [DEMO_ENGINEER] = "works elsewhere: a read from there is refused",
};

static const char *const words[WORDS] = {
    "amber",  "anchor",  "apple",  "autumn",  "basil",   "beacon", "birch",  "bramble",
    "bridge", "canal",   "candle", "cedar",   "cherry",  "cloud",  "clover", "copper",
    "coral",  "cotton",  "dune",   "ember",   "fern",    "flint",  "forest", "garnet",
    "ginger", "harbor",  "hazel",  "heron",   "honey",   "indigo", "island", "ivory",
    "jasper", "juniper", "kettle", "lagoon",  "lantern", "lemon",  "linen",  "maple",
    "marble", "meadow",  "mellow", "mint",    "moss",    "nutmeg", "olive",  "orchid",
    "paper",  "pebble",  "pepper", "plum",    "quartz",  "raven",  "river",  "saffron",
    "silver", "spruce",  "sugar",  "thistle", "timber",  "velvet", "walnut", "willow",
};

static struct status make_password(char *to, size_t size) {
    uint8_t random[WORDS_EACH];
    size_t len = 0;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return FAIL(E_DEMO_FILE);
    }
    for (size_t i = 0; i < WORDS_EACH; i++) {
        len += (size_t)snprintf(to + len, size - len, "%s%s", i == 0 ? "" : "-",
                                words[random[i] % WORDS]);
    }
    return STATUS_OK;
}

static struct status write_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL) {
        return FAIL(E_DEMO_FILE);
    }
    for (size_t i = 0; i < DEMO_PEOPLE; i++) {
        fprintf(out, "%s %s\n", people[i].name, people[i].password);
    }
    bool good = fflush(out) == 0 && fsync(fd) == 0;
    good = fclose(out) == 0 && good;
    return good ? STATUS_OK : FAIL(E_DEMO_FILE);
}

static void take_line(struct slice line) {
    size_t space = slice_find(line, ' ');
    struct slice password = slice_from(line, space + 1);
    for (size_t i = 0; i < DEMO_PEOPLE; i++) {
        if (slice_eq(slice_sub(line, 0, space), slice_str(people[i].name)) &&
            password.len < sizeof people[i].password) {
            memcpy(people[i].password, password.ptr, password.len);
            people[i].password[password.len] = 0;
        }
    }
}

static struct status read_file(const char *path, bool *ret_there) {
    char text[1024];
    struct slice line;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *ret_there = false;
    if (fd < 0) {
        return errno == ENOENT ? STATUS_OK : FAIL(E_DEMO_FILE);
    }
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    struct slice rest = slice_of(text, n < 0 ? 0 : (size_t)n);
    while (slice_next(&rest, '\n', &line)) {
        take_line(line);
    }
    *ret_there = true;
    return n < 0 ? FAIL(E_DEMO_FILE) : STATUS_OK;
}

struct status demo_people_read(const char *path, struct demo_person **ret_people) {
    bool there;
    TRY(read_file(path, &there));
    for (size_t i = 0; i < DEMO_PEOPLE; i++) {
        if (there && people[i].password[0] == 0) {
            return FAIL(E_DEMO_FILE);
        }
        TRY(there ? STATUS_OK : make_password(people[i].password, sizeof people[i].password));
    }
    if (!there) {
        TRY(write_file(path));
    }
    *ret_people = people;
    return STATUS_OK;
}

void demo_people_print(const struct demo_person *list, const char *url, const char *path) {
    printf("\nPeople of the demo, at %s/login (kept in %s):\n\n", url, path);
    printf("  %-9s %-8s  %-34s %s\n", "", "name", "password", "");
    for (size_t i = 0; i < DEMO_PEOPLE; i++) {
        printf("  %-9s %-8s  %-34s %s\n", list[i].role, list[i].name, list[i].password, shows[i]);
    }
    printf("\n");
}
