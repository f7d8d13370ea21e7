#include "tools/bridge/vts_token.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool bridge_token_is_good(const char *token)
{
    const size_t length = strlen(token);
    for (size_t i = 0; i < length; i++) {
        if (!isgraph((unsigned char)token[i]) || token[i] == '"' || token[i] == '\\') {
            return false;
        }
    }
    return length > 0 && length < BRIDGE_TOKEN_BYTES;
}

// The folder of the state: $XDG_STATE_HOME/mocapd, or ~/.local/state/mocapd.
static bool folder_of(char *path, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length = -1;
    if (state != NULL && state[0] == '/') {
        length = snprintf(path, size, "%s/mocapd", state);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, size, "%s/.local/state/mocapd", home);
    }
    return length > 0 && (size_t)length < size;
}

static bool path_of(const char *server, char *path, size_t size)
{
    char name[128];
    size_t used = 0;
    for (; server[used] != '\0' && used < sizeof name - 1; used++) {
        name[used] = isalnum((unsigned char)server[used]) ? server[used] : '_';
    }
    name[used] = '\0';
    if (!folder_of(path, size)) {
        return false;
    }
    const size_t length = strlen(path);
    const int added = snprintf(path + length, size - length, "/vtube-studio-%s.token", name);
    return added > 0 && (size_t)added < size - length;
}

bool bridge_token_read(const char *server, char token[BRIDGE_TOKEN_BYTES])
{
    char path[PATH_MAX];
    FILE *file = path_of(server, path, sizeof path) ? fopen(path, "re") : NULL;
    if (file == NULL) {
        return false;
    }
    const bool has_line = fgets(token, BRIDGE_TOKEN_BYTES, file) != NULL;
    fclose(file);
    if (has_line) {
        token[strcspn(token, "\r\n")] = '\0';
    }
    return has_line && bridge_token_is_good(token);
}

// Makes the folder and those that it is in.
static void make_folder(char *path)
{
    for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(path, 0700); // where it fails, opening the file says so
        *at = '/';
    }
}

bool bridge_token_write(const char *server, const char *token, struct mc_error *err)
{
    char path[PATH_MAX];
    if (!path_of(server, path, sizeof path)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "no folder for the token of VTube Studio: HOME is not set");
    }
    make_folder(path);
    unlink(path); // whatever its permissions are
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return mc_error_set_errno(err, "%s", path);
    }
    const bool good = dprintf(fd, "%s\n", token) > 0;
    const int error = errno;
    close(fd);
    errno = error;
    return good || mc_error_set_errno(err, "%s", path);
}

void bridge_token_forget(const char *server)
{
    char path[PATH_MAX];
    if (path_of(server, path, sizeof path)) {
        unlink(path);
    }
}
