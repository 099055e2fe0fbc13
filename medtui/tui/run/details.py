"""What the Run screen reads besides the log: comparisons of a finished run, and its other files.

Every function blocks: threads call them.
"""

from dataclasses import dataclass
from pathlib import Path

from medtui.analysis.baselines import baseline_of
from medtui.analysis.columns import column_named
from medtui.analysis.differences import Differences, differences_from, pair_runs, with_val
from medtui.analysis.patient_changes import PatientChange, patient_changes
from medtui.analysis.run_record import RunRecord, read_run_records, reference_of
from medtui.analysis.subgroup_analysis import SubgroupAnalysis, analyse_subgroups
from medtui.control_characters import escape_controls
from medtui.errors import MedtuiError
from medtui.runs.folder import RunFolder
from medtui.runs.result import Flips
from medtui.storage import open_regular, read_tail

_TAIL_BYTES = 64 * 1024
"""Of a long `worker.log` only its end is shown."""

_LARGEST_TEXT = 256 * 1024


@dataclass(frozen=True)
class FileSize:
    """One file of the run's folder."""

    name: str
    num_bytes: int


@dataclass(frozen=True)
class RunFiles:
    """The texts of a run's folder, and its files."""

    files: tuple[FileSize, ...] = ()
    settings: tuple[str, ...] = ()
    """Lines of the preset."""
    provenance: tuple[str, ...] = ()
    """Lines of versions, hardware and seeds."""
    worker_log: tuple[str, ...] = ()
    """The end of what the worker printed."""


@dataclass(frozen=True)
class Comparison:
    """A finished run against its control, else against its reference."""

    entry: RunRecord
    baseline: RunRecord | None
    """None for a reference, and where neither is finished."""
    differences: Differences | None = None
    """On test, and on val."""
    patients: tuple[PatientChange, ...] = ()
    """The largest loss first."""
    flips: Flips | None = None
    """Answers that changed."""
    problem: str = ""
    """Why there is no difference."""
    smaller: float | None = None
    """How often the sparse size fits into the reference's dense one; None for a dense run."""


def compare_run(folder: RunFolder) -> Comparison | None:
    """Return how a finished run differs from its baseline on test; None where it has no result."""
    entries, _ = read_run_records([folder])
    if not entries:
        return None
    entry = entries[0]
    baseline = baseline_of(entry, entries)
    if baseline is None:
        return Comparison(entry, None)
    smaller = column_named("smaller").number(entry)
    try:
        reference = reference_of(entry, entries)
        known = [each for each in (entry, baseline, reference) if each is not None]
        found = with_val(differences_from(baseline, entry, known), baseline, entry)
        pair = pair_runs(baseline, entry)
    except MedtuiError as error:
        return Comparison(entry, baseline, problem=error.message, smaller=smaller)
    patients, flips = patient_changes(pair), pair.count_flips()
    return Comparison(entry, baseline, found, patients, flips, smaller=smaller)


def analyse_run(folder: RunFolder) -> SubgroupAnalysis | None:
    """Return what a run changed for classes and groups; None where that cannot be told."""
    entries, _ = read_run_records([folder])
    baseline = baseline_of(entries[0], entries) if entries else None
    if baseline is None:
        return None
    try:
        return analyse_subgroups(baseline, entries[0])
    except MedtuiError:  # the comparison says why
        return None


def read_files(folder: RunFolder) -> RunFiles:
    """Return the texts of a run's folder; what cannot be read is empty."""
    return RunFiles(
        tuple(_sizes(folder.path)),
        tuple(_lines(folder.preset)),
        tuple(_lines(folder.provenance)),
        tuple(read_worker_log(folder)),
    )


def read_worker_log(folder: RunFolder) -> list[str]:
    """Return the end of the worker's output, without control characters."""
    try:
        content = read_tail(folder.worker_log, _TAIL_BYTES + 1)
    except OSError:
        return []
    lines = content.decode("utf-8", "replace").splitlines()
    is_cut = len(content) > _TAIL_BYTES
    return [escape_controls(line.rstrip()) for line in lines[is_cut:]]


def _sizes(path: Path) -> list[FileSize]:
    try:
        found = [(each.name, each.stat().st_size) for each in path.iterdir() if each.is_file()]
    except OSError:
        return []
    return [FileSize(name, size) for name, size in sorted(found, key=lambda each: -each[1])]


def _lines(path: Path) -> list[str]:
    try:
        with open_regular(path) as file:
            text = file.read(_LARGEST_TEXT).decode("utf-8", "replace")
    except OSError:
        return []
    return [escape_controls(line) for line in text.splitlines()]
