"""The locator's images, and what the network should say to them."""

import os
import tempfile
import unittest

import cv2
import numpy as np

from training import locator_data, locator_evaluate, locator_prepare


def picture(image, kind, name, points=None):
    entry = {"file": name, "set": name, "kind": kind, "height": image.shape[0],
             "width": image.shape[1], "offset": 0, "doubtful": [], "faces": []}
    if points is not None:
        entry.update(points=points.tolist(), faces=[locator_data.bounds(points).tolist()])
    return locator_data.Picture(entry, np.ravel(image))


def composer(things):
    grey = np.full((200, 240, 3), 90, np.uint8)
    points = np.float64([[80, 60], [160, 60], [80, 160], [160, 160]])
    head = np.array(grey)
    cv2.ellipse(head, (120, 110), (40, 50), 0, 0, 360, (160, 180, 220), -1)
    made = locator_data.Composer([picture(head, "frame", "afw", points),
                                  picture(grey, "frame", "coco_noperson")],
                                 [picture(head, "crop", "afw", points)], things)
    made.rng = np.random.default_rng(1)
    return made


class Scenes(unittest.TestCase):
    def test_photographs_are_found_in_resource_files(self):
        rng, written = np.random.default_rng(2), []
        with tempfile.TemporaryDirectory() as folder:
            for kind in locator_prepare.SCENES:
                with open(os.path.join(folder, kind + ".rcc"), "wb") as file:
                    for edge in (160, 60):  # the small one is an icon
                        image = rng.integers(0, 255, (edge, edge + 20, 3), np.uint8)
                        data = cv2.imencode(".webp", image)[1].tobytes()
                        file.write(b"head" + len(data).to_bytes(4, "big") + data)
                    file.write((9).to_bytes(4, "big") + b"RIFFtrash")
                written.append(kind)
            found = list(locator_prepare.read_scenes(folder))
        self.assertEqual([image.shape for image, _ in found], [(160, 180, 3)] * len(written))
        self.assertEqual([entry["split"] for _, entry in found], ["train", "val"] * 2)


class Pictures(unittest.TestCase):
    def test_only_what_is_to_be_seen_of_a_thing_covers(self):
        image = np.zeros((50, 50, 4), np.uint8)
        image[10:40, 10:40] = 255
        made = composer([picture(image, "thing", "thing")])
        before = np.full((128, 128, 3), 90, np.uint8)
        seen = [made.put_thing(before) for _ in range(20)]
        covered = [(after == 255).all(2).mean() for after in seen]
        self.assertGreater(np.median(covered), 0.01)
        for after, share in zip(seen, covered):
            self.assertGreater((after == 90).all(2).mean() + share, 0.8)

    def test_examples_have_their_faces_where_they_are_said_to_be(self):
        made, faces = composer([]), 0
        for _ in range(100):
            image, boxes, _ = made.frame(128)
            for box in boxes:
                x, y = (int((box[i] + box[i + 2]) / 2) for i in (0, 1))
                if 0 <= x < 128 and 0 <= y < 128 and box[3] - box[1] > 20:
                    np.testing.assert_allclose(image[y, x], (160, 180, 220), atol=2)
                    faces += 1
        self.assertGreater(faces, 40)

    def test_renders_have_their_share_and_heads_turned_away_come_more_often(self):
        grey = np.full((20, 20, 3), 90, np.uint8)
        names = ["afw"] * 9 + ["render_0", "render_60"]
        weights = locator_data.weigh([picture(grey, "frame", name) for name in names], lambda _: 1.0)
        self.assertAlmostEqual(weights[9:].sum(), locator_data.RENDERED)
        self.assertAlmostEqual(weights[10], 3 * weights[9])
        alone = locator_data.weigh([picture(grey, "frame", "render_0")] * 4, lambda _: 1.0)
        np.testing.assert_allclose(alone, 0.25)


class Renders(unittest.TestCase):
    def test_sets_tell_how_far_a_head_is_turned_to_either_side(self):
        for degrees, name in ((0, "render_0"), (-29, "render_0"), (45, "render_30"), (-80, "render_60")):
            c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
            self.assertEqual(locator_prepare.turned(np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])), name)


class Maps(unittest.TestCase):
    def test_top_of_the_hill_is_the_face_s_cell_and_asks_for_its_box(self):
        box = np.array([40.0, 24.0, 72.0, 72.0])
        score, weight, boxes, asked = locator_data.targets([box], [], 128)
        row, column = np.unravel_index(score.argmax(), score.shape)
        self.assertEqual((row, column), (6, 7))
        np.testing.assert_allclose(boxes[:, row, column] * locator_data.CELL, [56, 48, 32, 48])
        self.assertEqual(asked[row, column], 1)
        self.assertEqual(weight.min(), 1)

    def test_doubtful_and_tiny_faces_are_neither_asked_for_nor_denied(self):
        doubtful, tiny = np.array([8.0, 8, 40, 48]), np.array([100.0, 100, 104, 105])
        score, weight, _, asked = locator_data.targets([tiny], [doubtful], 128)
        self.assertEqual(score.max(), 0)
        self.assertEqual(asked.max(), 0)
        self.assertEqual(weight[2, 2], 0)
        self.assertEqual(weight[12, 12], 0)
        self.assertEqual(weight[8, 12], 1)


class Matching(unittest.TestCase):
    def test_highest_scoring_box_takes_the_face_and_one_face_is_one_box_s(self):
        faces = [[0, 0, 10, 10], [20, 0, 30, 10]]
        found = [[0, 0, 10, 10, 0.9], [1, 0, 11, 10, 0.8], [100, 0, 110, 10, 0.7]]
        matched, used = locator_evaluate.match(found, faces)
        self.assertEqual(matched, [(0.9, 1.0), (0.0, 0.0)])
        self.assertEqual(used, {0})


if __name__ == "__main__":
    unittest.main()
