"""How far w and theta are apart after each run's last cycle, in weights and in answers."""

from medtui.analysis.run_tables import short_name
from medtui.analysis.table import Table
from medtui.metrics import VAL_USE
from medtui.reporting.contents import Contents
from medtui.runs.convergence import (
    ALLOWED_DIFFERENCE,
    CLOSE_WEIGHTS,
    answers_text,
    disagreement,
)
from medtui.units import format_number


def convergence_table(contents: Contents) -> Table:
    """Return how far w and theta are apart after each run's last cycle."""
    rows, marks = [], []
    for entry in contents.compressed:
        cycles = contents.curves[entry.key].cycles
        if not cycles or not answers_text(cycles[-1]):
            continue
        last, metric = cycles[-1], contents.headline
        rows.append((
            short_name(entry, contents.entries),
            str(entry.result.best_cycle),
            str(last.cycle),
            format_number(last.gap, 2),
            metric.show(metric.of(last.w_val)),
            metric.show(metric.of(last.val)),
        ))  # fmt: skip
        marks.append("dead" if disagreement(last) else "")
    label = contents.headline.label
    headers = ("run", "cycle kept", "last cycle", "constraint violation", f"val {label} of w",
               f"val {label} of theta")  # fmt: skip
    note = (
        f"After the last cycle; val was {VAL_USE}. The constraint violation compares the weights "
        f"of w and theta. Where it is at most {CLOSE_WEIGHTS:g} and the metrics differ by more "
        f"than {contents.headline.show_amount(ALLOWED_DIFFERENCE)}, L-C did not "
        "converge; such rows are marked."
    )
    return Table("Convergence of L-C", headers, tuple(rows), tuple(marks), note)
