#!/usr/bin/env python3
"""Completion offers every option and every command of every program, and no other: asked of bash, and
of zsh and fish where they are installed.

    check_completion.py PROGRAM...
"""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from programs import GUARD_S, Command, check

FOLDER = Path(__file__).resolve().parents[2] / "tools" / "completion"
LEVELS = {"error", "warning", "info", "debug"}
PRECISIONS = {"auto", "f32", "bf16", "int8"}
CLIP = "a clip.mp4"  # in the working directory

# Values: what is typed, the last word unfinished, and what must be offered.
VALUES = [
    (["mocapd", "--log-level", ""], LEVELS),
    (["mocapd", "--precision", ""], PRECISIONS),
    (["mocapd", "--rotate", "1"], {"180"}),
    (["mocapd", "--smooth", ""], {"on", "off"}),
    (["mocapd", "--workers", "2", "--log-level", "d"], {"debug"}),
    (["mocapctl", "watch", "--format", ""], {"table", "json"}),
    (["mocapctl", "watch", "d"], {"desk", "door"}),
    (["mocapctl", "calibrate", "range", ""], {"desk", "door"}),
    (["mocap-bridge", "--stream", ""], {"desk", "door"}),
    (["mocapctl", "calibrate", ""], {"neutral", "range", "show", "use", "reset"}),
    (["mocapctl", "--socket", "watch", ""], {"watch", "status", "record"}),  # watch is a value
    (["mocapctl", "overlay", "a"], {CLIP}),
    (["mocapctl", "overlay", "clip", "--model", "a"], {CLIP}),
    (["mocap-lab", "bench", "net", "--precision", ""], PRECISIONS),
    (["mocap-bridge", "--lost", ""], {"hold", "neutral"}),
    (["mocap-web", "--log-level", ""], LEVELS),
]


# What completion asks for the streams' names.
MOCAPCTL = """#!/bin/sh
[ "$*" = 'status --json' ] &&
    echo '{"type":"status","streams":[{"stream":"desk","state":"live"},{"stream":"door"}]}'
"""


def play_mocapctl(directory):
    path = directory / "bin" / "mocapctl"
    path.parent.mkdir()
    path.write_text(MOCAPCTL, encoding="utf-8")
    path.chmod(0o755)
    os.environ["PATH"] = f"{path.parent}:{os.environ['PATH']}"


# ---- The shells: each takes a list of command lines, and returns what it offers for each

def bash_words(words):
    """As bash has them in COMP_WORDS: --name=value is three."""
    return [part for word in words
            for part in (re.findall(r"[=:]+|[^=:]+", word) if word else [""])]


def ask_bash(lines):
    # Completion as readline asks for it; compopt has a meaning in readline alone.
    script = ["compopt() { :; }", *[f". {path}" for path in FOLDER.glob("*.bash")], """ask() {
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        "$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
        printf '%s\\n' "${COMPREPLY[@]}" --
    }"""]
    for line in lines:
        quoted = " ".join("'" + word + "'" for word in bash_words(line))
        script.append(f"ask {quoted}")
    ended = subprocess.run(["bash", "--norc", "-u"], input="\n".join(script), text=True,
                           capture_output=True, timeout=GUARD_S, check=True)
    check(ended.stderr == "", ended.stderr)
    answers = re.split(r"^--\n", ended.stdout, flags=re.M)[:-1]
    return [set(answer.split("\n")) - {""} for answer in answers]


def ask_fish(lines):
    script = [f"source {path}" for path in FOLDER.glob("*.fish")]
    for line in lines:
        script += [f"complete -C '{' '.join(line)}'", "echo '\\--'"]
    ended = subprocess.run(["fish", "--no-config"], input="\n".join(script), text=True,
                           capture_output=True, timeout=GUARD_S, check=True)
    check(ended.stderr == "", ended.stderr)
    answers = re.split(r"^\\?--\n", ended.stdout, flags=re.M)[:-1]
    return [{offer.split("\t")[0].replace("\\ ", " ") for offer in answer.split("\n")} - {""}
            for answer in answers]


ZSH_START = """PROMPT= RPS1= fpath=({folder} $fpath) LISTMAX=0
unsetopt beep list_beep zle_bracketed_paste
autoload -Uz compinit; compinit -u -d {directory}/dump
zstyle ':completion:*' list-prompt ''
compadd() {{
    if [[ ${{@[1,(i)(-|--)]}} != *-(O|A|D)\\ * ]]; then
        local -a offered
        builtin compadd -A offered "$@"
        print -rl -- $offered >>{directory}/offered
    fi
    builtin compadd "$@"
}}
finish() {{ print -r -- "<end>" >>{directory}/offered; zle kill-whole-line; zle redisplay }}
zle -N finish; bindkey '^X^X' finish; bindkey '^I' list-choices
print -r -- "<end>" >>{directory}/offered
"""


def ask_zsh(lines):
    """In a terminal: zsh completes nowhere else. Its compadd is told to write down what it adds."""
    with tempfile.TemporaryDirectory() as directory:
        offered = Path(directory) / "offered"
        start = Path(directory) / "start"
        start.write_text(ZSH_START.format(folder=FOLDER, directory=directory), encoding="utf-8")
        child, terminal = pty.fork()
        if child == 0:
            os.environ["TERM"] = "dumb"
            os.execvp("zsh", ["zsh", "-f", "-i"])
        os.set_blocking(terminal, False)

        def wait(count):
            until = time.monotonic() + GUARD_S
            while time.monotonic() < until:
                try:
                    while os.read(terminal, 65536):
                        pass
                except BlockingIOError:
                    pass
                text = offered.read_text(encoding="utf-8") if offered.exists() else ""
                if text.count("<end>\n") == count:
                    return
                time.sleep(0.02)
            raise AssertionError("zsh does not answer")

        os.write(terminal, f". {start}\n".encode())
        wait(1)
        for i, line in enumerate(lines):
            os.write(terminal, (" ".join(line) + "\t\x18\x18").encode())
            wait(i + 2)
        os.write(terminal, b"exit\n")
        os.close(terminal)
        os.waitpid(child, 0)
        answers = offered.read_text(encoding="utf-8").split("<end>\n")[1:-1]
    # compadd takes "--count=" and "-n+" for options with values.
    return [{re.sub(r"(?<=^)(--?[^=]*)=$", r"\1", offer).replace("\\", "") for offer
             in answer.split("\n")} - {""} for answer in answers]


# ---- What they must say

def check_shell(name, ask, commands, values):
    queries = [[command.program, *command.path, "-"] for command in commands]
    entered = [command for command in commands if command.commands]
    queries += [[command.program, *command.path, ""] for command in entered]
    queries += [words for words, _ in values]
    answers = ask(queries)
    check(len(answers) == len(queries), (name, len(answers), len(queries)))
    for command, offered in zip(commands, answers):
        wanted = command.words()
        check(offered == wanted, (name, command.program, command.path, "in one alone",
                                  wanted ^ offered))
    answers = answers[len(commands):]
    for command, offered in zip(entered, answers):
        wanted = {child.path[-1] for child in command.commands}
        check(offered == wanted, (name, command.program, command.path, wanted ^ offered))
    for (words, wanted), offered in zip(values, answers[len(entered):]):
        check(wanted <= offered, (name, words, offered))
        check(not any(offer.startswith("--") for offer in offered), (name, words, offered))
    print(f"{name}: {len(queries)} completions")


def main():
    programs = {os.path.basename(path): Command(path) for path in sys.argv[1:]}
    commands = [one for command in programs.values() for one in command.all()]
    values = [(words, wanted) for words, wanted in VALUES if words[0] in programs]
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        Path(CLIP).touch()
        play_mocapctl(Path(directory))
        joined = [([words[0], f"{words[-2]}={words[-1]}"], wanted) for words, wanted in values
                  if words[-2].startswith("--") and len(words) == 3]
        check_shell("bash", ask_bash, commands, values + joined)
        for name, ask in (("fish", ask_fish), ("zsh", ask_zsh)):
            if shutil.which(name) is None:
                print(f"skipped: no {name}")
                continue
            check_shell(name, ask, commands, values)
        os.chdir("/")


if __name__ == "__main__":
    main()
