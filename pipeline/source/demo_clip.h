// The clip that is built in: ten seconds of a synthetic face (tools/synthface),
// rendered and encoded by the build, as an MP4 file in memory.
#pragma once

#include <stddef.h>

extern const unsigned char pipeline_demo_clip[];
extern const size_t pipeline_demo_clip_size;
