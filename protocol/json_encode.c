#include "protocol/json.h"
#include "protocol/json_write.h"

static void field_id(struct protocol_buffer *buffer, struct protocol_id id)
{
    protocol_json_name(buffer, "id");
    if (id.given) {
        protocol_buffer_int(buffer, id.value);
    } else {
        protocol_buffer_text(buffer, "null");
    }
}

static void field_streams(struct protocol_buffer *buffer, const char streams[][PROTOCOL_NAME_BYTES],
                          int count)
{
    protocol_json_name(buffer, "streams");
    protocol_buffer_text(buffer, "[");
    for (int i = 0; i < count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "");
        protocol_buffer_string(buffer, streams[i]);
    }
    protocol_buffer_text(buffer, "]");
}

void protocol_json_hello(struct protocol_buffer *buffer, const struct protocol_hello *hello)
{
    protocol_json_begin(buffer, "hello");
    protocol_json_name(buffer, "protocol");
    protocol_buffer_text(buffer, "[");
    protocol_buffer_int(buffer, hello->major);
    protocol_buffer_text(buffer, ",");
    protocol_buffer_int(buffer, hello->minor);
    protocol_buffer_text(buffer, "]");
    protocol_json_field_string(buffer, "server", hello->server);
    protocol_json_field_string(buffer, "boot_id", hello->boot_id);
    field_streams(buffer, hello->streams, hello->stream_count);
    protocol_json_name(buffer, "encodings");
    protocol_buffer_text(buffer, "[\"json\"]");
    protocol_json_end_object(buffer);
}

void protocol_json_subscribed(struct protocol_buffer *buffer,
                              const struct protocol_subscribed *subscribed)
{
    protocol_json_begin(buffer, "subscribed");
    field_id(buffer, subscribed->id);
    field_streams(buffer, subscribed->streams, subscribed->stream_count);
    protocol_json_field_string(buffer, "mode", subscribed->every_frame ? "every-frame" : "latest");
    protocol_json_field_string(buffer, "encoding", "json");
    protocol_json_end_object(buffer);
}

void protocol_json_unsubscribed(struct protocol_buffer *buffer,
                                const struct protocol_subscribed *unsubscribed)
{
    protocol_json_begin(buffer, "unsubscribed");
    field_id(buffer, unsubscribed->id);
    field_streams(buffer, unsubscribed->streams, unsubscribed->stream_count);
    protocol_json_end_object(buffer);
}

static void stream_status(struct protocol_buffer *buffer,
                          const struct protocol_stream_status *status)
{
    protocol_buffer_text(buffer, "{\"stream\":");
    protocol_buffer_string(buffer, status->stream);
    protocol_json_field_string(buffer, "state", status->state);
    protocol_json_field_string(buffer, "reason", status->reason);
    protocol_json_field_uint(buffer, "records", status->records);
    protocol_json_field_uint(buffer, "dropped", status->dropped);
    protocol_json_field_int(buffer, "subscribers", status->subscribers);
    protocol_buffer_text(buffer, "}");
}

void protocol_json_status(struct protocol_buffer *buffer, const struct protocol_status *status)
{
    protocol_json_begin(buffer, "status");
    field_id(buffer, status->id);
    protocol_json_field_fixed(buffer, "uptime_s", status->uptime_s, 3);
    protocol_json_field_int(buffer, "connections", status->connections);
    protocol_json_field_int(buffer, "workers", status->workers);
    protocol_json_field_uint(buffer, "missed", status->missed);
    protocol_json_name(buffer, "streams");
    protocol_buffer_text(buffer, "[");
    for (int i = 0; i < status->stream_count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "");
        stream_status(buffer, &status->streams[i]);
    }
    protocol_buffer_text(buffer, "]");
    protocol_json_end_object(buffer);
}

void protocol_json_pong(struct protocol_buffer *buffer, struct protocol_id id)
{
    protocol_json_begin(buffer, "pong");
    field_id(buffer, id);
    protocol_json_end_object(buffer);
}

void protocol_json_calibrated(struct protocol_buffer *buffer,
                              const struct protocol_calibrated *calibrated)
{
    protocol_json_begin(buffer, "calibrated");
    field_id(buffer, calibrated->id);
    protocol_json_field_string(buffer, "stream", calibrated->stream);
    protocol_json_field_int(buffer, "faces", calibrated->faces);
    protocol_json_end_object(buffer);
}

void protocol_json_error(struct protocol_buffer *buffer, const struct protocol_error *error)
{
    protocol_json_begin(buffer, "error");
    field_id(buffer, error->id);
    protocol_json_field_string(buffer, "code", protocol_error_code_name(error->code));
    protocol_json_field_string(buffer, "message", error->message);
    protocol_json_end_object(buffer);
}

void protocol_json_state(struct protocol_buffer *buffer, const struct protocol_state *state)
{
    protocol_json_begin(buffer, "state");
    protocol_json_field_string(buffer, "stream", state->stream);
    protocol_json_field_string(buffer, "state", state->state);
    protocol_json_field_string(buffer, "reason", state->reason);
    protocol_json_end_object(buffer);
}

void protocol_json_end(struct protocol_buffer *buffer, const struct protocol_end *last)
{
    protocol_json_begin(buffer, "end");
    protocol_json_field_string(buffer, "stream", last->stream);
    protocol_json_field_uint(buffer, "records", last->records);
    protocol_json_field_string(buffer, "state", last->state);
    protocol_json_field_string(buffer, "reason", last->reason);
    protocol_json_end_object(buffer);
}

void protocol_json_request(struct protocol_buffer *buffer, const struct protocol_request *request)
{
    static const char *const types[] = {
        [PROTOCOL_SUBSCRIBE] = "subscribe", [PROTOCOL_UNSUBSCRIBE] = "unsubscribe",
        [PROTOCOL_STATUS] = "status",       [PROTOCOL_PING] = "ping",
        [PROTOCOL_CALIBRATE] = "calibrate",
    };
    protocol_json_begin(buffer, types[request->type]);
    if (request->id.given) {
        field_id(buffer, request->id);
    }
    if (request->stream[0] != '\0') {
        protocol_json_field_string(buffer, "stream", request->stream);
    }
    protocol_json_end_object(buffer);
}
