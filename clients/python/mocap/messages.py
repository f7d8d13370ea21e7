"""The server's messages as types. Lengths are in pixels of the displayed frame, times in seconds
unless a name ends in ns (CLOCK_MONOTONIC) or us."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

Floats = Tuple[float, ...]


class Keypoint(NamedTuple):
    x: float
    y: float
    c: float  # confidence, 0 to 1


@dataclass(frozen=True)
class Pose:
    rotation: Floats  # unit quaternion x, y, z, w: from the head's axes to the camera's
    euler: Floats  # the same as pitch, yaw, roll, degrees
    translation: Floats  # in widths of the face
    error: float


@dataclass(frozen=True)
class Gaze:
    """Degrees in the head's axes, with the signs of Pose.euler: positive yaw looks to the
    person's right, positive pitch down."""

    left: Floats  # yaw, pitch; the person's left eye
    right: Floats
    point: Optional[Floats] = None  # where both lines of sight meet: head's axes, face widths


@dataclass(frozen=True)
class Face:
    """A part is None when it was not asked for or the server does not have it."""

    id: int
    score: float  # share of the landmarks that are likely right
    box: Floats  # x, y, width, height
    keypoints: Optional[List[Keypoint]] = None
    raw: Optional[List[Keypoint]] = None
    jacobians: Optional[List[Floats]] = None
    pose: Optional[Pose] = None
    shapes: Optional[Dict[str, float]] = None
    gaze: Optional[Gaze] = None
    dense: Optional[List[Keypoint]] = None  # what they are: Server.dense


@dataclass(frozen=True)
class Timing:
    """Microseconds that the stages of one frame took."""

    decode: int
    wait: int
    scale: int
    infer: int
    reassembly: int = 0


@dataclass(frozen=True)
class Record:
    stream: str
    seq: int
    pts: float
    t_arrival_ns: int
    t_publish_ns: int
    width: int
    height: int
    dropped: int
    missed: int  # records that this client missed since the last one
    faces: List[Face] = field(default_factory=list)
    damaged: bool = False
    lost: Optional[str] = None  # "hold" or "neutral": the faces are not those of this frame
    timing: Optional[Timing] = None
    fence: int = 0  # of the lease under which a machine of a fleet watches the stream; 0: none


@dataclass(frozen=True)
class State:
    stream: str
    state: str  # "connecting", "live", "stalled", "ended", "failed", "idle"
    reason: str


@dataclass(frozen=True)
class End:
    """Follows its stream's last record. A stream that is opened again goes on after it, with a
    State."""

    stream: str
    records: int
    state: str
    reason: str


@dataclass(frozen=True)
class PointGroup:
    """Points that belong together, in the order in which a line connects them."""

    name: str  # "outerLips", "leftIris", ...; left and right are the person's
    closed: bool  # the line returns to the first point
    points: List[int]


@dataclass(frozen=True)
class PointSet:
    name: str  # "ict212"
    count: int
    groups: List[PointGroup]


@dataclass(frozen=True)
class Server:
    protocol: Tuple[int, int]
    name: str
    boot_id: str  # differs after each start of the daemon
    streams: List[str]
    encodings: List[str]
    dense: Optional[PointSet] = None  # None when the server has no dense points


@dataclass(frozen=True)
class Granted:
    """What the server granted."""

    streams: List[str]
    encoding: str
    mode: str
    queue: Optional[int]
    max_rate: float
    include: List[str]
    lost: str
    label: str


# A message of a later version stays a dict.
Message = Union[Record, State, End, Dict[str, Any]]


_COUNT_MAX = 2**53 - 1
_TIME_MAX_NS = 2**62
_SIDE_MAX = 2**21
_STAGE_MAX_US = 2**40
_INT_MAX = 2**31 - 1
_PTS_MAX = 4e9
_NUMBER_MAX = 1e12
_FACES_MAX = 64
_KEYPOINTS_MAX = 4096
_GROUPS_MAX = 1024


def _refuse(name: str, expected: str, value: Any) -> ValueError:
    is_scalar = isinstance(value, (int, float, str, type(None)))
    got = f"{value!r:.40}" if is_scalar else type(value).__name__
    return ValueError(f"{name}: must be {expected}, got {got}")


def _get(value: Dict[str, Any], name: str) -> Any:
    if name not in value:
        raise ValueError(f"{name}: is missing")
    return value[name]


def _integer(value: Dict[str, Any], name: str, most: int = _COUNT_MAX) -> int:
    number = _get(value, name)
    if type(number) is not int or not 0 <= number <= most:
        raise _refuse(name, f"a whole number from 0 to {most}", number)
    return int(number)


def _is_number(value: Any, most: float) -> bool:
    return type(value) in (int, float) and abs(value) <= most


def _number(value: Dict[str, Any], name: str, most: float = _NUMBER_MAX) -> float:
    number = _get(value, name)
    if not _is_number(number, most):
        raise _refuse(name, f"a number of magnitude up to {most:g}", number)
    return float(number)


def _text(value: Dict[str, Any], name: str) -> str:
    text = _get(value, name)
    if not isinstance(text, str):
        raise _refuse(name, "text", text)
    return text


def _texts(value: Dict[str, Any], name: str) -> List[str]:
    texts = _get(value, name)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _refuse(name, "an array of text", texts)
    return texts


def _map(value: Any, name: str) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise _refuse(name, "a map", value)
    return value


def _floats(numbers: Any, name: str, count: int) -> Floats:
    """An array in JSON, a typed array in CBOR."""
    if (
        not isinstance(numbers, (list, array))
        or len(numbers) != count
        or not all(_is_number(number, _NUMBER_MAX) for number in numbers)
    ):
        raise _refuse(name, f"{count} numbers", numbers)
    return tuple(numbers)


def _rows(value: Any, name: str, columns: int) -> List[Floats]:
    """An array of arrays in JSON; in CBOR one typed array, row after row."""
    most = _KEYPOINTS_MAX if isinstance(value, list) else columns * _KEYPOINTS_MAX
    if not isinstance(value, (list, array)) or len(value) > most:
        raise _refuse(name, f"rows of {columns} numbers", value)
    if isinstance(value, list):
        return [_floats(row, name, columns) for row in value]
    if len(value) % columns != 0:
        raise ValueError(f"{name}: must be rows of {columns} numbers, got {len(value)} numbers")
    numbers = _floats(value, name, len(value))
    return [numbers[i : i + columns] for i in range(0, len(numbers), columns)]


def _points(face: Dict[str, Any], name: str) -> Optional[List[Keypoint]]:
    value = face.get(name)
    return None if value is None else [Keypoint(*row) for row in _rows(value, name, 3)]


def _pose(face: Dict[str, Any]) -> Optional[Pose]:
    if face.get("pose") is None:
        return None
    value = _map(face["pose"], "pose")
    return Pose(
        _floats(_get(value, "rotation"), "rotation", 4),
        _floats(_get(value, "euler"), "euler", 3),
        _floats(_get(value, "translation"), "translation", 3),
        _number(value, "error"),
    )


def _shapes(face: Dict[str, Any]) -> Optional[Dict[str, float]]:
    if face.get("shapes") is None:
        return None
    value = _map(face["shapes"], "shapes")
    return {name: _number(value, name) for name in value}


def _gaze(face: Dict[str, Any]) -> Optional[Gaze]:
    if face.get("gaze") is None:
        return None
    value = _map(face["gaze"], "gaze")
    return Gaze(
        _floats(_get(value, "left"), "left", 2),
        _floats(_get(value, "right"), "right", 2),
        _floats(value["point"], "point", 3) if "point" in value else None,
    )


def _face(face: Any) -> Face:
    value = _map(face, "faces")
    jacobians = value.get("jacobians")
    return Face(
        id=_integer(value, "id", _INT_MAX),
        score=_number(value, "score"),
        box=_floats(_get(value, "box"), "box", 4),
        keypoints=_points(value, "keypoints"),
        raw=_points(value, "raw"),
        jacobians=None if jacobians is None else _rows(jacobians, "jacobians", 4),
        pose=_pose(value),
        shapes=_shapes(value),
        gaze=_gaze(value),
        dense=_points(value, "dense"),
    )


def _faces(value: Dict[str, Any]) -> List[Face]:
    faces = _get(value, "faces")
    if not isinstance(faces, list) or len(faces) > _FACES_MAX:
        raise _refuse("faces", f"an array of at most {_FACES_MAX} faces", faces)
    return [_face(face) for face in faces]


def _timing(record: Dict[str, Any]) -> Optional[Timing]:
    if record.get("timing_us") is None:
        return None
    value = _map(record["timing_us"], "timing_us")
    name = "reassembly" if "reassembly" in value else "gather"  # as 0.1.0 called it
    return Timing(
        decode=_integer(value, "decode", _STAGE_MAX_US),
        wait=_integer(value, "wait", _STAGE_MAX_US),
        scale=_integer(value, "scale", _STAGE_MAX_US),
        infer=_integer(value, "infer", _STAGE_MAX_US),
        reassembly=0 if name not in value else _integer(value, name, _STAGE_MAX_US),
    )


def _record(value: Dict[str, Any]) -> Record:
    damaged = value.get("damaged", False)
    if not isinstance(damaged, bool):
        raise _refuse("damaged", "true or false", damaged)
    return Record(
        stream=_text(value, "stream"),
        seq=_integer(value, "seq"),
        pts=_number(value, "pts", _PTS_MAX),
        t_arrival_ns=_integer(value, "t_arrival_ns", _TIME_MAX_NS),
        t_publish_ns=_integer(value, "t_publish_ns", _TIME_MAX_NS),
        width=_integer(value, "width", _SIDE_MAX),
        height=_integer(value, "height", _SIDE_MAX),
        dropped=_integer(value, "dropped"),
        missed=_integer(value, "missed"),
        faces=_faces(value),
        damaged=damaged,
        lost=_text(value, "lost") if "lost" in value else None,
        timing=_timing(value),
        fence=_integer(value, "fence") if "fence" in value else 0,
    )


def typed(value: Dict[str, Any]) -> Message:
    """The message as its type; raises ValueError when it is malformed."""
    kind = value.get("type")
    if kind == "motion":
        return _record(value)
    if kind == "state":
        return State(_text(value, "stream"), _text(value, "state"), _text(value, "reason"))
    if kind == "end":
        return End(
            _text(value, "stream"),
            _integer(value, "records"),
            _text(value, "state"),
            _text(value, "reason"),
        )
    return value


def _point_group(group: Any, count: int) -> PointGroup:
    value = _map(group, "groups")
    points = _get(value, "points")
    if (
        not isinstance(points, list)
        or len(points) > _KEYPOINTS_MAX
        or not all(type(point) is int and 0 <= point < count for point in points)
    ):
        raise _refuse("points", f"an array of numbers from 0 to {count - 1}", points)
    return PointGroup(_text(value, "name"), value.get("closed") is True, points)


def _point_set(hello: Dict[str, Any]) -> Optional[PointSet]:
    if hello.get("dense") is None:
        return None
    value = _map(hello["dense"], "dense")
    count = _integer(value, "count", _KEYPOINTS_MAX)
    groups = value.get("groups", [])
    if not isinstance(groups, list) or len(groups) > _GROUPS_MAX:
        raise _refuse("groups", f"an array of at most {_GROUPS_MAX} groups", groups)
    return PointSet(_text(value, "name"), count, [_point_group(group, count) for group in groups])


def server(value: Dict[str, Any]) -> Server:
    version = _get(value, "protocol")
    if not isinstance(version, list) or len(version) != 2:
        raise _refuse("protocol", "[major, minor]", version)
    major, minor = (_integer({"protocol": part}, "protocol", 1000) for part in version)
    return Server(
        (major, minor),
        _text(value, "server"),
        _text(value, "boot_id"),
        _texts(value, "streams"),
        _texts(value, "encodings"),
        _point_set(value),
    )


def granted(value: Dict[str, Any]) -> Granted:
    return Granted(
        streams=_texts(value, "streams"),
        encoding=_text(value, "encoding"),
        mode=_text(value, "mode"),
        queue=_integer(value, "queue", _INT_MAX) if value.get("queue") is not None else None,
        max_rate=_number(value, "max_rate", 1000) if "max_rate" in value else 0,
        include=_texts(value, "include") if "include" in value else [],
        lost=_text(value, "lost") if "lost" in value else "none",
        label=_text(value, "label") if "label" in value else "",
    )
