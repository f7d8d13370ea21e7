// A camera whose driver answers what the input says. What touches it (open, ioctl, mmap and the
// rest) is wrapped; its buffers are real memory of the length that the driver stated.
#include <errno.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/log.h"
#include "pipeline/source/stop.h"
#include "pipeline/source/v4l2.h"

enum { FD = 12345, ANSWERS_MAX = 200, MAP_BYTES_MAX = 8 << 20, FRAME_BYTES = 64 * 48 * 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// ---- the input

static const uint8_t *input;
static size_t left;
static int answers;

static void take(void *to, size_t size)
{
    memset(to, 0, size);
    size = size < left ? size : left;
    memcpy(to, input, size);
    input += size;
    left -= size;
}

static uint8_t take_byte(void)
{
    uint8_t value;
    take(&value, 1);
    return value;
}

// Mostly what makes sense, else anything.
static void answer(uint32_t *number, uint32_t sensible)
{
    if (take_byte() < 192) {
        *number = sensible;
    } else {
        take(number, sizeof *number);
    }
}

// ---- the driver

int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t size);
int __wrap_close(int fd);
int __wrap_fstat(int fd, struct stat *status);
enum pipeline_stop_wait __wrap_pipeline_stop_wait_readable(struct pipeline_stop *stop, int fd,
                                                           int64_t until_ns);
bool __wrap_pipeline_stop_sleep_until(struct pipeline_stop *stop, int64_t until_ns);

int __wrap_open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    return FD;
}

int __wrap_close(int fd)
{
    (void)fd;
    return 0;
}

int __wrap_fstat(int fd, struct stat *status)
{
    (void)fd;
    *status = (struct stat){ .st_mode = S_IFCHR };
    return 0;
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    (void)at;
    (void)protection;
    (void)flags;
    (void)fd;
    (void)offset;
    void *block = size == 0 || size > MAP_BYTES_MAX ? NULL : calloc(1, size);
    errno = EINVAL;
    return block == NULL ? MAP_FAILED : block;
}

int __wrap_munmap(void *at, size_t size)
{
    (void)size;
    free(at);
    return 0;
}

enum pipeline_stop_wait __wrap_pipeline_stop_wait_readable(struct pipeline_stop *stop, int fd,
                                                           int64_t until_ns)
{
    (void)stop;
    (void)fd;
    (void)until_ns;
    return answers++ > ANSWERS_MAX || left == 0 ? PIPELINE_STOP_TIMEOUT : PIPELINE_STOP_READABLE;
}

bool __wrap_pipeline_stop_sleep_until(struct pipeline_stop *stop, int64_t until_ns)
{
    (void)stop;
    (void)until_ns;
    return true;
}

static int enumerate(struct v4l2_fmtdesc *format)
{
    if (format->index > 3) {
        errno = EINVAL;
        return -1;
    }
    answer(&format->pixelformat, format->index == 0 ? V4L2_PIX_FMT_YUYV : V4L2_PIX_FMT_MJPEG);
    return 0;
}

static int set_format(struct v4l2_pix_format *format)
{
    answer(&format->width, format->width);
    answer(&format->height, format->height);
    answer(&format->bytesperline, format->width * 2);
    answer(&format->sizeimage, format->width * format->height * 2);
    answer(&format->pixelformat, format->pixelformat);
    return 0;
}

static int dequeue(struct v4l2_buffer *buffer)
{
    answer(&buffer->index, 0);
    answer(&buffer->bytesused, FRAME_BYTES);
    take(&buffer->flags, sizeof buffer->flags);
    if (take_byte() > 200) {
        take(&buffer->timestamp, sizeof buffer->timestamp);
    }
    return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    (void)fd;
    if (take_byte() > 250) {
        errno = take_byte() & 1 ? EINVAL : ENODEV;
        return -1;
    }
    switch (request) {
    case VIDIOC_QUERYCAP:
        answer(&((struct v4l2_capability *)argument)->capabilities,
               V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING);
        take(((struct v4l2_capability *)argument)->card, 8);
        return 0;
    case VIDIOC_ENUM_FMT:
        return enumerate(argument);
    case VIDIOC_S_FMT:
        return set_format(&((struct v4l2_format *)argument)->fmt.pix);
    case VIDIOC_S_PARM:
        answer(&((struct v4l2_streamparm *)argument)->parm.capture.timeperframe.numerator, 1);
        answer(&((struct v4l2_streamparm *)argument)->parm.capture.timeperframe.denominator, 30);
        return 0;
    case VIDIOC_REQBUFS:
        answer(&((struct v4l2_requestbuffers *)argument)->count, 4);
        return 0;
    case VIDIOC_QUERYBUF:
        answer(&((struct v4l2_buffer *)argument)->length, FRAME_BYTES);
        return 0;
    case VIDIOC_DQBUF:
        return dequeue(argument);
    default:
        return 0;
    }
}

// ---- the target

// Every byte of a packet, and its padding, can be read.
static void use(const AVPacket *packet)
{
    static volatile uint8_t seen;
    for (int i = 0; i < packet->size + AV_INPUT_BUFFER_PADDING_SIZE; i++) {
        seen = packet->data[i];
        (void)seen;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pipeline_v4l2_options options;
    struct mc_error err = { 0 };
    AVCodecParameters *parameters = avcodec_parameters_alloc();
    AVPacket *packet = av_packet_alloc(), *kept = av_packet_alloc();
    AVStream stream = { .codecpar = parameters };
    bool permanent;
    mc_log_level_set(MC_LOG_ERROR);
    input = data;
    left = size;
    answers = 0;
    const char *url = take_byte() & 1 ? "/dev/x?size=64x48" : "/dev/x?size=64x48&format=mjpeg";
    if (!pipeline_v4l2_parse(url, &options, &err)) {
        abort();
    }
    struct pipeline_v4l2 *camera = pipeline_v4l2_open(&options, &stream, &permanent, &err);
    if (camera == NULL && err.message[0] == '\0') {
        abort();
    }
    while (camera != NULL &&
           pipeline_v4l2_read(camera, NULL, 0, packet, &err) == PIPELINE_V4L2_PACKET) {
        use(packet);
        av_packet_unref(kept);
        av_packet_move_ref(kept, packet); // frames outlive the next read
    }
    pipeline_v4l2_close(camera);
    av_packet_free(&packet);
    av_packet_free(&kept);
    avcodec_parameters_free(&parameters);
    return 0;
}
