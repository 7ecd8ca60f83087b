/* One password, worked by a thread that has nothing else: it touches neither vault nor guard. */
#include "base/mem.h"
#include "guard/guard.h"

void guard_password_work(struct guard_password *job) {
    struct slice password = slice_of(job->password, job->password_len);
    if (!job->verify) {
        job->result = seal_password_hash(password, job->text);
        return;
    }
    bool stale;
    if (!job->known) {
        /* As long as a real one, so that time does not tell who has an account. */
        char made[SEAL_PASSWORD_LEN];
        struct status s = seal_password_hash(password, made);
        mem_wipe(made, sizeof made);
        job->result = failed(s) ? s : FAIL(E_PASSWORD);
        return;
    }
    job->result = seal_password_verify(job->text, password, &stale);
}

void guard_password_free(struct guard_password **job) {
    if (*job != NULL) {
        mem_wipe(*job, sizeof **job);
        mem_free(*job);
        *job = NULL;
    }
}
