#include "pipeline/display_transform.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/frame.h>

enum { MATRIX_BYTES = 9 * sizeof(int32_t) };

static const double pi = 3.14159265358979324;
static const double right_angle_tolerance = 1; // degrees
static const double aspect_max = 16;           // or its inverse: beyond it, no pixel has that shape

// Displayed = turn * coded, both about their middles, y downwards; orthogonal.
struct orientation {
    double xx, xy;
    double yx, yy;
};

static struct orientation make_rotation(double clockwise_degrees)
{
    const double quarters = clockwise_degrees / 90, nearest = round(quarters);
    if (fabs(quarters - nearest) * 90 <= right_angle_tolerance) {
        static const int sines[4] = { 0, 1, 0, -1 };
        const int quarter = (int)nearest & 3;
        const int s = sines[quarter], c = sines[(quarter + 1) & 3];
        return (struct orientation){ c, -s, s, c };
    }
    const double angle = clockwise_degrees * pi / 180;
    return (struct orientation){ cos(angle), -sin(angle), sin(angle), cos(angle) };
}

static struct orientation multiply(const struct orientation *a, const struct orientation *b)
{
    return (struct orientation){
        a->xx * b->xx + a->xy * b->yx,
        a->xx * b->xy + a->xy * b->yy,
        a->yx * b->xx + a->yy * b->yx,
        a->yx * b->xy + a->yy * b->yy,
    };
}

// The message of H.264 and H.265 comes with the first frame of a coded video sequence and
// holds to its end (H.264, D.2.27), but FFmpeg hands it on with that frame alone.
static const int32_t *find_matrix(struct pipeline_display_reader *reader, const AVFrame *frame,
                                  const AVStream *stream)
{
    const AVFrameSideData *data = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
    if (data != NULL && data->size >= MATRIX_BYTES) {
        memcpy(reader->matrix, data->data, MATRIX_BYTES);
        reader->has_matrix = true;
    } else if (frame->key_frame) {
        reader->has_matrix = false;
    }
    if (reader->has_matrix) {
        return reader->matrix;
    }
    size_t size = 0;
    const uint8_t *bytes = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    return bytes != NULL && size >= MATRIX_BYTES ? (const int32_t *)(const void *)bytes : NULL;
}

// The orthogonal matrix that is nearest to the display matrix once each displayed axis
// has length one; libavutil/display.h has the layout.
static struct orientation read_orientation(const int32_t *matrix)
{
    const struct orientation none = { .xx = 1, .yy = 1 };
    if (matrix == NULL) {
        return none;
    }
    const double length_x = hypot(matrix[0], matrix[3]), length_y = hypot(matrix[1], matrix[4]);
    if (length_x == 0 || length_y == 0) {
        return none;
    }
    double xx = matrix[0] / length_x, xy = matrix[3] / length_x;
    double yx = matrix[1] / length_y, yy = matrix[4] / length_y;
    const double determinant = xx * yy - xy * yx;
    if (fabs(determinant) < 0.01) { // both axes are one
        return none;
    }
    const struct orientation flip = { .xx = determinant < 0 ? -1 : 1, .yy = 1 };
    xx *= flip.xx;
    yx *= flip.xx;
    const struct orientation turn = make_rotation(atan2(yx - xy, xx + yy) * 180 / pi);
    return multiply(&turn, &flip);
}

// Width of a pixel over its height.
static double read_aspect(const AVFrame *frame, const AVStream *stream)
{
    const AVRational ratios[] = { stream->sample_aspect_ratio, frame->sample_aspect_ratio,
                                  stream->codecpar->sample_aspect_ratio };
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        if (ratios[i].num > 0 && ratios[i].den > 0) {
            const double aspect = av_q2d(ratios[i]);
            return aspect > aspect_max || aspect < 1 / aspect_max ? 1 : aspect;
        }
    }
    return 1;
}

void pipeline_display_reader_read(struct pipeline_display_reader *reader,
                                  const struct AVFrame *frame, int lowres,
                                  const struct AVStream *stream,
                                  struct pipeline_display_transform *transform)
{
    const struct pipeline_display_options *options = &reader->options;
    // With square pixels: the shorter edge of a pixel grows, so that no detail is lost.
    double aspect = read_aspect(frame, stream);
    const double full_width = frame->width << lowres, full_height = frame->height << lowres;
    if (fmax(full_width * aspect, full_height / aspect) > PIPELINE_DISPLAY_EDGE_MAX) {
        aspect = 1;
    }
    const double width = fmax(1, round(aspect > 1 ? full_width * aspect : full_width));
    const double height = fmax(1, round(aspect < 1 ? full_height / aspect : full_height));

    const struct orientation source = read_orientation(find_matrix(reader, frame, stream));
    const struct orientation rotation = make_rotation(options->rotate);
    const struct orientation mirror = { .xx = options->mirror ? -1 : 1, .yy = 1 };
    struct orientation turn = multiply(&rotation, &source);
    turn = multiply(&mirror, &turn);

    const bool sideways = (source.xx == 0) != (options->rotate % 180 != 0);
    const double shown_width = sideways ? height : width, shown_height = sideways ? width : height;
    const double coded_x = frame->width / width, coded_y = frame->height / height;
    *transform = (struct pipeline_display_transform){
        .width = (int)shown_width,
        .height = (int)shown_height,
        .to_coded = {
            .xx = (float)(turn.xx * coded_x),
            .xy = (float)(turn.yx * coded_x),
            .x0 = (float)(coded_x * (width - turn.xx * shown_width - turn.yx * shown_height) / 2),
            .yx = (float)(turn.xy * coded_y),
            .yy = (float)(turn.yy * coded_y),
            .y0 = (float)(coded_y * (height - turn.xy * shown_width - turn.yy * shown_height) / 2),
        },
    };
}

struct pipeline_display_transform pipeline_display_transform_none(int width, int height)
{
    return (struct pipeline_display_transform){ width, height, pipeline_mapping_identity() };
}

bool pipeline_display_transform_equal(const struct pipeline_display_transform *a,
                                      const struct pipeline_display_transform *b)
{
    const struct pipeline_mapping *m = &a->to_coded, *n = &b->to_coded;
    return a->width == b->width && a->height == b->height && m->xx == n->xx && m->xy == n->xy &&
           m->x0 == n->x0 && m->yx == n->yx && m->yy == n->yy && m->y0 == n->y0;
}
