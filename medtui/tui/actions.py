"""What screens ask to be done with processes; it is done in a thread, never in the loop."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from medtui.charts.plot import Plot
from medtui.errors import EnvironmentProblem
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.runs.atomic_file import publish_text
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.lock import is_held

if TYPE_CHECKING:
    from medtui.preset import Preset


class StopWanted(Message):
    """A person wants a study, or one run of it, to stop."""

    def __init__(self, study: StudySummary, run: RunSummary | None) -> None:
        super().__init__()
        self.study = study
        """The study."""
        self.run = run
        """The run the cursor is on; None where it is on the study."""


class ResumeWanted(Message):
    """A person wants what is unfinished in a study to go on."""

    def __init__(self, study: StudySummary) -> None:
        super().__init__()
        self.study = study
        """The study."""


class DeleteWanted(Message):
    """A person wants a study to be gone from the disk."""

    def __init__(self, study: StudySummary) -> None:
        super().__init__()
        self.study = study
        """The study."""


class NoteWanted(Message):
    """A person wants to write something about a study."""

    def __init__(self, study: StudySummary) -> None:
        super().__init__()
        self.study = study
        """The study."""


class ModelWanted(Message):
    """A person wants a finished run's model as files."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        """`study/run`."""


class ExportWanted(Message):
    """A person wants a chart as files."""

    def __init__(self, key: str, plot: Plot) -> None:
        super().__init__()
        self.key = key
        """`study/run`."""
        self.plot = plot
        """As it is looked at."""


@dataclass(frozen=True)
class Errands:
    """Does it. Every method blocks and is called from a thread.

    Raises:
        MedtuiError: it could not be done; the sentence is for the person who asked.
    """

    runs_dir: Path

    def stop_run(self, run: RunSummary) -> str:
        """Ask one run to stop; give what to say."""
        from medtui.jobs.launcher import stop_run

        stop_run(self._folder(run.study).run(run.name))
        return f"{run.title} stops after the step it is in."

    def stop_study(self, name: str) -> str:
        """Ask a study to stop; give what to say."""
        from medtui.jobs.launcher import stop_study

        stop_study(self._folder(name))
        return f"{name} stops after the steps its runs are in."

    def start(self, preset: "Preset") -> str:
        """Start a study; give its folder's name."""
        from medtui.jobs.launcher import start_study

        return start_study(preset, self.runs_dir).name

    def delete(self, name: str) -> str:
        """Delete a study that nobody writes; give what to say."""
        import shutil

        study = self._folder(name)
        if is_held(study.lock) or any(is_held(run.lock) for run in study.runs()):
            raise EnvironmentProblem(f"{name} is running.", hint="Stop it first.")
        try:
            shutil.rmtree(study.path)
        except OSError as error:
            raise EnvironmentProblem(f"{study.path} is not gone: {error.strerror}.") from error
        return f"{name} is deleted."

    def note(self, name: str, text: str) -> str:
        """Write a line about a study; give what to say."""
        try:
            publish_text(self._folder(name).note, text.strip() + "\n")
        except OSError as error:
            raise EnvironmentProblem(f"The note is not written: {error.strerror}.") from error
        return "Noted."

    def export(self, wanted: ExportWanted) -> str:
        """Write a chart to files; give what to say."""
        from medtui.charts.export import export_chart

        study, _, run = wanted.key.partition("/")
        try:
            paths = export_chart(self._folder(study).run(run), wanted.plot)
        except OSError as error:
            raise EnvironmentProblem(f"Nothing was exported: {error.strerror}.") from error
        return "Written: " + ", ".join(map(str, paths))

    def finished_run(self, key: str) -> RunFolder | None:
        """Give the folder of the run `study/run`; None where it has no model."""
        study, _, name = key.partition("/")
        run = self._folder(study).run(name)
        return run if run.result.is_file() and run.model.is_file() else None

    def resume(self, name: str) -> str:
        """Start what is unfinished in a study; give what to say."""
        from medtui.jobs.launcher import resume_study

        resume_study(self._folder(name))
        return f"{name} goes on. It needs no terminal."

    def _folder(self, name: str) -> StudyFolder:
        return StudyFolder(self.runs_dir / name)
