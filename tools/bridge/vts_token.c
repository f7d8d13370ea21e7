#include "tools/bridge/vts_token.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"

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

static bool path_of(const char *server, char *path, size_t size)
{
    char name[128];
    const int used = snprintf(name, sizeof name, "vtube-studio-%.100s.token", server);
    for (int i = (int)strlen("vtube-studio-"); i < used - (int)strlen(".token"); i++) {
        name[i] = isalnum((unsigned char)name[i]) ? name[i] : '_';
    }
    return mc_path_state(path, size, name);
}

bool bridge_token_read(const char *server, char token[BRIDGE_TOKEN_BYTES])
{
    char path[PATH_MAX];
    const int fd = path_of(server, path, sizeof path) ? mc_file_open(path, NULL) : -1;
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (file == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    const bool has_line = fgets(token, BRIDGE_TOKEN_BYTES, file) != NULL;
    fclose(file);
    if (has_line) {
        token[strcspn(token, "\r\n")] = '\0';
    }
    return has_line && bridge_token_is_good(token);
}

bool bridge_token_write(const char *server, const char *token, struct mc_error *err)
{
    char path[PATH_MAX];
    if (!path_of(server, path, sizeof path)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "nowhere to keep the token of VTube Studio: HOME is not set");
    }
    unlink(path); // whatever its permissions are
    const struct mc_file_part parts[] = { { token, strlen(token) }, { "\n", 1 } };
    return mc_path_make_parent(path, err) && mc_file_replace(path, parts, 2, 0600, err);
}

void bridge_token_forget(const char *server)
{
    char path[PATH_MAX];
    if (path_of(server, path, sizeof path)) {
        unlink(path);
    }
}
