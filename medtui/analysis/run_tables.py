"""Tables of runs: results with differences, groups, classes, layers, settings."""

from collections.abc import Mapping, Sequence

from medtui.analysis.columns import Column, Split
from medtui.analysis.differences import Differences, difference_text
from medtui.analysis.groups import Group, mean_and_spread
from medtui.analysis.run_record import RunRecord
from medtui.analysis.settings import setting_differences
from medtui.analysis.table import Row, Table
from medtui.metrics import Metric
from medtui.units import MISSING, format_percent


def runs_table(
    entries: Sequence[RunRecord], columns: Sequence[Column],
    found: Mapping[str, Differences] | None = None,
) -> Table:  # fmt: skip
    """Return a row per run; with `found`, each test metric is followed by its difference."""
    headers: list[str] = []
    for column in columns:
        headers.append(column.label)
        if found is not None and _is_paired(column):
            headers.append(f"change of {column.metric.label if column.metric else ''}")
    rows = [_run_row(entry, columns, found) for entry in entries]
    return Table("Results", tuple(headers), tuple(rows), note=_baselines(found))


def groups_table(groups: Sequence[Group], columns: Sequence[Column]) -> Table:
    """Return a row of mean and spread per group, followed by a row per member."""
    numbers = [column for column in columns if not column.is_text]
    rows: list[Row] = []
    marks: list[str] = []
    for group in groups:
        count = len(group.members)
        means = [mean_and_spread(group, column) for column in numbers]
        rows.append((group.label, str(count), *means))
        marks.append("group")
        for entry in group.members if count > 1 else ():
            values = [column.text(entry) for column in numbers]
            rows.append((f"  {entry.key}", "", *values))
            marks.append("")
    headers = ("group", "runs", *(column.label for column in numbers))
    note = "Mean ± standard deviation over the members of a group."
    return Table("Groups", headers, tuple(rows), tuple(marks), note)


def classes_table(entries: Sequence[RunRecord], metric: Metric, split: Split = "test") -> Table:
    """Return each class's metric in each run, rarest class first, and the metric of all classes."""
    measured = [entry.split(split).per_class for entry in entries]
    prevalence = {
        name: values.get("prevalence") or 0.0
        for classes in measured
        for name, values in classes.items()
    }
    rows: list[Row] = [
        (
            name,
            format_percent(prevalence[name]),
            *(metric.show(classes.get(name, {}).get(metric.name)) for classes in measured),
        )
        for name in sorted(prevalence, key=lambda each: prevalence[each])
    ]
    whole = [metric.show(entry.metric(split, metric.name)) for entry in entries]
    rows.append(("all", "", *whole))
    headers = ("class", "prevalence", *(short_name(entry, entries) for entry in entries))
    return Table(f"{metric.label} by class, {split}", headers, tuple(rows))


def layers_table(entries: Sequence[RunRecord]) -> Table:
    """Return the density of each layer in each run; collapsed layers are marked."""
    names = dict.fromkeys(layer.name for entry in entries for layer in entry.result.size.layers)
    layers = [{layer.name: layer for layer in entry.result.size.layers} for entry in entries]
    rows: list[Row] = []
    marks: list[str] = []
    for name in names:
        found = [each.get(name) for each in layers]
        cells = [
            MISSING if layer is None
            else "collapsed" if layer.num_nonzero == 0
            else format_percent(layer.num_nonzero / max(1, layer.num_weights))
            for layer in found
        ]  # fmt: skip
        rows.append((name, *cells))
        marks.append("dead" if "collapsed" in cells else "")
    headers = ("layer", *(short_name(entry, entries) for entry in entries))
    note = "Density: share of a layer's weights that are not zero."
    return Table("Layers", headers, tuple(rows), tuple(marks), note)


def settings_table(entries: Sequence[RunRecord]) -> Table:
    """Return the preset keys in which the runs differ."""
    lines = setting_differences(entries)
    headers = ("setting", *(short_name(entry, entries) for entry in entries))
    rows = tuple((line.key, *line.values) for line in lines)
    note = "" if lines else "The runs have the same settings."
    return Table("Settings that differ", headers, rows, note=note, num_keys=1 + len(entries))


def short_name(entry: RunRecord, entries: Sequence[RunRecord]) -> str:
    """Return a run's name, without its study if all runs are of one study."""
    studies = {each.folder.study.name for each in entries}
    return entry.folder.name if len(studies) == 1 else entry.key


def _run_row(
    entry: RunRecord, columns: Sequence[Column], found: Mapping[str, Differences] | None
) -> Row:
    cells: list[str] = []
    for column in columns:
        cells.append(column.text(entry))
        if found is not None and _is_paired(column):
            assert column.metric is not None
            of_run = found.get(entry.key)
            difference = of_run.by_metric.get(column.metric.name) if of_run else None
            cells.append(difference_text(column.metric, difference))
    return tuple(cells)


def _is_paired(column: Column) -> bool:
    return column.metric is not None and column.split == "test"


def _baselines(found: Mapping[str, Differences] | None) -> str:
    if not found:
        return ""
    names = dict.fromkeys(each.baseline for each in found.values())
    return (
        f"Changes are relative to {', '.join(names)}, shares in percentage points, with 95 % "
        "bootstrap intervals, paired, over patients where these are known, else over images."
    )
