#include "tools/lab/face_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static bool is_wanted(const json_t *entry)
{
    const char *split = json_string_value(json_object_get(entry, "split"));
    return split == NULL || strcmp(split, "val") == 0;
}

static bool read_face(struct lab_face *face, const char *folder, const json_t *entry,
                      struct mc_error *err)
{
    const char *file = json_string_value(json_object_get(entry, "file"));
    const json_t *points = json_object_get(entry, "points");
    const size_t count = json_array_size(points);
    if (file == NULL || count < 1 || count > LAB_FACE_POINTS_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must have a file and 1 to %d points",
                            LAB_FACE_POINTS_MAX);
    }
    face->points = calloc(count, sizeof *face->points);
    if (face->points == NULL || asprintf(&face->file, "%s/%s", folder, file) < 0) {
        face->file = NULL;
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    }
    face->point_count = (int)count;
    for (size_t i = 0; i < count; i++) {
        for (size_t axis = 0; axis < 2; axis++) {
            const json_t *number = json_array_get(json_array_get(points, i), axis);
            if (!json_is_number(number)) {
                return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: point %zu must be [x, y]", file,
                                    i);
            }
            face->points[i][axis] = (float)json_number_value(number);
        }
    }
    return true;
}

static int count_wanted(const json_t *labels)
{
    int count = 0;
    for (size_t i = 0; i < json_array_size(labels); i++) {
        count += is_wanted(json_array_get(labels, i));
    }
    return count;
}

static bool read_faces(struct lab_face_set *set, const char *folder, const json_t *labels, int most,
                       struct mc_error *err)
{
    const int wanted = count_wanted(labels), kept = wanted < most ? wanted : most;
    if (wanted < 1 || kept < 1) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must hold labels, got none");
    }
    set->faces = calloc((size_t)kept, sizeof *set->faces);
    if (set->faces == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    }
    int seen = 0;
    for (size_t i = 0; i < json_array_size(labels) && set->count < kept; i++) {
        const json_t *entry = json_array_get(labels, i);
        if (!is_wanted(entry)) {
            continue;
        }
        // Entry number seen is the next when it crosses the next of kept equal parts.
        if ((long)seen++ * kept / wanted == set->count &&
            !read_face(&set->faces[set->count++], folder, entry, err)) {
            return false;
        }
    }
    return true;
}

bool lab_face_set_load(struct lab_face_set *set, const char *folder, int most, struct mc_error *err)
{
    *set = (struct lab_face_set){ 0 };
    char path[4096];
    if (snprintf(path, sizeof path, "%s/labels.json", folder) >= (int)sizeof path) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.80s…: the path is too long", folder);
    }
    json_error_t where;
    json_t *labels = json_load_file(path, 0, &where);
    bool good = labels != NULL
                    ? read_faces(set, folder, labels, most, err)
                    : mc_error_set(err, MC_ERROR_FORMAT, 0, "line %d: %s", where.line, where.text);
    json_decref(labels);
    if (!good) {
        mc_error_wrap(err, "%s", path);
        lab_face_set_finish(set);
    }
    return good;
}

void lab_face_set_finish(struct lab_face_set *set)
{
    for (int i = 0; i < set->count; i++) {
        free(set->faces[i].file);
        free(set->faces[i].points);
    }
    free(set->faces);
    *set = (struct lab_face_set){ 0 };
}
