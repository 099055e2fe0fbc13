"""The list of presets, and the panel that describes the one under the cursor."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from medtui.charts.palette import Colours
from medtui.tui.bindings import bind
from medtui.tui.editor.preset_list import PresetEntry, describe_entry
from medtui.tui.editor.problem_text import problems_text
from medtui.tui.widgets.panel import Panel
from medtui.tui.widgets.table import Cells, Column, RecordTable
from medtui.units import MISSING, format_estimate

_MARK = 2
_MOST_NAME, _MOST_PATH = 26, 24
"""Cells of a name or a path at most, so that what a preset does has room."""


class PresetPanel(Panel, VerticalScroll):
    """What the highlighted preset runs, or every problem of its file."""

    DEFAULT_CSS = """
    PresetPanel { padding: 0 1; scrollbar-size-vertical: 1; & Static { height: auto; } }
    """

    def compose(self) -> ComposeResult:
        yield Static()

    def show(self, entry: PresetEntry, colours: Colours, *, is_measuring: bool) -> None:
        """Show an entry, with what its check measured."""
        if entry.preset is None:
            below = Text("No study can start from this file.", colours.warning)
            text = problems_text(entry.problems, colours)
        else:
            below = Text("measuring the time of a step …" if is_measuring else "", colours.muted)
            text = Text.assemble((entry.about, f"bold {colours.strong}"), "\n\n")
            text.append(describe_entry(entry), "not bold")
            if entry.data_problem:
                text.append(f"\n\n⚠ {entry.data_problem}", colours.warning)
                text.append("\nSet the root on the next screen: Enter.", colours.muted)
        self.caption(entry.name, below)
        self.query_one(Static).update(text)

    def show_none(self, wanted: str, colours: Colours) -> None:
        """Show what Enter does with a text that no preset has."""
        self.caption("No preset", Text())
        text = Text(f"No preset has {wanted!r} in its name or description.", colours.muted)
        text.append("\nEnter opens it as the path of a file.", colours.muted)
        self.query_one(Static).update(text if wanted else "")


class PresetTable(RecordTable):
    """The presets, one per row."""

    def __init__(self) -> None:
        super().__init__(_columns_for(()), id="presets")

    def show_entries(self, entries: Sequence[PresetEntry], colours: Colours) -> None:
        """Show these presets, in columns as wide as what they hold."""
        self.set_columns(_columns_for(entries))
        self.show({entry.name: _row_of(entry, colours) for entry in entries})

    BINDINGS = [bind("open", "select_cursor", "Set up", "Change its settings before it starts")]


def _columns_for(entries: Sequence[PresetEntry]) -> tuple[Column, ...]:
    """Return the columns; what each preset does gets all the width that the others leave."""
    names = [len(entry.name) + _MARK for entry in entries]
    times = [len(_time_of(entry)) for entry in entries]
    images = [len(entry.data_text) for entry in entries]
    return (
        Column("name", "preset", min(_MOST_NAME, max(names, default=22))),
        Column("runs", "runs", 4, rank=1, justify="right"),
        Column("time", "time", max([4, *times]), rank=2, justify="right"),
        Column("about", "what it does", 36, grows=True, most=90),
        Column("data", "images", min(_MOST_PATH, max([6, *images])), rank=3),
    )


def _time_of(entry: PresetEntry) -> str:
    return format_estimate(entry.estimate.seconds_study) if entry.estimate else MISSING


def caption_of(num_shown: int, num_all: int, wanted: str) -> str:
    """Return the title of the list."""
    if not num_all:
        return "Presets: reading …"
    return f"Presets: {num_shown} of {num_all} with {wanted!r}" if wanted else "Presets"


def legend_of(entries: Iterable[PresetEntry], colours: Colours) -> Text:
    """Return what the mark of presets that cannot start yet means; empty where there is none."""
    missing = any(entry.preset is not None and not entry.is_ready for entry in entries)
    broken = any(entry.preset is None for entry in entries)
    words = " or ".join(["images not found"] * missing + ["error in the file"] * broken)
    return Text.assemble(("✗ ", colours.warning), (words, colours.muted)) if words else Text()


def _row_of(entry: PresetEntry, colours: Colours) -> Cells:
    """Return a preset's row."""
    is_ready = entry.is_ready
    mark = Text("✓ ", colours.good) if is_ready else Text("✗ ", colours.warning)
    muted = colours.muted if entry.preset is not None else colours.warning
    return {
        "name": mark.append(entry.name, f"bold {colours.strong}"),
        "runs": Text(entry.num_runs),
        "time": Text(_time_of(entry)),
        "about": Text(entry.about, muted),
        "data": Text(entry.data_text, colours.muted if is_ready else colours.warning),
    }
