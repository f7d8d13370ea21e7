"""What a fleet costs: latency that broker and socket add, and CPU time per 1,000 records.

All on this machine: daemons without cameras (played_streams), mocap-fleet publish for each,
nats-server, mocap-fleet serve for each 50 streams. Usage:

    fleet.py MOCAP_FLEET PLAYED_STREAMS [--streams 1000] [--rate 30] [--seconds 20]
"""

import argparse
import json
import os
import re
import select
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tools"))

from fleet_rig import GUARD_S, Place, wait_for

PER_DAEMON = 50
TICKS = os.sysconf("SC_CLK_TCK")


class Reader:
    """Lines of records of a socket, with the time at which each came."""

    def __init__(self, path, stream=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        request = {"type": "subscribe", "encoding": "json", "include": [], "mode": "queue",
                   "queue": 1024}
        if stream is not None:
            request["stream"] = stream
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        self.rest, self.times, self.published, self.count, self.missed = b"", {}, {}, 0, 0

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        now = time.monotonic_ns()
        *lines, self.rest = (self.rest + self.socket.recv(1 << 20)).split(b"\n")
        for line in lines:
            found = re.match(rb'{"type":"motion","stream":"([^"]*)","seq":(\d+).*"t_publish_ns":'
                             rb'(\d+)', line)
            if found:
                self.count += 1
                self.missed += int(line[line.rindex(b":") + 1:-1])
                key = found[1], int(found[2])
                self.times[key] = now
                self.published[key] = int(found[3])


def read_for(readers, seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for reader in select.select(readers, [], [], left)[0]:
            reader.read()


def cpu_s(process):
    with open(f"/proc/{process.process.pid}/stat", encoding="ascii") as text:
        fields = text.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def start(place, broker, count, rate):
    """Daemons, publishers and servers for so many streams; those for the wire as lists."""
    publishers, servers, daemons = [], [], []
    for i in range(0, count, PER_DAEMON):
        streams = min(PER_DAEMON, count - i)
        name = f"d{i // PER_DAEMON}x"
        daemons.append(place.daemon(name, streams, rate))
        publishers.append(place.fleet("publish", "--nats", broker.url, "--site", "t", "--socket",
                                      daemons[-1].socket, name=f"publish-{name}"))
        servers.append(place.serve(broker.url, "--stream", f"{name}*", name=f"serve-{name}"))
        servers[-1].streams = streams
    return daemons, publishers, servers


def ready(server):
    """Whether the server knows all its streams."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(server.socket)
        probe.sendall(b'{"type":"status"}\n')
        lines = probe.makefile("rb")
        lines.readline()
        return len(json.loads(lines.readline())["streams"]) == server.streams


def be_prompt():
    """One thread reads for all subscribers: a fair share of busy processors is too little for it."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    except PermissionError:
        print("not root: what is lost may be this program's doing")


def measure_latency(place, broker, seconds):
    daemons, publishers, servers = start(place, broker, 1, 30)
    wait_for("stream", lambda: ready(servers[0]))
    # The first says when mocapd published each record. It is read last: woken for each record on
    # these few processors, it would stand in the second one's way.
    direct, far = Reader(daemons[0].socket), Reader(servers[0].socket)
    read_for([far], 3)
    far.times.clear()
    read_for([far], seconds)
    read_for([direct], 0.5)
    added = sorted((at - direct.published[key]) / 1e6 for key, at in far.times.items()
                   if key in direct.published)
    print(f"added latency, {len(added)} records of one stream: p50 {added[len(added) // 2]:.2f} ms,"
          f" p99 {added[len(added) * 99 // 100]:.2f} ms, most {added[-1]:.2f} ms")
    for process in (*servers, *publishers, *daemons):
        process.end()


def measure_load(place, broker, arguments):
    _, publishers, servers = start(place, broker, arguments.streams, arguments.rate)
    for server in servers:
        wait_for("streams", lambda s=server: ready(s))
    readers = [Reader(server.socket) for server in servers]
    be_prompt()
    read_for(readers, 5)
    groups = {"publish": publishers, "nats-server": [broker], "serve": servers}
    before = {name: sum(map(cpu_s, group)) for name, group in groups.items()}
    for reader in readers:
        reader.count = reader.missed = 0
        reader.times.clear()
    read_for(readers, arguments.seconds)
    records = sum(reader.count for reader in readers)
    missed = sum(reader.missed for reader in readers)
    gaps = 0
    for reader in readers:
        by_stream = {}
        for stream, seq in reader.times:
            by_stream.setdefault(stream, []).append(seq)
        gaps += sum(max(seqs) - min(seqs) + 1 - len(seqs) for seqs in by_stream.values())
    print(f"{arguments.streams} streams, asked for {arguments.rate} records/s of each: "
          f"{records / arguments.seconds:.0f} records/s, {gaps} lost on the way, {missed} of them "
          "by readers")
    for name, group in groups.items():
        used = sum(map(cpu_s, group)) - before[name]
        handled = records if name == "serve" else records + gaps
        print(f"  {name}: {used / handled * 1e6:.2f} ms of CPU per 1,000 records")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fleet")
    parser.add_argument("played")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    with Place(arguments.fleet, arguments.played) as place:
        broker = place.broker()
        measure_latency(place, broker, arguments.seconds)
        measure_load(place, broker, arguments)


if __name__ == "__main__":
    main()
