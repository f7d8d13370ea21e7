// What the actions of mocapctl calibrate share.
#pragma once

#include <stdint.h>

#include "protocol/message.h"
#include "protocol/mocap.h"

struct mocapctl_calibrate {
    struct mocap_client *client;
    const char *stream, *profile;   // profile NULL: the one in use
    struct protocol_message *reply; // to the last request
};

// Sends a calibrate request and waits for the reply. Complains and returns false on failure.
bool mocapctl_calibrate_ask(struct mocapctl_calibrate *calibrate,
                            enum protocol_calibrate_action action, uint64_t shapes);

// Guides a person through the expressions, one after the other, and prints what each has
// measured. Waits for Enter before each step when the input is a terminal. Complains and
// returns false on failure.
bool mocapctl_calibrate_range(struct mocapctl_calibrate *calibrate);
