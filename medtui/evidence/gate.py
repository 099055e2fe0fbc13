"""The gate: judges a run by a plan, opens its test where it is sealed, and records the look.

The ledger's line is the one moment at which a look counts and a sealed test opens: whatever is
written before it is not shown if the process ends in between.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from medtui.analysis.baselines import control_of
from medtui.analysis.non_inferiority import (
    MULTIPLICITY,
    JudgedClaim,
    decide,
    judge_claims,
)
from medtui.analysis.run_record import RunRecord, read_run_records, reference_of
from medtui.errors import UsageError
from medtui.evidence.claims import SPLIT, claims_of, require_fit
from medtui.evidence.gate_record import ClaimRecord, GateRecord, write_gate
from medtui.evidence.plan import StatedPlan
from medtui.jobs.opening import evaluate_sealed
from medtui.runs.atomic_file import delete_partial, sync_folder
from medtui.runs.folder import RunFolder
from medtui.runs.gate_lock import lock_gates
from medtui.runs.ledger import append_look, settle_ledger
from medtui.runs.ledger_lines import Ledger, LedgerLine, Look
from medtui.runs.result import read_opened_result
from medtui.runs.run_digests import predictions_path
from medtui.runs.sealing import opened_name
from medtui.storage import digest_of_file
from medtui.storage.writing import require_writable


@dataclass(frozen=True)
class Gated:
    """What a gate found, and where it is recorded."""

    record: GateRecord
    path: Path
    line: LedgerLine


def pass_gate(
    run: RunFolder, stated: StatedPlan, *, command: list[str], device: str,
    report: Callable[[str], object],
) -> Gated:  # fmt: skip
    """Judge a finished run by a plan, and record the look.

    Raises:
        UsageError: the run or its baseline is not finished, or the plan does not fit the data.
        MedtuiError: data or weights are missing or have changed, the ledger is broken, or another
            gate is at work.
    """
    with lock_gates(run.study):
        ledger = settle_ledger(run.study)  # before test is evaluated for nothing, or once more
        found, baseline = records_of(run, stated)
        require_fit(stated, found)
        opened = _sealed_among(found, baseline)
        for folder in {run, *(each.folder for each in opened)}:
            require_writable(folder.path)
        if opened:
            evaluate_sealed(run.study, [each.folder for each in opened], device, report)
            found, baseline = (_unsealed(each) for each in (found, baseline))
        report("comparing the answers")
        record = _judge(stated, found, baseline, opened, ledger)
        path = _free_path(run)
        write_gate(path, record)
        line = append_look(run.study, _look(found, baseline, record, path, opened, command))
    return Gated(record, path, line)


def _judge(
    stated: StatedPlan, found: RunRecord, baseline: RunRecord, opened: Iterable[RunRecord],
    ledger: Ledger,
) -> GateRecord:  # fmt: skip
    name, judged = found.folder.name, judge_claims(claims_of(stated, baseline, found))
    looks = [line for line in ledger.lines if line.verb == "gate" and line.run == name]
    return GateRecord(
        run=name,
        baseline=baseline.folder.name,
        plan=stated.plan.name,
        plan_sha256=stated.digest.sha256,
        plan_text=stated.source.text,
        decision=decide(judged),
        claims=[_recorded(each) for each in judged],
        multiplicity=MULTIPLICITY,
        look=len(looks) + 1,
        opened=[each.folder.name for each in opened],
    )


def records_of(run: RunFolder, stated: StatedPlan) -> tuple[RunRecord, RunRecord]:
    """Return a run and its baseline by the plan.

    Raises:
        UsageError: one of both is not finished, or the run is a baseline itself.
    """
    name = run.full_name
    if not run.is_compared:
        raise UsageError(
            f"{name} is a {'reference' if run.is_reference else 'control'}, which has no baseline.",
            hint="Name a compressed run.",
        )
    records, problems = read_run_records([run])
    if not records:
        raise UsageError(problems[0] if problems else f"{name} is not finished.")
    found = records[0]
    if stated.plan.against == "reference":
        baseline = reference_of(found, ())
    else:
        baseline = control_of(found, ())
    if baseline is None:
        raise UsageError(
            f"The {stated.plan.against} of {name} is not finished.",
            hint='A study trains one with compress.control = true; or set against = "reference" '
            "in the plan, whose changes include further training."
            if stated.plan.against == "control"
            else "Resume the study.",
        )
    return found, baseline


def _sealed_among(found: RunRecord, baseline: RunRecord) -> list[RunRecord]:
    """Return the runs whose test must be opened: the reference first, then baseline and run."""
    reference = reference_of(found, (baseline,))
    wanted = {each.folder: each for each in (reference, baseline, found) if each is not None}
    return [each for each in wanted.values() if each.result.is_sealed]


def _unsealed(record: RunRecord) -> RunRecord:
    """Return a run with the result that was just written, or as it is where it was open."""
    if not record.result.is_sealed:
        return record
    return RunRecord(record.folder, read_opened_result(record.folder))


def _recorded(judged: JudgedClaim) -> ClaimRecord:
    low, high = judged.interval or (None, None)
    return ClaimRecord(
        about=judged.claim.about,
        metric=judged.claim.metric.name,
        margin=judged.claim.margin,
        state=judged.state,
        reason=judged.reason,
        num_images=judged.num_images,
        num_patients=judged.num_patients,
        before=judged.before,
        after=judged.after,
        change=judged.change,
        low=low,
        high=high,
        detectable=judged.detectable,
    )


def _free_path(run: RunFolder) -> Path:
    run.gates.mkdir(exist_ok=True)
    sync_folder(run.path)  # the ledger's line must not outlive the file that it names
    delete_partial(run.gates)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return run.gates / f"{stamp}-{secrets.token_hex(4)}.json"


def _look(
    found: RunRecord, baseline: RunRecord, record: GateRecord, path: Path,
    opened: Iterable[RunRecord], command: list[str],
) -> Look:  # fmt: skip
    study = found.folder.study
    files = [
        file
        for each in (found, baseline)
        for file in (each.folder.model, predictions_path(each.folder, each.result))
    ]
    inputs = {_name(file, study.path): digest_of_file(file).sha256 for file in files}
    digest = found.data_digest
    inputs |= {"plan": record.plan_sha256} | ({"data": digest.data_digest} if digest else {})
    results = {
        opened_name(each.folder): digest_of_file(each.folder.opened.result).sha256
        for each in opened
    }
    results[_name(path, study.path)] = digest_of_file(path).sha256
    return Look(
        verb="gate", command=command, run=found.folder.name, split=SPLIT, inputs=inputs,
        results=results, outcome=record.decision,
    )  # fmt: skip


def _name(path: Path, study: Path) -> str:
    return path.relative_to(study).as_posix()
