"""Paired changes of a run, as JSON and as lines: against its control, and its reference."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from medtui.errors import MedtuiError
from medtui.metrics import primary_metric
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed

if TYPE_CHECKING:
    from medtui.analysis.differences import Differences
    from medtui.analysis.run_record import RunRecord


def change_objects(found: "Differences") -> dict[str, Any]:
    """Return a run's changes: `change` from the reference or the pinned run, `change_control`.

    `control` and `change_control` are there where the baseline is a control.
    """
    from medtui.analysis.group_tables import change_values

    if found.from_reference is None:
        return {"baseline": found.baseline, "change": change_values(found)}
    return {
        "baseline": found.from_reference.baseline,
        "change": change_values(found.from_reference),
        "control": found.baseline,
        "change_control": change_values(found),
    }


def run_change_object(study: StudyFeed, run: RunFeed) -> dict[str, Any]:
    """Return a run's changes from its control, and its verdict; nothing before both are there.

    `control` and `change_control` are there with a control; the verdict is that of `runs compare`.
    """
    from medtui.analysis.group_tables import change_values

    compared = compare_run(study, run)
    if compared is None:
        return {}
    entry, found = compared
    objects: dict[str, Any] = verdict_object(entry, found)
    if study.control_of(run) is not None:
        objects |= {"control": found.baseline, "change_control": change_values(found)}
    return objects


def verdict_object(entry: "RunRecord", found: "Differences") -> dict[str, Any]:
    """Return the verdict on the primary metric's change, its margin and what it rests on."""
    from medtui.metrics.jackknife import effective_number

    metric = primary_metric(entry.result.task)
    verdict = found.verdict(metric, entry.margin)
    return {
        "margin": entry.margin,
        "verdict": verdict.state,
        "detail": verdict.detail,
        "num_effective": effective_number(found.patients) if found.patients else None,
    }


def compare_run(study: StudyFeed, run: RunFeed) -> "tuple[RunRecord, Differences] | None":
    """Return a run with its changes from its control, else from its reference; None without."""
    from medtui.analysis.differences import differences
    from medtui.analysis.run_record import RunRecord

    baseline = study.control_of(run) or (None if run.folder.is_reference else study.reference)
    if baseline is None or baseline.result is None or run.result is None:
        return None
    entry = RunRecord(run.folder, run.result)
    try:
        return entry, differences(RunRecord(baseline.folder, baseline.result), entry)
    except MedtuiError:  # no predictions: the run is shown without its changes
        return None


def describe_verdict(study: StudyFeed, run: RunFeed) -> Iterator[str]:
    """Yield the change of the primary metric, its verdict, and what the patients can show."""
    compared = compare_run(study, run)
    if compared is None:
        return
    from medtui.analysis.differences import bounds_of_runs, difference_text
    from medtui.analysis.power import describe_power_of_runs

    entry, found = compared
    metric = primary_metric(entry.result.task)
    change = difference_text(metric, found.by_metric.get(metric.name)) or "undefined"
    verdict, margin = found.verdict(metric, entry.margin), metric.show_amount(entry.margin)
    yield f"  change    test {metric.label} {change} from {found.baseline}"
    yield f"  verdict   {verdict.text}, against a margin of {margin}"
    if power := describe_power_of_runs({entry.key: found}, metric):
        yield f"  power     {power}"
    if bounds := bounds_of_runs({entry.key: found}, [metric]):
        yield f"  bound     {bounds}"
