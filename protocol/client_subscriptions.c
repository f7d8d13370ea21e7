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

// A subscription to all streams is the oldest: it replaces those before it.
static bool follows_all(const struct protocol_client_subscriptions *subscriptions)
{
    return subscriptions->active_count > 0 && subscriptions->active[0].stream[0] == '\0';
}

// Makes room for one more: forgets the oldest to a stream that the server has not.
static void make_room(struct protocol_client_subscriptions *subscriptions,
                      const struct protocol_hello *hello)
{
    const int first = follows_all(subscriptions) ? 1 : 0;
    int gone = first;
    for (int i = subscriptions->active_count - 1; i >= first; i--) {
        const char *stream = subscriptions->active[i].stream;
        if (!protocol_names_contain(hello->streams, hello->stream_count, stream)) {
            gone = i;
        }
    }
    forget(subscriptions, subscriptions->active[gone].stream);
}

static void remember(struct protocol_client_subscriptions *subscriptions,
                     const struct protocol_request *request, const struct protocol_hello *hello)
{
    forget(subscriptions, request->stream);
    if (subscriptions->active_count == PROTOCOL_ACTIVE_MAX) {
        make_room(subscriptions, hello);
    }
    subscriptions->active[subscriptions->active_count++] = *request;
}

// Turns a subscription to all streams into one to each, so that one can be taken out. Those to
// single streams that came after it stay behind it, as they override it.
static void spread(struct protocol_client_subscriptions *subscriptions,
                   const struct protocol_hello *hello)
{
    if (!follows_all(subscriptions)) {
        return;
    }
    const struct protocol_client_subscriptions before = *subscriptions;
    struct protocol_request request = before.active[0];
    subscriptions->active_count = 0;
    for (int i = 0; i < hello->stream_count; i++) {
        memcpy(request.stream, hello->streams[i], sizeof request.stream);
        remember(subscriptions, &request, hello);
    }
    for (int i = 1; i < before.active_count; i++) {
        remember(subscriptions, &before.active[i], hello);
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

static bool is_unknown_stream(const struct protocol_message *message)
{
    return message->type == PROTOCOL_MESSAGE_ERROR &&
           message->error.code == PROTOCOL_ERROR_UNKNOWN_STREAM;
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
            remember(subscriptions, &request, hello);
        } else if (message->type == PROTOCOL_MESSAGE_UNSUBSCRIBED) {
            spread(subscriptions, hello);
            forget(subscriptions, request.stream);
        } else if (request.type == PROTOCOL_UNSUBSCRIBE && is_unknown_stream(message) &&
                   !follows_all(subscriptions)) {
            forget(subscriptions, request.stream); // refused, but it is not to be renewed
        }
        return;
    }
}

void protocol_client_subscriptions_drop(struct protocol_client_subscriptions *subscriptions,
                                        const char *stream)
{
    forget(subscriptions, stream);
}
