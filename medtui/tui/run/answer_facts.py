"""What stands below the metrics of a run: what was kept, its density, warnings."""

from collections.abc import Sequence
from textwrap import wrap

from medtui.analysis.bounds import bound_meaning
from medtui.charts.figures.run_curves import kept_cycle
from medtui.metrics.shortage import unit_of
from medtui.monitor.run_view import RunView
from medtui.tui.run.answer import Answer
from medtui.tui.run.metric_line import MetricLine
from medtui.units import format_density, plural

BOUND = "*"
"""Marks an interval that is a bound by the number of patients alone."""

_SAME_DENSITY = 5e-4
"""Densities that differ by less have the same three decimals."""


def warning_lines(view: RunView, width: int) -> list[str]:
    """Return the warnings of a finished run, wrapped."""
    warnings = view.result.warnings if view.result is not None else ()
    return [line if at == 0 else f"  {line}" for warning in warnings
            for at, line in enumerate(wrap(f"⚠ {warning}", width - 2))]  # fmt: skip


def bound_lines(answer: Answer, width: int, lines: Sequence[MetricLine] | None = None) -> list[str]:
    """Return what the marked intervals of all or of these metrics mean, wrapped; or nothing."""
    lines = [*answer.lines, *filter(None, [answer.on_val])] if lines is None else lines
    values = [line.change for line in lines if line.has_bound and line.change is not None]
    if not values:
        return []
    said = bound_meaning(values, unit_of(has_patients=bool(answer.num_patients)))
    return wrap(f"{BOUND} {said}", width, subsequent_indent="  ")


def facts_of(view: RunView, answer: Answer) -> list[tuple[str, str, str]]:
    """Return label, value and remark of each row below the metrics."""
    facts = []
    name = "kept" if view.result is not None else "kept so far"
    if kept := kept_text(view):
        head, _, tail = kept.partition(", ")
        facts.append((name, head, tail))
    facts += _density(view)
    if view.result is None:
        facts.append(("the verdict on test comes at the end", "", ""))
        return facts
    facts += can_show(answer)
    line = answer.primary
    if (gain := _gain_of_cycles(view)) is not None:
        facts.append(("L-C gained", *gain))
    if (found := answer.from_reference) is not None and line.metric is not None:
        change = MetricLine("", line.metric, None, None, found.value,
                            found.low if found.has_interval else None,
                            found.high if found.has_interval else None)  # fmt: skip
        facts.append(("to reference", change.show_change(found.value), change.interval))
    return facts


def can_show(answer: Answer) -> list[tuple[str, str, str]]:
    """Return which margin the patients behind a change can show; nothing where it is not known."""
    metric = answer.primary.metric
    if answer.detectable is None or metric is None:
        return []
    amount = metric.show_amount(answer.detectable, is_rounded=True).removesuffix(" points")
    count = answer.num_patients
    who = f"with {plural(count, 'patient')}" if count else "by images alone"
    return [("can show", f"a margin of {amount}", who)]


def _density(view: RunView) -> list[tuple[str, str, str]]:
    last = view.cycles[-1].density if view.cycles else None
    density = view.result.size.density if view.result else last
    if density is None or view.stage == "reference":
        return []
    asked = view.row.asked_density
    if view.result is not None and asked is not None and abs(density - asked) < _SAME_DENSITY:
        return []  # as asked for, which the title says
    after = "of the weights"
    after += "" if asked is None else f", {format_density(asked)} asked for"
    return [("density", f"{density:.3f}", after)]


def _gain_of_cycles(view: RunView) -> tuple[str, str] | None:
    """Return what L-C brought over direct compression, by val: `+3.7`, `on cycle 0`."""
    if view.stage != "compress" or view.result is None or not view.cycles:
        return None
    if view.result.best_cycle == 0:
        return "nothing", "over direct compression"
    metric = view.row.headline
    first = metric.of(view.cycles[0].val)
    kept = metric.of(view.best.val) if view.best else None
    if first is None or kept is None or view.cycles[0].cycle != 0:
        return None
    line = MetricLine("", metric, None, None, kept - first)
    return line.show_change(kept - first), "on val, from cycle 0 on"


def kept_text(view: RunView) -> str:
    """Return which model is kept and why: `cycle 4, lowest val loss 0.642`."""
    cycle = kept_cycle(view)
    if cycle is None:
        return ""
    word = "epoch" if view.stage == "reference" else "cycle"
    if view.result is not None and view.result.is_last_kept:
        return f"{word} {cycle}, the last"
    loss = view.best.val.get("loss") if view.best else None
    tuned = view.result.val.metrics.get("loss") if view.result is not None else None
    if loss is not None and tuned is not None and tuned < loss:
        return f"{word} {cycle}, lowest val loss of {word}s"  # fine-tuning lowered it further
    said = "" if loss is None else f" {loss:.3f}"
    return f"{word} {cycle}, lowest val loss{said}"
