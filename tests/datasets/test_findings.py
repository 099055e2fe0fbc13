"""Ranks of findings, and what a preset accepts."""

import pytest

from medtui.datasets.findings import (
    UnacceptedFindings,
    by_rank,
    error,
    note,
    require_accepted,
    warning,
)
from medtui.preset import parse_preset
from medtui.preset.toml import DocumentError

FOUND = (
    note("copies", "2 images with the same pixels as another image"),
    error("shared-patients", "the official split has 1 patient in several splits: 14"),
    warning("no-patients", "no patient information"),
    error("missing-class", "val has no image of Mass"),
)


def test_the_most_serious_come_first() -> None:
    """Within a rank, the order in which they were found is kept."""
    assert [each.name for each in by_rank(FOUND)] == [
        "shared-patients", "missing-class", "no-patients", "copies",
    ]  # fmt: skip


def test_the_hint_accepts_every_error() -> None:
    """It repeats what the preset accepts already."""
    with pytest.raises(UnacceptedFindings) as caught:
        require_accepted(FOUND, ("missing-class",))
    assert [each.name for each in caught.value.errors] == ["shared-patients"]
    assert 'data.accept=["missing-class", "shared-patients"]' in caught.value.hint
    assert caught.value.key == ("data", "accept")
    require_accepted(FOUND, ("missing-class", "shared-patients"))


def test_an_unknown_error_cannot_be_accepted() -> None:
    """A preset with a wrong name is refused with a suggestion."""
    text = 'name = "some"\n[data]\ncard = "demo"\naccept = ["shared-patient"]\n'
    with pytest.raises(DocumentError, match="Did you mean `shared-patients`"):
        parse_preset(text, "some.toml")


def test_errors_are_described() -> None:
    """A name without a description could not be accepted."""
    with pytest.raises(AssertionError):
        error("made-up", "a sentence")
