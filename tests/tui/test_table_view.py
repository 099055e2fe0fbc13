"""Tables on screen: no cell is cut, and every column says what it is about."""

import re
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from medtui.analysis.table import Table
from medtui.charts.palette import DARK
from medtui.tui.widgets.table_view import draw_table

LABELS = ("AUROC", "average precision", "sensitivity")

CLASSES = Table(
    "Classes",
    ("class", "images", *(name for label in LABELS for name in (f"{label} after",
                                                               f"change of {label}"))),
    (("Parasitized", "1,234", *("0.563", "-0.012 [-0.034, +0.011]") * 3),
     ("Uninfected", "2,345", *("0.534", "+0.001 [-0.010, +0.012]") * 3)),
    shown_headers=("class", "images", *(name for label in LABELS
                                        for name in (f"{label} after", "change"))),
)  # fmt: skip


def drawn(sheet: Table, width: int) -> list[str]:
    """Return the lines of a table in so many cells."""
    console = Console(width=width, file=StringIO(), legacy_windows=False)
    with console.capture() as capture:
        for part in draw_table(sheet, width, DARK):
            console.print(part)
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [56, 74, 96, 115, 160])
def test_no_cell_of_a_table_is_cut(width: int) -> None:
    """A number that lost its last digit reads as a number; each row has all of its cells."""
    text = "\n".join(drawn(CLASSES, width))
    for row in CLASSES.rows:
        for cell in row:
            assert len(re.findall(rf"(?<!\S){re.escape(cell)}(?!\S)", text)) >= row.count(cell)
    assert max(map(len, drawn(CLASSES, width))) <= width


@pytest.mark.parametrize("width", [62, 73, 115])
def test_settings_of_many_runs_are_dealt_over_blocks(width: int) -> None:
    """All columns are texts, of which none is cut; each block begins with the settings' names."""
    names = ("reference", *(f"PruneQuantize16 0.{number}" for number in range(1, 6)))
    sheet = Table(
        "Settings that differ", ("setting", *names),
        (("compress.schemes", "Prune, PruneQuantize16, FilterPrune50", *["PruneQuantize16"] * 5),
         ("compress.seeds", "—", *map(str, range(7_001, 7_006)))),
        num_keys=7,
    )  # fmt: skip
    lines = drawn(sheet, width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert text.count("compress.schemes") > 1
    assert text.count("PruneQuantize16") - text.count(", PruneQuantize16") >= 5
    for seed in range(7_001, 7_006):
        assert str(seed) in text


def test_a_block_below_names_what_its_changes_are_about() -> None:
    """Its neighbour, which said so, is in the block above."""
    lines = drawn(CLASSES, 74)
    heads = [at for at, line in enumerate(lines) if line.startswith("class")]
    assert len(heads) > 1
    below = " ".join(" ".join(lines[at - 2 : at + 1]) for at in heads[1:])
    assert "change of" in re.sub(r"\s+", " ", below)


def test_of_a_row_the_collapsed_layer_alone_is_coloured() -> None:
    """Beside it stand the densities of runs in which the layer is alive."""
    rows = (("conv1", "33.5 %", "collapsed"),)
    sheet = Table("Layers", ("layer", "Prune 0.1", "FilterPrune60Stock"), rows, ("dead",))
    (table,) = (part for part in draw_table(sheet, 80, DARK) if isinstance(part, RichTable))
    styles = [str(cell.style) for column in table.columns for cell in column.cells
              if isinstance(cell, Text)]  # fmt: skip
    assert styles == ["", "", DARK.states["failed"]]
    assert not any(row.style for row in table.rows)
