#include "tools/bridge/osc_bundle.h"

#include <lo/lo.h>

void bridge_osc_begin(struct bridge_osc *osc, struct bridge_packets *packets, size_t limit)
{
    osc->packets = packets;
    osc->limit = limit;
    osc->bundle = lo_bundle_new(LO_TT_IMMEDIATE);
}

void bridge_osc_end(struct bridge_osc *osc)
{
    const size_t size = lo_bundle_length(osc->bundle);
    lo_bundle_serialise(osc->bundle, bridge_packets_add(osc->packets, size), NULL);
    lo_bundle_free_recursive(osc->bundle);
    osc->bundle = NULL;
}

// Takes the message. Begins another bundle when this one is full.
static void add(struct bridge_osc *osc, const char *path, lo_message message)
{
    const size_t size = 4 + lo_message_length(message, path); // its length comes before it
    if (lo_bundle_length(osc->bundle) + size > osc->limit) {
        bridge_osc_end(osc);
        osc->bundle = lo_bundle_new(LO_TT_IMMEDIATE);
    }
    lo_bundle_add_message(osc->bundle, path, message);
}

void bridge_osc_integers(struct bridge_osc *osc, const char *path, const int32_t *values, int count)
{
    lo_message message = lo_message_new();
    for (int i = 0; i < count; i++) {
        lo_message_add_int32(message, values[i]);
    }
    add(osc, path, message);
}

static void add_floats(lo_message message, const float *values, int count)
{
    for (int i = 0; i < count; i++) {
        lo_message_add_float(message, values[i]);
    }
}

void bridge_osc_floats(struct bridge_osc *osc, const char *path, const float *values, int count)
{
    lo_message message = lo_message_new();
    add_floats(message, values, count);
    add(osc, path, message);
}

void bridge_osc_boolean(struct bridge_osc *osc, const char *path, bool value)
{
    lo_message message = lo_message_new();
    if (value) {
        lo_message_add_true(message);
    } else {
        lo_message_add_false(message);
    }
    add(osc, path, message);
}

void bridge_osc_named(struct bridge_osc *osc, const char *path, const char *name,
                      const float *values, int count)
{
    lo_message message = lo_message_new();
    lo_message_add_string(message, name);
    add_floats(message, values, count);
    add(osc, path, message);
}
