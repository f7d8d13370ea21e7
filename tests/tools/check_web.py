#!/usr/bin/env python3
"""mocap-web between a daemon played here and browsers that are sockets of ours:
what it serves, whom it refuses, and what a slow one gets.

    check_web.py MOCAP_WEB
"""

import base64
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from played_daemon import Daemon, abort_after

GUARD_S = 90  # only a test that fails waits that long
BROWSERS_MAX = 32


def check(good, what):
    if not good:
        raise AssertionError(what)


class Web:
    """mocap-web on a port of its own."""

    def __init__(self, program, directory, origin="https://studio.example", listen="0"):
        self.process = subprocess.Popen(
            [program, "--listen", listen, "--socket", os.path.join(directory, "s"), "--pages",
             os.path.join(directory, "pages"), "--host", "desk.example", "--origin",
             origin, "--bridge-socket", os.path.join(directory, "bridge")],
            stderr=subprocess.PIPE, text=True, env={**os.environ, "XDG_STATE_HOME": directory})
        for line in self.process.stderr:
            check("#token=" not in line.replace("#token= followed", ""), line)  # which others may read
            found = re.search(r"open http://[\d.]+:(\d+)/; .* contents of (/.*)$", line)
            if found:
                self.port = int(found[1])
                with open(found[2], encoding="ascii") as file:
                    self.token = file.read()
                check(re.fullmatch("[0-9a-f]{32}", self.token), self.token)
                break
        else:
            raise AssertionError("it ended before it listened")
        # Its log is read, so that it never waits for a reader.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def get(self, path, host=None, method="GET", more=""):
        """The whole answer to a request."""
        with self.connect() as browser:
            browser.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host or self.host()}\r\n{more}"
                            "Connection: close\r\n\r\n".encode())
            answer = b""
            while piece := browser.recv(65536):
                answer += piece
        return answer.decode()

    def host(self):
        return f"127.0.0.1:{self.port}"

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), GUARD_S)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        check(self.process.wait(GUARD_S) == 0, "its end")


class Browser:
    """A WebSocket; welcome says whether it was let in."""

    def __init__(self, web, origin="same", host=None, path="/ws", more=""):
        host = host or web.host()
        self.socket = web.connect()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Protocol: mocap",
                 f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
        if origin is not None:
            lines.append(f"Origin: {f'http://{host}' if origin == 'same' else origin}")
        self.socket.sendall(("\r\n".join(lines) + "\r\n" + more + "\r\n").encode())
        self.file = self.socket.makefile("rb")
        try:
            self.welcome = self.file.readline().startswith(b"HTTP/1.1 101")
            while self.welcome and self.file.readline() != b"\r\n":
                pass
        except ConnectionResetError:
            self.welcome = False

    def read(self):
        """The next message that is not mocap-web's own; None at the end."""
        while (message := self.read_any()) is not None and message["type"] == "web":
            pass
        return message

    def read_any(self):
        """The next text message, parsed; None at the end."""
        head = self.file.read(2)
        if len(head) < 2 or head[0] & 15 == 8:
            return None
        length = head[1] & 127
        if length == 126:
            length = struct.unpack(">H", self.file.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.file.read(8))[0]
        body = self.file.read(length)
        return json.loads(body) if head[0] & 15 == 1 else self.read_any()

    def read_type(self, kind):
        while (message := self.read_any()) is not None:
            if message["type"] == kind:
                return message
        raise AssertionError(f"no {kind} came")

    def send(self, payload, opcode=1, last=True):
        self.socket.sendall(self.frame(payload, opcode, last))

    @staticmethod
    def frame(payload, opcode=1, last=True):
        head = bytes([opcode | (128 if last else 0)])
        if len(payload) < 126:
            head += bytes([128 | len(payload)])
        else:
            head += bytes([128 | 126]) + struct.pack(">H", len(payload))
        return head + b"\0\0\0\0" + payload

    def is_closed(self):
        try:
            while self.read() is not None:
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self):
        self.file.close()
        self.socket.close()


def check_files(web):
    page = web.get("/")
    check(page.startswith("HTTP/1.1 200") and page.endswith("<p>hello"), page)
    check("content-security-policy: default-src 'none'" in page.lower(), page)
    check("x-content-type-options: nosniff" in page.lower(), page)
    check("200" in web.get("/app.js").split("\r\n")[0], "a script")
    for path in ("/nothing.js", "/../secret.txt", "/%2e%2e/secret.txt", "//etc/passwd",
                 "/sub/inner.js", "/.hidden.js", "/run.sh"):
        answer = web.get(path)
        check(answer.startswith("HTTP/1.1 4") and "secret" not in answer, (path, answer))
    check(web.get("/", method="DELETE").split(" ")[1] == "405", "another method")
    for path, length in (("/", "8"), ("/app.js", "2")):
        head = web.get(path, method="HEAD")
        check(head.startswith("HTTP/1.1 200") and head.endswith("\r\n\r\n"), head)
        check(f"content-length: {length}\r\n" in head.lower(), head)
    check(web.get("/nothing.js", method="HEAD").startswith("HTTP/1.1 404"), "HEAD of nothing")


def check_hosts(web):
    for host in ("localhost:1", "127.0.0.1", "192.0.2.7:80", "[::1]:8040", "desk.example:80"):
        check(web.get("/", host).startswith("HTTP/1.1 200"), host)
    for host in ("evil.example", "127.0.0.1.evil.example", "desk.example.evil:80", "[evil]:1"):
        answer = web.get("/", host)
        check(answer.startswith("HTTP/1.1 403"), host)
        name = host.split(":")[0].strip("[]")
        check(f"--host {name}" in answer or "names no host" in answer, answer)


def check_http2(web):
    """HTTP/2 without TLS, by upgrade and with prior knowledge, is refused with a sentence."""
    upgrade = ("Upgrade: {}\r\nConnection: Upgrade, HTTP2-Settings\r\n"
               "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")
    settings = b"\0\0\0\4\0\0\0\0\0"
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings
    for request, status in (
            *(((f"{method} / HTTP/1.1\r\nHost: {web.host()}\r\n" + upgrade.format(name)).encode(),
               b"505") for method in ("GET", "POST", "OPTIONS") for name in ("h2c", "H2C")),
            (preface, b"403")):
        with web.connect() as client:
            client.sendall(request)
            answer = b""
            while piece := client.recv(65536):
                answer += piece
        check(answer.split(b" ")[1] == status and b"Switching" not in answer, (request, answer))
    check(web.get("/").startswith("HTTP/1.1 200"), "afterwards")


def check_idle(web):
    """Connections that ask for nothing take no place from those that do: waiting until they time
    out would take longer than this test may."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    browser = Browser(web)
    idle = [web.connect() for _ in range(1000)]
    web_page = web.get("/")
    check(web_page.startswith("HTTP/1.1 200"), web_page)
    check(idle[0].recv(1) == b"", "the oldest was closed")
    check(Browser(web).welcome, "a browser among them")
    browser.send(b'{"type":"ping","id":9}')
    check(browser.read_type("pong")["id"] == 9, "the browser that was there before")
    for connection in idle:
        connection.close()
    browser.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


def check_files_limit(program):
    """Too few file descriptors are refused at the start."""
    ended = subprocess.run([program, "--listen", "0", "--socket", "nowhere"],
                           stderr=subprocess.PIPE, text=True, timeout=GUARD_S, check=False,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    told = ended.stderr.splitlines()
    check(ended.returncode == 1 and len(told) == 1, (ended.returncode, told))
    check("the limit of open files must be at least 128, got 64" in told[0], told)


def check_threads_limit(program, directory):
    """Too few threads are refused at the start; only root can run as somebody else, alone."""
    if os.geteuid() != 0:
        return
    os.chmod(directory, 0o755)
    uid = 61235

    def become(threads):
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads))

    refused = ran = 0
    for threads in (1, 2, 4, 5, 6, 20):
        process = subprocess.Popen(
            [program, "--listen", "0", "--socket", "nowhere", "--pages",
             os.path.join(directory, "pages")], stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda threads=threads: become(threads))
        told = process.stderr.readline()
        while told and "open http" not in told and " error: " not in told:
            told = process.stderr.readline()
        if "open http" in told:
            ran += 1
            process.terminate()
            check(process.wait(GUARD_S) == 0, "its end")
        else:
            refused += 1
            check(process.wait(GUARD_S) == 1 and "thread" in told and ran == 0, (threads, told))
        process.stderr.close()
    check(ran > 0 and refused > 0, (ran, refused))


def check_reasons(web):
    """Why a WebSocket is refused: a page asks, since its browser does not say."""
    answer = web.get("/ws", method="POST", more="Origin: https://proxy.example\r\n"
                                                "Content-Length: 0\r\n")
    check(answer.startswith("HTTP/1.1 403") and "--origin https://proxy.example" in answer, answer)
    same = f"Origin: http://{web.host()}\r\nContent-Length: 0\r\n"
    check(web.get("/ws", method="POST", more=same).startswith("HTTP/1.1 200"), "none")
    check(web.get("/other", method="POST", more=same).startswith("HTTP/1.1 405"), "another path")


def check_health(web, is_well):
    answer = web.get("/healthz")
    check(answer.startswith("HTTP/1.1 200" if is_well else "HTTP/1.1 503"), answer)
    head = web.get("/healthz", method="HEAD")
    check(head.startswith("HTTP/1.1 200" if is_well else "HTTP/1.1 503") and
          head.endswith("\r\n\r\n"), head)


def in_thread(work):
    """Runs work beside the test; the list that is returned gets its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    return thread, results


def check_metrics(web, daemon):
    text = "# TYPE mocapd_frames counter\n" + 5000 * "mocapd_frames 1\n"
    thread, asked = in_thread(lambda: daemon.answer_call({"type": "metrics", "text": text}))
    answer = web.get("/metrics")
    thread.join()
    check(answer.startswith("HTTP/1.1 200") and answer.endswith("\r\n\r\n" + text), answer[:300])
    check("content-type: text/plain; version=0.0.4" in answer.lower(), answer[:300])
    check(asked[0]["type"] == "metrics", asked)


def check_bridge(web, directory):
    none = web.get("/bridge")
    check(none.startswith("HTTP/1.1 200") and "No such file" in none.split("\r\n\r\n")[1], none)
    path = os.path.join(directory, "bridge")
    state = '{"program":"mocap-bridge 1","uptime_s":1,"targets":[]}\n'
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.sendall(state.encode())

        thread, _ = in_thread(answer)
        told = web.get("/bridge")
        thread.join()
    os.unlink(path)
    check(told.startswith("HTTP/1.1 200") and told.endswith(state), told)
    with busy_socket(path):
        told = web.get("/bridge")
    check(told.startswith("HTTP/1.1 200") and "no answer in time" in told, told)


@contextlib.contextmanager
def busy_socket(path):
    """A Unix socket whose backlog is full: its program hangs."""
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as waiting:
        listener.bind(path)
        listener.listen(0)
        while True:
            one = waiting.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            try:
                one.connect(path)
            except BlockingIOError:
                break
        yield
    os.unlink(path)


def check_control(web, daemon):
    """Requests to mocapd: with the token any of two kinds, without it those that only show."""
    browser = Browser(web)
    browser.read_type("state")

    def send(request, token=web.token, number=5):
        browser.send(json.dumps({"type": "control", "id": number, "token": token,
                                 "request": request}).encode())

    def read_reply():
        while "id" not in (message := browser.read()):
            pass
        return message

    def passes(request, token=web.token):
        done = {"type": "calibrated", "stream": "one", "faces": 1, "profile": "default"}
        thread, asked = in_thread(lambda: daemon.answer_call(done))
        send(request, token)
        reply = read_reply()
        thread.join()
        check(reply == {**done, "id": 5}, reply)
        asked[0].pop("id")
        check(asked[0] == request, asked)

    neutral = {"type": "calibrate", "stream": "one"}
    passes(neutral)
    passes({"type": "settings", "stream": "one", "smooth": False})
    passes({"type": "calibrate", "stream": "one", "action": "show"}, token="")
    passes({"type": "settings", "stream": "one"}, token="0" * 32)
    for request, token, code in (
            (neutral, "", "forbidden"), (neutral, "0" * 32, "forbidden"), (neutral, None, "forbidden"),
            (neutral, web.token + "0", "forbidden"),
            ({"type": "settings", "stream": "one", "reset": True}, "", "forbidden"),
            ({"type": "settings", "stream": "one", "fov": 1}, web.token, "bad-request"),
            ({"type": "subscribe"}, web.token, "unsupported"),
            ({"type": "metrics"}, web.token, "unsupported"), (7, web.token, "bad-request")):
        send(request, token, 6)
        reply = read_reply()
        check(reply["type"] == "error" and reply["code"] == code and reply["id"] == 6, reply)
    # A request that comes together with a ping is answered, too.
    wrong = json.dumps({"type": "control", "id": 9, "token": "", "request": neutral}).encode()
    browser.socket.sendall(browser.frame(b'{"type":"ping","id":1}') + browser.frame(wrong))
    check(browser.read_type("error")["id"] == 9, "both")
    # One at a time; and a page that leaves is forgotten.
    send(neutral, number=7)
    send(neutral, number=8)
    reply = read_reply()
    check(reply["type"] == "error" and reply["id"] == 8, reply)
    browser.close()
    daemon.answer_call({"type": "pong"})


def check_web_message(web, early):
    """What mocap-web says of itself: without a daemon, why there is none."""
    message = early.read_any()
    check(message["type"] == "web" and not message["daemon"] and message["reason"], message)
    check(message["socket"].endswith("/s"), message)


def check_origins(web):
    refused = [Browser(web, "http://evil.example"), Browser(web, "null"),
               Browser(web, "http://evil.example", "evil.example"),
               Browser(web, "same", "evil.example"), Browser(web, f"http://127.0.0.1:{1}"),
               Browser(web, "same", path="/"), Browser(web, "http://" + "a" * 600)]
    check(not any(browser.welcome for browser in refused), [b.welcome for b in refused])
    welcome = [Browser(web), Browser(web, None), Browser(web, "same", f"localhost:{web.port}"),
               Browser(web, "https://studio.example"),
               Browser(web, "https://studio.example", "studio.example")]
    check(all(browser.welcome for browser in welcome), [b.welcome for b in welcome])
    for browser in refused + welcome:
        browser.close()


def check_messages(web, daemon):
    browser = Browser(web)
    hello = browser.read()
    check(hello["type"] == "hello" and hello["server"] == "played 1" and
          hello["streams"] == ["one", "two"], hello)
    check(browser.read() == {"type": "state", "stream": "one", "state": "live", "reason": ""},
          "a state")
    daemon.record([{"id": 1, "score": 0.5, "box": [1, 2, 3, 4], "keypoints": [[1, 2, 0.5]]}])
    record = browser.read()
    check(record["seq"] == daemon.seq - 1 and record["faces"][0]["box"] == [1, 2, 3, 4], record)
    browser.send(b'{"type":"ping","id":9}')
    pong = browser.read()
    check(pong["type"] == "pong" and pong["id"] == 9 and pong["t_ns"] > 0, pong)
    for request in (b'{"type":"calibrate","id":1,"stream":"one"}', b'{"type":"subscribe"}',
                    b'{"type":"status"}', b"[]", b"{", b"", b'{"type":"ping","id":"x"}'):
        browser.send(request)
        check(browser.read()["type"] == "error", request)
    browser.close()
    for payload, opcode in ((b"x" * 5000, 1), (b"\0\1", 2)):
        hostile = Browser(web)
        hostile.send(payload, opcode)
        check(hostile.is_closed(), opcode)
        hostile.close()


def check_pieces(web):
    """A message may arrive in several pieces of the network's, and in several frames of its own."""
    browser = Browser(web)
    ping = b'{"type":"ping","id":9}'
    browser.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in bytes([129, 128 | len(ping)]) + b"\0\0\0\0" + ping:
        browser.socket.sendall(bytes([byte]))
    check(browser.read_type("pong")["id"] == 9, "byte by byte")
    browser.send(ping[:5], 1, False)
    browser.send(b"", 9)  # a control frame between the two
    browser.send(ping[5:], 0, True)
    check(browser.read_type("pong")["id"] == 9, "in two frames")
    for _ in range(3):
        browser.send(b"x" * 2000, 1, False)
        browser.send(b"x" * 2000, 0, True)
        check(browser.read_type("error")["code"] == "bad-request", "nonsense in two frames")
    browser.close()
    endless = Browser(web)
    endless.send(b"x" * 2000, 1, False)
    for _ in range(2):
        endless.send(b"x" * 2000, 0, False)
    check(endless.is_closed(), "a message without an end")
    endless.close()


def check_caps(web):
    browsers = [Browser(web) for _ in range(BROWSERS_MAX + 1)]
    check([browser.welcome for browser in browsers] == [True] * BROWSERS_MAX + [False], "the cap")
    for browser in browsers:
        browser.close()
    # Room again, as soon as it has noticed.
    while not (late := Browser(web)).welcome:
        late.close()
    late.close()


def check_listen(program, web):
    """An address that can't be listened at gives a one-line error, at once."""
    for where, cause in (("192.0.2.1:0", "this machine has no such address"),
                         (f"127.0.0.1:{web.port}", "another program does")):
        ended = subprocess.run([program, "--listen", where, "--socket", "nowhere"],
                               stderr=subprocess.PIPE, text=True, timeout=GUARD_S, check=False)
        told = ended.stderr.splitlines()
        check(ended.returncode == 1 and len(told) == 1, (ended.returncode, told))
        check(f"can't listen at {where}: {cause}" in told[0], told)


def check_slow(web, daemon):
    """A browser that does not read gets the newest record afterwards, not the whole backlog."""
    slow, quick = Browser(web), Browser(web)
    slow.read_type("state")
    quick.read_type("state")
    points = [[i + 0.25, i + 0.5, 0.125] for i in range(68)]
    faces = [{"id": 1, "score": 0.5, "box": [1, 2, 3, 4], "keypoints": points}]
    for _ in range(2000):  # two megabytes
        daemon.record(faces)
    last = daemon.seq - 1
    while quick.read_type("motion")["seq"] != last:
        pass
    got = 0
    while slow.read_type("motion")["seq"] != last:
        got += 1
    check(got < 1500, f"{got} of 2000 waited for it")
    slow.close()
    quick.close()


def check_restart(web, daemon, path):
    browser = Browser(web)
    browser.read_type("state")
    daemon.close()
    state = browser.read_type("state")
    check(state["state"] == "connecting" and "not running" in state["reason"], state)
    daemon = Daemon(path)
    browser.read_type("hello")
    check(browser.read_type("state")["state"] == "live", "live again")
    daemon.record([])
    check(browser.read_type("motion")["seq"] == 0, "records again")
    browser.close()
    return daemon


def check_rest(web, daemon, path):
    """The streams are followed only while a browser is there."""
    daemon.let_go()  # a while after the last one
    daemon.close()
    daemon = Daemon(path, grants=False)  # one that comes meanwhile
    daemon.let_go()
    for is_last in (False, True):
        first = Browser(web)
        daemon.grant()  # it asks because of this browser, and has cleared the board before
        browser = Browser(web)
        hello = browser.read()
        check(hello["type"] == "hello" and hello["streams"] == ["one", "two"], hello)
        daemon.state("one", "live")
        # No state and no record from before.
        message = browser.read()
        check((message["type"], message["state"]) == ("state", "live"), message)
        daemon.record([])
        check(browser.read()["type"] == "motion", "a record")
        if not is_last:
            first.close()
            browser.close()
            daemon.let_go()
    daemon.close()
    first.close()
    browser.close()


def check_token(web, program, directory):
    """It is kept for the next start, readable by its user alone; what is no token is replaced."""
    path = os.path.join(directory, "mocapd", "mocap-web.token")
    check(os.stat(path).st_mode & 0o777 == 0o600, "its mode")
    with open(path, encoding="ascii") as file:
        check(file.read() == web.token, "its file")
    again = Web(program, directory)
    again.stop()
    check(again.token == web.token, "the next start")
    with open(path, "w", encoding="ascii") as file:
        file.write("secret")
    other = Web(program, directory)
    other.stop()
    check(other.token != web.token and len(other.token) == 32, other.token)
    # A terminal gets the whole address. Where the token cannot be kept, a log has none either.
    said = address_line(program, directory, directory, True)
    check(said.endswith(f"/#token={other.token}"), said)
    said = address_line(program, directory, "/proc/none", True)
    check(re.search("/#token=[0-9a-f]{32}$", said), said)
    said = address_line(program, directory, "/proc/none", False)
    check(said.endswith("/; its token is only shown on a terminal"), said)


def address_line(program, directory, state, on_terminal):
    """What mocap-web says of its address."""
    outside, inside = os.openpty() if on_terminal else os.pipe()
    process = subprocess.Popen(
        [program, "--listen", "0", "--socket", os.path.join(directory, "s"), "--pages",
         os.path.join(directory, "pages")], stderr=inside, env={**os.environ, "XDG_STATE_HOME": state})
    os.close(inside)
    with open(outside, encoding="utf-8") as lines:
        line = next(line for line in lines if "open http" in line)
        process.terminate()
        check(process.wait(GUARD_S) == 0, "its end")
    return line.rstrip()


def make_pages(directory):
    pages = os.path.join(directory, "pages")
    os.makedirs(os.path.join(pages, "sub"))
    for name, text in (("index.html", "<p>hello"), ("app.js", "1;"), (".hidden.js", "secret"),
                       ("run.sh", "secret"), ("sub/inner.js", "secret"),
                       ("../secret.txt", "secret")):
        with open(os.path.join(pages, name), "w", encoding="ascii") as file:
            file.write(text)


def check_aside(web, daemon):
    """Of streams that are not on its stage a page gets five records a second, the newest last;
    another page still gets all."""
    page, other = Browser(web), Browser(web)
    for browser in (page, other):
        browser.read_type("state")
    page.send(b'{"type":"stage","stream":"one"}')
    page.send(b'{"type":"ping","id":7}')
    page.read_type("pong")  # the stage has been read
    began, counts, last, seen = time.monotonic(), {"one": 0, "two": 0}, {}, {}
    for _ in range(100):
        for stream in counts:
            last[stream] = daemon.seq
            daemon.record([], stream)
            while other.read_type("motion")["seq"] != last[stream]:
                pass
        while seen.get("one") != last["one"]:
            message = page.read_type("motion")
            counts[message["stream"]] += 1
            seen[message["stream"]] = message["seq"]
    elapsed = time.monotonic() - began
    check(counts["one"] >= 100 and counts["two"] <= 5 * elapsed + 2, (counts, elapsed))
    while seen.get("two") != last["two"]:  # though nothing follows it
        message = page.read_type("motion")
        seen[message["stream"]] = message["seq"]
    page.send(b'{"type":"stage"}')
    page.send(b'{"type":"stage","stream":"nowhere"}')
    page.send(b'{"type":"stage","stream":7}')
    page.send(b'{"type":"ping","id":8}')
    check(page.read_type("pong")["id"] == 8, "a stage has no answer")
    page.close()
    other.close()


def main():
    abort_after(GUARD_S)
    directory = tempfile.mkdtemp(prefix="mocapd-web-")
    web = None
    try:
        make_pages(directory)
        web = Web(sys.argv[1], directory)
        check_files(web)
        check_hosts(web)
        check_http2(web)
        check_idle(web)
        check_files_limit(sys.argv[1])
        check_threads_limit(sys.argv[1], directory)
        check_reasons(web)
        check_health(web, False)
        check(web.get("/metrics").startswith("HTTP/1.1 503"), "no metrics without a daemon")
        check_bridge(web, directory)
        check_listen(sys.argv[1], web)
        early = Browser(web)  # before there is a daemon
        check(early.welcome, "early")
        check_web_message(web, early)
        path = os.path.join(directory, "s")
        daemon = Daemon(path)
        check(early.read()["type"] == "hello", "it learns of the daemon")
        early.close()
        check_health(web, True)
        check_origins(web)
        check_messages(web, daemon)
        check_pieces(web)
        check_metrics(web, daemon)
        check_control(web, daemon)
        check_caps(web)
        check_slow(web, daemon)
        check_aside(web, daemon)
        daemon = check_restart(web, daemon, path)
        check_rest(web, daemon, path)
        web.stop()
        check_token(web, sys.argv[1], directory)
    finally:
        if web is not None and web.process.poll() is None:
            web.process.kill()
        shutil.rmtree(directory)
    print("pages, refusals, messages and slow browsers are as they should be")


if __name__ == "__main__":
    main()
