"""Tables beside images: which there are, and how many of their names are files here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from medtui.datasets.files.matching import match_files
from medtui.datasets.files.scan import Scan
from medtui.datasets.suggestion.cells import are_repeated_numbers
from medtui.datasets.suggestion.file_names import FileNames
from medtui.datasets.suggestion.reading import Cells, TableProblem, is_table, read_cells

_SAMPLE = 200
"""Rows in which a column's first match is looked for."""
_MOST_TABLES = 60
"""Tables that are read: some sets have one for each image."""
_ABOVE = 20
"""Tables of the folder above that are read."""


@dataclass(frozen=True)
class ImageColumn:
    """A column whose cells name image files."""

    name: str
    """Its name in the header."""
    at: int
    """Its position."""
    files: dict[int, str]
    """Row to the file that it names; the first where it names a folder."""
    num_ambiguous: int
    """Rows that fit several files."""
    images: set[str]
    """Files that have a row; a row may name a folder of them."""

    @property
    def num_files(self) -> int:
        """Number of files that have a row."""
        return len(self.images)


@dataclass(frozen=True)
class Table:
    """One table, or several with the same columns that describe different images."""

    names: tuple[str, ...]
    """Paths relative to the folder, or names in the folder above it."""
    header: list[str]
    """Names of the columns."""
    rows: list[list[str]]
    """Cells below the header."""
    columns: list[ImageColumn]
    """Columns that name files, the best first."""
    num_folders: int = 0
    """Rows that name a folder with images instead of a file."""
    has_header: bool = True
    """Whether the file's first row names the columns."""

    @property
    def is_placeholder(self) -> bool:
        """Return whether every other column has one value: a form to be filled, no labels."""
        image = self.columns[0].at if self.columns else -1
        others = [at for at in range(len(self.header)) if at != image]
        everything = list(range(len(self.rows)))
        return len(self.rows) > 1 and all(len(set(self.cells(at, everything))) < 2 for at in others)  # noqa: PLR2004 - one value

    @property
    def value(self) -> str:
        """Return the names as one text."""
        return " + ".join(self.names)

    def cells(self, at: int, rows: list[int]) -> list[str]:
        """Return the cells of one column in some rows."""
        return [self.rows[row][at].strip() if at < len(self.rows[row]) else "" for row in rows]


@dataclass(frozen=True)
class FoundTables:
    """All tables of a folder."""

    tables: list[Table]
    """Tables that could be read, whether they name files or not."""
    problems: list[str]
    """Sentences on tables that cannot be read."""


def find_tables(folder: Path, found: Scan) -> FoundTables:
    """Read the tables in a folder, in its subfolders, and those above it that name its files."""
    names = FileNames(found.files)
    tables, problems = list[Table](), list[str]()
    for name, path, is_above in _paths(folder, found):
        try:
            table = _scored(name, read_cells(path, names), names, found.files)
        except TableProblem as problem:
            if not is_above:
                problems.append(str(problem))
            continue
        if table.columns or not is_above:
            tables.append(table)
    return FoundTables(_merged(tables), problems)


def _paths(folder: Path, found: Scan) -> Iterator[tuple[str, Path, bool]]:
    inside = sorted(
        (name for name in found.others if is_table(name)), key=lambda name: (name.count("/"), name)
    )
    for name in inside[:_MOST_TABLES]:
        yield name, folder / name, False
    for above in dict.fromkeys((folder.absolute().parent, folder.resolve().parent)):
        try:
            beside = sorted(path for path in above.iterdir() if is_table(path.name))
        except OSError:
            continue
        for path in beside[:_ABOVE]:
            if path.is_file():
                yield path.name, path, True


def _scored(name: str, cells: Cells, names: FileNames, files: list[str]) -> Table:
    columns = []
    for at, title in enumerate(cells.header):
        column = _image_column(title, at, cells.rows, names, files)
        if column is not None:
            columns.append(column)
    columns.sort(key=lambda column: (-column.num_files, column.at))
    table = Table((name,), cells.header, cells.rows, columns, has_header=cells.has_header)
    if columns:
        return table
    sample = cells.rows[:_SAMPLE]
    num_folders = sum(any(names.is_folder(cell) for cell in row) for row in sample)
    return replace(table, num_folders=num_folders)


def _image_column(
    title: str, at: int, rows: list[list[str]], names: FileNames, known: list[str]
) -> ImageColumn | None:
    """Return a column whose cells name files; a column is read whole once a sample fits."""
    step = max(1, len(rows) // _SAMPLE)
    sample = [row[at] for row in rows[::step] if at < len(row) and row[at].strip()]
    is_repeated = len(set(sample)) < len(sample) // 4
    if not any(map(names.fits, sample)) and (is_repeated or step == 1):
        return None
    filled = [number for number, row in enumerate(rows) if at < len(row) and row[at].strip()]
    if are_repeated_numbers([rows[number][at] for number in filled]):
        return None  # a class or a count, which may look like `0.png`
    matches = match_files([rows[number][at] for number in filled], known)
    files: dict[int, str] = {}
    for place, file in matches.pairs:
        files.setdefault(filled[place], file)
    num_ambiguous = len(matches.ambiguous) + len(matches.contended)
    if not files and not num_ambiguous:
        return None
    return ImageColumn(title, at, files, num_ambiguous, {file for _, file in matches.pairs})


def _merged(tables: list[Table]) -> list[Table]:
    """Join tables of the same columns that describe different files: one for each part."""
    groups: dict[tuple[str, ...], list[Table]] = {}
    for table in tables:
        key = tuple(cell.strip().casefold() for cell in table.header)
        is_part = bool(table.columns) and not table.is_placeholder
        groups.setdefault(key if is_part else (table.value,), []).append(table)
    merged = []
    for group in groups.values():
        merged += [_joined(group)] if len(group) > 1 and _are_disjoint(group) else group
    return merged


def _are_disjoint(group: list[Table]) -> bool:
    seen: set[str] = set()
    for table in group:
        files = table.columns[0].images
        if not files or files & seen or table.columns[0].at != group[0].columns[0].at:
            return False
        seen |= files
    return True


def _joined(group: list[Table]) -> Table:
    first, offset = group[0], 0
    rows, files, num_ambiguous = list[list[str]](), dict[int, str](), 0
    for table in group:
        rows += table.rows
        files |= {row + offset: file for row, file in table.columns[0].files.items()}
        num_ambiguous += table.columns[0].num_ambiguous
        offset += len(table.rows)
    images = set().union(*(table.columns[0].images for table in group))
    column = replace(first.columns[0], files=files, num_ambiguous=num_ambiguous, images=images)
    names = tuple(name for table in group for name in table.names)
    return replace(first, names=names, rows=rows, columns=[column])
