// mocap-lab shapes: shapes, gaze and head pose, one at a time, on rendered heads with exact truth.
#include "tools/lab/shapes.h"

#include <ctype.h>
#include <string.h>

#include "base/cpu.h"
#include "pipeline/models.h"
#include "tools/clip.h"
#include "tools/lab/lab.h"
#include "tools/terminal.h"

enum { PROGRAM_BYTES = 24, OTHERS_MAX = LAB_SHAPES_PROGRAMS_MAX - 1 };

// Other programs whose answers are in files.
struct others {
    int count;
    struct other {
        char name[PROGRAM_BYTES];
        const char *path; // borrowed
    } list[OTHERS_MAX];
};

struct options {
    const char *folder;
    const char *model, *expression, *json, *matrix; // or NULL
    bool markdown;
    struct others others;
};

struct comparison {
    struct lab_head_set set;
    struct lab_head_answers answers[LAB_SHAPES_PROGRAMS_MAX];
    struct lab_shapes_result results[LAB_SHAPES_PROGRAMS_MAX];
    int count;
};

// NAME=FILE. Names stand in tables, so they have no marks of Markdown's.
static bool add_other(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct others *others = field;
    const char *sign = strchr(value, '=');
    const size_t length = sign == NULL ? 0 : (size_t)(sign - value);
    bool good = length > 0 && length < PROGRAM_BYTES && sign[1] != '\0';
    for (size_t i = 0; good && i < length; i++) {
        good = isalnum((unsigned char)value[i]) || strchr(" -._", value[i]) != NULL;
    }
    if (!good) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be NAME=FILE, the name at most %d letters, digits and ' -._', "
                            "got '%s'",
                            label, PROGRAM_BYTES - 1, value);
    }
    if (others->count == OTHERS_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be given at most %d times", label,
                            OTHERS_MAX);
    }
    struct other *other = &others->list[others->count++];
    snprintf(other->name, sizeof other->name, "%.*s", (int)length, value);
    other->path = sign + 1;
    return true;
}

static bool run_mocapd(struct comparison *comparison, const struct options *options,
                       struct mc_error *err)
{
    unsigned cpu_flags = 0;
    struct pipeline_models models;
    const struct pipeline_model_files files = { .landmarks = options->model,
                                                .expression = options->expression };
    if (!mc_cpu_flags(&cpu_flags, err) || !pipeline_models_load(&models, &files, cpu_flags, err)) {
        return false;
    }
    const struct pipeline_motion_options motion = pipeline_motion_options_default();
    const struct tools_clip_options clip = { .models = &models, .motion = &motion };
    comparison->answers[0].name = "mocapd";
    const bool good = lab_head_answers_run(&comparison->answers[0], &comparison->set, &clip, err);
    pipeline_models_unload(&models);
    return good;
}

// Other programs come first: a fault in their files is found before the images are run.
static bool read_others(struct comparison *comparison, const struct others *others,
                        struct mc_error *err)
{
    for (int i = 0; i < others->count; i++) {
        struct lab_head_answers *answers = &comparison->answers[comparison->count++];
        answers->name = others->list[i].name;
        if (!lab_head_answers_read(answers, &comparison->set, others->list[i].path, err)) {
            return false;
        }
    }
    return true;
}

static bool report(struct comparison *comparison, const struct options *options,
                   struct mc_error *err)
{
    for (int i = 0; i < comparison->count; i++) {
        if (!lab_shapes_measure(&comparison->results[i], &comparison->set, &comparison->answers[i],
                                err)) {
            return false;
        }
    }
    const struct lab_shapes_result *results = comparison->results;
    return lab_shapes_print(results, comparison->count, options->markdown, err) &&
           (options->json == NULL ||
            lab_shapes_write_json(results, comparison->count, options->json, err)) &&
           (options->matrix == NULL ||
            lab_shapes_draw(results, comparison->count, options->matrix, err));
}

static int run(const void *chosen, const void *globals)
{
    (void)globals;
    const struct options *options = chosen;
    struct comparison comparison = { .count = 1 };
    struct mc_error err = { 0 };
    const bool good = lab_head_set_load(&comparison.set, options->folder, &err) &&
                      read_others(&comparison, &options->others, &err) &&
                      run_mocapd(&comparison, options, &err) && report(&comparison, options, &err);
    for (int i = 0; i < comparison.count; i++) {
        lab_shapes_finish(&comparison.results[i]);
        lab_head_answers_finish(&comparison.answers[i]);
    }
    lab_head_set_finish(&comparison.set);
    if (!good) {
        tools_complain("%s", err.message);
        return MC_EXIT_FAILED;
    }
    return MC_EXIT_OK;
}

static bool check(void *chosen, struct mc_error *err)
{
    const struct options *options = chosen;
    const char *ending = options->matrix == NULL ? NULL : strrchr(options->matrix, '.');
    return options->matrix == NULL || (ending != NULL && strcmp(ending, ".png") == 0) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--matrix must end in .png, got '%s'",
                        options->matrix);
}

static const struct mc_option table[] = {
    { "FOLDER", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "images and truth.json, as training/heads/stills.py writes them",
      MC_OPTION_FIELD(struct options, folder) },
    { "model", 0, "FILE", "weights of the keypoint network; default: those of mocapd",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct options, model) },
    { "expression", 0, "FILE|off",
      "weights of the network that reads expressions; default: those of mocapd", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, expression) },
    { "other", 0, "NAME=FILE",
      "compare with the answers of another program about the same images, a JSON file; may be "
      "repeated",
      MC_OPTION_CALL, .set = add_other, MC_OPTION_FIELD(struct options, others) },
    { "markdown", 0, NULL, "print Markdown tables", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct options, markdown) },
    { "json", 0, "FILE", "write all figures to this file", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, json) },
    { "matrix", 0, "FILE", "draw what each channel does in each case, a PNG", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, matrix) },
    { 0 },
};

const struct mc_command lab_shapes_command = {
    .name = "shapes",
    .summary = "measure blend shapes, gaze and head pose on rendered heads",
    .details = "Each image is run by itself. A shape's response is the rise of its own channel "
               "over the same person's neutral face, 1 being right; beside it stands the channel "
               "that moves most though it should not.",
    .options = table,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
