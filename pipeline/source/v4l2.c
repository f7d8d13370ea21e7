#include "pipeline/source/v4l2.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/source/device_advice.h"
#include "pipeline/source/stop.h"

enum {
    BUFFERS = 4, // one is filled, one is copied, two in between
    FRAME_BYTES_MAX = 256 << 20,
    EDGE_MAX = 16384,
    PLAIN_PIXELS_MAX = 640 * 480, // above that YUYV is more than USB 2 carries
    IDLE_MS = 2,                  // after a wake-up without a frame
    STAMP_S_MAX = 1000000000,     // more is nonsense, and would overflow in microseconds
};

struct pipeline_v4l2 {
    int fd;
    const char *device; // for messages: the options' own
    uint32_t format;
    int row_bytes, rows; // of a frame in a packet; 0: it is compressed
    int line_bytes;      // from one row to the next in the driver's buffers
    size_t packet_bytes; // at most
    struct AVBufferPool *pool;
    struct {
        void *data;
        size_t size;
    } buffers[BUFFERS];
    unsigned buffer_count;
};

// ---- the URL

static bool parse_size(const char *value, struct pipeline_v4l2_options *options)
{
    int length = 0;
    return sscanf(value, "%5dx%5d%n", &options->width, &options->height, &length) == 2 &&
           value[length] == '\0' && options->width > 0 && options->height > 0 &&
           options->width <= EDGE_MAX && options->height <= EDGE_MAX;
}

static bool parse_option(const char *name, const char *value, struct pipeline_v4l2_options *options,
                         struct mc_error *err)
{
    if (strcmp(name, "size") == 0) {
        return parse_size(value, options) ||
               mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "size must be WIDTHxHEIGHT in pixels, got '%.40s'", value);
    }
    if (strcmp(name, "rate") == 0) {
        char *end;
        options->rate = strtod(value, &end);
        return (end != value && *end == '\0' && options->rate >= 1 && options->rate <= 1000) ||
               mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "rate must be 1 to 1000 frames per second, got '%.40s'", value);
    }
    if (strcmp(name, "format") == 0) {
        bool mjpeg = strcmp(value, "mjpeg") == 0;
        options->format = mjpeg ? PIPELINE_V4L2_MJPEG : PIPELINE_V4L2_YUYV;
        return mjpeg || strcmp(value, "yuyv") == 0 ||
               mc_error_set(err, MC_ERROR_ARGUMENT, 0, "format must be mjpeg or yuyv, got '%.40s'",
                            value);
    }
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "a webcam's option must be size, rate or format, got '%.40s'", name);
}

bool pipeline_v4l2_parse(const char *text, struct pipeline_v4l2_options *options,
                         struct mc_error *err)
{
    *options = (struct pipeline_v4l2_options){ .width = 640, .height = 480, .rate = 30 };
    size_t length = strcspn(text, "?");
    if (length == 0 || length >= sizeof options->device) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "must name a device such as /dev/video0");
    }
    memcpy(options->device, text, length);
    options->device[length] = '\0';
    text += length;
    while (*text != '\0') {
        char option[128];
        text++; // ? or &
        length = strcspn(text, "&");
        if (length >= sizeof option) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "an option must have at most %zu bytes",
                                sizeof option - 1);
        }
        memcpy(option, text, length);
        option[length] = '\0';
        text += length;
        char *equals = strchr(option, '=');
        if (equals == NULL) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "an option must be NAME=VALUE, got '%.40s'", option);
        }
        *equals = '\0';
        if (!parse_option(option, equals + 1, options, err)) {
            return false;
        }
    }
    return true;
}

// ---- opening

int pipeline_v4l2_control(int fd, unsigned long request, void *argument)
{
    int result;
    do {
        result = ioctl(fd, request, argument);
    } while (result < 0 && errno == EINTR);
    return result;
}

bool pipeline_v4l2_query(int fd, struct v4l2_capability *capability, uint32_t *flags)
{
    *capability = (struct v4l2_capability){ 0 };
    if (pipeline_v4l2_control(fd, VIDIOC_QUERYCAP, capability) != 0) {
        return false;
    }
    *flags = capability->capabilities & V4L2_CAP_DEVICE_CAPS ? capability->device_caps
                                                             : capability->capabilities;
    return true;
}

// What errno says about it, and what to do.
static bool refuse(const struct pipeline_v4l2 *camera, const char *what, struct mc_error *err)
{
    const int number = errno;
    char advice[256];
    pipeline_device_advice(camera->device, number, advice, sizeof advice);
    return mc_error_set(err, MC_ERROR_SYSTEM, number, "%s: %s%s", what, strerrordesc_np(number),
                        advice);
}

static bool open_device(struct pipeline_v4l2 *camera, bool *permanent, struct mc_error *err)
{
    camera->fd = open(camera->device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (camera->fd < 0) {
        *permanent = false; // absent, in use, or not ours yet: udev takes its time
        return refuse(camera, "can't be opened", err);
    }
    struct v4l2_capability capability;
    uint32_t flags;
    if (fstat(camera->fd, &status) == 0 && !S_ISCHR(status.st_mode)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "is not a device");
    }
    if (!pipeline_v4l2_query(camera->fd, &capability, &flags)) {
        *permanent = errno != ENODEV;
        return mc_error_set(err, MC_ERROR_SYSTEM, errno, "is not a video device");
    }
    if (!(flags & V4L2_CAP_VIDEO_CAPTURE) || !(flags & V4L2_CAP_STREAMING)) {
        *permanent = !(flags & V4L2_CAP_VIDEO_OUTPUT); // v4l2loopback's before it is fed
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "is not a camera, or can't stream (%.32s)",
                            (const char *)capability.card);
    }
    return true;
}

static bool has_format(const struct pipeline_v4l2 *camera, uint32_t format)
{
    struct v4l2_fmtdesc entry = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
    for (; entry.index < PIPELINE_V4L2_FORMATS_MAX &&
           pipeline_v4l2_control(camera->fd, VIDIOC_ENUM_FMT, &entry) == 0;
         entry.index++) {
        if (entry.pixelformat == format) {
            return true;
        }
    }
    return false;
}

static bool has_any_format(const struct pipeline_v4l2 *camera)
{
    struct v4l2_fmtdesc entry = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
    return pipeline_v4l2_control(camera->fd, VIDIOC_ENUM_FMT, &entry) == 0;
}

// The format to ask for; 0 when the camera has none that we read.
static uint32_t choose_format(const struct pipeline_v4l2 *camera,
                              const struct pipeline_v4l2_options *options)
{
    const bool small = options->width * options->height <= PLAIN_PIXELS_MAX;
    const uint32_t plain = V4L2_PIX_FMT_YUYV;
    const uint32_t packed =
        has_format(camera, V4L2_PIX_FMT_MJPEG) ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_JPEG;
    const bool prefer_packed =
        options->format == PIPELINE_V4L2_MJPEG || (options->format == PIPELINE_V4L2_ANY && !small);
    const uint32_t first = prefer_packed ? packed : plain, second = prefer_packed ? plain : packed;
    if (has_format(camera, first)) {
        return first;
    }
    return options->format == PIPELINE_V4L2_ANY && has_format(camera, second) ? second : 0;
}

static const char *format_name(uint32_t format)
{
    return format == V4L2_PIX_FMT_YUYV ? "yuyv" : "mjpeg";
}

static bool set_format(struct pipeline_v4l2 *camera, const struct pipeline_v4l2_options *options,
                       struct v4l2_pix_format *got, bool *permanent, struct mc_error *err)
{
    uint32_t wanted = choose_format(camera, options);
    if (wanted == 0 && !has_any_format(camera)) {
        *permanent = false; // v4l2loopback without a program that feeds it
        if (errno != EINVAL) {
            return mc_error_set_errno(err, "lists no formats");
        }
        return mc_error_set(err, MC_ERROR_SYSTEM, ENODATA,
                            "has no format yet: no program feeds it");
    }
    if (wanted == 0) {
        *permanent = true;
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "has no format %s",
                            options->format == PIPELINE_V4L2_ANY     ? "that mocapd reads"
                            : options->format == PIPELINE_V4L2_MJPEG ? "mjpeg"
                                                                     : "yuyv");
    }
    struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
    format.fmt.pix.width = (uint32_t)options->width;
    format.fmt.pix.height = (uint32_t)options->height;
    format.fmt.pix.pixelformat = wanted;
    format.fmt.pix.field = V4L2_FIELD_ANY;
    if (pipeline_v4l2_control(camera->fd, VIDIOC_S_FMT, &format) != 0) {
        *permanent = errno == EINVAL;
        char what[64];
        const int number = errno; // EBUSY: another program has it
        snprintf(what, sizeof what, "%dx%d %s", options->width, options->height,
                 format_name(wanted));
        errno = number;
        return refuse(camera, what, err);
    }
    *got = format.fmt.pix;
    if (got->pixelformat != wanted || got->width == 0 || got->height == 0 ||
        got->width > EDGE_MAX || got->height > EDGE_MAX || got->sizeimage > FRAME_BYTES_MAX) {
        *permanent = true;
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "the driver chose a format that mocapd can't read");
    }
    return true;
}

// The rate that the driver chose; 0 when it doesn't say.
static double set_rate(const struct pipeline_v4l2 *camera, double rate)
{
    struct v4l2_streamparm parameters = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
    struct v4l2_fract *interval = &parameters.parm.capture.timeperframe;
    interval->numerator = 1000;
    interval->denominator = (uint32_t)lround(rate * 1000);
    if (pipeline_v4l2_control(camera->fd, VIDIOC_S_PARM, &parameters) != 0 ||
        interval->numerator == 0) {
        return 0;
    }
    return (double)interval->denominator / interval->numerator;
}

static void report_adjusted(const struct pipeline_v4l2 *camera,
                            const struct pipeline_v4l2_options *options,
                            const struct v4l2_pix_format *got, double rate)
{
    mc_log(MC_LOG_INFO, "%s: %ux%u %s at %g frames/s", camera->device, got->width, got->height,
           format_name(got->pixelformat), rate);
    if ((int)got->width != options->width || (int)got->height != options->height) {
        mc_log(MC_LOG_WARNING, "%s: asked for %dx%d, the driver chose %ux%u", camera->device,
               options->width, options->height, got->width, got->height);
    }
    if (rate > 0 && fabs(rate - options->rate) > 0.01 * options->rate) {
        mc_log(MC_LOG_WARNING, "%s: asked for %g frames/s, the driver chose %g", camera->device,
               options->rate, rate);
    }
}

static bool adopt_format(struct pipeline_v4l2 *camera, const struct v4l2_pix_format *got,
                         struct mc_error *err)
{
    camera->format = got->pixelformat;
    // A driver that does not say how large a frame may be is taken to have no larger ones than
    // without compression.
    camera->packet_bytes =
        got->sizeimage > 0 ? got->sizeimage : (size_t)got->width * got->height * 2;
    if (got->pixelformat == V4L2_PIX_FMT_YUYV) {
        camera->row_bytes = (int)got->width * 2;
        camera->rows = (int)got->height;
        camera->line_bytes = got->bytesperline == 0 ? camera->row_bytes : (int)got->bytesperline;
        camera->packet_bytes = (size_t)camera->row_bytes * (size_t)camera->rows;
        if (camera->line_bytes < camera->row_bytes) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0,
                                "the driver's stride of %d bytes is less than a row of %d bytes",
                                camera->line_bytes, camera->row_bytes);
        }
    }
    camera->pool = av_buffer_pool_init(camera->packet_bytes + AV_INPUT_BUFFER_PADDING_SIZE, NULL);
    return camera->pool != NULL ||
           mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for its frames");
}

static void fill_stream(const struct pipeline_v4l2 *camera, const struct v4l2_pix_format *got,
                        double rate, struct AVStream *stream)
{
    struct AVCodecParameters *parameters = stream->codecpar;
    const bool plain = camera->format == V4L2_PIX_FMT_YUYV;
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters->codec_id = plain ? AV_CODEC_ID_RAWVIDEO : AV_CODEC_ID_MJPEG;
    parameters->format = plain ? AV_PIX_FMT_YUYV422 : AV_PIX_FMT_NONE;
    parameters->width = (int)got->width;
    parameters->height = (int)got->height;
    stream->time_base = (AVRational){ 1, 1000000 };
    if (rate > 0) {
        stream->avg_frame_rate = av_d2q(rate, 100000);
    }
}

static bool map_buffer(struct pipeline_v4l2 *camera, unsigned index, struct mc_error *err)
{
    struct v4l2_buffer buffer = { .index = index,
                                  .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                  .memory = V4L2_MEMORY_MMAP };
    if (pipeline_v4l2_control(camera->fd, VIDIOC_QUERYBUF, &buffer) != 0) {
        return mc_error_set_errno(err, "buffer %u", index);
    }
    void *data =
        mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, camera->fd, buffer.m.offset);
    if (data == MAP_FAILED) {
        return mc_error_set_errno(err, "buffer %u of %u bytes", index, buffer.length);
    }
    camera->buffers[index].data = data;
    camera->buffers[index].size = buffer.length;
    camera->buffer_count = index + 1;
    return pipeline_v4l2_control(camera->fd, VIDIOC_QBUF, &buffer) == 0 ||
           mc_error_set_errno(err, "buffer %u", index);
}

static bool start(struct pipeline_v4l2 *camera, bool *permanent, struct mc_error *err)
{
    struct v4l2_requestbuffers request = { .count = BUFFERS,
                                           .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                           .memory = V4L2_MEMORY_MMAP };
    *permanent = false;
    if (pipeline_v4l2_control(camera->fd, VIDIOC_REQBUFS, &request) != 0) {
        return refuse(camera, "buffers", err); // EBUSY: another program has it
    }
    if (request.count < 2) {
        return mc_error_set(err, MC_ERROR_SYSTEM, ENOMEM,
                            "the driver gave %u buffers; at least 2 are needed", request.count);
    }
    for (unsigned i = 0; i < request.count && i < BUFFERS; i++) {
        if (!map_buffer(camera, i, err)) {
            return false;
        }
    }
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    return pipeline_v4l2_control(camera->fd, VIDIOC_STREAMON, &type) == 0 ||
           mc_error_set_errno(err, "can't start");
}

struct pipeline_v4l2 *pipeline_v4l2_open(const struct pipeline_v4l2_options *options,
                                         struct AVStream *stream, bool *permanent,
                                         struct mc_error *err)
{
    struct v4l2_pix_format got = { 0 };
    struct pipeline_v4l2 *camera = calloc(1, sizeof *camera);
    *permanent = true;
    if (camera == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a camera");
        return NULL;
    }
    camera->device = options->device;
    if (open_device(camera, permanent, err) && set_format(camera, options, &got, permanent, err) &&
        adopt_format(camera, &got, err)) {
        double rate = set_rate(camera, options->rate);
        report_adjusted(camera, options, &got, rate);
        fill_stream(camera, &got, rate, stream);
        if (start(camera, permanent, err)) {
            return camera;
        }
    }
    pipeline_v4l2_close(camera);
    return NULL;
}

void pipeline_v4l2_close(struct pipeline_v4l2 *camera)
{
    if (camera == NULL) {
        return;
    }
    for (unsigned i = 0; i < camera->buffer_count; i++) {
        munmap(camera->buffers[i].data, camera->buffers[i].size);
    }
    if (camera->fd >= 0) {
        close(camera->fd); // stops the camera, too
    }
    av_buffer_pool_uninit(&camera->pool); // frames still in use keep their memory
    free(camera);
}

// ---- reading

// Copies the frame out of the driver's buffer. Returns false when it is empty or cut off.
static bool copy_frame(const struct pipeline_v4l2 *camera, const struct v4l2_buffer *buffer,
                       struct AVPacket *packet)
{
    const uint8_t *from = camera->buffers[buffer->index].data;
    size_t there = camera->buffers[buffer->index].size;
    size_t used = buffer->bytesused < there ? buffer->bytesused : there;
    if (camera->rows == 0) {
        if (used == 0 || used > camera->packet_bytes) {
            return false;
        }
        memcpy(packet->data, from, used);
        packet->size = (int)used;
        return true;
    }
    size_t line = (size_t)camera->line_bytes, row = (size_t)camera->row_bytes;
    if (used < line * (size_t)(camera->rows - 1) + row) {
        return false;
    }
    for (int y = 0; y < camera->rows; y++) {
        memcpy(packet->data + (size_t)y * row, from + (size_t)y * line, row);
    }
    packet->size = (int)camera->packet_bytes;
    return true;
}

// The driver's time stamp in microseconds, unless it is of another clock or absurd.
static int64_t stamp_of(const struct v4l2_buffer *buffer)
{
    const struct timeval *stamp = &buffer->timestamp;
    const uint32_t clock = buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK;
    if (clock != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC || stamp->tv_sec < 0 ||
        stamp->tv_sec > STAMP_S_MAX || stamp->tv_usec < 0 || stamp->tv_usec >= 1000000) {
        return mc_clock_now_ns() / MC_NS_PER_US;
    }
    return stamp->tv_sec * INT64_C(1000000) + stamp->tv_usec;
}

static bool fill_packet(struct pipeline_v4l2 *camera, const struct v4l2_buffer *buffer,
                        struct AVPacket *packet)
{
    packet->buf = av_buffer_pool_get(camera->pool);
    if (packet->buf == NULL) {
        return false;
    }
    packet->data = packet->buf->data;
    if (!copy_frame(camera, buffer, packet)) {
        av_packet_unref(packet);
        return false;
    }
    memset(packet->data + packet->size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    packet->pts = packet->dts = stamp_of(buffer);
    packet->flags = AV_PKT_FLAG_KEY;
    if (buffer->flags & V4L2_BUF_FLAG_ERROR) {
        packet->flags |= AV_PKT_FLAG_CORRUPT;
    }
    return true;
}

enum pipeline_v4l2_read pipeline_v4l2_read(struct pipeline_v4l2 *camera, struct pipeline_stop *stop,
                                           int64_t until_ns, struct AVPacket *packet,
                                           struct mc_error *err)
{
    for (;;) {
        switch (pipeline_stop_wait_readable(stop, camera->fd, until_ns)) {
        case PIPELINE_STOP_SET:
            return PIPELINE_V4L2_STOPPED;
        case PIPELINE_STOP_TIMEOUT:
            return PIPELINE_V4L2_TIMEOUT;
        case PIPELINE_STOP_READABLE:
            break;
        }
        struct v4l2_buffer buffer = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                      .memory = V4L2_MEMORY_MMAP };
        if (pipeline_v4l2_control(camera->fd, VIDIOC_DQBUF, &buffer) != 0) {
            if (errno != EAGAIN) {
                mc_error_set(err, MC_ERROR_SYSTEM, errno, "%s",
                             errno == ENODEV ? "was unplugged" : strerrordesc_np(errno));
                return PIPELINE_V4L2_ERROR;
            }
            pipeline_stop_sleep_until(stop, mc_clock_now_ns() + IDLE_MS * MC_NS_PER_MS);
            continue;
        }
        bool filled = buffer.index < camera->buffer_count && fill_packet(camera, &buffer, packet);
        if (pipeline_v4l2_control(camera->fd, VIDIOC_QBUF, &buffer) != 0) {
            av_packet_unref(packet);
            mc_error_set(err, MC_ERROR_SYSTEM, errno, "a buffer can't be queued again: %s",
                         strerrordesc_np(errno));
            return PIPELINE_V4L2_ERROR;
        }
        if (filled) {
            return PIPELINE_V4L2_PACKET;
        }
    }
}
