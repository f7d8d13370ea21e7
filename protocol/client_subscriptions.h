// What a client has subscribed to, to be renewed after a reconnection.
//
// A request takes effect when its reply arrives, which may be after its caller has given up
// waiting: until then it is pending. Thread: the owner's.
#pragma once

#include "protocol/message.h"

enum {
    PROTOCOL_PENDING_MAX = 16,                      // beyond it the oldest request is forgotten
    PROTOCOL_ACTIVE_MAX = PROTOCOL_STREAMS_MAX + 1, // to all streams, and to each
};

struct protocol_client_subscriptions { // zeroed: none
    // In the order to renew them: one to all streams, "", is the first. Those to streams that were
    // removed are among them, as the streams may be back by then; beyond the bound the oldest of
    // these is forgotten.
    struct protocol_request active[PROTOCOL_ACTIVE_MAX];
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

// The server no longer has the stream, which is not "".
void protocol_client_subscriptions_drop(struct protocol_client_subscriptions *subscriptions,
                                        const char *stream);
