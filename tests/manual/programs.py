"""What programs say of their options: --help of each command."""

import os
import re
import subprocess

GUARD_S = 300  # only a test that fails waits that long


def check(good, what):
    if not good:
        raise AssertionError(what)


class Command:
    """A command as its --help describes it."""

    def __init__(self, program, path=()):
        ended = subprocess.run([program, *path, "--help"], stdin=subprocess.DEVNULL, text=True,
                               capture_output=True, timeout=GUARD_S, check=True)
        self.program, self.path, self.text = os.path.basename(program), path, ended.stdout
        inherited = re.search(r"^Options of .*:$", self.text, re.M) if path else None
        end = inherited.start() if inherited else len(self.text)
        self.own = self.rows(self.text[:end])
        self.options = self.rows(self.text)
        self.commands = [Command(program, (*path, name))
                         for name in self.entries("Commands")]

    @staticmethod
    def rows(text):
        """Labels by name: {"--count": "-n, --count N"}."""
        found = re.findall(r"^  (?:(-\w), |    )?(--[a-z][a-z0-9-]*)((?: \S+)?)(?:  |$)", text, re.M)
        return {name: f"{letter}, {name}{value}" if letter else f"{name}{value}"
                for letter, name, value in found}

    def entries(self, title):
        part = self.text.split(f"\n{title}:\n")[1:]
        return re.findall(r"^  (\S+)", part[0].split("\n\n")[0], re.M) if part else []

    def words(self):
        """Every form of every option: -n and --count."""
        return {word for label in self.options.values()
                for word in re.findall(r"(?<!\S)--?[a-zA-Z][a-z0-9-]*", label)}

    def all(self):
        yield self
        for command in self.commands:
            yield from command.all()
