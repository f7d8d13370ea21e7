#include "server/admission.h"

#include <stdio.h>

#include "server/subscriber.h"

int server_admission_default_share(int connections)
{
    return connections - connections / 4;
}

// True unless it is about to be closed, anyway.
static bool is_staying(const struct server_subscriber *subscriber)
{
    return subscriber->close_reason == NULL && !subscriber->finishing;
}

// True when it awaits neither records nor a reply.
static bool is_idle(const struct server_subscriber *subscriber)
{
    return !server_subscriber_is_subscribed(subscriber) && subscriber->awaited_replies == 0;
}

// The connection that has been idle for longest, of that uid unless any is meant.
static struct server_subscriber *find_idle(struct server_subscriber *first,
                                           const struct server_subscriber *except, bool any,
                                           int uid)
{
    struct server_subscriber *found = NULL;
    for (struct server_subscriber *s = first; s != NULL; s = s->next) {
        if (s != except && is_staying(s) && is_idle(s) && (any || s->peer_uid == uid) &&
            (found == NULL || s->asked_ms < found->asked_ms)) {
            found = s;
        }
    }
    return found;
}

bool server_admission_check(const struct server_admission *admission,
                            struct server_subscriber *first, const struct server_subscriber *newest,
                            struct server_subscriber **idle, struct protocol_error *error)
{
    int all = 0, own = 0;
    for (const struct server_subscriber *s = first; s != NULL; s = s->next) {
        all += is_staying(s);
        own += is_staying(s) && s->peer_uid == newest->peer_uid;
    }
    const bool over_share = own > admission->per_user;
    *idle = NULL;
    if (!over_share && all <= admission->connections) {
        return true;
    }
    *idle = find_idle(first, newest, !over_share, newest->peer_uid);
    if (*idle != NULL) {
        return true;
    }
    *error = (struct protocol_error){ .code = PROTOCOL_ERROR_TOO_MANY };
    if (over_share) {
        snprintf(error->message, sizeof error->message,
                 "too many connections of uid %d: must be at most %d", newest->peer_uid,
                 admission->per_user);
    } else {
        snprintf(error->message, sizeof error->message, "too many connections: must be at most %d",
                 admission->connections);
    }
    return false;
}

struct server_subscriber *server_admission_idle(struct server_subscriber *first)
{
    return find_idle(first, NULL, true, 0);
}
