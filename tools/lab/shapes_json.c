#include <math.h>

#include <jansson.h>

#include "tools/lab/shapes.h"

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *case_json(const struct lab_shapes_case *one)
{
    json_t *rises = json_object();
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        json_object_set_new(rises, protocol_shape_name(i), number(one->rise[i]));
    }
    json_t *other = one->other < 0 ? json_null() : json_string(protocol_shape_name(one->other));
    return json_pack("{s:s,s:i,s:i,s:o,s:o,s:o,s:o}", "case", one->name, "images", one->images,
                     "used", one->used, "response", number(one->response), "other", other,
                     "other_rise", number(one->other_rise), "rise", rises);
}

static json_t *yaw_json(const struct lab_shapes_yaw *yaw)
{
    return json_pack(
        "{s:[ff],s:i,s:i,s:[oo],s:i,s:i,s:[ooo]}", "yaw", yaw->low, yaw->high, "looks", yaw->looks,
        "looks_seen", yaw->gaze[0].count, "gaze_error", number(lab_shapes_mean(&yaw->gaze[0])),
        number(lab_shapes_mean(&yaw->gaze[1])), "turns", yaw->turns, "turns_seen",
        yaw->euler[0].count, "euler_error", number(lab_shapes_mean(&yaw->euler[0])),
        number(lab_shapes_mean(&yaw->euler[1])), number(lab_shapes_mean(&yaw->euler[2])));
}

static json_t *fit_json(const struct lab_shapes_fit *fit)
{
    return json_pack("{s:o,s:o,s:o}", "correlation", number(lab_shapes_correlation(fit)), "slope",
                     number(lab_shapes_slope(fit)), "offset", number(lab_shapes_offset(fit)));
}

static json_t *result_json(const struct lab_shapes_result *result)
{
    json_t *cases = json_array(), *yaws = json_array();
    for (int i = 0; i < result->case_count; i++) {
        json_array_append_new(cases, case_json(&result->cases[i]));
    }
    for (int i = 0; i < LAB_SHAPES_YAWS; i++) {
        json_array_append_new(yaws, yaw_json(&result->yaws[i]));
    }
    return json_pack("{s:s,s:i,s:i,s:o,s:o,s:[oo],s:[ooo],s:{s:o,s:o}}", "program", result->program,
                     "images", result->images, "faces", result->found, "cases", cases, "yaws", yaws,
                     "gaze", fit_json(&result->gaze[0]), fit_json(&result->gaze[1]), "euler",
                     fit_json(&result->euler[0]), fit_json(&result->euler[1]),
                     fit_json(&result->euler[2]), "toe_in", "truth",
                     number(lab_shapes_mean(&result->true_toe_in)), "answer",
                     number(lab_shapes_mean(&result->toe_in)));
}

bool lab_shapes_write_json(const struct lab_shapes_result *results, int count, const char *path,
                           struct mc_error *err)
{
    json_t *all = json_array();
    bool good = all != NULL;
    for (int i = 0; good && i < count; i++) {
        good = json_array_append_new(all, result_json(&results[i])) == 0;
    }
    if (!good) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", path);
    } else if (json_dump_file(all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) != 0) {
        good = mc_error_set_errno(err, "%s", path);
    }
    json_decref(all);
    return good;
}
