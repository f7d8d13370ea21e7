#include "server/control_group.h"

#include <grp.h>
#include <stdio.h>
#include <unistd.h>

#include "server/subscriber.h"

bool server_control_group_admits(const struct server_control_group *group,
                                 const struct server_subscriber *subscriber)
{
    return subscriber->peer_uid == 0 ||
           (subscriber->peer_uid > 0 && (uid_t)subscriber->peer_uid == geteuid()) ||
           (group->id != 0 && server_subscriber_is_in_group(subscriber, group->id));
}

void server_control_group_set(struct server_control_group *group, gid_t id)
{
    const struct group *found = id == 0 ? NULL : getgrgid(id);
    group->id = id;
    group->is_named = found != NULL;
    if (found != NULL) {
        snprintf(group->name, sizeof group->name, "%s", found->gr_name);
    } else {
        snprintf(group->name, sizeof group->name, "%lu", (unsigned long)id);
    }
}

void server_control_group_forbid(const struct server_control_group *group,
                                 const struct server_subscriber *subscriber, const char *request,
                                 struct protocol_error *error)
{
    error->code = PROTOCOL_ERROR_FORBIDDEN;
    if (group->is_named) {
        snprintf(error->message, sizeof error->message,
                 "%s: must be root, the daemon's user or in the group %s, got uid %d; to join: "
                 "sudo usermod -aG %s USER, then log in again",
                 request, group->name, subscriber->peer_uid, group->name);
    } else if (group->id != 0) {
        snprintf(error->message, sizeof error->message,
                 "%s: must be root, the daemon's user or in the group %s, got uid %d", request,
                 group->name, subscriber->peer_uid);
    } else {
        snprintf(error->message, sizeof error->message,
                 "%s: must be root or the daemon's user, got uid %d; mocapd's option control-group "
                 "names a group that may, too",
                 request, subscriber->peer_uid);
    }
}
