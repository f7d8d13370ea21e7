#include "protocol/stream_change.h"

#include <stdio.h>
#include <string.h>

#include "protocol/json.h"
#include "protocol/writer.h"

static bool read_action(const json_t *root, struct protocol_stream_change *change,
                        struct protocol_error *error)
{
    const char *action = json_string_value(json_object_get(root, "action"));
    for (int i = 0; action != NULL && i < PROTOCOL_STREAM_ACTION_COUNT; i++) {
        change->action = (enum protocol_stream_action)i;
        if (strcmp(action, protocol_stream_action_name(change->action)) == 0) {
            return true;
        }
    }
    return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "action: must be add, remove or set");
}

static bool read_stream(const json_t *root, struct protocol_stream_change *change,
                        struct protocol_error *error)
{
    const json_t *stream = json_object_get(root, "stream");
    const size_t length = json_string_length(stream);
    if (length == 0 || length >= sizeof change->stream) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "stream: must be a name of 1 to %d bytes", PROTOCOL_NAME_BYTES - 1);
    }
    memcpy(change->stream, json_string_value(stream), length + 1);
    return true;
}

// A text, a number or a boolean as the file would have it.
static bool read_value(const json_t *value, struct protocol_stream_option *option,
                       struct protocol_error *error)
{
    int length = -1;
    if (json_is_string(value)) {
        length = snprintf(option->value, sizeof option->value, "%s", json_string_value(value));
    } else if (json_is_boolean(value)) {
        length =
            snprintf(option->value, sizeof option->value, "%s", json_is_true(value) ? "yes" : "no");
    } else if (json_is_integer(value)) {
        length = snprintf(option->value, sizeof option->value, "%" JSON_INTEGER_FORMAT,
                          json_integer_value(value));
    } else if (json_is_real(value)) {
        length = snprintf(option->value, sizeof option->value, "%.9g", json_real_value(value));
    }
    if (length < 0 || (size_t)length >= sizeof option->value) {
        return protocol_refuse(
            error, PROTOCOL_ERROR_BAD_REQUEST,
            "options: %s must be a text of at most %d bytes, a number, true or false", option->name,
            PROTOCOL_OPTION_VALUE_BYTES - 1);
    }
    return true;
}

static bool read_options(json_t *root, struct protocol_stream_change *change,
                         struct protocol_error *error)
{
    json_t *options = json_object_get(root, "options"), *value;
    const char *name;
    if (options != NULL && !json_is_object(options)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "options: must be an object of names and values");
    }
    json_object_foreach(options, name, value)
    {
        if (change->option_count == PROTOCOL_OPTIONS_MAX) {
            return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "options: must be at most %d",
                                   PROTOCOL_OPTIONS_MAX);
        }
        struct protocol_stream_option *option = &change->options[change->option_count++];
        if (strlen(name) >= sizeof option->name) {
            return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                                   "options: a name must be at most %d bytes long",
                                   PROTOCOL_OPTION_NAME_BYTES - 1);
        }
        snprintf(option->name, sizeof option->name, "%s", name);
        if (!read_value(value, option, error)) {
            return false;
        }
    }
    return true;
}

bool protocol_stream_change_parse(const char *line, size_t length,
                                  struct protocol_stream_change *change,
                                  struct protocol_error *error)
{
    struct mc_error cause;
    json_t *root = protocol_json_load(line, length, &cause);
    if (root == NULL) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "%s", cause.message);
    }
    change->option_count = 0;
    const bool good = read_action(root, change, error) && read_stream(root, change, error) &&
                      read_options(root, change, error);
    json_decref(root);
    return good;
}

void protocol_stream_change_write(struct protocol_buffer *buffer,
                                  const struct protocol_stream_change *change)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, PROTOCOL_JSON, "stream");
    if (change->id.given) {
        protocol_writer_int_field(&writer, "id", change->id.value);
    }
    protocol_writer_string_field(&writer, "action", protocol_stream_action_name(change->action));
    protocol_writer_string_field(&writer, "stream", change->stream);
    if (change->option_count > 0) {
        protocol_writer_name(&writer, "options");
        protocol_writer_open_map(&writer);
        for (int i = 0; i < change->option_count; i++) {
            protocol_writer_string_field(&writer, change->options[i].name,
                                         change->options[i].value);
        }
        protocol_writer_close_map(&writer);
    }
    protocol_writer_end(&writer);
}
