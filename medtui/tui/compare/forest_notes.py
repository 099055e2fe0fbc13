"""What the forest of changes means, in two or three lines below it."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from medtui.analysis.differences import Differences, bounds_of_runs, difference_text
from medtui.analysis.power import describe_power_of_runs
from medtui.analysis.run_record import RunRecord
from medtui.charts.figures.data import ChartedRun
from medtui.charts.palette import Colours
from medtui.metrics import Metric
from medtui.units import MINUS


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
    said = (describe_power_of_runs(found, metric), bounds_of_runs(found, [metric]))
    for sentence in filter(None, said):
        text.append(f"\n{sentence}" if text else sentence, style=colours.muted)
    return text


def describe_choice(
    runs: Sequence[ChartedRun], found: Mapping[str, Differences], metric: Metric
) -> str:
    """Return which of these runs is chosen on val, else which comes closest, with its change.

    Empty while a run is computed, and where seeds or studies differ: the choice is then one among
    means over seeds, which reports and Home make.
    """
    known = _changes_on_val([run.entry for run in runs], found, metric)
    if not known:
        return ""
    letters = {run.entry.key: run.mark.letter for run in runs}
    margin = metric.show_amount(next(run.entry.margin for run in runs if run.entry.key in known))

    def change(key: str) -> str:
        return difference_text(metric, known[key].by_metric[metric.name])

    if key := chosen_run([run.entry for run in runs], found, metric):
        change_text = f"{letters[key]} ({change(key)})"
        return f"Chosen on val: {change_text}, smallest file to exclude {MINUS}{margin}"
    closest = _closest(known, metric)
    if not closest:
        return ""
    return f"Chosen on val: none; closest is {letters[closest]} {change(closest)}, margin {margin}"


def chosen_run(
    entries: Sequence[RunRecord], found: Mapping[str, Differences], metric: Metric
) -> str:
    """Return the key of the run chosen on val: the smallest file within the margin; else none."""
    known = _changes_on_val(entries, found, metric)
    holding = [entry for entry in entries if entry.key in known
               and known[entry.key].verdict(metric, entry.margin).holds]  # fmt: skip
    smallest = min(holding, key=lambda entry: entry.result.size.bytes_packed, default=None)
    return smallest.key if smallest else ""


def closest_run(
    entries: Sequence[RunRecord], found: Mapping[str, Differences], metric: Metric
) -> str:
    """Return the key of the compression whose interval on val reaches least low; else none.

    Also where seeds or studies differ: it is then one run of several, to look at first.
    """
    of_val = {entry.key: found[entry.key].on_val for entry in entries
              if entry.folder.is_compressed and entry.key in found}  # fmt: skip
    known = {key: each for key, each in of_val.items() if each and metric.name in each.by_metric}
    return _closest(known, metric)


def _closest(known: Mapping[str, Differences], metric: Metric) -> str:
    with_ends = [key for key, each in known.items() if each.by_metric[metric.name].has_interval]
    return max(with_ends, key=lambda key: known[key].by_metric[metric.name].low, default="")


def _changes_on_val(
    entries: Sequence[RunRecord], found: Mapping[str, Differences], metric: Metric
) -> dict[str, Differences]:
    """Return compressions' changes on val; none before all are known, or where seeds differ."""
    judged = [entry for entry in entries if entry.folder.is_compressed]
    settings = {(each.folder.study, each.result.scheme, each.density) for each in judged}
    studies = {each.folder.study for each in judged}
    if any(each.key not in found for each in judged) or len(studies) > 1:
        return {}
    if len(settings) < len(judged):
        return {}
    changes = {each.key: found[each.key].on_val for each in judged}
    return {key: change for key, change in changes.items()
            if change is not None and metric.name in change.by_metric}  # fmt: skip
