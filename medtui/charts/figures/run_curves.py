"""Curves of one run by cycle, with the model that came of it: kept, and fine-tuned after."""

from collections.abc import Callable, Iterable
from typing import Literal

from medtui.events import CycleEnded, Metrics
from medtui.monitor.run_view import RunView
from medtui.monitor.telemetry_curves import Point

TUNED = "fine-tuned"
"""Name of the place after the last cycle, where the fine-tuned model stands."""

SAME = 1e-6
"""Values of a metric that differ by less are of the same model."""

_NEIGHBOURS = 1
"""Cycles from one measurement to the next where nothing lies between."""

_FEWEST_JOINED = 3
"""Measurements from which a line also passes cycles that were not measured."""


def kept_cycle(view: RunView) -> int | None:
    """Return the cycle or epoch whose model is kept, so far or in the end."""
    if view.result is not None:
        return view.result.best_cycle
    return view.best.cycle if view.best else None


def is_tuned_after(view: RunView) -> bool:
    """Return whether the kept model was changed after its cycle: it is no point of the curve."""
    if view.result is None:
        return False
    metric = view.row.headline
    kept = (each for each in view.cycles if each.cycle == view.result.best_cycle)
    at_cycle = next((metric.of(each.val) for each in kept), None)
    at_end = metric.of(view.result.val.metrics)
    return at_cycle is not None and at_end is not None and abs(at_end - at_cycle) > SAME


def first_cycle(view: RunView) -> float:
    """Return where the axis of cycles begins."""
    return 0 if view.stage == "compress" else 1


def last_cycle(view: RunView) -> float:
    """Return the last planned cycle, or the last one where there are more."""
    last = view.cycles[-1].cycle if view.cycles else 0
    return max(last, view.num_planned - 1 + first_cycle(view), 1)


def ends_of_cycles(view: RunView) -> tuple[float, float]:
    """Return the ends of the axis of cycles; a place for the fine-tuned model is behind them."""
    return first_cycle(view), last_cycle(view) + is_tuned_after(view)


def names_of_cycles(view: RunView) -> tuple[tuple[float, str], ...]:
    """Return the names of places that are no cycles."""
    return ((last_cycle(view) + 1, TUNED),) if is_tuned_after(view) else ()


def curve_of(
    view: RunView,
    split: Literal["val", "test"],
    value_of: Callable[[Metrics], float | None],
) -> tuple[Point, ...]:
    """Return a number by cycle on a split, and that of the result.

    A result that was fine-tuned has a place of its own behind the last cycle; any other is the
    model of the kept cycle, on test often measured in the end alone.
    """
    points = {float(each.cycle): value_of(_metrics_of(each, split)) for each in view.cycles}
    points = {x: y for x, y in points.items() if split == "val" or y is not None}
    tail: tuple[Point, ...] = ()
    if view.result is not None and view.cycles:
        metrics = view.result.val.metrics if split == "val" else view.result.test.metrics
        at_end = value_of(metrics)
        if at_end is None and split == "test":
            pass  # test is sealed
        elif is_tuned_after(view):
            last = last_cycle(view)
            tail = ((last + 0.5, None), (last + 1, at_end))
        elif view.result.best_cycle in points or split == "test":
            points.setdefault(float(view.result.best_cycle), at_end)
    return (*_without_guesses(sorted(points.items())), *tail)


def _metrics_of(cycle: CycleEnded, split: Literal["val", "test"]) -> Metrics:
    return cycle.val if split == "val" else cycle.test


def _without_guesses(points: list[tuple[float, float | None]]) -> Iterable[Point]:
    """Yield points; two measurements with cycles between them are not joined by a line."""
    measured = [x for x, y in points if y is not None]
    for at, (x, y) in enumerate(points):
        is_far = bool(at) and x - points[at - 1][0] > _NEIGHBOURS
        if is_far and len(measured) < _FEWEST_JOINED:
            yield (points[at - 1][0] + x) / 2, None
        yield x, y
