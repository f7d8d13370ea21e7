// FFmpeg's filters as a source: lavfi:GRAPH.
#pragma once

#include "base/error.h"

// Loads libavdevice, which has the demuxer lavfi, and registers it. Few need it, and on Debian it
// brings ninety libraries: so it is no dependency, and is loaded when a source first asks for it.
// Sets err to what to install. Cheap after the first success. Any thread.
bool pipeline_lavfi_load(struct mc_error *err) MC_MUST_USE;
