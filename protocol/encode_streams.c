#include "protocol/encode.h"
#include "protocol/writer.h"

static void names_field(struct protocol_writer *writer, const char *name,
                        const struct protocol_streams *streams)
{
    protocol_encode_names(writer, name, streams->streams, streams->stream_count);
}

void protocol_encode_stream_changed(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                    const struct protocol_stream_changed *changed)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "stream");
    protocol_encode_id(&writer, changed->id);
    protocol_writer_string_field(&writer, "action", protocol_stream_action_name(changed->action));
    protocol_writer_string_field(&writer, "stream", changed->stream);
    protocol_writer_name(&writer, "changed");
    protocol_writer_bool(&writer, changed->changed);
    protocol_writer_end(&writer);
}

void protocol_encode_streams(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                             const struct protocol_streams *streams)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "streams");
    names_field(&writer, "streams", streams);
    protocol_writer_end(&writer);
}

void protocol_encode_reloaded(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                              const struct protocol_reloaded *reloaded)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "reloaded");
    protocol_encode_id(&writer, reloaded->id);
    names_field(&writer, "added", &reloaded->added);
    names_field(&writer, "changed", &reloaded->changed);
    names_field(&writer, "removed", &reloaded->removed);
    if (reloaded->failed.stream_count > 0) {
        names_field(&writer, "failed", &reloaded->failed);
    }
    protocol_writer_name(&writer, "restart");
    protocol_writer_open_array(&writer);
    for (int i = 0; i < reloaded->restart_count; i++) {
        protocol_writer_string(&writer, reloaded->restart[i]);
    }
    protocol_writer_close_array(&writer);
    protocol_writer_end(&writer);
}
