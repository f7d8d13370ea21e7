// The built-in clip: ten seconds of a synthetic face (tools/synthface), rendered and
// encoded by the build, an MP4 file in memory.
#pragma once

#include <stddef.h>

extern const unsigned char pipeline_demo_clip[];
extern const size_t pipeline_demo_clip_size;
