/* Every size, count and rate that a caller of the guard controls. The manual prints this list. */
#ifndef WARD_GUARD_LIMITS_H
#define WARD_GUARD_LIMITS_H

enum guard_limits {
    GUARD_MAX_CONNECTIONS = 1024,
    GUARD_MAX_IN_FLIGHT = 64,    /* requests of one connection not yet answered */
    GUARD_MAX_BATCH = 512,       /* requests that share one commit */
    GUARD_ARENA_BYTES = 8 << 20, /* memory of one request */
    GUARD_PASSWORD_QUEUE = 64,   /* passwords waiting for the worker: E_BUSY beyond */
    GUARD_PASSWORD_LEAST = 8,    /* characters */
    GUARD_NAME_LEAST = 2,        /* bytes */
    GUARD_SESSIONS_CACHED = 65536,
    GUARD_SESSIONS_EACH = 32, /* of one person; the oldest ends */
    GUARD_THROTTLE_SLOTS = 16384,
    GUARD_LOGIN_TRIES = 10,  /* wrong ones of one account */
    GUARD_JOIN_TRIES = 20,   /* of one device */
    GUARD_INVITE_TRIES = 5,  /* of one child */
    GUARD_CLIPS_EACH = 1000, /* of one person */
    GUARD_UPLOADS_EACH = 3,  /* not yet ready, of one person */
    GUARD_JOBS = 256,        /* uploads of all people that are not yet ready */
    GUARD_STUDIOS = 2,       /* at work at one time */
    GUARD_FEED_PAGE = 30,
    GUARD_SEARCH_WORDS = 8,    /* of one search; its text is at most 200 bytes (api/) */
    GUARD_SEARCH_STEPS = 4096, /* look-ups for one answer; the next goes on from there */
    GUARD_HISTORY_PAGE = 50,
    GUARD_LEASES = 65536,
    GUARD_CACHE_BYTES = 512 << 20,   /* clips in memfds */
    GUARD_STEP_BYTES = 4 << 20,      /* of a clip moved between two rounds of requests */
    GUARD_CHILDREN_EACH = 20,        /* of one guardian */
    GUARD_PROGRAMS = 64,             /* registered */
    GUARD_PROGRAM_CONNECTIONS = 256, /* of all programs; the rest is the front's and the owner's */
    GUARD_RECORD_PAGE = 16384,       /* records of one answer, without payloads */
    GUARD_AUDIT_BYTES = 1 << 20,     /* of an audit file in one answer */
    GUARD_AUDIT_LEAVES = 1024,       /* looked at for one answer */
    GUARD_PAYLOAD_PAGE = 1000,       /* with payloads, and as many as fit into it */
};

#define GUARD_THROTTLE_MS     (15LL * 60 * 1000)
#define GUARD_SESSION_MS      (30LL * 24 * 3600 * 1000)
#define GUARD_SESSION_IDLE_MS (7LL * 24 * 3600 * 1000)
#define GUARD_OPERATOR_MS     (8LL * 3600 * 1000)
#define GUARD_LINK_MS         (7LL * 24 * 3600 * 1000)
#define GUARD_AGE_LOCK_MS     (24LL * 3600 * 1000)
#define GUARD_ASK_AGAIN_MS    (30LL * 24 * 3600 * 1000) /* a refused consent is not asked before */
#define GUARD_FAILED_KEPT_MS  (3600LL * 1000) /* why an upload failed can be read so long */

#endif
