"""Which runs nobody beats: none other costs as little and reaches as much."""

from collections.abc import Sequence

Point = tuple[float, float]
"""What it costs, and what it reaches."""


def pareto_front(points: Sequence[Point]) -> list[int]:
    """Return the places of the points on the front, cheapest first.

    Of points that are equal in both, the first stands for all.
    """
    order = sorted(range(len(points)), key=lambda at: (points[at][0], -points[at][1]))
    front: list[int] = []
    for at in order:
        if not front or points[at][1] > points[front[-1]][1]:
            front.append(at)
    return front
