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

// Returns NULL when out of memory.
static char *write_request(const char *name, const char *options)
{
    json_t *request = json_object();
    json_object_set_new(request, "type", json_string("stream"));
    json_object_set_new(request, "action", json_string(options == NULL ? "remove" : "add"));
    json_object_set_new(request, "stream", json_string(name));
    if (options != NULL) {
        json_object_set_new(request, "options", json_loads(options, 0, NULL));
    }
    char *text = tools_json_text(request, JSON_COMPACT);
    json_decref(request);
    return text;
}

// Only an argument's error leaves the connection as it was: nothing has been sent.
static enum fleet_stream_reply read_failure(enum mocap_result result,
                                            const struct mocap_error *error,
                                            struct fleet_stream_refusal *refusal)
{
    const char *reason = result == MOCAP_TIMEOUT ? "it does not answer" : error->message;
    snprintf(refusal->reason, sizeof refusal->reason, "%s", reason);
    if (result == MOCAP_ERROR && error->code == MOCAP_ERROR_ARGUMENT) {
        return FLEET_STREAM_REFUSED;
    }
    return result == MOCAP_TIMEOUT ? FLEET_STREAM_LATE : FLEET_STREAM_LOST;
}

enum fleet_stream_reply fleet_stream_ask(struct mocap_client *client, const char *name,
                                         const char *options, struct fleet_stream_refusal *refusal)
{
    struct mocap_message message;
    struct mocap_error error = { 0 };
    char *text = write_request(name, options);
    if (text == NULL) {
        snprintf(refusal->reason, sizeof refusal->reason, "out of memory for the request");
        return FLEET_STREAM_REFUSED;
    }
    const enum mocap_result result = mocap_request_json(client, text, REPLY_MS, &message, &error);
    free(text);
    if (result != MOCAP_MESSAGE) {
        return read_failure(result, &error, refusal);
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

bool fleet_stream_read_late(const struct mocap_message *message, char name[PROTOCOL_NAME_BYTES])
{
    const char *type = NULL, *action = NULL, *stream = NULL;
    int changed = 0;
    if (message->type != MOCAP_REPLY || message->encoding != MOCAP_ENCODING_JSON) {
        return false;
    }
    json_t *reply = json_loadb(message->bytes, message->length, 0, NULL);
    const bool is_added = json_unpack(reply, "{s:s, s:s, s:s, s:b}", "type", &type, "action",
                                      &action, "stream", &stream, "changed", &changed) == 0 &&
                          strcmp(type, "stream") == 0 && strcmp(action, "add") == 0 &&
                          changed != 0 && strlen(stream) < PROTOCOL_NAME_BYTES;
    if (is_added) {
        snprintf(name, PROTOCOL_NAME_BYTES, "%s", stream);
    }
    json_decref(reply);
    return is_added;
}
