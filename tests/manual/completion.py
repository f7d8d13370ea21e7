"""Completion for bash, zsh and fish, from a program's table of options."""

import re
import textwrap

MADE = "Made from the program's table of options: tests/manual/manual.py --write"
FILES = {"FILE", "PATH", "OUT", "CLIP", "MODEL", "STILL", "FAST", "LIBRARY", "FILE.vrm"}
FOLDERS = {"FOLDER", "DIRECTORY", "DIR"}


class Command:
    """One command of a program, with the options that it takes: its own, then those above."""

    def __init__(self, path, description, above):
        self.path = path  # the words after the program's name
        self.summary = description.get("summary", "")
        rows = description["rows"] + description.get("settings", [])
        self.arguments = [row for row in rows if row.get("argument")]
        self.own = [row for row in rows if not row.get("argument")]
        self.options = self.own + above
        self.commands = [Command(f"{path} {child['name']}".strip(), child, self.options)
                         for child in description["commands"]]

    def all(self):
        yield self
        for command in self.commands:
            yield from command.all()


def names(row):
    letter = row.get("letter")
    return ([f"-{letter}"] if letter else []) + [f"--{row['name']}"]


def listed(text):
    """The words of a help text that lists them: "neutral (the default), range or reset"."""
    word = r"[a-z0-9-]+(?: \([^)]*\))?"
    if not re.match(rf"(?:{word}, )*{word} or {word}(?:;|,|$)", text):
        return []
    return re.findall(r"[a-z0-9-]+", re.sub(r" \([^)]*\)| or\b", "", re.split(r";|, of", text)[0]))


def values(row):
    """What completes a value: (words, kind), where kind is files, folders, hosts, groups, streams
    or None."""
    label = row["name"] if row.get("argument") else row["value"]
    parts = label.split("|")
    words = (row.get("choices") or [part for part in parts if re.fullmatch(r"[a-z0-9-]+", part)]
             or listed(row["help"]))
    if not words and row.get("boolean"):
        words = ["yes", "no"]
    kinds = [("files", FILES), ("folders", FOLDERS), ("groups", {"GROUP"}), ("streams", {"STREAM"})]
    kind = next((kind for kind, labels in kinds if labels & set(parts)), None)
    if label.startswith("HOST"):
        kind = "hosts"
    if row["name"] == "stream" and label == "NAME":
        kind = "streams"
    return words, kind


def short(text):
    """The first clause of a help text."""
    clause = re.split(r"; |: |\. (?=[A-Z])", text)[0]
    return clause if len(clause) <= 70 else clause[:67].rsplit(" ", 1)[0] + "..."


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def identifier(program):
    return "_" + program.replace("-", "_")


# ---- bash

BASH = """# bash completion for {program}
# {made}

# Completes the current word from the output of compgen with these arguments.
{function}_reply()
{{
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}}

{function}()
{{
    local cur=${{COMP_WORDS[COMP_CWORD]}} command='' option='' argument=0 glue='' i word
    local -a words=()
    COMPREPLY=()
    # bash separates --name=value and host:port into three words: here they are one again.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${{COMP_WORDS[i]}}
        if [[ ${{#words[@]}} -gt 0 && ($glue || $word =~ ^[=:]+$) ]]; then
            words[-1]+=$word
            [[ $word =~ ^[=:]+$ ]] && glue=yes || glue=''
        else
            words+=("$word")
            glue=''
        fi
    done
    if [[ $cur == = && ${{#words[@]}} -gt 0 ]]; then
        words[-1]+='='
        cur='' glue=yes
    fi
    if [[ $glue ]]; then
        option=${{words[-1]%%=*}}
        unset 'words[-1]'
    fi
    for word in "${{words[@]}}"; do
        if [[ $glue != yes && $option ]]; then
            option='' # this was its value
            continue
        fi
        case "$command|$word" in
            {valued})
                [[ $glue ]] || option=$word
                ;;
            *'|-'*) ;;
{enter}            *) ((++argument)) ;;
        esac
    done
    if [[ $option ]]; then
        case "$command|$option" in
{values}            *) ;;
        esac
    elif [[ $cur == -* ]]; then
        case $command in
{options}        esac
    else
        case "$command|$argument" in
{arguments}            *) ;;
        esac
    fi
}}

complete -F {function} {program}
"""


def bash_action(function, row):
    words, kind = values(row)
    flags = {"files": "-f", "folders": "-d", "hosts": "-A hostname", "groups": "-g"}.get(kind, "")
    if kind in ("files", "folders"):
        flags = f"compopt -o filenames; {function}_reply {flags}"
    else:
        flags = f"{function}_reply {flags}".strip()
    if kind == "streams":
        words_text = f'"$({STREAMS})"'
    else:
        words_text = quoted(" ".join(words)) if words else ""
    if not words_text and not kind:
        return None
    return f"{flags} -W {words_text}" if words_text else flags


STREAMS = ("mocapctl status --json 2>/dev/null | grep -o '\"stream\":\"[^\"]*\"' | "
           "cut -d '\"' -f 4")


def alternatives(patterns, indent=12):
    """Patterns of a case statement, on lines that fit."""
    text = " | ".join(quoted(pattern).replace(" ", "\0") for pattern in patterns)
    lines = textwrap.wrap(text, 96 - indent, break_long_words=False, break_on_hyphens=False)
    return f" \\\n{' ' * indent}".join(lines).replace("\0", " ")


def branch(patterns, body, indent=12):
    """A branch of a case statement; patterns are words."""
    return f"{' ' * indent}{alternatives(patterns)}) {body} ;;\n"


def bash(program, root):
    function = identifier(program)
    valued, enter, options, arguments, by_action = [], "", "", "", {}
    for command in root.all():
        for row in command.options:
            if row.get("value"):
                patterns = [f"{command.path}|{name}" for name in names(row)]
                valued += patterns
                action = bash_action(function, row)
                if action:
                    by_action.setdefault(action, []).extend(patterns)
        for child in command.commands:
            word = child.path.split()[-1]
            enter += branch([f"{command.path}|{word}"], f"command={quoted(child.path)}")
        listed = " ".join(name for row in command.options for name in names(row))
        options += branch([command.path], f"{function}_reply -W {quoted(listed)}")
        if command.commands:
            words = " ".join(child.path.split()[-1] for child in command.commands)
            arguments += branch([f"{command.path}|0"], f"{function}_reply -W {quoted(words)}")
        for i, row in enumerate(command.arguments):
            action = bash_action(function, row)
            if action:
                start = f"{command.path}|"
                pattern = f"{quoted(start)}*" if row.get("many") else quoted(f"{start}{i}")
                arguments += f"            {pattern}) {action} ;;\n"
    chosen = "".join(branch(patterns, action) for action, patterns in by_action.items())
    return BASH.format(program=program, made=MADE, function=function,
                       valued=alternatives(valued),
                       enter=enter, values=chosen, options=options, arguments=arguments)


# ---- zsh

def zsh_text(text):
    return re.sub(r"([][\\])", r"\\\1", text)


def zsh_action(function, row):
    words, kind = values(row)
    action = {"files": "_files", "folders": "_files -/", "hosts": "_hosts", "groups": "_groups",
              "streams": f"{function}_streams"}.get(kind)
    if words and action:
        return f"_alternative 'words:word:({' '.join(words)})' 'others:other:{action}'"
    return f"({' '.join(words)})" if words else action or " "


def zsh_option(function, row):
    described = f"[{zsh_text(short(row['help']))}]"
    value = ""
    if row.get("value"):
        label = re.sub(r"([:\\])", r"\\\1", row["value"])
        value = f":{label}:{zsh_action(function, row)}"
    repeated = "*" if "repeated" in row["help"] else ""
    forms = [f"--{row['name']}" + "=" * bool(row.get("value"))]
    if row.get("letter"):
        forms.insert(0, f"-{row['letter']}" + "+" * bool(row.get("value")))
    together = f"({' '.join(names(row))})" if len(forms) > 1 and not repeated else ""
    return [quoted(f"{repeated or together}{form}{described}{value}") for form in forms]


def zsh_function(function, command):
    name = function + "".join(f"_{word}" for word in command.path.split())
    specs = [spec for row in command.options for spec in zsh_option(function, row)]
    if command.commands:
        specs += ["'1:command:->command'", "'*::argument:->argument'"]
    for row in command.arguments:
        position = "*" if row.get("many") else ("" if row["required"] else ":")
        label = re.sub(r"([:\\])", r"\\\1", row["name"])
        specs.append(quoted(f"{position}:{label}:{zsh_action(function, row)}"))
    lines = " \\\n        ".join(specs)
    if not command.commands:
        return f"{name}()\n{{\n    _arguments -s -S \\\n        {lines}\n}}\n"
    listed = "\n".join(f"                {quoted(child.path.split()[-1] + ':' + short(child.summary))}"
                       for child in command.commands)
    entered = "\n".join(f"                {child.path.split()[-1]}) {name}_{child.path.split()[-1]} ;;"
                        for child in command.commands)
    return (f"{name}()\n{{\n    local curcontext=$curcontext state line\n"
            f"    typeset -A opt_args\n    local -a commands\n"
            f"    _arguments -s -S -C \\\n        {lines} && return\n"
            f"    case $state in\n        command)\n            commands=(\n{listed}\n            )\n"
            f"            _describe -t commands command commands\n            ;;\n"
            f"        argument)\n            case $line[1] in\n{entered}\n            esac\n"
            f"            ;;\n    esac\n}}\n")


def zsh(program, root):
    function = identifier(program)
    parts = [f"#compdef {program}\n# {MADE}\n"]
    if any(values(row)[1] == "streams" for command in root.all()
           for row in command.arguments + command.options if row.get("value") or row.get("argument")):
        parts.append(f"{function}_streams()\n{{\n    local -a streams\n"
                     f"    streams=(${{(f)\"$({STREAMS})\"}})\n"
                     f"    _describe -t streams stream streams\n}}\n")
    parts += [zsh_function(function, command) for command in reversed(list(root.all()))]
    return "\n".join([*parts, f'{function} "$@"\n'])


# ---- fish

FISH = """# fish completion for {program}
# {made}

# Prints the words before the cursor that are neither options nor their values.
function __fish{function}_words
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case {valued}
                set is_value yes
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether these commands were entered. With a number first: and then as many arguments.
function __fish{function}_at
    set -l words (__fish{function}_words)
    if string match -qr '^[0-9]+$' -- "$argv[1]"
        test (count $words) -eq (math $argv[1] + (count $argv) - 1)
        or return 1
        set -e argv[1]
    end
    test (count $words) -ge (count $argv)
    or return 1
    for i in (seq (count $argv))
        test "$words[$i]" = "$argv[$i]"
        or return 1
    end
end

complete -c {program} -f
"""


def fish_action(row):
    words, kind = values(row)
    if kind == "files":
        return f" -r -F{' -a ' + quoted(' '.join(words)) if words else ''}"
    listed = {"folders": "(__fish_complete_directories)", "hosts": "(__fish_print_hostnames)",
              "groups": "(__fish_complete_groups)", "streams": f"({STREAMS})"}.get(kind)
    offered = " ".join([*words, *([listed] if listed else [])])
    return f" -x -a {quoted(offered)}" if offered else " -x"


def fish(program, root):
    function = identifier(program)
    valued = sorted({name for command in root.all() for row in command.options
                     if row.get("value") for name in names(row)})
    lines = [FISH.format(program=program, made=MADE, function=function,
                         valued=" ".join(valued) or "''")]

    def complete(command, count, rest):
        where = [str(count)] * (count is not None) + command.path.split()
        condition = f" -n {quoted(' '.join([f'__fish{function}_at', *where]))}" if where else ""
        lines.append(f"complete -c {program}{condition}{rest}\n")

    for command in root.all():
        lines.append("\n")
        for child in command.commands:
            complete(command, 0, f" -a {child.path.split()[-1]} -d {quoted(short(child.summary))}")
        for row in command.options if not command.path else [
                row for row in command.options if row in command.own]:
            letter = f" -s {row['letter']}" if row.get("letter") else ""
            action = fish_action(row) if row.get("value") else ""
            complete(command, None,
                     f"{letter} -l {row['name']}{action} -d {quoted(short(row['help']))}")
        for i, row in enumerate(command.arguments):
            action = fish_action(row)
            if action != " -x":
                count = None if row.get("many") else i
                complete(command, count, action.replace(" -r", "").replace(" -x", ""))
    return "".join(lines)


def files(program, builtin):
    """The files in tools/completion, by name."""
    root = Command("", program, builtin)
    name = program["name"]
    return {f"{name}.bash": bash(name, root), f"_{name}": zsh(name, root),
            f"{name}.fish": fish(name, root)}
