"""Files and figures of the recipes."""

import os
import tempfile
import unittest

import numpy as np

from training import report, safetensors


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


if __name__ == "__main__":
    unittest.main()
