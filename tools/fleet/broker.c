#include "tools/fleet/broker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/condition.h"
#include "base/log.h"
#include "pipeline/source/url.h"
#include "tools/fleet/broker_errors.h"
#include "tools/fleet/broker_subscription.h"
#include "tools/fleet/fleet_options.h"
#include "tools/fleet/nats_options.h"
#include "tools/fleet/subjects.h"

enum {
    PING_MS = 2000,           // a network that went silent is noticed after
    PINGS_MAX = 2,            // this many of them
    RETRY_FIRST_MS = 100,     // doubles with each attempt,
    RETRY_LAST_MS = 5000,     // up to this; half of it at random
    REFUSED_MS = 15000,       // before a broker that refused us is asked again
    BUFFER_BYTES = 64 * 1024, // to write at once
    STOP_MS = 3000,           // for the library's last callbacks
};

struct fleet_broker {
    natsOptions *options;
    char url[256]; // for the log, without secrets
    atomic_bool is_connected;
    bool is_refusal_told;
    atomic_bool is_new;                // the connection, since errors were told
    struct fleet_broker_errors errors; // the thread of the library's callbacks alone

    pthread_rwlock_t connection_lock; // guards the pointer: readers use it, the keeper replaces it
    natsConnection *connection;       // NULL: to be made
    struct fleet_broker_subscriptions subscriptions;

    pthread_t keeper; // replaces connections that ended for good
    bool has_keeper;
    pthread_mutex_t lock; // guards the rest
    pthread_cond_t changed;
    natsConnection *open; // the one whose end is news
    bool is_stopping, is_ended;
    fleet_broker_refusal_fn *on_refusal;
    void *refusal_user;
    int retry_ms;    // before it is made anew
    int outstanding; // connections whose last callback the library owes
};

// ---- what the library says

static void set_state(struct fleet_broker *broker, bool is_connected)
{
    if (atomic_exchange(&broker->is_connected, is_connected) == is_connected) {
        return;
    }
    if (is_connected) {
        mc_log(MC_LOG_INFO, "connected to the broker at %s", broker->url);
        broker->is_refusal_told = false;
        atomic_store(&broker->is_new, true);
    } else {
        mc_log(MC_LOG_WARNING, "lost the broker at %s; trying again until it is there",
               broker->url);
    }
}

// Callbacks come late: of a connection that was replaced, they mean nothing, and of the one there
// is, what it says now counts.
static void follow_state(natsConnection *connection, struct fleet_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
    const bool is_current = connection == broker->open && !broker->is_stopping;
    pthread_mutex_unlock(&broker->lock);
    if (is_current) {
        set_state(broker, natsConnection_Status(connection) == NATS_CONN_STATUS_CONNECTED);
    }
}

static void on_connected(natsConnection *connection, void *closure)
{
    follow_state(connection, closure);
}

static void on_disconnected(natsConnection *connection, void *closure)
{
    follow_state(connection, closure);
}

// The keeper makes the connection anew.
static void end_connection(struct fleet_broker *broker, int retry_ms)
{
    pthread_mutex_lock(&broker->lock);
    broker->is_ended = true;
    broker->retry_ms = retry_ms;
    pthread_cond_broadcast(&broker->changed);
    pthread_mutex_unlock(&broker->lock);
}

static void tell_refusal(struct fleet_broker *broker, const char *reason)
{
    if (!broker->is_refusal_told) {
        mc_log(MC_LOG_ERROR, "the broker at %s refuses: %s; asking again every %d s", broker->url,
               reason, REFUSED_MS / 1000);
        broker->is_refusal_told = true;
    }
}

// A connection that the broker has ended for good.
static void handle_refusal(struct fleet_broker *broker, natsConnection *connection)
{
    const char *reason = NULL;
    set_state(broker, false);
    natsConnection_GetLastError(connection, &reason);
    tell_refusal(broker, reason != NULL && reason[0] != '\0' ? reason : "it gave no reason");
    end_connection(broker, REFUSED_MS);
}

// Of one that was closed because it ended, too: by then the pointer is another.
static void on_closed(natsConnection *connection, void *closure)
{
    struct fleet_broker *broker = closure;
    pthread_mutex_lock(&broker->lock);
    const bool is_ours = broker->is_stopping || connection != broker->open;
    pthread_mutex_unlock(&broker->lock);
    if (!is_ours) {
        handle_refusal(broker, connection);
    }
    pthread_mutex_lock(&broker->lock);
    broker->outstanding--;
    pthread_cond_broadcast(&broker->changed);
    pthread_mutex_unlock(&broker->lock);
}

// The error's own text, which names the subject: of this thread, as the connection may have another
// one by now.
static const char *read_error(natsConnection *connection, natsStatus status)
{
    natsStatus last = NATS_OK;
    const char *text = nats_GetLastError(&last);
    if (status == NATS_NOT_PERMITTED && (last != status || text == NULL || text[0] == '\0')) {
        last = natsConnection_GetLastError(connection, &text);
    }
    return last == status && text != NULL && text[0] != '\0' ? text : natsStatus_GetText(status);
}

static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus status,
                     void *closure)
{
    struct fleet_broker *broker = closure;
    char subject[FLEET_SUBJECT_BYTES];
    const char *text = read_error(connection, status);
    (void)subscription;
    if (atomic_exchange(&broker->is_new, false)) {
        broker->errors = (struct fleet_broker_errors){ 0 };
    }
    fleet_broker_errors_tell(&broker->errors, broker->url, status, text);
    if (status == NATS_NOT_PERMITTED && fleet_broker_error_subject(subject, sizeof subject, text)) {
        pthread_mutex_lock(&broker->lock);
        if (broker->on_refusal != NULL) {
            broker->on_refusal(broker->refusal_user, subject);
        }
        pthread_mutex_unlock(&broker->lock);
    }
}

// Doubles up to RETRY_LAST_MS; half is random, so that a fleet does not come back all at once.
static int64_t retry_delay(natsConnection *connection, int attempts, void *closure)
{
    (void)connection, (void)closure;
    int64_t delay = RETRY_FIRST_MS;
    for (int i = 1; i < attempts && delay < RETRY_LAST_MS; i++) {
        delay *= 2;
    }
    delay = delay > RETRY_LAST_MS ? RETRY_LAST_MS : delay;
    return delay / 2 + (int64_t)((uint64_t)mc_clock_now_ns() / 1000 % (uint64_t)delay) / 2;
}

// ---- options

static bool set_options(struct fleet_broker *broker, const struct fleet_broker_options *given,
                        struct mc_error *err)
{
    if (natsOptions_Create(&broker->options) != NATS_OK) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the broker");
    }
    natsOptions *options = broker->options;
    nats_SetMessageDeliveryPoolSize(1);
    natsOptions_SetName(options, given->name);
    natsOptions_SetPingInterval(options, PING_MS);
    natsOptions_SetMaxPingsOut(options, PINGS_MAX);
    natsOptions_SetMaxReconnect(options, -1);
    natsOptions_SetCustomReconnectDelay(options, retry_delay, NULL);
    natsOptions_SetReconnectBufSize(options, 1); // what would wait there is old
    natsOptions_SetIOBufSize(options, BUFFER_BYTES);
    natsOptions_SetSendAsap(options, true); // without, the library waits a millisecond for more
    natsOptions_SetWriteDeadline(options,
                                 given->write_ms > 0 ? given->write_ms : FLEET_BROKER_WRITE_MS);
    natsOptions_UseGlobalMessageDelivery(options, true);
    natsOptions_SetErrorHandler(options, on_error, broker);
    natsOptions_SetDisconnectedCB(options, on_disconnected, broker);
    natsOptions_SetReconnectedCB(options, on_connected, broker);
    natsOptions_SetClosedCB(options, on_closed, broker);
    natsOptions_SetRetryOnFailedConnect(options, true, on_connected, broker);
    pipeline_url_redact(given->fleet->nats, broker->url, sizeof broker->url);
    return fleet_nats_options_set(options, given->fleet, broker->url, err);
}

// ---- subscriptions

struct fleet_broker_subscription *fleet_broker_subscribe(struct fleet_broker *broker,
                                                         const char *subject, int max_pending,
                                                         fleet_broker_message_fn *on_message,
                                                         void *user, struct mc_error *err)
{
    pthread_rwlock_rdlock(&broker->connection_lock);
    struct fleet_broker_subscription *made = fleet_broker_subscriptions_add(
        &broker->subscriptions, broker->connection, subject, max_pending, on_message, user);
    pthread_rwlock_unlock(&broker->connection_lock);
    if (made == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a subscription");
    }
    return made;
}

void fleet_broker_unsubscribe(struct fleet_broker *broker,
                              struct fleet_broker_subscription *subscription)
{
    if (subscription == NULL) {
        return;
    }
    pthread_rwlock_rdlock(&broker->connection_lock);
    fleet_broker_subscriptions_remove(&broker->subscriptions, subscription);
    pthread_rwlock_unlock(&broker->connection_lock);
}

// ---- the connection

// With connection_lock held for writing, or before there are threads.
static natsStatus connect_now(struct fleet_broker *broker)
{
    const natsStatus status = natsConnection_Connect(&broker->connection, broker->options);
    if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED) {
        broker->connection = NULL;
        return status;
    }
    pthread_mutex_lock(&broker->lock);
    broker->open = broker->connection;
    broker->outstanding++;
    pthread_mutex_unlock(&broker->lock);
    if (natsConnection_Status(broker->connection) == NATS_CONN_STATUS_CONNECTED) {
        set_state(broker, true);
    } else if (natsConnection_IsClosed(broker->connection)) {
        handle_refusal(broker, broker->connection); // on_closed may not have known it yet
    } else if (status != NATS_OK) {
        mc_log(MC_LOG_WARNING, "no broker at %s yet; trying again until it is there", broker->url);
    }
    return NATS_OK;
}

static void make_anew(struct fleet_broker *broker)
{
    pthread_rwlock_wrlock(&broker->connection_lock);
    natsConnection *ended = broker->connection;
    broker->connection = NULL;
    pthread_mutex_lock(&broker->lock);
    broker->open = NULL;
    pthread_mutex_unlock(&broker->lock);
    fleet_broker_subscriptions_detach(&broker->subscriptions);
    natsConnection_Destroy(ended);
    pthread_mutex_lock(&broker->lock);
    broker->is_ended = false;
    const bool is_stopping = broker->is_stopping;
    pthread_mutex_unlock(&broker->lock);
    if (!is_stopping) {
        const natsStatus status = connect_now(broker);
        const bool is_complete =
            fleet_broker_subscriptions_attach(&broker->subscriptions, broker->connection);
        if (status != NATS_OK || !is_complete) {
            end_connection(broker, REFUSED_MS);
        }
    }
    pthread_rwlock_unlock(&broker->connection_lock);
}

// With lock held.
static void wait_to_retry(struct fleet_broker *broker)
{
    const struct timespec until = mc_condition_deadline(broker->retry_ms);
    while (!broker->is_stopping &&
           pthread_cond_timedwait(&broker->changed, &broker->lock, &until) == 0) {
    }
}

static void *keep(void *user)
{
    struct fleet_broker *broker = user;
    pthread_mutex_lock(&broker->lock);
    while (!broker->is_stopping) {
        if (!broker->is_ended) {
            pthread_cond_wait(&broker->changed, &broker->lock);
            continue;
        }
        wait_to_retry(broker);
        if (!broker->is_stopping) {
            pthread_mutex_unlock(&broker->lock);
            make_anew(broker);
            pthread_mutex_lock(&broker->lock);
        }
    }
    pthread_mutex_unlock(&broker->lock);
    return NULL;
}

static bool init_locks(struct fleet_broker *broker)
{
    return pthread_rwlock_init(&broker->connection_lock, NULL) == 0 &&
           pthread_mutex_init(&broker->lock, NULL) == 0 && mc_condition_init(&broker->changed);
}

struct fleet_broker *fleet_broker_start(const struct fleet_broker_options *options,
                                        struct mc_error *err)
{
    struct fleet_broker *broker = calloc(1, sizeof *broker);
    if (broker == NULL || !init_locks(broker)) {
        free(broker);
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the broker");
        return NULL;
    }
    if (!set_options(broker, options, err)) {
        fleet_broker_stop(broker);
        return NULL;
    }
    const natsStatus status = connect_now(broker);
    if (status == NATS_CONNECTION_AUTH_FAILED || status == NATS_NOT_PERMITTED) {
        end_connection(broker, REFUSED_MS); // whoever runs the broker may mend it
        tell_refusal(broker, natsStatus_GetText(status));
    } else if (status != NATS_OK) {
        mc_error_set(err, MC_ERROR_SYSTEM, 0, "%s: %s", broker->url, natsStatus_GetText(status));
        fleet_broker_stop(broker);
        return NULL;
    }
    broker->has_keeper = pthread_create(&broker->keeper, NULL, keep, broker) == 0;
    if (!broker->has_keeper) {
        mc_error_set(err, MC_ERROR_SYSTEM, 0, "no thread for the broker");
        fleet_broker_stop(broker);
        return NULL;
    }
    return broker;
}

// Returns false when the library owes some after STOP_MS.
static bool wait_for_callbacks(struct fleet_broker *broker)
{
    const struct timespec until = mc_condition_deadline(STOP_MS);
    int result = 0;
    pthread_mutex_lock(&broker->lock);
    while (broker->outstanding > 0 && result == 0) {
        result = pthread_cond_timedwait(&broker->changed, &broker->lock, &until);
    }
    const bool is_done = broker->outstanding == 0;
    pthread_mutex_unlock(&broker->lock);
    return is_done;
}

void fleet_broker_stop(struct fleet_broker *broker)
{
    if (broker == NULL) {
        return;
    }
    pthread_mutex_lock(&broker->lock);
    broker->is_stopping = true;
    pthread_cond_broadcast(&broker->changed);
    pthread_mutex_unlock(&broker->lock);
    if (broker->has_keeper) {
        pthread_join(broker->keeper, NULL);
    }
    while (broker->subscriptions.first != NULL) {
        fleet_broker_unsubscribe(broker, broker->subscriptions.first);
    }
    if (atomic_load(&broker->is_connected)) {
        natsConnection_FlushTimeout(broker->connection, FLEET_BROKER_WRITE_MS);
    }
    natsConnection_Destroy(broker->connection);
    natsOptions_Destroy(broker->options);
    if (!wait_for_callbacks(broker)) {
        mc_log(MC_LOG_WARNING, "the broker's library has not ended after %d ms", STOP_MS);
        return; // not freed: they would use it
    }
    pthread_cond_destroy(&broker->changed);
    pthread_mutex_destroy(&broker->lock);
    pthread_rwlock_destroy(&broker->connection_lock);
    free(broker);
}

void fleet_broker_watch_refusals(struct fleet_broker *broker, fleet_broker_refusal_fn *on_refusal,
                                 void *user)
{
    pthread_mutex_lock(&broker->lock);
    broker->on_refusal = on_refusal;
    broker->refusal_user = user;
    pthread_mutex_unlock(&broker->lock);
}

bool fleet_broker_is_connected(const struct fleet_broker *broker)
{
    return atomic_load(&broker->is_connected);
}

const char *fleet_broker_url(const struct fleet_broker *broker)
{
    return broker->url;
}

bool fleet_broker_publish(struct fleet_broker *broker, const char *subject, const void *data,
                          size_t length)
{
    natsConnection *connection = fleet_broker_acquire(broker);
    if (connection == NULL) {
        return false;
    }
    const natsStatus status = natsConnection_Publish(connection, subject, data, (int)length);
    fleet_broker_release(broker);
    if (status == NATS_TIMEOUT || status == NATS_IO_ERROR) {
        // Half a message may be written: nothing can follow it.
        set_state(broker, false);
        end_connection(broker, RETRY_FIRST_MS);
    }
    return status == NATS_OK;
}

natsConnection *fleet_broker_acquire(struct fleet_broker *broker)
{
    if (!atomic_load(&broker->is_connected) ||
        pthread_rwlock_tryrdlock(&broker->connection_lock) != 0) {
        return NULL;
    }
    if (broker->connection == NULL) {
        pthread_rwlock_unlock(&broker->connection_lock);
        return NULL;
    }
    return broker->connection;
}

void fleet_broker_release(struct fleet_broker *broker)
{
    pthread_rwlock_unlock(&broker->connection_lock);
}
