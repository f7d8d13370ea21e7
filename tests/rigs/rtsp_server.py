#!/usr/bin/python3
"""An RTSP camera on loopback, for tests. /usr/bin/python3: others have no gi.

Paths:
  /live    H.264 as cameras without B-frames send it; size alternates with --switch
  /mjpeg   JPEG
  /h265    H.265, where the encoder is installed

Every image has a stamp in its first rows: 40 blocks, black or white, each a
40th of the width wide and as high: CLOCK_MONOTONIC in microseconds, lowest bit
first. A reader on this machine sees how old it is.

Says "READY PORT" once it listens. Packages: python3-gi
gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-{base,good,bad,ugly}.
"""
import argparse
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

STAMP_BITS = 40


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--rate", type=int, default=30)
    parser.add_argument("--key-interval", type=int, default=30)
    parser.add_argument("--bit-rate", type=int, default=2000, help="kbit/s")
    parser.add_argument("--switch", type=float, default=0, help="seconds between sizes; 0: never")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--method", choices=("digest", "basic"), default="digest")
    return parser.parse_args()


class Painter:
    """Images in I420: a slope of grey, a moving square, the stamp."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.block = width // STAMP_BITS
        rows = (bytes((x + y) * 7 % 180 + 40 for x in range(width)) for y in range(height))
        self.base = b"".join(rows)
        self.chroma = bytes([128]) * (width * height // 2)

    def paint(self, number):
        luma = bytearray(self.base)
        side = min(64, self.height // 4)
        left = number * 8 % (self.width - side)
        for y in range(self.height // 2, self.height // 2 + side):
            luma[y * self.width + left:y * self.width + left + side] = bytes([230]) * side
        stamp = time.monotonic_ns() // 1000
        row = b"".join(bytes([235 if stamp >> bit & 1 else 16]) * self.block
                       for bit in range(STAMP_BITS))
        row += bytes(self.width - len(row))
        luma[:self.width * self.block] = row * self.block
        return bytes(luma) + self.chroma


class Camera:
    """Feeds the pipelines of one path."""

    def __init__(self, painter, arguments):
        self.painter, self.arguments = painter, arguments

    def configure(self, _factory, media):
        element = media.get_element()
        stop = threading.Event()
        media.connect("unprepared", lambda _media: stop.set())
        source = element.get_child_by_name("images")
        threading.Thread(target=self.feed, args=(source, stop), daemon=True).start()
        caps = element.get_child_by_name("size")
        if self.arguments.switch > 0 and caps is not None:
            GLib.timeout_add(int(self.arguments.switch * 1000), self.switch, caps, [1], stop)

    def feed(self, source, stop):
        number, start, rate = 0, time.monotonic(), self.arguments.rate
        while not stop.is_set():
            buffer = Gst.Buffer.new_wrapped(self.painter.paint(number))
            buffer.duration = Gst.SECOND // rate
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return
            number += 1
            time.sleep(max(0, start + number / rate - time.monotonic()))

    def switch(self, caps, divisor, stop):
        divisor[0] = 3 - divisor[0]
        width, height = (self.painter.width // divisor[0], self.painter.height // divisor[0])
        caps.set_property("caps", Gst.Caps.from_string(
            f"video/x-raw,width={width},height={height}"))
        return not stop.is_set()


def add_path(server, path, launch, camera, secured):
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(f"( {launch} )")
    factory.set_shared(True)
    factory.set_latency(0)
    factory.connect("media-configure", camera.configure)
    if secured:
        permissions = GstRtspServer.RTSPPermissions.new()
        permissions.add_role("reader")
        for right in ("access", "construct"):
            permissions.add_permission_for_role("reader", f"media.factory.{right}", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(path, factory)


def secure(server, user, password, method):
    auth = GstRtspServer.RTSPAuth.new()
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "reader")
    if method == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    server.set_auth(auth)


def main():
    arguments = parse_arguments()
    Gst.init(None)
    width, height = (int(number) for number in arguments.size.split("x"))
    camera = Camera(Painter(width, height), arguments)
    server = GstRtspServer.RTSPServer.new()
    server.set_address(arguments.bind)
    server.set_service(str(arguments.port))
    raw = f"video/x-raw,width={width},height={height}"
    source = (f"appsrc name=images is-live=true do-timestamp=true format=time block=true "
              f"max-bytes={width * height * 3} "
              f"caps={raw},format=I420,framerate={arguments.rate}/1")
    resize = f"videoscale ! capsfilter name=size caps={raw}"
    h264 = (f"x264enc tune=zerolatency speed-preset=ultrafast sliced-threads=false threads=1 "
            f"key-int-max={arguments.key_interval} bitrate={arguments.bit_rate} "
            f"! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 config-interval=1")
    paths = {
        "/live": f"{source} ! {resize} ! {h264}",
        "/mjpeg": f"{source} ! jpegenc quality=85 ! rtpjpegpay name=pay0 pt=26",
    }
    if Gst.ElementFactory.find("x265enc") is not None:
        paths["/h265"] = (f"{source} ! x265enc tune=zerolatency speed-preset=ultrafast "
                          f"key-int-max={arguments.key_interval} bitrate={arguments.bit_rate} "
                          "! rtph265pay name=pay0 pt=96 config-interval=1")
    for path, launch in paths.items():
        add_path(server, path, launch, camera, arguments.user != "")
    if arguments.user != "":
        secure(server, arguments.user, arguments.password, arguments.method)
    if not server.attach(None):
        sys.exit("rtsp_server.py: cannot listen")
    print("READY", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
