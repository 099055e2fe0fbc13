"""Compares the runs of studies in a thread, one study at a time."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from medtui.analysis.outcome import StudyOutcome
from medtui.monitor.study_summary import StudySummary

if TYPE_CHECKING:
    from medtui.monitor.outcome_loader import OutcomeLoader

_NOTICE_S = 20.0
"""How long the outcome of a finished study is shown, seconds."""


class OutcomeWorker:
    """Knows what studies found, and finds out what it does not know yet."""

    def __init__(self, app: App[None], runs_dir: Path, tell: Callable[[], None]) -> None:
        self._app = app
        self._runs_dir = runs_dir
        self._tell = tell
        self._is_busy = False

    @cached_property
    def _loader(self) -> "OutcomeLoader":
        from medtui.monitor.outcome_loader import OutcomeLoader  # the first screen does without

        return OutcomeLoader(self._runs_dir)

    def latest(self, study: StudySummary) -> StudyOutcome | None:
        """Return what is known of a study, also of fewer runs than are finished now."""
        return self._loader.latest(study) if "_loader" in vars(self) else None

    def request(self, studies: Sequence[StudySummary]) -> None:
        """Compare the first of these studies whose outcome is not known, and tell when it is."""
        due = next((study for study in studies if not self._loader.is_current(study)), None)
        if due is not None and not self._is_busy:
            self._is_busy = True
            self._run(partial(self._compare, due), "compare runs")

    def announce(self, study: StudySummary) -> None:
        """Show what a finished study found as a notice, with the terminal's bell."""
        self._run(partial(self._announce, study), "tell a study's outcome")

    def _compare(self, study: StudySummary) -> None:
        self._loader.load(study)
        self._call(self._done)

    def _done(self) -> None:
        self._is_busy = False
        self._tell()

    def _announce(self, study: StudySummary) -> None:
        outcome = self._loader.load(study)
        if outcome is not None:
            show = partial(self._app.notify, title=study.name, timeout=_NOTICE_S, markup=False)
            self._call(partial(show, outcome.sentences()[0]))
            self._call(self._app.bell)

    def _call(self, callback: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the application has ended meanwhile
            self._app.call_later(callback)

    def _run(self, work: Callable[[], None], what: str) -> None:
        self._app.run_worker(work, group="outcomes", description=what, thread=True)
