// mocap-lab model calibrate: what a weight file needs to run in lower precisions. Every other
// frame gives the ranges of the feature maps; on the others each precision is compared
// with float32.
#include "tools/lab/model_calibrate.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libavutil/frame.h>

#include "base/cpu.h"
#include "base/path.h"
#include "nn/compiler/ranges.h"
#include "nn/graph/weights.h"
#include "nn/model.h"
#include "nn/quantise.h"
#include "pipeline/display_transform.h"
#include "pipeline/frame_pool.h"
#include "pipeline/models.h"
#include "protocol/record.h"
#include "tools/clip.h"
#include "tools/face68.h"
#include "tools/lab/face_set.h"
#include "tools/lab/image_file.h"
#include "tools/lab/network_probe.h"
#include "tools/terminal.h"
#include "tools/word_list.h"

enum { SET_FACES_MAX = 1000 };

struct options {
    const char *model, *output, *set; // or NULL
    struct tools_word_list images;
};

struct job {
    const struct options *options;
    unsigned cpu_flags;
    struct nn_weights *weights;
    struct nn_model *landmarks, *locator; // those that ship, float32, where the other is calibrated
    struct nn_model *networks[NN_PRECISION_COUNT]; // the one that is calibrated; NULL for AUTO
    struct lab_network_probe probes[NN_PRECISION_COUNT];
    struct nn_quantiser *quantiser;
    bool compares;    // in the second of two passes
    bool takes_every; // frame of the file, which is an image
    long frames;      // of the file so far
    long inputs;      // that the ranges hold
    struct lab_deviation deviations[NN_PRECISION_COUNT];
};

// ---- Networks

static enum nn_head head_of(const struct job *job)
{
    return nn_model_info(job->networks[NN_PRECISION_F32])->head;
}

static struct pipeline_models models_with(const struct job *job, enum nn_precision precision)
{
    struct pipeline_models models = { job->landmarks, job->locator, NULL };
    if (head_of(job) == NN_HEAD_LOCATOR) {
        models.locator = job->networks[precision];
    } else if (head_of(job) == NN_HEAD_EXPRESSION) {
        models.expression = job->networks[precision];
    } else {
        models.landmarks = job->networks[precision];
    }
    return models;
}

static struct nn_model *load_shipped(const struct job *job, const char *name, struct mc_error *err)
{
    char path[PATH_MAX];
    return mc_path_data(path, sizeof path, name, err)
               ? nn_model_load_as(path, job->cpu_flags, NN_PRECISION_F32, err)
               : NULL;
}

static bool load_others(struct job *job, struct mc_error *err)
{
    const enum nn_head head = head_of(job);
    if (head == NN_HEAD_LOCATOR || head == NN_HEAD_EXPRESSION) {
        job->landmarks = load_shipped(job, NN_MODEL_DEFAULT_FILE, err);
        if (job->landmarks == NULL) {
            return false;
        }
    } else if (strcmp(nn_model_info(job->networks[NN_PRECISION_F32])->keypoint_set, "ibug68") !=
               0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s: must find faces, read expressions or have 68 landmarks (ibug68)",
                            job->options->model);
    }
    if (head != NN_HEAD_LOCATOR) {
        job->locator = load_shipped(job, NN_LOCATOR_DEFAULT_FILE, err);
        return job->locator != NULL;
    }
    return true;
}

static bool add_network(struct job *job, enum nn_precision precision, struct mc_error *err)
{
    job->networks[precision] = nn_model_create(job->weights, job->cpu_flags, precision, err);
    return job->networks[precision] != NULL || mc_error_wrap(err, "%s", job->options->model);
}

static bool add_probe(struct job *job, enum nn_precision precision, struct mc_error *err)
{
    const struct pipeline_models models = models_with(job, precision);
    return lab_network_probe_init(&job->probes[precision], &models, head_of(job), err);
}

static bool prepare(struct job *job, struct mc_error *err)
{
    if (!mc_cpu_flags(&job->cpu_flags, err)) {
        return false;
    }
    job->weights = nn_weights_load(job->options->model, err);
    if (job->weights == NULL || !add_network(job, NN_PRECISION_F32, err) ||
        !load_others(job, err) || !add_probe(job, NN_PRECISION_F32, err)) {
        return false;
    }
    job->quantiser = nn_quantiser_create(nn_model_program(job->networks[NN_PRECISION_F32]), err);
    return job->quantiser != NULL;
}

static void finish(struct job *job)
{
    for (int i = 0; i < NN_PRECISION_COUNT; i++) {
        lab_network_probe_finish(&job->probes[i]);
        nn_model_destroy(job->networks[i]);
    }
    nn_quantiser_destroy(job->quantiser);
    nn_model_destroy(job->landmarks);
    nn_model_destroy(job->locator);
    nn_weights_destroy(job->weights);
}

// ---- Images

static bool on_frame(void *user, const struct protocol_record *record,
                     const struct pipeline_frame *frame, struct mc_error *err)
{
    struct job *job = user;
    const struct lab_network_probe *f32 = &job->probes[NN_PRECISION_F32];
    const bool is_odd = job->frames++ % 2 == 1;
    if (!job->takes_every && is_odd != job->compares) {
        return true;
    }
    if (!job->compares) {
        return lab_network_probe_calibrate(f32, record, frame, job->quantiser, &job->inputs, err);
    }
    for (int i = NN_PRECISION_BF16; i < NN_PRECISION_COUNT; i++) {
        if (!lab_network_probe_compare(f32, &job->probes[i], record, frame, &job->deviations[i],
                                       err)) {
            return false;
        }
    }
    return true;
}

static bool run_file(struct job *job, const char *path, struct mc_error *err)
{
    const struct pipeline_models models = models_with(job, NN_PRECISION_F32);
    const struct tools_clip_options clip = { .models = &models };
    job->frames = 0;
    return tools_clip_run(path, &clip, on_frame, job, err) || mc_error_wrap(err, "%s", path);
}

static int is_image(const struct dirent *entry)
{
    static const char *const suffixes[] = { ".jpg", ".jpeg", ".png", ".webp", ".bmp" };
    const char *suffix = strrchr(entry->d_name, '.');
    for (size_t i = 0; suffix != NULL && i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (strcasecmp(suffix, suffixes[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); // the same everywhere
}

// Every other image of a folder, in the order of their names.
static bool run_folder(struct job *job, const char *folder, struct mc_error *err)
{
    struct dirent **entries;
    const int count = scandir(folder, &entries, is_image, by_name);
    if (count < 0) {
        return mc_error_set_errno(err, "%s", folder);
    }
    bool good = count > 0 || mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                          "%s: must hold images (.jpg, .png, .webp, .bmp)", folder);
    job->takes_every = true;
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (length >= (int)sizeof path) {
            good = good && mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: too long a path", folder);
        }
        if (good && (i % 2 == 1) == job->compares) {
            good = run_file(job, path, err);
        }
        free(entries[i]);
    }
    job->takes_every = false;
    free(entries);
    return good;
}

// A labelled face, as if it had been found where the labels say.
static bool run_face(struct job *job, const struct lab_face *face, struct mc_error *err)
{
    struct protocol_record *record = calloc(1, sizeof *record);
    AVFrame *image = record != NULL ? lab_image_file_load(face->file, err) : NULL;
    bool good = image != NULL;
    if (record == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a labelled face");
    } else if (good) {
        const struct pipeline_frame frame = {
            .image = image, .display = pipeline_display_transform_none(image->width, image->height)
        };
        record->face_count = 1;
        record->faces[0].keypoint_count = face->point_count;
        for (int i = 0; i < face->point_count; i++) {
            record->faces[0].keypoints[i] =
                (struct mc_keypoint){ face->points[i][0], face->points[i][1], 1 };
        }
        good = on_frame(job, record, &frame, err);
    }
    av_frame_free(&image);
    free(record);
    return good;
}

static bool run_set(struct job *job, const char *folder, struct mc_error *err)
{
    struct lab_face_set set;
    tools_complain("%s %s", job->compares ? "comparing precisions on" : "measuring ranges on",
                   folder);
    if (!lab_face_set_load(&set, folder, SET_FACES_MAX, err)) {
        return false;
    }
    bool good = true;
    job->frames = 0;
    for (int i = 0; i < set.count && good; i++) {
        good = set.faces[i].point_count == TOOLS_FACE68_COUNT
                   ? run_face(job, &set.faces[i], err)
                   : mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: must have %d points, got %d",
                                  set.faces[i].file, TOOLS_FACE68_COUNT, set.faces[i].point_count);
    }
    lab_face_set_finish(&set);
    return good;
}

// One pass over all images.
static bool run_images(struct job *job, bool compares, struct mc_error *err)
{
    job->compares = compares;
    for (int i = 0; i < job->options->images.count; i++) {
        const char *path = job->options->images.words[i];
        struct stat file;
        tools_complain("%s %s", compares ? "comparing precisions in" : "measuring ranges in", path);
        const bool is_folder = stat(path, &file) == 0 && S_ISDIR(file.st_mode);
        if (!(is_folder ? run_folder : run_file)(job, path, err)) {
            return false;
        }
    }
    if (job->options->set != NULL && !run_set(job, job->options->set, err)) {
        return false;
    }
    return (compares ? job->deviations[NN_PRECISION_INT8].count : job->inputs) > 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "the images must show faces: every other one is measured, the others are "
                        "compared");
}

// ---- Results

static bool set_ranges(struct job *job, struct mc_error *err)
{
    struct nn_ranges *ranges = nn_quantiser_ranges(job->quantiser, err);
    char *text = ranges == NULL ? NULL : nn_ranges_write(ranges, err);
    const bool good =
        text != NULL && nn_weights_set_metadata(job->weights, NN_RANGES_KEY, text, err);
    free(text);
    nn_ranges_destroy(ranges);
    return good;
}

static double percent_of(const struct lab_deviation *deviation)
{
    return deviation->count == 0 ? 0 : deviation->sum / (double)deviation->count;
}

static bool set_deviations(struct job *job, struct mc_error *err)
{
    for (int i = NN_PRECISION_BF16; i < NN_PRECISION_COUNT; i++) {
        char key[NN_MODEL_DEVIATION_KEY_BYTES], value[32];
        nn_model_deviation_key((enum nn_precision)i, key);
        snprintf(value, sizeof value, "%.3f", percent_of(&job->deviations[i]));
        if (!nn_weights_set_metadata(job->weights, key, value, err)) {
            return false;
        }
    }
    return true;
}

static void report(const struct job *job)
{
    const enum nn_head head = head_of(job);
    printf("ranges of %d feature maps from %ld inputs\n",
           nn_model_info(job->networks[NN_PRECISION_INT8])->range_count, job->inputs);
    for (int i = NN_PRECISION_BF16; i < NN_PRECISION_COUNT; i++) {
        printf("%-5s deviates by %.3f %% of %s in %ld inputs; auto allows %g %%\n",
               nn_precision_name((enum nn_precision)i), percent_of(&job->deviations[i]),
               nn_model_deviation_unit(head), job->deviations[i].count,
               (double)nn_model_deviation_limit(head));
    }
}

static bool calibrate(struct job *job, struct mc_error *err)
{
    const char *output = job->options->output != NULL ? job->options->output : job->options->model;
    if (!prepare(job, err) || !run_images(job, false, err) || !set_ranges(job, err)) {
        return false;
    }
    for (int i = NN_PRECISION_BF16; i < NN_PRECISION_COUNT; i++) {
        if (!add_network(job, (enum nn_precision)i, err) ||
            !add_probe(job, (enum nn_precision)i, err)) {
            return false;
        }
    }
    if (!run_images(job, true, err) || !set_deviations(job, err) ||
        !nn_weights_save_metadata(job->weights, job->options->model, output, err)) {
        return false;
    }
    report(job);
    return true;
}

// ---- Command

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct job job = { .options = options };
    struct mc_error err = { 0 };
    const bool good = calibrate(&job, &err);
    finish(&job);
    if (!good) {
        tools_complain("%s", err.message);
        return MC_EXIT_FAILED;
    }
    return MC_EXIT_OK;
}

static bool check(void *chosen, struct mc_error *err)
{
    const struct options *options = chosen;
    const char *output = options->output != NULL ? options->output : options->model;
    if (options->images.count == 0 && options->set == NULL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "missing option --images or --set");
    }
    for (int i = 0; i < options->images.count; i++) {
        if (mc_path_is_same(options->images.words[i], output)) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s would overwrite images", output);
        }
    }
    return true;
}

static const struct mc_option table[] = {
    { "MODEL", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a weight file of landmarks, of a locator or of expressions",
      MC_OPTION_FIELD(struct options, model) },
    { "images", 0, "PATH", "a clip, an image or a folder of images with faces; may be repeated",
      MC_OPTION_CALL, .many = true, .set = tools_word_list_add,
      MC_OPTION_FIELD(struct options, images) },
    { "set", 0, "FOLDER",
      "a set of labelled faces, as of compare: for a network too weak to find faces by itself",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct options, set) },
    { "output", 'o', "OUT", "the weight file to write; default: MODEL itself", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, output) },
    { 0 },
};

const struct mc_command lab_model_calibrate_command = {
    .name = "calibrate",
    .summary = "measure what a weight file needs to run in int8 and bf16",
    .details =
        "Adds to the file's metadata the range of every feature map, from every other frame or "
        "image, and by how much bf16 and int8 deviate from f32 on those in between. The same "
        "images give the same file. Some hundred faces of different people, in different light "
        "and sizes, suffice; images without faces count for locators. The tensors stay as they "
        "are. Run it after every training.",
    .options = table,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
