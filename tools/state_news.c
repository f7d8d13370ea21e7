#include "tools/state_news.h"

#include <stdio.h>
#include <string.h>

// What is known of the stream; NULL when there is no room for it.
static struct protocol_state *find(struct tools_state_news *news, const char *stream)
{
    for (int i = 0; i < news->count; i++) {
        if (strcmp(news->known[i].stream, stream) == 0) {
            return &news->known[i];
        }
    }
    if (news->count == PROTOCOL_STREAMS_MAX) {
        return NULL;
    }
    struct protocol_state *added = &news->known[news->count++];
    *added = (struct protocol_state){ .state = PROTOCOL_STREAM_STATE_COUNT }; // none
    snprintf(added->stream, sizeof added->stream, "%s", stream);
    return added;
}

bool tools_state_is_news(struct tools_state_news *news, const struct mocap_message *message)
{
    struct protocol_state *last = find(news, message->stream);
    if (last == NULL) {
        return true;
    }
    const enum protocol_stream_state state = protocol_stream_state_parse(message->state);
    const bool is_same = last->state == state && strcmp(last->reason, message->reason) == 0;
    last->state = state;
    snprintf(last->reason, sizeof last->reason, "%s", message->reason);
    return !is_same;
}
