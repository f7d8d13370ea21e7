#include "protocol/decode.h"

#include <string.h>

#include "protocol/cbor.h"
#include "protocol/decode_record.h"
#include "protocol/json_value.h"

static const char *const error_code_names[] = {
    [PROTOCOL_ERROR_BAD_REQUEST] = "bad-request",
    [PROTOCOL_ERROR_UNKNOWN_TYPE] = "unknown-type",
    [PROTOCOL_ERROR_UNKNOWN_STREAM] = "unknown-stream",
    [PROTOCOL_ERROR_TOO_LONG] = "too-long",
    [PROTOCOL_ERROR_UNSUPPORTED] = "unsupported",
    [PROTOCOL_ERROR_WRONG_VERSION] = "wrong-version",
    [PROTOCOL_ERROR_TOO_MANY] = "too-many",
    [PROTOCOL_ERROR_FORBIDDEN] = "forbidden",
    [PROTOCOL_ERROR_NO_FACE] = "no-face",
    [PROTOCOL_ERROR_OTHER] = "other",
};

const char *protocol_error_code_name(enum protocol_error_code code)
{
    return error_code_names[code];
}

enum protocol_error_code protocol_error_code_parse(const char *text)
{
    for (int i = 0; i < PROTOCOL_ERROR_OTHER; i++) {
        if (strcmp(text, error_code_names[i]) == 0) {
            return (enum protocol_error_code)i;
        }
    }
    return PROTOCOL_ERROR_OTHER;
}

static bool parse_hello(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_hello *hello = &message->hello;
    const json_t *version = json_object_get(root, "protocol");
    float numbers[2];
    if (!protocol_json_get_floats(version, "protocol", numbers, 2, err)) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!json_is_integer(json_array_get(version, i)) || numbers[i] < 0 || numbers[i] > 1000) {
            return protocol_json_wrong(err, "protocol", "[major,minor]");
        }
    }
    hello->major = (int)numbers[0];
    hello->minor = (int)numbers[1];
    hello->encodings = 0;
    const json_t *encodings = json_object_get(root, "encodings");
    for (size_t i = 0; i < json_array_size(encodings); i++) {
        enum protocol_encoding encoding = PROTOCOL_JSON;
        const char *name = json_string_value(json_array_get(encodings, i));
        if (name != NULL && protocol_encoding_parse(name, &encoding)) {
            hello->encodings |= 1u << encoding;
        }
    }
    return protocol_json_get_string(root, "server", hello->server, sizeof hello->server, err) &&
           protocol_json_get_string(root, "boot_id", hello->boot_id, sizeof hello->boot_id, err) &&
           protocol_json_get_streams(root, hello->streams, &hello->stream_count, err);
}

// What the server granted. What a later version may grant that this one does not
// know is left as it is by default.
static bool parse_policy(const json_t *root, struct protocol_policy *policy, struct mc_error *err)
{
    char encoding[32], mode[32];
    const json_t *queue = json_object_get(root, "queue"), *lost = json_object_get(root, "lost"),
                 *include = json_object_get(root, "include"),
                 *label = json_object_get(root, "label");
    *policy = (struct protocol_policy){ .queue = (int)json_integer_value(queue) };
    if (!protocol_json_get_string(root, "encoding", encoding, sizeof encoding, err) ||
        !protocol_json_get_string(root, "mode", mode, sizeof mode, err)) {
        return false;
    }
    if (!protocol_encoding_parse(encoding, &policy->encoding)) {
        return protocol_json_wrong(err, "encoding", "json or cbor");
    }
    protocol_mode_parse(mode, &policy->mode);
    policy->max_rate = json_number_value(json_object_get(root, "max_rate"));
    for (size_t i = 0; i < json_array_size(include); i++) {
        const char *name = json_string_value(json_array_get(include, i));
        protocol_include_parse(name == NULL ? "" : name, &policy->include);
    }
    if (json_is_string(lost)) {
        protocol_lost_parse(json_string_value(lost), &policy->lost);
    }
    if (json_is_string(label) &&
        protocol_label_valid(json_string_value(label), json_string_length(label))) {
        memcpy(policy->label, json_string_value(label), json_string_length(label) + 1);
    }
    return true;
}

static bool parse_subscribed(const json_t *root, struct protocol_message *message,
                             struct mc_error *err)
{
    struct protocol_subscribed *subscribed = &message->subscribed;
    subscribed->id = message->id;
    return (message->type == PROTOCOL_MESSAGE_UNSUBSCRIBED ||
            parse_policy(root, &subscribed->policy, err)) &&
           protocol_json_get_streams(root, subscribed->streams, &subscribed->stream_count, err);
}

static bool parse_drops(const json_t *root, struct protocol_drops *drops, struct mc_error *err)
{
    const json_t *object = json_object_get(root, "drops");
    bool ok = protocol_json_get_count(object, "mailbox", &drops->mailbox, err) &&
              protocol_json_get_count(object, "late", &drops->late, err) &&
              protocol_json_get_count(object, "decode", &drops->decode, err) &&
              protocol_json_get_count(object, "subscriber", &drops->subscriber, err);
    return ok ? true : mc_error_wrap(err, "drops");
}

static bool parse_stream_status(const json_t *root, struct protocol_stream_status *status,
                                struct mc_error *err)
{
    return protocol_json_get_string(root, "stream", status->stream, sizeof status->stream, err) &&
           protocol_json_get_string(root, "state", status->state, sizeof status->state, err) &&
           protocol_json_get_string(root, "reason", status->reason, sizeof status->reason, err) &&
           protocol_json_get_count(root, "records", &status->records, err) &&
           protocol_json_get_count(root, "dropped", &status->dropped, err) &&
           parse_drops(root, &status->drops, err) &&
           protocol_json_get_count(root, "connects", &status->connects, err) &&
           protocol_json_get_int(root, "subscribers", &status->subscribers, err);
}

static bool parse_status(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_status *status = &message->status;
    const json_t *uptime = json_object_get(root, "uptime_s"), *streams;
    if (!json_is_number(uptime)) {
        return protocol_json_wrong(err, "uptime_s", "a number");
    }
    status->id = message->id;
    status->uptime_s = json_number_value(uptime);
    if (!protocol_json_get_int(root, "connections", &status->connections, err) ||
        !protocol_json_get_int(root, "workers", &status->workers, err) ||
        !protocol_json_get_count(root, "missed", &status->missed, err) ||
        !protocol_json_get_array(root, "streams", PROTOCOL_STREAMS_MAX, &streams,
                                 &status->stream_count, err)) {
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
    if (!protocol_json_get_string(root, "code", code, sizeof code, err)) {
        return false;
    }
    error->id = message->id;
    error->code = protocol_error_code_parse(code);
    return protocol_json_get_string(root, "message", error->message, sizeof error->message, err);
}

static bool parse_state(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_state *state = &message->state;
    return protocol_json_get_string(root, "stream", state->stream, sizeof state->stream, err) &&
           protocol_json_get_string(root, "state", state->state, sizeof state->state, err) &&
           protocol_json_get_string(root, "reason", state->reason, sizeof state->reason, err);
}

static bool parse_end(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    struct protocol_end *end = &message->end;
    return protocol_json_get_string(root, "stream", end->stream, sizeof end->stream, err) &&
           protocol_json_get_count(root, "records", &end->records, err) &&
           protocol_json_get_string(root, "state", end->state, sizeof end->state, err) &&
           protocol_json_get_string(root, "reason", end->reason, sizeof end->reason, err);
}

static bool parse_calibrated(const json_t *root, struct protocol_message *message,
                             struct mc_error *err)
{
    struct protocol_calibrated *done = &message->calibrated;
    done->id = message->id;
    return protocol_json_get_string(root, "stream", done->stream, sizeof done->stream, err) &&
           protocol_json_get_int(root, "faces", &done->faces, err);
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
    [PROTOCOL_MESSAGE_METRICS] = { "metrics", parse_nothing },
    [PROTOCOL_MESSAGE_ERROR] = { "error", parse_error },
    [PROTOCOL_MESSAGE_STATE] = { "state", parse_state },
    [PROTOCOL_MESSAGE_MOTION] = { "motion", protocol_decode_record },
    [PROTOCOL_MESSAGE_END] = { "end", parse_end },
    [PROTOCOL_MESSAGE_CALIBRATED] = { "calibrated", parse_calibrated },
};

static bool parse_message(const json_t *root, struct protocol_message *message,
                          struct mc_error *err)
{
    const json_t *type = json_object_get(root, "type"), *id = json_object_get(root, "id");
    if (!json_is_string(type)) {
        return protocol_json_wrong(err, "type", "a string");
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

bool protocol_decode_message(enum protocol_encoding encoding, const char *bytes, size_t length,
                             struct protocol_message *message, struct mc_error *err)
{
    const unsigned char *item = (const unsigned char *)bytes;
    if (encoding == PROTOCOL_CBOR && protocol_cbor_is_motion(item, length)) {
        message->type = PROTOCOL_MESSAGE_MOTION;
        message->id = (struct protocol_id){ 0 };
        return protocol_decode_cbor_record(item, length, message, err) ||
               mc_error_wrap(err, "motion message");
    }
    json_t *root = encoding == PROTOCOL_CBOR ? protocol_cbor_load(item, length, err)
                                             : protocol_json_load(bytes, length, err);
    if (root == NULL) {
        return false;
    }
    bool ok = parse_message(root, message, err);
    json_decref(root);
    return ok;
}

char *protocol_decode_metrics(const char *line, size_t length, struct mc_error *err)
{
    json_t *root = protocol_json_load(line, length, err);
    const json_t *text = json_object_get(root, "text");
    char *copy = NULL;
    if (root != NULL && !json_is_string(text)) {
        protocol_json_wrong(err, "text", "a string");
    } else if (root != NULL) {
        copy = strdup(json_string_value(text));
        if (copy == NULL) {
            mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the metrics");
        }
    }
    json_decref(root);
    return copy;
}
