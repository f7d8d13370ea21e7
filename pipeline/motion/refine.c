#include "pipeline/motion/refine.h"

#include <math.h>
#include <string.h>

enum {
    POINTS = PIPELINE_MEAN_FACE_POINTS,
    UNKNOWNS = 6, // turn about x, y, z; shift along x, y, z
    ROUNDS_MAX = 12,
};

static const float depth_least = 0.3f;     // face widths
static const float settled = 1e-4f;        // radians, face widths: the fit has converged
static const float progress_least = 1e-4f; // of the cost, from a step

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
static float fill_row(struct rows *rows, int lane, const struct pipeline_refine_seen *seen, int i,
                      const struct pipeline_refine_guess *guess)
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
static bool linearise(const struct pipeline_refine_seen *seen,
                      const struct pipeline_refine_guess *guess, struct equations *sum, float *cost)
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
static struct pipeline_refine_guess moved(const struct pipeline_refine_guess *from,
                                          const float step[UNKNOWNS])
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
    struct pipeline_refine_guess to;
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

// Levenberg-Marquardt: a step that raises the cost is taken back and damped more.
bool pipeline_refine_run(const struct pipeline_refine_seen *seen,
                         struct pipeline_refine_guess *guess)
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
        const struct pipeline_refine_guess next = moved(guess, step);
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

bool pipeline_refine_cost(const struct pipeline_refine_seen *seen,
                          const struct pipeline_refine_guess *guess, float *cost)
{
    struct equations unused;
    return linearise(seen, guess, &unused, cost);
}

float pipeline_refine_residual2(const struct pipeline_refine_seen *seen,
                                const struct pipeline_refine_guess *guess, int landmark)
{
    float q[3];
    turn_point((const float(*)[3])guess->turn, &pipeline_mean_face[landmark], q);
    const float z = q[2] + guess->shift[2];
    const float du = seen->u[landmark] - (q[0] + guess->shift[0]) / z;
    const float dv = seen->v[landmark] - (q[1] + guess->shift[1]) / z;
    return (du * du + dv * dv) * guess->shift[2] * guess->shift[2];
}

// The column of a seventh unknown, one over the focal length relative to the camera's, whose
// derivatives are -u and -v: its products with the other six, with itself and with the residuals.
struct lens_column {
    float products[UNKNOWNS], square, right;
};

static bool sum_lens(const struct pipeline_refine_seen *seen,
                     const struct pipeline_refine_guess *guess, struct lens_column *sum)
{
    *sum = (struct lens_column){ 0 };
    for (int i = 0; i < POINTS; i++) {
        struct rows rows;
        if (fill_row(&rows, 0, seen, i, guess) < 0) {
            return false;
        }
        const float trust = rows.trust[0], du = rows.du[0], dv = rows.dv[0];
        const float u = seen->u[i] - du, v = seen->v[i] - dv;
        for (int a = 0; a < UNKNOWNS; a++) {
            sum->products[a] -= trust * (u * rows.u[a][0] + v * rows.v[a][0]);
        }
        sum->square += trust * (u * u + v * v);
        sum->right -= trust * (u * du + v * dv);
    }
    return true;
}

void pipeline_refine_lens(const struct pipeline_refine_seen *seen,
                          const struct pipeline_refine_guess *guess, struct pipeline_lens *lens)
{
    struct equations equations;
    struct lens_column column;
    float cost, share[UNKNOWNS];
    *lens = (struct pipeline_lens){ 0 };
    if (!linearise(seen, guess, &equations, &cost) || !sum_lens(seen, guess, &column)) {
        return;
    }
    float right = column.right, square = column.square, sums[UNKNOWNS];
    for (int a = 0; a < UNKNOWNS; a++) {
        sums[a] = over_lanes(equations.right[a]);
        memset(equations.right[a], 0, sizeof equations.right[a]);
        equations.right[a][0] = column.products[a];
    }
    if (!solve(&equations, 0, share)) {
        return;
    }
    // What pose can't explain (Schur's complement).
    for (int a = 0; a < UNKNOWNS; a++) {
        right -= share[a] * sums[a];
        square -= share[a] * column.products[a];
    }
    if (square > 0 && isfinite(right / square)) {
        lens->scale = 1 + right / square;
        lens->information = square;
    }
}
