#include "server/subscription.h"

#include "base/clock.h"

bool server_subscription_due(struct server_subscription *subscription, int64_t now_ns)
{
    if (subscription->policy.max_rate <= 0) {
        return true;
    }
    int64_t interval_ns = (int64_t)((double)MC_NS_PER_SECOND / subscription->policy.max_rate);
    // Frames jitter: one that is early by up to half an interval passes, and the next is
    // due that much later.
    if (now_ns < subscription->due_ns - interval_ns / 2) {
        return false;
    }
    subscription->due_ns =
        (subscription->due_ns > now_ns ? subscription->due_ns : now_ns) + interval_ns;
    return true;
}

bool server_subscription_has_room(const struct server_subscription *subscription)
{
    switch (subscription->policy.mode) {
    case PROTOCOL_QUEUE:
        return subscription->waiting < subscription->policy.queue;
    case PROTOCOL_EVERY_FRAME:
        return subscription->waiting < SERVER_BACKLOG_MAX;
    default:
        return subscription->waiting < 1;
    }
}

bool server_subscription_keep(struct server_subscription *subscription,
                              struct server_message *message, uint64_t missed)
{
    if (subscription->policy.mode != PROTOCOL_LATEST) {
        return false;
    }
    subscription->newest = message;
    subscription->newest_missed = missed;
    return true;
}

struct server_message *server_subscription_take(struct server_subscription *subscription,
                                                uint64_t *missed)
{
    struct server_message *message = subscription->newest;
    *missed = subscription->newest_missed;
    subscription->newest = NULL;
    return message;
}

void server_subscription_miss(struct server_subscription *subscription,
                              struct server_message *message, bool over_budget)
{
    subscription->missed_count++;
    if (subscription->newest == NULL || over_budget) {
        subscription->missed++;
        return;
    }
    server_message_release(subscription->newest);
    subscription->newest = server_message_retain(message);
    subscription->newest_missed++;
}

void server_subscription_purge(struct server_subscription *subscription, int purged)
{
    if (subscription->newest != NULL) {
        subscription->missed += subscription->newest_missed;
        server_message_release(subscription->newest);
        subscription->newest = NULL;
    }
    subscription->missed += (uint64_t)purged;
    subscription->missed_count += (uint64_t)purged;
    subscription->waiting = 0;
}
