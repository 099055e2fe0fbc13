"""Tables of runs: results with differences, classes, layers, settings."""

from collections.abc import Mapping, Sequence

from medtui.analysis.baselines import describe_missing_controls
from medtui.analysis.column import Column, Split
from medtui.analysis.decision_notes import decision_note
from medtui.analysis.differences import (
    MISSING_INTERVAL,
    Differences,
    bounds_of_runs,
    change_of_run,
    from_control,
    from_reference,
)
from medtui.analysis.power import describe_power_of_runs
from medtui.analysis.run_record import RunRecord, positive_of, task_of
from medtui.analysis.settings import setting_differences
from medtui.analysis.table import Row, Table
from medtui.analysis.verdicts import describe_verdicts
from medtui.events import Metrics
from medtui.metrics import Metric, primary_metric
from medtui.units import MISSING, SEALED, format_percent

VERDICT = "verdict"
"""Header of the column of verdicts on the primary metric."""


def runs_table(
    entries: Sequence[RunRecord], columns: Sequence[Column],
    found: Mapping[str, Differences] | None = None,
) -> Table:  # fmt: skip
    """Return a row per run; with `found`, each test metric is followed by its difference.

    Where the baseline is a control, the first difference is followed by that from the reference.
    The verdict on the primary metric's change stands behind it.
    """
    headers, shown = list[str](), list[str]()
    positive = positive_of(entries)
    doubled = _doubled(columns, found)
    for column in columns:
        headers.append(column.label)
        shown.append(column.label_for(positive))
        if found is not None and column.metric is not None and _is_paired(column):
            headers.append(f"change of {column.metric.label}")
            shown.append(headers[-1])
            if column is doubled:
                headers.append(f"change of {column.metric.label} from the reference")
                shown.append("from the reference")
            if _is_judged(column, entries):
                headers.append(VERDICT)
                shown.append(VERDICT)
    rows = tuple(_run_row(entry, columns, found, doubled, entries) for entry in entries)
    positives = _positive_classes([[entry] for entry in entries], columns)
    decisions = decision_note(entries, (column.metric for column in columns))
    note = " ".join(filter(None, (_baselines(entries, columns, found), decisions)))
    return Table("Results", tuple(headers), rows, (), note, 1, tuple(shown), positives)


def classes_table(entries: Sequence[RunRecord], metric: Metric, split: Split = "test") -> Table:
    """Return each class's metric in each run, rarest class first, and below it that of the run."""
    measured = [entry.split(split).per_class for entry in entries]
    prevalence = _prevalences(measured)
    rows: list[Row] = [
        (
            name,
            _share(prevalence[name], entries, split),
            *(
                _value(entry, metric, split, classes.get(name, {}).get(metric.name))
                for entry, classes in zip(entries, measured, strict=True)
            ),
        )
        for name in sorted(prevalence, key=lambda each: prevalence[each] or 0.0)
    ]
    whole = [_value(entry, metric, split, entry.metric(split, metric.name)) for entry in entries]
    rows.append((_whole_label(entries, metric), "", *whole))
    headers = ("class", "prevalence", *(short_name(entry, entries) for entry in entries))
    note = decision_note(entries, [metric])
    return Table(f"{metric.label} by class, {split}", headers, tuple(rows), note=note)


def _prevalences(measured: Sequence[Mapping[str, Metrics]]) -> dict[str, float | None]:
    """Return the share of images of each class; None where no run knows it."""
    found = dict[str, float | None]()
    for classes in measured:
        for name, values in classes.items():
            share = values.get("prevalence")
            if share is not None or name not in found:
                found[name] = share
    return found


def _share(value: float | None, entries: Sequence[RunRecord], split: Split) -> str:
    is_sealed = split == "test" and any(entry.result.is_sealed for entry in entries)
    return SEALED if value is None and is_sealed else format_percent(value)


def _value(entry: RunRecord, metric: Metric, split: Split, value: float | None) -> str:
    is_sealed = split == "test" and entry.result.is_sealed
    return SEALED if is_sealed else metric.show(value)


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


def _whole_label(entries: Sequence[RunRecord], metric: Metric) -> str:
    """Return what a run's own metric is about: all classes, or the positive one of two."""
    if not metric.is_of_positive or not any(entry.result.positive for entry in entries):
        return "all"
    return f"all, for {positive_of(entries) or 'the positive class'}"


def _positive_classes(
    rows: Sequence[Sequence[RunRecord]], columns: Sequence[Column]
) -> tuple[str, ...]:
    """Return the positive class of each row's runs; empty if no column is about one."""
    found = [positive_of(entries) for entries in rows]
    if not any(found) or not any(column.is_of_positive for column in columns):
        return ()
    return tuple(each.name if each else "" for each in found)


def _doubled(columns: Sequence[Column], found: Mapping[str, Differences] | None) -> Column | None:
    """Return the first metric, where a run's difference from the reference is known beside."""
    if not any(each.from_reference for each in (found or {}).values()):
        return None
    return next((column for column in columns if _is_paired(column)), None)


def _run_row(
    entry: RunRecord,
    columns: Sequence[Column],
    found: Mapping[str, Differences] | None,
    doubled: Column | None,
    entries: Sequence[RunRecord],
) -> Row:
    cells: list[str] = []
    of_run = found.get(entry.key) if found else None
    main = from_control(of_run) if doubled else of_run
    for column in columns:
        cells.append(column.text(entry))
        if found is not None and column.metric is not None and _is_paired(column):
            cells.append(change_of_run(entry, main, column.metric))
            if column is doubled:
                beside = from_reference(of_run) if of_run else None
                cells.append(change_of_run(entry, beside, column.metric))
            if _is_judged(column, entries):
                verdict = main.verdict(column.metric, entry.margin) if main else None
                cells.append(verdict.text if verdict else "")
    return tuple(cells)


def _is_judged(column: Column, entries: Sequence[RunRecord]) -> bool:
    """Return whether verdicts are on the change of this column's metric: the primary one."""
    return _is_paired(column) and column.metric is primary_metric(task_of(entries))


def _is_paired(column: Column) -> bool:
    return column.metric is not None and column.split == "test"


def _baselines(
    entries: Sequence[RunRecord], columns: Sequence[Column],
    found: Mapping[str, Differences] | None,
) -> str:  # fmt: skip
    if not found:
        return ""
    names = dict.fromkeys(each.baseline for each in found.values())
    note = (
        f"Changes are relative to {', '.join(names)}, shares in percentage points, with paired "
        "95 % jackknife intervals over patients where these are known, else over images; "
        f"{MISSING_INTERVAL}"
    )
    metric = primary_metric(task_of(entries))
    judged = [each for each in entries if each.key in found]
    sentences = (
        note,
        *(describe_verdicts(metric, margin) for margin in _margins(judged)),
        describe_power_of_runs(found, metric),
        bounds_of_runs(
            found, [each.metric for each in columns if each.metric and _is_paired(each)]
        ),
        describe_missing_controls([each for each in entries if _is_own(each, found)]),
    )
    return " ".join(filter(None, sentences))


def _margins(entries: Sequence[RunRecord]) -> list[float]:
    return list(dict.fromkeys(each.margin for each in entries))


def _is_own(entry: RunRecord, found: Mapping[str, Differences]) -> bool:
    """Return whether a run is compared with the reference of its study."""
    of_run = found.get(entry.key)
    reference = entry.folder.reference.full_name
    return of_run is not None and of_run.baseline == reference
