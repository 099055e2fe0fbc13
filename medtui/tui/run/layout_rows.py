"""The rows of small terminals: the answer above the chart, and what does not fit below it."""

from typing import TYPE_CHECKING

from medtui.charts.canvas import Canvas
from medtui.charts.palette import Colours
from medtui.charts.style import ChartStyle
from medtui.control_characters import one_line
from medtui.monitor.run_view import RunView
from medtui.tui.run.answer import Answer
from medtui.tui.run.answer_facts import bound_lines, kept_text
from medtui.tui.run.answer_pane import draw_hero, draw_ruler, draw_table, hero_line
from medtui.tui.run.big_digits import ROWS as HERO_ROWS
from medtui.tui.run.density_heat import brief_density
from medtui.tui.run.machine import brief_machine
from medtui.tui.run.outcome import gains_text
from medtui.tui.run.sheet import Sheet, cut_start
from medtui.tui.widgets.rows_pane import RowsPane
from medtui.units import plural

if TYPE_CHECKING:
    from medtui.tui.run.details import Comparison

_RULER = 28
"""Cells of the ruler beside the large digits."""
BRIEF_ROWS = 5
"""Rows below the chart of a terminal with one pane."""
FINISHED_ROWS = 9
"""The same of a finished run."""
_DENSITY = 41
"""Cells of the layers' densities, beside which the machine stands."""
_TABLE = 58
_WIDE_ENOUGH = 76
_MOST_PATIENTS = 5
_PATIENT = 9
"""Cells of a patient's name."""


def show_small_rows(
    hero: RowsPane,
    brief: RowsPane,
    view: RunView,
    answer: Answer,
    found: "Comparison | None",
    style: ChartStyle,
    *,
    is_small: bool,
) -> None:
    """Show the answer above and its details below where the panes have no place for them."""
    colours, is_ascii = style.colours, style.is_ascii
    if (width := hero.inner_width) > 0:
        rows = 1 if is_small else HERO_ROWS
        hero.show_canvas(hero_rows(answer, width, colours, rows=rows, is_ascii=is_ascii))
    if (width := brief.inner_width) > 0:
        rows = 1 if is_small else BRIEF_ROWS
        brief.show_canvas(
            brief_rows(view, answer, found, width, colours, rows=rows, is_ascii=is_ascii)
        )


def hero_rows(answer: Answer, width: int, colours: Colours, *, rows: int, is_ascii: bool) -> Canvas:
    """Return the answer in one row, or in three with the ruler beside it."""
    sheet = Sheet(width, colours, is_ascii)
    if rows == 1:
        sheet.row()
        column = 1
        for text, colour in hero_line(answer, colours):
            column = sheet.put(column, text, colour, is_bold=colour == colours.strong)
        return sheet.canvas()
    has_ruler = width >= _WIDE_ENOUGH
    draw_hero(sheet, answer, 1, is_alone=True, end=width - _RULER - 2 if has_ruler else None)
    if has_ruler:
        draw_ruler(sheet, answer, width - _RULER - 1, _RULER, (1, 2))
        gains = gains_text(answer)
        sheet.put_at(0, width - 1 - len(gains), gains, colours.strong, is_bold=True)
    return sheet.canvas()


def brief_rows(
    view: RunView,
    answer: Answer,
    found: "Comparison | None",
    width: int,
    colours: Colours,
    *,
    rows: int,
    is_ascii: bool,
) -> Canvas:
    """Return the metrics of a finished run; of a live one its densities, machine and log.

    In one row the end of the log stands, or what was kept.
    """
    if rows == 1:
        line = Sheet(width, colours)
        last = one_line(view.lines[-1].text) if view.lines and view.result is None else ""
        kept = kept_text(view)
        line.line(last or (f"kept {kept}" if kept else ""), colours.muted)
        return line.canvas()
    if view.result is not None:
        return _finished_rows(answer, found, width, colours)
    densities = brief_density(view, _DENSITY, colours).canvas()
    machine = brief_machine(view, max(1, width - _DENSITY), colours, is_ascii=is_ascii)
    if view.lines:
        machine.line(f"log {one_line(view.lines[-1].text)}", colours.muted)
    below = machine.canvas()
    canvas = Canvas(width, max(densities.height, below.height))
    canvas.paste(densities, 0, 0)
    canvas.paste(below, _DENSITY, 0)
    return canvas


def patient_line(patient: str, change: float) -> str:
    """Return a patient, of a long name the end, by which patients differ, and the points lost."""
    points = f"{change * 100:+.1f}".replace("-", "\N{MINUS SIGN}")
    return f"{cut_start(patient, _PATIENT):<{_PATIENT}} {points}"


def _finished_rows(
    answer: Answer, found: "Comparison | None", width: int, colours: Colours
) -> Canvas:
    sheet = Sheet(width, colours)
    end = min(width - 1, _TABLE)
    notes = len(bound_lines(answer, end - 1))
    most = FINISHED_ROWS - 1 - (answer.on_val is not None) - notes
    draw_table(sheet, answer, 1, end, most)
    if width < _WIDE_ENOUGH or found is None or not found.patients:
        return sheet.canvas()
    fallen = [each for each in found.patients if each.change < 0]
    lines = [(f"{'patient':<{_PATIENT}} points", colours.strong)]
    lines += [
        (patient_line(each.patient, each.change), colours.warning)
        for each in fallen[:_MOST_PATIENTS]
    ]
    if found.flips is not None:
        lost, gained = found.flips.num_lost, found.flips.num_gained
        counts = (f"{plural(lost, 'answer')} lost", f"{gained} gained")
        lines += [(count, colours.muted) for count in counts]
    for at, (text, colour) in enumerate(lines[: sheet.num_rows]):
        sheet.put_at(at, _TABLE + 3, text, colour)
    return sheet.canvas()
