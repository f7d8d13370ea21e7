"""The Python client: against a server played here, and against a real one where
MOCAPCTL and MOCAP_SAMPLES name the programs."""

import asyncio
import json
import os
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import unittest.mock

import mocap
from mocap import cbor

HELLO = {
    "type": "hello",
    "protocol": [1, 3],
    "server": "test",
    "boot_id": "b",
    "streams": ["main"],
    "encodings": ["json"],
    "new": 1,
}
STATE = {"type": "state", "stream": "main", "state": "live", "reason": ""}
SUBSCRIBED = {"type": "subscribed", "id": 1, "streams": ["main"], "encoding": "json", "mode": "latest"}
MOTION = {
    "type": "motion",
    "stream": "main",
    "seq": 7,
    "pts": 0.28,
    "t_arrival_ns": 1,
    "t_publish_ns": 2,
    "width": 640,
    "height": 480,
    "dropped": 0,
    "faces": [{"id": 1, "score": 0.5, "box": [1, 2, 3, 4], "keypoints": [[1.5, 2, 0.25]]}],
    "missed": 3,
}


def line(value):
    return json.dumps(value).encode() + b"\n"


class Listening:
    """A socket, and a thread that plays a server on it: serve."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.thread.join()
        self.listener.close()
        self.directory.cleanup()


class Played(Listening):
    """A server that says greeting, and reply after the first request, byte by byte if
    wanted; then it hangs up."""

    def __init__(self, greeting, reply=b"", piece=1000):
        self.script = (greeting, reply, piece)
        self.request = b""
        super().__init__()

    def say(self, connection, data, piece):
        try:
            for at in range(0, len(data), piece):
                connection.sendall(data[at : at + piece])
        except BrokenPipeError:
            pass  # the client went

    def serve(self):
        greeting, reply, piece = self.script
        connection, _ = self.listener.accept()
        with connection:
            self.say(connection, greeting, piece)
            if reply:
                self.request = connection.makefile("rb").readline()
                self.say(connection, reply, piece)


class PlayedServer(unittest.TestCase):
    def test_messages_before_a_reply_are_kept_in_order(self):
        script = line(STATE) + line(SUBSCRIBED) + line(MOTION) + line({"type": "weather"})
        with Played(line(HELLO), script, 7) as played, mocap.connect(played.path) as client:
            self.assertEqual(client.server.protocol, (1, 3))
            granted = client.subscribe("main", max_rate=20, include=["pose"])
            self.assertEqual(granted.mode, "latest")
            got = list(client)
        self.assertEqual(got[0], mocap.State("main", "live", ""))
        self.assertIsInstance(got[1], mocap.Record)
        self.assertEqual(got[1].missed, 3)
        self.assertEqual(got[1].faces[0].keypoints, [mocap.Keypoint(1.5, 2, 0.25)])
        self.assertIsNone(got[1].faces[0].pose)
        self.assertIsNone(got[1].timing)
        self.assertEqual(got[2], {"type": "weather"})
        asked = json.loads(played.request)
        self.assertEqual(asked["include"], ["pose"])
        self.assertEqual(asked["max_rate"], 20)
        self.assertNotIn("label", asked)

    def test_gaze_and_dense_points(self):
        groups = [{"name": "leftIris", "closed": True, "points": [1, 0]}, {"name": "a", "points": []}]
        hello = {**HELLO, "dense": {"name": "two", "count": 2, "groups": groups}}
        face = {
            **MOTION["faces"][0],
            "gaze": {"left": [1, -2], "right": [3, 4.5], "point": [0, 1, -2]},
            "dense": [[1, 2, 0.5], [3, 4, 0.25]],
        }
        looks_away = {**face, "gaze": {"left": [1, -2], "right": [3, 4.5]}}
        motion = {**MOTION, "faces": [face, looks_away, MOTION["faces"][0]]}
        with Played(line(hello), line(SUBSCRIBED) + line(motion)) as played:
            with mocap.connect(played.path) as client:
                dense = client.server.dense
                client.subscribe("main", include=["gaze", "dense"])
                (record,) = client
        self.assertEqual((dense.name, dense.count), ("two", 2))
        self.assertEqual(dense.groups[0], mocap.PointGroup("leftIris", True, [1, 0]))
        self.assertEqual(record.faces[0].gaze, mocap.Gaze((1, -2), (3, 4.5), (0, 1, -2)))
        self.assertEqual(record.faces[0].dense[1], mocap.Keypoint(3, 4, 0.25))
        self.assertIsNone(record.faces[1].gaze.point)
        self.assertIsNone(record.faces[2].gaze)
        self.assertIsNone(record.faces[2].dense)

    def test_a_refusal_has_its_code(self):
        refusal = {"type": "error", "id": 1, "code": "unknown-stream", "message": "no stream"}
        with Played(line(HELLO), line(refusal)) as played, mocap.connect(played.path) as client:
            with self.assertRaises(mocap.Refused) as caught:
                client.subscribe("up")
        self.assertEqual(caught.exception.code, "unknown-stream")

    def test_bad_greetings_are_refused(self):
        for greeting, error in (
            (line({**HELLO, "protocol": [2, 0]}), mocap.WrongVersion),
            (line(STATE), mocap.MocapError),
            (b"220 smtp ready\n", mocap.MocapError),
            (b"", mocap.Closed),
            (line({"type": "hello"}), mocap.MocapError),
            (line({**HELLO, "dense": 7}), mocap.MocapError),
            (line({**HELLO, "dense": {"name": "a", "count": -1}}), mocap.MocapError),
            (line({**HELLO, "dense": {"name": "a", "count": 2, "groups": [7]}}), mocap.MocapError),
            (
                line({**HELLO, "dense": {"name": "a", "count": 2, "groups": [{"points": [2]}]}}),
                mocap.MocapError,
            ),
        ):
            with self.subTest(greeting=greeting), Played(greeting) as played:
                with self.assertRaises(error):
                    mocap.connect(played.path)

    def test_a_truncated_message_is_an_error(self):
        with Played(line(HELLO) + b'{"type":"mot') as played, mocap.connect(played.path) as client:
            with self.assertRaisesRegex(mocap.Closed, "inside a message"):
                client.next()

    def test_a_wait_ends(self):
        with Played(line(HELLO), b"x") as played, mocap.connect(played.path) as client:
            self.assertIsNone(client.next(0.01))
            client._socket.sendall(b"\n")  # lets the server go

    def test_nobody_there(self):
        with self.assertRaises(FileNotFoundError):
            mocap.connect("/nonexistent/mocapd.sock")
        with self.assertRaises(FileNotFoundError):
            asyncio.run(mocap.connect_async("/nonexistent/mocapd.sock"))

    def test_reconnecting_to_nobody_ends_in_time(self):
        with Played(line(HELLO)) as played, mocap.connect(played.path) as client:
            os.unlink(played.path)
            with self.assertRaises(FileNotFoundError):
                client.reconnect(0.05)

    def test_reconnecting_to_nobody_ends_in_time_with_asyncio(self):
        async def lose(path):
            async with await mocap.connect_async(path) as client:
                os.unlink(path)
                await client.reconnect(0.05)

        with Played(line(HELLO)) as played, self.assertRaises(FileNotFoundError):
            asyncio.run(lose(played.path))


class DefaultPath(unittest.TestCase):
    """As a user other than root, with both sockets served by the test."""

    def connect(self, runtime, system):
        """Where the two clients connect to, of these; or what they raise."""
        environment = {**os.environ, "XDG_RUNTIME_DIR": runtime}

        def connect():
            with mocap.connect() as client:
                return client.path

        async def connect_async():
            async with await mocap.connect_async() as client:
                return client.path

        with unittest.mock.patch.dict(os.environ, environment), \
                unittest.mock.patch("os.geteuid", lambda: 1000), \
                unittest.mock.patch("os.getuid", lambda: 1000), \
                unittest.mock.patch("mocap.wire.SYSTEM_PATH", system):
            found = []
            for ask in (connect, lambda: asyncio.run(connect_async())):
                try:
                    found.append(ask())
                except OSError as error:
                    found.append(type(error))
            return found

    def listen(self, path, listens=True):
        """A socket that greets, or one that its daemon left."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        if not listens:
            listener.close()
            return
        listener.listen(9)

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(line(HELLO))

        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)

    def test_is_where_somebody_listens(self):
        for own, system, found in ((True, True, "own"), (True, None, "own"), (False, True, "system"),
                                   (None, True, "system"), (False, None, ConnectionRefusedError),
                                   (None, None, FileNotFoundError),
                                   (False, False, ConnectionRefusedError)):
            with self.subTest(own=own, system=system), tempfile.TemporaryDirectory() as directory:
                paths = {"own": f"{directory}/mocapd/mocapd.sock", "system": f"{directory}/system/s"}
                for path, listens in ((paths["own"], own), (paths["system"], system)):
                    if listens is not None:
                        self.listen(path, listens)
                self.assertEqual(self.connect(directory, paths["system"]), [paths.get(found, found)] * 2)
                self.doCleanups()

    def test_of_a_relative_directory_is_the_systems(self):
        with tempfile.TemporaryDirectory() as directory:
            self.listen(f"{directory}/s")
            self.assertEqual(self.connect("run", f"{directory}/s"), [f"{directory}/s"] * 2)
            self.doCleanups()


class Silent(Listening):
    """A server that grants everything to one connection, greets the next, or does not, and says no more
    until it is released."""

    def __init__(self, greeting):
        self.greeting = greeting
        self.released = threading.Event()
        super().__init__()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(line(HELLO))
            for text in lines:
                connection.sendall(line({**SUBSCRIBED, "id": json.loads(text)["id"]}))
        connection, _ = self.listener.accept()
        with connection:
            connection.sendall(self.greeting)
            self.released.wait()

    def __exit__(self, *_):
        self.released.set()
        super().__exit__()


class Reconnecting(unittest.TestCase):
    """To a server that accepts and is silent: its own timeout counts, not that of replies."""

    REPLIES = 3600  # seconds
    GUARD = 60  # only a test that fails waits that long

    def assert_ends(self, reconnect):
        for greeting in b"", line(HELLO):
            for timeout in None, self.REPLIES:
                with self.subTest(greeting=greeting, timeout=timeout), Silent(greeting) as silent:
                    raised = []
                    thread = threading.Thread(target=reconnect, args=(silent, timeout, raised), daemon=True)
                    thread.start()
                    thread.join(self.GUARD)
                    self.assertEqual(raised, [True])

    def test_ends_in_time(self):
        def reconnect(silent, timeout, raised):
            with mocap.connect(silent.path, timeout) as client:
                client.subscribe()
                try:
                    client.reconnect(0.1)
                except mocap.TimedOut:
                    raised.append(client.timeout == timeout)

        self.assert_ends(reconnect)

    def test_ends_in_time_with_asyncio(self):
        async def run(silent, timeout, raised):
            async with await mocap.connect_async(silent.path) as client:
                client.timeout = timeout
                await client.subscribe()
                try:
                    await client.reconnect(0.1)
                except mocap.TimedOut:
                    raised.append(client.timeout == timeout)

        self.assert_ends(lambda *arguments: asyncio.run(run(*arguments)))


class Session(Listening):
    """A server of streams a and b that grants whatever is asked, through one connection
    and one that comes after it, and keeps each one's requests."""

    def __init__(self):
        self.requests = []
        super().__init__()

    def serve(self):
        for _ in range(2):
            connection, _ = self.listener.accept()
            self.requests.append([])
            with connection, connection.makefile("rb") as lines:
                connection.sendall(line({**HELLO, "streams": ["a", "b"]}))
                for text in lines:
                    request = json.loads(text)
                    self.requests[-1].append(request)
                    granted = {**SUBSCRIBED, "type": request["type"] + "d", "id": request["id"]}
                    connection.sendall(line(granted))


class Changing(Listening):
    """A server that says which streams there are before it answers a ping, and then nonsense."""

    def serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(line(HELLO))
            request = json.loads(lines.readline())
            connection.sendall(line({"type": "streams", "streams": ["main", "door"]}))
            connection.sendall(line({"type": "streams", "streams": 7}))
            connection.sendall(line({"type": "pong", "id": request["id"]}))
            lines.readline()


class Closing(unittest.TestCase):
    """A server that says why it closes the connection, and does: whatever comes next tells."""

    WHY = {"type": "error", "id": None, "code": "too-many", "message": "too many connections"}
    TOLD = "^the server closed the connection: too many connections$"

    def test_is_told_why(self):
        def read(client):
            while True:
                client.next(20)

        asked = (mocap.Client.subscribe, mocap.Client.unsubscribe, mocap.Client.status, read)
        for ask in asked:
            with self.subTest(ask=ask), Played(line(HELLO) + line(self.WHY)) as played:
                with mocap.connect(played.path) as client:
                    played.thread.join()
                    with self.assertRaisesRegex(mocap.Closed, self.TOLD):
                        ask(client)

    def test_is_told_why_async(self):
        async def read(client):
            while True:
                await client.next()

        async def run(path, ask, pauses, thread):
            async with await mocap.connect_async(path) as client:
                thread.join()
                for _ in range(pauses):  # the loop may have noticed, or not
                    await asyncio.sleep(0)
                with self.assertRaisesRegex(mocap.Closed, self.TOLD):
                    await ask(client)

        asked = (mocap.AsyncClient.subscribe, mocap.AsyncClient.unsubscribe,
                 mocap.AsyncClient.status, read)
        for ask in asked:
            for pauses in (0, 1, 20):
                with self.subTest(ask=ask), Played(line(HELLO) + line(self.WHY)) as played:
                    asyncio.run(run(played.path, ask, pauses, played.thread))


class Streams(unittest.TestCase):
    def test_that_come_are_known(self):
        with Changing() as server, mocap.connect(server.path) as client:
            client.ping()
            self.assertEqual(client.server.streams, ["main", "door"])
            self.assertEqual(client.next(20), {"type": "streams", "streams": ["main", "door"]})


class Unsubscribing(unittest.TestCase):
    def test_from_one_stream_leaves_the_options_of_another(self):
        with Session() as session, mocap.connect(session.path) as client:
            client.subscribe(include=["pose"])
            client.subscribe("a", max_rate=5)
            client.unsubscribe("b")
            client.reconnect(20)
        (again,) = session.requests[1]
        self.assertEqual((again["stream"], again["max_rate"]), ("a", 5))
        self.assertNotIn("include", again)

    def test_from_one_stream_leaves_what_all_had(self):
        with Session() as session, mocap.connect(session.path) as client:
            client.subscribe(max_rate=5)
            client.unsubscribe("a")
            client.reconnect(20)
        (again,) = session.requests[1]
        self.assertEqual((again["stream"], again["max_rate"]), ("b", 5))


class Losing(Listening):
    """A server that refuses a stream on some connections, given by their numbers, and says before
    it answers a ping which streams there are: only b, unless a test changes that."""

    def __init__(self, gone, connections):
        self.streams = ["b"]
        self.gone, self.connections = gone, connections
        self.requests = []
        super().__init__()

    def reply(self, request, number):
        if request["type"] == "ping":
            return line({"type": "streams", "streams": self.streams}) + line({"type": "pong", "id": request["id"]})
        if self.gone.get(number, "") == request.get("stream"):
            refused = {"type": "error", "code": "unknown-stream", "message": "gone"}
            return line({**refused, "id": request["id"]})
        return line({**SUBSCRIBED, "id": request["id"]})

    def serve(self):
        for number in range(self.connections):
            connection, _ = self.listener.accept()
            self.requests.append([])
            with connection, connection.makefile("rb") as lines:
                connection.sendall(line({**HELLO, "streams": ["a", "b"]}))
                for text in lines:
                    request = json.loads(text)
                    self.requests[-1].append((request["type"], request.get("stream")))
                    connection.sendall(self.reply(request, number))


class LostStreams(unittest.TestCase):
    TOLD = {"type": "error", "code": "unknown-stream", "message": "gone", "stream": "a"}
    A, B = ("subscribe", "a"), ("subscribe", "b")

    def test_one_that_is_gone_costs_no_other(self):
        with Losing({1: "a"}, 3) as server, mocap.connect(server.path) as client:
            client.subscribe("a")
            client.subscribe("b")
            client.reconnect(20)
            self.assertEqual(client.next(20), self.TOLD)
            client.reconnect(20)
        self.assertEqual(server.requests, [[self.A, self.B], [self.A, self.B], [self.B]])

    def test_with_nothing_left_reconnecting_may_be_tried_again(self):
        with Losing({1: "a"}, 3) as server, mocap.connect(server.path) as client:
            client.subscribe("a")
            with self.assertRaises(mocap.Refused):
                client.reconnect(20)
            with self.assertRaises(mocap.Closed):
                client.next(20)
            client.reconnect(20)
        self.assertEqual(server.requests, [[self.A], [self.A], [self.A]])

    def test_with_asyncio(self):
        async def lose(path):
            async with await mocap.connect_async(path) as client:
                await client.subscribe("a")
                with self.assertRaises(mocap.Refused):
                    await client.reconnect(20)
                await client.reconnect(20)
                await client.subscribe("b")
                await client.reconnect(20)
                return await client.next()

        with Losing({1: "a", 3: "a"}, 4) as server:
            self.assertEqual(asyncio.run(lose(server.path)), self.TOLD)

    def test_one_that_was_removed_is_renewed_when_it_is_back(self):
        with Losing({}, 2) as server, mocap.connect(server.path) as client:
            client.subscribe("a")
            client.ping()
            client.reconnect(20)
        self.assertEqual(server.requests[1], [self.A])

    def test_one_that_is_added_again_waits_for_the_program(self):
        with Losing({}, 2) as server, mocap.connect(server.path) as client:
            client.subscribe("a")
            client.ping()
            server.streams = ["b", "a"]
            client.ping()
            self.assertEqual([client.next(20)["streams"] for _ in range(2)], [["b"], ["b", "a"]])
            client.subscribe("a")
            client.reconnect(20)
        ping = ("ping", None)
        self.assertEqual(server.requests, [[self.A, ping, ping, self.A], [self.A]])

    def test_one_that_was_removed_and_is_not_back_is_dropped(self):
        with Losing({1: "a"}, 3) as server, mocap.connect(server.path) as client:
            client.subscribe("a")
            client.subscribe("b")
            client.ping()
            client.reconnect(20)
            self.assertEqual(client.next(20), self.TOLD)
            client.reconnect(20)
        self.assertEqual(server.requests[1:], [[self.A, self.B], [self.B]])

    def test_leaving_one_that_is_gone_leaves_all(self):
        with Losing({0: "a"}, 2) as server, mocap.connect(server.path) as client:
            client.subscribe()
            with self.assertRaises(mocap.Refused):
                client.unsubscribe("a")
            client.reconnect(20)
        self.assertEqual(server.requests[1], [("subscribe", None)])

    def test_one_that_was_removed_and_unsubscribed_from_is_not_renewed(self):
        with Losing({}, 2) as server, mocap.connect(server.path) as client:
            client.subscribe("a")
            client.subscribe("b")
            server.gone[0] = "a"
            with self.assertRaises(mocap.Refused):
                client.unsubscribe("a")
            client.reconnect(20)
        self.assertEqual(server.requests[1], [self.B])

    def test_those_to_removed_streams_are_bounded(self):
        names = [f"s{number}" for number in range(200)]
        with Losing({}, 2) as server, mocap.connect(server.path) as client:
            client.subscribe("b")
            for name in names:
                client.subscribe(name)
            client.ping()
            client.reconnect(20)
        self.assertEqual(server.requests[1], [self.B] + [("subscribe", name) for name in names[-64:]])


class Kept(unittest.TestCase):
    """What comes before a reply."""

    MAX = 1024

    def test_the_oldest_records_give_way_and_are_counted(self):
        other = {**MOTION, "stream": "other"}
        records = [{**MOTION, "seq": seq, "missed": 0} for seq in range(3 * self.MAX)]
        reply = b"".join(map(line, [STATE, other, *records, {"type": "pong", "id": 1}]))
        with Played(line(HELLO), reply, 1 << 16) as server, mocap.connect(server.path) as client:
            client.ping()
            self.assertEqual(client.next(0), mocap.State("main", "live", ""))
            self.assertEqual(client.next(0).stream, "other")
            kept = [client.next(0) for _ in range(self.MAX - 2)]
            with self.assertRaises(mocap.Closed):
                client.next(20)
        self.assertEqual(sum(record.missed + 1 for record in kept), 3 * self.MAX)
        self.assertEqual(kept[-1].seq, 3 * self.MAX - 1)

    def test_a_flood_of_other_messages_is_an_error(self):
        reply = line(STATE) * (self.MAX + 1)
        with Played(line(HELLO), reply, 1 << 16) as server, mocap.connect(server.path) as client:
            with self.assertRaisesRegex(mocap.MocapError, "no reply within 1024 messages"):
                client.ping()


class Late(Listening):
    """A server that grants CBOR to the first request once gate is set, and goes on in CBOR
    with a state and the reply to a second request."""

    def __init__(self):
        self.gate = threading.Event()
        super().__init__()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(line(HELLO))
            lines.readline()
            self.gate.wait()
            connection.sendall(line({**SUBSCRIBED, "encoding": "cbor"}))
            for item in (
                b"\xa4\x64type\x65state\x66stream\x64main\x65state\x64live\x66reason\x60",
                b"\xa2\x64type\x64pong\x62id\x02",
            ):
                connection.sendall(struct.pack("<I", len(item)) + item)
            lines.read()  # until the client goes


class LateReplies(unittest.TestCase):
    def test_a_late_subscribed_switches_the_encoding(self):
        with Late() as late, mocap.connect(late.path) as client:
            client.timeout = 0.01
            with self.assertRaises(mocap.TimedOut):
                client.subscribe("main", encoding="cbor", max_rate=5)
            late.gate.set()
            self.assertEqual(client.next(20)["type"], "subscribed")
            self.assertEqual(client.next(20), mocap.State("main", "live", ""))
            self.assertEqual(client._subscriptions["main"]["max_rate"], 5)  # to be renewed

    def test_a_late_subscribed_before_another_reply(self):
        with Late() as late, mocap.connect(late.path) as client:
            client.timeout = 0.01
            with self.assertRaises(mocap.TimedOut):
                client.subscribe()
            late.gate.set()
            client.timeout = 20
            client.ping()
            self.assertEqual(client.next(20)["type"], "subscribed")
            self.assertIsInstance(client.next(20), mocap.State)

    def test_a_late_subscribed_with_asyncio(self):
        async def run(late):
            async with await mocap.connect_async(late.path) as client:
                client.timeout = 0.01
                with self.assertRaises(mocap.TimedOut):
                    await client.subscribe("main", max_rate=5)
                late.gate.set()
                self.assertEqual((await client.next())["type"], "subscribed")
                self.assertEqual(await client.next(), mocap.State("main", "live", ""))
                self.assertEqual(client._subscriptions["main"]["max_rate"], 5)

        with Late() as late:
            asyncio.run(run(late))


class Hostile(unittest.TestCase):
    """What a hostile server sends is the client's own error, and nothing else."""

    def test_records(self):
        face = MOTION["faces"][0]
        for wrong in (
            {"faces": [[]]},
            {"faces": {}},
            {"faces": [7] * 2},
            {"faces": [{**face, "keypoints": [7]}]},
            {"faces": [{**face, "keypoints": [[1, 2, 3, 4]]}]},
            {"faces": [{**face, "keypoints": "abc"}]},
            {"faces": [{**face, "pose": []}]},
            {"faces": [{**face, "pose": {"rotation": {}}}]},
            {"faces": [{**face, "shapes": [1]}]},
            {"faces": [{**face, "shapes": {"jawOpen": "wide"}}]},
            {"faces": [{**face, "box": None}]},
            {"faces": [{**face, "gaze": [1, 2]}]},
            {"faces": [{**face, "gaze": {"left": [1, 2], "right": [1]}}]},
            {"faces": [{**face, "gaze": {"left": [1, None], "right": [1, 2]}}]},
            {"faces": [{**face, "gaze": {"left": [1, 2], "right": [1, 2], "point": 7}}]},
            {"faces": [{**face, "dense": [[1, 2]]}]},
            {"faces": [{**face, "dense": [[1, 2, 3]] * 5000}]},
            {"timing_us": 3},
            {"timing_us": {"decode": -1, "wait": 0, "scale": 0, "infer": 0}},
            {"seq": 2**63 - 1},
            {"seq": True},
            {"t_arrival_ns": 2**63 - 1},
            {"pts": 1e300},
            {"pts": "now"},
            {"stream": ["main"]},
            {"width": 2**31},
        ):
            message = {**MOTION, **wrong}
            with self.subTest(wrong=wrong), Played(line(HELLO) + line(message)) as played:
                with mocap.connect(played.path) as client:
                    with self.assertRaisesRegex(mocap.MocapError, "motion message: .+: must be"):
                        client.next(20)

    def test_framing(self):
        for wrong in (b"[" * 100000, b'{"a":' * 50000, b"NaN", b"[1]", b'{"pts":NaN}', b"\xff"):
            with self.subTest(wrong=wrong[:9]), Played(line(HELLO) + wrong + b"\n") as played:
                with mocap.connect(played.path) as client:
                    with self.assertRaises(mocap.MocapError):
                        client.next(20)
                    with self.assertRaises(mocap.Closed):  # nothing can follow
                        client.next(20)

    def test_replies(self):
        for wrong in ({"streams": 7}, {"encoding": "xml"}, {"encoding": []}, {"max_rate": "x"}):
            with self.subTest(wrong=wrong):
                reply = line({**SUBSCRIBED, **wrong})
                with Played(line(HELLO), reply) as played, mocap.connect(played.path) as client:
                    with self.assertRaises(mocap.MocapError):
                        client.subscribe()

    def test_a_full_backlog(self):
        with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
            path = os.path.join(directory, "sock")
            listener.bind(path)
            listener.listen(0)
            with socket.socket(socket.AF_UNIX) as waiting:
                waiting.connect(path)
                with self.assertRaisesRegex(mocap.TimedOut, "backlog"):
                    mocap.connect(path, timeout=0.01)
                with self.assertRaisesRegex(mocap.TimedOut, "backlog"):
                    asyncio.run(mocap.connect_async(path, timeout=0.01))


class ShortConnections(unittest.TestCase):
    """A server that greets and closes is asked less and less often."""

    COUNT = 6
    LEAST = 0.02 + 0.04 + 0.08 + 0.16 + 0.32  # a slow machine only takes longer

    class Server(Listening):
        def serve(self):
            for _ in range(ShortConnections.COUNT):
                connection, _ = self.listener.accept()
                with connection:
                    connection.sendall(line(HELLO))

    def test_blocking(self):
        with self.Server() as server, mocap.connect(server.path) as client:
            start = time.monotonic()
            for _ in range(self.COUNT - 1):
                client.reconnect(20)
            self.assertGreaterEqual(time.monotonic() - start, self.LEAST)

    def test_asyncio(self):
        async def run(path):
            async with await mocap.connect_async(path) as client:
                for _ in range(self.COUNT - 1):
                    await client.reconnect(20)

        with self.Server() as server:
            start = time.monotonic()
            asyncio.run(run(server.path))
            self.assertGreaterEqual(time.monotonic() - start, self.LEAST)


class Cbor(unittest.TestCase):
    def test_values(self):
        for data, value in (
            (b"\x00", 0),
            (b"\x1b\x00\x00\x01\x00\x00\x00\x00\x00", 1 << 40),
            (b"\x38\x63", -100),
            (b"\xfb\x3f\xb9\x99\x99\x99\x99\x99\x9a", 0.1),
            (b"\xf9\x3c\x00", 1.0),
            (b"\xbf\x61a\x9f\x01\xf5\xff\x61b\xf6\xff", {"a": [1, True], "b": None}),
            (b"\xa1\x61a\x62\xc3\xa9", {"a": "\u00e9"}),
        ):
            self.assertEqual(cbor.decode(data), value)
        floats = cbor.decode(b"\xd8\x55\x48" + struct.pack("<2f", 1.5, -2))
        self.assertEqual(list(floats), [1.5, -2])

    def test_hostile_bytes_are_value_errors(self):
        whole = b"\xbf\x61a\x9f\x01\xd8\x55\x44\x00\x00\x80\x3f\xff\x61b\x62hi\xff"
        cbor.decode(whole)
        bad = [whole[:length] for length in range(len(whole))]
        bad += [b"\x81" * 100, b"\xc6" * 100, b"\x9b" + b"\xff" * 8, b"\x5b" + b"\xff" * 8]
        bad += [b"\xff", b"\x01\x01", b"\xa1\x01\x01", b"\xd8\x55\x43abc", b"\x62\xc3\x28", b"\x1c"]
        bad += [b"\xa2\x61a\x01\x61a\x02", b"\x82\x01\xff", b"\xbf\x61a\xff"]
        for data in bad:
            with self.subTest(data=data), self.assertRaises(ValueError):
                cbor.decode(data)


@unittest.skipUnless("MOCAPCTL" in os.environ, "no MOCAPCTL to serve a recording")
class RealServer(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "sock")
        subprocess.run([os.environ["MOCAP_SAMPLES"], self.directory.name], check=True)
        self.server = self.start()

    def start(self):
        recording = os.path.join(self.directory.name, "records.cbor")
        server = subprocess.Popen(
            [os.environ["MOCAPCTL"], "--socket", self.path, "replay", "--every-frame", recording],
            stderr=subprocess.DEVNULL,
        )
        while not self.listens():
            self.assertIsNone(server.poll())
            time.sleep(0.01)
        return server

    def listens(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.path) == 0

    def tearDown(self):
        self.server.terminate()
        self.server.wait()
        self.directory.cleanup()

    def check(self, messages):
        records = [m for m in messages if isinstance(m, mocap.Record)]
        self.assertEqual([r.seq for r in records], list(range(50)))
        self.assertIsInstance(messages[-1], mocap.End)
        face = records[8].faces[0]
        self.assertEqual(len(face.keypoints), 68)
        self.assertEqual(face.keypoints[2], mocap.Keypoint(2.5, 8, 0.5))
        self.assertEqual(face.raw[2], mocap.Keypoint(2, 8.25, 0.25))
        self.assertEqual(face.jacobians[67], (0, 0, 0, 1))
        self.assertEqual(face.pose.rotation, (0, 0, 0, 1))
        self.assertEqual(face.shapes["jawOpen"], 0.125)
        self.assertEqual(len(face.shapes), 52)
        self.assertEqual(face.gaze, mocap.Gaze((5, -2), (-5, -2), (0, 0.25, -2)))
        self.assertIsNone(records[1].faces[0].gaze.point)
        self.assertEqual(len(face.dense), 212)
        self.assertEqual(face.dense[3], mocap.Keypoint(3.25, 8, 0.75))
        self.assertEqual(records[4].faces, [])
        self.assertTrue(records[3].damaged)
        self.assertIsNotNone(records[0].timing)

    parts = ("keypoints", "raw", "jacobians", "pose", "shapes", "timing", "gaze", "dense")

    def test_json(self):
        with mocap.connect(self.path) as client:
            client.ping()
            self.assertEqual(client.server.dense.name, "ict212")
            self.assertEqual(len(client.server.dense.groups[0].points), 17)  # the jaw
            self.assertEqual(client.status()["streams"][0]["stream"], "main")
            client.subscribe(encoding="json", include=self.parts)
            self.check(list(client))

    def test_cbor(self):
        with mocap.connect(self.path) as client:
            self.assertEqual(client.subscribe(include=self.parts).encoding, "cbor")
            self.check(list(client))

    def test_asyncio(self):
        async def collect():
            async with await mocap.connect_async(self.path) as client:
                await client.ping()
                with self.assertRaises(mocap.Refused):
                    await client.subscribe("up")
                granted = await client.subscribe("main", include=self.parts, label="test")
                self.assertEqual((granted.encoding, granted.label), ("cbor", "test"))
                return [message async for message in client]

        self.check(asyncio.run(collect()))

    def test_reconnect_renews_what_was_subscribed_to(self):
        with mocap.connect(self.path) as client:
            client.subscribe(include=self.parts)
            list(client)  # to its end
            self.server.wait()
            self.server = self.start()
            client.reconnect(20)
            self.check(list(client))

    def test_reconnect_with_asyncio(self):
        async def collect_twice():
            async with await mocap.connect_async(self.path) as client:
                await client.subscribe(include=self.parts)
                self.check([message async for message in client])
                self.server.wait()
                again = asyncio.create_task(client.reconnect(20))
                await asyncio.sleep(0)  # it begins while there is no server
                self.server = self.start()
                await again
                return [message async for message in client]

        self.check(asyncio.run(collect_twice()))


if __name__ == "__main__":
    unittest.main()
