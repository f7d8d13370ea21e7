#include "protocol/point_set.h"

#include <stdio.h>
#include <string.h>

// Consecutive points, except where a group has an order of its own.
struct group {
    const char *name;
    bool closed;
    int first, last;
    const int *points; // as many; NULL: first to last
};

// The rim of the mouth, from its right corner along the lower lip and back along the upper one.
static const int inner_lips[20] = { 100, 101, 103, 105, 107, 109, 119, 117, 115, 113,
                                    111, 110, 112, 114, 116, 118, 108, 106, 104, 102 };

// training/heads/rig.py chooses the points: choose_points, iris_places. The first 68 are on the
// head itself, where iBUG's landmarks are; in a turned face iBUG's jaw is its visible outline.
static const struct group ict212[] = {
    { "jaw", false, 0, 16, NULL },
    { "rightBrow", false, 17, 21, NULL },
    { "leftBrow", false, 22, 26, NULL },
    { "noseBridge", false, 27, 30, NULL },
    { "noseBase", false, 31, 35, NULL },
    { "outerLips", true, 48, 59, NULL },
    { "innerLips", true, 100, 119, inner_lips },
    { "rightLids", true, 68, 83, NULL },
    { "leftLids", true, 84, 99, NULL },
    { "rightBrowEdge", false, 120, 124, NULL },
    { "leftBrowEdge", false, 125, 129, NULL },
    { "rightIrisCentre", false, 202, 202, NULL },
    { "rightIris", true, 203, 206, NULL },
    { "leftIrisCentre", false, 207, 207, NULL },
    { "leftIris", true, 208, 211, NULL },
};

static void add_group(struct protocol_point_set *set, const struct group *group)
{
    struct protocol_point_group *added = &set->groups[set->group_count++];
    snprintf(added->name, sizeof added->name, "%s", group->name);
    added->closed = group->closed;
    added->first = set->grouped;
    added->count = group->last - group->first + 1;
    for (int i = 0; i < added->count; i++) {
        set->points[set->grouped++] = group->points != NULL ? group->points[i] : group->first + i;
    }
}

void protocol_point_set_init(struct protocol_point_set *set, const char *name, int count)
{
    *set = (struct protocol_point_set){ .count = count };
    snprintf(set->name, sizeof set->name, "%s", name);
    if (strcmp(name, "ict212") != 0 || count != 212) {
        return;
    }
    for (size_t i = 0; i < sizeof ict212 / sizeof ict212[0]; i++) {
        add_group(set, &ict212[i]);
    }
}
