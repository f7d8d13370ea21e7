"""The whole face from one image: 68 landmarks and dense points as heat maps, and from features
and points together an expression: shapes, gaze, the head's turn.

For an input of 128x128, in the order in which an engine runs it:

  f = backbone(image)              64 x 16 x 16
  q = what block 6 gives           64 x 32 x 32 (the last one at a quarter of the input)
  u = resize(f)                    64 x 32 x 32
  m = relu(mid(u) + skip(q)); g = mix(m)                one split-shuffle block, 64 x 32 x 32
  maps = kp(u) + fine(g)           one heat map for each of the 68 landmarks and the dense points
                                   (kp and mid may as well come before resize)

Points are the means of the maps' softmaxes, as LandmarkHead's. The expression head aligns the
landmarks to a mean face (a similarity: shift, turn, scale), so that it need not learn what a
rolled head or another crop does to points, and looks at features at places of that mean face."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import ConvBn, resize
from .heads import soft_argmax
from .lednet import LedNet, SplitShuffle

LANDMARKS, DENSE = 68, 212
QUARTER = 6  # the block whose output is taken at a quarter of the input
SHAPES, GAZE, TURN, TEACHER = 44, 4, 6, 51


def grid(columns, rows, x, y):
    """columns x rows offsets that span 2x by 2y, as (x, y)."""
    return [(x * (2 * i / (columns - 1) - 1), y * (2 * j / (rows - 1) - 1) if rows > 1 else 0.0)
            for j in range(rows) for i in range(columns)]


# Where features are looked at: landmarks whose mean is the middle, offsets in units of the mean
# face's size (the root of its points' mean square distance from their middle).
LOOKS = (
    (tuple(range(36, 42)), grid(5, 3, 0.30, 0.14)),   # the person's right eye
    (tuple(range(42, 48)), grid(5, 3, 0.30, 0.14)),
    (tuple(range(48, 60)), grid(5, 4, 0.52, 0.34)),   # mouth
    (tuple(range(17, 22)), grid(3, 2, 0.30, 0.14)),   # brows
    (tuple(range(22, 27)), grid(3, 2, 0.30, 0.14)),
    ((21, 22), ((0.0, 0.0),)),                         # between the brows
    ((29, 30), grid(3, 2, 0.22, 0.14)),               # nose
    ((3, 31), grid(2, 2, 0.14, 0.20)),                # cheeks
    ((13, 35), grid(2, 2, 0.14, 0.20)),
    ((8, 57), grid(3, 1, 0.28, 0.0)),                 # chin
)
LOOK_COUNT = sum(len(offsets) for _, offsets in LOOKS)
LOOK_CHANNELS, POOLED, HIDDEN = 16, 128, 224
POINT_INPUTS = 2 * (LANDMARKS + DENSE)
INPUTS = POINT_INPUTS + LOOK_COUNT * LOOK_CHANNELS + POOLED


def align(points, template):
    """The similarity from the template to each face's landmarks -> middle (batch x 1 x 2), and
    turn with scale as a complex number's parts (batch x 1, twice)."""
    landmarks = points[:, :LANDMARKS]
    middle = landmarks.mean(1, keepdim=True)
    p = landmarks - middle
    x, y = template[:, 0], template[:, 1]
    real = (p[..., 0] * x + p[..., 1] * y).mean(1, keepdim=True)
    imaginary = (p[..., 1] * x - p[..., 0] * y).mean(1, keepdim=True)
    return middle, real, imaginary  # the template's mean square is one


def aligned(points, middle, real, imaginary):
    """Points in the template's frame."""
    p = points - middle
    square = (real ** 2 + imaginary ** 2).clamp(min=1e-6)
    return torch.stack([(p[..., 0] * real + p[..., 1] * imaginary) / square,
                        (p[..., 1] * real - p[..., 0] * imaginary) / square], -1)


class Reader(nn.Module):
    """One hidden layer from an expression's inputs, of which the first `of_points` come from
    keypoints, to shapes, gaze and turn."""

    def __init__(self, inputs, of_points, hidden, teacher=TEACHER):
        super().__init__()
        self.register_buffer("template", torch.zeros(LANDMARKS, 2))
        self.norm = nn.BatchNorm1d(inputs, momentum=0.02)
        self.hidden = nn.Linear(inputs, hidden)
        self.even = nn.BatchNorm1d(hidden, momentum=0.02)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(hidden, SHAPES + GAZE + TURN)
        self.teacher = nn.Linear(hidden, teacher)  # for training alone
        self.of_points = of_points
        self.blind = 0.0  # share of faces of which, in training, only the points are seen

    def read(self, inputs):
        """-> shapes, gaze, turn in the aligned frame (two columns), the teacher's shapes"""
        x = self.norm(inputs)
        if self.training and self.blind > 0:
            keep = (torch.rand(len(x), 1) >= self.blind).to(x)
            x = torch.cat([x[:, :self.of_points], x[:, self.of_points:] * keep], 1)
        x = self.drop(F.leaky_relu(self.even(self.hidden(x)), 0.1))
        shapes, gaze, turn = self.out(x).split((SHAPES, GAZE, TURN), 1)
        return shapes, gaze, turn, self.teacher(x)


class ExpressionHead(Reader):
    """Dense layers on aligned points, features looked at around them, and the encoder's mean."""

    def __init__(self, teacher=TEACHER):
        super().__init__(INPUTS, POINT_INPUTS, HIDDEN, teacher)
        self.look = nn.Conv2d(64, LOOK_CHANNELS, 1)

    def places(self, points, similarity):
        middle, real, imaginary = similarity
        found = []
        for landmarks, offsets in LOOKS:
            centre = points[:, list(landmarks)].mean(1)
            for x, y in offsets:
                found.append(torch.stack([centre[:, 0] + x * real[:, 0] - y * imaginary[:, 0],
                                          centre[:, 1] + y * real[:, 0] + x * imaginary[:, 0]], 1))
        return torch.stack(found, 1)

    def look_at(self, points, features, pooled):
        """points: batch x 280 x 2, fractions of the edges; features: 64 maps at 1/4; pooled:
        the encoder's 128 means -> the dense layers' inputs, the alignment."""
        similarity = align(points, self.template)
        flat = aligned(points, *similarity).flatten(1)
        where = self.places(points.detach(), [s.detach() for s in similarity])
        seen = F.grid_sample(F.relu(self.look(features)), (where * 2 - 1)[:, None],
                             mode="bilinear", padding_mode="border", align_corners=False)
        return torch.cat([flat, seen[:, :, 0].flatten(1), pooled], 1), similarity

    def forward(self, points, features, pooled):
        inputs, similarity = self.look_at(points, features, pooled)
        return (*self.read(inputs), similarity)


class FaceHead(nn.Module):
    kind = "face"

    def __init__(self, features=64, expression=True):
        super().__init__()
        self.kp = nn.Conv2d(features, LANDMARKS + DENSE, 1)
        self.mid, self.skip = ConvBn(features, 64, 1), ConvBn(64, 64, 1)
        self.mix = SplitShuffle(64, 1, 0.0)
        self.fine = nn.Conv2d(64, LANDMARKS + DENSE, 1)
        nn.init.zeros_(self.fine.weight)
        nn.init.zeros_(self.fine.bias)
        self.expression = ExpressionHead() if expression else None


class FaceNet(nn.Module):
    arch = "lednet"

    def __init__(self, expression=True):
        super().__init__()
        self.backbone, self.head = LedNet(64), FaceHead(expression=expression)
        self.short = False  # whether the backbone computes in bfloat16: twice as fast with AVX512-BF16

    def see(self, images):
        """-> points (batch x 280 x 2), variances, maps, and what the expression head looks at:
        fine features, the encoder's means"""
        blocks, x = self.backbone.blocks, images
        with torch.autocast("cpu", torch.bfloat16, enabled=self.short):
            for i, block in enumerate(blocks[:-1]):
                x = block(x)
                if i == QUARTER:
                    quarter = x
            f = blocks[-1](x)
        f, x, quarter = f.float(), x.float(), quarter.float()
        head, size = self.head, quarter.shape[2:]
        u = resize(f, size)
        g = head.mix(F.relu(head.mid(u) + head.skip(quarter)))
        maps = head.kp(u) + head.fine(g)
        return (*soft_argmax(maps), maps, g, x.mean((2, 3)))

    def forward(self, images):
        """-> points, variances, maps, and with an expression head its outputs"""
        points, variance, maps, features, pooled = self.see(images)
        if self.head.expression is None:
            return points, variance, maps
        return points, variance, maps, self.head.expression(points, features, pooled)


def turn_matrix(columns, similarity):
    """Two columns in the aligned frame -> rotations (batch x 3 x 3) in the camera's axes."""
    _, real, imaginary = similarity
    first = F.normalize(columns[:, :3], dim=1)
    second = columns[:, 3:]
    second = F.normalize(second - (first * second).sum(1, keepdim=True) * first, dim=1)
    matrix = torch.stack([first, second, torch.cross(first, second, dim=1)], 2)
    return spin(similarity, 1) @ matrix


def spin(similarity, sign):
    """What the alignment's turn is in the camera's axes, whose y goes up: batch x 3 x 3. Sign 1:
    from the aligned frame to the image; -1: back."""
    _, real, imaginary = similarity
    length = torch.sqrt(real ** 2 + imaginary ** 2).clamp(min=1e-6)
    c, s = (real / length)[:, 0], sign * (imaginary / length)[:, 0]
    zero, one = torch.zeros_like(c), torch.ones_like(c)
    return torch.stack([torch.stack([c, s, zero], 1), torch.stack([-s, c, zero], 1),
                        torch.stack([zero, zero, one], 1)], 1)
