"""Actions on an edited preset: save, copy, start."""

import shlex
from functools import partial
from pathlib import Path

from textual.screen import Screen

from medtui.errors import EnvironmentProblem
from medtui.preset import Preset, describe_compressions
from medtui.runs.atomic_file import publish_text
from medtui.runs.free_name import describe_name
from medtui.runs.slug import slugify
from medtui.tui.actions.messages import StartRequested
from medtui.tui.clipboard import copy_text
from medtui.tui.editor.missing_images import missing_images
from medtui.tui.editor.preset_list import short_path
from medtui.tui.editor.state import EditorState
from medtui.tui.screens.confirm import Choice, ConfirmDialog
from medtui.tui.screens.prompt import Prompt
from medtui.user_folders import expand_home


def discard_dialog(editor: EditorState) -> ConfirmDialog:
    """Return the question before an edited draft is dropped."""
    name = editor.document.value("", "name") or "the draft"
    return ConfirmDialog(
        f"Discard the changes of {name}? They were not written to a file.",
        [
            Choice("c", "", "Keep editing"),
            Choice("w", "write", "Write the preset to a file"),
            Choice("d", "discard", "Discard the changes"),
        ],
    )


class PresetActions:
    """Shows dialogs on top of the editor's screen, and results as its notices."""

    def __init__(self, screen: Screen[None], editor: EditorState) -> None:
        self._screen = screen
        self._editor = editor

    def ask_where_to_save(self) -> None:
        """Ask for a path, then write the preset there; an existing file is not replaced."""
        name = slugify(str(self._editor.document.value("", "name") or "study"))
        question = f"Save this preset as (in {short_path(Path.cwd())}):"
        prompt = Prompt(question, self._editor.saved_as or f"{name}.toml")
        self._screen.app.push_screen(prompt, self._save)

    def copy(self) -> None:
        """Copy the preset's text."""
        message = copy_text(self._screen.app, self._editor.document.text)
        self._screen.notify(message, markup=False)

    def confirm_start(self, preset: Preset) -> None:
        """Ask how to start the study, then start it or show its command.

        Where its images are not on this machine, it can only be saved for another one.
        """
        missing = missing_images(preset.data)
        if missing:
            dialog = ConfirmDialog(
                f"{preset.name} cannot start on this machine. {missing}",
                [
                    Choice("c", "", "Cancel, and correct the root of the data"),
                    Choice("p", "print", "Save the preset and show the command instead"),
                ],
            )
            self._screen.app.push_screen(dialog, partial(self._start, preset))
            return
        runs_dir: Path = getattr(self._screen.app, "runs_dir", Path())
        name = describe_name(runs_dir, preset.name)
        dialog = ConfirmDialog(
            f"Start {name}: a reference and {describe_compressions(preset)}? "
            "It runs in the background.",
            [
                Choice("g", "watch", "Start and watch"),
                Choice("h", "start", "Start and go to Home"),
                Choice("p", "print", "Save the preset and show the command instead"),
                Choice("c", "", "Cancel"),
            ],
        )
        self._screen.app.push_screen(dialog, partial(self._start, preset))

    def _start(self, preset: Preset, answer: str | None) -> None:
        if answer in {"watch", "start"}:
            self._screen.post_message(StartRequested(preset, is_watched=answer == "watch"))
        elif answer == "print":
            self._save(self._editor.saved_as or f"{slugify(preset.name)}.toml")
            if self._editor.saved_as:
                command = f"medtui --run {shlex.quote(self._editor.saved_as)}"
                message = f"{command}\n{copy_text(self._screen.app, command)}"
                self._screen.notify(message, timeout=20, markup=False)

    def _save(self, path: str | None) -> None:
        if not path:
            return
        try:
            target = expand_home(path)
        except EnvironmentProblem as problem:
            self._screen.notify(problem.message, severity="error", markup=False)
            return
        if target.exists() and str(target) != self._editor.saved_as:
            message = f"{target} already exists. Choose another name."
            self._screen.notify(message, severity="warning", markup=False)
            return
        try:
            publish_text(target, self._editor.document.text)
        except OSError as error:
            message = f"Could not write {target}: {error.strerror}."
            self._screen.notify(message, severity="error", markup=False)
            return
        self._editor.saved_as = str(target)
        self._screen.notify(f"Saved to {target}.", markup=False)
