"""How close the study's students come to their teacher.

    python3 -m training.students models/zoo/logs [--page docs/comparison.md]

Reads the logs that training/zoo.sh keeps of distillation, NETWORK-LOSS-START.jsonl, where START is
new, pretrained, small, small-pretrained or direct. A cell is the average distance of the keypoints
from the teacher's (AKD) on validation faces, in coordinates from -1 to 1, and the mean absolute
difference of the Jacobians' entries."""

import argparse
import glob
import os
import re

from . import report
from .curves import read_log

HEADS = {"pretrained": "7x7, pretrained", "small-pretrained": "small, pretrained",
         "new": "7x7, new", "small": "small, new", "direct": "direct, new"}
LOSSES = ("L1", "L2", "L3")


def read_students(folder):
    """-> {(network, loss, start): (AKD, Jacobian error, images seen)}"""
    students = {}
    for path in sorted(glob.glob(os.path.join(folder, "*-L[123]-*.jsonl"))):
        name = re.fullmatch(r"([a-z]+(?:-orig)?)-(L[123])-([a-z-]+)", os.path.basename(path)[:-6])
        if name is not None and name[3] in HEADS:
            images, values = read_log(path, ("akd", "jacobian"))
            students[name.groups()] = (*values[-1], int(images[-1]))
    if not students:
        raise SystemExit(f"{folder}: has no logs of students")
    return students


def grid(students, columns):
    """columns: {head: (loss, start)}; the smallest AKD of the first column first, what is missing
    last. Without columns of which there is no student."""
    columns = {head: key for head, key in columns.items()
               if any((loss, start) == key for _, loss, start in students)}

    def place(network):
        akds = [students[network, *key][0] for key in columns.values() if (network, *key) in students]
        first = (network, *next(iter(columns.values()))) in students
        return not first, akds[0] if akds else float("inf"), network

    def cell(student):
        return "{:.4f} / {:.4f}".format(*student[:2]) if student else ""

    networks = sorted({network for network, _, _ in students}, key=place)
    rows = [[network, *(cell(students.get((network, *key))) for key in columns.values())]
            for network in networks]
    return report.table(["network", *columns], rows)


def heads_table(students):
    return grid(students, {head: ("L2", start) for start, head in HEADS.items()})


def losses_table(students):
    return grid(students, {f"{loss}, {start}": (loss, start)
                           for start in ("pretrained", "new") for loss in LOSSES})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("logs", help="folder of logs that training/zoo.sh wrote")
    parser.add_argument("--page", help="a page with marks for the tables")
    options = parser.parse_args()
    students = read_students(options.logs)
    tables = {"heads": heads_table(students)}
    if len({loss for _, loss, _ in students}) > 1:
        tables["losses"] = losses_table(students)
    for mark, text in tables.items():
        if options.page:
            report.replace_between(options.page, mark, text)
        else:
            print(text, end="\n\n")


if __name__ == "__main__":
    main()
