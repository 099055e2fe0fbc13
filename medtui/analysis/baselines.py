"""What a run is compared with: its study's dense control, else the reference.

The control is the reference, continued by exactly what a compression adds, without its operator. A
change against it is that of the compression; one against the reference includes further training.
"""

from collections.abc import Iterable, Sequence

from medtui.analysis.run_record import RunRecord, read_run_records, reference_of
from medtui.runs.folder import RunFolder


def control_of(entry: RunRecord, entries: Iterable[RunRecord]) -> RunRecord | None:
    """Return the control of `entry`: that of its seeds, else the first of its reference.

    It is sought among `entries`, then in the study's folder. None for references and controls, and
    where no control is finished.
    """
    if not entry.folder.is_compared:
        return None
    known = {each.folder: each for each in entries if each.folder.is_control}
    for folder in _control_folders(entry):
        if folder in known:
            return known[folder]
        found, _ = read_run_records([folder])
        if found:
            return found[0]
    return None


def baseline_of(
    entry: RunRecord, entries: Sequence[RunRecord], pin: RunRecord | None = None
) -> RunRecord | None:
    """Return `pin`, else the control of `entry`, else its reference; None for the baseline."""
    baseline = pin or control_of(entry, entries) or reference_of(entry, entries)
    return None if baseline is None or baseline.folder == entry.folder else baseline


def uncontrolled_studies(entries: Iterable[RunRecord]) -> list[str]:
    """Return the studies with compressions that have no finished control."""
    found = dict[str, None]()
    known = list(entries)
    controls = [each for each in known if each.folder.is_control]
    are_controlled: dict[RunFolder, bool] = {}  # by reference: its control is that of all its runs
    for entry in known:
        if not entry.folder.is_compressed:
            continue
        reference = entry.folder.reference
        if reference not in are_controlled:
            are_controlled[reference] = control_of(entry, controls) is not None
        if not are_controlled[reference]:
            found.setdefault(entry.folder.study.name)
    return list(found)


def describe_missing_controls(entries: Iterable[RunRecord]) -> str:
    """Return a sentence that names the studies without a control; empty where all have one."""
    names = uncontrolled_studies(entries)
    if not names:
        return ""
    return (
        f"No control in {', '.join(names)}: changes are against the reference, which trained less."
    )


def _control_folders(entry: RunRecord) -> list[RunFolder]:
    """Return the folders where the control may be, the most similar first."""
    own = entry.folder.control
    others = [
        run
        for run in entry.folder.study.controls()
        if run != own and run.reference == entry.folder.reference
    ]
    return [own, *others]
