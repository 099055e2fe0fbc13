"""The machine on Home: each GPU with its processes, CPU, memory and disk; and silent studies."""

import time
from collections.abc import Sequence

from rich.text import Text

from medtui.charts.palette import MARKS, Colours
from medtui.charts.style import ChartStyle
from medtui.monitor.study_summary import StudySummary
from medtui.telemetry.vitals import Vitals
from medtui.tui.gpu_rows import (
    LABEL,
    GpuUse,
    brief_room_of,
    gib,
    sparks,
    write_gpu_briefly,
    write_share,
)
from medtui.tui.run.sheet import Sheet, cut
from medtui.tui.status_text import age_of
from medtui.tui.widgets.rows_pane import RowsPane
from medtui.units import GIB, format_bytes

PERIOD_S = 10.0
"""Between two drawings: more would be most of what an idle application sends to its terminal."""

_WIDEST = 90
"""Cells that rows use: longer bars are hard to read."""


class MachinePane(RowsPane):
    """Shows the machine as last read."""

    _vitals: Vitals | None = None
    _shown_at = 0.0
    _silent: tuple[tuple[str, str], ...] = ()
    _style: ChartStyle | None = None

    def show_studies(self, studies: Sequence[StudySummary], style: ChartStyle, now: float) -> None:
        """Take the studies from which nothing is heard, and the look."""
        silent = [each for each in studies if each.status == "silent"]
        self._silent = tuple((each.name, age_of(each.last_at, now)) for each in silent)
        self._style = style
        self._show()

    def show_vitals(self, vitals: Vitals | None) -> None:
        """Take the load of the machine; it is drawn every `PERIOD_S`, the first at once."""
        now = time.monotonic()
        if self._vitals is None or now - self._shown_at >= PERIOD_S:
            self._vitals, self._shown_at = vitals, now
            self._show()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._show()

    def _show(self) -> None:
        if self._style is None or self.inner_width <= 0 or not self.display:
            return
        sheet = machine_rows(
            self._vitals, self._silent, min(self.inner_width, _WIDEST), self._style.colours,
            is_ascii=self._style.is_ascii,
        )  # fmt: skip
        self.caption("Machine", Text(f"every {PERIOD_S:.0f} s", self._style.colours.muted))
        self.show_canvas(sheet.canvas())


def machine_rows(
    vitals: Vitals | None,
    silent: Sequence[tuple[str, str]],
    width: int,
    colours: Colours,
    *,
    is_ascii: bool = False,
) -> Sheet:
    """Return the rows; `silent` are names of studies, and for how long nothing was heard."""
    sheet = Sheet(width, colours, is_ascii)
    if vitals is None:
        sheet.line("measuring …", colours.muted)
    else:
        for unit in vitals.gpus:
            if unit.sample is not None:
                write_gpu_briefly(sheet, GpuUse(unit.sample, unit.label, unit.percents))
                sheet.row()
        _write_host(sheet, vitals)
    for name, age in silent:
        said = f"{MARKS['silent']} {name}: no heartbeat for {age}; its runs may go on"
        sheet.line(cut(said, width - 2), colours.states["silent"])
    return sheet


def _write_host(sheet: Sheet, vitals: Vitals) -> None:
    colours, room = sheet.colours, brief_room_of(sheet)
    percents = vitals.cpu_percents
    sheet.row()
    sheet.put(1, "CPU", colours.strong, is_bold=True)
    sheet.put(LABEL + 2, sparks(sheet, percents, room), colours.accent)
    cores = "" if vitals.num_cores is None else f" of {vitals.num_cores} cores"
    sheet.put(LABEL + 3 + room, f"{percents[-1]:>3} %{cores}" if percents else "")
    used, total = vitals.memory_used_bytes, vitals.memory_total_bytes
    write_share(sheet, "RAM", used, total, f"{gib(used)}/{gib(total, 0)} GiB", colours.accent)
    free, whole = vitals.disk_free_bytes, vitals.disk_total_bytes
    if free is not None and whole:
        hue = colours.warning if free < GIB else colours.accent
        write_share(sheet, "Disk, runs", whole - free, whole, f"{format_bytes(free)} free", hue)
