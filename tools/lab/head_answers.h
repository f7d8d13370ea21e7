// What a program says about the heads of a set.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "protocol/record.h"

struct lab_head_set;
struct tools_clip_options;

// About one image. Not a number: not answered.
struct lab_head_answer {
    bool found; // a face
    float shapes[PROTOCOL_SHAPE_COUNT];
    float gaze[2][2]; // left, right eye: yaw, pitch; degrees
    float euler[3];   // pitch, yaw, roll; degrees
};

struct lab_head_answers {
    const char *name;                // of the program; borrowed
    struct lab_head_answer *answers; // one for each head, in the set's order; owned
};

// Runs every image through a pipeline of its own, so that none knows of another. The field of
// view is the image's where truth.json has it. Free with lab_head_answers_finish. False and err,
// which names the image, on failure.
bool lab_head_answers_run(struct lab_head_answers *answers, const struct lab_head_set *set,
                          const struct tools_clip_options *options,
                          struct mc_error *err) MC_MUST_USE;

// Reads the answers of another program, a JSON object from the images' names to
// {"shapes": {…}, "gaze": [[yaw, pitch], [yaw, pitch]], "euler": [pitch, yaw, roll]}, or to null
// where it found no face. Every image must be there; all three parts are optional, and shapes of
// unknown names are ignored. Without gaze it follows from the eight looks.
bool lab_head_answers_read(struct lab_head_answers *answers, const struct lab_head_set *set,
                           const char *path, struct mc_error *err) MC_MUST_USE;

void lab_head_answers_finish(struct lab_head_answers *answers);
