"""Probes among runs: shown where a person asks for them, and never taken for whole runs.

A search's cheap samples ran fewer cycles than the runs that they lie beside. What they reached says
where the search should look next, not what a scheme comes to. So tables leave them out until they
are asked for and mark them then; and no front, mean, line or count takes them for runs of a study.
"""

from collections.abc import Sequence

from medtui.analysis.run_record import RunRecord


def split_by_fidelity(entries: Sequence[RunRecord]) -> tuple[list[RunRecord], list[RunRecord]]:
    """Return the whole runs and the probes, each in order."""
    whole = [entry for entry in entries if not entry.is_probe]
    return whole, [entry for entry in entries if entry.is_probe]


def describe_low_fidelity(probes: Sequence[RunRecord]) -> str:
    """Return how many there are and what they ran: `7 probes of 5 cycles`."""
    counts = sorted({probe.result.num_cycles for probe in probes})
    cycles = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    are_many = counts != [1]
    return f"{len(probes)} probe{'s' * (len(probes) > 1)} of {cycles} cycle{'s' * are_many}"
