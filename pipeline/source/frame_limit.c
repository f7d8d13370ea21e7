#include "pipeline/source/frame_limit.h"

#include <errno.h>
#include <inttypes.h>

#include <libavutil/error.h>

#include "pipeline/display_transform.h"

bool pipeline_frame_limit_check(int width, int height, int64_t max_pixels, struct mc_error *err)
{
    if (width > PIPELINE_DISPLAY_EDGE_MAX || height > PIPELINE_DISPLAY_EDGE_MAX) {
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR(EFBIG),
                            "its frames' edges must be at most %d pixels long, got %dx%d",
                            PIPELINE_DISPLAY_EDGE_MAX, width, height);
    }
    return (int64_t)width * height <= max_pixels ||
           mc_error_set(err, MC_ERROR_MEDIA, AVERROR(EFBIG),
                        "its frames must have at most %" PRId64 " pixels, got %dx%d; "
                        "see max-frame-size",
                        max_pixels, width, height);
}

int pipeline_frame_limit_lowres(int width, int height, int64_t max_pixels, int most)
{
    for (int lowres = 0; lowres <= most; lowres++) {
        const int64_t round_up = (1 << lowres) - 1;
        const int64_t columns = (width + round_up) >> lowres;
        const int64_t rows = (height + round_up) >> lowres;
        if (columns * rows <= max_pixels) {
            return lowres;
        }
    }
    return -1;
}

// ITU-T T.81, table B.1: SOF0 to SOF15, of which three numbers mean something else.
static bool is_start_of_frame(uint8_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

bool pipeline_jpeg_read_size(const uint8_t *bytes, size_t size, int *width, int *height,
                             bool *can_reduce)
{
    enum { SOF_BASELINE = 0xc0, SOF_EXTENDED = 0xc1, SOS = 0xda };
    size_t at = 2; // behind the start of the image
    while (at + 9 <= size && bytes[at] == 0xff) {
        const uint8_t marker = bytes[at + 1];
        if (marker == 0xff) { // padding
            at++;
            continue;
        }
        if (is_start_of_frame(marker)) {
            *height = bytes[at + 5] << 8 | bytes[at + 6];
            *width = bytes[at + 7] << 8 | bytes[at + 8];
            *can_reduce = marker == SOF_BASELINE || marker == SOF_EXTENDED;
            return true;
        }
        if (marker == SOS) {
            return false;
        }
        at += 2 + (size_t)(bytes[at + 2] << 8 | bytes[at + 3]);
    }
    return false;
}
