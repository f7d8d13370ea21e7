#!/usr/bin/env python3
"""mocap-bridge as a plugin of VTube Studio, played here as its public API's document says, over
somebody else's WebSocket (websockets): a token is asked for once and kept, custom parameters are
created, and each record is injected, number by number.

    check_bridge_vtube_studio.py MOCAP_BRIDGE
"""

import asyncio
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

try:
    import websockets
except ImportError:  # another python3 may come before Debian's
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    print("skipped: no python3 has websockets")
    sys.exit(77)

from check_bridge import check, near
from check_bridge_outputs import EULER, GAZE, GUARD_S, PLACE, SHAPES, full_face, report
from played_daemon import Daemon, abort_after

OWN = {"FacePositionX", "FacePositionY", "FacePositionZ", "FaceAngleX", "FaceAngleY", "FaceAngleZ",
       "MouthSmile", "MouthOpen", "Brows", "TongueOut", "EyeOpenLeft", "EyeOpenRight", "EyeLeftX",
       "EyeLeftY", "EyeRightX", "EyeRightY", "CheekPuff", "BrowLeftY", "BrowRightY", "FaceAngry",
       "MouthX"}


class VTubeStudio:
    """Answers as VTube Studio does. Requests are put into a queue; while is_reading is not set it
    reads nothing more. With is_allowed False its user says no, with is_contrary True no token is
    good, and with is_silent True the next authentication gets no answer. The next requests of a
    kind in errors get these. junk is sent before each reply."""

    def __init__(self):
        self.requests = queue.Queue()
        self.tokens = set()
        self.custom = set()
        self.is_allowed = True
        self.is_contrary = False
        self.is_silent = False
        self.is_reading = threading.Event()
        self.is_reading.set()
        self.errors = {}
        self.junk = []
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        self.connections = set()
        threading.Thread(target=self.run, daemon=True).start()
        self.started.wait(GUARD_S)

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.listen())
        self.loop.run_forever()

    async def listen(self):
        server = await websockets.serve(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()

    def drop(self):
        """Closes all connections, as at its end."""
        asyncio.run_coroutine_threadsafe(
            asyncio.wait([asyncio.ensure_future(one.close(), loop=self.loop)
                          for one in self.connections]), self.loop).result(GUARD_S)

    async def serve(self, connection, *_):
        self.connections.add(connection)
        state = {"is_authenticated": False}
        try:
            async for text in connection:
                check(isinstance(text, str), "requests are text")
                while not self.is_reading.is_set():
                    await asyncio.sleep(0.01)
                request = json.loads(text)
                self.requests.put(request)
                for junk in self.junk:
                    await connection.send(junk)
                if self.is_silent and request["messageType"] == "AuthenticationRequest":
                    self.is_silent = False
                    continue
                kind, data = self.answer(request, state)
                await connection.send(json.dumps({
                    "apiName": "VTubeStudioPublicAPI", "apiVersion": "1.0", "timestamp": 1,
                    "messageType": kind, "requestID": request["requestID"], "data": data}))
        except websockets.exceptions.ConnectionClosed:
            pass
        finally:
            self.connections.discard(connection)

    def answer(self, request, state):
        kind, data = request["messageType"], request["data"]
        if request["apiName"] != "VTubeStudioPublicAPI" or request["apiVersion"] != "1.0":
            return "APIError", {"errorID": 3, "message": "API name or version is wrong"}
        if self.errors.get(kind):
            return "APIError", self.errors[kind].pop(0)
        if kind == "AuthenticationTokenRequest":
            if not self.is_allowed:
                return "APIError", {"errorID": 50,
                                    "message": "User has denied API access for your plugin."}
            token = f"token-{len(self.tokens)}"
            self.tokens.add(token)
            return "AuthenticationTokenResponse", {"authenticationToken": token}
        if kind == "AuthenticationRequest":
            state["is_authenticated"] = (data["authenticationToken"] in self.tokens
                                         and not self.is_contrary)
            return "AuthenticationResponse", {"authenticated": state["is_authenticated"],
                                              "reason": ""}
        if not state["is_authenticated"]:
            return "APIError", {"errorID": 8, "message": "authenticate first"}
        if kind == "ParameterCreationRequest":
            name = data["parameterName"]
            if not (name.isalnum() and 4 <= len(name) <= 32) or name in OWN:
                return "APIError", {"errorID": 350, "message": f"bad name {name}"}
            self.custom.add(name)
            return "ParameterCreationResponse", {"parameterName": name}
        if kind == "InjectParameterDataRequest":
            unknown = {value["id"] for value in data["parameterValues"]} - OWN - self.custom
            if unknown:
                return "APIError", {"errorID": 453, "message": f"no parameter {unknown}"}
            return "InjectParameterDataResponse", {}
        return "APIError", {"errorID": 1, "message": f"unknown request {kind}"}

    def next(self, kind):
        """The next request of that kind; those before it are left out."""
        while True:
            request = self.requests.get(timeout=GUARD_S)
            if request["messageType"] == kind:
                return request["data"]


def injected(studio, daemon):
    """The values of one record: two requests."""
    daemon.record([full_face()])
    values = {}
    for _ in range(2):
        data = studio.next("InjectParameterDataRequest")
        check(data["faceFound"] is True and data["mode"] == "set", data)
        values.update({value["id"]: value["value"] for value in data["parameterValues"]})
    return values


def check_values(got):
    names = [name for name in SHAPES if name not in ("cheekPuff", "tongueOut")]
    near([got[name[0].upper() + name[1:]] for name in names], [SHAPES[name] for name in names],
         "ARKit's shapes", 1e-5)
    s = SHAPES
    smile = (s["mouthSmileLeft"] + s["mouthSmileRight"] - s["mouthFrownLeft"]
             - s["mouthFrownRight"]) / 4
    wanted = {"FaceAngleX": EULER[1], "FaceAngleY": -EULER[0], "FaceAngleZ": -EULER[2],
              "FacePositionX": -14 * PLACE[0], "FacePositionY": -14 * PLACE[1],
              "EyeLeftX": GAZE["left"][0] / 30, "EyeLeftY": -GAZE["left"][1] / 20,
              "EyeRightX": GAZE["right"][0] / 30, "EyeRightY": -GAZE["right"][1] / 20,
              "EyeOpenLeft": 1 - s["eyeBlinkLeft"], "EyeOpenRight": 1 - s["eyeBlinkRight"],
              "MouthOpen": s["jawOpen"], "MouthSmile": 0.5 + smile,
              "MouthX": s["mouthRight"] - s["mouthLeft"], "CheekPuff": s["cheekPuff"],
              "TongueOut": s["tongueOut"]}
    near([got[name] for name in wanted], list(wanted.values()), "VTube Studio's own", 1e-4)
    check(set(got) <= OWN | {name[0].upper() + name[1:] for name in SHAPES}, set(got))


# Replies that are none.
JUNK = [b"\xff\0\x01", "", "{", "[]", "{}", "null", "7", '"text"', '{"messageType":7}',
        '{"messageType":"None","data":[]}', '{"messageType":"None\\u0000","data":{}}',
        '{"messageType":"APIError"}', '{"messageType":"APIError","data":{"errorID":1e99}}',
        '{"messageType":"APIError","data":{"errorID":"50","message":7}}',
        "[" * 5000, "x" * 200000, '{"messageType":"' + "y" * 100000 + '"}']


def wait_state(bridge, status, state):
    while report(bridge, status)["vtube-studio"]["state"] != state:
        time.sleep(0.05)


def run(bridge, directory, studio, play):
    path, status = os.path.join(directory, "s"), os.path.join(directory, "status")
    process = subprocess.Popen(
        [bridge, "--socket", path, "--status-socket", status, "--vtube-studio",
         f"127.0.0.1:{studio.port}"], env=dict(os.environ, XDG_STATE_HOME=directory))
    daemon = Daemon(path)
    try:
        play(daemon, status)
    finally:
        process.send_signal(signal.SIGTERM)
        check(process.wait(GUARD_S) == 0, "its end")
        daemon.close()


def main():
    abort_after(GUARD_S)
    bridge = sys.argv[1]
    directory = tempfile.mkdtemp(prefix="mocapd-vts-")
    studio = VTubeStudio()

    def denied(_, status):
        studio.next("AuthenticationTokenRequest")
        while "denied" not in report(bridge, status)["vtube-studio"]["reason"]:
            time.sleep(0.05)
        check(report(bridge, status)["vtube-studio"]["state"] == "waiting", "for its user")

    # Errors that pass: it asks again, on the same connection.
    def ongoing(_, status):
        studio.next("AuthenticationTokenRequest")
        connections = set(studio.connections)
        target = {"state": ""}
        while target["state"] != "ready":
            target = report(bridge, status)["vtube-studio"]
            if "ongoing" in target["reason"]:
                check(target["state"] == "waiting", target)
            time.sleep(0.02)
        check(studio.connections == connections, "one connection")
        check(not any(studio.errors.values()), studio.errors)
        check(len(studio.tokens) == 1, "one token")

    def allowed(daemon, status):
        data = studio.next("AuthenticationTokenRequest")
        check(3 <= len(data["pluginName"]) <= 32 and 3 <= len(data["pluginDeveloper"]) <= 32, data)
        again = studio.next("AuthenticationRequest")
        check(again["authenticationToken"] == "token-0" and again["pluginName"]
              == data["pluginName"], again)
        wait_state(bridge, status, "ready")
        check(len(studio.custom) == 50, studio.custom)
        check_values(injected(studio, daemon))
        # VTube Studio ends and comes back: the token is good.
        studio.drop()
        check(studio.next("AuthenticationRequest")["authenticationToken"] == "token-0", "kept")
        wait_state(bridge, status, "ready")
        check_values(injected(studio, daemon))

    def revoked(daemon, status):
        check(studio.next("AuthenticationRequest")["authenticationToken"] == "token-0", "kept")
        studio.next("AuthenticationTokenRequest")
        wait_state(bridge, status, "ready")
        check_values(injected(studio, daemon))

    def contrary(_, status):
        studio.next("AuthenticationTokenRequest")
        studio.next("AuthenticationRequest")
        while "refuses the token" not in report(bridge, status)["vtube-studio"]["reason"]:
            time.sleep(0.05)
        check(report(bridge, status)["vtube-studio"]["state"] == "waiting", "it waits")
        check(studio.requests.empty(), "its user is not asked again")

    def nonsensical(daemon, status):
        studio.next("AuthenticationRequest")  # gets no answer
        studio.next("AuthenticationRequest")  # another connection's
        wait_state(bridge, status, "ready")
        check_values(injected(studio, daemon))

    # It hangs until requests are lost; once it goes on, it gets as many as are said to be sent.
    def held_up(daemon, status):
        wait_state(bridge, status, "ready")
        check_values(injected(studio, daemon))
        studio.is_reading.clear()
        count = 1
        while report(bridge, status)["vtube-studio"]["lost"] == 0:
            for _ in range(500):
                daemon.record([full_face()])
            count += 500
        studio.is_reading.set()
        target = {"sent": 0, "lost": 0}
        while target["sent"] + target["lost"] < 2 * count:
            time.sleep(0.05)
            target = report(bridge, status)["vtube-studio"]
        check(target["sent"] + target["lost"] == 2 * count, (target, count))
        for _ in range(target["sent"] - 2):
            studio.next("InjectParameterDataRequest")
        check(studio.requests.empty(), "more than were sent")

    try:
        studio.is_contrary = True
        run(bridge, directory, studio, contrary)
        studio.is_contrary = False
        studio.is_allowed = False
        studio.tokens.clear()
        run(bridge, directory, studio, denied)
        studio.is_allowed = True
        message = "Token request currently ongoing." + "." * 300
        studio.errors = {"AuthenticationTokenRequest": [{"errorID": 51, "message": message},
                                                        {"errorID": "50"}],
                         "AuthenticationRequest": [{"errorID": 0, "message": "Internal error"}]}
        run(bridge, directory, studio, ongoing)
        studio.tokens.clear()
        shutil.rmtree(os.path.join(directory, "mocapd"))
        studio.requests = queue.Queue()
        run(bridge, directory, studio, allowed)
        tokens = [name for name in os.listdir(os.path.join(directory, "mocapd"))]
        check(len(tokens) == 1 and os.stat(os.path.join(directory, "mocapd", tokens[0])).st_mode
              & 0o777 == 0o600, tokens)
        studio.tokens.remove("token-0")
        studio.tokens.add("another")
        run(bridge, directory, studio, revoked)
        run(bridge, directory, studio, held_up)
        studio.junk = JUNK
        studio.is_silent = True
        run(bridge, directory, studio, nonsensical)
    finally:
        shutil.rmtree(directory)
    print("VTube Studio gets what the record says; its user is asked once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
