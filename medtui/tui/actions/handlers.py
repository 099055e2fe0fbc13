"""Handlers of action requests; destructive actions ask for confirmation first."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, assert_never

from medtui.errors import MedtuiError, explain_os_error
from medtui.monitor.poller import Poller
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.runs.free_name import describe_name
from medtui.runs.run_names import REFERENCE
from medtui.runs.status import UNENDED
from medtui.runs.trash import trashed_studies
from medtui.tui.actions.messages import (
    ActionRequest,
    ChartExportRequested,
    DeleteRequested,
    DraftRequested,
    EmptyTrashRequested,
    ModelExportRequested,
    NoteRequested,
    RestoreRequested,
    ResumeRequested,
    StartRequested,
    StopRequested,
)
from medtui.tui.actions.study_actions import StudyActions
from medtui.tui.screens.confirm import Choice, ConfirmDialog
from medtui.tui.screens.prompt import Prompt
from medtui.tui.screens.refusals import RESUMABLE
from medtui.upgrade import explain_missing_module

if TYPE_CHECKING:
    from medtui.tui.app import MedtuiApp

_CANCEL = Choice("c", "", "Cancel")

_EMPTY = "empty"
"""What is typed to empty the trash: no single key deletes for good."""


def _quit_choices(live: Sequence[str], is_draft_edited: bool) -> list[Choice]:
    """Return the answers before quitting; where a draft would be lost, staying is the default."""
    drop = "Discard the draft and quit" if is_draft_edited else "Quit"
    leave = Choice("l", "leave", f"{drop}; the studies keep running" if live else drop)
    choices = [leave]
    if live:
        choices.append(Choice("s", "stop", f"{drop} when the studies have stopped"))
    return [_CANCEL, *choices] if is_draft_edited else [*choices, _CANCEL]


def _last_unfinished(study: StudySummary, run: RunSummary) -> str:
    """Return the title of the last run that is running or waits."""
    others = [each for each in study.runs if each.status in UNENDED and each != run]
    return others[-1].title if others else "the present run"


class ActionHandlers:
    """Runs actions in threads, and shows their outcomes as notices."""

    def __init__(self, app: "MedtuiApp", actions: StudyActions, poller: Poller) -> None:
        self._app = app
        self._actions = actions
        self._poller = poller
        self._is_starting = False

    def handle(self, request: ActionRequest) -> None:
        """Handle a request."""
        match request:
            case StartRequested():
                self._work(self._start(request))
            case StopRequested():
                self._confirm_stop(request)
            case ResumeRequested():
                self._resume(request)
            case DeleteRequested():
                self._confirm_delete(request.study.name)
            case RestoreRequested():
                self._run(self._actions.restore)
            case EmptyTrashRequested():
                self._confirm_empty_trash()
            case NoteRequested():
                self._ask_for_note(request.study)
            case DraftRequested():
                self._open_draft(request.key)
            case ModelExportRequested() | ChartExportRequested():
                self._export(request)
            case _:
                assert_never(request)

    def _export(self, request: ModelExportRequested | ChartExportRequested) -> None:
        if isinstance(request, ModelExportRequested):
            self._work(self._open_export(request.key))
        else:
            self._run(partial(self._actions.export_chart, request.key, request.plot, request.title))

    def _open_draft(self, key: str) -> None:
        """Open the preset of a run, or where it has none yet, of its study."""
        folder = self._actions.runs_dir / key
        study = self._actions.runs_dir / key.partition("/")[0]
        path = next((each for each in (folder, study) if (each / "preset.toml").is_file()), study)
        self._app.open_draft(str(path / "preset.toml"))

    def confirm_quit(self, live: Sequence[str], *, is_draft_edited: bool) -> None:
        """Ask whether an edited draft is dropped and running studies are stopped, then quit."""
        sentences = []
        if is_draft_edited:
            sentences.append(
                "The draft has changes that were not written to a file (w on Compress writes them)."
            )
        if live:
            sentences.append(f"{', '.join(live)} {'is' if len(live) == 1 else 'are'} running.")
        dialog = ConfirmDialog(" ".join(sentences), _quit_choices(live, is_draft_edited))
        self._app.push_screen(dialog, partial(self._quit, live))

    @contextmanager
    def failures_shown(self, title: str) -> Iterator[None]:
        """Show an error of an action as a notice; the application keeps running."""
        try:
            yield
        except OSError as error:
            self._show_failure(title, explain_os_error(error))
        except ImportError as error:
            upgraded = explain_missing_module(error)
            if upgraded is None:
                raise
            self._show_failure(title, upgraded)
        except MedtuiError as error:
            self._show_failure(title, error)

    def _confirm_stop(self, request: StopRequested) -> None:
        study, run = request.study, request.run
        is_run_live = run is not None and run.status in {"running", "waiting"}
        if not (study.is_live or is_run_live):
            self._app.tell(f"{study.name} is not running.")
            return
        choices = [Choice("w", "study", f"Stop the whole study {study.name}"), _CANCEL]
        if is_run_live:
            one = Choice(
                "t", "run", f"Stop this run only; {study.name} continues with the next run"
            )
            choices.insert(0, one)
        sentence = "Stop? A checkpoint is written first. Press r later to resume from it."
        self._app.push_screen(ConfirmDialog(sentence, choices), partial(self._stop, request))

    def _stop(self, request: StopRequested, answer: str | None) -> None:
        if answer == "run" and request.run is not None:
            self._run(partial(self._actions.stop_run, request.run))
        elif answer == "study":
            self._run(partial(self._actions.stop_study, request.study.name))

    def _resume(self, request: ResumeRequested) -> None:
        study, run = request.study, request.run
        if not study.is_live:
            self._run(partial(self._actions.resume, study.name))
        elif run is not None and run.status in RESUMABLE:
            self._run(partial(self._actions.queue, run, _last_unfinished(study, run)))
        elif study.live_run is None:
            self._app.tell(f"{study.name} is between two runs. Wait a moment and press r again.")
        else:
            self._app.tell(f"{study.name} is already running.")

    def _confirm_delete(self, name: str) -> None:
        choices = [_CANCEL, Choice("m", "delete", f"Move {name} to the trash")]
        sentence = f"Delete {name}? Its runs stay in the trash until that is emptied."
        self._app.push_screen(ConfirmDialog(sentence, choices), partial(self._delete, name))

    def _delete(self, name: str, answer: str | None) -> None:
        if answer == "delete":
            self._run(partial(self._actions.delete, name))

    def _confirm_empty_trash(self) -> None:
        names = [each.name for each in trashed_studies(self._actions.runs_dir)]
        if not names:
            self._app.tell("The trash is empty.")
            return
        held = f"the trash holds {', '.join(names)}"
        question = f'Type "{_EMPTY}" to delete its models, logs and results for good; {held}:'
        self._app.push_screen(Prompt(question, ""), self._empty_trash)

    def _empty_trash(self, typed: str | None) -> None:
        if typed is None:
            return
        if typed.strip() == _EMPTY:
            self._run(self._actions.empty_trash)
        else:
            self._app.notify(f'Nothing was deleted: "{_EMPTY}" was not typed.', markup=False)

    def _ask_for_note(self, study: StudySummary) -> None:
        prompt = Prompt(f"Note for {study.name}:", study.note)
        self._app.push_screen(prompt, partial(self._write_note, study.name))

    def _write_note(self, name: str, text: str | None) -> None:
        if text is not None:
            self._run(partial(self._actions.write_note, name, text))

    async def _open_export(self, key: str) -> None:
        """Open the export dialog of a run that has a model."""
        from medtui.tui.screens.export_dialog import ExportDialog

        with self.failures_shown("Could not export the model"):
            run = await asyncio.to_thread(self._actions.finished_run, key)
            if run is None:
                self._app.tell("Only the model of a finished run can be exported.")
            else:
                self._app.push_screen(ExportDialog(run))

    async def _start(self, request: StartRequested) -> None:
        """Start a study, go to Home, and open its reference if it is to be watched.

        While one is being started, another request is a key pressed twice.
        """
        if self._is_starting:
            return
        self._is_starting = True
        try:
            await self._start_once(request)
        finally:
            self._is_starting = False

    async def _start_once(self, request: StartRequested) -> None:
        name = describe_name(self._actions.runs_dir, request.preset.name)
        self._app.notify(f"Starting {name} ...", markup=False)
        with self.failures_shown("Could not start the study"):
            name = await asyncio.to_thread(self._actions.start, request.preset)
            self._poller.poll_now()
            await self._app.navigation.go_home()
            if request.is_watched:
                self._app.open_run(f"{name}/{REFERENCE}")

    def _quit(self, live: Sequence[str], answer: str | None) -> None:
        if answer == "leave":
            self._app.exit()
        elif answer == "stop":
            self._work(self._stop_all(live))

    async def _stop_all(self, names: Sequence[str]) -> None:
        """Stop studies, then quit, unless one could not be stopped."""
        num_stopped = 0
        for name in names:
            with self.failures_shown("Could not stop the study"):
                await asyncio.to_thread(self._actions.stop_study, name)
                num_stopped += 1
        if num_stopped == len(names):
            self._app.exit()

    def _run(self, action: Callable[[], str]) -> None:
        self._work(self._run_in_thread(action))

    async def _run_in_thread(self, action: Callable[[], str]) -> None:
        with self.failures_shown("Action failed"):
            self._app.notify(await asyncio.to_thread(action), markup=False)
        self._poller.poll_now()

    def _work(self, work: Coroutine[None, None, None]) -> None:
        self._app.run_worker(work, group="actions")

    def _show_failure(self, title: str, error: Exception) -> None:
        self._app.notify(str(error), title=title, severity="error", markup=False)
