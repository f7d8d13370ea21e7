// The options of mocap-bridge.
#pragma once

#include "base/command.h"
#include "base/log.h"
#include "tools/bridge/vmc.h"

#define BRIDGE_VMC_PORT "39539"
#define BRIDGE_OSF_PORT "11573"

enum { BRIDGE_TARGETS_MAX = 16 };

enum bridge_format {
    BRIDGE_VMC,
    BRIDGE_OSF,
};

struct bridge_target_options {
    enum bridge_format format;
    const char *text; // HOST or HOST:PORT; borrowed from the command line
};

struct bridge_targets {
    int count; // at least one once bridge_options_check has passed
    struct bridge_target_options items[BRIDGE_TARGETS_MAX];
};

struct bridge_options {
    const char *socket; // NULL: the default one
    const char *stream; // NULL: the daemon's first
    enum mocap_lost lost;
    struct bridge_targets targets;
    struct bridge_vmc_options vmc; // its skeleton is set by bridge_options_check
    const char *skeleton;          // a VRM model; NULL: none
    enum mc_log_level log_level;
};

extern const struct mc_option bridge_options_table[];
extern const struct bridge_options bridge_options_default;

// Completes options that have been read: the default target, the default skeleton.
bool bridge_options_check(void *options, struct mc_error *err);
