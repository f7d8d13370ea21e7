#include "pipeline/source/v4l2_modes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/source/device_advice.h"
#include "pipeline/source/v4l2.h"

enum {
    // As with formats.
    SIZES_MAX = 256,
    RATES_MAX = 256,
};

static void name_format(unsigned code, char name[16])
{
    if (code == V4L2_PIX_FMT_MJPEG || code == V4L2_PIX_FMT_JPEG) {
        snprintf(name, 16, "mjpeg");
    } else if (code == V4L2_PIX_FMT_YUYV) {
        snprintf(name, 16, "yuyv");
    } else {
        int length = 0;
        for (int i = 0; i < 4; i++) {
            const char letter = (char)(code >> 8 * i & 0x7f);
            name[length] = letter > ' ' && letter < 0x7f ? letter : '?';
            length += letter != ' ';
        }
        name[length] = '\0';
    }
}

static double rate_of(const struct v4l2_fract *interval)
{
    return interval->numerator == 0 ? 0 : (double)interval->denominator / interval->numerator;
}

// The highest rate of a size; 0 when the driver does not say.
static double find_rate(int fd, unsigned format, unsigned width, unsigned height)
{
    double most = 0;
    for (unsigned i = 0; i < RATES_MAX; i++) {
        struct v4l2_frmivalenum entry = {
            .index = i, .pixel_format = format, .width = width, .height = height
        };
        if (pipeline_v4l2_control(fd, VIDIOC_ENUM_FRAMEINTERVALS, &entry) != 0) {
            break;
        }
        const double rate = rate_of(entry.type == V4L2_FRMIVAL_TYPE_DISCRETE ? &entry.discrete
                                                                             : &entry.stepwise.min);
        most = rate > most ? rate : most;
        if (entry.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
            break;
        }
    }
    return most;
}

static int list_sizes(int fd, unsigned format, struct pipeline_v4l2_mode *modes, int most)
{
    int count = 0;
    for (unsigned i = 0; i < SIZES_MAX && count < most; i++) {
        struct v4l2_frmsizeenum entry = { .index = i, .pixel_format = format };
        if (pipeline_v4l2_control(fd, VIDIOC_ENUM_FRAMESIZES, &entry) != 0) {
            break;
        }
        const bool discrete = entry.type == V4L2_FRMSIZE_TYPE_DISCRETE;
        const unsigned width = discrete ? entry.discrete.width : entry.stepwise.max_width;
        const unsigned height = discrete ? entry.discrete.height : entry.stepwise.max_height;
        struct pipeline_v4l2_mode *mode = &modes[count++];
        name_format(format, mode->format);
        mode->width = (int)width;
        mode->height = (int)height;
        mode->rate = find_rate(fd, format, width, height);
        if (!discrete) {
            break;
        }
    }
    return count;
}

static bool is_camera(int fd)
{
    struct v4l2_capability capability;
    uint32_t flags;
    return pipeline_v4l2_query(fd, &capability, &flags) && (flags & V4L2_CAP_VIDEO_CAPTURE) != 0;
}

int pipeline_v4l2_modes(const char *path, struct pipeline_v4l2_mode *modes, int most,
                        struct mc_error *err)
{
    const int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        const int number = errno;
        char advice[256];
        pipeline_device_advice(path, number, advice, sizeof advice);
        mc_error_set(err, MC_ERROR_SYSTEM, number, "%s: %s%s", path, strerrordesc_np(number),
                     advice);
        return -1;
    }
    int count = -1;
    if (is_camera(fd)) {
        count = 0;
        struct v4l2_fmtdesc entry = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
        for (; entry.index < PIPELINE_V4L2_FORMATS_MAX &&
               pipeline_v4l2_control(fd, VIDIOC_ENUM_FMT, &entry) == 0;
             entry.index++) {
            count += list_sizes(fd, entry.pixelformat, modes + count, most - count);
        }
    } else {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: is not a camera", path);
    }
    close(fd);
    return count;
}
