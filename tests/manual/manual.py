#!/usr/bin/env python3
"""Writes what manual pages and shell completion take from the programs' tables of options, and from
docs/. Without --write, says whether the files are as it would write them.

    manual.py [--write] DESCRIBE_PROGRAM...

Each DESCRIBE_PROGRAM prints the table of a program as JSON. In a page, the lines between

    .\\" begin SOURCE
    .\\" end

are replaced. SOURCE is one of

    options PROGRAM       a list of the program's options
    commands PROGRAM      a subsection for each command, with its options
    keys TABLE            the settings of mocapd.conf: options, settings or stream
    docs/FILE.md: TITLE   a section of the documentation; without TITLE all of it

Completion is written to tools/completion as a whole.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import completion
import markdown_mdoc as mdoc

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("daemon/*.[1-8]"), *ROOT.glob("tools/*/*.[1-8]"),
                *ROOT.glob("protocol/*.[1-8]")])
COMMAND_LINE_ALONE = ("config", "check-config")  # not in mocapd.conf; daemon/config.c
BUILTIN = [  # base/options.c has them for every command line
    {"name": "help", "letter": "h", "help": "print this help and exit"},
    {"name": "version", "letter": "V", "help": "print the version and exit"},
]


# ---- Lists of options

def label(row):
    """An item's label: -n, --count N."""
    value = f" Ar {mdoc.argument(row['value'])}" if row.get("value") else ""
    dots = " Ns ..." if row.get("many") else ""
    if row.get("argument"):
        return f".It Ar {mdoc.argument(row['name'])}"
    letter = f"Fl {row['letter']} , " if row.get("letter") else ""
    return f".It {letter}Fl -{row['name']}{value}{dots}"


def items(rows, make_label=label):
    lines = [".Bl -tag -width Ds"]
    for row in rows:
        words = [] if not row.get("value") and not row.get("argument") else completion.values(row)[0]
        is_word = re.match(r"[a-z0-9-]*", row["help"])[0] in words
        lines += [make_label(row), *mdoc.sentences(row["help"], not is_word)]
    return [*lines, ".El"]




def usage(path, command):
    words = [f".Nm {path[0]}"]
    lines = words + [f".Cm {word}" for word in path[1:]]
    if any(not row.get("argument") for row in command["rows"]):
        lines.append(".Op Ar options")
    for row in command["rows"]:
        dots = " Ns ..." if row.get("many") else ""
        if row.get("argument"):
            name = f"Ar {mdoc.argument(row['name'])}{dots}"
        elif row["required"]:
            name = f"Fl -{row['name']} Ar {mdoc.argument(row['value'])}{dots}"
        else:
            continue
        lines.append(f".{name}" if row["required"] else f".Op {name}")
    return lines


def commands_of(path, command):
    lines = []
    for child in command["commands"]:
        words = [*path, child["name"]]
        if child["commands"]:
            lines += commands_of(words, child)
            continue
        lines += [f".Ss {' '.join(words[1:])}", *usage(words, child), ".Pp"]
        lines += mdoc.sentences(child["summary"])
        if child.get("details"):
            lines += [".Pp", *mdoc.sentences(child["details"], False)]
        if child["rows"]:
            lines += items(child["rows"])
    return lines


def keys_of(rows):
    return items([row for row in rows if row["name"] not in COMMAND_LINE_ALONE],
                 lambda row: f".It Ic {row['name']} No = Ar "
                             f"{mdoc.argument(row.get('value') or 'yes|no')}")


# ---- Pages

def block(source, programs):
    kind, _, rest = source.partition(" ")
    if kind == "options":
        return items(programs[rest]["rows"] + programs[rest].get("settings", []) + BUILTIN)
    if kind == "commands":
        return commands_of([rest], programs[rest])
    if kind == "keys":
        tables = programs["mocapd"]
        return keys_of(tables["rows"] if rest == "options" else tables[rest])
    path, _, title = source.partition(": ")
    return mdoc.convert((ROOT / path).read_text(encoding="utf-8"), title)


def page(text, programs):
    def replace(match):
        lines = block(match[2], programs)
        return "\n".join([match[1], *lines, '.\\" end\n'])
    return re.sub(r'^(\.\\" begin (.+))\n(?:.*\n)*?\.\\" end\n', replace, text, flags=re.M)


def describe(describers):
    programs = {}
    for describer in describers:
        ended = subprocess.run([describer], capture_output=True, text=True, check=True, timeout=300)
        program = json.loads(ended.stdout)
        programs[program["name"]] = program
    return programs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("describers", nargs="+")
    arguments = parser.parse_args()
    programs = describe(arguments.describers)
    files = {path: page(path.read_text(encoding="utf-8"), programs) for path in PAGES}
    for program in programs.values():
        for name, text in completion.files(program, BUILTIN).items():
            files[ROOT / "tools" / "completion" / name] = text
    stale = [path for path, text in files.items()
             if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if arguments.write:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        print(f"{'wrote' if arguments.write else 'is not up to date:'} {path.relative_to(ROOT)}")
    if stale and not arguments.write:
        print(f"write them with: {' '.join([sys.argv[0], '--write', *arguments.describers])}")
        sys.exit(1)
    print(f"{len(files)} files follow the tables of {len(programs)} programs")


if __name__ == "__main__":
    main()
