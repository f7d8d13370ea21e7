#!/usr/bin/env python3
"""Fits the mean 3-D face to labelled photographs: the positions of the 68 landmarks.

    tools/fit_mean_face.py LABELS.json >POSITIONS

training/pose_deviations.py makes pipeline/motion/mean_face.c of them.

LABELS.json is a list of {"set": ..., "points": [[x, y] x 68]}: iBUG landmarks
marked by hand on photographs of many people (--sets picks some of the list).
Nothing of it is in the result but the mean of all.

Every photograph shows the same face, turned and scaled by its own weak
perspective, plus what is particular to it. Two steps alternate until nothing
moves: with the face given, turn, scale and shift of each photograph; with those
given, the face by least squares, landmark by landmark. Heads that are turned
differently make the depth known. Three things keep the result clean: every
photograph counts a second time in the mirror, so that the face is symmetric;
residuals count less the larger they are (Cauchy), so that open mouths do not
become the mean; and landmarks weigh by how well they are met, so that eyes and
nose decide how a head is turned and not the jaw. Needs numpy.
"""

import argparse
import json
import sys

import numpy as np

MIRROR = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
FLIP = np.array([-1.0, 1.0, 1.0])
CAUCHY = 2.5  # in deviations of the landmark
LEAN = np.radians(2.0)  # forward, of the plane through outer eye corners and mouth corners
DEVIATION_MIN = 0.01  # of the distance of the outer eye corners


def first_guess(photos):
    """The median of the upright photographs, on a round head with a nose."""
    upright = []
    for points in photos:
        right = points[45] - points[36]
        turn = np.array([[right[0], right[1]], [-right[1], right[0]]])
        upright.append((points - (points[36] + points[45]) / 2) @ turn.T / (right @ right))
    flat = np.median(upright, axis=0)
    face = np.column_stack([flat, 1.2 * flat[:, 0] ** 2])
    face[27:36, 2] -= [0.05, 0.15, 0.25, 0.35, 0.1, 0.15, 0.2, 0.15, 0.1]
    return (face + face[MIRROR] * FLIP) / 2


def rotation(vector):
    """Of the vector's length, in radians, about the vector (Rodrigues)."""
    angle = np.linalg.norm(vector)
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def fit_photo(face, points, weight):
    """Turn, scale and shift of one photograph: a linear start, then Gauss-Newton."""
    root = np.sqrt(weight)[:, None]
    middle, target = weight @ face, weight @ points
    rest, seen = face - middle, points - target
    affine = np.linalg.lstsq(rest * root, seen * root, rcond=None)[0].T
    u, stretch, v = np.linalg.svd(affine, full_matrices=False)
    rows, scale = u @ v, stretch.mean()
    turn = np.vstack([rows, np.cross(rows[0], rows[1])])
    for _ in range(5):
        q = rest @ turn.T
        jacobian = np.zeros((68, 2, 4))
        jacobian[:, 0, 1] = scale * q[:, 2]
        jacobian[:, 1, 0] = -scale * q[:, 2]
        jacobian[:, 0, 2] = -scale * q[:, 1]
        jacobian[:, 1, 2] = scale * q[:, 0]
        jacobian[:, :, 3] = q[:, :2]
        a = (jacobian * root[:, :, None]).reshape(-1, 4)
        b = ((seen - scale * q[:, :2]) * root).reshape(-1)
        step = np.linalg.solve(a.T @ a, a.T @ b)
        turn = rotation(step[:3]) @ turn
        scale = max(scale + step[3], scale / 2)
    return turn, scale, target - scale * (turn @ middle)[:2]


def settle(face):
    """Fixes what the photographs leave open: unit, origin and pitch."""
    face = face - (face[36] + face[45]) / 2
    face = face / np.linalg.norm(face[36] - face[45])
    mouth = (face[48] + face[54]) / 2
    return face @ rotation(np.array([np.arctan2(-mouth[2], mouth[1]) - LEAN, 0, 0])).T


def improve(face, photos, deviation):
    """One round; returns the face, the landmarks' deviations, each photo's error."""
    weight = deviation**-2 / (deviation**-2).sum()
    right, left = np.zeros((68, 3)), np.zeros((68, 3, 3))
    errors = []
    for points in photos:
        turn, scale, shift = fit_photo(face, points, weight)
        flat = (points - shift) / scale
        error = np.linalg.norm(flat - (face @ turn.T)[:, :2], axis=1)
        trust = 1 / (1 + (error / (CAUCHY * deviation)) ** 2)
        rows = turn[:2]
        right += trust[:, None] * (flat @ rows)
        left += trust[:, None, None] * (rows.T @ rows)
        flat, trust = flat[MIRROR] * FLIP[:2], trust[MIRROR]
        rows = np.diag(FLIP[:2]) @ rows @ np.diag(FLIP)
        right += trust[:, None] * (flat @ rows)
        left += trust[:, None, None] * (rows.T @ rows)
        errors.append(error)
    face = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    face = settle((face + face[MIRROR] * FLIP) / 2)
    errors = np.array(errors)
    deviation = np.sqrt(np.median(errors**2, axis=0) / (2 * np.log(2)))
    deviation = np.maximum((deviation + deviation[MIRROR]) / 2, DEVIATION_MIN)
    return face, deviation, np.sqrt((errors**2).mean(axis=1))


def write(face):
    for place in face + 0.0:
        print(" ".join(f"{value:.4f}" for value in place))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("labels")
    parser.add_argument("--sets", nargs="*", default=["helen_train", "afw"])
    arguments = parser.parse_args()
    with open(arguments.labels) as file:
        labels = [row for row in json.load(file) if row["set"] in arguments.sets]
    photos = np.array([row["points"] for row in labels], dtype=float)
    face, deviation = first_guess(photos), np.full(68, 0.05)
    for number in range(200):
        before = face
        face, deviation, errors = improve(face, photos, deviation)
        change = abs(face - before).max()
        print(f"round {number}: moved {change:.5f}, error {np.median(errors):.4f}",
              file=sys.stderr)
        if change < 2e-5:
            break
    width = np.linalg.norm(face[16] - face[0])
    write(face / width)


if __name__ == "__main__":
    main()
