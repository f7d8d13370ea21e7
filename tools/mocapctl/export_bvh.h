// Head motion as BVH, for animation programs. Thread: the owner's.
#pragma once

#include <stdio.h>

#include "base/error.h"
#include "protocol/record.h"

struct mocapctl_bvh;

// NULL: out of memory.
struct mocapctl_bvh *mocapctl_bvh_create(void);
void mocapctl_bvh_destroy(struct mocapctl_bvh *bvh); // NULL does nothing

// Adds a frame: the pose of the record's first face. One without a pose repeats the
// pose before. False: out of memory.
bool mocapctl_bvh_add(struct mocapctl_bvh *bvh, const struct protocol_record *record);

// Writes all of it: one joint chain of hips, neck and head, y up, the face towards +z,
// centimetres (a face counts as 14 cm wide). A third of the head's turn is the neck's. BVH has one
// frame interval: the typical one of the records, whose poses are interpolated at their own times.
// False and err when that would be too many frames.
bool mocapctl_bvh_write(const struct mocapctl_bvh *bvh, FILE *out, struct mc_error *err);
