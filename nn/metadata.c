#include "nn/metadata.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/compiler/ranges.h"
#include "nn/graph/weights.h"
#include "nn/kernels/antialias.h"
#include "nn/model.h"
#include "nn/networks/backbone.h"

enum { FEATURES_MAX = 1024, UPSAMPLE_MAX = 8, INPUT_MIN = NN_INPUT_MIN, INPUT_MAX = NN_INPUT_MAX };

// The value of key; NULL and err, which says what it must be, if there is none.
static const char *get(const struct nn_weights *weights, const char *key, const char *what,
                       struct mc_error *err)
{
    const char *value = nn_weights_metadata(weights, key);
    if (value == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be %s, got nothing", key, what);
    }
    return value;
}

static bool get_word(const struct nn_weights *weights, const char *key, const char *word,
                     struct mc_error *err)
{
    const char *value = get(weights, key, word, err);
    if (value != NULL && strcmp(value, word) != 0) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be %s, got '%.40s'", key, word, value);
        return false;
    }
    return value != NULL;
}

static bool get_int(const struct nn_weights *weights, const char *key, int min, int max,
                    int *number, struct mc_error *err)
{
    const char *value = get(weights, key, "a number", err);
    if (value == NULL) {
        return false;
    }
    char *end;
    errno = 0;
    long parsed = strtol(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || parsed < min || parsed > max) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s: must be a number from %d to %d, got '%.40s'", key, min, max,
                            value);
    }
    *number = (int)parsed;
    return true;
}

static bool get_float(const struct nn_weights *weights, const char *key, float min, float max,
                      float *number, struct mc_error *err)
{
    const char *value = get(weights, key, "a number", err);
    if (value == NULL) {
        return false;
    }
    char *end;
    float parsed = strtof(value, &end);
    if (end == value || *end != '\0' || !(parsed >= min && parsed <= max)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s: must be a number from %g to %g, got '%.40s'", key, (double)min,
                            (double)max, value);
    }
    *number = parsed;
    return true;
}

// Both edges must be multiples of `multiple`.
static bool get_input_size(const struct nn_weights *weights, int multiple,
                           struct nn_model_info *info, struct mc_error *err)
{
    const char *value = get(weights, "mocap.input", "WIDTHxHEIGHT", err);
    if (value == NULL) {
        return false;
    }
    int length = 0;
    if (sscanf(value, "%4dx%4d%n", &info->input_width, &info->input_height, &length) != 2 ||
        value[length] != '\0' || info->input_width < INPUT_MIN || info->input_width > INPUT_MAX ||
        info->input_height < INPUT_MIN || info->input_height > INPUT_MAX ||
        info->input_width % multiple != 0 || info->input_height % multiple != 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "mocap.input: must be WIDTHxHEIGHT, multiples of %d from %d to %d, "
                            "got '%.40s'",
                            multiple, INPUT_MIN, INPUT_MAX, value);
    }
    return true;
}

const struct nn_backbone *nn_metadata_find(const char *name, struct mc_error *err)
{
    char names[128] = "";
    for (int i = 0; nn_backbone_at(i) != NULL; i++) {
        size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s%s", i == 0 ? "" : ", ",
                 nn_backbone_at(i)->name);
    }
    const struct nn_backbone *backbone = nn_backbone_find(name);
    if (backbone == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "must be one of %s, got '%.40s'", names, name);
    }
    return backbone;
}

const struct nn_backbone *nn_metadata_backbone(const struct nn_weights *weights,
                                               struct mc_error *err)
{
    const char *name = get(weights, "mocap.arch", "the backbone's name", err);
    const struct nn_backbone *backbone = name == NULL ? NULL : nn_metadata_find(name, err);
    if (name != NULL && backbone == NULL) {
        mc_error_wrap(err, "mocap.arch");
    }
    return backbone;
}

bool nn_metadata_ranges(const struct nn_weights *weights, struct nn_ranges **ranges,
                        struct mc_error *err)
{
    const char *text = nn_weights_metadata(weights, NN_RANGES_KEY);
    *ranges = text == NULL ? NULL : nn_ranges_read(text, err);
    return text == NULL || *ranges != NULL;
}

// Optional: what was not measured is negative.
static bool read_deviations(const struct nn_weights *weights, struct nn_model_info *info,
                            struct mc_error *err)
{
    for (int i = 0; i < NN_PRECISION_COUNT; i++) {
        char key[NN_MODEL_DEVIATION_KEY_BYTES];
        nn_model_deviation_key((enum nn_precision)i, key);
        info->deviation[i] = i == NN_PRECISION_F32 ? 0 : -1;
        if ((i == NN_PRECISION_BF16 || i == NN_PRECISION_INT8) &&
            nn_weights_metadata(weights, key) != NULL &&
            !get_float(weights, key, 0, 1000, &info->deviation[i], err)) {
            return false;
        }
    }
    return true;
}

static bool get_head(const struct nn_weights *weights, struct nn_model_info *info,
                     struct mc_error *err)
{
    static const char *const heads[] = { "landmark", "locator", "motion", "face", "expression" };
    const char *name =
        get(weights, "mocap.head", "landmark, locator, motion, face or expression", err);
    for (int i = 0; name != NULL && i < 5; i++) {
        if (strcmp(name, heads[i]) == 0) {
            info->head = (enum nn_head)i;
            return true;
        }
    }
    return name != NULL &&
           mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "mocap.head: must be landmark, locator, motion, face or expression, got "
                        "'%.40s'",
                        name);
}

// For a padded convolution: an even size would shift the map against its input.
static bool get_odd_kernel(const struct nn_weights *weights, int *kernel, struct mc_error *err)
{
    if (!get_int(weights, "mocap.head_kernel", 1, 7, kernel, err)) {
        return false;
    }
    return *kernel % 2 == 1 ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "mocap.head_kernel: must be odd, got %d", *kernel);
}

static bool get_keypoints(const struct nn_weights *weights, struct nn_model_info *info,
                          struct mc_error *err)
{
    const char *set = get(weights, "mocap.keypoint_set", "a name such as ibug68", err);
    if (set == NULL) {
        return false;
    }
    snprintf(info->keypoint_set, sizeof info->keypoint_set, "%s", set);
    return get_int(weights, "mocap.keypoints", 1, NN_KEYPOINTS_MAX, &info->keypoint_count, err) &&
           get_float(weights, "mocap.crop_margin", 1, 4, &info->crop_margin, err);
}

static bool read_landmark(const struct nn_weights *weights, struct nn_model_info *info,
                          struct nn_layout *layout, struct mc_error *err)
{
    return get_keypoints(weights, info, err) &&
           get_word(weights, "mocap.softmax_temperature", "1", err) &&
           get_int(weights, "mocap.features", 1, FEATURES_MAX, &layout->features, err) &&
           get_odd_kernel(weights, &layout->kernel, err) &&
           get_int(weights, "mocap.head_upsample", 1, UPSAMPLE_MAX, &layout->upsample, err);
}

static bool read_locator(const struct nn_weights *weights, struct nn_model_info *info,
                         struct nn_layout *layout, struct mc_error *err)
{
    snprintf(info->keypoint_set, sizeof info->keypoint_set, "none");
    layout->upsample = 1;
    return get_int(weights, "mocap.features", 1, FEATURES_MAX, &layout->features, err) &&
           get_odd_kernel(weights, &layout->kernel, err) &&
           get_float(weights, "mocap.least_score", 0.01f, 0.99f, &info->least_score, err) &&
           get_float(weights, "mocap.forehead", 0, 1, &info->forehead, err);
}

// The form tells where the maps come from: "kp", a convolution without padding of the
// features at full size; "direct", the backbone's last layer; "small", a padded convolution
// at the backbone's own size.
static bool read_motion(const struct nn_weights *weights, struct nn_model_info *info,
                        struct nn_layout *layout, struct mc_error *err)
{
    const char *form = get(weights, "mocap.head_form", "kp, direct or small", err);
    int jacobians;
    if (form == NULL || !get_keypoints(weights, info, err) ||
        !get_float(weights, "mocap.softmax_temperature", 0.001f, 10, &layout->temperature, err) ||
        !get_int(weights, "mocap.jacobians", 0, 1, &jacobians, err)) {
        return false;
    }
    layout->direct = strcmp(form, "direct") == 0;
    layout->small = strcmp(form, "small") == 0;
    info->has_jacobians = jacobians == 1;
    if (layout->direct) {
        layout->features = info->keypoint_count * (jacobians == 1 ? 5 : 1);
        return true;
    }
    if (!layout->small && strcmp(form, "kp") != 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "mocap.head_form: must be kp, direct or small, got '%.40s'", form);
    }
    return get_int(weights, "mocap.features", 1, FEATURES_MAX, &layout->features, err) &&
           (layout->small ? get_odd_kernel(weights, &layout->kernel, err)
                          : get_int(weights, "mocap.head_kernel", 1, 7, &layout->kernel, err));
}

// Names of letters, with commas between them.
static bool get_shapes(const struct nn_weights *weights, struct nn_model_info *info,
                       struct mc_error *err)
{
    const char *text = get(weights, "mocap.shapes", "names with commas between them", err);
    const size_t longest = sizeof info->shapes[0] - 1;
    while (text != NULL && info->shape_count < NN_SHAPES_MAX) {
        const size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
        if (length < 1 || length > longest || (text[length] != ',' && text[length] != '\0')) {
            break;
        }
        memcpy(info->shapes[info->shape_count++], text, length);
        if (text[length] == '\0') {
            return true;
        }
        text += length + 1;
    }
    return text != NULL &&
           mc_error_set(
               err, MC_ERROR_FORMAT, 0,
               "mocap.shapes: must be at most %d names of at most %zu letters, got '%.40s'",
               (int)NN_SHAPES_MAX, longest, text);
}

// The head takes feature maps from within the backbone: LEDNet's. An expression is optional.
static bool read_face(const struct nn_weights *weights, struct nn_model_info *info,
                      struct nn_layout *layout, struct mc_error *err)
{
    const char *set = get(weights, "mocap.dense_set", "a name such as ict212", err);
    if (set == NULL) {
        return false;
    }
    snprintf(info->dense_set, sizeof info->dense_set, "%s", set);
    return get_word(weights, "mocap.arch", "lednet", err) && get_keypoints(weights, info, err) &&
           get_word(weights, "mocap.keypoints", "68", err) &&
           get_word(weights, "mocap.softmax_temperature", "1", err) &&
           get_int(weights, "mocap.dense", 1, NN_DENSE_MAX, &info->dense_count, err) &&
           get_int(weights, "mocap.features", 1, FEATURES_MAX, &layout->features, err) &&
           (nn_weights_metadata(weights, "mocap.shapes") == NULL || get_shapes(weights, info, err));
}

static bool read_expression(const struct nn_weights *weights, struct nn_model_info *info,
                            struct nn_layout *layout, struct mc_error *err)
{
    return get_word(weights, "mocap.keypoint_set", "ibug68", err) &&
           get_int(weights, "mocap.features", 1, FEATURES_MAX, &layout->features, err) &&
           get_shapes(weights, info, err);
}

// Motion models only, and optional there.
static bool read_antialias(const struct nn_weights *weights, const struct nn_model_info *info,
                           struct nn_layout *layout, struct mc_error *err)
{
    layout->antialias = 1;
    return info->head != NN_HEAD_MOTION ||
           nn_weights_metadata(weights, "mocap.antialias") == NULL ||
           get_int(weights, "mocap.antialias", 1, NN_ANTIALIAS_FACTOR_MAX, &layout->antialias, err);
}

static bool read_head(const struct nn_weights *weights, struct nn_model_info *info,
                      struct nn_layout *layout, struct mc_error *err)
{
    switch (info->head) {
    case NN_HEAD_LOCATOR:
        return read_locator(weights, info, layout, err);
    case NN_HEAD_MOTION:
        return read_motion(weights, info, layout, err);
    case NN_HEAD_FACE:
        return read_face(weights, info, layout, err);
    case NN_HEAD_EXPRESSION:
        return read_expression(weights, info, layout, err);
    case NN_HEAD_LANDMARK:
        break;
    }
    return read_landmark(weights, info, layout, err);
}

bool nn_metadata_read(const struct nn_weights *weights, const struct nn_backbone *backbone,
                      struct nn_model_info *info, struct nn_layout *layout, struct mc_error *err)
{
    snprintf(info->arch, sizeof info->arch, "%s", backbone->name);
    return get_head(weights, info, err) && read_antialias(weights, info, layout, err) &&
           get_input_size(weights, backbone->size_multiple * layout->antialias, info, err) &&
           get_word(weights, "mocap.channels", "rgb", err) &&
           get_word(weights, "mocap.scale", "1/255", err) &&
           get_float(weights, "mocap.mean", 0, 1, &info->input_mean, err) &&
           read_deviations(weights, info, err) && read_head(weights, info, layout, err);
}
