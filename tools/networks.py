"""The networks of nn/networks/, block by block, independent of the graph they are built in.

Each function takes a graph, the input map and the number of features, and returns the last
map, at 1/reduction of the input's size, like its counterpart in C. The graph has a method
for each operator: onnx_graph.py writes ONNX, tests/golden/make.py computes with numpy.
Tensor names are those of the weight files.
"""


# ---- blocks that several networks share ---------------------------------------------

def down(graph, x, name, channels, epsilon):
    pooled = graph.channels(x)
    if channels <= pooled:
        y = graph.conv(x, f"{name}.conv", channels, (3, 3), 2)
    else:
        y = graph.conv(x, f"{name}.conv", channels - pooled, (3, 3), 2)
        y = graph.concat(y, graph.pool(x, f"{name}.pool"), f"{name}.concat")
    return graph.relu(graph.norm(y, f"{name}.bn", epsilon))


def up(graph, x, name, channels, epsilon):
    x = graph.transposed(x, f"{name}.conv", channels, 3)
    return graph.relu(graph.norm(x, f"{name}.bn", epsilon))


def asymmetric(graph, x, name, kernel, dilation, mirrored=False, linear=False):
    channels = graph.channels(x)
    convs = [("v", (kernel, 1), (dilation, 1)), ("h", (1, kernel), (1, dilation))]
    first, second = reversed(convs) if mirrored else convs
    x = graph.conv(x, f"{name}.{first[0]}", channels, first[1], 1, first[2])
    x = x if linear else graph.relu(x)
    return graph.conv(x, f"{name}.{second[0]}", channels, second[1], 1, second[2])


def pair(graph, x, name, kernel, dilation, epsilon, mirrored=False, linear=False):
    x = asymmetric(graph, x, name, kernel, dilation, mirrored, linear)
    return graph.norm(x, f"{name}.bn", epsilon)


def res1d(graph, x, name, kernel, dilation, epsilon):
    y = graph.relu(pair(graph, x, f"{name}.a", kernel, 1, epsilon))
    y = pair(graph, y, f"{name}.b", kernel, dilation, epsilon)
    return graph.relu(graph.binary("Add", y, x, f"{name}.add"))


def conv_norm(graph, x, name, channels, kernel, stride, epsilon):
    x = graph.conv(x, f"{name}.conv", channels, (kernel, kernel), stride)
    return graph.norm(x, f"{name}.bn", epsilon)


def conv_norm_relu(graph, x, name, channels, kernel, stride, epsilon):
    return graph.relu(conv_norm(graph, x, name, channels, kernel, stride, epsilon))


def depthwise(graph, x, name, kernel, stride, dilation, epsilon):
    x = graph.depthwise(x, f"{name}.conv", kernel, stride, dilation)
    return graph.norm(x, f"{name}.bn", epsilon)


def squeeze(graph, x, name, channels):
    y = graph.conv(graph.mean(x, f"{name}.mean"), f"{name}.a", channels, (1, 1))
    y = graph.conv(graph.relu(y), f"{name}.b", graph.channels(x), (1, 1))
    return graph.binary("Mul", x, graph.sigmoid(y), f"{name}.scaled")


# ---- LEDNet -------------------------------------------------------------------------

def split_shuffle(graph, x, name, dilation, epsilon):
    left, right = graph.halves(x, f"{name}.split")
    left = graph.relu(pair(graph, left, f"{name}.la", 3, 1, epsilon))
    left = pair(graph, left, f"{name}.lb", 3, dilation, epsilon)
    right = graph.relu(pair(graph, right, f"{name}.ra", 3, 1, epsilon, mirrored=True))
    right = pair(graph, right, f"{name}.rb", 3, dilation, epsilon, mirrored=True)
    y = graph.binary("Add", graph.concat(left, right, f"{name}.concat"), x, f"{name}.add")
    return graph.shuffle(graph.relu(y), f"{name}.shuffle")


def pyramid(graph, x, name, features, epsilon):
    def step(x, part, channels, kernel, stride=1):
        return conv_norm_relu(graph, x, f"{name}.{part}", channels, kernel, stride, epsilon)

    height, width = graph.size(x)
    whole = step(graph.mean(x, f"{name}.mean"), "gp", features, 1)
    pixels = step(x, "mid", features, 1)
    half = step(x, "d1", 1, 7, 2)
    quarter = step(half, "d2", 1, 5, 2)
    up_ = step(step(quarter, "d3a", 1, 3, 2), "d3b", 1, 3)
    up_ = graph.resize(up_, f"{name}.up3", height // 4, width // 4)
    up_ = graph.binary("Add", up_, step(quarter, "s2", 1, 5), f"{name}.add2")
    up_ = graph.resize(up_, f"{name}.up2", height // 2, width // 2)
    up_ = graph.binary("Add", up_, step(half, "s1", 1, 7), f"{name}.add1")
    up_ = graph.resize(up_, f"{name}.up1", height, width)
    # A resize of one pixel is that pixel everywhere, so broadcasting in the sum suffices.
    return graph.binary("Add", graph.binary("Mul", pixels, up_, f"{name}.scale"), whole,
                        f"{name}.sum")


def lednet_blocks(graph, x, blocks, features):
    """One number per block: its channels if it halves the size, else minus its dilation."""
    for i, block in enumerate(blocks):
        name = f"blocks.{i}"
        x = (down(graph, x, name, block, 1e-3) if block > 0
             else split_shuffle(graph, x, name, -block, 1e-3))
        graph.mark(name, x)
    name = f"blocks.{len(blocks)}"
    x = pyramid(graph, x, name, features, 1e-3)
    graph.mark(name, x)
    return x


def lednet(graph, x, features):
    blocks = [32, -1, -1, -1, 64, -1, -1, 128, -1, -2, -5, -9, -2, -5, -9, -17]
    return lednet_blocks(graph, x, blocks, features)


def lednet_slim(graph, x, features):
    return lednet_blocks(graph, x, [16, 32, -1, 64, -1, -2, -5, -9], features)


# ---- ERFNet, ESNet, EDANet ------------------------------------------------------------

def erfnet(graph, x, features):
    # One row per block: its channels if it changes the size, else its dilation.
    blocks = ([("down", 16), ("down", 64)] + [("res", 1)] * 5 + [("down", 128)] +
              [("res", dilation) for dilation in (2, 4, 8, 16)] * 2 +
              [("up", 64), ("res", 1), ("res", 1), ("up", 16), ("res", 1), ("res", 1)])
    for i, (kind, number) in enumerate(blocks):
        name = f"blocks.{i}"
        x = (down(graph, x, name, number, 1e-3) if kind == "down" else
             up(graph, x, name, number, 1e-3) if kind == "up" else
             res1d(graph, x, name, 3, number, 1e-3))
    return graph.transposed(x, "blocks.22", features, 2)


def parallel(graph, x, name, dilations, epsilon):
    y = graph.relu(pair(graph, x, f"{name}.a", 3, 1, epsilon))
    for i, dilation in enumerate(dilations):
        branch = asymmetric(graph, y, f"{name}.br.{i}", 3, dilation)
        branch = graph.norm(branch, f"{name}.bn", epsilon, f"{name}.bn.{i}")
        x = graph.binary("Add", x, branch, f"{name}.add{i}")
    return graph.relu(x)


def esnet(graph, x, features):
    blocks = ([("down", 16)] + [("fcu", 3)] * 3 + [("down", 64)] + [("fcu", 5)] * 2 +
              [("down", 128)] + [("pfcu", 0)] * 3 + [("up", 64)] + [("fcu", 5)] * 2 +
              [("up", 16)] + [("fcu", 3)] * 2)
    for i, (kind, number) in enumerate(blocks):
        name = f"blocks.{i}"
        x = (down(graph, x, name, number, 1e-3) if kind == "down" else
             up(graph, x, name, number, 1e-3) if kind == "up" else
             parallel(graph, x, name, (2, 5, 9), 1e-3) if kind == "pfcu" else
             res1d(graph, x, name, number, 1, 1e-3))
    return graph.transposed(x, "blocks.17", features, 2)


def dense(graph, x, name, growth, dilation, epsilon):
    y = graph.conv(x, f"{name}.pw", growth, (1, 1))
    y = graph.relu(graph.norm(y, f"{name}.bn0", epsilon))
    y = graph.relu(pair(graph, y, f"{name}.a", 3, 1, epsilon, linear=True))
    y = graph.relu(pair(graph, y, f"{name}.b", 3, dilation, epsilon, linear=True))
    return graph.concat(y, x, f"{name}.concat")


def edanet(graph, x, features):
    blocks = [15, 60, -1, -1, -1, -2, -2, 130, -2, -2, -4, -4, -8, -8, -16, -16]
    for i, block in enumerate(blocks):
        name = f"blocks.{i}"
        x = (down(graph, x, name, block, 1e-5) if block > 0
             else dense(graph, x, name, 40, -block, 1e-5))
    return graph.conv(x, "blocks.16", features, (1, 1))


# ---- ENet -----------------------------------------------------------------------------

class Enet:
    """Both dialects; see nn/networks/enet.c."""

    def __init__(self, graph, original):
        self.graph, self.original = graph, original
        self.epsilon = 1e-3 if original else 1e-5

    def activate(self, x, name, act):
        if act == "prelu":
            slopes = self.graph.channels(x) if self.original else 1
            return self.graph.prelu(x, f"{name}.f", slopes)
        return self.graph.relu(x) if act == "relu" else x

    def conv(self, x, name, first, channels, kernel, stride=1, dilation=1, biased=False, act=None):
        x = self.graph.conv(x, f"{name}.{first}", channels, kernel, stride, (dilation, dilation),
                            biased)
        x = self.graph.norm(x, f"{name}.{first + 1}", self.epsilon)
        return self.activate(x, f"{name}.{first + 2}", act)

    def middle(self, x, name, dilation, act):
        channels = self.graph.channels(x)
        if dilation > 0:
            return self.conv(x, name, 0, channels, (3, 3), 1, dilation, self.original, act)
        if self.original:
            x = self.graph.conv(x, f"{name}.0", channels, (1, 5), biased=False)
            return self.conv(x, name, 1, channels, (5, 1), biased=True, act=act)
        x = self.conv(x, name, 0, channels, (5, 1), act=act)
        return self.conv(x, name, 3, channels, (1, 5), act=act)

    def regular(self, x, name, dilation, act):
        channels = self.graph.channels(x)
        y = self.conv(x, f"{name}.c1", 0, channels // 4, (1, 1), act=act)
        y = self.middle(y, f"{name}.c2", dilation, act)
        y = self.conv(y, f"{name}.c3", 0, channels, (1, 1), act=None if self.original else act)
        y = self.graph.binary("Add", y, x, f"{name}.add")
        return self.activate(y, f"{name}.act", act)

    def down(self, x, name, channels):
        inner = (channels if self.original else self.graph.channels(x)) // 4
        pooled, index = self.graph.pool_with_index(x, f"{name}.pool")
        y = self.conv(x, f"{name}.c1", 0, inner, (2, 2), 2, act="prelu")
        y = self.middle(y, f"{name}.c2", 1, "prelu")
        y = self.conv(y, f"{name}.c3", 0, channels, (1, 1), act=None if self.original else "prelu")
        pooled = self.graph.pad_channels(pooled, f"{name}.pad", channels)
        y = self.graph.binary("Add", y, pooled, f"{name}.add")
        return self.activate(y, f"{name}.act", "prelu"), index

    def up(self, x, name, channels, index):
        inner = (channels if self.original else self.graph.channels(x)) // 4
        sparse = self.conv(x, f"{name}.m", 0, channels, (1, 1))
        sparse = self.graph.unpool(sparse, index, f"{name}.unpool")
        y = self.conv(x, f"{name}.c1", 0, inner, (1, 1), act="relu")
        y = self.graph.transposed(y, f"{name}.t", inner, 3 if self.original else 2, self.original)
        y = self.graph.relu(self.graph.norm(y, f"{name}.tb", self.epsilon))
        y = self.conv(y, f"{name}.c2", 0, channels, (1, 1))
        return self.graph.relu(self.graph.binary("Add", y, sparse, f"{name}.add"))

    def run(self, x, features):
        graph = self.graph
        y = graph.conv(x, "ini", 13, (3, 3), 2, biased=self.original)
        pooled = graph.pool(x, "pool") if self.original else graph.pool(x, "pool", 3, 2, 1)
        x = graph.norm(graph.concat(y, pooled, "ini.concat"), "ibn", self.epsilon)
        x = self.activate(x, "iact", "prelu")
        x, first = self.down(x, "d1", 64)
        for i in range(4):
            x = self.regular(x, f"s1.{i}", 1, "prelu")
        x, second = self.down(x, "d2", 128)
        for i, dilation in enumerate([1, 2, 0, 4, 1, 8, 0, 16] * 2):
            x = self.regular(x, f"s2.{i}", dilation, "prelu")
        x = self.up(x, "u4", 64, second)
        for i in range(2):
            x = self.regular(x, f"s4.{i}", 1, "relu")
        x = self.up(x, "u5", 16, first)
        x = self.regular(x, "s5.0", 1, "relu")
        return graph.transposed(x, "out", features, 2 if self.original else 3, self.original)


def enet(graph, x, features):
    return Enet(graph, False).run(x, features)


def enet_original(graph, x, features):
    return Enet(graph, True).run(x, features)


# ---- the hourglass ----------------------------------------------------------------------

def hourglass(graph, x, features):
    levels, expansion = 5, features - graph.channels(x)

    def width(level):
        return expansion * min(1 << level, 32)

    def level(x, name, channels):
        return conv_norm_relu(graph, x, name, channels, 3, 1, 1e-5)

    skips = []
    for i in range(levels):
        skips.append(x)
        x = graph.average(level(x, f"down.{i}", width(i + 1)), f"down.{i}.average")
    for i in range(levels):
        skip = levels - 1 - i
        x = level(graph.nearest(x, f"up.{i}.nearest"), f"up.{i}", width(skip))
        x = graph.concat(x, skips[skip], f"up.{i}.concat")
    return x


# ---- LAEDNet and LRDNet, after their papers' description ----------------------------------

def inverted(graph, x, name, expand, channels, stride):
    entered = graph.channels(x)
    y = x if expand == 1 else conv_norm_relu(graph, x, f"{name}.a", expand * entered, 1, 1, 1e-3)
    y = graph.relu(depthwise(graph, y, f"{name}.d", (3, 3), stride, 1, 1e-3))
    y = conv_norm(graph, y, f"{name}.b", channels, 1, 1, 1e-3)
    if stride == 1 and channels == entered:
        y = graph.binary("Add", y, x, f"{name}.add")
    return y


def lrse(graph, x, name):
    channels = graph.channels(x)
    y = graph.relu(depthwise(graph, x, f"{name}.d", (3, 3), 1, 1, 1e-3))
    y = conv_norm(graph, y, f"{name}.b", channels, 1, 1, 1e-3)
    y = squeeze(graph, y, f"{name}.se", channels // 4)
    return graph.relu(graph.binary("Add", y, x, f"{name}.add"))


def laednet(graph, x, features):
    encoder = [(1, 16, 1), (4, 24, 2), (4, 24, 1), (4, 40, 2), (4, 40, 1), (4, 40, 1),
               (4, 80, 2), (4, 80, 1), (4, 80, 1)]
    skips = []
    x = conv_norm_relu(graph, x, "stem", 16, 3, 2, 1e-3)
    for i, (expand, channels, stride) in enumerate(encoder):
        if stride == 2:
            skips.append(x)
        x = inverted(graph, x, f"encoder.{i}", expand, channels, stride)
    for i, skip in enumerate(reversed(skips)):
        name, channels = f"decoder.{i}", graph.channels(skip)
        x = graph.transposed(x, f"{name}.up", channels, 2)
        x = graph.concat(x, skip, f"{name}.concat")
        x = conv_norm_relu(graph, x, f"{name}.a", channels, 1, 1, 1e-3)
        x = lrse(graph, x, name)
    return graph.conv(x, "out", features, (1, 1))


def asymmetric_residual(graph, x, name, dilation):
    y = graph.relu(pair(graph, x, f"{name}.a", 3, 1, 1e-3))
    y = graph.relu(depthwise(graph, y, f"{name}.dv", (3, 1), 1, dilation, 1e-3))
    y = graph.relu(depthwise(graph, y, f"{name}.dh", (1, 3), 1, dilation, 1e-3))
    y = conv_norm(graph, y, f"{name}.b", graph.channels(x), 1, 1, 1e-3)
    return graph.relu(graph.binary("Add", y, x, f"{name}.add"))


def lrdnet(graph, x, features):
    blocks = [32, -1, -1, 64, -1, -2, 128, -1, -2, -5, -9, -2, -5, -9]
    for i, block in enumerate(blocks):
        name = f"blocks.{i}"
        x = (down(graph, x, name, block, 1e-3) if block > 0
             else asymmetric_residual(graph, x, name, -block))
    refined = conv_norm_relu(graph, x, "decoder.in", features, 3, 1, 1e-3)
    where = graph.sigmoid(conv_norm(graph, x, "decoder.where", 1, 7, 1, 1e-3))
    where = graph.binary("Mul", refined, where, "decoder.position.scaled")
    what = squeeze(graph, refined, "decoder.what", (features + 3) // 4)
    x = graph.binary("Add", where, what, "decoder.add")
    return graph.conv(x, "decoder.out", features, (1, 1))


# name: function, the input's size over the output's, usual number of features
# ---- a plain encoder ------------------------------------------------------------------


def plain(graph, x, features):
    layers = [(16, 3, 2), (24, 3, 1), (32, 3, 2), (48, 3, 1), (64, 3, 2), (64, 3, 1), (96, 3, 2),
              (features, 1, 1)]
    for i, (channels, kernel, stride) in enumerate(layers):
        x = conv_norm_relu(graph, x, f"blocks.{i}", channels, kernel, stride, 1e-3)
    return x


NETWORKS = {
    "lednet": (lednet, 8, 64),
    "lednet-slim": (lednet_slim, 8, 32),
    "erfnet": (erfnet, 1, 32),
    "edanet": (edanet, 8, 64),
    "esnet": (esnet, 1, 32),
    "enet": (enet, 1, 32),
    "enet-orig": (enet_original, 1, 32),
    "hourglass": (hourglass, 1, 35),
    "laednet": (laednet, 2, 32),
    "lrdnet": (lrdnet, 8, 64),
    "plain": (plain, 16, 32),
}
