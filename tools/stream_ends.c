#include "tools/stream_ends.h"

#include <stdio.h>
#include <string.h>

static int find(const struct tools_stream_ends *ends, const char *name)
{
    for (int i = 0; i < ends->count; i++) {
        if (strcmp(ends->names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

void tools_stream_ends_note(struct tools_stream_ends *ends, const struct mocap_message *message)
{
    if (message->type != MOCAP_STATE && message->type != MOCAP_END) {
        return;
    }
    const int known = find(ends, message->stream);
    if (message->type == MOCAP_END && known < 0 && ends->count < PROTOCOL_STREAMS_MAX) {
        snprintf(ends->names[ends->count++], PROTOCOL_NAME_BYTES, "%s", message->stream);
    }
    const bool goes_on = message->type == MOCAP_STATE && strcmp(message->state, "ended") != 0 &&
                         strcmp(message->state, "failed") != 0;
    if (goes_on && known >= 0) {
        memmove(ends->names[known], ends->names[--ends->count], sizeof ends->names[0]);
    }
}

bool tools_stream_ends_all(const struct tools_stream_ends *ends, const struct mocap_server *server,
                           const char *only)
{
    if (only != NULL) {
        return find(ends, only) >= 0;
    }
    for (int i = 0; i < server->stream_count; i++) {
        if (find(ends, server->streams[i]) < 0) {
            return false;
        }
    }
    return ends->count > 0;
}
