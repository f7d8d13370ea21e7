#include "tools/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 100, PENDING_MAX = 4 };

// ---- files that a signal would leave behind

static char pending[PENDING_MAX][PATH_MAX];
static atomic_bool is_pending[PENDING_MAX];

static void remove_pending(int number)
{
    for (int i = 0; i < PENDING_MAX; i++) {
        if (atomic_load(&is_pending[i])) {
            unlink(pending[i]);
        }
    }
    raise(number); // SA_RESETHAND: this time it ends the process
}

// A program that handles these signals itself, or ignores them, goes on doing so.
static void catch_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGXFSZ };
    const struct sigaction action = { .sa_handler = remove_pending, .sa_flags = (int)SA_RESETHAND };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction present;
        if (sigaction(numbers[i], NULL, &present) == 0 && present.sa_handler == SIG_DFL) {
            sigaction(numbers[i], &action, NULL);
        }
    }
}

static void add_pending(const char *path)
{
    for (int i = 0; i < PENDING_MAX; i++) {
        if (!atomic_load(&is_pending[i])) {
            snprintf(pending[i], PATH_MAX, "%s", path);
            atomic_store(&is_pending[i], true);
            break;
        }
    }
    catch_signals();
}

static void end_pending(const char *path)
{
    for (int i = 0; i < PENDING_MAX; i++) {
        if (atomic_load(&is_pending[i]) && strcmp(pending[i], path) == 0) {
            atomic_store(&is_pending[i], false);
        }
    }
}

// ---- the file

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

// Finds what is to be replaced: the path, or where it leads to. Returns false where it is to be
// written directly. *mode: its permission bits, or those of a new file, less the umask.
static bool find_target(const char *path, char target[PATH_MAX], mode_t *mode)
{
    struct stat found;
    *mode = 0;
    if (begins_with(path, "/dev/") || begins_with(path, "/proc/")) {
        return false;
    }
    if (lstat(path, &found) != 0) {
        snprintf(target, PATH_MAX, "%s", path);
        return errno == ENOENT;
    }
    if (S_ISLNK(found.st_mode)) {
        if (realpath(path, target) == NULL || lstat(target, &found) != 0) {
            return false;
        }
    } else {
        snprintf(target, PATH_MAX, "%s", path);
    }
    *mode = found.st_mode & 07777;
    // What may not be written is not replaced either.
    return S_ISREG(found.st_mode) && access(target, W_OK) == 0;
}

// Creates a file beside the target, under a name that holds the process and a counter. Returns
// false where that is not possible.
static bool create_beside(struct tools_output_file *file, mode_t mode)
{
    static atomic_uint counter;
    const char *slash = strrchr(file->target, '/'), *ending = strrchr(file->target, '.');
    ending = ending != NULL && (slash == NULL || ending > slash) ? ending : "";
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        const unsigned number = atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
        const int length = snprintf(file->path, sizeof file->path, "%s.%d-%u.tmp%s", file->target,
                                    (int)getpid(), number, ending);
        if (length >= (int)sizeof file->path) {
            return false;
        }
        const int fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            const bool good = mode == 0 || fchmod(fd, mode) == 0;
            close(fd);
            if (!good) {
                unlink(file->path);
                return false;
            }
            add_pending(file->path);
            return true;
        }
        if (errno != EEXIST) {
            return false;
        }
    }
    return false;
}

bool tools_output_file_begin(struct tools_output_file *file, const char *target,
                             struct mc_error *err)
{
    mode_t mode;
    if (strlen(target) >= sizeof file->path) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.80s…: the path is too long", target);
    }
    if (!find_target(target, file->target, &mode) || !create_beside(file, mode)) {
        snprintf(file->path, sizeof file->path, "%s", target); // opening it says what is wrong
        file->target[0] = '\0';
    }
    return true;
}

bool tools_output_file_commit(struct tools_output_file *file, struct mc_error *err)
{
    if (file->target[0] == '\0') {
        return true;
    }
    const bool good = rename(file->path, file->target) == 0;
    if (!good) {
        mc_error_set_errno(err, "%s", file->target);
        unlink(file->path);
    }
    end_pending(file->path);
    return good;
}

void tools_output_file_drop(struct tools_output_file *file)
{
    if (file->target[0] != '\0') {
        unlink(file->path);
        end_pending(file->path);
    }
}
