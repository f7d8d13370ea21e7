"""What tests of mocap-fleet start: brokers, daemons without cameras, and a client of NATS."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

GUARD_S = 120  # only a test that fails waits that long


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def find(program):
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if path is None:
        skip(f"no {program}")
    return path


def wait_for(what, condition):
    """Returns what the condition gives once that is true."""
    end = time.monotonic() + GUARD_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"no {what} within {GUARD_S} s")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A program whose output is kept in a file."""

    def __init__(self, place, name, *arguments, **options):
        self.log = place.path(f"{name}.log")
        if os.path.exists(self.log):  # of one of that name that ran before
            self.log = place.path(f"{name}-{len(place.running)}.log")
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                arguments, stdout=out, stderr=options.pop("stderr", subprocess.STDOUT),
                stdin=options.pop("stdin", subprocess.DEVNULL), **options)
        place.running.append(self)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as lines:
            return lines.read()

    def says(self, words):
        wait_for(f"'{words}' in {self.log}", lambda: words in self.text())

    def memory_kb(self):
        with open(f"/proc/{self.process.pid}/maps", encoding="utf-8") as maps:
            copies = 5 if "libtsan" in maps.read() else 1  # the thread sanitizer keeps four bytes for each
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // copies

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(GUARD_S)


class Place:
    """A folder with what runs in it."""

    def __init__(self, fleet, played):
        self.folder = tempfile.mkdtemp(prefix="mocap-fleet-")
        self.fleet_program, self.played_program = fleet, played
        self.running = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in reversed(self.running):
            if process.process.poll() is None:
                process.process.kill()
                process.process.wait()
        if kind is not None:
            for name in sorted({process.log for process in self.running}):
                with open(name, encoding="utf-8", errors="replace") as lines:
                    print(f"---- {os.path.basename(name)}\n{lines.read()[-3000:]}")
        shutil.rmtree(self.folder)

    def broker(self, port=None, config="", name="nats"):
        """nats-server; returns it with its port and URL."""
        program = find("nats-server")
        port = port or free_port()
        with open(self.path(f"{name}.conf"), "w", encoding="ascii") as out:
            out.write(f"host: 127.0.0.1\nport: {port}\n{config}\n")
        server = Process(self, name, program, "-c", self.path(f"{name}.conf"))
        server.port, server.url = port, f"nats://127.0.0.1:{port}"
        server.says("Server is ready")
        return server

    def daemon(self, name="cam", count=2, rate=25, machine=None):
        """A daemon without cameras; returns it with its socket."""
        path = self.path(f"{machine or name}.sock")
        daemon = Process(self, f"daemon-{machine or name}", self.played_program, path, name, str(count),
                         str(rate), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        daemon.socket = path
        wait_for("socket", lambda: os.path.exists(path))
        return daemon

    def fleet(self, command, *arguments, name=None):
        return Process(self, name or command, self.fleet_program, command, *arguments)

    def serve(self, url, *arguments, name="serve"):
        path = self.path(f"{name}.socket")
        server = self.fleet("serve", "--nats", url, "--site", "t", "--socket", path, *arguments,
                            name=name)
        server.socket = path
        wait_for("socket", lambda: os.path.exists(path))
        return server


class Nats:
    """A subscriber and publisher that knows nothing of mocap-fleet."""

    def __init__(self, port, subject=None, login=None):
        self.socket = socket.create_connection(("127.0.0.1", port), GUARD_S)
        self.file = self.socket.makefile("rb")
        self.messages, self.lock = [], threading.Lock()
        assert self.file.readline().startswith(b"INFO ")
        options = {"verbose": False, "pedantic": False}
        if login is not None:
            options["user"], options["pass"] = login
        self.send(f"CONNECT {json.dumps(options)}\r\nPING\r\n".encode())
        if subject is not None:
            self.send(f"SUB {subject} 1\r\n".encode())
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def send(self, data):
        self.socket.sendall(data)

    def publish(self, subject, data):
        self.send(f"PUB {subject} {len(data)}\r\n".encode() + data + b"\r\n")

    def read(self):
        try:
            for line in self.file:
                words = line.split()
                if words[:1] == [b"PING"]:
                    self.send(b"PONG\r\n")
                elif words[:1] == [b"MSG"]:
                    data = self.file.read(int(words[-1]) + 2)[:-2]
                    with self.lock:
                        self.messages.append((words[1].decode(), data))
        except OSError:
            pass

    def take(self):
        """What has arrived since the last call."""
        with self.lock:
            taken, self.messages = self.messages, []
        return taken

    def wait(self, what, wanted):
        """The data of the first message whose subject and data are wanted."""
        found = []

        def look():
            found.extend(data for subject, data in self.take() if wanted(subject, data))
            return found
        return wait_for(what, look)[0]

    def close(self):
        self.socket.close()


def as_json(data):
    return json.loads(data.decode())


def make_certificates(place):
    openssl = find("openssl")
    for command in (
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca",
            "req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=localhost",
            "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
            "-out cert.pem -extfile names"):
        with open(place.path("names"), "w", encoding="ascii") as out:
            out.write("subjectAltName=DNS:localhost\n")
        subprocess.run([openssl, *command.split()], cwd=place.folder, check=True,
                       capture_output=True)
