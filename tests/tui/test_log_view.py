"""The log: its lines are shown whenever the pane has room for them."""

from textual.app import App, ComposeResult

from medtui.charts.palette import DARK
from medtui.runs.log.history import Line
from medtui.tui.widgets.log_view import LogView
from tests.helpers.tui_pilot import until

LINES = (Line(0.0, "started", "info"), Line(1.0, "finished", "info"))


class _Log(App[None]):
    def compose(self) -> ComposeResult:
        log = LogView(id="log")
        log.display = False
        yield log


async def test_lines_given_to_a_hidden_log_appear_with_it() -> None:
    """A hidden pane has no width to wrap lines for; a finished run sends no further ones."""
    async with _Log().run_test() as pilot:
        log = pilot.app.query_one(LogView)
        log.show(LINES, DARK)
        assert log.num_rows == 0
        log.display = True
        await until(pilot, lambda: log.num_rows == len(LINES))
