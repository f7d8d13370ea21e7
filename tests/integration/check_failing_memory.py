#!/usr/bin/env python3
"""One allocation of mocapd fails, another one in each run: it neither crashes nor hangs, when it
ends it says why, and it answers each request or closes the connection.

    check_failing_memory.py FAILING_MEMORY MOCAPD SYNTHFACE [RUNS]

RUNS is how many runs are spread over all allocations; "all": one for each kind of stack that
allocates.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

GUARD_S = 300  # only a run that hangs lasts that long
STEP_S = 0.01
ALLOCATIONS_MIN, KINDS_MIN = 1000, 100
# FFmpeg 5.1: where ffio_fdopen has no memory for its copy of protocol_whitelist, it closes the
# protocol; ffio_open_whitelist, which called it, then closes it again. Every protocol that opens
# has a whitelist, so no way of opening avoids this. The stack: av_strdup, those two,
# io_open_default, none of which has a symbol, and mocapd's own io_open.
DOUBLE_CLOSE = re.compile(r"libavutil\.so\.57\(av_strdup\+.*\n"
                          r"(?:.*/libavformat\.so\.59\(\+.*\n){3}"
                          r".*/mocapd\(\+.*\n"
                          r".*/libavformat\.so\.59\(avformat_open_input\+")


class Runner:
    def __init__(self, shim, program, clip, directory):
        self.shim = shim
        self.path = os.path.join(directory, "s")
        self.environment = {**os.environ, "XDG_STATE_HOME": directory}
        self.command = [program, "--socket", self.path, "--stream", f"a={clip}", "--workers", "1",
                        "--every-frame", "--exit-on-end", "--wait-subscribers", "1"]

    def run(self, **variables):
        """The exit status, None when it hangs, and what it wrote."""
        if os.path.exists(self.path):
            os.unlink(self.path)
        process = subprocess.Popen(
            self.command, stderr=subprocess.PIPE, text=True, errors="replace",
            env={**self.environment, "LD_PRELOAD": self.shim, **variables})
        self.unanswered = None
        reader = threading.Thread(target=self.subscribe, args=(process,), daemon=True)
        reader.start()
        try:
            said = process.communicate(timeout=GUARD_S)[1]
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[1]
            status = None
        reader.join()
        return status, said, self.unanswered

    def subscribe(self, process):
        """Until mocapd ends; it may fail to accept, refuse a request or lose the connection."""
        requests = (b'{"type":"subscribe","id":1,"mode":"every-frame","include":["keypoints",'
                    b'"raw","pose","shapes","timing"]}\n{"type":"status","id":2}\n'
                    b'{"type":"metrics","id":3}\n')
        while process.poll() is None:
            text = b""
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.settimeout(GUARD_S)
                    client.connect(self.path)
                    client.sendall(requests)
                    while b'"type":"error"' not in text and (said := client.recv(65536)):
                        text += said
            except OSError:
                pass
            self.unanswered = self.unanswered or find_unanswered(text)
            time.sleep(STEP_S)


def find_unanswered(text):
    """What is missing in what a connection got, up to its end; None: nothing."""
    lines = [line for line in text.split(b"\n")[:-1] if line.startswith(b"{")]
    if any(b'"type":"error"' in line for line in lines):
        return None
    found = (re.match(rb'{"type":"\w+","id":(\d+)', line) for line in lines)
    replies = [int(reply[1]) for reply in found if reply]
    if replies != list(range(1, len(replies) + 1)):
        return f"of requests 1, 2 and 3 the replies to {replies} came"
    if len(replies) < 3 and any(line.startswith(b'{"type":"end"') for line in lines):
        return f"a connection that goes on has the replies to {replies} alone"
    return None


def judge(status, said, unanswered):
    """What is wrong with a run, or None."""
    if status is None:
        return "it hangs"
    if unanswered is not None:
        return unanswered
    if status == -signal.SIGSEGV and DOUBLE_CLOSE.search(said):
        return None
    if status < 0:
        return f"signal {-status}"
    if status != 0 and not re.search(r"error|memory|cannot|can't", said):
        return f"exit status {status} without a word"
    return None


def choose(runner, runs):
    """The numbers of the allocations that are to fail."""
    if runs == "all":
        said = runner.run(FAIL_KINDS="1")[1]
        numbers = [int(number) for number in re.findall(r"kind (\d+)", said)]
        if len(numbers) < KINDS_MIN:
            raise AssertionError(f"only {len(numbers)} kinds of allocations were seen")
        random.Random(1).shuffle(numbers)
        return numbers
    status, said, _ = runner.run()
    found = re.search(r"allocations (\d+)", said)
    if status != 0 or not found:
        raise AssertionError(f"it fails without a failing allocation: {status} {said}")
    total, count = int(found[1]), int(runs)
    if total < ALLOCATIONS_MIN:
        raise AssertionError(f"only {total} allocations were seen")
    # More of the first half, which is the start.
    return [1 + int((total - 1) * (i / count) ** 2) for i in range(count)]


def main():
    shim, program, synthface = sys.argv[1:4]
    runs = sys.argv[4] if len(sys.argv) > 4 else "12"
    directory = tempfile.mkdtemp(prefix="mocapd-memory-")
    try:
        clip = os.path.join(directory, "clip.mp4")
        subprocess.run([synthface, "--frames", "8", "--size", "160x120", "-o", clip], check=True)
        runner = Runner(shim, program, clip, directory)
        numbers = choose(runner, runs)
        failures = 0
        for number in numbers:
            status, said, unanswered = runner.run(FAIL_AT=str(number))
            wrong = judge(status, said, unanswered)
            if wrong is not None:
                failures += 1
                print(f"allocation {number} fails: {wrong}\n{said[-2000:]}", flush=True)
    finally:
        shutil.rmtree(directory)
    print(f"{len(numbers)} runs, {failures} of which went wrong")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
