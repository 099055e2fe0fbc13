"""Tables of runs on other data sets: metrics with intervals, and changes with verdicts."""

from collections.abc import Mapping
from typing import Any

from medtui.analysis.bounds import describe_bounds
from medtui.analysis.differences import difference_text
from medtui.analysis.run_record import RunRecord, positive_of, task_of
from medtui.analysis.run_titles import titles_of
from medtui.analysis.site_cells import SiteCell
from medtui.analysis.site_models import SiteModel
from medtui.analysis.sites import SiteColumn, SiteMatrix, describe_size
from medtui.analysis.table import Table
from medtui.analysis.verdicts import describe_verdicts
from medtui.metrics import Metric, primary_metric
from medtui.metrics.shortage import unit_of
from medtui.runs.model_choice import RUN
from medtui.runs.result import Flips
from medtui.units import MISSING, SEALED, format_count

NOTE = (
    "Thresholds and preprocessing are those of each run, chosen at home: on its own data set, of "
    "whose test split the first column is."
)


def site_tables(matrix: SiteMatrix) -> list[Table]:
    """Return tables of the metric on each data set, of the changes and of the runs' other models.

    None without sites; those without a row are left out.
    """
    if not matrix.has_sites:
        return []
    return [_values(matrix), *(each for each in (_changes(matrix), _models(matrix)) if each.rows)]


def _values(matrix: SiteMatrix) -> Table:
    titles, metric = titles_of(matrix.entries), matrix.metric
    rows = tuple(
        (titles[entry.key], *(value_text(metric, cell) for cell in cells))
        for entry, cells in zip(matrix.entries, matrix.cells, strict=True)
    )
    counts = "; ".join(f"{each.name}: {column_size(each)}" for each in matrix.columns)
    return Table(
        f"{_label(matrix, starts=True)} on other data sets",
        ("run", *(each.name for each in matrix.columns)),
        rows,
        note="With 95 % intervals over patients, on data sets that name none over images. "
        f"{counts}. {NOTE}",
        shown_headers=("run", *(f"{each.name} [95 %]" for each in matrix.columns)),
    )


def _changes(matrix: SiteMatrix) -> Table:
    titles, metric = titles_of(matrix.entries), matrix.metric
    rows = tuple(
        (titles[entry.key], *(change_text(metric, cell) for cell in cells))
        for entry, cells in zip(matrix.entries, matrix.cells, strict=True)
        if any(cell is not None and cell.change is not None for cell in cells)
    )
    has_controls = any(entry.folder.is_control for entry in matrix.entries)
    baseline = "control" if has_controls else "reference"
    of_control = " The control's own changes are from the reference." if has_controls else ""
    return Table(
        f"Change of {_label(matrix)} from the {baseline} on the same images",
        ("run", *(each.name for each in matrix.columns)),
        rows,
        note=f"Paired differences{_in_unit(metric)} with 95 % intervals.{of_control} "
        f"{_margins(matrix)} {_bounds(matrix, titles)}".rstrip(),
    )


def _bounds(matrix: SiteMatrix, titles: Mapping[str, str]) -> str:
    """Return which changes have a bound for an interval, by data set."""
    sentences = []
    for at, column in enumerate(matrix.columns):
        cells = zip(matrix.entries, (row[at] for row in matrix.cells), strict=True)
        changes = [(f"{titles[entry.key]} on {column.name}", cell.change)
                   for entry, cell in cells if cell is not None]  # fmt: skip
        unit = unit_of(has_patients=bool(column.num_patients))
        sentences.append(describe_bounds(changes, unit=unit))
    return " ".join(filter(None, sentences))


def _label(matrix: SiteMatrix, *, starts: bool = False) -> str:
    """Return the metric's name, with the class that it is about where the runs share it.

    As it `starts` a title, or within one.
    """
    label = matrix.metric.label_for(positive_of(matrix.entries))
    return label[:1].upper() + label[1:] if starts else label


def _in_unit(metric: Metric) -> str:
    """Return the unit of a change, and where it is below 0 that it is better."""
    if not metric.higher_is_better:
        return f" (of the {metric.label}, lower is better)"
    return " in percentage points" if metric.is_share else ""


def _margins(matrix: SiteMatrix) -> str:
    """Return what the verdicts mean; runs of several studies may have several margins."""
    primary = primary_metric(task_of(matrix.entries))
    if matrix.metric is not primary:
        return f"Verdicts are on {primary.label} alone, for which the margin is stated."
    margins = sorted({entry.margin for entry in matrix.entries}) or [0.0]
    text = describe_verdicts(matrix.metric, margins[-1])
    if len(margins) == 1:
        return text
    own = ", ".join(matrix.metric.show_amount(each) for each in margins)
    return f"{text} The runs' margins are {own}: each verdict is by the run's own."


def _models(matrix: SiteMatrix) -> Table:
    """Return a row for each shrunk model or exported file on each data set."""
    titles, metric = titles_of(matrix.entries), matrix.metric
    names = {column.digest: column.name for column in matrix.columns}
    rows = tuple(
        (
            titles[each.entry.key],
            _short_name(each),
            names[each.digest],
            value_text(metric, each.cell),
            difference_text(metric, each.cell.change) or MISSING,
            each.cell.verdict.state if each.cell.verdict else MISSING,
            _flips_text(each.flips),
            f"{each.logit_difference:.2g}",
        )
        for each in matrix.models
    )
    return Table(
        f"{_label(matrix, starts=True)} of shrunk models and exported files on other data sets",
        ("run", "model", "data set", metric.name, "change", "verdict", "changed_answers",
         "logit_difference"),
        rows,
        note=f"Changes{_in_unit(metric)} are from the run's own model on the same images, with "
        "95 % intervals. In multi-label tasks each class of an image is an answer. Logits differ "
        f"by at most what the last column says. {_margins(matrix)}",
        num_keys=3,
        shown_headers=(
            "run", "model", "data set", f"{metric.label} [95 %]", "change from the run [95 %]",
            "verdict", "changed answers", "logits differ by",
        ),
    )  # fmt: skip


def _short_name(model: SiteModel) -> str:
    """Return an exported file's name without its study and run: `int8.onnx`."""
    folder = model.entry.folder
    stem = f"{folder.study.name}-{folder.name}"
    return model.name.removeprefix(stem).lstrip("-.") if model.name.startswith(stem) else model.name


def _flips_text(flips: Flips) -> str:
    return f"{format_count(flips.num_changed)} of {format_count(flips.num_answers)}"


def value_text(metric: Metric, cell: SiteCell | None) -> str:
    """Return a metric with its interval: `93.0 % [90.8, 94.8]`."""
    if cell is not None and cell.is_sealed:
        return SEALED
    return MISSING if cell is None else metric.show_interval(cell.value, cell.interval)


def change_text(metric: Metric, cell: SiteCell | None) -> str:
    """Return a change with its interval and verdict: `-0.6 [-1.1, +0.1] non-inferior`."""
    if cell is None or cell.change is None:
        return SEALED if cell is not None and cell.is_sealed else MISSING
    text = difference_text(metric, cell.change)
    return f"{text} {cell.verdict.text}" if cell.verdict else text


def column_size(column: SiteColumn) -> str:
    """Return split, images and patients: `test split, 1,204 images of 11 patients`."""
    size = describe_size(column.num_images, column.num_patients)
    return f"all {size}" if column.split == "all" else f"{column.split} split, {size}"


def matrix_warnings(matrix: SiteMatrix) -> list[str]:
    """Return what a reader of the numbers should know, by data set; nothing without sites."""
    if not matrix.has_sites:
        return []
    return [
        f"{column.name}: {sentence}"
        for at, column in enumerate(matrix.columns)
        for sentence in (*column.warnings, *_missing_intervals(matrix, at))
    ]


def _missing_intervals(matrix: SiteMatrix, at: int) -> list[str]:
    """Return why values of a column have no interval, and which where some have."""
    runs_without: dict[str, list[str]] = {}
    cells = [(entry, row[at]) for entry, row in zip(matrix.entries, matrix.cells, strict=True)]
    known = [(entry, cell) for entry, cell in cells if cell is not None and cell.value is not None]
    for entry, cell in known:
        if cell.no_interval:
            runs_without.setdefault(cell.no_interval, []).append(entry.folder.name)
    found = []
    for reason, names in runs_without.items():
        which = "" if len(names) == len(known) else f" of {', '.join(names)}"
        found.append(f"no 95 % interval{which}: {reason}")
    return found


def matrix_objects(matrix: SiteMatrix) -> list[dict[str, Any]]:
    """Return a JSON object for each model of each run on each data set."""
    columns = {column.digest: column for column in matrix.columns}
    own = [
        {**_object(matrix, entry, column, RUN), **_cell_object(cell)}
        for entry, cells in zip(matrix.entries, matrix.cells, strict=True)
        for column, cell in zip(matrix.columns, cells, strict=True)
        if cell is not None
    ]
    others = [
        {
            **_object(matrix, each.entry, columns[each.digest], each.name),
            **_cell_object(each.cell),
            "changed_answers": each.flips.num_changed,
            "logit_difference": each.logit_difference,
        }
        for each in matrix.models
    ]
    return own + others


def _object(matrix: SiteMatrix, entry: RunRecord, column: SiteColumn, model: str) -> dict[str, Any]:
    return {
        "study": entry.folder.study.name,
        "run": entry.folder.name,
        "model": model,
        "site": column.name,
        "digest": column.digest or None,
        "num_images": column.num_images,
        "num_patients": column.num_patients,
        "metric": matrix.metric.name,
    }


def _cell_object(cell: SiteCell) -> dict[str, Any]:
    change = cell.change
    return {
        "value": cell.value,
        "interval": cell.interval,
        "baseline": cell.baseline or None,
        "change": None if change is None else change.value,
        "change_interval": [change.low, change.high] if change and change.has_interval else None,
        "verdict": cell.verdict.state if cell.verdict else None,
    }
