#include "tools/bridge/vts_reply.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

static void read_token(const json_t *data, struct bridge_vts_reply *reply)
{
    const char *token = json_string_value(json_object_get(data, "authenticationToken"));
    reply->type = BRIDGE_VTS_REPLY_TOKEN;
    if (token != NULL && bridge_token_is_good(token)) {
        snprintf(reply->token, sizeof reply->token, "%s", token);
    }
}

static void read_error(const json_t *data, struct bridge_vts_reply *reply)
{
    const char *message = json_string_value(json_object_get(data, "message"));
    const json_t *id = json_object_get(data, "errorID");
    reply->type = BRIDGE_VTS_REPLY_ERROR;
    reply->error_id = json_is_integer(id) ? json_integer_value(id) : -1;
    snprintf(reply->message, sizeof reply->message, "%s",
             message != NULL ? message : "no reason given");
}

void bridge_vts_reply_read(const char *text, size_t size, struct bridge_vts_reply *reply)
{
    json_t *root = json_loadb(text, size, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "messageType"));
    const json_t *data = json_object_get(root, "data");
    *reply = (struct bridge_vts_reply){ .type = BRIDGE_VTS_REPLY_OTHER };
    if (type == NULL) {
        reply->type = BRIDGE_VTS_REPLY_NONE;
    } else if (strcmp(type, "AuthenticationTokenResponse") == 0) {
        read_token(data, reply);
    } else if (strcmp(type, "AuthenticationResponse") == 0) {
        reply->type = BRIDGE_VTS_REPLY_AUTHENTICATED;
        reply->is_authenticated = json_is_true(json_object_get(data, "authenticated"));
    } else if (strcmp(type, "APIError") == 0) {
        read_error(data, reply);
    }
    json_decref(root);
}
