#include "base/path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Writes the directory of the executable.
static bool find_programs(char directory[PATH_MAX], struct mc_error *err)
{
    ssize_t length = readlink("/proc/self/exe", directory, PATH_MAX - 1);
    if (length < 0) {
        return mc_error_set_errno(err, "/proc/self/exe");
    }
    directory[length] = '\0';
    *strrchr(directory, '/') = '\0'; // the kernel gives an absolute path
    return true;
}

// Writes the path of name in a directory that is seen from the executable's.
static bool from_programs(char *path, size_t size, const char *directory, const char *name,
                          struct mc_error *err)
{
    char programs[PATH_MAX];
    if (!find_programs(programs, err)) {
        return false;
    }
    int written = snprintf(path, size, "%s/%s%s", programs, directory, name);
    if (written < 0 || (size_t)written >= size) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "path of %s must be at most %zu bytes, got %d", name, size - 1,
                            written);
    }
    return true;
}

bool mc_path_data(char *path, size_t size, const char *name, struct mc_error *err)
{
    return from_programs(path, size, "../share/mocapd/", name, err);
}

bool mc_path_program(char *path, size_t size, const char *name, struct mc_error *err)
{
    return from_programs(path, size, "", name, err);
}

#ifdef MOCAPD_SYSCONFDIR
static bool find_configuration(char directory[PATH_MAX])
{
    return snprintf(directory, PATH_MAX, "%s", MOCAPD_SYSCONFDIR) < PATH_MAX;
}
#else
static bool find_configuration(char directory[PATH_MAX])
{
    if (!find_programs(directory, NULL)) {
        return false;
    }
    char *last = strrchr(directory, '/'); // PREFIX/bin: now PREFIX
    *(last != NULL ? last : directory) = '\0';
    if (strcmp(directory, "/usr") == 0) {
        directory[0] = '\0';
    }
    const size_t length = strlen(directory);
    return snprintf(directory + length, PATH_MAX - length, "/etc") < (int)(PATH_MAX - length);
}
#endif

bool mc_path_config(char *path, size_t size, const char *name)
{
    char directory[PATH_MAX];
    if (!find_configuration(directory)) {
        return false;
    }
    const int length = snprintf(path, size, "%s/mocapd/%s", directory, name);
    return length > 0 && (size_t)length < size;
}

bool mc_path_state(char *path, size_t size, const char *name)
{
    const char *state = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int length = -1;
    if (state != NULL && state[0] == '/') { // several are separated by colons
        length = snprintf(path, size, "%.*s/%s", (int)strcspn(state, ":"), state, name);
    } else if (xdg != NULL && xdg[0] == '/') {
        length = snprintf(path, size, "%s/mocapd/%s", xdg, name);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, size, "%s/.local/state/mocapd/%s", home, name);
    }
    return length >= 0 && (size_t)length < size;
}

bool mc_path_make_directory(const char *path, struct mc_error *err)
{
    char part[PATH_MAX];
    const int length = snprintf(part, sizeof part, "%s", path);
    if (length <= 0 || length >= (int)sizeof part) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.80s…: the path is too long", path);
    }
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL) {
            *slash = '\0';
        }
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return mc_error_set_errno(err, "%s", part);
        }
        if (slash == NULL) {
            return true;
        }
        *slash = '/';
    }
}

bool mc_path_make_parent(const char *path, struct mc_error *err)
{
    char parent[PATH_MAX];
    const int length = snprintf(parent, sizeof parent, "%s", path);
    if (length <= 0 || length >= (int)sizeof parent) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.80s…: the path is too long", path);
    }
    char *name = strrchr(parent, '/');
    if (name == NULL || name == parent) {
        return true; // nothing to make
    }
    *name = '\0';
    return mc_path_make_directory(parent, err);
}

bool mc_path_is_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}
