#include "server/calibration_requests.h"

#include <stdio.h>
#include <string.h>

#include "protocol/encode.h"
#include "server/publisher.h"
#include "server/reply.h"
#include "server/request_handlers.h"

// Starts to measure; the reply comes later. Returns false and sets error on failure.
static bool measure(const struct server_request_handlers *handlers,
                    struct server_subscriber *subscriber, int stream,
                    const struct protocol_request *request, struct protocol_error *error)
{
    struct server_subscription *subscription = server_subscriber_subscription(subscriber, stream);
    if (subscription == NULL) {
        error->code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error->message, sizeof error->message, "calibrate: out of memory");
        return false;
    }
    if (subscription->calibrating) {
        error->code = PROTOCOL_ERROR_BAD_REQUEST;
        snprintf(error->message, sizeof error->message,
                 "calibrate: the last request of this connection for %s is not answered yet",
                 request->stream);
        return false;
    }
    subscription->calibrating = true;
    subscription->calibrate_id = request->id;
    subscription->calibrating =
        handlers->callbacks->on_calibrate(handlers->callbacks->user, stream, request, error);
    if (subscription->calibrating) {
        server_subscriber_await_reply(subscriber);
    }
    return subscription->calibrating;
}

// Replies with what was measured.
static bool show(const struct server_request_handlers *handlers,
                 struct server_subscriber *subscriber, int stream,
                 const struct protocol_request *request, struct protocol_error *error)
{
    struct protocol_calibration calibration = { 0 };
    if (!handlers->callbacks->on_calibration(handlers->callbacks->user, stream, request,
                                             &calibration, error)) {
        return false;
    }
    calibration.id = request->id;
    memcpy(calibration.stream, request->stream, sizeof calibration.stream);
    struct server_reply reply;
    server_reply_begin(&reply, &handlers->feeds->pool, subscriber);
    protocol_encode_calibration(reply.buffer, reply.encoding, &calibration);
    server_reply_end(&reply);
    return true;
}

void server_calibration_request(const struct server_request_handlers *handlers,
                                struct server_subscriber *subscriber,
                                const struct protocol_request *request)
{
    const bool measures = request->action == PROTOCOL_CALIBRATE_NEUTRAL ||
                          request->action == PROTOCOL_CALIBRATE_RANGE;
    const int stream = server_stream_feeds_find(handlers->feeds, request->stream);
    struct protocol_error error = { .id = request->id };
    if (handlers->callbacks->on_calibrate == NULL) {
        error.code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error.message, sizeof error.message, "this server has no camera to calibrate");
    } else if (request->action != PROTOCOL_CALIBRATE_SHOW &&
               !server_control_group_admits(&handlers->control_group, subscriber)) {
        server_control_group_forbid(&handlers->control_group, subscriber, "calibrate", &error);
    } else if (measures ? measure(handlers, subscriber, stream, request, &error)
                        : show(handlers, subscriber, stream, request, &error)) {
        return;
    }
    server_reply_refuse(&handlers->feeds->pool, subscriber, &error);
}

void server_calibration_done(const struct server_request_handlers *handlers,
                             struct server_subscriber *subscriber, int stream,
                             const struct protocol_calibrated *calibrated)
{
    struct server_subscription *subscription = subscriber->subscriptions[stream];
    if (subscription == NULL || !subscription->calibrating) {
        return;
    }
    subscription->calibrating = false;
    struct protocol_calibrated done = *calibrated;
    done.id = subscription->calibrate_id;
    memcpy(done.stream, handlers->feeds->feeds[stream].state.stream, sizeof done.stream);
    struct server_reply reply;
    server_reply_begin(&reply, &handlers->feeds->pool, subscriber);
    protocol_encode_calibrated(reply.buffer, reply.encoding, &done);
    server_reply_end(&reply);
    server_subscriber_reply_sent(subscriber);
}

void server_calibration_failed(const struct server_request_handlers *handlers,
                               struct server_subscriber *subscriber, int stream,
                               const struct protocol_error *error)
{
    struct server_subscription *subscription = subscriber->subscriptions[stream];
    if (subscription == NULL || !subscription->calibrating) {
        return;
    }
    subscription->calibrating = false;
    struct protocol_error reply = *error;
    reply.id = subscription->calibrate_id;
    server_reply_refuse(&handlers->feeds->pool, subscriber, &reply);
    server_subscriber_reply_sent(subscriber);
}
