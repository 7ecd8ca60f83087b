/* ward-rank: the order of the feed, in a process that has nothing but one socket to the guard: no
 * network, no file, no name. Started by `ward serve`; ends when the guard closes the socket.
 *
 * Usage: ward-rank --guard-fd N */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "os/clock.h"
#include "os/sandbox.h"
#include "rank/rank.h"

static int complain(const char *what, struct status s) {
    const struct error_info *e = error_info(s.code);
    fprintf(stderr, "ward-rank: %s: %s %s\n", what, e->cause, e->remedy);
    return 1;
}

int main(int argc, char **argv) {
    struct rank *rank = NULL;
    struct os_clock clock = os_clock_real();
    uint64_t fd;
    if (argc != 3 || strcmp(argv[1], "--guard-fd") != 0 ||
        failed(parse_u64(slice_str(argv[2]), 1 << 20, &fd))) {
        fprintf(stderr, "ward-rank: started by `ward serve`\n");
        return 2;
    }
    struct status s = os_harden();
    s = failed(s) ? s : rank_new(&rank);
    s = failed(s) ? s : os_sandbox_enter(OS_PROFILE_RANK, NULL, 0);
    if (failed(s)) {
        rank_free(&rank);
        return complain("cannot start", s);
    }
    s = rank_serve(rank, (int)fd, &clock);
    rank_free(&rank);
    return failed(s) ? complain("stopped", s) : RANK_GUARD_GONE;
}
