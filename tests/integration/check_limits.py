#!/usr/bin/env python3
"""With too few threads or file descriptors mocapd ends with a sentence before it says that it is
ready, whatever it is that it cannot have.

    check_limits.py MOCAPD
"""

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile

GUARD_S = 120  # only a run that hangs lasts that long
UID = 61234  # nobody else's, so that its threads are counted alone
THREADS_ENOUGH, FILES_ENOUGH = 12, 64


def run(program, directory, limit, number, uid):
    """The exit status, what it wrote, and whether it said that it is ready."""
    path = os.path.join(directory, "notify")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)
    os.chmod(path, 0o666)
    command = [program, "--socket", os.path.join(directory, "s"), "--stream", "a=/nowhere/a",
               "--stream", "b=/nowhere/b", "--workers", "2", "--exit-on-end"]

    def become():
        if uid is not None:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        resource.setrlimit(limit, (number, number))

    ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=GUARD_S, check=False,
                           preexec_fn=become,
                           env={**os.environ, "NOTIFY_SOCKET": path, "HOME": directory,
                                "XDG_STATE_HOME": directory})
    listener.setblocking(False)
    ready = False
    try:
        while message := listener.recv(4096):
            ready = ready or b"READY=1" in message
    except BlockingIOError:
        pass
    listener.close()
    os.unlink(path)
    return ended.returncode, ended.stderr, ready


def check(good, what):
    if not good:
        raise AssertionError(what)


def check_limit(program, directory, limit, numbers, uid, cause):
    """Numbers rise; below some of them it cannot run, from there on it does."""
    ran = refused = 0
    for number in numbers:
        status, said, ready = run(program, directory, limit, number, uid)
        if status == 127 and "shared libraries" in said:
            continue  # not even the dynamic linker has enough
        check(status == 1, (number, status, said))
        if "/nowhere/" in said:  # it has opened its sources
            check(ready and "/nowhere/a: No such file" in said and "/nowhere/b: " in said, said)
            ran += 1
        else:
            lines = [line for line in said.splitlines() if " error: " in line]
            check(not ready and len(lines) == 1 and re.search(cause, lines[0]), (number, said))
            check(ran == 0, f"{number} is too few, though fewer were enough")
            refused += 1
    check(ran > 0 and refused > 0, (ran, refused))


def main():
    program = sys.argv[1]
    directory = tempfile.mkdtemp(prefix="mocapd-limits-")
    os.chmod(directory, 0o777)
    try:
        check_limit(program, directory, resource.RLIMIT_NOFILE, [4, 6, 10, 16, 24, 28, FILES_ENOUGH],
                    None, r"(?i)too many open files")
        if os.geteuid() != 0:
            print("skipped: limits of threads don't hold for one's own user; run as root")
            return
        check_limit(program, directory, resource.RLIMIT_NPROC, [1, 2, 3, 4, 5, THREADS_ENOUGH], UID,
                    r"no thread for .*: Resource temporarily unavailable")
    finally:
        shutil.rmtree(directory)
    print("too few threads and descriptors are refused with a sentence")


if __name__ == "__main__":
    main()
