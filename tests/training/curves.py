"""The study's learning curves."""

import json
import os
import tempfile
import unittest
import xml.etree.ElementTree as xml

import numpy as np

from training import curves, students


class Curves(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def log(self, name, errors, images=1000):
        with open(os.path.join(self.folder.name, name + ".jsonl"), "w") as file:
            for i, error in enumerate(errors):
                entry = {"images": images * (i + 1), "helen_train": error - 1, "p1": error + 1}
                file.write(json.dumps(entry) + "\n")

    def trainings(self):
        return curves.read_trainings(self.folder.name)

    def test_order_is_by_size_then_error_and_seeds_are_one_training(self):
        self.log("lednet", [9, 6.0])
        self.log("lednet-seed2", [9, 6.4])
        self.log("enet-orig", [9, 5.9])
        self.log("edanet-128", [9, 4.0])
        self.log("teacher", [9, 1.0])
        self.log("lednet-L2-small", [9, 1.0])
        found = [(t.network, t.size, len(t.seeds)) for t in self.trainings()]
        self.assertEqual(found, [("enet-orig", 64, 1), ("lednet", 64, 2), ("edanet", 128, 1)])

    def test_spread_is_over_seeds_and_unknown_of_one(self):
        self.log("lednet", [9, 6.0])
        self.log("lednet-seed2", [9, 6.4])
        self.log("enet", [9, 5.0])
        enet, lednet = self.trainings()
        self.assertAlmostEqual(lednet.spread(), np.std([6.0, 6.4], ddof=1))
        self.assertTrue(np.isnan(enet.spread()))
        self.assertIn("6.20 ± 0.28", curves.curve_table([lednet]))

    def test_last_fifth_compares_with_four_fifths(self):
        self.log("lednet", [10, 9, 8, 7, 6.3])
        self.assertIn("| 10.0 % |", curves.curve_table(self.trainings()))

    def test_ties_are_closer_than_the_spread_and_of_one_size(self):
        self.log("lednet", [9, 6.0])
        self.log("lednet-seed2", [9, 6.4])
        self.log("edanet", [9, 6.3])
        self.log("erfnet", [9, 7.0])
        self.log("erfnet-128", [9, 7.0])
        self.assertEqual(list(curves.ties(self.trainings())), ["lednet and edanet at 64x64"])

    def test_chart_has_a_line_for_each_seed_within_its_frame(self):
        self.log("lednet", [9, 6.0, 5])
        self.log("lednet-seed2", [9, 6.4, 5.5])
        self.log("edanet-128", [9, 4.0], 700)
        picture = xml.fromstring(curves.chart(self.trainings()))
        lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
        self.assertEqual(len(lines), 3)
        for line in lines:
            for pair in line.get("points").split():
                x, y = map(float, pair.split(","))
                self.assertTrue(curves.LEFT <= x <= curves.WIDTH and 0 <= y <= curves.HEIGHT)
        self.assertEqual(sum("stroke-dasharray" in line.keys() for line in lines), 1)

    def test_what_is_wrong_with_a_log_is_said(self):
        with self.assertRaisesRegex(SystemExit, "no logs of landmark networks"):
            self.trainings()
        path = os.path.join(self.folder.name, "lednet.jsonl")
        for text, message in (("", "is empty"), ('{"images": 1, "p1": 2}\n', "without 'helen_train'"),
                              ('{"images": 1', "line 1")):
            with open(path, "w") as file:
                file.write(text)
            with self.assertRaisesRegex(SystemExit, message):
                self.trainings()


class Students(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def log(self, name, *entries):
        with open(os.path.join(self.folder.name, name + ".jsonl"), "w") as file:
            for i, (akd, jacobian) in enumerate(entries):
                file.write(json.dumps({"images": 16 * (i + 1), "akd": akd, "jacobian": jacobian})
                           + "\n")

    def read(self):
        return students.read_students(self.folder.name)

    def test_the_last_entry_counts_and_the_closest_student_comes_first(self):
        self.log("lednet-L2-pretrained", (0.3, 0.9), (0.06, 0.4))
        self.log("enet-orig-L2-pretrained", (0.05, 0.3))
        self.log("erfnet-L2-small", (0.01, 0.1))
        self.log("lednet", (0.001, 0.1))
        self.assertEqual(self.read()["lednet", "L2", "pretrained"], (0.06, 0.4, 32))
        lines = students.heads_table(self.read()).splitlines()
        self.assertEqual(lines[0], "| network | 7x7, pretrained | small, new |")
        self.assertEqual(lines[2:], ["| enet-orig | 0.0500 / 0.3000 |  |",
                                     "| lednet | 0.0600 / 0.4000 |  |",
                                     "| erfnet |  | 0.0100 / 0.1000 |"])

    def test_losses_stand_side_by_side(self):
        for loss, akd in (("L1", 0.3), ("L2", 0.2), ("L3", 0.1)):
            self.log(f"lednet-{loss}-new", (akd, 1))
        self.assertEqual(students.losses_table(self.read()).splitlines()[2],
                         "| lednet | 0.3000 / 1.0000 | 0.2000 / 1.0000 | 0.1000 / 1.0000 |")

    def test_logs_without_students_are_refused(self):
        self.log("lednet", (0.1, 0.1))
        with self.assertRaisesRegex(SystemExit, "no logs of students"):
            self.read()


if __name__ == "__main__":
    unittest.main()
