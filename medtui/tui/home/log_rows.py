"""The latest events of a study on Home: of all its runs, with their letters."""

import time

from medtui.charts.palette import Colours
from medtui.charts.run_identity import identify_study
from medtui.monitor.study_summary import StudyLine, StudySummary
from medtui.runs.status import UNENDED
from medtui.tui.run.sheet import Sheet, cut
from medtui.units import format_duration

_TEXT = 15
"""Column of a line's text: after the time and the letter."""


def log_rows(study: StudySummary, width: int, height: int, colours: Colours) -> Sheet:
    """Return the latest lines that fit, the newest last; of saved runs only when they ended."""
    sheet = Sheet(width, colours)
    marks = identify_study(study.name, [run.name for run in study.runs])
    for each in [*_ends_of_runs(study), *study.lines][-max(1, height) :]:
        mark = marks.get(f"{study.name}/{each.run}")
        sheet.row()
        then = time.strftime("%H:%M:%S", time.localtime(each.time))
        sheet.put(1, then, colours.muted)
        if mark is not None:
            sheet.put(11, mark.letter, colours.of(mark.tint), is_bold=True)
        is_warning = each.level == "warning"
        text = cut(each.text, width - _TEXT - 1)
        sheet.put(_TEXT, text, colours.warning if is_warning else colours.text)
    if not sheet.num_rows:
        sheet.line("no event was recorded yet", colours.muted)
    return sheet


def _ends_of_runs(study: StudySummary) -> list[StudyLine]:
    """Return when the runs without lines ended, and what became of them."""
    known = {each.run for each in study.lines}
    found = list[StudyLine]()
    for run in study.runs:
        if run.name in known or run.last_at is None or run.status in UNENDED:
            continue
        took = f" after {format_duration(run.seconds)}" if run.seconds else ""
        level = "info" if run.status in {"finished", "stopped"} else "warning"
        found.append(StudyLine(run.name, run.last_at, level, f"{run.status}{took}"))
    return sorted(found, key=lambda each: each.time)
