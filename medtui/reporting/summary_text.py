"""The report's summary: plain words, made from the numbers and nothing else."""

from collections.abc import Iterator

from medtui.analysis.differences import difference_text
from medtui.analysis.low_fidelity import describe_low_fidelity
from medtui.analysis.run_record import RunRecord
from medtui.analysis.run_tables import short_name
from medtui.analysis.subgroup_analysis import TOLERANCE
from medtui.reporting.contents import Contents
from medtui.units import format_bytes, format_count, format_density, format_percent


def summary(contents: Contents) -> str:
    """Give what the study did and found, in a paragraph."""
    return " ".join(_sentences(contents))


def metric_text(contents: Contents, entry: RunRecord) -> str:
    """Give the headline metric on test with its 95 % interval: `95.8 % [94.9, 96.6]`."""
    metric = contents.headline
    value = entry.metric("test", metric.name)
    interval = entry.result.test.intervals.get(metric.name)
    return metric.show_interval(value, interval, missing="undefined")


def _sentences(contents: Contents) -> Iterator[str]:
    yield _what(contents)
    if contents.probes:
        yield (
            f"Its searches also ran {describe_low_fidelity(contents.probes)}, which are listed "
            "under Searches only."
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
    if contents.compressed:
        yield _how_many_hold(contents)
    yield from _collapses(contents)
    yield from _flips(contents)
    yield from _hurt(contents)


def _what(contents: Contents) -> str:
    schemes = list(dict.fromkeys(entry.result.scheme for entry in contents.compressed))
    densities = sorted({entry.density for entry in contents.compressed if entry.density})
    preset = contents.entries[0].preset
    network = preset.model.architecture if preset else "a network"
    data = contents.card.title or contents.card.name if contents.card else "a data set"
    at = f" at densities {', '.join(map(format_density, densities))}" if densities else ""
    return (
        f'A {network} was trained on "{data}" and compressed with Condensa in '
        f"{len(contents.compressed)} runs: {', '.join(schemes) or 'none'}{at}."
    )


def _how_many_hold(contents: Contents) -> str:
    """Say how many stay within the tolerance, and which of them is smallest."""
    name, label = contents.headline.name, contents.headline.label
    holding = [
        entry
        for entry in contents.compressed
        if (found := contents.found.get(entry.key)) is not None
        and name in found.by_metric
        and found.by_metric[name].value >= -TOLERANCE
    ]
    by = contents.headline.show_amount(TOLERANCE)
    total = len(contents.compressed)
    text = f"{len(holding)} of {total} lose no more than {by} of {label} against it"
    if not holding:
        return f"{text}."
    smallest = min(holding, key=lambda entry: entry.result.size.bytes_packed)
    size = smallest.result.size
    change = difference_text(contents.headline, contents.found[smallest.key].by_metric[name])
    return (
        f"{text}; the smallest of these is {short_name(smallest, contents.entries)}, "
        f"{format_bytes(size.bytes_packed)} packed with {format_percent(size.density)} of the "
        f"weights, which changed {label} by {change}."
    )


def _collapses(contents: Contents) -> Iterator[str]:
    dead = [entry for entry in contents.compressed if entry.result.are_logits_constant]
    if dead:
        names = ", ".join(short_name(entry, contents.entries) for entry in dead)
        yield (
            f"{names} collapsed: the answer is the same for every image, so an accuracy says "
            "nothing there."
        )


def _flips(contents: Contents) -> Iterator[str]:
    rates = [harm.flips.rate for harm in contents.harms]
    if rates:
        yield (
            f"Between {format_percent(min(rates))} and {format_percent(max(rates))} of the test "
            "answers changed."
        )


def _hurt(contents: Contents) -> Iterator[str]:
    hurt: dict[str, list[str]] = {}
    by_key = {entry.key: entry for entry in contents.entries}
    for harm in contents.harms:
        name = short_name(by_key[harm.key], contents.entries)
        for who in harm.hurt:
            hurt.setdefault(who, []).append(name)
    for who, names in hurt.items():
        yield f"Though the mean held, {who} lost clearly in {', '.join(names)}."
