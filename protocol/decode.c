#include "protocol/decode.h"

#include <string.h>

#include "protocol/decode_calibration.h"
#include "protocol/decode_point_set.h"
#include "protocol/decode_record.h"
#include "protocol/decode_streams.h"
#include "protocol/fields.h"
#include "protocol/json.h"

enum {
    VERSION_MAX = 1000,   // of the protocol, major and minor
    LIST_MAX = 64,        // names in a list of which some may be unknown
    LIST_NAME_BYTES = 32, // of each
};

// ---- hello

static bool read_version(struct protocol_value value, int index, void *user, struct mc_error *err)
{
    int64_t number = 0;
    bool ok = protocol_value_integer(value, NULL, 0, VERSION_MAX, &number, err);
    ((int *)user)[index] = (int)number;
    return ok;
}

static bool read_protocol(struct protocol_value value, const struct protocol_field *field,
                          void *target, struct mc_error *err)
{
    struct protocol_hello *hello = target;
    int version[2], count;
    if (!protocol_value_array(value, field->name, 2, read_version, version, &count, err)) {
        return false;
    }
    hello->major = version[0];
    hello->minor = count == 2 ? version[1] : 0;
    return count == 2 || mc_error_set(err, MC_ERROR_FORMAT, 0,
                                      "protocol: must be [major,minor], got %d numbers", count);
}

static bool read_encoding_bit(struct protocol_value value, int index, void *user,
                              struct mc_error *err)
{
    enum protocol_encoding encoding = PROTOCOL_JSON;
    char name[LIST_NAME_BYTES];
    bool ok = protocol_value_text(value, NULL, name, sizeof name, err);
    if (ok && protocol_encoding_parse(name, &encoding)) {
        *(unsigned *)user |= 1u << encoding;
    }
    return ok;
}

static bool read_encodings(struct protocol_value value, const struct protocol_field *field,
                           void *target, struct mc_error *err)
{
    struct protocol_hello *hello = target;
    int count;
    return protocol_value_array(value, field->name, LIST_MAX, read_encoding_bit, &hello->encodings,
                                &count, err);
}

static bool read_hello_streams(struct protocol_value value, const struct protocol_field *field,
                               void *target, struct mc_error *err)
{
    struct protocol_hello *hello = target;
    return protocol_value_array(value, field->name, PROTOCOL_STREAMS_MAX, protocol_decode_name,
                                hello->streams, &hello->stream_count, err);
}

// A recording begins with the same fields, but for encodings.
static bool read_hello(struct protocol_value root, struct protocol_hello *hello,
                       struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        { .name = "protocol", .read = read_protocol },
        PROTOCOL_FIELD(struct protocol_hello, server, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_hello, boot_id, protocol_field_text),
        { .name = "streams", .read = read_hello_streams },
        { .name = "encodings", .read = read_encodings, .is_optional = true },
        { .name = "dense",
          .read = protocol_decode_point_set,
          .offset = offsetof(struct protocol_hello, dense),
          .is_optional = true },
    };
    hello->encodings = 0;
    hello->dense = (struct protocol_point_set){ 0 };
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), hello, NULL, err);
}

static bool decode_hello(struct protocol_value root, struct protocol_message *message,
                         struct mc_error *err)
{
    return read_hello(root, &message->hello, err);
}

// ---- subscribed and unsubscribed: choices of a later version are left at their defaults

static bool read_encoding(struct protocol_value value, const struct protocol_field *field,
                          void *target, struct mc_error *err)
{
    struct protocol_subscribed *subscribed = target;
    char name[LIST_NAME_BYTES];
    return protocol_value_text(value, field->name, name, sizeof name, err) &&
           (protocol_encoding_parse(name, &subscribed->policy.encoding) ||
            mc_error_set(err, MC_ERROR_FORMAT, 0, "encoding: must be json or cbor, got '%s'",
                         name));
}

static bool read_mode(struct protocol_value value, const struct protocol_field *field, void *target,
                      struct mc_error *err)
{
    struct protocol_subscribed *subscribed = target;
    char name[LIST_NAME_BYTES];
    bool ok = protocol_value_text(value, field->name, name, sizeof name, err);
    if (ok) {
        protocol_mode_parse(name, &subscribed->policy.mode);
    }
    return ok;
}

static bool read_lost(struct protocol_value value, const struct protocol_field *field, void *target,
                      struct mc_error *err)
{
    struct protocol_subscribed *subscribed = target;
    char name[LIST_NAME_BYTES];
    bool ok = protocol_value_text(value, field->name, name, sizeof name, err);
    if (ok) {
        protocol_lost_parse(name, &subscribed->policy.lost);
    }
    return ok;
}

static bool read_include_bit(struct protocol_value value, int index, void *user,
                             struct mc_error *err)
{
    char name[LIST_NAME_BYTES];
    bool ok = protocol_value_text(value, NULL, name, sizeof name, err);
    if (ok) {
        protocol_include_parse(name, user);
    }
    return ok;
}

static bool read_include(struct protocol_value value, const struct protocol_field *field,
                         void *target, struct mc_error *err)
{
    struct protocol_subscribed *subscribed = target;
    int count;
    return protocol_value_array(value, field->name, LIST_MAX, read_include_bit,
                                &subscribed->policy.include, &count, err);
}

static bool read_max_rate(struct protocol_value value, const struct protocol_field *field,
                          void *target, struct mc_error *err)
{
    struct protocol_subscribed *subscribed = target;
    double rate = 0;
    if (!protocol_value_number(value, field->name, PROTOCOL_RATE_MAX, &rate, err)) {
        return false;
    }
    subscribed->policy.max_rate = rate;
    return protocol_rate_valid(rate) ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "max_rate: must be 0 or %g to %d, got %g",
                        PROTOCOL_RATE_MIN, PROTOCOL_RATE_MAX, rate);
}

static bool read_queue(struct protocol_value value, const struct protocol_field *field,
                       void *target, struct mc_error *err)
{
    struct protocol_subscribed *subscribed = target;
    int64_t queue = 0;
    bool ok = protocol_value_integer(value, field->name, 0, PROTOCOL_INT_MAX, &queue, err);
    subscribed->policy.queue = (int)queue;
    return ok;
}

static bool read_label(struct protocol_value value, const struct protocol_field *field,
                       void *target, struct mc_error *err)
{
    struct protocol_subscribed *subscribed = target;
    char *label = subscribed->policy.label;
    return protocol_value_text(value, field->name, label, PROTOCOL_LABEL_BYTES, err) &&
           (protocol_label_valid(label, strlen(label)) ||
            mc_error_set(err, MC_ERROR_FORMAT, 0,
                         "label: must be text without control characters"));
}

static bool read_subscribed_streams(struct protocol_value value, const struct protocol_field *field,
                                    void *target, struct mc_error *err)
{
    struct protocol_subscribed *subscribed = target;
    return protocol_value_array(value, field->name, PROTOCOL_STREAMS_MAX, protocol_decode_name,
                                subscribed->streams, &subscribed->stream_count, err);
}

static bool decode_subscribed(struct protocol_value root, struct protocol_message *message,
                              struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        { .name = "streams", .read = read_subscribed_streams },
        { .name = "encoding", .read = read_encoding },
        { .name = "mode", .read = read_mode },
        { .name = "queue", .read = read_queue, .is_optional = true },
        { .name = "max_rate", .read = read_max_rate, .is_optional = true },
        { .name = "include", .read = read_include, .is_optional = true },
        { .name = "lost", .read = read_lost, .is_optional = true },
        { .name = "label", .read = read_label, .is_optional = true },
    };
    struct protocol_subscribed *subscribed = &message->subscribed;
    subscribed->id = message->id;
    subscribed->policy = (struct protocol_policy){ 0 };
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), subscribed, NULL,
                              err);
}

static bool decode_unsubscribed(struct protocol_value root, struct protocol_message *message,
                                struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        { .name = "streams", .read = read_subscribed_streams },
    };
    message->subscribed.id = message->id;
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields),
                              &message->subscribed, NULL, err);
}

// ---- status

static bool read_drops(struct protocol_value value, const struct protocol_field *field,
                       void *target, struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_drops, mailbox, protocol_field_count),
        PROTOCOL_FIELD(struct protocol_drops, late, protocol_field_count),
        PROTOCOL_FIELD(struct protocol_drops, decode, protocol_field_count),
        PROTOCOL_FIELD(struct protocol_drops, subscriber, protocol_field_count),
    };
    struct protocol_stream_status *status = target;
    return protocol_value_map(value, field->name, fields, PROTOCOL_FIELD_COUNT(fields),
                              &status->drops, NULL, err);
}

static bool read_stream_status(struct protocol_value value, int index, void *user,
                               struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_stream_status, stream, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_stream_status, state, protocol_field_state),
        PROTOCOL_FIELD(struct protocol_stream_status, reason, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_stream_status, records, protocol_field_count),
        PROTOCOL_FIELD(struct protocol_stream_status, dropped, protocol_field_count),
        { .name = "drops", .read = read_drops },
        PROTOCOL_FIELD(struct protocol_stream_status, connects, protocol_field_count),
        PROTOCOL_FIELD(struct protocol_stream_status, subscribers, protocol_field_int),
        { .name = "fov",
          .read = protocol_field_float,
          .offset = offsetof(struct protocol_stream_status, fov),
          .is_optional = true },
        { .name = "isolated",
          .read = protocol_field_flag,
          .offset = offsetof(struct protocol_stream_status, isolated),
          .is_optional = true },
    };
    struct protocol_status *status = user;
    status->streams[index].fov = 0;
    status->streams[index].isolated = false;
    return protocol_value_map(value, NULL, fields, PROTOCOL_FIELD_COUNT(fields),
                              &status->streams[index], NULL, err);
}

static bool read_status_streams(struct protocol_value value, const struct protocol_field *field,
                                void *target, struct mc_error *err)
{
    struct protocol_status *status = target;
    return protocol_value_array(value, field->name, PROTOCOL_STREAMS_MAX, read_stream_status,
                                status, &status->stream_count, err);
}

static bool read_network_status(struct protocol_value value, int index, void *user,
                                struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_network_status, network, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_network_status, file, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_network_status, precision, protocol_field_text),
    };
    struct protocol_status *status = user;
    return protocol_value_map(value, NULL, fields, PROTOCOL_FIELD_COUNT(fields),
                              &status->networks[index], NULL, err);
}

static bool read_status_networks(struct protocol_value value, const struct protocol_field *field,
                                 void *target, struct mc_error *err)
{
    struct protocol_status *status = target;
    return protocol_value_array(value, field->name, PROTOCOL_NETWORKS_MAX, read_network_status,
                                status, &status->network_count, err);
}

static bool read_uptime(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    struct protocol_status *status = target;
    return protocol_value_number(value, field->name, PROTOCOL_NUMBER_MAX, &status->uptime_s, err);
}

static bool decode_status(struct protocol_value root, struct protocol_message *message,
                          struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        { .name = "uptime_s", .read = read_uptime },
        PROTOCOL_FIELD(struct protocol_status, connections, protocol_field_int),
        PROTOCOL_FIELD(struct protocol_status, workers, protocol_field_int),
        PROTOCOL_FIELD(struct protocol_status, missed, protocol_field_count),
        { .name = "networks", .read = read_status_networks, .is_optional = true },
        { .name = "streams", .read = read_status_streams },
    };
    message->status.id = message->id;
    message->status.network_count = 0;
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), &message->status,
                              NULL, err);
}

// ---- the other messages

static bool read_error_code(struct protocol_value value, const struct protocol_field *field,
                            void *target, struct mc_error *err)
{
    struct protocol_error *error = target;
    char name[LIST_NAME_BYTES];
    bool ok = protocol_value_text(value, field->name, name, sizeof name, err);
    error->code = ok ? protocol_error_code_parse(name) : PROTOCOL_ERROR_OTHER;
    return ok;
}

static bool decode_error(struct protocol_value root, struct protocol_message *message,
                         struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        { .name = "code", .read = read_error_code },
        PROTOCOL_FIELD(struct protocol_error, message, protocol_field_text),
    };
    message->error.id = message->id;
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), &message->error,
                              NULL, err);
}

static bool decode_state(struct protocol_value root, struct protocol_message *message,
                         struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_state, stream, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_state, state, protocol_field_state),
        PROTOCOL_FIELD(struct protocol_state, reason, protocol_field_text),
    };
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), &message->state,
                              NULL, err);
}

static bool decode_end(struct protocol_value root, struct protocol_message *message,
                       struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_end, stream, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_end, records, protocol_field_count),
        PROTOCOL_FIELD(struct protocol_end, state, protocol_field_state),
        PROTOCOL_FIELD(struct protocol_end, reason, protocol_field_text),
    };
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), &message->end, NULL,
                              err);
}

static bool decode_nothing(struct protocol_value root, struct protocol_message *message,
                           struct mc_error *err)
{
    return true;
}

static const struct {
    const char *name;
    bool (*decode)(struct protocol_value root, struct protocol_message *message,
                   struct mc_error *err);
} decoders[] = {
    [PROTOCOL_MESSAGE_HELLO] = { "hello", decode_hello },
    [PROTOCOL_MESSAGE_SUBSCRIBED] = { "subscribed", decode_subscribed },
    [PROTOCOL_MESSAGE_UNSUBSCRIBED] = { "unsubscribed", decode_unsubscribed },
    [PROTOCOL_MESSAGE_STATUS] = { "status", decode_status },
    [PROTOCOL_MESSAGE_PONG] = { "pong", decode_nothing },
    [PROTOCOL_MESSAGE_METRICS] = { "metrics", decode_nothing },
    [PROTOCOL_MESSAGE_ERROR] = { "error", decode_error },
    [PROTOCOL_MESSAGE_STATE] = { "state", decode_state },
    [PROTOCOL_MESSAGE_MOTION] = { "motion", protocol_decode_record },
    [PROTOCOL_MESSAGE_END] = { "end", decode_end },
    [PROTOCOL_MESSAGE_CALIBRATED] = { "calibrated", protocol_decode_calibrated },
    [PROTOCOL_MESSAGE_CALIBRATION] = { "calibration", protocol_decode_calibration },
    [PROTOCOL_MESSAGE_STREAM] = { "stream", protocol_decode_stream_changed },
    [PROTOCOL_MESSAGE_STREAMS] = { "streams", protocol_decode_streams },
    [PROTOCOL_MESSAGE_RELOADED] = { "reloaded", protocol_decode_reloaded },
};

// ---- any message

// What every message may have.
struct envelope {
    char type[LIST_NAME_BYTES];
    struct protocol_id id;
};

// An id that is no whole number counts as none: null is what a request without gets.
static bool read_id(struct protocol_value value, const struct protocol_field *field, void *target,
                    struct mc_error *err)
{
    struct envelope *envelope = target;
    struct protocol_id *id = &envelope->id;
    struct protocol_cbor_reader before = { 0 };
    if (value.json == NULL) {
        before = *value.cbor;
    }
    id->given = protocol_value_integer(value, field->name, INT64_MIN, INT64_MAX, &id->value, NULL);
    if (value.json == NULL && !id->given) {
        *value.cbor = before;
        return protocol_cbor_skip(value.cbor) ||
               mc_error_set(err, MC_ERROR_FORMAT, 0, "id: must be a whole CBOR data item");
    }
    return true;
}

static bool read_envelope(struct protocol_value root, struct envelope *envelope,
                          struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct envelope, type, protocol_field_text),
        { .name = "id", .read = read_id, .is_optional = true },
    };
    *envelope = (struct envelope){ 0 };
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), envelope, NULL,
                              err);
}

// Reads the item's envelope, and checks that it is one whole item.
static bool read_cbor_envelope(const char *bytes, size_t length, struct envelope *envelope,
                               struct mc_error *err)
{
    struct protocol_cbor_reader reader = { (const unsigned char *)bytes, length };
    return read_envelope((struct protocol_value){ NULL, &reader }, envelope, err) &&
           (reader.left == 0 ||
            mc_error_set(err, MC_ERROR_FORMAT, 0, "must be one CBOR data item, got %zu bytes more",
                         reader.left));
}

static bool decode_body(struct protocol_value root, const struct envelope *envelope,
                        struct protocol_message *message, struct mc_error *err)
{
    message->type = PROTOCOL_MESSAGE_OTHER;
    message->id = envelope->id;
    message->missed = 0;
    for (int i = 0; i < PROTOCOL_MESSAGE_OTHER; i++) {
        if (strcmp(envelope->type, decoders[i].name) == 0) {
            message->type = (enum protocol_message_type)i;
            return decoders[i].decode(root, message, err) ||
                   mc_error_wrap(err, "%s message", decoders[i].name);
        }
    }
    return true;
}

bool protocol_decode_message(enum protocol_encoding encoding, const char *bytes, size_t length,
                             struct protocol_message *message, struct mc_error *err)
{
    struct envelope envelope;
    if (encoding == PROTOCOL_CBOR) {
        struct protocol_cbor_reader reader = { (const unsigned char *)bytes, length };
        return read_cbor_envelope(bytes, length, &envelope, err) &&
               decode_body((struct protocol_value){ NULL, &reader }, &envelope, message, err);
    }
    json_t *root = protocol_json_load(bytes, length, err);
    if (root == NULL) {
        return false;
    }
    const struct protocol_value value = { root, NULL };
    bool ok = read_envelope(value, &envelope, err) && decode_body(value, &envelope, message, err);
    json_decref(root);
    return ok;
}

bool protocol_decode_recording(const char *bytes, size_t length, struct protocol_hello *hello,
                               struct mc_error *err)
{
    struct envelope envelope;
    struct protocol_cbor_reader reader = { (const unsigned char *)bytes, length };
    if (!read_cbor_envelope(bytes, length, &envelope, NULL) ||
        strcmp(envelope.type, "recording") != 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be a recording of mocapctl");
    }
    return read_hello((struct protocol_value){ NULL, &reader }, hello, err);
}

char *protocol_decode_metrics(const char *line, size_t length, struct mc_error *err)
{
    json_t *root = protocol_json_load(line, length, err);
    const char *text = json_string_value(json_object_get(root, "text"));
    char *copy = NULL;
    if (root != NULL && text == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "metrics message: text: must be text");
    } else if (root != NULL) {
        copy = strdup(text);
        if (copy == NULL) {
            mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the metrics");
        }
    }
    json_decref(root);
    return copy;
}
