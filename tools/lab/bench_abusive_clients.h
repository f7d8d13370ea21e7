// Bad neighbours: a process whose connections do what subscribers should not.
#pragma once

#include <sys/types.h>

#include "base/error.h"

enum lab_bully {
    LAB_BULLY_STUCK,     // subscribe and never read
    LAB_BULLY_TRICKLE,   // subscribe and read a few bytes now and then
    LAB_BULLY_QUEUES,    // subscribe with the longest queue and never read
    LAB_BULLY_FLOOD,     // send requests as fast as they are taken
    LAB_BULLY_GARBAGE,   // send long lines of garbage as fast as they are taken
    LAB_BULLY_CONNECT,   // connect and leave, over and over
    LAB_BULLY_SILENT,    // connect and say nothing
    LAB_BULLY_HALF_OPEN, // subscribe, send no more, never read
    LAB_BULLY_COUNT,
};

const char *lab_bully_name(enum lab_bully bully);

// Starts a process of count such connections to path and waits until they are there.
pid_t lab_bully_start(enum lab_bully bully, const char *path, int count,
                      struct mc_error *err) MC_MUST_USE; // -1 on failure
void lab_bully_stop(pid_t pid);
