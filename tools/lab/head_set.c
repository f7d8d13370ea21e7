#include "tools/lab/head_set.h"

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/lab/head_numbers.h"

enum { PERSON_MAX = 1000000, SIDE_MIN = 16, SIDE_MAX = 16384 };

bool lab_head_owns(const char *name, enum protocol_shape shape)
{
    const char *full = protocol_shape_name(shape);
    const size_t length = strlen(name);
    return strncmp(full, name, length) == 0 &&
           (full[length] == '\0' || strcmp(full + length, "Left") == 0 ||
            strcmp(full + length, "Right") == 0);
}

enum protocol_shape lab_head_find_shape(const char *name)
{
    int i = 0;
    while (i < PROTOCOL_SHAPE_COUNT && strcmp(name, protocol_shape_name(i)) != 0) {
        i++;
    }
    return i;
}

// ---- one entry of truth.json

// A name from outside becomes a path: it must stay in the folder, and be that of an image, so
// that FFmpeg opens nothing else.
static bool is_image_name(const char *file)
{
    const char *ending = strrchr(file, '.');
    bool good = file[0] != '\0' && file[0] != '/' && ending != NULL &&
                (strcasecmp(ending, ".png") == 0 || strcasecmp(ending, ".jpg") == 0 ||
                 strcasecmp(ending, ".jpeg") == 0);
    for (const char *part = file; good && part != NULL;) {
        good = strncmp(part, "..", 2) != 0 || (part[2] != '/' && part[2] != '\0');
        part = strchr(part, '/');
        part = part == NULL ? NULL : part + 1;
    }
    for (const char *c = file; good && *c != '\0'; c++) {
        good = isprint((unsigned char)*c) || (unsigned char)*c >= 0x80;
    }
    return good;
}

static bool read_file(struct lab_head *head, const json_t *entry, struct mc_error *err)
{
    const char *file = json_string_value(json_object_get(entry, "file"));
    if (file == NULL || !is_image_name(file)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "file: must be a .png or .jpg in the folder of truth.json");
    }
    head->file = strdup(file);
    return head->file != NULL || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
}

static bool read_kind(struct lab_head *head, struct mc_error *err)
{
    bool is_shape = false;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        is_shape |= lab_head_owns(head->name, i);
    }
    if (strcmp(head->name, "neutral") == 0) {
        head->kind = LAB_HEAD_NEUTRAL;
    } else if (strncmp(head->name, "gaze ", 5) == 0) {
        head->kind = LAB_HEAD_GAZE;
    } else if (strncmp(head->name, "head ", 5) == 0) {
        head->kind = LAB_HEAD_TURN;
    } else if (is_shape) {
        head->kind = LAB_HEAD_SHAPE;
    } else {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "case: must be neutral, a shape's name, 'gaze …' or 'head …', got '%s'",
                            head->name);
    }
    return true;
}

static bool read_case(struct lab_head *head, const json_t *entry, struct mc_error *err)
{
    const json_t *value = json_object_get(entry, "case");
    const char *name = json_string_value(value);
    bool good = name != NULL && json_string_length(value) < sizeof head->name;
    for (const char *c = name; good && *c != '\0'; c++) {
        good = *c >= ' ' && *c <= '~';
    }
    if (!good) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "case: must be at most %d ASCII characters",
                            LAB_HEAD_NAME_BYTES - 1);
    }
    snprintf(head->name, sizeof head->name, "%s", name);
    return read_kind(head, err);
}

static bool read_shapes(struct lab_head *head, json_t *entry, struct mc_error *err)
{
    json_t *shapes = json_object_get(entry, "shapes"), *value;
    const char *name;
    if (!json_is_object(shapes)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "shapes: must be an object");
    }
    json_object_foreach(shapes, name, value)
    {
        const enum protocol_shape shape = lab_head_find_shape(name);
        if (shape == PROTOCOL_SHAPE_COUNT) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0,
                                "shapes: must be named as ARKit does, got '%.40s'", name);
        }
        if (!lab_head_number(value, name, 0, 1, &head->shapes[shape], err)) {
            return mc_error_wrap(err, "shapes");
        }
    }
    return true;
}

static bool read_size(struct lab_head *head, const json_t *entry, struct mc_error *err)
{
    float size[2];
    if (!lab_head_numbers(json_object_get(entry, "size"), "size", 2, SIDE_MIN, SIDE_MAX, size,
                          err)) {
        return false;
    }
    head->width = (int)size[0];
    head->height = (int)size[1];
    return ((float)head->width == size[0] && (float)head->height == size[1]) ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "size: must be whole numbers");
}

static bool read_person(struct lab_head *head, const json_t *entry, struct mc_error *err)
{
    const json_t *value = json_object_get(entry, "person");
    const json_int_t person = json_integer_value(value);
    head->person = (int)person;
    return (json_is_integer(value) && person >= 0 && person <= PERSON_MAX) ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "person: must be a whole number from 0 to %d",
                        PERSON_MAX);
}

static bool read_head(struct lab_head *head, json_t *entry, struct mc_error *err)
{
    const json_t *fov = json_object_get(entry, "fov");
    if (!json_is_object(entry)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be an object");
    }
    return read_file(head, entry, err) && read_person(head, entry, err) &&
           read_case(head, entry, err) && read_shapes(head, entry, err) &&
           lab_head_gaze(json_object_get(entry, "gaze"), head->gaze, err) &&
           lab_head_numbers(json_object_get(entry, "euler"), "euler", 3, -180, 180, head->euler,
                            err) &&
           read_size(head, entry, err) &&
           (fov == NULL || lab_head_number(fov, "fov", 1, 170, &head->fov, err));
}

// ---- all of them

static bool is_above_neutral(const struct lab_head *head, const struct lab_head *neutral)
{
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (lab_head_owns(head->name, i) && !(head->shapes[i] > neutral->shapes[i])) {
            return false;
        }
    }
    return true;
}

// Finds the neutral face of a head, and whether another one has its name or its file.
static bool relate(struct lab_head_set *set, struct lab_head *head, struct mc_error *err)
{
    head->neutral = -1;
    for (int i = 0; i < set->count; i++) {
        const struct lab_head *other = &set->heads[i];
        const bool same_person = other->person == head->person;
        assert(other->file != NULL && head->file != NULL); // all have been read
        if (other != head && strcmp(other->file, head->file) == 0) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "file: must be there once, got it twice");
        }
        if (other != head && same_person && strcmp(other->name, head->name) == 0) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0,
                                "person %d must have one image of case %s, got two", head->person,
                                head->name);
        }
        if (same_person && other->kind == LAB_HEAD_NEUTRAL) {
            head->neutral = i;
        }
    }
    if (head->neutral < 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "person %d must have an image of case neutral",
                            head->person);
    }
    return head->kind != LAB_HEAD_SHAPE || is_above_neutral(head, &set->heads[head->neutral]) ||
           mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "shapes: must have %s above the neutral face's value in its own case",
                        head->name);
}

static bool read_heads(struct lab_head_set *set, json_t *truth, struct mc_error *err)
{
    const size_t count = json_array_size(truth);
    if (count == 0 || count > LAB_HEADS_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must have 1 to %d entries, got %zu",
                            LAB_HEADS_MAX, count);
    }
    set->heads = calloc(count, sizeof *set->heads);
    if (set->heads == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    }
    while ((size_t)set->count < count) {
        const int i = set->count++;
        if (!read_head(&set->heads[i], json_array_get(truth, (size_t)i), err)) {
            return mc_error_wrap(err, "entry %d", i + 1);
        }
    }
    for (int i = 0; i < set->count; i++) {
        if (!relate(set, &set->heads[i], err)) {
            return mc_error_wrap(err, "entry %d", i + 1);
        }
    }
    return true;
}

bool lab_head_set_load(struct lab_head_set *set, const char *folder, struct mc_error *err)
{
    *set = (struct lab_head_set){ .folder = realpath(folder, NULL) };
    if (set->folder == NULL) {
        return mc_error_set_errno(err, "%s", folder);
    }
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/truth.json", set->folder) >= (int)sizeof path) {
        lab_head_set_finish(set);
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.80s…: the path is too long", folder);
    }
    json_t *truth = lab_head_json(path, JSON_ARRAY, "an array", err);
    bool good = truth != NULL;
    if (good && !read_heads(set, truth, err)) {
        good = mc_error_wrap(err, "%s", path);
    }
    json_decref(truth);
    if (!good) {
        lab_head_set_finish(set);
    }
    return good;
}

void lab_head_set_finish(struct lab_head_set *set)
{
    for (int i = 0; i < set->count; i++) {
        free(set->heads[i].file);
    }
    free(set->heads);
    free(set->folder);
    *set = (struct lab_head_set){ 0 };
}
