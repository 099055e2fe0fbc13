"""Opens the screens above Home, and keeps what their user chose for the next time."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from medtui.monitor.poller import Poller
from medtui.monitor.snapshot import Snapshot
from medtui.tui.screens.home import HomeScreen

if TYPE_CHECKING:
    from medtui.tui.app import MedtuiApp
    from medtui.tui.compare.screen import CompareScreen
    from medtui.tui.compare.state import CompareView


class Navigation:
    """Screens with heavy imports are imported when they are first opened."""

    def __init__(self, app: "MedtuiApp", poller: Poller) -> None:
        self._app = app
        self._poller = poller
        self.snapshot: Snapshot | None = None
        """The latest: the reading thread publishes changes only, and screens begin with it."""
        self._compared: dict[str, CompareView] = {}
        """Each study that Compare was opened for to what was chosen there; empty is all."""

    def open_run(self, key: str) -> None:
        """Show the run `study/run`."""
        from medtui.tui.screens.run import RunScreen

        self._poller.watch(key)
        screen = RunScreen(key)
        screen.snapshot = self.snapshot
        self._app.push_screen(screen, lambda _: self._poller.watch(""))

    def open_compare(self, marked: tuple[str, ...], study: str, run: str = "") -> None:
        """Open Compare on one study, or on all of them where its name is empty.

        The cursor begins on `run`, where it is given and finished.
        """
        self._app.run_worker(self._open_compare(marked, study, run), group="compare")

    async def _open_compare(self, marked: tuple[str, ...], study: str, run: str) -> None:
        """Open Compare; its modules are imported in a thread."""
        compare = await asyncio.to_thread(import_module, "medtui.tui.compare.screen")
        screen: CompareScreen = compare.CompareScreen(
            self._app.runs_dir, marked, study, self._compared.get(study), run
        )
        screen.snapshot = self.snapshot

        def keep(_: None) -> None:
            self._compared[study] = screen.chosen_view

        self._app.push_screen(screen, keep)

    def open_draft(self, name_or_path: str) -> None:
        """Open the first step of a new study from a preset, by its packaged name or path.

        An empty name begins with an empty preset.

        Raises:
            MedtuiError: the preset cannot be read.
        """
        from medtui.tui.editor.data_screen import DataScreen
        from medtui.tui.editor.document import document_from, empty_document
        from medtui.tui.editor.state import EditorState

        document = document_from(name_or_path) if name_or_path else empty_document()
        self._app.push_screen(DataScreen(EditorState(document)))

    async def go_home(self) -> None:
        """Close every screen above Home; none of them shows a run any more."""
        while not isinstance(self._app.screen, HomeScreen):
            await self._app.pop_screen()
        self._poller.watch("")
