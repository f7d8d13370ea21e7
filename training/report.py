"""Tables in Markdown, and the statistics that go into them."""

import numpy as np


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def replace_between(path, mark, text):
    """Puts text between <!-- mark --> and <!-- end of mark --> of a file."""
    begin, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    with open(path) as file:
        page = file.read()
    if page.count(begin) != 1 or page.count(end) != 1:
        raise SystemExit(f"{path}: wants {begin} and {end}, once each")
    before, rest = page.split(begin)
    _, after = rest.split(end)
    with open(path, "w") as file:
        file.write(f"{before}{begin}\n{text}\n{end}{after}")


def ranks(values):
    order = np.argsort(values)
    places = np.empty(len(values))
    places[order] = np.arange(len(values))
    return places


def rank_correlation(a, b):
    """Spearman's, ties in order of appearance."""
    return np.corrcoef(ranks(np.ravel(a)), ranks(np.ravel(b)))[0, 1]


def area_under_curve(low, high):
    """The chance that one of low is below one of high."""
    return np.mean(np.asarray(low)[:, None] < np.asarray(high)[None, :])
