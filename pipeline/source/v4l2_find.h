// The device node of a webcam that is named, not numbered.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

// Where the kernel lists cameras, and udev its stable links to them; tests have others.
#define PIPELINE_V4L2_SYSFS "/sys/class/video4linux"
#define PIPELINE_V4L2_LINKS "/dev/v4l"

struct pipeline_v4l2_node {
    int number; // of /dev/videoN
    int index;  // 0: the camera's first; the others carry metadata
    char name[128];
};

// Lists up to most of the nodes that the kernel has, by number; returns how many.
int pipeline_v4l2_list(const char *sysfs, struct pipeline_v4l2_node *nodes, int most);

// Writes udev's name for the node, "by-id/..." or else "by-path/...", as a URL takes it after
// v4l2:.
// "" when there is none.
void pipeline_v4l2_link(const char *links, int number, char *name, size_t size);

// Writes the node's path for what follows v4l2: in a URL.
//   /dev/video2           a path: as it is
//   video2                /dev/video2
//   by-id/…, by-path/…    udev's link of that name
//   anything else         the camera whose name it is, or part of it, in any case: the
//                         first node of the first such camera
// False and err when there is none (it lists those there are), or no room.
bool pipeline_v4l2_find(const char *name, const char *sysfs, const char *links, char *path,
                        size_t size, struct mc_error *err) MC_MUST_USE;
