#include "pipeline/motion/pose.h"

#include <math.h>
#include <string.h>

#include "pipeline/motion/mean_face.h"
#include "pipeline/motion/refine.h"

enum { POINTS = PIPELINE_MEAN_FACE_POINTS, PASSES = 2 };

static const float degrees = 57.2957795f;
static const float cauchy = 1.2f;          // in deviations of the landmark
static const float confidence_none = 0.1f; // landmarks with less do not count
static const float weight_least = 8;       // of all landmarks together, each at most 1 here
static const float turned2 = 0.5868f;      // squared sine of PIPELINE_MEAN_FACE_TURNED
static const float facing_least = -0.3f;   // cosine between face and camera: profiles pass
static const float pitch_gain = 1.2f;      // of what landmarks say
static const float pitch_most = 85;        // degrees
static const float agree_least = 0.7f;     // cosine between the fit and what is expected
static const float worse_most = 2;         // times the cost: what agrees better is preferred

struct pipeline_camera pipeline_camera_make(int width, int height, float fov_degrees)
{
    const float edge = (float)(width > height ? width : height);
    return (struct pipeline_camera){
        .focal = edge / 2 / tanf(fov_degrees / degrees / 2),
        .x = (float)width / 2,
        .y = (float)height / 2,
    };
}

struct pipeline_camera pipeline_camera_of_pose(int width, int height,
                                               const struct mc_keypoint keypoints[68],
                                               const struct protocol_pose *pose)
{
    struct pipeline_camera camera = { .x = (float)width / 2, .y = (float)height / 2 };
    float turn[3][3], along = 0, square = 0;
    pipeline_pose_matrix(pose, turn);
    for (int i = 0; i < POINTS; i++) {
        const struct pipeline_mean_point *p = &pipeline_mean_face[i];
        float q[3];
        for (int row = 0; row < 3; row++) {
            q[row] = turn[row][0] * p->x + turn[row][1] * p->y + turn[row][2] * p->z +
                     pose->translation[row];
        }
        const float u = q[0] / q[2], v = q[1] / q[2];
        along += u * (keypoints[i].x - camera.x) + v * (keypoints[i].y - camera.y);
        square += u * u + v * v;
    }
    camera.focal = along / square;
    return camera;
}

void pipeline_camera_turn(const struct pipeline_camera *camera, float x, float y,
                          const float from[3][3], float to[3][3])
{
    // The shortest rotation of the optical axis to the line of sight (Rodrigues).
    const float u = (x - camera->x) / camera->focal, v = (y - camera->y) / camera->focal;
    const float length = sqrtf(u * u + v * v + 1), a = u / length, b = v / length, c = 1 / length;
    const float look[3][3] = {
        { 1 - a * a / (1 + c), -a * b / (1 + c), a },
        { -a * b / (1 + c), 1 - b * b / (1 + c), b },
        { -a, -b, c },
    };
    for (int row = 0; row < 3; row++) {
        for (int k = 0; k < 3; k++) {
            to[row][k] =
                look[row][0] * from[0][k] + look[row][1] * from[1][k] + look[row][2] * from[2][k];
        }
    }
}

// Returns false when too few landmarks are confident.
static bool read_landmarks(const struct mc_keypoint *keypoints,
                           const struct pipeline_camera *camera, struct pipeline_refine_seen *seen)
{
    float sum = 0;
    for (int i = 0; i < POINTS; i++) {
        const struct mc_keypoint *point = &keypoints[i];
        const float u = (point->x - camera->x) / camera->focal;
        const float v = (point->y - camera->y) / camera->focal;
        // No camera sees 100 focal lengths off its axis.
        const bool sane = fabsf(u) < 100 && fabsf(v) < 100 && point->c > confidence_none;
        const float confidence = sane ? fminf(point->c, 1) : 0;
        seen->u[i] = sane ? u : 0;
        seen->v[i] = sane ? v : 0;
        seen->trust[i] = confidence * confidence;
        sum += confidence;
    }
    return sum >= weight_least;
}

// The squared deviation of a landmark from the mean face, where sine is that of the yaw: a
// landmark on the side that turns away is seen less and less.
static float deviation2_of(int landmark, float sine)
{
    const struct pipeline_mean_point *p = &pipeline_mean_face[landmark];
    const bool away = p->x < 0 ? sine > 0 : sine < 0;
    const float side = away ? p->hidden : p->shown, front2 = p->deviation * p->deviation;
    return front2 + (side * side - front2) * fminf(1, sine * sine / turned2);
}

static void weigh(struct pipeline_refine_seen *seen, float sine)
{
    for (int i = 0; i < POINTS; i++) {
        const float deviation2 = deviation2_of(i, sine);
        seen->weight[i] = seen->trust[i] / deviation2;
        seen->bound2[i] = cauchy * cauchy * deviation2;
    }
}

// The inverse of a symmetric, positive 3x3 matrix; false when it is flat.
static bool invert3(const float m[3][3], float inverse[3][3])
{
    const float a = m[1][1] * m[2][2] - m[1][2] * m[1][2];
    const float b = m[0][2] * m[1][2] - m[0][1] * m[2][2];
    const float c = m[0][1] * m[1][2] - m[0][2] * m[1][1];
    const float determinant = m[0][0] * a + m[0][1] * b + m[0][2] * c;
    if (!(determinant > 1e-9f * m[0][0] * m[1][1] * m[2][2])) {
        return false;
    }
    inverse[0][0] = a / determinant;
    inverse[0][1] = inverse[1][0] = b / determinant;
    inverse[0][2] = inverse[2][0] = c / determinant;
    inverse[1][1] = (m[0][0] * m[2][2] - m[0][2] * m[0][2]) / determinant;
    inverse[1][2] = inverse[2][1] = (m[0][1] * m[0][2] - m[0][0] * m[1][2]) / determinant;
    inverse[2][2] = (m[0][0] * m[1][1] - m[0][1] * m[0][1]) / determinant;
    return true;
}

// Weighted means, and moments about them, of the mean face and the observed landmarks.
struct moments {
    float face[3], seen[2];
    float face_face[3][3], seen_face[2][3];
};

static void sum_moments(const struct pipeline_refine_seen *seen, int first, int last,
                        struct moments *m)
{
    float total = 0;
    *m = (struct moments){ 0 };
    for (int i = first; i <= last; i++) {
        const struct pipeline_mean_point *p = &pipeline_mean_face[i];
        const float w = seen->weight[i];
        total += w;
        m->face[0] += w * p->x;
        m->face[1] += w * p->y;
        m->face[2] += w * p->z;
        m->seen[0] += w * seen->u[i];
        m->seen[1] += w * seen->v[i];
    }
    for (int k = 0; k < 3; k++) {
        m->face[k] /= total;
    }
    m->seen[0] /= total;
    m->seen[1] /= total;
    for (int i = first; i <= last; i++) {
        const struct pipeline_mean_point *p = &pipeline_mean_face[i];
        const float w = seen->weight[i] / total;
        const float d[3] = { p->x - m->face[0], p->y - m->face[1], p->z - m->face[2] };
        const float e[2] = { seen->u[i] - m->seen[0], seen->v[i] - m->seen[1] };
        for (int row = 0; row < 3; row++) {
            for (int k = 0; k < 3; k++) {
                m->face_face[row][k] += w * d[row] * d[k];
            }
            m->seen_face[0][row] += w * e[0] * d[row];
            m->seen_face[1][row] += w * e[1] * d[row];
        }
    }
}

// The third row of a rotation from the others.
static void complete_rotation(float t[3][3])
{
    for (int k = 0; k < 3; k++) {
        const int a = (k + 1) % 3, b = (k + 2) % 3;
        t[2][k] = t[0][a] * t[1][b] - t[0][b] * t[1][a];
    }
}

// Where a head of this rotation lies, by weak perspective: its scale is one over the distance.
static bool place(const struct moments *m, struct pipeline_refine_guess *guess)
{
    float seen = 0, face = 0;
    for (int row = 0; row < 2; row++) {
        for (int k = 0; k < 3; k++) {
            seen += m->seen_face[row][k] * guess->turn[row][k];
            for (int j = 0; j < 3; j++) {
                face += guess->turn[row][k] * m->face_face[k][j] * guess->turn[row][j];
            }
        }
    }
    const float scale = seen / face;
    if (!(scale > 1e-6f)) {
        return false;
    }
    const float target[3] = { m->seen[0] / scale, m->seen[1] / scale, 1 / scale };
    for (int row = 0; row < 3; row++) {
        const float *t = guess->turn[row];
        guess->shift[row] = target[row] - t[0] * m->face[0] - t[1] * m->face[1] - t[2] * m->face[2];
    }
    return true;
}

// A linear start: the 2x3 matrix that best maps these landmarks to the frame, its
// rows made orthogonal and of one length (polar decomposition), the third row
// their cross product.
static bool start_linear(const struct pipeline_refine_seen *seen, int first, int last,
                         struct pipeline_refine_guess *guess)
{
    struct moments m;
    float inverse[3][3], map[2][3] = { { 0 } };
    sum_moments(seen, first, last, &m);
    if (!invert3((const float(*)[3])m.face_face, inverse)) {
        return false;
    }
    for (int row = 0; row < 2; row++) {
        for (int k = 0; k < 3; k++) {
            for (int j = 0; j < 3; j++) {
                map[row][k] += m.seen_face[row][j] * inverse[j][k];
            }
        }
    }
    // The square root of map map' = [p q; q r], and with it map's rows.
    float p = 0, q = 0, r = 0;
    for (int k = 0; k < 3; k++) {
        p += map[0][k] * map[0][k];
        q += map[0][k] * map[1][k];
        r += map[1][k] * map[1][k];
    }
    const float product = sqrtf(fmaxf(0, p * r - q * q)), sum = sqrtf(p + r + 2 * product);
    if (!(product > 1e-4f * (p + r)) || !(sum > 2e-6f)) {
        return false;
    }
    for (int k = 0; k < 3; k++) {
        guess->turn[0][k] = ((r + product) * map[0][k] - q * map[1][k]) / (sum * product);
        guess->turn[1][k] = ((p + product) * map[1][k] - q * map[0][k]) / (sum * product);
    }
    complete_rotation(guess->turn);
    return place(&m, guess);
}

// Of this rotation, whatever the landmarks say.
static bool start_turned(const struct pipeline_refine_seen *seen, const float turn[3][3],
                         struct pipeline_refine_guess *guess)
{
    struct moments m;
    sum_moments(seen, 0, POINTS - 1, &m);
    memcpy(guess->turn, turn, sizeof guess->turn);
    return place(&m, guess);
}

// Towards the camera, upright as the line through the eyes.
static bool start_facing(const struct pipeline_refine_seen *seen,
                         struct pipeline_refine_guess *guess)
{
    float right[2] = { 0 }, left[2] = { 0 };
    for (int i = 36; i < 42; i++) {
        right[0] += seen->u[i];
        right[1] += seen->v[i];
        left[0] += seen->u[i + 6];
        left[1] += seen->v[i + 6];
    }
    const float du = left[0] - right[0], dv = left[1] - right[1], length = hypotf(du, dv);
    if (!(length > 0)) {
        return false;
    }
    const float c = du / length, s = dv / length;
    const float turn[3][3] = { { c, -s, 0 }, { s, c, 0 }, { 0, 0, 1 } };
    return start_turned(seen, turn, guess);
}

// Whether the camera sees the front of the face, or its profile at least.
static bool is_facing(const struct pipeline_refine_guess *guess)
{
    const float *shift = guess->shift;
    float along = 0, length2 = 0;
    for (int row = 0; row < 3; row++) {
        along += guess->turn[row][2] * shift[row];
        length2 += shift[row] * shift[row];
    }
    return along > facing_least * sqrtf(length2);
}

// The start that fits best: from all landmarks; from brows, nose and eyes, as hands and
// expressions change the lower half most; straight ahead; or as expected.
static bool start_best(struct pipeline_refine_seen *seen, const float expected[3][3],
                       struct pipeline_refine_guess *best)
{
    struct pipeline_refine_guess starts[4];
    const bool good[4] = {
        start_linear(seen, 0, POINTS - 1, &starts[0]),
        start_linear(seen, 17, 47, &starts[1]),
        start_facing(seen, &starts[2]),
        expected != NULL && start_turned(seen, expected, &starts[3]),
    };
    float least = INFINITY;
    seen->distance2 = 0;
    if (!good[0] && !good[1]) {
        return false; // all at one point, or on a line
    }
    for (int i = 0; i < 4; i++) {
        float cost;
        if (!good[i] || !is_facing(&starts[i])) {
            continue;
        }
        if (!(seen->distance2 > 0)) {
            seen->distance2 = starts[i].shift[2] * starts[i].shift[2];
        }
        if (pipeline_refine_cost(seen, &starts[i], &cost) && cost < least) {
            least = cost;
            *best = starts[i];
        }
    }
    return isfinite(least);
}

// Weights follow from how far the head is turned, and that from the weights.
static bool refine(struct pipeline_refine_seen *seen, struct pipeline_refine_guess *guess)
{
    for (int pass = 0; pass < PASSES; pass++) {
        weigh(seen, guess->turn[0][2]);
        if (!pipeline_refine_run(seen, guess)) {
            return false;
        }
    }
    return is_facing(guess);
}

// The cosine of the angle between two rotations.
static float cosine_between(const float a[3][3], const float b[3][3])
{
    float trace = 0;
    for (int i = 0; i < 9; i++) {
        trace += a[i / 3][i % 3] * b[i / 3][i % 3];
    }
    return (trace - 1) / 2;
}

// A fit far from the expected rotation has run into a wrong minimum, unless the one that starts
// there fits much worse.
static bool refine_from_expected(struct pipeline_refine_seen *seen, const float expected[3][3],
                                 struct pipeline_refine_guess *guess)
{
    struct pipeline_refine_guess other;
    float cost, other_cost;
    weigh(seen, expected[0][2]);
    return start_turned(seen, expected, &other) && refine(seen, &other) &&
           cosine_between((const float(*)[3])other.turn, expected) >
               cosine_between((const float(*)[3])guess->turn, expected) &&
           pipeline_refine_cost(seen, &other, &other_cost) &&
           (!pipeline_refine_cost(seen, guess, &cost) || other_cost < worse_most * cost) &&
           (*guess = other, true);
}

static bool find(struct pipeline_refine_seen *seen, const float expected[3][3],
                 struct pipeline_refine_guess *guess)
{
    weigh(seen, 0);
    if (!start_best(seen, expected, guess)) {
        return false;
    }
    const bool found = refine(seen, guess);
    if (expected != NULL &&
        (!found || cosine_between((const float(*)[3])guess->turn, expected) < agree_least)) {
        return refine_from_expected(seen, expected, guess) || found;
    }
    return found;
}

// Fills the distances of the landmarks; returns the root mean square of those that count, face
// widths.
static float measure(const struct pipeline_refine_seen *seen,
                     const struct pipeline_refine_guess *guess, struct pipeline_pose_fit *fit)
{
    float sum = 0;
    int count = 0;
    for (int i = 0; i < POINTS; i++) {
        const float off2 = pipeline_refine_residual2(seen, guess, i);
        fit->off[i] = seen->trust[i] > 0 ? sqrtf(off2 / seen->bound2[i]) * cauchy : INFINITY;
        if (seen->trust[i] > 0) {
            sum += off2;
            count++;
        }
    }
    return sqrtf(sum / (float)count);
}

bool pipeline_pose_find(const struct mc_keypoint keypoints[68],
                        const struct pipeline_camera *camera, const float expected[3][3],
                        struct pipeline_pose_fit *fit)
{
    struct pipeline_refine_seen seen;
    struct pipeline_refine_guess guess;
    if (!read_landmarks(keypoints, camera, &seen) || !find(&seen, expected, &guess)) {
        return false;
    }
    const float error = measure(&seen, &guess, fit);
    if (!isfinite(error) || !isfinite(guess.shift[0]) || !isfinite(guess.shift[1])) {
        return false;
    }
    pipeline_pose_set_rotation(&fit->pose, (const float(*)[3])guess.turn);
    memcpy(fit->pose.translation, guess.shift, sizeof fit->pose.translation);
    fit->pose.error = error;
    pipeline_refine_lens(&seen, &guess, &fit->lens);
    return true;
}

bool pipeline_pose_fit(const struct mc_keypoint keypoints[68], const struct pipeline_camera *camera,
                       struct protocol_pose *pose)
{
    struct pipeline_pose_fit fit;
    if (!pipeline_pose_find(keypoints, camera, NULL, &fit)) {
        return false;
    }
    *pose = fit.pose;
    return true;
}

void pipeline_pose_correct(struct protocol_pose *pose)
{
    const float pitch = fminf(fmaxf(pitch_gain * pose->euler[0], -pitch_most), pitch_most);
    const float p = pitch / degrees, y = pose->euler[1] / degrees, r = pose->euler[2] / degrees;
    const float cp = cosf(p), sp = sinf(p), cy = cosf(y), sy = sinf(y), cr = cosf(r), sr = sinf(r);
    const float turn[3][3] = {
        { cy * cr + sy * sp * sr, sy * sp * cr - cy * sr, sy * cp },
        { cp * sr, cp * cr, -sp },
        { cy * sp * sr - sy * cr, sy * sr + cy * sp * cr, cy * cp },
    };
    if (fabsf(pose->euler[0]) < pitch_most) {
        pipeline_pose_set_rotation(pose, turn);
    }
}

void pipeline_pose_matrix(const struct protocol_pose *pose, float matrix[3][3])
{
    const float x = pose->rotation[0], y = pose->rotation[1], z = pose->rotation[2];
    const float w = pose->rotation[3];
    const float rows[3][3] = {
        { 1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y) },
        { 2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x) },
        { 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y) },
    };
    memcpy(matrix, rows, sizeof rows);
}

// The quaternion from its largest part, so that no small number divides (Shepperd
// 1978); of its two signs the one with w from 0 on.
void pipeline_pose_set_rotation(struct protocol_pose *pose, const float m[3][3])
{
    const float squares[4] = { 1 + m[0][0] - m[1][1] - m[2][2], 1 - m[0][0] + m[1][1] - m[2][2],
                               1 - m[0][0] - m[1][1] + m[2][2], 1 + m[0][0] + m[1][1] + m[2][2] };
    int largest = 3;
    for (int i = 0; i < 3; i++) {
        largest = squares[i] > squares[largest] ? i : largest;
    }
    float q[4];
    const float s = 2 * sqrtf(squares[largest]);
    if (largest == 3) {
        q[0] = (m[2][1] - m[1][2]) / s;
        q[1] = (m[0][2] - m[2][0]) / s;
        q[2] = (m[1][0] - m[0][1]) / s;
    } else {
        const int a = largest, b = (a + 1) % 3, c = (a + 2) % 3;
        q[b] = (m[b][a] + m[a][b]) / s;
        q[c] = (m[c][a] + m[a][c]) / s;
        q[3] = (m[c][b] - m[b][c]) / s;
    }
    q[largest] = s / 4;
    const float length = sqrtf(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    const float sign = q[3] < 0 ? -1 / length : 1 / length;
    for (int i = 0; i < 4; i++) {
        pose->rotation[i] = q[i] * sign;
    }
    // turn = Ry(yaw) Rx(pitch) Rz(roll)
    pose->euler[0] = degrees * asinf(fmaxf(-1, fminf(1, -m[1][2])));
    pose->euler[1] = degrees * atan2f(m[0][2], m[2][2]);
    pose->euler[2] = degrees * atan2f(m[1][0], m[1][1]);
}
