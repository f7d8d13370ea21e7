#include "tools/web/token.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"

enum { RANDOM_BYTES = (WEB_TOKEN_BYTES - 1) / 2 };

static bool is_token(const char *text)
{
    return strlen(text) == WEB_TOKEN_BYTES - 1 &&
           strspn(text, "0123456789abcdef") == WEB_TOKEN_BYTES - 1;
}

static bool read_token(const char *path, char token[WEB_TOKEN_BYTES])
{
    char text[WEB_TOKEN_BYTES] = "";
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat file;
    const bool good = fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
                      file.st_uid == geteuid() &&
                      read(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1 && is_token(text);
    if (fd >= 0) {
        close(fd);
    }
    if (good) {
        memcpy(token, text, sizeof text);
    }
    return good;
}

static bool make_token(char token[WEB_TOKEN_BYTES], struct mc_error *err)
{
    unsigned char bytes[RANDOM_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return mc_error_set_errno(err, "getrandom");
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

// Replaces whatever is at path: it is no token.
static bool keep_token(const char *path, const char *token)
{
    unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    const bool good = write(fd, token, WEB_TOKEN_BYTES - 1) == WEB_TOKEN_BYTES - 1;
    return close(fd) == 0 && good;
}

bool web_token_load(char token[WEB_TOKEN_BYTES], char file[PATH_MAX], struct mc_error *err)
{
    const bool has_path = mc_path_state(file, PATH_MAX, "mocap-web.token");
    if (has_path && read_token(file, token)) {
        return true;
    }
    if (!make_token(token, err)) {
        return false;
    }
    if (!has_path || !mc_path_make_parent(file, NULL) || !keep_token(file, token)) {
        mc_log(MC_LOG_WARNING,
               "the page's token cannot be kept: its address changes at each start");
        file[0] = '\0';
    }
    return true;
}

bool web_token_is(const char *token, const char *given)
{
    const size_t length = given == NULL ? 0 : strlen(given);
    unsigned char difference = length != WEB_TOKEN_BYTES - 1;
    for (size_t i = 0; i < WEB_TOKEN_BYTES - 1; i++) {
        difference |= (unsigned char)(token[i] ^ (i < length ? given[i] : '\0'));
    }
    return difference == 0;
}
