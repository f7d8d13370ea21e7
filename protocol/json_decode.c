#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "protocol/json.h"

enum { DEPTH_MAX = 16 }; // arrays and objects within each other; a record has 5

static const double NUMBER_BOUND = 1e12; // of coordinates, as the writer bounds them

static const char *const error_code_names[] = {
    [PROTOCOL_ERROR_BAD_REQUEST] = "bad-request",
    [PROTOCOL_ERROR_UNKNOWN_TYPE] = "unknown-type",
    [PROTOCOL_ERROR_UNKNOWN_STREAM] = "unknown-stream",
    [PROTOCOL_ERROR_TOO_LONG] = "too-long",
    [PROTOCOL_ERROR_UNSUPPORTED] = "unsupported",
    [PROTOCOL_ERROR_TOO_MANY] = "too-many",
    [PROTOCOL_ERROR_OTHER] = "other",
};

const char *protocol_error_code_name(enum protocol_error_code code)
{
    return error_code_names[code];
}

static enum protocol_error_code error_code_parse(const char *text)
{
    for (int i = 0; i < PROTOCOL_ERROR_OTHER; i++) {
        if (strcmp(text, error_code_names[i]) == 0) {
            return (enum protocol_error_code)i;
        }
    }
    return PROTOCOL_ERROR_OTHER;
}

// The parser below recurses, so nesting is limited before it starts.
static bool nested_too_deep(const char *line, size_t length)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        char c = line[i];
        if (quoted) {
            if (c == '\\') {
                i++;
            }
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) {
                return true;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

// The object that the line holds; NULL sets err.
static json_t *load_object(const char *line, size_t length, struct mc_error *err)
{
    if (nested_too_deep(line, length)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "nested too deep, at most %d levels are accepted",
                     DEPTH_MAX);
        return NULL;
    }
    json_error_t cause;
    json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &cause);
    if (root == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "not valid JSON at byte %d: %s", cause.position,
                     cause.text);
        return NULL;
    }
    if (!json_is_object(root)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "a JSON object is expected");
        json_decref(root);
        return NULL;
    }
    return root;
}

// ---- requests

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
    static const char *const types[] = { "subscribe", "unsubscribe", "status", "ping" };
    const json_t *type = json_object_get(root, "type");
    if (!json_is_string(type)) {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                      "type: a string is expected: subscribe, unsubscribe, status or ping");
    }
    for (int i = 0; i < 4; i++) {
        if (strcmp(json_string_value(type), types[i]) == 0) {
            request->type = (enum protocol_request_type)i;
            return true;
        }
    }
    return refuse(error, PROTOCOL_ERROR_UNKNOWN_TYPE,
                  "type '%.32s': subscribe, unsubscribe, status or ping is expected",
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
    json_t *root = load_object(line, length, &cause);
    if (root == NULL) {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "%s", cause.message);
    }
    bool ok = request_id(root, request, error) && request_type(root, request, error) &&
              request_stream(root, request, error) && request_encoding(root, error);
    json_decref(root);
    return ok;
}

// ---- messages

static bool wrong(struct mc_error *err, const char *field, const char *expected)
{
    return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %s is expected", field, expected);
}

static bool get_string(const json_t *object, const char *field, char *text, size_t size,
                       struct mc_error *err)
{
    const json_t *value = json_object_get(object, field);
    if (!json_is_string(value)) {
        return wrong(err, field, "a string");
    }
    size_t length = json_string_length(value);
    if (length >= size) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %zu bytes, at most %zu are expected",
                            field, length, size - 1);
    }
    memcpy(text, json_string_value(value), length + 1);
    return true;
}

static bool get_integer(const json_t *object, const char *field, int64_t minimum, int64_t maximum,
                        int64_t *number, struct mc_error *err)
{
    const json_t *value = json_object_get(object, field);
    if (!json_is_integer(value)) {
        return wrong(err, field, "an integer");
    }
    *number = json_integer_value(value);
    if (*number < minimum || *number > maximum) {
        return wrong(err, field, "another range");
    }
    return true;
}

static bool get_int(const json_t *object, const char *field, int *number, struct mc_error *err)
{
    int64_t value = 0;
    bool ok = get_integer(object, field, 0, INT_MAX, &value, err);
    *number = (int)value;
    return ok;
}

static bool get_count(const json_t *object, const char *field, uint64_t *number,
                      struct mc_error *err)
{
    int64_t value = 0;
    bool ok = get_integer(object, field, 0, INT64_MAX, &value, err);
    *number = (uint64_t)value;
    return ok;
}

// Exactly count numbers. They are finite: JSON has no others.
static bool get_floats(const json_t *array, const char *field, float *numbers, size_t count,
                       struct mc_error *err)
{
    if (json_array_size(array) != count) { // 0 when it is no array
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: an array of %zu numbers is expected",
                            field, count);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(array, i);
        double number = json_number_value(value);
        if (!json_is_number(value) || fabs(number) > NUMBER_BOUND) {
            return wrong(err, field, "an array of numbers that a float holds");
        }
        numbers[i] = (float)number;
    }
    return true;
}

// An array of at most maximum elements.
static bool get_array(const json_t *object, const char *field, size_t maximum, const json_t **array,
                      int *count, struct mc_error *err)
{
    *array = json_object_get(object, field);
    if (!json_is_array(*array)) {
        return wrong(err, field, "an array");
    }
    size_t size = json_array_size(*array);
    if (size > maximum) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %zu elements, at most %zu are expected",
                            field, size, maximum);
    }
    *count = (int)size;
    return true;
}

static bool get_streams(const json_t *object, char streams[][PROTOCOL_NAME_BYTES], int *count,
                        struct mc_error *err)
{
    const json_t *array;
    if (!get_array(object, "streams", PROTOCOL_STREAMS_MAX, &array, count, err)) {
        return false;
    }
    for (int i = 0; i < *count; i++) {
        const json_t *value = json_array_get(array, (size_t)i);
        size_t length = json_string_length(value);
        if (length == 0 || length >= PROTOCOL_NAME_BYTES) {
            return wrong(err, "streams", "an array of names");
        }
        memcpy(streams[i], json_string_value(value), length + 1);
    }
    return true;
}

static bool parse_hello(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_hello *hello = &message->hello;
    const json_t *version = json_object_get(root, "protocol");
    float numbers[2];
    if (!get_floats(version, "protocol", numbers, 2, err)) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!json_is_integer(json_array_get(version, i)) || numbers[i] < 0 || numbers[i] > 1000) {
            return wrong(err, "protocol", "[major,minor]");
        }
    }
    hello->major = (int)numbers[0];
    hello->minor = (int)numbers[1];
    return get_string(root, "server", hello->server, sizeof hello->server, err) &&
           get_string(root, "boot_id", hello->boot_id, sizeof hello->boot_id, err) &&
           get_streams(root, hello->streams, &hello->stream_count, err);
}

static bool parse_subscribed(const json_t *root, struct protocol_message *message,
                             struct mc_error *err)
{
    struct protocol_subscribed *subscribed = &message->subscribed;
    char mode[32] = "";
    if (message->type == PROTOCOL_MESSAGE_SUBSCRIBED &&
        !get_string(root, "mode", mode, sizeof mode, err)) {
        return false;
    }
    subscribed->id = message->id;
    subscribed->every_frame = strcmp(mode, "every-frame") == 0;
    return get_streams(root, subscribed->streams, &subscribed->stream_count, err);
}

static bool parse_stream_status(const json_t *root, struct protocol_stream_status *status,
                                struct mc_error *err)
{
    return get_string(root, "stream", status->stream, sizeof status->stream, err) &&
           get_string(root, "state", status->state, sizeof status->state, err) &&
           get_string(root, "reason", status->reason, sizeof status->reason, err) &&
           get_count(root, "records", &status->records, err) &&
           get_count(root, "dropped", &status->dropped, err) &&
           get_int(root, "subscribers", &status->subscribers, err);
}

static bool parse_status(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_status *status = &message->status;
    const json_t *uptime = json_object_get(root, "uptime_s"), *streams;
    if (!json_is_number(uptime)) {
        return wrong(err, "uptime_s", "a number");
    }
    status->id = message->id;
    status->uptime_s = json_number_value(uptime);
    if (!get_int(root, "connections", &status->connections, err) ||
        !get_int(root, "workers", &status->workers, err) ||
        !get_count(root, "missed", &status->missed, err) ||
        !get_array(root, "streams", PROTOCOL_STREAMS_MAX, &streams, &status->stream_count, err)) {
        return false;
    }
    for (int i = 0; i < status->stream_count; i++) {
        if (!parse_stream_status(json_array_get(streams, (size_t)i), &status->streams[i], err)) {
            return mc_error_wrap(err, "streams[%d]", i);
        }
    }
    return true;
}

static bool parse_error(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_error *error = &message->error;
    char code[32];
    if (!get_string(root, "code", code, sizeof code, err)) {
        return false;
    }
    error->id = message->id;
    error->code = error_code_parse(code);
    return get_string(root, "message", error->message, sizeof error->message, err);
}

static bool parse_state(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_state *state = &message->state;
    return get_string(root, "stream", state->stream, sizeof state->stream, err) &&
           get_string(root, "state", state->state, sizeof state->state, err) &&
           get_string(root, "reason", state->reason, sizeof state->reason, err);
}

static bool parse_end(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_end *end = &message->end;
    return get_string(root, "stream", end->stream, sizeof end->stream, err) &&
           get_count(root, "records", &end->records, err) &&
           get_string(root, "state", end->state, sizeof end->state, err) &&
           get_string(root, "reason", end->reason, sizeof end->reason, err);
}

static bool parse_face(const json_t *object, struct protocol_face *face, struct mc_error *err)
{
    const json_t *score = json_object_get(object, "score"), *keypoints;
    if (!json_is_number(score)) {
        return wrong(err, "score", "a number");
    }
    face->score = (float)json_number_value(score);
    if (!get_int(object, "id", &face->id, err) ||
        !get_floats(json_object_get(object, "box"), "box", face->box, 4, err) ||
        !get_array(object, "keypoints", PROTOCOL_KEYPOINTS_MAX, &keypoints, &face->keypoint_count,
                   err)) {
        return false;
    }
    for (int i = 0; i < face->keypoint_count; i++) {
        float numbers[3];
        if (!get_floats(json_array_get(keypoints, (size_t)i), "keypoints", numbers, 3, err)) {
            return false;
        }
        face->keypoints[i] = (struct mc_keypoint){ numbers[0], numbers[1], numbers[2] };
    }
    return true;
}

static bool parse_faces(const json_t *root, struct protocol_record *record, struct mc_error *err)
{
    const json_t *faces;
    if (!get_array(root, "faces", PROTOCOL_FACES_MAX, &faces, &record->face_count, err)) {
        return false;
    }
    for (int i = 0; i < record->face_count; i++) {
        if (!parse_face(json_array_get(faces, (size_t)i), &record->faces[i], err)) {
            return mc_error_wrap(err, "faces[%d]", i);
        }
    }
    return true;
}

static bool parse_timing(const json_t *root, struct protocol_timing *timing, struct mc_error *err)
{
    const json_t *object = json_object_get(root, "timing_us");
    bool ok = get_integer(object, "decode", 0, INT64_MAX, &timing->decode, err) &&
              get_integer(object, "wait", 0, INT64_MAX, &timing->wait, err) &&
              get_integer(object, "scale", 0, INT64_MAX, &timing->scale, err) &&
              get_integer(object, "infer", 0, INT64_MAX, &timing->infer, err);
    return ok ? true : mc_error_wrap(err, "timing_us");
}

static bool parse_motion(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_record *record = &message->record;
    const json_t *pts = json_object_get(root, "pts");
    if (!json_is_number(pts)) {
        return wrong(err, "pts", "a number");
    }
    record->pts = json_number_value(pts);
    return get_string(root, "stream", record->stream, sizeof record->stream, err) &&
           get_count(root, "seq", &record->seq, err) &&
           get_integer(root, "t_arrival_ns", 0, INT64_MAX, &record->t_arrival_ns, err) &&
           get_integer(root, "t_publish_ns", 0, INT64_MAX, &record->t_publish_ns, err) &&
           get_int(root, "width", &record->width, err) &&
           get_int(root, "height", &record->height, err) &&
           get_count(root, "dropped", &record->dropped, err) &&
           get_count(root, "missed", &message->missed, err) &&
           parse_timing(root, &record->timing, err) && parse_faces(root, record, err);
}

static bool parse_nothing(const json_t *root, struct protocol_message *message,
                          struct mc_error *err)
{
    return true;
}

static const struct {
    const char *name;
    bool (*parse)(const json_t *root, struct protocol_message *message, struct mc_error *err);
} parsers[] = {
    [PROTOCOL_MESSAGE_HELLO] = { "hello", parse_hello },
    [PROTOCOL_MESSAGE_SUBSCRIBED] = { "subscribed", parse_subscribed },
    [PROTOCOL_MESSAGE_UNSUBSCRIBED] = { "unsubscribed", parse_subscribed },
    [PROTOCOL_MESSAGE_STATUS] = { "status", parse_status },
    [PROTOCOL_MESSAGE_PONG] = { "pong", parse_nothing },
    [PROTOCOL_MESSAGE_ERROR] = { "error", parse_error },
    [PROTOCOL_MESSAGE_STATE] = { "state", parse_state },
    [PROTOCOL_MESSAGE_MOTION] = { "motion", parse_motion },
    [PROTOCOL_MESSAGE_END] = { "end", parse_end },
};

static bool parse_message(const json_t *root, struct protocol_message *message,
                          struct mc_error *err)
{
    const json_t *type = json_object_get(root, "type"), *id = json_object_get(root, "id");
    if (!json_is_string(type)) {
        return wrong(err, "type", "a string");
    }
    message->type = PROTOCOL_MESSAGE_OTHER;
    message->id = (struct protocol_id){ json_is_integer(id), json_integer_value(id) };
    message->missed = 0;
    for (int i = 0; i < PROTOCOL_MESSAGE_OTHER; i++) {
        if (strcmp(json_string_value(type), parsers[i].name) == 0) {
            message->type = (enum protocol_message_type)i;
            return parsers[i].parse(root, message, err)
                       ? true
                       : mc_error_wrap(err, "%s message", parsers[i].name);
        }
    }
    return true;
}

bool protocol_json_parse_message(const char *line, size_t length, struct protocol_message *message,
                                 struct mc_error *err)
{
    json_t *root = load_object(line, length, err);
    if (root == NULL) {
        return false;
    }
    bool ok = parse_message(root, message, err);
    json_decref(root);
    return ok;
}
