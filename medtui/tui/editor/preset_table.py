"""The list of presets, and the panel that describes the one under the cursor."""

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

_COLUMNS = (
    Column("name", "preset", 22),
    Column("runs", "runs", 4, rank=1, justify="right"),
    Column("time", "time", 10, rank=2, justify="right"),
    Column("about", "what it does", 24, grows=True, most=80),
    Column("data", "images", 24, rank=3),
)


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
            text = Text(describe_entry(entry))
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
        super().__init__(_COLUMNS, id="presets")

    BINDINGS = [bind("open", "select_cursor", "Set up", "Change its settings before it starts")]


def caption_of(num_shown: int, num_all: int, wanted: str) -> str:
    """Return the title of the list."""
    if not num_all:
        return "Presets: reading …"
    return f"Presets: {num_shown} of {num_all} with {wanted!r}" if wanted else "Presets"


def row_of(entry: PresetEntry, colours: Colours) -> Cells:
    """Return a preset's row."""
    is_ready, estimate = entry.is_ready, entry.estimate
    mark = Text("✓ ", colours.good) if is_ready else Text("✗ ", colours.warning)
    muted = colours.muted if entry.preset is not None else colours.warning
    return {
        "name": mark.append(entry.name, f"bold {colours.strong}"),
        "runs": Text(entry.num_runs),
        "time": Text(format_estimate(estimate.seconds_study) if estimate else MISSING),
        "about": Text(entry.about, muted),
        "data": Text(entry.data_text, colours.muted if is_ready else colours.warning),
    }
