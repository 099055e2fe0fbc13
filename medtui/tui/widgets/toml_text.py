"""A preset's file as it will be written, coloured a little."""

import re
from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from medtui.charts.palette import Colours
from medtui.tui.editor.document import Draft
from medtui.tui.widgets.panel import Framed


class TomlText(Framed, VerticalScroll):
    """Shows a draft, live; problems without a field of their own stand above it."""

    DEFAULT_CSS = """
    TomlText { padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def compose(self) -> ComposeResult:
        """Lay the text out."""
        yield Static()

    def show(
        self, draft: Draft, colours: Colours, notes: Sequence[str] = (), estimate: str = ""
    ) -> None:
        """Bring the text up to date; `notes` are what trying it found."""
        text = Text()
        if estimate:
            text.append(f"{estimate}\n\n", style=colours.good)
        for note in notes:
            text.append(f"⚠ {note}\n", style=colours.warning)
        for problem in draft.problems:
            text.append(f"⚠ {problem.sentence}\n", style=colours.warning)
        for line in draft.text.rstrip().splitlines():
            text.append_text(_coloured(line, colours))
            text.append("\n")
        self.caption("Preset")
        self.query_one(Static).update(text)


def _coloured(line: str, colours: Colours) -> Text:
    text = Text(line)
    text.highlight_regex(r"^\s*[\w.-]+(?=\s*=)", colours.accent)
    text.highlight_regex(r"^\s*\[+.*?\]+\s*$", f"bold {colours.strong}")
    if comment := re.search(r"(^|\s)#[^\"']*$", line):
        text.stylize(colours.muted, comment.start())
    return text
