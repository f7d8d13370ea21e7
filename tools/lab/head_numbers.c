#include "tools/lab/head_numbers.h"

#include <stdio.h>

bool lab_head_number(const json_t *value, const char *what, double low, double high, float *number,
                     struct mc_error *err)
{
    const double found = json_number_value(value);
    *number = (float)found;
    if (!json_is_number(value)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be a number from %g to %g", what,
                            low, high);
    }
    return (found >= low && found <= high) ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be a number from %g to %g, got %g", what,
                        low, high, found);
}

bool lab_head_numbers(const json_t *array, const char *what, int count, double low, double high,
                      float *numbers, struct mc_error *err)
{
    if (json_array_size(array) != (size_t)count) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be an array of %d numbers", what,
                            count);
    }
    for (int i = 0; i < count; i++) {
        if (!lab_head_number(json_array_get(array, (size_t)i), what, low, high, &numbers[i], err)) {
            return false;
        }
    }
    return true;
}

bool lab_head_gaze(const json_t *array, float (*gaze)[2], struct mc_error *err)
{
    if (json_array_size(array) != 2) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "gaze: must be [yaw, pitch] of the left and the right eye");
    }
    for (size_t eye = 0; eye < 2; eye++) {
        if (!lab_head_numbers(json_array_get(array, eye), "gaze", 2, -90, 90, gaze[eye], err)) {
            return false;
        }
    }
    return true;
}

json_t *lab_head_json(const char *path, json_type type, const char *what, struct mc_error *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        mc_error_set_errno(err, "%s", path);
        return NULL;
    }
    json_error_t where;
    json_t *json = json_loadf(file, JSON_REJECT_DUPLICATES, &where);
    fclose(file);
    if (json == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: line %d: %s", path, where.line, where.text);
    } else if (json_typeof(json) != type) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be %s", path, what);
        json_decref(json);
        json = NULL;
    }
    return json;
}
