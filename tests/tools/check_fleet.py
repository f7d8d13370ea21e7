"""mocap-fleet against real brokers of NATS. Usage: check_fleet.py SUBJECT MOCAP_FLEET PLAYED_STREAMS"""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "clients", "python"))

import mocap
from mocap import cbor, messages

from fleet_rig import GUARD_S, Nats, Place, as_json, free_port, make_certificates, wait_for


def subject(stream, kind, site="t"):
    return f"mocap.v1.{site}.{stream}.{kind}"


def keep_wanting(nats, stream, stop, what=b"cbor"):
    """Says again and again that the stream is wanted, until stop is set."""
    def run():
        while not stop.is_set():
            nats.publish(subject(stream, "want"), what)
            stop.wait(1)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def publish(place, broker, daemon, *arguments, name="publish"):
    return place.fleet("publish", "--nats", broker.url, "--site", "t", "--machine", "desk",
                       "--socket", daemon.socket, *arguments, name=name)


def records_of(client, count=1):
    """The next records."""
    found = []
    while len(found) < count:
        message = client.next(GUARD_S)
        assert message is not None, "no record"
        if isinstance(message, mocap.Record):
            found.append(message)
    return found


def state_of(client, stream, state):
    """Reads until the stream has the state."""
    while True:
        message = client.next(GUARD_S)
        assert message is not None, f"{stream} is never {state}"
        if isinstance(message, mocap.State) and (message.stream, message.state) == (stream, state):
            return message


def check_publish(place):
    """States and counts are there always, records while they are wanted, JSON on request."""
    broker = place.broker(config=f'jetstream {{ store_dir: "{place.path("js")}" }}')
    daemon = place.daemon("front door.", count=2)
    nats = Nats(broker.port, "mocap.v1.t.>")
    publisher = publish(place, broker, daemon, "--log-level", "debug")
    name, token = "front door.0", "front=20door=2E0"

    state = as_json(nats.wait("state", lambda s, _: s == subject(token, "state")))
    assert state["stream"] == name and state["state"] == "idle", state
    assert state["publisher"] == "desk" and "fence" not in state, state
    stats = as_json(nats.wait("stats", lambda s, _: s == subject(token, "stats")))
    assert stats["published"] == 0 and stats["lost"] == 0, stats
    assert not any(s.endswith("record") for s, _ in nats.take())
    assert daemon.text() == "", daemon.text()

    stop = threading.Event()
    wanting = keep_wanting(nats, token, stop)
    values = [cbor.decode(nats.wait("record", lambda s, _: s == subject(token, "record")))
              for _ in range(3)]
    assert "fence" not in values[0], values[0]
    records = [messages.typed(value) for value in values]
    assert records[0].stream == name, records[0]
    assert records[0].seq < records[1].seq < records[2].seq
    assert len(records[0].faces[0].keypoints) == 68 and len(records[0].faces[0].dense) == 212
    live = as_json(nats.wait("live", lambda s, d: s == subject(token, "state") and b"live" in d))
    assert live["state"] == "live", live
    # Nobody asked for the other stream, nor for JSON.
    assert daemon.text() == f"{name} 1\n", daemon.text()
    assert not any(s.endswith("json") for s, _ in nats.take())
    nats.publish(subject(token, "want"), b"json")
    record = as_json(nats.wait("JSON", lambda s, _: s == subject(token, "record.json")))
    assert record["stream"] == name and len(record["faces"][0]["shapes"]) == 52

    # The last state is kept where there is JetStream.
    nats.send(b"SUB _INBOX.x 2\r\n")
    request = f'{{"last_by_subj":"{subject(token, "state")}"}}'.encode()
    nats.send(f"PUB $JS.API.STREAM.MSG.GET.mocap_state _INBOX.x {len(request)}\r\n".encode() +
              request + b"\r\n")
    kept = as_json(nats.wait("last value", lambda s, _: s == "_INBOX.x"))
    assert kept["message"]["subject"] == subject(token, "state"), kept

    # Interest lapses by itself.
    stop.set()
    wanting.join()
    daemon.says(f"{name} 0")
    nats.wait("idle", lambda s, d: s == subject(token, "state") and b'"idle"' in d)
    # One that is late is still there: a machine may be busy.
    nats.take()
    daemon.process.send_signal(signal.SIGSTOP)
    publisher.says("mocapd has not answered")
    daemon.process.send_signal(signal.SIGCONT)
    for _ in range(2):
        nats.wait("state", lambda s, d: s == subject(token, "state") and b'"idle"' in d)
    assert "nothing to publish" not in publisher.text(), publisher.text()
    # A daemon that ends is no reason to end.
    daemon.end(signal.SIGKILL)
    gone = as_json(nats.wait("gone", lambda s, d: s == subject(token, "state") and
                             b"not running" in d))
    assert gone["state"] == "connecting", gone
    # It is still said every 2 s: otherwise this machine would be missed, and be told from nobody.
    nats.take()
    for _ in range(2):
        nats.wait("gone", lambda s, d: s == subject(token, "state") and b"not running" in d)
        nats.wait("stats", lambda s, _: s == subject(token, "stats"))
    assert publisher.end() == 0


def check_serve(place):
    """A program that knows mocapd alone gets the streams of two machines."""
    broker = place.broker()
    door, desk = place.daemon("door"), place.daemon("desk")
    for daemon, name in ((door, "one"), (desk, "two")):
        publish(place, broker, daemon, name=f"publish-{name}")
    server = place.serve(broker.url)
    client = mocap.connect(server.socket, GUARD_S)
    names = {"door0", "door1", "desk0", "desk1"}
    wait_for("streams", lambda: {s["stream"] for s in client.status()["streams"]} == names)
    assert door.text() == "" and desk.text() == ""

    client.subscribe("door1")
    first, second = records_of(client, 2)
    assert first.stream == "door1" and second.seq > first.seq
    # Latency of the other machine, on this one's clock.
    assert 0 <= time.monotonic_ns() - first.t_publish_ns < GUARD_S * 10**9
    assert 5_000_000 < first.t_publish_ns - first.t_arrival_ns < 10**9
    assert door.text() == "door1 1\n" and desk.text() == ""
    other = mocap.connect(server.socket, GUARD_S)
    other.subscribe()
    assert {r.stream for r in records_of(other, 40)} == names
    # What belongs to the machine with the camera is refused with a sentence.
    for kind, fields in (("calibrate", {}), ("calibrate", {"action": "show"}), ("settings", {})):
        try:
            client.request(kind, stream="door1", **fields)
            raise AssertionError(f"{kind} was granted")
        except mocap.Refused as refusal:
            assert "unsupported" in str(refusal) or refusal.code == "unsupported", refusal
    text = client.request("metrics")["text"]
    assert "\nmocap_fleet_broker_up 1\n" in text and "\nmocap_fleet_streams 4\n" in text, text

    # Whom nobody here is subscribed to is closed there.
    other.close()
    client.unsubscribe()
    for name in names:
        wait_for(f"end of {name}", lambda: f"{name} 0\n" in door.text() + desk.text())
    # What serve offers came from the broker: publishing it would go round for ever.
    looped = place.fleet("publish", "--nats", broker.url, "--site", "t", "--machine", "loop",
                         "--socket", server.socket, "--always", name="loop")
    looped.says("mocap-fleet serve listens there")
    assert looped.end() == 0
    assert "connected to mocap-fleet" not in looped.text(), looped.text()
    # A publisher that is gone says so, or is missed.
    client.subscribe("desk0")
    records_of(client)
    for process in place.running:
        if process.log.endswith("publish-two.log"):
            process.end(signal.SIGKILL)
    assert state_of(client, "desk0", "connecting").reason == "no word from desk"
    client.close()
    assert server.end() == 0
    assert not os.path.exists(server.socket)


def check_broker(place):
    """A broker that restarts, or does not read, costs records that are counted, and nothing else."""
    broker = place.broker()
    daemon = place.daemon("cam", count=8, rate=60)
    publisher = publish(place, broker, daemon, "--always")
    server = place.serve(broker.url)
    client = mocap.connect(server.socket, GUARD_S)
    wait_for("streams", lambda: len(client.status()["streams"]) == 8)
    client.subscribe("cam3")
    before = records_of(client)[0].seq
    broker.end()
    publisher.says("lost the broker")
    time.sleep(1)  # without a broker
    broker = place.broker(port=broker.port)
    after = next(r.seq for r in iter(lambda: records_of(client)[0], None) if r.seq > before + 60)
    assert after > before
    nats = Nats(broker.port, subject("cam3", "stats"))
    stats = as_json(nats.wait("lost records", lambda _, d: as_json(d)["lost"] > 0))
    assert stats["published"] > 0, stats
    client.close()
    nats.close()
    publisher.end()
    check_slow_broker(place, daemon)


def check_slow_broker(place, daemon):
    """One that greets and then never reads again."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    connections = []

    def greet():
        while True:
            connection, _ = listener.accept()
            connections.append(connection)
            info = (f'INFO {{"server_id":"slow","version":"2.9.10","host":"127.0.0.1","port":{port},'
                    '"headers":true,"max_payload":1048576,"proto":1}\r\n')
            connection.sendall(info.encode())
            data = b""
            while b"PING\r\n" not in data:
                received = connection.recv(65536)
                if not received:
                    break
                data += received
            else:
                connection.sendall(b"PONG\r\n")
    threading.Thread(target=greet, daemon=True).start()
    publisher = place.fleet("publish", "--nats", f"nats://127.0.0.1:{port}", "--site", "t",
                            "--socket", daemon.socket, "--always", name="publish-slow")
    publisher.says("connected to played")
    witness = mocap.connect(daemon.socket, GUARD_S)
    witness.subscribe("cam0", label="witness")
    records_of(witness, 60)
    memory_kb = publisher.memory_kb()
    # 8 streams of 60 records of 5 kB a second, for 6 seconds: 14 MB that nobody reads.
    seen = records_of(witness, 360)
    assert publisher.memory_kb() < memory_kb + 4096, (memory_kb, publisher.memory_kb())
    # The daemon has not been held up.
    assert seen[-1].seq - seen[0].seq < 360 + 60, "records were missed by a bystander"
    publisher.says("lost the broker")
    assert publisher.end() == 0
    listener.close()


def check_refused(place):
    """What a broker does not permit is in the log, and counted: to the program it was published."""
    config = """authorization { users: [
        { user: "all", password: "x" }
        { user: "camera", password: "x", permissions: {
            publish: ["mocap.v1.t.*.state", "mocap.v1.t.*.stats"], subscribe: ["mocap.v1.t.*.want"] } }
        { user: "viewer", password: "x", permissions: {
            publish: ["mocap.v1.*.*.want"], subscribe: ["mocap.v1.*.*.record"] } }
    ] }"""
    broker = place.broker(config=config)
    daemon = place.daemon("cam", count=3, rate=60)
    publisher = place.fleet("publish", "--nats", f"nats://camera:x@127.0.0.1:{broker.port}", "--site",
                            "t", "--socket", daemon.socket)
    nats = Nats(broker.port, "mocap.v1.t.*.stats", login=("all", "x"))
    stop = threading.Event()
    wanting = [keep_wanting(nats, f"cam{i}", stop) for i in range(2)]

    def stats_of(stream, wanted):
        return as_json(nats.wait(f"stats of {stream}", lambda s, d: s == subject(stream, "stats") and
                                 wanted(as_json(d))))
    stats_of("cam0", lambda stats: stats["refused"] > 100)
    stop.set()
    for thread in wanting:
        thread.join()
    daemon.says("cam0 0")
    daemon.says("cam1 0")
    # Each is counted where it belongs, and once.
    for stream in ("cam0", "cam1"):
        stats = stats_of(stream, lambda stats: stats["refused"] >= stats["published"])
        assert stats["refused"] == stats["published"] > 0 and stats["lost"] == 0, stats
    assert stats_of("cam2", lambda stats: True)["refused"] == 0
    for stream in ("cam0", "cam1"):
        told = [line for line in publisher.text().splitlines() if f'"{subject(stream, "record")}"' in line]
        assert len(told) == 1 and " warning: " in told[0] and "Violation" in told[0], publisher.text()
    # Whoever may not hear of streams is told, too.
    viewer = place.fleet("serve", "--nats", f"nats://viewer:x@127.0.0.1:{broker.port}", "--socket",
                         place.path("v"), name="viewer")
    viewer.says('Permissions Violation for Subscription to "mocap.v1.default.*.state"')
    for process in (publisher, viewer):
        assert process.end() == 0
        assert ":x@" not in process.text(), process.text()


def with_fence(record, fence):
    assert record[0] == 0xbf and record[-1] == 0xff
    return record[:-1] + b"\x65fence\x1b" + struct.pack(">Q", fence) + b"\xff"


def check_hostile(place):
    """What the broker sends is checked; a machine that lost its lease is not heard."""
    broker = place.broker()
    daemon = place.daemon("cam", count=1)
    publish(place, broker, daemon, "--always")
    nats = Nats(broker.port, subject("cam0", "record"))
    record = nats.wait("record", lambda *_: True)

    server = place.fleet("serve", "--nats", broker.url, "--site", "u", "--socket",
                         place.path("u.socket"), name="serve-u")
    wait_for("socket", lambda: os.path.exists(place.path("u.socket")))
    # It listens before its subscription has reached the broker.
    client = mocap.connect(place.path("u.socket"), GUARD_S)

    def say_state(fence, stream="cam0"):
        nats.publish(subject(stream, "state", "u"),
                     b'{"type":"state","stream":"%s","state":"live","publisher":"x","fence":%d}' %
                     (stream.encode(), fence))
    wait_for("stream", lambda: say_state(7) or client.status()["streams"])
    client.subscribe("cam0")
    state_of(client, "cam0", "live")

    def send(fence):
        nats.publish(subject("cam0", "record", "u"), with_fence(record, fence))
    # The subscription reaches the broker a moment later.
    stop = threading.Event()

    def repeat():
        while not stop.is_set():
            send(7)
            stop.wait(0.1)
    repeating = threading.Thread(target=repeat)
    repeating.start()
    assert records_of(client)[0].fence == 7
    stop.set()
    repeating.join()
    for data in (b"", b"x", b"\xbf\xff", record[:-1], record[:100], os.urandom(3000),
                 b"\xbf" * 200000, b"\x9b" + b"\xff" * 8, b"{}", b"a" * 300000,
                 record.replace(b"\x64cam0", b"\x64cam1"),
                 record.replace(b"keypoints", b"keypointz")):
        nats.publish(subject("cam0", "record", "u"), data)
    for stream, data in (("cam0", b"{}"), ("cam0", b"\xff" * 100), ("cam0", b"[" * 4000),
                         ("cam0", b'{"type":"state","stream":"cam1","state":"live"}'),
                         ("a=zz", b'{"type":"state","stream":"a","state":"live"}')):
        nats.publish(subject(stream, "state", "u"), data)

    def number(name):
        text = client.request("metrics")["text"]
        return int(next(line for line in text.splitlines() if line.startswith(name)).split()[1])
    # Its queue is short: the last of a burst are enough.
    wait_for("refusals", lambda: number("mocap_fleet_refused_total") >= 8)
    send(7)
    records_of(client)
    stale = number("mocap_fleet_stale_total")
    for count, fence in enumerate((6, 5, 0), stale + 1):
        send(fence) if fence > 0 else nats.publish(subject("cam0", "record", "u"), record)
        wait_for("stale ones", lambda: number("mocap_fleet_stale_total") == count)
    send(8)
    seen = records_of(client)
    while seen[-1].fence != 8:
        seen += records_of(client)
    send(7)
    wait_for("a stale one", lambda: number("mocap_fleet_stale_total") == stale + 4)
    send(2**53)
    say_state(6)
    wait_for("a stale state", lambda: number("mocap_fleet_stale_total") == stale + 5)
    send(9)
    seen += records_of(client)
    assert [r.fence for r in seen if r.fence != 7] == [8, 9], seen

    # No flood of names makes it grow: a socket has 64 streams.
    memory_kb = server.memory_kb()
    for i in range(5000):
        say_state(1, f"n{i}")
    say_state(9)
    wait_for("64 streams", lambda: len(client.status()["streams"]) == 64)
    server.says("no room for the stream")
    assert server.memory_kb() < memory_kb + 16384, (memory_kb, server.memory_kb())
    send(10)
    while records_of(client)[0].fence != 10:
        pass
    assert server.end() == 0


def check_example(place, daemon):
    """The configuration in docs/examples lets each do its part."""
    path = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "examples", "nats.conf")
    port = free_port()
    with open(path, encoding="utf-8") as lines:
        config = lines.read()
    for old, new in (("port: 4222", ""), ("/etc/nats/broker.pem", place.path("cert.pem")),
                     ("/etc/nats/broker.key", place.path("key.pem")),
                     ("/var/lib/nats", place.path("js"))):
        assert old in config, old
        config = config.replace(old, new)
    broker = place.broker(port, config, "example")
    url = f"localhost:{port} --site hall --ca {place.path('ca.pem')}"
    camera = place.fleet("publish", "--nats", *f"tls://camera:replace-this-1@{url}".split(),
                         "--socket", daemon.socket, "--log-level", "debug", name="camera")
    viewer = place.fleet("serve", "--nats", *f"tls://viewer:replace-this-2@{url}".split(),
                         "--socket", place.path("v"), name="viewer")
    wait_for("socket", lambda: os.path.exists(place.path("v")))
    with mocap.connect(place.path("v"), GUARD_S) as client:
        client.subscribe()
        assert records_of(client)[0].stream == "cam0"
    camera.says("last states in JetStream: OK")
    # The fleet's user may do all that work, streams and status do.
    login = f"tls://worker:replace-this-4@{url}".split()
    fleet = place.fleet("work", "--nats", *login, "--socket", daemon.socket, "--machine", "w",
                        "--capacity", "4", name="work")

    def command(*words):
        result = subprocess.run([place.fleet_program, *words, "--nats", *login, "--log-level",
                                 "warning"], capture_output=True, text=True, check=False,
                                timeout=GUARD_S)
        assert result.returncode == 0 and "iolation" not in result.stderr, (words, result)
        return result.stdout
    assert command("streams", "add", "door=demo:") == "added door\n"
    fleet.says("door: taken")
    assert command("streams", "move", "door", "any") == "door goes to the machine that suits it best\n"
    assert '"machine":"w","alive":true' in command("status", "--json")
    assert command("streams", "remove", "door") == "removed door\n"
    for process in (camera, viewer, fleet, broker):
        assert process.end() == 0 or process is broker
        assert "iolation" not in process.text(), process.text()


def check_tls(place):
    """TLS and logins; neither is in the log, and what is wrong is said once."""
    make_certificates(place)
    config = (f'tls {{ cert_file: "{place.path("cert.pem")}", key_file: "{place.path("key.pem")}" }}'
              '\nauthorization { user: "me", password: "s3cret" }')
    broker = place.broker(config=config)
    daemon = place.daemon("cam", count=1)
    for name, text in (("good", "me:s3cret\n"), ("bad", "me:wr0ng\n")):
        with open(place.path(name), "w", encoding="ascii") as out:
            out.write(text)

    def start(name, url, login=None, ca=True):
        arguments = ["--ca", place.path("ca.pem")] if ca else []
        arguments += ["--login", place.path(login)] if login else []
        return place.fleet("publish", "--nats", url, "--socket", daemon.socket, *arguments,
                           name=name)
    url = f"tls://localhost:{broker.port}"
    processes = [start("login-file", url, "good"),
                 start("login-url", f"tls://me:s3cret@localhost:{broker.port}")]
    for process in processes:
        process.says("connected to the broker")
    processes.append(start("bad-login", url, "bad"))
    processes[-1].says("refuses")
    # A certificate of another name, or signed by nobody we know, is no broker of ours.
    for process in (start("bad-ca", url, "good", ca=False),
                    start("bad-name", f"tls://127.0.0.1:{broker.port}", "good")):
        process.says("no broker at")
        time.sleep(1)
        assert "connected to the broker" not in process.text(), process.text()
        processes.append(process)
    for process in processes:
        text = process.text()
        assert "s3cret" not in text and "wr0ng" not in text, text
        assert process.end() == 0
    check_example(place, daemon)
    # A login that anybody on the way can read is worth a warning, which does not hold it.
    for words in (["--nats", f"nats://me:s3cret@127.0.0.1:{broker.port}"],
                  ["--nats", broker.url, "--login", place.path("good")],
                  ["--mqtt", f"mqtt://me:s3cret@127.0.0.1:{broker.port}"]):
        process = place.fleet("publish", "--socket", daemon.socket, *words, name="clear")
        process.says("in the clear")
        assert process.end() == 0
        assert "s3cret" not in process.text(), process.text()
    assert not any("in the clear" in process.text() for process in processes)
    # What can never succeed is an error at once.
    for words, said in ((["--nats", "http://x"], "nats:// or tls://"),
                        (["--nats", url, "--ca", "/nowhere"], "/nowhere"),
                        (["--nats", broker.url, "--ca", place.path("ca.pem")], "tls://"),
                        (["--mqtt", "mqtt://x", "--ca", place.path("ca.pem")], "mqtts://"),
                        (["--nats", broker.url, "--cert", place.path("cert.pem"), "--key",
                          place.path("key.pem")], "tls://"),
                        (["--nats", broker.url, "--login", "/nowhere"], "/nowhere"),
                        (["--nats", broker.url, "--credentials", "/nowhere"], "/nowhere"),
                        (["--mqtt", "tcp://x"], "mqtt://"), ([], "--nats"),
                        (["--nats", broker.url, "--machine", b"a\xff"], "UTF-8"),
                        (["--nats", broker.url, "--site", b"a\xc3"], "UTF-8"),
                        (["--nats", "bob:s3cret@host"], "nats:// or tls://"),
                        (["--nats", f"{broker.url},bob:s3cret@host"], "nats:// or tls://"),
                        (["--mqtt", "bob:s3cret@host"], "mqtt://"),
                        (["--mqtt", "http://bob:s3cret@host"], "mqtt://")):
        process = place.fleet("publish", "--socket", daemon.socket, *words, name="wrong")
        assert process.process.wait(GUARD_S) != 0
        assert said in process.text(), (words, process.text())
        assert "s3cret" not in process.text(), (words, process.text())


def main():
    name, fleet, played = sys.argv[1:]
    with Place(fleet, played) as place:
        globals()[f"check_{name}"](place)


if __name__ == "__main__":
    main()
