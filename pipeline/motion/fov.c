#include "pipeline/motion/fov.h"

#include <math.h>

static const float degrees = 57.2957795f;

// What is known without a face: most cameras see 40 to 75 degrees, few faces are nearer than
// half a metre. The latter counts for faces that fill the frame, as in clips cut to a face: with 60
// degrees these would be a hand's breadth away.
static const float tangent_prior = 0.577f, tangent_deviation = 0.25f; // of 60 degrees
static const float near_prior = 0.25f, near_deviation = 0.1f;         // face widths over distance
static const float tangent_least = 0.176f, tangent_most = 1.428f;     // of 20, of 110 degrees

static const float error_max = 0.1f;             // of a fit to learn from, face widths
static const float yaw_max = 45, pitch_max = 35; // likewise, degrees
static const float near_least = 0.1f;            // face widths over distance: shows perspective
static const float step = 10;                    // degrees, between views
static const float count_most = 300;             // frames of a view that its means remember
static const float count_half = 10;              // frames after which a view has half its say

// A fit takes the deviations of landmarks for independent noise. Most of them are one head's own
// width, height and depth, which pose and distance take up, so its information is larger than it
// reports. Checked on renders and on simulated people, whose cameras are known.
static const float tempered = 4;
// What is left is the same in all views of a person: many are worth this much more than one.
static const float views_half = 1.2f;

static const float settle_least_s = 0.2f, settle_most_s = 20; // time constant of what is in use
static const float settle_share = 0.33f;                      // of the time seen so far

static void restart(struct pipeline_fov *fov, int width, int height)
{
    *fov = (struct pipeline_fov){
        .fixed = fov->fixed,
        .width = width,
        .height = height,
        .tangent = fov->fixed > 0 ? tanf(fov->fixed / 2 / degrees) : tangent_prior,
    };
}

void pipeline_fov_init(struct pipeline_fov *fov, float fixed)
{
    fov->fixed = fixed;
    restart(fov, 0, 0);
}

float pipeline_fov_degrees(const struct pipeline_fov *fov)
{
    return 2 * atanf(fov->tangent) * degrees;
}

struct pipeline_camera pipeline_fov_camera(struct pipeline_fov *fov, int width, int height)
{
    if (width != fov->width || height != fov->height) {
        restart(fov, width, height);
    }
    return pipeline_camera_make(width, height, pipeline_fov_degrees(fov));
}

static bool can_learn(const struct pipeline_pose_fit *fit)
{
    const struct protocol_pose *pose = &fit->pose;
    return fit->lens.information > 0 && pose->error < error_max &&
           fabsf(pose->euler[0]) < pitch_max && fabsf(pose->euler[1]) < yaw_max &&
           pose->translation[2] * near_least < 1;
}

static int index_of(float angle, int count)
{
    const int index = (int)lroundf(angle / step) + count / 2;
    return index < 0 ? 0 : index >= count ? count - 1 : index;
}

static void add_evidence(struct pipeline_fov *fov, const struct pipeline_pose_fit *fit)
{
    const float *euler = fit->pose.euler;
    struct pipeline_fov_view *view = &fov->views[index_of(euler[1], PIPELINE_FOV_YAWS)]
                                                [index_of(euler[0], PIPELINE_FOV_PITCHES)];
    const float tangent = fminf(fmaxf(fov->tangent * fit->lens.scale, 0), 2 * tangent_most);
    const float information = tempered * fit->lens.information / (fov->tangent * fov->tangent);
    view->count = fminf(view->count + 1, count_most);
    view->information += (information - view->information) / view->count;
    view->sum += (tangent * information - view->sum) / view->count;
    const float share = 1 / (fit->pose.translation[2] * fov->tangent);
    fov->share_count = fminf(fov->share_count + 1, count_most);
    fov->share += (share - fov->share) / fov->share_count;
}

// The mean of what is known and seen, each by its information.
static float estimate(const struct pipeline_fov *fov)
{
    float views = 0, information = 0, sum = 0;
    for (int i = 0; i < PIPELINE_FOV_YAWS * PIPELINE_FOV_PITCHES; i++) {
        const struct pipeline_fov_view *view = &fov->views[0][0] + i;
        const float say = view->count / (view->count + count_half);
        views += say;
        information += say * view->information;
        sum += say * view->sum;
    }
    const float many = 1 / (views + views_half);
    const float prior = 1 / (tangent_deviation * tangent_deviation);
    information = many * information + prior;
    float mean = (many * sum + prior * tangent_prior) / information;
    if (mean * fov->share > near_prior) {
        const float near = fov->share * fov->share / (near_deviation * near_deviation);
        mean = (mean * information + near * near_prior / fov->share) / (information + near);
    }
    return fminf(fmaxf(mean, tangent_least), tangent_most);
}

void pipeline_fov_add(struct pipeline_fov *fov, const struct pipeline_pose_fit *fit, float dt_s)
{
    if (fov->fixed > 0 || !can_learn(fit)) {
        return;
    }
    add_evidence(fov, fit);
    fov->seconds += dt_s;
    const float settle_s = fminf(fmaxf(fov->seconds * settle_share, settle_least_s), settle_most_s);
    fov->tangent += (estimate(fov) - fov->tangent) * (1 - expf(-dt_s / settle_s));
}
