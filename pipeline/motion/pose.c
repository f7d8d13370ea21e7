#include "pipeline/motion/pose.h"

#include <math.h>
#include <string.h>

#include "pipeline/motion/mean_face.h"

enum {
    POINTS = PIPELINE_MEAN_FACE_POINTS,
    UNKNOWNS = 6, // turn about x, y, z; shift along x, y, z
    ROUNDS_MAX = 12,
};

static const float degrees = 57.2957795f;
static const float cauchy = 2.5f;          // in deviations of the landmark
static const float confidence_none = 0.1f; // landmarks with less do not count
static const float weight_least = 8;       // of all landmarks together, each at most 1 here
static const float depth_least = 0.3f;     // widths of the face
static const float settled = 1e-4f;        // radians, widths: the fit has converged
static const float progress_least = 1e-4f; // of the cost, from a step

// What the camera sees, in units of its focal length, and how much it counts.
struct seen {
    float u[POINTS], v[POINTS];
    float weight[POINTS]; // by confidence and deviation
    float bound2[POINTS]; // squared residual, widths of the face, that counts half
    float distance2;      // squared, of the start: turns u and v into widths of the face
};

struct guess {
    float turn[3][3], shift[3];
};

struct pipeline_camera pipeline_camera_make(int width, int height, float fov_degrees)
{
    const float edge = (float)(width > height ? width : height);
    return (struct pipeline_camera){
        .focal = edge / 2 / tanf(fov_degrees / degrees / 2),
        .x = (float)width / 2,
        .y = (float)height / 2,
    };
}

// The deviation from the mean face. Mouth and lower jaw move with every word, so they
// count for little: an opening mouth must not look like a lifted head.
static float deviation_of(int landmark)
{
    const bool moves = (landmark >= 3 && landmark <= 13) || landmark >= 48;
    return pipeline_mean_face[landmark].deviation * (moves ? 3 : 1);
}

// Returns false when too few landmarks are confident.
static bool read_landmarks(const struct mc_keypoint *keypoints,
                           const struct pipeline_camera *camera, struct seen *seen)
{
    float sum = 0;
    for (int i = 0; i < POINTS; i++) {
        const struct mc_keypoint *point = &keypoints[i];
        const float u = (point->x - camera->x) / camera->focal;
        const float v = (point->y - camera->y) / camera->focal;
        // No camera sees 100 focal lengths off its axis.
        const bool sane = fabsf(u) < 100 && fabsf(v) < 100 && point->c > confidence_none;
        const float confidence = sane ? fminf(point->c, 1) : 0;
        const float deviation = deviation_of(i);
        seen->u[i] = sane ? u : 0;
        seen->v[i] = sane ? v : 0;
        seen->weight[i] = confidence * confidence / (deviation * deviation);
        seen->bound2[i] = cauchy * cauchy * deviation * deviation;
        sum += confidence;
    }
    return sum >= weight_least;
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

static void sum_moments(const struct seen *seen, int first, int last, struct moments *m)
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

// A linear start: the 2x3 matrix that best maps these landmarks to the frame, its
// rows made orthogonal and of one length (polar decomposition), the third row
// their cross product. The scale is one over the distance.
static bool start(const struct seen *seen, int first, int last, struct guess *guess)
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
    const float scale = sum / 2; // mean of the two singular values
    if (!(product > 1e-4f * (p + r)) || !(scale > 1e-6f)) {
        return false;
    }
    for (int k = 0; k < 3; k++) {
        guess->turn[0][k] = ((r + product) * map[0][k] - q * map[1][k]) / (sum * product);
        guess->turn[1][k] = ((p + product) * map[1][k] - q * map[0][k]) / (sum * product);
    }
    float(*t)[3] = guess->turn;
    for (int k = 0; k < 3; k++) {
        const int a = (k + 1) % 3, b = (k + 2) % 3;
        t[2][k] = t[0][a] * t[1][b] - t[0][b] * t[1][a];
    }
    const float target[3] = { m.seen[0] / scale, m.seen[1] / scale, 1 / scale };
    for (int row = 0; row < 3; row++) {
        guess->shift[row] =
            target[row] - t[row][0] * m.face[0] - t[row][1] * m.face[1] - t[row][2] * m.face[2];
    }
    return true;
}

static void turn_point(const float turn[3][3], const struct pipeline_mean_point *p, float out[3])
{
    for (int row = 0; row < 3; row++) {
        out[row] = turn[row][0] * p->x + turn[row][1] * p->y + turn[row][2] * p->z;
    }
}

// The normal equations: upper triangle of the matrix, right side. Four landmarks at
// a time, each in a lane of its own, so that compilers can use vectors of four.
enum { LANES = 4 };
_Static_assert(POINTS % LANES == 0, "whole vectors of landmarks");

struct equations {
    float matrix[UNKNOWNS][UNKNOWNS][LANES];
    float right[UNKNOWNS][LANES];
};

// The Jacobian of four landmarks' positions in the frame with respect to the unknowns.
struct rows {
    float u[UNKNOWNS][LANES], v[UNKNOWNS][LANES];
    float du[LANES], dv[LANES]; // residuals
    float trust[LANES];
};

static void add_rows(struct equations *sum, const struct rows *rows)
{
    for (int a = 0; a < UNKNOWNS; a++) {
        float u[LANES], v[LANES];
        for (int l = 0; l < LANES; l++) {
            u[l] = rows->trust[l] * rows->u[a][l];
            v[l] = rows->trust[l] * rows->v[a][l];
            sum->right[a][l] += u[l] * rows->du[l] + v[l] * rows->dv[l];
        }
        for (int b = a; b < UNKNOWNS; b++) {
            for (int l = 0; l < LANES; l++) {
                sum->matrix[a][b][l] += u[l] * rows->u[b][l] + v[l] * rows->v[b][l];
            }
        }
    }
}

// Fills one lane from a landmark; its share of the cost, negative when it would lie
// behind the camera.
static float fill_row(struct rows *rows, int lane, const struct seen *seen, int i,
                      const struct guess *guess)
{
    float q[3];
    turn_point((const float(*)[3])guess->turn, &pipeline_mean_face[i], q);
    const float z = q[2] + guess->shift[2];
    if (!(z > depth_least)) {
        return -1;
    }
    const float k = 1 / z, u = (q[0] + guess->shift[0]) * k, v = (q[1] + guess->shift[1]) * k;
    const float du = seen->u[i] - u, dv = seen->v[i] - v;
    const float row_u[UNKNOWNS] = { -u * q[1], q[2] + u * q[0], -q[1], 1, 0, -u };
    const float row_v[UNKNOWNS] = { -q[2] - v * q[1], v * q[0], q[0], 0, 1, -v };
    for (int a = 0; a < UNKNOWNS; a++) {
        rows->u[a][lane] = row_u[a] * k;
        rows->v[a][lane] = row_v[a] * k;
    }
    const float off = (du * du + dv * dv) * seen->distance2 / seen->bound2[i];
    rows->du[lane] = du;
    rows->dv[lane] = dv;
    rows->trust[lane] = seen->weight[i] * seen->distance2 / (1 + off);
    return seen->weight[i] * seen->bound2[i] * log1pf(off);
}

// The equations at the guess, and the cost there: Cauchy's, of residuals in
// deviations. False when a landmark would lie behind the camera.
static bool linearise(const struct seen *seen, const struct guess *guess, struct equations *sum,
                      float *cost)
{
    memset(sum, 0, sizeof *sum);
    *cost = 0;
    for (int i = 0; i < POINTS; i += LANES) {
        struct rows rows;
        for (int lane = 0; lane < LANES; lane++) {
            const float share = fill_row(&rows, lane, seen, i + lane, guess);
            if (share < 0) {
                return false;
            }
            *cost += share;
        }
        add_rows(sum, &rows);
    }
    return true;
}

static float over_lanes(const float lanes[LANES])
{
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

// Solves the equations by Cholesky, the diagonal raised by damping.
static bool solve(const struct equations *sum, float damping, float step[UNKNOWNS])
{
    float lower[UNKNOWNS][UNKNOWNS];
    for (int a = 0; a < UNKNOWNS; a++) {
        for (int b = 0; b <= a; b++) {
            float rest = over_lanes(sum->matrix[b][a]) * (a == b ? 1 + damping : 1);
            for (int k = 0; k < b; k++) {
                rest -= lower[a][k] * lower[b][k];
            }
            if (a == b && !(rest > 0)) {
                return false;
            }
            lower[a][b] = a == b ? sqrtf(rest) : rest / lower[b][b];
        }
    }
    for (int a = 0; a < UNKNOWNS; a++) {
        step[a] = over_lanes(sum->right[a]);
        for (int k = 0; k < a; k++) {
            step[a] -= lower[a][k] * step[k];
        }
        step[a] /= lower[a][a];
    }
    for (int a = UNKNOWNS - 1; a >= 0; a--) {
        for (int k = a + 1; k < UNKNOWNS; k++) {
            step[a] -= lower[k][a] * step[k];
        }
        step[a] /= lower[a][a];
    }
    return true;
}

// Turns by the vector in the camera's axes (Rodrigues), and shifts.
static struct guess moved(const struct guess *from, const float step[UNKNOWNS])
{
    const float angle = sqrtf(step[0] * step[0] + step[1] * step[1] + step[2] * step[2]);
    const float s = angle > 1e-6f ? sinf(angle) / angle : 1;
    const float c = angle > 1e-6f ? (1 - cosf(angle)) / (angle * angle) : 0.5f;
    const float x = step[0], y = step[1], z = step[2];
    const float more[3][3] = {
        { 1 - c * (y * y + z * z), c * x * y - s * z, c * x * z + s * y },
        { c * x * y + s * z, 1 - c * (x * x + z * z), c * y * z - s * x },
        { c * x * z - s * y, c * y * z + s * x, 1 - c * (x * x + y * y) },
    };
    struct guess to;
    for (int row = 0; row < 3; row++) {
        for (int k = 0; k < 3; k++) {
            to.turn[row][k] = more[row][0] * from->turn[0][k] + more[row][1] * from->turn[1][k] +
                              more[row][2] * from->turn[2][k];
        }
        to.shift[row] = from->shift[row] + step[3 + row];
    }
    return to;
}

static bool is_small(const float step[UNKNOWNS])
{
    float most = 0;
    for (int i = 0; i < UNKNOWNS; i++) {
        most = fmaxf(most, fabsf(step[i]));
    }
    return most < settled;
}

// Starts from all landmarks, or from brows, nose and eyes alone where that fits them
// better: hands and expressions change the lower half most.
static bool start_best(struct seen *seen, struct guess *guess)
{
    struct guess upper;
    struct equations unused;
    float all_cost, upper_cost;
    const bool all_good = start(seen, 0, POINTS - 1, guess);
    const bool upper_good = start(seen, 17, 47, &upper);
    if (!all_good && !upper_good) {
        return false;
    }
    const struct guess *reference = all_good ? guess : &upper;
    seen->distance2 = reference->shift[2] * reference->shift[2];
    if (upper_good && (!all_good || !linearise(seen, guess, &unused, &all_cost) ||
                       (linearise(seen, &upper, &unused, &upper_cost) && upper_cost < all_cost))) {
        *guess = upper;
    }
    return true;
}

// Levenberg-Marquardt: a step that raises the cost is taken back and damped more.
static bool refine(const struct seen *seen, struct guess *guess)
{
    struct equations now, then;
    float cost, damping = 1e-4f;
    if (!linearise(seen, guess, &now, &cost)) {
        return false;
    }
    for (int round = 0; round < ROUNDS_MAX; round++) {
        float step[UNKNOWNS], next_cost;
        if (!solve(&now, damping, step)) {
            return false;
        }
        const struct guess next = moved(guess, step);
        if (linearise(seen, &next, &then, &next_cost) && next_cost <= cost) {
            const bool done = is_small(step) || cost - next_cost < progress_least * cost;
            *guess = next;
            if (done) {
                break;
            }
            now = then;
            cost = next_cost;
            damping = fmaxf(damping / 10, 1e-6f);
        } else if (is_small(step)) {
            break;
        } else {
            damping *= 30;
        }
    }
    return true;
}

// Root mean square over the landmarks that count, in widths of the face.
static float error_of(const struct seen *seen, const struct guess *guess)
{
    float sum = 0;
    int count = 0;
    for (int i = 0; i < POINTS; i++) {
        if (seen->weight[i] > 0) {
            float q[3];
            turn_point((const float(*)[3])guess->turn, &pipeline_mean_face[i], q);
            const float z = q[2] + guess->shift[2];
            const float du = seen->u[i] - (q[0] + guess->shift[0]) / z;
            const float dv = seen->v[i] - (q[1] + guess->shift[1]) / z;
            sum += du * du + dv * dv;
            count++;
        }
    }
    return sqrtf(sum / (float)count) * guess->shift[2];
}

bool pipeline_pose_fit(const struct mc_keypoint keypoints[68], const struct pipeline_camera *camera,
                       struct protocol_pose *pose)
{
    struct seen seen;
    struct guess guess;
    if (!read_landmarks(keypoints, camera, &seen) || !start_best(&seen, &guess) ||
        !refine(&seen, &guess)) {
        return false;
    }
    const float error = error_of(&seen, &guess);
    if (!isfinite(error) || !isfinite(guess.shift[0]) || !isfinite(guess.shift[1])) {
        return false;
    }
    pipeline_pose_set_rotation(pose, (const float(*)[3])guess.turn);
    memcpy(pose->translation, guess.shift, sizeof pose->translation);
    pose->error = error;
    return true;
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
