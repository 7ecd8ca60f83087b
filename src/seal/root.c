/* Where the root key comes from. Must never leave it in a buffer. */
#include "seal/root.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { ROOT_TEXT_MAX = 2 * SEAL_KEY_LEN + 2 };

struct status root_key_parse(struct slice text, struct seal_key *ret_key) {
    if (text.len == SEAL_KEY_LEN) {
        memcpy(ret_key->bytes, text.ptr, SEAL_KEY_LEN);
        return STATUS_OK;
    }
    struct status s = hex_decode(slice_trim(text), ret_key->bytes, SEAL_KEY_LEN);
    return failed(s) ? FAIL(E_ROOT_KEY_FORM) : STATUS_OK;
}

struct status root_key_from_fd(int fd, struct seal_key *ret_key) {
    uint8_t text[ROOT_TEXT_MAX + 1];
    size_t len = 0;
    ssize_t n = 1;
    while (n > 0 && len < sizeof text) {
        n = read(fd, text + len, sizeof text - len);
        len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    struct status s = n < 0 ? FAIL(E_IO) : root_key_parse(slice_of(text, len), ret_key);
    mem_wipe(text, sizeof text);
    return s;
}

static struct status open_key_file(const char *path, mode_t refused, int *ret_fd) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return FAIL(E_FILE_MISSING);
    }
    if (fstat(fd, &st) != 0 || (st.st_mode & refused) != 0) {
        close(fd);
        return FAIL(E_ROOT_KEY_PUBLIC);
    }
    *ret_fd = fd;
    return STATUS_OK;
}

struct status root_key_from_file(const char *path, struct seal_key *ret_key) {
    int fd = -1;
    TRY(open_key_file(path, S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH, &fd));
    return root_key_from_fd(fd, ret_key);
}

struct status root_key_from_credential(const char *name, struct seal_key *ret_key) {
    char path[OS_PATH_MAX];
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    if (dir == NULL || strchr(name, '/') != NULL) {
        return FAIL(E_FILE_MISSING);
    }
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof path) {
        return FAIL(E_FILE_MISSING);
    }
    int fd = -1;
    /* systemd gives these mode 0400 or 0440 and guards the directory itself. */
    TRY(open_key_file(path, S_IWGRP | S_IROTH | S_IWOTH, &fd));
    return root_key_from_fd(fd, ret_key);
}
