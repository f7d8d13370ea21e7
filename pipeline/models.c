#include "pipeline/models.h"

#include <limits.h>
#include <string.h>

#include "base/path.h"
#include "nn/model.h"

#define MODELS_HINT                                                                                \
    NN_MODEL_DEFAULT_FILE ", " NN_LOCATOR_DEFAULT_FILE " and " NN_EXPRESSION_DEFAULT_FILE

static const char landmark_set[] = "ibug68"; // of the landmarks around which expressions are read

static struct nn_model *load(const char *path, const char *shipped, enum nn_precision precision,
                             unsigned cpu_flags, struct mc_error *err)
{
    char found[PATH_MAX];
    struct mc_error cause = { 0 };
    const bool is_given = path != NULL && path[0] != '\0';
    if (!is_given && !mc_path_data(found, sizeof found, shipped, err)) {
        return NULL;
    }
    struct nn_model *model =
        nn_model_load_as(is_given ? path : found, cpu_flags, precision, &cause);
    if (model == NULL) {
        mc_error_set(err, cause.code, cause.detail, "%s%s", cause.message,
                     cause.code == MC_ERROR_MEMORY ? ""
                     : is_given ? "; the weights that come with mocapd are " MODELS_HINT
                                : "; install mocapd again");
    }
    return model;
}

static bool has_landmarks(const struct nn_model *model)
{
    return strcmp(nn_model_info(model)->keypoint_set, landmark_set) == 0;
}

static bool load_expression(struct pipeline_models *models,
                            const struct pipeline_model_files *files, unsigned cpu_flags,
                            struct mc_error *err)
{
    const char *path = files->expression;
    const bool is_given = path != NULL && path[0] != '\0';
    if (is_given ? strcmp(path, "off") == 0 : !has_landmarks(models->landmarks)) {
        return true;
    }
    models->expression = load(path, NN_EXPRESSION_DEFAULT_FILE, files->precision, cpu_flags, err);
    return models->expression != NULL;
}

bool pipeline_models_load(struct pipeline_models *models, const struct pipeline_model_files *files,
                          unsigned cpu_flags, struct mc_error *err)
{
    *models = (struct pipeline_models){ 0 };
    models->landmarks =
        load(files->landmarks, NN_MODEL_DEFAULT_FILE, files->precision, cpu_flags, err);
    models->locator = models->landmarks == NULL ? NULL
                                                : load(files->locator, NN_LOCATOR_DEFAULT_FILE,
                                                       files->precision, cpu_flags, err);
    if (models->locator == NULL || !load_expression(models, files, cpu_flags, err) ||
        !pipeline_models_check(models, err)) {
        pipeline_models_unload(models);
        return false;
    }
    return true;
}

void pipeline_models_unload(struct pipeline_models *models)
{
    nn_model_destroy(models->expression);
    nn_model_destroy(models->locator);
    nn_model_destroy(models->landmarks);
    *models = (struct pipeline_models){ 0 };
}

static bool has_head(const struct nn_model *model, enum nn_head head)
{
    return model != NULL && nn_model_info(model)->head == head;
}

bool pipeline_models_check(const struct pipeline_models *models, struct mc_error *err)
{
    const bool locates = has_head(models->landmarks, NN_HEAD_LOCATOR);
    if (locates || has_head(models->landmarks, NN_HEAD_EXPRESSION)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the model must give keypoints, but it %s",
                            locates ? "locates faces" : "reads expressions");
    }
    if (models->locator != NULL && !has_head(models->locator, NN_HEAD_LOCATOR)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "the locator must be a model that locates faces");
    }
    if (models->expression == NULL) {
        return true;
    }
    if (!has_head(models->expression, NN_HEAD_EXPRESSION)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "the expression model must be one that reads expressions");
    }
    return has_landmarks(models->landmarks) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "the expression model must get landmarks of %s, but the model gives %.40s",
                        landmark_set, nn_model_info(models->landmarks)->keypoint_set);
}
