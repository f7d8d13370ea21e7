#include "base/path.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool mc_path_data(char *path, size_t size, const char *name, struct mc_error *err)
{
    char executable[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
    if (length < 0) {
        return mc_error_set_errno(err, "/proc/self/exe");
    }
    executable[length] = '\0';
    *strrchr(executable, '/') = '\0'; // the kernel gives an absolute path
    int written = snprintf(path, size, "%s/../share/mocapd/%s", executable, name);
    if (written < 0 || (size_t)written >= size) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "path of %s must be at most %zu bytes, got %d", name, size - 1,
                            written);
    }
    return true;
}

bool mc_path_is_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}
