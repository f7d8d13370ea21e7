#include "tools/bridge/rotation.h"

#include <math.h>
#include <stdbool.h>

#define DEGREES_PER_RADIAN 57.295779513082321

static const double IDENTITY[4] = { 0, 0, 0, 1 };

// To unit length, w not negative.
static void normalise(const float quaternion[4], double unit[4])
{
    double square = 0;
    for (int i = 0; i < 4; i++) {
        square += (double)quaternion[i] * quaternion[i];
    }
    const bool good = isfinite(square) && square > 1e-12;
    const double scale = good ? (quaternion[3] < 0 ? -1 : 1) / sqrt(square) : 0;
    for (int i = 0; i < 4; i++) {
        unit[i] = good ? scale * quaternion[i] : IDENTITY[i];
    }
}

void bridge_rotation_matrix(const float quaternion[4], double matrix[3][3])
{
    double q[4];
    normalise(quaternion, q);
    const double x = q[0], y = q[1], z = q[2], w = q[3];
    const double rows[3][3] = {
        { 1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w) },
        { 2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w) },
        { 2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y) },
    };
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            matrix[i][j] = rows[i][j];
        }
    }
}

void bridge_rotation_share(const float quaternion[4], double share, float result[4])
{
    double q[4];
    normalise(quaternion, q);
    const double sine = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2]);
    const double half = atan2(sine, q[3]) * share;
    // Towards no rotation at all the axis is lost; the limit of the ratio is share.
    const double scale = sine > 1e-9 ? sin(half) / sine : share;
    for (int i = 0; i < 3; i++) {
        result[i] = (float)(q[i] * scale);
    }
    result[3] = (float)cos(half);
}

void bridge_rotation_mirror(const float quaternion[4], float result[4])
{
    result[0] = quaternion[0];
    result[1] = -quaternion[1];
    result[2] = -quaternion[2];
    result[3] = quaternion[3];
}

void bridge_rotation_angles(double matrix[3][3], float angles[3])
{
    const double flat = hypot(matrix[2][1], matrix[2][2]); // cosine of y, not negative
    angles[0] = (float)(atan2(matrix[2][1], matrix[2][2]) * DEGREES_PER_RADIAN);
    angles[1] = (float)(atan2(-matrix[2][0], flat) * DEGREES_PER_RADIAN);
    angles[2] = (float)(atan2(matrix[1][0], matrix[0][0]) * DEGREES_PER_RADIAN);
}

void bridge_rotation_transposed_quaternion(double m[3][3], float quaternion[4])
{
    // Four times the square of each part.
    const double squares[4] = {
        1 + m[0][0] - m[1][1] - m[2][2],
        1 - m[0][0] + m[1][1] - m[2][2],
        1 - m[0][0] - m[1][1] + m[2][2],
        1 + m[0][0] + m[1][1] + m[2][2],
    };
    // The part that OpenSeeFace divides by: large enough, and positive in what it sends.
    const int leading = m[2][2] < 0 ? (m[0][0] > m[1][1] ? 0 : 1) : (m[0][0] < -m[1][1] ? 2 : 3);
    // Products of the parts, four times, of the transpose.
    const double xy = m[0][1] + m[1][0], xz = m[2][0] + m[0][2], yz = m[1][2] + m[2][1];
    const double xw = m[1][2] - m[2][1], yw = m[2][0] - m[0][2], zw = m[0][1] - m[1][0];
    const double products[4][4] = {
        { squares[0], xy, xz, xw },
        { xy, squares[1], yz, yw },
        { xz, yz, squares[2], zw },
        { xw, yw, zw, squares[3] },
    };
    const double scale = 0.5 / sqrt(squares[leading]);
    for (int i = 0; i < 4; i++) {
        quaternion[i] = (float)(products[leading][i] * scale);
    }
}

void bridge_rotation_of_gaze(const float gaze[2], float quaternion[4])
{
    // Ry(yaw) Rx(pitch).
    const double yaw = gaze[0] / (2 * DEGREES_PER_RADIAN);
    const double pitch = gaze[1] / (2 * DEGREES_PER_RADIAN);
    quaternion[0] = (float)(cos(yaw) * sin(pitch));
    quaternion[1] = (float)(sin(yaw) * cos(pitch));
    quaternion[2] = (float)(-sin(yaw) * sin(pitch));
    quaternion[3] = (float)(cos(yaw) * cos(pitch));
}

// a, then b in the axes that a has turned.
static void multiply(const double a[4], const double b[4], float product[4])
{
    product[0] = (float)(a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1]);
    product[1] = (float)(a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0]);
    product[2] = (float)(a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3]);
    product[3] = (float)(a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]);
}

void bridge_rotation_of_euler(const float euler[3], float quaternion[4])
{
    const float gaze[2] = { euler[1], euler[0] };
    const double half = euler[2] / (2 * DEGREES_PER_RADIAN);
    const double roll[4] = { 0, 0, sin(half), cos(half) };
    float turn[4];
    double unit[4];
    bridge_rotation_of_gaze(gaze, turn);
    normalise(turn, unit);
    multiply(unit, roll, quaternion);
}

void bridge_rotation_euler(const float quaternion[4], float euler[3])
{
    double m[3][3];
    bridge_rotation_matrix(quaternion, m);
    euler[0] = (float)(asin(fmax(-1, fmin(1, -m[1][2]))) * DEGREES_PER_RADIAN);
    euler[1] = (float)(atan2(m[0][2], m[2][2]) * DEGREES_PER_RADIAN);
    euler[2] = (float)(atan2(m[1][0], m[1][1]) * DEGREES_PER_RADIAN);
}

void bridge_rotation_from(const float first[4], const float both[4], float result[4])
{
    double inverse[4], whole[4];
    normalise(first, inverse);
    normalise(both, whole);
    for (int i = 0; i < 3; i++) {
        inverse[i] = -inverse[i];
    }
    multiply(inverse, whole, result);
}
