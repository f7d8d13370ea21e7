// Takes of the app Live Link Face as CSV, which Unreal Engine, Blender and MotionBuilder's tools
// import: a line for each record with a face, of its first one.
#pragma once

#include <stdio.h>

#include "protocol/record.h"

// "Timecode,BlendShapeCount,EyeBlinkLeft,...,RightEyeRoll"
void mocapctl_live_link_header(FILE *out);

// "HH:MM:SS:FF.SSS,61,..." with frames of 1/60 s of the record's presentation time. Nothing for a
// record without a face. live_link_values.h has the units.
void mocapctl_live_link_record(FILE *out, const struct protocol_record *record);
