#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 100 }; // names left behind by a crash, at most

int mc_file_open(const char *path, struct mc_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        mc_error_set_errno(err, "%s", path);
    } else if (!S_ISREG(status.st_mode)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be a regular file, got a %s", path,
                     S_ISDIR(status.st_mode)    ? "directory"
                     : S_ISFIFO(status.st_mode) ? "pipe"
                                                : "device");
    } else {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

bool mc_file_room(int count, struct mc_error *err)
{
    enum { COUNT_MAX = 64 };
    int fds[COUNT_MAX], opened = 0;
    while (opened < count && opened < COUNT_MAX && (fds[opened] = eventfd(0, EFD_CLOEXEC)) >= 0) {
        opened++;
    }
    const bool good = opened >= count;
    if (!good) {
        mc_error_set(err, MC_ERROR_SYSTEM, errno,
                     "too many open files: at least %d must be possible beside those that are "
                     "open, got %d; see ulimit -n or LimitNOFILE=",
                     count, opened);
    }
    while (opened > 0) {
        close(fds[--opened]);
    }
    return good;
}

void mc_file_limit_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// Creates a file that did not exist before, beside path, and writes its name. The name
// holds the process and a counter, so that concurrent writers never share one.
static int create_temporary(const char *path, mode_t mode, char *name, size_t size,
                            struct mc_error *err)
{
    static atomic_uint counter;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        const unsigned number = atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
        if (snprintf(name, size, "%s.%d-%u.tmp", path, (int)getpid(), number) >= (int)size) {
            mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.80s…: the path is too long", path);
            return -1;
        }
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST) {
            if (fd < 0) {
                mc_error_set_errno(err, "%s", path);
            }
            return fd;
        }
    }
    mc_error_set_errno(err, "%s", path);
    return -1;
}

static bool write_all(int fd, const struct mc_file_part *part)
{
    const char *bytes = part->bytes;
    for (size_t done = 0; done < part->size;) {
        ssize_t written = write(fd, bytes + done, part->size - done);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        done += written < 0 ? 0 : (size_t)written;
    }
    return true;
}

// Writes the parts, and flushes them to disk if they are to be durable. Closes fd in any case;
// errno on failure.
static bool write_parts(int fd, const struct mc_file_part *parts, int part_count, bool is_durable)
{
    bool good = true;
    for (int i = 0; i < part_count && good; i++) {
        good = write_all(fd, &parts[i]);
    }
    good = good && (!is_durable || fsync(fd) == 0);
    const int cause = errno;
    if (close(fd) != 0) {
        return false;
    }
    errno = cause;
    return good;
}

// Flushes the folder that holds path, so that a rename in it survives a crash. Some file
// systems cannot flush a folder, and say so with EINVAL.
static bool flush_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX] = ".";
    if (slash != NULL) {
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool good = fsync(fd) == 0 || errno == EINVAL;
    const int cause = errno;
    close(fd);
    errno = cause;
    return good;
}

static bool replace(const char *path, const struct mc_file_part *parts, int part_count, mode_t mode,
                    bool is_durable, struct mc_error *err)
{
    struct stat old;
    const bool exists = lstat(path, &old) == 0;
    if (exists && !S_ISREG(old.st_mode) && !S_ISLNK(old.st_mode)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: must be a regular file", path);
    }
    char temporary[PATH_MAX];
    int fd = create_temporary(path, mode, temporary, sizeof temporary, err);
    if (fd < 0) {
        return false;
    }
    if (exists && S_ISREG(old.st_mode) && fchmod(fd, old.st_mode & 07777) != 0) {
        mc_error_set_errno(err, "%s", path);
        close(fd);
        unlink(temporary);
        return false;
    }
    if (!write_parts(fd, parts, part_count, is_durable) || rename(temporary, path) != 0) {
        mc_error_set_errno(err, "%s", path);
        unlink(temporary);
        return false;
    }
    return !is_durable || flush_folder(path) ||
           mc_error_set_errno(err, "%s: flushing its folder", path);
}

bool mc_file_replace(const char *path, const struct mc_file_part *parts, int part_count,
                     mode_t mode, struct mc_error *err)
{
    return replace(path, parts, part_count, mode, true, err);
}

bool mc_file_replace_volatile(const char *path, const struct mc_file_part *parts, int part_count,
                              mode_t mode, struct mc_error *err)
{
    return replace(path, parts, part_count, mode, false, err);
}
