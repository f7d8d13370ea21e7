// Replacing a file: complete or not at all, and on disk before it takes the old one's name.
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char folder[] = "/tmp/mocapd-test-XXXXXX";
static char path[64];

// The system calls that matter, in order: 'f' file flushed, 'r' renamed, 'd' folder flushed.
static char calls[16];
static int fsync_errno; // fails the next flush of a file

int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);

static void record(char call)
{
    size_t length = strlen(calls);
    assert_true(length + 1 < sizeof calls);
    calls[length] = call;
}

int __wrap_fsync(int fd)
{
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    if (!S_ISDIR(status.st_mode) && fsync_errno != 0) {
        errno = fsync_errno;
        fsync_errno = 0;
        return -1;
    }
    record(S_ISDIR(status.st_mode) ? 'd' : 'f');
    return __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    record('r');
    return __real_rename(from, to);
}

static bool replace(const char *target, const char *text, struct mc_error *err)
{
    const struct mc_file_part parts[] = { { text, 1 }, { text + 1, strlen(text) - 1 } };
    memset(calls, 0, sizeof calls);
    return mc_file_replace(target, parts, 2, 0660, err);
}

static void assert_contents(const char *want)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, want);
}

static int files_in_folder(void)
{
    int count = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += entry->d_name[0] != '.';
    }
    closedir(directory);
    return count;
}

static mode_t mode_of_path(void)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void new_and_old_files_get_the_contents(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    unlink(path);
    umask(022);
    assert_true(replace(path, "first", &err));
    assert_contents("first");
    assert_int_equal(mode_of_path(), 0640);
    assert_int_equal(chmod(path, 0600), 0);
    assert_true(replace(path, "second", &err));
    assert_contents("second");
    assert_int_equal(mode_of_path(), 0600);
    assert_int_equal(files_in_folder(), 1);
}

static void data_reaches_the_disk_before_the_name(void **state)
{
    (void)state;
    assert_true(replace(path, "flushed", NULL));
    assert_string_equal(calls, "frd");
}

static void volatile_files_are_replaced_without_flushing(void **state)
{
    (void)state;
    const struct mc_file_part part = { "volatile", 8 };
    memset(calls, 0, sizeof calls);
    assert_true(mc_file_replace_volatile(path, &part, 1, 0666, NULL));
    assert_string_equal(calls, "r");
    assert_contents("volatile");
}

static void a_failed_flush_keeps_the_old_file(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_true(replace(path, "old", &err));
    fsync_errno = EIO;
    assert_false(replace(path, "new", &err));
    assert_int_equal(err.detail, EIO);
    assert_non_null(strstr(err.message, path));
    assert_contents("old");
    assert_int_equal(files_in_folder(), 1);
}

static void a_full_disk_keeps_the_old_file(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_true(replace(path, "old", &err));
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 2;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool replaced = replace(path, "much longer", &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(replaced);
    assert_int_equal(err.detail, EFBIG);
    assert_contents("old");
    assert_int_equal(files_in_folder(), 1);
}

static void folders_and_devices_are_refused(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_false(replace(folder, "x", &err));
    assert_non_null(strstr(err.message, "must be a regular file"));
    assert_false(replace("/dev/null", "x", &err));
    assert_string_equal(err.message, "/dev/null: must be a regular file");
    assert_false(replace("/nowhere/x", "x", &err));
    assert_string_equal(err.message, "/nowhere/x: No such file or directory");
}

static void a_bare_name_is_in_the_current_folder(void **state)
{
    (void)state;
    assert_int_equal(chdir(folder), 0);
    assert_true(replace("bare", "name", NULL));
    assert_string_equal(calls, "frd");
    assert_int_equal(unlink("bare"), 0);
}

static void paths_that_are_too_long_are_refused(void **state)
{
    (void)state;
    static char name[5000];
    struct mc_error err = { 0 };
    memset(name, 'x', sizeof name - 1);
    assert_false(replace(name, "x", &err));
    assert_non_null(strstr(err.message, "the path is too long"));
}

static void only_regular_files_are_opened(void **state)
{
    (void)state;
    static const char *const others[][2] = {
        { "/", "/: must be a regular file, got a directory" },
        { "/dev/zero", "/dev/zero: must be a regular file, got a device" },
        { "/nowhere", "/nowhere: No such file or directory" },
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct mc_error err = { 0 };
        assert_int_equal(mc_file_open(others[i][0], &err), -1);
        assert_string_equal(err.message, others[i][1]);
    }
    struct mc_error err = { 0 };
    char fifo[80];
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(mc_file_open(fifo, &err), -1); // at once, though nobody writes
    assert_non_null(strstr(err.message, "must be a regular file, got a pipe"));
    assert_int_equal(unlink(fifo), 0);
    assert_true(replace(path, "text", &err));
    const int fd = mc_file_open(path, &err);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/file", folder);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_and_old_files_get_the_contents),
        cmocka_unit_test(data_reaches_the_disk_before_the_name),
        cmocka_unit_test(a_failed_flush_keeps_the_old_file),
        cmocka_unit_test(volatile_files_are_replaced_without_flushing),
        cmocka_unit_test(a_full_disk_keeps_the_old_file),
        cmocka_unit_test(folders_and_devices_are_refused),
        cmocka_unit_test(a_bare_name_is_in_the_current_folder),
        cmocka_unit_test(only_regular_files_are_opened),
        cmocka_unit_test(paths_that_are_too_long_are_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return failed;
}
