"""What the Run screen reads of a run besides its log, in threads."""

import time
from typing import TYPE_CHECKING

from textual import work

from medtui.monitor.run_view import RunView
from medtui.runs.folder import RunFolder
from medtui.tui.run.body import RunBody
from medtui.tui.screens.snapshot_screen import SnapshotScreen
from medtui.tui.threads import call_for

if TYPE_CHECKING:
    from medtui.analysis.subgroup_analysis import SubgroupAnalysis
    from medtui.runs.result import Result
    from medtui.tui.run.details import Comparison, RunFiles

_FILES_EVERY_S = 2.0
"""How often the worker's output is read while it is on screen."""


class RunReading(SnapshotScreen):
    """Knows one run's comparison, its classes and groups, and its files, when they are read."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        """`study/run`."""
        self._found: Comparison | None = None
        self._compared: Result | None = None
        """The result that was compared, or is being compared."""
        self._analysis: SubgroupAnalysis | None = None
        self._analysed: Result | None = None
        """The result whose classes and groups are analysed."""
        self._files: RunFiles | None = None
        self._files_read_at = float("-inf")
        self._files_status = ""

    @property
    def body(self) -> RunBody:
        """The panes."""
        return self.query_one(RunBody)

    def on_screen_resume(self) -> None:
        """Read this run again: above Compare another one may have been shown."""
        self.app.poller.watch(self.key)  # type: ignore[attr-defined]  # of MedtuiApp
        super().on_screen_resume()

    def _read_more(self, view: RunView) -> None:
        """Start to compare a run that has finished, and to read the run's other files."""
        folder = RunFolder(self.app.runs_dir / self.key)  # type: ignore[attr-defined]  # of MedtuiApp
        if view.result is not None and view.result != self._compared:
            self._compared = view.result
            self._compare(folder)
        is_towering = self.has_class("-huge") and self.has_class("-towering")
        if view.result is not None and is_towering and view.result != self._analysed:
            self._analysed = view.result
            self._analyse(folder)
        now = time.monotonic()
        is_due = now - self._files_read_at >= _FILES_EVERY_S and self.body.needs_worker_log()
        if is_due or view.row.status != self._files_status:
            self._files_read_at, self._files_status = now, view.row.status
            self._read_files(folder)

    @work(thread=True, exclusive=True, group="compare", description="compare")
    def _compare(self, folder: RunFolder) -> None:
        from medtui.tui.run.details import compare_run  # imports numpy, see Chart

        found = compare_run(folder)
        call_for(self, self._take, found)

    @work(thread=True, exclusive=True, group="analysis", description="analyse groups")
    def _analyse(self, folder: RunFolder) -> None:
        from medtui.tui.run.details import analyse_run  # imports numpy, see Chart

        analysis = analyse_run(folder)
        call_for(self, self._take_analysis, analysis)

    def _take_analysis(self, analysis: "SubgroupAnalysis | None") -> None:
        self._analysis = analysis
        self.reshow()
        self.call_after_refresh(self.reshow)  # its panes have their size then

    @work(thread=True, exclusive=True, group="files", description="read files")
    def _read_files(self, folder: RunFolder) -> None:
        from medtui.tui.run.details import read_files

        files = read_files(folder)
        call_for(self, self._take_files, files)

    def _take(self, found: "Comparison | None") -> None:
        self._found = found
        self.reshow()

    def _take_files(self, files: "RunFiles") -> None:
        if files != self._files:
            self._files = files
            self.reshow()
