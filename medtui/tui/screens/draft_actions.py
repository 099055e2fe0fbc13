"""What is done with a draft once it is right: saved, copied, started."""

import shlex
from functools import partial
from pathlib import Path

from textual.message import Message
from textual.screen import Screen

from medtui.preset import Preset, describe_compressions
from medtui.runs.atomic_file import publish_text
from medtui.runs.folder import slugify
from medtui.tui.clipboard import copy_text
from medtui.tui.editor.state import Desk
from medtui.tui.screens.confirm import Choice, Question
from medtui.tui.screens.prompt import Prompt


class Drafting(Screen[None]):
    """A screen with a draft; its keys are for the screen to say."""

    class Started(Message):
        """The study is to be started."""

        def __init__(self, preset: Preset, *, is_watched: bool) -> None:
            super().__init__()
            self.preset = preset
            self.is_watched = is_watched
            """Whether its screen is to be opened."""

    desk: Desk
    """With the draft."""

    @property
    def objection(self) -> str:
        """Why the draft cannot be started; empty where nothing is known against it."""
        raise NotImplementedError

    def action_save(self) -> None:
        """Ask where to save."""
        name = slugify(str(self.desk.draft.value("", "name") or "study"))
        self.app.push_screen(
            Prompt("Save this preset as:", self.desk.saved_as or f"{name}.toml"), self._save
        )

    def action_copy(self) -> None:
        """Copy the preset's text."""
        self.notify(copy_text(self.app, self.desk.draft.text), markup=False)

    def action_start(self) -> None:
        """Ask how to start."""
        preset = self.desk.draft.preset
        if preset is None or self.objection:
            self.notify(self.objection, severity="warning", markup=False)
            return
        question = Question(
            f"Start {preset.name}: a reference and {describe_compressions(preset)}? "
            "It runs in the background and needs no terminal.",
            [
                Choice("s", "watch", "Start and watch"),
                Choice("b", "start", "Start in the background and go Home"),
                Choice("p", "print", "Save the preset and show the command line instead"),
                Choice("c", "", "Cancel"),
            ],
        )
        self.app.push_screen(question, partial(self._start, preset))

    def _start(self, preset: Preset, answer: str | None) -> None:
        if answer in {"watch", "start"}:
            self.post_message(self.Started(preset, is_watched=answer == "watch"))
        elif answer == "print":
            self._save(self.desk.saved_as or f"{slugify(preset.name)}.toml")
            if self.desk.saved_as:
                command = f"medtui --run {shlex.quote(self.desk.saved_as)}"
                said = f"{command}\n{copy_text(self.app, command)}"
                self.notify(said, timeout=20, markup=False)

    def _save(self, path: str | None) -> None:
        if not path:
            return
        target = Path(path).expanduser()
        if target.exists() and str(target) != self.desk.saved_as:
            said = f"{target} exists already; choose another name."
            self.notify(said, severity="warning", markup=False)
            return
        try:
            publish_text(target, self.desk.draft.text)
        except OSError as error:
            said = f"{target} cannot be written: {error.strerror}."
            self.notify(said, severity="error", markup=False)
            return
        self.desk.saved_as = str(target)
        self.notify(f"Saved as {target}.", markup=False)
