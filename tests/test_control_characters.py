"""Control characters in text that others wrote, and their escaped form."""

import json
import unicodedata

from medtui.control_characters import escape_controls, one_line

ALL = [chr(number) for number in range(0x110000)]


def test_every_control_override_and_surrogate_is_escaped_and_nothing_else() -> None:
    """Of all characters of Unicode; tab and newline stay."""
    overrides = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    expected = {
        letter
        for letter in ALL
        if (unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\t\n")
        or unicodedata.bidirectional(letter) in overrides
    }
    assert {letter for letter in ALL if escape_controls(letter) != letter} == expected
    assert escape_controls("\x1b]0;a\x07") == "\\u001b]0;a\\u0007"


def test_json_is_valid_and_the_same_when_it_was_escaped() -> None:
    """What a program reads from `--json` is what was written."""
    escaped = [letter for letter in ALL if letter != escape_controls(letter)]
    value = " ".join([*escaped, "\t\né\U0001f600"])  # surrogates apart: a pair is one character
    written = escape_controls(json.dumps(value, ensure_ascii=False))
    assert json.loads(written) == value
    assert written.replace("\n", "").isprintable()


def test_a_line_has_no_breaks() -> None:
    """Breaks and tabs are spaces, so that a name cannot pretend to be two lines."""
    assert one_line("a\nb\tc\r\x85") == "a b c \\u0085"
