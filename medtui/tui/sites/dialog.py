"""A dialog that evaluates finished runs on another data set: its fields, and the progress."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import assert_never

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from medtui.errors import MedtuiError, UsageError
from medtui.jobs.external import EvaluationProcess, describe_site, with_baselines
from medtui.protocol.external import EvaluateMessage, SiteMeasured, SiteSkipped
from medtui.protocol.outcome import Progress
from medtui.runs.folder import RunFolder
from medtui.runs.model_choice import RUN, runs_with
from medtui.tui.bindings import bind, bind_fields
from medtui.tui.theme import colours_of
from medtui.tui.threads import call_for
from medtui.tui.widgets.key_bar import KeyBar

_FIELDS = (
    ("card", "card", "a shipped data set, or the path of a card.toml"),
    ("root", "images", "folder or file; empty where the card carries them"),
    ("name", "name", "in tables; empty takes the card's"),
    ("split", "split", "all images, or test by the card's rule; empty takes all"),
    ("map", "class map", "TOML file, where classes are named differently; or empty"),
    ("model", "model", "shrunk, onnx, int8-onnx, ... besides the run's own; or empty"),
)
"""Identifier, label and hint of each field."""


class SiteDialog(ModalScreen[bool]):
    """Returns whether a result was stored."""

    HELP = (
        "All images of the data set are evaluated by each finished run, its control and its "
        "reference. What is stored already is not computed again. A class map has a section "
        '[classes] with lines "theirs" = "the model\'s". A model besides the runs\' own is their '
        "shrunk one, or the newest file of an export format; runs without it are left out."
    )

    AUTO_FOCUS = "Input"

    BINDINGS = [
        *bind_fields(),
        bind("open", "start", "Start", "Evaluate the runs on the data set"),
        bind("close", "leave", "Close", "Cancel the evaluation, or close the dialog"),
    ]

    DEFAULT_CSS = """
    SiteDialog {
        align: center middle;
        background: $background 70%;
        #site {
            width: 78; max-width: 96%; height: auto; max-height: 90%;
            padding: 0 2; border: round $primary; background: $surface;
        }
        Horizontal { height: 1; }
        Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $background; }
        Input:focus { border: none; }
        .label { width: 10; color: $text-muted; }
        VerticalScroll { height: auto; min-height: 1; max-height: 10; margin-top: 1;
                         scrollbar-size-vertical: 1; }
        #site-progress { height: auto; }
    }
    """

    def __init__(self, runs: Sequence[RunFolder]) -> None:
        super().__init__()
        self._runs = tuple(runs)
        self._process: EvaluationProcess | None = None
        self._lines: list[Text] = []
        self._progress = ""
        self._has_changed = False
        self._has_skipped = False
        """Whether a run could not be evaluated, which is to be read."""

    def compose(self) -> ComposeResult:
        with Vertical(id="site") as frame:
            frame.border_title = "Evaluate on another data set"
            frame.border_subtitle = "⏎ starts · esc closes"
            for name, label, hint in _FIELDS:
                with Horizontal():
                    yield Static(label, classes="label", markup=False)
                    yield Input(id=f"site-{name}", placeholder=hint, compact=True)
            with VerticalScroll(can_focus=False):
                yield Static(id="site-progress", markup=False)
        yield KeyBar()

    def on_unmount(self) -> None:
        if self._process is not None:
            self._process.stop()

    def on_input_submitted(self) -> None:
        self.action_start()

    def action_start(self) -> None:
        """Evaluate the runs, unless an evaluation is running."""
        if self._process is not None:
            return
        values = {
            name: self.query_one(f"#site-{name}", Input).value.strip() for name, *_ in _FIELDS
        }
        self._lines = []
        try:
            self._process = self._started(values)
        except MedtuiError as error:
            self._say(str(error), is_bad=True)
            return
        self._progress = "starting"
        self._show()
        self._follow(self._process)

    def _started(self, values: Mapping[str, str]) -> EvaluationProcess:
        """Return the process that evaluates what the fields name.

        Raises:
            MedtuiError: there is no such card or model.
        """
        if not values["card"]:
            raise UsageError("Name a card: a shipped data set, or the path of a card.toml.")
        site = describe_site(
            values["card"],
            values["root"],
            name=values["name"],
            split=values["split"] or "all",
            class_map=Path(values["map"]) if values["map"] else None,
        )
        model = values["model"] or RUN
        others, lacking = runs_with(self._runs, model)
        if lacking:
            self._say(lacking)
        return EvaluationProcess(with_baselines(self._runs), site, others=others, model=model)

    def action_leave(self) -> None:
        """Cancel a running evaluation, or go back."""
        if self._process is None:
            self.dismiss(self._has_changed)
            return
        self._progress = "cancelling"
        self._process.stop()
        self._show()

    @work(thread=True, group="evaluation")
    def _follow(self, process: EvaluationProcess) -> None:
        try:
            process.follow(lambda message: call_for(self, self._take, message))
            problem = ""
        except MedtuiError as error:
            problem = str(error)
        call_for(self, self._end, problem)

    def _take(self, message: EvaluateMessage) -> None:
        match message:
            case Progress(text):
                self._progress = text
                self._show()
            case SiteMeasured(run, _, was_stored, model):
                self._has_changed = True
                state = "was evaluated before" if was_stored else "evaluated"
                self._say(f"✓ {_title_of(run, model)} {state}")
            case SiteSkipped(run, problem, model):
                self._has_skipped = True
                self._say(f"{_title_of(run, model)} not evaluated: {problem}", is_bad=True)
            case _:
                assert_never(message)

    def _end(self, problem: str) -> None:
        self._process, self._progress = None, ""
        if problem:
            self._say(problem, is_bad=True)
        elif self._has_changed and not self._has_skipped:
            self.dismiss(True)
        else:
            self._show()

    def _say(self, sentence: str, *, is_bad: bool = False) -> None:
        colours = colours_of(self.app.current_theme)
        self._lines.append(Text(sentence, style=colours.warning if is_bad else colours.good))
        self._show()

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        lines = list(self._lines)
        if self._progress:
            lines.append(Text(f"● {self._progress} ...", style=colours.accent))
        self.query_one("#site-progress", Static).update(Text("\n").join(lines))
        self.query_one(VerticalScroll).scroll_end(animate=False)


def _title_of(run: str, model: str) -> str:
    name = Path(run).name
    return name if model == RUN else f"{name}, {model}"
