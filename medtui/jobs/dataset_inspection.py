"""Inspects a data set by processes of their own, each of which can be cancelled.

Listing a hundred thousand files would hold up a screen, no multiprocessing may begin inside it,
and it knows neither numpy nor torch.
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
    Reading,
    Sample,
    Samples,
    inspection_decoder,
    samples_decoder,
)

MessageT = TypeVar("MessageT")


class Look(Generic[MessageT]):
    """A process that looks at a data set, and can be cancelled."""

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
            complaint="The data set could not be looked at",
        )

    def cancel(self) -> None:
        """Stop the process; return at once."""
        self._process.cancel()


class DataLook(Look[InspectionMessage]):
    """A first look: listing, split, a few images."""

    def __init__(self, settings: DataSettings) -> None:
        super().__init__(settings, "medtui.datasets.inspection", inspection_decoder)

    def wait(self) -> DataReport:
        """Return what was found; blocks."""
        return _follow(self._process, lambda _: None)


class SamplesLook(Look[Samples]):
    """A few images before and after augmentation, by a process that knows torch."""

    def __init__(self, settings: DataSettings) -> None:
        super().__init__(settings, "medtui.engine.training.augmentation_preview", samples_decoder)

    def wait(self) -> list[Sample]:
        """Return them; none where it could not be done, which the first look has told. Blocks."""
        try:
            with self._process as process:
                return process.answer().samples
        except MedtuiError:
            return []


class EveryImageLook(Look[InspectionMessage]):
    """A look at every image, which leaves them decoded in the cache."""

    def __init__(self, settings: DataSettings) -> None:
        super().__init__(
            settings, "medtui.datasets.inspection", inspection_decoder, is_every_image_read=True
        )

    def follow(self, tell: Callable[[Reading], None]) -> DataReport:
        """Return what was found; `tell` gets its progress. Blocks."""
        return _follow(self._process, tell)


AnyLook = DataLook | SamplesLook | EveryImageLook
"""Any process that looks at a data set."""


def _follow(child: ChildProcess[InspectionMessage], tell: Callable[[Reading], None]) -> DataReport:
    """Return the report; what ended the process without one is its problem."""
    report: DataReport | None = None
    try:
        with child as process:
            for message in process.messages():
                if isinstance(message, Reading):
                    tell(message)
                else:
                    report = message
    except MedtuiError as error:
        return DataReport(problem=str(error))
    return report or DataReport(problem="The data set could not be looked at: it was cancelled.")
