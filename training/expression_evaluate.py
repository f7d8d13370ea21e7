"""How good an expression network is, as the tables of its page.

    python3 -m training.expression_evaluate --model FILE --set SET --val RENDERS --single RENDERS
        --rig ../shared/dense/ict.npz --found FOLDER [--page models/FILE.md]

The images are those of training.face_evaluate, the landmarks those that --landmarks finds in them,
kept in FOLDER."""

import argparse

import numpy as np
import torch

from . import expression_data, report
from .expression_train import predict
from .face_data import READ, Renders, Teacher
from .face_evaluate import (Answers, clip_items, clip_tables, gaze_line, photographs, quiet_line,
                            shape_table)
from .models import Model
from .expression_export import load
from .nets.face import turn_matrix
from .samples import FaceSet


class Crops:
    """What a network finds in crops that landmarks cut."""

    def __init__(self, net, size):
        self.net, self.size = net, size
        self.template = net.head.expression.template.numpy()

    def look(self, images, landmarks):
        crops = [expression_data.cut(image, marks.astype(float), self.template, self.size)
                 for image, marks in zip(images, landmarks)]
        shapes, gaze, columns = predict(self.net, [c[0] for c in crops], [c[1] for c in crops])
        one = torch.ones(len(crops), 1)  # crops are upright
        turn = turn_matrix(torch.from_numpy(columns), (None, one, 0 * one)).numpy()
        return {"shapes": shapes, "gaze": gaze.reshape(-1, 2, 2), "turn": turn}, \
            [c[2] for c in crops]


def answers(crops, renders, landmarks):
    found, squares = crops.look([renders.image(i) for i in range(len(renders))], landmarks)
    turns = [expression_data.turn_in(renders, i, square) for i, square in enumerate(squares)]
    return Answers(renders, found, np.array(turns))


def page(options):
    net, metadata = load(options.model)
    faces, teacher, model = FaceSet(options.set), Teacher(options.set), Model(options.landmarks)
    crops = Crops(net, int(metadata["mocap.input"].split("x")[0]))
    runs = []
    for folder, name in ((options.val, "val"), (options.single, "single")):
        renders = Renders(folder, options.rig)
        marks = expression_data.landmarks_of_renders(renders, model, f"{options.found}/{name}")
        runs.append(answers(crops, renders, marks))
    run, single = runs
    count = sum(p.numel() for n, p in net.named_parameters() if "expression.teacher" not in n)
    yield f"`{options.model}`: {metadata['mocap.training']}; {count:,} parameters."
    yield (f"### Renders of held-out people\n\n{len(run.renders)} images; eyes that are open; r is "
           f"the mean correlation of {len(READ)} shapes.")
    yield report.table(["yaw", "images", "gaze", "yaw / pitch", "shapes, r"],
                       [[title, int(chosen.sum()), *cells] for title, chosen, cells in run.by_yaw()])
    yield ("### Shapes\n\nr over the same renders; then one shape at a time at full strength, "
           f"{len(np.unique(single.renders.rows['person']))} people, against their neutral face.")
    yield shape_table(run, single)
    yield gaze_line(single)
    yield ("### Held-out clips\n\nCorrelation with the teacher within a clip, over the live "
           "shapes that vary there; gaze against its looks.")
    marks = expression_data.landmarks_of_faces(faces, model, options.found)
    look = lambda items: crops.look(faces.images[items], marks[items])[0]
    items = clip_items(faces, teacher)
    yield from clip_tables(look(items), items, faces, teacher)
    yield quiet_line(look(photographs(faces))["shapes"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("--model", "--set", "--val", "--single", "--rig", "--found"):
        parser.add_argument(name, required=True)
    parser.add_argument("--landmarks", default="models/face.safetensors")
    parser.add_argument("--page", help="a page with marks for the tables")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    text = "\n\n".join(page(options))
    if options.page:
        report.replace_between(options.page, "figures", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
