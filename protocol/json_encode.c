#include <math.h>
#include <string.h>

#include "protocol/json.h"

// Decimals on the wire: a hundredth of a pixel, a microsecond, and what a
// confidence is worth.
enum { DECIMALS_PIXEL = 2, DECIMALS_CONFIDENCE = 3, DECIMALS_SCORE = 4, DECIMALS_SECONDS = 6 };

// Opens the object: {"type":"<type>"
static void begin(struct protocol_buffer *buffer, const char *type)
{
    protocol_buffer_text(buffer, "{\"type\":\"");
    protocol_buffer_text(buffer, type);
    protocol_buffer_text(buffer, "\"");
}

static void end(struct protocol_buffer *buffer)
{
    protocol_buffer_text(buffer, "}\n");
}

// ,"<name>": before a value
static void name(struct protocol_buffer *buffer, const char *field)
{
    protocol_buffer_text(buffer, ",\"");
    protocol_buffer_text(buffer, field);
    protocol_buffer_text(buffer, "\":");
}

static void field_string(struct protocol_buffer *buffer, const char *field, const char *value)
{
    name(buffer, field);
    protocol_buffer_string(buffer, value);
}

static void field_int(struct protocol_buffer *buffer, const char *field, int64_t value)
{
    name(buffer, field);
    protocol_buffer_int(buffer, value);
}

static void field_uint(struct protocol_buffer *buffer, const char *field, uint64_t value)
{
    name(buffer, field);
    protocol_buffer_uint(buffer, value);
}

static void field_fixed(struct protocol_buffer *buffer, const char *field, double value,
                        int decimals)
{
    name(buffer, field);
    protocol_buffer_fixed(buffer, value, decimals);
}

static void field_id(struct protocol_buffer *buffer, struct protocol_id id)
{
    name(buffer, "id");
    if (id.given) {
        protocol_buffer_int(buffer, id.value);
    } else {
        protocol_buffer_text(buffer, "null");
    }
}

static void field_streams(struct protocol_buffer *buffer, const char streams[][PROTOCOL_NAME_BYTES],
                          int count)
{
    name(buffer, "streams");
    protocol_buffer_text(buffer, "[");
    for (int i = 0; i < count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "");
        protocol_buffer_string(buffer, streams[i]);
    }
    protocol_buffer_text(buffer, "]");
}

void protocol_json_hello(struct protocol_buffer *buffer, const struct protocol_hello *hello)
{
    begin(buffer, "hello");
    name(buffer, "protocol");
    protocol_buffer_text(buffer, "[");
    protocol_buffer_int(buffer, hello->major);
    protocol_buffer_text(buffer, ",");
    protocol_buffer_int(buffer, hello->minor);
    protocol_buffer_text(buffer, "]");
    field_string(buffer, "server", hello->server);
    field_string(buffer, "boot_id", hello->boot_id);
    field_streams(buffer, hello->streams, hello->stream_count);
    name(buffer, "encodings");
    protocol_buffer_text(buffer, "[\"json\"]");
    end(buffer);
}

void protocol_json_subscribed(struct protocol_buffer *buffer,
                              const struct protocol_subscribed *subscribed)
{
    begin(buffer, "subscribed");
    field_id(buffer, subscribed->id);
    field_streams(buffer, subscribed->streams, subscribed->stream_count);
    field_string(buffer, "mode", subscribed->every_frame ? "every-frame" : "latest");
    field_string(buffer, "encoding", "json");
    end(buffer);
}

void protocol_json_unsubscribed(struct protocol_buffer *buffer,
                                const struct protocol_subscribed *unsubscribed)
{
    begin(buffer, "unsubscribed");
    field_id(buffer, unsubscribed->id);
    field_streams(buffer, unsubscribed->streams, unsubscribed->stream_count);
    end(buffer);
}

static void stream_status(struct protocol_buffer *buffer,
                          const struct protocol_stream_status *status)
{
    protocol_buffer_text(buffer, "{\"stream\":");
    protocol_buffer_string(buffer, status->stream);
    field_string(buffer, "state", status->state);
    field_string(buffer, "reason", status->reason);
    field_uint(buffer, "records", status->records);
    field_uint(buffer, "dropped", status->dropped);
    field_int(buffer, "subscribers", status->subscribers);
    protocol_buffer_text(buffer, "}");
}

void protocol_json_status(struct protocol_buffer *buffer, const struct protocol_status *status)
{
    begin(buffer, "status");
    field_id(buffer, status->id);
    field_fixed(buffer, "uptime_s", status->uptime_s, 3);
    field_int(buffer, "connections", status->connections);
    field_int(buffer, "workers", status->workers);
    field_uint(buffer, "missed", status->missed);
    name(buffer, "streams");
    protocol_buffer_text(buffer, "[");
    for (int i = 0; i < status->stream_count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "");
        stream_status(buffer, &status->streams[i]);
    }
    protocol_buffer_text(buffer, "]");
    end(buffer);
}

void protocol_json_pong(struct protocol_buffer *buffer, struct protocol_id id)
{
    begin(buffer, "pong");
    field_id(buffer, id);
    end(buffer);
}

void protocol_json_error(struct protocol_buffer *buffer, const struct protocol_error *error)
{
    begin(buffer, "error");
    field_id(buffer, error->id);
    field_string(buffer, "code", protocol_error_code_name(error->code));
    field_string(buffer, "message", error->message);
    end(buffer);
}

void protocol_json_state(struct protocol_buffer *buffer, const struct protocol_state *state)
{
    begin(buffer, "state");
    field_string(buffer, "stream", state->stream);
    field_string(buffer, "state", state->state);
    field_string(buffer, "reason", state->reason);
    end(buffer);
}

void protocol_json_end(struct protocol_buffer *buffer, const struct protocol_end *last)
{
    begin(buffer, "end");
    field_string(buffer, "stream", last->stream);
    field_uint(buffer, "records", last->records);
    field_string(buffer, "state", last->state);
    field_string(buffer, "reason", last->reason);
    end(buffer);
}

void protocol_json_request(struct protocol_buffer *buffer, const struct protocol_request *request)
{
    static const char *const types[] = {
        [PROTOCOL_SUBSCRIBE] = "subscribe",
        [PROTOCOL_UNSUBSCRIBE] = "unsubscribe",
        [PROTOCOL_STATUS] = "status",
        [PROTOCOL_PING] = "ping",
    };
    begin(buffer, types[request->type]);
    if (request->id.given) {
        field_id(buffer, request->id);
    }
    if (request->stream[0] != '\0') {
        field_string(buffer, "stream", request->stream);
    }
    end(buffer);
}

static void keypoint(struct protocol_buffer *buffer, struct mc_keypoint point)
{
    if (!isfinite(point.x) || !isfinite(point.y) || !isfinite(point.c)) {
        point = (struct mc_keypoint){ 0 };
    }
    protocol_buffer_text(buffer, "[");
    protocol_buffer_fixed(buffer, (double)point.x, DECIMALS_PIXEL);
    protocol_buffer_text(buffer, ",");
    protocol_buffer_fixed(buffer, (double)point.y, DECIMALS_PIXEL);
    protocol_buffer_text(buffer, ",");
    protocol_buffer_fixed(buffer, (double)point.c, DECIMALS_CONFIDENCE);
    protocol_buffer_text(buffer, "]");
}

static void face(struct protocol_buffer *buffer, const struct protocol_face *seen)
{
    protocol_buffer_text(buffer, "{\"id\":");
    protocol_buffer_int(buffer, seen->id);
    field_fixed(buffer, "score", (double)seen->score, DECIMALS_SCORE);
    name(buffer, "box");
    for (int i = 0; i < 4; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "[");
        protocol_buffer_fixed(buffer, (double)seen->box[i], DECIMALS_PIXEL);
    }
    protocol_buffer_text(buffer, "]");
    name(buffer, "keypoints");
    protocol_buffer_text(buffer, "[");
    for (int i = 0; i < seen->keypoint_count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "");
        keypoint(buffer, seen->keypoints[i]);
    }
    protocol_buffer_text(buffer, "]}");
}

void protocol_json_record(struct protocol_buffer *buffer, const struct protocol_record *record)
{
    begin(buffer, "motion");
    field_string(buffer, "stream", record->stream);
    field_uint(buffer, "seq", record->seq);
    field_fixed(buffer, "pts", record->pts, DECIMALS_SECONDS);
    field_int(buffer, "t_arrival_ns", record->t_arrival_ns);
    field_int(buffer, "t_publish_ns", record->t_publish_ns);
    field_int(buffer, "width", record->width);
    field_int(buffer, "height", record->height);
    field_uint(buffer, "dropped", record->dropped);
    name(buffer, "timing_us");
    protocol_buffer_text(buffer, "{\"decode\":");
    protocol_buffer_int(buffer, record->timing.decode);
    field_int(buffer, "wait", record->timing.wait);
    field_int(buffer, "scale", record->timing.scale);
    field_int(buffer, "infer", record->timing.infer);
    protocol_buffer_text(buffer, "}");
    name(buffer, "faces");
    protocol_buffer_text(buffer, "[");
    for (int i = 0; i < record->face_count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "");
        face(buffer, &record->faces[i]);
    }
    protocol_buffer_text(buffer, "]");
}

size_t protocol_json_record_tail(char tail[PROTOCOL_JSON_TAIL_BYTES], uint64_t missed)
{
    struct protocol_buffer buffer = { .data = tail,
                                      .capacity = PROTOCOL_JSON_TAIL_BYTES,
                                      .limit = PROTOCOL_JSON_TAIL_BYTES };
    field_uint(&buffer, "missed", missed); // at most 10 + 20 + 2 bytes
    end(&buffer);
    return buffer.length;
}
