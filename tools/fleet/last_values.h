// Where the broker has JetStream, it keeps the last state of each stream: a JetStream stream with
// one message per subject, in memory. Without, states come with their next repetition.
#pragma once

struct fleet_broker;

#define FLEET_LAST_VALUES "mocap_state" // its name

// Creates it, or finds that it is there. Blocks for a second at most.
void fleet_last_values_keep(struct fleet_broker *broker);
