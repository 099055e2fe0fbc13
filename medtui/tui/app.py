"""The application: its screens, its keys, and how it exits. Loads no torch."""

import asyncio
import gc
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.actions import ActionParseResult
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import WorkerFailed

from medtui.monitor.poller import Poller
from medtui.monitor.snapshot import Snapshot, endings_between
from medtui.telemetry.vitals import Vitals
from medtui.telemetry.vitals_reader import VitalsReader
from medtui.tui.actions.handlers import ActionHandlers
from medtui.tui.actions.messages import ActionMessage, ActionRequest
from medtui.tui.actions.study_actions import StudyActions
from medtui.tui.ascii import AsciiFilter
from medtui.tui.bindings import bind, current_names, describe_unknown_names
from medtui.tui.console import PrintableConsole
from medtui.tui.control_filter import ControlFilter
from medtui.tui.error_log import describe_failure
from medtui.tui.home.machine_pane import MachinePane
from medtui.tui.navigation import Navigation
from medtui.tui.notices import Notices
from medtui.tui.palette import commands_of
from medtui.tui.published import SnapshotTaken, VitalsRead
from medtui.tui.screens.confirm import ConfirmDialog
from medtui.tui.screens.help import HelpScreen
from medtui.tui.screens.home import HomeScreen
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.screens.snapshot_screen import SnapshotScreen
from medtui.tui.settings import Settings
from medtui.tui.terminal import on_signals, watch_terminal
from medtui.tui.terminal_title import TerminalTitle
from medtui.tui.theme import DARK_THEME, LIGHT_THEME, colours_of, variables_of
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.title_bar import TitleBar
from medtui.upgrade import explain_missing_module

if TYPE_CHECKING:
    from medtui.tui.compare.actions import CompareActions
    from medtui.tui.editor.data_screen import DataScreen
    from medtui.tui.editor.new_study_screen import NewStudyScreen
    from medtui.tui.screens.run import RunScreen


class MedtuiApp(App[None]):
    """Shows one runs folder. Closing it stops no run."""

    TITLE = "medtui"
    CSS_PATH = "app.tcss"

    BINDINGS = [
        bind("help", "help", "Help", "Show help for this screen"),
        bind("quit", "quit", "Quit", "Quit; studies can continue to run"),
        replace(
            bind(
                "command_palette",
                "command_palette",
                "Palette",
                "Open the command palette",
                shown=False,
            ),
            priority=True,
        ),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, system=True),
    ]

    def __init__(
        self,
        runs_dir: Path,
        *,
        is_ascii: bool = False,
        is_read_only: bool = False,
        settings: Settings | None = None,
    ) -> None:
        super().__init__()
        self._settings = settings or Settings()
        self.is_ascii = is_ascii
        """Whether only ASCII may reach the terminal."""
        self.is_read_only = is_read_only
        """Whether nothing may be changed in the runs folder."""
        self.animation_level = "none"
        self.runs_dir = runs_dir
        self.poller = Poller(runs_dir, self._publish)
        self.navigation = Navigation(self, self.poller)
        """Opens the screens above Home."""
        self._handlers = ActionHandlers(self, StudyActions(runs_dir), self.poller)
        self.vitals: Vitals | None = None
        """The load of the machine as last read."""
        self._vitals_reader = VitalsReader(self._publish_vitals, runs_dir)
        self.notices = Notices()
        """What was said, also in the footer."""
        self._terminal_title = TerminalTitle(is_read_only=is_read_only)
        # Where a traceback is written after the terminal was restored.
        self.error_console = PrintableConsole(file=sys.__stderr__, markup=False, highlight=False)
        self._filters.append(ControlFilter())
        if is_ascii:
            self._filters.append(AsciiFilter())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return what style sheets use beside the variables of Textual's own themes."""
        return dict(variables_of(colours_of(self.current_theme)))

    def get_default_screen(self) -> Screen[None]:
        return HomeScreen()

    def on_mount(self) -> None:
        for theme in (DARK_THEME, LIGHT_THEME):
            self.register_theme(theme)
        wanted = self._settings.look.theme
        self.theme = wanted if wanted in self.available_themes else DARK_THEME.name
        self.set_keymap(current_names(self._settings.keys))
        for sentence in describe_unknown_names(self._settings.keys):
            self.notify(sentence, severity="warning", timeout=15, markup=False)
        self.theme_changed_signal.subscribe(self, self._on_theme)
        loop = asyncio.get_running_loop()
        if not self.is_headless:
            on_signals(self._leave, getattr(self._driver, "attrs_before", None))
            watch_terminal(lambda code: loop.call_soon_threadsafe(self._leave, code))
        self.call_after_refresh(self._start_reading)

    def _start_reading(self) -> None:
        """Start the reading threads, once the first screen is drawn: their imports take longer."""
        self.poller.start()
        self._vitals_reader.start()
        # What exists now is kept; scanning it at every collection would stall the loop.
        gc.freeze()

    def on_unmount(self) -> None:
        self.poller.stop()
        self._vitals_reader.stop()
        self._terminal_title.clear(self._driver)

    def on_vitals_read(self, message: VitalsRead) -> None:
        """Show the load of the machine in the title bar."""
        self.vitals = message.vitals
        # Screens are gone first when the application ends, and messages may still wait then.
        for screen in self.screen_stack[-1:]:
            for bar in screen.query(TitleBar):
                bar.show_vitals()
            for pane in screen.query(MachinePane):
                pane.show_vitals(self.vitals)

    def on_snapshot_taken(self, message: SnapshotTaken) -> None:
        """Announce runs that ended, and pass the snapshot on to the screens."""
        for sentence, is_good in endings_between(self.navigation.snapshot, message.snapshot):
            self.notify(sentence, severity="information" if is_good else "warning", markup=False)
            self.bell()
        self.navigation.snapshot = message.snapshot
        self._terminal_title.show(message.snapshot, self._driver)
        for screen in self.screen_stack:
            if isinstance(screen, SnapshotScreen):
                screen.receive(message.snapshot)

    def tell(self, sentence: str) -> None:
        """Show in the footer why nothing was done; as a notice where a dialog is open."""
        if isinstance(self.screen, LayeredScreen):
            self.screen.tell(sentence)
        else:
            self.notify(sentence, severity="warning", markup=False)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a message in the footer, or as a notice above it where it is too long for that.

        Nothing of a screen is covered by what fits beside the keys. Help lists the latest.
        """
        said = f"{title}: {message}" if title else message
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        if not self.notices.take(self.screen, said, severity, seconds):
            super().notify(message, title=title, severity=severity, timeout=seconds, markup=markup)

    @on(ActionMessage)
    def _on_action_request(self, request: ActionRequest) -> None:
        if self.is_read_only:
            self.tell("Nothing was changed: medtui was opened with --read-only.")
        else:
            self._handlers.handle(request)

    def on_home_screen_run_requested(self, message: HomeScreen.RunRequested) -> None:
        self.open_run(message.key)

    def on_home_screen_compare_requested(self, message: HomeScreen.CompareRequested) -> None:
        self.navigation.open_compare(message.marked, message.study)

    def on_run_screen_compare_requested(self, message: "RunScreen.CompareRequested") -> None:
        self.navigation.open_compare((), message.study, message.run)

    def on_compare_actions_run_requested(self, message: "CompareActions.RunRequested") -> None:
        """Open a run above Compare, to which going back leads."""
        self.open_run(message.key)

    def on_run_screen_run_requested(self, message: "RunScreen.RunRequested") -> None:
        """Show another run in place of the current one."""
        self.pop_screen()
        self.open_run(message.key)

    def on_new_study_screen_preset_chosen(self, message: "NewStudyScreen.PresetChosen") -> None:
        self.open_draft(message.name_or_path)

    def open_draft(self, name_or_path: str) -> None:
        """Open a preset as the draft of a new study, or say why it cannot be read."""
        with self._handlers.failures_shown("Could not open the preset"):
            self.navigation.open_draft(name_or_path)

    def on_data_screen_completed(self, message: "DataScreen.Completed") -> None:
        """Open the second step of a new study."""
        from medtui.tui.editor.compress_screen import CompressScreen

        self.push_screen(CompressScreen(message.editor))

    def open_run(self, key: str) -> None:
        """Show the run `study/run`."""
        self.navigation.open_run(key)

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    async def action_quit(self) -> None:
        """Quit; ask first while a study is running, or where a draft was edited."""
        snapshot = self.navigation.snapshot
        studies = snapshot.studies if snapshot and not self.is_read_only else ()
        live = [study.name for study in studies if study.is_live]
        is_edited = any(getattr(each, "has_edited_draft", False) for each in self.screen_stack)
        if not live and not is_edited:
            self.exit()
        elif not isinstance(self.screen, ConfirmDialog):
            self._handlers.confirm_quit(live, is_draft_edited=is_edited)

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action, or say why it can do nothing now; an earlier refusal is dropped."""
        for bar in self.screen_stack[-1].query(KeyBar) if self.screen_stack else ():
            bar.forget_refusal()
        if isinstance(default_namespace, LayeredScreen) and isinstance(action, str):
            reason = default_namespace.why_not(action.partition("(")[0])
            if reason:
                default_namespace.tell(reason)
                return True
        return await super().run_action(action, default_namespace, namespaces)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield every action of the current screen, then Textual's own."""
        yield from commands_of(self, screen, super().get_system_commands(screen))

    def _on_theme(self, _theme: Theme) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, SnapshotScreen):
                screen.reshow()

    def _publish(self, snapshot: Snapshot) -> None:
        """Called by the reading thread."""
        self.post_message(SnapshotTaken(snapshot))

    def _publish_vitals(self, vitals: Vitals) -> None:
        """Called by the thread that reads the machine's load."""
        self.post_message(VitalsRead(vitals))

    def _handle_exception(self, error: Exception) -> None:
        """Show what failed in the background as a notice, with the file that has its traceback.

        A screen that failed cannot go on, so the application exits; where a module is missing since
        medtui was upgraded, a message says so in place of a traceback.
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        upgraded = explain_missing_module(cause) if isinstance(cause, ImportError) else None
        if isinstance(error, WorkerFailed):
            sentence = str(upgraded) if upgraded else describe_failure(cause)
            self.notify(sentence, title="Not done", severity="error", markup=False)
        elif upgraded is None:
            super()._handle_exception(error)
        else:
            self.exit(return_code=upgraded.exit_code, message=str(upgraded))

    def _leave(self, code: int) -> None:
        self.exit(return_code=code)
