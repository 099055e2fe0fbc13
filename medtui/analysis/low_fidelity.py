"""Low-fidelity runs (probes): shown on request only, and never counted as full-fidelity runs.

A search's first samples run fewer cycles than the other runs of a study. Their metrics tell where
the search should sample next, not what a scheme achieves. Tables leave them out unless they are
requested, and mark them then; no front, mean, line or count includes them.
"""

from collections.abc import Sequence

from medtui.analysis.run_record import RunRecord
from medtui.units import plural


def split_by_fidelity(entries: Sequence[RunRecord]) -> tuple[list[RunRecord], list[RunRecord]]:
    """Return the full-fidelity runs and the low-fidelity runs, each in order."""
    whole = [entry for entry in entries if not entry.is_probe]
    return whole, [entry for entry in entries if entry.is_probe]


def describe_low_fidelity(probes: Sequence[RunRecord]) -> str:
    """Return number and cycles of low-fidelity runs: `7 low-fidelity runs (5 cycles)`."""
    counts = sorted({probe.result.num_cycles for probe in probes})
    cycles = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    unit = "cycle" if counts == [1] else "cycles"
    return f"{plural(len(probes), 'low-fidelity run')} ({cycles} {unit})"
