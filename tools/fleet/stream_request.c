#include "tools/fleet/stream_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "protocol/mocap.h"
#include "tools/json_text.h"

enum { REPLY_MS = 3000 };

static bool has_changed(const struct mocap_message *message)
{
    json_t *reply = json_loadb(message->bytes, message->length, 0, NULL);
    const bool changed = json_is_true(json_object_get(reply, "changed"));
    json_decref(reply);
    return changed;
}

enum fleet_stream_reply fleet_stream_ask(struct mocap_client *client, const char *name,
                                         const char *options, struct fleet_stream_refusal *refusal)
{
    struct mocap_message message;
    struct mocap_error error = { 0 };
    json_t *request = json_object();
    json_object_set_new(request, "type", json_string("stream"));
    json_object_set_new(request, "action", json_string(options == NULL ? "remove" : "add"));
    json_object_set_new(request, "stream", json_string(name));
    if (options != NULL) {
        json_object_set_new(request, "options", json_loads(options, 0, NULL));
    }
    char *text = tools_json_text(request, JSON_COMPACT);
    json_decref(request);
    const enum mocap_result result =
        text == NULL ? MOCAP_ERROR : mocap_request_json(client, text, REPLY_MS, &message, &error);
    free(text);
    if (result != MOCAP_MESSAGE) {
        snprintf(refusal->reason, sizeof refusal->reason, "%s",
                 error.message[0] != '\0' ? error.message : "it does not answer");
        return FLEET_STREAM_LOST;
    }
    if (message.type == MOCAP_REFUSAL) {
        snprintf(refusal->code, sizeof refusal->code, "%s", message.code);
        snprintf(refusal->reason, sizeof refusal->reason, "%s", message.reason);
        return FLEET_STREAM_REFUSED;
    }
    return has_changed(&message) ? FLEET_STREAM_DONE : FLEET_STREAM_UNCHANGED;
}

enum fleet_stream_reply fleet_stream_hand(struct mocap_client *client, const char *name,
                                          const char *options, bool is_ours,
                                          struct fleet_stream_refusal *refusal)
{
    enum fleet_stream_reply reply = fleet_stream_ask(client, name, options, refusal);
    if (reply == FLEET_STREAM_REFUSED && is_ours && strcmp(refusal->code, "exists") == 0) {
        reply = fleet_stream_ask(client, name, NULL, refusal);
        reply = reply <= FLEET_STREAM_UNCHANGED ? fleet_stream_ask(client, name, options, refusal)
                                                : reply;
    }
    return reply;
}
