"""From a stored crop to what a camera and a tracker make of a face.

One warp does all geometry, straight from the stored crop to the network's
input; what happens to light, lens and codec follows."""

import cv2
import numpy as np

FLIP = np.array(list(range(16, -1, -1)) + list(range(26, 16, -1)) + list(range(27, 31)) +
                list(range(35, 30, -1)) + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40] +
                list(range(54, 47, -1)) + list(range(59, 54, -1)) + list(range(64, 59, -1)) +
                list(range(67, 64, -1)))


def warp(image, points, size, centre, side, angle=0.0, flip=False, spread=(1.0, 1.0)):
    """The square of edge `side` (pixels of the image) around centre, turned by
    angle (radians), as size x size -> image, points as fractions of its edge.
    Pixel i covers [i, i + 1]. Outside the image its edge repeats, as in the
    pipeline."""
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]]) * np.array(spread)[:, None] / side
    if flip:
        turn[0] *= -1
    offset = 0.5 - turn @ np.asarray(centre, float)
    matrix = np.hstack([turn * size, (offset * size + turn.sum(1) * size * 0.5 - 0.5)[:, None]])
    if side > 1.3 * size:  # the warp takes four pixels: blur away what would alias
        image = cv2.GaussianBlur(image, (0, 0), 0.35 * side / size)
    picture = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR,
                             borderMode=cv2.BORDER_REPLICATE)
    moved = points @ turn.T + offset
    return picture, moved[FLIP] if flip else moved


def box_of(points):
    low, high = points.min(0), points.max(0)
    return (low + high) / 2, (high - low).max()


def place(rng, points, margin):
    """What a tracker's square looks like: near the face's own, at times far off
    (the first looks of a search)."""
    centre, edge = box_of(points)
    if rng.random() < 0.08:
        scale, shift = np.exp(rng.uniform(-0.3, 0.45)), rng.uniform(-0.2, 0.2, 2)
    else:
        scale, shift = np.exp(rng.normal(0, 0.07)), rng.normal(0, 0.035, 2)
    side = margin * edge * scale
    angle = rng.normal(0, 0.16) if rng.random() < 0.75 else rng.uniform(-0.8, 0.8)
    return {"centre": centre + shift * side, "side": side, "angle": angle,
            "flip": rng.random() < 0.5, "spread": np.exp(rng.normal(0, 0.03, 2))}


def grimace(rng, image, points):
    """Deforms the mouth by a smooth warp whose strength falls off as a Gaussian around it. Faces
    that nobody made for a camera, with labels that still fit."""
    mouth = points[48:68]
    middle, width = mouth.mean(0), np.ptp(mouth[:, 0])
    if width < 8 or not np.isfinite(width):  # in profile
        return image, points
    # From a slit to the round mouth of an O: shares of the distance that go or come.
    stretch = np.array([[rng.uniform(-0.7, 0.25), rng.uniform(-0.25, 0.25)],
                        [rng.uniform(-0.25, 0.25), rng.uniform(-0.4, 0.5)]])
    shift = rng.uniform(-0.15, 0.15, 2) * width
    reach = rng.uniform(0.45, 0.8) * width

    def pulled(places):  # from where the image at these places comes
        away = places - middle - shift
        bell = np.exp(-(away ** 2).sum(-1, keepdims=True) / (2 * reach ** 2))
        return places - bell * (away @ stretch.T + shift)

    moved = points.astype(float)
    for _ in range(40):  # comes to rest where the shift is less steep than one
        moved += points - pulled(moved)
    if np.abs(points - pulled(moved)).max() > 0.1:
        return image, points
    grid = np.stack(np.meshgrid(np.arange(image.shape[1]), np.arange(image.shape[0])), -1) + 0.5
    source = (pulled(grid) - 0.5).astype(np.float32)
    picture = cv2.remap(image, source[..., 0], source[..., 1], cv2.INTER_LINEAR,
                        borderMode=cv2.BORDER_REPLICATE)
    return picture, moved


def moustache(rng, image, points):
    """Hair over the upper lip, of which most photographs have none."""
    rim, nose = points[48:55], points[33]
    hang = rng.uniform(-0.1, 0.6) * (points[62] - points[51])  # over the lip, at times to its edge
    above = rim + rng.uniform(0.45, 0.9) * (nose - points[51]) * np.array(
        [0.2, 0.7, 0.9, 1, 0.9, 0.7, 0.2])[:, None]
    outline = np.concatenate([above, (rim + hang)[::-1]])
    if not np.isfinite(outline).all():
        return image
    share = np.zeros(image.shape[:2], np.float32)
    cv2.fillPoly(share, [np.int32(np.round(outline * 16))], 1.0, cv2.LINE_AA, 4)
    share = cv2.GaussianBlur(share, (0, 0), rng.uniform(0.8, 3)) * rng.uniform(0.5, 1)
    hair = rng.normal(1, 0.35, image.shape[:2]).astype(np.float32)
    hair = cv2.GaussianBlur(hair, (0, 0), 0.5, sigmaY=rng.uniform(1, 3)) - 1
    colour = np.float32(rng.uniform(0.05, 0.5) * np.array([1, rng.uniform(0.7, 1), rng.uniform(0.4, 1)]))
    bright = max(float(image[share > 0.3].mean()) if (share > 0.3).any() else 128.0, 20.0)
    drawn = bright * colour * (1 + 2 * hair[..., None])
    mixed = image + share[..., None] * (drawn - image)
    return np.clip(mixed, 0, 255).astype(np.uint8)


def light(rng, image):
    image = image.astype(np.float32) / 255
    if rng.random() < 0.15:  # grey: a night camera
        image = np.repeat(image @ np.float32([[0.3], [0.59], [0.11]]), 3, 2)
    elif rng.random() < 0.5:  # white balance
        image = image * np.exp(rng.normal(0, 0.1, 3)).astype(np.float32)
    image = np.clip(image, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.3)))
    if rng.random() < 0.2:  # a lamp at one side
        ramp = np.linspace(rng.uniform(0.3, 1), rng.uniform(0.7, 1.3), image.shape[1])
        ramp = ramp[::-1] if rng.random() < 0.5 else ramp
        image = image * ramp.astype(np.float32)[None, :, None]
    gain = rng.uniform(0.12, 0.5) if rng.random() < 0.12 else np.exp(rng.normal(0, 0.2))
    middle = image.mean()
    image = (image - middle) * np.float32(np.exp(rng.normal(0, 0.2))) + middle
    return image * np.float32(gain) + np.float32(rng.normal(0, 0.03))


def lens(rng, image):
    size = image.shape[0]
    kind = rng.random()
    if kind < 0.12:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6) * size / 128)
    elif kind < 0.22:  # motion
        length = int(rng.integers(3, 9))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, np.pi)
        half = (length - 1) / 2
        for t in np.linspace(-half, half, 2 * length):
            kernel[int(round(half + t * np.sin(angle))), int(round(half + t * np.cos(angle)))] = 1
        image = cv2.filter2D(image, -1, kernel / kernel.sum())
    elif kind < 0.40:  # a small face, enlarged
        edge = int(size * rng.uniform(0.3, 0.8))
        small = cv2.resize(image, (edge, edge), interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.35:
        image = image + rng.normal(0, 1, image.shape).astype(np.float32) * rng.uniform(0.005, 0.05)
    return image


def cover(rng, image):
    """A patch in front of the face: flat, or noise."""
    size = image.shape[0]
    width, height = (rng.uniform(0.1, 0.4, 2) * size).astype(int)
    x, y = rng.integers(-width // 2, size - width // 2), rng.integers(-height // 2,
                                                                      size - height // 2)
    part = image[max(y, 0):y + height, max(x, 0):x + width]
    colour = rng.integers(0, 256, 3)
    if rng.random() < 0.5:
        part[:] = colour
    else:
        part[:] = np.clip(colour + rng.normal(0, 40, part.shape), 0, 255)


def compress(rng, image):
    quality = int(rng.integers(15, 80))
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def photograph(rng, image):
    """Light, lens, what stands in front, codec: bytes to bytes."""
    if rng.random() < 0.7:
        image = np.clip(lens(rng, light(rng, image)) * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        cover(rng, image)
    if rng.random() < 0.3:
        image = compress(rng, image)
    return image
