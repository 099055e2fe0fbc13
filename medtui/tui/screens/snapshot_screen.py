"""Base of the screens that show the runs folder."""

import asyncio
import time
from importlib import import_module

from textual import work

from medtui.charts.palette import Colours
from medtui.charts.style import ChartStyle
from medtui.monitor.snapshot import Snapshot
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.theme import colours_of


class SnapshotScreen(LayeredScreen[None]):
    """Shows every snapshot while it is current, and the latest when it is resumed."""

    snapshot: Snapshot | None = None
    """The latest; None until the first was read."""
    key = ""
    """`study/run` of the run that is shown; empty on a screen of several."""

    def receive(self, snapshot: Snapshot) -> None:
        """Store a snapshot, and show it if this screen is seen."""
        self.snapshot = snapshot
        if self.is_seen:
            self.show(snapshot)

    @property
    def is_seen(self) -> bool:
        """Whether no opaque screen lies above this one.

        `Screen.is_current` is also true of the screen below an opaque one. What is drawn there
        makes Textual draw the whole screen above again.
        """
        for screen in reversed(self.app.screen_stack):
            if screen is self:
                return True
            if screen.styles.background.a == 1:
                return False
        return False

    def show(self, snapshot: Snapshot) -> None:
        """Show a snapshot in every part of the screen."""
        raise NotImplementedError

    @property
    def shown_studies(self) -> tuple[str, ...]:
        """Names of the studies whose runs are shown."""
        return (self.key.partition("/")[0],) if self.key else ()

    @work(group="sites")
    async def action_sites(self) -> None:
        """Show the studies' results on other data sets; heavy modules are imported in a thread."""
        sites = await asyncio.to_thread(import_module, "medtui.tui.sites.screen")
        runs_dir = self.app.runs_dir  # type: ignore[attr-defined] # of MedtuiApp
        self.app.push_screen(sites.SitesScreen(runs_dir, self.shown_studies))

    def reshow(self) -> None:
        """Show the latest snapshot again, when the screen is resumed or its look changed."""
        if self.snapshot is not None and self.is_mounted:
            self.show(self.snapshot)

    def on_screen_resume(self) -> None:
        self.reshow()

    @property
    def colours(self) -> Colours:
        """Colours for the theme in use."""
        return colours_of(self.app.current_theme)

    @property
    def chart_style(self) -> ChartStyle:
        """How charts look in the theme in use."""
        return ChartStyle(self.colours, is_ascii=getattr(self.app, "is_ascii", False))

    @property
    def now(self) -> float:
        """Unix time, for ages in minutes and coarser."""
        return time.time()
