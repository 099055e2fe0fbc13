"""Sites: finished runs by data sets, with intervals, paired changes and verdicts."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import ComposeResult

from medtui.analysis.run_record import task_of  # noqa: F401 - loads numpy in the opening thread
from medtui.analysis.table import Table, table_markdown
from medtui.metrics import Metric
from medtui.tui.bindings import bind
from medtui.tui.clipboard import copy_text
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.sites.content import SitesContent, metric_after, read_content
from medtui.tui.sites.dialog import SiteDialog
from medtui.tui.theme import colours_of
from medtui.tui.threads import call_for
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.table_view import TableView
from medtui.tui.widgets.title_bar import TitleBar


class SitesScreen(LayeredScreen[None]):
    """Shows studies' results on other data sets, and evaluates their runs on further ones."""

    HELP = (
        "Each run on its own test split (home) and on other labelled data sets. Preprocessing and "
        "thresholds are the run's own; nothing is chosen by these numbers. Changes are from the "
        "control, or without one from the reference, on the same images, with 95 % intervals over "
        "patients; those of the primary metric have a verdict by the margin of the preset. The "
        "command medtui evaluate does the same."
    )

    BINDINGS = [
        bind("sites", "evaluate", "Evaluate", "Evaluate the runs on another data set"),
        bind("metric", "metric", "Metric", "Show the next metric"),
        bind("copy", "copy", "Copy", "Copy the tables, also to a file"),
        bind("scroll_back", "scroll(-1)", "Up", "Scroll up", shown=False),
        bind("scroll", "scroll(1)", "Down", "Scroll down", shown=False),
        bind("page_back", "scroll(-10)", "Page up", "Scroll up by ten rows", shown=False),
        bind("page", "scroll(10)", "Page down", "Scroll down by ten rows", shown=False),
        bind("back", "back", "Back", "Go back to the screen before"),
        bind("close", "close", "Close", "Close one layer", shown=False),
    ]

    AUTO_FOCUS = ""

    def __init__(self, runs_dir: Path, studies: Sequence[str]) -> None:
        super().__init__()
        self._runs_dir = runs_dir
        self._studies = tuple(studies)
        self._metric: Metric | None = None
        """None shows the primary metric."""
        self._content: SitesContent | None = None

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield TableView(id="sites")
        yield KeyBar()

    def on_mount(self) -> None:
        self._show_title("reading …")
        self._read()

    def why_not(self, action: str) -> str:
        """Return why nothing can be evaluated."""
        if action == "evaluate" and getattr(self.app, "is_read_only", False):
            return "medtui was opened with --read-only."
        if action in {"evaluate", "metric", "copy"} and self._content is None:
            return "The results are being read."
        if action in {"evaluate", "metric", "copy"} and not (self._content and self._content.runs):
            return "No run is finished yet."
        return super().why_not(action)

    def action_evaluate(self) -> None:
        """Ask for a data set, and evaluate the runs on it."""
        if self._content is not None:
            self.app.push_screen(SiteDialog(self._content.runs), self._end_dialog)

    def _end_dialog(self, has_changed: bool | None) -> None:
        if has_changed:
            self._read()

    def action_metric(self) -> None:
        """Show the next metric."""
        if self._content is not None and self._content.metric is not None:
            self._metric = metric_after(self._content.metric)
            self._read()

    def action_copy(self) -> None:
        """Copy the tables as Markdown."""
        tables = self._content.tables if self._content else ()
        text = "\n".join(f"{each.title}\n\n{table_markdown(each)}" for each in tables)
        if text:
            self.notify(copy_text(self.app, text), markup=False)

    def action_scroll(self, lines: int) -> None:
        self.query_one(TableView).scroll_relative(y=lines, animate=False)

    @work(thread=True, exclusive=True, group="sites", description="read other data sets")
    def _read(self) -> None:
        content = read_content(self._runs_dir, self._studies, self._metric)
        call_for(self, self._show, content)

    def _show(self, content: SitesContent) -> None:
        self._content = content
        colours = colours_of(self.app.current_theme)
        self._show_title(content.metric.label if content.metric else "")
        told = Text("\n".join(content.sentences), style=colours.warning)
        parts: list[Table | Text] = [*content.tables, *([told] if told else [])]
        self.query_one(TableView).show(parts, colours)

    def _show_title(self, right: str) -> None:
        muted = colours_of(self.app.current_theme).muted
        names = ", ".join(self._studies)
        title = Text.assemble((names, muted), " ▸ ", ("Other data sets", "bold"))
        self.query_one(TitleBar).show(title, Text(right, style=muted))
