"""Text for manual pages, in the language mdoc: phrases of the options' tables, and the Markdown of
docs/ (headings, paragraphs, lists, tables, code)."""

import re

# Words that mdoc would take for macros where it expects arguments.
MACROS = set("Ad An Ao Ap Aq Ar At Bc Bd Bf Bk Bl Bo Bq Bsx Bt Bx Cd Cm Db Dc Dd Dl Do Dq Dt Dv Dx "
             "Ec Ed Ef Ek El Em En Eo Er Es Ev Ex Fa Fc Fd Fl Fn Fo Fr Ft Fx Hf Ic In It Lb Li Lk "
             "Lp Ms Mt Nd Nm No Ns Nx Oc Oo Op Os Ot Ox Pa Pc Pf Po Pp Pq Qc Ql Qo Qq Re Rs Rv Sc "
             "Sh Sm So Sq Ss St Sx Sy Ta Tg Tn Ud Ux Va Vt Xc Xo Xr".split())
FENCE = re.compile(r"^```")


def escape(text):
    """Text as roff shows it literally."""
    text = text.replace("\\", "\\e").replace("–", "\\(en").replace("…", "...")
    text = text.replace("µ", "\\(mc").replace("·", "\\(pc")
    text = re.sub(r"(?<![\w-])--(?=\w)", r"\\-\\-", text)
    text = text.replace("~", "\\(ti").replace("^", "\\(ha").replace("`", "\\(ga")
    return text


def argument(word):
    """A macro's argument that is one word."""
    word = escape(word)
    if word in MACROS or re.fullmatch(r"[][().,:;!?|]", word):
        return f"\\&{word}"
    return f'"{word}"' if " " in word else word


def guard(line):
    """A line of text must not look like a macro."""
    return f"\\&{line}" if line[:1] in (".", "'") else line


def split_sentences(text):
    """A sentence begins on a line of its own."""
    return re.split(r"(?<=[A-Za-z0-9)\"'`\]/][.?!])(?<!e\.g\.)(?<!\.\.\.) (?=[A-Z`*-])", text)


def wrap(text, width=80):
    lines, line = [], ""
    for word in text.split():
        if line and len(line.encode()) + 1 + len(word.encode()) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return lines + [line] if line else lines


def sentences(text, capital=True):
    """The lines of an option's help, a phrase, as sentences. Words to be entered stay as they are."""
    if capital:
        text = text[:1].upper() + text[1:]
    lines = []
    for sentence in re.split(r"(?<=[a-z0-9)])\. (?=[A-Z])", text):
        if not sentence.endswith("..."):
            sentence = f"{sentence.rstrip('.')}."
        lines += [guard(line) for line in wrap(escape(sentence))]
    return lines


# ---- Markdown

def plain(text):
    """Inline Markdown without its marks, for headings and labels."""
    text = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\*{1,2}([^*]+)\*{1,2}", r"\1", text)
    return text.replace("`", "").replace("\\|", "|")


def code(text):
    return f"\\fB{escape(text)}\\fR"


def emphasised(text):
    return re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*", r"\\fI\1\\fR", escape(text))


def inline(text):
    """Inline Markdown as roff: code in bold, emphasis in italics; of links the text remains."""
    text = re.sub(r"!\[[^]]*\]\([^)]*\)", "", text).replace("\\|", "|")
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"\1", text)
    parts = re.split(r"`([^`]+)`", text)
    return "".join(code(part) if i % 2 else emphasised(part) for i, part in enumerate(parts))


def paragraph(text):
    lines = []
    for sentence in split_sentences(" ".join(text.split())):
        lines += [guard(line) for line in wrap(inline(sentence))]
    return lines


def cells(line):
    inner = line.strip()[1:-1] if line.strip().endswith("|") else line.strip()[1:]
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", inner)]


def table(lines):
    """A list: the first column labels an item, the others say more, with their heading."""
    heads = cells(lines[0])
    out = [".Bl -tag -width Ds"]
    for line in lines[2:]:
        row = cells(line)
        ending = "\\&" if row[0].rstrip("`").endswith(":") else ""
        out.append(f'.It Li "{escape(plain(row[0]))}{ending}"')
        for i, cell in enumerate(row[1:], 1):
            if not cell:
                continue
            text = f"{cell[:1].upper()}{cell[1:]}" if i == 1 else f"{plain(heads[i])}: {cell}"
            text = text[:1].upper() + text[1:]
            out += paragraph(text if text.endswith((".", "?")) else f"{text}.")
    return [*out, ".El"]


def bullets(text):
    out = [".Bl -bullet"]
    for item in re.split(r"^- ", text, flags=re.M)[1:]:
        out += [".It", *paragraph(item)]
    return [*out, ".El"]


def literal(lines):
    return [".Bd -literal -offset indent", *[guard(escape(line)) for line in lines], ".Ed"]


def blocks(lines):
    """Yields the blocks of Markdown: (kind, lines)."""
    at = 0
    while at < len(lines):
        if FENCE.match(lines[at]):
            end = next(i for i in range(at + 1, len(lines)) if FENCE.match(lines[i]))
            yield "code", lines[at + 1:end]
            at = end + 1
        elif not lines[at].strip():
            at += 1
        else:
            end = at
            while end < len(lines) and lines[end].strip() and not FENCE.match(lines[end]):
                end += 1
                if lines[at].startswith("#"):
                    break
            first = lines[at]
            kind = ("heading" if first.startswith("#") else "table" if first.startswith("|")
                    else "list" if first.startswith("- ") else "paragraph")
            yield kind, lines[at:end]
            at = end


def convert(text, title):
    """The section with this title, or all without the document's own title, as lines of mdoc."""
    out, inside = [], not title
    for kind, lines in blocks(text.splitlines()):
        if kind == "heading":
            depth, heading = lines[0].split(" ", 1)
            inside = not title or heading == title or (inside and len(depth) > 2)
            if inside and len(depth) > 1 and heading != title:
                out.append(f".Ss {plain(heading)}")
        elif inside and kind == "code":
            out += literal(lines)
        elif inside and kind == "table":
            out += table(lines)
        elif inside and kind == "list":
            out += bullets("\n".join(lines))
        elif inside and not lines[0].startswith("!["):
            if out and not out[-1].startswith(".Ss"):
                out.append(".Pp")
            out += paragraph("\n".join(lines))
    return out
