"""The network of the whole face: alignment, mirror images, samples, what is written and read."""

import json
import os
import tempfile
import unittest
import unittest.mock

import cv2
import numpy as np
import torch

from tests.training.recipes import drawn_set
from training import (augment, checkpoint, ensemble, expression_data, expression_export,
                      expression_train, face_data, face_export, face_train, free_prepare, licences,
                      losses, safetensors)
from training.heads import rig as rigs
from training.heads.rig import SHAPES, turn_of
from training.models import Model
from training.nets import face
from training.prepare import write_set
from training.samples import FaceSet, tensor_of


class FakeRig:
    group_sizes = {"lids": 32, "lips": 20, "brows": 10, "surface": 72}
    dense = np.arange(202)


def mirror_of_groups():
    """As the rig's: halves of a group change places, irises' sides too."""
    mirror, first = [], 68
    for count in FakeRig.group_sizes.values():
        mirror += [first + (k + count // 2) % count for k in range(count)]
        first += count
    return np.array(mirror + [first + 5 + k for k in (0, 3, 2, 1, 4)] +
                    [first + k for k in (0, 3, 2, 1, 4)])


def write_renders(folder, count=4):
    """Images of noise with labels of the right shapes."""
    rng = np.random.default_rng(2)
    images = [cv2.imencode(".jpg", rng.integers(0, 255, (192, 192, 3), np.uint8))[1].ravel()
              for _ in range(count)]
    ring = np.stack([np.cos(np.arange(280) / 5), np.sin(np.arange(280) / 7)], 1) * 45 + 96
    places = np.concatenate([ring, np.ones((280, 1))], 1).astype(np.float32)
    np.savez(os.path.join(folder, "0000.npz"), jpeg=np.concatenate(images),
             ends=np.cumsum([len(i) for i in images]),
             landmarks=np.stack([places[:68]] * count), dense=np.stack([places[68:]] * count),
             shapes=rng.random((count, 52)).astype(np.float32),
             gaze=rng.normal(0, 0.2, (count, 2, 2)).astype(np.float32),
             turn=np.stack([turn_of(0.3, 0.1, 0.2)] * count).astype(np.float32),
             angles=np.zeros((count, 3), np.float32), props=np.array([""] * count),
             camera=np.float32([[150, 60, 1]] * count))


def write_teacher(folder, faces):
    count = len(faces.points)
    rng = np.random.default_rng(3)
    dense = np.full((count, 212, 2), 128, np.float32) + rng.normal(0, 20, (count, 212, 2))
    dense[-1] = np.nan
    names = [name for name in SHAPES if name != "tongueOut"]
    np.savez(os.path.join(folder, "teacher.npz"), dense=np.float32(dense),
             shapes=np.float32(rng.random((count, 51))), names=np.array(names),
             mirror=mirror_of_groups())


def options_of(folder, *more):
    argv = ["--set", folder, "--renders", folder + "/renders", "--run", folder + "/run",
            "--steps", "2", "--batch", "4", "--size", "64", "--save-every", "1",
            "--check-every", "2", "--refresh", "1", *more]
    with unittest.mock.patch("sys.argv", ["face_train", *argv]):
        return face_train.arguments()


class Alignment(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        template = torch.randn(68, 2)
        template -= template.mean(0)
        self.template = template / template.pow(2).sum(1).mean().sqrt()
        self.points = 0.5 + 0.2 * torch.randn(1, 280, 2)

    def moved(self, angle, scale):
        turn = scale * torch.tensor([[np.cos(angle), -np.sin(angle)],
                                     [np.sin(angle), np.cos(angle)]], dtype=torch.float32)
        return self.points @ turn.T + torch.tensor([0.1, -0.2])

    def test_shift_turn_and_scale_change_nothing(self):
        one = face.aligned(self.points, *face.align(self.points, self.template))
        moved = self.moved(0.5, 0.7)
        other = face.aligned(moved, *face.align(moved, self.template))
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)

    def test_the_template_itself_is_its_own_alignment(self):
        points = torch.cat([self.template, torch.zeros(212, 2)])[None] * 0.3 + 0.5
        found = face.aligned(points, *face.align(points, self.template))
        torch.testing.assert_close(found[0, :68], self.template, atol=1e-5, rtol=1e-5)

    def test_a_rolled_image_rolls_the_turn(self):
        columns = torch.tensor([[1.0, 0.1, 0.2, 0.0, 1.0, 0.3]])
        before = face.turn_matrix(columns, face.align(self.points, self.template))
        moved = self.moved(0.4, 1.0)  # clockwise in the image, whose y goes down
        after = face.turn_matrix(columns, face.align(moved, self.template))
        roll = torch.from_numpy(turn_of(0, 0, -0.4)).float()
        torch.testing.assert_close(after, roll @ before, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(before[0] @ before[0].T, torch.eye(3), atol=1e-5, rtol=1e-5)


class Samples(unittest.TestCase):
    def test_names_and_points_mirrored_twice_are_as_before(self):
        names = face_data.mirrored(face_data.READ)
        np.testing.assert_array_equal(names[names], np.arange(len(names)))
        order = face_data.flip_order(mirror_of_groups())
        np.testing.assert_array_equal(order[order], np.arange(280))

    def test_a_mirrored_render_looks_the_other_way(self):
        with tempfile.TemporaryDirectory() as folder:
            write_renders(folder)
            renders = face_data.Renders(folder)
            square = {"centre": (96, 96), "side": 150}
            mirror = mirror_of_groups()
            _, points, _, shapes, gaze, turn = face_data.render_view(renders, 0, square, 64, mirror)
            _, other, _, swapped, looks, turned = face_data.render_view(
                renders, 0, {**square, "flip": True}, 64, mirror)
        order = face_data.flip_order(mirror)
        np.testing.assert_allclose(other[:, 0], 1 - points[order, 0])
        left, right = (face_data.READ.index("eyeBlink" + side) for side in ("Left", "Right"))
        self.assertEqual((swapped[left], swapped[right]), (shapes[right], shapes[left]))
        np.testing.assert_allclose(looks[0], gaze[1] * [-1, 1])
        ahead, mirrored = turn[:, 2], turned[:, 2]
        np.testing.assert_allclose(mirrored, ahead * [-1, 1, 1])

    def test_a_turned_crop_turns_the_head(self):
        with tempfile.TemporaryDirectory() as folder:
            write_renders(folder)
            renders = face_data.Renders(folder)
            mirror = mirror_of_groups()
            views = [face_data.render_view(renders, 0, {"centre": (96, 96), "side": 150,
                                                        "angle": angle}, 64, mirror)
                     for angle in (0.0, 0.3)]
        # What turns points about the middle turns the head's axes; the image's y goes down.
        a, b = (view[1][40] - 0.5 for view in views)
        angle = np.arctan2(b[1], b[0]) - np.arctan2(a[1], a[0])
        np.testing.assert_allclose(turn_of(0, 0, -angle) @ views[0][5], views[1][5], atol=1e-6)


    def test_the_line_of_sight_through_a_pixel_is_where_the_optical_axis_is_turned_to(self):
        turn = face_data.sight((40, -25), 150.0)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        ray = np.array([40, 25, -150]) / np.linalg.norm([40, 25, 150])  # y up, z backwards
        np.testing.assert_allclose(turn @ [0, 0, -1], ray, atol=1e-12)
        np.testing.assert_allclose(face_data.sight((0, 0), 150.0), np.eye(3))

    def test_a_head_that_looks_along_the_line_of_sight_is_not_turned_in_its_crop(self):
        with tempfile.TemporaryDirectory() as folder:
            write_renders(folder)
            renders = face_data.Renders(folder)
            renders.axis[:] = 96, 96
            renders.rows["camera"] = np.float32([[150, 60, 1]] * 4)
            renders.rows["turn"][0] = face_data.sight((40, -25), 150.0)
            np.testing.assert_allclose(renders.turn_at(0, (136, 71)), np.eye(3), atol=1e-6)
            np.testing.assert_allclose(renders.turn_at(0, (96, 96)), renders.rows["turn"][0])

    def test_the_optical_axis_is_found_where_no_label_says_it(self):
        rng = np.random.default_rng(4)
        with tempfile.TemporaryDirectory() as folder:
            head = rng.normal(0, 5, (max(rigs.LANDMARKS) + 1, 3))
            np.savez(folder + "/rig.npz", V=head)
            turns = np.stack([turn_of(0.3, 0.1, 0.2), turn_of(-0.8, 0.2, 0.0)])
            seen = np.einsum("nij,kj->nki", turns, head[list(rigs.LANDMARKS)])
            flat = 150 * seen[:, :, :2] / (60 - seen[:, :, 2:]) * [1, -1] + [[[90, 101]], [[99, 80]]]
            rows = {"turn": turns, "camera": np.array([[150.0, 60, 1]] * 2), "landmarks": flat}
            found = face_data.find_axes(rows, folder + "/rig.npz")
        np.testing.assert_allclose(found, [[90, 101], [99, 80]], atol=1e-6)

    def test_labels_take_in_their_share_of_the_ensemble_where_it_is_known(self):
        labels = np.zeros((2, 68, 2))
        found = np.full((2, 68, 2), np.nan)
        found[0] = 10
        with tempfile.TemporaryDirectory() as folder:
            np.savez(folder + "/ensemble.npz", points=found)
            blended = face_data.blend(labels, folder, 0.25)
            np.testing.assert_array_equal(face_data.blend(labels, folder, 0), labels)
        self.assertEqual((blended[0].mean(), blended[1].mean()), (2.5, 0))


class Labels(unittest.TestCase):
    def test_a_sets_offset_is_subtracted_when_it_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            before = drawn_set(folder).points
            with open(folder + "/offsets.json", "w") as file:
                json.dump({"helen_train train": 0.5, "p1 val": -0.25}, file)
            moved = before - FaceSet(folder).points
        np.testing.assert_allclose(moved[..., 1], np.where(np.isfinite(before[..., 1]), 0, np.nan))
        np.testing.assert_allclose(moved[:6, 0, 0], [0.5, 0, 0.5, 0, 0, -0.25], atol=1e-5)

    def test_an_offset_is_found_whatever_side_a_network_prefers(self):
        rng = np.random.default_rng(6)
        images = rng.integers(0, 255, (3, 256, 256, 3), np.uint8)
        truth = 128 + rng.normal(0, 30, (3, 68, 2))

        def net(views):  # recognises the three faces, and puts all points 2 % too far right
            found = []
            for view in views:
                straight = [float((view - v).abs().sum()) for v in known]
                mirror = [float((view - v.flip(2)).abs().sum()) for v in known]
                number = int(np.argmin(straight + mirror)) % 3
                centre, edge = augment.box_of(labels[number])
                points = (truth[number] - centre) / (1.5 * edge) + 0.5
                if min(mirror) < min(straight):
                    points = (points * [-1, 1] + [1, 0])[augment.FLIP]
                found.append(points + [0.02, 0])
            return np.array(found)

        labels = truth + [0.4, -1]
        known = []
        for image, face_points in zip(images, labels):
            centre, edge = augment.box_of(face_points)
            view, _ = augment.warp(image, face_points, ensemble.SIZE, centre, ensemble.MARGIN * edge)
            known.append(tensor_of(view))
        found = ensemble.predict([net], images, labels)
        offset, error = ensemble.offset_of(labels, found)
        self.assertAlmostEqual(offset, 0.4, places=4)
        self.assertLess(error, 1e-4)

    def test_an_error_along_the_jaw_counts_by_half(self):
        target = torch.zeros(1, 68, 2)
        target[0, :17, 1] = torch.arange(17) / 17
        along, across = target.clone(), target.clone()
        along[0, :17, 1] += 0.1
        across[0, :17, 0] += 0.1
        torch.testing.assert_close(losses.landmark_errors(along, target)[0, :17],
                                   torch.full((17,), 0.05))
        torch.testing.assert_close(losses.landmark_errors(across, target)[0, :17],
                                   torch.full((17,), 0.1))
        self.assertEqual(float(losses.landmark_errors(along, target)[0, 17:].max()), 0)

    def test_a_wrong_gap_of_the_lips_costs_more_than_one_of_the_lids(self):
        target = torch.zeros(1, 68, 2)
        lips, lids = target.clone(), target.clone()
        lips[0, 62, 1] = lids[0, 37, 1] = 0.02
        self.assertGreater(float(losses.gap_loss(lips, target)),
                           1.5 * float(losses.gap_loss(lids, target)))
        self.assertEqual(float(losses.gap_loss(target, target)), 0)

    def test_a_moustache_covers_the_upper_lip_and_nothing_far_from_it(self):
        rng = np.random.default_rng(7)
        image = np.full((256, 256, 3), 200, np.uint8)
        points = np.full((68, 2), 128.0)
        points[48:55] = np.stack([np.linspace(98, 158, 7), np.full(7, 170)], 1)
        points[33], points[51], points[62] = (128, 145), (128, 168), (128, 174)
        other = augment.moustache(rng, image, points)
        change = np.abs(other.astype(int) - image).max(2)
        self.assertGreater(change[158:166, 118:138].mean(), 20)
        self.assertEqual(change[:120].max() + change[200:].max(), 0)


class Training(unittest.TestCase):
    def run_of(self, folder, *more):
        run = face_train.Run(options_of(folder, "--points", *more))
        run.train()
        net, trained = face_export.net_of(folder + "/run")
        path = folder + "/face.safetensors"
        safetensors.write(path, face_export.tensors_of(net, np.float32),
                          face_export.metadata_of(trained, FakeRig()))
        return net, Model(path)

    def test_points_alone_have_no_expression_in_their_file(self):
        with tempfile.TemporaryDirectory() as folder:
            write_teacher(folder, drawn_set(folder))
            os.makedirs(folder + "/renders")
            write_renders(folder + "/renders")
            net, model = self.run_of(folder)
            self.assertNotIn("mocap.shapes", model.metadata)
            self.assertEqual(model.metadata["mocap.license"], licences.RESEARCH)
            images = torch.randn(2, 3, 64, 64)
            with torch.no_grad():
                torch.testing.assert_close(net(images)[0][:, :68], model.net(images)[0])

    def test_free_weights_need_no_face_that_a_camera_took(self):
        with tempfile.TemporaryDirectory() as folder:
            write_set(free_prepare.crops([np.zeros((80, 90, 3), np.uint8)], 3), folder)
            np.savez(folder + "/teacher.npz", names=np.array([], str), mirror=mirror_of_groups(),
                     dense=np.full((3, 212, 2), np.nan), shapes=np.zeros((3, 0)))
            os.makedirs(folder + "/renders")
            write_renders(folder + "/renders")
            _, model = self.run_of(folder, "--free", "--share", "0.8")
            self.assertEqual(model.metadata["mocap.license"], licences.FREE)

    def test_a_run_goes_on_and_its_file_holds_the_same_network(self):
        with tempfile.TemporaryDirectory() as folder:
            faces = drawn_set(folder)
            os.makedirs(folder + "/renders")
            write_renders(folder + "/renders")
            write_teacher(folder, faces)
            face_train.Run(options_of(folder)).train()
            again = face_train.Run(options_of(folder, "--steps", "3"))
            self.assertEqual(again.step, 2)
            again.train()
            net, trained = face_export.net_of(folder + "/run")
            self.assertEqual(trained["reached"], 3)
            path = folder + "/face.safetensors"
            safetensors.write(path, face_export.tensors_of(net, np.float32),
                              face_export.metadata_of(trained, FakeRig()))
            read, metadata = face_export.load(path)
            self.assertEqual(metadata["mocap.shapes"].split(","), face_data.READ)
            images = torch.randn(2, 3, 64, 64)
            with torch.no_grad():
                for a, b in zip(net(images)[3][:3], read(images)[3][:3]):
                    torch.testing.assert_close(a, b)
            state = checkpoint.load(folder + "/run")
            self.assertEqual(state["step"], 3)


class Expression(unittest.TestCase):
    def test_crops_of_a_mirrored_image_are_the_mirrored_crops(self):
        rng = np.random.default_rng(5)
        image = cv2.GaussianBlur(rng.integers(0, 255, (192, 192, 3), np.uint8), (0, 0), 4)
        # A mean face that is its own mirror image, and a face near it.
        side = np.stack([np.cos(np.arange(68) / 3), np.sin(np.arange(68) / 5)], 1)
        template = side + (side * [-1, 1])[augment.FLIP]
        template -= template.mean(0)
        template /= np.sqrt((template ** 2).sum(1).mean())
        points = template * 40 + 96 + rng.normal(0, 1.5, (68, 2))
        crops, found, _ = expression_data.cut(image, points, template, 64)
        other, seen, _ = expression_data.cut(np.ascontiguousarray(image[:, ::-1]),
                                             (points * [-1, 1] + [192, 0])[augment.FLIP],
                                             template, 64)
        expected, placed = expression_data.mirrored_cut(crops, found)
        np.testing.assert_allclose(seen, placed, atol=1e-6)
        self.assertLess(np.abs(other.astype(int) - expected.astype(int)).mean(), 1.5)

    def test_a_run_goes_on_and_its_file_holds_the_same_network(self):
        with tempfile.TemporaryDirectory() as folder:
            write_teacher(folder, drawn_set(folder))
            os.makedirs(folder + "/renders")
            write_renders(folder + "/renders")
            np.savez(folder + "/rig.npz", V=np.zeros((max(rigs.LANDMARKS) + 1, 3)))
            argv = ["expression_train", "--set", folder, "--renders", folder + "/renders", "--val",
                    folder + "/renders", "--run", folder + "/run", "--batch", "4", "--size", "64",
                    "--rig", folder + "/rig.npz", "--pool", "8", "--threads-of-pool", "0", "--share", "0", "--save-every", "1"]
            for steps, reached in (("2", 0), ("3", 2)):
                with unittest.mock.patch("sys.argv", [*argv, "--steps", steps]):
                    run = expression_train.Run(expression_train.arguments())
                self.assertEqual(run.step, reached)
                with unittest.mock.patch.object(expression_data, "are_near",
                                                lambda found, truth: np.ones(len(found), bool)):
                    run.train()
            net, trained = expression_export.net_of(folder + "/run")
            self.assertEqual(trained["reached"], 3)
            path = folder + "/expression.safetensors"
            safetensors.write(path, face_export.tensors_of(net, np.float32),
                              expression_export.metadata_of(trained))
            read, metadata = expression_export.load(path)
            self.assertEqual(metadata["mocap.shapes"].split(","), face_data.READ)
            inputs = torch.randn(2, 3, 64, 64), torch.rand(2, 68, 2)
            with torch.no_grad():
                for a, b in zip(net(*inputs)[:3], read(*inputs)[:3]):
                    torch.testing.assert_close(a, b)

    def test_gains_make_weak_shapes_full_within_bounds_and_leave_what_is_not_read(self):
        change = np.zeros(len(face_data.READ))
        jaw, pucker, puff = (face_data.READ.index(n) for n in ("jawOpen", "mouthPucker",
                                                              "cheekPuff"))
        change[[jaw, pucker, puff]] = 0.8, 0.2, 0.1
        gains = expression_export.gains_of({n: change for n in ("jawOpen", "mouthPucker",
                                                                "cheekPuff")})
        self.assertAlmostEqual(gains[jaw], 1 / 0.8)
        self.assertEqual(gains[pucker], expression_export.MOST_GAIN)
        self.assertEqual(gains[puff], 1)


if __name__ == "__main__":
    unittest.main()
