"""Files and figures of the recipes."""

import glob
import os
import re
import subprocess
import tempfile
import unittest

import numpy as np

from training import cache, report, safetensors


class Formats(unittest.TestCase):
    def test_tensors_come_back_as_written(self):
        tensors = {"b": np.arange(6, dtype=np.float32).reshape(2, 3),
                   "a": np.float16([0.5, -2]), "empty.name": np.int64([7])}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.safetensors")
            safetensors.write(path, tensors, {"mocap.arch": "none"})
            found, metadata = safetensors.read(path)
        self.assertEqual(metadata, {"mocap.arch": "none"})
        self.assertEqual(set(found), set(tensors))
        for name, array in tensors.items():
            self.assertEqual(found[name].dtype, array.dtype)
            np.testing.assert_array_equal(found[name], array)

    def test_text_goes_between_the_marks_and_nowhere_else(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "page.md")
            with open(path, "w") as file:
                file.write("before\n<!-- x -->\nold\n<!-- end of x -->\nafter\n")
            report.replace_between(path, "x", "new")
            with open(path) as file:
                self.assertEqual(file.read(),
                                 "before\n<!-- x -->\nnew\n<!-- end of x -->\nafter\n")
            with self.assertRaises(SystemExit):
                report.replace_between(path, "y", "new")

    def test_ranks_don_t_care_for_scale(self):
        a = np.array([3.0, 1, 2, 10])
        self.assertAlmostEqual(report.rank_correlation(a, np.exp(a)), 1)
        self.assertAlmostEqual(report.rank_correlation(a, -a), -1)

    def test_area_is_the_share_of_pairs_in_order(self):
        self.assertEqual(report.area_under_curve([1, 2], [3, 4]), 1)
        self.assertEqual(report.area_under_curve([1, 4], [2, 3]), 0.5)

    def test_every_weight_file_says_what_it_may_be_used_for(self):
        files = glob.glob("models/**/*.safetensors", recursive=True)
        self.assertGreater(len(files), 10)
        for path in files:
            _, metadata = safetensors.read(path)
            kind = "MIT" if path.startswith("models/free/") else "research use only"
            self.assertTrue(metadata.get("mocap.license", "").startswith(kind), path)
            self.assertTrue(metadata.get("mocap.training"), path)

    def test_results_of_other_sources_are_not_reused(self):
        with tempfile.TemporaryDirectory() as folder:
            weights = os.path.join(folder, "weights")
            points = np.zeros(3)
            results = []
            for content in (b"a", b"b", b"a"):
                with open(weights, "wb") as file:
                    file.write(content)
                results.append(cache.cached(folder, "found", (weights, points),
                                            lambda: np.full(1, len(results))))
            self.assertEqual([int(r[0]) for r in results], [0, 1, 0])
            again = cache.cached(folder, "found", (weights, points + 1), lambda: np.full(1, 9))
            self.assertEqual(int(again[0]), 9)


class Study(unittest.TestCase):
    """training/zoo.sh, with a program in Python's place that does nothing."""

    def run_study(self, folder, **options):
        unset = {"NETWORKS": "", "REPEATED": "", "LARGE": "", "STUDENTS": "", "PYTHON": "true"}
        return subprocess.run(["training/zoo.sh", "set", folder + "/runs", folder + "/zoo", "train"],
                              env={**os.environ, **unset, **options}, capture_output=True, text=True,
                              check=False)

    def test_a_student_waits_for_what_it_starts_from(self):
        with tempfile.TemporaryDirectory() as folder:
            for networks, complaint in (("", "runs/hourglass is not finished"),
                                        ("hourglass", "runs/lednet is not finished")):
                for network in networks.split():
                    os.makedirs(f"{folder}/runs/{network}")
                self.assertEqual(self.run_study(folder, NETWORKS=networks).returncode, 0)
                os.makedirs(f"{folder}/runs/teacher", exist_ok=True)
                ended = self.run_study(folder, STUDENTS="lednet")
                self.assertEqual(ended.returncode, 1)
                self.assertIn(complaint, ended.stderr)

    def test_students_start_and_end_as_their_names_say(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(f"{folder}/bin")
            for run in ("hourglass", "lednet"):
                os.makedirs(f"{folder}/runs/{run}")
            program = f"{folder}/bin/python"
            with open(program, "w") as file:  # says what it should do, and makes the run's folder
                file.write('#!/bin/sh\nmkdir -p "$6"\necho "$@"\n')
            os.chmod(program, 0o755)
            said = self.run_study(folder, NETWORKS="hourglass lednet", STUDENTS="lednet",
                                  PYTHON=program).stdout.splitlines()
            students = {re.search(r"--run \S+/lednet-(\S+)", line)[1]: line
                        for line in said if "training.distil" in line}
        self.assertEqual(len(students), 8)
        for student, line in students.items():
            loss, start = student.split("-", 1)
            self.assertIn(f"--loss {loss} ", line)
            self.assertEqual("--init-backbone" in line, "pretrained" in start, line)
            self.assertEqual("--form small" in line, "small" in start, line)

    def test_a_run_of_another_length_or_batch_is_not_taken_for_this_one(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(f"{folder}/runs/lednet")
            self.assertEqual(self.run_study(folder, NETWORKS="lednet").returncode, 0)
            self.assertEqual(self.run_study(folder, NETWORKS="lednet").returncode, 0)
            for other in ({"LANDMARK_STEPS": "7"}, {"BATCH": "8"}):
                ended = self.run_study(folder, NETWORKS="lednet", **other)
                self.assertEqual(ended.returncode, 1)
                self.assertIn("its steps are 25000 of 16 images", ended.stderr)
            with open(f"{folder}/runs/lednet/done", "w") as file:
                file.write("25000\n")  # as it was written before
            self.assertEqual(self.run_study(folder, NETWORKS="lednet").returncode, 0)


if __name__ == "__main__":
    unittest.main()
