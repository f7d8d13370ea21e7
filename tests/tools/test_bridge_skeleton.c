#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/bridge/skeleton.h"

static char path[] = "/tmp/mocapd-skeleton-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

// A binary glTF file of this JSON, which says that it has size bytes.
static void write_model(const char *json, unsigned size)
{
    unsigned char header[20] = "glTF\2\0\0\0\0\0\0\0\0\0\0\0JSON";
    memcpy(header + 12, &size, 4);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(header, 1, sizeof header, file);
    fwrite(json, 1, strlen(json), file);
    assert_int_equal(fclose(file), 0);
}

static void load(const char *json, struct bridge_skeleton *skeleton)
{
    struct mc_error err = { 0 };
    write_model(json, (unsigned)strlen(json));
    if (!bridge_skeleton_load(skeleton, path, &err)) {
        fail_msg("%s", err.message);
    }
}

#define NODES                                                                                      \
    "\"nodes\":[{\"translation\":[0.5,1,2]},{\"translation\":[0,0.125,0.25]},{\"name\":\"x\"}]"

static void both_versions_are_read_in_unitys_axes(void **state)
{
    (void)state;
    struct bridge_skeleton skeleton;
    load("{" NODES ",\"extensions\":{\"VRM\":{\"humanoid\":{\"humanBones\":["
         "{\"bone\":\"leftEye\",\"node\":0},{\"bone\":\"head\",\"node\":1}]}}}}",
         &skeleton);
    const float eye[3] = { 0.5f, 1, -2 }, head[3] = { 0, 0.125f, -0.25f };
    assert_memory_equal(skeleton.positions[BRIDGE_LEFT_EYE], eye, sizeof eye);
    assert_memory_equal(skeleton.positions[BRIDGE_HEAD], head, sizeof head);
    assert_memory_equal(skeleton.positions[BRIDGE_NECK],
                        bridge_skeleton_default.positions[BRIDGE_NECK], sizeof head);
    load("{" NODES ",\"extensions\":{\"VRMC_vrm\":{\"humanoid\":{\"humanBones\":{"
         "\"leftEye\":{\"node\":0}}}}}}",
         &skeleton);
    const float eye_1[3] = { -0.5f, 1, 2 };
    assert_memory_equal(skeleton.positions[BRIDGE_LEFT_EYE], eye_1, sizeof eye_1);
}

static void what_is_no_model_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        "{\"extensions\":{\"VRM\":{\"humanoid\":{\"humanBones\":[{\"bone\":\"head\",\"node\":9}]}}}"
        "}",
        "{\"extensions\":{\"VRM\":{\"humanoid\":{\"humanBones\":[{\"bone\":7,\"node\":\"a\"},5]}}}"
        "}",
        "{" NODES ",\"extensions\":{\"VRM\":{\"humanoid\":{\"humanBones\":["
        "{\"bone\":\"head\",\"node\":-1},{\"bone\":\"neck\",\"node\":2}]}}}}",
        "{\"nodes\":[{\"translation\":[1e30,0,0]}],\"extensions\":{\"VRM\":{\"humanoid\":"
        "{\"humanBones\":[{\"bone\":\"head\",\"node\":0}]}}}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct bridge_skeleton skeleton;
        struct mc_error err = { 0 };
        write_model(texts[i], (unsigned)strlen(texts[i]));
        assert_false(bridge_skeleton_load(&skeleton, path, &err));
        assert_non_null(strstr(err.message, path));
    }
    struct bridge_skeleton skeleton;
    write_model("{}", 4000000000u);
    assert_false(bridge_skeleton_load(&skeleton, path, NULL));
    write_model("{}", 5); // the file ends before
    assert_false(bridge_skeleton_load(&skeleton, path, NULL));
    assert_false(bridge_skeleton_load(&skeleton, "/nowhere/model.vrm", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_versions_are_read_in_unitys_axes),
        cmocka_unit_test(what_is_no_model_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
