// Abusive clients: a process whose connections do what subscribers should not.
#pragma once

#include <sys/types.h>

#include "base/error.h"

enum lab_abuse {
    LAB_ABUSE_STUCK,     // subscribe and never read
    LAB_ABUSE_TRICKLE,   // subscribe and read a few bytes at a time
    LAB_ABUSE_QUEUES,    // subscribe with the longest queue and never read
    LAB_ABUSE_FLOOD,     // send requests as fast as the server takes them
    LAB_ABUSE_GARBAGE,   // send long lines of garbage as fast as the server takes them
    LAB_ABUSE_CONNECT,   // connect and disconnect, over and over
    LAB_ABUSE_SILENT,    // connect and send nothing
    LAB_ABUSE_HALF_OPEN, // subscribe, shut down sending, never read
    LAB_ABUSE_COUNT,
};

const char *lab_abuse_name(enum lab_abuse abuse);

// Starts a process with count such connections to path, and waits until they are made.
pid_t lab_abusive_clients_start(enum lab_abuse abuse, const char *path, int count,
                                struct mc_error *err) MC_MUST_USE; // -1 on failure
void lab_abusive_clients_stop(pid_t pid);
