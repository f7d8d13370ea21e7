#!/usr/bin/env python3
"""Every command of every program answers --help, and refuses what it does not know; none says that
it has written what it could not write.

    check_programs.py MOCAPD PROGRAM...
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

GUARD_S = 300  # only a test that fails waits that long
COMMANDS = {  # of those programs that have some; a command that is missing here fails the test
    "mocap-fleet": {"publish", "serve", "work", "streams", "streams add", "streams remove",
                    "streams list", "streams move", "streams import", "status"},
    "mocapctl": {"watch", "status", "metrics", "calibrate", "record", "replay", "export",
                 "overlay", "still", "stream", "stream add", "stream remove", "stream set", "reload",
                 "devices", "doctor", "fleet"},
    "mocap-lab": {"bench", "bench net", "bench kernels", "bench blocks", "bench motion",
                  "bench pipeline", "bench streams", "bench subscribers", "compare", "model",
                  "model info", "model calibrate", "pose", "shapes"},
    "mocap-bridge": {"status"},
}


def check(good, what):
    if not good:
        raise AssertionError(what)


def run(program, *words):
    return subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=GUARD_S, check=False)


def section(text, title):
    """The first words of a section's lines, without those that continue a line."""
    lines = text.split(f"\n{title}:\n")[1:]
    entries = lines[0].split("\n\n")[0].splitlines() if lines else []
    return [line.split()[0] for line in entries if line.startswith("  ") and line[2] != " "]


def check_help(program, words):
    """Returns the help text, which is complete and fits a terminal."""
    name = " ".join([os.path.basename(program), *words])
    ended = run(program, *words, "--help")
    check(ended.returncode == 0 and ended.stderr == "", (name, ended))
    check(ended.stdout.startswith(f"usage: {name} "), (name, ended.stdout))
    check("--help" in ended.stdout and "\nOptions:\n" in ended.stdout, ended.stdout)
    check(all(len(line) <= 80 for line in ended.stdout.splitlines()), ended.stdout)
    return ended.stdout


def check_full_disk(program, *words):
    with open("/dev/full", "wb") as full:
        ended = subprocess.run([program, *words], stdin=subprocess.DEVNULL, stdout=full,
                               stderr=subprocess.PIPE, text=True, timeout=GUARD_S, check=False)
    check(ended.returncode == 1 and "No space left on device" in ended.stderr, (words, ended))
    check(ended.stderr.count("\n") == 1, ended.stderr)


def check_refusal(program, words, *wrong):
    """What is unknown is named, and so is the command."""
    name = " ".join([os.path.basename(program), *words])
    ended = run(program, *words, *wrong)
    kind = "option" if wrong[0].startswith("-") else "command"
    check(ended.returncode == 2 and ended.stdout == "", (name, ended))
    check(ended.stderr.startswith(f"{name}: unknown {kind} '{wrong[0]}'"), (name, ended.stderr))
    check(f"Try '{name} --help'" in ended.stderr, (name, ended.stderr))


def check_command(program, words, found):
    text = check_help(program, words)
    check_full_disk(program, *words, "--help")
    check_refusal(program, words, "--nonsense")
    for command in section(text, "Commands"):
        found.add(" ".join([*words, command]))
        check_command(program, [*words, command], found)
    if section(text, "Commands"):
        if "[COMMAND ...]" not in text:  # which then runs without one, and for long
            ended = run(program, *words)
            check(ended.returncode == 2 and ended.stderr == text, (words, ended))
        check_refusal(program, words, "nonsense")


def check_program(program):
    ended = run(program, "--version")
    check(ended.returncode == 0 and ended.stderr == "", ended)
    check(ended.stdout.split()[0] == os.path.basename(program), ended.stdout)
    check_full_disk(program, "--version")
    check(run(program, "-h").stdout == run(program, "--help").stdout, "-h is --help")
    found = set()
    check_command(program, [], found)
    wanted = COMMANDS.get(os.path.basename(program), set())
    check(found == wanted, (program, found ^ wanted))
    return len(found)


def main():
    mocapd, *programs = sys.argv[1:]
    for words in (["--help"], ["--version"], ["--check-config"]):
        check_full_disk(mocapd, *words)
    with ThreadPoolExecutor() as pool:
        for program, count in zip(programs, pool.map(check_program, programs)):
            print(f"{os.path.basename(program)}: {count} commands answer")


if __name__ == "__main__":
    main()
