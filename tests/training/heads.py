"""The rasteriser on meshes of a few triangles; heads of the real rig where ../shared is there."""

import json
import os
import tempfile
import unittest
import unittest.mock

import cv2
import numpy as np

from training.heads import expressions, make, people, raster, scene, stills
from training.heads import rig as rigs
from training.heads.photographs import read_photographs

RIG = os.path.join("..", "shared", "dense", "ict.npz")
SIZE = 32
CAMERA = dict(distance=20, focal=20, centre=(SIZE / 2, SIZE / 2), reach=10, sky=(1, 1, 1),
              ground=(1, 1, 1), iris_colour=(0, 0, 0), iris_radius=1, pupil_radius=0.5)


def square(z, half, material, flip=False):
    """Two triangles that face the camera (or away from it), half their edge's length."""
    vertices = np.float32([(-half, -half, z), (half, -half, z), (half, half, z), (-half, half, z)])
    triangles = np.array([(0, 1, 2), (0, 2, 3)])
    return vertices, triangles[:, ::-1] if flip else triangles, material


class RasteriserTest(unittest.TestCase):
    def setUp(self):
        self.rasteriser = raster.Rasteriser(os.path.abspath(os.environ["RASTER"]))

    def render(self, squares, materials, points, light=(0, 0, 1), background=0, **changes):
        vertices = np.concatenate([s[0] for s in squares])
        triangles = np.concatenate([s[1] + 4 * i for i, s in enumerate(squares)])
        mesh = {"vertices": vertices, "exposure": np.ones(len(vertices)), "triangles": triangles,
                "uvs": np.zeros((len(triangles), 3, 2)),
                "materials": np.repeat([s[2] for s in squares], 2)}
        return self.rasteriser.render(
            SIZE, mesh, materials, [raster.light(light, (0.5, 0.5, 0.5))],
            np.zeros((4, 4, 3), np.uint8), np.full((SIZE, SIZE, 3), background, np.uint8), points,
            **{**CAMERA, **changes})

    def test_points_are_where_a_pinhole_camera_puts_them(self):
        _, places = self.render([square(0, 4, 0)], [raster.material()], [0, 1, 2, 3])
        # 20 pixels of focal length at a distance of 20: one pixel to the unit; y goes down.
        np.testing.assert_allclose(places[:, :2], [(12, 20), (20, 20), (20, 12), (12, 12)],
                                   atol=1e-4)

    def test_the_square_is_drawn_up_to_its_edges_and_no_farther(self):
        image, _ = self.render([square(0, 4, 0)], [raster.material(colour=(1, 0, 0))], [])
        red = image[..., 0] > 60
        self.assertEqual(int(red.sum()), 64)
        self.assertTrue(red[12:20, 12:20].all())

    def test_what_is_nearer_hides_what_is_farther_in_any_order(self):
        near, far = square(3, 4, 0), square(0, 5, 1)
        materials = [raster.material(colour=(1, 0, 0)), raster.material(colour=(0, 0, 1))]
        for squares in ((near, far), (far, near)):
            image, places = self.render(squares, materials, [0, 4])
            self.assertGreater(image[16, 16, 0], image[16, 16, 2])
            first_is_near = squares[0] is near
            np.testing.assert_array_equal(places[:, 2], [1, 1])
            hidden = square(0, 2, 1)
            _, places = self.render([near, hidden], materials, [4, 5, 6, 7])
            np.testing.assert_array_equal(places[:, 2], np.zeros(4))
            self.assertTrue(first_is_near or squares[1] is near)

    def test_back_faces_of_one_sided_materials_are_not_drawn(self):
        one_sided = [raster.material(colour=(1, 1, 1), one_sided=True)]
        image, _ = self.render([square(0, 4, 0, flip=True)], one_sided, [])
        self.assertEqual(image.max(), 0)
        image, _ = self.render([square(0, 4, 0)], one_sided, [])
        self.assertGreater(image.max(), 60)

    def test_a_square_before_the_light_throws_a_shadow(self):
        # The light comes from the upper right; the small square's shadow falls to the lower left.
        squares = [square(0, 8, 0), square(4, 1, 0)]
        image, _ = self.render(squares, [raster.material(colour=(1, 1, 1))], [], light=(1, 1, 1),
                               sky=(0.01, 0.01, 0.01), ground=(0.01, 0.01, 0.01))
        self.assertLess(int(image[20, 12, 0]), int(image[12, 20, 0]) // 2)

    def test_dark_glass_hides_points_and_clear_glass_does_not(self):
        for alpha, seen in ((0.9, 0), (0.1, 1)):
            glass = raster.material(raster.GLASS, (0, 0, 0), 0, 10, alpha=alpha)
            image, places = self.render([square(0, 4, 0), square(2, 6, 1)],
                                        [raster.material(colour=(1, 1, 1)), glass], [0])
            self.assertEqual(places[0, 2], seen)
            self.assertEqual(image[16, 16, 0] > 120, bool(seen))

    def test_the_background_shows_where_nothing_is(self):
        image, _ = self.render([square(0, 1, 0)], [raster.material()], [], background=100)
        self.assertLessEqual(abs(int(image[2, 2, 0]) - 100), 1)

    def test_an_index_out_of_range_is_refused(self):
        with self.assertRaises(ValueError):
            self.render([square(0, 4, 0)], [raster.material()], [4])
        with self.assertRaises(ValueError):
            self.render([square(0, 4, 7)], [raster.material()], [0])

    def test_normals_of_a_square_point_at_the_camera(self):
        vertices, triangles, _ = square(0, 4, 0)
        normals = self.rasteriser.normals(vertices, triangles)
        np.testing.assert_allclose(normals, np.tile([0, 0, 1], (4, 1)), atol=1e-6)


class Turns(unittest.TestCase):
    def test_yaw_goes_to_the_person_s_left_and_pitch_up(self):
        ahead = np.array([0, 0, 1])
        self.assertGreater((rigs.turn_of(0.3, 0) @ ahead)[0], 0.2)
        self.assertGreater((rigs.turn_of(0, 0.3) @ ahead)[1], 0.2)
        self.assertGreater((rigs.turn_of(0, 0, 0.3) @ [1, 0, 0])[1], 0.2)


    def test_angles_of_stills_have_the_signs_of_a_record(self):
        """docs/motion.md: pitch down, yaw to the person's right, roll clockwise; its order."""
        for turn, euler in ((rigs.turn_of(-0.3, 0), (0, 0.3, 0)), (rigs.turn_of(0, -0.2), (0.2, 0, 0)),
                            (rigs.turn_of(0, 0, -0.1), (0, 0, 0.1))):
            np.testing.assert_allclose(stills.euler_of(turn), np.degrees(euler), atol=1e-9)
        turn = rigs.turn_of(0.5, -0.4, 0.3)
        pitch, yaw, roll = np.radians(stills.euler_of(turn))
        flip = np.diag([1, -1, -1])
        again = rigs.rotation("y", yaw) @ rigs.rotation("x", pitch) @ rigs.rotation("z", roll)
        np.testing.assert_allclose(flip @ again @ flip, turn, atol=1e-9)


@unittest.skipUnless(os.path.exists(RIG), f"no {RIG}")
class Heads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rigs.Rig(RIG)
        cls.rasteriser = raster.Rasteriser(os.path.abspath(os.environ["RASTER"]))

    def picture(self, act, angles=(0, 0, 0), seed=3, **options):
        rng = np.random.default_rng(seed)
        person = people.Person(rng, self.rig)
        face = expressions.Expression(self.rig)
        act(face)
        return scene.picture(rng, self.rig, self.rasteriser, person, face, angles, 96, plain=True,
                             **options)

    def test_mirrored_points_are_each_other_s_image(self):
        places = self.rig.neutral[self.rig.dense[68:]]
        other = self.rig.mirror[:len(places)] - 68
        np.testing.assert_allclose(places[other] * [-1, 1, 1], places, atol=1e-3)
        self.assertTrue((self.rig.mirror[self.rig.mirror - 68] == 68 + np.arange(
            len(self.rig.mirror))).all())

    def test_the_same_seed_makes_the_same_picture(self):
        one, labels = self.picture(lambda face: face.add("jawOpen", 0.5))
        other, again = self.picture(lambda face: face.add("jawOpen", 0.5))
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(labels["dense"], again["dense"])

    def test_a_look_to_the_person_s_left_moves_irises_to_the_image_s_right(self):
        _, ahead = self.picture(lambda face: None)
        _, left = self.picture(lambda face: face.look(np.radians([(25, 0), (25, 0)])))
        moved = left["dense"][[-10, -5], 0] - ahead["dense"][[-10, -5], 0]
        self.assertTrue((moved > 2).all(), moved)
        shapes = dict(zip(rigs.SHAPES, left["shapes"]))
        self.assertGreater(shapes["eyeLookOutLeft"], 0.8)
        self.assertGreater(shapes["eyeLookInRight"], 0.8)
        self.assertEqual(shapes["eyeLookInLeft"], 0)

    def test_every_shape_of_the_rig_moves_its_own_label_alone(self):
        for name in expressions.base_names(self.rig):
            face = expressions.Expression(self.rig)
            face.add(name, 1)
            shapes = dict(zip(rigs.SHAPES, self.rig.shapes_of(face.weights, 0)))
            on = {key for key, value in shapes.items() if value > 0}
            self.assertTrue(on, name)
            self.assertTrue(all(key.startswith(name) for key in on), (name, on))

    def test_the_tongue_is_seen_where_it_is_out(self):
        rest, _ = self.picture(lambda face: face.add("jawOpen", 0.3))
        out, labels = self.picture(lambda face: face.put_out_tongue(np.random.default_rng(1), 1.0))
        lip = labels["landmarks"][57, :2].astype(int)
        self.assertGreater(np.abs(out[lip[1], lip[0]].astype(int) - rest[lip[1], lip[0]]).sum(), 20)
        self.assertEqual(labels["shapes"][rigs.SHAPES.index("tongueOut")], 1)

    def test_the_contour_of_a_turned_face_is_its_outline(self):
        _, labels = self.picture(lambda face: None, (50, 0, 0))
        # Turned to the person's left, the image's right: there the jaw's own vertices are hidden
        # behind the cheek, whose outline lies farther out.
        contour, vertices = labels["landmarks"][12:16, 0], labels["dense"][12:16, 0]
        self.assertTrue((contour > vertices + 1).all(), (contour, vertices))
        np.testing.assert_allclose(labels["landmarks"][0, :2], labels["dense"][0, :2], atol=2)

    def test_a_set_is_the_same_each_time_and_goes_on_where_it_stopped(self):
        def run(folder, count):
            argv = ["make", "--rig", RIG, "--library", os.environ["RASTER"], "--out", folder,
                    "--count", str(count), "--shard", "2", "--people", "1", "--size", "64"]
            with unittest.mock.patch("sys.argv", argv):
                make.main()
            return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]

        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            first = run(one, 2)
            written = os.stat(first[0]).st_mtime_ns
            paths, again = run(one, 4), run(other, 4)
            self.assertEqual(len(paths), 2)
            self.assertEqual(os.stat(paths[0]).st_mtime_ns, written)
            for a, b in zip(paths, again):
                for name, values in np.load(a).items():
                    np.testing.assert_array_equal(values, np.load(b)[name])

    def test_an_open_mouth_changes_the_face_alone_in_plain_pictures(self):
        camera = {"field_of_view": np.radians(60)}
        rest, _ = self.picture(lambda face: None, **camera)
        wide, _ = self.picture(lambda face: face.add("jawOpen", 1), **camera)
        np.testing.assert_array_equal(rest[:30], wide[:30])  # background and hair
        self.assertTrue((rest != wide).any())

    def test_stills_come_with_their_truth(self):
        cases = [("neutral", lambda face: None), ("gaze 30 -20", lambda face: face.look(
            np.radians([(30, -20), (30, -20)]))), ("jawOpen", lambda face: face.add("jawOpen", 0.5))]
        with tempfile.TemporaryDirectory() as folder:
            argv = ["stills", "--rig", RIG, "--library", os.environ["RASTER"], "--out", folder,
                    "--people", "2", "--size", "64"]
            with (unittest.mock.patch("sys.argv", argv),
                  unittest.mock.patch.object(make, "single_cases", lambda rig: cases),
                  unittest.mock.patch.object(stills, "head_cases", lambda: [("head yaw -20",
                                                                             (20, 0, 0))])):
                stills.main()
            with open(os.path.join(folder, "truth.json"), encoding="utf-8") as file:
                truth = json.load(file)
            self.assertEqual([row["case"] for row in truth],
                             2 * ["neutral", "gaze -30 20", "jawOpen", "head yaw -20"])
            self.assertTrue(all(os.path.exists(os.path.join(folder, row["file"])) for row in truth))
        self.assertEqual(truth[1]["gaze"], [[-30, 20], [-30, 20]])
        self.assertEqual(truth[2]["shapes"], {"jawOpen": 0.5})
        self.assertEqual(truth[3]["euler"], [0, -20, 0])
        self.assertEqual([row["person"] for row in truth], [0] * 4 + [1] * 4)
        self.assertEqual(round(truth[4]["euler"][1]), -12)

    def test_a_webcam_sees_its_field_of_view(self):
        camera = scene.Webcam(100, np.eye(3), np.radians(90), distance=10)
        # At a distance of 10 it sees 10 to either side.
        np.testing.assert_allclose(camera.project(np.float32([[10, 0, 0], [0, 10, 0]])),
                                   [[100, 50], [50, 0]], atol=1e-4)
        self.assertAlmostEqual(np.degrees(camera.field_of_view()), 90)

    def test_far_sides_of_turned_heads_are_hidden(self):
        _, labels = self.picture(lambda face: None, (75, 0, 0))
        seen = labels["dense"][:68, 2]
        self.assertEqual(seen[45], 0)  # the left eye's outer corner
        self.assertEqual(seen[36], 1)


class Photographs(unittest.TestCase):
    def test_those_for_validation_are_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, grey in (("a.png", 10), ("b.png", 20), ("c.png", 30)):
                cv2.imwrite(os.path.join(folder, name), np.full((4, 4, 3), grey, np.uint8))
            pattern = os.path.join(folder, "*.png")
            self.assertEqual(len(read_photographs(pattern)), 3)
            with open(os.path.join(folder, "boxes.json"), "w") as file:
                json.dump([{"file": "a.png", "split": "train"}, {"file": "b.png", "split": "val"}],
                          file)
            self.assertEqual([int(image[0, 0, 0]) for image in read_photographs(pattern)], [10, 30])


if __name__ == "__main__":
    unittest.main()
