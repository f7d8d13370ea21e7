// One image through the networks, without a stream: the faces of a still.
#pragma once

#include <stdint.h>

#include "base/error.h"

struct pipeline_models;
struct protocol_record;

enum { PIPELINE_STILL_IMAGE_EDGE_MIN = 32, PIPELINE_STILL_IMAGE_EDGE_MAX = 4096 };

// Finds up to four faces in the image, on their side and upside down, too, and fills the record
// with all that a stream's first record would say of them; face_count is 0 when there is none. The
// models must have a locator. Allocates what inference needs for the time of the call.
//   rgb            height rows of width x 3 bytes; borrowed
//   width, height  within the bounds above
// Returns false and sets err on failure. Any thread.
bool pipeline_still_image_read(const struct pipeline_models *models, const uint8_t *rgb, int width,
                               int height, struct protocol_record *record,
                               struct mc_error *err) MC_MUST_USE;
