// Which states of streams are news: a daemon repeats the state of a stream that is down each
// second.
#pragma once

#include <stdbool.h>

#include "protocol/message.h"
#include "protocol/mocap.h"

struct tools_state_news { // zeroed: nothing is known
    int count;
    struct protocol_state known[PROTOCOL_STREAMS_MAX];
};

// Whether the state, a message of type MOCAP_STATE, or its reason differs from what the last one of
// its stream said. Always true once PROTOCOL_STREAMS_MAX other streams were seen.
bool tools_state_is_news(struct tools_state_news *news, const struct mocap_message *message);
