// Webcams, by the kernel's own interface: libavdevice waits for a camera that
// delivers nothing for ever, and can't be interrupted.
//
// Buffers are the driver's, mapped; a packet is a copy in pooled memory, so that
// pictures stay when the camera goes. Thread: capture, all of it.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct AVPacket;
struct AVStream;
struct pipeline_stop;
struct pipeline_v4l2;

enum pipeline_v4l2_format {
    PIPELINE_V4L2_ANY, // YUYV up to 640x480, above it MJPEG where the camera has it
    PIPELINE_V4L2_MJPEG,
    PIPELINE_V4L2_YUYV,
};

// What a URL asks for: v4l2:/dev/video0?size=1280x720&rate=30&format=mjpeg
struct pipeline_v4l2_options {
    char device[PATH_MAX]; // /dev/videoN, or a link to it such as /dev/v4l/by-id/...
    int width, height;     // 640x480 where the URL says nothing
    double rate;           // pictures a second; 30 likewise
    enum pipeline_v4l2_format format;
};

// Reads what follows v4l2: in a URL. On failure err says what was expected.
bool pipeline_v4l2_parse(const char *text, struct pipeline_v4l2_options *options,
                         struct mc_error *err) MC_MUST_USE;

// Opens the camera and starts it; fills the stream's parameters, time base and
// rate. What the driver adjusted is logged. Returns NULL and sets err on failure, and
// *permanent to whether trying again is of no use.
struct pipeline_v4l2 *pipeline_v4l2_open(const struct pipeline_v4l2_options *options,
                                         struct AVStream *stream, bool *permanent,
                                         struct mc_error *err) MC_MUST_USE;
void pipeline_v4l2_close(struct pipeline_v4l2 *camera); // NULL does nothing

enum pipeline_v4l2_read {
    PIPELINE_V4L2_PACKET,
    PIPELINE_V4L2_STOPPED,
    PIPELINE_V4L2_TIMEOUT,
    PIPELINE_V4L2_ERROR, // err says why: it is gone, or the stream is broken
};

// The next picture, into an empty packet; one that the driver marks as damaged has
// AV_PKT_FLAG_CORRUPT. Waits until the monotonic time until_ns, or stop is set.
enum pipeline_v4l2_read pipeline_v4l2_read(struct pipeline_v4l2 *camera, struct pipeline_stop *stop,
                                           int64_t until_ns, struct AVPacket *packet,
                                           struct mc_error *err);
