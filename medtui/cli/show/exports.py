"""A run's exported files as a table."""

from collections.abc import Callable, Sequence

from medtui.cli.table import render_table
from medtui.metrics import metric_named
from medtui.runs.exports import Comparison, Export, on_test
from medtui.units import MISSING, format_bytes

HEADERS = ("format", "size", "runtime", "images", "run", "file", "change", "max logit diff",
           "ms, 1 image", "speed-up", "ms, batch", "speed-up")  # fmt: skip


def describe_exports(exports: Sequence[Export]) -> str:
    """Return a table of exported files next to the dense reference, with notes and conditions."""
    rows = [row for export in exports for row in _rows(export)]
    seen: dict[str, list[str]] = {}
    for export in exports:
        for what in dict.fromkeys(timing.what for timing in export.timings):
            if what not in {each.runtime for each in export.comparisons}:
                seen.setdefault(what, ["", "", what, *[MISSING] * 5, *_times(export, what)])
    notes = dict.fromkeys(f"{export.label}: {note}" for export in exports for note in export.notes)
    table = render_table(HEADERS, [*rows, *seen.values()], num_keys=3)
    return "\n\n".join([table, "\n".join([*notes, *_conditions(exports)])])


def _conditions(exports: Sequence[Export]) -> list[str]:
    """Return the conditions of measurement: shared ones first, then those of each file."""
    shared = set.intersection(*(set(export.conditions.items()) for export in exports))
    common = _listed(exports[0], lambda item: item in shared)
    own = {export.label: _listed(export, lambda item: item not in shared) for export in exports}
    heading = f"on test; {common}" if common else "on test"
    return [heading, *(f"{label}: {text}" for label, text in own.items() if text)]


def _listed(export: Export, holds: Callable[[tuple[str, str]], bool]) -> str:
    return ", ".join(" ".join(item) for item in export.conditions.items() if holds(item))


def _rows(export: Export) -> list[list[str]]:
    return [
        [
            export.label,
            format_bytes(export.num_bytes),
            each.runtime,
            f"{each.num_images:,}",
            *_metric(each),
            f"{each.max_logit_difference:.1e}",
            *_times(export, each.runtime),
        ]
        for each in on_test(export)
    ]


def _metric(found: Comparison) -> tuple[str, str, str]:
    metric = metric_named(found.metric)
    assert metric is not None
    if found.change is None:
        return MISSING, MISSING, MISSING
    of_run, of_file = metric.show(found.of_run), metric.show(found.of_file)
    return f"{metric.label} {of_run}", of_file, metric.show_change(found.change, digits=2)


def _times(export: Export, what: str) -> list[str]:
    cells = []
    for timing in export.timings:
        if timing.what == what:
            cells += [f"{timing.p50_ms:.2f}", timing.faster.text]
    return cells or [MISSING] * 4
