// mocap-bridge.conf: it is refused with a reason, or read.
#include <stdint.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz_file.h"
#include "tools/bridge/bridge_config.h"
#include "tools/bridge/bridge_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bridge_options options;
    struct mc_error err = { 0 };
    options = bridge_options_default;
    if (!bridge_config_read(&options, fuzz_file(data, size), &err) && err.message[0] == '\0') {
        abort();
    }
    return 0;
}
