#include "pipeline/state.h"

const char *pipeline_state_name(enum pipeline_state state)
{
    static const char *const names[] = {
        [PIPELINE_IDLE] = "idle",   [PIPELINE_CONNECTING] = "connecting",
        [PIPELINE_LIVE] = "live",   [PIPELINE_STALLED] = "stalled",
        [PIPELINE_ENDED] = "ended", [PIPELINE_FAILED] = "failed",
    };
    return names[state];
}
