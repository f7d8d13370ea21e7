#!/usr/bin/env python3
"""Cameras on loopback with clocks of every kind, for tests. Standard library only.

    cameras.py [--ports RTSP_PORT,HTTP_PORT] [--rtp PORT] FRAMES.h264 FRAMES.mjpeg SEGMENT0.ts SEGMENT1.ts ...

Without --ports any that are free. Says "READY RTSP_PORT HTTP_PORT" once it listens. Sends the files' frames over and over.

RTSP, H.264 over TCP: rtsp://127.0.0.1:PORT/CLOCK?RATE,LIMIT
  CLOCK  what becomes of the RTP stamps, see CLOCKS
  /refuse takes no password, /missing is not found, /unknown has a codec of that kind
HTTP, multipart MJPEG: http://127.0.0.1:PORT/RATE,LIMIT[,vary]
  RATE   frames per second; LIMIT  frames after which the camera falls silent
  /refuse and /missing as above, /page is text
HLS, live: http://127.0.0.1:PORT/live.m3u8
  Four of the segments are there at first; another appears when SEGMENT_S have passed.
RTP, H.264 over UDP, to PORT at 10 frames/s, whether or not anybody receives: for an SDP file.

Writes every request to stderr: method, path and whether it had credentials.
"""
import http.server
import itertools
import random
import re
import socket
import socketserver
import struct
import sys
import threading
import time

HOUR = 3600
TICKS = 90000
SEGMENT_S = 2.0

# From a frame's number and true time to its stamp, both in seconds.
CLOCKS = {
    "true": lambda number, t: t,
    "slow10": lambda number, t: t * 0.9,
    "fast10": lambda number, t: t * 1.1,
    "slow17": lambda number, t: t * 25 / 30,
    "back5": lambda number, t: 100 + t - (5 if t >= 4 else 0),
    "back1h": lambda number, t: 2 * HOUR + t - (HOUR if t >= 4 else 0),
    "ahead1h": lambda number, t: t + (HOUR if t >= 4 else 0),
    "once": lambda number, t: 2 * HOUR + t + (HOUR if number % 40 == 39 else 0),
    "wrap": lambda number, t: 2**32 / TICKS - 4 + t,
    "constant": lambda number, t: 1,
    "twice": lambda number, t: t if number % 2 == 0 else None,
}


def note(method, path, headers):
    authorized = " authorized" if "authorization" in headers else ""
    print(f"{method} {path}{authorized}", file=sys.stderr, flush=True)


def nal_units(data):
    return [unit.rstrip(b"\0") for unit in re.split(b"\0\0\1", data) if unit.strip(b"\0")]


def access_units(units):
    """Lists of NAL units, each with one slice, which is its last."""
    unit = []
    for nal in units:
        unit.append(nal)
        if nal[0] & 31 in (1, 5):
            yield unit
            unit = []


def fragments(nal, size=1400):
    """RFC 6184: whole, or as FU-A."""
    if len(nal) <= size:
        yield nal, True
        return
    for at in range(1, len(nal), size):
        end = at + size >= len(nal)
        header = (0x80 if at == 1 else 0) | (0x40 if end else 0) | nal[0] & 31
        yield bytes((nal[0] & 0xe0 | 28, header)) + nal[at:at + size], end


def rtp_packets(unit, stamp, sequence):
    for nal in unit:
        for payload, end in fragments(nal):
            marker = 0x80 if end and nal is unit[-1] else 0
            yield struct.pack(">BBHII", 0x80, 96 | marker, next(sequence) % 65536, stamp,
                              1) + payload


def jpegs(data):
    return [b"\xff\xd8\xff" + rest for rest in data.split(b"\xff\xd8\xff")[1:]]


def pace(rate, limit, vary=False):
    """Yields numbers and true times of frames, each at its time."""
    start = time.monotonic()
    due = 0.0
    for number in range(limit):
        time.sleep(max(0, start + due - time.monotonic()))
        yield number, due
        due += random.choice((0.03, 0.1, 0.4)) if vary else 1 / rate


class Http(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass

    def send_bytes(self, mime_type, data):
        self.send_response(200)
        self.send_header("Content-Type", mime_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        note("GET", self.path, {name.lower() for name in self.headers})
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/refuse":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return
        if self.path == "/page":
            self.send_bytes("text/html", b"<html><p>This is no camera.</p></html>\n" * 1000)
            return
        if self.path == "/live.m3u8":
            self.send_bytes("application/vnd.apple.mpegurl", self.server.playlist().encode())
            return
        if self.path.endswith(".ts"):
            with open(self.server.segments[int(self.path[1:-3])], "rb") as file:
                self.send_bytes("video/mp2t", file.read())
            return
        rate, limit, *rest = self.path[1:].split(",")
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number, _ in pace(float(rate), int(limit), "vary" in rest):
            jpeg = self.server.frames[number % len(self.server.frames)]
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                             % len(jpeg) + jpeg + b"\r\n")
            self.wfile.flush()
        self.rfile.read(1)


class Rtsp(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        while True:
            line = self.rfile.readline().decode()
            if not line:
                return
            method, url = line.split()[:2]
            headers = {}
            while (header := self.rfile.readline().decode().strip()):
                name, value = header.split(":", 1)
                headers[name.lower()] = value.strip()
            path = url.split("/", 3)[3] if url.count("/") > 2 else ""
            note(method, path, headers)
            self.answer(method, path, headers)

    def reply(self, headers, status="200 OK", more="", body=""):
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self.wfile.write(f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq', 0)}\r\n"
                         f"{more}{length}\r\n{body}".encode())

    def answer(self, method, path, headers):
        if method == "OPTIONS":
            self.reply(headers, more="Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n")
        elif path.startswith("missing"):
            self.reply(headers, "404 Not Found")
        elif path.startswith("refuse"):
            self.reply(headers, "401 Unauthorized",
                       'WWW-Authenticate: Digest realm="camera", nonce="1234abcd"\r\n')
        elif method == "DESCRIBE":
            codec = "X-UNHEARD-OF" if path.startswith("unknown") else "H264"
            self.reply(headers, more="Content-Type: application/sdp\r\n", body=(
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
                f"a=rtpmap:96 {codec}/{TICKS}\r\na=fmtp:96 packetization-mode=1\r\n"
                "a=control:video\r\n"))
        elif method == "SETUP":
            self.reply(headers, more="Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n")
        elif method == "PLAY":
            self.reply(headers, more="Session: 1\r\n")
            threading.Thread(target=self.play, args=(path.strip("/"),), daemon=True).start()
        else:
            self.reply(headers, more="Session: 1\r\n")

    def play(self, path):
        clock, numbers = path.split("?")
        rate, limit = numbers.split("/")[0].split(",")
        sequence = itertools.count()
        stamp = 0
        try:
            for number, t in pace(float(rate), int(limit)):
                seconds = CLOCKS[clock](number, t)
                stamp = stamp if seconds is None else int(seconds * TICKS) % 2**32
                self.send(self.server.frames[number % len(self.server.frames)], stamp, sequence)
        except OSError:
            return

    def send(self, unit, stamp, sequence):
        for packet in rtp_packets(unit, stamp, sequence):
            self.wfile.write(b"$\0" + struct.pack(">H", len(packet)) + packet)


def send_rtp(frames, port):
    sequence = itertools.count()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number, t in pace(10, sys.maxsize):
            unit = frames[number % len(frames)]
            for packet in rtp_packets(unit, int(t * TICKS) % 2**32, sequence):
                sender.sendto(packet, ("127.0.0.1", port))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port, handler, frames, segments=()):
        super().__init__(("127.0.0.1", port), handler)
        self.frames = frames
        self.segments = segments
        self.playlist_start = None

    def playlist(self):
        """A window of four segments that moves on from the first request."""
        now = time.monotonic()
        self.playlist_start = self.playlist_start or now
        first = int((now - self.playlist_start) / SEGMENT_S)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:3",
                 f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        for number in range(first, min(first + 4, len(self.segments))):
            lines += [f"#EXTINF:{SEGMENT_S},", f"{number}.ts"]
        return "\n".join(lines) + "\n"


def main():
    arguments, ports, rtp_port = sys.argv[1:], [0, 0], None
    if arguments[0] == "--ports":
        ports = [int(port) for port in arguments[1].split(",")]
        arguments = arguments[2:]
    if arguments[0] == "--rtp":
        rtp_port = int(arguments[1])
        arguments = arguments[2:]
    with open(arguments[0], "rb") as file:
        rtsp = Server(ports[0], Rtsp, list(access_units(nal_units(file.read()))))
    with open(arguments[1], "rb") as file:
        web = Server(ports[1], Http, jpegs(file.read()), arguments[2:])
    threading.Thread(target=rtsp.serve_forever, daemon=True).start()
    if rtp_port is not None:
        threading.Thread(target=send_rtp, args=(rtsp.frames, rtp_port), daemon=True).start()
    print("READY", rtsp.server_address[1], web.server_address[1], flush=True)
    web.serve_forever()


if __name__ == "__main__":
    main()
