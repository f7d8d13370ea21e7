#include "tools/web/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/json.h"
#include "protocol/request.h"
#include "tools/json_text.h"
#include "tools/web/token.h"

static bool refuse(struct protocol_error *error, enum protocol_error_code code, const char *text)
{
    error->code = code;
    snprintf(error->message, sizeof error->message, "%s", text);
    return false;
}

static bool is_control(const json_t *root)
{
    const char *type = json_string_value(json_object_get(root, "type"));
    return type != NULL && strcmp(type, "control") == 0;
}

bool web_control_is(const char *text, size_t length)
{
    json_t *root = protocol_json_load(text, length, NULL);
    const bool is = root != NULL && is_control(root);
    json_decref(root);
    return is;
}

// Without the token a page may see what everybody who connects may see.
static bool only_shows(const struct protocol_request *request)
{
    if (request->type == PROTOCOL_CALIBRATE) {
        return request->action == PROTOCOL_CALIBRATE_SHOW;
    }
    const struct protocol_settings *settings = &request->settings;
    return settings->given == 0 && settings->gains.known == 0 && !settings->reset;
}

static bool is_allowed(const char *text, bool has_token, struct protocol_error *error)
{
    struct protocol_request request;
    if (!protocol_request_parse(text, strlen(text), &request, error)) {
        return false;
    }
    if (request.type != PROTOCOL_CALIBRATE && request.type != PROTOCOL_SETTINGS) {
        return refuse(error, PROTOCOL_ERROR_UNSUPPORTED, "request: must be calibrate or settings");
    }
    return has_token || only_shows(&request) ||
           refuse(error, PROTOCOL_ERROR_FORBIDDEN,
                  "token: must be the one in the address that mocap-web printed when it started");
}

static void read_id(const json_t *root, struct protocol_id *id)
{
    const json_t *number = json_object_get(root, "id");
    *id = (struct protocol_id){ json_is_integer(number), json_integer_value(number) };
}

char *web_control_read(const char *text, size_t length, const char *token, struct protocol_id *id,
                       struct protocol_error *error)
{
    json_t *root = protocol_json_load(text, length, NULL);
    json_t *request = json_object_get(root, "request");
    const bool has_token = web_token_is(token, json_string_value(json_object_get(root, "token")));
    char *forwarded = NULL;
    *error = (struct protocol_error){ .code = PROTOCOL_ERROR_BAD_REQUEST };
    *id = (struct protocol_id){ 0 };
    if (root != NULL) {
        read_id(root, id);
    }
    if (json_is_object(request)) {
        json_object_del(request, "id"); // the reply gets the message's
        forwarded = tools_json_text(request, JSON_COMPACT);
    }
    if (forwarded == NULL) {
        refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "request: must be an object");
    } else if (!is_allowed(forwarded, has_token, error)) {
        free(forwarded);
        forwarded = NULL;
    }
    error->id = *id;
    json_decref(root);
    return forwarded;
}

char *web_control_reply(const char *reply, struct protocol_id id)
{
    json_t *root = protocol_json_load(reply, strlen(reply), NULL);
    char *text = NULL;
    if (root != NULL &&
        json_object_set_new(root, "id", id.given ? json_integer(id.value) : json_null()) == 0) {
        text = tools_json_text(root, JSON_COMPACT);
    }
    json_decref(root);
    return text;
}
