#include "pipeline/source/device_advice.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/source/device_holders.h"

// What belongs to a group outside this user namespace (PrivateUsers=) seems to belong to this one.
enum { OVERFLOW_GID = 65534 };

static void advise_permission(const char *path, char *text, size_t size)
{
    struct stat status;
    struct group found, *group = NULL;
    struct passwd person, *user = NULL;
    char group_room[4096], user_room[4096];
    if (stat(path, &status) != 0 || (status.st_mode & 0060) != 0060 ||
        getgrgid_r(status.st_gid, &found, group_room, sizeof group_room, &group) != 0 ||
        group == NULL) {
        return;
    }
    if (status.st_gid == OVERFLOW_GID) {
        snprintf(text, size, "; mocapctl doctor says what to do");
        return;
    }
    getpwuid_r(geteuid(), &person, user_room, sizeof user_room, &user);
    snprintf(text, size,
             "; it belongs to the group %s: sudo usermod -aG %s %s, then log in again (a service: "
             "SupplementaryGroups=%s)",
             group->gr_name, group->gr_name, user == NULL ? "USER" : user->pw_name, group->gr_name);
}

static void advise_busy(const char *path, char *text, size_t size)
{
    enum { MOST = 3 };
    struct pipeline_device_holder holders[MOST];
    const int count = pipeline_device_holders(path, PIPELINE_DEVICE_PROC, holders, MOST);
    size_t length = 0;
    if (count == 0) {
        snprintf(text, size, "; another program has it: sudo mocapctl devices names it");
    }
    for (int i = 0; i < count && length < size; i++) {
        length += (size_t)snprintf(text + length, size - length, "%s pid %d (%s)",
                                   i == 0 ? "; held by" : ",", holders[i].pid, holders[i].command);
    }
}

void pipeline_device_advice(const char *path, int number, char *text, size_t size)
{
    text[0] = '\0';
    if (number == EACCES) {
        advise_permission(path, text, size);
    } else if (number == EBUSY) {
        advise_busy(path, text, size);
    } else if (number == ENOENT) {
        snprintf(text, size, "; mocapctl devices lists the cameras there are");
    }
}
