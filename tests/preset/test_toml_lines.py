"""Lines of keys in TOML text, whatever shape it has."""

import json
import re

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from medtui.preset.toml_lines import MAX_KEYS, find_key_lines

SHAPES = '''# [comment] x = 1
title = "a # b" # lr = 1
"quoted.key" = 1
'literal "key"' = 2
"esc\\u0061pe" = 3
dotted . "inner key".last = 4
3.14 = "digits"
text = """
lr = 3
[lc]
\\"""
quotes""""
raw = \'\'\'
x = {y = 1}\'\'\'
array = [
  1, # one
  [2, 3],

  { a = "]", b = [
    "#", 4 ] }, "x",
]
inline = { p = 1, q.r = 2, s = { t = [7] } }
when = 1979-05-27 07:32:00.5

[ table . "sub table" ] # header
lr = -1.0e+3
[[list]]
n = 1
[other]
n = 2
[[list]]
[list.child]
n = 3
[[list.items]]
n = 4
[[list.items]]
n = 5
[table]
late = 6
'''

LINES = {
    ("title",): 2,
    ("quoted.key",): 3,
    ('literal "key"',): 4,
    ("escape",): 5,
    ("dotted",): 6,
    ("dotted", "inner key", "last"): 6,
    ("3", "14"): 7,
    ("text",): 8,
    ("raw",): 13,
    ("array",): 15,
    ("array", 0): 16,
    ("array", 1): 17,
    ("array", 1, 1): 17,
    ("array", 2): 19,
    ("array", 2, "a"): 19,
    ("array", 2, "b"): 19,
    ("array", 2, "b", 0): 20,
    ("array", 2, "b", 1): 20,
    ("array", 3): 20,
    ("inline",): 22,
    ("inline", "q", "r"): 22,
    ("inline", "s", "t", 0): 22,
    ("when",): 23,
    ("table", "sub table"): 25,
    ("table", "sub table", "lr"): 26,
    ("list",): 27,
    ("list", 0): 27,
    ("list", 0, "n"): 28,
    ("other", "n"): 30,
    ("list", 1): 31,
    ("list", 1, "child", "n"): 33,
    ("list", 1, "items", 0, "n"): 35,
    ("list", 1, "items", 1): 36,
    ("list", 1, "items", 1, "n"): 37,
    ("table",): 38,
    ("table", "late"): 39,
}


def locations(value, at=()):
    """Yield the location of everything within a parsed document."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in entries:
        yield (*at, key)
        if isinstance(inner, dict | list):
            yield from locations(inner, (*at, key))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_shape_of_a_key_is_found_at_its_line(newline):
    """Dotted, quoted and inline keys, arrays over lines, tables of arrays that stand apart."""
    found = find_key_lines(SHAPES.replace("\n", newline)).lines
    assert {key: found.get(key) for key in LINES} == LINES
    assert set(found) == set(locations(tomli.loads(SHAPES)))


def test_the_nearest_enclosing_key_stands_in_for_one_that_the_text_lacks():
    """A missing key is reported at its own table, of an array at its own element."""
    lines = find_key_lines(SHAPES)
    assert lines.nearest(("list", 1, "absent")) == 31
    assert lines.nearest(("table", "sub table", "absent", "deeper")) == 25
    assert lines.nearest(("absent",)) is None


def test_separators_of_lines_within_a_string_are_no_lines():
    """TOML ends lines at line feeds alone."""
    found = find_key_lines('a = "x\u2028y\x85z"\nb = 1\n').lines
    assert found == {("a",): 1, ("b",): 2}


@pytest.mark.parametrize(
    "text", ["= 1\na = 2", "a", "[a", "a = [1 2]", 'a = "', "a = {b}", "\x00", "[a]]\nb = 1"]
)
def test_what_is_no_toml_ends_the_scan(text):
    """Nothing is raised; lines before it stay known."""
    assert find_key_lines(f"first = 1\n{text}").lines["first",] == 1


def test_hostile_nesting_ends_the_scan():
    """Neither the stack nor time grows with brackets or dots."""
    deep = find_key_lines(f"a = {'[' * 20_000}\n").lines
    assert max(map(len, deep)) <= MAX_KEYS + 1
    assert find_key_lines("a." * 20_000 + "a = 1").lines == {}


def test_keys_given_twice_are_found_with_both_lines():
    """TOML forbids them; the parser names the second line alone, and only the first such key."""
    repeated = find_key_lines("a = 1\n[t]\nx = 1\n[u]\n[t]\nx = 2\n").repeated
    assert [(each.location, each.first_line, each.line) for each in repeated] == [
        (("t",), 2, 5),
        (("t", "x"), 3, 6),
    ]


# A generated document: every value holds a marker, so that its line can be read off the text.
_KEYS = st.one_of(
    st.sampled_from(["a", "lr", "3", "x-y", "b_c"]),
    st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs", "Cc")), max_size=6),
)
_FILLERS = ["", " ", "# k = 1\n", "\n", "\n  # ] }\n\t"]
_DECOYS = ["#", "]", "}", ",", "lr = 3", "\\n[t]\\n", "=", "'"]


class Writer:
    """Writes TOML with markers and remembers where each marker leads."""

    def __init__(self, draw):
        self.draw = draw
        self.marked = {}

    def key(self, name):
        """Return a key bare where it can be, or quoted."""
        is_bare = re.fullmatch(r"[A-Za-z0-9_-]+", name) is not None
        if is_bare and self.draw(st.booleans()):
            return name
        return json.dumps(name, ensure_ascii=self.draw(st.booleans()))

    def fresh_keys(self, least, most):
        """Return different keys."""
        return self.draw(st.lists(_KEYS, min_size=least, max_size=most, unique=True))

    def scalar(self, at):
        """Return a string that begins with its marker on the line of its key."""
        marker = f"m{len(self.marked)}m"
        self.marked[marker] = at
        decoy = self.draw(st.sampled_from(_DECOYS))
        forms = [f'"{marker}{decoy}"', f'"""{marker}{decoy}\nlr = 3\n"""', f"'''{marker}\n]'''"]
        return self.draw(st.sampled_from(forms))

    def value(self, at, depth=0):
        """Return a string, an array over several lines, or an inline table."""
        kind = self.draw(st.sampled_from(["scalar", "array", "inline"])) if depth < 3 else "scalar"
        if kind == "scalar":
            return self.scalar(at)
        if kind == "array":
            text = "["
            for position in range(self.draw(st.integers(0, 3))):
                text += self.draw(st.sampled_from(_FILLERS))
                text += self.value((*at, position), depth + 1)
                text += self.draw(st.sampled_from(_FILLERS)) + ","
            return text + self.draw(st.sampled_from(_FILLERS)) + "]"
        pairs = [
            f"{self.key(name)} = {self.value((*at, name), depth + 1)}"
            for name in self.fresh_keys(0, 3)
        ]
        return "{ " + ", ".join(pairs) + " }"

    def pairs(self, at):
        """Return some lines of keys and values, dotted or not, between comments."""
        text = ""
        for name in self.fresh_keys(0, 4):
            inner = self.fresh_keys(0, 1)
            dotted = " . ".join(self.key(part) for part in [name, *inner])
            text += f"{dotted} = {self.value((*at, name, *inner))} # end\n"
        return text

    def document(self):
        """Return a document whose tables of arrays stand apart from each other."""
        text = self.pairs(())
        numbers = {}
        for header in self.draw(st.lists(st.sampled_from(["TA", "TB", "TC"]), max_size=6)):
            number = numbers.get(header, 0)
            numbers[header] = number + 1
            text += f"[[ {header} ]]\n{self.pairs((header, number))}"
            if self.draw(st.booleans()):
                text += f"[{header}.'S u b']\n{self.pairs((header, number, 'S u b'))}"
        for name in self.draw(st.lists(st.sampled_from(["UA", "UB"]), max_size=2, unique=True)):
            text += f"[{name}.inner]\n{self.pairs((name, 'inner'))}"
        return text


@st.composite
def documents(draw):
    """Generate a document and the locations of its markers."""
    writer = Writer(draw)
    text = writer.document()
    return text, writer.marked


@settings(max_examples=300, deadline=None)
@given(documents(), st.booleans())
def test_every_key_of_any_document_is_found_at_its_line(document, has_returns):
    """A marker's line in the text is its key's line, and no key is missed or made up."""
    text, marked = document
    if has_returns:
        text = text.replace("\n", "\r\n")
    found = find_key_lines(text).lines
    lines = text.split("\n")
    for marker, location in marked.items():
        (written,) = [number for number, line in enumerate(lines, start=1) if marker in line]
        assert found[location] == written
    assert set(found) == set(locations(tomli.loads(text)))
