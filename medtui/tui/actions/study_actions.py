"""Actions on studies and runs, independent of screens. All of them block."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medtui.charts.plot import Plot
from medtui.errors import EnvironmentProblem
from medtui.monitor.run_summary import RunSummary
from medtui.runs.atomic_file import publish_text
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.ownership.liveness import is_held
from medtui.runs.trash import empty_trash, move_to_trash, restore, trashed_studies

if TYPE_CHECKING:
    from medtui.preset import Preset


@dataclass(frozen=True)
class StudyActions:
    """Actions on the studies of one runs folder; call them from a thread.

    Methods that return a string return a message for the user.

    Raises:
        MedtuiError: the action failed.
        OSError: a file cannot be read or written.
    """

    runs_dir: Path

    def start(self, preset: "Preset") -> str:
        """Start a study; return the name of its folder."""
        from medtui.jobs.launcher import start_study

        return start_study(preset, self.runs_dir).name

    def resume(self, name: str) -> str:
        """Resume the unfinished runs of a study."""
        from medtui.jobs.launcher import resume_study

        resume_study(self._folder(name))
        return f"{name} was resumed. It runs in the background."

    def queue(self, run: RunSummary, last: str) -> str:
        """Request that a live study starts a run again after the others; `last` is their last."""
        from medtui.runs.queue_request import queue_run

        queue_run(self._folder(run.study).run(run.name))
        return f"{run.title} resumes after {last}."

    def stop_run(self, run: RunSummary) -> str:
        """Request that one run stops."""
        from medtui.jobs.launcher import stop_run

        if not stop_run(self._folder(run.study).run(run.name)):
            return f"{run.title} is not running any more."
        return f"Stop requested for {run.title}. It stops after the current step."

    def stop_study(self, name: str) -> str:
        """Request that a study and its runs stop."""
        from medtui.jobs.launcher import stop_study

        if not stop_study(self._folder(name)):
            return f"{name} is not running any more."
        return f"Stop requested for {name}. Its runs stop after the current step."

    def delete(self, name: str) -> str:
        """Move a study to the trash, unless a process writes to it."""
        study = self._folder(name)
        if is_held(study.lock) or any(is_held(run.lock) for run in study.runs()):
            raise EnvironmentProblem(f"{name} is running.", hint="Stop it first.")
        trashed = move_to_trash(study)
        return f"{name} was moved to {trashed.path}. Press u to restore it."

    def restore(self) -> str:
        """Restore the study that was deleted last."""
        trashed = trashed_studies(self.runs_dir)
        if not trashed:
            return "There is nothing to restore: the trash is empty."
        return f"{restore(trashed[-1]).name} was restored."

    def empty_trash(self) -> str:
        """Delete the studies in the trash for good."""
        count = empty_trash(self.runs_dir)
        return f"{count} deleted {'study is' if count == 1 else 'studies are'} gone for good."

    def write_note(self, name: str, text: str) -> str:
        """Replace the note of a study."""
        publish_text(self._folder(name).note, text.strip() + "\n")
        return f"Note of {name} saved."

    def export_chart(self, key: str, plot: Plot, title: str = "") -> str:
        """Write a chart to files in the folder of a run, a study, or all studies (empty key).

        `title` stands above the pictures; without one, the plot's own with study and run does.
        """
        from medtui.charts.export import export_chart, export_plot

        if "/" in key:
            paths = export_chart(self._run(key), plot)
        else:
            folder = self._folder(key).path if key else self.runs_dir
            paths = export_plot(folder / "exports", plot, title=title or plot.title)
        return f"Exported {', '.join(path.name for path in paths)} to {paths[0].parent}"

    def finished_run(self, key: str) -> RunFolder | None:
        """Return the folder of the run `study/run`; None where it has no model."""
        run = self._run(key)
        return run if is_finished(run) and run.model.is_file() else None

    def _run(self, key: str) -> RunFolder:
        study, _, name = key.partition("/")
        return self._folder(study).run(name)

    def _folder(self, name: str) -> StudyFolder:
        return StudyFolder(self.runs_dir / name)
