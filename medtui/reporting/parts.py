"""What a report consists of, independent of the output format."""

from dataclasses import dataclass

from medtui.analysis.subgroup_analysis import SubgroupAnalysis
from medtui.analysis.table import Table
from medtui.charts.figures.registry import Figure


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Heading:
    """A headline within a section."""

    text: str


@dataclass(frozen=True)
class Code:
    """Text as it stands in a file."""

    text: str


@dataclass(frozen=True)
class Gallery:
    """The images whose probabilities changed most."""

    analysis: SubgroupAnalysis


Part = Paragraph | Heading | Code | Table | Figure | Gallery


@dataclass(frozen=True)
class Section:
    """A headline and what stands below it."""

    title: str
    parts: tuple[Part, ...]
