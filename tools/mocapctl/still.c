// mocapctl still: the faces in one image, as a motion record.
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "pipeline/models.h"
#include "pipeline/still_image.h"
#include "protocol/encode.h"
#include "protocol/policy.h"
#include "protocol/record.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/mocapctl/ppm.h"
#include "tools/terminal.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

struct options {
    const char *input; // NULL: standard input
    struct pipeline_model_files files;
};

static bool read_image(struct mocapctl_ppm *image, const char *path, struct mc_error *err)
{
    const bool is_standard = path == NULL || strcmp(path, "-") == 0;
    FILE *file = is_standard ? stdin : fopen(path, "rbe");
    if (file == NULL) {
        return mc_error_set_errno(err, "%s", path);
    }
    const bool good = mocapctl_ppm_read(image, file, PIPELINE_STILL_IMAGE_EDGE_MIN,
                                        PIPELINE_STILL_IMAGE_EDGE_MAX, err) ||
                      mc_error_wrap(err, "%s", is_standard ? "standard input" : path);
    if (!is_standard) {
        fclose(file);
    }
    return good;
}

static bool print(const struct protocol_record *record, struct mc_error *err)
{
    char tail[PROTOCOL_TAIL_BYTES];
    struct protocol_buffer text;
    protocol_buffer_init(&text, TEXT_BYTES_MAX);
    protocol_encode_record(&text, PROTOCOL_JSON, record,
                           PROTOCOL_KEYPOINTS | PROTOCOL_DENSE | PROTOCOL_POSE | PROTOCOL_SHAPES |
                               PROTOCOL_GAZE);
    protocol_buffer_bytes(&text, tail, protocol_encode_tail(tail, PROTOCOL_JSON, 0));
    bool good = !text.failed || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a record");
    if (good && (fwrite(text.data, 1, text.length, stdout) != text.length || fflush(stdout) != 0)) {
        good = mc_error_set_errno(err, "can't write the record");
    }
    protocol_buffer_finish(&text);
    return good;
}

static bool read_faces(const struct options *options, const struct mocapctl_ppm *image,
                       struct mc_error *err)
{
    static struct protocol_record record; // large
    struct pipeline_models models;
    unsigned cpu_flags = 0;
    if (!mc_cpu_flags(&cpu_flags, err) ||
        !pipeline_models_load(&models, &options->files, cpu_flags, err)) {
        return false;
    }
    const bool good =
        pipeline_still_image_read(&models, image->rgb, image->width, image->height, &record, err) &&
        print(&record, err);
    pipeline_models_unload(&models);
    return good;
}

static int run(const void *chosen, const void *globals)
{
    (void)globals;
    const struct options *options = chosen;
    struct mocapctl_ppm image = { 0 };
    struct mc_error err = { 0 };
    const bool good = read_image(&image, options->input, &err) && read_faces(options, &image, &err);
    mocapctl_ppm_finish(&image);
    if (!good) {
        tools_complain("%s", err.message);
    }
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option table[] = {
    { "IMAGE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT,
      .help = "a PPM file; default: standard input", MC_OPTION_FIELD(struct options, input) },
    { "model", 0, "FILE", "weights of the keypoint network; default: those of mocapd",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct options, files.landmarks) },
    { "locator", 0, "FILE", "weights of the network that finds faces; default: those of mocapd",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct options, files.locator) },
    { "expression", 0, "FILE|off",
      "weights of the network that reads expressions; default: those of mocapd", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, files.expression) },
    { 0 },
};

const struct mc_command mocapctl_still_command = {
    .name = "still",
    .summary = "print the faces in an image as a motion record",
    .details = "Needs no daemon. An image without a face gives a record without faces. For a "
               "photo: ffmpeg -i PHOTO -f image2pipe -c:v ppm - | mocapctl still",
    .options = table,
    .options_size = sizeof(struct options),
    .run = run,
};
