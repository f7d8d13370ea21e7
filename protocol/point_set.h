// A set of dense points: what the numbers of the points mean. hello describes it once, so that
// records need only positions.
#pragma once

#include <stdbool.h>

#include "protocol/record.h"

enum {
    PROTOCOL_POINT_SET_NAME_BYTES = 32, // names of sets and groups, with their NUL
    PROTOCOL_POINT_GROUPS_MAX = 32,     // of a set
    PROTOCOL_GROUPED_MAX = 1024,        // points of all groups together
};

// Points that belong together, in the order in which a line connects them.
struct protocol_point_group {
    char name[PROTOCOL_POINT_SET_NAME_BYTES]; // "outerLips"; left and right are the person's
    bool closed;                              // the line returns to the first point
    int first, count;                         // its part of protocol_point_set.points
};

struct protocol_point_set {
    char name[PROTOCOL_POINT_SET_NAME_BYTES]; // "ict212"
    int count;                                // points; 0: there is no such set
    int group_count;                          // 0 where the set is not known
    struct protocol_point_group groups[PROTOCOL_POINT_GROUPS_MAX];
    int grouped; // points of all groups together
    int points[PROTOCOL_GROUPED_MAX];
};

// Describes the set of that name and that many points. A set that is not known has no groups.
void protocol_point_set_init(struct protocol_point_set *set, const char *name, int count);
