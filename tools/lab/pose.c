// mocap-lab pose: head poses of landmarks from elsewhere, to be compared with what is known of
// these heads (training/pose_evaluate.py).
#include "pipeline/motion/pose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/motion/fov.h"
#include "protocol/record.h"
#include "tools/lab/lab.h"
#include "tools/terminal.h"

enum { LANDMARKS = 68, HEAD = 4, NUMBERS = HEAD + 3 * LANDMARKS };

struct face {
    int width, height;
    float fov, seconds;
    struct mc_keypoint keypoints[LANDMARKS];
};

static bool read_face(const char *line, long number, struct face *face)
{
    float numbers[NUMBERS];
    const char *at = line;
    for (int i = 0; i < NUMBERS; i++) {
        char *end;
        numbers[i] = strtof(at, &end);
        if (end == at) {
            tools_complain("line %ld: must be %d numbers, got %d", number, NUMBERS, i);
            return false;
        }
        at = end;
    }
    if (at[strspn(at, " \t\r\n")] != '\0') {
        tools_complain("line %ld: must be %d numbers, got more", number, NUMBERS);
        return false;
    }
    for (int i = 0; i < 2; i++) {
        if (!(numbers[i] >= 1 && numbers[i] <= PROTOCOL_SIDE_MAX)) {
            tools_complain("line %ld: width and height must be from 1 to %d, got %g", number,
                           PROTOCOL_SIDE_MAX, (double)numbers[i]);
            return false;
        }
    }
    if (!(numbers[2] >= 0 && numbers[2] < 180)) {
        tools_complain("line %ld: the field of view must be from 0 to 180, got %g", number,
                       (double)numbers[2]);
        return false;
    }
    face->width = (int)numbers[0];
    face->height = (int)numbers[1];
    face->fov = numbers[2];
    face->seconds = numbers[3];
    for (int i = 0; i < LANDMARKS; i++) {
        const float *p = &numbers[HEAD + 3 * i];
        face->keypoints[i] = (struct mc_keypoint){ p[0], p[1], p[2] };
    }
    return true;
}

struct pose_options {
    bool distances;
};

static void write_pose(const struct pose_options *options, const struct face *face,
                       struct pipeline_fov *estimated)
{
    struct pipeline_fov given;
    struct pipeline_fov *fov = estimated;
    struct pipeline_pose_fit fit;
    if (face->fov > 0) {
        pipeline_fov_init(&given, face->fov);
        fov = &given;
    }
    const struct pipeline_camera camera = pipeline_fov_camera(fov, face->width, face->height);
    if (!pipeline_pose_find(face->keypoints, &camera, NULL, &fit)) {
        puts("none");
        return;
    }
    struct protocol_pose published = fit.pose;
    const struct protocol_pose *pose = &published;
    pipeline_pose_correct(&published);
    printf("%.4f %.4f %.4f %.5f %.5f %.5f %.5f %.3f", (double)pose->euler[0],
           (double)pose->euler[1], (double)pose->euler[2], (double)pose->translation[0],
           (double)pose->translation[1], (double)pose->translation[2], (double)pose->error,
           (double)pipeline_fov_degrees(fov));
    for (int i = 0; options->distances && i < LANDMARKS; i++) {
        printf(" %.3f", (double)fit.off[i]);
    }
    putchar('\n');
    pipeline_fov_add(fov, &fit, face->seconds);
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct pipeline_fov estimated;
    struct face face;
    char *line = NULL;
    size_t size = 0;
    bool good = true;
    pipeline_fov_init(&estimated, 0);
    for (long number = 1; good && getline(&line, &size, stdin) >= 0; number++) {
        good = read_face(line, number, &face);
        if (good) {
            write_pose(options, &face, &estimated);
        }
    }
    free(line);
    if (good && (ferror(stdin) || fflush(stdout) != 0)) {
        tools_complain("%s", strerror(errno));
        good = false;
    }
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option pose_table[] = {
    { "distances", 0, NULL,
      "also write each landmark's distance from the fitted head, in its standard deviations",
      MC_OPTION_BOOL, MC_OPTION_FIELD(struct pose_options, distances) },
    { 0 },
};

const struct mc_command lab_pose_command = {
    .name = "pose",
    .summary = "fit head poses to landmarks from standard input",
    .details =
        "Each line is a face: width and height of its frame, the camera's field of view in "
        "degrees along the longer edge (0: estimated from the lines so far), the seconds since "
        "the line before, then x, y and confidence of the 68 landmarks in pixels. For each line "
        "one is written: pitch, yaw and roll in degrees, x, y and z in face widths, the error of "
        "the fit and the field of view in degrees; or \"none\".",
    .options = pose_table,
    .options_size = sizeof(struct pose_options),
    .run = run,
};
