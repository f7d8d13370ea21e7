#include "tools/bridge/skeleton.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"

enum {
    GLB_HEADER_BYTES = 20,                 // the file's and its first chunk's
    GLB_JSON_BYTES_MAX = 32 * 1024 * 1024, // larger ones are refused
};

const struct bridge_skeleton bridge_skeleton_default = {
    .positions = {
        [BRIDGE_HIPS] = { 0, 0.90f, 0 },
        [BRIDGE_SPINE] = { 0, 0.06f, 0 },
        [BRIDGE_CHEST] = { 0, 0.12f, 0 },
        [BRIDGE_NECK] = { 0, 0.23f, 0 },
        [BRIDGE_HEAD] = { 0, 0.08f, 0.01f },
        [BRIDGE_LEFT_EYE] = { -0.03f, 0.06f, 0.03f },
        [BRIDGE_RIGHT_EYE] = { 0.03f, 0.06f, 0.03f },
    },
};

const char *bridge_bone_name(enum bridge_bone bone)
{
    static const char *const names[BRIDGE_BONE_COUNT] = {
        [BRIDGE_HIPS] = "Hips",          [BRIDGE_SPINE] = "Spine", [BRIDGE_CHEST] = "Chest",
        [BRIDGE_NECK] = "Neck",          [BRIDGE_HEAD] = "Head",   [BRIDGE_LEFT_EYE] = "LeftEye",
        [BRIDGE_RIGHT_EYE] = "RightEye",
    };
    return names[bone];
}

static uint32_t read_u32(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

// The JSON chunk of a binary glTF file, parsed; NULL on failure.
static json_t *read_json(FILE *file, struct mc_error *err)
{
    unsigned char header[GLB_HEADER_BYTES];
    if (fread(header, 1, sizeof header, file) != sizeof header || memcmp(header, "glTF", 4) != 0 ||
        read_u32(header + 4) != 2 || memcmp(header + 16, "JSON", 4) != 0) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "not a binary glTF 2.0 file");
        return NULL;
    }
    const uint32_t size = read_u32(header + 12);
    if (size == 0 || size > GLB_JSON_BYTES_MAX) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "its JSON must be 1 to %d bytes, got %u",
                     GLB_JSON_BYTES_MAX, size);
        return NULL;
    }
    char *text = malloc(size);
    if (text == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %u bytes of JSON", size);
        return NULL;
    }
    json_error_t problem = { .text = "the file ends within its JSON" };
    json_t *root = fread(text, 1, size, file) == size ? json_loadb(text, size, 0, &problem) : NULL;
    free(text);
    if (root == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s", problem.text);
    }
    return root;
}

// The index of a bone's node; -1 when the model has no such bone.
static json_int_t find_node(const json_t *root, const char *bone, bool *version_0)
{
    const json_t *extensions = json_object_get(root, "extensions");
    const json_t *node = json_object_get(
        json_object_get(
            json_object_get(json_object_get(json_object_get(extensions, "VRMC_vrm"), "humanoid"),
                            "humanBones"),
            bone),
        "node");
    *version_0 = node == NULL;
    const json_t *bones = json_object_get(
        json_object_get(json_object_get(extensions, "VRM"), "humanoid"), "humanBones");
    size_t index;
    json_t *value;
    json_array_foreach(bones, index, value)
    {
        const char *name = json_string_value(json_object_get(value, "bone"));
        if (node == NULL && name != NULL && strcmp(name, bone) == 0) {
            node = json_object_get(value, "node");
        }
    }
    return json_is_integer(node) && json_integer_value(node) >= 0 ? json_integer_value(node) : -1;
}

// The node's translation. A model faces +z in VRM 1.0 and -z in VRM 0.x, with y up
// and right-handed axes; Unity's are left-handed and it faces +z.
static bool read_position(const json_t *root, json_int_t node, bool version_0, float position[3])
{
    const json_t *nodes = json_object_get(root, "nodes");
    const json_t *translation = json_object_get(json_array_get(nodes, (size_t)node), "translation");
    float read[3];
    for (size_t i = 0; i < 3; i++) {
        read[i] = (float)json_number_value(json_array_get(translation, i));
        if (!isfinite(read[i]) || fabsf(read[i]) > 100) {
            return false;
        }
    }
    position[0] = version_0 ? read[0] : -read[0];
    position[1] = read[1];
    position[2] = version_0 ? -read[2] : read[2];
    return json_array_size(translation) == 3;
}

bool bridge_skeleton_load(struct bridge_skeleton *skeleton, const char *path, struct mc_error *err)
{
    *skeleton = bridge_skeleton_default;
    const int fd = mc_file_open(path, err);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");
    if (fd < 0) {
        return false;
    }
    if (file == NULL) {
        close(fd);
        return mc_error_set_errno(err, "%s", path);
    }
    json_t *root = read_json(file, err);
    fclose(file);
    if (root == NULL) {
        return mc_error_wrap(err, "%s", path);
    }
    int found = 0;
    for (int i = 0; i < BRIDGE_BONE_COUNT; i++) {
        char bone[16];
        snprintf(bone, sizeof bone, "%s", bridge_bone_name(i));
        bone[0] = (char)(bone[0] - 'A' + 'a');
        bool version_0;
        json_int_t node = find_node(root, bone, &version_0);
        float position[3];
        if (node >= 0 && read_position(root, node, version_0, position)) {
            memcpy(skeleton->positions[i], position, sizeof position);
            found++;
        }
    }
    json_decref(root);
    return found > 0 || mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: has no humanoid bones", path);
}
