/* A rank that was taken over. It stands in ward-rank's place and does what the first word of the
 * file WARD_LIES says; the words after it are clips.
 *   names: orders these clips, twice each, and numbers of its own, whatever the guard tells
 *   mute: orders these clips once and never acknowledges anything after
 *   noise: answers what is no answer */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "rank/rank.h"

enum { FD = 3 };

static void read_lies(char ret_word[16], struct rank_answer *ret) {
    const char *path = getenv("WARD_LIES");
    FILE *f = path == NULL ? NULL : fopen(path, "r");
    unsigned long long clip;
    *ret = (struct rank_answer){.version = RANK_VERSION, .kind = RANK_ORDERED};
    if (f == NULL || fscanf(f, "%15s", ret_word) != 1) {
        exit(1);
    }
    while (ret->count + 4 < RANK_ORDER_MOST && fscanf(f, "%llu", &clip) == 1) {
        ret->clips[ret->count++] = clip;
        ret->clips[ret->count++] = clip;
        ret->clips[ret->count++] = clip + 1;
    }
    ret->clips[ret->count++] = 0;
    fclose(f);
}

int main(void) {
    struct rank_fact facts[RANK_FACTS_MOST];
    bool said = false;
    for (;;) {
        char word[16] = "";
        struct rank_answer a;
        ssize_t n = recv(FD, facts, sizeof facts, 0);
        if (n <= 0) {
            return RANK_GUARD_GONE;
        }
        read_lies(word, &a);
        a.seq = facts[(size_t)n / sizeof *facts - 1].seq;
        if (strcmp(word, "noise") == 0) {
            a.seq += 1000;
        }
        if (strcmp(word, "mute") != 0 || !said) {
            (void)!send(FD, &a, RANK_HEAD_BYTES + a.count * sizeof *a.clips, MSG_NOSIGNAL);
            said = true;
        }
    }
}
