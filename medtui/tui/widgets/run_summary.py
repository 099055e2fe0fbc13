"""A run's results: its primary metric large, other metrics and sizes below."""

from collections.abc import Iterator
from textwrap import wrap

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Digits, Static

from medtui.charts.palette import Colours
from medtui.metrics import VAL_USE, Metric, PositiveClass
from medtui.monitor.run_view import MetricRow, RunView
from medtui.protocol.model_size import Shrinkage, Size
from medtui.runs.convergence import answers_text, disagreement
from medtui.runs.result import Result, describe_choice
from medtui.tui.widgets.panel import Panel
from medtui.units import (
    MISSING,
    format_bytes,
    format_count,
    format_density,
    format_duration,
    format_number,
    format_percent,
    plural,
)

_LABEL = 10

_POSITIVE = 20
"""Cells of a line of the positive class's name; a longer name takes several lines."""


class RunSummaryPanel(Panel, VerticalScroll, can_focus=False):
    """Best val so far while the run is running; test with its interval after it has finished."""

    DEFAULT_CSS = """
    RunSummaryPanel {
        padding: 0 2;
        scrollbar-size-vertical: 1;
        & Digits { width: auto; height: 3; text-style: bold; }
        & Static { height: auto; }
        & #value { text-style: bold; }
    }
    """

    _shown: tuple[RunView, Colours] | None = None
    _heights = (0, 0)
    """Lines of the two texts: while they stay the same, the layout is kept."""

    def compose(self) -> ComposeResult:
        yield Digits("")
        yield Static(id="value")
        yield Static(id="number-means")
        yield Static(id="facts")

    def show(self, view: RunView, colours: Colours) -> None:
        if self._shown == (view, colours):
            return
        self._shown = (view, colours)
        headline = view.row.headline
        is_over = view.result is not None
        self.caption("Result" if is_over else "Now")
        value = view.row.test if is_over else view.row.val
        self._show_value(
            "" if value is None else headline.show(value), colours.states[view.row.status]
        )
        meaning = (
            _result_meaning(view, headline, colours) if is_over else _now_meaning(view, headline)
        )
        facts = _result_facts(view, colours) if is_over else _now_facts(view, colours)
        heights = (meaning.plain.count("\n"), facts.row_count)
        is_other_height, self._heights = heights != self._heights, heights
        self.query_one("#number-means", Static).update(meaning, layout=is_other_height)
        self.query_one("#facts", Static).update(facts, layout=is_other_height)

    def _show_value(self, value: str, colour: str) -> None:
        """Show the primary metric in large digits; their lines have no likeness in ASCII."""
        is_ascii = getattr(self.app, "is_ascii", False)
        digits, plain = self.query_one(Digits), self.query_one("#value", Static)
        digits.update(value.replace(" ", ""))
        plain.update(value)
        digits.display, plain.display = bool(value) and not is_ascii, bool(value) and is_ascii
        digits.styles.color = plain.styles.color = colour


def summary_of(view: RunView) -> str:
    """Return a run's numbers as plain lines, for copying."""
    lines = [view.row.key, view.what, view.row.status]
    if view.result is None:
        lines.append(f"best val {view.row.headline.show(view.row.val)}, {VAL_USE}")
    positive = view.result.positive if view.result else None
    lines += [
        f"{row.metric.label_for(positive)}\ttest {row.test}\tval, {VAL_USE}, {row.val}"
        for row in view.metrics
    ]
    return "\n".join(lines) + "\n"


def _now_meaning(view: RunView, headline: Metric) -> Text:
    if view.best is None:
        return Text("no measurement yet")
    word = "epoch" if view.stage == "reference" else "cycle"
    text = Text(f"val {headline.label}, {VAL_USE}\nbest so far at {word} {view.best.cycle}\n")
    beside = (
        ("control", view.control, view.row.from_control),
        ("reference", view.reference, view.row.difference),
    )
    for name, measured, change in beside:
        if measured:
            value = headline.show(headline.of(measured))
            text.append(f"{name} {value}, change {headline.show_change(change)}\n")
    return text


def _result_meaning(view: RunView, headline: Metric, colours: Colours) -> Text:
    assert view.result is not None
    test = view.result.test
    text = Text(f"test {headline.label}")
    if interval := test.intervals.get(headline.name):
        text.append(f" [{_bare(headline, interval[0])} to {_bare(headline, interval[1])}]")
    word = "epoch" if view.stage == "reference" else "cycle"
    text.append(f"\n{plural(test.num_images, 'image')}")
    if test.num_patients:
        text.append(f" of {plural(test.num_patients, 'test patient')}")
    choice = describe_choice(view.result)
    text.append(f"\nsaved: {word} {view.result.best_cycle}, {choice}\n")
    text.append("".join(_changes(view, headline)))
    if view.result.decisions:
        text.append(f"thresholds by {view.result.threshold_rule}, chosen on val\n")
    if view.result.direct_compression:
        text.append(f"{view.result.direct_compression}\n", colours.warning)
    return text


def _changes(view: RunView, headline: Metric) -> Iterator[str]:
    """Yield the change of a finished run from its control, and that from its reference."""
    row = next((row for row in view.metrics if row.metric == headline), None)
    if row is None or row.test is None:
        return
    if row.control is not None:
        yield f"from control {headline.show_change(row.test - row.control)}\n"
    if row.reference is not None:
        yield f"from reference {headline.show_change(row.test - row.reference)}\n"
        if not view.row.has_control and view.row.is_compressed:
            yield "no control: the reference trained less\n"


def _now_facts(view: RunView, colours: Colours) -> Table:
    table = _two_columns(colours)
    if view.cycles:
        last = view.cycles[-1]
        headline = view.row.headline
        test = headline.of(last.test)
        tested = "" if test is None else f"   test {headline.show(test)}"
        table.add_row("latest", f"val {headline.show(headline.of(last.val))}{tested}")
        table.add_row("val loss", format_number(last.val.get("loss")))
    if view.stage == "reference":
        return table
    if view.cycles:
        last = view.cycles[-1]
        table.add_row("density", f"{format_density(last.density)} of the weights")
        if last.density_reachable is not None and last.density_reachable != last.density:
            table.add_row("", f"{format_density(last.density_reachable)} of the reachable")
        _add_convergence(table, view, colours)
        table.add_row("mu", format_number(last.mu))
        if last.lr is not None:
            table.add_row("lr", format_number(last.lr))
    table.add_row("layers", _layers(view, colours))
    return table


def _add_convergence(table: Table, view: RunView, colours: Colours) -> None:
    """Add the distance of w and theta after the latest cycle: of weights, and of answers."""
    if view.stage == "reference" or not view.cycles:
        return
    last = view.cycles[-1]
    table.add_row("violation", f"{format_number(last.gap, 2)}  |w-theta|/|w|")
    if answers := answers_text(last):
        style = colours.warning if disagreement(last) else ""
        table.add_row("on val", Text(answers, style))


def _layers(view: RunView, colours: Colours) -> Text:
    if view.dead_layers:
        return Text(f"{len(view.dead_layers)} of {len(view.densities)} collapsed", colours.warning)
    if not view.densities:
        return Text(MISSING)
    return Text(f"{len(view.densities)}, none collapsed", style=colours.good)


def _result_facts(view: RunView, colours: Colours) -> Table:
    assert view.result is not None
    size = view.result.size
    table = _two_columns(colours)
    positive = view.result.positive
    for row in view.metrics:
        if positive is None or not row.metric.is_of_positive:
            table.add_row(row.metric.label, _metric(row))
    for at, words in enumerate(_positive_lines(positive)):
        table.add_row("" if at else "for class", Text(words, colours.strong))
    for row in view.metrics:
        if positive is not None and row.metric.is_of_positive:
            table.add_row(row.metric.label, _metric(row))
    table.add_row("", _use_of_val(view))
    _add_convergence(table, view, colours)
    table.add_row("density", f"{format_density(size.density)} of the weights")
    if size.num_weights_unreachable:
        table.add_row("", f"{format_density(size.density_reachable)} of the reachable")
    if found := view.result.shrinkage:
        table.add_row("masked", f"{format_percent(found.masked)} of the filters")
        table.add_row("removable", f"{format_percent(found.removable)} of the filters")
        table.add_row("shrunk", _shrunk(found, size))
    _add_width(table, view.result)
    table.add_row("weights", f"{format_count(size.num_nonzero)} nonzero")
    packed = size.bytes_dense / max(1, size.bytes_packed)
    table.add_row("sparse size", f"{format_bytes(size.bytes_packed)}, {packed:.1f}× smaller")
    table.add_row("dense size", format_bytes(size.bytes_dense))
    table.add_row("time", format_duration(view.result.seconds))
    if view.result.peak_memory_bytes:
        table.add_row("peak mem", format_bytes(view.result.peak_memory_bytes))
    if view.stage != "reference":
        table.add_row("layers", _layers(view, colours))
    return table


def _add_width(table: Table, result: Result) -> None:
    """Add how far a network from scratch was narrowed, and for which run."""
    if narrowing := result.narrowing:
        table.add_row("width", f"{narrowing.width:.3g} of the channels")
        table.add_row("for", f"{format_count(narrowing.target)} of {narrowing.target_run}")


def _shrunk(found: Shrinkage, size: Size) -> str:
    """Return the stored model's bytes; where none is stored, the weights that would be left."""
    if found.bytes_on_disk is None:
        return f"not stored; {format_count(found.size.num_parameters)} weights remain"
    less = size.bytes_dense / max(1, found.size.bytes_dense)
    return f"{format_bytes(found.bytes_on_disk)}, {less:.1f}× smaller"


def _positive_lines(positive: PositiveClass | None) -> list[str]:
    """Return the positive class in lines that fit beside the labels; none without one."""
    if positive is None:
        return []
    return [*wrap(positive.name, _POSITIVE), *([] if positive.is_recorded else ["(second class)"])]


def _metric(row: MetricRow) -> Text:
    show = row.metric.show
    text = Text(f"{show(row.test):>7}")
    if row.reference is None:
        text.append(f"  val {show(row.val)}", style="dim")
    else:
        text.append(f"  dense {show(row.reference)}", style="dim")
    return text


def _use_of_val(view: RunView) -> Text:
    """Return what val is for where the metrics on it are shown; empty elsewhere."""
    is_shown = any(row.reference is None for row in view.metrics)
    return Text(f"val is {VAL_USE}" if is_shown else "", style="dim")


def _bare(headline: Metric, value: float) -> str:
    return headline.show(value).removesuffix(" %")


def _two_columns(colours: Colours) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style=colours.muted, min_width=_LABEL, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    return table
