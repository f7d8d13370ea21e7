#include "tools/fleet/mqtt_loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <mosquitto.h>

#include "base/clock.h"
#include "base/condition.h"
#include "base/log.h"

enum {
    LOOP_MS = 500, // of waiting in the library, which a message ends
    RETRY_FIRST_S = 1,
    RETRY_LAST_S = 30,
    LEAVE_MS = 1000, // for the last packet
};

static bool is_stopping(struct fleet_mqtt_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    const bool stops = loop->is_stopping;
    pthread_mutex_unlock(&loop->lock);
    return stops;
}

static void wait_for_retry(struct fleet_mqtt_loop *loop)
{
    const struct timespec until = mc_condition_deadline(loop->retry_s * 1000);
    int result = 0;
    pthread_mutex_lock(&loop->lock);
    while (!loop->is_stopping && result == 0) {
        result = pthread_cond_timedwait(&loop->changed, &loop->lock, &until);
    }
    pthread_mutex_unlock(&loop->lock);
    loop->retry_s = loop->retry_s * 2 < RETRY_LAST_S ? loop->retry_s * 2 : RETRY_LAST_S;
}

// Returns false when the log has that reason already.
static bool is_news(struct fleet_mqtt_loop *loop, const char *reason)
{
    const bool is_new = strncmp(loop->told, reason, sizeof loop->told - 1) != 0;
    snprintf(loop->told, sizeof loop->told, "%s", reason);
    return is_new;
}

static void tell(struct fleet_mqtt_loop *loop, int code, int cause)
{
    const char *reason = loop->reason[0] != '\0'  ? loop->reason
                         : code == MOSQ_ERR_ERRNO ? strerrordesc_np(cause)
                                                  : mosquitto_strerror(code);
    const bool is_lost = atomic_exchange(&loop->is_connected, false);
    reason = reason == NULL ? "no connection" : reason;
    // A refusal has been told, and comes as a failure, too.
    if (code != MOSQ_ERR_CONN_REFUSED && is_news(loop, reason)) {
        mc_log(MC_LOG_WARNING, "%s the MQTT broker at %s: %s; trying again until it is there",
               is_lost ? "lost" : "cannot reach", loop->url, reason);
    }
    loop->reason[0] = '\0';
}

// libmosquitto takes a connection with TLS that was refused for one under way, and goes round, with
// all of a processor, until its keep-alive ends. Sets errno.
static bool is_refused(struct fleet_mqtt_loop *loop)
{
    struct pollfd waited = { .fd = mosquitto_socket(loop->mosquitto), .events = POLLOUT };
    int cause = 0;
    socklen_t size = sizeof cause;
    if (atomic_load(&loop->is_connected) || waited.fd < 0 || poll(&waited, 1, LOOP_MS) <= 0 ||
        (waited.revents & (POLLERR | POLLHUP)) == 0) {
        return false;
    }
    getsockopt(waited.fd, SOL_SOCKET, SO_ERROR, &cause, &size);
    errno = cause == 0 ? ECONNREFUSED : cause; // the library may have taken it
    return true;
}

static void *run(void *user)
{
    struct fleet_mqtt_loop *loop = user;
    while (!is_stopping(loop)) {
        const int code =
            is_refused(loop) ? MOSQ_ERR_ERRNO : mosquitto_loop(loop->mosquitto, LOOP_MS, 1);
        if (code == MOSQ_ERR_SUCCESS) {
            continue;
        }
        const int cause = errno;
        if (!is_stopping(loop)) {
            tell(loop, code, cause);
        }
        wait_for_retry(loop);
        if (!is_stopping(loop)) {
            mosquitto_reconnect_async(loop->mosquitto); // if that fails, so does the loop
        }
    }
    const int64_t until_ns = mc_clock_now_ns() + LEAVE_MS * MC_NS_PER_MS;
    while (mosquitto_loop(loop->mosquitto, LEAVE_MS, 1) == MOSQ_ERR_SUCCESS &&
           mc_clock_now_ns() < until_ns) {
    }
    return NULL;
}

bool fleet_mqtt_loop_start(struct fleet_mqtt_loop *loop, struct mc_error *err)
{
    loop->retry_s = RETRY_FIRST_S;
    if (pthread_mutex_init(&loop->lock, NULL) != 0 || !mc_condition_init(&loop->changed)) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for MQTT");
    }
    mosquitto_threaded_set(loop->mosquitto, true);
    loop->has_thread = pthread_create(&loop->thread, NULL, run, loop) == 0;
    if (!loop->has_thread) {
        pthread_cond_destroy(&loop->changed);
        pthread_mutex_destroy(&loop->lock);
    }
    return loop->has_thread || mc_error_set(err, MC_ERROR_SYSTEM, 0, "no thread for MQTT");
}

void fleet_mqtt_loop_stop(struct fleet_mqtt_loop *loop)
{
    if (!loop->has_thread) {
        return;
    }
    pthread_mutex_lock(&loop->lock);
    loop->is_stopping = true;
    pthread_cond_broadcast(&loop->changed);
    pthread_mutex_unlock(&loop->lock);
    mosquitto_disconnect(loop->mosquitto);
    pthread_join(loop->thread, NULL);
    loop->has_thread = false;
    pthread_cond_destroy(&loop->changed);
    pthread_mutex_destroy(&loop->lock);
}

void fleet_mqtt_loop_take_connection(struct fleet_mqtt_loop *loop)
{
    mc_log(MC_LOG_INFO, "connected to the MQTT broker at %s", loop->url);
    loop->retry_s = RETRY_FIRST_S;
    loop->told[0] = '\0';
    loop->reason[0] = '\0';
    atomic_store(&loop->is_connected, true);
}

void fleet_mqtt_loop_take_refusal(struct fleet_mqtt_loop *loop, const char *reason)
{
    if (is_news(loop, reason)) {
        mc_log(MC_LOG_ERROR, "the MQTT broker at %s refuses: %s; asking again", loop->url, reason);
    }
}

void fleet_mqtt_loop_take_error(struct fleet_mqtt_loop *loop, const char *reason)
{
    snprintf(loop->reason, sizeof loop->reason, "%s", reason);
}
