#include "pipeline/source/device_holders.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

static bool is_open(const char *folder, const struct stat *device)
{
    DIR *directory = opendir(folder);
    bool found = false;
    const struct dirent *entry;
    while (directory != NULL && !found && (entry = readdir(directory)) != NULL) {
        struct stat status;
        found = fstatat(dirfd(directory), entry->d_name, &status, 0) == 0 &&
                status.st_rdev == device->st_rdev && status.st_mode == device->st_mode &&
                status.st_ino == device->st_ino;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return found;
}

static void read_command(const char *proc, int pid, char *command, size_t size)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%d/comm", proc, pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(command, (int)size, file) == NULL) {
        command[0] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    command[strcspn(command, "\n")] = '\0';
}

int pipeline_device_holders(const char *path, const char *proc,
                            struct pipeline_device_holder *holders, int most)
{
    struct stat device;
    DIR *directory = stat(path, &device) == 0 ? opendir(proc) : NULL;
    int count = 0;
    const struct dirent *entry;
    while (directory != NULL && count < most && (entry = readdir(directory)) != NULL) {
        char folder[PATH_BYTES];
        const int pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
        if (pid <= 0 || pid == getpid()) {
            continue;
        }
        snprintf(folder, sizeof folder, "%s/%d/fd", proc, pid);
        if (is_open(folder, &device)) {
            holders[count].pid = pid;
            read_command(proc, pid, holders[count].command, sizeof holders[count].command);
            count++;
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count;
}
