"""Home's two tables: the studies, and the runs of the one under the cursor."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from rich.text import Text

from medtui.analysis.outcome import RunOutcome, StudyOutcome
from medtui.charts.figures.study_curves import curve_of_run
from medtui.charts.palette import Colours
from medtui.charts.run_identity import RunIdentity, identify_study
from medtui.metrics import Metric
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.tui.status_text import age_of, as_of, left_of, place_of, state_text
from medtui.tui.widgets.progress_bar import bar
from medtui.tui.widgets.run_titles import fitted_title, fitted_titles
from medtui.tui.widgets.sparkline import sparkline
from medtui.tui.widgets.table import Cells, Column, RecordTable
from medtui.tui.widgets.verdict_text import (
    CHANGE_WIDTH,
    change_text,
    marks_text,
    verdict_word,
)
from medtui.units import (
    MISSING,
    SEALED,
    format_bytes,
    format_density,
    format_duration,
    format_factor,
)

_BAR = 7
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_CURVE = 6
_CAPTION_GAPS = 4
"""Cells of the frame that a title does not get, within its corners."""

STUDY_COLUMNS = (
    Column("name", "  study", 16, grows=True),
    Column("state", "state", 19),
    Column("bar", "", _BAR, rank=6),
    Column("runs", "runs", 5, rank=2, justify="right"),
    Column("chosen", "chosen, on val", 16, rank=4, grows=True, most=32),
    Column("smaller", "sparse file", 12, rank=3, justify="right"),
    Column("change", "change, on test  ", CHANGE_WIDTH, rank=1, justify="right"),
    Column("verdict", "verdict", 12, rank=5),
    Column("device", "device", 7, rank=8),
)

RUN_COLUMNS = (
    Column("letter", "", 4),
    Column("title", "run", 14, grows=True, most=34),
    Column("value", "test", 6, rank=3, justify="right"),
    Column("change", "change on test [95 %]  ", CHANGE_WIDTH + 1, rank=1, justify="right"),
    Column("curve", " val", _CURVE + 1, rank=2),
    Column("smaller", " sparse file", 13, rank=4, justify="right"),
    Column("verdict", " verdict", 14, rank=5),
    Column("size", " sparse size", 12, rank=5, justify="right"),
    Column("density", " density", 9, rank=6, justify="right"),
    Column("time", " time", 16, rank=7, justify="right"),
    Column("device", " device", 8, rank=8),
)


class StudyTable(RecordTable):
    """All studies, live ones first."""

    def __init__(self) -> None:
        super().__init__(STUDY_COLUMNS, id="studies")
        self._made: dict[str, tuple[object, Cells]] = {}

    def show_studies(
        self,
        studies: tuple[StudySummary, ...],
        outcomes: Mapping[str, StudyOutcome | None],
        colours: Colours,
        now: float,
    ) -> None:
        """Show these studies in this order; rows of unchanged studies are not made again."""
        made = dict[str, tuple[object, Cells]]()
        width = self.width_of("chosen", 20) - 2
        for study in studies:
            outcome, age = outcomes.get(study.name), age_of(study.last_at, now)
            of = (id(study), id(outcome), colours, age, width)
            known = self._made.get(study.name)
            is_same = known is not None and known[0] == of
            cells = (
                known[1] if known and is_same else study_cells(study, outcome, colours, age, width)
            )
            made[study.name] = (of, cells)
        self._made = made
        self.show({name: cells for name, (_, cells) in made.items()})


class RunTable(RecordTable):
    """The runs of one study, the references first."""

    DEFAULT_CSS = """
    RunTable { padding: 0; }
    """

    GAP = 0

    def __init__(self) -> None:
        super().__init__(RUN_COLUMNS, id="runs")
        self._titles: dict[str, str] = {}

    def copied(self, key: str, column: str) -> str:
        """Return what is copied of a cell: titles as they are, however narrow the column is."""
        return self._titles[key] if column == "title" else super().copied(key, column)

    def show_study(
        self,
        study: StudySummary | None,
        outcome: StudyOutcome | None,
        colours: Colours,
        marked: Collection[str] = (),
        *,
        now: float = 0.0,
    ) -> None:
        """Show one study's runs, or none; those `marked` will be compared."""
        if study is None:
            self.show({})
            self.caption(Text("Runs"))
            return
        marks = identify_study(study.name, [run.name for run in study.runs])
        curves = {run.name: curve_of_run(run, outcome) for run in study.runs}
        every = [value for curve in curves.values() for value in curve]
        scale = (min(every), max(every)) if every else (0.0, 1.0)
        if study.runs:
            self.set_columns(_run_columns(study.runs[0].headline))
        width = self.width_of("title", 15)
        self._titles = {run.key: run.title for run in study.runs}
        titles = fitted_titles([run.title for run in study.runs], width)
        rows = dict[str, dict[str, Text]]()
        for run, title in zip(study.runs, titles, strict=True):
            found = outcome.run(run.name) if outcome else None
            cells = run_cells(run, found, marks[run.key], colours, title, now)
            curve = sparkline(curves[run.name], _CURVE, scale)
            rows[run.key] = cells | {"curve": Text(f" {curve}", colours.of(marks[run.key].tint))}
            if run.status == "silent":
                rows[run.key] = _dimmed(rows[run.key], colours)
            if run.key in marked:
                rows[run.key]["letter"] = Text.assemble("▸", cells["letter"][1:])
        self.show(rows)
        self._show_captions(study, outcome, colours)

    def _show_captions(
        self, study: StudySummary, outcome: StudyOutcome | None, colours: Colours
    ) -> None:
        """Show the baseline of the runs in the title, and the meaning of the marks in the foot."""
        points = ", points" if outcome and outcome.metric.is_share else ""
        against = f" · against the {outcome.against}{points}" if outcome else ""
        brief = against.replace("against the ", "against ")
        forms = [(f"Runs of {study.name}", each) for each in (against, brief)]
        forms += [(study.name, against), (study.name, brief), ("Runs", against)]
        room = self.size.width - _CAPTION_GAPS
        name, against = next((each for each in forms if sum(map(len, each)) <= room), forms[-1])
        below = Text(study.problem.split("\n")[0], colours.warning)
        if not study.problem and outcome and any(run.state for run in outcome.runs):
            below = marks_text(colours)
        self.caption(Text.assemble(name, (against, colours.muted)), below)


def _run_columns(metric: Metric) -> tuple[Column, ...]:
    """Return the columns with the unit of the primary metric in the header of its own."""
    unit = " %" if metric.is_share else ""
    return tuple(
        replace(column, label=f"{column.label}{unit}") if column.key == "value" else column
        for column in RUN_COLUMNS
    )


def study_cells(
    study: StudySummary,
    outcome: StudyOutcome | None,
    colours: Colours,
    age: str,
    title_width: int = 30,
) -> Cells:
    """Return a study's row."""
    word = f"{study.num_failed} failed" if study.num_failed and not study.is_live else None
    if study.is_waiting:
        word = "waiting"
    elif study.is_live and study.seconds_left is not None:
        word = f"{_roughly(study.seconds_left)} left"
    else:
        word = f"{word or study.status} {age} ago".replace("now ago", "now")
    state = state_text(study.status, colours, word)
    chosen = outcome.chosen if outcome else None
    name = colours.muted if study.status == "silent" else f"bold {colours.strong}"
    cells = {
        "name": Text.assemble(state[:1], " ", (study.name, name)),
        "state": state[2:],
        "bar": bar(study.share, _BAR, colours, colours.states[study.status]),
        "runs": Text(f"{study.num_finished}/{study.num_planned}"),
        "device": Text(study.device, style=colours.muted),
    }
    if outcome is not None and chosen is not None:
        marks = identify_study(study.name, [run.name for run in study.runs])
        mark = marks.get(f"{study.name}/{chosen.names[0]}")
        letter = Text(f"{mark.letter} ", colours.of(mark.tint)) if mark else Text()
        return cells | {
            "chosen": Text.assemble(letter, fitted_title(chosen.title, title_width)),
            "smaller": Text(_smaller(chosen.smaller) or MISSING),
            "change": Text(f"{SEALED}  ", style=colours.muted)
            if outcome.is_sealed
            else change_text(chosen.text, chosen.state, colours, outcome.metric),
            "verdict": Text() if outcome.is_sealed else verdict_word(chosen.state, colours),
        }
    return cells | {"chosen": Text(_why_none(study, outcome), colours.muted)}


def run_cells(
    run: RunSummary,
    found: RunOutcome | None,
    mark: RunIdentity,
    colours: Colours,
    title: str,
    now: float = 0.0,
) -> dict[str, Text]:
    """Return a run's row; its title is as long as there is room for."""
    left = run.status == "running" and run.seconds_left is not None
    time = left_of(run.seconds_left) if left else (
        format_duration(run.seconds) if run.seconds else ""
    )  # fmt: skip
    is_begun = run.status != "queued"
    value = found.value if found else run.test if run.status == "finished" else None
    return {
        "letter": Text(f" {mark.letter:<3}", f"bold {colours.of(mark.tint)}"),
        "title": Text(title, colours.strong if is_begun else colours.muted),
        "value": Text(_value(run, value)),
        "change": _change(run, found, colours, now),
        "verdict": Text.assemble(" ", verdict_word(found.state if found else None, colours)),
        "smaller": Text(_smaller(found.smaller if found else None), colours.text),
        "density": Text(format_density(run.density) if run.density is not None else ""),
        "size": Text(format_bytes(run.bytes_packed) if run.bytes_packed else ""),
        "device": Text(f" {run.device}", style=colours.muted),
        "time": Text(time, style=colours.strong if left else colours.muted),
    }


def _value(run: RunSummary, value: float | None) -> str:
    if run.is_sealed and run.status == "finished":
        return SEALED
    return run.headline.show(value).removesuffix(" %") if value is not None else ""


def _smaller(factor: float | None) -> str:
    """Return how many times smaller a sparse file is; empty where that is not known."""
    return f"{format_factor(factor)} smaller" if factor else ""


def _dimmed(cells: dict[str, Text], colours: Colours) -> dict[str, Text]:
    """Return the cells of a silent run: its state alone has a colour."""
    return {
        name: cell if name == "change" else Text(cell.plain, colours.muted)
        for name, cell in cells.items()
    }


def _change(run: RunSummary, found: RunOutcome | None, colours: Colours, now: float) -> Text:
    """Return a finished run's change; of others the state, with the metric on val so far."""
    if run.warning:
        word = "cannot be read" if run.problem else run.warning
        return Text(f"⚠ {word}", style=colours.warning)
    if found is not None and run.status == "finished":
        if not found.text:
            return Text(f"{SEALED if run.is_sealed else MISSING}  ", style=colours.muted)
        return change_text(found.text, found.state, colours, run.headline)
    state = state_text(run.status, colours, run.state)
    if run.status == "running":
        place = place_of(run.progress)
        state = Text(f"{state.plain[0]} {place.rpartition(' ')[2] or 'starting'}", state.style)
    if run.status == "silent":
        return Text.assemble(state, (f" {as_of(run.last_at, now)}".rstrip(), colours.muted))
    if run.val is not None and run.status != "finished":
        state = Text.assemble(state, (f" val {run.headline.show(run.val)}", colours.muted))
    return state


def _roughly(seconds: float) -> str:
    """Return a time ahead, which is never known better: `6 min`, `2.5 h`."""
    if seconds < 2 * _HOUR:
        return f"{max(1, round(seconds / _MINUTE))} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _DAY:.0f} d"


def _why_none(study: StudySummary, outcome: StudyOutcome | None) -> str:
    """Return why no run of a study is chosen, in few words."""
    if outcome is not None and outcome.has_compression:
        return "none so far" if study.are_runs_left else "none chosen"
    return "comparing …" if study.num_finished and outcome is None else ""
