"""Comparing motion, and driving with it."""

import os
import shutil
import tempfile
import unittest

import cv2
import numpy as np
import torch

from training import drive, nets
from training.nets import heads


def oval(shift, width=14.0, size=64):
    image = np.full((size, size, 3), 70, np.uint8)
    fine = 16  # parts of a pixel
    centre, axes = (round((32 + shift) * fine), 30 * fine), (round(width * fine), 18 * fine)
    return cv2.ellipse(image, centre, axes, 0, 0, 360, (200, 170, 150), -1, cv2.LINE_AA, 4)


class Moments(torch.nn.Module):
    """One keypoint in the middle of what is bright, and how far that spreads as its Jacobian."""

    def __init__(self, noise=0.0):
        super().__init__()
        self.noise = noise

    def forward(self, images):
        weight = (images.mean(1) + 0.1).clamp(min=0).flatten(1)[..., None]
        weight = weight / weight.sum(1, keepdim=True)
        grid = heads.corner_grid(*images.shape[2:])
        place = (weight * grid).sum(1, keepdim=True)
        away = grid - place
        spread = 10 * (weight * away).transpose(1, 2) @ away
        unsteady = self.noise * torch.randn(len(images), 1, 2)
        return place + unsteady, spread[:, None] + unsteady[..., None], None


class Comparing(unittest.TestCase):
    def track(self, lag=0.0):
        time = np.arange(60)[:, None, None] - lag
        return np.sin(time * [[0.21, 0.17], [0.13, 0.11]])

    def test_lag_is_how_many_frames_a_track_comes_later(self):
        for lag in (-2.0, -0.3, 0.0, 0.5, 2.0, 3.0):
            self.assertAlmostEqual(drive.lag_of(self.track(lag), self.track()), lag, delta=0.1)
        noise = np.random.default_rng(2).normal(size=(60, 2, 2))
        for found in (self.track(8.0), 0 * self.track(), noise):
            self.assertTrue(np.isnan(drive.lag_of(found, self.track())))
        self.assertTrue(np.isnan(drive.lag_of(self.track()[:4], self.track()[:4])))

    def test_only_what_moves_is_compared(self):
        truth = np.concatenate([self.track(), np.zeros((60, 1, 2))], 1)
        noise = np.concatenate([self.track(), np.random.default_rng(1).normal(size=(60, 1, 2))], 1)
        moves = drive.moving(truth, drive.MOVES)
        self.assertAlmostEqual(drive.agreement(noise, truth, moves), 1, places=6)
        self.assertTrue(np.isnan(drive.agreement(noise, truth, drive.moving(0 * truth, 0.1))))

    def test_a_student_that_is_the_teacher_agrees_with_it(self):
        clip = drive.Clip.__new__(drive.Clip)
        clip.name, clip.images = "oval", [oval(8 * np.sin(i / 3), 14 + 3 * np.cos(i / 5))
                                          for i in range(40)]
        row, taught = drive.row_of("the teacher", Moments(), [clip], None)
        again, _ = drive.row_of("itself", Moments(), [clip], taught)
        worse, _ = drive.row_of("unsteady", Moments(0.05), [clip], taught)
        self.assertEqual(again[1:4], ["1.000", "1.000", "+0.00"])
        self.assertEqual(again[4:], row[4:])
        for column in (1, 2):
            self.assertLess(float(worse[column]), 0.99)
        for column in (4, 5, 6):
            self.assertGreater(float(worse[column]), 1.5 * float(row[column]))


class Driving(unittest.TestCase):
    def setUp(self):
        self.points = np.float64([[-13, -10], [13, -10], [0, 13]]) / 32  # on pixels
        self.turns = np.tile(np.eye(2), (3, 1, 1))

    def flow(self, points, turns, reach=0.1):
        return drive.first_order_flow(self.points, (points, turns), (self.points, self.turns), 65,
                                      reach)

    def at(self, flow, place):
        x, y = np.int32(np.round((np.float64(place) + 1) * 32))
        return flow[y, x]

    def test_a_driver_that_keeps_still_changes_nothing(self):
        grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 65)] * 2), -1)
        np.testing.assert_allclose(self.flow(self.points, self.turns), grid, atol=1e-4)

    def test_a_keypoint_brings_its_surroundings_along(self):
        moved = self.points + [[0.125, 0], [0, 0], [0, 0]]
        flow = self.flow(moved, self.turns)
        np.testing.assert_allclose(self.at(flow, moved[0]), self.points[0], atol=0.01)
        np.testing.assert_allclose(self.at(flow, moved[1]), self.points[1], atol=0.01)
        np.testing.assert_allclose(self.at(flow, (0.9, 0.9)), (0.9, 0.9), atol=0.04)

    def test_jacobians_turn_and_stretch_the_surroundings(self):
        stretched = self.turns * 2  # everything near looks twice as large
        flow = self.flow(self.points, stretched)
        place = self.points[0] + [0.0625, 0]
        np.testing.assert_allclose(self.at(flow, place), self.points[0] + [0.03125, 0], atol=0.01)

    def test_an_animation_is_written(self):
        if shutil.which("ffmpeg") is None:
            print("skipped: no ffmpeg")
            return
        net = nets.small_motion_net("edanet").eval()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "drive.webp")
            drive.write_picture(path, drive.driven({"edanet": net}, oval(0),
                                                   [oval(i) for i in range(4)], 64))
            with open(path, "rb") as file:
                self.assertEqual(file.read(4), b"RIFF")
