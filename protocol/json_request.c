// Requests: from their line, and to it.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/json.h"
#include "protocol/json_value.h"

static bool refuse(struct protocol_error *error, enum protocol_error_code code, const char *format,
                   ...) MC_PRINTF(3, 4);
static bool refuse(struct protocol_error *error, enum protocol_error_code code, const char *format,
                   ...)
{
    error->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}

static bool request_id(const json_t *root, struct protocol_request *request,
                       struct protocol_error *error)
{
    const json_t *id = json_object_get(root, "id");
    if (id == NULL || json_is_null(id)) {
        return true;
    }
    if (!json_is_integer(id)) {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "id: an integer is expected");
    }
    request->id = (struct protocol_id){ .given = true, .value = json_integer_value(id) };
    error->id = request->id;
    return true;
}

static bool request_type(const json_t *root, struct protocol_request *request,
                         struct protocol_error *error)
{
    static const char *const types[] = { "subscribe", "unsubscribe", "status", "ping",
                                         "calibrate" };
    const json_t *type = json_object_get(root, "type");
    if (!json_is_string(type)) {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                      "type: a string is expected: subscribe, unsubscribe, status, ping or "
                      "calibrate");
    }
    for (int i = 0; i < (int)(sizeof types / sizeof types[0]); i++) {
        if (strcmp(json_string_value(type), types[i]) == 0) {
            request->type = (enum protocol_request_type)i;
            return true;
        }
    }
    return refuse(error, PROTOCOL_ERROR_UNKNOWN_TYPE,
                  "type '%.32s': subscribe, unsubscribe, status, ping or calibrate is expected",
                  json_string_value(type));
}

static bool request_stream(const json_t *root, struct protocol_request *request,
                           struct protocol_error *error)
{
    const json_t *stream = json_object_get(root, "stream");
    if (stream == NULL) {
        return true;
    }
    size_t length = json_string_length(stream); // 0 when it is no string
    if (length == 0) {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                      "stream: a stream's name is expected, or no such field for all streams");
    }
    if (length >= sizeof request->stream) {
        return refuse(error, PROTOCOL_ERROR_UNKNOWN_STREAM,
                      "stream: a name of %zu bytes, at most %d are possible", length,
                      PROTOCOL_NAME_BYTES - 1);
    }
    memcpy(request->stream, json_string_value(stream), length + 1);
    return true;
}

static bool request_encoding(const json_t *root, struct protocol_error *error)
{
    const json_t *encoding = json_object_get(root, "encoding");
    if (encoding == NULL) {
        return true;
    }
    if (!json_is_string(encoding)) {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "encoding: a string is expected");
    }
    if (strcmp(json_string_value(encoding), "json") != 0) {
        return refuse(error, PROTOCOL_ERROR_UNSUPPORTED,
                      "encoding '%.32s': this server speaks json", json_string_value(encoding));
    }
    return true;
}

bool protocol_json_parse_request(const char *line, size_t length, struct protocol_request *request,
                                 struct protocol_error *error)
{
    *request = (struct protocol_request){ 0 };
    *error = (struct protocol_error){ 0 };
    struct mc_error cause;
    json_t *root = protocol_json_load(line, length, &cause);
    if (root == NULL) {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "%s", cause.message);
    }
    bool ok = request_id(root, request, error) && request_type(root, request, error) &&
              request_stream(root, request, error) && request_encoding(root, error);
    json_decref(root);
    if (ok && request->type == PROTOCOL_CALIBRATE && request->stream[0] == '\0') {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "stream: a stream's name is expected");
    }
    return ok;
}
