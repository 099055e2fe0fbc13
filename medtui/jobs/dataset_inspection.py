"""Inspects data sets in child processes, each of which can be cancelled.

In the process of the screen, listing a hundred thousand files would block it, multiprocessing
fails, and numpy and torch are not imported.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from medtui.child_process import ChildProcess
from medtui.errors import MedtuiError
from medtui.preset import DataSettings
from medtui.protocol.dataset import (
    DataReport,
    DatasetRequest,
    InspectionMessage,
    PreviewImage,
    PreviewImages,
    Reading,
    inspection_decoder,
    previews_decoder,
)

MessageT = TypeVar("MessageT")


class Inspection(Generic[MessageT]):
    """A process that inspects a data set and can be cancelled."""

    def __init__(
        self,
        settings: DataSettings,
        module: str,
        decoder: msgspec.json.Decoder[MessageT],
        *,
        is_every_image_read: bool = False,
    ) -> None:
        self._process = ChildProcess(
            module,
            decoder,
            DatasetRequest(settings.model_dump_json(), is_every_image_read),
            error_prefix="The data set could not be inspected",
        )

    def cancel(self) -> None:
        """Stop the process; return at once."""
        self._process.cancel()


class QuickInspection(Inspection[InspectionMessage]):
    """Inspection of index, split and a few images."""

    def __init__(self, settings: DataSettings) -> None:
        super().__init__(settings, "medtui.datasets.inspection", inspection_decoder)

    def wait(self) -> DataReport:
        """Wait for the report and return it."""
        return _follow(self._process, lambda _: None)


class AugmentationPreview(Inspection[PreviewImages]):
    """A few images before and after augmentation, made by a process with torch."""

    def __init__(self, settings: DataSettings) -> None:
        super().__init__(settings, "medtui.engine.training.augmentation_preview", previews_decoder)

    def wait(self) -> list[PreviewImage]:
        """Wait for the images and return them; none on failure, which the inspection reports."""
        try:
            with self._process as process:
                return process.result().previews
        except MedtuiError:
            return []


class FullInspection(Inspection[InspectionMessage]):
    """Inspection of every image, which leaves them decoded in the cache."""

    def __init__(self, settings: DataSettings) -> None:
        super().__init__(
            settings, "medtui.datasets.inspection", inspection_decoder, is_every_image_read=True
        )

    def follow(self, report: Callable[[Reading], None]) -> DataReport:
        """Wait for the report and return it; `report` receives the progress."""
        return _follow(self._process, report)


AnyInspection = QuickInspection | AugmentationPreview | FullInspection
"""Any process that inspects a data set."""


def _follow(
    child: ChildProcess[InspectionMessage], report: Callable[[Reading], None]
) -> DataReport:
    """Return the process's report; without one, a report of what ended the process."""
    found: DataReport | None = None
    try:
        with child as process:
            for message in process.messages():
                if isinstance(message, Reading):
                    report(message)
                else:
                    found = message
    except MedtuiError as error:
        return DataReport(problem=str(error))
    return found or DataReport(problem="The inspection was cancelled.")
