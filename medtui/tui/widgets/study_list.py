"""Home's two tables: the studies, and the runs of the one under the cursor."""

from collections.abc import Collection

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.tui.status_text import age_of, mark_text, place_of, state_text
from medtui.tui.widgets.progress_bar import bar
from medtui.tui.widgets.table import Cells, Column, RecordTable
from medtui.units import MISSING, format_bytes, format_density, format_duration

_BAR = 10

STUDY_COLUMNS = (
    Column("name", "study", 16, grows=True),
    Column("state", "state", 10),
    Column("runs", "runs", 5, rank=1, justify="right"),
    Column("bar", "", _BAR, rank=2),
    Column("best", "best val", 8, justify="right"),
    Column("of", "best run", 18, rank=4, grows=True, most=28),
    Column("reference", "dense", 7, rank=3, justify="right"),
    Column("device", "device", 7, rank=5),
    Column("age", "age", 6, rank=1, justify="right"),
    Column("left", "time left", 11, rank=2, justify="right"),
)

RUN_COLUMNS = (
    Column("mark", "", 1),
    Column("title", "run", 22, grows=True),
    Column("place", "", 13, rank=1),
    Column("bar", "", _BAR, rank=5),
    Column("val", "best val", 8, justify="right"),
    Column("control", "vs control", 10, rank=1, justify="right"),
    Column("difference", "vs ref.", 7, rank=2, justify="right"),
    Column("test", "test", 7, rank=2, justify="right"),
    Column("density", "density", 7, rank=3, justify="right"),
    Column("size", "sparse size", 11, rank=4, justify="right"),
    Column("device", "device", 7, rank=6),
    Column("time", "time", 15, rank=2, justify="right"),
)


class StudyTable(RecordTable):
    """All studies, live ones first."""

    def __init__(self) -> None:
        super().__init__(STUDY_COLUMNS, id="studies")
        self.border_title = "Studies"

    def show_studies(self, studies: tuple[StudySummary, ...], colours: Colours, now: float) -> None:
        """Show these studies in this order."""
        self.show({study.name: study_cells(study, colours, now) for study in studies})


class RunTable(RecordTable):
    """The runs of one study, the reference first."""

    def __init__(self) -> None:
        super().__init__(RUN_COLUMNS, id="runs")

    def show_study(
        self, study: StudySummary | None, colours: Colours, marked: Collection[str] = ()
    ) -> None:
        """Show one study's runs, or none; those `marked` will be compared."""
        cells = {run.key: run_cells(run, colours) for run in (study.runs if study else ())}
        for key in cells.keys() & set(marked):
            cells[key] = {**cells[key], "title": Text.assemble("◆ ", cells[key]["title"])}
        self.show(cells)
        title = Text(f"Runs of {study.name}" if study else "Runs")
        if study is None:
            self.caption(title)
            return
        about = Text(study.problem.split("\n")[0] if study.problem else study.about, colours.muted)
        if study.note:
            about = Text.assemble((study.note, colours.strong), "  ", about)
        self.caption(title, about)


def study_cells(study: StudySummary, colours: Colours, now: float) -> Cells:
    """Return a study's row."""
    best, reference = study.best, study.reference
    word = f"{study.num_failed} failed" if study.num_failed and not study.is_live else None
    return {
        "name": Text(study.name, style=f"bold {colours.strong}"),
        "state": state_text(study.status, colours, word),
        "runs": Text(f"{study.num_finished}/{study.num_planned}"),
        "bar": bar(study.share, _BAR, colours, colours.states[study.status]),
        "best": Text(best.headline.show(best.val) if best else MISSING, style=colours.strong),
        "of": Text(best.title if best else "", style=colours.muted),
        "reference": Text(
            reference.headline.show(reference.val) if reference else MISSING, style=colours.muted
        ),
        "device": Text(study.device, style=colours.muted),
        "age": Text(age_of(study.started_at, now), style=colours.muted),
        "left": Text(format_duration(study.seconds_left) if study.is_live else ""),
    }


def run_cells(run: RunSummary, colours: Colours) -> Cells:
    """Return a run's row."""
    place = Text(place_of(run.progress) if run.status == "running" else run.status)
    place.stylize(colours.states[run.status])
    if run.warning:
        place = Text(f"⚠ {run.warning}", style=colours.warning)
    left = run.status == "running" and run.seconds_left is not None
    time = f"{format_duration(run.seconds_left)} left" if left else (
        format_duration(run.seconds) if run.seconds else ""
    )  # fmt: skip
    is_begun = run.status != "queued"
    return {
        "mark": mark_text(run.status, colours),
        "title": Text(run.title, style=colours.strong if is_begun else colours.muted),
        "place": place,
        "bar": bar(run.share, _BAR, colours, colours.states[run.status]) if is_begun else Text(),
        "val": Text(run.headline.show(run.val) if is_begun else ""),
        "control": _change(run, run.from_control, colours),
        "difference": _change(run, run.difference, colours),
        "test": Text(run.headline.show(run.test) if run.test is not None else ""),
        "density": Text(format_density(run.density) if run.density is not None else ""),
        "size": Text(format_bytes(run.bytes_packed) if run.bytes_packed else ""),
        "device": Text(run.device, style=colours.muted),
        "time": Text(time, style=colours.strong if left else colours.muted),
    }


def _change(run: RunSummary, change: float | None, colours: Colours) -> Text:
    is_worse = change is not None and change < 0
    text = run.headline.show_change(change)
    return Text(text, style=colours.warning if is_worse else colours.good)
