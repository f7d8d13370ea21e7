// Bad neighbours: a process whose connections do what subscribers should not.
#pragma once

#include <sys/types.h>

#include "base/error.h"

enum mocapctl_bully {
    MOCAPCTL_BULLY_STUCK,     // subscribe and never read
    MOCAPCTL_BULLY_TRICKLE,   // subscribe and read a few bytes now and then
    MOCAPCTL_BULLY_QUEUES,    // subscribe with the longest queue and never read
    MOCAPCTL_BULLY_FLOOD,     // send requests as fast as they are taken
    MOCAPCTL_BULLY_GARBAGE,   // send long lines of garbage as fast as they are taken
    MOCAPCTL_BULLY_CONNECT,   // connect and leave, over and over
    MOCAPCTL_BULLY_SILENT,    // connect and say nothing
    MOCAPCTL_BULLY_HALF_OPEN, // subscribe, send no more, never read
    MOCAPCTL_BULLY_COUNT,
};

const char *mocapctl_bully_name(enum mocapctl_bully bully);

// Starts a process of count such connections to path and waits until they are there.
pid_t mocapctl_bully_start(enum mocapctl_bully bully, const char *path, int count,
                           struct mc_error *err) MC_MUST_USE; // -1 on failure
void mocapctl_bully_stop(pid_t pid);
