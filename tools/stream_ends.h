// Which of a daemon's streams have ended, for programs that end with the last of them: streams come
// and go meanwhile.
#pragma once

#include <stdbool.h>

#include "protocol/message.h"
#include "protocol/mocap.h"

struct tools_stream_ends { // zeroed: none
    int count;
    char names[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES];
};

// Takes in a state or an end of a stream; ignores other messages.
void tools_stream_ends_note(struct tools_stream_ends *ends, const struct mocap_message *message);

// Whether the only stream, or where that is NULL all that the server has now, has ended.
bool tools_stream_ends_all(const struct tools_stream_ends *ends, const struct mocap_server *server,
                           const char *only);
