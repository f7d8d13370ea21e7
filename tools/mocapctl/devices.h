// The webcams of this machine, for mocapctl devices and doctor.
#pragma once

#include "base/error.h"
#include "pipeline/source/device_holders.h"
#include "pipeline/source/v4l2_find.h"
#include "pipeline/source/v4l2_modes.h"

enum {
    MOCAPCTL_DEVICES_MAX = 64,
    MOCAPCTL_MODES_MAX = 128,
    MOCAPCTL_HOLDERS_MAX = 8,
};

struct mocapctl_device {
    struct pipeline_v4l2_node node;
    char path[32];  // /dev/videoN
    char link[256]; // by-id/..., "" if none
    int mode_count; // -1: it cannot be opened, for the reason in err
    struct pipeline_v4l2_mode modes[MOCAPCTL_MODES_MAX];
    struct mc_error err;
    int holder_count;
    struct pipeline_device_holder holders[MOCAPCTL_HOLDERS_MAX];
};

// Lists the webcams; returns how many there are, -1 when out of memory. Free with free().
int mocapctl_devices_list(struct mocapctl_device **devices);
