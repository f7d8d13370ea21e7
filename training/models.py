"""Weight files back into networks."""

from . import checkpoint, nets, safetensors


class Model:
    """A landmark network from a weight file, with what its metadata says."""

    def __init__(self, path):
        _, metadata = safetensors.read(path)
        if metadata.get("mocap.head") != "landmark":
            raise SystemExit(f"{path}: has no landmark head")
        self.path, self.metadata = path, metadata
        self.size = int(metadata["mocap.input"].split("x")[0])
        self.margin = float(metadata["mocap.crop_margin"])
        self.net = nets.landmark_net(
            metadata["mocap.arch"], int(metadata["mocap.keypoints"]),
            int(metadata["mocap.features"]), int(metadata["mocap.head_kernel"]),
            int(metadata["mocap.head_upsample"]))
        checkpoint.load_weights(self.net, path)
        self.net.eval()


def parameter_count(net):
    return sum(p.numel() for p in net.parameters())
