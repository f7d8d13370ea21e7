// mocapctl overlay: the keypoints of a clip, drawn on its frames as they are displayed.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/frame.h>

#include "base/cpu.h"
#include "base/path.h"
#include "base/value.h"
#include "nn/model.h"
#include "pipeline/frame_pool.h"
#include "pipeline/models.h"
#include "protocol/point_set.h"
#include "protocol/record.h"
#include "tools/clip.h"
#include "tools/mocapctl/draw.h"
#include "tools/mocapctl/frame_painter.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/terminal.h"
#include "tools/video_writer.h"

enum { RATE_DEFAULT = 25, PIXELS_MAX = 65535 };

struct options {
    const char *input, *output, *model, *locator, *expression;
    struct pipeline_region region;
    bool pose, gaze, dense; // what else is drawn
    int max_faces;
    long frame; // the one to draw as a PNG; -1: all
};

struct overlay {
    struct options options;
    struct protocol_point_set dense; // of the model
    struct video_writer *writer;
    struct mocapctl_frame_painter *painter;
    struct mocapctl_canvas canvas;
    long seen, with_face;
    double first_pts;
};

static bool is_png(const struct options *options)
{
    const char *ending = strrchr(options->output, '.');
    return ending != NULL && strcmp(ending, ".png") == 0;
}

// Pictures a second of a clip, from the distance of its first two: the usual rate
// that is nearest, since containers round times.
static AVRational rate_of(double interval_s)
{
    static const AVRational usual[] = { { 24000, 1001 }, { 24, 1 }, { 25, 1 },
                                        { 30000, 1001 }, { 30, 1 }, { 50, 1 },
                                        { 60000, 1001 }, { 60, 1 }, { 15, 1 },
                                        { 10, 1 } };
    const double rate = interval_s > 0 ? 1 / interval_s : RATE_DEFAULT;
    AVRational best = { (int)(1000 * fmax(1, fmin(240, rate))), 1000 };
    double best_error = 0.02 * rate; // further away is no rounding
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        double error = fabs(av_q2d(usual[i]) - rate);
        if (error < best_error) {
            best = usual[i];
            best_error = error;
        }
    }
    return best;
}

static bool open_output(struct overlay *overlay, int width, int height, double interval_s,
                        struct mc_error *err)
{
    const int even = is_png(&overlay->options) ? 1 : 2;
    const AVRational rate = rate_of(interval_s);
    struct mocapctl_canvas *canvas = &overlay->canvas;
    canvas->width = width / even * even;
    canvas->height = height / even * even;
    // swscale may write past a row's end, by up to a vector.
    canvas->row_bytes = ((size_t)canvas->width * 3 + 127) / 64 * 64;
    canvas->rgb = malloc(canvas->row_bytes * (size_t)canvas->height);
    if (canvas->rgb == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for an image");
    }
    overlay->writer = video_writer_create_timed(overlay->options.output, canvas->width,
                                                canvas->height, rate.num, rate.den, err);
    return overlay->writer != NULL;
}

// The part of the canvas that a frame fills. The canvas has the clip's first size, made
// even; later frames may have others, and keep their ratio.
static struct mocapctl_canvas fit(const struct mocapctl_canvas *canvas, int width, int height)
{
    const double scale = fmin((double)canvas->width / width, (double)canvas->height / height);
    struct mocapctl_canvas part = *canvas;
    // What was cut to be even is no reason for a bar.
    if (width * scale < canvas->width - 2) {
        part.width = (int)fmax(1, lround(width * scale));
    }
    if (height * scale < canvas->height - 2) {
        part.height = (int)fmax(1, lround(height * scale));
    }
    part.rgb += (size_t)((canvas->height - part.height) / 2) * canvas->row_bytes +
                (size_t)((canvas->width - part.width) / 2) * 3;
    return part;
}

static void scale_points(struct mc_keypoint *points, int count, float x, float y)
{
    for (int i = 0; i < count; i++) {
        points[i].x *= x;
        points[i].y *= y;
    }
}

static struct protocol_record scaled(const struct mocapctl_canvas *canvas,
                                     const struct protocol_record *record)
{
    struct protocol_record copy = *record;
    const float x = (float)canvas->width / (float)record->width;
    const float y = (float)canvas->height / (float)record->height;
    for (int i = 0; i < copy.face_count; i++) {
        struct protocol_face *face = &copy.faces[i];
        face->box[0] *= x;
        face->box[1] *= y;
        face->box[2] *= x;
        face->box[3] *= y;
        scale_points(face->keypoints, face->keypoint_count, x, y);
        scale_points(face->dense, face->dense_count, x, y);
    }
    return copy;
}

static bool write_frame(struct overlay *overlay, const struct protocol_record *record,
                        const struct pipeline_frame *frame, struct mc_error *err)
{
    const struct mocapctl_canvas *canvas = &overlay->canvas;
    const struct mocapctl_canvas part = fit(canvas, record->width, record->height);
    if (part.width < canvas->width || part.height < canvas->height) {
        memset(canvas->rgb, 0, canvas->row_bytes * (size_t)canvas->height);
    }
    if (!mocapctl_frame_painter_draw(overlay->painter, frame, &part, err)) {
        return mc_error_wrap(err, "%s", overlay->options.input);
    }
    const struct protocol_record drawn = scaled(&part, record);
    if (overlay->options.dense) {
        mocapctl_draw_dense(&part, &drawn, &overlay->dense);
    } else {
        mocapctl_draw_record(&part, &drawn);
    }
    if (overlay->options.pose) {
        mocapctl_draw_poses(&part, &drawn);
    }
    if (overlay->options.gaze) {
        mocapctl_draw_gazes(&part, &drawn);
    }
    return video_writer_add_at(overlay->writer, record->pts - overlay->first_pts, canvas->rgb,
                               canvas->row_bytes, err);
}

// The first frame waits for the second: only then the rate is known.
struct waiting {
    struct overlay *overlay;
    struct protocol_record record;
    struct pipeline_frame frame;
};

static bool write_waiting(struct waiting *waiting, double next_pts, struct mc_error *err)
{
    struct overlay *overlay = waiting->overlay;
    overlay->first_pts = waiting->record.pts;
    bool good = open_output(overlay, waiting->record.width, waiting->record.height,
                            next_pts - waiting->record.pts, err) &&
                write_frame(overlay, &waiting->record, &waiting->frame, err);
    av_frame_free(&waiting->frame.image);
    return good;
}

static bool on_frame(void *user, const struct protocol_record *record,
                     const struct pipeline_frame *frame, struct mc_error *err)
{
    struct waiting *waiting = user;
    struct overlay *overlay = waiting->overlay;
    long index = overlay->seen++;
    overlay->with_face += record->face_count > 0;
    if (overlay->options.frame >= 0 && index != overlay->options.frame) {
        return true;
    }
    if (waiting->frame.image != NULL && !write_waiting(waiting, record->pts, err)) {
        return false;
    }
    if (overlay->writer != NULL) {
        return write_frame(overlay, record, frame, err);
    }
    waiting->record = *record;
    waiting->frame = *frame;
    waiting->frame.image = av_frame_clone(frame->image);
    return waiting->frame.image != NULL || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
}

static bool draw_clip(struct overlay *overlay, const struct pipeline_models *models,
                      struct mc_error *err)
{
    struct waiting waiting = { .overlay = overlay };
    const struct pipeline_motion_options motion = pipeline_motion_options_default();
    const struct tools_clip_options options = {
        .models = models,
        .region = overlay->options.region,
        .max_faces = overlay->options.max_faces,
        .motion = overlay->options.pose || overlay->options.gaze ? &motion : NULL,
    };
    overlay->painter = mocapctl_frame_painter_create();
    bool good = overlay->painter != NULL || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    good = good && tools_clip_run(overlay->options.input, &options, on_frame, &waiting, err);
    if (good && waiting.frame.image != NULL) { // of one frame only
        good = write_waiting(&waiting, waiting.record.pts, err);
    }
    av_frame_free(&waiting.frame.image);
    if (good && overlay->writer == NULL) {
        good = mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: has %ld frames, no frame %ld",
                            overlay->options.input, overlay->seen,
                            overlay->options.frame < 0 ? 0 : overlay->options.frame);
    }
    if (good) {
        good = video_writer_finish(overlay->writer, err);
    } else {
        video_writer_abandon(overlay->writer);
    }
    mocapctl_frame_painter_destroy(overlay->painter);
    free(overlay->canvas.rgb);
    return good;
}

static bool check_models(struct overlay *overlay, const struct pipeline_models *models,
                         struct mc_error *err)
{
    const struct options *options = &overlay->options;
    const struct nn_model_info *model = nn_model_info(models->landmarks);
    if (options->gaze && models->expression == NULL && model->shape_count == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--gaze needs a network that reads it: --expression off leaves none");
    }
    if (options->dense && model->dense_count == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--dense needs a --model with dense points, such as face.safetensors, "
                            "which comes with mocapd");
    }
    protocol_point_set_init(&overlay->dense, model->dense_set, model->dense_count);
    return true;
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct overlay overlay = { .options = *(const struct options *)options };
    const struct options *chosen = &overlay.options;
    struct mc_error err = { 0 };
    struct pipeline_models models;
    const struct pipeline_model_files files = { chosen->model, chosen->locator, chosen->expression,
                                                NN_PRECISION_AUTO };
    unsigned cpu_flags = 0;
    bool good =
        mc_cpu_flags(&cpu_flags, &err) && pipeline_models_load(&models, &files, cpu_flags, &err);
    if (good) {
        good = check_models(&overlay, &models, &err) && draw_clip(&overlay, &models, &err);
        pipeline_models_unload(&models);
    }
    if (!good) {
        tools_complain("%s", err.message);
        return MC_EXIT_FAILED;
    }
    fprintf(stderr, "%s: %ld frames, a face in %ld of them\n", chosen->output, overlay.seen,
            overlay.with_face);
    return MC_EXIT_OK;
}

static bool set_region(void *field, const char *label, const char *value, struct mc_error *err)
{
    double numbers[4];
    if (!mc_value_reals(label, value, 0, PIXELS_MAX, numbers, 4, err)) {
        return false;
    }
    if (numbers[2] < 1 || numbers[3] < 1) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be at least 1 pixel wide and high, got '%.40s'", label, value);
    }
    *(struct pipeline_region *)field =
        (struct pipeline_region){ (float)numbers[0], (float)numbers[1], (float)numbers[2],
                                  (float)numbers[3] };
    return true;
}

static bool check(void *chosen, struct mc_error *err)
{
    struct options *options = chosen;
    if (mc_path_is_same(options->input, options->output)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s would overwrite the clip",
                            options->output);
    }
    if (options->frame >= 0 && !is_png(options)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "OUT must end in .png with --frame, got '%.80s'", options->output);
    }
    options->frame = is_png(options) && options->frame < 0 ? 0 : options->frame;
    return true;
}

static const struct mc_option table[] = {
    { "CLIP", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a file or URL that mocapd could watch", MC_OPTION_FIELD(struct options, input) },
    { "OUT", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "the file to write: .mp4, .mkv, .y4m or .png",
      MC_OPTION_FIELD(struct options, output) },
    { "model", 0, "FILE", "weights of the keypoint network; default: those of mocapd",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct options, model) },
    { "locator", 0, "FILE", "weights of the network that finds faces; default: those of mocapd",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct options, locator) },
    { "expression", 0, "FILE|off",
      "weights of the network that reads expressions; default: those of mocapd", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, expression) },
    { "max-faces", 0, "N", "follow up to N faces; default: 1", MC_OPTION_INT, .min = 1,
      .max = PROTOCOL_FACES_MAX, MC_OPTION_FIELD(struct options, max_faces) },
    { "region", 0, "X,Y,W,H", "run the network on this region, in pixels, instead of finding faces",
      MC_OPTION_CALL, .set = set_region, MC_OPTION_FIELD(struct options, region) },
    { "frame", 0, "N", "the frame to draw as PNG, the first is 0; default: 0", MC_OPTION_INT,
      .min = 0, .max = 1e9, MC_OPTION_FIELD(struct options, frame) },
    { "pose", 0, NULL,
      "smooth the keypoints and draw the axes of each head: red to the person's left, green "
      "down, blue where the face looks",
      MC_OPTION_BOOL, MC_OPTION_FIELD(struct options, pose) },
    { "gaze", 0, NULL, "smooth the keypoints and draw where the eyes look, in yellow",
      MC_OPTION_BOOL, MC_OPTION_FIELD(struct options, gaze) },
    { "dense", 0, NULL, "draw the model's dense points instead of box and keypoints",
      MC_OPTION_BOOL, MC_OPTION_FIELD(struct options, dense) },
    { 0 },
};

static const struct options defaults = { .frame = -1 };

const struct mc_command mocapctl_overlay_command = {
    .name = "overlay",
    .summary = "draw a clip's keypoints on its frames",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
