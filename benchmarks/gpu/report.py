"""The report of `benchmarks.gpu`: figures with their goals, as JSON and as Markdown."""

from typing import Literal

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measured number."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    """The number to reach; None where nothing is asked for."""
    is_most: bool = False
    """Whether the goal is the largest value allowed, and not the smallest."""

    @property
    def verdict(self) -> str:
        """`reached`, `missed`, or nothing without a goal."""
        if self.goal is None:
            return ""
        is_reached = self.value <= self.goal if self.is_most else self.value >= self.goal
        return "reached" if is_reached else "missed"


class Part(msgspec.Struct):
    """One part of the check."""

    name: str
    state: Literal["done", "failed", "skipped"] = "done"
    reason: str = ""
    """Why it failed or was skipped; a sentence."""
    seconds: float = 0.0
    figures: list[Figure] = []
    notes: list[str] = []


class Report(msgspec.Struct):
    """All parts, and the conditions under which they ran."""

    conditions: dict[str, str]
    """Device, versions, command and date."""
    parts: list[Part] = []

    @property
    def has_failed(self) -> bool:
        """Whether a part failed; one that was skipped did not."""
        return any(part.state == "failed" for part in self.parts)


def to_markdown(report: Report) -> str:
    """Return the report as `benchmarks/gpu.md` holds it."""
    lines = [f"- {name}: {value}" for name, value in report.conditions.items()]
    lines += ["", "| part | figure | value | goal | |", "| --- | --- | --- | --- | --- |"]
    for part in report.parts:
        for figure in part.figures:
            goal = "" if figure.goal is None else f"{figure.goal:,.4g} {figure.unit}"
            value = f"{figure.value:,.4g} {figure.unit}".strip()
            lines.append(f"| {part.name} | {figure.what} | {value} | {goal} | {figure.verdict} |")
    lines += ["", "| part | state | seconds | |", "| --- | --- | --- | --- |"]
    for part in report.parts:
        remarks = " ".join(filter(None, [part.reason, *part.notes]))
        lines.append(f"| {part.name} | {part.state} | {part.seconds:.1f} | {remarks} |")
    return "\n".join(lines) + "\n"
