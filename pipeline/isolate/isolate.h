// A session of a capture in a process of its own: FFmpeg reads bytes from outside there, under a
// sandbox, and what it may destroy is that process.
#pragma once

#include <stdbool.h>

#include "pipeline/source/capture.h"

// As pipeline_capture_run_session, of which it is the other half: the decoder process runs that,
// and its frames, states, counts and log lines come out of this capture as if they were its own.
// A decoder that dies or breaks its promises is a lost source. Each session has a process of its
// own, which has ended when this returns. Thread: capture.
pipeline_capture_run_fn pipeline_isolate_run_session;

// Whether a file is to be given up, once its decoder process is gone; ended: by itself, as it
// should. A file that a decoder can't survive will not change: three deaths in a row are enough,
// each in less than ten seconds. What is live may. Thread: capture.
bool pipeline_isolate_is_hopeless(struct pipeline_capture *capture, bool ended);
