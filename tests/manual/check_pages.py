#!/usr/bin/env python3
"""Every option of every command is in the program's manual page, with its letter and value, and no
other; every setting is in mocapd.conf(5); the pages are clean.

    check_pages.py PROGRAM...
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from programs import GUARD_S, Command, check

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("daemon/*.[1-8]"), *ROOT.glob("tools/*/*.[1-8]"),
                *ROOT.glob("protocol/*.[1-8]")])


def unescape(text):
    return text.replace("\\&", "").replace('"', "")


def labels(text):
    """The labels of a page's items, by name, as --help has them."""
    found = {}
    for item in re.findall(r"^\.It (Fl .*)$", text, re.M):
        item = unescape(item).replace(" Ns Oo : Ns Ar PORT Oc", "[:PORT]")
        item = re.sub(r" Ns (Ar )?| Ar | Cm ", lambda m: "" if "Ns" in m[0] else " ", item)
        item = re.sub(r" ([,|]) ", r"\1", item.replace(" , ", ", ")).replace("Fl ", "-")
        item = re.sub(r",(?=-)", ", ", item)
        found[re.search(r"--[a-z0-9-]+", item)[0]] = item
    return found


def check_same(where, wanted, found):
    check(set(wanted) == set(found), (where, "in one alone", set(wanted) ^ set(found)))
    for name, label in wanted.items():
        check(label == found[name], (where, label, found[name]))


def check_program(command):
    path = next(path for path in PAGES if path.stem == command.program)
    text = path.read_text(encoding="utf-8")
    leaves = [one for one in command.all() if one.path and not one.commands]
    if f".Ss {' '.join(leaves[0].path)}\n" not in text if leaves else False:
        # The page is written by hand, and tells of commands in its own order.
        wanted = {name for one in command.all() for name in one.own}
        found = {f"-{name}" for name in re.findall(r"\bFl (-[a-z][a-z0-9-]*)", text)}
        check(wanted - found <= {"--help", "--version"} and found <= wanted,
              (path, "in one alone", wanted ^ found))
        return
    parts = re.split(r"^\.S[sh] (.*)$", text, flags=re.M)
    sections = dict(zip(parts[1::2], parts[2::2]))
    check_same(path.name, command.own, labels(sections["OPTIONS"]))
    for leaf in leaves:
        own = {name: label for name, label in leaf.own.items()
               if name not in ("--help", "--version")}
        title = " ".join(leaf.path)
        check(title in sections, (path.name, "has no section", title))
        check_same((path.name, title), own, labels(sections[title]))
    commands = re.split(r"^\.Sh ", text.partition("\n.Sh COMMANDS\n")[2], flags=re.M)[0]
    titles = set(re.findall(r"^\.Ss (.*)$", commands, re.M))
    check(titles == {" ".join(leaf.path) for leaf in leaves}, (path.name, titles))


def is_key(mocapd, name, directory):
    """Whether mocapd takes this setting from a file; the second line ends it in any case."""
    path = Path(directory) / "mocapd.conf"
    path.write_text(f"{name} = yes\nnonsense = 1\n", encoding="utf-8")
    ended = subprocess.run([mocapd, "--config", str(path)], stdin=subprocess.DEVNULL, text=True,
                           capture_output=True, timeout=GUARD_S, check=False)
    check(ended.returncode == 78, (name, ended))
    return re.search(r"conf:1:\d+: (unknown option|.*command line)", ended.stderr) is None


def check_settings(mocapd):
    text = (ROOT / "daemon" / "mocapd.conf.5").read_text(encoding="utf-8")
    found = re.findall(r"^\.It Ic ([a-z0-9-]+) ", text, re.M)
    check(len(found) == len(set(found)), found)
    help_text = Command(mocapd)
    in_sections = set(re.findall(r"^  ([a-z-]+) = ", help_text.text, re.M))
    with tempfile.TemporaryDirectory() as directory:
        keys = {name[2:] for name in help_text.options if is_key(mocapd, name[2:], directory)}
    check(set(found) == keys | in_sections,
          ("mocapd.conf.5", "in one alone", set(found) ^ (keys | in_sections)))


def check_clean(tool, command, ours):
    if shutil.which(tool) is None:
        print(f"skipped: no {tool}")
        return
    for path in PAGES:
        ended = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False,
                               timeout=GUARD_S, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                                                     "MANROFFSEQ": "", "MANWIDTH": "80"})
        said = [line for line in (ended.stdout if ours else ended.stderr).splitlines()
                if line.strip() and "referenced manual not found" not in line
                and "mandoc.db" not in line]
        check(not said, (path.name, tool, said))


def check_ellipses():
    """An ellipsis at the end of an option's help stays one."""
    for path in PAGES:
        for line in path.read_text(encoding="utf-8").splitlines():
            check(not re.search(r"[^ ] \.$", line) or line.startswith("."), (path.name, line))


def check_installed():
    """A page that no install command names would come with nothing."""
    for path in PAGES:
        commands = (path.parent / "CMakeLists.txt").read_text(encoding="utf-8")
        check(re.search(rf"install\(FILES [^)]*\b{re.escape(path.name)}\b", commands),
              (path, "is not installed"))


def main():
    for program in sys.argv[1:]:
        check_program(Command(program))
    check_ellipses()
    check_installed()
    check_settings(next(path for path in sys.argv[1:] if path.endswith("/mocapd")))
    # What another page is called is known only where all are installed.
    check_clean("mandoc", ["mandoc", "-T", "lint"], True)
    check_clean("man", ["man", "--warnings", "-l"], False)
    print(f"{len(PAGES)} pages hold the options of {len(sys.argv) - 1} programs")


if __name__ == "__main__":
    main()
