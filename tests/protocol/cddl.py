"""As much of CDDL (RFC 8610) as protocol/mocap.cddl uses: reads the schema and checks
values against it.

A map's "* text => any" lets fields of later versions through; here, where daemon and
schema are of one version, it lets nothing through, so a field that the schema does not
name is found.
"""
import re
from array import array

TOKEN = re.compile(r"""
    (?P<space>\s+|;[^\n]*) |
    (?P<string>"[^"]*") |
    (?P<tag>\#6\.(?P<number>\d+)) |
    (?P<occurs>\d+\*\d+|[?*+]) |
    (?P<name>[A-Za-z_][A-Za-z0-9_-]*) |
    (?P<sign>=>|[={}\[\]():,/])
""", re.VERBOSE)


class Mismatch(Exception):
    pass


def tokens(text):
    at, found = 0, []
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"schema, byte {at}: {text[at:at + 20]!r}")
        at = match.end()
        if match.lastgroup == "tag":
            found.append(("tag", match.group("number")))
        elif match.lastgroup != "space":
            found.append((match.lastgroup, match.group()))
    return found


class Parser:
    """Recursive descent to tuples: ("choice", types), ("map", members), ..."""

    def __init__(self, text):
        self.tokens = tokens(text)
        self.at = 0

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ("end", "")

    def take(self, text=None):
        token = self.peek()
        if text is not None and token[1] != text:
            raise ValueError(f"schema: {text!r} is expected, not {token[1]!r}")
        self.at += 1
        return token

    def rules(self):
        rules = {}
        while self.peek()[0] != "end":
            name = self.take()[1]
            self.take("=")
            if name in rules:
                raise ValueError(f"schema: {name} is there twice")
            rules[name] = self.type()
        return rules

    def type(self):
        choices = [self.single()]
        while self.peek()[1] == "/":
            self.take()
            choices.append(self.single())
        return choices[0] if len(choices) == 1 else ("choice", choices)

    def single(self):
        kind, text = self.take()
        if kind == "string":
            return ("literal", text[1:-1])
        if kind == "tag":
            self.take("(")
            inner = self.type()
            self.take(")")
            return ("tag", int(text), inner)
        if kind == "name":
            return ("name", text)
        if text in "{[":
            return ("map" if text == "{" else "array", self.members("}" if text == "{" else "]"))
        raise ValueError(f"schema: {text!r} is no type")

    def members(self, end):
        members = []
        while self.peek()[1] != end:
            least, most = 1, 1
            if self.peek()[0] == "occurs":
                occurs = self.take()[1]
                least, most = {"?": (0, 1), "*": (0, None), "+": (1, None)}.get(occurs) or tuple(
                    int(bound) for bound in occurs.split("*"))
            key = None
            if self.peek()[0] == "name" and self.peek(1)[1] == ":":
                key = self.take()[1]
                self.take(":")
            elif self.peek(1)[1] == "=>":
                self.take("text")
                self.take("=>")
                key = ...  # any text
            members.append((least, most, key, self.type()))
            if self.peek()[1] == ",":
                self.take()
        self.take(end)
        return members


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


BUILT_IN = {
    "any": lambda value: True,
    "text": lambda value: isinstance(value, str),
    "bytes": lambda value: isinstance(value, bytes),
    "int": is_int,
    "uint": lambda value: is_int(value) and value >= 0,
    "number": lambda value: is_int(value) or isinstance(value, float),
    "true": lambda value: value is True,
    "bool": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


class Schema:
    def __init__(self, text):
        self.rules = Parser(text).rules()
        self.used = set()  # rules that some value matched
        for name in re.findall(r"'name', '([^']+)'", str(list(self.rules.values()))):
            if name not in self.rules and name not in BUILT_IN:
                raise ValueError(f"schema: {name} is not defined")

    def check(self, rule, value):
        """Mismatch, with the place, when value is none of what the rule says."""
        self._check(("name", rule), value, rule)

    def alternatives(self, rule):
        return [choice[1] for choice in self.rules[rule][1]]

    def _check(self, type_, value, where):
        getattr(self, "_" + type_[0])(type_, value, where)

    def _name(self, type_, value, where):
        name = type_[1]
        if name not in self.rules:
            if not BUILT_IN[name](value):
                raise Mismatch(f"{where}: {value!r:.60} is no {name}")
            return
        self._check(self.rules[name], value, where)
        self.used.add(name)

    def _literal(self, type_, value, where):
        if value != type_[1]:
            raise Mismatch(f"{where}: {value!r:.60} is not {type_[1]!r}")

    def _tag(self, type_, value, where):
        # The decoder has made an array of the only tag there is.
        if type_[1] != 85 or not (isinstance(value, array) and value.typecode == "f"):
            raise Mismatch(f"{where}: {value!r:.60} is no typed array")

    def _choice(self, type_, value, where):
        causes = []
        for choice in type_[1]:
            try:
                return self._check(choice, value, where)
            except Mismatch as cause:
                causes.append(str(cause))
        # The one of the value's own type is the one that was meant.
        raise Mismatch(max(causes, key=lambda cause: ".type: " not in cause))

    def _array(self, type_, value, where):
        if not isinstance(value, list):
            raise Mismatch(f"{where}: {value!r:.60} is no array")
        at = 0
        for least, most, _, member in type_[1]:
            count = 0
            while at < len(value) and (most is None or count < most):
                self._check(member, value[at], f"{where}[{at}]")
                at, count = at + 1, count + 1
            if count < least:
                raise Mismatch(f"{where}: {count} elements, {least} are expected")
        if at < len(value):
            raise Mismatch(f"{where}: {len(value)} elements, {at} are expected")

    def _map(self, type_, value, where):
        if not isinstance(value, dict):
            raise Mismatch(f"{where}: {value!r:.60} is no map")
        known, others = set(), None
        for least, _, key, member in type_[1]:
            if key is ...:
                others = None if member == ("name", "any") else member
                continue
            known.add(key)
            if key in value:
                self._check(member, value[key], f"{where}.{key}")
            elif least > 0:
                raise Mismatch(f"{where}: {key} is missing")
        for key in value.keys() - known:
            if others is None:
                raise Mismatch(f"{where}: {key} is not in the schema")
            self._check(others, value[key], f"{where}.{key}")
