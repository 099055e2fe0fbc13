"""Published numbers beside the measured ones, by run and by class, and why they cannot agree."""

from collections.abc import Iterator, Sequence

from medtui.analysis.run_record import RunRecord
from medtui.analysis.run_tables import short_name
from medtui.analysis.table import Table
from medtui.metrics import metric_named
from medtui.preset import PublishedNumber
from medtui.reporting.contents import Contents
from medtui.units import MISSING, format_percent

_AT_FIXED_THRESHOLD = "half"

BY_YOUDEN = (
    "Youden's index predicts rare classes far more often than they occur, and an image is an exact "
    "match only where every class is right."
)


def published_tables(contents: Contents) -> Iterator[Table]:
    """Yield the published numbers by run, and those by class, as far as the presets have any."""
    known = [
        (entry, number) for entry in contents.entries if (number := entry.published) is not None
    ]
    of_runs = [(entry, number) for entry, number in known if number.value is not None]
    of_classes = [
        (entry, number) for entry, number in known if number.classes or number.class_range
    ]
    if of_runs:
        yield _by_run(contents, of_runs)
    for metric in dict.fromkeys(number.class_metric for _, number in of_classes):
        chosen = [each for each in of_classes if each[1].class_metric == metric]
        yield _by_class(contents, metric, chosen)


def _by_run(contents: Contents, known: Sequence[tuple[RunRecord, PublishedNumber]]) -> Table:
    rows = []
    for entry, number in known:
        metric = metric_named(number.metric)
        show = metric.show if metric else format_percent
        rows.append((
            short_name(entry, contents.entries),
            metric.label_for(entry.result.positive) if metric else number.metric,
            show(number.value),
            show(entry.metric("test", number.metric)),
            number.source,
        ))  # fmt: skip
    headers = ("run", "metric", "published", "measured here", "source")
    note = " ".join(_why_they_differ(known))
    return Table("Published results", headers, tuple(rows), note=note, num_keys=2)


def _by_class(
    contents: Contents, name: str, known: Sequence[tuple[RunRecord, PublishedNumber]]
) -> Table:
    """Return a column of measured numbers for each run, followed by the published ones."""
    metric = metric_named(name)
    show = metric.show if metric else format_percent
    headers, columns = ["class"], list[dict[str, str]]()
    classes: dict[str, None] = {}
    for entry, number in known:
        per_class = entry.result.test.per_class
        classes |= dict.fromkeys([*per_class, *number.classes])
        run = short_name(entry, contents.entries)
        headers.append(run)
        columns.append({each: show(found.get(name)) for each, found in per_class.items()})
        if number.classes:
            headers.append(f"{run}, published")
            columns.append({each: show(value) for each, value in number.classes.items()})
    rows = [(each, *(column.get(each, MISSING) for column in columns)) for each in classes]
    label = metric.label if metric else name
    note = " ".join([*_ranges(contents, known), *_why_they_differ(known)])
    title = f"Published {label} by class, beside test"
    return Table(title, tuple(headers), tuple(rows), note=note)


def _ranges(
    contents: Contents, known: Sequence[tuple[RunRecord, PublishedNumber]]
) -> Iterator[str]:
    """Yield each published range of numbers by class, with the runs that it is of."""
    runs: dict[tuple[str, str], list[str]] = {}
    for entry, number in known:
        if number.class_range is None:
            continue
        metric = metric_named(number.class_metric)
        show = metric.show if metric else format_percent
        text = " to ".join(map(show, number.class_range))
        names = runs.setdefault((text, number.class_source), [])
        names.append(short_name(entry, contents.entries))
    for (text, source), names in runs.items():
        where = f" ({source})" if source else ""
        yield f"Published for the classes of {', '.join(names)}: {text}{where}."


def _why_they_differ(known: Sequence[tuple[RunRecord, PublishedNumber]]) -> Iterator[str]:
    """Yield sentences on why the measured numbers cannot agree: the presets' and derived ones."""
    yield from dict.fromkeys(number.note for _, number in known if number.note)
    yield from _why_thresholds_differ(
        [entry for entry, number in known if _depends_on_thresholds(entry, number)]
    )
    for population in dict.fromkeys(entry.population for entry, _ in known if entry.population):
        yield f"The measured numbers are of another population: {population}."


def _why_thresholds_differ(entries: Sequence[RunRecord]) -> Iterator[str]:
    """Yield why numbers at thresholds that val chose differ from those at a fixed one."""
    rules = dict.fromkeys(entry.result.threshold_rule for entry in entries)
    for decisions in dict.fromkeys(entry.result.decisions for entry in entries):
        yield (
            "Numbers that depend on thresholds cannot agree with those of one fixed threshold. "
            f"Here: {decisions}"
        )
    if "youden" in rules:
        yield BY_YOUDEN


def _depends_on_thresholds(entry: RunRecord, number: PublishedNumber) -> bool:
    """Return whether a published number depends on thresholds, and val chose them here."""
    if entry.result.task == "single" or entry.result.threshold_rule == _AT_FIXED_THRESHOLD:
        return False
    names = [number.metric] if number.value is not None else []
    names += [number.class_metric] if number.classes or number.class_range else []
    return any(metric.is_decided for name in names if (metric := metric_named(name)))
