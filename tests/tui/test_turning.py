"""How choices turn in forms."""

from medtui.tui.editor.turning import turned


def test_choices_turn_around_the_ends_and_begin_with_the_first() -> None:
    """Also backwards; a word that is none of them is followed by the first."""
    words = ("", "card", "patient")
    assert [turned(words, each, 1) for each in words] == ["card", "patient", ""]
    assert [turned(words, each, -1) for each in words] == ["patient", "", "card"]
    assert turned(words, "unknown", 1) == ""
