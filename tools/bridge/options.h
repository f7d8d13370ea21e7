// What mocap-bridge was asked for.
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "tools/arguments.h"
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
    const char *text; // HOST or HOST:PORT; borrowed from argv
};

struct bridge_options {
    const char *socket; // NULL: the default one
    const char *stream; // NULL: the daemon's first
    enum mocap_lost lost;
    int target_count; // at least one
    struct bridge_target_options targets[BRIDGE_TARGETS_MAX];
    struct bridge_vmc_options vmc; // with the default skeleton
    const char *skeleton;          // a VRM model; NULL: none
    enum mc_log_level log_level;
};

extern const char bridge_options_usage[];

enum tools_arguments_result bridge_options_parse(struct bridge_options *options, int argc,
                                                 char **argv, struct mc_error *err) MC_MUST_USE;
