#include "protocol/json_write.h"

void protocol_json_begin(struct protocol_buffer *buffer, const char *type)
{
    protocol_buffer_text(buffer, "{\"type\":\"");
    protocol_buffer_text(buffer, type);
    protocol_buffer_text(buffer, "\"");
}

void protocol_json_end_object(struct protocol_buffer *buffer)
{
    protocol_buffer_text(buffer, "}\n");
}

void protocol_json_name(struct protocol_buffer *buffer, const char *field)
{
    protocol_buffer_text(buffer, ",\"");
    protocol_buffer_text(buffer, field);
    protocol_buffer_text(buffer, "\":");
}

void protocol_json_field_string(struct protocol_buffer *buffer, const char *field,
                                const char *value)
{
    protocol_json_name(buffer, field);
    protocol_buffer_string(buffer, value);
}

void protocol_json_field_int(struct protocol_buffer *buffer, const char *field, int64_t value)
{
    protocol_json_name(buffer, field);
    protocol_buffer_int(buffer, value);
}

void protocol_json_field_uint(struct protocol_buffer *buffer, const char *field, uint64_t value)
{
    protocol_json_name(buffer, field);
    protocol_buffer_uint(buffer, value);
}

void protocol_json_field_fixed(struct protocol_buffer *buffer, const char *field, double value,
                               int decimals)
{
    protocol_json_name(buffer, field);
    protocol_buffer_fixed(buffer, value, decimals);
}

void protocol_json_floats(struct protocol_buffer *buffer, const float *numbers, int count,
                          int decimals)
{
    for (int i = 0; i < count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "[");
        protocol_buffer_fixed(buffer, (double)numbers[i], decimals);
    }
    protocol_buffer_text(buffer, "]");
}
