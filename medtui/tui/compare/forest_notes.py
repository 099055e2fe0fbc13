"""What the forest of changes means, in two or three lines below it."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from medtui.analysis.differences import Differences, difference_text
from medtui.analysis.power import describe_power_of_runs
from medtui.charts.figures.data import ChartedRun
from medtui.charts.palette import Colours
from medtui.metrics import Metric


def forest_notes(
    found: Mapping[str, Differences], metric: Metric, colours: Colours, *, is_judged: bool
) -> Text:
    """Return how verdicts follow from bars and margin, and which margin the patients can show."""
    text = Text()
    if is_judged:
        text.append("✗", style=colours.states["failed"])
        text.append(" bar left of 0  ", style=colours.muted)
        text.append("✓", style=colours.good)
        text.append(" else right of the margin ┊  ", style=colours.muted)
        text.append("~", style=colours.warning)
        text.append(" neither: not shown", style=colours.muted)
    power = describe_power_of_runs(found, metric)
    if power:
        text.append(f"\n{power}" if text else power, style=colours.muted)
    return text


def describe_choice(
    runs: Sequence[ChartedRun], found: Mapping[str, Differences], metric: Metric
) -> str:
    """Return which of these runs is chosen on val, else which comes closest, with its change.

    Empty while a run is computed, and where seeds or studies differ: the choice is then one among
    means over seeds, which reports and Home make.
    """
    judged = [run for run in runs if run.entry.folder.is_compressed]
    changes = {run: found[run.entry.key].on_val for run in judged if run.entry.key in found}
    settings = {(run.entry.folder.study, run.entry.result.scheme, run.entry.density)
                for run in judged}  # fmt: skip
    studies = {run.entry.folder.study for run in judged}
    if not judged or len(changes) < len(judged) or len(studies) > 1 or len(settings) < len(judged):
        return ""
    known = {run: change for run, change in changes.items()
             if change is not None and metric.name in change.by_metric}  # fmt: skip
    holding = [run for run, change in known.items()
               if change.verdict(metric, run.entry.margin).holds]  # fmt: skip
    margin = metric.show_amount(judged[0].entry.margin)

    def named(run: ChartedRun) -> str:
        return f"{run.mark.letter} {difference_text(metric, known[run].by_metric[metric.name])}"

    if holding:
        chosen = min(holding, key=lambda run: run.entry.result.size.bytes_packed)
        return f"Chosen on val: {named(chosen)}, the smallest within {margin}"
    with_ends = [run for run, change in known.items() if change.by_metric[metric.name].has_interval]
    if not with_ends:
        return ""
    closest = max(with_ends, key=lambda run: known[run].by_metric[metric.name].low)
    return f"Chosen on val: none; closest is {named(closest)}, margin {margin}"
