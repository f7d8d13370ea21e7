// mocapctl overlay: the keypoints of a clip, drawn on its frames as they are displayed.
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/frame.h>

#include "base/cpu.h"
#include "base/path.h"
#include "nn/model.h"
#include "pipeline/frame_pool.h"
#include "protocol/record.h"
#include "tools/mocapctl/clip.h"
#include "tools/mocapctl/command.h"
#include "tools/mocapctl/draw.h"
#include "tools/mocapctl/frame_painter.h"
#include "tools/video_writer.h"

enum { RATE_DEFAULT = 25 };

struct overlay {
    const char *input, *output, *model, *locator;
    struct pipeline_region region;
    bool pose; // the head's axes too
    long max_faces;
    long frame; // the one to draw as a PNG; -1: all
    struct video_writer *writer;
    struct mocapctl_frame_painter *painter;
    struct mocapctl_canvas canvas;
    long seen, with_face;
    double first_pts;
};

static bool is_png(const struct overlay *overlay)
{
    const char *ending = strrchr(overlay->output, '.');
    return ending != NULL && strcmp(ending, ".png") == 0;
}

static bool parse(struct overlay *overlay, int argc, char **argv, struct mc_error *err)
{
    static const struct option options[] = {
        { "model", required_argument, NULL, 'm' },
        { "locator", required_argument, NULL, 'l' },
        { "max-faces", required_argument, NULL, 'n' },
        { "region", required_argument, NULL, 'r' },
        { "frame", required_argument, NULL, 'f' },
        { "pose", no_argument, NULL, 'p' },
        { NULL, 0, NULL, 0 },
    };
    int found, length = 0;
    struct pipeline_region *region = &overlay->region;
    while ((found = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (found) {
        case 'm':
            overlay->model = optarg;
            break;
        case 'l':
            overlay->locator = optarg;
            break;
        case 'n':
            if (!mocapctl_parse_count("--max-faces", optarg, 1, &overlay->max_faces, err)) {
                return false;
            }
            break;
        case 'f':
            if (!mocapctl_parse_count("--frame", optarg, 0, &overlay->frame, err)) {
                return false;
            }
            break;
        case 'p':
            overlay->pose = true;
            break;
        case 'r':
            if (sscanf(optarg, "%f,%f,%f,%f%n", &region->x, &region->y, &region->width,
                       &region->height, &length) != 4 ||
                optarg[length] != '\0' || !(region->width > 0) || !(region->height > 0)) {
                return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                    "--region wants x,y,w,h in pixels, got '%s'", optarg);
            }
            break;
        default:
            mocapctl_option_error(err, found, argv);
            return false;
        }
    }
    if (argc - optind != 2) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "wants a clip and a file to write");
    }
    overlay->input = argv[optind];
    overlay->output = argv[optind + 1];
    if (mocapctl_file_is_same(overlay->input, overlay->output)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s would overwrite the clip",
                            overlay->output);
    }
    if (overlay->frame >= 0 && !is_png(overlay)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--frame wants a name ending in .png");
    }
    overlay->frame = is_png(overlay) && overlay->frame < 0 ? 0 : overlay->frame;
    return true;
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
    const int even = is_png(overlay) ? 1 : 2;
    const AVRational rate = rate_of(interval_s);
    struct mocapctl_canvas *canvas = &overlay->canvas;
    canvas->width = width / even * even;
    canvas->height = height / even * even;
    // swscale may write past a row's end, by up to a vector.
    canvas->row_bytes = ((size_t)canvas->width * 3 + 127) / 64 * 64;
    canvas->rgb = malloc(canvas->row_bytes * (size_t)canvas->height);
    if (canvas->rgb == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a picture");
    }
    overlay->writer = video_writer_create_timed(overlay->output, canvas->width, canvas->height,
                                                rate.num, rate.den, err);
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
        for (int j = 0; j < face->keypoint_count; j++) {
            face->keypoints[j].x *= x;
            face->keypoints[j].y *= y;
        }
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
        return mc_error_wrap(err, "%s", overlay->input);
    }
    const struct protocol_record drawn = scaled(&part, record);
    mocapctl_draw_record(&part, &drawn);
    if (overlay->pose) {
        mocapctl_draw_poses(&part, &drawn, pipeline_motion_options_default().fov);
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
    av_frame_free(&waiting->frame.picture);
    return good;
}

static bool on_frame(void *user, const struct protocol_record *record,
                     const struct pipeline_frame *frame, struct mc_error *err)
{
    struct waiting *waiting = user;
    struct overlay *overlay = waiting->overlay;
    long index = overlay->seen++;
    overlay->with_face += record->face_count > 0;
    if (overlay->frame >= 0 && index != overlay->frame) {
        return true;
    }
    if (waiting->frame.picture != NULL && !write_waiting(waiting, record->pts, err)) {
        return false;
    }
    if (overlay->writer != NULL) {
        return write_frame(overlay, record, frame, err);
    }
    waiting->record = *record;
    waiting->frame = *frame;
    waiting->frame.picture = av_frame_clone(frame->picture);
    return waiting->frame.picture != NULL || mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory");
}

static bool draw_clip(struct overlay *overlay, const struct nn_model *model,
                      const struct nn_model *locator, struct mc_error *err)
{
    struct waiting waiting = { .overlay = overlay };
    const struct pipeline_motion_options motion = pipeline_motion_options_default();
    const struct mocapctl_clip_options options = {
        .model = model,
        .locator = locator,
        .region = overlay->region,
        .max_faces = (int)overlay->max_faces,
        .motion = overlay->pose ? &motion : NULL,
    };
    overlay->painter = mocapctl_frame_painter_create();
    bool good = overlay->painter != NULL || mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory");
    good = good && mocapctl_clip_run(overlay->input, &options, on_frame, &waiting, err);
    if (good && waiting.frame.picture != NULL) { // of one frame only
        good = write_waiting(&waiting, waiting.record.pts, err);
    }
    av_frame_free(&waiting.frame.picture);
    if (good && overlay->writer == NULL) {
        good = mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: has %ld frames, no frame %ld",
                            overlay->input, overlay->seen, overlay->frame < 0 ? 0 : overlay->frame);
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

int mocapctl_overlay(const struct mocapctl_globals *globals, int argc, char **argv)
{
    (void)globals;
    struct overlay overlay = { .frame = -1 };
    struct mc_error err = { 0 };
    if (!parse(&overlay, argc, argv, &err)) {
        mocapctl_complain("overlay: %s", err.message);
        return MOCAPCTL_USAGE;
    }
    char model_path[PATH_MAX];
    unsigned cpu_flags = 0;
    bool good = overlay.model != NULL ||
                mc_path_data(model_path, sizeof model_path, NN_MODEL_DEFAULT_FILE, &err);
    struct nn_model *model = NULL, *locator = NULL;
    if (good && mc_cpu_flags(&cpu_flags, &err)) {
        model = nn_model_load(overlay.model != NULL ? overlay.model : model_path, cpu_flags, &err);
        locator = model != NULL ? mocapctl_clip_locator(overlay.locator, cpu_flags, &err) : NULL;
    }
    good = locator != NULL && draw_clip(&overlay, model, locator, &err);
    nn_model_destroy(locator);
    nn_model_destroy(model);
    if (!good) {
        mocapctl_complain("%s", err.message);
        return MOCAPCTL_FAILED;
    }
    fprintf(stderr, "%s: %ld frames, a face in %ld of them\n", overlay.output, overlay.seen,
            overlay.with_face);
    return MOCAPCTL_OK;
}
