#include "pipeline/faces.h"

#include <string.h>

#include "nn/model.h"
#include "protocol/record.h"

_Static_assert((int)PIPELINE_KEYPOINTS_MAX == (int)PROTOCOL_KEYPOINTS_MAX &&
                   (int)NN_KEYPOINTS_MAX <= (int)PIPELINE_KEYPOINTS_MAX,
               "a record has room for all keypoints of a model");
_Static_assert((int)PIPELINE_DENSE_MAX == (int)PROTOCOL_DENSE_MAX &&
                   (int)NN_DENSE_MAX <= (int)PIPELINE_DENSE_MAX,
               "a record has room for all dense points of a model");

bool pipeline_faces_is_model(const struct nn_model_info *model)
{
    return strcmp(model->keypoint_set, "ibug68") == 0;
}

struct pipeline_tracker_options pipeline_faces_tracker_options(const struct nn_model_info *model,
                                                               int max_faces)
{
    return (struct pipeline_tracker_options){
        .keypoint_count = model->keypoint_count,
        .dense_count = model->dense_count,
        .margin = model->crop_margin,
        .max_faces = max_faces,
        .has_ibug68 = pipeline_faces_is_model(model),
    };
}

void pipeline_faces_fill(const struct nn_model_info *model,
                         const struct pipeline_observation *observation, struct protocol_face *face)
{
    face->score = observation->score;
    face->keypoint_count = model->keypoint_count;
    memcpy(face->keypoints, observation->keypoints,
           (size_t)face->keypoint_count * sizeof face->keypoints[0]);
    mc_keypoints_box(face->keypoints, face->keypoint_count, face->box);
    face->has_dense = model->dense_count > 0;
    face->dense_count = model->dense_count;
    memcpy(face->dense, observation->dense, (size_t)model->dense_count * sizeof face->dense[0]);
    face->has_jacobians = model->has_jacobians;
    if (face->has_jacobians) {
        memcpy(face->jacobians, observation->jacobians,
               (size_t)face->keypoint_count * sizeof face->jacobians[0]);
    }
}
