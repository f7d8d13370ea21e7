// What a client has subscribed to, to be renewed after a reconnection.
//
// A request takes effect when its reply arrives, which may be after its caller has given up
// waiting: until then it is pending. Thread: the owner's.
#pragma once

#include "protocol/message.h"

enum { PROTOCOL_PENDING_MAX = 16 }; // beyond it the oldest request is forgotten

struct protocol_client_subscriptions { // zeroed: none
    // In the order to renew them: one to all streams, "", is the first.
    struct protocol_request active[PROTOCOL_STREAMS_MAX];
    int active_count;
    struct protocol_request pending[PROTOCOL_PENDING_MAX]; // oldest first
    int pending_count;
};

// A subscribe or unsubscribe request, with its id, is about to be sent.
void protocol_client_subscriptions_ask(struct protocol_client_subscriptions *subscriptions,
                                       const struct protocol_request *request);

// A message has arrived: if it is the reply to a pending request, that takes effect.
void protocol_client_subscriptions_reply(struct protocol_client_subscriptions *subscriptions,
                                         const struct protocol_message *message,
                                         const struct protocol_hello *hello);

// The streams are these now: the server has forgotten subscriptions to any other.
void protocol_client_subscriptions_streams(struct protocol_client_subscriptions *subscriptions,
                                           const struct protocol_streams *streams);

// The server no longer has the stream, which is not "".
void protocol_client_subscriptions_drop(struct protocol_client_subscriptions *subscriptions,
                                        const char *stream);
