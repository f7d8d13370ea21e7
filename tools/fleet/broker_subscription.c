#include "tools/fleet/broker_subscription.h"

#include <pthread.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PENDING_BYTES = 8 << 20 }; // of one subscription, that wait to be delivered

struct fleet_broker_subscription {
    char *subject; // owned
    int max_pending;
    fleet_broker_message_fn *on_message;
    void *user;
    natsSubscription *current; // of the connection there is; NULL: none
    uintptr_t id;              // of current; never used again
    struct fleet_broker_subscription *next;
};

// The library may deliver a message of a subscription that has ended, and does not always say when
// it is done with one, so it gets an id, never a pointer. One tree for the process, since one
// thread of the library delivers all messages.
static pthread_mutex_t delivery = PTHREAD_MUTEX_INITIALIZER; // held during callbacks
static void *attached;                                       // a tree of subscriptions, by id
static uintptr_t last_id;

static int compare_ids(const void *left, const void *right)
{
    const uintptr_t a = ((const struct fleet_broker_subscription *)left)->id;
    const uintptr_t b = ((const struct fleet_broker_subscription *)right)->id;
    return (a > b) - (a < b);
}

static void on_nats_message(natsConnection *connection, natsSubscription *from, natsMsg *message,
                            void *closure)
{
    const struct fleet_broker_subscription wanted = { .id = (uintptr_t)closure };
    (void)connection, (void)from;
    pthread_mutex_lock(&delivery);
    void *found = tfind(&wanted, &attached, compare_ids);
    if (found != NULL && natsMsg_GetDataLength(message) >= 0) {
        const struct fleet_broker_subscription *subscription =
            *(struct fleet_broker_subscription **)found;
        subscription->on_message(subscription->user, natsMsg_GetSubject(message),
                                 natsMsg_GetReply(message), natsMsg_GetData(message),
                                 (size_t)natsMsg_GetDataLength(message));
    }
    pthread_mutex_unlock(&delivery);
    natsMsg_Destroy(message);
}

// With delivery held.
static void detach(struct fleet_broker_subscription *subscription)
{
    natsSubscription_Destroy(subscription->current);
    subscription->current = NULL;
    tdelete(subscription, &attached, compare_ids);
}

// With delivery held. A connection that closes meanwhile is made anew, and the subscription with
// it. Returns false when out of memory.
static bool attach(natsConnection *connection, struct fleet_broker_subscription *subscription)
{
    subscription->id = ++last_id;
    if (connection == NULL) {
        return true;
    }
    if (tsearch(subscription, &attached, compare_ids) == NULL) {
        return false;
    }
    const natsStatus status =
        natsConnection_Subscribe(&subscription->current, connection, subscription->subject,
                                 on_nats_message, (void *)subscription->id);
    if (status != NATS_OK) {
        subscription->current = NULL;
        detach(subscription);
        return status != NATS_NO_MEMORY;
    }
    natsSubscription_SetPendingLimits(subscription->current, subscription->max_pending,
                                      PENDING_BYTES);
    natsSubscription_NoDeliveryDelay(subscription->current);
    return true;
}

static void free_subscription(struct fleet_broker_subscription *subscription)
{
    if (subscription != NULL) {
        free(subscription->subject);
        free(subscription);
    }
}

static struct fleet_broker_subscription *make_subscription(const char *subject, int max_pending)
{
    struct fleet_broker_subscription *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->subject = strdup(subject);
        made->max_pending = max_pending;
    }
    if (made == NULL || made->subject == NULL) {
        free_subscription(made);
        return NULL;
    }
    return made;
}

struct fleet_broker_subscription *
fleet_broker_subscriptions_add(struct fleet_broker_subscriptions *subscriptions,
                               natsConnection *connection, const char *subject, int max_pending,
                               fleet_broker_message_fn *on_message, void *user)
{
    struct fleet_broker_subscription *made = make_subscription(subject, max_pending);
    if (made == NULL) {
        return NULL;
    }
    made->on_message = on_message;
    made->user = user;
    pthread_mutex_lock(&delivery);
    const bool is_good = attach(connection, made);
    if (is_good) {
        made->next = subscriptions->first;
        subscriptions->first = made;
    }
    pthread_mutex_unlock(&delivery);
    if (!is_good) {
        free_subscription(made);
        return NULL;
    }
    return made;
}

void fleet_broker_subscriptions_remove(struct fleet_broker_subscriptions *subscriptions,
                                       struct fleet_broker_subscription *subscription)
{
    pthread_mutex_lock(&delivery);
    struct fleet_broker_subscription **link = &subscriptions->first;
    while (*link != subscription) {
        link = &(*link)->next;
    }
    *link = subscription->next;
    detach(subscription);
    pthread_mutex_unlock(&delivery);
    free_subscription(subscription);
}

void fleet_broker_subscriptions_detach(struct fleet_broker_subscriptions *subscriptions)
{
    pthread_mutex_lock(&delivery);
    for (struct fleet_broker_subscription *s = subscriptions->first; s != NULL; s = s->next) {
        detach(s);
    }
    pthread_mutex_unlock(&delivery);
}

bool fleet_broker_subscriptions_attach(struct fleet_broker_subscriptions *subscriptions,
                                       natsConnection *connection)
{
    bool is_complete = true;
    pthread_mutex_lock(&delivery);
    for (struct fleet_broker_subscription *s = subscriptions->first; s != NULL; s = s->next) {
        is_complete = attach(connection, s) && is_complete;
    }
    pthread_mutex_unlock(&delivery);
    return is_complete;
}
