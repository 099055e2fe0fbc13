"""Compare's table as files: the same tables and writers as `medtui runs compare`."""

from collections.abc import Sequence
from pathlib import Path

from medtui.analysis.column import Column
from medtui.analysis.differences import Differences
from medtui.analysis.run_record import RunRecord
from medtui.analysis.run_tables import runs_table
from medtui.analysis.table import Table, table_csv, table_markdown
from medtui.charts.plot import Plot
from medtui.errors import UsageError
from medtui.runs.atomic_file import publish_text

_STEM = "compared"


def owner_of(entries: Sequence[RunRecord]) -> str:
    """Return what files about these runs belong to: the run, its study, or empty for several.

    What shows several runs belongs to none of them.
    """
    if len(entries) == 1:
        return entries[0].key
    studies = {entry.folder.study.name for entry in entries}
    return studies.pop() if len(studies) == 1 else ""


def table_of(
    entries: Sequence[RunRecord], columns: Sequence[Column], differences: dict[str, Differences]
) -> Table:
    """Return the table that `medtui runs compare` prints: references have no change there."""
    references = {entry.key for entry in entries if entry.folder.is_reference}
    found = {key: each for key, each in differences.items() if key not in references}
    return runs_table(entries, columns, found or None)


def write_table(
    folder: Path,
    entries: Sequence[RunRecord],
    columns: Sequence[Column],
    differences: dict[str, Differences],
) -> list[Path]:
    """Write the table as CSV and Markdown; return the files.

    Raises:
        UsageError: they cannot be written.
    """
    table = table_of(entries, columns, differences)
    paths = [folder / f"{_STEM}.csv", folder / f"{_STEM}.md"]
    try:
        folder.mkdir(exist_ok=True)
        for path, text in zip(paths, (table_csv(table), table_markdown(table)), strict=True):
            publish_text(path, text)
    except OSError as error:
        raise UsageError(f"Could not write to {folder}: {error.strerror}.") from error
    return paths


def titled(plot: Plot, entries: Sequence[RunRecord]) -> str:
    """Return the title of an exported chart: what it shows, of which study and runs."""
    studies = list(dict.fromkeys(entry.folder.study.name for entry in entries))
    runs = [series.label for series in plot.series if series.letter and series.label]
    names = ", ".join(dict.fromkeys(runs))
    return f"{plot.title} · {', '.join(studies)}" + (f": {names}" if names else "")
