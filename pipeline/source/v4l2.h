// Webcams, through the kernel's own interface: libavdevice waits for ever for a camera
// that delivers nothing, and can't be interrupted.
//
// Packets are copies of the driver's buffers in pooled memory, so that frames outlive
// the camera. Thread: capture.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

// A driver that never ends its list of formats is no camera.
enum { PIPELINE_V4L2_FORMATS_MAX = 64 };

struct AVPacket;
struct AVStream;
struct pipeline_stop;
struct pipeline_v4l2;
struct v4l2_capability;

enum pipeline_v4l2_format {
    PIPELINE_V4L2_ANY, // YUYV up to 640x480, above it MJPEG where the camera has it
    PIPELINE_V4L2_MJPEG,
    PIPELINE_V4L2_YUYV,
};

// What a URL asks for: v4l2:/dev/video0?size=1280x720&rate=30&format=mjpeg
struct pipeline_v4l2_options {
    char device[PATH_MAX]; // or a camera's name, see v4l2_find.h, until it is opened
    int width, height;     // 640x480 where the URL says nothing
    double rate;           // frames per second; 30 where the URL says nothing
    enum pipeline_v4l2_format format;
};

// Parses what follows v4l2: in a URL. On failure err says what it must be.
bool pipeline_v4l2_parse(const char *text, struct pipeline_v4l2_options *options,
                         struct mc_error *err) MC_MUST_USE;

// ioctl, as long as signals alone interrupt it.
int pipeline_v4l2_control(int fd, unsigned long request, void *argument);

// Asks the device what it is; its flags are those of this node, not of all nodes of its driver.
// False and errno when it is no video device.
bool pipeline_v4l2_query(int fd, struct v4l2_capability *capability, uint32_t *flags);

// Opens the camera and starts it; fills the stream's parameters, time base and rate.
// Logs what the driver adjusted. On failure returns NULL, sets err, and *permanent when
// another attempt would fail as well.
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

// Reads the next frame into an empty packet; one that the driver marks as damaged has
// AV_PKT_FLAG_CORRUPT. Waits until the monotonic time until_ns, or until stop is set.
enum pipeline_v4l2_read pipeline_v4l2_read(struct pipeline_v4l2 *camera, struct pipeline_stop *stop,
                                           int64_t until_ns, struct AVPacket *packet,
                                           struct mc_error *err);
