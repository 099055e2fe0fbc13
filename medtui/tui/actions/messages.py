"""Messages by which screens request actions; the application handles them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from medtui.charts.plot import Plot
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary

if TYPE_CHECKING:
    from medtui.preset import Preset


class ActionMessage(Message):
    """Base of all requests: the application handles them in one place."""


@dataclass
class StartRequested(ActionMessage):
    """Start a study."""

    preset: "Preset"
    is_watched: bool
    """Whether the screen of its reference is opened."""


@dataclass
class StopRequested(ActionMessage):
    """Stop a study, or one run of it."""

    study: StudySummary
    run: RunSummary | None
    """The run under the cursor; None where the cursor is on the study."""


@dataclass
class ResumeRequested(ActionMessage):
    """Resume the unfinished runs of a study."""

    study: StudySummary
    run: RunSummary | None = None
    """The run under the cursor, which is queued where the study is live; None for the study."""


@dataclass
class DeleteRequested(ActionMessage):
    """Move a study's folder to the trash."""

    study: StudySummary


@dataclass
class RestoreRequested(ActionMessage):
    """Restore the study that was deleted last."""


@dataclass
class EmptyTrashRequested(ActionMessage):
    """Delete the studies in the trash for good."""


@dataclass
class NoteRequested(ActionMessage):
    """Edit the note of a study."""

    study: StudySummary


@dataclass
class ModelExportRequested(ActionMessage):
    """Write a finished run's model to files."""

    key: str
    """`study/run`."""


@dataclass
class DraftRequested(ActionMessage):
    """Open the preset of a study, or of one run, as the draft of a new study."""

    key: str
    """`study/run` or a study."""


@dataclass
class ChartExportRequested(ActionMessage):
    """Write a chart to files."""

    key: str
    """`study/run` or a study, in whose folder the files are written; empty for the runs folder."""
    plot: Plot
    """As it is on screen: zoomed, smoothed."""
    title: str = ""
    """What stands above the pictures: of which study and runs they are."""


ActionRequest = (
    StartRequested
    | StopRequested
    | ResumeRequested
    | DeleteRequested
    | RestoreRequested
    | EmptyTrashRequested
    | DraftRequested
    | NoteRequested
    | ModelExportRequested
    | ChartExportRequested
)
