"""What is done with studies and runs, without any screen. All of it blocks."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medtui.charts.plot import Plot
from medtui.errors import EnvironmentProblem
from medtui.monitor.run_summary import RunSummary
from medtui.runs.atomic_file import publish_text
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.lock import is_held

if TYPE_CHECKING:
    from medtui.preset import Preset


@dataclass(frozen=True)
class StudyActions:
    """Actions on the studies of one runs folder; call them from a thread.

    Those that return a string return a message on what was done.

    Raises:
        MedtuiError: the action failed.
    """

    runs_dir: Path

    def start(self, preset: "Preset") -> str:
        """Start a study; return the name of its folder."""
        from medtui.jobs.launcher import start_study

        return start_study(preset, self.runs_dir).name

    def resume(self, name: str) -> str:
        """Start what is unfinished in a study."""
        from medtui.jobs.launcher import resume_study

        resume_study(self._folder(name))
        return f"{name} goes on. It needs no terminal."

    def stop_run(self, run: RunSummary) -> str:
        """Ask one run to stop."""
        from medtui.jobs.launcher import stop_run

        stop_run(self._folder(run.study).run(run.name))
        return f"{run.title} stops after the step it is in."

    def stop_study(self, name: str) -> str:
        """Ask a study and its runs to stop."""
        from medtui.jobs.launcher import stop_study

        stop_study(self._folder(name))
        return f"{name} stops after the steps its runs are in."

    def delete(self, name: str) -> str:
        """Delete a study's folder, unless a process writes to it."""
        import shutil

        study = self._folder(name)
        if is_held(study.lock) or any(is_held(run.lock) for run in study.runs()):
            raise EnvironmentProblem(f"{name} is running.", hint="Stop it first.")
        try:
            shutil.rmtree(study.path)
        except OSError as error:
            raise EnvironmentProblem(f"{study.path} is not gone: {error.strerror}.") from error
        return f"{name} is deleted."

    def write_note(self, name: str, text: str) -> str:
        """Replace the note of a study."""
        try:
            publish_text(self._folder(name).note, text.strip() + "\n")
        except OSError as error:
            raise EnvironmentProblem(f"The note is not written: {error.strerror}.") from error
        return "Noted."

    def export_chart(self, key: str, plot: Plot) -> str:
        """Write a chart to files in the folder of the run `study/run`."""
        from medtui.charts.export import export_chart

        try:
            paths = export_chart(self._run(key), plot)
        except OSError as error:
            raise EnvironmentProblem(f"Nothing was exported: {error.strerror}.") from error
        return "Written: " + ", ".join(map(str, paths))

    def finished_run(self, key: str) -> RunFolder | None:
        """Return the folder of the run `study/run`; None where it has no model."""
        run = self._run(key)
        return run if run.result.is_file() and run.model.is_file() else None

    def _run(self, key: str) -> RunFolder:
        study, _, name = key.partition("/")
        return self._folder(study).run(name)

    def _folder(self, name: str) -> StudyFolder:
        return StudyFolder(self.runs_dir / name)
