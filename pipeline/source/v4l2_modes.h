// What a webcam offers: its formats, sizes and rates. Does not start it: its light stays off.
// Any thread.
#pragma once

#include "base/error.h"

struct pipeline_v4l2_mode {
    char format[16];   // as in a URL, "mjpeg" or "yuyv"; for others the driver's four characters
    int width, height; // the largest where the driver gives a range
    double rate;       // frames per second, the highest; 0: not known
};

// Lists up to most of the modes of the device at path, as the driver orders them; returns how many.
// -1 and err when it cannot be opened or is no camera.
int pipeline_v4l2_modes(const char *path, struct pipeline_v4l2_mode *modes, int most,
                        struct mc_error *err);
