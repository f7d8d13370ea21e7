#include "protocol/client_subscriptions.h"

#include <string.h>

// Forgets the subscription to the stream; all of them when it is "".
static void forget(struct protocol_client_subscriptions *subscriptions, const char *stream)
{
    int kept = 0;
    for (int i = 0; i < subscriptions->active_count; i++) {
        const char *other = subscriptions->active[i].stream;
        if (stream[0] != '\0' && strcmp(other, stream) != 0) {
            subscriptions->active[kept++] = subscriptions->active[i];
        }
    }
    subscriptions->active_count = kept;
}

static void remember(struct protocol_client_subscriptions *subscriptions,
                     const struct protocol_request *request)
{
    forget(subscriptions, request->stream);
    if (subscriptions->active_count < PROTOCOL_STREAMS_MAX) {
        subscriptions->active[subscriptions->active_count++] = *request;
    }
}

// Turns a subscription to all streams into one to each, so that one can be taken out. Those to
// single streams that came after it stay behind it, as they override it.
static void spread(struct protocol_client_subscriptions *subscriptions,
                   const struct protocol_hello *hello)
{
    if (subscriptions->active_count == 0 || subscriptions->active[0].stream[0] != '\0') {
        return;
    }
    const struct protocol_client_subscriptions before = *subscriptions;
    struct protocol_request request = before.active[0];
    subscriptions->active_count = 0;
    for (int i = 0; i < hello->stream_count; i++) {
        memcpy(request.stream, hello->streams[i], sizeof request.stream);
        remember(subscriptions, &request);
    }
    for (int i = 1; i < before.active_count; i++) {
        remember(subscriptions, &before.active[i]);
    }
}

static void remove_pending(struct protocol_client_subscriptions *subscriptions, int index)
{
    subscriptions->pending_count--;
    memmove(&subscriptions->pending[index], &subscriptions->pending[index + 1],
            (size_t)(subscriptions->pending_count - index) * sizeof subscriptions->pending[0]);
}

void protocol_client_subscriptions_ask(struct protocol_client_subscriptions *subscriptions,
                                       const struct protocol_request *request)
{
    if (subscriptions->pending_count == PROTOCOL_PENDING_MAX) {
        remove_pending(subscriptions, 0);
    }
    subscriptions->pending[subscriptions->pending_count++] = *request;
}

void protocol_client_subscriptions_reply(struct protocol_client_subscriptions *subscriptions,
                                         const struct protocol_message *message,
                                         const struct protocol_hello *hello)
{
    for (int i = 0; message->id.given && i < subscriptions->pending_count; i++) {
        const struct protocol_request request = subscriptions->pending[i];
        if (request.id.value != message->id.value) {
            continue;
        }
        remove_pending(subscriptions, i);
        if (message->type == PROTOCOL_MESSAGE_SUBSCRIBED) {
            remember(subscriptions, &request);
        } else if (message->type == PROTOCOL_MESSAGE_UNSUBSCRIBED) {
            spread(subscriptions, hello);
            forget(subscriptions, request.stream);
        }
        return;
    }
}

static bool is_listed(const struct protocol_streams *streams, const char *stream)
{
    for (int i = 0; i < streams->stream_count; i++) {
        if (strcmp(streams->streams[i], stream) == 0) {
            return true;
        }
    }
    return false;
}

void protocol_client_subscriptions_streams(struct protocol_client_subscriptions *subscriptions,
                                           const struct protocol_streams *streams)
{
    int kept = 0;
    for (int i = 0; i < subscriptions->active_count; i++) {
        const char *stream = subscriptions->active[i].stream;
        if (stream[0] == '\0' || is_listed(streams, stream)) {
            subscriptions->active[kept++] = subscriptions->active[i];
        }
    }
    subscriptions->active_count = kept;
}

void protocol_client_subscriptions_drop(struct protocol_client_subscriptions *subscriptions,
                                        const char *stream)
{
    forget(subscriptions, stream);
}
