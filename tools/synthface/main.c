// synthface: renders a face that moves, and writes where its landmarks are.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/command.h"
#include "tools/output_file.h"
#include "tools/synthface/synthface.h"
#include "tools/video_writer.h"

struct size {
    int width, height;
};

struct job {
    int frames, fps, seed;
    struct size size;
    bool still;
    const char *output, *landmarks;
};

// One line of the sidecar. Three decimals: a thousandth of a pixel.
static bool write_truth(FILE *file, int frame, double fps, const struct synthface_truth *truth)
{
    const float *r = truth->rotation[0];
    fprintf(file, "{\"frame\":%d,\"pts\":%.6f,\"points\":[", frame, frame / fps);
    for (int i = 0; i < SYNTHFACE_LANDMARKS; i++) {
        fprintf(file, "%s[%.3f,%.3f]", i == 0 ? "" : ",", (double)truth->points[i][0],
                (double)truth->points[i][1]);
    }
    return fprintf(file,
                   "],\"yaw\":%.3f,\"pitch\":%.3f,\"roll\":%.3f,\"eye_open\":[%.3f,%.3f],"
                   "\"mouth_open\":%.3f,\"smile\":%.3f,\"brow_raise\":%.3f,"
                   "\"rotation\":[[%.5f,%.5f,%.5f],[%.5f,%.5f,%.5f],[%.5f,%.5f,%.5f]],"
                   "\"focal\":%.3f,\"middle\":[%.3f,%.3f]}\n",
                   (double)truth->yaw, (double)truth->pitch, (double)truth->roll,
                   (double)truth->eye_open[0], (double)truth->eye_open[1],
                   (double)truth->mouth_open, (double)truth->smile, (double)truth->brow_raise,
                   (double)r[0], (double)r[1], (double)r[2], (double)r[3], (double)r[4],
                   (double)r[5], (double)r[6], (double)r[7], (double)r[8], (double)truth->focal,
                   (double)truth->middle[0], (double)truth->middle[1]) > 0;
}

static bool render(const struct job *job, struct synthface *face, struct video_writer *writer,
                   FILE *landmarks, uint8_t *rgb, struct mc_error *err)
{
    const bool is_png = strcmp(strrchr(job->output, '.'), ".png") == 0;
    for (int frame = 0; frame < job->frames; frame++) {
        struct synthface_truth truth;
        synthface_render(face, (unsigned)frame, job->fps, rgb, &truth);
        bool wanted = !is_png || frame == job->frames - 1;
        if (wanted && !video_writer_add(writer, rgb, (size_t)job->size.width * 3, err)) {
            return false;
        }
        if (landmarks != NULL && !write_truth(landmarks, frame, job->fps, &truth)) {
            return mc_error_set_errno(err, "%s", job->landmarks);
        }
    }
    return true;
}

static bool render_file(const struct job *job, struct mc_error *err)
{
    uint8_t *rgb = malloc((size_t)job->size.width * (size_t)job->size.height * 3);
    struct synthface *face =
        synthface_create((unsigned)job->seed, job->size.width, job->size.height, job->still, err);
    struct video_writer *writer =
        rgb == NULL || face == NULL
            ? NULL
            : video_writer_create(job->output, job->size.width, job->size.height, job->fps, 1, err);
    FILE *landmarks = NULL;
    struct tools_output_file file = { 0 };
    bool good = writer != NULL;
    if (good && job->landmarks != NULL) {
        good = tools_output_file_begin(&file, job->landmarks, err);
        landmarks = good ? fopen(file.path, "we") : NULL;
        good = good && (landmarks != NULL || mc_error_set_errno(err, "%s", job->landmarks));
    }
    good = good && render(job, face, writer, landmarks, rgb, err);
    if (landmarks != NULL && fclose(landmarks) != 0 && good) {
        good = mc_error_set_errno(err, "%s", job->landmarks);
    }
    if (good) {
        good = video_writer_finish(writer, err);
    } else {
        video_writer_abandon(writer);
    }
    if (!good) {
        tools_output_file_drop(&file);
    }
    good = good && tools_output_file_commit(&file, err);
    synthface_destroy(face);
    free(rgb);
    return good;
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct mc_error err = { 0 };
    if (!render_file(options, &err)) {
        fprintf(stderr, "synthface: %s\n", err.message[0] == '\0' ? "out of memory" : err.message);
        return MC_EXIT_FAILED;
    }
    return MC_EXIT_OK;
}

static bool is_edge(int edge)
{
    return edge % 2 == 0 && edge >= SYNTHFACE_EDGE_MIN && edge <= SYNTHFACE_EDGE_MAX;
}

static bool set_size(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct size size;
    int length = 0;
    if (sscanf(value, "%5dx%5d%n", &size.width, &size.height, &length) != 2 ||
        value[length] != '\0' || !is_edge(size.width) || !is_edge(size.height)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be WxH, even numbers from %d to %d, got '%.40s'", label,
                            SYNTHFACE_EDGE_MIN, SYNTHFACE_EDGE_MAX, value);
    }
    *(struct size *)field = size;
    return true;
}

// The ending chooses the format.
static bool check(void *options, struct mc_error *err)
{
    const struct job *job = options;
    return strrchr(job->output, '.') != NULL ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "--output must end in .mp4, .mkv, .y4m or .png, got '%.80s'", job->output);
}

static const struct mc_option table[] = {
    { "output", 'o', "FILE", "the file to write: .mp4, .mkv, .y4m (lossless), or .png (last frame)",
      MC_OPTION_TEXT, .required = true, MC_OPTION_FIELD(struct job, output) },
    { "landmarks", 0, "FILE",
      "write a line of JSON for each frame: its 68 landmarks (iBUG order), pose and expression",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct job, landmarks) },
    { "frames", 0, "N", "frames to render; the motion repeats after 300; default: 300",
      MC_OPTION_INT, .min = 1, .max = 1000000, MC_OPTION_FIELD(struct job, frames) },
    { "size", 0, "WxH", "size of a frame; default: 640x480", MC_OPTION_CALL, .set = set_size,
      MC_OPTION_FIELD(struct job, size) },
    { "fps", 0, "F", "frames per second; default: 30", MC_OPTION_INT, .min = 1, .max = 240,
      MC_OPTION_FIELD(struct job, fps) },
    { "seed", 0, "S", "selects the person and the room; default: 1", MC_OPTION_INT, .min = 0,
      .max = 2147483647, MC_OPTION_FIELD(struct job, seed) },
    { "still", 0, NULL, "look straight ahead, without motion", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct job, still) },
    { 0 },
};

static const struct job defaults = { .frames = 300, .fps = 30, .seed = 1, .size = { 640, 480 } };

int main(int argc, char **argv)
{
    static const struct mc_command program = {
        .name = "synthface",
        .summary = "render a moving face, and write where its landmarks are",
        .options = table,
        .defaults = &defaults,
        .options_size = sizeof(struct job),
        .check = check,
        .run = run,
    };
    return mc_command_main(&program, MOCAPD_VERSION, argc, argv);
}
