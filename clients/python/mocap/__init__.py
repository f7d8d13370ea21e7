"""Motion records from mocapd, with the standard library alone.

    import mocap

    with mocap.connect() as client:
        client.subscribe()
        for message in client:
            if isinstance(message, mocap.Record) and message.faces:
                print(message.pts, message.faces[0].keypoints[30])

The same with asyncio: mocap.connect_async, AsyncClient. When the server has left, with
either, client.reconnect() waits for another and renews the subscriptions.
"""

from .aio import AsyncClient, connect_async
from .client import Client, connect
from .messages import (
    End,
    Face,
    Granted,
    Keypoint,
    Message,
    Pose,
    Record,
    Server,
    State,
    Timing,
)
from .wire import Closed, MocapError, Refused, WrongVersion, default_path

__all__ = [
    "AsyncClient",
    "Client",
    "Closed",
    "End",
    "Face",
    "Granted",
    "Keypoint",
    "Message",
    "MocapError",
    "Pose",
    "Record",
    "Refused",
    "Server",
    "State",
    "Timing",
    "WrongVersion",
    "connect",
    "connect_async",
    "default_path",
]
