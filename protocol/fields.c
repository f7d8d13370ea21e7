#include "protocol/fields.h"

#include "protocol/message.h"

enum { STATE_BYTES = 16 }; // of the name of any state

static void *place(const struct protocol_field *field, void *target)
{
    return (char *)target + field->offset;
}

bool protocol_field_count(struct protocol_value value, const struct protocol_field *field,
                          void *target, struct mc_error *err)
{
    int64_t number = 0;
    bool ok = protocol_value_integer(value, field->name, 0, PROTOCOL_COUNT_MAX, &number, err);
    *(uint64_t *)place(field, target) = (uint64_t)number;
    return ok;
}

bool protocol_field_time(struct protocol_value value, const struct protocol_field *field,
                         void *target, struct mc_error *err)
{
    return protocol_value_integer(value, field->name, 0, PROTOCOL_TIME_MAX_NS, place(field, target),
                                  err);
}

bool protocol_field_int(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    int64_t number = 0;
    bool ok = protocol_value_integer(value, field->name, 0, PROTOCOL_INT_MAX, &number, err);
    *(int *)place(field, target) = (int)number;
    return ok;
}

bool protocol_field_float(struct protocol_value value, const struct protocol_field *field,
                          void *target, struct mc_error *err)
{
    double number = 0;
    bool ok = protocol_value_number(value, field->name, PROTOCOL_NUMBER_MAX, &number, err);
    *(float *)place(field, target) = ok ? (float)number : 0;
    return ok;
}

bool protocol_field_floats(struct protocol_value value, const struct protocol_field *field,
                           void *target, struct mc_error *err)
{
    return protocol_value_floats(value, field->name, place(field, target),
                                 (int)(field->size / sizeof(float)), err);
}

bool protocol_field_text(struct protocol_value value, const struct protocol_field *field,
                         void *target, struct mc_error *err)
{
    return protocol_value_text(value, field->name, place(field, target), field->size, err);
}

bool protocol_field_flag(struct protocol_value value, const struct protocol_field *field,
                         void *target, struct mc_error *err)
{
    return protocol_value_flag(value, field->name, place(field, target), err);
}

bool protocol_field_state(struct protocol_value value, const struct protocol_field *field,
                          void *target, struct mc_error *err)
{
    char name[STATE_BYTES];
    bool ok = protocol_value_text(value, field->name, name, sizeof name, err);
    *(enum protocol_stream_state *)place(field, target) =
        ok ? protocol_stream_state_parse(name) : PROTOCOL_STREAM_OTHER;
    return ok;
}
