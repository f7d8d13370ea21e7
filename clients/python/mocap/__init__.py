"""Motion records from mocapd, with the standard library alone.

    import mocap

    with mocap.connect() as client:
        client.subscribe()
        for message in client:
            if isinstance(message, mocap.Record) and message.faces:
                print(message.pts, message.faces[0].keypoints[30])

For asyncio there are mocap.connect_async and AsyncClient. When the server has closed the
connection, client.reconnect() waits for it to come back and renews the subscriptions.
"""

from .aio import AsyncClient, connect_async
from .client import Client, connect
from .messages import (
    End,
    Face,
    Gaze,
    Granted,
    Keypoint,
    Message,
    PointGroup,
    PointSet,
    Pose,
    Record,
    Server,
    State,
    Timing,
)
from .wire import Closed, MocapError, Refused, TimedOut, WrongVersion, default_path

__all__ = [
    "AsyncClient",
    "Client",
    "Closed",
    "End",
    "Face",
    "Gaze",
    "Granted",
    "Keypoint",
    "Message",
    "MocapError",
    "PointGroup",
    "PointSet",
    "Pose",
    "Record",
    "Refused",
    "Server",
    "State",
    "TimedOut",
    "Timing",
    "WrongVersion",
    "connect",
    "connect_async",
    "default_path",
]
