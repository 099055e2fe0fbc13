"""Live progress bars: one line for the study and one for each running run, redrawn in place."""

import errno
import sys
import time

from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from medtui.cli.follow.narration import line_of
from medtui.cli.show.progress import describe_step
from medtui.cli.show.summary import describe_primary
from medtui.cli.stream import unescaped_stderr
from medtui.control_characters import one_line
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed
from medtui.tui.console import PrintableConsole

REDRAW_SECONDS = 0.5
"""Between two redraws; long enough for a slow connection."""


class LiveBar:
    """Bars at the bottom of a terminal; messages scroll above them."""

    def __init__(self) -> None:
        self._console = PrintableConsole(file=unescaped_stderr(), highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[where]}", markup=False),
            console=self._console,
            transient=True,
            auto_refresh=False,  # this thread draws, so that it notices a closed terminal
        )
        self._tasks: dict[str, TaskID] = {}
        self._study = self._progress.add_task("study", total=None, where="")
        self._drawn_at = 0.0
        self._progress.start()

    def say(self, run: str, text: str) -> None:
        """Write a line above the bars."""
        self._console.print(Text(line_of(run, text)), soft_wrap=True)

    def show(self, study: StudyFeed) -> None:
        """Update the bars.

        Raises:
            OSError: EIO, the terminal is closed; rich itself would stop drawing silently.
        """
        if not sys.stderr.isatty():
            raise OSError(errno.EIO, "the terminal is closed")
        num_done = study.count("finished", "failed", "stopped", "crashed", "silent")
        num_runs = study.num_planned
        where = f"{num_done} of {num_runs} runs done"
        self._progress.update(self._study, completed=num_done, total=num_runs, where=where)
        for run in study.runs:
            self._show_run(run)
        if time.monotonic() - self._drawn_at >= REDRAW_SECONDS:
            self._drawn_at = time.monotonic()
            self._progress.refresh()

    def close(self) -> None:
        """Remove the bars."""
        self._progress.stop()

    def _show_run(self, run: RunFeed) -> None:
        name = run.folder.name
        if not run.is_live:
            if name in self._tasks:
                self._progress.remove_task(self._tasks.pop(name))
            return
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(one_line(name), total=1.0, where="")
        words = [each for each in (describe_step(run), describe_primary(run)) if each]
        self._progress.update(
            self._tasks[name], completed=run.progress.share, where=line_of("", "; ".join(words))
        )
