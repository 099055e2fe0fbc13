"""What a gate found, as stored in a run's folder `gates`; the study's ledger names each file."""

from pathlib import Path

import msgspec

from medtui.analysis.non_inferiority import ClaimState, Decision
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import require_json_record, write_json_record
from medtui.runs.ledger import read_ledger


class ClaimRecord(msgspec.Struct, frozen=True):
    """One claim of the plan, and what the data say about it. Losses are negative."""

    about: str
    """`all images`, `sex F`, `class parasitized`."""
    metric: str
    margin: float
    state: ClaimState
    reason: str
    """Why nothing is shown; empty where an interval decides."""
    num_images: int
    num_patients: int
    """0 where patients are unknown."""
    before: float | None
    """The baseline's value."""
    after: float | None
    change: float | None
    low: float | None
    """Ends of the change's 95 % interval; None with too few patients."""
    high: float | None
    detectable: float | None
    """Margin that would be shown with a chance of 80 % if nothing is lost."""


class GateRecord(msgspec.Struct, frozen=True):
    """One look at test by a plan."""

    run: str
    baseline: str
    plan: str
    """The plan's name."""
    plan_sha256: str
    plan_text: str
    decision: Decision
    claims: list[ClaimRecord]
    multiplicity: str
    """How the number of claims is accounted for, in words."""
    look: int
    """The how-manieth look of a gate at the run's test this is, from 1."""
    opened: list[str]
    """Runs whose sealed test this look opened."""


_decoder = msgspec.json.Decoder(GateRecord)


def write_gate(path: Path, record: GateRecord) -> None:
    """Write a record.

    Raises:
        OSError: the disk is full.
    """
    write_json_record(path, record)


def read_gates(run: RunFolder) -> list[tuple[Path, GateRecord]]:
    """Return the gates of a run that the ledger names, oldest first.

    Raises:
        UnreadableFile: the ledger or a record cannot be read.
    """
    prefix = f"{run.name}/{run.gates.name}/"
    names = [
        name
        for line in read_ledger(run.study).lines
        for name in line.results
        if name.startswith(prefix)
    ]
    paths = [run.study.path / name for name in names]
    return [(path, require_json_record(path, _decoder)) for path in paths]
