// What all users of FFmpeg here share: its start, its log, its errors.
#pragma once

#include <stdint.h>

#include "base/error.h"

// Registers devices, starts the network and takes over FFmpeg's log. Cheap
// after the first call. Any thread.
void pipeline_libav_init(void);

// How many errors FFmpeg has logged on this thread. Any thread.
uint64_t pipeline_libav_error_count(void);

// From here to the end, what FFmpeg logs as an error on this thread isn't
// logged, but kept as the cause for pipeline_libav_error: one failure, one line.
// Any thread; each thread on its own.
void pipeline_libav_listen_begin(void);
void pipeline_libav_listen_end(void);

// Sets a MEDIA error "<context>: <what averror means> (<what FFmpeg logged>)".
// Returns false. Credentials of URLs are left out.
bool pipeline_libav_error(struct mc_error *err, int averror, const char *format, ...)
    MC_PRINTF(3, 4);
