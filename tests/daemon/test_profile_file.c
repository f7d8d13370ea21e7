// The file of a calibration profile: it comes back as it was, and nothing else is read.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/profile_file.h"
#include "pipeline/motion/motion.h"

static char directory[] = "/tmp/mocapd-test-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/p", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

// Every number at a bound, and one face after the other.
static void fill(struct pipeline_profile *profile)
{
    *profile = (struct pipeline_profile){ .face_count = PROTOCOL_FACES_MAX };
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        struct pipeline_face_profile *face = &profile->faces[i];
        pipeline_face_profile_init(face);
        face->x = (float)i / 3;
        face->has_neutral = i != 2;
        for (int k = 0; face->has_neutral && k < PIPELINE_CHANNEL_COUNT; k++) {
            float least, most;
            pipeline_calibration_bounds(k, &least, &most);
            face->neutral[k] = i == 0 ? least + 1e-5f : i == 1 ? most - 1e-5f : NAN;
        }
        face->gains[PROTOCOL_JAW_OPEN] = PIPELINE_GAIN_MAX;
        face->gains[PROTOCOL_TONGUE_OUT] = 1 + 0.1f * (float)i;
    }
}

static void a_profile_comes_back(void **state)
{
    (void)state;
    struct pipeline_profile profile, read;
    struct mc_error err = { 0 };
    struct stat status;
    fill(&profile);
    assert_true(daemon_profile_file_write(path, "desk", "anna", &profile, &err));
    assert_true(stat(path, &status) == 0 && status.st_size < 16384);
    if (!daemon_profile_file_read(path, &read, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(read.face_count, PROTOCOL_FACES_MAX);
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        const struct pipeline_face_profile *before = &profile.faces[i], *after = &read.faces[i];
        assert_true(fabsf(before->x - after->x) < 1e-4f);
        assert_true(before->has_neutral == after->has_neutral);
        for (int k = 0; k < PIPELINE_CHANNEL_COUNT; k++) {
            assert_true(isnan(before->neutral[k]) == isnan(after->neutral[k]));
            assert_false(fabsf(before->neutral[k] - after->neutral[k]) > 1e-5f);
        }
        for (int k = 0; k < PROTOCOL_SHAPE_COUNT; k++) {
            assert_true(fabsf(before->gains[k] - after->gains[k]) < 1e-4f);
        }
    }
}

static void check_refused(const char *text, const char *message)
{
    struct pipeline_profile profile;
    struct mc_error err = { 0 };
    if (daemon_profile_file_parse("f", text, strlen(text), &profile, &err) ||
        strncmp(err.message, message, strlen(message)) != 0) {
        fail_msg("'%s': expected '%s', got '%s'", text, message, err.message);
    }
}

static void what_does_not_belong_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        { "", "f:1:1: must be version = 1" },
        { "# nothing\n", "f:1:1: must be version = 1" },
        { "version = 2\n", "f:1:1: version must be a whole number from 1 to 1, got '2'" },
        { "version = 1\nversion = 1\n", "f:2:1: version must be given once, got it twice" },
        { "[face 1]\n", "f:1:2: must be version = 1" },
        { "x = 0.5\n", "f:1:1: must be version = 1" },
        { "version = 1\n[face 2]\n", "f:2:2: must be [face 1], got '[face 2]'" },
        { "version = 1\n[body 1]\n", "f:2:2: must be [face 1], got '[body 1]'" },
        { "version = 1\n[face]\n", "f:2:2: must be [face 1], got '[face]'" },
        { "version = 1\n[face 1]\n[face 2]\n[face 3]\n[face 4]\n[face 5]\n",
          "f:6:2: must be at most 4 faces, got more" },
        { "version = 1\n[face 1]\nx = 2\n", "f:3:1: x must be a number from 0 to 1, got '2'" },
        { "version = 1\n[face 1]\nx = nan\n", "f:3:1: x must be a number from 0 to 1, got 'nan'" },
        { "version = 1\n[face 1]\nx = 1\nx = 1\n", "f:4:1: x must be given once, got it twice" },
        { "version = 1\n[face 1]\nneutral = 3\n", "f:3:1: neutral must be " },
        { "version = 1\n[face 1]\n  ear = 3\n",
          "f:3:3: must be x, neutral, feature.NAME, shape.NAME or gain.NAME" },
        { "version = 1\n[face 1]\nfeature.ear = 3\n", "f:3:1: must be x, neutral, feature.NAME" },
        { "version = 1\n[face 1]\nshape.browLeft = 0\n", "f:3:1: must be x, neutral, " },
        { "version = 1\n[face 1]\nfeature.browLeft = inf\n", "f:3:1: feature.browLeft must be " },
        { "version = 1\n[face 1]\nfeature.browLeft = 9\n", "f:3:1: feature.browLeft must be " },
        { "version = 1\n[face 1]\nshape.jawOpen = 0.1\nshape.jawOpen = 0.1\n",
          "f:4:1: shape.jawOpen must be given once, got it twice" },
        { "version = 1\n[face 1]\nshape.jawOpen = 0.9\n",
          "f:3:1: shape.jawOpen must be a number from -0.8 to 0.8, got '0.9'" },
        { "version = 1\n[face 1]\ngain.jawOpen = 0.5\n",
          "f:3:1: gain.jawOpen must be a number from 1 to 3, got '0.5'" },
        { "version = 1\n[face 1]\ngain.jawOpen = 1e99\n", "f:3:1: gain.jawOpen must be " },
        { "version = 1\n[face 1]\ngain.jawOpen\n", "f:3:" },
        { "version = 1\n[face 1]\ngain.jawOpen = 2\ngain.jawOpen = 2\n",
          "f:4:1: gain.jawOpen must be given once, got it twice" },
        { "\xff\xfe", "f" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_refused(bad[i].text, bad[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_comes_back),
        cmocka_unit_test(what_does_not_belong_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
