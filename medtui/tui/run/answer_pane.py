"""Draws the answer: large digits, the ruler with the margin, and the metrics in three columns."""

import math
from typing import TYPE_CHECKING

from medtui.charts.palette import Colours
from medtui.monitor.run_view import RunView
from medtui.tui.run.answer import Answer
from medtui.tui.run.answer_facts import BOUND, bound_lines, facts_of, warning_lines
from medtui.tui.run.big_digits import ROWS as HERO_ROWS
from medtui.tui.run.big_digits import big_digits
from medtui.tui.run.metric_line import MetricLine
from medtui.tui.run.sheet import Sheet, cut
from medtui.units import MINUS

if TYPE_CHECKING:
    from medtui.analysis.verdicts import Verdict

_RULER_STEPS = (1, 2, 5)
_MIN_RULER = 16
_FEWEST_METRICS = 4
_SEEN_WARNING = 2
"""Rows of warnings that are never below the edge of the pane; others may have to be scrolled."""
_NUMBER = 6
"""Cells of a metric's value, with a gap."""
_LABEL = 13
"""Cells of the names of metrics."""


def verdict_look(answer: Answer, colours: Colours) -> tuple[str, str]:
    """Return the words below the difference, and their colour; val gets no verdict."""
    change, margin = answer.primary.change, answer.margin
    if answer.verdict is not None:
        return words_of(answer.verdict, colours)
    if change is None or answer.split == "test" or margin is None:
        return answer.note, colours.muted
    where = "inside" if change >= -margin else "beyond"
    when = "on val" if answer.is_final else "so far"
    return f"{where} the margin {when}", colours.text


def words_of(verdict: "Verdict", colours: Colours) -> tuple[str, str]:
    """Return a verdict's mark and words, and their colour."""
    glyph, colour = {
        "non-inferior": ("✓", colours.good), "worse": ("✗", colours.bad),
        "not shown": ("~", colours.warning), "not judged": ("·", colours.muted),
    }[verdict.state]  # fmt: skip
    if verdict.is_few:  # the brackets beside it say what is too few
        return "· too few", colours.muted
    return f"{glyph} {verdict.text}", colour


def val_word(answer: Answer) -> str:
    """Return the verdict on val, by which runs are chosen: `, val: not shown`."""
    verdict = answer.val_verdict
    return f", val: {'too few' if verdict.is_few else verdict.state}" if verdict else ""


def digits_colour(answer: Answer, colours: Colours) -> str:
    """Return green for non-inferior, vermilion for worse, and white while it is open."""
    state = answer.verdict.state if answer.verdict else ""
    return {"non-inferior": colours.good, "worse": colours.bad}.get(state, colours.strong)


def hero_words(
    answer: Answer, colours: Colours, *, is_alone: bool = False
) -> list[tuple[str, str]]:
    """Return the three lines beside the digits, with their colours.

    Alone, without the frame of its pane, it names what the run is compared with.
    """
    line = answer.primary
    metric = line.metric
    name = metric.label if metric else line.label
    is_share = metric is not None and metric.is_share
    if line.value is None:
        return [("", colours.muted), (answer.note, colours.muted), ("", colours.muted)]
    if line.change is None:
        unit = "% " if is_share else ""
        kept = "the kept model" if answer.is_final else "kept so far"
        return [(f"{unit}{answer.split} {name}", colours.muted),
                (kept, colours.muted), (answer.note, colours.muted)]  # fmt: skip
    interval = line.interval or ("" if answer.verdict else answer.note)
    if is_alone:
        what = f"points of {name}" if is_share else name
        other = answer.against.replace("reference", "ref.")
        what += f", {other} {line.show(line.control)}"
        source = answer.source.replace(" · ", ", ")
        interval = f"{interval}  {source}" if line.interval else f"{source}; {interval}"
    else:
        what = f"points of {answer.split} {name}" if is_share else f"{answer.split} {name}"
    return [(what, colours.muted), (interval, colours.strong), verdict_look(answer, colours)]


def hero_number(answer: Answer) -> str:
    """Return the number in large digits: the difference, or without one the level."""
    line = answer.primary
    if line.change is not None:
        return line.show_change(line.change)
    return line.show(line.value) if line.value is not None else ""


def draw_hero(
    sheet: Sheet, answer: Answer, column: int, *, is_alone: bool = False, end: int | None = None
) -> None:
    """Draw digits and the words beside them on three rows; words do not pass `end`."""
    colours = sheet.colours
    number = hero_number(answer)
    drawn = ("", number, "") if sheet.is_ascii else big_digits(number)
    width = max(map(len, drawn))
    words = hero_words(answer, colours, is_alone=is_alone)
    beside = column + (width + 3 if width else 0)
    room = max(0, (sheet.width if end is None else end) - beside)
    for row in range(HERO_ROWS):
        sheet.row()
        sheet.put(column, drawn[row], digits_colour(answer, colours), is_bold=sheet.is_ascii)
        text, colour = words[row]
        is_bold = row == 1 and answer.primary.has_interval
        after = sheet.put(beside, _fitted(text, room), colour, is_bold=is_bold)
        on_val = val_word(answer) if is_alone and row == HERO_ROWS - 1 else ""
        if after + len(on_val) <= beside + room:
            sheet.put(after, on_val, colours.muted)


def _fitted(text: str, room: int) -> str:
    """Return as many parts of a text, separated by commas, as fit: a cut number reads as one."""
    while len(text) > room and ", " in text:
        text = text.rpartition(", ")[0]
    return text[:room]


def hero_line(answer: Answer, colours: Colours) -> list[tuple[str, str]]:
    """Return the answer as pieces of one row, for small terminals."""
    line = answer.primary
    words = verdict_look(answer, colours)
    if line.change is None:
        unit = " %" if line.metric is not None and line.metric.is_share else ""
        name = line.metric.label if line.metric else line.label
        value = hero_number(answer)
        return [(f"{value}{unit} " if value else "", colours.strong),
                (f"{answer.split} {name}  {answer.note}", colours.muted)]  # fmt: skip
    return [
        (line.show_change(line.change), digits_colour(answer, colours)),
        (f" {line.interval}".rstrip(), colours.strong),
        (f" {answer.split}  ", colours.muted),
        words,
    ]


def draw_ruler(
    sheet: Sheet, answer: Answer, column: int, width: int, rows: tuple[int, int]
) -> None:
    """Draw the interval on a line with the margin; `rows` are that line and its labels.

    The line is centred on no difference; what is worse than the margin has another background.
    """
    line, margin, colours = answer.primary, answer.margin, sheet.colours
    if line.change is None or margin is None or width < _MIN_RULER or line.metric is None:
        return
    scale = 100.0 if line.metric.is_share else 1.0
    ends = [each for each in (line.low, line.high, line.change, margin) if each is not None]
    half = _round_up(max(abs(each) for each in ends) * scale * 1.1)

    def place(value: float) -> int:
        share = (value * scale + half) / (2 * half)
        return column + min(width - 1, max(0, round(share * (width - 1))))

    edge = place(-margin)
    sheet.put_at(rows[0], column, "─" * (edge - column), colours.faint, back=colours.off)
    sheet.put_at(rows[0], edge, "─" * (column + width - edge), colours.faint)
    sheet.put_at(rows[0], edge, "┊", colours.bad)
    if line.low is not None and line.high is not None:
        first, last = place(line.low), place(line.high)
        heavy = "━" * max(0, last - first - 1)
        sheet.put_at(rows[0], first, f"├{heavy}┤" if last > first else "│", colours.accent)
    sheet.put_at(rows[0], place(line.change), "●", digits_colour(answer, colours), is_bold=True)
    low, high = (f"{sign}{half:g}" for sign in ("\N{MINUS SIGN}", "+"))
    zero = place(0.0)
    first = max(column + len(low) + 1, edge - 3)
    sheet.put_at(rows[1], column, low, colours.muted)
    if first + len("margin") < zero:
        sheet.put_at(rows[1], first, "margin", colours.bad)
    elif edge < zero - 1:
        sheet.put_at(rows[1], edge, "!" if sheet.is_ascii else "┊", colours.bad)
    sheet.put_at(rows[1], zero, "0", colours.muted)
    sheet.put_at(rows[1], column + width - len(high), high, colours.muted)


def _round_up(value: float) -> float:
    """Return the next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(step * power for step in (*_RULER_STEPS, 10) if step * power >= value * (1 - 1e-9))


def draw_table(
    sheet: Sheet, answer: Answer, column: int, end: int, most: int | None = None
) -> None:
    """Draw the metrics: this run, what it is compared with, and the difference.

    The row of val, by which runs are chosen, is the last: all above it are on one split. Intervals
    that are bounds are marked, and the mark is explained below.
    """
    colours = sheet.colours
    first, *others = answer.lines[:most]
    lines = [first, *others, *filter(None, [answer.on_val])]
    label = min(_LABEL, max(len(line.label) for line in lines))
    places = (column + label + _NUMBER, column + label + 2 * _NUMBER + 1)
    sheet.row()
    sheet.put(column, f"on {answer.split}", colours.muted)
    sheet.right(places[0], "this", colours.muted)
    if answer.against:
        sheet.right(places[1] + 1, _SHORT_BASELINES[answer.against], colours.muted)
        sheet.right(end, "difference" + (" [95 %]" if _have_intervals(answer) else ""),
                    colours.muted)  # fmt: skip
    for line in lines:
        sheet.row()
        sheet.put(column, cut(line.label, label), colours.muted)
        sheet.right(places[0], line.show(line.value), colours.text)
        if answer.against:
            sheet.right(places[1], line.show(line.control), colours.muted)
            change = f"{line.show_change(line.change)} {line.interval}".strip()
            sheet.right(end, change, _change_colour(line, colours))
            sheet.put(end, BOUND if line.has_bound else "", colours.muted)
    for text in bound_lines(answer, end - column, lines):
        sheet.line(text, colours.muted, column=column)


_SHORT_BASELINES = {"control": "control", "reference": "ref."}


def _have_intervals(answer: Answer) -> bool:
    return any(line.has_interval for line in answer.lines)


def _change_colour(line: MetricLine, colours: Colours) -> str:
    """Return the colour of a loss where the whole interval is worse than no difference."""
    if line.low is None or line.high is None:
        return colours.text
    is_higher_better = line.metric is not None and line.metric.higher_is_better
    # By the digits that are shown: an end of +.000 is no loss that can be seen.
    near = line.show_change(line.high if is_higher_better else line.low)
    is_seen = any(digit in near for digit in "123456789")
    is_worse = near.startswith(MINUS if is_higher_better else "+")
    return colours.bad if is_seen and is_worse else colours.text


def answer_sheet(
    view: RunView, answer: Answer, size: tuple[int, int], colours: Colours, *,
    is_ascii: bool = False,
) -> Sheet:  # fmt: skip
    """Return the whole pane; where it is low, metrics and blank rows give way to warnings."""
    width, height = size
    facts, warnings = facts_of(view, answer), warning_lines(view, width - 2)
    has_ruler = answer.primary.change is not None and answer.margin is not None
    seen = min(len(warnings), _SEEN_WARNING)
    of_val = answer.on_val is not None
    notes = len(bound_lines(answer, width - 2))
    fixed = HERO_ROWS + (2 if has_ruler else 0) + 1 + of_val + notes + len(facts) + seen
    wanted = 4 if has_ruler else 3
    most = max(_FEWEST_METRICS, min(height - fixed - wanted, len(answer.lines)))
    gaps = min(wanted, max(0, height - fixed - most))
    sheet = Sheet(width, colours, is_ascii)
    if gaps == wanted:
        sheet.row()
    draw_hero(sheet, answer, 1)
    if gaps > 1:
        sheet.row()
    if has_ruler:
        sheet.row()
        sheet.row()
        draw_ruler(sheet, answer, 1, width - 2, (sheet.num_rows - 2, sheet.num_rows - 1))
        if gaps > 2:  # noqa: PLR2004 - above the metrics, then below them, then below the digits
            sheet.row()
    draw_table(sheet, answer, 1, width - 1, most)
    if gaps:
        sheet.row()
    for label, value, after in facts:
        sheet.row()
        column = sheet.put(1, label, colours.muted) + 1
        column = sheet.put(max(column, 15), value, colours.text) + 1
        sheet.put(column, after, colours.muted)
    for line in warnings:
        sheet.line(line, colours.warning)
    return sheet
