"""What mocap-fleet streams takes, refuses and keeps, with a real broker and without machines.
Usage: check_streams.py MOCAP_FLEET"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tools"))

from fleet_rig import GUARD_S, Place


class Fleet:
    """A broker alone."""

    def __init__(self, place):
        self.place, self.program = place, place.fleet_program
        self.url = place.broker(config=f'jetstream {{ store_dir: "{place.path("js")}" }}').url

    def command(self, *words):
        return subprocess.run([self.program, *words, "--nats", self.url, "--site", "t"],
                              stdout=subprocess.PIPE, text=True, check=True,
                              timeout=GUARD_S).stdout


def refusal(fleet, *words):
    """What a command says that fails."""
    result = subprocess.run(
        [fleet.program, "streams", *words, "--nats", fleet.url, "--site", "t"],
        capture_output=True, text=True, check=False, timeout=GUARD_S)
    assert result.returncode != 0 and result.stdout == "", result
    return result.stderr


def check_mistakes(fleet):
    """What no machine could take is not added, and says why; of a file, nothing is."""
    before = fleet.command("streams", "list", "--json")
    name = "a stream's name must be 1 to 63 of A-Z a-z 0-9 _ . -"
    for stream in ("front door", "k\xfcche", "a" * 64, "a:b"):
        assert name in refusal(fleet, "add", f"{stream}=demo:"), stream
    for worker in ("a" * 64, "a\x01b"):
        assert "--worker: a name must be" in refusal(fleet, "add", "door=demo:", "--worker", worker)
    assert "must have a url" in refusal(fleet, "add", "door=")
    assert "at most 3500 bytes" in refusal(fleet, "add", "door=demo:" + "x" * 3500)

    path = fleet.place.path("mistakes.conf")
    good = "[stream one]\nurl = demo:\n"
    for text, said in (("[stream two]\nmax-faces = 2\n", ":3: [stream two] must have a url"),
                       ("[stream two]\n[stream three]\nurl = demo:\n", ":3: [stream two] must have"),
                       ("[stream two words]\nurl = demo:\n", f":3: {name}"),
                       (good, ":3: stream 'one' is given twice"),
                       ("[stream two]\nurl = demo:\npassword-file = x\n", "password-file is a file of"),
                       ("[stream two]\nurl = " + "x" * 3600 + "\n", ":3: two: its options must be"),
                       ("[stream two\n", ":3")):
        with open(path, "w", encoding="utf-8") as out:
            out.write(good + text)
        assert said in refusal(fleet, "import", path), (text, refusal(fleet, "import", path))
    assert fleet.command("streams", "list", "--json") == before


def check_what_stays(fleet):
    """Labels and machine of a stream stay when it is added or imported again without them."""
    path = fleet.place.path("door.conf")
    with open(path, "w", encoding="ascii") as out:
        out.write("[stream door]\nurl = demo:\n")

    def listed():
        streams = {stream["stream"]: stream
                   for stream in json.loads(fleet.command("streams", "list", "--json"))}
        door = streams["door"]
        return door["options"], door.get("labels"), door.get("worker")
    url = {"url": "demo:"}
    for words, said, found in (
            (("add", "door=demo:", "--worker", "desk", "--label", "room=3"), "added",
             (url, ["room=3"], "desk")),
            (("import", path), "unchanged", (url, ["room=3"], "desk")),
            (("add", "door=demo:", "max-faces=2"), "changed",
             ({**url, "max-faces": "2"}, ["room=3"], "desk")),
            (("import", path, "--label", "room=4"), "changed", (url, ["room=4"], "desk")),
            (("add", "door=demo:", "--worker", "hall"), "changed", (url, ["room=4"], "hall")),
            (("add", "door=demo:", "--worker", "any"), "changed", (url, ["room=4"], None))):
        assert fleet.command("streams", *words) == f"{said} door\n", words
        assert listed() == found, (words, listed())
    assert fleet.command("streams", "remove", "door") == "removed door\n"


def main():
    with Place(sys.argv[1], None) as place:
        fleet = Fleet(place)
        check_mistakes(fleet)
        check_what_stays(fleet)


if __name__ == "__main__":
    main()
