"""Prints the report of the ablation as text."""

from benchmarks.engine_ablation.report import AblationReport, VariantResult
from medtui.cli.table import render_table
from medtui.units import MISSING, format_count, format_percent


def print_report(report: AblationReport) -> None:
    """Print the conditions, one row per variant, and the notes."""
    plan = report.plan
    facts = {
        "work": f"{plan.cycles} cycles of {plan.steps} steps of {plan.batch_size} images; "
        f"{plan.architecture} at {plan.size} x {plan.size}, Prune to 10 %",
        "images": f"{plan.num_train} train, {plan.num_measured} val, {plan.num_measured} test",
        **report.conditions,
        "products": f"{report.gflops:.1f} GFLOP/s; an image takes "
        f"{report.train_mflop:.0f} MFLOP to train on, {report.evaluation_mflop:.0f} to evaluate",
        "copies": f"{report.copy_gb_per_second:.1f} GB/s, read and written",
    }
    for name, value in facts.items():
        print(f"{name:<16} {value}")
    print()
    print(
        render_table(_HEADERS, [_row(report, variant) for variant in report.variants], num_keys=2)
    )
    print()
    if control := report.control():
        print(f"control: {control[0]} against itself {control[1]:.3f}")
    for note in report.notes:
        print(f"note: {note}")


_HEADERS = (
    "variant", "what", "s", "±", "CPU s", "x A1", "x A2", "% of peak", "updates", "trained",
    "evaluated", "weights",
)  # fmt: skip


def _row(report: AblationReport, variant: VariantResult) -> list[str]:
    return [
        variant.name,
        variant.what,
        f"{variant.wall:.2f}",
        format_percent(variant.spread),
        f"{variant.cpu:.2f}",
        *(_ratio(report.speed_up(variant, base)) for base in ("A1", "A2")),
        format_percent(report.share_of_peak(variant)),
        format_count(variant.num_updates),
        format_count(variant.num_trained),
        format_count(variant.num_evaluated),
        variant.digest[:8],
    ]


def _ratio(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"
