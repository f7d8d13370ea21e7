"""What the server says, typed. Lengths are pixels of the source, times seconds
unless a name says ns (CLOCK_MONOTONIC) or us."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

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
class Face:
    """A part that is None was not asked for, or the server does not have it."""

    id: int
    score: float
    box: Floats  # x, y, width, height
    keypoints: Optional[List[Keypoint]] = None
    raw: Optional[List[Keypoint]] = None
    jacobians: Optional[List[Floats]] = None
    pose: Optional[Pose] = None
    shapes: Optional[Dict[str, float]] = None


@dataclass(frozen=True)
class Timing:
    decode: int
    wait: int
    scale: int
    infer: int
    gather: int = 0


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
    missed: int  # records that this client missed since the one before
    faces: List[Face] = field(default_factory=list)
    damaged: bool = False
    lost: Optional[str] = None  # "hold" or "neutral": the faces are not this frame's
    timing: Optional[Timing] = None


@dataclass(frozen=True)
class State:
    stream: str
    state: str  # "connecting", "live", "stalled", "ended", "failed", "idle"
    reason: str


@dataclass(frozen=True)
class End:
    """Nothing of this stream follows."""

    stream: str
    records: int
    state: str
    reason: str


@dataclass(frozen=True)
class Server:
    protocol: Tuple[int, int]
    name: str
    boot_id: str  # another one after each start
    streams: List[str]
    encodings: List[str]


@dataclass(frozen=True)
class Granted:
    """What a subscription got."""

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


def _rows(value: Sequence[Any], columns: int) -> List[Floats]:
    """JSON has rows; CBOR's typed array has them one after the other."""
    if value and not isinstance(value[0], (int, float)):
        return [tuple(row) for row in value]
    if len(value) % columns != 0:
        raise ValueError(f"{len(value)} numbers are no rows of {columns}")
    return [tuple(value[i : i + columns]) for i in range(0, len(value), columns)]


def _points(value: Optional[Sequence[Any]]) -> Optional[List[Keypoint]]:
    return None if value is None else [Keypoint(*row) for row in _rows(value, 3)]


def _pose(value: Optional[Dict[str, Any]]) -> Optional[Pose]:
    if value is None:
        return None
    return Pose(
        tuple(value["rotation"]),
        tuple(value["euler"]),
        tuple(value["translation"]),
        value["error"],
    )


def _face(value: Dict[str, Any]) -> Face:
    jacobians = value.get("jacobians")
    return Face(
        id=value["id"],
        score=value["score"],
        box=tuple(value["box"]),
        keypoints=_points(value.get("keypoints")),
        raw=_points(value.get("raw")),
        jacobians=None if jacobians is None else _rows(jacobians, 4),
        pose=_pose(value.get("pose")),
        shapes=value.get("shapes"),
    )


def _timing(value: Optional[Dict[str, int]]) -> Optional[Timing]:
    if value is None:
        return None
    return Timing(
        value["decode"], value["wait"], value["scale"], value["infer"], value.get("gather", 0)
    )


def _record(value: Dict[str, Any]) -> Record:
    return Record(
        stream=value["stream"],
        seq=value["seq"],
        pts=value["pts"],
        t_arrival_ns=value["t_arrival_ns"],
        t_publish_ns=value["t_publish_ns"],
        width=value["width"],
        height=value["height"],
        dropped=value["dropped"],
        missed=value["missed"],
        faces=[_face(face) for face in value["faces"]],
        damaged=value.get("damaged", False),
        lost=value.get("lost"),
        timing=_timing(value.get("timing_us")),
    )


def typed(value: Dict[str, Any]) -> Message:
    """The message as its type; KeyError, TypeError or ValueError when it does not fit."""
    kind = value.get("type")
    if kind == "motion":
        return _record(value)
    if kind == "state":
        return State(value["stream"], value["state"], value["reason"])
    if kind == "end":
        return End(value["stream"], value["records"], value["state"], value["reason"])
    return value


def server(value: Dict[str, Any]) -> Server:
    major, minor = value["protocol"]
    return Server(
        (major, minor), value["server"], value["boot_id"], value["streams"], value["encodings"]
    )


def granted(value: Dict[str, Any]) -> Granted:
    return Granted(
        streams=value["streams"],
        encoding=value["encoding"],
        mode=value["mode"],
        queue=value.get("queue"),
        max_rate=value.get("max_rate", 0),
        include=value.get("include", []),
        lost=value.get("lost", "none"),
        label=value.get("label", ""),
    )
