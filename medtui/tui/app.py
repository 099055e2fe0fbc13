"""The application: its screens, its keys, its way out. Loads no torch."""

import asyncio
import gc
import sys
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme

from medtui.monitor.poller import Poller
from medtui.monitor.snapshot import Snapshot, endings_between
from medtui.runs.folder import REFERENCE
from medtui.tui.action_handlers import CANCEL, Answering
from medtui.tui.actions import Errands
from medtui.tui.ascii import AsciiFilter
from medtui.tui.bindings import bind
from medtui.tui.console import PrintableConsole
from medtui.tui.control_filter import ControlFilter
from medtui.tui.screens.confirm import Choice, Question
from medtui.tui.screens.help import HelpScreen, own_bindings
from medtui.tui.screens.home import HomeScreen
from medtui.tui.screens.snapshot_screen import ReaderScreen
from medtui.tui.settings import Config, load_config
from medtui.tui.terminal import on_signals, title_sequence, watch_terminal
from medtui.tui.theme import DARK_THEME, LIGHT_THEME

if TYPE_CHECKING:
    from medtui.preset import Preset
    from medtui.tui.screens.data import DataScreen
    from medtui.tui.screens.draft_actions import Drafting
    from medtui.tui.screens.new_study import NewStudyScreen
    from medtui.tui.screens.run import RunScreen


SWITCH_S = 0.001
"""How long the reading and drawing threads may keep the event loop waiting, seconds."""

GC_THRESHOLDS = (700, 10, 1000)
"""Python's own, but for the collection of everything: it stalls the loop, and finds next to nothing
here."""


class SnapshotTaken(Message):
    """The reading thread has news."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot
        """All that screens show."""


class MedtuiApp(Answering):
    """Shows one runs folder. Closing it ends nothing that runs."""

    TITLE = "medtui"
    CSS_PATH = "app.tcss"

    BINDINGS = [
        bind("question_mark,f1", "help", "Help", "Explain this screen and its keys", display="?"),
        bind("q", "quit", "Quit", "Leave; what runs may go on"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, system=True),
    ]

    def __init__(
        self, runs_dir: Path, *, is_ascii: bool = False, config: Config | None = None
    ) -> None:
        super().__init__()
        self._config = config or Config()
        self.is_ascii = is_ascii
        """Whether only ASCII may reach the terminal."""
        self.animation_level = "none"
        self.errands = Errands(runs_dir)
        self.feed = Poller(runs_dir, self._publish)
        self._snapshot: Snapshot | None = None
        self._terminal_title = ""
        # What a crash writes once the screen is gone.
        self.error_console = PrintableConsole(file=sys.__stderr__, markup=False, highlight=False)
        self._filters.append(ControlFilter())
        if is_ascii:
            self._filters.append(AsciiFilter())

    def get_default_screen(self) -> Screen[None]:
        """Begin at Home."""
        return HomeScreen()

    def on_mount(self) -> None:
        """Choose the look, prepare the way out, begin to read."""
        for theme in (DARK_THEME, LIGHT_THEME):
            self.register_theme(theme)
        wanted = self._config.look.theme
        self.theme = wanted if wanted in self.available_themes else DARK_THEME.name
        self.set_keymap(self._config.keys)
        self.theme_changed_signal.subscribe(self, self._on_theme)
        loop = asyncio.get_running_loop()
        if not self.is_headless:
            on_signals(self._leave)
            watch_terminal(lambda code: loop.call_soon_threadsafe(self._leave, code))
        self.feed.start()
        # What stands now stays; going through it at every collection would stall the loop.
        self.call_after_refresh(gc.freeze)

    def on_unmount(self) -> None:
        """Let the reading thread and the terminal's title go."""
        self.feed.stop()
        if self._driver is not None and self._terminal_title:
            self._driver.write(title_sequence(""))

    def on_snapshot_taken(self, message: SnapshotTaken) -> None:
        """Hand the news to the screens."""
        for sentence, is_good in endings_between(self._snapshot, message.snapshot):
            self.notify(sentence, severity="information" if is_good else "warning", markup=False)
            self.bell()
        self._snapshot = message.snapshot
        self._name_terminal(message.snapshot)
        for screen in self.screen_stack:
            if isinstance(screen, ReaderScreen):
                screen.take(message.snapshot)

    def on_home_screen_run_opened(self, message: HomeScreen.RunOpened) -> None:
        """Open a run's screen."""
        self.open_run(message.key)

    @work(group="compare")
    async def on_home_screen_compare_wanted(self, message: HomeScreen.CompareWanted) -> None:
        """Compare runs; the room is heavy, so it is entered when it is wanted."""
        compare = await asyncio.to_thread(import_module, "medtui.tui.screens.compare")
        screen = compare.CompareScreen(self.errands.runs_dir, message.marked, message.wanted)
        screen.snapshot = self._snapshot
        self.push_screen(screen)

    def on_run_screen_run_wanted(self, message: "RunScreen.RunWanted") -> None:
        """Show another run in place of the one in view."""
        self.pop_screen()
        self.open_run(message.key)

    def on_new_study_screen_chosen(self, message: "NewStudyScreen.Chosen") -> None:
        """Begin a draft from a preset."""
        from medtui.tui.editor.document import draft_from
        from medtui.tui.editor.state import Desk
        from medtui.tui.screens.data import DataScreen

        with self.failures_shown("Not usable"):
            self.push_screen(DataScreen(Desk(draft_from(message.name_or_path))))

    def on_data_screen_done(self, message: "DataScreen.Done") -> None:
        """Go on to schemes and densities."""
        from medtui.tui.screens.compress import CompressScreen

        self.push_screen(CompressScreen(message.desk))

    def on_drafting_started(self, message: "Drafting.Started") -> None:
        """Start a study, and open its screen if asked to."""
        self._begin(message.preset, is_watched=message.is_watched)

    def open_run(self, key: str) -> None:
        """Show the run `study/run`."""
        from medtui.tui.screens.run import RunScreen

        self.feed.watch(key)
        screen = RunScreen(key)
        # The reading thread publishes changes only, and this run may be in the last snapshot.
        screen.snapshot = self._snapshot
        self.push_screen(screen, self._on_run_left)

    def action_help(self) -> None:
        """Explain the screen in view."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    async def action_quit(self) -> None:
        """Leave; where something runs, ask whether it shall go on."""
        live = (
            [study.name for study in self._snapshot.studies if study.is_live]
            if self._snapshot
            else []
        )
        if not live:
            self.exit()
            return
        if isinstance(self.screen, Question):
            return
        names = ", ".join(live)
        question = Question(
            f"{names} {'is' if len(live) == 1 else 'are'} running.",
            [
                Choice("l", "leave", "Leave it running: it needs no terminal"),
                Choice("s", "stop", "Stop it after the step it is in, then quit"),
                CANCEL,
            ],
        )
        self.push_screen(question, partial(self._quit, live))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the screen in view, then Textual's own."""
        for binding in own_bindings(screen):
            run = partial(self.call_later, self.simulate_key, binding.key)
            yield SystemCommand(
                binding.description, f"{binding.tooltip} ({self.get_key_display(binding)})", run
            )
        for command in super().get_system_commands(screen):
            if command.title not in {"Quit", "Keys", "Maximize", "Minimize"}:
                yield command

    def _quit(self, live: list[str], answer: str | None) -> None:
        if answer == "leave":
            self.exit()
        elif answer == "stop":
            self._stop_all(live)

    @work(group="quit")
    async def _stop_all(self, names: list[str]) -> None:
        """Stop every live study, then leave; stay where one could not be stopped."""
        num_asked = 0
        for name in names:
            with self.failures_shown("Not stopped"):
                await asyncio.to_thread(self.errands.stop_study, name)
                num_asked += 1
        if num_asked == len(names):
            self.exit()

    @work(group="errands")
    async def _begin(self, preset: "Preset", *, is_watched: bool) -> None:
        self.notify(f"Starting {preset.name} ...", markup=False)
        with self.failures_shown("Not started"):
            name = await asyncio.to_thread(self.errands.start, preset)
            self.feed.poll_now()
            while not isinstance(self.screen, HomeScreen):
                await self.pop_screen()
            if is_watched:
                self.open_run(f"{name}/{REFERENCE}")

    def _on_run_left(self, _result: None) -> None:
        """Stop reading the run for a view that nobody looks at."""
        self.feed.watch("")

    def _name_terminal(self, snapshot: Snapshot) -> None:
        """Tell in the terminal's title how far the live studies are."""
        live = f" {snapshot.num_live} running, {snapshot.share:.0%}" if snapshot.num_live else ""
        title = f"medtui{live}"
        if self._driver is not None and not self.is_headless and title != self._terminal_title:
            self._terminal_title = title
            self._driver.write(title_sequence(title))

    def _on_theme(self, _theme: Theme) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, ReaderScreen):
                screen.reshow()

    def _publish(self, snapshot: Snapshot) -> None:
        """Called by the reading thread."""
        self.post_message(SnapshotTaken(snapshot))

    def _leave(self, code: int) -> None:
        self.exit(return_code=code)


def run_app(runs_dir: Path, *, ascii_only: bool = False) -> int:
    """Show the runs folder until the person leaves; give the exit code."""
    config = load_config()
    app = MedtuiApp(runs_dir, is_ascii=ascii_only or config.look.ascii, config=config)
    favour_loop()
    app.run()
    return app.return_code or 0


def favour_loop() -> None:
    """Keep other threads and the garbage collector from stalling the event loop."""
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(*GC_THRESHOLDS)
