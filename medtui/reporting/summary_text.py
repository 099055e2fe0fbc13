"""The report's summary in sentences, derived from the measured numbers alone."""

from collections.abc import Iterator

from medtui.analysis.baselines import describe_missing_controls
from medtui.analysis.differences import difference_text
from medtui.analysis.low_fidelity import describe_low_fidelity
from medtui.analysis.run_record import RunRecord
from medtui.analysis.run_tables import short_name
from medtui.analysis.subgroup_analysis import TOLERANCE
from medtui.reporting.contents import Contents
from medtui.units import format_bytes, format_count, format_density, format_percent, plural


def summary(contents: Contents) -> str:
    """Return what the study did and found, in a paragraph."""
    return " ".join(_sentences(contents))


def metric_text(contents: Contents, entry: RunRecord) -> str:
    """Return the primary metric on test with its 95 % interval: `95.8 % [94.9, 96.6]`."""
    metric = contents.headline
    value = entry.metric("test", metric.name)
    interval = entry.result.test.intervals.get(metric.name)
    return metric.show_interval(value, interval, missing="undefined")


def _sentences(contents: Contents) -> Iterator[str]:
    yield _what(contents)
    if contents.probes:
        yield (
            f"Its searches also ran {describe_low_fidelity(contents.probes)}; only the section "
            "Searches includes these."
        )
    label = contents.headline.label
    for reference in contents.references:
        test = reference.result.test
        of = f"{format_count(test.num_images)} test images"
        if test.num_patients:
            of += f" of {format_count(test.num_patients)} patients"
        who = "The dense reference"
        if len(contents.references) > 1:
            who = f"In {reference.folder.study.name} the dense reference"
        yield f"{who} reached a test {label} of {metric_text(contents, reference)} on {of}."
    yield from _controls(contents)
    if contents.compressed:
        yield _how_many_hold(contents)
    yield from _collapses(contents)
    yield from _direct_compressions(contents)
    yield from _flips(contents)
    yield from _affected(contents)


def _controls(contents: Contents) -> Iterator[str]:
    """Yield a sentence on each dense control, or one on the studies without."""
    for control in (entry for entry in contents.entries if entry.folder.is_control):
        yield (
            f"{short_name(control, contents.entries)}, the reference trained further as the "
            f"compressions are, reached {metric_text(contents, control)}."
        )
    if missing := describe_missing_controls(contents.entries):
        yield missing


def _what(contents: Contents) -> str:
    schemes = list(dict.fromkeys(entry.result.scheme for entry in contents.compressed))
    densities = sorted({entry.density for entry in contents.compressed if entry.density})
    preset = contents.entries[0].preset
    network = preset.model.architecture if preset else "a network"
    data = contents.card.title or contents.card.name if contents.card else "a data set"
    word = "density" if len(densities) == 1 else "densities"
    at = f" at {word} {', '.join(map(format_density, densities))}" if densities else ""
    return (
        f'A {network} was trained on "{data}" and compressed with Condensa in '
        f"{plural(len(contents.compressed), 'run')}: {', '.join(schemes) or 'none'}{at}."
    )


def _how_many_hold(contents: Contents) -> str:
    """Return how many stay within the tolerance, and which of them is smallest."""
    name, label = contents.headline.name, contents.headline.label
    holding = [
        entry
        for entry in contents.compressed
        if (found := contents.found.get(entry.key)) is not None
        and name in found.by_metric
        and found.by_metric[name].value >= -TOLERANCE
    ]
    by = contents.headline.show_amount(TOLERANCE)
    total = sum(entry.key in contents.found for entry in contents.compressed)
    against = "the control" if contents.has_controls else "the reference"
    text = (
        f"In {len(holding)} of {plural(total, 'compared run')} the measured loss of {label} "
        f"against {against} is at most {by}; the intervals are in the table"
    )
    if not holding:
        return f"{text}."
    smallest = min(holding, key=lambda entry: entry.result.size.bytes_packed)
    size = smallest.result.size
    change = difference_text(contents.headline, contents.found[smallest.key].by_metric[name])
    return (
        f"{text}; the smallest of these is {short_name(smallest, contents.entries)}, "
        f"with a sparse size of {format_bytes(size.bytes_packed)} and an actual density of "
        f"{format_percent(size.density)}; its {label} changed by {change}."
    )


def _collapses(contents: Contents) -> Iterator[str]:
    collapsed = [entry for entry in contents.compressed if entry.result.are_logits_constant]
    if collapsed:
        names = ", ".join(short_name(entry, contents.entries) for entry in collapsed)
        yield (
            f"{names} collapsed: the network predicts the same for every image, so its accuracy "
            "is only the share of one class."
        )


def _direct_compressions(contents: Contents) -> Iterator[str]:
    """Yield which runs kept the model from before their L-C cycles."""
    direct = [entry for entry in contents.compressed if entry.result.direct_compression]
    if direct:
        names = ", ".join(short_name(entry, contents.entries) for entry in direct)
        yield f"In {names} {direct[0].result.direct_compression}."


def _flips(contents: Contents) -> Iterator[str]:
    rates = [harm.flips.rate for harm in contents.harms]
    if rates:
        low, high = format_percent(min(rates)), format_percent(max(rates))
        yield f"{low if low == high else f'{low} to {high}'} of the test predictions changed."


def _affected(contents: Contents) -> Iterator[str]:
    """Yield a sentence for each class or group that got worse while the mean stayed."""
    affected: dict[str, list[str]] = {}
    by_key = {entry.key: entry for entry in contents.entries}
    for harm in contents.harms:
        name = short_name(by_key[harm.key], contents.entries)
        for who in harm.clear_losses:
            affected.setdefault(who, []).append(name)
    for who, names in affected.items():
        yield (
            f"The overall metric is within the tolerance, but {who} has a clear loss in "
            f"{', '.join(names)} (its 95 % interval is below 0 and reaches beyond the tolerance; "
            "not corrected for multiple comparisons)."
        )
