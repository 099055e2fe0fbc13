"""Finds the file of a table whose name differs from the card's by case or by `.gz`."""

from collections.abc import Sequence
from pathlib import Path

from medtui.errors import EnvironmentProblem

_COMPRESSED = ".gz"
_OTHER_KINDS = {
    ".xlsx": "an Excel workbook. In Excel: File, Save As, `CSV UTF-8 (Comma delimited)`",
    ".xls": "an Excel workbook. In Excel: File, Save As, `CSV UTF-8 (Comma delimited)`",
    ".xlsm": "an Excel workbook. In Excel: File, Save As, `CSV UTF-8 (Comma delimited)`",
    ".ods": "a spreadsheet. In LibreOffice: File, Save As, `Text CSV`, Unicode (UTF-8)",
    ".parquet": "a Parquet file: convert it to CSV",
    ".zip": "an archive: unpack it",
    ".csv": "a table: name it in the card (table.file)",
    ".tsv": "a table: name it in the card (table.file)",
    ".txt": "a text file: name it in the card (table.file) if it is the table",
}
"""Ending of a file that may be meant, and what to do with it."""


def find_file(folder: Path, name: str) -> Path | None:
    """Return the file `name` of a folder; where there is none, `NAME`, then `name.gz`.

    Raises:
        EnvironmentProblem: several files are equally close to the name.
    """
    exact = folder / name
    if exact.is_file():
        return exact
    spelled = {each.name: each for each in _files(exact.parent)}
    wanted = exact.name.casefold()
    for key in (wanted, wanted + _COMPRESSED, wanted.removesuffix(_COMPRESSED)):
        found = [path for known, path in sorted(spelled.items()) if known.casefold() == key]
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise EnvironmentProblem(
                f"{exact.parent}: {exact.name} may be {names}.", hint="Rename or remove one."
            )
        if found:
            return found[0]
    return None


def explain_missing(folders: Sequence[Path], names: Sequence[str]) -> str:
    """Return what to do about a table that is missing, by what lies in its place."""
    stems = {_stem(name) for name in names}
    for folder in folders:
        for path in sorted(_files(folder)):
            if path.suffix.lower() in _OTHER_KINDS and _stem(path.name) in stems:
                return f"{path} is {_OTHER_KINDS[path.suffix.lower()]}."
    return "Put it beside the images, or set their folder: --set data.root=/path/to/images"


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []


def _stem(name: str) -> str:
    return Path(name).name.partition(".")[0].casefold()
