#!/usr/bin/env python3
"""The mistakes of a newcomer: each gets one sentence that says what is wrong, where, and what to do.

    check_mistakes.py BIN_DIR SOURCE_DIR
"""

import grp
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

GUARD_S = 120  # only a test that fails waits that long
NOBODY = 65534


def check(good, what):
    if not good:
        raise AssertionError(what)


class Place:
    """A directory for the files of a mistake, and the programs."""

    def __init__(self, programs, source, directory):
        self.programs, self.source, self.directory = programs, source, directory

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def run(self, program, *words, status, environment=None, user=None):
        """What it says, without the time of day of log lines."""
        ended = subprocess.run([os.path.join(self.programs, program), *words], text=True,
                               capture_output=True, timeout=GUARD_S, check=False, user=user,
                               env={**os.environ, **(environment or {})}, cwd=self.directory)
        check(ended.returncode == status, (program, words, ended))
        check("Traceback" not in ended.stderr, ended.stderr)
        return ended.stderr

    def says(self, sentence, program, *words, **rest):
        said = self.run(program, *words, **rest)
        check(sentence in said, f"{program} {' '.join(words)}\nexpected: {sentence}\ngot: {said}")


def check_configuration(place):
    for text, sentence in (
            ("[stream my desk]\nurl = demo:\n",
             ":1:9: a stream's name must be 1 to 63 of A-Z a-z 0-9 _ . -, got 'my desk'"),
            ("[stream a]\nurl = demo:\n[stream a]\n", ":3:9: stream 'a' is given twice"),
            ("[stream a]\nfov = 60\n", ":1:9: [stream a]: must have a url"),
            ("[stream a]\nurl = demo:\nmax-face = 2\n",
             ":3:1: unknown option 'max-face'; did you mean 'max-faces'?"),
            ("worker = 2\n", ":1:1: unknown option 'worker'; did you mean 'workers'?"),
            ("[stream a]\nurl = rtps://camera.local/live\n",
             ":2:7: url: unknown protocol 'rtps://'; did you mean 'rtsp://'?"),
            ("[stream a]\nurl = v4l:/dev/video0\n",
             ":2:7: url: unknown source 'v4l:'; did you mean 'v4l2:'?"),
            ("[stream a]\nurl = ~/clip.mp4\n",
             ":2:7: url must be a full path: ~ stands for the home directory in shells only"),
            ("precision = int9\n", ":1:13: precision must be auto, f32, bf16 or int8, got 'int9'")):
        config = place.write("mocapd.conf", text)
        place.says(f"mocapd: {config}{sentence}", "mocapd", "--check-config", "--config", config,
                   status=78)
        place.says(f"mocapd: {config}{sentence}", "mocapd", "--config", config, status=78)
    place.says("mocapd: --stream: URL: must be without the quotation marks around it", "mocapd",
               "--stream", "a=\"demo:\"", status=2)
    place.says("mocapd: unexpected argument 'clip.mp4'; to watch a file or a camera: --stream "
               "NAME=URL; see mocapd --help", "mocapd", "clip.mp4", status=2)


def check_files(place):
    options = "--socket", place.path("s"), "--stream", "a=demo:"
    place.says("nowhere.safetensors: No such file or directory; the weights that come with mocapd "
               "are face.safetensors, ", "mocapd", *options, "--model", "nowhere.safetensors",
               status=1)
    place.says("notes.txt: not a weight file (*.safetensors): must be at least 8 bytes, got 3; the "
               "weights", "mocapd", *options, "--model", place.write("notes.txt", "abc"), status=1)


def wait_for(process, log, sentence):
    end = time.monotonic() + GUARD_S
    while True:
        with open(log, encoding="utf-8") as file:
            said = file.read()
        if sentence in said:
            return
        check(process.poll() is None and time.monotonic() < end,
              f"expected: {sentence}\ngot: {said}")
        time.sleep(0.05)


class Running:
    """A program that goes on, while the block does."""

    def __init__(self, place, program, *words):
        self.log = place.path(f"{program}.log")
        with open(self.log, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen([os.path.join(place.programs, program), *words],
                                            stderr=file)

    def says(self, sentence):
        wait_for(self.process, self.log, sentence)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=GUARD_S)


def check_cameras(place, daemon):
    """An absent camera is known at the start, before anybody subscribes."""
    daemon.says("stream cam is idle: /dev/video97: No such file or directory; mocapctl devices lists "
                "the cameras there are")
    said = subprocess.run([os.path.join(place.programs, "mocapctl"), "--socket", place.path("s"),
                           "status"], capture_output=True, text=True, check=True, timeout=GUARD_S)
    check("/dev/video97: No such file or directory" in said.stdout, said)


def check_sockets(place):
    with Running(place, "mocapd", "--socket", place.path("s"), "--stream", "desk=demo:", "--stream",
                 "cam=v4l2:/dev/video97", "--repeat") as daemon:
        daemon.says("listens on ")
        check_cameras(place, daemon)
        place.says(f"{place.path('s')}: another mocapd listens there", "mocapd", "--socket",
                   place.path("s"), "--stream", "a=demo:", status=1)
        place.says("mocapctl: subscribe: stream: must be one of desk, cam, got 'desc'; did you mean "
                   "'desk'?", "mocapctl", "--socket", place.path("s"), "watch", "desc", status=1)
        if os.path.exists(os.path.join(place.programs, "mocap-bridge")):
            with Running(place, "mocap-bridge", "--socket", place.path("s"), "--stream", "desc",
                         "--vmc", "127.0.0.1:9") as bridge:
                bridge.says("stream: must be one of desk, cam, got 'desc'; did you mean 'desk'?")
        if os.getuid() == 0 and is_readable(os.path.join(place.programs, "mocapctl")):
            check_strangers(place)
    place.says(f"mocapctl: connect to {place.path('s')}: No such file or directory; is mocapd "
               "running?", "mocapctl", "--socket", place.path("s"), "status", status=1)
    place.says("is mocapd running? Another socket may be given as argument",
               sys.executable, os.path.join(place.source, "docs/examples/watch.py"),
               place.path("s"), status=1, environment={"XDG_RUNTIME_DIR": ""})
    check_example_path(place)


def check_example_path(place):
    """Without a daemon of the user's, watch.py looks for the system's, as every client does."""
    with open(os.path.join(place.source, "docs/examples/watch.py"), encoding="utf-8") as file:
        text = file.read()
    system, user = place.path("system"), place.path("runtime/mocapd/mocapd.sock")
    check("/run/mocapd/mocapd.sock" in text, text)
    # Root has no daemon of its own.
    text = "import os\nos.getuid = lambda: 1\n" + text.replace("/run/mocapd/mocapd.sock", system)

    def says(path):
        place.says(f"{path}: ", sys.executable, "-c", text, status=1,
                   environment={"XDG_RUNTIME_DIR": place.path("runtime")})

    says(user)
    for path in (system, user):  # files that nobody listens at
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8"):
            says(path)


def is_readable(path):
    """By everybody, whatever this user may read."""
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


def check_strangers(place):
    """Somebody outside of the socket's group; only root can play that."""
    group = grp.getgrgid(os.stat("/etc/shadow").st_gid)  # any group but root's
    if group.gr_gid == 0:
        return
    os.chmod(place.directory, 0o755)
    os.chown(place.path("s"), 0, group.gr_gid)
    name = group.gr_name
    place.says(f"Permission denied; members of the group {name} may connect: sudo usermod -aG {name} "
               "nobody, then log in again", "mocapctl", "--socket", place.path("s"), "status", status=1,
               user=NOBODY)
    if os.path.exists("/usr/bin/python3"):  # others may be in places that only root can read
        place.says("permission denied; its group may connect: sudo usermod -aG mocap USER",
                   "/usr/bin/python3", os.path.join(place.source, "docs/examples/watch.py"),
                   place.path("s"), status=1, user=NOBODY)
    without = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    ended = subprocess.run([os.path.join(place.programs, "mocapd"), "--stream", "a=demo:"],
                           env=without, user=NOBODY, capture_output=True, text=True,
                           timeout=GUARD_S, check=False)
    check(ended.returncode == 1, ended)
    if not os.path.exists("/run/mocapd"):
        check("/run/mocapd: Permission denied; XDG_RUNTIME_DIR is not set, as it is in a login "
              "session: set it, or choose the place with --socket PATH" in ended.stderr, ended)


def check_ports(place):
    if not os.path.exists(os.path.join(place.programs, "mocap-web")):
        return
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        place.says(f"can't listen at {at}: another program does, perhaps another mocap-web; choose "
                   "another port with --listen 127.0.0.1:PORT", "mocap-web", "--listen", at,
                   status=1, environment={"XDG_STATE_HOME": place.directory})


def check_fleet(place):
    if not os.path.exists(os.path.join(place.programs, "mocap-fleet")):
        return
    # Status 2: mocap-fleet's services are not started again with what stays wrong.
    for words, sentence in (
            (("publish",), "--nats must name the broker, such as nats://localhost:4222"),
            (("publish", "--nats", "broker"), "--nats: each server must begin with nats:// or tls://"),
            (("serve", "--nats", "http://broker"), "--nats: each server must begin with nats:// or "),
            (("work", "--nats", "mqtt://broker"), "--nats: each server must begin with nats:// or "),
            (("serve", "--nats", "nats://me:secret@h:99999"), "must be nats://HOST or nats://HOST:PORT"),
            (("serve", "--nats", "nats://a,nats://"), "with a port from 1 to 65535"),
            (("publish", "--mqtt", "broker"), "--mqtt must be mqtt://HOST[:PORT] or mqtts://"),
            (("work", "--capacity", "many"), "--capacity must be auto or 1 to 64, got 'many'"),
            (("publsh",), "unknown command 'publsh'; did you mean 'publish'?")):
        place.says(sentence, "mocap-fleet", *words, status=2)
    for words in (("--socket", "s"), ("--socket=s",)):
        place.says("--socket is where mocapd listens, but fleet asks the broker: leave it out, and name "
                   "the broker behind the command, as in mocapctl fleet status --nats URL", "mocapctl",
                   *words, "fleet", "status", status=2)
    place.says("fleet: options must follow the command, as in mocapctl fleet status --nats URL",
               "mocapctl", "fleet", "--nats", "nats://127.0.0.1:9", "status", status=2)
    place.says("no connection to the broker at nats://***@127.0.0.1:9: is nats-server running there?",
               "mocap-fleet", "status", "--nats", "nats://me:secret@127.0.0.1:9", status=1)


def main():
    programs, source = (os.path.abspath(word) for word in sys.argv[1:])
    directory = tempfile.mkdtemp(prefix="mocapd-mistakes-")
    place = Place(programs, source, directory)
    try:
        check_configuration(place)
        check_files(place)
        check_sockets(place)
        check_ports(place)
        check_fleet(place)
    finally:
        shutil.rmtree(directory)
    print("each mistake gets what, where and what to do")


if __name__ == "__main__":
    main()
