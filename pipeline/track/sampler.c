#include "pipeline/track/sampler.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "base/memory.h"
#include "pipeline/track/axis_filter.h"
#include "pipeline/track/pixel_format.h"
#include "pipeline/track/sampler_rows.h"

// How one component is read: by filters of its own, because chroma may have fewer samples.
struct channel {
    struct pipeline_component component;
    struct pipeline_axis_filter across, down;
};

struct pipeline_sampler {
    struct channel channels[PIPELINE_COMPONENTS];
    uint8_t *bytes[2]; // of two rows, where samples must be copied
    uint16_t *sums;    // of an output row's columns
    int column_count;
    float *rows; // an output row of each component
    int row_length;
};

struct pipeline_sampler *pipeline_sampler_create(struct mc_error *err)
{
    struct pipeline_sampler *sampler = calloc(1, sizeof *sampler);
    if (sampler == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a sampler");
    }
    return sampler;
}

static void free_columns(struct pipeline_sampler *sampler)
{
    mc_memory_free(sampler->bytes[0]);
    mc_memory_free(sampler->bytes[1]);
    mc_memory_free(sampler->sums);
}

void pipeline_sampler_destroy(struct pipeline_sampler *sampler)
{
    if (sampler == NULL) {
        return;
    }
    for (int i = 0; i < PIPELINE_COMPONENTS; i++) {
        pipeline_axis_filter_finish(&sampler->channels[i].across);
        pipeline_axis_filter_finish(&sampler->channels[i].down);
    }
    free_columns(sampler);
    mc_memory_free(sampler->rows);
    free(sampler);
}

static bool reserve_columns(struct pipeline_sampler *sampler, int count)
{
    if (count > sampler->column_count) {
        free_columns(sampler);
        sampler->bytes[0] = mc_memory_alloc((size_t)count);
        sampler->bytes[1] = mc_memory_alloc((size_t)count);
        sampler->sums = mc_memory_alloc((size_t)count * sizeof *sampler->sums);
        const bool reserved =
            sampler->bytes[0] != NULL && sampler->bytes[1] != NULL && sampler->sums != NULL;
        sampler->column_count = reserved ? count : 0;
    }
    return count <= sampler->column_count;
}

static bool reserve_rows(struct pipeline_sampler *sampler, int length)
{
    if (length > sampler->row_length) {
        mc_memory_free(sampler->rows);
        sampler->rows =
            mc_memory_alloc(PIPELINE_COMPONENTS * (size_t)length * sizeof *sampler->rows);
        sampler->row_length = sampler->rows != NULL ? length : 0;
    }
    return length <= sampler->row_length;
}

// Of those that are read: grey has one, and alpha does not count.
static int component_count(const struct AVPixFmtDescriptor *format)
{
    return format->nb_components < PIPELINE_COMPONENTS ? 1 : PIPELINE_COMPONENTS;
}

static bool make_channel(struct channel *channel, const struct pipeline_box *box, int width,
                         int height)
{
    const struct pipeline_component *component = &channel->component;
    const double scale_x = 1.0 / (1 << component->log2_per_sample_x);
    const double scale_y = 1.0 / (1 << component->log2_per_sample_y);
    return pipeline_axis_filter_make(&channel->across, (double)box->x * scale_x,
                                     (double)box->width * scale_x / width, width, component->width,
                                     PIPELINE_ACROSS_BITS) &&
           pipeline_axis_filter_make(&channel->down, (double)box->y * scale_y,
                                     (double)box->height * scale_y / height, height,
                                     component->height, PIPELINE_DOWN_BITS);
}

// The columns' sums over the rows that an output row covers, two at a time.
static void sum_rows(struct pipeline_sampler *sampler, const struct channel *channel, int y)
{
    const struct pipeline_axis_filter *across = &channel->across, *down = &channel->down;
    const int16_t *all = down->weights + (size_t)y * (size_t)down->taps;
    const int count = across->end - across->begin, first = down->begin + down->first[y];
    struct pipeline_row_pair pair;
    int held = 0;
    bool is_first = true;
    for (int i = 0; i < down->taps; i++) {
        if (all[i] == 0) { // padding, or one of very many
            continue;
        }
        pair.rows[held] = pipeline_component_row(&channel->component, first + i, across->begin,
                                                 across->end, sampler->bytes[held]);
        pair.weights[held] = (uint16_t)all[i];
        if (++held == 2) {
            pipeline_sum_row_pair(sampler->sums, &pair, is_first, count);
            is_first = false;
            held = 0;
        }
    }
    if (held > 0) {
        pair.rows[1] = pair.rows[0];
        pair.weights[1] = 0;
        pipeline_sum_row_pair(sampler->sums, &pair, is_first, count);
    }
}

// With swscale's coefficients, which are for the limited range, times 65536.
static struct pipeline_colour_matrix make_matrix(const struct pipeline_colours *colours)
{
    const int *coefficients = sws_getCoefficients(colours->colorspace);
    const float scale = (colours->full_range ? 224.0f / 255 : 1) / 65536;
    return (struct pipeline_colour_matrix){
        .zero = colours->full_range ? 0 : 16,
        .scale = colours->full_range ? 1 : 255.0f / 219,
        .red_v = (float)coefficients[0] * scale,
        .blue_u = (float)coefficients[1] * scale,
        .green_u = (float)coefficients[2] * scale,
        .green_v = (float)coefficients[3] * scale,
    };
}

static void fill(float *row, float value, int count)
{
    for (int x = 0; x < count; x++) {
        row[x] = value;
    }
}

static bool prepare(struct pipeline_sampler *sampler, const struct AVFrame *frame,
                    const struct AVPixFmtDescriptor *format, const struct pipeline_box *box,
                    int width, int height)
{
    for (int i = 0; i < component_count(format); i++) {
        struct channel *channel = &sampler->channels[i];
        const struct pipeline_axis_filter *across = &channel->across;
        channel->component = pipeline_component_of(frame, format, i);
        if (!make_channel(channel, box, width, height) ||
            !reserve_columns(sampler, across->end - across->begin + across->taps)) {
            return false;
        }
    }
    return reserve_rows(sampler, width);
}

// The components' rows number y, a byte's worth each; those that grey has not are neutral.
static void sample_row(struct pipeline_sampler *sampler, int count, int y, int width,
                       float *const rows[PIPELINE_COMPONENTS])
{
    for (int i = 0; i < PIPELINE_COMPONENTS; i++) {
        if (i < count) {
            sum_rows(sampler, &sampler->channels[i], y);
            pipeline_sum_columns(&sampler->channels[i].across, sampler->sums, rows[i]);
        } else {
            fill(rows[i], 128, width);
        }
    }
}

bool pipeline_sampler_run(struct pipeline_sampler *sampler, const struct AVFrame *frame,
                          const struct AVPixFmtDescriptor *format,
                          const struct pipeline_colours *colours, const struct pipeline_box *box,
                          int width, int height, float mean, const struct pipeline_target *target)
{
    if (!prepare(sampler, frame, format, box, width, height)) {
        return false;
    }
    const bool is_rgb = (format->flags & AV_PIX_FMT_FLAG_RGB) != 0;
    const struct pipeline_colour_matrix matrix = make_matrix(colours);
    float *const first = sampler->rows;
    float *const rows[PIPELINE_COMPONENTS] = { first, first + width, first + 2 * width };
    for (int y = 0; y < height; y++) {
        sample_row(sampler, component_count(format), y, width, rows);
        if (!is_rgb) {
            pipeline_convert_row(&matrix, rows[0], rows[1], rows[2], width);
        }
        pipeline_normalise_row(first, PIPELINE_COMPONENTS * width, mean);
        pipeline_store_row(rows[0], rows[1], rows[2], width, target->first + y * target->down,
                           target->right);
    }
    return true;
}
