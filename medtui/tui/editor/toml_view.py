"""A preset's text as it will be saved, with syntax colours."""

import re
from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from medtui.charts.palette import Colours
from medtui.tui.editor.document import PresetDocument
from medtui.tui.widgets.panel import Panel


class TomlView(Panel, VerticalScroll):
    """Shows a document; notes and errors are above it."""

    DEFAULT_CSS = """
    TomlView { padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def compose(self) -> ComposeResult:
        yield Static()

    def show(
        self,
        document: PresetDocument,
        colours: Colours,
        notes: Sequence[str] = (),
    ) -> None:
        """Show a document; `notes` are what checking it on this machine found."""
        text = Text()
        for note in notes:
            text.append(f"⚠ {note}\n", style=colours.warning)
        for problem in document.problems:
            text.append(f"⚠ {problem.sentence}\n", style=colours.warning)
        for line in document.text.rstrip().splitlines():
            text.append_text(coloured_line(line, colours))
            text.append("\n")
        self.caption("Preset")
        self.query_one(Static).update(text)


def coloured_line(line: str, colours: Colours) -> Text:
    """Return a line of TOML with syntax colours."""
    text = Text(line)
    text.highlight_regex(r"^\s*[\w.-]+(?=\s*=)", colours.accent)
    text.highlight_regex(r"^\s*\[+.*?\]+\s*$", f"bold {colours.strong}")
    if comment := re.search(r"(^|\s)#[^\"']*$", line):
        text.stylize(colours.muted, comment.start())
    return text
