"""Pareto front: the runs that no other run dominates in both cost and metric."""

from collections.abc import Sequence

Point = tuple[float, float]
"""Cost (lower is better) and metric (higher is better)."""


def pareto_front(points: Sequence[Point]) -> list[int]:
    """Return the indices of the points on the front, cheapest first.

    Of equal points, the first is returned.
    """
    order = sorted(range(len(points)), key=lambda at: (points[at][0], -points[at][1]))
    front: list[int] = []
    # Cheapest first, best first at equal cost: a point is on the front if it exceeds the last one.
    for at in order:
        if not front or points[at][1] > points[front[-1]][1]:
            front.append(at)
    return front
