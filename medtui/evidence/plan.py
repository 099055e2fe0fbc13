"""Models of `plan.toml`: what a run must not lose, stated before test is looked at."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from medtui.metrics import all_metrics, metric_named
from medtui.preset.document import Many
from medtui.preset.toml import (
    Document,
    DocumentError,
    Fault,
    Location,
    Problem,
    Source,
    all_differ,
    check,
    decode_text,
    fault,
    parse_table,
    read_content,
    validate,
)
from medtui.storage import FileDigest, digest_of
from medtui.suggest import did_you_mean

PLAN_METRICS = tuple(each.name for each in all_metrics() if each.resample and each.is_reported)
"""Metrics with a paired interval."""

Margin = Field(gt=0, lt=1, examples=[0.02])


def _known_metric(name: str | None) -> str | None:
    if name is None or name in PLAN_METRICS:
        return name
    known = ", ".join(PLAN_METRICS)
    raise ValueError(f"no metric with a paired interval. {did_you_mean(name, known.split(', '))}")


class WholeClaim(Document):
    """The claim about all test images."""

    metric: str | None = Field(default=None, examples=["accuracy"])
    """The metric; None takes accuracy, or AUROC in multi-label tasks."""
    margin: float = Margin
    """Largest loss that is accepted: a share (0.02 is 2 points), or an area."""

    _metric_is_known = field_validator("metric")(_known_metric)


class GroupClaim(Document):
    """A claim about each group of patients of one kind."""

    by: str = Field(min_length=1, examples=["sex"])
    """A subgroup that the card of the data set names: `sex`, `age`."""
    values: Many[str] | None = None
    """Groups that must hold: `["F", "M"]`; None takes every one that test has."""
    margin: float = Margin
    """Largest loss that is accepted in each group: a share (0.05 is 5 points), or an area."""
    metric: str | None = Field(default=None, examples=["sensitivity"])
    """The metric; None takes that of `whole`."""

    _metric_is_known = field_validator("metric")(_known_metric)
    _values_differ = all_differ("values")

    @check("values")
    def _names_a_group(self) -> Iterator[Fault]:
        if self.values is not None and not self.values:
            yield fault("values", "names no group. Remove the key to take every group of test")


class ClassClaim(Document):
    """A claim about one class against all others."""

    name: str = Field(min_length=1, examples=["parasitized"])
    """The class, as the card names it."""
    margin: float = Margin
    """Largest loss that is accepted: a share (0.05 is 5 points), or an area."""
    metric: str | None = Field(default=None, examples=["sensitivity"])
    """The metric of the class; None takes sensitivity, or AUROC in multi-label tasks."""

    _metric_is_known = field_validator("metric")(_known_metric)

    @check("metric")
    def _metric_is_of_a_class(self) -> Iterator[Fault]:
        metric = metric_named(self.metric) if self.metric else None
        if metric is not None and not metric.is_per_class:
            known = ", ".join(each.name for each in all_metrics() if each.is_per_class)
            yield fault("metric", f"`{metric.name}` is of no single class. Choose from {known}")


class Plan(Document):
    """What a run must not lose against its baseline on test."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    """Version of this format."""
    name: str = Field(min_length=1, max_length=80, examples=["release 2"])
    """Name of the plan, for outputs and cards."""
    note: str = ""
    """Why these margins, for readers."""
    against: Literal["control", "reference"] = "control"
    """The baseline: the dense control, trained as long as the compression, or the reference."""
    whole: WholeClaim
    """The claim about all images."""
    groups: Many[GroupClaim] = ()
    """Claims about groups of patients."""
    classes: Many[ClassClaim] = ()
    """Claims about classes."""

    @check("groups")
    def _kinds_differ(self) -> Iterator[Fault]:
        seen = list[tuple[str, str | None]]()
        for position, each in enumerate(self.groups):
            if (each.by, each.metric) in seen:
                yield fault(("groups", position, "by"), f"`{each.by}` is named twice")
            seen.append((each.by, each.metric))

    @check("classes")
    def _classes_differ(self) -> Iterator[Fault]:
        seen = list[tuple[str, str | None]]()
        for position, each in enumerate(self.classes):
            if (each.name, each.metric) in seen:
                yield fault(("classes", position, "name"), f"`{each.name}` is named twice")
            seen.append((each.name, each.metric))


class StatedPlan:
    """A plan with its text, so that problems with a run's data name the plan's line."""

    def __init__(self, path: Path) -> None:
        """Read a plan.

        Raises:
            DocumentError: the file cannot be read, or does not make a plan.
        """
        content = read_content(path)
        text = decode_text(path, content)
        table: dict[str, Any] = parse_table(text, str(path))
        self.source = Source(str(path), text)
        self.plan = validate(Plan, table, self.source)
        self.digest: FileDigest = digest_of(content)
        """Of the file."""

    def require(self, faults: Mapping[Location, str]) -> None:
        """Check that a run's data have no faults, by the key of the plan that each is about.

        Raises:
            DocumentError: there are some; each is shown with its line.
        """
        problems: list[Problem] = [
            self.source.problem_at(key, sentence) for key, sentence in faults.items()
        ]
        if problems:
            raise DocumentError(self.source.origin, problems)
