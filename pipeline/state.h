// The states of a stream, as its subscribers see them.
#pragma once

enum pipeline_state {
    PIPELINE_IDLE,       // paused: no subscriber, the source is closed
    PIPELINE_CONNECTING, // opening the source, for the first time or again
    PIPELINE_LIVE,       // frames arrive
    PIPELINE_STALLED,    // open, but no frame for a while; frames resume or it reconnects
    PIPELINE_ENDED,      // a file was read to its end; nothing follows
    PIPELINE_FAILED,     // gave up, for the reason given; nothing follows
};

// "idle", "connecting", "live", "stalled", "ended", "failed"
const char *pipeline_state_name(enum pipeline_state state);
