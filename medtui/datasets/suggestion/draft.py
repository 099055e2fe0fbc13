"""A card that is being written: its values, and the evidence for each."""

from dataclasses import dataclass, field

from medtui.datasets.suggestion.lists import OfficialLists
from medtui.datasets.suggestion.pixels import PixelFacts


@dataclass(frozen=True)
class TableDraft:
    """The [table] section."""

    files: tuple[str, ...]
    name_column: str
    label_column: str
    """Empty for 0/1 columns."""
    separator: str
    none_label: str
    patient_column: str
    split_column: str = ""
    has_header: bool = True
    num_uncertain: int = 0
    """Cells of -1 in 0/1 columns."""


@dataclass(frozen=True)
class Draft:
    """Everything that a card says."""

    name: str
    classes: list[str]
    positive: str
    """Empty unless there are two classes."""
    task: str
    pixels: PixelFacts
    patient: str
    """Pattern of the patient; empty without one."""
    is_official: bool
    """Whether the published split is used."""
    table: TableDraft | None = None
    lists: OfficialLists | None = None
    """Lists of the published split."""
    evidence: dict[str, list[str]] = field(default_factory=dict)
    """Key of the card to comments above it."""
