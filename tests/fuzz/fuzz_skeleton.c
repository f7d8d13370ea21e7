// A VRM model, of which mocap-bridge reads the bones. Nothing but finite numbers comes out.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz_file.h"
#include "tools/bridge/skeleton.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bridge_skeleton skeleton;
    struct mc_error err = { 0 };
    if (!bridge_skeleton_load(&skeleton, fuzz_file(data, size), &err) && err.message[0] == '\0') {
        abort();
    }
    for (int i = 0; i < BRIDGE_BONE_COUNT; i++) {
        for (int k = 0; k < 3; k++) {
            if (!isfinite(skeleton.positions[i][k])) {
                abort();
            }
        }
    }
    return 0;
}
