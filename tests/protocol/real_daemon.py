"""A mocapd started by a test."""

import contextlib
import socket
import subprocess
import sys
import time


def listens(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


@contextlib.contextmanager
def running(mocapd, path, url):
    """The daemon with one stream, main, over and over, while it listens at path."""
    daemon = subprocess.Popen([mocapd, "--socket", path, "--stream", f"main={url}", "--repeat"],
                              stderr=subprocess.DEVNULL)
    try:
        while not listens(path):
            if daemon.poll() is not None:
                sys.exit("mocapd ended")
            time.sleep(0.02)
        yield
    finally:
        daemon.terminate()
        daemon.wait()
