// What the networks are that the daemon runs, for its log and its status.
#pragma once

#include "protocol/message.h"

struct daemon_options;
struct pipeline_models;

// Returns how many there are.
int daemon_networks_describe(const struct pipeline_models *models,
                             const struct daemon_options *options,
                             struct protocol_network_status networks[PROTOCOL_NETWORKS_MAX]);

// One line for all; a warning for each whose precision the processor has no instructions for.
void daemon_networks_log(const struct pipeline_models *models,
                         const struct daemon_options *options);
