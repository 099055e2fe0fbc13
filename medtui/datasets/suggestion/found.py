"""Everything that was found in a folder, before labels and patients are decided on."""

from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.suggestion.folders import Layout
from medtui.datasets.suggestion.lists import OfficialLists
from medtui.datasets.suggestion.sources import Described
from medtui.datasets.suggestion.tables import FoundTables, Table
from medtui.datasets.suggestion.text import counted, shown
from medtui.protocol.suggestion import Question


@dataclass(frozen=True)
class Found:
    """Files, folders, tables and lists of a data set."""

    folder: Path
    layout: Layout
    tables: FoundTables
    described: list[Described]
    """Tables that name files here, most files first."""
    table_question: Question
    chosen: Described | None
    """The table of the labels; None for class folders, or while undecided."""
    lists: list[OfficialLists]
    """Official lists that name files here."""

    @property
    def useless_tables(self) -> list[Table]:
        """Return the tables that name no file here."""
        used = {each.table.value for each in self.described}
        return [table for table in self.tables.tables if table.value not in used]

    def notes(self) -> list[str]:
        """Return sentences on what was seen and is not used."""
        notes = list(self.tables.problems)
        for each in self.described:
            is_candidate = self.chosen is None and self.table_question.is_open
            is_chosen = self.chosen is not None and each.table.value == self.chosen.table.value
            if not is_candidate and not is_chosen:
                columns = ", ".join(map(shown, each.table.header[:12]))
                notes.append(
                    f"other table: {each.table.value}, {each.image.num_files:,} of "
                    f"{len(self.layout.files):,} images here have a row; columns {columns}"
                )
        notes += [
            f"other table: {table.value}, {_uselessness(table)}" for table in self.useless_tables
        ]
        if self.layout.num_masks:
            notes.append(f"{self.layout.num_masks:,} images in folders of masks are not counted")
        return notes


def _uselessness(table: Table) -> str:
    ambiguous = max((column.num_ambiguous for column in table.columns), default=0)
    if ambiguous:
        return f"{ambiguous:,} of its names fit several files here each"
    if table.num_folders:
        return "it names folders, not files"
    return "none of its names is a file here"


def level_lines(layout: Layout) -> list[str]:
    """Return a sentence for each level of folders."""
    return [f"level of folders: {counted(level.counts)} ({level.kind})" for level in layout.levels]
