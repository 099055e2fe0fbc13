"""Paired changes of a run as JSON: against its study's control, and against the reference."""

from typing import TYPE_CHECKING, Any

from medtui.errors import MedtuiError
from medtui.monitor.catalogue import RunFeed, StudyFeed

if TYPE_CHECKING:
    from medtui.analysis.differences import Differences


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


def control_change_object(study: StudyFeed, run: RunFeed) -> dict[str, Any]:
    """Return `control` and `change_control` of a run; nothing before both are finished."""
    from medtui.analysis.differences import differences
    from medtui.analysis.group_tables import change_values
    from medtui.analysis.run_record import RunRecord

    control = study.control_of(run)
    if control is None or control.result is None or run.result is None:
        return {}
    baseline = RunRecord(control.folder, control.result)
    try:
        found = differences(baseline, RunRecord(run.folder, run.result))
    except MedtuiError:  # no predictions: the run is shown without its changes
        return {}
    return {"control": found.baseline, "change_control": change_values(found)}
