// An image file, decoded.
#pragma once

#include "base/error.h"

struct AVFrame;

// The first frame of the file, in whatever format it has. NULL and err on failure;
// free with av_frame_free.
struct AVFrame *lab_image_file_load(const char *path, struct mc_error *err) MC_MUST_USE;
