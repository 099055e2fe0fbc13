"""The two kinds of task."""

from collections.abc import Iterable
from typing import Literal

from medtui.events import Metrics

Task = Literal["single", "multi"]
"""`single`: each image has one class (softmax). `multi`: any number of them (sigmoid)."""

VAL_USE = "used for selection"
"""What val is for, shown beside its numbers: they are too good for what was chosen by them."""


def infer_task(metrics: Metrics) -> Task:
    """Return the task that metrics were measured in, for files that do not state it.

    Every version measured the exact match, and in multi-label tasks alone.
    """
    return "multi" if "exact_match" in metrics else "single"


def common_task(tasks: Iterable[Task]) -> Task:
    """Return the task that runs are compared by: multi-label metrics are defined for both."""
    return "multi" if "multi" in set(tasks) else "single"
