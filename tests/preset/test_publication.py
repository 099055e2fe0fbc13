"""`[published]`: one number of a run, numbers by class, or their range."""

import pytest

from medtui.preset import dump_preset, parse_preset
from medtui.preset.problems import DocumentError

PRESET = 'name = "x"\n[data]\ncard = "demo"\n[published."prune-0.1"]\nmetric = "accuracy"\n'


@pytest.mark.parametrize(
    "text",
    ["value = 0.7", "classes = { a = 0.9 }", "class_range = [0.8, 0.9]", "value = 1.0\nnote = 'n'"],
)
def test_published_numbers_survive_writing(text: str) -> None:
    """A resolved preset holds what was published, for the report on an old run."""
    preset = parse_preset(PRESET + text, "x")
    assert parse_preset(dump_preset(preset), "x").published == preset.published


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source = 'table 3'", "give it, `classes` or `class_range`"),
        ("class_range = [0.9, 0.8]", "must begin with the lowest number"),
    ],
)
def test_what_says_nothing_is_refused(text: str, words: str) -> None:
    """An entry without a number, and a range that falls."""
    with pytest.raises(DocumentError, match="published") as caught:
        parse_preset(PRESET + text, "x")
    assert words in str(caught.value)
