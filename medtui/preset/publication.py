"""Numbers of a publication that a preset sets beside its runs; they change no run."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, Strict, field_validator

from medtui.preset.toml import Document, Fault, check, fault


class PublishedNumber(Document):
    """What a publication reports for a run, shown beside the measured numbers."""

    metric: str = Field(pattern=r"^[a-z0-9_]+$")
    """Name of the metric of `value`: `accuracy`, `exact_match`."""
    value: float | None = None
    """A share of 1, or whatever the metric is in; None where there are numbers by class alone."""
    source: str = ""
    """Where it is published: table, figure, page."""
    note: str = ""
    """A sentence on why the measured number cannot agree; the report prints it."""
    class_metric: str = Field(default="accuracy", pattern=r"^[a-z0-9_]+$")
    """Name of the metric of `classes` and `class_range`."""
    classes: dict[str, float] = Field(default={})
    """Class to its own published number."""
    class_range: Annotated[tuple[float, float], Strict(strict=False)] | None = None
    """Lowest and highest number over the classes, where only these are known."""
    class_source: str = ""
    """Where the numbers by class are published."""

    @field_validator("class_range")
    @classmethod
    def _range_rises(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and value[0] > value[1]:
            raise ValueError(f"{list(value)} must begin with the lowest number")
        return value

    @check("value", "classes", "class_range")
    def _something_is_published(self) -> Iterator[Fault]:
        if self.value is None and not self.classes and self.class_range is None:
            yield fault("value", "missing; give it, `classes` or `class_range`")
