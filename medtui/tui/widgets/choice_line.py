"""The choices in the title of a pane: all names with their digits, the current one in brackets."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from medtui.charts.palette import Colours


@dataclass(frozen=True)
class ChoiceLine:
    """A title, and where in it each choice stands."""

    text: Text
    spans: tuple[tuple[int, int, int], ...]
    """First cell, cell after the last, and number of each choice that is shown, from 0."""

    def choice_at(self, cell: int) -> int | None:
        """Return the choice at a cell of the title; None where there is none."""
        return next((at for first, end, at in self.spans if first <= cell < end), None)


def choice_line(
    title: str,
    names: Sequence[str],
    current: int,
    width: int,
    colours: Colours,
    *,
    is_numbered: bool,
    rule: str,
    rule_colour: str,
) -> ChoiceLine:
    """Return a title of so many cells; choices that do not fit are left out around the current."""
    words = [f"{at} {name}" if is_numbered and at <= 9 else name  # noqa: PLR2004 - the last digit
             for at, name in enumerate(names, 1)]  # fmt: skip
    room = width - len(title) - 3
    first, last = _window(words, current, room)
    text = Text(title, style=f"bold {colours.strong}")
    shown = words[first:last]
    length = sum(map(len, shown)) + max(0, len(shown) - 1) + (2 if shown else 0)
    if shown:
        text.append(f" {rule * max(1, width - len(title) - length - 2)} ", style=rule_colour)
    spans = []
    for at, word in enumerate(shown, first):
        if at > first:
            text.append(" ")
        begin = text.cell_len
        is_current = at == current
        label = f"‹{word}›" if is_current else word
        text.append(label, style=f"bold {colours.accent}" if is_current else colours.muted)
        spans.append((begin, text.cell_len, at))
    return ChoiceLine(text, tuple(spans))


def _window(words: Sequence[str], current: int, room: int) -> tuple[int, int]:
    """Return which words fit, the current one among them: as many as can from the first on."""
    for first in range(max(0, current) + 1):
        last, length = first, 2
        while last < len(words) and length + len(words[last]) + (last > first) <= room:
            length += len(words[last]) + (last > first)
            last += 1
        if last > current:
            return first, last
    return current, current
