"""The registry: one row of `FIGURES` is one figure, on screens, in reports and for `--figure`."""

from collections.abc import Callable
from dataclasses import dataclass

from medtui.analysis.run_record import task_of
from medtui.charts.figures.by_category import averages, changes, classes
from medtui.charts.figures.calibration import calibration
from medtui.charts.figures.data import FigureData
from medtui.charts.figures.over_time import memory, metric_by_cycle, test_by_cycle, utilisation
from medtui.charts.figures.search import caption_of, search
from medtui.charts.figures.tradeoff import metric_by_density, pareto
from medtui.charts.plot import Plot
from medtui.metrics import class_metric
from medtui.monitor.telemetry_curves import MEAN_S
from medtui.runs.search_record import SearchOutcome
from medtui.runs.slug import slugify


def _always(_data: FigureData) -> bool:
    return True


@dataclass(frozen=True)
class Figure:
    """One figure."""

    name: str
    """Name for `--figure`."""
    title: str
    caption: str
    """What is shown and on which split; `{metric}` stands for the primary metric, `{class_metric}`
    for that of classes."""
    build: Callable[[FigureData], tuple[Plot, ...]]
    """Returns its plots, mostly one."""
    applies: Callable[[FigureData], bool] = _always
    """Whether the figure has data for these runs."""

    def plots(self, data: FigureData) -> tuple[Plot, ...]:
        """Return the plots in which something was measured."""
        return tuple(plot for plot in self.build(data) if not plot.is_empty)

    def is_drawn(self, data: FigureData) -> bool:
        """Return whether it applies and something was measured: a run may have no telemetry."""
        return self.applies(data) and bool(self.plots(data))

    def describe(self, data: FigureData) -> str:
        """Return the caption with the names of the primary metric and of that of classes."""
        of_classes = class_metric(task_of(data.entries)).title
        caption = self.caption.replace("{metric}", data.headline.title)
        return caption.replace("{class_metric}", of_classes)


FIGURES: tuple[Figure, ...] = (
    Figure("accuracy", "By cycle", "{metric} on val, used for selection, at each cycle of L-C; "
           "behind the last cycle that of the fine-tuned model, where there is one.",
           metric_by_cycle, lambda data: bool(data.compressed)),
    Figure("test", "Test by cycle", "Test at each cycle of L-C at which it was evaluated, before "
           "any fine-tuning: for the record, nothing is chosen by it.",
           test_by_cycle, lambda data: any(
               cycle.test for curves in data.curves.values() for cycle in curves.cycles
           ) and bool(data.compressed)),
    Figure("changes", "Changes", "Paired change on test against the control, or the reference "
           "where there is none, with 95 % jackknife intervals over patients where these are "
           "known, else over images.",
           changes, lambda data: bool(data.differences)),
    Figure("density", "By density", "{metric} on test against the requested density; lines join "
           "the runs of a scheme.", metric_by_density,
           lambda data: len({run.entry.density for run in data.compressed
                             if run.entry.density}) > 1),
    Figure("pareto", "Size", "{metric} on test against sparse size, and against latency where it "
           "was measured; the line is the Pareto front, whose runs are chosen on val.", pareto),
    Figure("classes", "By class", "{class_metric} of each class against the rest on test, in each "
           "run.", classes),
    Figure("calibration", "Calibration", "Observed share by predicted probability of each "
           "class on test, in ten groups of about equal size with Wilson's 95 % intervals, which "
           "count images as independent; behind each run's name its calibration error.",
           calibration, lambda data: bool(data.analyses)),
    Figure("averages", "Averages", "Means by scheme and density, of metrics on test; lines show "
           "the standard deviation between seeds.", averages),
    Figure("memory", "Memory", "Memory over time, used and free: of the GPU, without one that used "
           "by the run's processes and that free on the machine.", memory),
    Figure("utilisation", "Utilisation", "Utilisation of the GPU over time, without one of the CPU "
           f"by the run's processes: faint as sampled, bold the mean of {MEAN_S} samples.",
           utilisation),
)  # fmt: skip
"""All figures, in the order in which they are shown."""


def figure_named(name: str) -> Figure:
    """Return the figure of that name."""
    return next(figure for figure in FIGURES if figure.name == name)


def figures_of(data: FigureData) -> list[Figure]:
    """Return the figures that have data, those of searches last."""
    return [each for each in (*FIGURES, *search_figures(data)) if each.is_drawn(data)]


def search_figures(data: FigureData) -> list[Figure]:
    """Return a figure for each search that has a sample, in the searches' order."""
    return [search_figure(study, outcome) for study, outcome in data.searches if outcome.samples]


def search_figure(study: str, outcome: SearchOutcome) -> Figure:
    """Return the figure of one search; `study` is empty where the report has no other one."""
    return Figure(
        slugify(f"search {study} {outcome.scheme}"),
        f"{outcome.scheme} by density",
        caption_of(outcome),
        lambda _: (search(outcome),),
    )
