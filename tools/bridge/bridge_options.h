// What mocap-bridge is asked to do, by the command line and by mocap-bridge.conf.
#pragma once

#include "base/command.h"
#include "base/log.h"
#include "protocol/endpoint.h"
#include "tools/bridge/address.h"
#include "tools/bridge/output.h"
#include "tools/bridge/settings.h"

enum { BRIDGE_TARGETS_MAX = 16, BRIDGE_TARGET_NAME_BYTES = 64 };

struct bridge_target_options {
    char name[BRIDGE_TARGET_NAME_BYTES];
    const struct bridge_output *output; // NULL: not given
    char address[BRIDGE_ADDRESS_BYTES]; // "": not given, this machine
    struct bridge_settings settings;
};

struct bridge_targets {
    int count;
    struct bridge_target_options items[BRIDGE_TARGETS_MAX];
};

struct bridge_options {
    const char *config; // the configuration file; NULL: the default one, if there are no targets
    bool check_config;
    char socket[PROTOCOL_ENDPOINT_BYTES];        // "": the default one
    char status_socket[PROTOCOL_ENDPOINT_BYTES]; // likewise
    int log_level;                               // enum mc_log_level; negative: not given
    struct bridge_settings settings;             // of the command line's targets
    struct bridge_targets targets;               // the command line's
};

extern const struct mc_option bridge_options_table[];
extern const struct bridge_options bridge_options_default;

// Where the target's receiver is: as it was given, or this machine.
const char *bridge_target_address(const struct bridge_target_options *target);

// Gives the command line's targets its settings. Sets err when two of them are one to a receiver.
bool bridge_options_check(void *options, struct mc_error *err);

// Adds a target, with settings, whose output and address follow. Returns NULL and sets err when
// there are too many or the name is taken.
struct bridge_target_options *bridge_targets_add(struct bridge_targets *targets, const char *name,
                                                 const struct bridge_settings *settings,
                                                 struct mc_error *err);
