#include "protocol/decode_streams.h"

#include <string.h>

#include "protocol/fields.h"

bool protocol_decode_name(struct protocol_value value, int index, void *names, struct mc_error *err)
{
    char *name = ((char(*)[PROTOCOL_NAME_BYTES])names)[index];
    return protocol_value_text(value, NULL, name, PROTOCOL_NAME_BYTES, err) &&
           (name[0] != '\0' || mc_error_set(err, MC_ERROR_FORMAT, 0, "must be a name, got ''"));
}

static bool read_names(struct protocol_value value, const struct protocol_field *field,
                       void *target, struct mc_error *err)
{
    struct protocol_streams *streams =
        (struct protocol_streams *)(void *)((char *)target + field->offset);
    return protocol_value_array(value, field->name, PROTOCOL_STREAMS_MAX, protocol_decode_name,
                                streams->streams, &streams->stream_count, err);
}

bool protocol_decode_streams(struct protocol_value root, struct protocol_message *message,
                             struct mc_error *err)
{
    static const struct protocol_field fields[] = { { .name = "streams", .read = read_names } };
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), &message->streams,
                              NULL, err);
}

static bool read_action(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    struct protocol_stream_changed *changed = target;
    char name[PROTOCOL_NAME_BYTES];
    if (!protocol_value_text(value, field->name, name, sizeof name, err)) {
        return false;
    }
    for (int i = 0; i < PROTOCOL_STREAM_ACTION_COUNT; i++) {
        changed->action = (enum protocol_stream_action)i;
        if (strcmp(name, protocol_stream_action_name(changed->action)) == 0) {
            return true;
        }
    }
    return mc_error_set(err, MC_ERROR_FORMAT, 0, "action: must be add, remove or set, got '%s'",
                        name);
}

bool protocol_decode_stream_changed(struct protocol_value root, struct protocol_message *message,
                                    struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        { .name = "action", .read = read_action },
        PROTOCOL_FIELD(struct protocol_stream_changed, stream, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_stream_changed, changed, protocol_field_flag),
    };
    message->stream_changed.id = message->id;
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields),
                              &message->stream_changed, NULL, err);
}

static bool read_option(struct protocol_value value, int index, void *user, struct mc_error *err)
{
    struct protocol_reloaded *reloaded = user;
    return protocol_value_text(value, NULL, reloaded->restart[index],
                               sizeof reloaded->restart[index], err);
}

static bool read_restart(struct protocol_value value, const struct protocol_field *field,
                         void *target, struct mc_error *err)
{
    struct protocol_reloaded *reloaded = target;
    return protocol_value_array(value, field->name, PROTOCOL_OPTIONS_MAX, read_option, reloaded,
                                &reloaded->restart_count, err);
}

bool protocol_decode_reloaded(struct protocol_value root, struct protocol_message *message,
                              struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_reloaded, added, read_names),
        PROTOCOL_FIELD(struct protocol_reloaded, changed, read_names),
        PROTOCOL_FIELD(struct protocol_reloaded, removed, read_names),
        { .name = "failed",
          .offset = offsetof(struct protocol_reloaded, failed),
          .read = read_names,
          .is_optional = true },
        { .name = "restart", .read = read_restart },
    };
    message->reloaded.id = message->id;
    message->reloaded.failed.stream_count = 0;
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), &message->reloaded,
                              NULL, err);
}
