#include "protocol/request.h"

#include <stdio.h>
#include <string.h>

#include "protocol/json.h"
#include "protocol/settings.h"
#include "protocol/writer.h"

static const char *const type_names[] = {
    [PROTOCOL_SUBSCRIBE] = "subscribe", [PROTOCOL_UNSUBSCRIBE] = "unsubscribe",
    [PROTOCOL_STATUS] = "status",       [PROTOCOL_PING] = "ping",
    [PROTOCOL_METRICS] = "metrics",     [PROTOCOL_CALIBRATE] = "calibrate",
    [PROTOCOL_SETTINGS] = "settings",   [PROTOCOL_STREAM] = "stream",
    [PROTOCOL_RELOAD] = "reload",
};

const char *protocol_request_type_name(enum protocol_request_type type)
{
    return type_names[type];
}

// ---- reading

static bool request_id(const json_t *root, struct protocol_request *request,
                       struct protocol_error *error)
{
    const json_t *id = json_object_get(root, "id");
    if (id == NULL || json_is_null(id)) {
        return true;
    }
    if (!json_is_integer(id)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "id: must be a whole number");
    }
    request->id = (struct protocol_id){ .given = true, .value = json_integer_value(id) };
    error->id = request->id;
    return true;
}

enum { TYPES = sizeof type_names / sizeof type_names[0], TYPES_BYTES = 120 };

// "subscribe, unsubscribe, … or reload"
static const char *list_types(char text[TYPES_BYTES])
{
    size_t length = 0;
    for (size_t i = 0; i < TYPES && length < TYPES_BYTES; i++) {
        const char *before = i == 0 ? "" : i == TYPES - 1 ? " or " : ", ";
        length +=
            (size_t)snprintf(text + length, TYPES_BYTES - length, "%s%s", before, type_names[i]);
    }
    return text;
}

static bool request_type(const json_t *root, struct protocol_request *request,
                         struct protocol_error *error)
{
    const json_t *type = json_object_get(root, "type");
    char types[TYPES_BYTES];
    if (!json_is_string(type)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "type: must be %s",
                               list_types(types));
    }
    for (size_t i = 0; i < TYPES; i++) {
        if (strcmp(json_string_value(type), type_names[i]) == 0) {
            request->type = (enum protocol_request_type)i;
            return true;
        }
    }
    return protocol_refuse(error, PROTOCOL_ERROR_UNKNOWN_TYPE, "type: must be %s, got '%.32s'",
                           list_types(types), json_string_value(type));
}

// Checks the client's version, if it gives one: [major,minor].
static bool request_protocol(const json_t *root, struct protocol_error *error)
{
    const json_t *version = json_object_get(root, "protocol"), *major = json_array_get(version, 0);
    if (version == NULL) {
        return true;
    }
    if (!json_is_integer(major)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "protocol: must be [major,minor]");
    }
    return json_integer_value(major) == PROTOCOL_MAJOR ||
           protocol_refuse(error, PROTOCOL_ERROR_WRONG_VERSION,
                           "protocol: must be %d.%d, got major version %" JSON_INTEGER_FORMAT,
                           PROTOCOL_MAJOR, PROTOCOL_MINOR, json_integer_value(major));
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
        return protocol_refuse(
            error, PROTOCOL_ERROR_BAD_REQUEST,
            "stream: must be the name of a stream; leave it out for all streams");
    }
    if (length >= sizeof request->stream) {
        return protocol_refuse(error, PROTOCOL_ERROR_UNKNOWN_STREAM,
                               "stream: must be at most %d bytes long, got %zu",
                               PROTOCOL_NAME_BYTES - 1, length);
    }
    memcpy(request->stream, json_string_value(stream), length + 1);
    return true;
}

// Reads a field of the policy: one of the names that parse knows. Sets given when it is
// there.
static bool choice(const json_t *root, const char *field, const char *expected,
                   bool (*parse)(const char *text, int *value), int *value, bool *given,
                   struct protocol_error *error)
{
    const json_t *text = json_object_get(root, field);
    *given = text != NULL;
    if (text == NULL) {
        return true;
    }
    if (!json_is_string(text)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "%s: must be %s", field,
                               expected);
    }
    return parse(json_string_value(text), value) ||
           protocol_refuse(error, PROTOCOL_ERROR_UNSUPPORTED, "%s: must be %s, got '%.32s'", field,
                           expected, json_string_value(text));
}

static bool parse_encoding(const char *text, int *value)
{
    enum protocol_encoding encoding = PROTOCOL_JSON;
    bool known = protocol_encoding_parse(text, &encoding);
    *value = (int)encoding;
    return known;
}

static bool parse_mode(const char *text, int *value)
{
    enum protocol_mode mode = PROTOCOL_LATEST;
    bool known = protocol_mode_parse(text, &mode);
    *value = (int)mode;
    return known;
}

static bool parse_lost(const char *text, int *value)
{
    enum protocol_lost lost = PROTOCOL_LOST_NONE;
    bool known = protocol_lost_parse(text, &lost);
    *value = (int)lost;
    return known;
}

static bool policy_choices(const json_t *root, struct protocol_request *request,
                           struct protocol_error *error)
{
    struct protocol_policy *policy = &request->policy;
    int encoding = PROTOCOL_JSON, mode = PROTOCOL_LATEST, lost = PROTOCOL_LOST_NONE;
    bool lost_given;
    bool ok = choice(root, "encoding", "json or cbor", parse_encoding, &encoding,
                     &request->encoding_given, error) &&
              choice(root, "mode", "latest, queue or every-frame", parse_mode, &mode,
                     &request->mode_given, error) &&
              choice(root, "lost", "none, hold or neutral", parse_lost, &lost, &lost_given, error);
    policy->encoding = (enum protocol_encoding)encoding;
    policy->mode = (enum protocol_mode)mode;
    policy->lost = (enum protocol_lost)lost;
    return ok;
}

static bool policy_numbers(const json_t *root, struct protocol_policy *policy,
                           struct protocol_error *error)
{
    const json_t *rate = json_object_get(root, "max_rate"), *queue = json_object_get(root, "queue");
    policy->max_rate = json_number_value(rate);
    if (rate != NULL && (!json_is_number(rate) || !protocol_rate_valid(policy->max_rate))) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "max_rate: must be 0 (no limit) or %g to %d records per second",
                               PROTOCOL_RATE_MIN, PROTOCOL_RATE_MAX);
    }
    policy->queue = PROTOCOL_QUEUE_DEFAULT;
    if (queue != NULL && (!json_is_integer(queue) || json_integer_value(queue) < 1)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "queue: must be 1 or more records, of which up to %d are granted",
                               PROTOCOL_QUEUE_MAX);
    }
    if (queue != NULL) { // more is granted as the maximum
        policy->queue = json_integer_value(queue) < PROTOCOL_QUEUE_MAX
                            ? (int)json_integer_value(queue)
                            : PROTOCOL_QUEUE_MAX;
    }
    return true;
}

// Parts that this version does not know are left out; the reply shows it.
static bool policy_include(const json_t *root, struct protocol_policy *policy,
                           struct protocol_error *error)
{
    const json_t *include = json_object_get(root, "include");
    policy->include = include == NULL ? PROTOCOL_INCLUDE_DEFAULT : 0;
    if (include != NULL && !json_is_array(include)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "include: must be an array of names");
    }
    for (size_t i = 0; i < json_array_size(include); i++) {
        const char *name = json_string_value(json_array_get(include, i));
        if (name == NULL) {
            return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                                   "include: must be an array of names");
        }
        protocol_include_parse(name, &policy->include);
    }
    if (policy->include & (PROTOCOL_RAW | PROTOCOL_JACOBIANS)) {
        policy->include |= PROTOCOL_KEYPOINTS;
    }
    return true;
}

static bool policy_label(const json_t *root, struct protocol_policy *policy,
                         struct protocol_error *error)
{
    const json_t *label = json_object_get(root, "label");
    if (label == NULL) {
        return true;
    }
    size_t length = json_string_length(label);
    if (!json_is_string(label) || !protocol_label_valid(json_string_value(label), length)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "label: must be at most %d bytes without control characters",
                               PROTOCOL_LABEL_BYTES - 1);
    }
    memcpy(policy->label, json_string_value(label), length + 1);
    return true;
}

static bool request_policy(const json_t *root, struct protocol_request *request,
                           struct protocol_error *error)
{
    return request->type != PROTOCOL_SUBSCRIBE ||
           (policy_choices(root, request, error) && policy_numbers(root, &request->policy, error) &&
            policy_include(root, &request->policy, error) &&
            policy_label(root, &request->policy, error));
}

static bool request_action(const json_t *root, struct protocol_request *request,
                           struct protocol_error *error)
{
    static const char expected[] = "action: must be neutral, range, show, use or reset";
    const json_t *action = json_object_get(root, "action");
    if (action == NULL) {
        return true;
    }
    if (!json_is_string(action)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "%s", expected);
    }
    for (int i = 0; i < PROTOCOL_CALIBRATE_COUNT; i++) {
        request->action = (enum protocol_calibrate_action)i;
        if (strcmp(json_string_value(action), protocol_calibrate_action_name(request->action)) ==
            0) {
            return true;
        }
    }
    return protocol_refuse(error, PROTOCOL_ERROR_UNSUPPORTED, "%s, got '%.32s'", expected,
                           json_string_value(action));
}

static bool request_profile(const json_t *root, struct protocol_request *request,
                            struct protocol_error *error)
{
    const json_t *profile = json_object_get(root, "profile");
    if (profile == NULL) {
        return request->action != PROTOCOL_CALIBRATE_USE ||
               protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "profile: must be the name of the profile to use");
    }
    if (!json_is_string(profile) || !protocol_profile_valid(json_string_value(profile))) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "profile: must be 1 to %d of A-Z a-z 0-9 _ -, got '%.64s'",
                               PROTOCOL_NAME_BYTES - 1,
                               json_is_string(profile) ? json_string_value(profile) : "no text");
    }
    memcpy(request->profile, json_string_value(profile), json_string_length(profile) + 1);
    return true;
}

static bool request_shapes(const json_t *root, struct protocol_request *request,
                           struct protocol_error *error)
{
    const json_t *shapes = json_object_get(root, "shapes");
    if (request->action != PROTOCOL_CALIBRATE_RANGE) {
        return true;
    }
    for (size_t i = 0; i < json_array_size(shapes); i++) {
        const char *name = json_string_value(json_array_get(shapes, i));
        enum protocol_shape shape;
        if (name == NULL || !protocol_shape_parse(name, &shape)) {
            return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                                   "shapes: must be names of blend shapes, got '%.32s'",
                                   name == NULL ? "" : name);
        }
        request->shapes |= UINT64_C(1) << shape;
    }
    return request->shapes != 0 ||
           protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                           "shapes: must be an array of the blend shapes to measure");
}

// What belongs to one stream: calibrate and settings.
static bool request_control(const json_t *root, struct protocol_request *request,
                            struct protocol_error *error)
{
    if (request->type != PROTOCOL_CALIBRATE && request->type != PROTOCOL_SETTINGS) {
        return true;
    }
    if (request->stream[0] == '\0') {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "stream: must be the name of a stream");
    }
    if (request->type == PROTOCOL_SETTINGS) {
        return protocol_settings_parse(root, &request->settings, error);
    }
    return request_action(root, request, error) && request_profile(root, request, error) &&
           request_shapes(root, request, error);
}

bool protocol_request_parse(const char *line, size_t length, struct protocol_request *request,
                            struct protocol_error *error)
{
    *request = (struct protocol_request){ 0 };
    *error = (struct protocol_error){ 0 };
    struct mc_error cause;
    json_t *root = protocol_json_load(line, length, &cause);
    if (root == NULL) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST, "%s", cause.message);
    }
    bool ok = request_id(root, request, error) && request_protocol(root, error) &&
              request_type(root, request, error) && request_stream(root, request, error) &&
              request_policy(root, request, error) && request_control(root, request, error);
    json_decref(root);
    return ok;
}

// ---- writing

static void write_include(struct protocol_writer *writer, unsigned include)
{
    protocol_writer_name(writer, "include");
    protocol_writer_open_array(writer);
    for (int i = 0; i < PROTOCOL_INCLUDE_COUNT; i++) {
        if (include & 1u << i) {
            protocol_writer_string(writer, protocol_include_name(i));
        }
    }
    protocol_writer_close_array(writer);
}

static void write_policy(struct protocol_writer *writer, const struct protocol_request *request)
{
    const struct protocol_policy *policy = &request->policy;
    if (request->encoding_given) {
        protocol_writer_string_field(writer, "encoding", protocol_encoding_name(policy->encoding));
    }
    if (request->mode_given) {
        protocol_writer_string_field(writer, "mode", protocol_mode_name(policy->mode));
    }
    if (request->mode_given && policy->mode == PROTOCOL_QUEUE) {
        protocol_writer_int_field(writer, "queue", policy->queue);
    }
    if (policy->max_rate > 0) {
        protocol_writer_number_field(writer, "max_rate", policy->max_rate, 3);
    }
    if (policy->include != PROTOCOL_INCLUDE_DEFAULT) {
        write_include(writer, policy->include);
    }
    if (policy->lost != PROTOCOL_LOST_NONE) {
        protocol_writer_string_field(writer, "lost", protocol_lost_name(policy->lost));
    }
    if (policy->label[0] != '\0') {
        protocol_writer_string_field(writer, "label", policy->label);
    }
}

static void write_calibrate(struct protocol_writer *writer, const struct protocol_request *request)
{
    if (request->action != PROTOCOL_CALIBRATE_NEUTRAL) {
        protocol_writer_string_field(writer, "action",
                                     protocol_calibrate_action_name(request->action));
    }
    if (request->profile[0] != '\0') {
        protocol_writer_string_field(writer, "profile", request->profile);
    }
    if (request->action == PROTOCOL_CALIBRATE_RANGE) {
        protocol_writer_name(writer, "shapes");
        protocol_writer_open_array(writer);
        for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
            if (request->shapes & UINT64_C(1) << i) {
                protocol_writer_string(writer, protocol_shape_name((enum protocol_shape)i));
            }
        }
        protocol_writer_close_array(writer);
    }
}

void protocol_request_write(struct protocol_buffer *buffer, const struct protocol_request *request)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, PROTOCOL_JSON, type_names[request->type]);
    if (request->id.given) {
        protocol_writer_int_field(&writer, "id", request->id.value);
    }
    if (request->stream[0] != '\0') {
        protocol_writer_string_field(&writer, "stream", request->stream);
    }
    if (request->type == PROTOCOL_SUBSCRIBE) {
        write_policy(&writer, request);
    }
    if (request->type == PROTOCOL_CALIBRATE) {
        write_calibrate(&writer, request);
    }
    protocol_writer_end(&writer);
}

bool protocol_request_write_object(struct protocol_buffer *buffer, const char *object, int64_t id,
                                   struct mc_error *err)
{
    json_t *root = protocol_json_load(object, strlen(object), err);
    if (root == NULL) {
        return mc_error_wrap(err, "the request");
    }
    char *text = json_object_set_new(root, "id", json_integer(id)) == 0
                     ? json_dumps(root, JSON_COMPACT)
                     : NULL;
    json_decref(root);
    if (text == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the request");
    }
    protocol_buffer_text(buffer, text);
    protocol_buffer_text(buffer, "\n");
    json_free_t release; // the program may have given jansson an allocator
    json_get_alloc_funcs(NULL, &release);
    release(text);
    return true;
}
