// A stream of the fleet as somebody wants it added or changed.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "tools/fleet/roster.h"

struct fleet_catalogue;

enum { FLEET_STREAM_SETTINGS_MAX = 63 }; // of a stream, on the command line

struct fleet_stream_change {
    char stream[FLEET_NAME_BYTES];
    const char *url; // of the command line, as are the settings; borrowed
    const char *settings[FLEET_STREAM_SETTINGS_MAX]; // NAME=VALUE
    int setting_count;
    json_t *options; // made of them by the command itself; owned
    struct fleet_labels labels;
    const char *worker;
    int replicas;
};

// Sets a name to the text. label says where it stands.
bool fleet_stream_change_name(char name[FLEET_NAME_BYTES], const char *label, const char *text,
                              size_t length, struct mc_error *err) MC_MUST_USE;

// Sets an option; the options are made when there are none.
bool fleet_stream_change_option(json_t **options, const char *label, const char *name,
                                size_t length, const char *value, struct mc_error *err) MC_MUST_USE;

// Adds or changes the stream, and says which; returns false when it has said what is wrong.
bool fleet_stream_change_apply(struct fleet_catalogue *catalogue,
                               const struct fleet_stream_change *change);
