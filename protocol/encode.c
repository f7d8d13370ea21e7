#include "protocol/encode.h"

#include "protocol/writer.h"

void protocol_encode_id(struct protocol_writer *writer, struct protocol_id id)
{
    protocol_writer_name(writer, "id");
    if (id.given) {
        protocol_writer_int(writer, id.value);
    } else {
        protocol_writer_null(writer);
    }
}

void protocol_encode_names(struct protocol_writer *writer, const char *name,
                           const char names[][PROTOCOL_NAME_BYTES], int count)
{
    protocol_writer_name(writer, name);
    protocol_writer_open_array(writer);
    for (int i = 0; i < count; i++) {
        protocol_writer_string(writer, names[i]);
    }
    protocol_writer_close_array(writer);
}

void protocol_encode_point_set(struct protocol_writer *writer, const char *name,
                               const struct protocol_point_set *set)
{
    if (set->count == 0) {
        return;
    }
    protocol_writer_name(writer, name);
    protocol_writer_open_map(writer);
    protocol_writer_string_field(writer, "name", set->name);
    protocol_writer_int_field(writer, "count", set->count);
    protocol_writer_name(writer, "groups");
    protocol_writer_open_array(writer);
    for (int i = 0; i < set->group_count; i++) {
        const struct protocol_point_group *group = &set->groups[i];
        protocol_writer_open_map(writer);
        protocol_writer_string_field(writer, "name", group->name);
        protocol_writer_name(writer, "closed");
        protocol_writer_bool(writer, group->closed);
        protocol_writer_name(writer, "points");
        protocol_writer_open_array(writer);
        for (int k = 0; k < group->count; k++) {
            protocol_writer_int(writer, set->points[group->first + k]);
        }
        protocol_writer_close_array(writer);
        protocol_writer_close_map(writer);
    }
    protocol_writer_close_array(writer);
    protocol_writer_close_map(writer);
}

void protocol_encode_hello(struct protocol_buffer *buffer, const struct protocol_hello *hello)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, PROTOCOL_JSON, "hello");
    protocol_writer_name(&writer, "protocol");
    protocol_writer_open_array(&writer);
    protocol_writer_int(&writer, hello->major);
    protocol_writer_int(&writer, hello->minor);
    protocol_writer_close_array(&writer);
    protocol_writer_string_field(&writer, "server", hello->server);
    protocol_writer_string_field(&writer, "boot_id", hello->boot_id);
    protocol_encode_names(&writer, "streams", hello->streams, hello->stream_count);
    protocol_writer_name(&writer, "encodings");
    protocol_writer_open_array(&writer);
    for (int i = 0; i < PROTOCOL_ENCODING_COUNT; i++) {
        if (hello->encodings & 1u << i) {
            protocol_writer_string(&writer, protocol_encoding_name((enum protocol_encoding)i));
        }
    }
    protocol_writer_close_array(&writer);
    protocol_encode_point_set(&writer, "dense", &hello->dense);
    protocol_writer_end(&writer);
}

static void policy_fields(struct protocol_writer *writer, const struct protocol_policy *policy)
{
    protocol_writer_string_field(writer, "encoding", protocol_encoding_name(policy->encoding));
    protocol_writer_string_field(writer, "mode", protocol_mode_name(policy->mode));
    if (policy->mode == PROTOCOL_QUEUE) {
        protocol_writer_int_field(writer, "queue", policy->queue);
    }
    protocol_writer_number_field(writer, "max_rate", policy->max_rate, 3);
    protocol_writer_name(writer, "include");
    protocol_writer_open_array(writer);
    for (int i = 0; i < PROTOCOL_INCLUDE_COUNT; i++) {
        if (policy->include & 1u << i) {
            protocol_writer_string(writer, protocol_include_name(i));
        }
    }
    protocol_writer_close_array(writer);
    protocol_writer_string_field(writer, "lost", protocol_lost_name(policy->lost));
    protocol_writer_string_field(writer, "label", policy->label);
}

void protocol_encode_subscribed(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                const struct protocol_subscribed *subscribed)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "subscribed");
    protocol_encode_id(&writer, subscribed->id);
    protocol_encode_names(&writer, "streams", subscribed->streams, subscribed->stream_count);
    policy_fields(&writer, &subscribed->policy);
    protocol_writer_end(&writer);
}

void protocol_encode_unsubscribed(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                  const struct protocol_subscribed *unsubscribed)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "unsubscribed");
    protocol_encode_id(&writer, unsubscribed->id);
    protocol_encode_names(&writer, "streams", unsubscribed->streams, unsubscribed->stream_count);
    protocol_writer_end(&writer);
}

static void stream_status(struct protocol_writer *writer,
                          const struct protocol_stream_status *status)
{
    protocol_writer_open_map(writer);
    protocol_writer_string_field(writer, "stream", status->stream);
    protocol_writer_string_field(writer, "state", protocol_stream_state_name(status->state));
    protocol_writer_string_field(writer, "reason", status->reason);
    protocol_writer_uint_field(writer, "records", status->records);
    protocol_writer_uint_field(writer, "dropped", status->dropped);
    protocol_writer_name(writer, "drops");
    protocol_writer_open_map(writer);
    protocol_writer_uint_field(writer, "mailbox", status->drops.mailbox);
    protocol_writer_uint_field(writer, "late", status->drops.late);
    protocol_writer_uint_field(writer, "decode", status->drops.decode);
    protocol_writer_uint_field(writer, "subscriber", status->drops.subscriber);
    protocol_writer_close_map(writer);
    protocol_writer_uint_field(writer, "connects", status->connects);
    protocol_writer_int_field(writer, "subscribers", status->subscribers);
    if (status->fov > 0) {
        protocol_writer_number_field(writer, "fov", (double)status->fov, 1);
    }
    protocol_writer_name(writer, "isolated");
    protocol_writer_bool(writer, status->isolated);
    protocol_writer_close_map(writer);
}

void protocol_encode_status(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                            const struct protocol_status *status)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "status");
    protocol_encode_id(&writer, status->id);
    protocol_writer_number_field(&writer, "uptime_s", status->uptime_s, 3);
    protocol_writer_int_field(&writer, "connections", status->connections);
    protocol_writer_int_field(&writer, "workers", status->workers);
    protocol_writer_uint_field(&writer, "missed", status->missed);
    protocol_writer_name(&writer, "networks");
    protocol_writer_open_array(&writer);
    for (int i = 0; i < status->network_count; i++) {
        const struct protocol_network_status *network = &status->networks[i];
        protocol_writer_open_map(&writer);
        protocol_writer_string_field(&writer, "network", network->network);
        protocol_writer_string_field(&writer, "file", network->file);
        protocol_writer_string_field(&writer, "precision", network->precision);
        protocol_writer_close_map(&writer);
    }
    protocol_writer_close_array(&writer);
    protocol_writer_name(&writer, "streams");
    protocol_writer_open_array(&writer);
    for (int i = 0; i < status->stream_count; i++) {
        stream_status(&writer, &status->streams[i]);
    }
    protocol_writer_close_array(&writer);
    protocol_writer_end(&writer);
}

void protocol_encode_metrics(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                             struct protocol_id id, const char *text)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "metrics");
    protocol_encode_id(&writer, id);
    protocol_writer_string_field(&writer, "text", text);
    protocol_writer_end(&writer);
}

void protocol_encode_pong(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                          struct protocol_id id)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "pong");
    protocol_encode_id(&writer, id);
    protocol_writer_end(&writer);
}

void protocol_encode_error(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                           const struct protocol_error *error)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "error");
    protocol_encode_id(&writer, error->id);
    protocol_writer_string_field(&writer, "code", protocol_error_code_name(error->code));
    protocol_writer_string_field(&writer, "message", error->message);
    protocol_writer_end(&writer);
}

void protocol_encode_state(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                           const struct protocol_state *state)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "state");
    protocol_writer_string_field(&writer, "stream", state->stream);
    protocol_writer_string_field(&writer, "state", protocol_stream_state_name(state->state));
    protocol_writer_string_field(&writer, "reason", state->reason);
    protocol_writer_end(&writer);
}

void protocol_encode_end(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                         const struct protocol_end *last)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "end");
    protocol_writer_string_field(&writer, "stream", last->stream);
    protocol_writer_uint_field(&writer, "records", last->records);
    protocol_writer_string_field(&writer, "state", protocol_stream_state_name(last->state));
    protocol_writer_string_field(&writer, "reason", last->reason);
    protocol_writer_end(&writer);
}
