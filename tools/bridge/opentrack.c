// opentrack's input "UDP over network": x, y, z in cm, yaw, pitch, roll in degrees, six
// little-endian doubles. Right (the person's), up and away from the camera are positive; so are
// turning right, looking up and tilting towards the right shoulder. opentrack can reverse each
// axis.
#include <stdint.h>
#include <string.h>

#include "tools/bridge/output.h"
#include "tools/face_width.h"

static void write(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets)
{
    (void)target;
    if (view->face == NULL || view->face->pose == NULL) {
        return;
    }
    const float *place = view->face->pose->translation, *euler = view->face->pose->euler;
    const double values[6] = { -TOOLS_FACE_WIDTH_CM * place[0],
                               -TOOLS_FACE_WIDTH_CM * place[1],
                               TOOLS_FACE_WIDTH_CM * place[2],
                               euler[1],
                               -euler[0],
                               -euler[2] };
    unsigned char *bytes = bridge_packets_add(packets, sizeof values);
    for (size_t i = 0; i < 6; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (size_t k = 0; k < 8; k++) {
            bytes[8 * i + k] = (unsigned char)(bits >> (8 * k));
        }
    }
}

const struct bridge_output bridge_output_opentrack = {
    .name = "opentrack",
    .title = "opentrack's UDP",
    .port = "4242",
    .write = write,
};
