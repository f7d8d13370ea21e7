"""Networks, augmentation, losses, training, distillation, export."""

import argparse
import os
import subprocess
import tempfile
import unittest

import cv2
import numpy as np
import torch

from training import (augment, checkpoint, distil, export, loop, losses, motion, nets, safetensors,
                      soft_targets)
from training.models import Model
from training.prepare import write_set
from training.samples import FaceSet, Samples
from training.train import landmark_check, landmark_loss, make_net

# With 20 features, as the papers' networks for 20 classes.
PARAMETERS = {"lednet": 923083, "erfnet": 2064256, "edanet": 689936, "esnet": 1659136,
              "enet": 351804, "enet-orig": 364376}
HOURGLASS_PARAMETERS = 14215368  # with the motion head, 10 keypoints


def drawn_set(folder, count=6):
    """Ovals with 68 points on rings: nothing to learn from, but a set."""
    rng = np.random.default_rng(1)
    angles = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], 1)

    def items():
        for number in range(count):
            image = np.full((256, 256, 3), int(rng.integers(40, 90)), np.uint8)
            cv2.ellipse(image, (128, 128), (56, 64), 0, 0, 360, (160, 180, 220), -1)
            points = np.float32(128 + ring * (56, 64))
            yield image, points, ("helen_train", "p1")[number % 2], \
                "train" if number < count - 2 else "val", f"drawn/{number}"
        yield np.zeros((256, 256, 3), np.uint8), np.full((68, 2), np.nan, np.float32), "none", \
            "train", "none/0"

    write_set(items(), folder)
    return FaceSet(folder)


def options_of(folder, *more):
    parser = argparse.ArgumentParser()
    loop.add_arguments(parser)
    options = parser.parse_args(["--set", folder, "--run", os.path.join(folder, "run"),
                                 "--steps", "4", "--size", "64", "--batch", "3",
                                 "--save-every", "2", *more])
    options.arch, options.head, options.features = "lednet", "landmark", 0
    return options


class Networks(unittest.TestCase):
    def test_parameters_are_the_papers(self):
        for arch, count in PARAMETERS.items():
            net = nets.BACKBONES[arch](20)
            self.assertEqual(sum(p.numel() for p in net.parameters()), count, arch)
        net = nets.motion_net("hourglass")
        self.assertEqual(sum(p.numel() for p in net.parameters()), HOURGLASS_PARAMETERS)

    def test_every_encoder_has_an_end(self):
        for arch in nets.BACKBONES:
            net = nets.motion_net(arch).eval()
            encoder = soft_targets.Encoder(net)
            with torch.no_grad():
                net(torch.zeros(1, 3, 64, 64))
            edge = {"hourglass": 4, "laednet": 4}.get(arch, 8)
            self.assertEqual(encoder.maps.shape[2:], (edge, edge), arch)

    def test_a_sharp_map_gives_its_cell_and_confidence_one(self):
        maps = torch.full((1, 1, 8, 8), -50.0)
        maps[0, 0, 5, 2] = 50
        points, variance = nets.soft_argmax(maps)
        np.testing.assert_allclose(points[0, 0].numpy(), [2.5 / 8, 5.5 / 8], atol=1e-6)
        self.assertGreater(float(nets.confidence(variance, 8)), 0.999)


class Pictures(unittest.TestCase):
    def test_points_move_with_the_picture(self):
        image = np.zeros((256, 256, 3), np.uint8)
        image[100:108, 150:158] = 255  # its middle is at 154, 104
        points = np.tile(np.float32([[154, 104]]), (68, 1))
        for flip in (False, True):
            for side in (128, 190, 300):
                picture, moved = augment.warp(image, points, 128, (140, 110), side, 0.4, flip,
                                              (1.05, 0.95))
                weight = picture[..., 0].astype(float)
                ys, xs = np.mgrid[:128, :128] + 0.5
                middle = [(xs * weight).sum() / weight.sum(), (ys * weight).sum() / weight.sum()]
                np.testing.assert_allclose(moved[0] * 128, middle, atol=0.15)

    def test_grimaces_move_points_with_the_picture(self):
        mark, mouth = np.float32([130, 150]), np.float32([[110, 150], [150, 150]])
        image = np.zeros((256, 256, 3), np.uint8)
        cv2.circle(image, (130, 150), 3, (255, 255, 255), -1)
        points = np.tile(mark + 0.5, (68, 1))
        points[48:68] = np.repeat(mouth, 10, axis=0)
        rng, moves = np.random.default_rng(4), []
        for _ in range(20):
            picture, moved = augment.grimace(rng, image, points)
            weight = picture[..., 0].astype(float)
            ys, xs = np.mgrid[:256, :256] + 0.5
            middle = [(xs * weight).sum() / weight.sum(), (ys * weight).sum() / weight.sum()]
            np.testing.assert_allclose(moved[0], middle, atol=0.7)
            moves.append(np.linalg.norm(moved[0] - points[0]))
        self.assertGreater(np.median(moves), 1)

    def test_flipping_twice_changes_nothing(self):
        np.testing.assert_array_equal(augment.FLIP[augment.FLIP], np.arange(68))

    def test_sample_by_number_is_always_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            faces = drawn_set(folder)
            whole, rest = Samples(faces, 64, 1.5, 9), Samples(faces, 64, 1.5, 9, first=4)
            torch.testing.assert_close(whole[6], rest[2])
            self.assertEqual(len(rest), 5)


class Losses(unittest.TestCase):
    def test_least_where_the_spread_is_the_error_s(self):
        # Six times the square of the scale, whose best value is half the error.
        variance = torch.linspace(0.5, 30, 2000)
        loss = losses.laplace_nll(torch.tensor(3.0), variance, floor=0)
        best = float(variance[loss.argmin()])
        self.assertAlmostEqual(best, 6 * 1.5 ** 2, delta=0.05)

    def test_gaps_are_wrong_by_what_opens_not_by_what_moves(self):
        target = torch.rand(2, 68, 2)
        np.testing.assert_allclose(losses.gap_error(target + 0.1, target).numpy(), 0, atol=1e-6)
        opened = target.clone()
        opened[:, 66, 1] += 0.25
        np.testing.assert_allclose(losses.gap_error(opened, target).sum(1).numpy(), 0.25, atol=1e-6)

    def test_no_face_wants_an_even_map(self):
        even, sharp = torch.zeros(1, 2, 8, 8), torch.zeros(1, 2, 8, 8)
        sharp[..., 3, 3] = 9
        self.assertAlmostEqual(float(losses.uniform_loss(even)), 0, places=5)
        self.assertGreater(float(losses.uniform_loss(sharp)), 1)

    def test_warp_s_jacobian_is_its_slope(self):
        torch.manual_seed(3)
        warp = motion.Warp(2)
        place, step = torch.rand(2, 5, 2) * 1.6 - 0.8, 1e-3
        found = warp.jacobian(place)
        for axis in range(2):
            move = torch.zeros(2)
            move[axis] = step
            slope = (warp(place + move) - warp(place - move)) / (2 * step)
            torch.testing.assert_close(found[..., axis], slope, atol=2e-2, rtol=0)


class Training(unittest.TestCase):
    def train(self, folder, faces, stop_at=None):
        """The state after four steps; with stop_at, from a second start."""
        options = options_of(folder)
        torch.manual_seed(1)
        net = make_net(options)
        run = loop.Run(options, net)

        class Stopped(Exception):
            pass

        def loss_of(*batch):
            if run.step == stop_at:
                raise Stopped
            return landmark_loss(options, net, *batch)

        try:
            run.train(faces, loss_of, lambda state: landmark_check(options, faces, state))
        except Stopped:
            return self.train(folder, faces)
        return checkpoint.load(options.run)

    def test_student_starts_from_a_trained_backbone(self):
        with tempfile.TemporaryDirectory() as folder:
            options = options_of(folder)
            trained = make_net(options)
            loop.Run(options, trained).save()
            student = nets.motion_net("lednet", features=64)
            checkpoint.load_backbone(student, options.run)
            for name, tensor in trained.backbone.state_dict().items():
                torch.testing.assert_close(student.backbone.state_dict()[name], tensor, msg=name)

    def test_resumed_run_ends_where_the_whole_one_does(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            whole = self.train(one, drawn_set(one))
            resumed = self.train(two, drawn_set(two), stop_at=3)
            self.assertEqual(resumed["step"], 4)
            for name, tensor in whole["average"].items():
                torch.testing.assert_close(resumed["average"][name], tensor, msg=name)



def seen_net(make, arch):
    """With norms that have seen something."""
    torch.manual_seed(2)
    net = make(arch)
    with torch.no_grad():
        net(torch.rand(4, 3, 64, 64) - 0.5)
    return net.eval()


class Engine(unittest.TestCase):
    """The engine gives what PyTorch gives, with each network and both heads."""

    OPTIONS = {"size": 64, "margin": 1.5, "reached": 0, "batch": 0, "seed": 2}

    def test_landmarks(self):
        for arch in nets.BACKBONES:
            with self.subTest(arch), tempfile.TemporaryDirectory() as folder:
                net = seen_net(nets.landmark_net, arch)
                path = os.path.join(folder, "a.safetensors")
                safetensors.write(path, export.tensors_of(net, np.float16),
                                  export.landmark_metadata(self.OPTIONS, net))
                images = torch.rand(3, 3, 64, 64) - 0.5
                with torch.no_grad():
                    points, variance, maps = Model(path).net(images)
                pixels = images.permute(0, 2, 3, 1).contiguous().numpy().tobytes()
                lines = subprocess.run([os.environ["LANDMARKS"], path], check=True, input=pixels,
                                       stdout=subprocess.PIPE).stdout.split(b"\n")[:3]
                found = np.array([line.split() for line in lines], float).reshape(3, 68, 3)
                np.testing.assert_allclose(found[..., :2], points.numpy(), atol=1e-4)
                np.testing.assert_allclose(found[..., 2], nets.confidence(variance, maps.shape[-1]).numpy(),
                                           atol=1e-4)

    def test_motion(self):
        for arch, make in [*((arch, nets.motion_net) for arch in nets.BACKBONES),
                           ("edanet", nets.direct_motion_net),
                           ("lednet", nets.small_motion_net)]:
            with self.subTest(arch), tempfile.TemporaryDirectory() as folder:
                net = seen_net(make, arch)
                if make is nets.motion_net:
                    net.head.jac.weight.data.normal_(0, 0.01)
                path = os.path.join(folder, "a.safetensors")
                safetensors.write(path, export.tensors_of(net, np.float32),
                                  export.motion_metadata(self.OPTIONS, net, 1))
                image = torch.rand(1, 3, 64, 64) - 0.5
                with torch.no_grad():
                    place, jacobians, _ = net(image)
                lines = subprocess.run([os.environ["RUN_MODEL"], path], check=True,
                                       input=image.numpy().tobytes(),
                                       stdout=subprocess.PIPE).stdout.splitlines()
                found = np.array([line.split() for line in lines], float)
                np.testing.assert_allclose(found[:, :2], place[0].numpy(), atol=1e-3)
                np.testing.assert_allclose(found[:, 2:].reshape(-1, 2, 2), jacobians[0].numpy(),
                                           atol=1e-3)


def even_motion_net(arch, images):
    """With norms that have seen the images, and heat maps nearly even: a new
    network's sharp ones make its first steps wild."""
    net = nets.motion_net(arch)
    loop.scale_dropout(net, 0)
    net.head.kp.weight.data *= 0.5
    with torch.no_grad():
        for _ in range(3):
            net(images)
    return net


class Distilling(unittest.TestCase):
    def test_student_comes_closer_with_every_loss(self):
        torch.manual_seed(4)
        images = torch.rand(4, 3, 64, 64) - 0.5
        teacher = even_motion_net("edanet", images).eval()
        told = soft_targets.SoftTargets(teacher)(images)
        for kind in ("L1", "L2", "L3"):
            student = even_motion_net("edanet", images)
            encoder = soft_targets.Encoder(student)
            optimiser = torch.optim.Adam(student.parameters(), 1e-4)
            seen = []
            for _ in range(8):
                loss = distil.distil_loss(kind, student(images), told, encoder.attention())
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                seen.append(float(loss))
            self.assertLess(seen[-1], 0.8 * seen[0], kind)

    def test_kept_targets_are_the_teachers_and_are_asked_for_once(self):
        torch.manual_seed(7)
        images, asked = torch.rand(5, 3, 64, 64) - 0.5, []
        teacher = even_motion_net("edanet", images).eval()
        teacher.register_forward_pre_hook(lambda _, inputs: asked.append(len(inputs[0])))
        its = soft_targets.SoftTargets(teacher)(images)
        with tempfile.TemporaryDirectory() as folder:
            options = options_of(folder)
            faces, kept = drawn_set(folder), os.path.join(folder, "targets")
            numbers = np.array([0, 2, 7, 8, 11])
            for _ in range(2):  # two students
                targets = soft_targets.KeptTargets(teacher, kept, faces, options)
                for part in (slice(0, 3), slice(3, 5)):
                    for mine, wanted in zip(targets(images[part], numbers[part]), its):
                        np.testing.assert_allclose(mine.numpy(), wanted[part].numpy(), rtol=1e-3,
                                                   atol=1e-5)
            self.assertEqual(asked, [5, 3, 2])
            options.seed = 2  # other images
            soft_targets.KeptTargets(teacher, kept, faces, options)(images[:3], numbers[:3])
            with torch.no_grad():
                teacher.head.kp.bias += 0.5  # another teacher
            options.seed = 1
            soft_targets.KeptTargets(teacher, kept, faces, options)(images[:3], numbers[:3])
            self.assertEqual(asked, [5, 3, 2, 3, 3])

    def test_motion_loss_falls(self):
        torch.manual_seed(5)
        net = nets.motion_net("lednet")
        loop.scale_dropout(net, 0)
        images, points = torch.rand(2, 3, 64, 64) - 0.5, torch.rand(2, 68, 2)
        optimiser = torch.optim.Adam(net.parameters(), 3e-4)
        seen = []
        for _ in range(20):
            torch.manual_seed(6)  # the same warp each time: another one is another loss
            loss, _ = motion.loss(net, images, points, torch.tensor([True, True]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            seen.append(float(loss))
        self.assertLess(seen[-1], 0.8 * seen[0])


if __name__ == "__main__":
    unittest.main()
