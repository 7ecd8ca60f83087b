/* Redis, retrofitted as well as it can be without changing it: a hash for each record with its
 * metadata packed, sets by purpose and person, a sorted set by expiry, expiry of its own on each
 * record, what one statement can do done by SORT ... GET, and what changes many done by a script in
 * the server; append-only file; a line for each request in a log of its own. */
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roles.h"

enum { META_BYTES = 23, AT_DECISION = 17, AT_ACCESS_LIST = 18, AT_SHARES = 19, PIPELINE = 256 };

struct redis {
    struct config config;
    redisContext *c;
    int pid, monitor_pid, log_fd;
    char log_path[512];
    char change_sha[64], delete_sha[64], rewrite_sha[64];
    const char *log_text; /* that was read last */
    double next_sweep;
};

/* KEYS[1] a set of keys; ARGV: kind, value. Offsets count from 1 here. */
static const char change_script[] =
    "local n=0 local kind=tonumber(ARGV[1]) local value=tonumber(ARGV[2])\n"
    "for _,k in ipairs(redis.call('SMEMBERS',KEYS[1])) do\n"
    "  local m=redis.call('HGET','r:'..k,'m')\n"
    "  if m then\n"
    "    if kind==0 then m=m:sub(1,18)..string.char(value)..m:sub(20)\n"
    "    elseif kind==3 then m=m:sub(1,17)..string.char(value)..m:sub(19)\n"
    "    else local s=m:byte(20)*256+m:byte(21) local b=bit.lshift(1,value)\n"
    "      if kind==1 then s=bit.bor(s,b) else s=bit.band(s,bit.bnot(b)) end\n"
    "      m=m:sub(1,19)..string.char(math.floor(s/256),s%256)..m:sub(22) end\n"
    "    redis.call('HSET','r:'..k,'m',m) n=n+1\n"
    "  end\n"
    "end return n";
/* ARGV: keys, with purpose and person of each. */
static const char delete_script[] =
    "local n=0 for i=1,#ARGV,3 do local k=ARGV[i]\n"
    "n=n+redis.call('DEL','r:'..k) redis.call('SREM','p:'..ARGV[i+1],k)\n"
    "redis.call('SREM','u:'..ARGV[i+2],k) redis.call('ZREM','e',k) end return n";
static const char rewrite_script[] = "if redis.call('EXISTS','r:'..ARGV[1])==0 then return 0 end\n"
                                     "redis.call('HSET','r:'..ARGV[1],'d',ARGV[2]) return 1";

static redisReply *checked(struct redis *r, redisReply *reply, const char *what) {
    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        die("redis: %s: %s", what, reply == NULL ? r->c->errstr : reply->str);
    }
    return reply;
}

static long long number(struct redis *r, redisReply *reply, const char *what) {
    long long n = checked(r, reply, what)->integer;
    freeReplyObject(reply);
    return n;
}

static void audit(struct redis *r, const char *what, uint32_t value) {
    char line[96];
    if (r->log_fd < 0) {
        return;
    }
    int len = snprintf(line, sizeof line, "%.6f client %s %u\n", now_s(), what, value);
    if (write(r->log_fd, line, (size_t)len) != len) {
        die("redis: cannot write the log");
    }
}

static void load_script(struct redis *r, const char *script, char *ret_sha) {
    redisReply *reply = checked(r, redisCommand(r->c, "SCRIPT LOAD %s", script), "script");
    snprintf(ret_sha, 64, "%s", reply->str);
    freeReplyObject(reply);
}

static void start(struct redis *r, const char *socket_path) {
    char log_file[512];
    snprintf(log_file, sizeof log_file, "%s/server.out", r->config.dir);
    char fsync_each[] = "always", fsync_second[] = "everysec";
    char name[] = "redis-server", port[] = "--port", zero[] = "0", un[] = "--unixsocket";
    char dir[] = "--dir", aof[] = "--appendonly", yes[] = "yes", sync_[] = "--appendfsync";
    char save[] = "--save", none[] = "", level[] = "--loglevel", warning[] = "warning";
    char path[512], where[512];
    snprintf(path, sizeof path, "%s", socket_path);
    snprintf(where, sizeof where, "%s", r->config.dir);
    char *argv[] = {name,
                    port,
                    zero,
                    un,
                    path,
                    dir,
                    where,
                    aof,
                    yes,
                    sync_,
                    r->config.each ? fsync_each : fsync_second,
                    save,
                    none,
                    level,
                    warning,
                    NULL};
    r->pid = spawn(argv, log_file, NULL);
    for (int i = 0; i < 200; i++) {
        r->c = redisConnectUnix(socket_path);
        if (r->c != NULL && r->c->err == 0) {
            return;
        }
        redisFree(r->c);
        usleep(50000);
    }
    die("redis-server did not start: see %s", log_file);
}

static void start_monitor(struct redis *r, const char *socket_path) {
    char name[] = "redis-cli", flag[] = "-s", monitor[] = "monitor", path[512];
    snprintf(path, sizeof path, "%s", socket_path);
    char *argv[] = {name, flag, path, monitor, NULL};
    r->monitor_pid = spawn(argv, r->log_path, NULL);
}

static void *redis_open(const struct config *config) {
    struct redis *r = need(1, sizeof *r);
    char socket_path[512];
    r->config = *config;
    snprintf(socket_path, sizeof socket_path, "%s/redis.sock", config->dir);
    snprintf(r->log_path, sizeof r->log_path, "%s/audit.log", config->dir);
    start(r, socket_path);
    r->log_fd = -1;
    if (config->monitor) {
        start_monitor(r, socket_path);
    } else {
        r->log_fd = open(r->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    load_script(r, change_script, r->change_sha);
    load_script(r, delete_script, r->delete_sha);
    load_script(r, rewrite_script, r->rewrite_sha);
    return r;
}

static void put_be(uint8_t *to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
}

static uint64_t get_be(const char *from, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value = value << 8 | (uint8_t)from[i];
    }
    return value;
}

static void pack(const struct record *r, uint8_t m[META_BYTES]) {
    m[0] = r->purpose;
    put_be(m + 1, r->user, 4);
    put_be(m + 5, (uint64_t)r->expires_s, 8);
    put_be(m + 13, r->objections, 4);
    m[AT_DECISION] = r->decision;
    m[AT_ACCESS_LIST] = r->access_list;
    put_be(m + AT_SHARES, r->shares, 2);
    m[21] = r->source;
    m[22] = r->category;
}

static struct record unpack(uint32_t key, const char *m) {
    return (struct record){
        .key = key,
        .purpose = (uint8_t)m[0],
        .user = (uint32_t)get_be(m + 1, 4),
        .expires_s = (int64_t)get_be(m + 5, 8),
        .objections = (uint32_t)get_be(m + 13, 4),
        .decision = (uint8_t)m[AT_DECISION],
        .access_list = (uint8_t)m[AT_ACCESS_LIST],
        .shares = (uint16_t)get_be(m + AT_SHARES, 2),
        .source = (uint8_t)m[21],
        .category = (uint8_t)m[22],
    };
}

enum { COMMANDS_OF_PUT = 7 };
static void append_put(struct redis *r, const struct record *rec, const char *data) {
    uint8_t m[META_BYTES];
    pack(rec, m);
    redisAppendCommand(r->c, "MULTI");
    redisAppendCommand(r->c, "HSET r:%u m %b d %b", rec->key, m, (size_t)META_BYTES, data,
                       (size_t)DATA_BYTES);
    redisAppendCommand(r->c, "EXPIREAT r:%u %lld", rec->key, (long long)rec->expires_s);
    redisAppendCommand(r->c, "SADD p:%u %u", rec->purpose, rec->key);
    redisAppendCommand(r->c, "SADD u:%u %u", rec->user, rec->key);
    redisAppendCommand(r->c, "ZADD e %lld %u", (long long)rec->expires_s, rec->key);
    redisAppendCommand(r->c, "EXEC");
}

static void drain(struct redis *r, size_t replies) {
    for (size_t i = 0; i < replies; i++) {
        void *reply = NULL;
        if (redisGetReply(r->c, &reply) != REDIS_OK) {
            die("redis: %s", r->c->errstr);
        }
        freeReplyObject(checked(r, reply, "pipeline"));
    }
}

static void redis_load(void *self, const struct record *records, size_t count) {
    struct redis *r = self;
    char data[DATA_BYTES];
    size_t waiting = 0;
    for (size_t i = 0; i < count; i++) {
        data_of(records[i].key, 0, data);
        append_put(r, &records[i], data);
        audit(r, "create", records[i].key);
        if (++waiting == PIPELINE || i + 1 == count) {
            drain(r, waiting * COMMANDS_OF_PUT);
            waiting = 0;
        }
    }
}

static bool rewriting(struct redis *r) {
    redisReply *reply = checked(r, redisCommand(r->c, "INFO persistence"), "info");
    bool busy = strstr(reply->str, "aof_rewrite_in_progress:1") != NULL ||
                strstr(reply->str, "aof_rewrite_scheduled:1") != NULL;
    freeReplyObject(reply);
    return busy;
}

static void redis_settle(void *self) {
    struct redis *r = self;
    redisReply *reply = redisCommand(r->c, "BGREWRITEAOF");
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    while (rewriting(r)) {
        usleep(50000);
    }
}

static void redis_insert(void *self, const struct record *rec, const char *data) {
    struct redis *r = self;
    audit(r, "create", rec->key);
    append_put(r, rec, data);
    drain(r, COMMANDS_OF_PUT);
}

static enum found redis_delete(void *self, uint32_t key) {
    struct redis *r = self;
    audit(r, "delete", key);
    redisReply *reply = checked(r, redisCommand(r->c, "HGET r:%u m", key), "read");
    enum found found = NONE;
    if (reply->type == REDIS_REPLY_STRING && reply->len == META_BYTES) {
        struct record rec = unpack(key, reply->str);
        found = number(r,
                       redisCommand(r->c, "EVALSHA %s 0 %u %u %u", r->delete_sha, key, rec.purpose,
                                    rec.user),
                       "delete") == 1
                    ? FOUND
                    : NONE;
    }
    freeReplyObject(reply);
    return found;
}

static enum found redis_read(void *self, const struct record *rec, char *ret_data) {
    struct redis *r = self;
    audit(r, "read", rec->key);
    redisReply *reply = checked(r, redisCommand(r->c, "HGET r:%u d", rec->key), "read");
    bool got = reply->type == REDIS_REPLY_STRING && reply->len == DATA_BYTES;
    if (got) {
        memcpy(ret_data, reply->str, DATA_BYTES);
    }
    freeReplyObject(reply);
    return got ? FOUND : NONE;
}

static enum found redis_rewrite(void *self, uint32_t key, const char *data) {
    struct redis *r = self;
    audit(r, "rewrite", key);
    return number(r,
                  redisCommand(r->c, "EVALSHA %s 0 %u %b", r->rewrite_sha, key, data,
                               (size_t)DATA_BYTES),
                  "rewrite") == 1
               ? FOUND
               : NONE;
}

static void set_name(char set, uint32_t value, char ret[32]) {
    snprintf(ret, 32, "%c:%u", set, value);
}

static void select_meta(struct redis *r, char set, uint32_t value, struct answer *ret) {
    char name[32];
    set_name(set, value, name);
    redisReply *reply =
        checked(r, redisCommand(r->c, "SORT %s BY nosort GET # GET r:*->m", name), "sort");
    ret->count = 0;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *m = reply->element[i + 1];
        if (m->type == REDIS_REPLY_STRING && m->len == META_BYTES) {
            uint32_t key = (uint32_t)strtoul(reply->element[i]->str, NULL, 10);
            *answer_add(ret) = unpack(key, m->str);
        }
    }
    freeReplyObject(reply);
}

static void redis_meta_by_purpose(void *self, uint8_t purpose, struct answer *ret) {
    audit(self, "meta-by-purpose", purpose);
    select_meta(self, 'p', purpose, ret);
}

static void redis_meta_by_user(void *self, uint32_t user, struct answer *ret) {
    audit(self, "meta-by-user", user);
    select_meta(self, 'u', user, ret);
}

static void change(struct redis *r, char set, uint32_t value, struct change c, struct answer *ret) {
    char name[32];
    set_name(set, value, name);
    ret->changed = (size_t)number(
        r, redisCommand(r->c, "EVALSHA %s 1 %s %d %u", r->change_sha, name, (int)c.kind, c.value),
        "change");
}

static void redis_change_by_purpose(void *self, uint8_t purpose, struct change c,
                                    struct answer *ret) {
    audit(self, "change-by-purpose", purpose);
    change(self, 'p', purpose, c, ret);
}

static void redis_change_by_user(void *self, uint32_t user, struct change c, struct answer *ret) {
    audit(self, "change-by-user", user);
    change(self, 'u', user, c, ret);
}

static void redis_log(void *self, uint32_t user, size_t lines, struct answer *ret) {
    struct redis *r = self;
    audit(r, "log", user);
    ret->changed = tail_lines(r->log_path, lines, &r->log_text);
}

static uint8_t kind_named(const char *word) {
    static const char *const words[OP_KINDS] = {
        [OP_READ] = "read",
        [OP_META_PURPOSE] = "meta-by-purpose",
        [OP_META_USER] = "meta-by-user",
        [OP_REWRITE] = "rewrite",
        [OP_CHANGE_PURPOSE] = "change-by-purpose",
        [OP_CHANGE_USER] = "change-by-user",
        [OP_DELETE] = "delete",
        [OP_INSERT] = "create",
        [OP_LOG] = "log",
        [OP_VERIFY] = "verify",
    };
    uint8_t kind = 0;
    while (kind < OP_KINDS && strcmp(words[kind], word) != 0) {
        kind++;
    }
    return kind;
}

/* The client's own lines; of MONITOR's nothing is promised but that there are some. */
static enum log_promise redis_promise(void *self) {
    const struct redis *r = self;
    return r->config.monitor ? LOG_LINES : LOG_OPERATIONS;
}

static void redis_logged(void *self, uint32_t user, bool exact, struct answer *io) {
    const struct redis *r = self;
    (void)user;
    (void)exact;
    for (const char *line = r->log_text; *line != '\0'; line = strchr(line, '\n') + 1) {
        char word[32];
        unsigned value = 0;
        if (sscanf(line, "%*f client %31s %u", word, &value) == 2) {
            answer_log(io, (struct logged){.kind = kind_named(word), .value = value});
        }
    }
    answer_log_turn(io);
}

static bool redis_is_there(void *self, uint32_t key) {
    struct redis *r = self;
    audit(r, "verify", key);
    return number(r, redisCommand(r->c, "EXISTS r:%u", key), "exists") != 0;
}

static uint64_t redis_count(void *self) {
    struct redis *r = self;
    return (uint64_t)number(r, redisCommand(r->c, "ZCARD e"), "count");
}

/* Redis drops the record itself; the sets are ours to mend. */
static void sweep(struct redis *r) {
    redisReply *due = checked(
        r, redisCommand(r->c, "ZRANGEBYSCORE e 0 %lld LIMIT 0 2000", (long long)unix_s()), "due");
    for (size_t i = 0; i < due->elements; i++) {
        uint32_t key = (uint32_t)strtoul(due->element[i]->str, NULL, 10);
        redisAppendCommand(r->c, "EVALSHA %s 0 %u %u %u", r->delete_sha, key, key % PURPOSES,
                           key % r->config.users);
    }
    drain(r, due->elements);
    r->next_sweep = now_s() + (due->elements == 2000 ? 0 : 1);
    freeReplyObject(due);
}

static void redis_tick(void *self) {
    struct redis *r = self;
    if (now_s() >= r->next_sweep) {
        sweep(r);
        if (r->log_fd >= 0) {
            fdatasync(r->log_fd);
        }
    }
}

static uint64_t redis_bytes(void *self) {
    const struct redis *r = self;
    return tree_bytes(r->config.dir, NULL);
}

static void redis_close(void **self) {
    struct redis *r = *self;
    redisFree(r->c);
    stop(r->pid, SIGTERM);
    if (r->monitor_pid > 0) {
        stop(r->monitor_pid, SIGTERM);
    }
    if (r->log_fd >= 0) {
        close(r->log_fd);
    }
    free(r);
    *self = NULL;
}

const struct engine engine_redis = {
    .name = "redis",
    .open = redis_open,
    .load = redis_load,
    .settle = redis_settle,
    .insert = redis_insert,
    .delete = redis_delete,
    .read = redis_read,
    .rewrite = redis_rewrite,
    .meta_by_purpose = redis_meta_by_purpose,
    .meta_by_user = redis_meta_by_user,
    .change_by_purpose = redis_change_by_purpose,
    .change_by_user = redis_change_by_user,
    .promise = redis_promise,
    .logs_log = true,
    .log = redis_log,
    .logged = redis_logged,
    .is_there = redis_is_there,
    .count = redis_count,
    .tick = redis_tick,
    .bytes = redis_bytes,
    .close = redis_close,
};
