"""What a gate found, as text and as a JSON object."""

import textwrap
from typing import Any

import msgspec

from medtui.analysis.non_inferiority import describe_direction
from medtui.analysis.run_record import RunRecord
from medtui.cli.table import render_table
from medtui.evidence.claims import SPLIT, require_fit
from medtui.evidence.gate import Gated
from medtui.evidence.gate_record import ClaimRecord
from medtui.evidence.plan import StatedPlan
from medtui.metrics import Metric, metric_named
from medtui.units import MISSING, format_count, plural

_WIDTH = 100

_SENTENCES = {
    "pass": "PASS: every claim of the plan is shown.",
    "fail": "FAIL: a loss beyond the margin is shown.",
    "undecided": "UNDECIDED: not every claim is shown, and none is refuted.",
}


def describe_gate(gated: Gated) -> str:
    """Return the claims as a table, then the decision and where it is recorded."""
    record = gated.record
    headers = ("claim", "metric", record.baseline, record.run, "change [95 %]", "margin",
               "patients", "state")  # fmt: skip
    plan = f"Plan {record.plan} (sha256 {record.plan_sha256[:12]})"
    lines = [
        f"{plan}: {record.run} against {record.baseline} on test",
        "",
        render_table(headers, [_row(each) for each in record.claims]),
        "",
    ]
    if direction := describe_direction(_metric_of(each) for each in record.claims):
        lines.append(direction)
    reasons = dict.fromkeys(f"{each.about}: {each.reason}" for each in record.claims if each.reason)
    lines += [f"Not judged, {reason}." for reason in reasons]
    lines += [_SENTENCES[record.decision], "", *_wrapped(record.multiplicity)]
    looks = f"This is look {record.look} of a gate at the test of {record.run}."
    if record.look > 1:
        looks += " Each further look is a further chance to pass, which no interval accounts for."
    if record.opened:
        looks += f" It opened the sealed test of {', '.join(record.opened)}."
    lines += ["", *_wrapped(looks), f"Recorded in {gated.path}", *_wrapped(_place(gated))]
    return "\n".join(lines)


def gate_object(gated: Gated) -> dict[str, Any]:
    """Return all of it as plain JSON values."""
    return {
        "decision": gated.record.decision,
        **msgspec.to_builtins(gated.record),
        "file": str(gated.path),
        "ledger": {"line": gated.line.seq + 1, "hash": gated.line.hash, "time": gated.line.time},
    }


def describe_plan(run: RunRecord, baseline: RunRecord, stated: StatedPlan) -> str:
    """Return what a gate would judge, by the plan and the data alone.

    Raises:
        DocumentError: the plan does not fit the data.
    """
    require_fit(stated, run)
    plan, groups = stated.plan, run.subgroups(SPLIT)
    rows = [["all images", _margin(plan.whole.margin), format_count(run.result.test.num_images)]]
    for group in plan.groups:
        values = [of.get(group.by, "") for of in groups.values()]
        for value in group.values or sorted({*values} - {""}):
            count = format_count(values.count(value))
            rows.append([f"{group.by} {value}", _margin(group.margin), count])
    rows += [[f"class {each.name}", _margin(each.margin), MISSING] for each in plan.classes]
    test = run.result.test
    who = f", {plural(test.num_patients, 'patient')}" if test.num_patients else ""
    state = "sealed" if run.result.is_sealed else "open"
    sample = f"{plural(test.num_images, 'test image')}{who}; test is {state}."
    fits = f"Plan {plan.name} fits {run.key} against {baseline.key}: {sample}"
    return "\n".join([fits, "", render_table(("claim", "margin", "images"), rows)])


def _metric_of(each: ClaimRecord) -> Metric:
    metric = metric_named(each.metric)
    assert metric is not None, "plans name metrics of the registry alone"
    return metric


def _row(each: ClaimRecord) -> list[str]:
    metric = _metric_of(each)
    patients = format_count(each.num_patients) if each.num_patients else MISSING
    return [
        each.about, metric.label, metric.show(each.before), metric.show(each.after),
        _change(metric, each), metric.show_amount(each.margin), patients, each.state,
    ]  # fmt: skip


def _change(metric: Metric, each: ClaimRecord) -> str:
    """Return the change, in the direction in which the metric is better."""
    text = metric.show_change(each.change)
    if each.low is None or each.high is None:
        return text
    return f"{text} [{metric.show_change(each.low)}, {metric.show_change(each.high)}]"


def _margin(margin: float) -> str:
    return f"{margin:g}"


def _place(gated: Gated) -> str:
    return f"and in line {gated.line.seq + 1} of the study's ledger.jsonl ({gated.line.hash[:12]})"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH)
