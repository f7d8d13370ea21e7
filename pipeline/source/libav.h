// What all users of FFmpeg share: initialisation, log, errors.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

// Starts the network and takes over FFmpeg's log. Cheap after the first call. Any thread.
void pipeline_libav_init(void);

// The number of errors that FFmpeg has logged on this thread. Any thread.
uint64_t pipeline_libav_error_count(void);

// Between these two, errors that FFmpeg logs on this thread are captured as the cause
// for pipeline_libav_error rather than logged: one failure, one line. Any thread.
void pipeline_libav_error_capture_begin(void);
void pipeline_libav_error_capture_end(void);

// The size that FFmpeg refused last on this thread because of max_pixels, once. False: none since
// the last call. Any thread.
bool pipeline_libav_take_refused_size(int *width, int *height);

// While muted, errors that FFmpeg logs on this thread follow from one that is reported anyway, and
// are neither counted nor shown. Any thread.
void pipeline_libav_mute_errors(bool muted);

// Asks allows before FFmpeg follows a redirect of HTTP or RTSP on this thread; one that is
// refused ends the call with an error. NULL: all are followed. Any thread.
void pipeline_libav_vet_redirects(bool (*allows)(void *user, const char *url), void *user);

// Sets a MEDIA error "<context>: <what averror means> (<what FFmpeg logged>)".
// Returns false. Credentials in URLs are hidden.
bool pipeline_libav_error(struct mc_error *err, int averror, const char *format, ...)
    MC_PRINTF(3, 4);
