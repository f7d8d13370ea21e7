#!/usr/bin/env python3
"""Output files take their names when they are complete: a program that fails leaves what was there,
and a full disk is told.

    check_output_files.py MOCAPCTL SYNTHFACE
"""

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

import made_recording

GUARD_S = 120  # only a test that fails waits that long
LIMIT_BYTES = 4096
WAS = b"what was there"


def check(good, what):
    if not good:
        raise AssertionError(what)


def small_files():
    """No file may become larger: writing fails as on a full disk, in the middle."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES))


def run(words, status, preexec=None, **options):
    ended = subprocess.run(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           timeout=GUARD_S, check=False, preexec_fn=preexec, **options)
    check(ended.returncode == status, (words, ended))
    return ended.stderr.decode()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def check_writer(folder, name, words):
    """words: a program that writes more than LIMIT_BYTES to what is appended."""
    out, link, full = (os.path.join(folder, part + name) for part in ("out", "link", "full"))
    with open(out, "wb") as file:
        file.write(WAS)
    os.chmod(out, 0o640)
    os.symlink(out, link)
    os.symlink("/dev/full", full)
    names = set(os.listdir(folder))
    for target in (out, link):
        told = run([*words, target], 1, small_files)
        check("File too large" in told, told)
        check(read(out) == WAS, "what was there")
    told = run([*words, os.path.join(folder, "new" + name)], 1, small_files)
    check("File too large" in told, told)
    told = run([*words, full], 1)
    check("No space left on device" in told and full in told, told)
    told = run([*words, os.path.join(folder, "absent", "out" + name)], 1)
    check(os.path.join(folder, "absent", "out" + name) + ": " in told and ".tmp" not in told, told)
    check(set(os.listdir(folder)) == names, os.listdir(folder))  # full is still there, too

    # A success replaces the contents, and keeps permissions and the link.
    run([*words, link], 0)
    check(len(read(out)) > LIMIT_BYTES and os.path.islink(link), "it is written")
    check(stat.S_IMODE(os.stat(out).st_mode) == 0o640, "permission bits")
    check(set(os.listdir(folder)) == names, os.listdir(folder))
    os.unlink(out)
    old = os.umask(0o027)
    run([*words, out], 0)
    os.umask(old)
    check(stat.S_IMODE(os.stat(out).st_mode) == 0o640, "those of a new file")


def check_interrupted(folder, words):
    """A signal leaves what was there, and nothing beside it."""
    out = os.path.join(folder, "out-interrupted.mkv")
    with open(out, "wb") as file:
        file.write(WAS)
    names = set(os.listdir(folder))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        writer = subprocess.Popen([*words, out], stdin=subprocess.DEVNULL)
        while set(os.listdir(folder)) == names:
            check(writer.poll() is None, "it has ended")
        writer.send_signal(number)
        check(writer.wait(timeout=GUARD_S) == -number, (number, writer.returncode))
        check(set(os.listdir(folder)) == names and read(out) == WAS, os.listdir(folder))
    run([*words, os.path.join(folder, "new.mkv")], -signal.SIGXFSZ,
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES)))
    check(set(os.listdir(folder)) == names, os.listdir(folder))


def check_reader_gone(words):
    """A reader that has gone has seen what it wanted."""
    writer = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    check(writer.stdout.read(10) != b"", "it writes")
    writer.stdout.close()
    told = writer.stderr.read()
    check(writer.wait(timeout=GUARD_S) == 0 and told == b"", (writer.returncode, told))
    writer.stderr.close()


def check_directly(folder, words):
    """What is no regular file, or has no name beside which to write."""
    piped = subprocess.run([*words, "/dev/stdout"], capture_output=True, timeout=GUARD_S, check=True)
    check(len(piped.stdout) > LIMIT_BYTES, "a pipe")
    path = os.path.join(folder, "redirected")
    with open(path, "wb") as file:
        file.write(b"before,")
        file.flush()
        run([*words, "/dev/stdout"], 0, stdout=file)
    check(os.path.islink("/dev/stdout") and len(read(path)) > LIMIT_BYTES, "a redirected output")


def main():
    mocapctl, synthface = sys.argv[1:3]
    folder = tempfile.mkdtemp(prefix="mocapd-output-")
    try:
        clip = os.path.join(folder, "clip.mp4")
        run([synthface, "--frames", "20", "--size", "160x120", "-o", clip], 0)
        recording = os.path.join(folder, "recording")
        made_recording.write(recording, [[]] * 500)
        for name in (".y4m", ".mkv", ".mp4", ".png"):
            check_writer(folder, "-synthface" + name,
                         [synthface, "--frames", "20", "--size", "160x120", "--seed", "3", "-o"])
        check_writer(folder, "-overlay.y4m", [mocapctl, "overlay", clip])
        for words in (["--csv"], ["--json"]):
            check_writer(folder, "-export" + words[0],
                         [mocapctl, "export", recording, *words, "-o"])
        words = [synthface, "--frames", "20", "--size", "160x120", "-o",
                 os.path.join(folder, "face.png")]
        run(words, 0)
        check_writer(folder, "-truth", [*words, "--landmarks"])
        check_interrupted(folder, [synthface, "--frames", "1000000", "--size", "160x120", "-o"])
        made_recording.write(recording + "-long", [[]] * 5000)
        for words in (["--csv"], ["--json"]):
            check_reader_gone([mocapctl, "export", recording + "-long", *words])
        check_directly(folder, [mocapctl, "export", recording, "--json", "-o"])

        # A recording that is damaged in the middle.
        with open(recording, "ab") as file:
            file.write(b"\xff" * 3000000)
        out = os.path.join(folder, "kept.csv")
        with open(out, "wb") as file:
            file.write(WAS)
        told = run([mocapctl, "export", recording, "--csv", "-o", out], 1)
        check("must be a message" in told and read(out) == WAS, told)
    finally:
        shutil.rmtree(folder)
    print("output files are whole")


if __name__ == "__main__":
    main()
