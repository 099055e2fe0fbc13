"""Inspects the data set of the edited preset, in separate processes."""

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace
from textual.screen import Screen
from textual.worker import get_current_worker

from medtui.jobs.dataset_inspection import (
    AnyInspection,
    AugmentationPreview,
    FullInspection,
    QuickInspection,
)
from medtui.preset import DataSettings
from medtui.protocol.dataset import DataReport, PreviewImage, Reading
from medtui.tui.threads import call_for

InspectionT = TypeVar("InspectionT", bound=AnyInspection)


class DataInspections:
    """The inspections of a screen; `report` is the latest result."""

    def __init__(self, screen: Screen[None], changed: Callable[[], None]) -> None:
        self.report: DataReport | None = None
        """None while the data set is inspected."""
        self.reading: Reading | None = None
        """Progress of reading every image; None while that is not running."""
        self._screen = screen
        self._changed = changed
        self.running: list[AnyInspection] = []
        """Inspections that were not cancelled."""

    @property
    def problem(self) -> str:
        """Why the data set cannot be used; empty where it can, or before that is known."""
        return self.report.problem if self.report is not None else ""

    def start(self, settings: DataSettings) -> None:
        """Inspect a data set in place of another one, without reading every image."""
        self.cancel()
        self.report = None
        self._changed()
        look = self._begin(QuickInspection(settings))
        self._screen.run_worker(
            lambda: self._wait_for(look, settings), thread=True, exclusive=True, group="look"
        )

    def read_all(self, settings: DataSettings) -> None:
        """Read every image of a data set that was inspected and can be used."""
        assert self.report is not None, "it was inspected"
        self.reading = Reading("scan", 0, self.report.num_images)
        self._changed()
        check = self._begin(FullInspection(settings))
        self._screen.run_worker(
            lambda: self._follow(check), thread=True, exclusive=True, group="check"
        )

    def cancel(self) -> None:
        """Cancel all inspections that are running."""
        for inspection in self.running:
            inspection.cancel()
        self.running.clear()
        self.reading = None

    def _begin(self, inspection: InspectionT) -> InspectionT:
        self.running.append(inspection)
        return inspection

    def _wait_for(self, inspection: QuickInspection, settings: DataSettings) -> None:
        worker, screen = get_current_worker(), self._screen
        report = inspection.wait()
        if worker.is_cancelled:
            return
        call_for(screen, self._take, report)
        if not report.problem:
            augmented = call_for(screen, self._begin, AugmentationPreview(settings))
            if augmented is None:
                return
            previews = augmented.wait()
            if not worker.is_cancelled:
                call_for(screen, self._take_previews, previews)

    def _follow(self, inspection: FullInspection) -> None:
        screen = self._screen
        report = inspection.follow(
            lambda reading: call_for(screen, self._show_progress, inspection, reading)
        )
        call_for(screen, self._take_check, inspection, report)

    def _take(self, report: DataReport) -> None:
        self.report = report
        self._changed()

    def _take_previews(self, previews: list[PreviewImage]) -> None:
        if self.report is not None and previews:
            self._take(replace(self.report, previews=previews))

    def _show_progress(self, inspection: AnyInspection, reading: Reading) -> None:
        if inspection in self.running:
            self.reading = reading
            self._changed()

    def _take_check(self, inspection: AnyInspection, report: DataReport) -> None:
        if inspection not in self.running:
            return  # cancelled
        self.running.remove(inspection)
        self.reading = None
        previews = self.report.previews if self.report else []
        self._take(replace(report, previews=previews))
