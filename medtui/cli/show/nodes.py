"""The table of a cluster's nodes, as `medtui doctor --scheduler` prints it."""

from collections.abc import Mapping, Sequence
from typing import Any

from medtui.cli.table import render_table
from medtui.doctor import Finding
from medtui.units import MISSING

HEADERS = ("place", "result", "host", "Python", "torch", "GPU", "medtui", "data", "locks", "clock")


def nodes_table(findings: Sequence[Finding]) -> str:
    """Return a row for each place; one that did not answer has nothing but its name."""
    return render_table(HEADERS, [_row(finding) for finding in findings], num_keys=2)


def _row(finding: Finding) -> Sequence[str]:
    facts = finding.facts
    if not facts:
        return (finding.subject, finding.level, *[MISSING] * (len(HEADERS) - 2))
    torch = facts["torch"]
    return (
        finding.subject,
        finding.level,
        facts["host"],
        facts["python"],
        torch["torch"] or MISSING,
        _gpus(torch),
        facts["medtui"],
        "missing" if facts["data_problem"] else "OK",
        facts["locks"],
        f"{facts['clock_skew_s']:+.2f} s",
    )


def _gpus(torch: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(torch["gpus"]))
    if not names:
        return f"none; CUDA {torch['built_for_cuda']}" if torch["built_for_cuda"] else "none"
    return ", ".join(f"{torch['gpus'].count(name)} x {name}" for name in names)
