"""What screens ask to be done with processes; it is done in a thread, never in the loop."""

from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from medtui.preset import Preset
from medtui.runs.folder import StudyFolder
from medtui.tui.rows import RunRow, StudyRow


class StopWanted(Message):
    """A person wants a study, or one run of it, to stop."""

    def __init__(self, study: StudyRow, run: RunRow | None) -> None:
        super().__init__()
        self.study = study
        """The study."""
        self.run = run
        """The run the cursor is on; None where it is on the study."""


class ResumeWanted(Message):
    """A person wants what is unfinished in a study to go on."""

    def __init__(self, study: StudyRow) -> None:
        super().__init__()
        self.study = study
        """The study."""


@dataclass(frozen=True)
class Errands:
    """Does it. Every method blocks and is called from a thread.

    Raises:
        MedtuiError: it could not be done; the sentence is for the person who asked.
    """

    runs_dir: Path

    def stop_run(self, run: RunRow) -> str:
        """Ask one run to stop; give what to say."""
        from medtui.launch import stop_run

        stop_run(self._folder(run.study).run(run.name))
        return f"{run.title} stops after the step it is in."

    def stop_study(self, name: str) -> str:
        """Ask a study to stop; give what to say."""
        from medtui.launch import stop_study

        stop_study(self._folder(name))
        return f"{name} stops after the steps its runs are in."

    def start(self, preset: Preset) -> str:
        """Start a study; give its folder's name."""
        from medtui.launch import start_study

        return start_study(preset, self.runs_dir).name

    def resume(self, name: str) -> str:
        """Start what is unfinished in a study; give what to say."""
        from medtui.launch import resume_study

        resume_study(self._folder(name))
        return f"{name} goes on. It needs no terminal."

    def _folder(self, name: str) -> StudyFolder:
        return StudyFolder(self.runs_dir / name)
