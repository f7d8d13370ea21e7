#!/usr/bin/env python3
"""POST /photo of mocap-web: the faces in a photo, and whom and what it refuses. Some of it with a
mocapctl played here, beside a copy of mocap-web.

    check_web_photo.py MOCAP_WEB SYNTHFACE
"""

import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

from check_still import render
from check_web import Browser, Web, check, make_pages
from played_daemon import Daemon, abort_after

GUARD_S = 120  # only a test that fails waits that long
BYTES_MAX = 2 * 1024 * 1024
TYPE = "image/x-portable-pixmap"
GREY = b"P6 64 48 255\n" + bytes(3 * 64 * 48)


@contextmanager
def serving(*arguments, **more):
    """mocap-web, which is gone afterwards."""
    web = Web(*arguments, **more)
    try:
        yield web
    finally:
        if web.process.poll() is None:
            web.process.kill()


def start(web, length, token="", media=TYPE, origin="", address="127.0.0.1"):
    """Sends the headers of a request; None leaves one out."""
    browser = socket.create_connection((address, web.port), GUARD_S)
    lines = ["POST /photo HTTP/1.1", f"Host: {address}:{web.port}", "Connection: close"]
    for name, value in (("X-Mocap-Token", web.token if token == "" else token),
                        ("Content-Type", media), ("Content-Length", length),
                        ("Origin", f"http://{address}:{web.port}" if origin == "" else origin)):
        if value is not None:
            lines.append(f"{name}: {value}")
    browser.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return browser


def finish(browser):
    """The status and the body of the answer."""
    answer = b""
    with browser:
        while piece := browser.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    check(head.startswith(b"HTTP/1.1 "), answer)
    return int(head.split()[1]), body.decode()


def post(web, image, **more):
    browser = start(web, len(image), **more)
    for at in range(0, len(image), 50000):
        browser.sendall(image[at:at + 50000])
    return finish(browser)


def check_face(web, synthface, directory):
    image, points = render(synthface, directory)
    for origin in ("", None, "https://studio.example"):
        status, text = post(web, image, origin=origin)
        check(status == 200, text)
        face, = json.loads(text)["faces"]
        check(len(face["dense"]) == 212, face)
        check(abs(face["keypoints"][30][0] - points[30][0]) < 8, "the tip of the nose")
    status, text = post(web, GREY)
    check(status == 200 and json.loads(text)["faces"] == [], text)


def check_refusals(web):
    for more, wanted, cause in (
            ({"token": None}, 403, "token: "), ({"token": "0" * 32}, 403, "token: "),
            ({"token": web.token + "0"}, 403, "token: "), ({"token": "x" * 300}, 403, "token: "),
            ({"origin": "http://evil.example"}, 403, "--origin http://evil.example"),
            ({"origin": "null"}, 403, ""),
            ({"media": "image/jpeg"}, 415, "got 'image/jpeg'"), ({"media": None}, 415, TYPE)):
        status, text = post(web, GREY, **more)
        check(status == wanted and cause in text, (more, status, text))
    for image, cause in ((b"P6 8 8 255\n" + bytes(192), "got 8 x 8"),
                         (b"\xff\xd8\xff\xe0" + bytes(2000), "must be a PPM image"),
                         (GREY[:-1], "got 9215"), (GREY + b"0", "must end")):
        status, text = post(web, image)
        check(status == 422 and cause in text and "mocapctl" not in text, (status, text))
    check(finish(start(web, 0)) == (400, "there is no image"), "nothing")
    for length in (None, "x", "-", ""):
        status, text = finish(start(web, length))
        check(status in (400, 411), (length, status, text))
    for length in (BYTES_MAX + 1, 2 ** 63, 2 ** 70):
        status, text = finish(start(web, length))
        check(status == 413 and f"at most {BYTES_MAX} bytes" in text, (length, status, text))


def check_busy(web):
    """One at a time; who goes away in the middle makes room."""
    first = start(web, len(GREY))
    first.sendall(GREY[:100])
    while (answer := post(web, GREY))[0] == 200:
        pass  # it had not read the first one's headers yet
    check(answer[0] == 503 and "try again" in answer[1], answer)
    first.close()
    while (answer := post(web, GREY))[0] == 503:
        pass  # until it has noticed
    check(answer[0] == 200, answer)


def check_surplus(web):
    """Bytes behind the body close the connection, and nothing else."""
    for token in ("", None):
        for image in (GREY + b"X", GREY + b"GET / HTTP/1.1\r\n\r\n"):
            with start(web, len(GREY), token) as browser:
                try:
                    browser.sendall(image)
                    while browser.recv(65536):
                        pass
                except ConnectionError:
                    pass
    while (answer := post(web, GREY))[0] == 503:
        pass  # until it has noticed
    check(answer[0] == 200, answer)


def check_beside_records(program, directory):
    """Records that arrive meanwhile do not cut a photo off."""
    path = os.path.join(directory, "s")
    with serving(program, directory) as web:
        daemon = Daemon(path, grants=False)
        daemon.let_go()
        page = Browser(web)
        daemon.grant()
        daemon.state("one", "live")
        with start(web, len(GREY)) as browser:
            for at in range(0, len(GREY), 500):
                browser.sendall(GREY[at:at + 500])
                daemon.record([])
                page.read_type("motion")
            status, text = finish(browser)
        check(status == 200, (status, text))
        page.close()
        daemon.close()


def check_elsewhere(program, directory):
    """Another machine's requests are refused: this machine's other address stands for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        print("not checked: another machine, since this one has no address but its own")
        return
    with serving(program, directory, listen="0.0.0.0:0") as web:
        status, text = post(web, GREY, address=address)
        check(status == 403 and "for this machine alone" in text, (status, text))
        check(post(web, GREY)[0] == 200, "from here")


def play(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, 0o755)


def check_answers(web, mocapctl):
    """What goes wrong in the program that reads the photo is an answer."""
    status, text = post(web, GREY)
    check(status == 500 and "can't start" in text and "No such file" in text, (status, text))
    failed = (500, "mocapctl failed to read the photo")
    with open(f"/proc/{web.process.pid}/maps", encoding="utf-8") as maps:
        files = "unlimited" if "libtsan" in maps.read() else "0"  # its runtime writes one
    for script, wanted in (
            ("cat >/dev/null; kill -SEGV $$", failed), ("cat >/dev/null; exit 1", failed),
            ("kill -9 $$", failed), ("cat >/dev/null; yes", failed),
            ("cat >/dev/null; yes >&2", failed), ("cat >/dev/null; exec yes", failed),
            ("cat >/dev/null; echo 'mocapctl: no' >&2; yes | head -c 40000 >&2; exit 1",
             (422, "no")),
            ("cat >/dev/null; yes | head -c 40000 >&2; echo {}", (200, "{}\n")),
            ("cat >/dev/null; kill -XCPU $$",
             (503, "the photo was not read in time: try again")),
            ("cat >/dev/null; echo 'mocapctl: standard input: no' >&2; exit 1",
             (422, "no")),
            ("wc -c", (200, f"{len(GREY)}\n")), ("cat >/dev/null; echo $*", (200, "still\n")),
            ("cat >/dev/null; ulimit -f; ulimit -c", (200, f"{files}\n0\n"))):
        play(mocapctl, f"#!/bin/sh\n{script}\n")
        answer = post(web, GREY)
        check(answer == wanted, (script, answer))


def check_leaving(web, mocapctl, directory):
    """A client that leaves takes its program along, and mocap-web ends while one runs."""
    # It may write no file; but a directory tells its number, too.
    play(mocapctl, f"#!/bin/sh\nmkdir {directory}/pid-$$\nexec sleep 1000\n")
    pattern = os.path.join(directory, "pid-*")
    for stops in (False, True):
        with start(web, len(GREY)) as browser:
            browser.sendall(GREY)
            while not (found := glob.glob(pattern)):
                time.sleep(0.01)
            if stops:
                web.stop()
        while os.path.exists(f"/proc/{found[0].rsplit('-', 1)[1]}"):
            time.sleep(0.01)
        os.rmdir(found[0])


def check_program(program, directory):
    copy, mocapctl = (os.path.join(directory, name) for name in ("mocap-web", "mocapctl"))
    shutil.copy(program, copy)
    with serving(copy, directory) as web:
        check_answers(web, mocapctl)
        check_leaving(web, mocapctl, directory)


def main():
    abort_after(GUARD_S)
    program, synthface = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="mocapd-photo-") as directory:
        make_pages(directory)
        with serving(program, directory) as web:
            check_face(web, synthface, directory)
            check_refusals(web)
            check_busy(web)
            check_surplus(web)
            web.stop()
        check_beside_records(program, directory)
        check_elsewhere(program, directory)
        check_program(program, directory)
    print("photos are read for those who may, and everything else is refused with a reason")


main()
