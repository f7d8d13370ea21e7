#include "tools/mocapctl/ask.h"

#include "tools/terminal.h"

void mocapctl_complain_without(enum mocap_result result, const struct mocap_error *error)
{
    tools_complain("%s", result == MOCAP_TIMEOUT ? "mocapd does not answer" : error->message);
}

bool mocapctl_ask(struct mocap_client *client, struct protocol_buffer *request, int timeout_ms,
                  struct mocap_message *message)
{
    struct mocap_error error;
    protocol_buffer_bytes(request, "", 1);
    if (request->failed) {
        protocol_buffer_finish(request);
        tools_complain("out of memory for the request");
        return false;
    }
    const enum mocap_result result =
        mocap_request_json(client, request->data, timeout_ms, message, &error);
    protocol_buffer_finish(request);
    if (result != MOCAP_MESSAGE) {
        mocapctl_complain_without(result, &error);
        return false;
    }
    if (message->type != MOCAP_REPLY) {
        tools_complain("mocapd says: %s", message->reason);
    }
    return message->type == MOCAP_REPLY;
}
