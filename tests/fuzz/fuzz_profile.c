// Calibration profiles: any bytes are either refused with a place and a reason, or hold nothing
// out of bounds.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/profile_file.h"
#include "pipeline/motion/motion.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good) {
        abort();
    }
}

static void check_face(const struct pipeline_face_profile *face)
{
    require(face->x >= 0 && face->x <= 1);
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        float least, most;
        pipeline_calibration_bounds(i, &least, &most);
        require(isnan(face->neutral[i]) || (face->neutral[i] >= least && face->neutral[i] <= most));
    }
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        require(face->gains[i] >= 1 && face->gains[i] <= PIPELINE_GAIN_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pipeline_profile profile;
    struct mc_error err = { 0 };
    if (!daemon_profile_file_parse("f", (const char *)data, size, &profile, &err)) {
        require(strncmp(err.message, "f:", 2) == 0);
        return 0;
    }
    require(profile.face_count >= 0 && profile.face_count <= PROTOCOL_FACES_MAX);
    for (int i = 0; i < profile.face_count; i++) {
        check_face(&profile.faces[i]);
    }
    return 0;
}
