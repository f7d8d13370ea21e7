#include "tests/pipeline/motion_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

enum { FEATURES = 64, MAPS = 5 * MOTION_MODEL_KEYPOINTS, HALF_ONE = 0x3c00 };

// Jaw's ends and chin, brows, nose, eyes, mouth.
static const int landmarks[MOTION_MODEL_KEYPOINTS] = { 0, 8, 16, 19, 24, 30, 36, 45, 48, 54 };

static const struct {
    const char *key, *value;
} metadata[] = {
    { "mocap.head", "motion" },      { "mocap.head_form", "small" }, { "mocap.keypoints", "10" },
    { "mocap.keypoint_set", "ten" }, { "mocap.jacobians", "1" },     { "mocap.head_kernel", "1" },
    { "mocap.features", "64" },
};

// Of the landmark network, not of this one.
static const char *const calibration[] = { "mocap.ranges", "mocap.deviation_bf16",
                                           "mocap.deviation_int8" };

struct file {
    json_t *header;
    uint8_t *data;
    size_t size;
};

static struct file read_file(const char *path)
{
    struct file file = { 0 };
    uint64_t length;
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    assert_int_equal(fread(&length, sizeof length, 1, stream), 1); // little-endian, as we are
    char *text = malloc(length);
    assert_int_equal(fread(text, 1, length, stream), length);
    file.header = json_loadb(text, length, 0, NULL);
    free(text);
    assert_non_null(file.header);
    const long begin = ftell(stream);
    assert_int_equal(fseek(stream, 0, SEEK_END), 0);
    file.size = (size_t)(ftell(stream) - begin);
    assert_int_equal(fseek(stream, begin, SEEK_SET), 0);
    file.data = malloc(file.size + MAPS * (FEATURES + 1) * sizeof(uint16_t));
    assert_int_equal(fread(file.data, 1, file.size, stream), file.size);
    fclose(stream);
    return file;
}

// Half floats of a tensor, in the file.
static const uint16_t *halves_of(const struct file *file, const char *name)
{
    const json_t *tensor = json_object_get(file->header, name);
    assert_string_equal(json_string_value(json_object_get(tensor, "dtype")), "F16");
    const json_t *range = json_object_get(tensor, "data_offsets");
    return (const uint16_t *)(file->data + json_integer_value(json_array_get(range, 0)));
}

static void add_tensor(struct file *file, const char *name, const uint16_t *numbers, size_t count,
                       json_t *shape)
{
    const size_t begin = file->size, bytes = count * sizeof *numbers;
    memcpy(file->data + begin, numbers, bytes);
    file->size += bytes;
    json_object_set_new(file->header, name,
                        json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F16", "shape", shape,
                                  "data_offsets", (json_int_t)begin, (json_int_t)file->size));
}

// Takes a tensor out, and its bytes, which all behind it move up to fill.
static void remove_tensor(struct file *file, const char *name)
{
    const json_t *range = json_object_get(json_object_get(file->header, name), "data_offsets");
    const json_int_t begin = json_integer_value(json_array_get(range, 0)),
                     end = json_integer_value(json_array_get(range, 1));
    memmove(file->data + begin, file->data + end, file->size - (size_t)end);
    file->size -= (size_t)(end - begin);
    json_object_del(file->header, name);
    const char *key;
    json_t *tensor, *offset;
    size_t i;
    json_object_foreach(file->header, key, tensor)
    {
        json_array_foreach(json_object_get(tensor, "data_offsets"), i, offset)
        {
            if (json_integer_value(offset) >= end) {
                json_integer_set(offset, json_integer_value(offset) - (end - begin));
            }
        }
    }
}

static void write_file(const struct file *file, const char *path)
{
    char *text = json_dumps(file->header, JSON_COMPACT);
    const uint64_t length = strlen(text);
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    fwrite(&length, sizeof length, 1, stream);
    fwrite(text, 1, length, stream);
    fwrite(file->data, 1, file->size, stream);
    assert_int_equal(fclose(stream), 0);
    free(text);
}

void motion_model_write(const char *landmark_model, const char *path)
{
    struct file file = read_file(landmark_model);
    const uint16_t *weight = halves_of(&file, "head.kp.weight"),
                   *bias = halves_of(&file, "head.kp.bias");
    static uint16_t weights[MAPS * FEATURES], biases[MAPS];
    for (int i = 0; i < MOTION_MODEL_KEYPOINTS; i++) {
        memcpy(&weights[i * FEATURES], &weight[landmarks[i] * FEATURES],
               FEATURES * sizeof *weights);
        biases[i] = bias[landmarks[i]];
        biases[MOTION_MODEL_KEYPOINTS + 4 * i] = HALF_ONE;
        biases[MOTION_MODEL_KEYPOINTS + 4 * i + 3] = HALF_ONE;
    }
    remove_tensor(&file, "head.kp.weight");
    remove_tensor(&file, "head.kp.bias");
    add_tensor(&file, "head.maps.weight", weights, MAPS * FEATURES,
               json_pack("[i, i, i, i]", MAPS, FEATURES, 1, 1));
    add_tensor(&file, "head.maps.bias", biases, MAPS, json_pack("[i]", MAPS));
    json_t *texts = json_object_get(file.header, "__metadata__");
    for (size_t i = 0; i < sizeof metadata / sizeof metadata[0]; i++) {
        json_object_set_new(texts, metadata[i].key, json_string(metadata[i].value));
    }
    for (size_t i = 0; i < sizeof calibration / sizeof calibration[0]; i++) {
        json_object_del(texts, calibration[i]);
    }
    write_file(&file, path);
    json_decref(file.header);
    free(file.data);
}
