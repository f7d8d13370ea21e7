"""Who watches what, against real brokers and real daemons: whatever breaks, each stream has one
accepted owner soon after. Usage: check_leases.py SUBJECT SERVERS MOCAP_FLEET MOCAPD RACE"""

import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

TESTS = os.path.join(os.path.dirname(__file__), "..")
sys.path[:0] = [os.path.join(TESTS, "tools"), os.path.join(TESTS, "..", "clients", "python")]

from mocap import cbor

from fleet_rig import GUARD_S, Nats, Place, Process, find, free_port, skip, wait_for

OWNED_S = 8      # within which every stream must have an accepted owner
TAKE_OVER_S = 6  # from the last record before a kill to the next one
FRESH_S = 1.5    # a stream whose last record is older is not published
SOURCE = "lavfi:color=size=64x64:rate=10"


class Subscriber(threading.Thread):
    """Gets all records, from whichever server it reaches, and accepts those that a subscriber
    should: none of a lower fence than the highest it has seen."""

    def __init__(self, ports, address="127.0.0.1"):
        super().__init__(daemon=True)
        self.ports, self.address = ports, address
        self.lock = threading.Lock()
        self.highest, self.last, self.seq, self.gap = {}, {}, {}, {}
        self.widths = {}   # by stream: of the frames seen
        self.fences = {}   # by stream: those accepted, in order
        self.stale = 0     # records of a former owner, which are not accepted
        self.faults = []
        self.start()

    def run(self):
        turn = 0
        while True:
            try:
                with socket.create_connection((self.address, self.ports[turn % len(self.ports)]),
                                              1) as connection:
                    connection.settimeout(3)
                    self.read(connection, connection.makefile("rb"))
            except (OSError, ValueError, AssertionError):
                pass
            turn += 1
            time.sleep(0.05)

    def read(self, connection, file):
        assert file.readline().startswith(b"INFO ")
        connection.sendall(b'CONNECT {"verbose":false,"headers":true}\r\n'
                           b"SUB mocap.v1.t.*.record 1\r\nPING\r\n")
        pinged = time.monotonic()
        while True:
            words = file.readline().split()
            if not words:
                return
            if time.monotonic() - pinged > 1:
                pinged = time.monotonic()
                connection.sendall(b"PING\r\n")
            if words[0] == b"PING":
                connection.sendall(b"PONG\r\n")
            elif words[0] == b"MSG":
                self.take(file.read(int(words[-1]) + 2)[:-2])
            elif words[0] == b"HMSG":
                self.take(file.read(int(words[-1]) + 2)[int(words[-2]):-2])

    def take(self, data):
        record = cbor.decode(data)
        stream, fence, seq = record["stream"], record["fence"], record["seq"]
        now = time.monotonic()
        with self.lock:
            self.widths.setdefault(stream, set()).add(record["width"])
            if fence < self.highest.get(stream, 0):
                self.stale += 1
                return
            if fence == self.highest.get(stream) and seq <= self.seq[stream]:
                self.faults.append(f"{stream}: seq {seq} after {self.seq[stream]}, fence {fence}")
            if fence != self.highest.get(stream):
                self.fences.setdefault(stream, []).append(fence)
            if stream in self.last:
                self.gap[stream] = max(self.gap.get(stream, 0), now - self.last[stream])
            self.highest[stream], self.seq[stream], self.last[stream] = fence, seq, now

    def fresh(self):
        with self.lock:
            return {stream for stream, last in self.last.items()
                    if time.monotonic() - last < FRESH_S}

    def forget_gaps(self):
        with self.lock:
            self.gap.clear()

    def gaps(self):
        with self.lock:
            return max(self.gap.values(), default=0)


class Fleet:
    """Brokers, workers, each with a daemon of its own, and a subscriber."""

    def __init__(self, place, servers, mocapd, workers=2, streams=4, capacity=8, store=None,
                 wrap=None):
        self.place, self.mocapd, self.capacity = place, mocapd, capacity
        self.names = [f"s{i}" for i in range(streams)]
        self.ports = [free_port() for _ in range(servers)]
        self.routes = [free_port() for _ in range(servers)]
        self.store = store or place.path("store")
        self.servers = [self.start_server(i) for i in range(servers)]
        for server in self.servers:
            server.says("Server is ready")
        self.url = ",".join(f"nats://127.0.0.1:{port}" for port in self.ports)
        self.subscriber = Subscriber(self.ports)
        self.add_streams()
        self.daemons = [self.start_daemon(i) for i in range(workers)]
        self.workers = [self.start_worker(i, (wrap or {}).get(i, ())) for i in range(workers)]
        self.wait_for_owners("at first", GUARD_S)

    def start_server(self, i):
        path = self.place.path(f"n{i}.conf")
        config = (f"server_name: n{i}\nhost: 127.0.0.1\nport: {self.ports[i]}\n"
                  f'jetstream {{ store_dir: "{self.store}{i}" }}\n')
        if len(self.ports) > 1:
            routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self.routes)
            config += (f"cluster {{ name: c, host: 127.0.0.1, port: {self.routes[i]}, "
                       f"routes: [{routes}] }}\n")
        with open(path, "w", encoding="ascii") as out:
            out.write(config)
        return Process(self.place, f"n{i}", find("nats-server"), "-c", path)

    def start_daemon(self, i):
        path = self.place.path(f"m{i}.sock")
        daemon = Process(self.place, f"m{i}", self.mocapd, "--socket", path, "--workers", "1",
                         "--stream", "own=lavfi:color=size=64x64:rate=1",
                         "--stream", f"own{i}=lavfi:color=size=32x32:rate=100")
        wait_for("socket", lambda: os.path.exists(path))
        return daemon

    def start_worker(self, i, wrap=()):
        environment = dict(os.environ, XDG_STATE_HOME=self.place.path("state"))
        environment.pop("STATE_DIRECTORY", None)
        return Process(self.place, f"w{i}", *wrap, self.place.fleet_program, "work", "--nats",
                       self.url, "--site", "t", "--machine", f"w{i}", "--socket",
                       self.place.path(f"m{i}.sock"), "--capacity", str(self.capacity), "--always",
                       env=environment)

    def command(self, *arguments):
        result = subprocess.run(
            [self.place.fleet_program, *arguments, "--nats", self.url, "--site", "t"],
            capture_output=True, text=True, timeout=GUARD_S)
        return result.stdout if result.returncode == 0 else None

    def add_streams(self):
        text = "".join(f"[stream {name}]\nurl = {SOURCE}\n" for name in self.names)
        with open(self.place.path("streams.conf"), "w", encoding="ascii") as out:
            out.write(text)
        wait_for("import", lambda: self.command("streams", "import",
                                                self.place.path("streams.conf")))

    def owners(self):
        text = self.command("status", "--json")
        return {} if text is None else {stream["stream"]: stream["owner"]
                                        for stream in json.loads(text)["streams"]}

    def wait_for_owners(self, what, seconds=OWNED_S):
        """Every stream is published, under one fence each for a while, and no fault was seen."""
        begun = time.monotonic()
        while self.subscriber.fresh() != set(self.names):
            if time.monotonic() - begun > seconds:
                raise AssertionError(f"{what}: after {seconds} s only {self.subscriber.fresh()} "
                                     f"are published, owners {self.owners()}")
            time.sleep(0.05)
        print(f"{what}: all published after {time.monotonic() - begun:.1f} s", flush=True)
        assert not self.subscriber.faults, self.subscriber.faults[:5]
        for stream, fences in self.subscriber.fences.items():
            assert fences == sorted(set(fences)), f"{stream}: {fences}"

    def worker_with_streams(self):
        owners = list(wait_for("owners", self.owners).values())
        return max(range(len(self.workers)), key=lambda i: owners.count(f"w{i}"))

    def check_daemons(self, what):
        """Nothing is left behind: every stream runs in the daemon of its owner, and only there."""
        def handed():
            found = []
            for i in range(len(self.daemons)):
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(self.place.path(f"m{i}.sock"))
                    hello = json.loads(connection.makefile().readline())
                    found += [name for name in hello["streams"] if name not in ("own", f"own{i}")]
            return sorted(found) == sorted(self.names)
        wait_for(f"{what}: every stream at one daemon", handed)


# ---- what breaks

def check_kill(place, servers, mocapd, _):
    fleet = Fleet(place, servers, mocapd)
    victim = fleet.worker_with_streams()
    fleet.subscriber.forget_gaps()
    fleet.workers[victim].end(signal.SIGKILL)
    time.sleep(FRESH_S + 0.5)
    fleet.wait_for_owners("a killed worker")
    gap = fleet.subscriber.gaps()
    print(f"longest gap: {gap:.1f} s")
    assert gap < TAKE_OVER_S, gap
    fleet.workers[victim] = fleet.start_worker(victim) # which removes what the killed one left
    fleet.check_daemons("after a kill")
    # One that is asked to end gives its streams back at once.
    victim = fleet.worker_with_streams()
    fleet.subscriber.forget_gaps()
    assert fleet.workers[victim].end() == 0
    fleet.wait_for_owners("a worker that ended", 3)
    time.sleep(1)
    assert fleet.subscriber.gaps() < 3, fleet.subscriber.gaps()


def check_stop(place, servers, mocapd, _):
    fleet = Fleet(place, servers, mocapd)
    victim = fleet.worker_with_streams()
    for seconds in (1, 10):
        fleet.workers[victim].process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        if seconds > OWNED_S:
            fleet.wait_for_owners("a stopped worker", 0.1)
        fleet.workers[victim].process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        fleet.wait_for_owners(f"a worker that was stopped for {seconds} s")
    fleet.check_daemons("after a stop")
    print(f"{fleet.subscriber.stale} records of the former owner were not accepted")


def check_brokers(place, servers, mocapd, _):
    """All brokers end and start again; then the bucket is lost."""
    fleet = Fleet(place, servers, mocapd)
    fences = dict(fleet.subscriber.highest)
    for server in fleet.servers:
        server.end(signal.SIGKILL)
    time.sleep(4)
    fleet.servers = [fleet.start_server(i) for i in range(servers)]
    # A cluster elects its leaders first, which takes nats-server up to some ten seconds.
    fleet.wait_for_owners("all brokers restarted", OWNED_S if servers == 1 else 30)
    assert servers > 1 or fleet.subscriber.highest == fences, "a stream has moved"
    fleet.check_daemons("after a restart")


def check_lost(place, servers, mocapd, _):
    """The brokers' disks are lost: fences grow all the same."""
    fleet = Fleet(place, servers, mocapd)
    for server in fleet.servers:
        server.end(signal.SIGKILL)
    for i in range(servers):
        shutil.rmtree(f"{fleet.store}{i}")
    fleet.servers = [fleet.start_server(i) for i in range(servers)]
    fleet.add_streams()
    time.sleep(FRESH_S)
    fleet.wait_for_owners("the bucket was lost", GUARD_S)
    fleet.check_daemons("after a loss")


def check_full(place, servers, mocapd, _):
    """The brokers' disks are full, and get room again: nobody may publish what another owns."""
    disks = [place.path(f"disk{i}") for i in range(servers)]
    for disk in disks:
        os.mkdir(disk)
        if os.geteuid() != 0 or subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], check=False,
                capture_output=True).returncode != 0:
            skip("mounts are not allowed here")
    try:
        fleet = Fleet(place, servers, mocapd, store=place.path("disk"))
        victim = fleet.worker_with_streams()
        orphans = [name for name, owner in fleet.owners().items() if owner == f"w{victim}"]
        fences = dict(fleet.subscriber.highest)
        for disk in disks:
            fill(os.path.join(disk, "ballast"))
        time.sleep(10) # each renewal needs room
        print(f"on full disks {len(fleet.subscriber.fresh())} streams are published, "
              f"owners {fleet.owners()}")
        assert not fleet.subscriber.faults, fleet.subscriber.faults[:5]
        fleet.workers[victim].end(signal.SIGKILL)
        time.sleep(5)
        for disk in disks:
            os.remove(os.path.join(disk, "ballast"))
        for i, server in enumerate(fleet.servers): # it hangs, and does not heed SIGTERM either
            server.end(signal.SIGKILL)
            fleet.servers[i] = fleet.start_server(i)
            fleet.servers[i].says("Server is ready")
        fleet.wait_for_owners("full disks got room", OWNED_S if servers == 1 else 30)
        wait_for("later fences", lambda: all(fleet.subscriber.highest[name] > fences[name]
                                             for name in orphans))
        assert not fleet.subscriber.faults, fleet.subscriber.faults[:5]
        fleet.workers[victim] = fleet.start_worker(victim)
        fleet.check_daemons("after full disks")
    finally:
        for process in place.running:
            process.end(signal.SIGKILL)
        for disk in disks:
            subprocess.run(["umount", disk], check=False)


def fill(path):
    """Takes all the room that there is, and then what little is left."""
    with open(path, "wb", buffering=0) as out:
        for size in (65536, 1):
            try:
                while out.write(bytes(size)) == size:
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC, error


def leader_of(fleet):
    for port in fleet.ports:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.settimeout(2)
                file = connection.makefile("rb")
                file.readline()
                connection.sendall(b'CONNECT {"verbose":false}\r\nSUB answer 1\r\n'
                                   b"PUB $JS.API.STREAM.INFO.KV_mocap_t answer 0\r\n\r\n")
                while not (line := file.readline()).startswith(b"MSG"):
                    assert line
                info = json.loads(file.read(int(line.split()[-1])))
                return int(info["cluster"]["leader"][1:])
        except (OSError, AssertionError, KeyError):
            pass
    raise AssertionError("no leader")


def check_leader(place, servers, mocapd, _):
    fleet = Fleet(place, servers, mocapd)
    leader = leader_of(fleet)
    fleet.subscriber.forget_gaps()
    begun = time.monotonic()
    fleet.servers[leader].end(signal.SIGKILL)
    time.sleep(3)
    # While there is no leader nobody can own anything. nats-server elects one after 4 to 9 s.
    fleet.wait_for_owners("the leader was killed", 15)
    print(f"longest gap: {fleet.subscriber.gaps():.1f} s")
    fleet.servers[leader] = fleet.start_server(leader)
    time.sleep(3)
    fleet.wait_for_owners("the old leader is back")
    # One that ends in order hands over at once.
    fleet.servers[leader_of(fleet)].end()
    time.sleep(2)
    fleet.wait_for_owners("the leader ended in order")


def check_skew(place, servers, mocapd, _):
    """Clocks of day that differ by 10 s, in either direction, make no difference."""
    faketime = find("faketime")
    os.environ["DONT_FAKE_MONOTONIC"] = "1"
    fleet = Fleet(place, servers, mocapd, wrap={0: (faketime, "-f", "+10s"),
                                                1: (faketime, "-f", "-10s")})
    time.sleep(5)
    for fences in fleet.subscriber.fences.values():
        assert len(fences) <= 2, fences # one move to spread the load
    victim = fleet.worker_with_streams()
    subprocess.run(["pkill", "-KILL", "-P", str(fleet.workers[victim].process.pid)], check=False)
    fleet.workers[victim].end(signal.SIGKILL)
    time.sleep(FRESH_S + 0.5)
    fleet.wait_for_owners("a killed worker whose clock is wrong")


def check_cut(place, servers, mocapd, _):
    """A worker's network goes silent, without a word to anybody, and comes back."""
    name = f"fleet{os.getpid()}"
    if os.geteuid() != 0 or subprocess.run(["ip", "netns", "add", name], check=False,
                                           capture_output=True).returncode != 0:
        skip("network namespaces are not allowed here")
    veth, peer = f"v{os.getpid()}", f"p{os.getpid()}"
    def ip(*words):
        subprocess.run(["ip", *words], check=True)
    try:
        ip("link", "add", veth, "type", "veth", "peer", "name", peer, "netns", name)
        ip("addr", "add", "10.213.7.1/24", "dev", veth)
        ip("link", "set", veth, "up")
        ip("-n", name, "addr", "add", "10.213.7.2/24", "dev", peer)
        ip("-n", name, "link", "set", peer, "up")
        ip("-n", name, "link", "set", "lo", "up")
        fleet = Fleet(place, servers, mocapd, workers=1)
        relays = [Process(place, f"relay{port}", sys.executable, __file__, "relay", str(port))
                  for port in fleet.ports]
        fleet.daemons.append(fleet.start_daemon(1))
        inner, fleet.url = fleet.url, fleet.url.replace("127.0.0.1", "10.213.7.1")
        fleet.workers.append(fleet.start_worker(1, ("ip", "netns", "exec", name)))
        fleet.url = inner
        wait_for("streams at the other worker", lambda: "w1" in fleet.owners().values())
        fleet.wait_for_owners("two hosts")
        ip("link", "set", veth, "down")
        time.sleep(FRESH_S)
        fleet.wait_for_owners("a host that is cut off")
        assert set(fleet.owners().values()) == {"w0"}
        ip("link", "set", veth, "up")
        time.sleep(1)
        fleet.wait_for_owners("the host is back")
        wait_for("streams at the other worker", lambda: "w1" in fleet.owners().values())
        fleet.wait_for_owners("the host works again")
        fleet.check_daemons("after a cut")
        assert relays
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", veth], check=False, capture_output=True)


def relay(port):
    """Brokers listen on the loopback device alone: carries connections from the other host."""
    listener = socket.create_server(("10.213.7.1", port))
    def carry(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
    while True:
        outer, _ = listener.accept()
        try:
            inner = socket.create_connection(("127.0.0.1", port))
        except OSError:
            outer.close()
            continue
        for pair in ((outer, inner), (inner, outer)):
            threading.Thread(target=carry, args=pair, daemon=True).start()


def check_race(place, servers, mocapd, race):
    """Two writers want the same lease a thousand times: each time one owns it."""
    fleet = Fleet(place, servers, mocapd, workers=1, streams=1)
    subprocess.run([race, fleet.url, "1000"], check=True, timeout=GUARD_S)


def check_commands(place, servers, mocapd, _):
    """Streams are added, moved and removed while the fleet works."""
    fleet = Fleet(place, servers, mocapd)
    owner = wait_for("owners", fleet.owners)["s0"]
    other = "w1" if owner == "w0" else "w0"
    assert fleet.command("streams", "move", "s0", other)
    wait_for("a move", lambda: fleet.owners().get("s0") == other)
    fleet.wait_for_owners("a move", 5)
    assert fleet.command("streams", "remove", "s1") == "removed s1\n"
    fleet.names.remove("s1")
    fleet.check_daemons("after a removal")
    assert fleet.command("streams", "add", f"s9={SOURCE}", "max-faces=1") == "added s9\n"
    assert fleet.command("streams", "add", f"s9={SOURCE}", "max-faces=1") == "unchanged s9\n"
    fleet.names.append("s9")
    time.sleep(FRESH_S)
    fleet.subscriber.last.pop("s1", None)
    fleet.wait_for_owners("another stream", 10)
    secret = "rtsp://user:secret@camera.local/live"
    assert fleet.command("streams", "add", f"door={secret}", "password=secret") == "added door\n"
    assert "secret" not in fleet.command("streams", "list")
    assert "secret" not in fleet.command("streams", "list", "--json")
    assert fleet.command("streams", "move", "nothing", "w0") is None
    assert fleet.command("streams", "remove", "door") == "removed door\n"
    check_mocapctl(fleet)
    check_no_load(fleet)
    check_refused(fleet)
    check_junk(fleet)
    check_new_bucket(fleet)
    check_all_lost(fleet)


def check_all_lost(fleet):
    """Status tells of machines that nobody is left to see missing."""
    for worker in fleet.workers:
        worker.end(signal.SIGKILL)
    wait_for("all lost", lambda: not any(fleet.owners().values()))
    status = json.loads(fleet.command("status", "--json"))
    assert not any(machine["alive"] for machine in status["machines"]), status
    assert all(machine["seen_ms"] > 3000 for machine in status["machines"]), status
    text = fleet.command("status")
    assert re.search(r"\nw0 +lost +\d+ s", text), text
    assert re.search(r"\n(\d+) streams, \1 without an owner", text), text


def check_mocapctl(fleet):
    """mocapctl fleet is the same, and mocap-fleet's errors are its own."""
    program = os.path.join(os.path.dirname(fleet.mocapd), "mocapctl")
    def run(*words):
        return subprocess.run([program, "fleet", *words, "--nats", fleet.url, "--site", "t"],
                              capture_output=True, text=True, check=False, timeout=GUARD_S)
    assert run("list").stdout == fleet.command("streams", "list")
    status = json.loads(run("status", "--json").stdout)
    assert set(status) == {"machines", "streams"}
    assert all(0 <= machine["seen_ms"] < 10000 for machine in status["machines"]), status
    streams = {stream["stream"]: stream for stream in status["streams"]}
    assert streams["s0"]["moves"] >= 1, streams # it was moved above
    assert streams["s9"]["moves"] == 0 and streams["s9"]["owned_ms"] > 0, streams
    assert re.search(r"\ns0 +w\d +\d+ s +[1-9]", run("status").stdout), run("status").stdout
    assert run("add", f"s8={SOURCE}", "--worker", "nobody").stdout == "added s8\n"
    assert run("remove", "s8").stdout == "removed s8\n"
    result = run("move", "nothing", "any")
    assert result.returncode == 1 and "no stream 'nothing'" in result.stderr, result
    assert run("nonsense").returncode == 2


def check_no_load(fleet):
    """--capacity auto says so where it cannot see the load; systemd's unit lets it."""
    unit = os.path.join(TESTS, "..", "systemd", "mocap-fleet-work.service.in")
    with open(unit, encoding="utf-8") as lines:
        assert not any(line.startswith("ProcSubset=") for line in lines)
    assert subprocess.run([fleet.place.fleet_program, "work", "--nats", fleet.url, "--machine",
                           "any"], check=False, timeout=GUARD_S).returncode == 2
    hidden = ("unshare", "-m", "sh", "-c", 'mount --bind /dev/null /proc/stat && exec "$@"', "sh")
    if subprocess.run([*hidden, "true"], check=False, capture_output=True).returncode != 0:
        print("mounts are not allowed here: no check of --capacity auto without /proc/stat")
        return
    result = subprocess.run([*hidden, fleet.place.fleet_program, "work", "--nats", fleet.url,
                             "--machine", "blind"], capture_output=True, text=True, check=False,
                            timeout=GUARD_S)
    assert result.returncode == 1 and "/proc/stat" in result.stderr, result


def check_refused(fleet):
    """What the mocapd of one machine refuses, since it has such a stream itself, another takes."""
    assert fleet.command("streams", "add", f"own0={SOURCE}", "--worker", "w0") == "added own0\n"
    fleet.names.append("own0")
    wait_for("another owner", lambda: fleet.owners().get("own0") == "w1")
    wait_for("its records", lambda: "own0" in fleet.subscriber.fresh())
    assert "mocapd refuses to add own0" in fleet.workers[0].text()
    # What w0 has by that name is its own, and was never passed off as the fleet's.
    assert fleet.subscriber.widths["own0"] == {64}, fleet.subscriber.widths
    assert fleet.command("streams", "remove", "own0") == "removed own0\n"
    fleet.names.remove("own0")
    # What every mocapd refuses is shown, with a machine whose log says why.
    assert fleet.command("streams", "add", "no-source=rtps://x") == "added no-source\n"
    said = wait_for("a refusal", lambda: re.search(
        r"\nno-source +- .*, refused by w([01]): its log says why\n", fleet.command("status")))
    assert "mocapd refuses to add no-source" in fleet.workers[int(said[1])].text()
    wait_for("a refusal as JSON", lambda: [
        stream["stream"] for stream in json.loads(fleet.command("status", "--json"))["streams"]
        if stream["refused"]] == ["no-source"])
    assert fleet.command("streams", "remove", "no-source") == "removed no-source\n"
    wait_for("its end", lambda: "own0" not in fleet.owners())


def check_junk(fleet):
    """Values that nobody can read are replaced, or can be removed."""
    nats = Nats(fleet.ports[0])
    fences = dict(fleet.subscriber.highest)
    for junk in (b"junk", b"\xff\xfe", b"[]", b'{"worker":7}'):
        nats.publish("$KV.mocap_t.lease.s0", junk)
        wait_for(f"s0 after {junk}", lambda: fleet.subscriber.highest["s0"] > fences["s0"])
        fences = dict(fleet.subscriber.highest)
    nats.publish("$KV.mocap_t.worker.w0", b"junk")
    nats.publish("$KV.mocap_t.worker.w9", b"junk")
    nats.publish("$KV.mocap_t.stream.s7", b"junk")
    nats.publish("$KV.mocap_t.stream.s0", b"{}")
    # Read, but no request to mocapd can hold it: nobody takes it, and the others stay.
    nats.publish("$KV.mocap_t.stream.big", b'{"options":{"url":"%s"}}' % (b"x" * 6000))
    for token in ("=9B31m", "=1B=5B31m", "=C2=9B31m"):  # escapes of a terminal: no names
        nats.publish(f"$KV.mocap_t.worker.{token}", b'{"session":"x","capacity":0}')
        nats.publish(f"$KV.mocap_t.stream.{token}", b'{"options":{"url":"demo:"}}')
    wait_for("a list", lambda: re.search(r"\nbig +its definition cannot be read",
                                         fleet.command("status")))
    listed = fleet.command("status") + fleet.command("streams", "list")
    assert not any(c < " " and c != "\n" or "\x7f" <= c < "\xa0" for c in listed), listed
    assert "31m" not in listed, listed
    json.loads(fleet.command("status", "--json"))
    time.sleep(FRESH_S)
    fleet.wait_for_owners("junk")
    wait_for("the worker again", lambda: "w0" in fleet.owners().values())
    wait_for("the end of nobody", lambda: re.search(r"\nw9 +gone\n", fleet.command("status")))
    for worker in fleet.workers:
        assert "no mocapd here" not in worker.text(), worker.text()
    assert fleet.command("streams", "remove", "big") == "removed big\n"
    assert fleet.command("streams", "add", f"s7={SOURCE}") == "added s7\n"
    fleet.names.append("s7")
    fleet.wait_for_owners("a stream in place of junk", GUARD_S)
    nats.publish("$KV.mocap_t.stream.s7", b"junk")
    assert fleet.command("streams", "remove", "s7") == "removed s7\n"
    fleet.names.remove("s7")
    fleet.check_daemons("after junk")
    nats.close()


def check_new_bucket(fleet):
    """The bucket is deleted, and made anew with the same streams, while all else goes on."""
    nats = Nats(fleet.ports[0], "answer")
    nats.send(b"PUB $JS.API.STREAM.DELETE.KV_mocap_t answer 0\r\n\r\n")
    assert b'"success":true' in nats.wait("answer", lambda *_: True)
    nats.close()
    fences = dict(fleet.subscriber.highest)
    with open(fleet.place.path("streams.conf"), "w", encoding="ascii") as out:
        out.write("".join(f"[stream {name}]\nurl = {SOURCE}\n" for name in fleet.names))
    wait_for("import", lambda: fleet.command("streams", "import",
                                             fleet.place.path("streams.conf")))
    wait_for("later fences", lambda: all(fleet.subscriber.highest[name] > fences[name]
                                         for name in fleet.names))
    fleet.wait_for_owners("another bucket")
    fleet.check_daemons("after another bucket")


def main():
    if sys.argv[1] == "relay":
        relay(int(sys.argv[2]))
    subject, servers, program, mocapd, race = sys.argv[1:]
    find("nats-server")
    with Place(program, None) as place:
        globals()[f"check_{subject}"](place, int(servers), mocapd, race)


if __name__ == "__main__":
    main()
