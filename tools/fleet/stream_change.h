// A stream of the fleet as somebody wants it added or changed.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "tools/fleet/roster.h"

struct fleet_catalogue;

enum { FLEET_STREAM_SETTINGS_MAX = 63 }; // of a stream, on the command line

#define FLEET_ANY_WORKER "any" // in place of a machine's name: whichever suits

struct fleet_stream_change {
    char stream[FLEET_NAME_BYTES];
    const char *url; // of the command line, as are the settings; borrowed
    const char *settings[FLEET_STREAM_SETTINGS_MAX]; // NAME=VALUE
    int setting_count;
    json_t *options;               // made of them by the command itself; owned
    struct fleet_labels labels;    // none: those that it has stay
    char worker[FLEET_NAME_BYTES]; // "": the one that it was moved to stays
    int replicas;
};

#define FLEET_STREAM_LABEL_HELP                                                                    \
    "where the stream is best watched, such as room=3; may be given again; default: as it was"

// Sets a name to the text: of a machine, or of a stream that is in the bucket by whatever name.
// label says where it stands.
bool fleet_stream_change_name(char name[FLEET_NAME_BYTES], const char *label, const char *text,
                              size_t length, struct mc_error *err) MC_MUST_USE;

// Sets the name of a stream that mocapd takes.
bool fleet_stream_change_stream(char name[FLEET_NAME_BYTES], const char *label, const char *text,
                                size_t length, struct mc_error *err) MC_MUST_USE;

// Sets an option; the options are made when there are none.
bool fleet_stream_change_option(json_t **options, const char *label, const char *name,
                                size_t length, const char *value, struct mc_error *err) MC_MUST_USE;

// Whether the change is complete, and short enough.
bool fleet_stream_change_check(const struct fleet_stream_change *change,
                               struct mc_error *err) MC_MUST_USE;

// Adds or changes the stream, which has been checked, and says which; returns false when it has
// said what is wrong.
bool fleet_stream_change_apply(struct fleet_catalogue *catalogue,
                               const struct fleet_stream_change *change);
