"""The report's summary in sentences, derived from the measured numbers alone."""

from collections.abc import Iterator, Sequence

from medtui.analysis.baselines import describe_missing_controls
from medtui.analysis.chosen_group import smallest_non_inferior, sparse_size
from medtui.analysis.columns import column_named
from medtui.analysis.differences import difference_text
from medtui.analysis.group_statistics import change_text
from medtui.analysis.groups import Group
from medtui.analysis.low_fidelity import describe_low_fidelity
from medtui.analysis.run_record import RunRecord
from medtui.analysis.run_tables import short_name
from medtui.analysis.verdicts import Verdict
from medtui.metrics import VAL_USE
from medtui.metrics.nested import MIN_SEEDS
from medtui.reporting.contents import Contents
from medtui.units import SEALED, format_bytes, format_density, format_percent, plural


def summary(contents: Contents) -> str:
    """Return what the study did and found, in a paragraph."""
    return " ".join(_sentences(contents))


def metric_text(contents: Contents, entry: RunRecord) -> str:
    """Return the primary metric on test with its 95 % interval: `95.8 % [94.9, 96.6]`."""
    metric = contents.headline
    if entry.result.is_sealed:
        return SEALED
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
        of = plural(test.num_images, "test image")
        if test.num_patients:
            of += f" of {plural(test.num_patients, 'patient')}"
        who = _who(contents, reference)
        if reference.result.is_sealed:
            yield f"{who} has a sealed test of {of}: `medtui gate` opens it by a plan."
            continue
        yield f"{who} reached a test {label} of {metric_text(contents, reference)} on {of}."
    yield from _controls(contents)
    yield from _from_scratch(contents)
    yield from _verdicts(contents)
    yield from _collapses(contents)
    yield from _direct_compressions(contents)
    yield from _flips(contents)
    yield from _affected(contents)


def _who(contents: Contents, reference: RunRecord) -> str:
    """Return a reference's name for the beginning of a sentence, its study where several are."""
    study = reference.folder.study
    alike = [each for each in contents.references if each.folder.study == study]
    name = "dense reference" if len(alike) == 1 else f"dense network {reference.folder.name}"
    is_one = len(alike) == len(contents.references)
    return f"The {name}" if is_one else f"In {study.name} the {name}"


def _controls(contents: Contents) -> Iterator[str]:
    """Yield a sentence on each dense control, or one on the studies without."""
    controls = [entry for entry in contents.entries if entry.folder.is_control]
    label = contents.headline.label
    for control in (entry for entry in controls if not entry.result.is_sealed):
        yield (
            f"{short_name(control, contents.entries)}, the reference trained further as the "
            f"compressions are, reached a test {label} of {metric_text(contents, control)}."
        )
    if missing := describe_missing_controls(contents.entries):
        yield missing


def _from_scratch(contents: Contents) -> Iterator[str]:
    """Yield a sentence on each network that was trained from scratch."""
    metric = contents.headline
    scratch = [entry for entry in contents.entries if entry.result.narrowing]
    by_key = {entry.key: entry for entry in contents.entries}
    for entry in (entry for entry in scratch if not entry.result.is_sealed):
        assert entry.result.narrowing is not None
        found = contents.found.get(entry.key)
        change = difference_text(metric, found.by_metric.get(metric.name)) if found else ""
        baseline = _baseline(by_key.get(found.baseline), contents) if found else ""
        yield (
            f"{short_name(entry, contents.entries)}, a network trained from scratch with "
            f"{entry.result.narrowing.sentence}, reached a test {metric.label} of "
            f"{metric_text(contents, entry)}"
            f"{f', a change of {change} from {baseline}' if change else ''}."
        )


def _what(contents: Contents) -> str:
    schemes = list(dict.fromkeys(entry.result.scheme for entry in contents.compressed))
    densities = sorted({entry.density for entry in contents.compressed if entry.density})
    preset = contents.entries[0].preset
    network = f"The network {preset.model.architecture}" if preset else "A network"
    data = contents.card.title or contents.card.name if contents.card else "a data set"
    word = "density" if len(densities) == 1 else "densities"
    at = f" at {word} {', '.join(map(format_density, densities))}" if densities else ""
    return (
        f'{network} was trained on "{data}" and compressed with Condensa in '
        f"{plural(len(contents.compressed), 'run')}: {', '.join(schemes) or 'none'}{at}."
    )


def _verdicts(contents: Contents) -> Iterator[str]:
    """Yield how many runs are non-inferior, worse or neither, and which is chosen on val.

    Runs that differ in seeds alone are judged together, by their mean.
    """
    metric = contents.headline
    compared = [each for each in contents.compressions if each.label in contents.group_changes]
    if not compared:
        return
    states = [_verdict(contents, group).state for group in compared]
    by = _margins(contents, compared)
    against = "the control" if contents.has_controls else "the reference"
    what = "compared setting" if contents.has_seeds else "compared run"
    verb = "is" if len(states) == 1 else "are"
    yield (
        f"Against a margin of {by} in {metric.label}, stated by the preset, "
        f"{states.count('non-inferior')} of {plural(len(states), what)} {verb} shown to be "
        f"non-inferior to {against} on test, {states.count('worse')} to be worse; for "
        f"{states.count('not shown')}, neither is shown."
    )
    yield _seeds(contents)
    yield _chosen(contents, compared)


def _margins(contents: Contents, groups: Sequence[Group]) -> str:
    """Return the margins of groups, several where their studies differ."""
    margins = sorted({group.members[0].margin for group in groups})
    return " or ".join(contents.headline.show_amount(margin) for margin in margins)


def _seeds(contents: Contents) -> str:
    """Return how many seeds stand behind the numbers, and what that leaves unknown."""
    counts = sorted({len(group.repetitions) for group in contents.compressions})
    if counts == [1]:
        return "All runs have one seed: the spread over seeds is unknown."
    return (
        f"There are {' or '.join(map(str, counts))} seeds of each: intervals of means are over "
        f"seeds and patients, from {MIN_SEEDS} seeds on."
    )


def _verdict(contents: Contents, group: Group) -> Verdict:
    changes = contents.group_changes[group.label]
    return changes.verdict(contents.headline, group.members[0].margin)


def _chosen(contents: Contents, compared: Sequence[Group]) -> str:
    """Return the smallest group that excludes a loss of the margin on val, with its test numbers.

    On val a small loss may be shown too: the group is then worse there, within the margin.
    """
    metric, by = contents.headline, _margins(contents, compared)
    smallest = smallest_non_inferior(compared, contents.val_verdicts)
    if smallest is None:
        return (
            f"On val, no compressed run excludes a loss of {by} in {metric.label}, so none is "
            "chosen."
        )
    changes = contents.group_changes[smallest.label]
    actual = smallest.mean(column_named("actual_density"))
    who = short_name(smallest.members[0], contents.entries)
    if len(smallest.members) > 1:
        who = f"{contents.name_of(smallest)} ({plural(len(smallest.repetitions), 'seed')})"
    return (
        f"The smallest that excludes a loss of {by} on val, which was {VAL_USE}, is "
        f"{who}, with a sparse size of {format_bytes(round(sparse_size(smallest)))} and an actual "
        f"density of {format_percent(actual)}; on test its {metric.label} changed by "
        f"{change_text(metric, changes)}: {_verdict(contents, smallest).text}."
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
    rates = [analysis.flips.rate for analysis in contents.analyses]
    if rates:
        low, high = format_percent(min(rates)), format_percent(max(rates))
        baseline = "control" if contents.has_controls else "reference"
        yield (
            f"{low if low == high else f'{low} to {high}'} of the test predictions differ from "
            f"those of the {baseline}."
        )


def _affected(contents: Contents) -> Iterator[str]:
    """Yield a sentence for each class or group that is worse, also where the mean fell."""
    affected: dict[tuple[str, str, str], list[str]] = {}
    by_key = {entry.key: entry for entry in contents.entries}
    for analysis in contents.analyses:
        name = short_name(by_key[analysis.key], contents.entries)
        baseline = _baseline(by_key.get(analysis.baseline), contents)
        of_classes = {each.name: each.changes[0].metric.label for each in analysis.classes}
        for who in analysis.named("worse"):
            metric = of_classes.get(who, analysis.overall.metric.label)
            affected.setdefault((who, metric, baseline), []).append(name)
    for (who, metric, baseline), names in affected.items():
        yield (
            f"{who} is worse in {', '.join(names)} than in {baseline}: the 95 % interval of the "
            f"change of its {metric} is below 0, also by Holm's method over the classes and "
            "groups of the run."
        )


def _baseline(entry: RunRecord | None, contents: Contents) -> str:
    """Return what a run was compared with: its control, its reference, or a pinned run."""
    if entry is None:
        return "the pinned run"
    if entry.folder.is_control:
        return "the control"
    return "the reference" if entry.folder.is_reference else short_name(entry, contents.entries)
