// The processes that have a device open, as far as this process may see. Any thread.
#pragma once

#include <stddef.h>
#include <sys/types.h>

// Where the kernel lists processes; tests have another place.
#define PIPELINE_DEVICE_PROC "/proc"

struct pipeline_device_holder {
    int pid;
    char command[32]; // its name; "" when unknown
};

// Lists up to most of the other processes that have the device at path open; returns how many.
// Reads all of proc: milliseconds.
int pipeline_device_holders(const char *path, const char *proc,
                            struct pipeline_device_holder *holders, int most);
